//! One lock in which every field of the model has a value, for the tests of this floor.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Lockfile;
use crate::model::guard::{ArgumentCheck, GuardPin, ResultRules, ToolRules};
use crate::model::launch::PinnedFile;
use crate::model::{
    ClientProfile, Closure, CwdRule, Era, Evidence, Identity, InstallPath, Integrity, Item, ItemKind, Launch, LocalArg, LocalCommand,
    LockedArchive, LockedPackage, NodeTerms, Pin, Pinned, Provenance, PythonTerms, RegistrySignature, Runtime, ServerName, Sha256Digest,
    Shape, Surface, Terms, View, Volatile,
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
        name: name.parse().unwrap(),
        version: version.to_owned(),
        archives: vec![LockedArchive {
            file: None,
            integrity: Integrity::Sha512([7; 64]),
            evidence: Evidence::default(),
        }],
        scripts: BTreeMap::new(),
        native: false,
        terms: Terms::Node(NodeTerms::default()),
    }
}

fn signature(published: Option<&str>) -> RegistrySignature {
    RegistrySignature {
        keyid: "SHA256:the-registrys-key".into(),
        signature: "MEUCIQDsaW5lZCBieSB0aGUgcmVnaXN0cnk=".into(),
        published: published.map(|moment| moment.parse().unwrap()),
    }
}

pub(crate) fn provenance() -> Provenance {
    let some = |text: &str| Some(text.to_owned());
    Provenance {
        identity: Identity {
            issuer: "https://token.actions.githubusercontent.com".into(),
            signer: "https://github.com/example/notes/.github/workflows/release.yml".into(),
            repository: some("https://github.com/example/notes"),
            repository_id: some("1001"),
            owner_id: some("77"),
            workflow: some(".github/workflows/release.yml"),
            builder: some("github-hosted"),
        },
        git_ref: some("refs/tags/v1.2.3"),
        commit: some("0123456789abcdef0123456789abcdef01234567"),
        bundles: [Sha256Digest::of("bundle"), Sha256Digest::of("another")].into(),
    }
}

/// The levels and forms of evidence: everything, a signature alone, an identity that is no build.
fn proved(mut pin: Pin) -> Pin {
    let Pinned::Package { closure, .. } = &mut pin.pinned else {
        return pin;
    };
    let e_mail = Provenance {
        identity: Identity {
            issuer: "https://accounts.example.com".into(),
            signer: "somebody@example.com".into(),
            repository: None,
            repository_id: None,
            owner_id: None,
            workflow: None,
            builder: None,
        },
        git_ref: None,
        commit: None,
        bundles: [Sha256Digest::of("mail")].into(),
    };
    let all = [
        (
            "node_modules/@example/server-notes",
            Evidence {
                signature: Some(signature(Some("2025-01-28T12:00:00.5Z"))),
                publish: Some(Sha256Digest::of("publish")),
                provenance: Some(provenance()),
            },
        ),
        (
            "node_modules/helper",
            Evidence {
                signature: Some(signature(None)),
                ..Evidence::default()
            },
        ),
        (
            "node_modules/alias",
            Evidence {
                provenance: Some(e_mail),
                ..Evidence::default()
            },
        ),
    ];
    for (path, evidence) in all {
        closure.packages.get_mut(&path.parse().unwrap()).unwrap().archive_mut().evidence = evidence;
    }
    pin
}

/// The same without any evidence: what version 1 could say.
pub(crate) fn unproved(mut pin: Pin) -> Pin {
    if let Pinned::Package { closure, .. } = &mut pin.pinned {
        closure
            .packages
            .values_mut()
            .for_each(|package| package.archive_mut().evidence = Evidence::default());
    }
    pin
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
        terms: Terms::Node(NodeTerms {
            dependencies: map(&[("helper", "^2.0.0"), ("alias", "npm:real@1")]),
            optional_dependencies: map(&[("native-x64", "1.0.0")]),
            peer_dependencies: map(&[("zod", "^3")]),
            optional_peers: ["zod".to_owned()].into(),
            bundled: ["inside".to_owned()].into(),
            engines_node: Some(">=20".into()),
            ..NodeTerms::default()
        }),
        ..locked("@example/server-notes", "1.2.3")
    };
    let mut helper = LockedPackage {
        scripts: map(&[("postinstall", "node build.js")]),
        native: true,
        ..locked("helper", "2.1.0")
    };
    helper.archive_mut().integrity = Integrity::Sha256([9; 32]);
    let native = LockedPackage {
        terms: Terms::Node(NodeTerms {
            os: strings(&["linux"]),
            cpu: strings(&["x64"]),
            libc: strings(&["glibc"]),
            optional: true,
            ..NodeTerms::default()
        }),
        ..locked("native-x64", "1.0.0")
    };
    let packages = [
        ("node_modules/@example/server-notes", root),
        ("node_modules/helper", helper),
        ("node_modules/native-x64", native),
        ("node_modules/alias", locked("real", "1.0.1")),
    ];
    proved(Pin {
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
        guard: GuardPin::default(),
    })
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
        guard: GuardPin::default(),
    }
}

