//! What uv's failures mean, in our words.
//!
//! The attack: a failure that reads like another one, or that shows the password of an index.

use jiff::Timestamp;

use super::PypiError;
use super::index::Index;
use crate::registry::program::{self, Output};

/// Enough for an explanation of a conflict.
const MAX_CAUSE: usize = 1200;

/// Why uv gave no answer, and whether asking differently may help.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// Dependencies need a newer Python than the lowest asked for.
    Python(PypiError),
    /// A cut-off date was given and the index does not date some files.
    Undated,
    /// Anything else.
    Other(PypiError),
}

/// Reads what uv printed.
pub(super) fn explain(output: &Output, indexes: &[Index], before: Option<Timestamp>) -> Failure {
    let text = String::from_utf8_lossy(&output.stderr);
    // Hints stand in paragraphs of their own; lines are broken anywhere.
    let whole = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let cause = shown(&text, indexes);
    let conflict = || PypiError::Conflict { cause: cause.clone() };
    if ["(401 ", "(403 ", "401 Unauthorized", "403 Forbidden"]
        .iter()
        .any(|status| whole.contains(status))
    {
        return Failure::Other(PypiError::Denied { cause });
    }
    if before.is_some() && whole.contains("is missing an upload date") {
        return Failure::Undated;
    }
    let by_address = [" was included as a URL dependency", " attempted to resolve via URL"];
    if let Some(name) = by_address.iter().find_map(|phrase| quoted_before(&whole, phrase)) {
        return Failure::Other(PypiError::NotIndexed { name });
    }
    if let Some(name) = word_before(&whole, " was not found in the package registry") {
        return Failure::Other(PypiError::UnknownPackage { name });
    }
    if let Some(name) = quoted_after(&whole, "Wheels are required for `") {
        let version = whole
            .split_whitespace()
            .find_map(|word| word.strip_prefix(&format!("{name}==")))
            .map(|version| version.trim_end_matches([',', '.', ';']).to_owned());
        return Failure::Other(PypiError::SourceOnly { name, version });
    }
    if let (Some(name), Some(before)) = (quoted_before(&whole, " was filtered by `exclude-newer`"), before) {
        return Failure::Other(PypiError::OnlyYounger {
            name,
            requirement: String::new(),
            before: before.to_string(),
        });
    }
    // As older ones say it: a project that is there and has no version at all before the date.
    if let (Some((_, rest)), Some(before)) = (whole.split_once("Because there are no versions of "), before)
        && let Some(name) = rest.split_once(" and ").and_then(|(word, _)| super::normalised(word))
    {
        return Failure::Other(PypiError::OnlyYounger {
            name,
            requirement: String::new(),
            before: before.to_string(),
        });
    }
    if whole.contains("does not satisfy Python") {
        return Failure::Python(conflict());
    }
    if whole.contains("No solution found") {
        return Failure::Other(conflict());
    }
    if whole.contains("No interpreter found") || whole.contains("inspect Python interpreter") {
        return Failure::Other(PypiError::NoPython { cause });
    }
    let network = [
        "Failed to fetch",
        "Request failed after",
        "error sending request",
        "Could not connect",
        "dns error",
        "timed out",
        "certificate",
    ];
    if network.iter().any(|part| whole.contains(part)) {
        return Failure::Other(PypiError::Unreachable { cause });
    }
    Failure::Other(PypiError::Failed { cause })
}

/// What may be shown of uv's words: no hints, which speak of options of uv that we set; no address
/// of an index, whose path may be a credential; no password; nothing a terminal would obey.
fn shown(text: &str, indexes: &[Index]) -> String {
    let paragraphs = text.split("\n\n").filter(|part| !part.trim_start().starts_with("hint:"));
    let lines = paragraphs
        .flat_map(str::lines)
        .filter(|line| !line.starts_with("warning:") && !line.starts_with("Using "));
    let mut text = lines.collect::<Vec<_>>().join("\n");
    let logins = indexes.iter().filter_map(Index::login);
    for secret in logins
        .flat_map(|login| [&login.password, &login.user])
        .filter(|text| text.len() > 2)
    {
        text = text.replace(secret.as_str(), "****");
    }
    let visible: String = text.chars().map(visible).collect();
    let mut text = program::redacted(&visible, usize::MAX);
    // Only now: before, a user may have stood in the address.
    for index in indexes {
        text = text.replace(index.address().trim_end_matches('/'), "(index)");
    }
    let text: String = text.chars().take(MAX_CAUSE).collect();
    let text = text.strip_prefix("error: ").unwrap_or(&text);
    let text = text.trim_start_matches(['×', ' ']);
    // "No solution found …" is said in our words.
    let from = text.find("Because ").filter(|_| text.starts_with("No solution found"));
    text[from.unwrap_or_default()..].to_owned()
}

/// A character as it is, or what a terminal does not obey. uv draws its errors with some.
fn visible(c: char) -> String {
    if c.is_ascii() || "×╰─▶│├".contains(c) {
        c.to_string()
    } else {
        c.escape_unicode().to_string()
    }
}

/// The word before a phrase.
fn word_before(text: &str, phrase: &str) -> Option<String> {
    let (before, _) = text.split_once(phrase)?;
    name(before.rsplit(' ').next()?)
}

/// What stands in backquotes before a phrase.
fn quoted_before(text: &str, phrase: &str) -> Option<String> {
    let (before, _) = text.split_once(phrase)?;
    name(before.strip_suffix('`')?.rsplit('`').next()?)
}

/// What stands in backquotes after a phrase that ends with the first of them.
fn quoted_after(text: &str, phrase: &str) -> Option<String> {
    name(text.split_once(phrase)?.1.split('`').next()?)
}

/// Only what can be a name is repeated as one.
fn name(text: &str) -> Option<String> {
    let project = text.split(['=', '<', '>', '[', '!', '~']).next()?;
    super::normalised(project)
}

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
