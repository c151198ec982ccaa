//! Floor 4: one file a subcommand, each with two names: `Args` and `exec`.
//!
//! A command turns words into options, calls one operation and renders its outcome. It decides
//! nothing.

pub mod alert;
pub mod approve;
pub mod completions;
pub mod diff;
pub mod doctor;
pub mod explain;
pub mod import;
pub mod install;
pub mod list;
pub mod log;
pub mod login;
pub mod logout;
pub mod outdated;
pub mod prune;
pub mod remove;
pub mod report;
pub mod rollback;
pub mod run;
pub mod schedule;
pub mod show;
pub mod trust;
pub mod unwrap;
pub mod update;
pub mod verify;
pub mod why;
pub mod wrap;

use crate::cli::{Cli, Command, Format};
use crate::error::{Error, ExitStatus};
use crate::ops::{Consent, Context};
use crate::output::{Printer, Terminal};

/// What a command is handed.
#[derive(Debug)]
pub struct Session {
    /// Places, clock, environment, general wishes.
    pub context: Context,
    /// Where results go.
    pub printer: Printer,
    /// The person at the other end.
    pub terminal: Terminal,
}

impl Session {
    /// What the user allowed on the command line; the configuration's part is added by the
    /// operation, which reads it.
    fn consent(&self, args: &crate::cli::ConsentArgs) -> Consent {
        Consent {
            yes: self.context.yes,
            accept: args.accept.iter().cloned().collect(),
            accept_without_terminal: false,
        }
    }
}

/// Runs the subcommand.
///
/// # Errors
/// Whatever the operation says; rendered in one place, by `main`.
pub async fn exec(cli: Cli, session: &Session) -> Result<ExitStatus, Error> {
    if matches!(session.printer.format, Format::Sarif | Format::Markdown) && !makes_report(&cli.command) {
        return Err(Error::NoReport);
    }
    match cli.command {
        Command::Install(args) => install::exec(args, session).await,
        Command::Update(args) => update::exec(args, session).await,
        Command::Verify(args) => verify::exec(args, session).await,
        Command::Alert(args) => alert::exec(args, session).await,
        Command::Approve(args) => approve::exec(&args, session).await,
        Command::Diff(args) => diff::exec(args, session).await,
        Command::Import(args) => import::exec(args, session).await,
        Command::List(args) => list::exec(&args, session),
        Command::Show(args) => show::exec(&args, session),
        Command::Rollback(args) => rollback::exec(args, session).await,
        Command::Run(args) => Ok(run::exec(args, session)),
        Command::Wrap(args) => wrap::exec(args, session),
        Command::Unwrap(args) => unwrap::exec(args, session),
        Command::Outdated(args) => outdated::exec(args, session).await,
        Command::Why(args) => why::exec(&args, session),
        Command::Remove(args) => remove::exec(&args, session),
        Command::Prune(args) => prune::exec(&args, session),
        Command::Report(args) => report::exec(&args, session),
        Command::Log(args) => log::exec(&args, session).await,
        Command::Login(args) => login::exec(args, session).await,
        Command::Logout(args) => logout::exec(&args, session).await,
        Command::Doctor(args) => doctor::exec(args, session).await,
        Command::Schedule(args) => schedule::exec(args, session).await,
        Command::Trust(args) => trust::exec(args, session).await,
        Command::Explain(args) => explain::exec(&args, session),
        Command::Completions(args) => completions::exec(&args, session),
    }
}

/// Whether a command's result is a report, which SARIF and Markdown are forms of.
const fn makes_report(command: &Command) -> bool {
    !matches!(
        command,
        Command::List(_)
            | Command::Import(_)
            | Command::Show(_)
            | Command::Run(_)
            | Command::Remove(_)
            | Command::Wrap(_)
            | Command::Unwrap(_)
            | Command::Prune(_)
            | Command::Report(_)
            | Command::Log(_)
            | Command::Alert(_)
            | Command::Login(_)
            | Command::Logout(_)
            | Command::Doctor(_)
            | Command::Schedule(_)
            | Command::Trust(_)
            | Command::Explain(_)
            | Command::Completions(_)
    )
}
