//! What a server says about itself, for a person who meets it for the first time.
//!
//! The attack: a hundred and twenty tools, approved by their number. So each is named with the
//! beginning of its description, and every text can be read in full before the answer.

use serde_json::Value;

use crate::model::{ItemKind, Pin, Surface};
use crate::ops::interact::Passage;

/// So many tools are listed by name.
const LISTED: usize = 40;
/// Characters of a description that stand beside the name.
const BEGINNING: usize = 100;
/// Characters of the instructions that are shown unasked.
const INSTRUCTIONS: usize = 400;

/// The server's instructions and tools, a line each.
pub fn lines(pin: &Pin) -> Vec<String> {
    let Some(surface) = &pin.surface else { return Vec::new() };
    let mut lines: Vec<_> = instructions(surface)
        .iter()
        .map(|text| format!("instructions: {}", beginning(text, INSTRUCTIONS)))
        .collect();
    let mut tools: Vec<(&str, &str)> = Vec::new();
    for item in surface.views.iter().flat_map(|view| view.list(ItemKind::Tool)) {
        if tools.iter().all(|(name, _)| *name != item.key) {
            tools.push((&item.key, description(&item.definition)));
        }
    }
    for (name, text) in tools.iter().take(LISTED) {
        let first = text.trim_start().lines().next().unwrap_or_default();
        lines.push(if first.is_empty() {
            format!("tool {name}, without a description")
        } else {
            format!("tool {name}: {}", beginning(first, BEGINNING))
        });
    }
    if let Some(more @ 1..) = tools.len().checked_sub(LISTED) {
        lines.push(format!("and {more} more tools"));
    }
    lines
}

/// Every text that the server puts before a model, in full. What it says differently to different
/// clients stands there more than once.
pub fn passages(pin: &Pin) -> Vec<Passage> {
    let Some(surface) = &pin.surface else { return Vec::new() };
    let mut out: Vec<_> = instructions(surface)
        .into_iter()
        .map(|text| Passage {
            heading: "instructions".into(),
            text: text.to_owned(),
        })
        .collect();
    for kind in ItemKind::ALL {
        for item in surface.views.iter().flat_map(|view| view.list(kind)) {
            let passage = Passage {
                heading: format!("{} {}", kind.noun(), item.key),
                text: in_full(&item.definition),
            };
            if !out.contains(&passage) {
                out.push(passage);
            }
        }
    }
    out
}

fn instructions(surface: &Surface) -> Vec<&str> {
    let mut all: Vec<_> = surface.views.iter().filter_map(|view| view.instructions()).collect();
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|text| seen.insert(*text));
    all
}

fn description(definition: &Value) -> &str {
    definition.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// The description as text, and the rest as it was sent.
fn in_full(definition: &Value) -> String {
    let mut rest = definition.clone();
    if let Some(members) = rest.as_object_mut()
        && members.get("description").is_some_and(Value::is_string)
    {
        members.remove("description");
    }
    format!("{}\n{rest:#}", description(definition)).trim_start().to_owned()
}

fn beginning(text: &str, limit: usize) -> String {
    let total = text.chars().count();
    if total <= limit {
        return text.to_owned();
    }
    let kept: String = text.chars().take(limit).collect();
    format!("{kept} (and {} more characters)", total - limit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_cut_is_counted() {
        assert_eq!(beginning("short", 10), "short");
        assert_eq!(beginning("0123456789abc", 10), "0123456789 (and 3 more characters)");
    }

    #[test]
    fn a_definition_is_shown_whole() {
        let text = in_full(&json!({"name": "add", "description": "Adds.\nTwo numbers.", "title": "T"}));
        assert!(text.starts_with("Adds.\nTwo numbers.\n{"), "{text}");
        assert!(text.contains("\"title\": \"T\"") && !text.contains("description"), "{text}");
        let odd = in_full(&json!({"name": "add", "description": ["hidden"]}));
        assert!(odd.contains("hidden"), "{odd}");
    }
}
