//! Webhooks and OTLP: a POST to an address of the user's, which may stand in a file.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use super::{DeliverError, PATIENCE};
use crate::manifest::alerts::{HttpAddress, HttpTarget};
use crate::manifest::receiver;
use crate::net::post::{Post, PostError, post};

/// No address and no header is longer.
const LARGEST: u64 = 8 * 1024;

/// Posts JSON; `below` is added to the address's path. Returns the answer.
pub(super) async fn send(target: &HttpTarget, below: Option<&str>, body: &Value) -> Result<Vec<u8>, DeliverError> {
    let settings = |what: &str| DeliverError::Http(PostError::Settings { what: what.to_owned() });
    let mut url = match &target.address {
        HttpAddress::Written(text) => receiver(text, target.insecure).ok_or_else(|| settings("the address"))?,
        HttpAddress::File(path) => receiver(&secret(path)?, target.insecure).ok_or_else(|| DeliverError::SecretFile {
            path: path.clone(),
            why: "it does not hold one address that can be used (https, or http to this machine)".into(),
        })?,
    };
    if let Some(below) = below {
        let path = format!("{}/{below}", url.path().trim_end_matches('/'));
        url.set_path(&path);
    }
    let header = target.header_file.as_deref().map(header).transpose()?;
    let sent = Post {
        url: &url,
        header: header.as_ref().map(|(name, value)| (name.as_str(), value.as_str())),
        body: body.to_string().into_bytes(),
        patience: PATIENCE,
    };
    Ok(post(sent).await?)
}

fn header(path: &Path) -> Result<(String, String), DeliverError> {
    let line = secret(path)?;
    let (name, value) = line.split_once(':').ok_or_else(|| DeliverError::SecretFile {
        path: path.to_path_buf(),
        why: "it holds no line `Name: value`".into(),
    })?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// The one line of a file that nobody else can read.
pub(in crate::notify) fn secret(path: &Path) -> Result<String, DeliverError> {
    let failed = |why: &str| DeliverError::SecretFile {
        path: path.to_path_buf(),
        why: why.to_owned(),
    };
    let io = |error: std::io::Error| failed(&error.to_string());
    // Before it is opened: a pipe would be waited for.
    if !path.metadata().map_err(io)?.is_file() {
        return Err(failed("it is no regular file"));
    }
    let file = File::open(path).map_err(io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let found = file.metadata().map_err(io)?;
        if found.mode() & 0o077 != 0 {
            return Err(failed("others can read it"));
        }
        if found.uid() != 0 && found.uid() != rustix::process::getuid().as_raw() {
            return Err(failed("it belongs to another user"));
        }
    }
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).map_err(io)?;
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    match (lines.next(), lines.next()) {
        (Some(line), None) => Ok(line.to_owned()),
        _ => Err(failed("it does not hold exactly one line")),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_one_line_that_nobody_else_can_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("hook");
        let write = |text: &str, mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        write("https://h.example/SECRET\n", 0o600);
        assert_eq!(secret(&path).unwrap(), "https://h.example/SECRET");
        write("https://h.example/SECRET\n", 0o640);
        let error = secret(&path).unwrap_err();
        assert!(error.to_string().contains("others can read it") && error.hint().is_some());
        write("a\nb\n", 0o600);
        assert!(!secret(&path).unwrap_err().to_string().contains('b'.to_string().repeat(2).as_str()));
        assert!(secret(&path).is_err() && secret(folder.path()).is_err() && secret(&folder.path().join("none")).is_err());
    }
}
