//! The signed in-toto statement: what it is about, and of what kind.
//!
//! The attacks: a true statement about another archive under this archive's name; about this
//! archive's bytes under another package's name; a list of subjects among which this archive is a
//! decoy; a text that two readers understand differently. So a statement has exactly one subject,
//! its name and every digest of it that can be compared must be ours, and the text is I-JSON.
//!
//! Pure functions over the bytes whose signature was proved elsewhere. Specification: in-toto
//! Attestation Framework, Statement v0.1 and v1.

use serde_json::{Map, Value};

use super::{Refused, forged, quoted, undecidable};
use crate::model::{Integrity, PackageName};
use crate::surface::strict::{self, Limits};

/// SLSA provenance as npm made it until 2023, and still does on GitLab.
pub(super) const SLSA_V02: &str = "https://slsa.dev/provenance/v0.2";
/// SLSA provenance v1.
pub(super) const SLSA_V1: &str = "https://slsa.dev/provenance/v1";
/// What the npm registry says when it accepts a version.
pub(super) const NPM_PUBLISH: &str = "https://github.com/npm/attestation/tree/main/specs/publish/v0.1";
/// What a trusted publisher of the Python index says. A name, not an address: in pieces, since no
/// package registry's host stands in this project.
pub(super) const PYPI_PUBLISH: &str = concat!("https://docs.py", "pi.org/attestations/publish/v1");

/// A statement with one subject.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    pub(super) name: String,
    digests: Map<String, Value>,
    pub(super) predicate_type: String,
    pub(super) predicate: Value,
}

impl Statement {
    /// Reads a statement: I-JSON, a known type, exactly one subject with a name and digests.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refused> {
        let value = strict::parse(bytes, &Limits::default()).map_err(|error| {
            let text = format!("the signed statement cannot be read: {error}");
            if error.is_noise() { undecidable(text) } else { forged(text) }
        })?;
        match value.get("_type").and_then(Value::as_str) {
            Some("https://in-toto.io/Statement/v0.1" | "https://in-toto.io/Statement/v1") => {}
            Some(other) => {
                return Err(undecidable(format!(
                    "the signed statement is of the unknown type `{}`",
                    quoted(other)
                )));
            }
            None => return Err(undecidable("the signed statement has no type")),
        }
        let subjects = value.get("subject").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let [subject] = subjects else {
            return Err(forged(format!(
                "the signed statement has {} subjects; one with exactly one is expected, so that none can be a decoy",
                subjects.len()
            )));
        };
        let name = subject.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| forged("the subject of the signed statement has no name"))?;
        let digests = subject
            .get("digest")
            .and_then(Value::as_object)
            .filter(|digests| !digests.is_empty());
        let digests = digests.ok_or_else(|| forged("the subject of the signed statement has no digest"))?;
        let predicate_type = value.get("predicateType").and_then(Value::as_str);
        Ok(Self {
            name: name.to_owned(),
            digests: digests.clone(),
            predicate_type: predicate_type
                .ok_or_else(|| undecidable("the signed statement has no predicate type"))?
                .to_owned(),
            predicate: value.get("predicate").cloned().unwrap_or(Value::Null),
        })
    }

    /// The subject's digest by our algorithm is ours. That it names one is demanded: a subject
    /// with other digests only is about who knows what.
    pub(super) fn is_about_bytes(&self, archive: &Integrity) -> Result<(), Refused> {
        let algorithm = archive.algorithm();
        let claimed = self.digests.get(algorithm).and_then(Value::as_str);
        let claimed = claimed.ok_or_else(|| forged(format!("the subject of the signed statement has no {algorithm} digest")))?;
        if claimed == archive.hex() {
            return Ok(());
        }
        let claimed = quoted(claimed);
        Err(forged(format!(
            "the signed statement is about another archive ({algorithm} {claimed}), not about this one ({algorithm} {})",
            archive.hex()
        )))
    }

    /// The subject is this version of this npm package.
    pub(super) fn is_about_npm(&self, name: &PackageName, version: &str) -> Result<(), Refused> {
        let expected = purl(name, version);
        if self.name == expected {
            return Ok(());
        }
        Err(forged(format!(
            "the signed statement is about `{}`, not about `{expected}`",
            quoted(&self.name)
        )))
    }
}

/// npm's package URL: the `@` of a scope is escaped, nothing else is.
fn purl(name: &PackageName, version: &str) -> String {
    match name.as_str().strip_prefix('@') {
        Some(scoped) => format!("pkg:npm/%40{scoped}@{version}"),
        None => format!("pkg:npm/{name}@{version}"),
    }
}

