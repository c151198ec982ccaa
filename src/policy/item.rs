//! Judging what is listed: tools, prompts, resources, templates.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::names::{Likeness, likeness};
use super::novelty::{grew, says_more};
use super::reach;
use super::schema::{self, Event};
use super::signals::{Signal, Signals, introduced, of_value};
use super::{Judge, also, digest_json, signal_details, text_detail, text_shape, views_json, worst};
use crate::model::drift::{LeafChange, Views};
use crate::model::report::Detail;
use crate::model::{Change, Finding, Grade, ItemKind};
use crate::surface::normal;

/// More findings of one code than this for one item are gathered into one.
const MANY: usize = 12;

impl Judge<'_> {
    /// The finding for a new definition, and one for a name that is taken.
    pub(super) fn item_added(&self, views: &Views, kind: ItemKind, key: &str, definition: &Value) -> Vec<Finding> {
        let signals: Vec<_> = introduced(
            &Signals::new(),
            &of_value(Some(&without_own_scheme(kind, definition)), &self.others),
        );
        let hard: Vec<_> = signals.into_iter().filter(|signal| signal.kind.grade() >= Grade::Warning).collect();
        let (code, base) = match kind {
            ItemKind::Tool => ("tool-added", Grade::Warning),
            ItemKind::Prompt => ("prompt-added", Grade::Warning),
            ItemKind::Resource => ("resource-added", scheme_grade(key)),
            ItemKind::Template => ("resource-template-added", scheme_grade(key)),
        };
        let mut references = BTreeSet::new();
        schema::network_references(definition, &mut references);
        let mut grade = base.max(worst(&hard).unwrap_or(base));
        let listening = reach::listening_parameters(definition);
        if !(references.is_empty() && listening.is_empty()) {
            grade = Grade::Critical;
        }
        let facts = json!({"views": views_json(views), "after": digest_json(Some(definition))});
        let noun = kind.noun();
        let mut finding = self.finding(
            code,
            grade,
            key,
            format!("{noun} `{key}` is new, nobody has reviewed it{}", also(&hard)),
            &facts,
        );
        for label in ["title", "description"] {
            if let Some(text) = definition.get(label) {
                finding = finding.with(text_detail(label, None, Some(text)));
            }
        }
        for line in parameters(definition) {
            finding = finding.with(Detail::Line(line));
        }
        for target in references {
            finding = finding.with(Detail::Line(format!("its schema refers to {target}, which can change at any time")));
        }
        for name in listening {
            finding = finding.with(Detail::Line(format!("parameter `{name}` asks for what was said before")));
        }
        finding.raised = grade > base || !hard.is_empty();
        finding.details.extend(signal_details(&hard));
        let mut out = vec![finding];
        if kind == ItemKind::Tool {
            out.extend(self.taken_names(key, &facts));
        }
        out
    }

    /// The findings for a name that is new and that another server has, or speaks about.
    pub(super) fn taken_names(&self, key: &str, facts: &Value) -> Vec<Finding> {
        let collisions = self.collisions(key).into_iter();
        let mut out: Vec<_> = collisions
            .map(|(_, title)| self.finding("tool-name-collision", Grade::Critical, key, title, facts))
            .collect();
        out.extend(self.named_elsewhere(key, facts));
        out
    }

    /// The finding where another server's texts already speak about a tool of this name, and that
    /// server has none: it can steer calls to whoever takes the name.
    pub(super) fn named_elsewhere(&self, key: &str, facts: &Value) -> Option<Finding> {
        let others = self.context.others.iter().filter(|other| other.server != *self.server);
        let names: Vec<_> = others
            .filter(|other| other.speaks_of.contains(key) && !other.tools.iter().any(|tool| tool == key))
            .map(|other| other.server.to_string())
            .collect();
        if names.is_empty() {
            return None;
        }
        let title = format!("texts of server {} already speak about a tool `{key}`", names.join(", "));
        Some(self.finding("tool-named-elsewhere", Grade::Warning, key, title, facts))
    }

    /// Tools of other pinned servers that `name` can be taken for.
    pub(super) fn collisions(&self, name: &str) -> Vec<(Grade, String)> {
        let others = self.context.others.iter().filter(|other| other.server != *self.server);
        let pairs = others.flat_map(|other| other.tools.iter().map(move |tool| (&other.server, tool)));
        pairs
            .filter_map(|(server, tool)| {
                Some(match likeness(name, tool)? {
                    Likeness::Same => (
                        Grade::Warning,
                        format!("tool `{name}` has the name of a tool of server {server}: the model may call either"),
                    ),
                    Likeness::Respelled => (
                        Grade::Warning,
                        format!("tool `{name}` is tool `{tool}` of server {server} in another spelling: the model may call either"),
                    ),
                    Likeness::Lookalike => (
                        Grade::Critical,
                        format!("tool `{name}` looks like tool `{tool}` of server {server}"),
                    ),
                    Likeness::Near => (
                        Grade::Notice,
                        format!("tool `{name}` is one letter away from tool `{tool}` of server {server}"),
                    ),
                })
            })
            .collect()
    }

    /// The finding for a definition that is gone.
    pub(super) fn item_removed(&self, views: &Views, kind: ItemKind, key: &str, definition: &Value) -> Finding {
        let code = match kind {
            ItemKind::Tool => "tool-removed",
            ItemKind::Prompt => "prompt-removed",
            ItemKind::Resource => "resource-removed",
            ItemKind::Template => "resource-template-removed",
        };
        let steering = kind == ItemKind::Tool && self.tool_added;
        let (grade, tail) = if steering {
            (Grade::Warning, " while others came: calls may be steered to a replacement")
        } else {
            (Grade::Notice, "")
        };
        let facts = json!({"views": views_json(views), "before": digest_json(Some(definition))});
        self.finding(code, grade, key, format!("{} `{key}` is gone{tail}", kind.noun()), &facts)
    }

    /// The findings for a changed definition: one a cause.
    pub(super) fn item_changed(&self, change: &Change) -> Vec<Finding> {
        let Change::ItemChanged {
            views,
            kind,
            key,
            leaves,
            same_meaning,
            before,
            after,
        } = change
        else {
            return Vec::new();
        };
        let fresh = introduced(&of_value(Some(before), &self.others), &of_value(Some(after), &self.others));
        let mut item = ItemJudge {
            judge: self,
            views,
            kind: *kind,
            key,
            before,
            after,
            fresh,
            told: BTreeSet::new(),
            out: Vec::new(),
        };
        if *same_meaning {
            item.reformatted(leaves);
        } else {
            item.causes(leaves);
        }
        item.leftovers();
        item.out
    }
}

