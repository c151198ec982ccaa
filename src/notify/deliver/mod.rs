//! An alert handed to its receiver, within seconds, or a failure that says why.
//!
//! The attacks: a receiver that stays silent and holds up who waits; one that says "yes" and took
//! nothing; a file with a secret that everybody can read; an error with a secret in it.

mod http;
mod mail;
mod socket;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::payload;
use super::{Alert, DesktopBus, NotifyError, desktop};
use crate::manifest::AlertTarget;
use crate::net::post::PostError;

/// How long one delivery may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What deliveries need of the caller's world.
#[derive(Debug, Clone, Default)]
pub struct Means {
    /// Where the desktop is.
    pub bus: DesktopBus,
    /// The environment, of which the mail program gets what it needs to find its settings.
    pub env: BTreeMap<OsString, OsString>,
}

/// Why an alert was not delivered. Holds no address that may be a secret. May hold what a receiver said, as it
/// said it: show it escaped.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// The desktop.
    #[error(transparent)]
    Desktop(#[from] NotifyError),
    /// An HTTP receiver.
    #[error(transparent)]
    Http(#[from] PostError),
    /// An HTTP receiver that answered with success, and said in its answer that it took nothing.
    #[error("the receiver took the request and refused the alert: {why}")]
    Rejected {
        /// What it said, bounded.
        why: String,
    },
    /// A file with an address or a header cannot be used. The user's configuration is at fault.
    #[error("could not use {}: {why}", path.display())]
    SecretFile {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A socket.
    #[error("could not send to {to}: {source}")]
    Socket {
        /// Where.
        to: String,
        /// What the system said.
        source: io::Error,
    },
    /// The mail program could not be started or written to.
    #[error("could not hand a mail to {}: {source}", program.display())]
    Program {
        /// It.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The mail program refused.
    #[error("{} ended with {status}{said}", program.display())]
    Refused {
        /// It.
        program: PathBuf,
        /// Its status.
        status: String,
        /// One line of what it said, bounded, after a colon.
        said: String,
    },
    /// `--offline` was given.
    #[error("the network is not to be used")]
    Offline,
    /// It took too long.
    #[error("{what} took longer than {} seconds", PATIENCE.as_secs())]
    Timeout {
        /// What.
        what: &'static str,
    },
}

impl DeliverError {
    /// What to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Desktop(error) => error.hint(),
            Self::SecretFile { path, .. } => Some(format!("it has to be a file of your own, made with `chmod 600 {}`", path.display())),
            Self::Program { .. } => {
                Some("install a mail program that takes mail as sendmail does (msmtp-mta, nullmailer, postfix), or set `sendmail`".into())
            }
            Self::Http(PostError::Status {
                status: 401 | 403 | 404 | 410,
                ..
            }) => Some("the address or the token of this channel is not, or no longer, the right one".into()),
            _ => None,
        }
    }
}

/// Delivers. `Ok` means that the receiver took it (for UDP: that nothing said otherwise), not that anybody
/// read it.
///
/// # Errors
/// [`DeliverError`], after [`PATIENCE`] at the latest.
pub async fn deliver(target: &AlertTarget, alert: &Alert, means: &Means) -> Result<(), DeliverError> {
    let delivery = async {
        match target {
            AlertTarget::Desktop => Ok(desktop::send(&means.bus, &alert.message()).await?),
            AlertTarget::Webhook(to) => http::send(to, None, &payload::webhook(alert)).await.map(drop),
            AlertTarget::Slack(to) => http::send(to, None, &payload::slack::payload(alert)).await.map(drop),
            AlertTarget::Otlp(to) => {
                let answer = http::send(to, Some(payload::otlp::PATH), &payload::otlp::request(alert)).await?;
                payload::otlp::rejected(&answer).map_or(Ok(()), |why| Err(DeliverError::Rejected { why }))
            }
            AlertTarget::Mail(to) => mail::send(to, payload::mail::mail(alert, to), &means.env).await,
            AlertTarget::Syslog { address, facility } => {
                socket::syslog(address, &payload::syslog::message(alert, *facility, std::process::id())).await
            }
            AlertTarget::Journald { socket } => socket::datagram(socket, &payload::journald::datagram(alert)).await,
        }
    };
    let what = "the delivery";
    tokio::time::timeout(PATIENCE, delivery)
        .await
        .unwrap_or(Err(DeliverError::Timeout { what }))
}

/// Whether a target is beyond this machine, so that `--offline` keeps it from being used. What a mail
/// program does is its own affair.
pub fn needs_network(target: &AlertTarget) -> bool {
    use crate::manifest::alerts::{HttpAddress, SyslogAddress};
    let here = |address: &str| {
        address.starts_with("localhost:")
            || address
                .parse::<std::net::SocketAddr>()
                .is_ok_and(|address| address.ip().is_loopback())
    };
    match target {
        AlertTarget::Webhook(to) | AlertTarget::Slack(to) | AlertTarget::Otlp(to) => match &to.address {
            HttpAddress::Written(url) => !crate::manifest::receiver(url, to.insecure).is_some_and(|url| crate::net::post::is_here(&url)),
            HttpAddress::File(_) => true,
        },
        AlertTarget::Syslog { address, .. } => match address {
            SyslogAddress::Unix(_) => false,
            SyslogAddress::Udp(address) | SyslogAddress::Tcp(address) => !here(address),
        },
        AlertTarget::Mail(_) | AlertTarget::Desktop | AlertTarget::Journald { .. } => false,
    }
}
