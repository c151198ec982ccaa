//! The keys of a remote server: headers from named variables, transport, pinned key.
//!
//! The attacks: a token written into a project's file, and a project that points everybody's client
//! into their private network.

use toml_edit::TableLike;

use super::{Scope, Walk, key_span, looks_secret, value_span};
use crate::model::{HeaderRule, RemoteSettings, RemoteTransport, Sha256Digest, Source};
use crate::surface::visible;

/// Keys that only a remote server has.
const ONLY_REMOTE: [&str; 4] = ["headers", "transport", "tls-key", "private"];
/// Keys that say how a program is started.
const NOT_REMOTE: [&str; 8] = ["args", "env", "cwd", "network", "bin", "evidence", "identity", "command"];

impl Walk<'_> {
    /// What the table says of a remote server; the usual for every other source.
    pub(super) fn remote(&mut self, source: &Source, table: &dyn TableLike) -> RemoteSettings {
        if !matches!(source, Source::Remote(_)) {
            for key in ONLY_REMOTE.into_iter().filter(|key| table.contains_key(key)) {
                let what = format!("only a remote server (`source = \"https://…\"`) has `{key}`");
                self.problem(key_span(table, key), what, None);
            }
            return RemoteSettings::default();
        }
        for key in NOT_REMOTE.into_iter().filter(|key| table.contains_key(key)) {
            let hint =
                (key == "env").then(|| "name the variable in a header: `headers = { Authorization = \"Bearer ${TOKEN}\" }`".to_owned());
            self.problem(
                key_span(table, key),
                format!("a remote server has no `{key}`: nothing of it is started here"),
                hint,
            );
        }
        let transports = [RemoteTransport::StreamableHttp, RemoteTransport::Sse].map(|one| (one.as_str(), one));
        let transport = self.word(table, "transport", &transports).unwrap_or_default();
        let private = self.flag(table, "private").unwrap_or_default();
        if private && self.scope == Scope::Project {
            let hint = "whoever needs it says so in their own manifest: `mcp-pin install --global --private ADDRESS`";
            self.problem(
                key_span(table, "private"),
                "a project's manifest may not point into private networks",
                Some(hint.into()),
            );
        }
        RemoteSettings {
            transport,
            headers: self.headers(table),
            tls_key: self.tls_key(table),
            private,
        }
    }

    fn headers(&mut self, table: &dyn TableLike) -> Vec<HeaderRule> {
        let Some(headers) = self.table(table, "headers") else {
            return Vec::new();
        };
        let mut out: Vec<HeaderRule> = Vec::new();
        for (name, _) in headers.iter() {
            let Some((span, value)) = self.text(headers, name) else { continue };
            if looks_secret(value) {
                let hint = format!(
                    "name a variable: `{} = \"${{TOKEN}}\"`; its value comes from the client",
                    visible(name)
                );
                self.problem(span, "this looks like a secret, and the lock would publish it", Some(hint));
                continue;
            }
            match HeaderRule::new(name, value) {
                Ok(rule) if out.iter().any(|known| known.name() == rule.name()) => {
                    self.problem(
                        key_span(headers, name),
                        format!("the header `{}` stands here twice", rule.name()),
                        None,
                    );
                }
                Ok(rule) => out.push(rule),
                Err(error) => self.problem(span, error.to_string(), error.hint()),
            }
        }
        out.sort();
        out
    }

    fn tls_key(&mut self, table: &dyn TableLike) -> Option<Sha256Digest> {
        let (_, text) = self.text(table, "tls-key")?;
        let digest = text.strip_prefix("sha256:").and_then(|hex| hex.parse().ok());
        if digest.is_none() {
            let hint = "SHA-256 over the certificate's public key (SubjectPublicKeyInfo), 64 hexadecimal digits";
            self.problem(
                value_span(table, "tls-key"),
                "`tls-key` must be `sha256:` and a digest",
                Some(hint.into()),
            );
        }
        digest
    }
}
