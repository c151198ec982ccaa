//! What differs between a pinned surface and a found one.
//!
//! Promise: every view of the found surface is compared with something, in the exact form, so no
//! definition reaches a client uncompared. A probe that was less equipped than the pin's decides
//! nothing: it answers an error, since what it did not see may be there all the same.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::leaves::leaves;
use crate::model::drift::Views;
use crate::model::surface::{ClientProfile, Era};
use crate::model::{Change, Item, ItemKind, Sha256Digest, Surface, View, Volatile};
use crate::surface::volatile::{matches, place};
use crate::surface::{canonical, digest, normal};

/// The probe had less than the pin's: "could not decide", not drift. The user's setup is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("compare what the server says: it was probed with less than when it was pinned ({})", self.missing())]
pub struct LessEquipped {
    /// Variables that had a value when it was pinned and have none now.
    pub env: Vec<String>,
    /// The network was open then and is closed now.
    pub network: bool,
}

impl LessEquipped {
    fn missing(&self) -> String {
        let network = self.network.then(|| "no network".to_owned());
        network
            .into_iter()
            .chain(self.env.iter().map(|name| format!("no {name}")))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// What to do, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        if self.env.is_empty() {
            Some("run the probe where the network is open, as when it was pinned".into())
        } else {
            Some(format!("set {} and try again; values are never stored", self.env.join(", ")))
        }
    }
}

/// Every difference between two surfaces. The same change seen in several views is one change.
///
/// Leaves pinned as volatile that still have their shape are no change, and in the definitions of
/// an [`Change::ItemChanged`] they hold the pinned value, so that a fingerprint does not move with
/// the clock.
pub fn diff_surfaces(pinned: &Surface, found: &Surface) -> Result<Vec<Change>, LessEquipped> {
    let env: Vec<_> = pinned.env.iter().filter(|name| !found.env.contains(name)).cloned().collect();
    let network = pinned.network && !found.network;
    if network || !env.is_empty() {
        return Err(LessEquipped { env, network });
    }
    let mut out = Merged::default();
    for view in &found.views {
        let partners: Vec<_> = pinned
            .views
            .iter()
            .filter(|old| old.era == view.era && meet(old.client, view.client))
            .collect();
        if partners.is_empty() {
            out.changes.push(Change::ViewAdded {
                era: view.era,
                client: view.client,
            });
            stranger(pinned, found, view, &mut out);
        }
        for partner in partners {
            Pair {
                pinned,
                found,
                old: partner,
                new: view,
                views: Views::from([(view.era, narrower(partner.client, view.client))]),
            }
            .compare(&mut out);
        }
    }
    for old in &pinned.views {
        if !found.views.iter().any(|view| view.era == old.era && meet(old.client, view.client)) {
            out.changes.push(Change::ViewRemoved {
                era: old.era,
                client: old.client,
            });
        }
    }
    for volatile in &found.volatile {
        let known = |old: &&Volatile| old.era == volatile.era && meet(old.client, volatile.client) && old.at == volatile.at;
        if !pinned.volatile.iter().filter(known).any(|old| old.shape == volatile.shape) {
            out.changes.push(Change::Volatile {
                era: volatile.era,
                client: volatile.client,
                at: volatile.at.clone(),
                shape: volatile.shape,
                pinned: false,
            });
        }
    }
    Ok(out.changes)
}

/// Whether two profiles have a client in common.
fn meet(one: ClientProfile, two: ClientProfile) -> bool {
    one == two || one == ClientProfile::Any || two == ClientProfile::Any
}

fn narrower(one: ClientProfile, two: ClientProfile) -> ClientProfile {
    if one == ClientProfile::Any { two } else { one }
}

/// A view without a partner is compared with the nearest pinned one, so that what it adds over
/// what was approved is listed and not only its existence. Handshakes of two eras have different
/// forms: only what both have in common is compared.
fn stranger(pinned: &Surface, found: &Surface, view: &View, out: &mut Merged) {
    let empty = View {
        era: view.era,
        client: view.client,
        handshake: Value::Object(Map::new()),
        items: BTreeMap::new(),
    };
    let same_era = pinned.views.iter().find(|old| old.era == view.era);
    let nearest = same_era
        .or_else(|| pinned.views.iter().find(|old| meet(old.client, view.client)))
        .or(pinned.views.first());
    let shared = |handshake: &Value| {
        let keep = |key: &str| handshake.get(key).map(|value| (key.to_owned(), value.clone()));
        Value::Object(["capabilities", "instructions"].into_iter().filter_map(keep).collect())
    };
    let mut old = nearest.unwrap_or(&empty).clone();
    let mut new = view.clone();
    if old.era != new.era {
        (old.handshake, new.handshake) = (shared(&old.handshake), shared(&new.handshake));
    }
    Pair {
        pinned,
        found,
        old: &old,
        new: &new,
        views: Views::from([(view.era, view.client)]),
    }
    .compare(out);
}

/// Two views to compare.
struct Pair<'a> {
    pinned: &'a Surface,
    found: &'a Surface,
    old: &'a View,
    new: &'a View,
    views: Views,
}

