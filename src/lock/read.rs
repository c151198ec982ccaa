//! Text to model: marker and version first, then shape, then every value.

mod python;
mod surface;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::guard::WireGuard;
use super::strict::Strict;
use super::wire::{
    WireArg, WireCwd, WireEvidence, WireFile, WireFileDigest, WireKind, WireLaunch, WireLocal, WirePackage, WireRegistry, WireRoot,
    WireRuntimeKind, WireServer,
};
use super::{
    EntryError, LockError, Lockfile, MARKER, VERSION, VERSION_WITHOUT_EVIDENCE, VERSION_WITHOUT_GUARD, VERSION_WITHOUT_PYTHON, evidence,
    guard,
};
use crate::model::guard::GuardPin;
use crate::model::launch::PinnedFile;
use crate::model::{
    Closure, CwdRule, Evidence, InstallPath, Integrity, Launch, LocalArg, LocalCommand, LockedArchive, LockedPackage, NodeTerms,
    PackageName, Pin, Pinned, Runtime, ServerName, Source, Surface, Terms, check_env_name,
};
use crate::surface::visible;
use crate::surface::visible::is_invisible;

/// The largest closure that is read, in packages. The attack: a lock that is checked without end.
const MAX_PACKAGES: usize = 20_000;

/// How deep packages may be nested in one another. Real trees stay below ten.
const MAX_DEPTH: usize = 50;

/// How much looking for dependencies a closure may ask for: edges count by the length of the path
/// they start from, since each folder above is looked in. Real closures stay below a tenth of it.
const MAX_SEARCH: usize = 64 << 20;

const NOT_NPM: &str = "an npm package has `integrity`, and nothing of a Python package";

/// Reads a lock.
///
/// What comes back was well-formed, without duplicate keys, every digest is spelled in its one
/// way, no text outside of definitions hides characters, and every definition has the digest that
/// stands beside it. Not promised: that the closure is complete, that the archives agree, or
/// that anybody approved it.
pub fn parse(text: &str) -> Result<Lockfile, LockError> {
    let version = probe(text)?;
    let file: WireFile = serde_json::from_str(text).map_err(|error| corrupt(&error))?;
    let WireFile {
        kind: WireKind::Closure,
        lockfile_version: _,
        servers,
    } = file;
    let mut lockfile = Lockfile::default();
    for (name, wire) in servers {
        let server: ServerName = name
            .parse()
            .map_err(|e: crate::model::SourceError| LockError::entry(&name, "name", e))?;
        lockfile.servers.insert(server, Reader { server: &name, version }.pin(wire)?);
    }
    Ok(lockfile)
}

/// Decides whose file it is and of which version, before its shape is looked at.
fn probe(text: &str) -> Result<u64, LockError> {
    if text.trim().is_empty() {
        return Err(LockError::Corrupt {
            line: 1,
            column: 0,
            what: "the file is empty".into(),
        });
    }
    let value = match serde_json::from_str::<Strict>(text) {
        Ok(Strict(value)) => value,
        Err(error) => return Err(unreadable(text, &error)),
    };
    if value.get("kind").and_then(Value::as_str) != Some(MARKER) {
        return Err(LockError::Foreign { format: "JSON" });
    }
    match value.get("lockfileVersion").and_then(Value::as_u64) {
        Some(version @ VERSION_WITHOUT_EVIDENCE..=VERSION) => Ok(version),
        Some(found) if found > VERSION => Err(LockError::Newer { found }),
        _ => Err(LockError::NoVersion),
    }
}

fn unreadable(text: &str, error: &serde_json::Error) -> LockError {
    // No line of JSON starts with a conflict marker: strings hold no raw newline.
    let marker = |line: &str| ["<<<<<<<", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker));
    if !text.contains(MARKER) {
        let format = if text.trim_start().starts_with(['{', '[']) {
            "JSON"
        } else {
            "not JSON"
        };
        return LockError::Foreign { format };
    }
    match text.lines().position(marker) {
        Some(at) => LockError::Conflict { line: at + 1 },
        None => corrupt(error),
    }
}

fn corrupt(error: &serde_json::Error) -> LockError {
    let (line, column) = (error.line(), error.column());
    let full = error.to_string();
    let what = full.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&full);
    LockError::Corrupt {
        line,
        column,
        what: visible(what),
    }
}

