//! `[alerts.NAME]`: who else hears of drift, and from which grade on.
//!
//! The attack: a clone that sends what happens on this machine to an address of its own, has a program
//! of its own started as the mail program, or takes the user's channels away. Only the user's and the
//! system's file can say anything here; what a project says is not read, and told as ignored.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use jiff::SignedDuration;

use super::{Loosening, Manifest};
use crate::model::Grade;

/// A channel tells again of what lasts this long, unless it says otherwise.
pub const REMIND: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What one file's `[alerts]` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertTables {
    /// The channels by name.
    pub channels: BTreeMap<String, AlertChannel>,
    /// The names of a project's, which are not read any further.
    pub ignored: Vec<String>,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertChannel {
    /// What is graded lower is not told. What could not be checked is always told: it may be anything.
    pub floor: Grade,
    /// After which time a drift that lasts is told again; `None` for never.
    pub remind: Option<SignedDuration>,
    /// Where to.
    pub target: AlertTarget,
}

impl AlertChannel {
    /// The channel where nothing is configured.
    pub const fn desktop() -> Self {
        Self {
            floor: Grade::Notice,
            remind: Some(REMIND),
            target: AlertTarget::Desktop,
        }
    }
}

/// Where a channel leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlertTarget {
    /// The desktop's notifications.
    Desktop,
    /// A POST of JSON of our own form.
    Webhook(HttpTarget),
    /// A POST of what Slack and those that follow it take.
    Slack(HttpTarget),
    /// OpenTelemetry logs over HTTP, as JSON.
    Otlp(HttpTarget),
    /// A program that takes mail as sendmail does.
    Mail(MailTarget),
    /// RFC 5424.
    Syslog {
        /// Where it listens.
        address: SyslogAddress,
        /// The facility's number.
        facility: u8,
    },
    /// systemd's journal.
    Journald {
        /// Its socket.
        socket: PathBuf,
    },
}

impl AlertTarget {
    /// The word in the manifest.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Webhook(_) => "webhook",
            Self::Slack(_) => "slack",
            Self::Otlp(_) => "otlp",
            Self::Mail(_) => "mail",
            Self::Syslog { .. } => "syslog",
            Self::Journald { .. } => "journald",
        }
    }
}

/// An HTTP receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpTarget {
    /// Its address.
    pub address: HttpAddress,
    /// A file with one line `Name: value`, sent as a header; mode 0600.
    pub header_file: Option<PathBuf>,
    /// Plain http also to another machine.
    pub insecure: bool,
}

/// The address of an HTTP receiver. Many are secrets: whoever knows it can write there.
#[derive(Clone, PartialEq, Eq)]
pub enum HttpAddress {
    /// In the manifest.
    Written(String),
    /// In a file of mode 0600, read when something is sent.
    File(PathBuf),
}

impl fmt::Debug for HttpAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Written(_) => f.write_str("(redacted)"),
            Self::File(path) => path.fmt(f),
        }
    }
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailTarget {
    /// Who gets it: plain addresses, at least one.
    pub to: Vec<String>,
    /// Whom it is from: a plain address.
    pub from: String,
    /// The program.
    pub sendmail: PathBuf,
}

/// Where a syslog server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyslogAddress {
    /// A datagram socket of this machine.
    Unix(PathBuf),
    /// One datagram each (RFC 5426).
    Udp(String),
    /// Counted octets (RFC 6587), without TLS.
    Tcp(String),
}

impl fmt::Display for SyslogAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Udp(address) => write!(f, "udp:{address}"),
            Self::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}

impl AlertTables {
    /// The channels in force: the system's, and the user's beside them under other names. Without any,
    /// the desktop.
    pub fn effective(system: Option<&Manifest>, user: Option<&Manifest>) -> BTreeMap<String, AlertChannel> {
        let mut channels = BTreeMap::new();
        for manifest in [user, system].into_iter().flatten() {
            channels.extend(manifest.alerts.channels.clone());
        }
        if channels.is_empty() {
            channels.insert("desktop".to_owned(), AlertChannel::desktop());
        }
        channels
    }

    /// What to say of a project's, which are ignored.
    pub fn loosening(&self) -> Option<Loosening> {
        (!self.ignored.is_empty()).then(|| Loosening {
            key: "alerts".to_owned(),
            asked: self.ignored.join(", "),
            kept: "only the alerts of your own mcp-pin.toml".to_owned(),
        })
    }
}

/// A time as the manifest writes it: `7d` or `36h`.
pub fn show_time(time: SignedDuration) -> String {
    super::policy::show_cooldown(time)
}