/// What the registry's publish attestation says beside its subject: the same name and version once
/// more. Gives the registry it names, which is recorded and not judged.
pub(super) fn publish_predicate(predicate: &Value, name: &PackageName, version: &str) -> Result<Option<String>, Refused> {
    let says = |member: &str| predicate.get(member).and_then(Value::as_str);
    for (member, ours) in [("name", name.as_str()), ("version", version)] {
        match says(member) {
            Some(theirs) if theirs == ours => {}
            Some(theirs) => {
                let theirs = quoted(theirs);
                return Err(forged(format!(
                    "the registry's publish attestation is for the {member} `{theirs}`, not `{ours}`"
                )));
            }
            None => return Err(undecidable(format!("the registry's publish attestation has no {member}"))),
        }
    }
    Ok(says("registry").map(quoted))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const OURS: [u8; 64] = [7; 64];

    fn statement() -> Value {
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "pkg:npm/%40s/a@1.0.0", "digest": {"sha512": "07".repeat(64)}}],
            "predicateType": SLSA_V1,
            "predicate": {}
        })
    }

    fn judge(statement: &Value) -> Result<(), Refused> {
        let statement = Statement::read(statement.to_string().as_bytes())?;
        statement.is_about_npm(&"@s/a".parse().unwrap(), "1.0.0")?;
        statement.is_about_bytes(&Integrity::Sha512(OURS))
    }

    fn forgery(change: impl FnOnce(&mut Value)) -> String {
        let mut value = statement();
        change(&mut value);
        match judge(&value).unwrap_err() {
            Refused::Forged { attack } => attack,
            Refused::Undecidable(error) => panic!("undecidable: {error}"),
        }
    }

    #[test]
    fn a_statement_about_this_package_and_these_bytes_passes() {
        judge(&statement()).unwrap();
        let mut old = statement();
        old["_type"] = json!("https://in-toto.io/Statement/v0.1");
        judge(&old).unwrap();
        let mut both = statement();
        both["subject"][0]["digest"]["sha256"] = json!("00");
        judge(&both).unwrap();
    }

    #[test]
    fn a_decoy_among_the_subjects_is_refused_wherever_it_stands() {
        let ours = statement()["subject"][0].clone();
        let decoy = json!({"name": "pkg:npm/other@1.0.0", "digest": {"sha512": "00".repeat(64)}});
        for subjects in [json!([ours, decoy]), json!([decoy, ours]), json!([ours, ours]), json!([])] {
            assert!(forgery(|value| value["subject"] = subjects).contains("subjects"));
        }
    }

    #[test]
    fn the_right_hash_under_a_wrong_name_or_version_is_refused() {
        for name in [
            "pkg:npm/%40s/b@1.0.0",
            "pkg:npm/%40s/a@1.0.1",
            "pkg:npm/@s/a@1.0.0",
            "pkg:npm/%40S/a@1.0.0",
            "pkg:npm/%40s/a@1.0.0?repository_url=x",
            "pkg:pypi/%40s/a@1.0.0",
            "%40s/a@1.0.0",
        ] {
            assert!(forgery(|value| value["subject"][0]["name"] = json!(name)).contains("not about `pkg:npm/%40s/a@1.0.0`"));
        }
    }

    #[test]
    fn the_right_name_over_other_bytes_is_refused() {
        assert!(forgery(|value| value["subject"][0]["digest"]["sha512"] = json!("08".repeat(64))).contains("another archive"));
        assert!(forgery(|value| value["subject"][0]["digest"]["sha512"] = json!("07".repeat(63))).contains("another archive"));
        assert!(forgery(|value| value["subject"][0]["digest"] = json!({"sha256": "07".repeat(32)})).contains("no sha512 digest"));
        assert!(forgery(|value| value["subject"][0]["digest"] = json!({"sha512": 7})).contains("no sha512 digest"));
        assert!(forgery(|value| value["subject"][0]["digest"] = json!({})).contains("no digest"));
        assert!(forgery(|value| drop(value["subject"][0].as_object_mut().unwrap().remove("name"))).contains("no name"));
    }

    #[test]
    fn a_text_that_two_readers_understand_differently_is_refused() {
        let twice = statement().to_string().replacen('{', r#"{"subject":[],"#, 1);
        let error = Statement::read(twice.as_bytes()).unwrap_err();
        assert!(
            matches!(&error, Refused::Forged { attack } if attack.contains("`subject` stands twice")),
            "{error}"
        );
    }

    #[test]
    fn what_is_no_statement_decides_nothing() {
        for text in ["", "{}", "[]", r#"{"_type":"https://in-toto.io/Statement/v2"}"#] {
            assert!(matches!(Statement::read(text.as_bytes()), Err(Refused::Undecidable(_))), "{text}");
        }
    }

    #[test]
    fn a_publish_attestation_names_the_package_once_more() {
        let name: PackageName = "@s/a".parse().unwrap();
        let good = json!({"name": "@s/a", "version": "1.0.0", "registry": "r"});
        assert_eq!(publish_predicate(&good, &name, "1.0.0").unwrap(), Some("r".to_owned()));
        for (member, value) in [("name", "@s/b"), ("version", "1.0.1")] {
            let mut bad = good.clone();
            bad[member] = json!(value);
            assert!(matches!(publish_predicate(&bad, &name, "1.0.0"), Err(Refused::Forged { .. })));
        }
        assert!(matches!(
            publish_predicate(&json!({}), &name, "1.0.0"),
            Err(Refused::Undecidable(_))
        ));
        assert!(matches!(
            publish_predicate(&Value::Null, &name, "1.0.0"),
            Err(Refused::Undecidable(_))
        ));
    }
}
