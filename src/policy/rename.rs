//! Tools that only got another name.
//!
//! The attack it must not hide: a tool that goes while another comes, to which the model is steered.
//! So only a tool with the very same input, the same annotations and nearly the same words is taken
//! for the old one, each old one once; its changed words are judged as words of a changed tool, and
//! its name like that of a new tool.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Judge, digest_json, views_json};
use crate::diff::{Segment, leaves, words};
use crate::model::drift::Views;
use crate::model::report::Detail;
use crate::model::{Change, Finding, Grade, ItemKind};
use crate::surface::{canonical, normal};

/// How much of the words must be the same, in percent.
const SAME: usize = 80;
/// Beyond this product no pairs are looked for: a hostile list of names costs no time.
const MAX_PAIRS: usize = 250_000;

/// One tool under two names: the places of both changes in the drift.
#[derive(Debug, Clone, Copy)]
pub(super) struct Renamed {
    pub(super) removed: usize,
    pub(super) added: usize,
}

/// What is compared of one side.
struct Half<'a> {
    at: usize,
    views: &'a Views,
    key: &'a str,
    /// All but the names and the description, in the normalised form.
    body: Vec<u8>,
    description: &'a str,
}

/// The tools of a drift that only got another name, each at most once.
pub(super) fn renamed(changes: &[Change]) -> Vec<Renamed> {
    let (mut removed, mut added) = (Vec::new(), Vec::new());
    for (at, change) in changes.iter().enumerate() {
        match change {
            Change::ItemRemoved {
                views,
                kind: ItemKind::Tool,
                key,
                definition,
            } => removed.extend(half(at, views, key, definition)),
            Change::ItemAdded {
                views,
                kind: ItemKind::Tool,
                key,
                definition,
            } => added.extend(half(at, views, key, definition)),
            _ => {}
        }
    }
    let mut pairs = Vec::new();
    if removed.len().saturating_mul(added.len()) <= MAX_PAIRS {
        for old in &removed {
            for new in added.iter().filter(|new| new.body == old.body && new.views == old.views) {
                let (text, name) = (alike(old.description, new.description), alike(old.key, new.key));
                if text >= SAME {
                    pairs.push((
                        text,
                        name,
                        Renamed {
                            removed: old.at,
                            added: new.at,
                        },
                    ));
                }
            }
        }
    }
    pairs.sort_by_key(|(text, name, pair)| (std::cmp::Reverse((*text, *name)), pair.removed, pair.added));
    let (mut gone, mut come) = (BTreeSet::new(), BTreeSet::new());
    let mut out: Vec<_> = pairs
        .into_iter()
        .map(|(_, _, pair)| pair)
        .filter(|pair| !come.contains(&pair.added) && gone.insert(pair.removed) && come.insert(pair.added))
        .collect();
    out.sort_by_key(|pair| pair.removed);
    out
}

fn half<'a>(at: usize, views: &'a Views, key: &'a str, definition: &'a Value) -> Option<Half<'a>> {
    let mut body = normal(ItemKind::Tool, definition);
    let members = body.as_object_mut()?;
    for name in ["name", "title", "description"] {
        members.remove(name);
    }
    if let Some(Value::Object(annotations)) = members.get_mut("annotations") {
        annotations.remove("title");
    }
    if let Some(Value::Object(schema)) = members.get_mut("inputSchema") {
        // Generators name the schema after the tool.
        schema.remove("title");
    }
    let description = match definition.get("description") {
        None => "",
        Some(text) => text.as_str()?,
    };
    let parameters = definition.pointer("/inputSchema/properties").and_then(Value::as_object);
    // Tools that say next to nothing are all alike.
    let says = description.chars().count() >= 20 || parameters.is_some_and(|names| names.len() >= 2);
    says.then(|| Half {
        at,
        views,
        key,
        body: canonical(&body),
        description,
    })
}

/// How much of two texts is the same, in percent of the longer one.
fn alike(one: &str, two: &str) -> usize {
    let longer = one.len().max(two.len());
    if longer == 0 || one == two {
        return 100;
    }
    let same = |segment: Segment| if let Segment::Same(text) = segment { text.len() } else { 0 };
    words(one, two).into_iter().map(same).sum::<usize>() * 100 / longer
}

impl Judge<'_> {
    /// The findings for one tool with another name.
    pub(super) fn tool_renamed(&self, changes: &[Change], pair: &Renamed, out: &mut Vec<Finding>) {
        let (
            Some(Change::ItemRemoved {
                key: old,
                definition: before,
                ..
            }),
            Some(Change::ItemAdded {
                views,
                key: new,
                definition: after,
                ..
            }),
        ) = (changes.get(pair.removed), changes.get(pair.added))
        else {
            return;
        };
        let facts =
            json!({"views": views_json(views), "from": old, "before": digest_json(Some(before)), "after": digest_json(Some(after))});
        let title =
            format!("tool `{old}` is now called `{new}`: what you allowed by its name is not allowed any more, or is something else");
        let mut finding = self.finding("tool-renamed", Grade::Warning, new.as_str(), title, &facts);
        finding = finding.with(Detail::Line(format!("{old} -> {new}")));
        out.push(finding);
        out.extend(self.taken_names(new, &facts));
        // What else differs is told as in a tool that kept its name.
        let mut before = before.clone();
        if let (Some(members), Some(name)) = (before.as_object_mut(), after.get("name")) {
            members.insert("name".into(), name.clone());
        }
        let leaves = leaves(&before, after);
        if !leaves.is_empty() {
            let (kind, key, views) = (ItemKind::Tool, new.clone(), views.clone());
            let same_meaning = canonical(&normal(kind, &before)) == canonical(&normal(kind, after));
            let after = after.clone();
            out.extend(self.item_changed(&Change::ItemChanged {
                views,
                kind,
                key,
                leaves,
                same_meaning,
                before,
                after,
            }));
        }
    }
}
