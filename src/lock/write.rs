//! Model to text. Every struct of the model is taken apart field by field without `..`: a field
//! that is added to the model and forgotten here does not compile.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::strict::Strict;
use super::wire::{
    WireArchive, WireArg, WireClient, WireCwd, WireDefinition, WireEra, WireFile, WireFileDigest, WireKind, WireLaunch, WireLocal,
    WirePackage, WireProved, WireRegistry, WireRoot, WireRuntime, WireRuntimeKind, WireServer, WireShape, WireSurface, WireView,
    WireVolatile,
};
use super::{Lockfile, VERSION, guard};
use crate::model::launch::PinnedFile;
use crate::model::{
    ClientProfile, Closure, CwdRule, Era, InstallPath, Item, ItemKind, Launch, LocalArg, LocalCommand, LockedArchive, LockedPackage,
    NodeTerms, Pin, Pinned, PythonTerms, Runtime, Sha256Digest, Shape, Surface, Terms, View, Volatile,
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

/// The entry as the file has it.
pub(super) fn server(pin: &Pin) -> WireServer {
    whole(pin, as_its_form_reads)
}

/// The entry for a digest: over the canonical form it makes no difference how a number is kept, so no
/// definition is written and read for it.
pub(super) fn for_digest(pin: &Pin) -> WireServer {
    whole(pin, |definition| Strict(definition.clone()))
}

fn whole(pin: &Pin, definition: Form) -> WireServer {
    WireServer {
        surface: pin.surface.as_ref().map(|surface| surface_of(surface, definition)),
        guard: guard::write(&pin.guard),
        ..code(pin)
    }
}

/// How a definition is put into the entry.
type Form = fn(&Value) -> Strict;

/// The entry without its surface and the guard's rules.
pub(super) fn code(pin: &Pin) -> WireServer {
    let Pin {
        source,
        pinned,
        surface: _,
        guard: _,
    } = pin;
    let (package, launch, packages, local, remote) = match pinned {
        Pinned::Package { closure, launch } => {
            let Closure { root, packages } = closure;
            let packages = packages
                .iter()
                .map(|(path, locked)| (path.to_string(), package(path, locked)))
                .collect();
            (Some(root_of(root, closure)), Some(launch_of(launch)), Some(packages), None, None)
        }
        Pinned::Local(local) => (None, None, None, Some(local_of(local)), None),
        Pinned::Remote(remote) => (None, None, None, None, Some(super::remote::wire(remote))),
    };
    WireServer {
        source: source.to_string(),
        package,
        launch,
        packages,
        local,
        remote,
        surface: None,
        guard: None,
    }
}

fn root_of(root: &InstallPath, closure: &Closure) -> WireRoot {
    let (identifier, version) = match closure.root_package() {
        Some(package) => (package.name.clone(), package.version.clone()),
        None => (root.name(), String::new()),
    };
    let (registry_type, usual) = if root.is_python() {
        (WireRegistry::Pypi, InstallPath::python(&identifier, &version))
    } else {
        (WireRegistry::Npm, Some(InstallPath::child(None, &identifier)))
    };
    WireRoot {
        registry_type,
        identifier: identifier.to_string(),
        version,
        path: (Some(root) != usual.as_ref()).then(|| root.to_string()),
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
            kind: match runtime {
                Runtime::Node { .. } => WireRuntimeKind::Node,
                Runtime::Python { .. } => WireRuntimeKind::Python,
            },
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
    let common = WirePackage {
        name: (*name != path.name()).then(|| name.to_string()),
        version: version.clone(),
        native: *native,
        ..WirePackage::default()
    };
    match terms {
        Terms::Node(terms) => node(common, archives, scripts, terms),
        Terms::Python(terms) => python(common, archives, scripts, terms),
    }
}

fn node(common: WirePackage, archives: &[LockedArchive], scripts: &BTreeMap<String, String>, terms: &NodeTerms) -> WirePackage {
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
    } = terms;
    // An npm package has one archive without a file name. What else there should be is written so
    // that every digest covers it, and no reader takes it.
    let (first, more) = match archives {
        [first, more @ ..] if first.file.is_none() => (Some(first), more),
        all => (None, all),
    };
    WirePackage {
        integrity: first.map(|archive| archive.integrity.to_string()),
        evidence: first.and_then(|archive| super::evidence::wire(&archive.evidence)),
        sdist: archives_of(more),
        os: os.clone(),
        cpu: cpu.clone(),
        libc: libc.clone(),
        optional: *optional,
        scripts: scripts.clone(),
        dependencies: dependencies.clone(),
        optional_dependencies: optional_dependencies.clone(),
        peer_dependencies: peer_dependencies.clone(),
        optional_peers: optional_peers.iter().cloned().collect(),
        bundled: bundled.iter().cloned().collect(),
        engines_node: engines_node.clone(),
        ..common
    }
}

fn python(common: WirePackage, archives: &[LockedArchive], scripts: &BTreeMap<String, String>, terms: &PythonTerms) -> WirePackage {
    let PythonTerms {
        marker,
        requires,
        requires_python,
        built,
    } = terms;
    let (wheels, sdist) = if *built { (&[][..], archives) } else { (archives, &[][..]) };
    WirePackage {
        wheels: archives_of(wheels),
        sdist: archives_of(sdist),
        built: *built,
        marker: marker.clone(),
        requires: requires.clone(),
        requires_python: requires_python.clone(),
        startup: scripts.clone(),
        ..common
    }
}

/// By file name. Two of one name, which no reader takes, both stay, so that a digest covers both.
fn archives_of(archives: &[LockedArchive]) -> BTreeMap<String, WireArchive> {
    let mut out = BTreeMap::new();
    for LockedArchive { file, integrity, evidence } in archives {
        let integrity = integrity.to_string();
        let archive = match super::evidence::wire(evidence) {
            Some(evidence) => WireArchive::Proved(Box::new(WireProved { integrity, evidence })),
            None => WireArchive::Digest(integrity),
        };
        let mut name = file.clone().unwrap_or_default();
        while out.contains_key(&name) {
            name.push('+');
        }
        out.insert(name, archive);
    }
    out
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

fn surface_of(surface: &Surface, form: Form) -> WireSurface {
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
        views: views.into_iter().map(|view| view_of(view, form)).collect(),
        volatile: volatile.into_iter().map(volatile_of).collect(),
    }
}

fn view_of(view: &View, form: Form) -> WireView {
    let View {
        era,
        client,
        handshake,
        items,
    } = view;
    let list = |kind| items.get(&kind).map(|items| list_of(items, form));
    WireView {
        era: era_of(*era),
        client: client_of(*client),
        handshake: definition_of(form(handshake), digest(handshake)),
        tools: list(ItemKind::Tool),
        prompts: list(ItemKind::Prompt),
        resources: list(ItemKind::Resource),
        resource_templates: list(ItemKind::Template),
    }
}

fn list_of(items: &[Item], form: Form) -> Vec<WireDefinition> {
    let mut items: Vec<_> = items.iter().collect();
    items.sort_by(|a, b| a.key.cmp(&b.key));
    items
        .into_iter()
        .map(
            |Item {
                 key: _,
                 definition,
                 digest,
             }| definition_of(form(definition), *digest),
        )
        .collect()
}

/// The definition as its canonical form reads, so that `1.0` today and `1` tomorrow, which have one
/// digest, also have one line.
fn as_its_form_reads(definition: &Value) -> Strict {
    serde_json::from_slice(&canonical(definition)).unwrap_or_else(|_| Strict(definition.clone()))
}

fn definition_of(definition: Strict, digest: Sha256Digest) -> WireDefinition {
    WireDefinition {
        digest: digest.to_string(),
        definition,
    }
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
