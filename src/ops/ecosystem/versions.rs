//! What a registry offers of a server's own package: versions and dates, nothing of a closure.
//!
//! All of it claims. It is shown to people and decides nothing: what an update takes is resolved and
//! checked anew.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// The versions that matter to somebody who asks what is newer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offered {
    /// The newest that the requirement and the cutoff allow; `None`: no version is both.
    pub wanted: Option<String>,
    /// The newest that the requirement alone allows.
    pub matching: Option<String>,
    /// Whatever is newest.
    pub latest: Option<String>,
    /// `latest` has no wheel: it cannot be installed without running its build.
    pub latest_is_source: bool,
    /// When each version was published, as far as the registry says.
    pub dates: BTreeMap<String, Timestamp>,
}
