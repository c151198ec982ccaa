//! `mcp-pin install`: add servers, or make this machine match the lock.

use crate::cli::{ConsentArgs, ProbeArgs};
use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::{Grade, ServerName, Source, SourceError};
use crate::ops::install::{self, Options, Wanted};
use crate::output::outcome;

/// Arguments of `install`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mcp-pin install npm:@modelcontextprotocol/server-memory
  mcp-pin install npm:@modelcontextprotocol/server-filesystem@^2026 --arg /srv/notes
  mcp-pin install pypi:mcp-server-fetch
  mcp-pin install 'pypi:mcp-server-git>=2025,<2027' --arg --repository --arg /srv/notes
  mcp-pin install --name mine -- node ./server.js
  mcp-pin install            # make this machine match mcp-pin.lock")]
pub struct Args {
    /// What to add: `npm:NAME[@range|@tag|@version]`, `pypi:NAME`, `pypi:NAME==1.2` or any
    /// requirement with extras and versions, `'pypi:NAME[EXTRA]>=1,<2'`.
    #[arg(value_name = "SPEC", value_parser = source, conflicts_with = "command")]
    specs: Vec<Source>,
    /// The entry's name (needed for a local command).
    #[arg(long, value_name = "NAME")]
    name: Option<ServerName>,
    /// An argument that the server is started with (may be repeated).
    #[arg(long = "arg", value_name = "ARG", allow_hyphen_values = true)]
    arguments: Vec<String>,
    /// The name of a variable that the server gets from its client (may be repeated).
    #[arg(long = "env", value_name = "NAME")]
    env: Vec<String>,
    /// Let the probe use the network, for servers whose lists need it.
    #[arg(long)]
    network: bool,
    /// Which of the package's programs to start, where it has several (of a Python package: the
    /// console script's name).
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,
    #[command(flatten)]
    probe: ProbeArgs,
    #[command(flatten)]
    consent: ConsentArgs,
    /// A command of this machine and its arguments, pinned by content, in your own scope.
    #[arg(last = true, value_name = "COMMAND", requires = "name")]
    command: Vec<String>,
}

/// A usage error has one line for what is wrong and what to write instead.
fn source(text: &str) -> Result<Source, String> {
    text.parse().map_err(|error: SourceError| match error.hint() {
        Some(hint) => format!("{error}\n\nhint: {hint}"),
        None => error.to_string(),
    })
}

/// Installs and shows what became of it.
///
/// # Errors
/// As [`install::install`].
pub async fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    let wanted = if args.command.is_empty() {
        Wanted::Sources(args.specs)
    } else {
        Wanted::Command(args.command)
    };
    let options = Options {
        wanted,
        name: args.name,
        args: args.arguments,
        env: args.env,
        network: args.network,
        bin: args.bin,
        probe: !args.probe.no_probe,
        unsandboxed: args.probe.probe_unsandboxed,
        consent: session.consent(&args.consent),
    };
    let result = install::install(&session.context, options, &session.terminal).await?;
    outcome::show(&session.printer, &result, false).map_err(Error::output)?;
    // What was found was approved finding by finding: only what could not be done is left.
    Ok(ExitStatus::from(
        crate::model::Report {
            findings: Vec::new(),
            ..result.report
        }
        .status(Grade::Notice),
    ))
}
