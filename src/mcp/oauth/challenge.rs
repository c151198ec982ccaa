//! The `WWW-Authenticate` header (RFC 9110 section 11.6.1, RFC 6750, RFC 9728): hostile text. Pure.
//!
//! The attack: a header that two readers split differently, so that one takes the address of the
//! metadata from inside a quoted string. What is not exactly the grammar, or says a thing twice, is no
//! challenge here, and discovery goes on without it.

use std::collections::BTreeSet;

/// The longest header that is read.
const LONGEST: usize = 8 * 1024;
/// The most scopes that are taken from one list.
pub(super) const MOST_SCOPES: usize = 100;

/// What a server says about the token it wants.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Challenge {
    /// Where its metadata is (RFC 9728), as written: not yet checked to be an address.
    pub resource_metadata: Option<String>,
    /// The scopes it wants.
    pub scopes: BTreeSet<String>,
    /// `invalid_token`, `insufficient_scope` or another word.
    pub error: Option<String>,
}

/// The first `Bearer` challenge of a header; `None` where there is none, or the header is not
/// grammatical.
pub fn bearer(header: &str) -> Option<Challenge> {
    let found = challenges(header)?;
    let (_, parameters) = found.into_iter().find(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))?;
    let value = |name: &str| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    Some(Challenge {
        resource_metadata: value("resource_metadata"),
        scopes: value("scope").map(|text| scopes(&text)).unwrap_or_default(),
        error: value("error"),
    })
}

/// A space-separated list of scopes (RFC 6749 section 3.3); words with other characters are left
/// out.
pub(super) fn scopes(text: &str) -> BTreeSet<String> {
    text.split(' ')
        .filter(|word| is_scope(word))
        .take(MOST_SCOPES)
        .map(str::to_owned)
        .collect()
}

pub(super) fn is_scope(word: &str) -> bool {
    let allowed = |b: u8| b == 0x21 || (0x23..=0x5b).contains(&b) || (0x5d..=0x7e).contains(&b);
    !word.is_empty() && word.len() <= 200 && word.bytes().all(allowed)
}

type Parameters = Vec<(String, String)>;

/// All challenges with their parameters (names in lower case).
fn challenges(header: &str) -> Option<Vec<(String, Parameters)>> {
    if header.len() > LONGEST {
        return None;
    }
    let mut rest = Reader(header.as_bytes());
    let mut found: Vec<(String, Parameters)> = Vec::new();
    loop {
        rest.blanks();
        while rest.take(b',') {
            rest.blanks();
        }
        if rest.0.is_empty() {
            return Some(found);
        }
        let word = rest.token()?;
        let blanks = rest.blanks();
        if rest.take(b'=') && !found.is_empty() {
            let (_, parameters) = found.last_mut()?;
            let name = word.to_ascii_lowercase();
            if parameters.iter().any(|(known, _)| *known == name) {
                return None;
            }
            rest.blanks();
            parameters.push((name, rest.value()?));
        } else {
            // A scheme: then its parameters, another challenge, or base64 of a foreign scheme.
            found.push((word, Vec::new()));
            if blanks == 0 {
                rest.end_of_element()?;
                continue;
            }
            if rest.is_token68() {
                rest.token68();
            } else {
                continue;
            }
        }
        rest.blanks();
        rest.end_of_element()?;
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn blanks(&mut self) -> usize {
        let count = self.0.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        self.0 = &self.0[count..];
        count
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.0.first() == Some(&byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn end_of_element(&self) -> Option<()> {
        matches!(self.0.first(), None | Some(b',')).then_some(())
    }

    fn token(&mut self) -> Option<String> {
        let count = self.0.iter().take_while(|b| is_token(**b)).count();
        let (word, rest) = self.0.split_at(count);
        self.0 = rest;
        (count > 0).then(|| String::from_utf8_lossy(word).into_owned())
    }

    /// Base64 up to the next comma, with nothing that a parameter would have.
    fn is_token68(&self) -> bool {
        let element = self.0.split(|b| *b == b',').next().unwrap_or_default().trim_ascii_end();
        let padding = element.iter().rev().take_while(|b| **b == b'=').count();
        let text = &element[..element.len() - padding];
        !text.is_empty() && text.iter().all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(b))
    }

    fn token68(&mut self) {
        let end = self.0.iter().position(|b| *b == b',').unwrap_or(self.0.len());
        self.0 = &self.0[end..];
    }

    fn value(&mut self) -> Option<String> {
        if !self.take(b'"') {
            return self.token();
        }
        let mut text = Vec::new();
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            match byte {
                b'"' => return String::from_utf8(text).ok(),
                b'\\' => {
                    let (&escaped, rest) = self.0.split_first()?;
                    self.0 = rest;
                    text.push(escaped);
                }
                0..=0x08 | 0x0a..=0x1f | 0x7f => return None,
                other => text.push(other),
            }
        }
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_servers_send_is_read() {
        let plain = bearer(r#"Bearer resource_metadata="https://h/.well-known/x", scope="a b:c", error="invalid_token""#).unwrap();
        assert_eq!(plain.resource_metadata.as_deref(), Some("https://h/.well-known/x"));
        assert_eq!(plain.scopes, ["a", "b:c"].map(str::to_owned).into());
        assert_eq!(plain.error.as_deref(), Some("invalid_token"));
        for header in [
            "Bearer",
            "bearer ",
            "Bearer, Basic realm=x",
            "Negotiate, Bearer",
            "Negotiate YWJj==, Bearer",
        ] {
            assert_eq!(bearer(header), Some(Challenge::default()), "{header}");
        }
        let second = r#"Basic realm="a, Bearer resource_metadata=\"https://evil/\"", Bearer realm = "x" , Resource_Metadata=abc"#;
        assert_eq!(bearer(second).unwrap().resource_metadata.as_deref(), Some("abc"));
        let first = r#"Bearer scope=a, DPoP scope="b", algs="ES256""#;
        assert_eq!(bearer(first).unwrap().scopes, ["a".to_owned()].into());
    }

    #[test]
    fn what_readers_could_split_differently_is_no_challenge() {
        for header in [
            r#"Bearer scope="a", scope="b""#,
            r#"Bearer scope="a" resource_metadata="b""#,
            r#"Bearer scope="a"#,
            "Bearer scope=\"a\nb\"",
            "Bearer realm=x, scope=",
            "Bearer scope=\"a\\",
            "=x",
            "Basic realm=x",
            "",
        ] {
            assert_eq!(bearer(header), None, "{header}");
        }
        assert_eq!(bearer(&format!("Bearer scope=\"{}\"", "a ".repeat(5000))), None);
        let odd = bearer("Bearer scope=\"a b\\\"c \u{202e}d\"").unwrap();
        assert_eq!(odd.scopes, ["a".to_owned()].into());
    }
}
