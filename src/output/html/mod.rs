//! The report as one page: no script, no picture, nothing loaded from anywhere.
//!
//! The attack: a description that becomes part of the page (a link, a form, a script), or that tells
//! its author who looked. Nothing foreign is written but through [`text`], and the page's own policy
//! permits its one style sheet and nothing else, should anything get through. Filters are radio buttons
//! and style: they hide, and what is hidden is in the page all the same.

mod server;
mod text;

use std::fmt::Write as _;

use crate::model::Level;
use crate::ops::report::Overview;
use text::{escape, foreign};

/// All of the page's looks.
const STYLE: &str = include_str!("style.css");

/// What the page may load and do: nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The filters: of servers, and of what happened. The first of each is on.
const FILTERS: [(&str, &[(&str, &str)]); 2] = [
    (
        "servers",
        &[
            ("s-all", "all"),
            ("s-look", "needs a look"),
            ("s-hash", "hash only"),
            ("s-signed", "signed"),
            ("s-prov", "provenance"),
        ],
    ),
    ("history", &[("e-all", "everything"), ("e-moved", "versions and drift")]),
];

/// The whole page.
pub fn page(overview: &Overview) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>mcp-pin: MCP servers</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
    );
    head(&mut out, overview);
    filters(&mut out);
    out.push_str("<main>\n");
    for one in &overview.servers {
        server::card(&mut out, one, overview.now);
    }
    out.push_str("</main>\n");
    let _ = write!(
        out,
        "<footer><p>Made by mcp-pin {} on {}. It shows what was known then; <code>mcp-pin verify</code> looks anew.</p></footer>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        server::time(overview.now)
    );
    out
}

fn head(out: &mut String, overview: &Overview) {
    let servers = &overview.servers;
    let count = |wanted: &dyn Fn(&crate::ops::report::Server) -> bool| servers.iter().filter(|server| wanted(server)).count();
    let _ = write!(
        out,
        "<header><h1>MCP servers</h1><p class=\"soft mono\">{}</p></header>\n<ul class=\"tiles\">",
        foreign(&overview.lock)
    );
    let drifted = count(&|server| server.drift.is_some());
    let unapproved = count(&|server| server.approved.is_none());
    let proved = count(&|server| server.level == Some(Level::Provenance));
    for (number, what, bad) in [
        (servers.len(), if servers.len() == 1 { "server" } else { "servers" }, false),
        (drifted, "with open drift", drifted > 0),
        (unapproved, "not approved by you", unapproved > 0),
        (proved, "with provenance", false),
    ] {
        let class = if bad { " class=\"bad\"" } else { "" };
        let _ = write!(out, "<li{class}><b>{number}</b>{what}</li>");
    }
    out.push_str("</ul>\n");
    let log = &overview.log;
    for told in &log.acknowledged {
        let _ = write!(
            out,
            "<div class=\"band bad\"><p><b class=\"critical\">The log was broken once.</b> {} went on with it at {} (row {}):</p><ul>",
            foreign(&told.by),
            server::time(told.at),
            told.row
        );
        for said in told.said.iter().take(20) {
            let _ = write!(out, "<li>{}</li>", foreign(said));
        }
        out.push_str("</ul></div>\n");
    }
    if log.problems.is_empty() {
        let rest = if log.acknowledged.is_empty() {
            "whole"
        } else {
            "whole but for that"
        };
        let _ = writeln!(
            out,
            "<p class=\"band\">The log is {rest}: {} rows, each chained to the one before. Its head is <code>{}</code></p>",
            log.rows,
            escape(&log.head.to_string())
        );
    } else {
        let _ = write!(
            out,
            "<div class=\"band bad\"><p><b class=\"critical\">The log was tampered with.</b> What is shown below may not be what happened.</p><ul>"
        );
        for problem in log.problems.iter().take(20) {
            let _ = write!(out, "<li>{}</li>", foreign(&problem.to_string()));
        }
        out.push_str("</ul></div>\n");
    }
}

/// The radio buttons stand before everything they filter, so that style alone can follow them.
fn filters(out: &mut String) {
    for (group, choices) in FILTERS {
        for (at, (id, label)) in choices.iter().enumerate() {
            let checked = if at == 0 { " checked" } else { "" };
            let _ = write!(
                out,
                "<input class=\"pick\" type=\"radio\" name=\"{group}\" id=\"{id}\" aria-label=\"{group}: {label}\"{checked}>"
            );
        }
    }
    out.push_str("\n<nav class=\"filters\" aria-label=\"filters\">");
    for (group, choices) in FILTERS {
        let _ = write!(out, "<span><span class=\"soft\">{group}</span>");
        for (id, label) in choices {
            let _ = write!(out, "<label for=\"{id}\">{label}</label>");
        }
        out.push_str("</span>");
    }
    out.push_str("</nav>\n");
}
