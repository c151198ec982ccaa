//! `mcp-pin install`: add servers, or make this machine match the lock.

use crate::cli::{ConsentArgs, ProbeArgs};
use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::{Grade, HeaderRule, RemoteSettings, RemoteTransport, ServerName, Sha256Digest, Source, SourceError};
use crate::ops::install::{self, Options, Wanted};
use crate::output::outcome;

/// Arguments of `install`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  mcp-pin install npm:@modelcontextprotocol/server-memory
  mcp-pin install npm:@modelcontextprotocol/server-filesystem@^2026 --arg /srv/notes
  mcp-pin install pypi:mcp-server-fetch
  mcp-pin install 'pypi:mcp-server-git>=2025,<2027' --arg --repository --arg /srv/notes
  mcp-pin install https://mcp.example.com/mcp --header 'Authorization: Bearer ${EXAMPLE_TOKEN}'
  mcp-pin install --name mine -- node ./server.js
  mcp-pin install            # make this machine match mcp-pin.lock")]
pub struct Args {
    /// What to add: `npm:NAME[@range|@tag|@version]`, `pypi:NAME`, `pypi:NAME==1.2` or any
    /// requirement with extras and versions, `'pypi:NAME[EXTRA]>=1,<2'`; `https://HOST/PATH` for a remote
    /// server.
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
    /// Of a remote server: a header that is sent with every request, as `NAME: VALUE`; `${VARIABLE}`
    /// in the value stands for a variable of the client (may be repeated).
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = header)]
    headers: Vec<HeaderRule>,
    /// Of a remote server: how it is spoken to.
    #[arg(long, value_name = "TRANSPORT", value_parser = transport, default_value = "streamable-http", hide_default_value = true)]
    transport: RemoteTransport,
    /// Of a remote server: the SHA-256 of its certificate's public key, `sha256:HEX`.
    #[arg(long, value_name = "DIGEST", value_parser = tls_key)]
    tls_key: Option<Sha256Digest>,
    /// Of a remote server: its host may be in a private network.
    #[arg(long)]
    private: bool,
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

fn header(text: &str) -> Result<HeaderRule, String> {
    let (name, value) = text.split_once(':').ok_or("write `NAME: VALUE`")?;
    HeaderRule::new(name.trim(), value.trim()).map_err(|error| match error.hint() {
        Some(hint) => format!("{error}\n\nhint: {hint}"),
        None => error.to_string(),
    })
}

fn transport(text: &str) -> Result<RemoteTransport, String> {
    let all = [RemoteTransport::StreamableHttp, RemoteTransport::Sse];
    let found = all.into_iter().find(|transport| transport.as_str() == text);
    found.ok_or_else(|| "it is `streamable-http` or `sse`".to_owned())
}

fn tls_key(text: &str) -> Result<Sha256Digest, String> {
    let hex = text.strip_prefix("sha256:").ok_or("write `sha256:` and 64 hexadecimal digits")?;
    hex.parse().map_err(|error: crate::model::DigestError| error.to_string())
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
    let mut headers = args.headers;
    headers.sort();
    let options = Options {
        remote: RemoteSettings {
            transport: args.transport,
            headers,
            tls_key: args.tls_key,
            private: args.private,
        },
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