impl Pair<'_> {
    fn compare(&self, out: &mut Merged) {
        let handshake = self.settle("handshake", &self.old.handshake, &self.new.handshake);
        for leaf in leaves(&self.old.handshake, &handshake) {
            let facts = [leaf.before.as_ref().map(digest), leaf.after.as_ref().map(digest)];
            let key = Key {
                tag: 0,
                kind: None,
                place: leaf.pointer.clone(),
                facts,
            };
            out.push(key, &self.views, |views| Change::Handshake { views, leaf });
        }
        for kind in ItemKind::ALL {
            self.items(kind, out);
        }
    }

    fn items(&self, kind: ItemKind, out: &mut Merged) {
        let mut keys: BTreeMap<&str, (Vec<&Item>, Vec<&Item>)> = BTreeMap::new();
        for item in self.old.list(kind) {
            keys.entry(&item.key).or_default().0.push(item);
        }
        for item in self.new.list(kind) {
            keys.entry(&item.key).or_default().1.push(item);
        }
        for (key, (mut old, mut new)) in keys {
            // Several definitions of one name: equal ones cancel out first.
            old.retain(|item| match new.iter().position(|other| item.definition == other.definition) {
                Some(at) => {
                    new.remove(at);
                    false
                }
                None => true,
            });
            for index in 0..old.len().max(new.len()) {
                match (old.get(index), new.get(index)) {
                    (Some(old), Some(new)) => self.changed(kind, key, &old.definition, &new.definition, out),
                    (Some(old), None) => self.one_sided(kind, key, &old.definition, false, out),
                    (None, Some(new)) => self.one_sided(kind, key, &new.definition, true, out),
                    (None, None) => {}
                }
            }
        }
    }

    fn one_sided(&self, kind: ItemKind, key: &str, definition: &Value, added: bool, out: &mut Merged) {
        let facts = if added {
            [None, Some(digest(definition))]
        } else {
            [Some(digest(definition)), None]
        };
        let (key, definition) = (key.to_owned(), definition.clone());
        out.push(
            Key {
                tag: 1,
                kind: Some(kind),
                place: key.clone(),
                facts,
            },
            &self.views,
            |views| {
                if added {
                    Change::ItemAdded {
                        views,
                        kind,
                        key,
                        definition,
                    }
                } else {
                    Change::ItemRemoved {
                        views,
                        kind,
                        key,
                        definition,
                    }
                }
            },
        );
    }

    fn changed(&self, kind: ItemKind, key: &str, before: &Value, found: &Value, out: &mut Merged) {
        let after = self.settle(&place(kind, key), before, found);
        let leaves = leaves(before, &after);
        if leaves.is_empty() {
            return;
        }
        let facts = [Some(digest(before)), Some(digest(&after))];
        let same_meaning = canonical(&normal(kind, before)) == canonical(&normal(kind, &after));
        let (before, key) = (before.clone(), key.to_owned());
        out.push(
            Key {
                tag: 2,
                kind: Some(kind),
                place: key.clone(),
                facts,
            },
            &self.views,
            |views| Change::ItemChanged {
                views,
                kind,
                key,
                leaves,
                same_meaning,
                before,
                after,
            },
        );
    }

    /// `found` with every leaf that may move, and moved within its shape, set back to the pinned
    /// value. A leaf that is volatile only now is set back too where its shape still matches the
    /// pin: it is reported as newly volatile instead.
    fn settle(&self, place: &str, pinned: &Value, found: &Value) -> Value {
        let mut out = found.clone();
        let here = |volatile: &&Volatile| volatile.era == self.new.era && meet(volatile.client, self.new.client);
        for volatile in self.pinned.volatile.iter().chain(&self.found.volatile).filter(here) {
            let Some(pointer) = volatile.at.strip_prefix(place).filter(|rest| rest.starts_with('/')) else {
                continue;
            };
            let (Some(old), Some(new)) = (pinned.pointer(pointer), out.pointer_mut(pointer)) else {
                continue;
            };
            if matches(volatile.shape, old, new) {
                *new = old.clone();
            }
        }
        out
    }
}

/// What makes two changes of two views the same one.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    tag: u8,
    kind: Option<ItemKind>,
    place: String,
    facts: [Option<Sha256Digest>; 2],
}

#[derive(Default)]
struct Merged {
    changes: Vec<Change>,
    at: BTreeMap<Key, usize>,
}

impl Merged {
    fn push(&mut self, key: Key, views: &BTreeSet<(Era, ClientProfile)>, make: impl FnOnce(Views) -> Change) {
        if let Some(&at) = self.at.get(&key) {
            if let Change::Handshake { views: seen, .. }
            | Change::ItemAdded { views: seen, .. }
            | Change::ItemRemoved { views: seen, .. }
            | Change::ItemChanged { views: seen, .. } = &mut self.changes[at]
            {
                seen.extend(views.iter().copied());
            }
            return;
        }
        self.at.insert(key, self.changes.len());
        self.changes.push(make(views.clone()));
    }
}

#[cfg(test)]
#[path = "surface_tests.rs"]
mod tests;
