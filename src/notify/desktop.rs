//! The desktop's own notifications: D-Bus on Linux and the BSDs, the system's on macOS and Windows.
//!
//! No shell, no helper program: nothing in a notification can start anything. Two kinds are sent. A
//! message has no actions. A question ([`ask`]) has two, which mean yes and no to something that this
//! very process asked and waits for; nothing is started by them, and without an answer it is no.
//!
//! Not promised: that the answer is a person's. Every program on the user's session bus can send one,
//! as it can send keys and clicks.

use std::path::PathBuf;
use std::time::Duration;

use notify_rust::{Notification, Timeout};

use super::{Message, Urgency};
use crate::guard::Said;

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

/// Whether a message could be shown now: there is a session bus, and a notification daemon on it that
/// answers. Nothing is shown.
///
/// # Errors
/// As [`send`].
#[cfg(all(unix, not(target_os = "macos")))]
pub async fn reachable(bus: &DesktopBus) -> Result<(), NotifyError> {
    bus.check()?;
    let timely = tokio::time::timeout(PATIENCE, can_ask()).await;
    timely.map_err(|_| NotifyError::Timeout)?.map(drop)
}

/// Nothing can be asked without showing something.
///
/// # Errors
/// None.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub async fn reachable(_: &DesktopBus) -> Result<(), NotifyError> {
    Ok(())
}

/// The names of the two actions. What a click on the notification itself invokes is neither.
#[cfg(all(unix, not(target_os = "macos")))]
const ALLOW: &str = "allow";
#[cfg(all(unix, not(target_os = "macos")))]
const REFUSE: &str = "refuse";

/// Asks a question with the actions "Allow" and "Refuse", and waits for the answer, at most `wait`.
/// Then it is taken from the screen.
///
/// [`Said::Nobody`]: the desktop shows no actions, or nobody answered. Only a click on "Allow" is a yes;
/// to dismiss the question is a no.
///
/// # Errors
/// As [`send`]: nobody could be asked.
#[cfg(all(unix, not(target_os = "macos")))]
pub async fn ask(bus: &DesktopBus, question: &Message, wait: Duration) -> Result<Said, NotifyError> {
    bus.check()?;
    let timely = tokio::time::timeout(PATIENCE, can_ask()).await;
    if !timely.map_err(|_| NotifyError::Timeout)?? {
        return Ok(Said::Nobody);
    }
    let mut notification = Notification::new();
    notification.appname("mcp-pin").summary(question.title()).body(question.body());
    notification.action(ALLOW, "Allow").action(REFUSE, "Refuse");
    urgent(&mut notification, Urgency::Critical);
    let shown = tokio::time::timeout(PATIENCE, notification.show_async()).await;
    let shown = shown
        .map_err(|_| NotifyError::Timeout)?
        .map_err(|error| refusal(&error.to_string()))?;
    let mut said = Said::Nobody;
    let answered = shown.wait_for_action_async(|response| {
        said = match response {
            notify_rust::NotificationResponse::Action(action) if action == ALLOW => Said::Yes,
            notify_rust::NotificationResponse::Action(action) if action == REFUSE => Said::No,
            notify_rust::NotificationResponse::Closed(notify_rust::CloseReason::Expired) => Said::Nobody,
            _ => Said::No,
        };
    });
    if tokio::time::timeout(wait, answered).await.is_err() {
        // A question that nobody waits for any more must not be answered later.
        drop(tokio::time::timeout(PATIENCE, shown.close_async()).await);
        return Ok(Said::Nobody);
    }
    Ok(said)
}

/// Whether the daemon shows actions.
#[cfg(all(unix, not(target_os = "macos")))]
async fn can_ask() -> Result<bool, NotifyError> {
    let said = tokio::task::spawn_blocking(notify_rust::get_capabilities).await;
    let capabilities = said
        .map_err(|error| NotifyError::Refused(error.to_string()))?
        .map_err(|error| refusal(&error.to_string()))?;
    Ok(capabilities.iter().any(|capability| capability == "actions"))
}

/// No such desktop can be asked yet.
///
/// # Errors
/// None.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub async fn ask(_: &DesktopBus, _: &Message, _: Duration) -> Result<Said, NotifyError> {
    Ok(Said::Nobody)
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
