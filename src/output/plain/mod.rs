//! Reports for people: worst first, evidence under each finding, readable without colour.

mod layout;
mod words;

use std::io::{self, Write};

use crate::model::report::{Detail, Undecided};
use crate::model::{Finding, Grade, Report};
use crate::ops::Passage;
use crate::policy;
use crate::surface::visible;
use layout::{Piece, Tone, write_wrapped};

/// How plain output looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Colours may be used. Without them changes are marked as `[-removed-]` and `{+added+}`.
    pub color: bool,
    /// Columns of the terminal; 0 means that lines are never broken.
    pub width: usize,
}

/// Grade, blank, and what hangs below it.
const INDENT: usize = 10;

/// A report of so many findings is seen at a glance.
const GLANCE: usize = 3;
/// So many open questions are named in the last line.
const NAMED: usize = 3;
/// How many lines a finding lists that is accepted together with others.
const LISTED: usize = 12;

/// Writes a whole report: findings, what could not be decided, what is clean, and a summary.
pub fn report(out: &mut dyn Write, report: &Report, style: Style) -> io::Result<()> {
    write_report(out, report, &summary(report), finding_in_full, style)
}

/// As [`report`], [`without_info`]. Where that leaves no finding, the summary counts those that
/// are not shown: something was found, and that is never told as "nothing".
pub fn brief_report(out: &mut dyn Write, report: &Report, style: Style) -> io::Result<()> {
    let shown = without_info(report);
    let told = if shown.findings.is_empty() { report } else { &shown };
    write_report(out, &shown, &summary(told), finding, style)
}

/// How one finding is written.
type WriteFinding = fn(&mut dyn Write, &Finding, Style) -> io::Result<()>;

fn write_report(out: &mut dyn Write, report: &Report, summary: &str, each: WriteFinding, style: Style) -> io::Result<()> {
    let mut sorted = report.clone();
    sorted.sort();
    for item in &sorted.findings {
        each(out, item, style)?;
    }
    for item in &sorted.undecided {
        undecided(out, item, style)?;
    }
    for server in &sorted.clean {
        write_wrapped(
            out,
            &[
                Piece::new(Tone::Good, format!("{:<INDENT$}", "ok")),
                Piece::plain(format!("{server}: as pinned")),
            ],
            INDENT,
            style,
        )?;
    }
    write_wrapped(out, &[Piece::new(Tone::Bold, summary.to_owned())], 2, style)?;
    match open_questions(&sorted) {
        Some(questions) => write_wrapped(out, &[Piece::plain(questions)], 2, style),
        None => Ok(()),
    }
}

/// The report without what is only logged. A changed text is never only logged: whoever approves
/// it must have had it before the eyes, whatever its grade.
pub fn without_info(report: &Report) -> Report {
    let mut shown = report.clone();
    let has_text = |finding: &Finding| finding.details.iter().any(|detail| matches!(detail, Detail::Text { .. }));
    shown.findings.retain(|finding| finding.grade > Grade::Info || has_text(finding));
    shown
}

/// Writes one finding with its evidence; from `warning` on with its fingerprint. Of what is
/// accepted together, long lists are cut and counted: changed texts never are, and neither is
/// anything that is accepted by itself.
pub fn finding(out: &mut dyn Write, finding: &Finding, style: Style) -> io::Result<()> {
    let lines = finding
        .details
        .iter()
        .filter(|detail| !matches!(detail, Detail::Text { .. }))
        .count();
    let limit = if finding.grade >= Grade::Warning || lines <= LISTED + 2 {
        usize::MAX
    } else {
        LISTED
    };
    write_finding(out, finding, limit, style)
}

/// As [`finding`], with everything there is.
pub fn finding_in_full(out: &mut dyn Write, finding: &Finding, style: Style) -> io::Result<()> {
    write_finding(out, finding, usize::MAX, style)
}

