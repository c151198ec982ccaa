//! One lock in which every field of the model has a value, for the tests of this floor.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Lockfile;
use crate::model::launch::PinnedFile;
use crate::model::{
    ClientProfile, Closure, CwdRule, Era, Integrity, Item, ItemKind, Launch, LocalArg, LocalCommand, LockedPackage, Pin, Pinned, Runtime,
    ServerName, Sha256Digest, Shape, Surface, View, Volatile,
};
use crate::surface::digest;

pub(crate) fn name(text: &str) -> ServerName {
    text.parse().unwrap()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect()
}

fn strings(list: &[&str]) -> Vec<String> {
    list.iter().map(|&s| s.to_owned()).collect()
}

pub(crate) fn locked(name: &str, version: &str) -> LockedPackage {
    LockedPackage {
        evidence: crate::model::Evidence::default(),
        name: name.parse().unwrap(),
        version: version.to_owned(),
        integrity: Integrity::Sha512([7; 64]),
        os: vec![],
        cpu: vec![],
        libc: vec![],
        optional: false,
        scripts: BTreeMap::new(),
        native: false,
        dependencies: BTreeMap::new(),
        optional_dependencies: BTreeMap::new(),
        peer_dependencies: BTreeMap::new(),
        optional_peers: std::collections::BTreeSet::new(),
        bundled: std::collections::BTreeSet::new(),
        engines_node: None,
    }
}

fn item(kind: ItemKind, definition: Value) -> Item {
    Item {
        key: definition[kind.name_key()].as_str().unwrap().to_owned(),
        digest: digest(&definition),
        definition,
    }
}

fn surface() -> Surface {
    let view = |era, client| View {
        era,
        client,
        handshake: json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}}, "serverInfo": {"name": "notes", "version": "1.2.3"}, "instructions": "Two\nlines"}),
        items: BTreeMap::from([
            (
                ItemKind::Tool,
                vec![
                    item(
                        ItemKind::Tool,
                        json!({"name": "add", "description": "Adds a note", "inputSchema": {"type": "object", "properties": {"weight": {"type": "number", "maximum": 0.1, "minimum": 1e-27}}}}),
                    ),
                    item(
                        ItemKind::Tool,
                        json!({"name": "search", "annotations": {"readOnlyHint": true}, "inputSchema": {"type": "object"}}),
                    ),
                ],
            ),
            (ItemKind::Prompt, vec![]),
            (
                ItemKind::Resource,
                vec![item(ItemKind::Resource, json!({"uri": "notes://all", "name": "all"}))],
            ),
            (
                ItemKind::Template,
                vec![item(ItemKind::Template, json!({"uriTemplate": "notes://{id}", "name": "one"}))],
            ),
        ]),
    };
    Surface {
        env: strings(&["NOTES_FILE"]),
        network: true,
        views: vec![view(Era::Legacy, ClientProfile::Bare), view(Era::Legacy, ClientProfile::Full)],
        volatile: vec![Volatile {
            era: Era::Legacy,
            client: ClientProfile::Bare,
            at: "tools/add/description".into(),
            shape: Shape::Date,
        }],
    }
}

pub(crate) fn package_pin() -> Pin {
    let root = LockedPackage {
        dependencies: map(&[("helper", "^2.0.0"), ("alias", "npm:real@1")]),
        optional_dependencies: map(&[("native-x64", "1.0.0")]),
        peer_dependencies: map(&[("zod", "^3")]),
        optional_peers: ["zod".to_owned()].into(),
        bundled: ["inside".to_owned()].into(),
        engines_node: Some(">=20".into()),
        ..locked("@example/server-notes", "1.2.3")
    };
    let helper = LockedPackage {
        scripts: map(&[("postinstall", "node build.js")]),
        native: true,
        integrity: Integrity::Sha256([9; 32]),
        ..locked("helper", "2.1.0")
    };
    let native = LockedPackage {
        os: strings(&["linux"]),
        cpu: strings(&["x64"]),
        libc: strings(&["glibc"]),
        optional: true,
        ..locked("native-x64", "1.0.0")
    };
    let packages = [
        ("node_modules/@example/server-notes", root),
        ("node_modules/helper", helper),
        ("node_modules/native-x64", native),
        ("node_modules/alias", locked("real", "1.0.1")),
    ];
    Pin {
        source: "npm:@example/server-notes@^1".parse().unwrap(),
        pinned: Pinned::Package {
            closure: Closure {
                root: "node_modules/@example/server-notes".parse().unwrap(),
                packages: packages
                    .into_iter()
                    .map(|(path, package)| (path.parse().unwrap(), package))
                    .collect(),
            },
            launch: Launch {
                runtime: Runtime::Node {
                    wanted: Some(">=20".into()),
                },
                entry: "node_modules/@example/server-notes/dist/index.js".into(),
                args: strings(&["--stdio", "b", "a"]),
                env: strings(&["NOTES_FILE"]),
                cwd: CwdRule::Client,
                network: true,
            },
        },
        surface: Some(surface()),
    }
}

pub(crate) fn local_pin() -> Pin {
    Pin {
        source: "local".parse().unwrap(),
        pinned: Pinned::Local(LocalCommand {
            command: PinnedFile {
                path: "/usr/bin/node".into(),
                digest: Sha256Digest::of("node"),
            },
            args: vec![
                LocalArg::File(PinnedFile {
                    path: "/srv/tool/server.js".into(),
                    digest: Sha256Digest::of("server"),
                }),
                LocalArg::Text("--stdio".into()),
            ],
            env: strings(&["TOKEN"]),
            cwd: CwdRule::Empty,
            network: false,
        }),
        surface: None,
    }
}

pub(crate) fn lockfile() -> Lockfile {
    Lockfile {
        servers: BTreeMap::from([(name("notes"), package_pin()), (name("own"), local_pin())]),
    }
}
