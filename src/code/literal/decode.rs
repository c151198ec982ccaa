//! One level of disguise taken off.

use std::collections::HashSet;
use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::{Found, bounded, plain};
use crate::model::code::LiteralKind;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Words of code and of shells: text that holds one was hidden for a reason.
const CODE: [&str; 22] = [
    "eval(",
    "exec(",
    "require(",
    "import ",
    "import(",
    "function",
    "=>",
    "curl ",
    "wget ",
    "/bin/",
    "bash ",
    "sh -",
    "powershell",
    "cmd.exe",
    "child_process",
    "subprocess",
    "process.env",
    "os.environ",
    "http.get",
    "fetch(",
    "socket.",
    "chmod ",
];
/// So many character codes in a row are a text.
const CODES: usize = 24;

/// Bytes of a run of base64 digits, in either alphabet, with or without padding.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    let engine = if text.contains(['-', '_']) { &URL_SAFE } else { &STANDARD };
    // One digit over is no byte: a cut text is read as far as it goes.
    let whole = text.len() - usize::from(text.len() % 4 == 1);
    engine.decode(text.get(..whole)?).ok()
}

/// Bytes of a run of hexadecimal digits.
pub(super) fn hex(text: &str) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks_exact(2);
    pairs.map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

/// The text, where all of it is printable.
pub(super) fn printable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let shown = |b: u8| matches!(b, b'\t' | b'\n' | b'\r' | 0x20..=0x7e);
    (text.len() >= 8 && text.bytes().all(shown)).then_some(text)
}

/// What a text that was hidden says: its literals, and itself where it is code. One level, no more.
pub(super) fn inside(said: &str, at: Range<usize>, out: &mut Vec<Found>) {
    let mut found = Vec::new();
    plain(said, &mut found);
    found.extend(super::host::whole(said));
    let code = CODE.iter().any(|word| said.contains(word));
    out.extend(found.into_iter().map(|one| Found { at: at.clone(), ..one }));
    if code {
        out.push(Found {
            kind: LiteralKind::Blob,
            text: bounded(said),
            at,
        });
    }
}

/// The text with percent signs undone, where there are any.
pub(super) fn percent(text: &str) -> Option<String> {
    undo(text, b'%', |rest| Some((hex(rest.get(..2)?)?, 2)))
}

/// The text with `\xNN` and `\uNNNN` undone, which stand in it as text.
fn backslashes(text: &str) -> Option<String> {
    undo(text, b'\\', |rest| match rest.as_bytes().first()? {
        b'x' => Some((hex(rest.get(1..3)?)?, 3)),
        b'u' => {
            let code = u32::from_str_radix(rest.get(1..5)?, 16).ok()?;
            Some((char::from_u32(code)?.to_string().into_bytes(), 5))
        }
        _ => None,
    })
}

/// Undoes escapes that begin with `sign`; `None` where nothing was undone.
fn undo(text: &str, sign: u8, read: impl Fn(&str) -> Option<(Vec<u8>, usize)>) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let (mut at, mut changed) = (0, false);
    while at < text.len() {
        let b = text.as_bytes()[at];
        at += 1;
        if b == sign
            && let Some((bytes, length)) = text.get(at..).and_then(&read)
        {
            out.extend(bytes);
            at += length;
            changed = true;
        } else {
            out.push(b);
        }
    }
    changed.then(|| String::from_utf8_lossy(&out).into_owned())
}

/// Literals behind escapes that are given as text, in character codes, behind tabs and line breaks
/// (which URLs ignore), and written from right to left.
pub(super) fn escapes(value: &str, out: &mut Vec<Found>) {
    let mut known: HashSet<(LiteralKind, String)> = out.iter().map(|one| (one.kind, one.text.clone())).collect();
    let all = 0..value.len();
    let mut take = |said: &str, code: bool| {
        let mut found = Vec::new();
        if code {
            inside(said, all.clone(), &mut found);
        } else {
            plain(said, &mut found);
        }
        for one in found {
            let pair = (one.kind, one.text.clone());
            if known.insert(pair) {
                out.push(Found { at: all.clone(), ..one });
            }
        }
    };
    let once = |sign: &str| value.contains(sign);
    if ["%2", "%3", "%4", "%6", "%7"].into_iter().any(once)
        && let Some(said) = percent(value)
    {
        take(&said, false);
    }
    if once("\\x") || once("\\u00") {
        // A colour for the terminal is no disguise: most of the text has to be escapes.
        let escaped = 4 * (value.matches("\\x").count() + value.matches("\\u00").count());
        if let Some(said) = backslashes(value) {
            take(&said, escaped >= 4 * CODES && escaped * 2 >= value.len());
        }
    }
    if once("//:") {
        take(&value.chars().rev().collect::<String>(), false);
    }
    if value.len() < 300 && value.contains(['\t', '\n', '\r']) && once(":") {
        take(&value.replace(['\t', '\n', '\r'], ""), false);
    }
    if let Some(said) = character_codes(value) {
        take(&said, true);
    }
}

/// The text of a list of character codes: `104, 116, 116, ...`.
fn character_codes(value: &str) -> Option<String> {
    if !value.starts_with(|c: char| c.is_ascii_digit() || c == '[') {
        return None;
    }
    let list = value.trim_matches(['[', ']']).trim_end_matches([',', ' ', '-', '\n']);
    let separator = list.find(|c: char| !c.is_ascii_digit())?;
    let separator = list[separator..].chars().next()?;
    let codes: Option<Vec<u8>> = list.split(separator).map(|code| code.trim().parse().ok()).collect();
    let codes = codes.filter(|codes| codes.len() >= CODES)?;
    printable(&codes).map(str::to_owned)
}
