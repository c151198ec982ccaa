//! From what turned to findings: the same facts, judged by the same code, as `verify` has them.
//!
//! The guard sees a page of one list in one era, `verify` sees everything. So that both findings
//! have one fingerprint, what turned is put into every view in which the same was pinned: a server
//! that turned has most likely turned for everybody. Where it has not, `verify` will say so in a
//! finding of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Setup;
use super::pinned::{Pins, Views};
use crate::diff::{diff_surfaces, leaves};
use crate::model::{Change, ClientProfile, Drift, Finding, Item, ItemKind, Surface, View};
use crate::policy;
use crate::surface::take::{Hostile, LISTS_MEMBER};

/// One definition that is not as pinned.
#[derive(Debug)]
pub(super) enum Turn {
    /// Another definition of a key that the view has.
    Changed { key: String, view: usize, found: Item },
    /// A key that no view of the era has.
    Unlisted(Item),
    /// A key that every view of the era has, and the server does not list any more.
    Missing(String),
}

impl Turn {
    fn key(&self) -> &str {
        match self {
            Self::Changed { key, .. } | Self::Missing(key) => key,
            Self::Unlisted(item) => &item.key,
        }
    }
}

/// Judges facts as `verify` does.
pub(super) fn judge(setup: &Setup, changes: Vec<Change>) -> Vec<Finding> {
    let mut findings = policy::judge(&setup.server, &Drift { changes }, &setup.judge);
    setup.grading.apply(&mut findings);
    findings.sort_by(|a, b| (b.grade, a.code, &a.subject).cmp(&(a.grade, b.code, &b.subject)));
    findings
}

/// What no honest server does, judged.
pub(super) fn hostile(setup: &Setup, hostile: Hostile) -> Vec<Finding> {
    let Hostile { code, what } = hostile;
    judge(setup, vec![Change::Hostile { code, what }])
}

/// What turned in a list, as facts.
pub(super) fn changes(pins: &Pins, kind: ItemKind, views: &Views, turns: &[Turn]) -> Vec<Change> {
    let keys: BTreeSet<&str> = turns.iter().map(Turn::key).collect();
    let part = |view: &View| View {
        items: only(view, kind, &keys),
        ..empty(view)
    };
    let pinned: Vec<_> = pins.surface().views.iter().map(part).collect();
    let mut found = pinned.clone();
    if views.stranger {
        found.extend(stranger(&pinned, views));
    }
    for view in &mut found {
        let list = view.items.entry(kind).or_default();
        for turn in turns {
            match turn {
                Turn::Changed { key, view: from, found } => {
                    let before = pins
                        .view(*from)
                        .and_then(|view| view.list(kind).iter().find(|item| item.key == *key));
                    for item in list.iter_mut().filter(|item| item.key == *key) {
                        if before.is_some_and(|before| before.definition == item.definition) {
                            *item = Item {
                                key: key.clone(),
                                ..found.clone()
                            };
                        }
                    }
                }
                Turn::Unlisted(item) => list.push(item.clone()),
                Turn::Missing(key) => list.retain(|item| item.key != *key),
            }
        }
    }
    differences(pins, pinned, found)
}

/// A handshake that is not as the one pinned in this view, as facts.
pub(super) fn handshake_changes(pins: &Pins, views: &Views, view: usize, handshake: &Value) -> Vec<Change> {
    let bare = |view: &View| View {
        handshake: view.handshake.clone(),
        ..empty(view)
    };
    let pinned: Vec<_> = pins.surface().views.iter().map(bare).collect();
    let Some(before) = pinned.get(view).cloned() else {
        return Vec::new();
    };
    let mut found = pinned.clone();
    if views.stranger {
        found.extend(stranger(&pinned, views).map(|view| View {
            handshake: handshake.clone(),
            ..view
        }));
    }
    let changed = leaves(&bare_handshake(&before.handshake), handshake);
    for other in found.iter_mut().filter(|_| !views.stranger) {
        if other.era == before.era {
            if bare_handshake(&other.handshake) == bare_handshake(&before.handshake) {
                let lists = other.handshake.get(LISTS_MEMBER).cloned();
                other.handshake = handshake.clone();
                if let (Some(lists), Some(members)) = (lists, other.handshake.as_object_mut()) {
                    members.insert(LISTS_MEMBER.to_owned(), lists);
                }
            }
            continue;
        }
        // The other era's handshake has another form: what both have would change in both.
        for leaf in &changed {
            let shared = ["/capabilities/", "/instructions"]
                .iter()
                .any(|start| leaf.pointer.starts_with(start));
            if shared && other.handshake.pointer(&leaf.pointer) == leaf.before.as_ref() {
                put(&mut other.handshake, &leaf.pointer, leaf.after.clone());
            }
        }
    }
    differences(pins, pinned, found)
}

