//! Model to text. Every struct of the model is taken apart field by field without `..`: a field
//! that is added to the model and forgotten here does not compile.

use serde::Serialize;
use serde_json::Value;

use super::strict::Strict;
use super::wire::{
    WireArg, WireClient, WireCwd, WireDefinition, WireEra, WireFile, WireFileDigest, WireKind, WireLaunch, WireLocal, WirePackage,
    WireRegistry, WireRoot, WireRuntime, WireRuntimeKind, WireServer, WireShape, WireSurface, WireView, WireVolatile,
};
use super::{Lockfile, VERSION};
use crate::model::launch::PinnedFile;
use crate::model::{
    ClientProfile, Closure, CwdRule, Era, InstallPath, Item, ItemKind, Launch, LocalArg, LocalCommand, LockedPackage, NodeTerms, Pin,
    Pinned, Shape, Surface, Terms, View, Volatile,
};
use crate::surface::{canonical, digest};

/// The file's text: two-space JSON with sorted keys and a newline at the end.
///
/// Equal lockfiles give equal bytes, on every machine and at any time. Empty lists and maps are
/// left out, except lists of a surface, where empty and absent differ.
pub fn write(lockfile: &Lockfile) -> String {
    let Lockfile { servers } = lockfile;
    let file = WireFile {
        kind: WireKind::Closure,
        lockfile_version: VERSION,
        servers: servers.iter().map(|(name, pin)| (name.to_string(), server(pin))).collect(),
    };
    format!("{:#}\n", to_value(&file))
}

/// Any wire value as JSON.
///
/// The wire types have only text keys and derived serialisers, so this does not fail. Should it
/// all the same, the result holds everything and is no valid entry: a lock with it is refused and
/// a digest of it equals no other.
pub(super) fn to_value<T: Serialize + std::fmt::Debug>(wire: &T) -> Value {
    serde_json::to_value(wire).unwrap_or_else(|error| Value::String(format!("not serialisable: {error}: {wire:?}")))
}

pub(super) fn server(pin: &Pin) -> WireServer {
    let Pin { source, pinned, surface } = pin;
    let (package, launch, packages, local) = match pinned {
        Pinned::Package { closure, launch } => {
            let Closure { root, packages } = closure;
            let packages = packages
                .iter()
                .map(|(path, locked)| (path.to_string(), package(path, locked)))
                .collect();
            (Some(root_of(root, closure)), Some(launch_of(launch)), Some(packages), None)
        }
        Pinned::Local(local) => (None, None, None, Some(local_of(local))),
    };
    WireServer {
        source: source.to_string(),
        package,
        launch,
        packages,
        local,
        surface: surface.as_ref().map(surface_of),
    }
}

fn root_of(root: &InstallPath, closure: &Closure) -> WireRoot {
    let (identifier, version) = match closure.root_package() {
        Some(package) => (package.name.clone(), package.version.clone()),
        None => (root.name(), String::new()),
    };
    let usual = InstallPath::child(None, &identifier);
    WireRoot {
        registry_type: WireRegistry::Npm,
        identifier: identifier.to_string(),
        version,
        path: (*root != usual).then(|| root.to_string()),
    }
}

fn launch_of(launch: &Launch) -> WireLaunch {
    let Launch {
        runtime,
        entry,
        args,
        env,
        cwd,
        network,
    } = launch;
    WireLaunch {
        runtime: WireRuntime {
            kind: WireRuntimeKind::Node,
            wanted: runtime.wanted().map(str::to_owned),
        },
        entry: entry.clone(),
        args: args.clone(),
        env: env.clone(),
        cwd: cwd_of(*cwd),
        network: *network,
    }
}

fn package(path: &InstallPath, package: &LockedPackage) -> WirePackage {
    let LockedPackage {
        name,
        version,
        archives,
        scripts,
        native,
        terms,
    } = package;
    let terms = match terms {
        Terms::Node(terms) => terms.clone(),
        Terms::Python(_) => NodeTerms::default(),
    };
    let NodeTerms {
        os,
        cpu,
        libc,
        optional,
        dependencies,
        optional_dependencies,
        peer_dependencies,
        optional_peers,
        bundled,
        engines_node,
    } = &terms;
    let archive = archives.first();
    WirePackage {
        name: (*name != path.name()).then(|| name.to_string()),
        version: version.clone(),
        integrity: archive.map(|archive| archive.integrity.to_string()).unwrap_or_default(),
        evidence: archive.and_then(|archive| super::evidence::wire(&archive.evidence)),
        os: os.clone(),
        cpu: cpu.clone(),
        libc: libc.clone(),
        optional: *optional,
        scripts: scripts.clone(),
        native: *native,
        dependencies: dependencies.clone(),
        optional_dependencies: optional_dependencies.clone(),
        peer_dependencies: peer_dependencies.clone(),
        optional_peers: optional_peers.iter().cloned().collect(),
        bundled: bundled.iter().cloned().collect(),
        engines_node: engines_node.clone(),
    }
}

