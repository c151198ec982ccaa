//! What an approval is about.
//!
//! The attack: a pull request changes something of an approved entry that the approval did not
//! cover. Both digests are taken over the wire form, which is the whole entry; nobody lists fields
//! here, so none can be forgotten.

use serde_json::{Value, json};

use super::write::{code, for_digest, server, to_value};
use crate::model::{Pin, ServerName, Sha256Digest};
use crate::surface::digest;

/// Everything that decides what is started, under which name: source, packages, launch or local
/// command. Approved before the first probe, when there is no surface yet. The guard's rules are no
/// part of it: a probe calls no tool. Nor is who hands out a remote server's tokens, and with which
/// scopes: that is found out by asking the origin, which this approval is for, and belongs to the
/// second one. It decides over no request of the probe: a token goes to the origin it was granted for,
/// whoever granted it.
pub fn static_digest(name: &ServerName, pin: &Pin) -> Sha256Digest {
    let mut without = code(pin);
    if let Some(remote) = &mut without.remote {
        remote.issuers.clear();
        remote.scopes = None;
    }
    of("static", name, to_value(&without))
}

/// The whole entry with its surface and the guard's rules: a rule that is taken back needs consent. An entry without a surface has one too, which differs from
/// its [`static_digest`]: approving to probe is not approving to run unguarded.
pub fn entry_digest(name: &ServerName, pin: &Pin) -> Sha256Digest {
    of("entry", name, to_value(&for_digest(pin)))
}

/// The entry as it stands in the file, for programs that want to see it.
pub fn entry_value(pin: &Pin) -> Value {
    to_value(&server(pin))
}

fn of(about: &str, name: &ServerName, entry: Value) -> Sha256Digest {
    let mut whole = json!({"mcp-pin": "approval/1", "about": about, "server": name.as_str()});
    // Moved: an entry may be large.
    whole["entry"] = entry;
    digest(&whole)
}