fn write_finding(out: &mut dyn Write, finding: &Finding, limit: usize, style: Style) -> io::Result<()> {
    let head = [
        Piece::new(tone(finding.grade), format!("{:<INDENT$}", finding.grade)),
        Piece::new(Tone::Bold, format!("{}: ", finding.server)),
        Piece::plain(visible(&finding.title)),
        Piece::new(Tone::Dim, format!(" [{}]", finding.code)),
    ];
    write_wrapped(out, &head, INDENT, style)?;
    let mut cut = 0;
    let mut listed = 0;
    for detail in &finding.details {
        if !matches!(detail, Detail::Text { .. }) {
            listed += 1;
            if listed > limit {
                cut += 1;
                continue;
            }
        }
        indented(out, pieces(detail, style.color), style)?;
    }
    if cut > 0 {
        let more = format!("and {cut} more lines, which `--verbose` shows");
        indented(out, vec![Piece::new(Tone::Dim, more)], style)?;
    }
    if finding.grade >= Grade::Warning {
        let line = format!("fingerprint {}", finding.fingerprint);
        indented(out, vec![Piece::new(Tone::Dim, line)], style)?;
    }
    Ok(())
}

/// Writes the page about a code.
pub fn page(out: &mut dyn Write, code: &str, style: Style) -> io::Result<()> {
    let Some(page) = policy::page(code) else { return Ok(()) };
    let head = [
        Piece::new(Tone::Bold, page.code.to_owned()),
        Piece::new(Tone::Dim, format!(" ({})", policy::part(code))),
    ];
    write_wrapped(out, &head, 2, style)?;
    write_wrapped(out, &[Piece::plain(format!("  {}", page.meaning))], 2, style)?;
    let advice = [
        Piece::new(Tone::Bold, "  what to do: ".into()),
        Piece::plain(page.advice.to_owned()),
    ];
    write_wrapped(out, &advice, 4, style)
}

/// Writes one text of a server in full, its own lines kept. Each stands behind a bar, so that none
/// can pass for a question of ours.
pub fn passage(out: &mut dyn Write, passage: &Passage, style: Style) -> io::Result<()> {
    write_wrapped(out, &[Piece::new(Tone::Bold, visible(&passage.heading))], 2, style)?;
    for text in passage.text.lines() {
        let pieces = [Piece::new(Tone::Dim, "  | ".into()), Piece::plain(visible(text))];
        write_wrapped(out, &pieces, 6, style)?;
    }
    Ok(())
}

/// A piece of evidence as one line without colour, as other forms hold it.
pub fn evidence(detail: &Detail) -> String {
    pieces(detail, false).iter().map(Piece::text).collect()
}

/// Where a piece of code stands; `None` for other evidence.
pub fn code_place(detail: &Detail) -> Option<String> {
    match detail {
        Detail::Code { path, line: 0, .. } => Some(words::bounded(path, false)),
        Detail::Code { path, line, .. } => Some(format!("{}:{line}", words::bounded(path, false))),
        Detail::Line(_) | Detail::Text { .. } => None,
    }
}

fn pieces(detail: &Detail, color: bool) -> Vec<Piece> {
    let (label, before, after) = match detail {
        Detail::Line(text) => return vec![Piece::plain(words::bounded(text, color))],
        Detail::Text { label, before, after } => (words::bounded(label, color), before, after),
        Detail::Code { before, after, .. } => (code_place(detail).unwrap_or_default(), before, after),
    };
    if before.is_empty() && after.is_empty() {
        return vec![Piece::new(Tone::Dim, label)];
    }
    let mut pieces = vec![Piece::new(Tone::Dim, format!("{label}: "))];
    if let Detail::Code { .. } = detail {
        pieces.extend(words::word_diff(before.trim(), after.trim(), color));
    } else {
        pieces.extend(words::word_diff(before, after, color));
    }
    pieces
}

/// Writes what could not be checked, with what to do about it.
fn undecided(out: &mut dyn Write, item: &Undecided, style: Style) -> io::Result<()> {
    let head = [
        Piece::new(Tone::Bad, format!("{:<INDENT$}", "undecided")),
        Piece::new(Tone::Bold, format!("{}: ", item.server)),
        Piece::plain(format!("could not {}", visible(&item.what))),
    ];
    write_wrapped(out, &head, INDENT, style)?;
    for hint in &item.hints {
        indented(out, vec![Piece::plain(format!("hint: {}", visible(hint)))], style)?;
    }
    Ok(())
}

