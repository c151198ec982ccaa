//! npm's `package-lock.json` as claims about a closure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::lock::check::Requirement;
use crate::model::{DigestError, InstallPath, Integrity, PackageName};
use crate::verify::npm::{Claim, Manifest};

use super::NpmError;
use super::error::redacted;

/// What the resolver answered: which packages, where they stand, and what the registry claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolution {
    /// Where the asked-for package stands.
    pub root: InstallPath,
    /// Every package, for all platforms.
    pub claims: BTreeMap<InstallPath, Claim>,
    /// What the answer leaves out.
    pub notes: Vec<Note>,
}

/// Something left out of the claims that a report should mention.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// A package inside its parent's archive: covered by that archive's digest and file list.
    Bundled {
        /// Where npm says it stands.
        path: InstallPath,
        /// The version npm says it has.
        version: String,
    },
    /// An optional dependency that npm left out without a word, because the registry could not
    /// give it.
    OptionalAbsent {
        /// The package that names it.
        from: InstallPath,
        /// The dependency.
        name: String,
        /// As written.
        requirement: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    lockfile_version: u32,
    packages: BTreeMap<String, Map<String, Value>>,
}

/// Reads npm's answer. Whatever is not a plain registry package is refused here, by name.
pub(super) fn parse(bytes: &[u8], root: &PackageName) -> Result<Resolution, NpmError> {
    let answer = |cause: String| NpmError::Answer {
        what: "package-lock.json",
        cause,
    };
    let wire: Wire = serde_json::from_slice(bytes).map_err(|error| answer(error.to_string()))?;
    if wire.lockfile_version != 3 {
        return Err(answer(format!("it has version {}, not 3", wire.lockfile_version)));
    }
    let mut claims = BTreeMap::new();
    let mut notes = Vec::new();
    for (text, entry) in wire.packages.iter().filter(|(text, _)| !text.is_empty()) {
        let path: InstallPath = text
            .parse()
            .map_err(|_| refused(text, "is not where a registry package can stand"))?;
        if flag(entry, "inBundle") {
            let version = string(entry, "version").unwrap_or_default();
            notes.push(Note::Bundled { path, version });
        } else {
            let claim = claim(&path, entry)?;
            claims.insert(path, claim);
        }
    }
    let root = InstallPath::child(None, root);
    if !claims.contains_key(&root) {
        return Err(answer(format!("`{root}` is not in it")));
    }
    notes.extend(absent_optionals(&claims));
    notes.sort();
    Ok(Resolution { root, claims, notes })
}

fn claim(path: &InstallPath, entry: &Map<String, Value>) -> Result<Claim, NpmError> {
    if flag(entry, "link") {
        return Err(refused(path.as_str(), "is a link to a folder, not a registry package"));
    }
    let manifest = Manifest::from_object(entry).map_err(|error| refused(path.as_str(), &error.to_string()))?;
    let name = match string(entry, "name") {
        Some(name) => name
            .parse()
            .map_err(|_| refused(path.as_str(), "has a name that is not a package name"))?,
        None => path.name(),
    };
    let version = string(entry, "version").ok_or_else(|| refused(path.as_str(), "has no version"))?;
    if flag(entry, "hasShrinkwrap") || flag(entry, "_hasShrinkwrap") {
        return Err(NpmError::Shrinkwrap {
            name: name.to_string(),
            version,
        });
    }
    let resolved = string(entry, "resolved");
    if let Some(elsewhere) = resolved
        .as_deref()
        .filter(|url| !url.starts_with("https://") && !url.starts_with("http://"))
    {
        return Err(refused(
            path.as_str(),
            &format!("comes from `{}`, not from a registry", redacted(elsewhere)),
        ));
    }
    registry_edges_only(path, &manifest)?;
    let integrity = string(entry, "integrity")
        .ok_or_else(|| DigestError::Malformed("nothing".to_owned()))
        .and_then(|text| text.parse::<Integrity>())
        .map_err(|cause| NpmError::Digest {
            name: name.to_string(),
            version: version.clone(),
            cause,
        })?;
    Ok(Claim {
        optional: flag(entry, "optional") || flag(entry, "devOptional"),
        peer: flag(entry, "peer"),
        has_install_script: flag(entry, "hasInstallScript"),
        os: manifest.os,
        cpu: manifest.cpu,
        libc: manifest.libc,
        dependencies: manifest.dependencies,
        optional_dependencies: manifest.optional_dependencies,
        peer_dependencies: manifest.peer_dependencies,
        optional_peers: manifest.optional_peers,
        bin: manifest.bin,
        bundled: manifest.bundled,
        engines_node: manifest.engines_node,
        name,
        version,
        integrity,
        resolved,
    })
}

/// An entry can come from elsewhere only if an edge says so: an npm that lets such edges through
/// is stopped here.
fn registry_edges_only(path: &InstallPath, manifest: &Manifest) -> Result<(), NpmError> {
    let edges = manifest.dependencies.iter().chain(&manifest.optional_dependencies);
    for (name, requirement) in edges.filter(|(name, _)| !manifest.bundled.contains(*name)) {
        if matches!(Requirement::parse(requirement), Requirement::Foreign) {
            return Err(NpmError::NotRegistry {
                from: path.to_string(),
                name: name.clone(),
                requirement: redacted(requirement),
            });
        }
    }
    Ok(())
}

