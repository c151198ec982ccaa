//! Judging the members of a definition beside its texts and its input: output, icons, `_meta`, and
//! what no rule knows.

use std::collections::BTreeSet;

use serde_json::Value;

use super::item::ItemJudge;
use super::schema;
use crate::model::Grade;
use crate::surface::{canonical, normal};

impl ItemJudge<'_, '_> {
    pub(super) fn output_schema(&mut self, before: Option<&Value>, after: Option<&Value>) {
        self.references("outputSchema", "output");
        let (old, new) = (normal(self.kind, self.before), normal(self.kind, self.after));
        let events = schema::compare(old.get("outputSchema"), new.get("outputSchema"));
        let tightened = before.is_some() && after.is_some() && events.iter().all(|event| event.grade == Grade::Info);
        let title = self.title("the output schema") + " changed";
        self.push(
            "output-schema-changed",
            if tightened { Grade::Info } else { Grade::Notice },
            &title,
            "/outputSchema",
            before,
            after,
        );
    }

    pub(super) fn icons(&mut self, before: Option<&Value>, after: Option<&Value>) {
        let sources = |value: Option<&Value>| -> BTreeSet<String> {
            let list = value.and_then(Value::as_array).into_iter().flatten();
            list.filter_map(|icon| icon.get("src").and_then(Value::as_str))
                .map(origin)
                .collect()
        };
        let (old, new) = (sources(before), sources(after));
        let fresh = new
            .difference(&old)
            .any(|origin| !origin.starts_with("data:image/") || origin.contains("svg"));
        // Everything beside the address: a member that no client shows may still be read.
        let others = |value: Option<&Value>| {
            let mut value = value.cloned().unwrap_or_default();
            for icon in value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
                icon.remove("src");
            }
            value
        };
        let told = others(before) != others(after);
        let title = self.title("the icons") + " changed";
        let grade = match (fresh, told) {
            (true, _) => Grade::Warning,
            (false, true) => Grade::Notice,
            (false, false) => Grade::Info,
        };
        self.push("icons-changed", grade, &title, "/icons", before, after);
    }

    pub(super) fn meta(&mut self, before: Option<&Value>, after: Option<&Value>) {
        let ui = |value: Option<&Value>| canonical(&interface(value));
        if ui(before) == ui(after) {
            let title = self.title("the `_meta` member") + " changed";
            self.push("meta-changed", Grade::Notice, &title, "/_meta", before, after);
        } else {
            let domains = |value: Option<&Value>| {
                let mut out = BTreeSet::new();
                domains(&interface(value), false, "", &mut out);
                out
            };
            let wider = !domains(after).is_subset(&domains(before));
            let title = self.title("the user interface") + if wider { " may now load from more places" } else { " changed" };
            self.push(
                "ui-resource-changed",
                if wider { Grade::Critical } else { Grade::Warning },
                &title,
                "/_meta",
                before,
                after,
            );
        }
    }

    pub(super) fn unknown(&mut self, name: &str, before: Option<&Value>, after: Option<&Value>) {
        let plain = |value: Option<&Value>| value.is_none_or(|value| value.is_boolean() || value.is_number() || value.is_null());
        let grade = if plain(before) && plain(after) {
            Grade::Notice
        } else {
            Grade::Warning
        };
        let title = self.title(&format!("the member `{name}`, which no rule knows,")) + " changed";
        self.push("unknown-member-changed", grade, &title, &format!("/{name}"), before, after);
    }
}

/// The members of `_meta` that are about what a client shows: those of MCP Apps, and those of
/// vendors that came before.
fn interface(meta: Option<&Value>) -> Value {
    let about = |name: &str| {
        let last = name.rsplit('/').next().unwrap_or(name).to_lowercase();
        name == "ui" || name.starts_with("ui/") || last.contains("widget") || last.contains("csp") || last == "outputtemplate"
    };
    let members = meta.and_then(Value::as_object).into_iter().flatten();
    Value::Object(
        members
            .filter(|(name, _)| about(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// The places that a content security policy allows, at any depth, each with what it is allowed for.
fn domains(value: &Value, within: bool, key: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(name, inner)| domains(inner, within || name.to_lowercase().contains("csp"), name, out)),
        Value::Array(list) => list.iter().for_each(|inner| domains(inner, within, key, out)),
        place if within => {
            out.insert(format!("{key} {place}"));
        }
        _ => {}
    }
}

/// Where an icon is loaded from: scheme and host, or the media type of a `data:` URI.
fn origin(source: &str) -> String {
    match source.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()),
        None => source.split([';', ',']).next().unwrap_or_default().to_owned(),
    }
}