fn local_of(local: &LocalCommand) -> WireLocal {
    let LocalCommand {
        command,
        args,
        env,
        cwd,
        network,
    } = local;
    WireLocal {
        command: file_of(command),
        args: args
            .iter()
            .map(|arg| match arg {
                LocalArg::Text(text) => WireArg::Text(text.clone()),
                LocalArg::File(file) => WireArg::File(file_of(file)),
            })
            .collect(),
        env: env.clone(),
        cwd: cwd_of(*cwd),
        network: *network,
    }
}

fn file_of(file: &PinnedFile) -> WireFileDigest {
    let PinnedFile { path, digest } = file;
    WireFileDigest {
        path: path.clone(),
        digest: digest.to_string(),
    }
}

const fn cwd_of(cwd: CwdRule) -> WireCwd {
    match cwd {
        CwdRule::Empty => WireCwd::Empty,
        CwdRule::Client => WireCwd::Client,
    }
}

fn surface_of(surface: &Surface) -> WireSurface {
    let Surface {
        env,
        network,
        views,
        volatile,
    } = surface;
    let mut views: Vec<_> = views.iter().collect();
    views.sort_by_key(|view| (view.era, view.client));
    let mut volatile: Vec<_> = volatile.iter().collect();
    volatile.sort_by(|a, b| (a.era, a.client, &a.at).cmp(&(b.era, b.client, &b.at)));
    WireSurface {
        env: env.clone(),
        network: *network,
        views: views.into_iter().map(view_of).collect(),
        volatile: volatile.into_iter().map(volatile_of).collect(),
    }
}

fn view_of(view: &View) -> WireView {
    let View {
        era,
        client,
        handshake,
        items,
    } = view;
    let list = |kind| items.get(&kind).map(|items| list_of(items));
    WireView {
        era: era_of(*era),
        client: client_of(*client),
        handshake: definition_of(handshake, digest(handshake).to_string()),
        tools: list(ItemKind::Tool),
        prompts: list(ItemKind::Prompt),
        resources: list(ItemKind::Resource),
        resource_templates: list(ItemKind::Template),
    }
}

fn list_of(items: &[Item]) -> Vec<WireDefinition> {
    let mut items: Vec<_> = items.iter().collect();
    items.sort_by(|a, b| a.key.cmp(&b.key));
    items
        .into_iter()
        .map(
            |Item {
                 key: _,
                 definition,
                 digest,
             }| definition_of(definition, digest.to_string()),
        )
        .collect()
}

/// The definition as its canonical form reads, so that `1.0` today and `1` tomorrow, which have one
/// digest, also have one line.
fn definition_of(definition: &Value, digest: String) -> WireDefinition {
    let definition = serde_json::from_slice(&canonical(definition)).unwrap_or_else(|_| Strict(definition.clone()));
    WireDefinition { digest, definition }
}

fn volatile_of(volatile: &Volatile) -> WireVolatile {
    let Volatile { era, client, at, shape } = volatile;
    WireVolatile {
        era: era_of(*era),
        client: client_of(*client),
        at: at.clone(),
        shape: match shape {
            Shape::Date => WireShape::Date,
            Shape::Integer => WireShape::Integer,
            Shape::Uuid => WireShape::Uuid,
            Shape::TokenSet => WireShape::TokenSet,
            Shape::Unshaped => WireShape::Unshaped,
        },
    }
}

const fn era_of(era: Era) -> WireEra {
    match era {
        Era::Legacy => WireEra::Legacy,
        Era::Modern => WireEra::Modern,
    }
}

const fn client_of(client: ClientProfile) -> WireClient {
    match client {
        ClientProfile::Any => WireClient::Any,
        ClientProfile::Bare => WireClient::Bare,
        ClientProfile::Full => WireClient::Full,
    }
}