/// A resource's definition, in which its own name is no address: its scheme is judged by itself. All
/// else of the name stays, and so does all else that the definition says.
fn without_own_scheme(kind: ItemKind, definition: &Value) -> Value {
    let mut definition = definition.clone();
    if let (ItemKind::Resource | ItemKind::Template, Some(Value::String(uri))) = (kind, definition.get_mut(kind.name_key())) {
        *uri = uri.replacen("://", ": ", 1);
    }
    definition
}

/// `file:` and web addresses reach further than a server's own scheme.
fn scheme_grade(uri: &str) -> Grade {
    let lower = uri.to_lowercase();
    // `ui:` is a page with code that a client shows.
    if ["file:", "http:", "https:", "data:", "javascript:", "ui:"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
    {
        Grade::Warning
    } else {
        Grade::Notice
    }
}

fn parameters(definition: &Value) -> Vec<String> {
    let Some(properties) = definition
        .get("inputSchema")
        .and_then(|schema| schema.get("properties"))
        .and_then(Value::as_object)
    else {
        return Vec::new();
    };
    let names: Vec<_> = properties.keys().take(40).map(String::as_str).collect();
    if names.is_empty() {
        Vec::new()
    } else {
        vec![format!("parameters: {}", names.join(", "))]
    }
}

pub(super) struct ItemJudge<'a, 'j> {
    judge: &'a Judge<'j>,
    views: &'a Views,
    pub(super) kind: ItemKind,
    pub(super) key: &'a str,
    pub(super) before: &'a Value,
    pub(super) after: &'a Value,
    /// Signals the whole definition did not have.
    fresh: Vec<Signal>,
    /// Those of them that a finding already carries.
    told: BTreeSet<Signal>,
    out: Vec<Finding>,
}

impl ItemJudge<'_, '_> {
    pub(super) fn title(&self, what: &str) -> String {
        format!("{what} of {} `{}`", self.kind.noun(), self.key)
    }

    /// The fresh signals that the change from `before` to `after` brings.
    fn signals(&mut self, before: Option<&Value>, after: Option<&Value>) -> Vec<Signal> {
        let brought = introduced(&of_value(before, &self.judge.others), &of_value(after, &self.judge.others));
        let found: Vec<_> = brought.into_iter().filter(|signal| self.fresh.contains(signal)).collect();
        self.told.extend(found.iter().cloned());
        found
    }

    pub(super) fn push(
        &mut self,
        code: &'static str,
        base: Grade,
        title: &str,
        pointer: &str,
        before: Option<&Value>,
        after: Option<&Value>,
    ) {
        let signals = self.signals(before, after);
        let mut grade = worst(&signals).map_or(base, |worst| worst.max(base));
        // Whatever a rule makes of the place: a text nobody has read is never noise.
        if says_more(before, after) {
            grade = grade.max(Grade::Notice);
        }
        let mut tail = also(&signals);
        if let (Some(Value::String(old)), Some(Value::String(new))) = (before, after)
            && let Some((raised, shape)) = text_shape(old, new)
        {
            grade = grade.max(raised);
            if tail.is_empty() {
                shape.clone_into(&mut tail);
            }
        }
        let facts = json!({"views": views_json(self.views), "at": pointer, "before": digest_json(before), "after": digest_json(after)});
        let mut finding = self.judge.finding(code, grade, self.key, format!("{title}{tail}"), &facts);
        let label = pointer.trim_start_matches('/');
        finding = finding.with(text_detail(if label.is_empty() { "definition" } else { label }, before, after));
        finding.raised = !tail.is_empty();
        finding.details.extend(signal_details(&signals));
        self.out.push(finding);
    }

    fn reformatted(&mut self, leaves: &[LeafChange]) {
        let facts =
            json!({"views": views_json(self.views), "before": digest_json(Some(self.before)), "after": digest_json(Some(self.after))});
        let title = format!("{} `{}` is written in another way that means the same", self.kind.noun(), self.key);
        let mut finding = self.judge.finding("definition-reformatted", Grade::Info, self.key, title, &facts);
        for leaf in leaves.iter().take(MANY) {
            finding = finding.with(text_detail(
                leaf.pointer.trim_start_matches('/'),
                leaf.before.as_ref(),
                leaf.after.as_ref(),
            ));
        }
        self.out.push(finding);
    }

    /// Sorts the changed leaves by the member of the definition they stand in.
    fn causes(&mut self, leaves: &[LeafChange]) {
        let member = |leaf: &LeafChange| {
            leaf.pointer
                .trim_start_matches('/')
                .split('/')
                .next()
                .unwrap_or_default()
                .to_owned()
        };
        let members: BTreeSet<String> = leaves.iter().map(member).collect();
        let many = self.does_more(&members);
        for name in &members {
            if name.is_empty() {
                let title = format!("{} `{}` changed as a whole", self.kind.noun(), self.key);
                self.push(
                    "unknown-member-changed",
                    Grade::Warning,
                    &title,
                    "",
                    Some(self.before),
                    Some(self.after),
                );
                continue;
            }
            let (before, after) = (self.before.get(name.as_str()), self.after.get(name.as_str()));
            match (self.kind, name.as_str()) {
                (_, "description") => self.description(before, after),
                (_, "title") | (ItemKind::Resource | ItemKind::Template, "name") => self.display_name(name, before, after),
                (ItemKind::Tool, "annotations") => self.annotations(before, after, many),
                (ItemKind::Tool, "inputSchema") => self.input_schema(),
                (ItemKind::Tool, "outputSchema") => self.output_schema(before, after),
                (ItemKind::Prompt, "arguments") => {
                    let title = self.title("the arguments") + " changed";
                    self.push("prompt-arguments-changed", Grade::Notice, &title, "/arguments", before, after);
                }
                (_, "icons") => self.icons(before, after),
                (_, "_meta") => self.meta(before, after),
                (ItemKind::Resource | ItemKind::Template, "mimeType" | "annotations" | "size") => {
                    let title = self.title(&format!("`{name}`")) + " changed";
                    self.push("resource-changed", Grade::Notice, &title, &format!("/{name}"), before, after);
                }
                (ItemKind::Tool, "execution") => {
                    let title = self.title("the way of execution") + " changed";
                    self.push("execution-changed", Grade::Warning, &title, "/execution", before, after);
                }
                _ => self.unknown(name, before, after),
            }
        }
    }

    /// Whether what changed may let the tool do more, or tell the model more, than before. A title,
    /// an icon or the shape of the output does not.
    fn does_more(&self, members: &BTreeSet<String>) -> bool {
        let harmless = ["annotations", "title", "icons", "outputSchema"];
        let (old, new) = (normal(self.kind, self.before), normal(self.kind, self.after));
        members
            .iter()
            .filter(|name| !harmless.contains(&name.as_str()))
            .any(|name| match name.as_str() {
                "inputSchema" => {
                    let events = schema::compare(old.get("inputSchema"), new.get("inputSchema"));
                    events.iter().any(|event| event.grade > Grade::Info)
                }
                _ => true,
            })
    }

    fn description(&mut self, before: Option<&Value>, after: Option<&Value>) {
        let code = match self.kind {
            ItemKind::Tool => "tool-description-changed",
            ItemKind::Prompt => "prompt-description-changed",
            ItemKind::Resource | ItemKind::Template => "resource-description-changed",
        };
        let verb = match (before, after) {
            (None, _) => "is new",
            (_, None) => "is gone",
            _ => "changed",
        };
        let title = format!("{} {verb}", self.title("the description"));
        // A description that is no text is outside the protocol.
        let odd = after.is_some_and(|value| !value.is_string());
        self.push(
            code,
            if odd { Grade::Warning } else { Grade::Notice },
            &title,
            "/description",
            before,
            after,
        );
    }

    fn display_name(&mut self, name: &str, before: Option<&Value>, after: Option<&Value>) {
        let code = match self.kind {
            ItemKind::Tool => "tool-title-changed",
            ItemKind::Prompt => "prompt-title-changed",
            ItemKind::Resource | ItemKind::Template => "resource-title-changed",
        };
        let title = self.title("the title people see when they consent") + " changed";
        self.push(code, Grade::Notice, &title, &format!("/{name}"), before, after);
    }

    fn annotations(&mut self, before: Option<&Value>, after: Option<&Value>, with_others: bool) {
        use crate::surface::normal::annotations;
        let (Some(old), Some(new)) = (annotations(before), annotations(after)) else {
            let title = self.title("the annotations") + " are not what the protocol says";
            return self.push("annotation-changed", Grade::Warning, &title, "/annotations", before, after);
        };
        let hint = |value: &Value, name: &str| value.get(name).cloned();
        let names: BTreeSet<String> = [&old, &new]
            .into_iter()
            .filter_map(Value::as_object)
            .flat_map(|map| map.keys().cloned())
            .collect();
        for name in names {
            let (was, is) = (hint(&old, &name), hint(&new, &name));
            // Hints that lose or gain their meaning with `readOnlyHint` are told by that one.
            let moot = matches!(name.as_str(), "destructiveHint" | "idempotentHint") && (was.is_none() || is.is_none());
            if was == is || (moot && was.as_ref().or(is.as_ref()).is_some_and(Value::is_boolean)) {
                continue;
            }
            let to = is.as_ref().and_then(Value::as_bool);
            let (code, grade, what) = match (name.as_str(), to) {
                ("title", _) => (
                    "tool-title-changed",
                    Grade::Notice,
                    "the title people see when they consent, changed",
                ),
                ("readOnlyHint", Some(false)) => (
                    "annotation-read-only-dropped",
                    Grade::Warning,
                    "the claim to be read-only was dropped",
                ),
                ("readOnlyHint", Some(true)) => {
                    let grade = if with_others { Grade::Critical } else { Grade::Warning };
                    (
                        "annotation-read-only-claimed",
                        grade,
                        "a new claim to be read-only, which lets clients call it unasked,",
                    )
                }
                ("destructiveHint", Some(false)) => (
                    "annotation-destructive-dropped",
                    Grade::Warning,
                    "the mark `destructive` was dropped, which lowers a client's guard,",
                ),
                ("destructiveHint", Some(true)) => ("annotation-destructive-added", Grade::Notice, "the mark `destructive` is new"),
                // No client lowers its guard because of a mark that nobody had set: it is worth a question
                // where the tool can do more than before, or where it had said otherwise.
                ("openWorldHint", Some(false)) => (
                    "annotation-open-world-dropped",
                    if with_others || before.is_some_and(|given| given.get("openWorldHint").is_some()) {
                        Grade::Warning
                    } else {
                        Grade::Notice
                    },
                    "the mark `open world` was dropped, which lowers a client's guard,",
                ),
                ("openWorldHint", Some(true)) => ("annotation-open-world-added", Grade::Notice, "the mark `open world` is new"),
                ("idempotentHint", Some(_)) => ("annotation-idempotent-changed", Grade::Info, "the mark `idempotent` changed"),
                _ => ("annotation-changed", Grade::Warning, "an annotation no rule knows changed"),
            };
            let title = format!("{what} on {} `{}`", self.kind.noun(), self.key);
            self.push(code, grade, &title, &format!("/annotations/{name}"), was.as_ref(), is.as_ref());
        }
    }

    fn input_schema(&mut self) {
        let (old, new) = (normal(self.kind, self.before), normal(self.kind, self.after));
        let (raw_before, raw_after) = (self.before.get("inputSchema").cloned(), self.after.get("inputSchema").cloned());
        self.references("inputSchema", "input");
        let events = schema::compare(old.get("inputSchema"), new.get("inputSchema"));
        if events.is_empty() {
            let title = self.title("the input schema") + " is written in another way that means the same";
            return self.push(
                "definition-reformatted",
                Grade::Info,
                &title,
                "/inputSchema",
                raw_before.as_ref(),
                raw_after.as_ref(),
            );
        }
        if grew(raw_before.as_ref(), raw_after.as_ref()) {
            let title = self.title("the input schema") + " grew out of all proportion";
            self.push("schema-explosion", Grade::Warning, &title, "/inputSchema", None, None);
        }
        let mut codes: Vec<&'static str> = events.iter().map(|event| event.code).collect();
        codes.sort_unstable();
        codes.dedup();
        for code in codes {
            let group: Vec<_> = events.iter().filter(|event| event.code == code).collect();
            if group.len() > MANY {
                self.gathered(code, &group);
            } else {
                for event in group {
                    self.event(event);
                }
            }
        }
    }

    /// A schema that refers to another place than before.
    pub(super) fn references(&mut self, member: &str, what: &str) {
        let mut references = (BTreeSet::new(), BTreeSet::new());
        if let Some(schema) = self.before.get(member) {
            schema::network_references(schema, &mut references.0);
        }
        if let Some(schema) = self.after.get(member) {
            schema::network_references(schema, &mut references.1);
        }
        for target in references.1.difference(&references.0) {
            let title = format!(
                "the {what} of tool `{}` now refers to a schema elsewhere, which can change at any time",
                self.key
            );
            let target = Value::from(target.as_str());
            self.push(
                "network-reference",
                Grade::Critical,
                &title,
                &format!("/{member}/$ref"),
                None,
                Some(&target),
            );
        }
    }

    fn event(&mut self, event: &Event) {
        let whom = if event.path.is_empty() {
            "the input".to_owned()
        } else {
            format!("parameter `{}`", event.path)
        };
        let title = format!("{whom} of tool `{}` {}", self.key, event.what);
        let pointer = if event.path.is_empty() {
            "/input".to_owned()
        } else {
            format!("/{}", event.path)
        };
        self.push(
            event.code,
            event.grade,
            &title,
            &pointer,
            event.before.as_ref(),
            event.after.as_ref(),
        );
    }

    fn gathered(&mut self, code: &'static str, group: &[&Event]) {
        let side = |pick: fn(&Event) -> Option<&Value>| group.iter().filter_map(|event| pick(event).cloned()).collect::<Value>();
        let (before, after) = (side(|event| event.before.as_ref()), side(|event| event.after.as_ref()));
        let Some(worst) = group.iter().rev().max_by_key(|event| event.grade) else {
            return;
        };
        let (grade, all) = (worst.grade, group.len());
        let title = if group.iter().all(|event| event.what == worst.what) {
            format!(
                "{all} places in the input of tool `{}` changed alike: each {}",
                self.key, worst.what
            )
        } else {
            let path = &worst.path;
            format!(
                "{all} places in the input of tool `{}` changed, the worst: parameter `{path}` {}",
                self.key, worst.what
            )
        };
        self.push(code, grade, &title, "/inputSchema", Some(&before), Some(&after));
        if let Some(finding) = self.out.last_mut() {
            let names: Vec<_> = group.iter().map(|event| event.path.as_str()).collect();
            finding.details.insert(0, Detail::Line(names.join(", ")));
        }
    }

    /// Signals that appeared in the definition and that no finding above carries.
    fn leftovers(&mut self) {
        let rest: Vec<_> = self
            .fresh
            .iter()
            .filter(|signal| !self.told.contains(signal) && signal.kind.grade() >= Grade::Warning)
            .cloned()
            .collect();
        let Some(grade) = worst(&rest) else { return };
        let facts =
            json!({"views": views_json(self.views), "before": digest_json(Some(self.before)), "after": digest_json(Some(self.after))});
        let title = format!("{} `{}` changed{}", self.kind.noun(), self.key, also(&rest));
        let mut finding = self.judge.finding("suspicious-text", grade, self.key, title, &facts);
        finding.raised = true;
        finding.details.extend(signal_details(&rest));
        self.out.push(finding);
    }
}
