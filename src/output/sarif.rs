//! SARIF 2.1.0 (OASIS Standard, 27 March 2020), for code scanning.
//!
//! Promise: a reader of SARIF never takes "could not decide" for a pass. What could not be checked,
//! and an operation that ended early, make `executionSuccessful` false and stand as notifications
//! of level `error`; what was accepted is a suppressed result and not an absent one.
//!
//! The attack: text of a server inside a message, which SARIF lets hold links and placeholders
//! (sections 3.11.5 and 3.11.6). Brackets and braces are escaped, and everything invisible shown.
//! Files of packages are named as logical locations only: a package with a file `src/main.rs`
//! must not put remarks on the file of that name in the user's repository. Findings about clients'
//! configuration files alone stand at those files.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};

use serde_json::{Value, json};

use crate::model::report::{Detail, Status};
use crate::model::{Finding, Grade};
use crate::output::document::Document;
use crate::output::{json as json_form, plain};
use crate::policy::{page, part};
use crate::surface::visible;

/// The name of the fingerprint, with the version of how it is made.
const FINGERPRINT: &str = "mcpPinFingerprint/v1";
/// The file a finding is shown at: what is approved stands there.
const LOCKFILE: &str = "mcp-pin.lock";
/// Lines of evidence in a message; the rest is counted.
const LINES: usize = 20;
/// What GitHub tells results of one rule on one line apart by.
const LINE_HASH: &str = "primaryLocationLineHash";

/// Writes the log.
pub fn write(out: &mut dyn Write, document: &Document) -> io::Result<()> {
    json_form::write(out, &log(document))
}

/// The log: one run, with one invocation.
pub fn log(document: &Document) -> Value {
    let used: BTreeSet<&str> = document.report.findings.iter().map(|finding| finding.code).collect();
    let rules: Vec<&str> = used.into_iter().collect();
    let results: Vec<_> = document
        .report
        .findings
        .iter()
        .map(|finding| result(finding, &rules, document))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the root of the repository that the lockfile lies in"}}},
            "invocations": [invocation(document)],
            "results": results,
        }],
    })
}

fn rule(code: &str) -> Value {
    let (meaning, advice) = page(code).map_or((code, ""), |page| (page.meaning, page.advice));
    let mut rule = json!({
        "id": code,
        "shortDescription": message(&code.replace('-', " ")),
        "fullDescription": message(meaning),
        "properties": {"tags": ["security", part(code).as_str()]},
    });
    if !advice.is_empty() {
        rule["help"] = message(advice);
    }
    rule
}

fn result(finding: &Finding, rules: &[&str], document: &Document) -> Value {
    let (kind, level) = match finding.grade {
        Grade::Critical => ("fail", "error"),
        Grade::Warning => ("fail", "warning"),
        Grade::Notice => ("fail", "note"),
        // Section 3.27.10: whatever is no failure has the level `none`.
        Grade::Info => ("informational", "none"),
    };
    let mut result = json!({
        "ruleId": finding.code,
        "ruleIndex": rules.binary_search(&finding.code).ok(),
        "kind": kind,
        "level": level,
        "message": message(&words(finding)),
        "locations": [{
            "physicalLocation": place_of(finding, document),
            "logicalLocations": [logical(finding)],
        }],
        "partialFingerprints": {FINGERPRINT: finding.fingerprint.as_str(), LINE_HASH: finding.fingerprint.as_str()},
        "properties": {
            "grade": finding.grade.as_str(),
            "part": part(finding.code).as_str(),
            "server": finding.server.as_str(),
            "subject": finding.subject,
        },
    });
    let of_package = finding.details.iter().filter(|_| !finding.code.starts_with("client-"));
    let places: Vec<_> = of_package.filter_map(place).collect();
    if !places.is_empty() {
        result["relatedLocations"] = places.into();
    }
    if document.accepted {
        result["suppressions"] = json!([{"kind": "external", "status": "accepted"}]);
    }
    result
}

