//! Lines of a pipe: what some reader could take for a message, and where some reader ends a line.
//!
//! The attack: a line that one client skips as noise and another reads as a message, or that one
//! client reads as one line and another as two.

/// Whether a line, in the eyes of some reader, could be a JSON-RPC message: only those hold the
/// name `jsonrpc`, with letters escaped or not, in capitals or not.
pub fn mentions_rpc(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line).to_ascii_lowercase();
    if text.contains("\"jsonrpc\"") {
        return true;
    }
    let mut parts = text.split("\\u00");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let escaped = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match escaped {
            Some(byte) => {
                plain.push(char::from(byte.to_ascii_lowercase()));
                plain.push_str(&part[2..]);
            }
            None => plain.push_str(part),
        }
    }
    plain.contains("\"jsonrpc\"")
}

/// Whether a text begins like an object or an array, after what some reader skips: byte order
/// marks, spaces of all kinds, control characters, bytes that are no UTF-8.
pub fn looks_like_json(line: &[u8]) -> bool {
    let skipped =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{feff}' | '\u{fffd}' | '\u{200b}'..='\u{200f}' | '\u{2060}');
    String::from_utf8_lossy(line).trim_start_matches(skipped).starts_with(['{', '['])
}

/// Whether some readers end a line before its end: at a carriage return anywhere, and (with `any`,
/// for a line that is not JSON) at any of the characters that Unicode calls a line end. In JSON
/// those stand inside strings, where no part of a line is a message.
pub fn has_inner_line_end(line: &[u8], any: bool) -> bool {
    let ends = ['\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];
    line.contains(&b'\r') || any && String::from_utf8_lossy(line).contains(ends)
}
