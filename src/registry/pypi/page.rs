//! A project's page: PEP 691 JSON, or the HTML of PEP 503 with the attributes of PEP 592 and 740.
//!
//! The attacks: an error or login page that reads like a page without the file; a page about
//! another project; two entries for one file, of which one has no provenance.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{html, names};
use crate::model::{Integrity, Sha256Digest};

/// What is asked for.
pub(super) const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// What a page says of one file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) link: String,
    pub(super) sha256: Option<Integrity>,
    pub(super) provenance: Option<String>,
    pub(super) upload_time: Option<Timestamp>,
    pub(super) yanked: bool,
}

/// Finds a file in a page; `None` if the page is one about `project` and does not list it.
pub(super) fn find(kind: Option<&str>, body: &[u8], project: &str, file: &str) -> Result<Option<Listing>, String> {
    let kind = kind
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    match kind.as_str() {
        "application/vnd.pypi.simple.v1+json" | "application/json" => json(body, project, file),
        "application/vnd.pypi.simple.v1+html" | "text/html" => {
            let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())?;
            html::find(text, file)
        }
        _ => Err("it is neither JSON nor HTML".to_owned()),
    }
}

#[derive(Deserialize)]
struct Page<'a> {
    meta: Meta,
    name: String,
    #[serde(borrow)]
    files: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "api-version")]
    version: String,
}

#[derive(Deserialize)]
struct Named {
    filename: String,
}

#[derive(Deserialize)]
struct File {
    url: String,
    hashes: BTreeMap<String, Value>,
    provenance: Option<Value>,
    #[serde(rename = "upload-time")]
    upload_time: Option<String>,
    yanked: Option<Value>,
}

fn json(body: &[u8], project: &str, file: &str) -> Result<Option<Listing>, String> {
    let page: Page<'_> = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    check_version(&page.meta.version)?;
    if names::normalised(&page.name).as_deref() != Some(project) {
        return Err("it is about another project".to_owned());
    }
    let mut found = None;
    for raw in page.files {
        let named: Named = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
        if named.filename != file {
            continue;
        }
        if found.is_some() {
            return Err(twice(file));
        }
        let entry: File = serde_json::from_str(raw.get()).map_err(|error| format!("its entry for `{file}`: {error}"))?;
        found = Some(entry.listing(file)?);
    }
    Ok(found)
}

impl File {
    fn listing(self, file: &str) -> Result<Listing, String> {
        let sha256 = match self.hashes.get("sha256") {
            None => None,
            Some(value) => Some(sha256(value.as_str().unwrap_or_default(), file)?),
        };
        let provenance = match self.provenance {
            None | Some(Value::Null) => None,
            Some(Value::String(link)) if !link.is_empty() => Some(link),
            Some(_) => return Err(format!("its `provenance` of `{file}` is malformed")),
        };
        Ok(Listing {
            link: self.url,
            sha256,
            provenance,
            upload_time: self.upload_time.and_then(|time| time.parse().ok()),
            yanked: !matches!(self.yanked, None | Some(Value::Null | Value::Bool(false))),
        })
    }
}

/// Reads the digest of a file. One that is there and malformed is not "none".
pub(super) fn sha256(hex: &str, file: &str) -> Result<Integrity, String> {
    let digest: Sha256Digest = hex
        .to_ascii_lowercase()
        .parse()
        .map_err(|_| format!("its sha256 of `{file}` is malformed"))?;
    Ok(Integrity::Sha256(*digest.as_bytes()))
}

/// Only version 1 of the API is understood (PEP 629).
pub(super) fn check_version(version: &str) -> Result<(), String> {
    if version.split('.').next() == Some("1") {
        return Ok(());
    }
    Err("it is of a version that is not known".to_owned())
}

pub(super) fn twice(file: &str) -> String {
    format!("it lists `{file}` twice")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KIND: Option<&str> = Some("application/vnd.pypi.simple.v1+json; charset=utf-8");

    fn page(files: &Value) -> String {
        json!({"meta": {"api-version": "1.3", "_last-serial": 1}, "name": "Foo", "versions": ["1.0"], "files": files}).to_string()
    }

    fn found(text: &str) -> Result<Option<Listing>, String> {
        find(KIND, text.as_bytes(), "foo", "foo-1.0.tar.gz")
    }

    #[test]
    fn a_listed_file() {
        let hex = "ab".repeat(32);
        let text = page(&json!([
            {"filename": "foo-0.9.tar.gz", "url": "a", "hashes": {}, "provenance": "https://evil.test/"},
            {"filename": "foo-1.0.tar.gz", "url": "../b", "hashes": {"sha256": hex}, "provenance": "https://h/p",
             "upload-time": "2025-01-02T03:04:05.678901Z", "yanked": "broken", "size": 1, "requires-python": null},
        ]));
        let expected = Listing {
            link: "../b".into(),
            sha256: Some(Integrity::Sha256([0xab; 32])),
            provenance: Some("https://h/p".into()),
            upload_time: Some("2025-01-02T03:04:05.678901Z".parse().unwrap()),
            yanked: true,
        };
        assert_eq!(found(&text), Ok(Some(expected)));
        assert_eq!(found(&page(&json!([]))), Ok(None));
    }

    #[test]
    fn provenance_is_none_only_where_it_is_absent_or_null() {
        let with = |extra: Value| {
            let mut file = json!({"filename": "foo-1.0.tar.gz", "url": "b", "hashes": {}});
            file.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            found(&page(&json!([file])))
        };
        for none in [json!({}), json!({"provenance": null, "yanked": false})] {
            let listing = with(none).unwrap().unwrap();
            assert_eq!((listing.provenance, listing.sha256, listing.yanked), (None, None, false));
        }
        for malformed in [
            json!({"provenance": ""}),
            json!({"provenance": false}),
            json!({"provenance": {"url": "x"}}),
            json!({"hashes": {"sha256": "abc"}}),
            json!({"hashes": {"sha256": null}}),
            json!({"hashes": null}),
            json!({"url": 7}),
        ] {
            assert!(with(malformed.clone()).is_err(), "{malformed}");
        }
    }

    #[test]
    fn what_is_no_page_about_the_project_is_an_error() {
        let file = json!({"filename": "foo-1.0.tar.gz", "url": "b", "hashes": {}});
        for text in [
            page(&json!([file, file])),
            page(&json!([{"url": "x"}])),
            page(&json!([])).replace("Foo", "bar"),
            page(&json!([])).replace("1.3", "2.0"),
            "{}".into(),
            "[]".into(),
            "<html>log in</html>".into(),
            page(&json!([]))[..30].into(),
        ] {
            assert!(found(&text).is_err(), "{text}");
        }
        for kind in [None, Some("text/plain"), Some("application/octet-stream")] {
            assert!(find(kind, page(&json!([])).as_bytes(), "foo", "x").is_err(), "{kind:?}");
        }
    }
}
