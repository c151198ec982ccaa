//! `mcp-pin run`: what a client starts. Standard output carries the server's frames and nothing else.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::ServerName;
use crate::ops::run::{self, Options, refusal};
use crate::output::Printer;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server, by its name in the lock.
    #[arg(value_name = "NAME")]
    pub name: ServerName,
    /// A project's mcp-pin.lock by its absolute path, instead of your own. No folder is searched.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub lock: Option<PathBuf>,
    /// Read every installed file before the start, also where none seems to have changed.
    #[arg(long)]
    full: bool,
    /// Write the frames to this file, for debugging; secrets are redacted.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    trace: Option<PathBuf>,
    /// Arguments after those that are locked.
    #[arg(last = true, value_name = "EXTRA")]
    extra: Vec<OsString>,
}

/// Runs the server; what keeps it from being started is told to the client as well.
pub fn exec(args: Args, session: &Session) -> ExitStatus {
    let options = Options {
        name: args.name,
        lock: args.lock,
        full: args.full,
        trace: args.trace,
        extra: args.extra,
    };
    match run::run(&session.context, &options, &session.terminal) {
        Ok(status) => ExitStatus::Passed(status),
        Err(error) => std::thread::scope(|scope| {
            // Whoever runs it by hand reads it at once; a desktop may take its time to answer.
            if !std::io::stdin().is_terminal() {
                scope.spawn(|| refusal::tell(&session.context, &options, &error, &session.terminal));
            }
            not_started(&options.name, options.lock.is_none(), &error, &session.printer)
        }),
    }
}

/// Tells the person and the client. `global`: the entry is of the user's own scope.
pub fn not_started(name: &ServerName, global: bool, error: &Error, printer: &Printer) -> ExitStatus {
    crate::output::error::talk(printer, error);
    if !std::io::stdin().is_terminal() {
        refusal::answer(
            std::io::stdin(),
            &mut std::io::stdout().lock(),
            &refusal::sentence(name, global, error),
        );
    }
    ExitStatus::Passed(error.exit_status())
}
