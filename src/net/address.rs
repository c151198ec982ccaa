//! Which addresses a stranger may send us to. Pure.
//!
//! The attack: a remote server (or the authorization server it names) whose name resolves to this
//! machine, to the router or to a cloud's metadata service, so that a request with a token in it, or
//! its answer, reaches what no stranger can reach (server-side request forgery, DNS rebinding).
//!
//! What is not known to be public is refused: for IPv6 only `2000::/3` and well-known NAT64 count,
//! and an IPv4 address inside an IPv6 one is judged as IPv4.
//!
//! Not promised: a NAT64 prefix of a network's own looks like any public address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of address it is, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressKind {
    /// Reachable from everywhere.
    Public,
    /// This machine.
    Loopback,
    /// A network of the user's own: RFC 1918, RFC 6598 (carrier NAT), unique local addresses, and
    /// the range that local proxies hand out (198.18.0.0/15).
    Private,
    /// Link-local, or a cloud's metadata service, which hands out credentials to whoever asks.
    Metadata,
    /// Multicast, reserved, for documentation, not an address, or a dead tunnel.
    Reserved,
}

impl AddressKind {
    /// As it stands in messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Metadata => "link-local or metadata",
            Self::Reserved => "reserved or multicast",
        }
    }

    /// Whether a user's permission covers it. Nobody runs a server on a metadata address, so no
    /// permission does.
    pub const fn can_be_permitted(self) -> bool {
        matches!(self, Self::Public | Self::Loopback | Self::Private)
    }
}

/// Sorts an address.
pub fn kind_of(address: IpAddr) -> AddressKind {
    match address {
        IpAddr::V4(address) => kind_of_v4(address),
        IpAddr::V6(address) => kind_of_v6(address),
    }
}

fn kind_of_v4(address: Ipv4Addr) -> AddressKind {
    match address.octets() {
        [127, ..] => AddressKind::Loopback,
        // 168.63.129.16 and 100.100.100.200 are clouds' own services at addresses of another kind;
        // 192.0.0.192 is a third one's.
        [169, 254, ..] | [168, 63, 129, 16] | [100, 100, 100, 200] | [192, 0, 0, 192] => AddressKind::Metadata,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] | [100, 64..=127, ..] | [198, 18 | 19, ..] => AddressKind::Private,
        [0 | 224..=255, ..] | [192, 0, 0 | 2, _] | [192, 88, 99, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressKind::Reserved,
        _ => AddressKind::Public,
    }
}

fn kind_of_v6(address: Ipv6Addr) -> AddressKind {
    if address.is_loopback() {
        return AddressKind::Loopback;
    }
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressKind::Reserved,
        // An IPv4 address inside: mapped, translated (SIIT), compatible, NAT64. Which of them a
        // machine's system really routes is its own affair.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            kind_of_v4(embedded(high, low))
        }
        // 6to4 and ISATAP carry one too.
        [0x2002, high, low, ..] | [_, _, _, _, 0 | 0x200, 0x5efe, high, low] => match kind_of_v4(embedded(high, low)) {
            AddressKind::Public if address.segments()[0] & 0xe000 == 0x2000 => AddressKind::Public,
            AddressKind::Public => AddressKind::Reserved,
            other => other,
        },
        [0xfe80..=0xfebf, ..] | [0xfd00, 0x0ec2, ..] => AddressKind::Metadata,
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] | [0x64, 0xff9b, 1, ..] => AddressKind::Private,
        // Teredo, ORCHID and the rest of 2001::/23; documentation.
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => AddressKind::Reserved,
        [0x2000..=0x3fff, ..] => AddressKind::Public,
        _ => AddressKind::Reserved,
    }
}

fn embedded(high: u16, low: u16) -> Ipv4Addr {
    let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
    Ipv4Addr::new(a, b, c, d)
}

/// Whether a name is one of this machine's own (RFC 6761), wherever it is resolved.
pub fn is_local_name(name: &str) -> bool {
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> AddressKind {
        kind_of(text.parse().unwrap())
    }

    #[test]
    fn only_what_is_known_to_be_public_is_public() {
        for text in [
            "1.1.1.1",
            "100.128.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
            "2001:4860:4860::8888",
        ] {
            assert_eq!(kind(text), AddressKind::Public, "{text}");
        }
        let forms = |v4: &str| {
            let [a, b, c, d] = v4.parse::<Ipv4Addr>().unwrap().octets();
            let hex = format!("{:x}:{:x}", u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
            [
                v4.to_owned(),
                format!("::ffff:{hex}"),
                format!("::ffff:0:{hex}"),
                format!("::{hex}"),
                format!("64:ff9b::{hex}"),
                format!("2002:{hex}::1"),
                format!("2a00::5efe:{hex}"),
            ]
        };
        for (v4, expected) in [
            ("127.0.0.1", AddressKind::Loopback),
            ("127.255.0.9", AddressKind::Loopback),
            ("10.0.0.1", AddressKind::Private),
            ("172.16.0.1", AddressKind::Private),
            ("172.31.255.255", AddressKind::Private),
            ("192.168.1.1", AddressKind::Private),
            ("100.64.0.1", AddressKind::Private),
            ("198.19.0.1", AddressKind::Private),
            ("169.254.169.254", AddressKind::Metadata),
            ("168.63.129.16", AddressKind::Metadata),
            ("100.100.100.200", AddressKind::Metadata),
            ("0.1.2.3", AddressKind::Reserved),
            ("224.0.0.1", AddressKind::Reserved),
            ("240.0.0.1", AddressKind::Reserved),
            ("255.255.255.255", AddressKind::Reserved),
            ("203.0.113.7", AddressKind::Reserved),
        ] {
            for text in forms(v4) {
                assert_eq!(kind(&text), expected, "{text}");
            }
        }
        for (text, expected) in [
            ("::1", AddressKind::Loopback),
            ("::", AddressKind::Reserved),
            ("fe80::1", AddressKind::Metadata),
            ("fd00:ec2::254", AddressKind::Metadata),
            ("fd12::1", AddressKind::Private),
            ("fec0::1", AddressKind::Private),
            ("ff02::1", AddressKind::Reserved),
            ("2001::1", AddressKind::Reserved),
            ("2001:db8::1", AddressKind::Reserved),
            ("64:ff9b:1::a00:1", AddressKind::Private),
            ("100::1", AddressKind::Reserved),
            ("4000::1", AddressKind::Reserved),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn no_permission_covers_metadata() {
        assert!(kind("10.0.0.1").can_be_permitted() && kind("::1").can_be_permitted());
        assert!(!kind("169.254.169.254").can_be_permitted() && !kind("fd00:ec2::254").can_be_permitted());
        assert!(!kind("224.0.0.1").can_be_permitted() && !kind("0.0.0.0").can_be_permitted());
    }

    #[test]
    fn names_of_this_machine() {
        assert!(is_local_name("localhost") && is_local_name("LOCALHOST.") && is_local_name("a.localhost"));
        assert!(!is_local_name("localhost.example.com") && !is_local_name("notlocalhost"));
    }
}
