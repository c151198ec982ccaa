//! What Slack's incoming webhooks take, and those of Mattermost, Rocket.Chat and Discord's `/slack`.

use serde_json::{Value, json};

use crate::model::ServerName;
use crate::notify::Alert;
use crate::notify::message::line;

/// The JSON.
pub fn payload(alert: &Alert) -> Value {
    let message = alert.message();
    let mut text = format!("*{}*", plain(message.title()));
    for line in message.body().lines() {
        text += "\n";
        text += &plain(line);
    }
    let place: Vec<_> = [
        Some(format!("on {}", plain(&line(&alert.host, 60)))),
        alert.server.as_ref().map(|_| format!("in {}", plain(&line(&alert.scope, 120)))),
        alert
            .server
            .as_ref()
            .map(ServerName::as_str)
            .map(|_| format!("fingerprint {}", alert.fingerprint)),
        Some(format!("log head {}", plain(&line(&alert.log_head, 100)))).filter(|_| !alert.log_head.is_empty()),
    ]
    .into_iter()
    .flatten()
    .collect();
    text += "\n";
    text += &place.join(", ");
    json!({"text": text})
}

/// Text that is text: no mention, no link, no formatting.
///
/// `&`, `<` and `>` are Slack's own escapes. Those that follow it also read `@channel`, bare addresses
/// and Markdown, for which there is no escape that all understand: look-alikes stand in their place.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push('\u{ff20}'),
            '*' => out.push('\u{2217}'),
            '`' => out.push('\''),
            '~' => out.push('\u{223c}'),
            '[' => out.push('\u{ff3b}'),
            ']' => out.push('\u{ff3d}'),
            c => out.push(c),
        }
    }
    out.replace("://", ":\u{2044}\u{2044}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::{HEAD, nasty, plain as sample};

    #[test]
    fn nobody_is_called_and_nothing_is_a_link() {
        let text = payload(&nasty())["text"].as_str().unwrap().to_owned();
        for bad in ["<", ">", "@", "://", "](", "`", "\u{202e}", "\u{1b}", "\u{200b}"] {
            assert!(!text.contains(bad), "{bad:?} in {text}");
        }
        let without_escapes = text.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "");
        assert!(!without_escapes.contains('&'), "{text}");
        assert!(text.len() < 3000);
        // Only our own title is bold.
        assert_eq!(text.matches('*').count(), 2, "{text}");
    }

    #[test]
    fn it_reads_like_a_message() {
        let fingerprint = sample().fingerprint;
        assert_eq!(
            payload(&sample()),
            json!({"text": format!("*MCP server calc changed*\nWarning: tool 'x' is new\nLook before you use it: mcp-pin verify calc\non box, in /p/mcp-pin.lock, fingerprint {fingerprint}, log head {HEAD}")})
        );
    }
}
