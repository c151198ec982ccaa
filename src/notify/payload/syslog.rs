//! RFC 5424, and its frames on TCP (RFC 6587, octet counting).

use std::fmt::Write as _;

use super::{facts, severity};
use crate::notify::Alert;
use crate::notify::message::bounded;

/// Every receiver takes 480 octets and should take this many (RFC 5424, 6.1): nothing is longer.
const LARGEST: usize = 2048;

/// The element's name. The number is the one set aside for examples (RFC 5612): mcp-pin has none of its
/// own.
const ELEMENT: &str = "mcpPin@32473";

/// One message, without a frame.
pub fn message(alert: &Alert, facility: u8, pid: u32) -> Vec<u8> {
    let priority = u16::from(facility) * 8 + u16::from(severity(alert));
    let host = name(&alert.host, 255);
    let kind = alert.kind.as_str();
    let mut text = format!("<{priority}>1 {:.6} {host} mcp-pin {pid} {kind} [{ELEMENT}", alert.at);
    for (key, value) in facts(alert) {
        // Writing to a string does not fail.
        let _ = write!(text, " {key}=\"{}\"", escaped(&value));
    }
    text.push_str("] \u{feff}");
    let message = alert.message();
    let mut said = message.title().to_owned();
    for line in message.body().lines() {
        said += if said.ends_with('.') { " " } else { ". " };
        said += line;
    }
    let mut room = said.chars().count();
    while text.len() + bounded(&said, room).len() > LARGEST && room > 0 {
        room -= 1;
    }
    text.push_str(&bounded(&said, room));
    text.into_bytes()
}

/// A message with its length before it.
pub fn counted(message: &[u8]) -> Vec<u8> {
    let mut frame = format!("{} ", message.len()).into_bytes();
    frame.extend_from_slice(message);
    frame
}

/// A value of a parameter: three characters have an escape (RFC 5424, 6.3.3).
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// The name of a machine: what such names consist of, or `-`.
fn name(text: &str, most: usize) -> String {
    let name: String = text
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || ".:-_".contains(*c))
        .take(most)
        .collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::{HEAD, nasty, plain};

    #[test]
    fn it_is_what_the_rfc_says() {
        let alert = plain();
        let said = String::from_utf8(message(&alert, 10, 42)).unwrap();
        assert_eq!(
            said,
            format!(
                "<84>1 2023-11-14T22:13:20.000000Z box mcp-pin 42 drift [mcpPin@32473 kind=\"drift\" server=\"calc\" grade=\"warning\" codes=\"tool-added\" fingerprint=\"{}\" scope=\"/p/mcp-pin.lock\" command=\"mcp-pin verify calc\" log_head=\"{HEAD}\"] \u{feff}MCP server calc changed. Warning: tool `x` is new. Look before you use it: mcp-pin verify calc",
                alert.fingerprint
            )
        );
        assert_eq!(counted(b"abc"), b"3 abc");
    }

    #[test]
    fn no_text_ends_an_element_or_a_line() {
        let said = String::from_utf8(message(&nasty(), 1, 1)).unwrap();
        assert!(said.len() <= LARGEST, "{}", said.len());
        assert!(!said.chars().any(|c| c.is_control() || c == '\u{202e}'), "{said}");
        assert!(said.starts_with("<10>1 2023"), "{said}");
        // The element ends where ours does: at the first `]` that no backslash stands before.
        let mut escaped = false;
        let end = said.char_indices().skip(said.find("[mcpPin").unwrap()).find(|(_, c)| {
            let ends = *c == ']' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let (end, _) = end.unwrap();
        assert_eq!(said[..end].matches('"').count() - said[..end].matches("\\\"").count(), 16);
        assert!(said[end..].starts_with("] \u{feff}MCP server calc changed"), "{}", &said[end..]);
        // The host is one word.
        assert_eq!(said.split(' ').nth(3), Some("mcp-pin"));
    }
}
