//! `mcp-pin login`: log in at a remote server in the browser.

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::mcp::oauth::Registered;
use crate::model::ServerName;
use crate::ops::login::{self, LoginOptions};
use crate::ops::{Environment, Interact as _};
use crate::surface::visible;

/// Arguments of `login`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server.
    #[arg(value_name = "NAME")]
    name: ServerName,
    /// Print the address instead of opening it in a browser.
    #[arg(long)]
    no_browser: bool,
    /// The id of a client that you registered there by hand.
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// The variable that holds that client's secret.
    #[arg(long, value_name = "VARIABLE", requires = "client_id")]
    client_secret_env: Option<String>,
    /// The port of the redirect address (`http://127.0.0.1:PORT/callback`), where it was registered
    /// with one.
    #[arg(long, value_name = "PORT", requires = "client_id")]
    redirect_port: Option<u16>,
}

/// Logs in and says where.
///
/// # Errors
/// As [`login::login`]; a variable that is not set.
pub async fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    let options = LoginOptions {
        no_browser: args.no_browser,
        client: client(&args, &session.context.env)?,
    };
    let granted = login::login(&session.context, &args.name, options, &session.terminal).await?;
    let scopes: Vec<_> = granted.scopes.iter().map(|scope| visible::visible(scope)).collect();
    let rights = if scopes.is_empty() {
        "its default rights".to_owned()
    } else {
        scopes.join(", ")
    };
    session.terminal.note(&format!("logged in at `{}`: {rights}", args.name));
    Ok(ExitStatus::Clean)
}

fn client(args: &Args, env: &Environment) -> Result<Option<Registered>, Error> {
    let Some(id) = args.client_id.clone() else { return Ok(None) };
    let secret = match &args.client_secret_env {
        None => None,
        Some(variable) => {
            let value = env.get(variable).and_then(std::ffi::OsStr::to_str).map(str::to_owned);
            Some(value.ok_or_else(|| Error::NotPossible {
                what: format!("read the client's secret: {variable} is not set"),
                hint: None,
            })?)
        }
    };
    Ok(Some(Registered {
        id,
        secret,
        port: args.redirect_port,
    }))
}