/// The place that a finding is shown at: the line of a client's file where it is about one, else the line
/// of the lock on which the server's entry begins; the first where it has none.
fn place_of(finding: &Finding, document: &Document) -> Value {
    let of_client = finding.code.starts_with("client-");
    let in_client = finding.details.iter().find_map(|detail| match detail {
        Detail::Code { path, line, .. } if of_client => Some((path, line)),
        _ => None,
    });
    if let Some((path, line)) = in_client {
        let mut location = json!({"uri": uri(path)});
        if !path.starts_with('/') {
            location["uriBaseId"] = json!("%SRCROOT%");
        }
        return json!({"artifactLocation": location, "region": {"startLine": (*line).max(1)}});
    }
    let place = document.place.as_ref();
    let line = place.and_then(|place| place.lines.get(finding.server.as_str())).copied();
    json!({
        "artifactLocation": {
            "uri": place.map_or_else(|| LOCKFILE.to_owned(), |place| uri(&place.path)),
            "uriBaseId": "%SRCROOT%",
        },
        "region": {"startLine": line.unwrap_or(1)},
    })
}

/// A path as a reference of RFC 3986: an absolute one as a file of this machine, any other within the
/// repository.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._~-".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// The server, and what inside it.
fn logical(finding: &Finding) -> Value {
    let server = finding.server.as_str();
    if finding.subject.is_empty() {
        return json!({"name": server, "fullyQualifiedName": server, "kind": "module"});
    }
    json!({
        "name": visible(&finding.subject),
        "fullyQualifiedName": format!("{server}/{}", visible(&finding.subject)),
        "kind": "member",
    })
}

/// A piece of code at its place inside a package.
fn place(detail: &Detail) -> Option<Value> {
    let Detail::Code { path, .. } = detail else { return None };
    let name = plain::code_place(detail).unwrap_or_else(|| visible(path));
    Some(json!({
        "logicalLocations": [{"name": visible(path), "fullyQualifiedName": name, "kind": "resource"}],
        "message": message(&plain::evidence(detail)),
    }))
}

/// The title, and the evidence below it.
fn words(finding: &Finding) -> String {
    let mut text = format!("{}: {}", finding.server, visible(&finding.title));
    for detail in finding.details.iter().take(LINES) {
        text.push('\n');
        text.push_str(&plain::evidence(detail));
    }
    if let Some(more @ 1..) = finding.details.len().checked_sub(LINES) {
        let _ = write!(text, "\nand {more} more lines");
    }
    text
}

fn invocation(document: &Document) -> Value {
    let mut notifications = Vec::new();
    if let Some(failure) = &document.failure {
        let mut text = visible(&failure.message);
        for cause in &failure.causes {
            let _ = write!(text, "\ncaused by: {}", visible(cause));
        }
        for hint in &failure.hints {
            let _ = write!(text, "\nhint: {}", visible(hint));
        }
        notifications.push(json!({"descriptor": {"id": "ended-early"}, "level": "error", "message": message(&text)}));
    }
    for item in &document.report.undecided {
        let mut text = format!("{}: could not {}", item.server, visible(&item.what));
        for hint in &item.hints {
            let _ = write!(text, "\nhint: {}", visible(hint));
        }
        notifications.push(json!({"descriptor": {"id": "undecided"}, "level": "error", "message": message(&text)}));
    }
    let exit_code = match document.status {
        Status::Clean => 0,
        Status::Findings => 1,
        Status::Undecided => 2,
    };
    json!({
        "executionSuccessful": notifications.is_empty() && document.status != Status::Undecided,
        "exitCode": exit_code,
        "toolExecutionNotifications": notifications,
    })
}

/// A message without links or placeholders, whatever stands in it.
fn message(text: &str) -> Value {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '[' | ']' | '\\' => safe.extend(['\\', c]),
            '{' | '}' => safe.extend([c, c]),
            c => safe.push(c),
        }
    }
    json!({"text": safe})
}

#[cfg(test)]
#[path = "sarif_tests.rs"]
mod tests;
