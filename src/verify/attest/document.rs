//! The documents a registry delivers: Sigstore bundles with what the delivery says about them.
//!
//! The attacks: a malformed or emptied delivery that reads like "there is none"; two deliveries of
//! one bundle that look like two. Reading decides nothing: a document is evidence only once it is
//! proved, and a delivery that cannot be read is never taken for an empty one.

use serde_json::Value;

use super::Undecidable;
use super::pep740::Publisher;
use crate::model::Sha256Digest;
use crate::surface::canonical;
use crate::surface::strict::{self, Limits};

/// More documents about one archive than any registry has; each costs a proof.
pub(super) const MANY: usize = 64;

/// One Sigstore bundle as a registry delivered it. Nothing in it is proved.
///
/// A fresh delivery also says, unsigned, of what type the statement is (npm) or who published
/// (a Python index). What it says must agree with what is signed; a document from the store says nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    json: Vec<u8>,
    digest: Sha256Digest,
    label: Option<String>,
    publisher: Option<Publisher>,
}

impl Document {
    /// Takes a bundle's JSON and brings it into its RFC 8785 form, so that two deliveries of one
    /// bundle have one digest.
    ///
    /// # Errors
    /// It is not JSON, or not I-JSON, or not an object.
    pub fn new(json: &[u8]) -> Result<Self, Undecidable> {
        let value = read("a stored bundle", json)?;
        Self::of(&value).ok_or_else(|| malformed("a stored bundle", "it is not an object"))
    }

    /// From a value that came through the strict reader.
    pub(super) fn of(bundle: &Value) -> Option<Self> {
        bundle.is_object().then(|| {
            let json = canonical(bundle);
            Self {
                digest: Sha256Digest::of(&json),
                json,
                label: None,
                publisher: None,
            }
        })
    }

    pub(super) fn published_by(mut self, publisher: Publisher) -> Self {
        self.publisher = Some(publisher);
        self
    }

    /// The RFC 8785 form.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// Its digest.
    pub const fn digest(&self) -> Sha256Digest {
        self.digest
    }

    /// The predicate type the delivery gives it. Unsigned.
    pub(super) fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The publisher the delivery names. Unsigned.
    pub(super) const fn publisher(&self) -> Option<&Publisher> {
        self.publisher.as_ref()
    }
}

/// The documents in an npm registry's attestation reply
/// (`{"attestations": [{"predicateType", "bundle"}, ...]}`).
///
/// # Errors
/// The reply is malformed (an empty list is): nothing is decided, least of all that there are none.
pub fn read_npm_reply(reply: &[u8]) -> Result<Vec<Document>, Undecidable> {
    const WHAT: &str = "the registry's attestation reply";
    let value = read(WHAT, reply)?;
    let list = list(&value, "attestations", WHAT)?;
    let document = |entry: &Value| {
        let label = entry.get("predicateType").and_then(Value::as_str);
        let document = entry.get("bundle").and_then(Document::of);
        match (label, document) {
            (Some(label), Some(document)) => Ok(Document {
                label: Some(label.to_owned()),
                ..document
            }),
            _ => Err(malformed(WHAT, "an attestation lacks its `predicateType` or its `bundle`")),
        }
    };
    list.iter().map(document).collect()
}

/// Reads a delivered text strictly.
pub(super) fn read(what: &str, text: &[u8]) -> Result<Value, Undecidable> {
    strict::parse(text, &Limits::default()).map_err(|error| malformed(what, &error.to_string()))
}

/// A member that must be a list with something in it, and not with too much.
pub(super) fn list<'a>(value: &'a Value, member: &str, what: &str) -> Result<&'a [Value], Undecidable> {
    let list = value.get(member).and_then(Value::as_array);
    match list.map(Vec::as_slice) {
        None => Err(malformed(what, &format!("it has no list `{member}`"))),
        Some([]) => Err(malformed(
            what,
            &format!("its list `{member}` is empty, which does not say that there is none"),
        )),
        Some(list) if list.len() > MANY => Err(malformed(what, &format!("its list `{member}` has more than {MANY} entries"))),
        Some(list) => Ok(list),
    }
}

pub(super) fn malformed(what: &str, cause: &str) -> Undecidable {
    Undecidable {
        what: format!("{what} is malformed: {cause}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_bundle_are_one_document() {
        let one = Document::new(br#"{"b": 1, "a": [ "x" ]}"#).unwrap();
        let two = Document::new(br#"{"a":["x"],"b":1.0}"#).unwrap();
        assert_eq!(one, two);
        assert_eq!(one.json(), br#"{"a":["x"],"b":1}"#);
        assert_eq!(one.digest(), Sha256Digest::of(one.json()));
        assert_ne!(one.digest(), Document::new(br#"{"a":["y"],"b":1}"#).unwrap().digest());
    }

    #[test]
    fn a_bundle_that_readers_see_differently_is_none() {
        for text in [
            &br#"{"a":1,"a":2}"#[..],
            br#"{"a":"\ud800"}"#,
            br#"{"a":9007199254740993}"#,
            b"[]",
            b"",
            b"{",
        ] {
            assert!(Document::new(text).is_err());
        }
    }

    #[test]
    fn a_reply_gives_its_bundles_with_their_labels() {
        let reply = br#"{"attestations":[{"predicateType":"t","bundle":{"x":1}},{"predicateType":"u","bundle":{"x":2}}]}"#;
        let documents = read_npm_reply(reply).unwrap();
        assert_eq!(documents.iter().map(Document::label).collect::<Vec<_>>(), [Some("t"), Some("u")]);
        assert_eq!(documents[0].json(), br#"{"x":1}"#);
    }

    #[test]
    fn a_malformed_reply_never_says_that_there_is_none() {
        for reply in [
            "",
            "{}",
            "null",
            "[]",
            r#"{"attestations":[]}"#,
            r#"{"attestations":null}"#,
            r#"{"attestations":{}}"#,
            r#"{"attestations":[{}]}"#,
            r#"{"attestations":[{"predicateType":"t"}]}"#,
            r#"{"attestations":[{"bundle":{}}]}"#,
            r#"{"attestations":[{"predicateType":"t","bundle":null}]}"#,
            r#"{"attestations":[{"predicateType":"t","bundle":{}},7]}"#,
            r#"{"attestations":[{"predicateType":"t","bundle":{}}],"attestations":[{"predicateType":"t","bundle":{}}]}"#,
            "<html>try again</html>",
        ] {
            let error = read_npm_reply(reply.as_bytes()).unwrap_err();
            assert!(error.what.contains("is malformed"), "{reply}: {}", error.what);
        }
        let many = format!(
            r#"{{"attestations":[{}{{}}]}}"#,
            r#"{"predicateType":"t","bundle":{}},"#.repeat(MANY)
        );
        assert!(read_npm_reply(many.as_bytes()).unwrap_err().what.contains("more than 64"));
    }
}
