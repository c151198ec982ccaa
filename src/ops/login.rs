//! Logging in at a remote server, and out again.
//!
//! The only place that opens a browser, and only because the user said so: `run` and the probe use
//! what is stored, and answer with the name of this command where nothing is.
//!
//! The attacks: an entry of somebody else's that sends the user to a login page of his (an entry that
//! this user did not approve is refused), an authorization server that nobody looked at (the first
//! one is shown and asked about; after that the pin holds).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use reqwest::Url;

use crate::error::Error;
use crate::history::EventKind;
use crate::mcp::oauth::{Authorizer, Discovery, IssuerPin, OAuthError, Registered};
use crate::model::{Authorization, Pinned, Remote, ServerName};
use crate::net::NetworkOptions;
use crate::net::remote::{AskError, Permitted, RemoteNetwork, RemoteOptions, origin_of};
use crate::ops::tokens::TokenFiles;
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, baseline, notices, probe, queries};
use crate::surface::visible;

/// Programs that show an address in the user's browser. By whole name: `PATH` may lead into a
/// project.
#[cfg(target_os = "macos")]
const OPENERS: [&str; 1] = ["/usr/bin/open"];
#[cfg(not(target_os = "macos"))]
const OPENERS: [&str; 3] = ["/usr/bin/xdg-open", "/usr/local/bin/xdg-open", "/bin/xdg-open"];

/// How a login is done.
#[derive(Debug, Clone, Default)]
pub struct LoginOptions {
    /// Print the address instead of opening it.
    pub no_browser: bool,
    /// A client that was registered by hand.
    pub client: Option<Registered>,
}

/// What was approved about who hands out tokens; `None` where nothing was.
pub fn pin_of(remote: &Remote) -> Option<IssuerPin> {
    if remote.issuers.is_empty() {
        return None;
    }
    let scopes = match &remote.authorization {
        Authorization::OAuth { scopes } => scopes.clone(),
        Authorization::Headers => BTreeSet::new(),
    };
    Some(IssuerPin {
        issuers: remote.issuers.clone(),
        scopes,
    })
}

/// The OAuth client of a remote server, with its stored login and its pin: opens no browser unless
/// [`Authorizer::login`] is called.
///
/// # Errors
/// The network's settings cannot be used.
pub fn authorizer(context: &Context, network: NetworkOptions, remote: &Remote, pinned: Option<IssuerPin>) -> Result<Authorizer, AskError> {
    let mut permitted = Permitted {
        this_machine: remote.url.is_this_machine(),
        ..Permitted::default()
    };
    if remote.settings.private {
        // A server of a network of the user's own has its login there too: that of the pin, no other.
        let issuers = pinned
            .iter()
            .flat_map(|pin| &pin.issuers)
            .filter_map(|issuer| Url::parse(issuer).ok());
        permitted.private = issuers.map(|issuer| origin_of(&issuer)).collect();
        permitted.private.insert(remote.url.origin());
    }
    let key = remote
        .settings
        .tls_key
        .map(|key| (remote.url.host().trim_matches(['[', ']']).to_owned(), [key].into()));
    let net = RemoteNetwork::new(&RemoteOptions {
        network,
        permitted,
        keys: key.into_iter().collect(),
    })?;
    let store = Arc::new(TokenFiles::new(&context.home));
    Ok(Authorizer::new(net, store, remote.url.url().clone(), pinned, context.now))
}

