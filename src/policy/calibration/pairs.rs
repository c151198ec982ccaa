//! Real servers and their versions, in the order of their own ecosystem. Read by `benches/grading.rs` too.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{ClientProfile, Era, Item, ItemKind, Surface, View, take};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One version of a server, as it spoke.
pub(super) struct Taken {
    pub(super) version: String,
    pub(super) surface: Surface,
}

/// A server and its versions, oldest first.
pub(super) struct Server {
    pub(super) name: String,
    pub(super) versions: Vec<Taken>,
}

pub(super) fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut out = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<Vec<_>>>()?;
    out.sort();
    Ok(out)
}

pub(super) fn servers(data: &Path) -> Result<Vec<Server>> {
    let mut out = Vec::new();
    for ecosystem in ["npm", "pypi"] {
        for folder in listed(&data.join("surfaces").join(ecosystem))? {
            let (mut name, mut versions) = (String::new(), Vec::new());
            for path in listed(&folder)? {
                let raw = json_file(&path)?;
                raw["name"].as_str().unwrap_or_default().clone_into(&mut name);
                let version = raw["version"].as_str().unwrap_or_default().to_owned();
                let order = order(ecosystem, &version).ok_or_else(|| format!("{name} {version} is not a version"))?;
                let surface = surface(&raw)?;
                versions.push((order, Taken { version, surface }));
            }
            versions.sort_by(|a, b| a.0.cmp(&b.0));
            let versions = versions.into_iter().map(|(_, taken)| taken).collect();
            out.push(Server { name, versions });
        }
    }
    Ok(out)
}

/// A version's place in its own ecosystem's order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    /// The three numbers, whether it is a release, and the labels of a pre-release.
    Npm([u64; 3], bool, Vec<(Option<u64>, String)>),
    Python(pep440_rs::Version),
}

fn order(ecosystem: &str, version: &str) -> Option<Order> {
    if ecosystem == "pypi" {
        return version.parse().ok().map(Order::Python);
    }
    let version = version.split('+').next()?;
    let (numbers, labels) = version.split_once('-').unwrap_or((version, ""));
    let mut parts = numbers.split('.').map(str::parse);
    let triple = [parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?];
    let labels: Vec<_> = labels.split('.').filter(|label| !label.is_empty()).collect();
    // Numbers come before words: `None` would sort first, so words carry the greatest number.
    let key = |label: &&str| {
        label
            .parse()
            .map_or((Some(u64::MAX), (*label).to_owned()), |n| (Some(n), String::new()))
    };
    Some(Order::Npm(triple, labels.is_empty(), labels.iter().map(key).collect()))
}

fn surface(raw: &Value) -> Result<Surface> {
    let places = take::Places::default();
    let hostile = |hostile: take::Hostile| format!("{hostile:?}");
    let handshake = take::handshake(raw["initialize"].clone(), &places).map_err(hostile)?;
    let mut items = BTreeMap::new();
    for kind in ItemKind::ALL {
        if let Some(list) = raw[kind.list_key()].as_array() {
            items.insert(kind, take::items(kind, list.clone(), &places).map_err(hostile)?);
        }
    }
    Ok(of_view(handshake, items))
}

pub(super) fn of_view(handshake: Value, items: BTreeMap<ItemKind, Vec<Item>>) -> Surface {
    let view = View {
        era: Era::Legacy,
        client: ClientProfile::Any,
        handshake,
        items,
    };
    Surface {
        env: vec![],
        network: false,
        views: vec![view],
        volatile: vec![],
    }
}

pub(super) fn json_file(path: &Path) -> Result<Value> {
    Ok(serde_json::from_str(&std::fs::read_to_string(path)?)?)
}