/// What stands beside the items of a list is not as pinned, as facts.
pub(super) fn beside_changes(pins: &Pins, kind: ItemKind, views: &Views, view: usize, beside: Option<&Value>) -> Vec<Change> {
    let bare = |view: &View| View {
        handshake: view.handshake.clone(),
        ..empty(view)
    };
    let pinned: Vec<_> = pins.surface().views.iter().map(bare).collect();
    let mut found = pinned.clone();
    if views.stranger {
        return differences(pins, pinned.clone(), found.into_iter().chain(stranger(&pinned, views)).collect());
    }
    let before = pins.view(view).and_then(|view| beside_of(view, kind).cloned());
    for other in found.iter_mut().filter(|other| other.era == views.era) {
        let members = other.handshake.as_object_mut();
        let Some(members) = members else { continue };
        let lists = members.entry(LISTS_MEMBER).or_insert_with(|| Value::Object(Map::new()));
        if lists.get(kind.method()) == before.as_ref() {
            set(lists, kind.method(), beside.cloned());
        }
        if lists.as_object().is_some_and(Map::is_empty) {
            members.remove(LISTS_MEMBER);
        }
    }
    differences(pins, pinned, found)
}

/// What is pinned to stand beside the items of a list.
pub(super) fn beside_of(view: &View, kind: ItemKind) -> Option<&Value> {
    view.handshake.get(LISTS_MEMBER)?.get(kind.method())
}

/// A handshake without what was taken from lists.
pub(super) fn bare_handshake(handshake: &Value) -> Value {
    let mut handshake = handshake.clone();
    set(&mut handshake, LISTS_MEMBER, None);
    handshake
}

/// Sets or removes a member of an object.
pub(super) fn set(object: &mut Value, member: &str, value: Option<Value>) {
    let Some(members) = object.as_object_mut() else { return };
    match value {
        Some(value) => {
            members.insert(member.to_owned(), value);
        }
        None => {
            members.remove(member);
        }
    }
}

/// Sets or removes a member of an object inside a value.
fn put(value: &mut Value, pointer: &str, to: Option<Value>) {
    if let Some((parent, name)) = pointer.rsplit_once('/')
        && let Some(parent) = value.pointer_mut(parent)
    {
        set(parent, &name.replace("~1", "/").replace("~0", "~"), to);
    }
}

/// A view of an era that was not pinned, as like as possible to what was.
fn stranger(pinned: &[View], views: &Views) -> Option<View> {
    let nearest = pinned.first()?;
    let mut handshake = Value::Object(Map::new());
    for member in ["capabilities", "instructions"] {
        if let Some(value) = nearest.handshake.get(member) {
            set(&mut handshake, member, Some(value.clone()));
        }
    }
    Some(View {
        era: views.era,
        client: ClientProfile::Any,
        handshake,
        items: nearest.items.clone(),
    })
}

fn only(view: &View, kind: ItemKind, keys: &BTreeSet<&str>) -> BTreeMap<ItemKind, Vec<Item>> {
    let items = view.list(kind).iter().filter(|item| keys.contains(item.key.as_str()));
    BTreeMap::from([(kind, items.cloned().collect())])
}

fn differences(pins: &Pins, pinned: Vec<View>, found: Vec<View>) -> Vec<Change> {
    let surface = |views| Surface {
        env: Vec::new(),
        network: false,
        views,
        volatile: pins.surface().volatile.clone(),
    };
    let (pinned, mut found) = (surface(pinned), surface(found));
    found.volatile.clear();
    // Both sides say they had the same, so there is always an answer.
    diff_surfaces(&pinned, &found).unwrap_or_default()
}

/// The view without what was listed and said.
fn empty(view: &View) -> View {
    View {
        era: view.era,
        client: view.client,
        handshake: Value::Object(Map::new()),
        items: BTreeMap::new(),
    }
}
