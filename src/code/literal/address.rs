//! E-mail addresses and IP addresses in any text.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::{Found, bounded, host};
use crate::model::code::LiteralKind;

/// Endings of files and of units that are no top-level domains: `icon@2x.png`, `getty@tty1.service`.
const NO_DOMAINS: [&str; 26] = [
    "png", "jpg", "jpeg", "gif", "webp", "svg", "ico", "js", "ts", "mjs", "cjs", "tsx", "jsx", "css", "scss", "html", "json", "map", "txt",
    "yml", "yaml", "toml", "lock", "tgz", "service", "socket",
];
/// The last words of pre-releases (`pkg@1.0.0-alpha.beta`), none a top-level domain.
const PRE_RELEASES: [&str; 9] = [
    "alpha",
    "beta",
    "rc",
    "next",
    "canary",
    "pre",
    "nightly",
    "snapshot",
    "experimental",
];
/// The longest local part that is read (RFC 5321 allows 64).
const LOCAL: usize = 256;
/// The longest domain that is read.
const DOMAIN: usize = 512;

/// Every e-mail address that stands in no URL's authority. `git@host:` is a repository: its host counts.
pub(super) fn emails(value: &str, taken: &[Range<usize>], out: &mut Vec<Found>) {
    for (at, _) in value.match_indices('@') {
        let next = taken.partition_point(|range| range.end <= at);
        if taken.get(next).is_some_and(|range| range.contains(&at)) {
            continue;
        }
        let start = local(value, at);
        let end = domain(value, at + 1);
        let (local, name) = (value[start..at].to_lowercase(), value[at + 1..end].to_lowercase());
        if local.is_empty() || !host::is_name(&name) || is_version(&name) || host::is_ordinary(&name) {
            continue;
        }
        let ending = name.rsplit('.').next().unwrap_or_default();
        if NO_DOMAINS.contains(&ending) {
            continue;
        }
        let repository = local == "git" && value[end..].starts_with(':');
        let (kind, text) = if repository {
            (LiteralKind::Host, name)
        } else {
            (LiteralKind::Email, format!("{local}@{name}"))
        };
        out.push(Found {
            kind,
            text: bounded(&text),
            at: start..end,
        });
    }
}

/// Where the local part before the sign at `at` begins.
fn local(value: &str, at: usize) -> usize {
    let head = &value[..at];
    let window = &head[head.char_indices().rev().nth(LOCAL).map_or(0, |(place, _)| place)..];
    // `"any thing"@host` is an address as well.
    if let Some(inner) = window.strip_suffix('"')
        && let Some(quote) = inner.rfind('"')
        && !inner[quote..].contains(['\n', '@'])
        && quote + 1 < inner.len()
        && inner[..quote].ends_with([':', ' ', ',', '<', '='])
    {
        return at - (window.len() - quote);
    }
    let part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'' | '!' | '&' | '~');
    let length: usize = window.chars().rev().take_while(|&c| part(c)).map(char::len_utf8).sum();
    let text = &window[window.len() - length..];
    at - text.trim_start_matches(['.', '\'', '-', '!', '&', '~', '%', '+']).len()
}

/// Where the domain that begins at `start` ends.
fn domain(value: &str, start: usize) -> usize {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let length: usize = value[start..]
        .chars()
        .take(DOMAIN)
        .take_while(|&c| part(c))
        .map(char::len_utf8)
        .sum();
    start + value[start..start + length].trim_end_matches(['.', '-']).len()
}

/// `1.2.3-beta.rc` after the name of a package.
fn is_version(name: &str) -> bool {
    let mut labels = name.split('.');
    let digits = |label: Option<&str>| label.is_some_and(|label| label.starts_with(|c: char| c.is_ascii_digit()));
    digits(labels.next())
        && digits(labels.next())
        && digits(labels.next())
        && labels.next_back().is_some_and(|last| PRE_RELEASES.contains(&last))
}

/// Whether somebody may be reached there: not loopback, not unset, not for documentation (RFC 5737).
pub(super) fn is_worth_v4(address: Ipv4Addr) -> bool {
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_broadcast()
        || address.is_documentation()
        || address.octets()[0] == 255)
}

/// The same for IPv6.
pub(super) fn is_worth_v6(address: Ipv6Addr) -> bool {
    let documentation = address.segments()[0] == 0x2001 && address.segments()[1] == 0xdb8;
    !(address.is_loopback() || address.is_unspecified() || documentation || address.to_ipv4_mapped().is_some_and(|v4| !is_worth_v4(v4)))
}

/// Every IP address outside the authorities of URLs.
pub(super) fn ips(value: &str, taken: &[Range<usize>], out: &mut Vec<Found>) {
    if !value.bytes().any(|b| b.is_ascii_digit() || b == b':') {
        return;
    }
    let part = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b':');
    let bytes = value.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !part(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < bytes.len() && part(bytes[at]) {
            at += 1;
        }
        let next = taken.partition_point(|range| range.end <= start);
        if at - start >= 3 && at - start < 64 && taken.get(next).is_none_or(|range| at <= range.start) {
            let text = value[start..at].trim_end_matches(['.', ':']);
            let address = v4(value, start, text).map(|ip| ip.to_string()).or_else(|| v6(value, start, text));
            out.extend(address.map(|text| Found {
                kind: LiteralKind::Ip,
                text,
                at: start..at,
            }));
        }
    }
}

/// Four numbers that are no version and no object identifier.
fn v4(value: &str, start: usize, text: &str) -> Option<Ipv4Addr> {
    let (text, port) = text.split_once(':').unwrap_or((text, ""));
    if !port.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let address: Ipv4Addr = text.parse().ok()?;
    let (before, after) = (&value[..start], &value[start + text.len()..]);
    // `Chrome/120.0.0.0`, `v1.2.3.4`, `pkg@1.2.3.4`, `1.2.3.4-rc`; an address may follow `//` or `user@`.
    let letter_slash = before
        .strip_suffix('/')
        .is_some_and(|head| head.ends_with(|c: char| c.is_alphanumeric()));
    if letter_slash || before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '^' | '~')) {
        return None;
    }
    if after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '+')) || before.ends_with("ersion ") {
        return None;
    }
    let [a, b, c, _] = address.octets();
    let identifier = a == 2 && b == 5 && matches!(c, 4 | 29);
    (is_worth_v4(address) && a != 0 && a < 240 && !identifier).then_some(address)
}

fn v6(value: &str, start: usize, text: &str) -> Option<String> {
    if text.matches(':').count() < 2 || value[..start].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
        return None;
    }
    if value[start + text.len()..].starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '(')) {
        return None;
    }
    let address: Ipv6Addr = text.parse().ok()?;
    let groups = text.split(':').filter(|group| !group.is_empty()).count();
    let long = text.split(':').next().is_some_and(|group| group.len() == 4);
    (is_worth_v6(address) && (groups > 2 || long)).then(|| address.to_string())
}
