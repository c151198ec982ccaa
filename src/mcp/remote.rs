//! The probe of a remote server: the same questions as for one that is started here, and the same
//! comparisons, over HTTP.
//!
//! Promise: it asks only what a [`RemoteServer`] holds, which is made of an approval of exactly this
//! origin and these headers; what it could not see whole is an error, never a smaller surface.
//!
//! Not promised: anything about what the server does for another client, at another time, or under
//! another authorization. It runs elsewhere; the guard compares again at every list.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Arc;

use super::http::{Connection, HttpError, Mirrors, Options, Terms};
use super::launch::LaunchError;
use super::oauth::Authorizer;
use super::plan::{Host, Plan};
use super::probe::{ProbeError, ProbeLimits};
use crate::history::Approval;
use crate::model::{Remote, Sha256Digest, Surface};
use crate::net::NetworkOptions;
use crate::surface::take::Places;

/// A remote server that may be asked: the proof is that only [`RemoteServer::new`] makes one.
#[derive(Clone)]
pub struct RemoteServer {
    remote: Remote,
    values: BTreeMap<String, String>,
    network: NetworkOptions,
    authorizer: Option<Arc<Authorizer>>,
}

impl std::fmt::Debug for RemoteServer {
    // The values are secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RemoteServer")
            .field("url", &self.remote.url.as_str())
            .finish_non_exhaustive()
    }
}

impl RemoteServer {
    /// A server that may be asked. `values` are the client's variables; those that the headers do not
    /// name are left where they are.
    ///
    /// # Errors
    /// [`LaunchError::OtherApproval`] where `approval` is not about `digest`.
    pub fn new(
        remote: &Remote,
        digest: &Sha256Digest,
        approval: &Approval,
        values: &BTreeMap<String, OsString>,
        network: NetworkOptions,
    ) -> Result<Self, LaunchError> {
        if approval.digest() != digest {
            return Err(LaunchError::OtherApproval);
        }
        let named = remote.env().iter();
        let values = named.filter_map(|name| {
            let value = values.get(name)?.to_str()?;
            (!value.is_empty()).then(|| (name.clone(), value.to_owned()))
        });
        Ok(Self {
            remote: remote.clone(),
            values: values.collect(),
            network,
            authorizer: None,
        })
    }

    /// With a login: tokens of `authorizer` where the headers bring no authorization.
    #[must_use]
    pub fn authorized(mut self, authorizer: Arc<Authorizer>) -> Self {
        self.authorizer = Some(authorizer);
        self
    }

    /// The server.
    pub const fn remote(&self) -> &Remote {
        &self.remote
    }

    /// The names of the variables that have a value, sorted: with which authorization it is asked.
    pub fn equipped(&self) -> Vec<String> {
        self.values.keys().cloned().collect()
    }

    /// A connection for one client.
    ///
    /// # Errors
    /// [`HttpError`]: the address is out of reach by rule, or a header's value cannot be sent.
    pub fn open(&self, mirrors: Mirrors, terms: Terms) -> Result<Connection, HttpError> {
        Connection::new(Options {
            network: self.network.clone(),
            remote: self.remote.clone(),
            values: self.values.clone(),
            mirrors,
            terms,
            authorizer: self.authorizer.clone(),
        })
    }

    /// The user's values behind the pin's tokens: a server that repeats a token in its texts does not
    /// bring it into the lock.
    pub fn places(&self) -> Places {
        let none = Places::default();
        self.values.iter().fold(none, |places, (name, value)| places.variable(name, value))
    }

    pub(super) fn connect(&self, limits: &ProbeLimits) -> Result<(Connection, Places), ProbeError> {
        let terms = Terms {
            frame: limits.frame,
            answer: limits.request,
            notice: limits.request,
            listen: false,
        };
        let connection = self.open(Mirrors::default(), terms).map_err(|why| ProbeError::Http {
            waiting_for: "a connection".into(),
            why,
        })?;
        Ok((connection, self.places()))
    }
}

/// What a probe of a remote server found.
#[derive(Debug, Clone)]
pub struct RemotelyProbed {
    /// The surface, under the authorization of [`RemoteServer::equipped`].
    pub surface: Surface,
    /// As [`super::probe::Probed::hostile`].
    pub hostile: Vec<(&'static str, String)>,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// Takes a remote server's whole surface.
///
/// # Errors
/// As [`super::probe::probe`].
pub async fn probe(server: &RemoteServer, limits: &ProbeLimits, client_version: &str) -> Result<RemotelyProbed, ProbeError> {
    let plan = Plan {
        host: Host::Remote(server),
        limits,
        client_version,
    };
    let findings = match tokio::time::timeout(limits.total, Box::pin(plan.run())).await {
        Ok(findings) => findings?,
        Err(_) => {
            return Err(ProbeError::Timeout {
                waiting_for: "all questions of the probe".into(),
                seconds: limits.total.as_secs(),
                stderr: String::new(),
                hint: None,
            });
        }
    };
    Ok(RemotelyProbed {
        surface: Surface {
            env: server.equipped(),
            network: true,
            views: findings.views,
            volatile: findings.volatile,
        },
        hostile: findings.hostile,
        notes: findings.notes.into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::history::{ApprovalKind, History, How, NewApproval};
    use crate::model::RemoteSettings;

    #[test]
    fn an_approval_of_something_else_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let history = History::open(&folder.path().join("state.db")).unwrap();
        let (own, other) = (Sha256Digest::of("own"), Sha256Digest::of("other"));
        let new = NewApproval {
            digest: other,
            kind: ApprovalKind::Static,
            server: &"wiki".parse().unwrap(),
            scope: "/p/mcp-pin.lock",
            fingerprint: None,
            how: How::Prompt,
            grade: None,
        };
        history.approve(&new, Timestamp::UNIX_EPOCH).unwrap();
        let approval = history.approval(&other, ApprovalKind::Static).unwrap().unwrap();
        let remote = Remote::new("https://wiki.example/mcp".parse().unwrap(), RemoteSettings::default());
        let made = |digest| RemoteServer::new(&remote, digest, &approval, &BTreeMap::new(), NetworkOptions::default());
        assert!(matches!(made(&own), Err(LaunchError::OtherApproval)));
        assert!(made(&other).is_ok());
    }
}
