//! Which wheels were built on this machine, of which source distribution and for which interpreter.
//!
//! No index has these bytes and no lock names them: what is recorded here is their pin. The attack:
//! something puts another wheel in the place of the built one, and it is installed because it lies
//! there. What is used is hashed and must have the digest that is recorded.

use jiff::Timestamp;
use rusqlite::params;

use super::{History, HistoryError};
use crate::model::{Integrity, PackageName, Sha256Digest};

/// A wheel that was built on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Build {
    /// The package, normalised. Together with the version it belongs to what was built: the same
    /// bytes under another name are another build.
    pub name: PackageName,
    /// Its version.
    pub version: String,
    /// The source distribution.
    pub source: Integrity,
    /// The interpreter's identity: a text to compare, nothing to read.
    pub interpreter: String,
    /// The wheel's file name.
    pub file: String,
    /// The wheel.
    pub wheel: Integrity,
    /// What it was built with, a line each: file name and digest.
    pub inputs: String,
}

impl History {
    /// Every wheel that was built on this machine for an interpreter of this identity.
    pub fn builds(&self, interpreter: &str) -> Result<Vec<Build>, HistoryError> {
        let sql = "SELECT name, version, source, file, wheel, inputs FROM builds WHERE interpreter = ?1 ORDER BY name, version, source";
        let mut statement = self.connection.prepare(sql).map_err(|error| self.error(error))?;
        let row = |row: &rusqlite::Row<'_>| {
            let texts: [String; 6] = [row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?];
            Ok(texts)
        };
        let rows = statement.query_map(params![interpreter], row).map_err(|error| self.error(error))?;
        let mut out = Vec::new();
        for row in rows {
            let [name, version, source, file, wheel, inputs] = row.map_err(|error| self.error(error))?;
            out.push(Build {
                name: self.read(&name, "builds.name")?,
                version,
                source: self.digest(&source, "builds.source")?,
                interpreter: interpreter.to_owned(),
                file,
                wheel: self.digest(&wheel, "builds.wheel")?,
                inputs,
            });
        }
        Ok(out)
    }

    fn digest(&self, text: &str, what: &'static str) -> Result<Integrity, HistoryError> {
        let digest: Sha256Digest = self.read(text, what)?;
        Ok(Integrity::Sha256(*digest.as_bytes()))
    }

    /// Records a build, in place of an earlier one of the same source for the same interpreter.
    pub fn record_build(&self, build: &Build, now: Timestamp) -> Result<(), HistoryError> {
        let sql = "INSERT INTO builds (name, version, source, interpreter, file, wheel, inputs, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                   ON CONFLICT (name, version, source, interpreter) DO UPDATE SET file = ?5, wheel = ?6, inputs = ?7, at = ?8";
        let values = params![
            build.name.as_str(),
            build.version,
            build.source.hex(),
            build.interpreter,
            build.file,
            build.wheel.hex(),
            build.inputs,
            now.as_microsecond()
        ];
        self.connection.execute(sql, values).map_err(|error| self.error(error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_build_belongs_to_a_name_a_source_and_an_interpreter() {
        let home = tempfile::tempdir().unwrap();
        let history = History::open(&home.path().join("state.db")).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let build = Build {
            name: "odfpy".parse().unwrap(),
            version: "1.4.1".into(),
            source: Integrity::Sha256([1; 32]),
            interpreter: "cpython-312 1 x".into(),
            file: "odfpy-1.4.1-py3-none-any.whl".into(),
            wheel: Integrity::Sha256([2; 32]),
            inputs: "setuptools\n".into(),
        };
        let other = Build {
            name: "evil".parse().unwrap(),
            ..build.clone()
        };
        let later = Build {
            wheel: Integrity::Sha256([3; 32]),
            ..build.clone()
        };
        history.record_build(&build, now).unwrap();
        history.record_build(&other, now).unwrap();
        assert_eq!(history.builds("cpython-312 1 x").unwrap(), [other.clone(), build]);
        history.record_build(&later, now).unwrap();
        assert_eq!(history.builds("cpython-312 1 x").unwrap(), [other, later]);
        assert_eq!(history.builds("cpython-313 1 x").unwrap(), []);
    }
}
