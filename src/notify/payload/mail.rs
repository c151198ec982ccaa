//! A mail (RFC 5322, MIME), as a sendmail program reads it: lines end with a bare line feed.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::manifest::alerts::MailTarget;
use crate::notify::Alert;
use crate::notify::message::line;

/// Octets of text in one encoded word: with its frame at most 75 characters (RFC 2047, 2).
const WORD: usize = 42;

/// The whole mail. The addresses were checked when the manifest was read.
pub fn mail(alert: &Alert, target: &MailTarget) -> String {
    let message = alert.message();
    let urgent = alert.grade.map(|grade| format!("{}: ", grade.as_str())).unwrap_or_default();
    let subject = format!("[mcp-pin] {urgent}{} ({})", message.title(), line(&alert.host, 64));
    let date = alert.at.strftime("%a, %d %b %Y %H:%M:%S +0000");
    let id = format!("{}.{}.{}", alert.fingerprint, alert.kind, alert.at.as_microsecond());
    let domain = target.from.rsplit('@').next().unwrap_or("localhost");
    let mut mail = format!(
        "From: {}\nTo: {}\nSubject: {}\nDate: {date}\nMessage-ID: <{id}@{domain}>\n",
        target.from,
        target.to.join(",\n "),
        words(&subject)
    );
    mail += "Auto-Submitted: auto-generated\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n";
    mail += &quoted_printable(&body(alert));
    mail
}

fn body(alert: &Alert) -> String {
    let message = alert.message();
    let mut text = format!("{}\n\n{}\n", message.title(), message.body());
    if !alert.items.is_empty() {
        text += "\nFindings:\n";
        for item in &alert.items {
            let _ = writeln!(text, "- {} [{}] {}", item.grade, line(&item.code, 60), line(&item.title, 160));
        }
        if alert.more > 0 {
            let _ = writeln!(text, "- and {} more", alert.more);
        }
    }
    let _ = write!(text, "\nHost: {}\n", line(&alert.host, 64));
    if alert.server.is_some() {
        let _ = write!(text, "Lock: {}\nFingerprint: {}\n", line(&alert.scope, 200), alert.fingerprint);
    }
    if !alert.log_head.is_empty() {
        let _ = writeln!(text, "Log head: {}", line(&alert.log_head, 100));
    }
    text += "\nThe changed text itself is not in this mail. The command shows it.\n";
    text
}

/// A header's text as encoded words, where it is not plain ASCII, or looks like an encoded word.
fn words(text: &str) -> String {
    let plain = text.len() <= 120 && text.bytes().all(|b| (0x20..0x7f).contains(&b)) && !text.contains("=?");
    if plain {
        return text.to_owned();
    }
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.chars() {
        if word.len() + c.len_utf8() > WORD {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let encoded = |word: &String| format!("=?utf-8?B?{}?=", STANDARD.encode(word));
    words.iter().map(encoded).collect::<Vec<_>>().join("\n ")
}

/// RFC 2045, 6.7: lines of at most 76 characters, nothing but printable ASCII.
fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        let mut column = 0;
        let last = line.len().saturating_sub(1);
        for (at, byte) in line.bytes().enumerate() {
            // A dot alone on a line ends a mail for some programs, `From ` starts one for others.
            let first = column == 0 && matches!(byte, b'.' | b'F');
            let blank_at_end = at == last && byte == b' ';
            let plain = matches!(byte, b' '..=b'<' | b'>'..=b'~') && !first && !blank_at_end;
            let width = if plain { 1 } else { 3 };
            if column + width > 75 {
                out.push_str("=\n");
                column = 0;
            }
            if plain {
                out.push(char::from(byte));
            } else {
                let _ = write!(out, "={byte:02X}");
            }
            column += width;
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::{HEAD, nasty, plain};

    fn target() -> MailTarget {
        MailTarget {
            to: vec!["me@example.org".into(), "ops@example.org".into()],
            from: "pin@example.org".into(),
            sendmail: "/usr/sbin/sendmail".into(),
        }
    }

    #[test]
    fn no_text_adds_a_header() {
        for alert in [plain(), nasty()] {
            let mail = mail(&alert, &target());
            let (head, body) = mail.split_once("\n\n").unwrap();
            let names: Vec<_> = head
                .lines()
                .filter(|line| !line.starts_with(' '))
                .map(|line| line.split_once(':').unwrap().0)
                .collect();
            assert_eq!(
                names,
                [
                    "From",
                    "To",
                    "Subject",
                    "Date",
                    "Message-ID",
                    "Auto-Submitted",
                    "MIME-Version",
                    "Content-Type",
                    "Content-Transfer-Encoding"
                ]
            );
            for line in mail.lines() {
                assert!(line.len() <= 140 && line.bytes().all(|b| (0x20..0x7f).contains(&b)), "{line}");
            }
            assert!(
                body.lines()
                    .all(|line| line.len() <= 76 && line != "." && !line.starts_with("From "))
            );
        }
    }

    #[test]
    fn a_plain_one_is_plain() {
        let mail = mail(&plain(), &target());
        assert!(mail.starts_with("From: pin@example.org\nTo: me@example.org,\n ops@example.org\nSubject: [mcp-pin] warning: MCP server calc changed (box)\nDate: Tue, 14 Nov 2023 22:13:20 +0000\nMessage-ID: <"), "{mail}");
        assert!(mail.contains("- warning [tool-added] tool `x` is new\n"), "{mail}");
        assert!(mail.replace("=\n", "").contains(&format!("\nLog head: {HEAD}\n")), "{mail}");
    }

    #[test]
    fn quoted_printable_keeps_every_octet() {
        assert_eq!(quoted_printable("a=ü \n.\nFrom x\n"), "a=3D=C3=BC=20\n=2E\n=46rom x\n");
        let long = quoted_printable(&"x".repeat(200));
        assert!(long.lines().all(|line| line.len() <= 76) && long.replace("=\n", "").trim_end() == "x".repeat(200));
    }

    #[test]
    fn words_are_short_and_whole_characters() {
        let encoded = words(&"世".repeat(60));
        for word in encoded.split("\n ") {
            assert!(word.len() <= 75);
            let inner = word.strip_prefix("=?utf-8?B?").unwrap().strip_suffix("?=").unwrap();
            assert!(String::from_utf8(STANDARD.decode(inner).unwrap()).is_ok());
        }
        assert!(words("=?utf-8?Q?x?=").starts_with("=?utf-8?B?"));
    }
}
