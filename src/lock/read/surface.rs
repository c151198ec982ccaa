//! The surface of an entry: views, items, and what changes by itself.
//!
//! The attacks: a definition that was edited in the file, with the digest of the old one beside it;
//! two items of one name, of which a reviewer reads the first and a reader takes the last.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::strict::Strict;
use super::super::wire::{WireClient, WireDefinition, WireEra, WireShape, WireSurface, WireView};
use super::super::{EntryError, LockError};
use super::{Read, Reader};
use crate::model::{ClientProfile, Era, Item, ItemKind, Shape, Surface, View, Volatile};
use crate::surface::{digest, visible};

impl Reader<'_> {
    pub(super) fn surface(&self, wire: WireSurface) -> Read<Surface> {
        let mut views = wire.views.into_iter().map(|view| self.view(view)).collect::<Read<Vec<_>>>()?;
        views.sort_by_key(|view| (view.era, view.client));
        if views
            .windows(2)
            .any(|pair| (pair[0].era, pair[0].client) == (pair[1].era, pair[1].client))
        {
            return self.at("surface.views", Err(EntryError::Twice));
        }
        let mut volatile: Vec<_> = wire
            .volatile
            .into_iter()
            .map(|leaf| Volatile {
                era: era(leaf.era),
                client: client(leaf.client),
                at: leaf.at,
                shape: shape(leaf.shape),
            })
            .collect();
        let place = |leaf: &Volatile| (leaf.era, leaf.client, leaf.at.clone());
        volatile.sort_by_key(place);
        if volatile.windows(2).any(|pair| place(&pair[0]) == place(&pair[1])) {
            return self.at("surface.volatile", Err(EntryError::Twice));
        }
        Ok(Surface {
            env: wire.env,
            network: wire.network,
            views,
            volatile,
        })
    }

    fn view(&self, wire: WireView) -> Read<View> {
        let (era, client) = (era(wire.era), client(wire.client));
        let view = format!("view {}/{}", era.as_str(), client.as_str());
        let handshake = self.definition(wire.handshake, &format!("handshake, {view}"))?.definition;
        let lists = [
            (ItemKind::Tool, wire.tools),
            (ItemKind::Prompt, wire.prompts),
            (ItemKind::Resource, wire.resources),
            (ItemKind::Template, wire.resource_templates),
        ];
        let mut items = BTreeMap::new();
        for (kind, list) in lists {
            if let Some(list) = list {
                items.insert(kind, self.items(kind, list, &view)?);
            }
        }
        Ok(View {
            era,
            client,
            handshake,
            items,
        })
    }

    fn items(&self, kind: ItemKind, list: Vec<WireDefinition>, view: &str) -> Read<Vec<Item>> {
        let mut items = Vec::with_capacity(list.len());
        for wire in list {
            let key = wire
                .definition
                .0
                .get(kind.name_key())
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            let at = format!("{} {key}, {view}", kind.noun());
            if key.is_empty() {
                return self.rule(&at, "the definition has no name");
            }
            items.push(Item {
                key,
                ..self.definition(wire, &at)?
            });
        }
        items.sort_by(|a, b| a.key.cmp(&b.key));
        if let Some(pair) = items.windows(2).find(|pair| pair[0].key == pair[1].key) {
            return self.at(&format!("{} {}, {view}", kind.noun(), pair[0].key), Err(EntryError::Twice));
        }
        Ok(items)
    }

    /// The definition with its digest, which was computed here and equals the one in the lock.
    fn definition(&self, wire: WireDefinition, at: &str) -> Read<Item> {
        let WireDefinition {
            digest: stated,
            definition: Strict(definition),
        } = wire;
        let stated = self.at(at, stated.parse())?;
        let computed = digest(&definition);
        if stated != computed {
            return Err(LockError::EditedDefinition {
                server: visible(self.server),
                item: visible(at),
                stated,
                computed,
            });
        }
        Ok(Item {
            key: String::new(),
            definition,
            digest: computed,
        })
    }
}

const fn era(wire: WireEra) -> Era {
    match wire {
        WireEra::Legacy => Era::Legacy,
        WireEra::Modern => Era::Modern,
    }
}

const fn client(wire: WireClient) -> ClientProfile {
    match wire {
        WireClient::Any => ClientProfile::Any,
        WireClient::Bare => ClientProfile::Bare,
        WireClient::Full => ClientProfile::Full,
    }
}

const fn shape(wire: WireShape) -> Shape {
    match wire {
        WireShape::Date => Shape::Date,
        WireShape::Integer => Shape::Integer,
        WireShape::Uuid => Shape::Uuid,
        WireShape::TokenSet => Shape::TokenSet,
        WireShape::Unshaped => Shape::Unshaped,
    }
}
