//! What is proved.

use jiff::Timestamp;

use super::claims::Claims;
use super::log::LogEntry;
use crate::model::Identity;

/// A proof: the bundle's signature holds over exactly the artifact (or a statement about it), its
/// log entry is in the log, and the signer was entitled at the time of signing.
///
/// Only [`prove`](super::prove()) makes one:
///
/// ```compile_fail,E0451
/// use mcp_pin::verify::sigstore::Proof;
///
/// let forged = Proof { claims: None, statement: None, times: Vec::new(), entries: Vec::new(), timestamps: 0 };
/// ```
///
/// ```compile_fail,E0599
/// use mcp_pin::verify::sigstore::Proof;
///
/// let forged = Proof::default();
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    pub(super) claims: Option<Claims>,
    pub(super) statement: Option<Vec<u8>>,
    pub(super) times: Vec<Timestamp>,
    pub(super) entries: Vec<LogEntry>,
    pub(super) timestamps: usize,
}

impl Proof {
    /// Who signed; `None` where a key signed.
    pub fn identity(&self) -> Option<&Identity> {
        self.claims.as_ref().map(|claims| &claims.identity)
    }

    /// The ref that was built, from the certificate.
    pub fn git_ref(&self) -> Option<&str> {
        self.claims.as_ref()?.git_ref.as_deref()
    }

    /// The commit that was built, from the certificate.
    pub fn commit(&self) -> Option<&str> {
        self.claims.as_ref()?.commit.as_deref()
    }

    /// The page of the run that signed, from the certificate.
    pub fn run(&self) -> Option<&str> {
        self.claims.as_ref()?.run.as_deref()
    }

    /// The event that started the run (`push`, `release`), from the certificate.
    pub fn trigger(&self) -> Option<&str> {
        self.claims.as_ref()?.trigger.as_deref()
    }

    /// Whether the source repository was `public` when it was signed, from the certificate.
    pub fn visibility(&self) -> Option<&str> {
        self.claims.as_ref()?.visibility.as_deref()
    }

    /// The signed in-toto statement's bytes; `None` for a signature over the artifact itself.
    pub fn statement(&self) -> Option<&[u8]> {
        self.statement.as_deref()
    }

    /// The earliest proved time: a log's or a timestamp authority's.
    pub fn logged_at(&self) -> Option<Timestamp> {
        self.times.iter().min().copied()
    }

    /// Every proved time: of logs and of timestamp authorities.
    pub fn times(&self) -> &[Timestamp] {
        &self.times
    }

    /// The proved log entries, and what each is proved with.
    pub fn entries(&self) -> &[LogEntry] {
        &self.entries
    }

    /// What exactly was checked of logs and times, a line each, for people.
    pub fn log_checks(&self) -> Vec<String> {
        let entries = self.entries.iter().map(|entry| {
            let with = match (entry.inclusion, entry.signed_timestamp) {
                (true, true) => "inclusion proof, checkpoint and signed entry timestamp",
                (true, false) => "inclusion proof and checkpoint",
                (false, _) => "signed entry timestamp alone: the log's promise, without proof that it was kept",
            };
            format!("entry {} of {}: {with}", entry.index, entry.log)
        });
        let stamps = (self.timestamps > 0).then(|| match self.timestamps {
            1 => "time signed by a timestamp authority".to_owned(),
            count => format!("time signed by {count} timestamps of authorities"),
        });
        entries.chain(stamps).collect()
    }
}
