//! Literals that are worth a look: hosts, addresses, encoded data.
//!
//! The attack: one more recipient in one call, or one more host that a request goes to. So an e-mail
//! address is never left out for its looks, and one level of disguise is taken off: base64,
//! hexadecimal, percent signs, escapes given as text, character codes, text turned round.
//!
//! Left out is only what nobody can be reached at ([`host::is_ordinary`]), and what honest builds
//! hold by the thousand: integrity hashes, images in `data:` URIs, identifiers, versions.

mod address;
mod blob;
mod decode;
mod host;
mod wallet;

use std::collections::HashSet;
use std::ops::Range;

use crate::model::Sha256Digest;
use crate::model::code::LiteralKind;

/// The longest text of a literal that is kept whole, in characters.
const WHOLE: usize = 200;
/// What is kept of a longer one, before its digest.
const HEAD: usize = 64;

/// One literal and its place in the text it was found in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its kind.
    pub kind: LiteralKind,
    /// Its text, at most 200 characters: longer ones end in their digest.
    pub text: String,
    /// Where it stands, in bytes; for what was decoded, the place of the encoded run.
    pub at: Range<usize>,
}

/// What stands in one constant text (the value of a string, not its spelling), without repeats.
pub fn in_text(value: &str) -> Vec<(LiteralKind, String)> {
    let mut seen = HashSet::new();
    let found = places(value).into_iter().chain(host::whole(value));
    let pairs = found.map(|one| (one.kind, one.text));
    pairs.filter(|pair| seen.insert(pair.clone())).collect()
}

/// What stands in any text, in the order of the places; host names that stand by themselves are not
/// among them, since in running text `e.target` looks like one. Linear in the text.
pub fn places(value: &str) -> Vec<Found> {
    // Nothing here is shorter, and most strings are.
    if value.len() < 6 {
        return Vec::new();
    }
    let mut out = Vec::new();
    plain(value, &mut out);
    blob::runs(value, &mut out);
    decode::escapes(value, &mut out);
    out.sort_by(|a, b| {
        (a.at.start, a.at.end)
            .cmp(&(b.at.start, b.at.end))
            .then_with(|| a.text.cmp(&b.text))
    });
    out.dedup();
    out
}

/// Hosts, addresses and wallets, as they are written.
fn plain(value: &str, out: &mut Vec<Found>) {
    let taken = host::urls(value, out);
    address::emails(value, &taken, out);
    address::ips(value, &taken, out);
    wallet::wallets(value, out);
}

/// A text that fits into a sign. Two that differ anywhere stay two.
fn bounded(text: &str) -> String {
    if text.chars().count() <= WHOLE {
        return text.to_owned();
    }
    let head: String = text.chars().take(HEAD).collect();
    format!("{head}… {}", Sha256Digest::of(text))
}

#[cfg(test)]
mod tests;
