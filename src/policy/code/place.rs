//! Where a sign stands, and where an address leads.

use core::net::{IpAddr, Ipv4Addr};

use crate::model::code::CodeSign;

/// Two signs within this many lines of one file belong to one act: a call spread over lines.
const NEAR: u32 = 6;
/// Folders whose code a package does not run.
const ASIDE: [&str; 14] = [
    "__tests__",
    "benchmark",
    "benchmarks",
    "demo",
    "docs",
    "doc",
    "example",
    "examples",
    "fixtures",
    "spec",
    "specs",
    "test",
    "testing",
    "tests",
];
/// Services that take whatever is sent to them, from anybody, for somebody without a name.
const DROPS: [&str; 20] = [
    "anonfiles.com",
    "beeceptor.com",
    "burpcollaborator.net",
    "file.io",
    "gofile.io",
    "hookbin.com",
    "interact.sh",
    "ngrok-free.app",
    "ngrok.app",
    "ngrok.io",
    "oast.fun",
    "oast.live",
    "oast.pro",
    "oast.site",
    "oastify.com",
    "pastebin.com",
    "pipedream.net",
    "requestbin.com",
    "transfer.sh",
    "webhook.site",
];

/// Whether two signs stand together.
pub(super) fn near(a: &CodeSign, b: &CodeSign) -> bool {
    a.path == b.path && a.line.abs_diff(b.line) <= NEAR
}

/// Whether a file stands in a folder of tests, examples or documentation.
pub(super) fn is_aside(path: &str) -> bool {
    let mut folders = path.rsplit('/').skip(1);
    folders.any(|folder| ASIDE.contains(&folder))
}

/// Whether an address leads to this machine or its own network and so carries nothing away. The one
/// where clouds hand out their credentials is none of these.
pub(super) fn is_nowhere(host: &str) -> bool {
    let numeric = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    let host = match host.rsplit_once(':') {
        // An IPv6 address has colons of its own, and stands in brackets where a port follows.
        Some((name, port)) if numeric(port) && (name.ends_with(']') || !name.contains(':')) => name,
        _ => host,
    };
    match host.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            let local = ip.is_link_local() && ip != Ipv4Addr::new(169, 254, 169, 254);
            local || ip.is_loopback() || ip.is_private() || ip.is_unspecified() || ip.is_broadcast() || ip.is_documentation() || is_mask(ip)
        }
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unspecified() || ip.is_unicast_link_local(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

fn is_mask(ip: Ipv4Addr) -> bool {
    let bits = ip.to_bits();
    bits.leading_ones() + bits.trailing_zeros() == 32
}

/// Whether mail to an address reaches nobody: the names that are reserved for examples (RFC 2606,
/// section 3).
pub(super) fn is_reserved_mail(address: &str) -> bool {
    let domain = address.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
    ["example.com", "example.net", "example.org", "localhost"].contains(&domain.as_str())
}

/// Whether a host takes whatever is sent to it.
pub(super) fn receives_from_anybody(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default();
    DROPS
        .iter()
        .any(|drop| host.strip_suffix(drop).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// Whether a line of code reads like one that sends mail.
pub(super) fn sends_mail(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    ["sendmail", "send_mail", "sendemail", "send_email", "smtp"]
        .iter()
        .any(|word| line.contains(word))
        || words.into_iter().any(|word| {
            matches!(
                word,
                "bcc" | "cc" | "to" | "recipients" | "mailto" | "reply_to" | "replyto" | "forward_to"
            )
        })
}

/// Whether a line of code reads like a call that sends.
pub(super) fn calls_out(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let calls = [
        "fetch(",
        "request(",
        "requests.",
        "urlopen(",
        "axios",
        "httpx.",
        "http.get(",
        "https.get(",
        ".post(",
        "curl ",
        "wget ",
        "connect(",
        "websocket(",
    ];
    calls.iter().any(|call| line.contains(call))
}
