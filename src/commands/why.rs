//! `mcp-pin why`: how a package came into a server's closure.

use std::io::Write;

use serde_json::{Value, json};

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::ServerName;
use crate::ops::why::{self, Answer, Found, InServer, Step};
use crate::output::outcome::count;
use crate::surface::visible;

/// Arguments of `why`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The package, with `@VERSION` for one of several versions.
    #[arg(value_name = "PACKAGE")]
    package: String,
    /// Look into this server's closure only.
    #[arg(long, value_name = "NAME")]
    server: Option<ServerName>,
}

/// Writes every way to the package; exit status 1 where no closure has it.
///
/// # Errors
/// As [`why::why`].
pub fn exec(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let found = why::why(&session.context, &args.package, args.server.as_ref(), &session.terminal)?;
    let printer = &session.printer;
    let printed = if printer.is_json() {
        printer.json(&json!({
            "schemaVersion": 1,
            "package": args.package,
            "servers": found.servers.iter().map(document).collect::<Vec<_>>(),
        }))
    } else {
        printer.data(|out| found.servers.iter().try_for_each(|server| show(out, server)))
    };
    printed.map_err(Error::output)?;
    if !found.servers.is_empty() {
        return Ok(ExitStatus::Clean);
    }
    printer.insist(&absent(args, &found));
    Ok(ExitStatus::Findings)
}

fn absent(args: &Args, found: &Found) -> String {
    let name = visible(&args.package.chars().take(200).collect::<String>());
    let closures = match &args.server {
        Some(server) => format!("the closure of `{server}` does not hold `{name}`"),
        None => format!("none of {} holds `{name}`", count(found.looked_through, "closure")),
    };
    match &found.near {
        Some(near) => format!("{closures}\nhint: did you mean `{}`?", visible(near)),
        None => closures,
    }
}

fn document(server: &InServer) -> Value {
    let step = |step: &Step| {
        json!({
            "name": step.name.as_str(),
            "version": step.version,
            "path": step.path.as_str(),
            "requirement": step.requirement,
            "kind": step.kind,
            "marker": step.marker,
        })
    };
    let answer = |answer: &Answer| {
        json!({
            "name": answer.name.as_str(),
            "version": answer.version,
            "path": answer.path.as_str(),
            "onlyFor": answer.only_for,
            "more": answer.more,
            "ways": answer.ways.iter().map(|way| way.iter().map(step).collect::<Vec<_>>()).collect::<Vec<_>>(),
        })
    };
    json!({
        "name": server.server.as_str(),
        "approved": server.approved,
        "packages": server.answers.iter().map(answer).collect::<Vec<_>>(),
        "carriedBy": server.carried_by,
    })
}

fn show(out: &mut dyn Write, server: &InServer) -> std::io::Result<()> {
    let state = if server.approved {
        ""
    } else {
        ", whose entry you have not approved: this is what its lock says"
    };
    for answer in &server.answers {
        let limits = answer.only_for.as_ref().map(|limits| format!(", only for {}", visible(limits)));
        writeln!(
            out,
            "{} {} in {}{}{state}",
            visible(answer.name.as_str()),
            visible(&answer.version),
            server.server,
            limits.unwrap_or_default()
        )?;
        for way in &answer.ways {
            let steps: Vec<_> = way.iter().map(told).collect();
            let line = if way.len() == 1 {
                "it is the server's own package".to_owned()
            } else {
                steps.join(" -> ")
            };
            writeln!(out, "  {line}")?;
        }
        if answer.more {
            writeln!(out, "  and more ways than are counted")?;
        }
    }
    server.carried_by.iter().try_for_each(|package| {
        writeln!(
            out,
            "{} carries it inside its own archive, in {}{state}",
            visible(package),
            server.server
        )
    })
}

fn told(step: &Step) -> String {
    let mut terms = Vec::new();
    if !step.requirement.is_empty() {
        terms.push(visible(&step.requirement));
    }
    if !step.kind.is_empty() {
        terms.push(visible(&step.kind));
    }
    terms.extend(step.marker.as_deref().map(|marker| format!("if {}", visible(marker))));
    let terms = if terms.is_empty() {
        String::new()
    } else {
        format!(" ({})", terms.join(", "))
    };
    format!("{} {}{terms}", visible(step.name.as_str()), visible(&step.version))
}
