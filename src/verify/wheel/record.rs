//! RECORD against the archive.
//!
//! The attack: a file added to a wheel, or changed in it, while the list that it carries (and that
//! a reviewer, or a signature of it, may have seen) says otherwise.
//!
//! Specification: recording installed projects, and binary distribution format: every file but
//! RECORD itself and its signatures is listed with a digest.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Files, Refusal};

/// Checks that RECORD lists every file of the archive once, with the digest of its content, and
/// nothing else. RECORD may list itself and its signatures, without a digest.
pub(super) fn check(bytes: &[u8], folder: &str, files: &Files<'_>) -> Result<(), Refusal> {
    let own = ["RECORD", "RECORD.jws", "RECORD.p7s"].map(|name| format!("{folder}/{name}"));
    let mut listed = BTreeSet::new();
    for (line, [path, digest, size]) in rows(bytes)? {
        let Some(file) = files.get(path.as_str()) else {
            return Err(Refusal::Lost { path });
        };
        if own[0] == path && !(digest.is_empty() && size.is_empty()) {
            return Err(Refusal::Record {
                line,
                what: "a digest of RECORD itself",
            });
        }
        let open = own.contains(&path) && digest.is_empty();
        let same = open || matches(&digest, file.digest.as_bytes(), &path)?;
        if !same || !(size.is_empty() || is_size(&size, file.size)) {
            return Err(Refusal::Changed { path });
        }
        if !listed.insert(path.clone()) {
            return Err(Refusal::ListedTwice { path });
        }
    }
    match files
        .keys()
        .find(|path| !listed.contains(**path) && !own.iter().any(|own| own == *path))
    {
        Some(path) => Err(Refusal::Unlisted { path: (*path).to_owned() }),
        None => Ok(()),
    }
}

fn is_size(text: &str, size: u64) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse() == Ok(size)
}

/// Whether `ALGORITHM=DIGEST` is of these bytes. Only SHA-256 was computed: weaker ones can be
/// forged, and a stronger one that is not compared proves nothing.
fn matches(text: &str, digest: &[u8; 32], path: &str) -> Result<bool, Refusal> {
    let path = || path.to_owned();
    if text.is_empty() {
        return Err(Refusal::NoDigest { path: path() });
    }
    match text.split_once('=') {
        Some(("sha256", value)) => Ok(URL_SAFE_NO_PAD.decode(value).is_ok_and(|bytes| bytes == digest)),
        algorithm => Err(Refusal::Algorithm {
            path: path(),
            algorithm: algorithm.map_or(text, |(name, _)| name).chars().take(40).collect(),
        }),
    }
}

/// The rows of a CSV file of three columns, with the lines where they begin.
fn rows(bytes: &[u8]) -> Result<Vec<(usize, [String; 3])>, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::Record {
        line: 1,
        what: "not UTF-8",
    })?;
    let mut rows = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while !rest.is_empty() {
        let bad = |what| Refusal::Record { line, what };
        let mut row = Vec::with_capacity(3);
        let before = rest;
        loop {
            row.push(cell(&mut rest).ok_or_else(|| bad("not of comma-separated values"))?);
            if let Some(after) = rest.strip_prefix(',') {
                rest = after;
                if row.len() < 3 {
                    continue;
                }
                return Err(bad("not of three columns"));
            }
            break;
        }
        rest = match rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')) {
            Some(after) => after,
            None if rest.is_empty() => rest,
            None => return Err(bad("not of comma-separated values")),
        };
        let start = line;
        line += before
            .len()
            .checked_sub(rest.len())
            .and_then(|end| before.get(..end))
            .map_or(0, |row| row.matches('\n').count());
        if row.iter().all(String::is_empty) && row.len() == 1 {
            continue;
        }
        let row: [String; 3] = row.try_into().map_err(|_| Refusal::Record {
            line: start,
            what: "not of three columns",
        })?;
        rows.push((start, row));
    }
    Ok(rows)
}

/// One cell; leaves the sign behind it. `None` where readers may differ.
fn cell(rest: &mut &str) -> Option<String> {
    let Some(mut quoted) = rest.strip_prefix('"') else {
        let end = rest.find([',', '\n', '\r', '"']).unwrap_or(rest.len());
        let (cell, after) = rest.split_at_checked(end)?;
        *rest = after;
        return (!after.starts_with('"')).then(|| cell.to_owned());
    };
    let mut out = String::new();
    loop {
        let (text, after) = quoted.split_once('"')?;
        out.push_str(text);
        let Some(again) = after.strip_prefix('"') else {
            *rest = after;
            return Some(out);
        };
        out.push('"');
        quoted = again;
    }
}
