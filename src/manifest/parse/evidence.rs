//! What a manifest says about evidence: levels, identities, and what they are proved against.

use core::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

use toml_edit::TableLike;

use super::{Span, Walk, key_span};
use crate::manifest::{Scope, TrustSettings, TufSettings};
use crate::model::{IdentityRule, Level};
use crate::surface::visible::is_invisible;

pub(in crate::manifest) const IDENTITY: &[&str] = &["issuer", "signer", "repository", "workflow", "ref"];
pub(in crate::manifest) const TRUST: &[&str] = &["trusted-root", "registry-keys", "tuf"];
pub(in crate::manifest) const TUF: &[&str] = &["url", "root"];

impl Walk<'_> {
    pub(super) fn level(&mut self, table: &dyn TableLike, key: &str) -> Option<Level> {
        let levels = [Level::Hash, Level::Signed, Level::Provenance].map(|level| (level.to_string(), level));
        let levels: Vec<_> = levels.iter().map(|(word, level)| (word.as_str(), *level)).collect();
        self.word(table, key, &levels)
    }

    /// `identity` of a server. A project may write it too: it can only refuse more.
    pub(super) fn identity(&mut self, server: &dyn TableLike) -> Option<IdentityRule> {
        let table = self.table(server, "identity")?;
        self.unknown_keys(table, "`identity`", IDENTITY);
        if table.is_empty() {
            let hint = "for example `identity = { repository = \"https://HOST/OWNER/NAME\" }`";
            self.problem(key_span(server, "identity"), "`identity` demands nothing", Some(hint.into()));
        }
        Some(IdentityRule {
            issuer: self.exact(table, "issuer"),
            signer: self.exact(table, "signer"),
            repository: self.repository(table),
            workflow: self.exact(table, "workflow"),
            git_ref: self.git_ref(table),
        })
    }

    /// A text that is compared with a certificate's: what could never be equal is a mistake.
    fn exact(&mut self, table: &dyn TableLike, key: &str) -> Option<String> {
        let (span, text) = self.text(table, key)?;
        let ok = !text.is_empty() && text.trim() == text && !text.chars().any(is_invisible);
        if !ok {
            self.problem(
                span,
                format!("`{key}` is empty, or has blanks around it or invisible characters in it"),
                None,
            );
        }
        ok.then(|| text.to_owned())
    }

    fn repository(&mut self, table: &dyn TableLike) -> Option<String> {
        let text = self.exact(table, "repository")?;
        let path = text
            .strip_prefix("https://")
            .filter(|_| !text.contains(['@', '?', '#', '\\', ' ', '*']));
        let ok = path.is_some_and(|path| path.split('/').count() >= 3 && path.split('/').all(|part| !part.is_empty()))
            && !text.to_ascii_lowercase().ends_with(".git");
        if !ok {
            let hint = "write `https://HOST/OWNER/NAME`, without `.git` and without a slash at its end";
            self.problem(
                super::value_span(table, "repository"),
                "`repository` is not the address of a repository",
                Some(hint.into()),
            );
        }
        ok.then_some(text)
    }

    fn git_ref(&mut self, table: &dyn TableLike) -> Option<String> {
        let text = self.exact(table, "ref")?;
        let ok = text.matches('*').count() <= 1;
        if !ok {
            let hint = "one `*` stands for any text, for example `refs/tags/v*`";
            self.problem(super::value_span(table, "ref"), "`ref` has more than one `*`", Some(hint.into()));
        }
        ok.then_some(text)
    }

    /// `[trust]`, which a project's manifest must not have.
    pub(super) fn trust(&mut self, root: &dyn TableLike) -> TrustSettings {
        if self.scope == Scope::Project && root.contains_key("trust") {
            let hint = "a clone must not bring along what it is verified against: settings of `[trust]` belong in your own mcp-pin.toml";
            self.problem(
                key_span(root, "trust"),
                "a project's manifest may not choose what signatures are proved against",
                Some(hint.into()),
            );
            return TrustSettings::default();
        }
        let Some(table) = self.table(root, "trust") else {
            return TrustSettings::default();
        };
        self.unknown_keys(table, "`trust`", TRUST);
        TrustSettings {
            trusted_root: self.path(table, "trusted-root"),
            registry_keys: self.path(table, "registry-keys"),
            tuf: self.tuf(table),
        }
    }

    fn tuf(&mut self, trust: &dyn TableLike) -> Option<TufSettings> {
        let table = self.table(trust, "tuf")?;
        self.unknown_keys(table, "`tuf`", TUF);
        for key in TUF {
            if !table.contains_key(key) {
                let hint = "write `tuf = { url = \"https://HOST\", root = \"/PATH/root.json\" }`";
                self.problem(key_span(trust, "tuf"), format!("`tuf` has no `{key}`"), Some(hint.into()));
            }
        }
        let url = self.text(table, "url").and_then(|(span, text)| self.address(span, text));
        let root = self.path(table, "root");
        Some(TufSettings { url: url?, root: root? })
    }

    fn address(&mut self, span: Span, text: &str) -> Option<String> {
        let ok = is_address(text);
        if !ok {
            // An address may carry a password: it is not repeated.
            let hint = "write `https://HOST/PATH`, without user, query and fragment; `http` is for this machine only";
            self.problem(span, "`url` is not an address that can be used", Some(hint.into()));
        }
        ok.then(|| text.to_owned())
    }

    /// An absolute path: one that depends on where somebody stands could lead into a clone.
    pub(super) fn path(&mut self, table: &dyn TableLike, key: &str) -> Option<PathBuf> {
        let (span, text) = self.text(table, key)?;
        let path = PathBuf::from(text);
        let ok = path.is_absolute() && !text.chars().any(is_invisible);
        if !ok {
            self.problem(span, format!("`{key}` is not an absolute path"), Some("it starts with `/`".into()));
        }
        ok.then_some(path)
    }
}

/// `https` anywhere, `http` to this machine; nothing that is not host and path.
fn is_address(text: &str) -> bool {
    if text.contains(['@', '?', '#', '\\', '%']) || text.chars().any(|c| c.is_whitespace() || is_invisible(c)) {
        return false;
    }
    let (rest, plain) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (_, Some(rest)) => (rest, true),
        _ => return false,
    };
    let authority = rest.split('/').next().unwrap_or_default();
    let (host, port) = match authority.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((host, port)) => (host, port.strip_prefix(':').or(port.is_empty().then_some("443"))),
        None => authority
            .split_once(':')
            .map_or((authority, Some("443")), |(host, port)| (host, Some(port))),
    };
    let port_ok = port.is_some_and(|port| port.parse::<u16>().is_ok());
    port_ok && !host.is_empty() && (!plain || is_loopback(host))
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for good in [
            "https://tuf.example",
            "https://tuf.example:8443/a/b/",
            "http://127.0.0.1:1234",
            "http://localhost/x",
            "http://[::1]:80/",
            "https://[2001:db8::1]",
        ] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "tuf.example",
            "ftp://tuf.example",
            "http://tuf.example",
            "http://127.0.0.1.example/",
            "http://localhost.example",
            "http://127.0.0.1@evil.example",
            "https://user:secret@tuf.example",
            "https://tuf.example?x",
            "https://tuf.example#x",
            "https://tuf.example:port",
            "https:///path",
            "https://a b",
            "http:\\\\127.0.0.1",
            "http://127.0.0.1\\@evil.example",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
