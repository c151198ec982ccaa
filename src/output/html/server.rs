//! One server: where it stands, what is open, what its last update changed, what happened.

use std::fmt::Write as _;

use jiff::Timestamp;
use serde_json::Value;

use super::text::{escape, foreign, shown, side_by_side};
use crate::history::{Event, EventKind};
use crate::model::report::Detail;
use crate::model::{Finding, Grade, Level};
use crate::ops::dates::age;
use crate::ops::report::Server;
use crate::output::outcome::count;
use crate::output::plain;

/// Evidence shown under one finding; the rest is counted.
const DETAILS: usize = 40;
/// Events that are shown without opening anything.
const OPEN: usize = 12;

/// A moment, to the minute, in UTC.
pub(super) fn time(at: Timestamp) -> String {
    format!("<time datetime=\"{at:.0}\">{}</time>", at.strftime("%Y-%m-%d %H:%M UTC"))
}

/// The card of a server.
pub(super) fn card(out: &mut String, server: &Server, now: Timestamp) {
    let worst = server.drift.as_ref().map(|drift| drift.grade);
    let look = if server.needs_a_look() { " look" } else { "" };
    let critical = if worst == Some(Grade::Critical) { " critical" } else { "" };
    let level = server.level.map(|level| format!(" {level}")).unwrap_or_default();
    let _ = write!(
        out,
        "<section class=\"server{look}{critical}{level}\"><div class=\"top\"><h2>{}</h2>",
        foreign(server.name.as_str())
    );
    if let Some(version) = &server.version {
        let _ = write!(out, "<span class=\"mono\">{}</span>", foreign(version));
    }
    chips(out, server, worst);
    out.push_str("</div>");
    facts(out, server, now);
    if let Some(drift) = &server.drift {
        let _ = write!(
            out,
            "<h3>Open drift</h3><p><b class=\"{0}\">{0}</b>, seen first {1}, last {2}. <code>mcp-pin approve {3}</code> shows it and asks.</p>",
            drift.grade,
            time(drift.first_seen),
            time(drift.last_seen),
            escape(server.name.as_str())
        );
        findings(out, &drift.findings);
    }
    if let Some(update) = &server.update {
        let _ = write!(
            out,
            "<h3>Last update</h3><p>{} to {}. <span class=\"soft\">No code is compared on this page: what it changed there stands in the history below, as it was reviewed.</span></p>",
            foreign(&update.before),
            foreign(&update.after)
        );
        findings(out, &update.findings);
    }
    history(out, server);
    out.push_str("</section>\n");
}

fn chips(out: &mut String, server: &Server, drift: Option<Grade>) {
    let mut chip = |class: &str, text: &str| {
        let _ = write!(out, "<span class=\"chip {class}\">{text}</span>");
    };
    match server.level {
        Some(Level::Provenance) => chip("good", "provenance"),
        Some(Level::Signed) => chip("notice", "signed"),
        Some(Level::Hash) => chip("info", "hash only"),
        None => chip("info", server.kind),
    }
    if let Some(grade) = drift {
        chip(grade.as_str(), "drift");
    }
    match (server.locked, server.approved.is_some()) {
        (false, _) => chip("warning", "not locked"),
        (true, false) => chip("warning", "not approved by you"),
        (true, true) => chip("good", "approved"),
    }
}

fn facts(out: &mut String, server: &Server, now: Timestamp) {
    let mut facts = vec![foreign(&server.source)];
    if let Some(at) = server.approved {
        let age = age(now, at);
        let age = if age == "0 hours" { "less than an hour".to_owned() } else { age };
        facts.push(format!("pinned {age} ago"));
    }
    if server.packages > 0 {
        facts.push(count(server.packages, "package"));
    }
    facts.push(
        server
            .tools
            .map_or_else(|| "no surface pinned".to_owned(), |tools| count(tools, "tool")),
    );
    if let Some(repository) = &server.repository {
        facts.push(format!("built from {}", foreign(repository)));
    }
    out.push_str("<ul class=\"facts\">");
    for fact in facts {
        let _ = write!(out, "<li>{fact}</li>");
    }
    out.push_str("</ul>");
}

