//! `guard` tables of a manifest: what may be called, and what a server may ask for.

use std::collections::BTreeSet;

use toml_edit::{Item, TableLike};

use super::{Span, Walk, key_span, value_span};
use crate::manifest::guard::{GuardSettings, GuardTables, Permission};
use crate::manifest::{Manifest, Scope};
use crate::model::ServerName;
use crate::model::guard::{ArgumentCheck, AskThrough, ElicitationRules, GuardMode, LARGEST, Pattern, Review, RootsRules, SamplingRules};
use crate::surface::visible;
use crate::surface::visible::is_invisible;

pub(in crate::manifest) const GUARD: &[&str] = &[
    "mode",
    "allow",
    "deny",
    "confirm",
    "arguments",
    "results",
    "sampling",
    "elicitation",
    "roots",
    "ask",
    "methods",
];
pub(in crate::manifest) const RESULTS: &[&str] = &["visible", "largest"];
pub(in crate::manifest) const SAMPLING: &[&str] = &[
    "per-minute",
    "tokens-per-day",
    "max-tokens",
    "rounds",
    "models",
    "timeout",
    "largest",
    "tools",
    "review",
];
pub(in crate::manifest) const ELICITATION: &[&str] = &["per-minute", "rounds", "domains", "timeout", "largest", "review"];
pub(in crate::manifest) const ROOTS: &[&str] = &["paths"];

/// The name that stands for every server.
const EVERY: &str = "*";

/// A day in seconds: the longest that anybody is waited for.
pub(in crate::manifest) const LONGEST_WAIT: u64 = 86_400;

/// More of anything than this, in a minute, a day or a round, is no limit but a mistake.
pub(in crate::manifest) const MANY: u64 = 1_000_000_000;

