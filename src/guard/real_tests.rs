//! Surfaces of real servers through the guard. Skipped, and says so, where the data is not there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::testing::{Bench, Fake};
use crate::model::{Era, ItemKind};

#[expect(clippy::disallowed_methods, reason = "a test says where its data is by a variable")]
fn data() -> Option<PathBuf> {
    let folder =
        std::env::var_os("MCP_PIN_TEST_DATA").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    if folder.join("surfaces").is_dir() {
        return Some(folder.join("surfaces"));
    }
    eprintln!("skipped: no test data at {}", folder.display());
    None
}

fn fake(path: &Path) -> Option<Fake> {
    let mut sent: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let handshake = sent["initialize"].take();
    if !handshake.is_object() {
        return None;
    }
    let mut lists = BTreeMap::new();
    for (kind, names) in [
        (ItemKind::Tool, ["tools", "tools"]),
        (ItemKind::Prompt, ["prompts", "prompts"]),
        (ItemKind::Resource, ["resources", "resources"]),
        (ItemKind::Template, ["resourceTemplates", "resource_templates"]),
    ] {
        if let Some(Value::Array(items)) = names.iter().find_map(|name| sent.get(name).filter(|list| list.is_array())).cloned() {
            lists.insert(kind, items);
        }
    }
    Some(Fake {
        era: Era::Legacy,
        handshake,
        lists,
        beside: Map::new(),
    })
}

#[test]
fn real_lists_pass_and_no_other_definition_does() {
    let Some(folder) = data() else { return };
    let (mut surfaces, mut turned) = (0, 0);
    for ecosystem in ["npm", "pypi"] {
        for server in std::fs::read_dir(folder.join(ecosystem)).unwrap() {
            let mut fakes: Vec<Fake> = Vec::new();
            for file in walk(&server.unwrap().path()) {
                fakes.extend(fake(&file));
            }
            for fake in &fakes {
                surfaces += 1;
                passes(fake);
            }
            if let [.., before, last] = fakes.as_slice() {
                turned += leaks_nothing(before, last);
            }
        }
    }
    eprintln!("{surfaces} surfaces, {turned} definitions kept from passing");
    assert!(surfaces > 100 && turned > 30);
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            out.extend(walk(&path));
        } else if path.extension().is_some_and(|end| end == "json") {
            out.push(path);
        }
    }
    out
}

fn shake(bench: &mut Bench, fake: &Fake) -> super::Output {
    let version = fake.handshake["protocolVersion"].clone();
    bench.reply(
        "initialize",
        json!({"protocolVersion": version, "capabilities": {}}),
        &fake.handshake,
    )
}

fn passes(fake: &Fake) {
    let mut bench = Bench::of(fake);
    assert!(shake(&mut bench, fake).pass);
    for &kind in fake.lists.keys() {
        let out = bench.list(fake, kind);
        assert!(out.pass && out.to_client.is_empty());
    }
    assert_eq!(bench.events, []);
}

/// A definition without its size, which may be any number.
fn sized(item: &Value) -> Value {
    let mut item = item.clone();
    if let Some(members) = item.as_object_mut() {
        members.remove("size");
    }
    item
}

/// The number of definitions that are new or other in the next version, none of which passed.
fn leaks_nothing(pinned: &Fake, next: &Fake) -> usize {
    let mut turned = 0;
    for (&kind, items) in &next.lists {
        let mut bench = Bench::of(pinned);
        bench.list(next, kind);
        let known: Vec<Value> = pinned.lists.get(&kind).into_iter().flatten().map(sized).collect();
        let other: Vec<_> = items.iter().map(sized).filter(|item| !known.contains(item)).collect();
        let told: Vec<Value> = serde_json::Deserializer::from_str(&bench.told)
            .into_iter()
            .map(Result::unwrap)
            .collect();
        for message in &told {
            for item in message["result"][kind.list_key()].as_array().into_iter().flatten() {
                assert!(!other.contains(&sized(item)), "{item}");
            }
        }
        assert!(other.is_empty() || !bench.drifts().is_empty(), "{other:?}");
        turned += other.len();
    }
    turned
}
