//! TOML to a [`Manifest`], with every problem and its line.

mod alerts;
mod evidence;
mod grades;
mod guard;
mod remote;

use std::ops::Range;

use jiff::SignedDuration;
use toml_edit::{Document, Item, TableLike, Value};

use super::distance::nearest;
use super::policy::read_cooldown;
use super::problem::position;
use super::{Manifest, ManifestError, PolicySettings, Problem, Scope, ServerEntry, Trust};
use crate::model::python::normal_name;
use crate::model::{CwdRule, EnvNameError, ServerName, Source, SourceError, check_env_name};
use crate::policy::Profile;
use crate::surface::visible;
use crate::surface::visible::is_invisible;

#[cfg(test)]
pub(super) use alerts::ALERT;
pub use alerts::receiver;
pub(super) use alerts::{FACILITIES, KINDS};
#[cfg(test)]
pub(super) use evidence::{IDENTITY, TRUST, TUF};
#[cfg(test)]
pub(super) use guard::{ELICITATION, GUARD, RESULTS, ROOTS, SAMPLING};
pub(super) use guard::{LONGEST_WAIT, MANY};

pub(super) const TOP: &[&str] = &["servers", "policy", "trust", "guard", "alerts"];
pub(super) const SERVER: &[&str] = &[
    "source",
    "args",
    "env",
    "cwd",
    "network",
    "bin",
    "evidence",
    "identity",
    "command",
    "guard",
    "headers",
    "transport",
    "tls-key",
    "private",
];
pub(super) const POLICY: &[&str] = &[
    "cooldown",
    "evidence",
    "evidence-closure",
    "trust",
    "accept-without-terminal",
    "builds",
    "profile",
    "grades",
];
pub(super) const COOLDOWN: &[&str] = &["install", "update"];

/// Reads a manifest of a scope. An empty text is an empty manifest.
pub fn parse(text: &str, scope: Scope) -> Result<Manifest, ManifestError> {
    let mut walk = Walk {
        text,
        scope,
        problems: Vec::new(),
    };
    let manifest = match Document::parse(text) {
        Ok(document) => walk.manifest(document.as_table()),
        Err(error) => {
            // The library's own rendering quotes the line, which may hold a secret.
            walk.problem(error.span(), visible(error.message().lines().next().unwrap_or_default()), None);
            Manifest::default()
        }
    };
    let mut problems = walk.problems;
    if problems.is_empty() {
        return Ok(manifest);
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    Err(ManifestError { problems })
}

struct Walk<'a> {
    text: &'a str,
    scope: Scope,
    problems: Vec<Problem>,
}

type Span = Option<Range<usize>>;

