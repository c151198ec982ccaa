//! Long runs of base64 and hexadecimal digits: code or keys in disguise; and what the short ones say.

use super::{Found, bounded, decode};
use crate::model::code::LiteralKind;

/// Base64 from here on is worth a look, whatever it holds.
const BASE64: usize = 80;
/// Hexadecimal digits likewise.
const HEX: usize = 64;
/// Shorter runs are decoded all the same: `https://a.co` takes 16 digits of base64.
const DECODED: usize = 12;
/// The first bytes of pictures, fonts and sounds, for `data:` URIs.
const MEDIA: [&[u8]; 12] = [
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"wOFF",
    b"wOF2",
    b"OTTO",
    b"\0\x01\0\0",
    b"\0\0\x01\0",
    b"ID3",
    b"OggS",
    b"BM",
];

const fn is_digit(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_')
}

/// Every run of digits that is encoded data, or that decodes to a text with something in it.
pub(super) fn runs(value: &str, out: &mut Vec<Found>) {
    let bytes = value.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !is_digit(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && is_digit(bytes[at]) {
            at += 1;
        }
        if at - start >= DECODED {
            run(value, start, at, out);
        }
    }
}

fn run(value: &str, start: usize, end: usize, out: &mut Vec<Found>) {
    let text = &value[start..end];
    let before = &value[..start];
    let hex = text.strip_prefix("0x").unwrap_or(text);
    let is_hex = hex.bytes().all(|b| b.is_ascii_hexdigit());
    let decoded = if is_hex {
        decode::hex(hex)
    } else if text.len() <= 24 && text.bytes().all(|b| b.is_ascii_lowercase()) {
        // A word.
        None
    } else {
        decode::base64(text)
    };
    if let Some(said) = decoded.as_deref().and_then(decode::printable) {
        decode::inside(said, start..end, out);
    }
    // `sha512-...` and digests by themselves say what a file is, and are no data.
    let integrity = ["sha1-", "sha256-", "sha384-", "sha512-"].iter().any(|name| text.starts_with(name));
    let digest = is_hex && matches!(hex.len(), 64 | 96 | 128) && end - start == value.trim().len();
    let is_blob = if is_hex {
        hex.len() >= HEX
    } else {
        text.len() >= BASE64 && is_dense(text)
    };
    if !is_blob || integrity || digest || is_repeated(hex) || is_media(before, text) {
        return;
    }
    out.push(Found {
        kind: LiteralKind::Blob,
        text: bounded(text),
        at: start..end,
    });
}

/// Encoded bytes mix letters of both cases and digits; names and paths do not.
fn is_dense(text: &str) -> bool {
    let count = |is: fn(&u8) -> bool| text.bytes().filter(is).count();
    let (upper, lower, digits) = (
        count(u8::is_ascii_uppercase),
        count(u8::is_ascii_lowercase),
        count(u8::is_ascii_digit),
    );
    let signs = text.len() - upper - lower - digits;
    let most = text.len();
    upper * 12 >= most && lower * 12 >= most && digits * 50 >= most && signs * 10 <= most
}

/// One character over and over, or an alphabet in its order: padding and tables.
fn is_repeated(text: &str) -> bool {
    let bytes = text.as_bytes();
    let steps = bytes
        .windows(2)
        .filter(|pair| pair[1] == pair[0] || pair[1] == pair[0].wrapping_add(1))
        .count();
    steps * 4 >= bytes.len() * 3
}

/// The content of a `data:` URI that says it is a picture, a font or a sound, and begins like one.
fn is_media(before: &str, text: &str) -> bool {
    let Some(head) = before.strip_suffix(";base64,") else {
        return false;
    };
    let tail: String = head.chars().rev().take(40).collect();
    let named = [
        "data:image/",
        "data:font/",
        "data:audio/",
        "data:video/",
        "data:application/font",
        "data:application/x-font",
    ]
    .iter()
    .any(|name| tail.contains(&name.chars().rev().collect::<String>()));
    let first = decode::base64(text.get(..16).unwrap_or(text)).unwrap_or_default();
    // Text in an SVG was read as text already.
    named && (MEDIA.iter().any(|magic| first.starts_with(magic)) || first.starts_with(b"<svg") || first.starts_with(b"<?xml"))
}
