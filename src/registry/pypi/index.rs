//! One index: where it is, and who we are to it.

use std::fmt;

use reqwest::Url;

use super::{PypiError, netrc};
use crate::net::Secret;

/// An index as it stands in the settings.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Index {
    /// `scheme://host/path/`, without user, password, query and fragment.
    url: Url,
    login: Option<Login>,
}

/// A user and a password, for our own requests and for uv.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
    secret: Secret,
}

impl Login {
    pub(super) fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        let (user, password) = (user.into(), password.into());
        Self {
            secret: Secret::basic(&user, &password),
            user,
            password,
        }
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(redacted)")
    }
}

impl fmt::Debug for Index {
    // Its path may be a credential too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("host", &self.url.host_str()).finish_non_exhaustive()
    }
}

impl Index {
    /// Reads an address; user and password in it become the credential. `setting` is where it
    /// stands, for the error.
    pub(super) fn parse(text: &str, setting: &str) -> Result<Self, PypiError> {
        let wrong = |cause: &str| PypiError::Setting {
            setting: setting.to_owned(),
            cause: cause.to_owned(),
        };
        let mut url = Url::parse(text.trim()).map_err(|_| wrong("it is not an address"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("it is not an http or https address"));
        }
        let (user, password) = (decoded(url.username()), url.password().map(decoded));
        let login = (!user.is_empty() || password.is_some()).then(|| Login::new(user, password.unwrap_or_default()));
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_query(None);
        url.set_fragment(None);
        if !url.path().ends_with('/') {
            url.set_path(&format!("{}/", url.path()));
        }
        Ok(Self { url, login })
    }

    /// A credential from elsewhere, where the address holds none.
    pub(super) fn or_login(mut self, login: Option<Login>) -> Self {
        self.login = self.login.or(login);
        self
    }

    /// The credential that a `.netrc` names for the host, where there is none yet.
    pub(super) fn or_netrc(self, text: &str) -> Self {
        let login = netrc::credential(text, self.url.host_str().unwrap_or_default());
        self.or_login(login)
    }

    /// Where a project's page is. `project` is normalised.
    pub(super) fn page(&self, project: &str) -> String {
        format!("{}{project}/", self.url)
    }

    /// The credential for an address: only for the index's own origin (scheme, host and port). The
    /// attack: a page that names a file or a provenance on another host, which would be sent it.
    pub(super) fn credential(&self, url: &str) -> Option<&Secret> {
        let same = Url::parse(url).is_ok_and(|url| url.origin() == self.url.origin());
        self.login.as_ref().filter(|_| same).map(|login| &login.secret)
    }

    /// The address, for uv's settings: not for messages.
    pub(super) fn address(&self) -> &str {
        self.url.as_str()
    }

    /// Who we are to it.
    pub(super) const fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// Whether a link that the index gave may be followed: http or https, and not without
    /// encryption where the index itself is asked with it.
    pub(super) fn may_follow(&self, link: &Url) -> bool {
        link.has_host() && (link.scheme() == "https" || (link.scheme() == "http" && self.url.scheme() == "http"))
    }
}

/// `%40` -> `@`, as users and passwords in addresses are written.
pub(super) fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.as_bytes();
    while let Some((&byte, rest)) = bytes.split_first() {
        let code = rest.get(..2).filter(|pair| byte == b'%' && pair.iter().all(u8::is_ascii_hexdigit));
        let code = code.and_then(|pair| std::str::from_utf8(pair).ok());
        if let Some(value) = code.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            out.push(value);
            bytes = &rest[2..];
        } else {
            out.push(byte);
            bytes = rest;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_goes_to_its_own_origin_only() {
        let index = Index::parse("https://me:p%40ss@index.test:8443/simple?x=y#z", "index-url").unwrap();
        assert_eq!(index.page("foo"), "https://index.test:8443/simple/foo/");
        let secret = Secret::basic("me", "p@ss");
        assert_eq!(index.credential("https://index.test:8443/files/a"), Some(&secret));
        for other in [
            "https://index.test/files/a",
            "http://index.test:8443/files/a",
            "https://files.index.test:8443/a",
            "https://index.test:8443@evil.test/",
            "x",
        ] {
            assert_eq!(index.credential(other), None, "{other}");
        }
        assert!(!format!("{index:?}").contains("p@ss"));
        assert_eq!(
            Index::parse("https://token@index.test", "x").unwrap().login,
            Some(Login::new("token", ""))
        );
    }

    #[test]
    fn only_http_and_no_step_down() {
        for bad in ["file:///srv/index", "./index", "ssh://h/x", "", "https://"] {
            let error = Index::parse(bad, "index-url").unwrap_err();
            assert!(error.to_string().contains("`index-url`"), "{error}");
        }
        let error = Index::parse("ftp://me:hunter2@h/", "index-url").unwrap_err();
        assert!(!format!("{error} {error:?} {:?}", error.hint()).contains("hunter2"));
        let follows = |index: &str, link: &str| Index::parse(index, "x").unwrap().may_follow(&Url::parse(link).unwrap());
        assert!(follows("https://h/", "https://files.test/a") && follows("http://h/", "http://files.test/a"));
        for (index, link) in [("https://h/", "http://h/a"), ("http://h/", "file:///a"), ("https://h/", "data:x")] {
            assert!(!follows(index, link), "{link}");
        }
    }

    #[test]
    fn the_address_wins_over_netrc() {
        let netrc = "machine h login n password n";
        let with = |url: &str| Index::parse(url, "x").unwrap().or_netrc(netrc).login;
        assert_eq!(with("https://u:p@h/"), Some(Login::new("u", "p")));
        assert_eq!(with("https://h:1/"), Some(Login::new("n", "n")));
        assert_eq!(with("https://other/"), None);
    }
}
