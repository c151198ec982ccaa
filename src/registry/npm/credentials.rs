//! Credentials from `.npmrc` files and the environment.
//!
//! npm does not show them, so the files are read here, in npm's own spelling. A credential goes
//! only to addresses below the host and path it is written for: a registry that names an archive
//! on another host does not get it, and one that names an archive of the same host without
//! encryption does not either.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use reqwest::Url;

use crate::net::Secret;

use super::Environment;

/// The raw settings of one `.npmrc`, after `${VAR}` was filled in. Never printed.
pub(super) type Raw = BTreeMap<String, String>;

/// Who we are to which host.
#[derive(Debug, Clone, Default)]
pub(super) struct Credentials(Vec<(String, Secret)>);

impl Credentials {
    /// Gathers what is bound to a host. Unbound `_auth` and `_authToken` lines are ignored, as npm
    /// ignores them.
    pub(super) fn gather(raw: &Raw) -> Self {
        let mut found = Vec::new();
        for place in raw.keys().filter_map(|key| place_of(key)) {
            let value = |kind: &str| {
                let either = [format!("{place}:{kind}"), format!("{place}/:{kind}")];
                either.iter().find_map(|key| raw.get(key)).filter(|value| !value.is_empty())
            };
            let secret = match (value("_authToken"), value("_auth"), value("username"), value("_password")) {
                (Some(token), ..) => Secret::bearer(token),
                (_, Some(encoded), ..) => Secret::basic_encoded(encoded),
                (_, _, Some(user), Some(password)) => match decode(password) {
                    Some(password) => Secret::basic(user, &password),
                    None => continue,
                },
                _ => continue,
            };
            if !found.iter().any(|(known, _)| known == place) {
                found.push((place.to_owned(), secret));
            }
        }
        // The longest place that fits wins.
        found.sort_by_key(|(place, _)| std::cmp::Reverse(place.len()));
        Self(found)
    }

    /// The credential for an address, if one is written for its host and a path above it.
    ///
    /// npm's settings name hosts without a scheme. The attack: a document that says
    /// `http://same-host/…` would have the token sent where everybody on the way reads it. So
    /// without encryption it is sent only to the origin of one of `registries`, which the user
    /// wrote that way.
    pub(super) fn for_url<'r>(&self, url: &str, mut registries: impl Iterator<Item = &'r str>) -> Option<&Secret> {
        let url = Url::parse(url).ok()?;
        let asked = |registry: &str| Url::parse(registry).is_ok_and(|registry| registry.origin() == url.origin());
        if url.scheme() != "https" && !registries.any(asked) {
            return None;
        }
        let host = url.host_str()?;
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let address = format!("//{host}{port}{}", url.path());
        let fits = |place: &str| {
            address
                .strip_prefix(place)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.0.iter().find(|(place, _)| fits(place)).map(|(_, secret)| secret)
    }
}

/// `//host/path/:_authToken` -> `//host/path`.
fn place_of(key: &str) -> Option<&str> {
    let (place, kind) = key.rsplit_once(':')?;
    let known = matches!(kind, "_authToken" | "_auth" | "username" | "_password");
    (known && place.len() > 2 && place.starts_with("//")).then(|| place.trim_end_matches('/'))
}

fn decode(encoded: &str) -> Option<String> {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    String::from_utf8(bytes).ok()
}

/// Reads an `.npmrc`: `key = value` lines, `;` and `#` comments, quotes, `${VAR}`.
pub(super) fn parse(text: &str, env: &Environment) -> Raw {
    let mut raw = Raw::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('[') {
            // What follows belongs to a section: npm does not read it as its own.
            break;
        }
        if line.is_empty() || line.starts_with([';', '#']) {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        let key = filled(&plain(key), env);
        match key.strip_suffix("[]") {
            Some(list) => {
                let joined = raw.entry(list.to_owned()).or_default();
                if !joined.is_empty() {
                    joined.push('\n');
                }
                joined.push_str(&filled(&plain(value), env));
            }
            None => {
                raw.insert(key, filled(&plain(value), env));
            }
        }
    }
    raw
}

/// A value without quotes, or without its trailing comment.
fn plain(text: &str) -> String {
    let text = text.trim();
    let quoted = |quote: char| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote);
    if quoted('"') {
        return serde_json::from_str(text).unwrap_or_else(|_| text[1..text.len() - 1].to_owned());
    }
    if quoted('\'') {
        return text[1..text.len() - 1].to_owned();
    }
    let mut out = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match c {
            ';' | '#' => break,
            '\\' => match characters.next() {
                Some(escaped @ (';' | '#' | '\\')) => out.push(escaped),
                Some(other) => out.extend(['\\', other]),
                None => out.push('\\'),
            },
            c => out.push(c),
        }
    }
    out.trim_end().to_owned()
}

/// `${VAR}` from the environment; an unknown one stays as written, `${VAR?}` becomes empty.
fn filled(text: &str, env: &Environment) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let Some(end) = rest[at..].find('}').map(|end| at + end) else {
            break;
        };
        let name = &rest[at + 2..end];
        let (name, forgiving) = name.strip_suffix('?').map_or((name, false), |name| (name, true));
        out.push_str(&rest[..at]);
        match env.get(OsStr::new(name)).and_then(|value| value.to_str()) {
            Some(value) => out.push_str(value),
            None if forgiving => {}
            None => out.push_str(&rest[at..=end]),
        }
        rest = &rest[end + 1..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(text: &str) -> Credentials {
        let env = Environment::from([("TOK".into(), "s3cret".into())]);
        Credentials::gather(&parse(text, &env))
    }

    #[test]
    fn the_longest_place_wins_and_no_other_host_is_told() {
        let found = credentials(
            "; comment\n//h/npm/:_authToken=${TOK}\n//h/npm/deep/:_auth = \"YTpi\"\n//h:8080/:username=u\n//h:8080/:_password=cHc=\n_authToken=loose\n",
        );
        let token = Some(Secret::bearer("s3cret"));
        let plain = ["http://h:8080/npm/"];
        let for_url = |url: &str| found.for_url(url, plain.into_iter()).cloned();
        assert_eq!(for_url("https://h/npm/a/-/a-1.tgz"), token);
        assert_eq!(for_url("https://h/npm/deep/x"), Some(Secret::basic_encoded("YTpi")));
        assert_eq!(for_url("http://h:8080/any"), Some(Secret::basic("u", "pw")));
        for other in [
            "http://h/npm/a/-/a-1.tgz",
            "ftp://h/npm/a",
            "https://h/",
            "https://h/npmx/a",
            "https://evil/npm/a",
            "https://h:1/npm/a",
            "https://h.evil/npm/",
            "https://evil/?//h/npm/",
        ] {
            assert_eq!(for_url(other), None, "{other}");
        }
    }

    #[test]
    fn npmrc_spellings() {
        let env = Environment::from([("A".into(), "1".into())]);
        let raw = parse(
            "a=x ; c\nb = 'q;r'\nflag\nca[]=one\nca[]=two\nk=${A}${B}${B?}z\n[s]\nhidden=1",
            &env,
        );
        let expected = [("a", "x"), ("b", "q;r"), ("ca", "one\ntwo"), ("flag", "true"), ("k", "1${B}z")];
        assert_eq!(raw, expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
    }

    #[test]
    fn debug_shows_nothing() {
        assert!(!format!("{:?}", credentials("//h/:_authToken=${TOK}")).contains("s3cret"));
    }
}
