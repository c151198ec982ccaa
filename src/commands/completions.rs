//! `mcp-pin completions`: a completion script for a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::commands::Session;
use crate::error::{Error, ExitStatus};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

/// Writes the script to standard output.
///
/// # Errors
/// Standard output cannot be written.
pub fn exec(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "mcp-pin", &mut script);
    session.printer.data(|out| out.write_all(&script)).map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}
