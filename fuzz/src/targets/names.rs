//! The nouns that have a text: what parses is written as it was read, and keeps its promises.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use mcp_pin::model::{Fingerprint, Grade, InstallPath, Integrity, Level, PackageName, ServerName, Sha256Digest, Source, check_env_name};
use mcp_pin::surface::visible;

/// One text, read as each of them.
pub(crate) fn names(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    if let Some(path) = stable::<InstallPath>(text) {
        inside(path.as_str());
        if path.is_python() {
            let version = path.as_str().rsplit_once('@').map_or("", |(_, version)| version);
            assert_eq!(InstallPath::python(&path.name(), version), Some(path.clone()));
            assert_eq!(path.parent(), None);
        } else {
            assert_eq!(InstallPath::child(path.parent().as_ref(), &path.name()), path);
        }
    }
    if let Some(name) = stable::<PackageName>(text) {
        inside(name.as_str());
        assert!(name.as_str().matches('/').count() <= 1);
        assert_eq!(visible(name.as_str()), name.as_str());
        let above = InstallPath::child(None, &name);
        let below = InstallPath::child(Some(&above), &name);
        assert_eq!(stable::<InstallPath>(below.as_str()), Some(below.clone()), "{below} is no path");
        assert_eq!((below.parent(), below.name()), (Some(above), name));
    }
    if let Some(name) = stable::<ServerName>(text) {
        inside(name.as_str());
    }
    if let Some(source) = stable::<Source>(text) {
        source.default_name();
    }
    stable::<Integrity>(text);
    stable::<Sha256Digest>(text);
    stable::<Fingerprint>(text);
    stable::<Level>(text);
    stable::<Grade>(text);
    if check_env_name(text).is_ok() {
        assert!(!text.is_empty() && !text.contains(['=', '\0']));
    }
}

fn stable<T: FromStr + Display + Debug + PartialEq>(text: &str) -> Option<T> {
    let read: T = text.parse().ok()?;
    let written = read.to_string();
    let again = written.parse().ok();
    assert_eq!(again.as_ref(), Some(&read), "{text:?} is written as {written:?}");
    Some(read)
}

fn inside(path: &str) {
    let bad = path
        .split('/')
        .any(|segment| ["", ".", ".."].contains(&segment) || segment.contains(['\\', '\0']));
    assert!(!bad, "{path:?} leaves its folder");
}
