//! Pages: `https`, of a host that the user named, and written so that everybody reads the same host.
//!
//! The attacks: a page of the server's own that looks like another's, an address whose host two readers
//! see differently (`https://good.example\@evil.example`), a host that only looks right (punycode), and
//! an address of the local network.

use serde_json::Value;

use crate::surface::visible::is_invisible;

/// The host of a page that may be shown; the error names the rule.
pub(super) fn check(params: &Value, domains: &[String]) -> Result<String, String> {
    if params.get("requestedSchema").is_some() {
        return Err("it is a form and a page at once".to_owned());
    }
    let hidden = |text: &str| {
        text.chars()
            .any(|c| is_invisible(c) && !matches!(c, '\n' | '\r' | '\t' | '\u{fe0f}' | '\u{200d}'))
    };
    if params.get("message").and_then(Value::as_str).is_some_and(hidden) {
        return Err("its message has characters in it that nobody sees".to_owned());
    }
    let Some(url) = params.get("url").and_then(Value::as_str) else {
        return Err("it has no address".to_owned());
    };
    let host = host(url)?;
    if domains.iter().any(|domain| is_within(&host, domain)) {
        return Ok(host);
    }
    Err(format!("the rules name no domain that `{host}` is of"))
}

fn host(url: &str) -> Result<String, String> {
    if !url.bytes().all(|b| b.is_ascii_graphic()) || url.contains(['\\', '"', '<', '>', '`', '{', '}', '|', '^']) {
        return Err("its address has characters in it that no address has".to_owned());
    }
    let Some(rest) = url.strip_prefix("https://") else {
        return Err("its address is not an `https` one".to_owned());
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("its address has a user name in it".to_owned());
    }
    let host = match authority.split_once(':') {
        None => authority,
        Some((host, "443")) => host,
        Some(_) => return Err("its address is not at the usual port, or an IP address".to_owned()),
    };
    let host = host.to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !label.starts_with('-')
    };
    if host.split('.').any(|label| label.starts_with("xn--")) {
        return Err("its host is written in punycode, which can look like another".to_owned());
    }
    let number = |label: &str| {
        let digits = label.strip_prefix("0x").unwrap_or(label);
        !label.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) || label.starts_with("0x")
    };
    if host.rsplit('.').next().is_some_and(number) {
        return Err("its host is an IP address".to_owned());
    }
    if host.len() > 253 || !host.contains('.') || !host.split('.').all(label) {
        return Err("its host is not a plain name".to_owned());
    }
    Ok(host)
}

/// `example.com` is itself alone, `*.example.com` every host below it.
fn is_within(host: &str, domain: &str) -> bool {
    match domain.strip_prefix("*.") {
        Some(above) => host
            .strip_suffix(above)
            .is_some_and(|below| below.len() > 1 && below.ends_with('.')),
        None => host == domain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn page(url: &str) -> Result<String, String> {
        check(
            &json!({"mode": "url", "message": "Sign in", "url": url}),
            &["accounts.example.com".to_owned(), "*.example.org".to_owned()],
        )
    }

    #[test]
    fn pages_of_named_hosts_pass() {
        for (url, host) in [
            ("https://accounts.example.com", "accounts.example.com"),
            ("https://accounts.example.com/sign/in?a=b&c=%20#d", "accounts.example.com"),
            ("https://Accounts.Example.com:443/x", "accounts.example.com"),
            ("https://a.example.org/", "a.example.org"),
            ("https://a.b.example.org?x", "a.b.example.org"),
            ("https://accounts.example.com/@me", "accounts.example.com"),
        ] {
            assert_eq!(page(url), Ok(host.to_owned()), "{url}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for (url, why) in [
            ("http://accounts.example.com", "not an `https`"),
            ("HTTPS://accounts.example.com", "not an `https`"),
            ("javascript:alert(1)", "not an `https`"),
            ("https://evil.example/accounts.example.com", "no domain"),
            ("https://example.com", "no domain"),
            ("https://x.accounts.example.com", "no domain"),
            ("https://example.org", "no domain"),
            ("https://.example.org", "not a plain name"),
            ("https://evilexample.org", "no domain"),
            ("https://accounts.example.com@evil.example", "user name"),
            ("https://user:pass@accounts.example.com", "user name"),
            ("https://evil.example\\@accounts.example.com", "characters"),
            ("https://evil.example\\.example.org", "characters"),
            ("https://accounts.example.com:8443/", "port"),
            ("https://accounts.example.com.", "plain name"),
            ("https://10.0.0.1/", "IP address"),
            ("https://127.1/", "IP address"),
            ("https://0x7f.0x1/", "IP address"),
            ("https://2130706433/", "IP address"),
            ("https://[::1]/", "IP address"),
            ("https://localhost/", "plain name"),
            ("https://xn--80ak6aa92e.example.org/", "punycode"),
            ("https://ex\u{430}mple.example.org/", "characters"),
            ("https://a%2eexample.org/", "plain name"),
            ("https://accounts.example.com/ x", "characters"),
            ("https://accounts.example.com\n", "characters"),
            ("", "not an `https`"),
        ] {
            let refused = page(url).unwrap_err();
            assert!(refused.contains(why), "{url}: {refused}");
        }
        assert!(check(&json!({"url": 5}), &[]).is_err());
        assert!(check(&json!({"url": "https://accounts.example.com"}), &[]).is_err());
        let both = json!({"url": "https://a.example.org", "requestedSchema": {}});
        assert!(check(&both, &["*.example.org".into()]).is_err());
    }
}
