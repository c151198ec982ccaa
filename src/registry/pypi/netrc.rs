//! Users and passwords from a `.netrc` file.
//!
//! Entries name hosts without port and scheme. `default` entries, which would answer any host, are
//! passed over: a password nobody wrote down for a host is not sent to it.

use super::index::Login;

/// The entry for a host: the first that names it.
pub(super) fn credential(text: &str, host: &str) -> Option<Login> {
    let mut words = Words(text);
    let (mut ours, mut login, mut password) = (false, None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" | "default" => {
                if ours {
                    break;
                }
                ours = word == "machine" && words.next()?.eq_ignore_ascii_case(host);
            }
            "login" | "user" if ours => login = words.next(),
            "password" if ours => password = words.next(),
            "login" | "user" | "password" | "account" => drop(words.next()),
            "macdef" => words.skip_macro(),
            _ => {}
        }
    }
    (ours && (login.is_some() || password.is_some())).then(|| Login::new(login.unwrap_or_default(), password.unwrap_or_default()))
}

/// Words, quoted ones with `\` escapes; a word that starts with `#` opens a comment, but a value
/// may start with one.
struct Words<'a>(&'a str);

impl Words<'_> {
    fn next(&mut self) -> Option<String> {
        self.0 = self.0.trim_start();
        let quoted = self.0.strip_prefix('"');
        let mut rest = quoted.unwrap_or(self.0).char_indices();
        let mut word = String::new();
        let end = loop {
            match rest.next() {
                None => break rest.offset(),
                Some((_, '\\')) => word.extend(rest.next().map(|(_, c)| c)),
                Some((at, '"')) if quoted.is_some() => break at + 1,
                Some((at, c)) if quoted.is_none() && c.is_whitespace() => break at,
                Some((_, c)) => word.push(c),
            }
        };
        let from = quoted.unwrap_or(self.0);
        let found = quoted.is_some() || !word.is_empty();
        self.0 = &from[end..];
        found.then_some(word)
    }

    /// A macro ends at an empty line.
    fn skip_macro(&mut self) {
        self.0 = self.0.find("\n\n").map_or("", |at| &self.0[at..]);
    }
}

/// A `.netrc` without comments: lines whose first word starts with `#`.
pub(super) fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_and_nobody_else() {
        let text = "# machine no.test login x password y\nmachine one.test\n  login me\n  password \"p w\\\"\"\n\
            macdef init\nmachine evil.test login a password b\n\nmachine two.test password only\ndefault login d password d";
        let found = |host: &str| credential(&without_comments(text), host);
        assert_eq!(found("one.test"), Some(Login::new("me", "p w\"")));
        assert_eq!(found("ONE.test"), Some(Login::new("me", "p w\"")));
        assert_eq!(found("two.test"), Some(Login::new("", "only")));
        for none in ["no.test", "evil.test", "other.test", "ne.test", ""] {
            assert_eq!(found(none), None, "{none}");
        }
    }

    #[test]
    fn half_a_file_is_no_credential() {
        for text in ["machine", "machine one.test", "machine one.test login", "\"", "\\"] {
            assert_eq!(credential(text, "one.test"), None, "{text}");
        }
    }
}
