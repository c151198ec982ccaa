//! Floor 1: `mcp-pin.lock`, text in and values out, without I/O.
//!
//! The lock is what a project proposes to everybody. It is committed and reviewed like code, so:
//!
//! - **Complete.** With it a fresh machine needs nothing but the registry's archives: exact
//!   versions, digests, edges, the launch, and the whole surface with full definitions.
//! - **Byte-stable.** The same pins give the same bytes. Keys, packages, views and items are
//!   sorted; nothing in it depends on a machine, a clock or a platform.
//! - **Small honest diffs.** One changed tool description is one changed line and one changed
//!   digest. A definition whose digest does not fit is refused: either both move or neither.
//! - **Versioned.** `lockfileVersion` is read before anything else; a newer one is refused
//!   politely. Another tool's file of the same name is recognised and left alone.
//! - **No secrets, no addresses to fetch from.** Variables are names; packages are identifier,
//!   version, digest. Evidence names who signed and from which repository: identities, which are
//!   compared and shown, and never fetched.
//!
//! The attacks: a pull request that shows reviewers one definition and pins another (duplicate
//! keys, an edited definition, a number that two readers take differently), and a field that an
//! approval forgot to cover. Duplicate keys and inexact numbers are refused, and approvals
//! ([`static_digest`], [`entry_digest`]) are digests over the wire form itself, which is built
//! from the model's structs field by field.
//!
//! # Compatibility
//! Version 4 is written. Version 3, which has neither `guard` nor remote servers, version 2, which has
//! no Python either, and version 1, which has no `evidence` either, are read as well, and rewrite to
//! version 4 with nothing else changed. The digests of an entry are those it had under the older
//! version: approvals given then stay valid. `tests/fixtures/lock-v4.json` must read and rewrite to its own bytes for as long as this tool
//! exists, and the older ones must read. Adding a field needs a new version, because older readers
//! refuse what they do not know; that is the point.

pub mod check;
mod digest;
mod error;
mod evidence;
mod guard;
#[cfg(test)]
mod guard_tests;
mod lines;
#[cfg(test)]
mod python_tests;
mod read;
mod remote;
#[cfg(test)]
mod remote_tests;
#[cfg(test)]
pub(crate) mod sample;
mod strict;
#[cfg(test)]
mod tests;
mod wire;
mod write;

use std::collections::BTreeMap;

use crate::model::{Pin, ServerName};

pub use digest::{entry_digest, entry_value, static_digest};
pub use error::{EntryError, LockError};
pub use evidence::check_evidence;
pub use lines::lines;
pub use read::parse;
pub use wire::schema;
pub use write::write;

/// The file's name, next to `mcp-pin.toml`.
pub const FILE_NAME: &str = "mcp-pin.lock";

/// The value of `kind`, by which our files are told from another tool's of the same name.
pub const MARKER: &str = "mcp-pin/closure";

/// The newest version that is read, and the one that is written.
pub const VERSION: u64 = 4;

/// The version before evidence; still read.
const VERSION_WITHOUT_EVIDENCE: u64 = 1;

/// The version before Python; still read.
const VERSION_WITHOUT_PYTHON: u64 = 2;

/// The version before rules of the guard and remote servers; still read.
const VERSION_WITHOUT_GUARD: u64 = 3;

/// Every entry of one lock.
///
/// What it holds parsed, field by field; that its closures hang together is `check`'s to say, and
/// that anybody approved it is the history's.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lockfile {
    /// The entries by the server's local name.
    pub servers: BTreeMap<ServerName, Pin>,
}
