//! The pin, as the guard asks it: is this definition the one that was approved, and is this name one
//! of its names?
//!
//! The attack: a definition that passes because it was compared with the wrong thing. A found
//! definition is held against those of its key alone, in the views of the era that is spoken, and is
//! as approved only if it is equal in the exact form, or moved within the shapes of volatile leaves.
//! Equal means: with this run's places for the pin's tokens, or with tokens for this run's places.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::template::Template;
use crate::model::{ClientProfile, Era, Item, ItemKind, Surface, View};
use crate::surface::take::{self, Hostile, Places};
use crate::surface::{digest, volatile};

/// Where a found definition stands against the pin.
#[derive(Debug)]
pub(super) enum Standing {
    /// Equal to what was approved under this key.
    AsPinned(String),
    /// Another one than the definition of this key in this view.
    Changed { key: String, view: usize, found: Item },
    /// No definition of this key was approved.
    Unlisted(Item),
}

/// The views that an answer may be compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Views {
    /// Their places in the surface, those of this kind of client first.
    pub(super) at: Vec<usize>,
    /// The era that is spoken.
    pub(super) era: Era,
    /// Nothing was pinned in this era: what was pinned in the other one has to do.
    pub(super) stranger: bool,
}

/// By kind, then by name or key.
type ByKind<T> = BTreeMap<ItemKind, BTreeMap<String, T>>;

/// A pinned surface, indexed.
pub(super) struct Pins {
    surface: Surface,
    places: Places,
    /// The definitions of each key: view and place in its list.
    index: ByKind<Vec<(usize, usize)>>,
    /// Pinned keys by what they are in this run.
    real: ByKind<String>,
    templates: Vec<(String, Template)>,
}

impl Pins {
    pub(super) fn new(surface: Surface, places: Places) -> Self {
        let mut index: ByKind<Vec<_>> = BTreeMap::new();
        let mut real: ByKind<String> = BTreeMap::new();
        let mut templates = BTreeMap::new();
        for (view_at, view) in surface.views.iter().enumerate() {
            for (&kind, items) in &view.items {
                for (at, item) in items.iter().enumerate() {
                    let of_kind = index.entry(kind).or_default();
                    of_kind.entry(item.key.clone()).or_default().push((view_at, at));
                    let restored = places.restore(&item.key).unwrap_or_else(|| item.key.clone());
                    if kind == ItemKind::Template {
                        templates.insert(item.key.clone(), Template::parse(&restored));
                    }
                    real.entry(kind).or_default().insert(restored, item.key.clone());
                }
            }
        }
        let templates = templates.into_iter().filter_map(|(key, template)| Some((key, template?))).collect();
        Self {
            surface,
            places,
            index,
            real,
            templates,
        }
    }

    pub(super) const fn surface(&self) -> &Surface {
        &self.surface
    }

    pub(super) const fn places(&self) -> &Places {
        &self.places
    }

    /// The views of these eras, the ones of this kind of client first; all views where there is none.
    pub(super) fn views(&self, eras: &[Era], client: ClientProfile) -> Views {
        let era = eras.first().copied().unwrap_or(Era::Legacy);
        let of_era = |(_, view): &(usize, &View)| eras.contains(&view.era);
        let mut at: Vec<_> = self.surface.views.iter().enumerate().filter(of_era).collect();
        let stranger = at.is_empty();
        if stranger {
            at = self.surface.views.iter().enumerate().collect();
        }
        at.sort_by_key(|(_, view)| (view.era != era, view.client != client && view.client != ClientProfile::Any));
        Views {
            at: at.into_iter().map(|(at, _)| at).collect(),
            era,
            stranger,
        }
    }

    pub(super) fn view(&self, at: usize) -> Option<&View> {
        self.surface.views.get(at)
    }