/// Reads one entry, so that every error names it.
struct Reader<'a> {
    server: &'a str,
    /// The file's version.
    version: u64,
}

type Read<T> = Result<T, LockError>;

impl Reader<'_> {
    fn at<T, E: Into<EntryError>>(&self, at: &str, result: Result<T, E>) -> Read<T> {
        result.map_err(|problem| LockError::entry(self.server, at, problem))
    }

    fn rule<T>(&self, at: &str, rule: &'static str) -> Read<T> {
        self.at(at, Err(EntryError::Rule(rule)))
    }

    fn pin(&self, wire: WireServer) -> Read<Pin> {
        let WireServer {
            source,
            package,
            launch,
            packages,
            local,
            remote,
            surface,
            guard,
        } = wire;
        let source: Source = self.at("source", source.parse())?;
        let pinned = match (package, launch, packages, local, remote) {
            (Some(root), Some(launch), Some(packages), None, None) => {
                let closure = self.closure(&root, packages)?;
                let launch = self.launch(launch, &closure)?;
                Pinned::Package { closure, launch }
            }
            (None, None, None, Some(local), None) => Pinned::Local(self.local(local)?),
            (None, None, None, None, Some(remote)) => {
                Pinned::Remote(Box::new(self.at("remote", super::remote::read(remote, &source, self.version))?))
            }
            _ => {
                return self.rule(
                    "entry",
                    "it needs `package`, `launch` and `packages`, `local` alone, or `remote` alone",
                );
            }
        };
        self.origin(&source, &pinned)?;
        let (env, network) = match &pinned {
            Pinned::Package { launch, .. } => (launch.env.as_slice(), launch.network),
            Pinned::Local(local) => (local.env.as_slice(), local.network),
            Pinned::Remote(remote) => (remote.env(), true),
        };
        let surface = surface.map(|surface| self.surface(surface)).transpose()?;
        if let Some(surface) = &surface {
            self.conditions(surface, env, network)?;
        }
        let guard = self.guard(guard)?;
        Ok(Pin {
            source,
            pinned,
            surface,
            guard,
        })
    }

    /// The rules of the guard. A version that has no such member has none: a reader of that version
    /// would pass over it.
    fn guard(&self, wire: Option<WireGuard>) -> Read<GuardPin> {
        match wire {
            None => Ok(GuardPin::default()),
            Some(_) if self.version <= VERSION_WITHOUT_GUARD => self.rule("guard", "it stands in a lock of a version that has none"),
            Some(wire) => self.at("guard", guard::read(wire)),
        }
    }

    /// An entry is of the kind its source says: what the source's own checks look for is there.
    fn origin(&self, source: &Source, pinned: &Pinned) -> Read<()> {
        match (source, pinned) {
            (Source::Npm { .. }, Pinned::Package { closure, .. }) if !closure.root.is_python() => Ok(()),
            (Source::Pypi { .. }, Pinned::Package { closure, .. }) if closure.root.is_python() => Ok(()),
            (Source::Local, Pinned::Local(_)) | (Source::Remote(_), Pinned::Remote(_)) => Ok(()),
            (Source::Remote(_), _) | (_, Pinned::Remote(_)) => self.rule("source", "an address and `remote` belong together"),
            (Source::Local, _) | (_, Pinned::Local(_)) => self.rule("source", "`local` and a local command belong together"),
            _ => self.rule("source", "it is of another registry than `package`"),
        }
    }

    fn closure(&self, root: &WireRoot, wire: BTreeMap<String, WirePackage>) -> Read<Closure> {
        let WireRoot {
            registry_type,
            identifier,
            version,
            path,
        } = root;
        if matches!(registry_type, WireRegistry::Pypi) {
            return self.python_closure(root, wire);
        }
        let name: PackageName = self.at("package", identifier.parse())?;
        let root = match path {
            Some(path) => self.at("package", path.parse())?,
            None => InstallPath::child(None, &name),
        };
        if wire.len() > MAX_PACKAGES {
            return self.rule("packages", "there are more than 20000 packages");
        }
        let mut packages = BTreeMap::new();
        for (path, package) in wire {
            if path.split("/node_modules/").nth(MAX_DEPTH).is_some() {
                return self.rule("packages", "packages are nested more than 50 deep");
            }
            let install: InstallPath = self.at(&path, path.parse())?;
            if install.is_python() {
                return self.rule(&path, "a Python package stands in the closure of an npm package");
            }
            let package = self.package(&install, package)?;
            packages.insert(install, package);
        }
        let closure = Closure { root, packages };
        let search = closure.packages.iter().fold(0_usize, |sum, (path, package)| {
            let edges = package.node().map_or(0, |terms| {
                terms.dependencies.len() + terms.optional_dependencies.len() + terms.peer_dependencies.len()
            });
            sum.saturating_add(edges.saturating_mul(path.as_str().len()))
        });
        if search > MAX_SEARCH {
            return self.rule("packages", "there are more dependencies, in deeper folders, than can be checked");
        }
        match closure.root_package() {
            Some(package) if package.name == name && package.version == *version => Ok(closure),
            Some(_) => self.rule("package", "name or version differs from the entry of the same path in `packages`"),
            None => self.rule("package", "it is missing in `packages`"),
        }
    }

    fn package(&self, path: &InstallPath, wire: WirePackage) -> Read<LockedPackage> {
        let at = path.as_str();
        let name = match wire.name {
            Some(name) => self.at(at, name.parse())?,
            None => path.name(),
        };
        if wire.version.is_empty() {
            return self.rule(at, "the version is empty");
        }
        let limits = [&wire.os, &wire.cpu, &wire.libc, &wire.optional_peers, &wire.bundled];
        let edges = [&wire.dependencies, &wire.optional_dependencies, &wire.peer_dependencies];
        self.plain(
            at,
            limits
                .into_iter()
                .flatten()
                .chain(edges.into_iter().flatten().flat_map(|(name, requirement)| [name, requirement]))
                .chain(wire.scripts.keys())
                .chain(&wire.engines_node)
                .chain([&wire.version]),
        )?;
        let WirePackage {
            name: _,
            version,
            integrity: Some(integrity),
            evidence,
            os,
            cpu,
            libc,
            optional,
            scripts,
            native,
            dependencies,
            optional_dependencies,
            peer_dependencies,
            optional_peers,
            bundled,
            engines_node,
            wheels,
            sdist,
            built: false,
            marker: None,
            requires,
            requires_python: None,
            startup,
        } = wire
        else {
            return self.rule(at, NOT_NPM);
        };
        if !(wheels.is_empty() && sdist.is_empty() && requires.is_empty() && startup.is_empty()) {
            return self.rule(at, NOT_NPM);
        }
        Ok(LockedPackage {
            name,
            version,
            archives: vec![LockedArchive {
                file: None,
                integrity: self.integrity(at, &integrity)?,
                evidence: self.evidence(at, evidence)?,
            }],
            scripts,
            native,
            terms: Terms::Node(NodeTerms {
                os,
                cpu,
                libc,
                optional,
                dependencies,
                optional_dependencies,
                peer_dependencies,
                optional_peers: self.set(at, optional_peers)?,
                bundled: self.set(at, bundled)?,
                engines_node,
            }),
        })
    }

    /// What is proved about an archive. A version that has no such member has none: a reader of that
    /// version would pass over it.
    fn evidence(&self, at: &str, wire: Option<WireEvidence>) -> Read<Evidence> {
        match wire {
            None => Ok(Evidence::default()),
            Some(_) if self.version == VERSION_WITHOUT_EVIDENCE => {
                self.rule(at, "`evidence` stands in a lock of version 1, which has none")
            }
            Some(wire) => self.at(at, evidence::read(wire)),
        }
    }

    /// A digest in its one spelling: of several, or of one with options, a reviewer would read
    /// another one than counts.
    fn integrity(&self, at: &str, text: &str) -> Read<Integrity> {
        let integrity: Integrity = self.at(at, text.parse())?;
        if integrity.to_string() == text {
            Ok(integrity)
        } else {
            self.rule(at, "the digest must stand there once and alone, as mcp-pin writes it")
        }
    }

    fn set(&self, at: &str, list: Vec<String>) -> Read<BTreeSet<String>> {
        let length = list.len();
        let set: BTreeSet<_> = list.into_iter().collect();
        if set.len() == length {
            Ok(set)
        } else {
            self.at(at, Err(EntryError::Twice))
        }
    }

    fn launch(&self, wire: WireLaunch, closure: &Closure) -> Read<Launch> {
        let wanted = wire.runtime.wanted;
        self.plain("launch.args", &wire.args)?;
        self.plain("launch.entry", [&wire.entry])?;
        let root = closure.root_package().map(|root| &root.terms);
        let (runtime, entry) = match (wire.runtime.kind, root) {
            (WireRuntimeKind::Node, Some(Terms::Node(terms))) => {
                if wanted != terms.engines_node {
                    return self.rule("launch.runtime", "`wanted` differs from the package's own `enginesNode`");
                }
                (Runtime::Node { wanted }, self.entry(wire.entry, &closure.root)?)
            }
            (WireRuntimeKind::Python, Some(Terms::Python(terms))) => {
                if wanted != terms.requires_python {
                    return self.rule("launch.runtime", "`wanted` differs from the package's own `requiresPython`");
                }
                (Runtime::Python { wanted }, self.python_entry(wire.entry)?)
            }
            _ => return self.rule("launch.runtime", "it is of another kind than the package"),
        };
        Ok(Launch {
            runtime,
            entry,
            args: wire.args,
            env: self.env("launch.env", wire.env)?,
            cwd: cwd(&wire.cwd),
            network: wire.network,
        })
    }

    /// A file inside the server's own package, written in the one way it can be written.
    fn entry(&self, entry: String, root: &InstallPath) -> Read<String> {
        let inside = entry.strip_prefix(root.as_str()).and_then(|rest| rest.strip_prefix('/'));
        let plain = |path: &str| {
            path.split('/')
                .all(|segment| !matches!(segment, "" | "." | "..") && !segment.contains(['\\', '\0']))
        };
        if inside.is_some_and(plain) {
            Ok(entry)
        } else {
            self.rule("launch.entry", "it is not a plain path inside the server's own package")
        }
    }

    fn env(&self, at: &str, names: Vec<String>) -> Read<Vec<String>> {
        names.iter().try_for_each(|name| self.at(at, check_env_name(name))).map(|()| names)
    }

    /// Refuses text that looks different from what it is. Definitions are the server's words and
    /// stay as they are; everything else has no use for such characters.
    fn plain<'t>(&self, at: &str, texts: impl IntoIterator<Item = &'t String>) -> Read<()> {
        if texts.into_iter().any(|text| text.chars().any(is_invisible)) {
            return self.rule(at, "a control or invisible character stands in it");
        }
        Ok(())
    }

    /// A surface cannot have been taken with more than the server is started with: the report
    /// would tell of a surface that nobody gets.
    fn conditions(&self, surface: &Surface, env: &[String], network: bool) -> Read<()> {
        surface
            .env
            .iter()
            .try_for_each(|name| self.at("surface.env", check_env_name(name)))?;
        if surface.env.iter().any(|name| !env.contains(name)) {
            return self.rule("surface.env", "it names a variable that the server is not given");
        }
        if surface.network && !network {
            return self.rule("surface.network", "the server is not allowed the network");
        }
        Ok(())
    }

    fn local(&self, wire: WireLocal) -> Read<LocalCommand> {
        let args = wire
            .args
            .into_iter()
            .map(|arg| {
                Ok(match arg {
                    WireArg::Text(text) => {
                        self.plain("local.args", [&text])?;
                        LocalArg::Text(text)
                    }
                    WireArg::File(file) => LocalArg::File(self.file(file)?),
                })
            })
            .collect::<Read<_>>()?;
        Ok(LocalCommand {
            command: self.file(wire.command)?,
            args,
            env: self.env("local.env", wire.env)?,
            cwd: cwd(&wire.cwd),
            network: wire.network,
        })
    }

    fn file(&self, wire: WireFileDigest) -> Read<PinnedFile> {
        self.plain("local", [&wire.path])?;
        Ok(PinnedFile {
            digest: self.at("local", wire.digest.parse())?,
            path: wire.path,
        })
    }
}

const fn cwd(wire: &WireCwd) -> CwdRule {
    match wire {
        WireCwd::Empty => CwdRule::Empty,
        WireCwd::Client => CwdRule::Client,
    }
}