/// Writes an error: `error:`, its causes, its hints.
pub fn error(out: &mut dyn Write, message: &str, causes: &[String], hints: &[String], style: Style) -> io::Result<()> {
    write_wrapped(
        out,
        &[Piece::new(Tone::Bad, "error: ".into()), Piece::plain(visible(message))],
        2,
        style,
    )?;
    for cause in causes {
        write_wrapped(out, &[Piece::plain(format!("  caused by: {}", visible(cause)))], 4, style)?;
    }
    for hint in hints {
        write_wrapped(
            out,
            &[Piece::new(Tone::Bold, "hint: ".into()), Piece::plain(visible(hint))],
            2,
            style,
        )?;
    }
    Ok(())
}

/// The last line: how many of what, and what that asks of a person.
pub fn summary(report: &Report) -> String {
    let plural = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let grades = [
        (Grade::Critical, "critical", "critical"),
        (Grade::Warning, "warning", "warnings"),
        (Grade::Notice, "notice", "notices"),
        (Grade::Info, "info", "infos"),
    ];
    let mut parts: Vec<_> = grades
        .iter()
        .map(|(grade, one, many)| (report.count(*grade), *one, *many))
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| plural(count, one, many))
        .collect();
    if !report.undecided.is_empty() {
        parts.push(format!("{} undecided", report.undecided.len()));
    }
    let advice = match report.worst() {
        Some(Grade::Critical) => "do not use it before you understand each critical finding; each is accepted only by its fingerprint",
        Some(Grade::Warning) => "review each warning before you accept it",
        Some(Grade::Notice) if report.undecided.is_empty() => "review them; they are accepted together",
        Some(Grade::Info) if report.undecided.is_empty() => "nothing that asks for a decision",
        _ if !report.undecided.is_empty() => "this is not a pass: see the hints above",
        None if report.clean.is_empty() => return "nothing to check".into(),
        _ => {
            return format!(
                "nothing to report: {} as pinned",
                plural(report.clean.len(), "server is", "servers are")
            );
        }
    };
    format!("{}: {advice}", parts.join(", "))
}

/// What is to be decided, worst first, where the report is too long for that to be seen at a glance.
pub fn open_questions(report: &Report) -> Option<String> {
    let mut open: Vec<_> = report.findings.iter().filter(|finding| finding.grade >= Grade::Warning).collect();
    if open.is_empty() || report.findings.len() <= GLANCE {
        return None;
    }
    open.sort_by_key(|finding| std::cmp::Reverse(finding.grade));
    let mut told: Vec<_> = open.iter().take(NAMED).map(|finding| words::title(&finding.title)).collect();
    if let Some(more @ 1..) = open.len().checked_sub(NAMED) {
        told.push(format!("and {more} more"));
    }
    let verb = if open.len() == 1 { "needs" } else { "need" };
    Some(format!("{} {verb} a decision: {}", open.len(), told.join("; ")))
}

/// Writes a line about something foreign, broken where the terminal ends; later lines stand `indent`
/// to the right.
pub fn line(out: &mut dyn Write, text: &str, indent: usize, style: Style) -> io::Result<()> {
    write_wrapped(out, &[Piece::plain(visible(text))], indent, style)
}

fn indented(out: &mut dyn Write, mut pieces: Vec<Piece>, style: Style) -> io::Result<()> {
    pieces.insert(0, Piece::plain(" ".repeat(INDENT)));
    write_wrapped(out, &pieces, INDENT + 2, style)
}

const fn tone(grade: Grade) -> Tone {
    match grade {
        Grade::Critical => Tone::Bad,
        Grade::Warning => Tone::Warn,
        Grade::Notice => Tone::Bold,
        Grade::Info => Tone::Dim,
    }
}

#[cfg(test)]
mod tests;