/// A Python package with one pure wheel.
pub(crate) fn wheeled(name: &str, version: &str, requires: &[&str]) -> LockedPackage {
    LockedPackage {
        name: name.parse().unwrap(),
        version: version.to_owned(),
        archives: vec![wheel(&format!("{}-{version}-py3-none-any.whl", name.replace('-', "_")), 5)],
        scripts: BTreeMap::new(),
        native: false,
        terms: Terms::Python(PythonTerms {
            requires: strings(requires),
            ..PythonTerms::default()
        }),
    }
}

pub(crate) fn wheel(file: &str, byte: u8) -> LockedArchive {
    LockedArchive {
        file: Some(file.to_owned()),
        integrity: Integrity::Sha256([byte; 32]),
        evidence: Evidence::default(),
    }
}

pub(crate) fn python_pin() -> Pin {
    let mut root = wheeled(
        "mcp-notes",
        "2025.1.7",
        &["anyio>=4", "colorama; sys_platform == 'win32'", "Zstd[fast] (>=1.0)"],
    );
    root.python_mut().requires_python = Some(">=3.10".into());
    root.archive_mut().evidence.provenance = Some(provenance());
    let mut anyio = wheeled("anyio", "4.9.0", &[]);
    anyio.native = true;
    anyio.scripts = map(&[("anyio.pth", "import anyio")]);
    let mut colorama = wheeled("colorama", "0.4.6", &[]);
    colorama.python_mut().marker = Some("sys_platform == 'win32'".into());
    let mut zstd = wheeled("zstd", "1.5.0", &["builder; extra == 'fast'"]);
    zstd.archives = vec![
        wheel("zstd-1.5.0-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", 1),
        wheel("zstd-1.5.0-cp312-cp312-win_amd64.whl", 2),
    ];
    let mut builder = wheeled("builder", "1.0", &[]);
    builder.archives = vec![wheel("builder-1.0.tar.gz", 3)];
    builder.python_mut().built = true;
    let packages = [root, anyio, colorama, zstd, builder];
    Pin {
        source: "pypi:mcp-notes>=2025".parse().unwrap(),
        pinned: Pinned::Package {
            closure: Closure {
                root: "site-packages/mcp-notes@2025.1.7".parse().unwrap(),
                packages: packages
                    .into_iter()
                    .map(|package| (InstallPath::python(&package.name, &package.version).unwrap(), package))
                    .collect(),
            },
            launch: Launch {
                runtime: Runtime::Python {
                    wanted: Some(">=3.10".into()),
                },
                entry: "mcp-notes = mcp_notes.cli:main".into(),
                args: strings(&["--stdio"]),
                env: vec![],
                cwd: CwdRule::Empty,
                network: false,
            },
        },
        surface: None,
        guard: GuardPin::default(),
    }
}

pub(crate) fn lockfile() -> Lockfile {
    let mut lockfile = before_guard();
    lockfile.servers.insert(name("quiet"), guarded());
    lockfile
}

/// What version 3 could say.
pub(crate) fn before_guard() -> Lockfile {
    let mut lockfile = before_python();
    lockfile.servers.insert(name("paper"), python_pin());
    lockfile
}

/// An entry with every rule that a lock can hold.
pub(crate) fn guarded() -> Pin {
    let patterns = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<BTreeSet<_>>();
    Pin {
        guard: GuardPin {
            tools: ToolRules {
                allow: Some(patterns(&["read_*", "write_file"])),
                deny: patterns(&["read_secret"]),
                confirm: patterns(&["write_*"]),
                arguments: ArgumentCheck::Known,
            },
            results: ResultRules {
                visible: true,
                largest: Some(1 << 20),
            },
        },
        ..local_pin()
    }
}

/// What version 2 could say.
pub(crate) fn before_python() -> Lockfile {
    Lockfile {
        servers: BTreeMap::from([(name("notes"), package_pin()), (name("own"), local_pin())]),
    }
}
