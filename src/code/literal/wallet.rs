//! Addresses of wallets. The attack: what is paid goes to somebody else.

use sha2::{Digest as _, Sha256};

use super::Found;
use crate::model::code::LiteralKind;

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Addresses of Ethereum's kind, of Bitcoin's two kinds with its relatives, and of Solana's where the text is
/// nothing else. Checksums are checked where there are any, so that names of things do not count.
pub(super) fn wallets(value: &str, out: &mut Vec<Found>) {
    let mut start = 0;
    for word in value.split(|c: char| !c.is_ascii_alphanumeric()) {
        let at = start..start + word.len();
        // Every separator may have its own length.
        start = at.end + value[at.end..].chars().next().map_or(0, char::len_utf8);
        if (26..=90).contains(&word.len()) && is_wallet(word, word.len() == value.trim().len()) {
            out.push(Found {
                kind: LiteralKind::Wallet,
                text: word.to_owned(),
                at,
            });
        }
    }
}

fn is_wallet(word: &str, alone: bool) -> bool {
    if let Some(hex) = word.strip_prefix("0x") {
        let varied = hex.bytes().collect::<std::collections::BTreeSet<_>>().len() > 4;
        return hex.len() == 40 && varied && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    if ["bc1", "ltc1", "tb1"].iter().any(|head| word.starts_with(head)) {
        return word.len() >= 42
            && word.bytes().any(|b| b.is_ascii_digit())
            && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    }
    match word.len() {
        26..=35 => base58(word).is_some_and(|bytes| is_checked(&bytes)),
        43 | 44 if alone && word.bytes().any(|b| b.is_ascii_digit()) && word.bytes().any(|b| b.is_ascii_uppercase()) => {
            base58(word).is_some_and(|bytes| bytes.len() == 32)
        }
        _ => false,
    }
}

fn base58(word: &str) -> Option<Vec<u8>> {
    let mut out: Vec<u8> = Vec::with_capacity(word.len());
    for b in word.bytes() {
        let mut carry = u32::try_from(BASE58.iter().position(|&digit| digit == b)?).ok()?;
        for byte in out.iter_mut().rev() {
            carry += u32::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).ok()?;
            carry >>= 8;
        }
        while carry > 0 {
            out.insert(0, u8::try_from(carry & 0xff).ok()?);
            carry >>= 8;
        }
    }
    let zeros = word.bytes().take_while(|&b| b == b'1').count();
    Some([vec![0; zeros], out].concat())
}

fn is_checked(bytes: &[u8]) -> bool {
    bytes.len() == 25 && Sha256::digest(Sha256::digest(&bytes[..21])).starts_with(&bytes[21..])
}
