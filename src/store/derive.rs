//! What is made on this machine of a package's files: compiled Python.
//!
//! The attack: a compiled file that runs other code than the source beside it shows. So nothing
//! derived is believed because it lies there: it is made of verified bytes, and a check makes it
//! again and compares.

use super::error::StoreError;
use crate::model::Integrity;

/// Makes files of source files. Several threads call it at the same time, once for each wheel, with
/// all its sources in the archive's order: the same sources always come in the same batch.
pub trait Derive: Sync {
    /// `archive` is the digest of the wheel they came out of, which was just computed from its bytes:
    /// with the sources' paths it says what the sources are. Each source is its path below the tree
    /// and its content. What comes out are files named
    /// `FOLDER/__pycache__/NAME.TAG.pyc`, for a source `FOLDER/NAME.py` each; a source of which nothing
    /// can be made (it is for another Python) simply gives none. The same sources must always give
    /// the same bytes.
    ///
    /// # Errors
    /// The maker could not run. That is never the fault of a source.
    fn derive(&self, archive: &Integrity, sources: &[(String, Vec<u8>)]) -> Result<Vec<(String, Vec<u8>)>, DeriveError>;
}

/// Why nothing could be derived: the machine, or the interpreter on it, is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct DeriveError {
    /// What happened.
    pub cause: String,
}

/// A derived file.
#[derive(Debug)]
pub(super) struct Derived<'a> {
    /// The path of what it was made of.
    pub(super) source: &'a str,
    pub(super) path: String,
    pub(super) content: Vec<u8>,
}

/// Has everything derived of the sources of the package `what`, and lets nothing through that does
/// not stand where Python looks for what belongs to that source.
pub(super) fn all<'a>(
    derive: &dyn Derive,
    archive: &Integrity,
    what: &str,
    sources: &'a [(String, Vec<u8>)],
) -> Result<Vec<Derived<'a>>, StoreError> {
    if sources.is_empty() {
        return Ok(vec![]);
    }
    let mut waiting: std::collections::HashSet<&str> = sources.iter().map(|(path, _)| path.as_str()).collect();
    let made = derive.derive(archive, sources).map_err(|source| StoreError::NotDerived {
        what: what.to_owned(),
        source,
    })?;
    let one = |(path, content): (String, Vec<u8>)| {
        // Taken away: nothing is made twice of one source.
        match source_of(&path).and_then(|source| waiting.take(source.as_str())) {
            Some(source) => Ok(Derived { source, path, content }),
            None => Err(StoreError::DerivedElsewhere {
                what: what.to_owned(),
                path,
            }),
        }
    };
    made.into_iter().map(one).collect()
}

/// `a/b.py` for `a/__pycache__/b.cpython-312.pyc`.
fn source_of(path: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/')?;
    let (stem, tag) = name.strip_suffix(".pyc")?.rsplit_once('.')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let above = folder.strip_suffix("__pycache__")?;
    if stem.is_empty() || tag.is_empty() || !tag.chars().all(plain) || !(above.is_empty() || above.ends_with('/')) {
        return None;
    }
    Some(format!("{above}{stem}.py"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHEEL: Integrity = Integrity::Sha256([1; 32]);

    struct Says(Vec<&'static str>);

    impl Derive for Says {
        fn derive(&self, _: &Integrity, _: &[(String, Vec<u8>)]) -> Result<Vec<(String, Vec<u8>)>, DeriveError> {
            Ok(self.0.iter().map(|path| ((*path).to_owned(), vec![])).collect())
        }
    }

    #[test]
    fn a_derived_file_stands_beside_its_source_and_nowhere_else() {
        let sources = vec![("s/a.py".to_owned(), vec![]), ("s/p/b.c.py".to_owned(), vec![])];
        let good = Says(vec!["s/__pycache__/a.cpython-312.pyc", "s/p/__pycache__/b.c.cpython-312.pyc"]);
        let derived = all(&good, &WHEEL, "w@1", &sources).unwrap();
        assert_eq!(derived.iter().map(|d| d.source).collect::<Vec<_>>(), ["s/a.py", "s/p/b.c.py"]);
        for path in [
            "s/a.pyc",
            "s/__pycache__/a.pyc",
            "s/__pycache__/c.cpython-312.pyc",
            "s/__pycache__/a.cpython-312.py",
            "s/__pycache__/a..pyc",
            "s/__pycache__/a.x/../../y.pyc",
            "s/x__pycache__/a.cpython-312.pyc",
            "s/p/__pycache__/../__pycache__/b.c.x.pyc",
            "/s/__pycache__/a.cpython-312.pyc",
            "__pycache__/a.cpython-312.pyc",
            "s/__pycache__/a.opt-1/x.pyc",
        ] {
            let error = all(&Says(vec![path]), &WHEEL, "w@1", &sources).unwrap_err();
            assert!(matches!(error, StoreError::DerivedElsewhere { .. }), "{path}: {error}");
        }
        let twice = Says(vec!["s/__pycache__/a.x.pyc", "s/__pycache__/a.y.pyc"]);
        assert!(all(&twice, &WHEEL, "w@1", &sources).is_err());
    }
}
