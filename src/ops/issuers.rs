//! Who hands out a remote server's tokens, asked of the server itself: for the pin at `install` and
//! `update`, against it at `verify`.
//!
//! Promise: nothing is asked of an origin that this user did not approve, as for the probe. What is
//! found belongs to the second approval, which is shown it, and never to the first; a login at an
//! issuer that is not pinned is refused ([`crate::mcp::oauth`]).
//!
//! The attack: a server that names one more authorization server one day, or wants one more right, to
//! have the user log in there.
//!
//! Not promised: that it names the same to everybody. A login asks again, and holds what it hears
//! against the pin.

use reqwest::header::AUTHORIZATION;

use crate::error::Error;
use crate::history::Approval;
use crate::mcp::launch;
use crate::mcp::oauth::{Authorizer, OAuthError};
use crate::model::{Authorization, Remote, Sha256Digest};
use crate::ops::probe;
use crate::ops::tools::Tools;

/// What was found.
#[derive(Debug)]
pub struct Named {
    /// The server, with the issuers that it names and the authorization that it was asked with now.
    /// What could not be found out stands there as it is pinned.
    pub remote: Remote,
    /// Its surface was taken with a login, and now there is none.
    pub logged_out: bool,
    /// What could not be found out, and what helps.
    pub undecided: Option<(String, Vec<String>)>,
    /// Worth saying.
    pub note: Option<String>,
}

/// Asks a server who hands out its tokens, where that can matter: it is pinned, somebody logged in,
/// or it wants a login.
///
/// # Errors
/// The approval is not about this server, or the network's settings cannot be used.
pub async fn named(tools: &Tools<'_>, remote: &Remote, digest: &Sha256Digest, approval: &Approval) -> Result<Named, Error> {
    // Makes sure of the approval.
    let (_, client) = probe::server(tools, remote, digest, approval)?;
    let mut named = Named {
        remote: remote.clone(),
        logged_out: false,
        undecided: None,
        note: None,
    };
    let by_header = by_header(tools, remote);
    if by_header && remote.issuers.is_empty() {
        return Ok(named);
    }
    if let Err(error) = look(&client, &mut named, by_header).await {
        let hints = error.hint().into_iter().collect();
        let what = format!("find out who hands out its tokens: {error}");
        if matters(&named) {
            named.undecided = Some((what, hints));
        } else {
            // Nobody logs in here, and whoever does is asked about what is found then.
            named.note = Some(format!("could not {what}"));
        }
    }
    Ok(named)
}

/// The user's own header says who asks: tokens are then not used.
fn by_header(tools: &Tools<'_>, remote: &Remote) -> bool {
    let values = launch::pass_through(remote.env(), tools.context.env.all());
    let value = |name: &str| values.get(name).and_then(|value| value.to_str()).map(str::to_owned);
    let mut rules = remote.settings.headers.iter();
    rules.any(|rule| rule.name() == AUTHORIZATION.as_str() && rule.fill(value).is_some())
}

fn matters(named: &Named) -> bool {
    !named.remote.issuers.is_empty() || named.logged_out || named.remote.authorization != Authorization::Headers
}

async fn look(client: &Authorizer, named: &mut Named, by_header: bool) -> Result<(), OAuthError> {
    let pinned = matches!(named.remote.authorization, Authorization::OAuth { .. });
    named.logged_out = pinned;
    let granted = client.granted().await?.filter(|_| !by_header);
    named.logged_out = pinned && granted.is_none();
    let challenge = client.challenge().await?;
    if challenge.is_none() && granted.is_none() && !matters(named) {
        return Ok(());
    }
    let logged_in = granted.is_some();
    let found = match client.discover(challenge.as_deref()).await {
        Err(error) if logged_in => {
            named.undecided = Some((
                format!("find out who hands out its tokens: {error}"),
                error.hint().into_iter().collect(),
            ));
            return Ok(());
        }
        found => found?,
    };
    if !found.named && !logged_in && !matters(named) {
        // Its own origin may hand out tokens; nothing says so yet.
        return Ok(());
    }
    named.remote.issuers = found.issuers;
    if let Some(granted) = granted {
        named.remote.issuers.extend(granted.issuers);
        let scopes = found.scopes.union(&granted.scopes).cloned().collect();
        named.remote.authorization = Authorization::OAuth { scopes };
    } else if let (Authorization::OAuth { scopes }, true) = (&mut named.remote.authorization, challenge.is_some()) {
        scopes.extend(found.scopes);
    }
    Ok(())
}