fn absent_optionals(claims: &BTreeMap<InstallPath, Claim>) -> Vec<Note> {
    let present = |from: &InstallPath, name: &str| {
        let Ok(name) = name.parse::<PackageName>() else { return false };
        let upward = std::iter::successors(Some(Some(from.clone())), |at| at.as_ref().map(InstallPath::parent));
        upward
            .into_iter()
            .any(|at| claims.contains_key(&InstallPath::child(at.as_ref(), &name)))
    };
    let mut notes = Vec::new();
    for (from, claim) in claims {
        let absent = claim
            .optional_dependencies
            .iter()
            .filter(|(name, _)| !claim.bundled.contains(*name) && !present(from, name));
        notes.extend(absent.map(|(name, requirement)| Note::OptionalAbsent {
            from: from.clone(),
            name: name.clone(),
            requirement: requirement.clone(),
        }));
    }
    notes
}

fn flag(entry: &Map<String, Value>, key: &str) -> bool {
    entry.get(key) == Some(&Value::Bool(true))
}

fn string(entry: &Map<String, Value>, key: &str) -> Option<String> {
    entry.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn refused(path: &str, what: &str) -> NpmError {
    NpmError::Entry {
        path: redacted(path),
        what: what.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const DIGEST: &str = "sha512-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";

    fn read(packages: &Value) -> Result<Resolution, NpmError> {
        let text = json!({"lockfileVersion": 3, "packages": packages}).to_string();
        parse(text.as_bytes(), &"a".parse().unwrap())
    }

    fn with(extra: Value) -> Result<Resolution, NpmError> {
        let mut entry = json!({"version": "1.0.0", "resolved": "http://h/a.tgz", "integrity": DIGEST});
        let Value::Object(extra) = extra else { panic!() };
        entry.as_object_mut().unwrap().extend(extra);
        read(&json!({"": {}, "node_modules/a": entry}))
    }

    #[test]
    fn a_plain_entry_is_a_claim() {
        let found = with(json!({"bin": {"a": "./cli.js"}, "hasInstallScript": true, "optionalDependencies": {"gone": "1"}})).unwrap();
        let claim = &found.claims[&found.root];
        assert_eq!(
            (claim.name.as_str(), claim.bin["a"].as_str(), claim.has_install_script),
            ("a", "cli.js", true)
        );
        assert!(matches!(&found.notes[..], [Note::OptionalAbsent { name, .. }] if name == "gone"));
        assert!(claim.as_claimed().is_none());
    }

    #[test]
    fn aliases_keep_their_real_name() {
        let found = with(json!({"name": "@s/real"})).unwrap();
        assert_eq!(found.claims[&found.root].name.as_str(), "@s/real");
    }

    #[test]
    fn bundled_packages_are_noted_not_claimed() {
        let found = read(&json!({
            "node_modules/a": {"version": "1.0.0", "integrity": DIGEST, "bundleDependencies": ["b"], "dependencies": {"b": "git+ssh://x"}},
            "node_modules/a/node_modules/b": {"version": "2.0.0", "inBundle": true},
        }))
        .unwrap();
        assert_eq!(found.claims.len(), 1);
        assert!(matches!(&found.notes[..], [Note::Bundled { version, .. }] if version == "2.0.0"));
    }

    #[test]
    fn what_is_no_registry_package_is_refused() {
        let refused = |extra: Value| with(extra).unwrap_err();
        assert!(matches!(refused(json!({"link": true})), NpmError::Entry { .. }));
        assert!(matches!(
            refused(json!({"resolved": "git+ssh://git@h/x.git#abc"})),
            NpmError::Entry { .. }
        ));
        assert!(matches!(refused(json!({"resolved": "file:../x"})), NpmError::Entry { .. }));
        assert!(matches!(refused(json!({"hasShrinkwrap": true})), NpmError::Shrinkwrap { .. }));
        assert!(matches!(refused(json!({"integrity": null})), NpmError::Digest { .. }));
        assert!(matches!(
            refused(json!({"integrity": "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk="})),
            NpmError::Digest {
                cause: DigestError::TooWeak(_),
                ..
            }
        ));
        for spec in [
            "git+https://h/x",
            "https://u:pw@h/x.tgz",
            "file:../x",
            "user/repo",
            "workspace:*",
            "npm:b@http://h/x",
        ] {
            let error = refused(json!({"dependencies": {"b": spec}}));
            assert!(matches!(error, NpmError::NotRegistry { .. }), "{spec}");
            assert!(!error.to_string().contains("pw"));
        }
        for path in ["packages/x", "node_modules/../x", "node_modules/.bin/x", "../x"] {
            let packages = json!({"node_modules/a": {"version": "1.0.0", "integrity": DIGEST}, (path): {"version": "1.0.0"}});
            assert!(matches!(read(&packages), Err(NpmError::Entry { .. })), "{path}");
        }
    }

    #[test]
    fn an_answer_without_the_asked_for_package_is_no_answer() {
        assert!(matches!(read(&json!({"": {}})), Err(NpmError::Answer { .. })));
    }
}
