//! Floor 2: what the registries say, and the bytes they hold; and where trust roots and
//! the files of another git revision come from.

pub mod git;
pub mod npm;
mod program;
pub mod pypi;
pub mod tuf;

use std::collections::BTreeMap;
use std::ffi::OsString;

/// The environment a process was started with, as a value.
pub type Environment = BTreeMap<OsString, OsString>;