impl Walk<'_> {
    /// `[guard]`, which a project's manifest must not have.
    pub(super) fn guard_tables(&mut self, root: &dyn TableLike, manifest: &mut Manifest) {
        if self.scope == Scope::Project && root.contains_key("guard") {
            let hint =
                "rules for a project's own server stand in `[servers.NAME.guard]`; those of `[guard]` belong in your own mcp-pin.toml";
            self.problem(
                key_span(root, "guard"),
                "a project's manifest has no rules for servers of others",
                Some(hint.into()),
            );
            return;
        }
        let Some(table) = self.table(root, "guard") else { return };
        let mut tables = GuardTables::default();
        for (key, item) in table.iter() {
            let Some(rules) = item.as_table_like() else {
                let hint = "rules stand in `[guard.NAME]` or `[guard.\"*\"]`";
                let what = format!("`{}` must be a table of rules for a server of this name", visible(key));
                self.problem(key_span(table, key), what, Some(hint.into()));
                continue;
            };
            if key == EVERY {
                tables.all = self.guard(rules);
            } else if let Some(name) = self.fallible(key_span(table, key), key.parse::<ServerName>()) {
                let settings = self.guard(rules);
                tables.named.insert(name, settings);
            }
        }
        manifest.guard = tables;
    }

    /// `guard` of a server.
    pub(super) fn server_guard(&mut self, server: &dyn TableLike) -> GuardSettings {
        self.table(server, "guard").map(|table| self.guard(table)).unwrap_or_default()
    }

    fn guard(&mut self, table: &dyn TableLike) -> GuardSettings {
        self.unknown_keys(table, "`guard`", GUARD);
        self.only_tightens(table);
        let mut settings = GuardSettings {
            mode: self.word(
                table,
                "mode",
                &[GuardMode::Enforce, GuardMode::Observe].map(|mode| (mode.as_str(), mode)),
            ),
            allow: self.patterns(table, "allow"),
            deny: self.patterns(table, "deny"),
            confirm: self.patterns(table, "confirm"),
            arguments: self.word(
                table,
                "arguments",
                &[ArgumentCheck::Any, ArgumentCheck::Pinned, ArgumentCheck::Known].map(|check| (check.as_str(), check)),
            ),
            sampling: self.permission(table, "sampling", Self::sampling),
            elicitation: self.permission(table, "elicitation", Self::elicitation),
            roots: self.permission(table, "roots", Self::roots),
            ask: self.word(table, "ask", &AskThrough::ALL.map(|through| (through.as_str(), through))),
            methods: self.patterns(table, "methods"),
            ..GuardSettings::default()
        };
        if let Some(results) = self.table(table, "results") {
            self.unknown_keys(results, "`results`", RESULTS);
            settings.visible = self.flag(results, "visible");
            settings.largest = self.number(results, "largest", LARGEST);
        }
        settings
    }

    /// The attack: a clone that gives its own server what only its user can give.
    fn only_tightens(&mut self, table: &dyn TableLike) {
        if self.scope != Scope::Project {
            return;
        }
        let hint = |key: &str| Some(format!("it belongs in your own mcp-pin.toml: `[guard.NAME]` with `{key}`"));
        if table.get("mode").and_then(Item::as_str) == Some(GuardMode::Observe.as_str()) {
            let what = "a project's manifest may not switch the guard to watching";
            self.problem(value_span(table, "mode"), what, hint("mode = \"observe\""));
        }
        for key in ["sampling", "elicitation", "roots", "ask", "methods"] {
            if table.contains_key(key) {
                let what = format!("a project's manifest may not give its servers `{key}`");
                self.problem(key_span(table, key), what, hint(key));
            }
        }
    }

    fn patterns(&mut self, table: &dyn TableLike, key: &str) -> Option<BTreeSet<Pattern>> {
        if !table.contains_key(key) {
            return None;
        }
        let texts = self.strings(table, key, Self::pattern);
        Some(texts.iter().filter_map(|text| text.parse().ok()).collect())
    }

    fn pattern(&mut self, span: Span, text: &str) -> bool {
        if text.chars().any(is_invisible) {
            self.problem(span, "a control or invisible character stands in it", None);
            return false;
        }
        match text.parse::<Pattern>() {
            Ok(_) => true,
            Err(error) => {
                self.problem(span, error.to_string(), Some("for example `\"read_file\"` or `\"read_*\"`".into()));
                false
            }
        }
    }

    /// `false`, or a table of limits.
    fn permission<T>(&mut self, table: &dyn TableLike, key: &str, limits: fn(&mut Self, &dyn TableLike) -> T) -> Option<Permission<T>> {
        let item = table.get(key)?;
        if item.as_bool() == Some(false) {
            return Some(Permission::Denied);
        }
        let Some(inner) = item.as_table_like() else {
            let hint = format!("`{key} = {{}}` permits it within the usual limits");
            self.problem(
                value_span(table, key),
                format!("`{key}` must be `false` or a table of limits"),
                Some(hint),
            );
            return None;
        };
        Some(Permission::Within(limits(self, inner)))
    }

    fn sampling(&mut self, table: &dyn TableLike) -> SamplingRules {
        self.unknown_keys(table, "`sampling`", SAMPLING);
        let usual = SamplingRules::default();
        let models = table.contains_key("models").then(|| self.strings(table, "models", Self::model));
        SamplingRules {
            per_minute: self.small(table, "per-minute", MANY).unwrap_or(usual.per_minute),
            tokens_per_day: self.number(table, "tokens-per-day", MANY).unwrap_or(usual.tokens_per_day),
            max_tokens: self.number(table, "max-tokens", MANY).unwrap_or(usual.max_tokens),
            rounds: self.small(table, "rounds", MANY).unwrap_or(usual.rounds),
            models,
            timeout: self.small(table, "timeout", LONGEST_WAIT).unwrap_or(usual.timeout),
            largest: self.number(table, "largest", LARGEST).unwrap_or(usual.largest),
            tools: self.flag(table, "tools").unwrap_or(usual.tools),
            review: self.review(table).unwrap_or(usual.review),
        }
    }

    fn elicitation(&mut self, table: &dyn TableLike) -> ElicitationRules {
        self.unknown_keys(table, "`elicitation`", ELICITATION);
        let usual = ElicitationRules::default();
        ElicitationRules {
            per_minute: self.small(table, "per-minute", MANY).unwrap_or(usual.per_minute),
            rounds: self.small(table, "rounds", MANY).unwrap_or(usual.rounds),
            domains: self.strings(table, "domains", Self::domain),
            timeout: self.small(table, "timeout", LONGEST_WAIT).unwrap_or(usual.timeout),
            largest: self.number(table, "largest", LARGEST).unwrap_or(usual.largest),
            review: self.review(table).unwrap_or(usual.review),
        }
    }

    fn roots(&mut self, table: &dyn TableLike) -> RootsRules {
        self.unknown_keys(table, "`roots`", ROOTS);
        RootsRules {
            paths: table.contains_key("paths").then(|| self.strings(table, "paths", Self::root)),
        }
    }

    fn review(&mut self, table: &dyn TableLike) -> Option<Review> {
        self.word(
            table,
            "review",
            &[Review::Ask, Review::Pass].map(|review| (review.as_str(), review)),
        )
    }

    fn model(&mut self, span: Span, text: &str) -> bool {
        let ok = !text.trim().is_empty() && !text.chars().any(is_invisible);
        if !ok {
            self.problem(span, "the name of a model is empty, or has invisible characters in it", None);
        }
        ok
    }

    fn domain(&mut self, span: Span, text: &str) -> bool {
        let ok = is_domain(text);
        if !ok {
            let hint = "the host alone, in lower case: `accounts.example.com`, or `*.example.com` for every host below it";
            self.problem(span, "a domain is not the name of a host that can be checked", Some(hint.into()));
        }
        ok
    }

    fn root(&mut self, span: Span, text: &str) -> bool {
        let ok = text.starts_with('/') && !text.split('/').any(|part| part == "..") && !text.chars().any(is_invisible);
        if !ok {
            let what = "a root is not the plain absolute path of a folder";
            self.problem(span, what, Some("it starts with `/` and has no `..` in it".into()));
        }
        ok
    }

    /// A whole number from 1 to `most`.
    fn number(&mut self, table: &dyn TableLike, key: &str, most: u64) -> Option<u64> {
        let found = table.get(key)?.as_integer().and_then(|number| u64::try_from(number).ok());
        let found = found.filter(|number| (1..=most).contains(number));
        if found.is_none() {
            self.wrong_type(table, key, &format!("a whole number from 1 to {most}"));
        }
        found
    }

    fn small(&mut self, table: &dyn TableLike, key: &str, most: u64) -> Option<u32> {
        self.number(table, key, most).and_then(|number| u32::try_from(number).ok())
    }
}

/// A host's name in plain lower-case ASCII, perhaps with `*.` before it. No addresses, no punycode, no
/// single labels: none of them can be told from what it imitates, or is the same everywhere.
fn is_domain(text: &str) -> bool {
    let host = text.strip_prefix("*.").unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with(['-'])
            && !label.ends_with('-')
            && !label.starts_with("xn--")
    };
    let last_is_a_number = host.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    host.len() <= 253 && host.contains('.') && !last_is_a_number && host.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_a_plain_host() {
        for good in ["example.com", "*.example.com", "a-b.example", "accounts.example.co.uk", "1.example"] {
            assert!(is_domain(good), "{good}");
        }
        for bad in [
            "",
            "*",
            "*.",
            "com",
            "*.com",
            "Example.com",
            "example.com.",
            "https://example.com",
            "example.com/x",
            "example.com:443",
            "10.0.0.1",
            "1.2.3",
            "[::1]",
            "xn--e1afmkfd.com",
            "a.*.example.com",
            "-a.example",
            "exämple.com",
            "user@example.com",
        ] {
            assert!(!is_domain(bad), "{bad}");
        }
    }
}
