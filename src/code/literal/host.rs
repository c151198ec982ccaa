//! Hosts of URLs, read the lenient way `fetch` reads them (the URL standard of WHATWG), and host names
//! that stand by themselves.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::{Found, address, bounded};
use crate::model::code::LiteralKind;

/// Schemes whose URLs work with one slash, a backslash, or no slash at all.
const SPECIAL: [&str; 7] = ["https", "http", "wss", "ws", "ftp", "ftps", "sftp"];

/// Hosts that are named in code for what they stand for and not to be talked to: vocabularies and the
/// pages of standards. Nobody can read there what was sent. No host where users have pages.
const ORDINARY: [&str; 20] = [
    "json-schema.org",
    "w3.org",
    "schema.org",
    "schemas.xmlsoap.org",
    "schemas.microsoft.com",
    "schemas.openxmlformats.org",
    "ns.adobe.com",
    "spdx.org",
    "ietf.org",
    "rfc-editor.org",
    "ecma-international.org",
    "tc39.es",
    "whatwg.org",
    "unicode.org",
    "developer.mozilla.org",
    "docs.python.org",
    "peps.python.org",
    "modelcontextprotocol.io",
    "opensource.org",
    "semver.org",
];

/// Endings that make a string of two labels a host name. No words that properties are called by
/// (`name`, `id`, `info`, `target`): with those it takes three labels.
const STRONG: [&str; 34] = [
    "com", "net", "org", "io", "ai", "dev", "app", "xyz", "site", "club", "online", "ru", "cn", "de", "uk", "fr", "nl", "eu", "tk", "ml",
    "cf", "gq", "ga", "cc", "biz", "fun", "icu", "vip", "su", "onion", "cloud", "space", "pro", "pw",
];
/// Endings that make a string of three labels one.
const LIKELY: [&str; 30] = [
    "me", "sh", "to", "in", "info", "co", "us", "ca", "br", "jp", "kr", "tw", "hk", "sg", "au", "it", "es", "pl", "se", "no", "ch", "at",
    "be", "cz", "ua", "ir", "live", "tech", "store", "top",
];
/// Two-label names with weak endings that data is known to be sent to.
const DROPS: [&str; 8] = [
    "t.me",
    "transfer.sh",
    "0x0.st",
    "oast.me",
    "oast.live",
    "dpaste.live",
    "temp.sh",
    "ix.st",
];
/// After these words in a string, a bare host is one.
const FETCHERS: [&str; 12] = [
    "curl", "wget", "nc", "ncat", "ping", "nslookup", "dig", "ssh", "scp", "rsync", "telnet", "openssl",
];

/// Every URL with a host; gives back the places of their authorities, in order.
pub(super) fn urls(value: &str, out: &mut Vec<Found>) -> Vec<Range<usize>> {
    let mut taken: Vec<Range<usize>> = Vec::new();
    let mut read_to = 0;
    for (colon, _) in value.match_indices(':') {
        let head = &value.as_bytes()[..colon];
        let length = head
            .iter()
            .rev()
            .take(32)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
            .count();
        let scheme = value[colon - length..colon].to_ascii_lowercase();
        let rest = &value[colon + 1..];
        let slashes = rest
            .bytes()
            .take_while(|b| matches!(b, b'/' | b'\\' | b'\t' | b'\n' | b'\r'))
            .count();
        // `xhttps://` is a scheme to nobody, but text before a URL is often glued to it.
        let special = SPECIAL.iter().any(|name| scheme.ends_with(name));
        if scheme.is_empty() || !(special || rest.starts_with("//")) {
            continue;
        }
        let start = colon + 1 + slashes;
        if start < read_to {
            continue;
        }
        let (end, is_host) = authority(value, start, slashes == 0 || !special, out);
        read_to = end;
        if is_host {
            taken.push(colon - length..end);
        }
    }
    // A URL without a scheme takes that of the page.
    if let Some(rest) = value.strip_prefix("//")
        && !rest.starts_with('/')
        && let (end, true) = authority(value, 2, true, out)
    {
        taken.insert(0, 0..end);
    }
    taken
}

/// Reads the authority at `start`: where it ends, and whether it is one. `strict`: it counts only with
/// a known ending.
fn authority(value: &str, start: usize, strict: bool, out: &mut Vec<Found>) -> (usize, bool) {
    const STOPS: [char; 19] = [
        '/', '\\', '?', '#', '"', '\'', '`', '<', '>', '(', ')', ',', ';', '|', '^', '{', '}', '$', '*',
    ];
    let rest = &value[start..];
    let stop = |c: char| c.is_whitespace() || c.is_control() || STOPS.contains(&c);
    let end = start + rest.find(stop).unwrap_or(rest.len());
    let text = value[start..end].rsplit('@').next().unwrap_or_default();
    let Some((kind, name)) = read_host(text) else {
        return (end, false);
    };
    let known = kind == LiteralKind::Ip || !strict || is_likely(name.split(':').next().unwrap_or_default(), true);
    if known && !is_ordinary(&name) {
        out.push(Found {
            kind,
            text: bounded(&name),
            at: start..end,
        });
    }
    (end, true)
}