/// Has the user log in at a locked and approved remote server.
///
/// # Errors
/// No such server, one that this user has not approved, no consent, or an [`OAuthError`].
pub async fn login(context: &Context, name: &ServerName, options: LoginOptions, person: &dyn Interact) -> Result<Discovery, Error> {
    let tools = Tools::open(context, person)?;
    tools.must_be_online("log in")?;
    let remote = approved(context, &tools, name, person)?;
    let failed = |source: OAuthError| Error::OAuth {
        server: name.clone(),
        source,
    };
    let ask = |source: AskError| {
        failed(OAuthError::Ask {
            what: "the server's answer",
            source,
        })
    };
    let make = |pinned| authorizer(context, probe::network(&tools), &remote, pinned).map_err(ask);
    let first = make(pin_of(&remote))?;
    let challenge = first.challenge().await.map_err(failed)?;
    let found = first.discover(challenge.as_deref()).await.map_err(failed)?;
    let pinned = match (&remote.authorization, pin_of(&remote)) {
        (Authorization::OAuth { .. }, Some(pin)) => pin,
        (_, pin) => {
            let pin = IssuerPin {
                issuers: pin.map_or_else(|| found.issuers.clone(), |pin| pin.issuers),
                scopes: found.scopes.clone(),
            };
            if found.issuers.is_subset(&pin.issuers) && !person.confirm(&question(name, &remote, &found), &[]) {
                return Err(Error::NotPossible {
                    what: format!("log in at `{name}`: nobody agreed to its authorization server"),
                    hint: Some("run it in a terminal, and answer there".into()),
                });
            }
            pin
        }
    };
    let client = make(Some(pinned))?.registered(options.client);
    let opener = if options.no_browser { None } else { opener() };
    let show = |url: &Url| {
        person.warn(&format!("log in here: {url}"));
        if let Some(opener) = &opener {
            // The address is in what was printed if the program fails.
            let _ = open(opener, url);
        }
        Ok(())
    };
    let granted = client.login(challenge.as_deref(), &show).await.map_err(failed)?;
    let what = format!("logged in at {}", granted.issuers.iter().cloned().collect::<Vec<_>>().join(", "));
    notices::event(&tools.history, context.now(), EventKind::Login, name, None, &what)?;
    Ok(granted)
}

/// Forgets a login. The tokens stay valid at the authorization server until they end or are revoked
/// there.
///
/// # Errors
/// No such remote server, or a file that cannot be taken away.
pub async fn logout(context: &Context, name: &ServerName, person: &dyn Interact) -> Result<(), Error> {
    let remote = remote_of(context, name, person)?;
    let failed = |source: OAuthError| Error::OAuth {
        server: name.clone(),
        source,
    };
    let client = authorizer(context, NetworkOptions::default(), &remote, pin_of(&remote));
    let client = client.map_err(|source| {
        failed(OAuthError::Ask {
            what: "the network",
            source,
        })
    })?;
    client.logout().await.map_err(failed)?;
    let history = queries::open_history(context)?;
    notices::event(&history, context.now(), EventKind::Login, name, None, "forgot the login")
}

fn remote_of(context: &Context, name: &ServerName, person: &dyn Interact) -> Result<Remote, Error> {
    let loaded = queries::reading(context, person)?;
    match &queries::entry(&loaded, name)?.pinned {
        Pinned::Remote(remote) => Ok((**remote).clone()),
        _ => Err(Error::NotPossible {
            what: format!("log in at `{name}`: it is no remote server"),
            hint: None,
        }),
    }
}

fn approved(context: &Context, tools: &Tools<'_>, name: &ServerName, person: &dyn Interact) -> Result<Remote, Error> {
    let remote = remote_of(context, name, person)?;
    let loaded = queries::reading(context, person)?;
    if !baseline::is_approved(tools, loaded.scope_key(), name, queries::entry(&loaded, name)?)? {
        return Err(Error::NotApproved { name: name.clone() });
    }
    Ok(remote)
}

fn question(name: &ServerName, remote: &Remote, found: &Discovery) -> String {
    let list = |words: &BTreeSet<String>| words.iter().map(|word| visible::visible(word)).collect::<Vec<_>>().join(", ");
    let scopes = if found.scopes.is_empty() {
        "its default rights".to_owned()
    } else {
        list(&found.scopes)
    };
    format!(
        "`{name}` ({}) wants a login at {} for: {scopes}. Log in there?",
        remote.url,
        list(&found.issuers)
    )
}

fn opener() -> Option<PathBuf> {
    OPENERS.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// One program, one argument, no shell.
fn open(program: &Path, url: &Url) -> std::io::Result<()> {
    let silent = Stdio::null;
    Command::new(program)
        .arg(url.as_str())
        .stdin(silent())
        .stdout(silent())
        .stderr(silent())
        .spawn()
        .map(drop)
}
