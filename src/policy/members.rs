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
        let ui = |value: Option<&Value>| value.and_then(|meta| meta.get("ui")).map(canonical);
        if ui(before) == ui(after) {
            let title = self.title("the `_meta` member") + " changed";
            self.push("meta-changed", Grade::Notice, &title, "/_meta", before, after);
        } else {
            let domains = |value: Option<&Value>| -> BTreeSet<String> {
                let csp = value.and_then(|meta| meta.get("ui")).and_then(|ui| ui.get("csp"));
                csp.and_then(Value::as_object)
                    .into_iter()
                    .flatten()
                    .flat_map(|(key, list)| list.as_array().into_iter().flatten().map(move |domain| format!("{key} {domain}")))
                    .collect()
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

/// Where an icon is loaded from: scheme and host, or the media type of a `data:` URI.
fn origin(source: &str) -> String {
    match source.split_once("://") {
        Some((scheme, rest)) => format!("{scheme}://{}", rest.split('/').next().unwrap_or_default()),
        None => source.split([';', ',']).next().unwrap_or_default().to_owned(),
    }
}