impl Walk<'_> {
    fn problem(&mut self, span: Span, what: impl Into<String>, hint: Option<String>) {
        let (line, column) = position(self.text, span);
        let what = what.into();
        self.problems.push(Problem { line, column, what, hint });
    }

    fn manifest(&mut self, root: &dyn TableLike) -> Manifest {
        self.unknown_keys(root, "this file", TOP);
        let mut manifest = Manifest::default();
        if let Some(servers) = self.table(root, "servers") {
            for (key, item) in servers.iter() {
                let span = key_span(servers, key);
                let name = self.fallible(span.clone(), key.parse::<ServerName>());
                let Some(table) = item.as_table_like() else {
                    self.problem(span, format!("`{}` must be a table", visible(key)), None);
                    continue;
                };
                if let (Some(entry), Some(name)) = (self.server(key, span, table), name) {
                    manifest.servers.insert(name, entry);
                }
            }
        }
        if let Some(policy) = self.table(root, "policy") {
            manifest.policy = self.policy(policy);
        }
        manifest.trust = self.trust(root);
        self.guard_tables(root, &mut manifest);
        self.alerts(root, &mut manifest);
        manifest
    }

    fn server(&mut self, name: &str, span: Span, table: &dyn TableLike) -> Option<ServerEntry> {
        self.unknown_keys(table, "a server", SERVER);
        if !table.contains_key("source") {
            self.problem(
                span,
                format!("server `{}` has no `source`", visible(name)),
                Some("for example `source = \"npm:@modelcontextprotocol/server-memory\"` or `source = \"pypi:mcp-server-fetch\"`".into()),
            );
        }
        let source = self.text(table, "source").and_then(|(span, text)| self.source(span, text));
        let args = self.strings(table, "args", Self::arg);
        let env = self.strings(table, "env", Self::env_name);
        let command = self.strings(table, "command", Self::arg);
        let cwd = self.word(table, "cwd", &[("empty", CwdRule::Empty), ("client", CwdRule::Client)]);
        let network = self.flag(table, "network");
        let bin = self.text(table, "bin").and_then(|(span, text)| self.bin(span, text));
        let evidence = self.level(table, "evidence");
        let identity = self.identity(table);
        let guard = self.server_guard(table);
        let source = source?;
        let remote = self.remote(&source, table);
        self.local_rules(&source, table);
        Some(ServerEntry {
            source,
            args,
            env,
            cwd: cwd.unwrap_or_default(),
            network: network.unwrap_or_default(),
            bin,
            evidence,
            identity,
            command,
            remote,
            guard,
        })
    }

    /// `local` and `command` belong together, and to this machine.
    fn local_rules(&mut self, source: &Source, table: &dyn TableLike) {
        let source_span = value_span(table, "source");
        if !matches!(source, Source::Local) {
            if table.contains_key("command") && !matches!(source, Source::Remote(_)) {
                let hint = "arguments of a package stand in `args`; commands need `source = \"local\"`";
                self.problem(
                    key_span(table, "command"),
                    "a package has no `command`: its own entry point is started",
                    Some(hint.into()),
                );
            }
            return;
        }
        if self.scope == Scope::Project {
            let hint = "pin it for yourself with `mcp-pin install --name NAME -- COMMAND ARGS`";
            self.problem(
                source_span,
                "a project's manifest may not name commands of this machine",
                Some(hint.into()),
            );
        } else if table.get("command").and_then(Item::as_array).is_none_or(toml_edit::Array::is_empty) {
            self.problem(source_span, "a local server needs a `command`", None);
        }
        for key in ["args", "bin"] {
            if table.contains_key(key) {
                self.problem(
                    key_span(table, key),
                    format!("a local server has no `{key}`"),
                    Some("everything stands in `command`".into()),
                );
            }
        }
        for key in ["evidence", "identity"] {
            if table.contains_key(key) {
                self.problem(
                    key_span(table, key),
                    format!("a local server has no `{key}`: nobody signs a command of this machine"),
                    None,
                );
            }
        }
    }

    fn source(&mut self, span: Span, text: &str) -> Option<Source> {
        match text.parse() {
            Ok(source) => Some(source),
            Err(error @ SourceError::NotRegistry(_)) => {
                // An address may carry a password: it is not repeated.
                let what = "only packages of a registry can be pinned (git, URL, file and folder sources are refused)";
                self.problem(span, what, error.hint());
                None
            }
            Err(error) => {
                self.problem(span, visible(&error.to_string()), error.hint());
                None
            }
        }
    }

    fn arg(&mut self, span: Span, text: &str) -> bool {
        if text.chars().any(is_invisible) {
            self.problem(span, "a control or invisible character stands in it", None);
            return false;
        }
        if looks_secret(text) {
            let hint = "give it to the server in a variable and list the variable's name in `env`";
            self.problem(span, "this looks like a secret, and the lock would publish it", Some(hint.into()));
            return false;
        }
        true
    }

    fn env_name(&mut self, span: Span, text: &str) -> bool {
        let Err(error) = check_env_name(text) else { return true };
        let hint = match &error {
            EnvNameError::HasValue { name } => Some(format!("write \"{name}\" and set the value in the client's configuration")),
            EnvNameError::Malformed | EnvNameError::LoadsCode(_) => None,
        };
        self.problem(span, error.to_string(), hint);
        false
    }

    fn bin(&mut self, span: Span, text: &str) -> Option<String> {
        let ok = !text.is_empty() && !text.starts_with('.') && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if !ok {
            self.problem(span, "`bin` is the name of one of the package's executables, not a path", None);
        }
        ok.then(|| text.to_owned())
    }

    fn package(&mut self, span: Span, text: &str) -> bool {
        let ok = normal_name(text).is_some();
        if !ok {
            let hint = "write the name alone, without versions: each build is of what the lock names";
            self.problem(span, "a permitted build is not the name of a Python package", Some(hint.into()));
        }
        ok
    }

    fn policy(&mut self, table: &dyn TableLike) -> PolicySettings {
        self.unknown_keys(table, "`policy`", POLICY);
        let mut settings = PolicySettings::default();
        if let Some(cooldown) = self.table(table, "cooldown") {
            self.unknown_keys(cooldown, "`cooldown`", COOLDOWN);
            settings.cooldown_install = self.cooldown(cooldown, "install");
            settings.cooldown_update = self.cooldown(cooldown, "update");
        }
        settings.evidence = self.level(table, "evidence");
        settings.evidence_closure = self.level(table, "evidence-closure");
        let trusts = [Trust::NoDowngrade, Trust::AllowDowngrade].map(|trust| (trust.as_str(), trust));
        settings.trust = self.word(table, "trust", &trusts);
        settings.accept_without_terminal = self.flag(table, "accept-without-terminal");
        settings.builds = table.contains_key("builds").then(|| {
            let names = self.strings(table, "builds", Self::package);
            names.iter().filter_map(|name| normal_name(name)).collect()
        });
        let profiles = Profile::ALL.map(|profile| (profile.as_str(), profile));
        settings.profile = self.word(table, "profile", &profiles);
        settings.grades = self.grades(table);
        settings
    }

    fn cooldown(&mut self, table: &dyn TableLike, key: &str) -> Option<SignedDuration> {
        let (span, text) = self.text(table, key)?;
        let cooldown = read_cooldown(text);
        if cooldown.is_none() {
            self.problem(
                span,
                format!("`{key}` is not a cooldown"),
                Some("days or hours, for example `\"7d\"` or `\"36h\"`".into()),
            );
        }
        cooldown
    }

    fn unknown_keys(&mut self, table: &dyn TableLike, of: &str, known: &[&'static str]) {
        for (key, _) in table.iter().filter(|(key, _)| !known.contains(key)) {
            let hint = match nearest(key, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("{of} has {}", known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ")),
            };
            let shown: String = key.chars().take(60).collect();
            self.problem(key_span(table, key), format!("unknown key `{}`", visible(&shown)), Some(hint));
        }
    }

    fn table<'t>(&mut self, parent: &'t dyn TableLike, key: &str) -> Option<&'t dyn TableLike> {
        let item = parent.get(key)?;
        let table = item.as_table_like();
        if table.is_none() {
            self.problem(key_span(parent, key), format!("`{key}` must be a table"), None);
        }
        table
    }

    fn text<'t>(&mut self, table: &'t dyn TableLike, key: &str) -> Option<(Span, &'t str)> {
        let item = table.get(key)?;
        let text = item.as_str();
        if text.is_none() {
            self.wrong_type(table, key, "a string");
        }
        text.map(|text| (value_span(table, key), text))
    }

    fn flag(&mut self, table: &dyn TableLike, key: &str) -> Option<bool> {
        let flag = table.get(key)?.as_bool();
        if flag.is_none() {
            self.wrong_type(table, key, "`true` or `false`");
        }
        flag
    }

    fn word<T: Copy>(&mut self, table: &dyn TableLike, key: &str, words: &[(&str, T)]) -> Option<T> {
        let (span, text) = self.text(table, key)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|&(_, value)| value);
        if found.is_none() {
            let list: Vec<_> = words.iter().map(|(word, _)| format!("`\"{word}\"`")).collect();
            self.problem(span, format!("`{key}` must be {}", list.join(" or ")), None);
        }
        found
    }

    /// The strings of an array that `check` takes; it reports the others.
    fn strings(&mut self, table: &dyn TableLike, key: &str, check: fn(&mut Self, Span, &str) -> bool) -> Vec<String> {
        let Some(item) = table.get(key) else { return Vec::new() };
        let Some(array) = item.as_array() else {
            self.wrong_type(table, key, "a list of strings");
            return Vec::new();
        };
        let mut out = Vec::new();
        for value in array {
            match value.as_str() {
                Some(text) if check(self, value.span(), text) => out.push(text.to_owned()),
                Some(_) => {}
                None => self.problem(value.span(), format!("`{key}` must be a list of strings"), None),
            }
        }
        out
    }

    fn wrong_type(&mut self, table: &dyn TableLike, key: &str, wanted: &str) {
        self.problem(value_span(table, key), format!("`{key}` must be {wanted}"), None);
    }

    fn fallible<T>(&mut self, span: Span, result: Result<T, SourceError>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(span, visible(&error.to_string()), error.hint());
                None
            }
        }
    }
}

fn key_span(table: &dyn TableLike, key: &str) -> Span {
    let of_key = table.key(key).and_then(toml_edit::Key::span);
    of_key.or_else(|| value_span(table, key))
}

fn value_span(table: &dyn TableLike, key: &str) -> Span {
    let item = table.get(key)?;
    item.as_value().and_then(Value::span).or_else(|| item.span())
}

/// Beginnings of tokens that services hand out. Best effort: a secret that looks like a word is
/// not seen.
const SECRET_PREFIXES: [&str; 16] = [
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "sk-",
    "sk_live_",
    "rk_live_",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "AIza",
    "npm_",
    "hf_",
];

fn looks_secret(text: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || "=:,;\"'".contains(c))
        .any(|part| part.len() >= 20 && SECRET_PREFIXES.iter().any(|prefix| part.starts_with(prefix)))
        || text.starts_with("-----BEGIN")
}
