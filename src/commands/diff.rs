//! `mcp-pin diff`: the update report without the update.

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::report::Status;
use crate::model::{Finding, Grade, Part, ServerName};
use crate::ops::Outcome;
use crate::ops::compare::{self, Options};
use crate::ops::revision;
use crate::output::document::Document;
use crate::output::{Printer, outcome};
use crate::policy::{THRESHOLD, part};

/// Arguments of `diff`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server.
    #[arg(value_name = "NAME", required_unless_present = "base")]
    name: Option<ServerName>,
    /// The version before: exact, or @approved, @locked, @installed. Without it, what is locked is
    /// compared with the newest version that is allowed.
    #[arg(value_name = "A")]
    before: Option<String>,
    /// The version after; what is locked without it.
    #[arg(value_name = "B")]
    after: Option<String>,
    /// Compare the lock and the manifest with those of this git revision, all servers of them: what a
    /// pull request changes. Starts nothing.
    #[arg(long, value_name = "REVISION", conflicts_with_all = ["name", "before", "after"])]
    base: Option<String>,
    #[command(flatten)]
    narrow: Narrow,
}

/// Which parts of the report to show; all of it without any.
#[derive(Debug, Clone, Copy, clap::Args)]
struct Narrow {
    /// Show what changed in the code.
    #[arg(long)]
    code: bool,
    /// Show what changed of what the server tells the model.
    #[arg(long)]
    surface: bool,
    /// Show what changed in the packages it is made of.
    #[arg(long)]
    closure: bool,
}

impl Narrow {
    fn wants(self, finding: &Finding) -> bool {
        match part(finding.code) {
            Part::Code => self.code,
            Part::Surface => self.surface,
            Part::Closure => self.closure,
            Part::Trust | Part::Launch | Part::Machine => false,
        }
    }

    const fn is_any(self) -> bool {
        self.code || self.surface || self.closure
    }

    /// Takes out what was not asked for, and says how much that is.
    fn apply(self, outcome: &mut Outcome) -> Option<String> {
        if !self.is_any() {
            return None;
        }
        let (shown, hidden): (Vec<_>, Vec<_>) = std::mem::take(&mut outcome.report.findings)
            .into_iter()
            .partition(|finding| self.wants(finding));
        outcome.report.findings = shown;
        told(&hidden)
    }
}

/// `3 findings are not shown here: 1 warning, 2 notice`.
fn told(hidden: &[Finding]) -> Option<String> {
    let grades = [Grade::Critical, Grade::Warning, Grade::Notice, Grade::Info];
    let counts = grades.map(|grade| (hidden.iter().filter(|finding| finding.grade == grade).count(), grade));
    let counts: Vec<_> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, grade)| format!("{count} {grade}"))
        .collect();
    (!hidden.is_empty()).then(|| {
        format!(
            "not shown: {} of other parts ({}); the exit status is about all of them",
            outcome::count(hidden.len(), "finding"),
            counts.join(", ")
        )
    })
}

/// Compares and shows. The exit status is about the whole report, also where only a part is shown.
///
/// # Errors
/// As [`compare::compare`].
pub async fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    let mut result = match (args.name, args.base) {
        (Some(name), _) => {
            let options = Options {
                name,
                before: args.before,
                after: args.after,
            };
            compare::compare(&session.context, &options, &session.terminal).await?
        }
        (None, base) => revision::compare(&session.context, &base.unwrap_or_default(), &session.terminal).await?,
    };
    let status = result.report.status(THRESHOLD);
    let hidden = args.narrow.apply(&mut result);
    show(&session.printer, result, status, hidden).map_err(Error::output)?;
    Ok(ExitStatus::from(status))
}

fn show(printer: &Printer, mut result: Outcome, status: Status, hidden: Option<String>) -> std::io::Result<()> {
    if printer.is_document() {
        if let Some(line) = result.servers.first_mut() {
            line.notes.extend(hidden);
        }
        let mut document = Document::of(&result, false);
        document.status = status;
        return printer.data(|out| document.write(out, printer.format));
    }
    let empty = result.report.findings.is_empty() && result.report.undecided.is_empty();
    outcome::show(printer, &result, !empty)?;
    printer.data(|out| match hidden {
        Some(hidden) => writeln!(out, "{hidden}"),
        None if empty => writeln!(out, "nothing to report"),
        None => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Report;
    use crate::ops::{Action, ServerLine};

    #[test]
    fn what_is_hidden_is_counted_and_nothing_is_hidden_unasked() {
        let server: ServerName = "s".parse().unwrap();
        let finding = |code, grade| Finding::new(code, grade, &server, "x", "t", &json!({"code": code}));
        let pin = crate::lock::sample::lockfile().servers.into_values().next().unwrap();
        let whole = Outcome {
            servers: vec![ServerLine::new(&server, Action::Compared, &pin)],
            report: Report {
                findings: vec![
                    finding("code-changed", Grade::Notice),
                    finding("tool-added", Grade::Warning),
                    finding("bytes-replaced", Grade::Critical),
                ],
                ..Report::default()
            },
            ..Outcome::default()
        };
        let narrow = |code, surface| Narrow {
            code,
            surface,
            closure: false,
        };
        let mut all = whole.clone();
        assert_eq!((narrow(false, false).apply(&mut all), &all), (None, &whole));
        let mut some = whole;
        let told = narrow(false, true).apply(&mut some).unwrap();
        assert_eq!(some.report.findings.len(), 1);
        assert!(told.contains("2 findings of other parts (1 critical, 1 notice)"), "{told}");
    }
}
