//! Credentials that cannot be printed.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// An `Authorization` header's value. `Debug` and `Display` never show it: what a log, an error or
/// a report prints of it is `(redacted)`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A bearer token.
    pub fn bearer(token: &str) -> Self {
        Self(format!("Bearer {token}"))
    }

    /// `user:password` that is already base64, as npm's `_auth` holds it.
    pub fn basic_encoded(encoded: &str) -> Self {
        Self(format!("Basic {encoded}"))
    }

    /// A user and a password in the clear.
    pub fn basic(user: &str, password: &str) -> Self {
        Self::basic_encoded(&STANDARD.encode(format!("{user}:{password}")))
    }

    /// The header's value, for the one place that sends it.
    pub(super) fn header(&self) -> Option<reqwest::header::HeaderValue> {
        let mut value = reqwest::header::HeaderValue::from_str(&self.0).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_prints_a_secret() {
        let secret = Secret::basic("user", "hunter2");
        assert_eq!(
            format!("{secret} {secret:?} {:?}", Some(&secret)),
            "(redacted) (redacted) Some((redacted))"
        );
        let header = secret.header().unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic dXNlcjpodW50ZXIy");
        assert!(!format!("{header:?}").contains("dXNl"));
    }
}