fn findings(out: &mut String, findings: &[Finding]) {
    for finding in findings.iter().filter(|finding| finding.grade > Grade::Info) {
        let _ = write!(
            out,
            "<div class=\"finding\"><p><b class=\"{0}\">{0}</b> {1}</p><p class=\"soft\">{2}</p>",
            finding.grade,
            foreign(&finding.title),
            finding.code
        );
        for detail in finding.details.iter().take(DETAILS) {
            match detail {
                Detail::Text { label, before, after } => out.push_str(&side_by_side(label, before, after)),
                Detail::Line(_) | Detail::Code { .. } => {
                    let _ = write!(out, "<p class=\"mono\">{}</p>", shown(&plain::evidence(detail)));
                }
            }
        }
        if let Some(more @ 1..) = finding.details.len().checked_sub(DETAILS) {
            let _ = write!(out, "<p class=\"soft\">and {more} more</p>");
        }
        out.push_str("</div>");
    }
}

fn history(out: &mut String, server: &Server) {
    out.push_str("<h3>History</h3>");
    if server.events.is_empty() {
        out.push_str("<p class=\"soft\">nothing happened on this machine</p>");
        return;
    }
    let (open, rest) = server.events.split_at(server.events.len().min(OPEN));
    list(out, open);
    if !rest.is_empty() || server.earlier > 0 {
        let _ = write!(out, "<details><summary>{} earlier</summary>", rest.len() + server.earlier);
        list(out, rest);
        if server.earlier > 0 {
            let _ = write!(
                out,
                "<p class=\"soft\">{} of them only in <code>mcp-pin log</code></p>",
                server.earlier
            );
        }
        out.push_str("</details>");
    }
}

/// What an update changed, as the history holds it: packages, files and abilities by their figures and findings.
fn changes(out: &mut String, changes: &Value) {
    let list = |key: &str| changes[key].as_array().map(Vec::as_slice).unwrap_or_default();
    let (figures, findings) = (list("figures"), list("findings"));
    if !changes.is_object() {
        out.push_str("<p class=\"soft\">what it changed in the code was not kept</p>");
        return;
    }
    if figures.is_empty() && findings.is_empty() {
        out.push_str("<p class=\"soft\">the review showed no change of its code</p>");
        return;
    }
    let _ = write!(
        out,
        "<details><summary>what changed: {}</summary><ul>",
        count(findings.len(), "finding")
    );
    for figure in figures.iter().filter_map(Value::as_str) {
        let _ = write!(out, "<li>{}</li>", foreign(figure));
    }
    for finding in findings {
        let text = |key: &str| finding[key].as_str().unwrap_or_default();
        // A grade is a class only where it is one of ours.
        let grade = text("grade").parse::<Grade>().map(Grade::as_str).unwrap_or_default();
        let _ = write!(
            out,
            "<li><b class=\"{grade}\">{grade}</b> {} <span class=\"soft\">{}</span></li>",
            foreign(text("title")),
            escape(text("code"))
        );
    }
    if let Some(more @ 1..) = changes["more"].as_u64() {
        let _ = write!(out, "<li class=\"soft\">and {more} more</li>");
    }
    out.push_str("</ul></details>");
}

fn list(out: &mut String, events: &[Event]) {
    out.push_str("<ol class=\"time\">");
    for event in events {
        let moved = matches!(
            event.kind,
            EventKind::Install | EventKind::Update | EventKind::Rollback | EventKind::Drift | EventKind::Remove
        );
        let class = if moved { "moved" } else { "other" };
        let grade = event.grade.map(|grade| format!(" {grade}")).unwrap_or_default();
        let _ = write!(
            out,
            "<li class=\"{class}{grade}\">{} <span class=\"chip{grade}\">{}</span> {}",
            time(event.at),
            event.kind.as_str(),
            foreign(&event.summary)
        );
        if event.kind == EventKind::Update {
            changes(out, &event.detail["changes"]);
        }
        out.push_str("</li>");
    }
    out.push_str("</ol>");
}
