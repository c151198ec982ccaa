//! A project's page: PEP 691 JSON, or the HTML of PEP 503 with the attributes of PEP 592 and 740.
//!
//! The attacks: an error or login page that reads like a page without the file; a page about
//! another project; two entries for one file, of which one has no provenance.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{html, names};
use crate::model::{Integrity, Sha256Digest};

/// What is asked for.
pub(super) const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// What a page says of one file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) file: String,
    pub(super) link: String,
    pub(super) sha256: Option<Integrity>,
    pub(super) provenance: Option<String>,
    pub(super) upload_time: Option<Timestamp>,
    pub(super) yanked: bool,
    pub(super) yanked_because: Option<String>,
    pub(super) requires_python: Option<String>,
    pub(super) metadata: Option<Integrity>,
    pub(super) size: Option<u64>,
}

/// The wheels and source distributions that a page about `project` lists, by name.
///
/// A file that is listed twice is one entry where both say the same, and an error otherwise: which
/// of two is meant is not ours to choose.
pub(super) fn read(kind: Option<&str>, body: &[u8], project: &str) -> Result<BTreeMap<String, Listing>, String> {
    let kind = kind
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let listings = match kind.as_str() {
        "application/vnd.pypi.simple.v1+json" | "application/json" => json(body, project)?,
        "application/vnd.pypi.simple.v1+html" | "text/html" => {
            let text = std::str::from_utf8(body).map_err(|_| "it is not UTF-8".to_owned())?;
            html::read(text, project)?
        }
        _ => return Err("it is neither JSON nor HTML".to_owned()),
    };
    let mut files = BTreeMap::new();
    for listing in listings {
        if files.get(&listing.file).is_some_and(|other| *other != listing) {
            return Err(format!("it lists `{}` twice, and differently", listing.file));
        }
        files.insert(listing.file.clone(), listing);
    }
    Ok(files)
}

#[derive(Deserialize)]
struct Page {
    meta: Meta,
    name: String,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "api-version")]
    version: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct File {
    filename: String,
    url: String,
    hashes: BTreeMap<String, Value>,
    provenance: Option<Value>,
    upload_time: Option<String>,
    yanked: Option<Value>,
    requires_python: Option<String>,
    core_metadata: Option<Value>,
    dist_info_metadata: Option<Value>,
    size: Option<u64>,
}

fn json(body: &[u8], project: &str) -> Result<Vec<Listing>, String> {
    let page: Page = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    check_version(&page.meta.version)?;
    if names::normalised(&page.name).as_deref() != Some(project) {
        return Err("it is about another project".to_owned());
    }
    let files = page.files.into_iter().filter(|file| names::is_distribution(&file.filename));
    files.map(File::listing).collect()
}

impl File {
    fn listing(self) -> Result<Listing, String> {
        let file = self.filename;
        let digest = match self.hashes.get("sha256") {
            None => None,
            Some(value) => Some(sha256(value.as_str().unwrap_or_default(), &file)?),
        };
        let provenance = match self.provenance {
            None | Some(Value::Null) => None,
            Some(Value::String(link)) if !link.is_empty() => Some(link),
            Some(_) => return Err(format!("its `provenance` of `{file}` is malformed")),
        };
        let mut copy = [self.core_metadata, self.dist_info_metadata].into_iter().flatten();
        let copy = copy.find_map(|said| said.get("sha256")?.as_str().map(str::to_owned));
        Ok(Listing {
            metadata: copy.map(|hex| sha256(&hex, &file)).transpose()?,
            link: self.url,
            sha256: digest,
            provenance,
            upload_time: self.upload_time.and_then(|time| time.parse().ok()),
            yanked_because: self.yanked.as_ref().and_then(Value::as_str).map(str::to_owned),
            yanked: !matches!(self.yanked, None | Some(Value::Null | Value::Bool(false))),
            requires_python: self.requires_python.filter(|text| !text.trim().is_empty()),
            size: self.size,
            file,
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const KIND: Option<&str> = Some("application/vnd.pypi.simple.v1+json; charset=utf-8");

    fn page(files: &Value) -> String {
        json!({"meta": {"api-version": "1.3", "_last-serial": 1}, "name": "Foo", "versions": ["1.0"], "files": files}).to_string()
    }

    fn found(text: &str) -> Result<Option<Listing>, String> {
        Ok(read(KIND, text.as_bytes(), "foo")?.remove("foo-1.0.tar.gz"))
    }

    #[test]
    fn a_listed_file() {
        let hex = "ab".repeat(32);
        let text = page(&json!([
            {"filename": "foo-0.9.tar.gz", "url": "a", "hashes": {}, "provenance": "https://evil.test/"},
            {"filename": "foo-1.0.tar.gz", "url": "../b", "hashes": {"sha256": hex}, "provenance": "https://h/p",
             "core-metadata": {"sha256": "ef".repeat(32)}, "upload-time": "2025-01-02T03:04:05.678901Z", "yanked": "broken", "size": 1, "requires-python": ">=3.9"},
            {"filename": "foo-1.0.exe", "url": "c", "hashes": {}},
        ]));
        let expected = Listing {
            file: "foo-1.0.tar.gz".into(),
            link: "../b".into(),
            sha256: Some(Integrity::Sha256([0xab; 32])),
            provenance: Some("https://h/p".into()),
            upload_time: Some("2025-01-02T03:04:05.678901Z".parse().unwrap()),
            yanked: true,
            yanked_because: Some("broken".into()),
            requires_python: Some(">=3.9".into()),
            metadata: Some(Integrity::Sha256([0xef; 32])),
            size: Some(1),
        };
        assert_eq!(read(KIND, text.as_bytes(), "foo").unwrap().len(), 2);
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
        // Said twice is said once; said differently is nobody's to choose.
        assert!(found(&page(&json!([file, file]))).unwrap().is_some());
        let mut other = file.clone();
        other["hashes"] = json!({"sha256": "ab".repeat(32)});
        let error = found(&page(&json!([file, other]))).unwrap_err();
        assert_eq!(error, "it lists `foo-1.0.tar.gz` twice, and differently");
        for text in [
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
            assert!(read(kind, page(&json!([])).as_bytes(), "foo").is_err(), "{kind:?}");
        }
    }
}