    /// Holds one definition, as sent, against the pin.
    pub(super) fn stand(&self, kind: ItemKind, views: &Views, raw: &Value) -> Result<Standing, Hostile> {
        let found = take::item(kind, raw.clone(), &self.places)?;
        let sent = raw.get(kind.name_key()).and_then(Value::as_str).unwrap_or_default();
        let of = |key: &str| self.index.get(&kind)?.get(key);
        let key = if of(&found.key).is_some() {
            found.key.clone()
        } else {
            let real = self.real.get(&kind).and_then(|real| real.get(sent));
            real.cloned().unwrap_or_else(|| found.key.clone())
        };
        let mut candidates: Vec<_> = of(&key)
            .into_iter()
            .flatten()
            .copied()
            .filter(|(view, _)| views.at.contains(view))
            .collect();
        candidates.sort_by_key(|(view, _)| views.at.iter().position(|at| at == view));
        let Some(&(first, _)) = candidates.first() else {
            return Ok(Standing::Unlisted(found));
        };
        for (view, at) in candidates {
            let view = &self.surface.views[view];
            let pinned = &view.list(kind)[at];
            let place = volatile::place(kind, &key);
            if self.same(view, &place, &pinned.definition, &found.definition, || {
                take::item(kind, raw.clone(), &Places::default()).ok().map(|item| item.definition)
            }) {
                return Ok(Standing::AsPinned(key));
            }
        }
        Ok(Standing::Changed { key, view: first, found })
    }

    /// Whether two values are the same but for volatile leaves: with tokens, or else as sent.
    /// `untouched` is the found value as it is taken where no place is known.
    pub(super) fn same(&self, view: &View, place: &str, pinned: &Value, found: &Value, untouched: impl FnOnce() -> Option<Value>) -> bool {
        let equal = |pinned: &Value, found: &Value| {
            pinned == found || digest(pinned) == digest(found) || volatile::tolerates(&self.surface.volatile, view, place, pinned, found)
        };
        if equal(pinned, found) {
            return true;
        }
        let mut restored = pinned.clone();
        if !self.places.restore_in(&mut restored) {
            return false;
        }
        // Taken without places, text that looks like a token is quoted: so must this be.
        Places::default().replace_in(&mut restored);
        untouched().is_some_and(|found| equal(&restored, &found))
    }

    /// A pinned value as this run's server would have sent it.
    pub(super) fn restored(&self, value: &Value) -> Value {
        let mut value = value.clone();
        self.places.restore_in(&mut value);
        value
    }

    /// The whole surface as this run's server would have sent it.
    pub(super) fn real_surface(&self) -> Surface {
        let mut surface = self.surface.clone();
        for item in surface.views.iter_mut().flat_map(|view| view.items.values_mut().flatten()) {
            self.places.restore_in(&mut item.definition);
        }
        surface
    }

    /// The definition to serve for a key, as this run's server would have sent it.
    pub(super) fn served(&self, kind: ItemKind, view: usize, key: &str) -> Option<Value> {
        let item = self.view(view)?.list(kind).iter().find(|item| item.key == key)?;
        Some(self.restored(&item.definition))
    }

    /// The pinned key of a name that a client uses, in any view.
    pub(super) fn key(&self, kind: ItemKind, name: &str) -> Option<&str> {
        if let Some(key) = self.real.get(&kind).and_then(|real| real.get(name)) {
            return Some(key);
        }
        let (key, _) = self.index.get(&kind)?.get_key_value(self.places.replace(name).as_str())?;
        Some(key)
    }

    /// The pinned template that an address is made of. `ui://` pages run in the host: they have to be
    /// pinned one by one.
    pub(super) fn template(&self, uri: &str) -> Option<&str> {
        let is_ui = uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("ui://"));
        if is_ui {
            return None;
        }
        self.templates
            .iter()
            .find(|(_, template)| template.matches(uri))
            .map(|(key, _)| key.as_str())
    }

    /// The keys of a kind that every one of the views has.
    pub(super) fn keys(&self, kind: ItemKind, views: &Views) -> BTreeSet<&str> {
        let of = |at: &usize| -> BTreeSet<&str> {
            let view = self.surface.views.get(*at);
            view.map(|view| view.list(kind).iter().map(|item| item.key.as_str()).collect())
                .unwrap_or_default()
        };
        let mut views = views.at.iter();
        let first = views.next().map(of).unwrap_or_default();
        views.fold(first, |all, at| all.intersection(&of(at)).copied().collect())
    }
}
