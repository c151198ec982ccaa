//! Judging what a server says about itself.

use serde_json::{Value, json};

use super::names::likeness;
use super::signals::{introduced, of_value};
use super::{Judge, also, digest_json, signal_details, text_detail, text_shape, value_text, views_json, worst};
use crate::model::drift::{LeafChange, Views};
use crate::model::{Finding, Grade};

/// The modern era's place for what `serverInfo` says.
const MODERN_INFO: &str = "/_meta/io.modelcontextprotocol~1serverInfo/";

impl Judge<'_> {
    /// The finding for one changed leaf of a handshake.
    pub(super) fn handshake(&self, views: &Views, leaf: &LeafChange) -> Finding {
        let (before, after) = (leaf.before.as_ref(), leaf.after.as_ref());
        let signals = introduced(&of_value(before, &self.others), &of_value(after, &self.others));
        let (code, mut grade, title) = self.leaf(&leaf.pointer, before, after);
        let mut tail = also(&signals);
        grade = worst(&signals).map_or(grade, |worst| worst.max(grade));
        if let (Some(Value::String(old)), Some(Value::String(new))) = (before, after)
            && let Some((raised, shape)) = text_shape(old, new)
        {
            grade = grade.max(raised);
            if tail.is_empty() {
                shape.clone_into(&mut tail);
            }
        }
        let facts = json!({"views": views_json(views), "before": digest_json(before), "after": digest_json(after)});
        let mut finding = self.finding(code, grade, leaf.pointer.trim_start_matches('/'), format!("{title}{tail}"), &facts);
        finding = finding.with(text_detail(leaf.pointer.trim_start_matches('/'), before, after));
        finding.raised = !tail.is_empty();
        finding.details.extend(signal_details(&signals));
        finding
    }

    fn leaf(&self, pointer: &str, before: Option<&Value>, after: Option<&Value>) -> (&'static str, Grade, String) {
        let say = |code, grade, title: &str| (code, grade, title.to_owned());
        if pointer == "/instructions" {
            let verb = if before.is_none() { "now gives" } else { "changed" };
            return say(
                "instructions-changed",
                Grade::Warning,
                &format!("the server {verb} instructions, which a client puts before the model"),
            );
        }
        if let Some(member) = pointer.strip_prefix("/serverInfo/").or_else(|| pointer.strip_prefix(MODERN_INFO)) {
            return self.identity(member, after);
        }
        if pointer == "/serverInfo" || pointer == MODERN_INFO.trim_end_matches('/') {
            return say(
                "server-identity-changed",
                Grade::Warning,
                "the server says something else about who it is",
            );
        }
        if pointer == "/capabilities" || pointer.starts_with("/capabilities/") {
            return capability(pointer, before, after);
        }
        match pointer {
            "/protocolVersion" if value_text(after) >= value_text(before) => say(
                "protocol-version-changed",
                Grade::Info,
                "the server speaks a newer protocol version",
            ),
            "/protocolVersion" => say(
                "protocol-downgraded",
                Grade::Warning,
                "the server speaks an older protocol version, whose rules are weaker",
            ),
            "/supportedVersions" => {
                let newest = |value: Option<&Value>| {
                    let list = value.and_then(Value::as_array).into_iter().flatten();
                    list.filter_map(Value::as_str).max().map(str::to_owned)
                };
                if newest(after) >= newest(before) {
                    say(
                        "protocol-version-changed",
                        Grade::Info,
                        "the server supports other protocol versions",
                    )
                } else {
                    say(
                        "protocol-downgraded",
                        Grade::Warning,
                        "the server no longer supports the newest protocol version it did",
                    )
                }
            }
            "/cacheScope" if value_text(after) == "private" => {
                say("cache-scope-changed", Grade::Notice, "answers may be cached for one user only")
            }
            "/cacheScope" => say("cache-scope-changed", Grade::Warning, "answers may now be cached for everybody"),
            _ if pointer.starts_with("/_meta") => say(
                "handshake-member-changed",
                Grade::Notice,
                "a `_meta` member of the handshake changed",
            ),
            _ => say(
                "handshake-member-changed",
                Grade::Warning,
                "a member of the handshake that no rule knows changed",
            ),
        }
    }

    fn identity(&self, member: &str, after: Option<&Value>) -> (&'static str, Grade, String) {
        if member == "version" {
            return (
                "server-version-changed",
                Grade::Info,
                "the server calls itself another version".into(),
            );
        }
        let name = value_text(after);
        let imitated = (member == "name" || member == "title")
            .then(|| {
                self.context
                    .others
                    .iter()
                    .find(|other| other.server != *self.server && likeness(&name, other.server.as_str()).is_some())
            })
            .flatten();
        match imitated {
            Some(other) => {
                let title = format!(
                    "the server now calls itself `{name}`, which can be taken for your server {}",
                    other.server
                );
                ("server-identity-changed", Grade::Critical, title)
            }
            None => (
                "server-identity-changed",
                Grade::Warning,
                format!("the server's `{member}` changed: it says something else about who it is"),
            ),
        }
    }
}

fn capability(pointer: &str, before: Option<&Value>, after: Option<&Value>) -> (&'static str, Grade, String) {
    let path = pointer
        .trim_start_matches("/capabilities")
        .trim_start_matches('/')
        .replace('/', ".");
    let off = |value: Option<&Value>| value.is_none_or(|value| value == &Value::Bool(false) || value.is_null());
    if off(after) {
        return (
            "capability-removed",
            Grade::Info,
            format!("the server no longer claims the capability `{path}`"),
        );
    }
    let harmless = |name: &str| {
        matches!(
            name.rsplit('.').next(),
            Some("listChanged" | "subscribe" | "logging" | "tools" | "prompts" | "resources")
        )
    };
    let grade = if harmless(&path) { Grade::Notice } else { Grade::Warning };
    if off(before) {
        ("capability-added", grade, format!("the server claims the new capability `{path}`"))
    } else {
        ("capability-changed", grade, format!("the capability `{path}` changed"))
    }
}