/// A host with its port as it is compared: lower case, percent signs undone, addresses in any of the
/// forms that URLs allow in their one usual form. `None` where it is none.
fn read_host(text: &str) -> Option<(LiteralKind, String)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (inner, rest) = rest.split_once(']')?;
        let address: Ipv6Addr = inner.split('%').next()?.parse().ok()?;
        return address::is_worth_v6(address).then(|| (LiteralKind::Ip, format!("{address}{}", port(rest))));
    }
    let text: String = super::decode::percent(text).unwrap_or_else(|| text.to_owned());
    // What the standard maps to a full stop.
    let text = text.to_lowercase().replace(['\u{3002}', '\u{ff0e}', '\u{ff61}'], ".");
    let (name, tail) = text
        .split_once(':')
        .map_or((text.as_str(), ""), |(name, _)| (name, &text[name.len()..]));
    let name = name.trim_matches(|c: char| matches!(c, '.' | ']' | '[' | '-' | '!' | '&' | '=' | '~' | '%'));
    if let Some(address) = loose_v4(name) {
        return address::is_worth_v4(address).then(|| (LiteralKind::Ip, format!("{address}{}", port(tail))));
    }
    is_name(name).then(|| (LiteralKind::Host, format!("{name}{}", port(tail))))
}

fn port(tail: &str) -> String {
    let digits: String = tail
        .strip_prefix(':')
        .unwrap_or_default()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    if digits.is_empty() { digits } else { format!(":{digits}") }
}

/// An IPv4 address in any form that URLs allow: one to four numbers, decimal, octal or hexadecimal.
fn loose_v4(name: &str) -> Option<Ipv4Addr> {
    let parts: Vec<_> = name.split('.').collect();
    let (last, front) = parts.split_last()?;
    if front.len() > 3 {
        return None;
    }
    let number = |text: &str| match text.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(if digits.is_empty() { "0" } else { digits }, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u32::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    };
    let mut out: u32 = 0;
    for (at, part) in front.iter().enumerate() {
        let part = number(part).filter(|&n| n < 256)?;
        out |= part << (24 - 8 * at);
    }
    let last = number(last)?;
    let room = u32::MAX.checked_shr(u32::try_from(8 * front.len()).ok()?)?;
    (last <= room).then_some(Ipv4Addr::from(out | last))
}

/// Labels of letters, digits and hyphens, at least two, the last of letters.
pub(super) fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_') || !c.is_ascii())
    };
    let Some((front, last)) = name.rsplit_once('.') else {
        return false;
    };
    front.split('.').all(label)
        && label(last)
        && (last.starts_with("xn--") || (last.chars().count() >= 2 && last.chars().all(char::is_alphabetic)))
}

/// Whether nobody can be reached there: loopback and reserved names (RFC 2606, RFC 6761), and
/// vocabularies of standards.
pub(super) fn is_ordinary(name: &str) -> bool {
    let name = name.split(':').next().unwrap_or(name);
    let within = |host: &str| name.strip_suffix(host).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    [
        "localhost",
        "example",
        "test",
        "invalid",
        "example.com",
        "example.net",
        "example.org",
    ]
    .into_iter()
    .any(within)
        || ORDINARY.into_iter().any(within)
}

/// Whether a name that stands by itself is very likely a host. `in_url`: it stands where a host would.
fn is_likely(name: &str, in_url: bool) -> bool {
    if !is_name(name) || name.contains('_') {
        return false;
    }
    let labels = name.split('.').count();
    let ending = name.rsplit('.').next().unwrap_or_default();
    STRONG.contains(&ending) || ending.starts_with("xn--") || DROPS.contains(&name) || ((labels > 2 || in_url) && LIKELY.contains(&ending))
}

/// Host names in a string that is one, perhaps with a port or a path, or in a line that fetches.
pub(super) fn whole(value: &str) -> Vec<Found> {
    let trimmed = value.trim();
    if trimmed.len() > 2000 || trimmed.contains("://") || !trimmed.contains('.') {
        return Vec::new();
    }
    let lower = trimmed.to_ascii_lowercase();
    let words = || lower.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ';' | '|' | '&' | '(' | ')' | '='));
    if lower.contains(char::is_whitespace) {
        if !words().any(|word| FETCHERS.contains(&word.rsplit('/').next().unwrap_or(word))) {
            return Vec::new();
        }
        return words().filter_map(|word| bare(word, value.len())).collect();
    }
    bare(&lower, value.len()).into_iter().collect()
}

/// One word as a host. A leading full stop is what a computed label leaves behind: `${data}.host`.
fn bare(word: &str, length: usize) -> Option<Found> {
    let word = word.trim_start_matches(['.', '/']);
    if word.contains('@') {
        // An address, which is told as one.
        return None;
    }
    let end = word.find(['/', '?', '#']).unwrap_or(word.len());
    let (name, tail) = word[..end]
        .split_once(':')
        .map_or((&word[..end], ""), |(name, _)| (name, &word[name.len()..end]));
    let name = name.trim_end_matches('.');
    (is_likely(name, false) && !is_ordinary(name)).then(|| Found {
        kind: LiteralKind::Host,
        text: bounded(&format!("{name}{}", port(tail))),
        at: 0..length,
    })
}
