//! A report as a comment on a pull request.
//!
//! The attack: a description of a tool that renders as a heading "approved", notifies people,
//! closes an issue, or loads a picture that tells who looked. So nothing foreign stands in running
//! text: words of plain letters do, everything else is in `<code>` or in a fenced block that the
//! text cannot end, where hosts make no mentions, links or references.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::model::report::Status;
use crate::model::{Finding, Grade};
use crate::ops::Action;
use crate::output::document::Document;
use crate::output::plain;
use crate::policy::page;
use crate::surface::visible;

/// A host's comment holds 65,536 characters: what does not fit is counted, and the worst comes first.
const ROOM: usize = 60_000;
/// Characters of evidence under one finding.
const EVIDENCE: usize = 8_000;

/// Writes the comment.
pub fn write(out: &mut dyn Write, document: &Document) -> io::Result<()> {
    out.write_all(comment(document).as_bytes())
}

/// The comment.
pub fn comment(document: &Document) -> String {
    let mut text = format!("### mcp-pin: {}\n\n", heading(document));
    if let Some(failure) = &document.failure {
        item(&mut text, &format!("**error** {}", words(&failure.message)));
        for cause in &failure.causes {
            item(&mut text, &format!("caused by {}", words(cause)));
        }
        for hint in &failure.hints {
            item(&mut text, &format!("hint: {}", words(hint)));
        }
    }
    for server in &document.servers {
        let Some(verb) = moved(server.action) else { continue };
        let version = server.version.as_deref().map(|version| format!(" {}", words(version)));
        let notes = server
            .notes
            .iter()
            .map(|note| format!("; {}", words(note)))
            .collect::<Vec<_>>()
            .concat();
        let line = format!(
            "**{verb}** {}{}: {} packages{notes}",
            words(server.name.as_str()),
            version.unwrap_or_default(),
            server.packages
        );
        item(&mut text, &line);
    }
    // Before the findings: what could not be checked is never what a cut takes away.
    for undecided in &document.report.undecided {
        let what = format!(
            "**undecided** {}: could not {}",
            words(undecided.server.as_str()),
            words(&undecided.what)
        );
        item(&mut text, &what);
        for hint in &undecided.hints {
            item(&mut text, &format!("hint: {}", words(hint)));
        }
    }
    let mut left = document.report.findings.len();
    for finding in &document.report.findings {
        let block = details(finding);
        if text.len() + block.len() > ROOM {
            break;
        }
        text.push('\n');
        text.push_str(&block);
        left -= 1;
    }
    if left > 0 {
        let _ = writeln!(text, "\n**{left} more** did not fit here: `mcp-pin` at a terminal shows them.");
    }
    if !document.report.clean.is_empty() {
        let names: Vec<_> = document.report.clean.iter().map(|name| words(name.as_str())).collect();
        let _ = writeln!(text, "\nAs pinned: {}.", names.join(", "));
    }
    let _ = writeln!(text, "\n{}", words(&plain::summary(&document.report)));
    if let Some(fingerprint) = &document.fingerprint {
        let _ = writeln!(text, "\nFingerprint of this report: `{fingerprint}`");
    }
    text
}

/// The word for a server whose entry in the lock is another one now.
const fn moved(action: Action) -> Option<&'static str> {
    match action {
        Action::Added | Action::Updated | Action::Removed | Action::RolledBack => Some(action.as_str()),
        _ => None,
    }
}

fn heading(document: &Document) -> &'static str {
    match document.status {
        Status::Undecided => "could not decide, which is not a pass",
        Status::Findings if document.failure.is_some() => "not approved",
        Status::Findings => match document.report.worst() {
            Some(Grade::Critical) => "critical findings",
            Some(Grade::Warning) => "findings that need a decision",
            _ => "findings",
        },
        Status::Clean if document.accepted => "done, with what was accepted",
        Status::Clean => "nothing to report",
    }
}

fn item(text: &mut String, line: &str) {
    text.push_str("- ");
    text.push_str(line);
    text.push('\n');
}

/// One finding: its line, and what opens below it.
fn details(finding: &Finding) -> String {
    let open = if finding.grade == Grade::Critical { " open" } else { "" };
    let mut text = format!(
        "<details{open}>\n<summary><b>{}</b> {}: {}</summary>\n\n",
        finding.grade,
        html_words(finding.server.as_str()),
        html_words(&finding.title)
    );
    let mut evidence: Vec<String> = finding.details.iter().map(plain::evidence).collect();
    evidence.push(format!("code {}, fingerprint {}", finding.code, finding.fingerprint));
    text.push_str(&fenced(&evidence));
    if let Some(page) = page(finding.code) {
        let _ = write!(text, "\n{}; {}.\n", words(page.meaning), words(page.advice));
    }
    text.push_str("\n</details>\n");
    text
}

/// Lines in a block that none of them can end.
fn fenced(lines: &[String]) -> String {
    let mut body = String::new();
    let mut room = EVIDENCE;
    for (at, line) in lines.iter().enumerate() {
        let last = at + 1 == lines.len();
        if line.chars().count() > room && !last {
            let _ = writeln!(body, "(and more: {} lines of evidence in all)", lines.len() - 1);
            if let Some(last) = lines.last() {
                body.push_str(last);
                body.push('\n');
            }
            break;
        }
        room = room.saturating_sub(line.chars().count());
        body.push_str(line);
        body.push('\n');
    }
    let fence = "`".repeat((longest_run(&body) + 1).max(3));
    format!("{fence}text\n{body}{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Text in a line of Markdown: words of letters as they are, everything else in a code span, which
/// no host reads for mentions and references.
fn words(text: &str) -> String {
    told(text, |piece| format!("`{piece}`"))
}

/// The same inside a block of HTML, where Markdown is not read.
fn html_words(text: &str) -> String {
    told(text, html_code)
}

/// `code` is never given a backtick: what stands between two of them stays together.
fn told(text: &str, code: impl Fn(&str) -> String) -> String {
    let shown = visible(text);
    let mut out = String::with_capacity(shown.len());
    for (at, piece) in shown.split('`').enumerate() {
        if at % 2 == 1 {
            if !piece.is_empty() {
                out.push_str(&code(piece));
            }
            continue;
        }
        for (at, word) in piece.split(' ').enumerate() {
            if at > 0 {
                out.push(' ');
            }
            if is_plain(word) {
                out.push_str(word);
            } else {
                out.push_str(&code(word));
            }
        }
    }
    out
}

/// Letters, with a comma, colon or the like at the end, or a short number: nothing that Markdown,
/// HTML or a host reads as more than itself.
fn is_plain(word: &str) -> bool {
    if word.is_empty() {
        return true;
    }
    let body = word.trim_end_matches([',', ';', ':', '.', ')']);
    let body = body.strip_prefix('(').unwrap_or(body);
    if body.len() <= 6 && body.bytes().all(|b| b.is_ascii_digit()) {
        return true;
    }
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphabetic());
    // A run of hexadecimal letters could name a commit.
    let commit = body.len() >= 7 && body.bytes().all(|b| b.is_ascii_hexdigit());
    !commit && body.split(['-', '\'']).all(letters)
}

/// HTML `<code>`, in which every character that means something to HTML is a numeric reference.
fn html_code(text: &str) -> String {
    let mut out = String::from("<code>");
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out.push_str("</code>");
    out
}

#[cfg(test)]
#[path = "markdown_tests.rs"]
mod tests;
