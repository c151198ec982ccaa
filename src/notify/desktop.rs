//! The desktop's own notifications: D-Bus on Linux and the BSDs, the system's on macOS and Windows.
//!
//! No shell, no helper program, no actions: nothing in a notification can start anything.

use std::path::PathBuf;
use std::time::Duration;

use notify_rust::{Notification, Timeout};

use super::{Message, Urgency};

/// How long a notification daemon may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the desktop is, as the caller's environment says.
///
/// The D-Bus library reads the same two variables itself when it connects; they are asked for here
/// so that "there is no desktop" is an answer of its own and not a failed connection, and so that
/// an address that would start a program is refused.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DesktopBus {
    /// `DBUS_SESSION_BUS_ADDRESS`.
    pub address: Option<String>,
    /// `XDG_RUNTIME_DIR`, or `/run/user/UID`, where a session bus has its socket `bus`.
    pub runtime_dir: Option<PathBuf>,
}

impl DesktopBus {
    /// Whether there is a session bus that may be connected to.
    fn check(&self) -> Result<(), NotifyError> {
        if !cfg!(all(unix, not(target_os = "macos"))) {
            return Ok(());
        }
        match &self.address {
            // `unixexec:` and `autolaunch:` start programs.
            Some(address) if address.starts_with("unix:") || address.starts_with("tcp:") => Ok(()),
            Some(address) => Err(NotifyError::Address {
                scheme: address.split(':').next().unwrap_or_default().chars().take(20).collect(),
            }),
            None if self.runtime_dir.as_ref().is_some_and(|dir| dir.join("bus").exists()) => Ok(()),
            None => Err(NotifyError::NoDesktop),
        }
    }
}

/// Why nobody was told. Never to be taken for "nothing to tell".
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// No session bus: cron, SSH, a container. Nobody's fault.
    #[error("there is no desktop session to notify")]
    NoDesktop,
    /// The session bus's address is of a kind that is not connected to. The environment is at
    /// fault.
    #[error("`{scheme}:` is not a kind of D-Bus address that mcp-pin connects to")]
    Address {
        /// What stands before the colon.
        scheme: String,
    },
    /// There is a session bus, and no notification daemon on it. The desktop is at fault.
    #[error("no notification daemon runs in this desktop session")]
    NoDaemon,
    /// The daemon did not answer. The desktop is at fault.
    #[error("the notification daemon did not answer within {} seconds", PATIENCE.as_secs())]
    Timeout,
    /// Anything else that the desktop answered.
    #[error("the desktop refused the notification: {0}")]
    Refused(String),
}

impl NotifyError {
    /// What to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoDesktop => Some(
                "from cron, set XDG_RUNTIME_DIR=/run/user/UID in the crontab, or use a systemd user timer; the exit status tells as well"
                    .into(),
            ),
            Self::NoDaemon => Some("start the desktop's notification daemon, or install one (dunst, mako)".into()),
            Self::Address { .. } => Some("unset DBUS_SESSION_BUS_ADDRESS, or set it to a `unix:` address".into()),
            Self::Timeout | Self::Refused(_) => None,
        }
    }
}

/// Shows a message and waits until the daemon has taken it, at most a few seconds.
///
/// `Ok` means that the desktop accepted it, not that anybody read it.
pub async fn send(bus: &DesktopBus, message: &Message) -> Result<(), NotifyError> {
    bus.check()?;
    let mut notification = Notification::new();
    notification.appname("mcp-pin").summary(message.title()).body(message.body());
    urgent(&mut notification, message.urgency());
    match tokio::time::timeout(PATIENCE, show(notification)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(refusal(&error)),
        Err(_) => Err(NotifyError::Timeout),
    }
}

fn refusal(error: &str) -> NotifyError {
    // `Spawn`: the bus tried to start one, and it died.
    if ["ServiceUnknown", "NameHasNoOwner", "DBus.Error.Spawn."]
        .iter()
        .any(|name| error.contains(name))
    {
        NotifyError::NoDaemon
    } else {
        NotifyError::Refused(crate::surface::visible(error))
    }
}

#[cfg(target_os = "macos")]
fn urgent(notification: &mut Notification, _: Urgency) {
    notification.timeout(Timeout::Default);
}

#[cfg(not(target_os = "macos"))]
fn urgent(notification: &mut Notification, urgency: Urgency) {
    match urgency {
        Urgency::Normal => notification.urgency(notify_rust::Urgency::Normal).timeout(Timeout::Default),
        Urgency::Critical => notification.urgency(notify_rust::Urgency::Critical).timeout(Timeout::Never),
    };
}

#[cfg(all(unix, not(target_os = "macos")))]
async fn show(notification: Notification) -> Result<(), String> {
    notification.show_async().await.map(drop).map_err(|error| error.to_string())
}

#[cfg(not(all(unix, not(target_os = "macos"))))]
async fn show(notification: Notification) -> Result<(), String> {
    let shown = tokio::task::spawn_blocking(move || notification.show().map(drop).map_err(|error| error.to_string()));
    shown.await.unwrap_or_else(|error| Err(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fingerprint;

    fn sample() -> Message {
        let evil = "CRITICAL: tool `<b>read</b> & \u{202e}x` says something else";
        Message::new(
            "MCP server memory changed",
            &[evil, "Look before you use it: mcp-pin verify memory"],
            Urgency::Critical,
            Fingerprint::of_canonical(b"x"),
        )
    }

    #[tokio::test]
    async fn no_session_bus_is_an_answer_of_its_own() {
        let nowhere = DesktopBus {
            address: None,
            runtime_dir: Some("/nonexistent".into()),
        };
        let error = send(&nowhere, &sample()).await.unwrap_err();
        assert!(matches!(error, NotifyError::NoDesktop) && error.hint().is_some(), "{error:?}");
        assert!(matches!(send(&DesktopBus::default(), &sample()).await, Err(NotifyError::NoDesktop)));
    }

    #[tokio::test]
    async fn an_address_that_starts_a_program_is_refused() {
        for address in ["unixexec:path=/bin/sh,argv1=-c,argv2=true", "autolaunch:", ""] {
            let bus = DesktopBus {
                address: Some(address.into()),
                runtime_dir: None,
            };
            assert!(matches!(send(&bus, &sample()).await, Err(NotifyError::Address { .. })), "{address}");
        }
    }
}
