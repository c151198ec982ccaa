//! systemd's native journal protocol: `NAME=value` lines, and values of several lines with their length.

use super::{facts, severity};
use crate::notify::Alert;
use crate::notify::message::line;

/// Marks every alert of mcp-pin: `journalctl MESSAGE_ID=5b7b6c8e1f7f4c3b9a52b3f0d1a6c7e4`.
pub const MESSAGE_ID: &str = "5b7b6c8e1f7f4c3b9a52b3f0d1a6c7e4";

/// The datagram.
pub fn datagram(alert: &Alert) -> Vec<u8> {
    let message = alert.message();
    let mut out = Vec::new();
    field(&mut out, "MESSAGE", &format!("{}\n{}", message.title(), message.body()));
    field(&mut out, "MESSAGE_ID", MESSAGE_ID);
    field(&mut out, "PRIORITY", &severity(alert).to_string());
    field(&mut out, "SYSLOG_IDENTIFIER", "mcp-pin");
    field(&mut out, "MCP_PIN_HOST", &line(&alert.host, 64));
    for (name, value) in facts(alert) {
        field(&mut out, &format!("MCP_PIN_{}", name.to_ascii_uppercase()), &value);
    }
    out
}

/// Adds a field. A value with a line end in it has its length before it, so that it cannot start a field
/// of its own.
fn field(out: &mut Vec<u8>, name: &str, value: &str) {
    out.extend_from_slice(name.as_bytes());
    if value.contains('\n') {
        out.push(b'\n');
        out.extend_from_slice(&(value.len() as u64).to_le_bytes());
    } else {
        out.push(b'=');
    }
    out.extend_from_slice(value.as_bytes());
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::{nasty, plain};

    /// Reads a datagram as the journal does.
    fn fields(mut bytes: &[u8]) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            let (head, rest) = (&bytes[..end], &bytes[end + 1..]);
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            if let Some(at) = head.iter().position(|b| *b == b'=') {
                fields.push((text(&head[..at]), text(&head[at + 1..])));
                bytes = rest;
            } else {
                let length = usize::try_from(u64::from_le_bytes(rest[..8].try_into().unwrap())).unwrap();
                fields.push((text(head), text(&rest[8..8 + length])));
                assert_eq!(rest[8 + length], b'\n');
                bytes = &rest[9 + length..];
            }
        }
        assert!(bytes.is_empty());
        fields
    }

    #[test]
    fn every_field_is_ours() {
        for alert in [plain(), nasty()] {
            let fields = fields(&datagram(&alert));
            let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(
                names,
                [
                    "MESSAGE",
                    "MESSAGE_ID",
                    "PRIORITY",
                    "SYSLOG_IDENTIFIER",
                    "MCP_PIN_HOST",
                    "MCP_PIN_KIND",
                    "MCP_PIN_SERVER",
                    "MCP_PIN_GRADE",
                    "MCP_PIN_CODES",
                    "MCP_PIN_FINGERPRINT",
                    "MCP_PIN_SCOPE",
                    "MCP_PIN_COMMAND",
                    "MCP_PIN_LOG_HEAD"
                ]
            );
            assert!(fields[0].1.starts_with("MCP server calc changed\n"), "{fields:?}");
            assert!(fields[0].1.lines().count() <= 6, "{fields:?}");
        }
        assert!(datagram(&nasty()).len() < 4096);
    }
}
