//! Floor 4: the command line as typed, and the one place that reads the environment.
//!
//! Parsing is pure: it validates words and nothing else. [`settings`] then touches the world once
//! and builds the [`Context`](crate::ops::Context) that everything below is handed.

pub mod settings;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands;

/// The package manager for MCP servers that never runs code nobody approved.
#[derive(Debug, Parser)]
#[command(name = "mcp-pin", version, about, max_term_width = 100, propagate_version = false)]
#[command(
    after_help = "Exit status: 0 nothing to report, 1 findings (drift, refusal), 2 could not decide (usage, input, network, internal)."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct GlobalArgs {
    /// Use your own mcp-pin.toml and mcp-pin.lock instead of the project's.
    #[arg(long, global = true)]
    pub global: bool,
    /// Fail rather than change the lockfile.
    #[arg(long, global = true)]
    pub locked: bool,
    /// Do not use the network; what needs it could not be decided.
    #[arg(long, global = true)]
    pub offline: bool,
    /// Prove signatures against this `trusted_root.json` of a Sigstore instance, whatever the
    /// configuration says.
    #[arg(long, global = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub trusted_root: Option<std::path::PathBuf>,
    /// How results are written to standard output.
    #[arg(long, global = true, value_enum, default_value_t = Format::Plain, value_name = "FORMAT")]
    pub format: Format,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
    /// Say less on standard error.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more: also `info` findings.
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// Approve without asking what is graded `notice` or lower.
    #[arg(short, long, global = true)]
    pub yes: bool,
}

/// The form of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Plain,
    /// For programs: versioned, described by schema/report.schema.json.
    Json,
    /// SARIF 2.1.0, for code scanning; of commands that make a report.
    Sarif,
    /// For a comment on a pull request; of commands that make a report.
    Markdown,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The subcommands; one file each in `commands`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add servers; without any, make this machine match the lock.
    Install(commands::install::Args),
    /// Find newer versions, show what they change, ask, rewrite the lock.
    Update(commands::update::Args),
    /// List which servers have something newer, and what holds it back.
    Outdated(commands::outdated::Args),
    /// Show what another version changes, without taking it: the update report for any two versions.
    Diff(commands::diff::Args),
    /// List the servers that your AI clients start, and pin them.
    Import(commands::import::Args),
    /// Start a locked server for a client: approved bytes, and nothing but the approved surface.
    Run(commands::run::Args),
    /// Prove that nothing moved: lock, archives, installed files, what the server tells the model.
    Verify(commands::verify::Args),
    /// Review drift that `verify` recorded, and accept it.
    Approve(commands::approve::Args),
    /// List the servers of this scope.
    List(commands::list::Args),
    /// Show everything the lock says about one server.
    Show(commands::show::Args),
    /// Go back to what you approved before the present version; once more goes further back.
    Rollback(commands::rollback::Args),
    /// Show how a package came into a server's closure.
    Why(commands::why::Args),
    /// Make clients start `mcp-pin run` where they start a pinned server by themselves.
    Wrap(commands::wrap::Args),
    /// Put clients' files back as they were before `wrap`.
    Unwrap(commands::unwrap::Args),
    /// Take servers out of the manifest and the lock.
    Remove(commands::remove::Args),
    /// Free what no lockfile that this machine knows needs any more.
    Prune(commands::prune::Args),
    /// Show what happened: installs, approvals, drift, alerts.
    Log(commands::log::Args),
    /// Write a page about the servers of this scope: levels, ages, versions, drift.
    Report(commands::report::Args),
    /// Show the channels of alerts and what waits for them, or send a test to each.
    Alert(commands::alert::Args),
    /// Log in at a remote server, in the browser.
    Login(commands::login::Args),
    /// Forget the login at a remote server.
    Logout(commands::logout::Args),
    /// Look whether this machine is fit: runtimes, sandbox, store, desktop, schedule; and what mends it.
    Doctor(commands::doctor::Args),
    /// Have the servers verified by themselves, and be told: enable, disable, status.
    Schedule(commands::schedule::Args),
    /// Show what signatures are proved against, fetch it anew, prove one file by hand.
    Trust(commands::trust::Args),
    /// Say what a finding's code means.
    Explain(commands::explain::Args),
    /// Write a completion script for a shell to standard output.
    Completions(commands::completions::Args),
}

/// How an approval may be given without (or in addition to) being asked.
#[derive(Debug, Clone, Args)]
pub struct ConsentArgs {
    /// Accept exactly the finding, or the whole report, with this fingerprint (may be repeated).
    #[arg(long, value_name = "FINGERPRINT")]
    pub accept: Vec<crate::model::Fingerprint>,
}

/// How the probe may run.
#[derive(Debug, Clone, Args)]
pub struct ProbeArgs {
    /// Do not start the server: install or check without its surface.
    #[arg(long)]
    pub no_probe: bool,
    /// Start the server without a sandbox where this machine offers none.
    #[arg(long)]
    pub probe_unsandboxed: bool,
}

/// The whole program: parse, build the context, run, render an error, and answer with the exit
/// status. Clap's own usage errors end with 2 as well.
pub fn main() -> std::process::ExitCode {
    use std::process::ExitCode;

    let words: Vec<_> = std::env::args_os().skip(1).collect();
    if let Some((first, rest)) = words.split_first()
        && first == crate::mcp::sandbox::WORD
    {
        return crate::mcp::sandbox::enter(rest);
    }
    if let Some((first, rest)) = words.split_first()
        && first == crate::mcp::relay::warden::WORD
    {
        return crate::mcp::relay::warden::enter(rest);
    }
    let cli = Cli::parse();
    let (out, err) = settings::styles(&cli.global);
    let printer = crate::output::Printer {
        format: cli.global.format,
        out,
        err,
        quiet: cli.global.quiet,
        verbose: cli.global.verbose,
    };
    if let Command::Run(args) = cli.command {
        // Standard output is the client's, and there is nothing to wait for: no runtime is made.
        return start(args, &cli.global, &printer).into();
    }
    match run(cli, &printer) {
        Ok(status) => status.into(),
        Err(error) => {
            crate::output::error::show(&printer, &error);
            ExitCode::from(error.exit_status())
        }
    }
}

fn session(global: &GlobalArgs, printer: &crate::output::Printer) -> Result<commands::Session, crate::error::Error> {
    let context = settings::context(global)?;
    let terminal = crate::output::Terminal::new(printer.clone(), settings::can_ask() && !printer.is_document());
    Ok(commands::Session {
        context,
        printer: printer.clone(),
        terminal,
    })
}

fn start(args: commands::run::Args, global: &GlobalArgs, printer: &crate::output::Printer) -> crate::error::ExitStatus {
    let plain = crate::output::Printer {
        format: Format::Plain,
        ..printer.clone()
    };
    match session(global, &plain) {
        Ok(session) => commands::run::exec(args, &session),
        Err(error) => commands::run::not_started(&args.name, args.lock.is_none(), &error, &plain),
    }
}

fn run(cli: Cli, printer: &crate::output::Printer) -> Result<crate::error::ExitStatus, crate::error::Error> {
    let session = session(&cli.global, printer)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|source| crate::error::Error::File {
            action: "start",
            path: "worker threads".into(),
            source,
        })?;
    runtime.block_on(commands::exec(cli, &session))
}
