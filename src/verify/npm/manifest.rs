//! `package.json` as npm reads it: tolerant where npm is, and no more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::model::ArchiveContents;

/// The scripts npm runs when it installs a registry package, in its order.
const INSTALL_SCRIPTS: [&str; 3] = ["preinstall", "install", "postinstall"];

/// Why a manifest is refused. The package's publisher is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON, or not an object.
    #[error("the package.json in the archive is not readable: {cause}")]
    Json {
        /// Where and why.
        cause: String,
    },
    /// A field that decides what is installed has a type npm would not accept either.
    #[error("the package.json in the archive has a malformed `{field}`")]
    Field {
        /// The field.
        field: &'static str,
    },
}

/// The fields of a `package.json` that decide what is installed, run or started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Manifest {
    /// `name`, trimmed.
    pub name: String,
    /// `version` without `v`, `=`, white space and build metadata, as npm cleans it.
    pub version: String,
    /// `dependencies` without those that `optionalDependencies` names too: there npm lets
    /// the optional one win.
    pub dependencies: BTreeMap<String, String>,
    /// `optionalDependencies`.
    pub optional_dependencies: BTreeMap<String, String>,
    /// `peerDependencies`.
    pub peer_dependencies: BTreeMap<String, String>,
    /// Those peers that `peerDependenciesMeta` calls optional.
    pub optional_peers: BTreeSet<String>,
    /// `bundleDependencies` or `bundledDependencies`; `true` means all dependencies.
    pub bundled: BTreeSet<String>,
    /// `bin`, normalised as npm does it: names without folders, paths inside the package.
    pub bin: BTreeMap<String, String>,
    /// `directories.bin`, which stands in for a missing `bin`.
    pub bin_folder: Option<String>,
    /// All of `scripts`.
    pub scripts: BTreeMap<String, String>,
    /// `os`.
    pub os: Vec<String>,
    /// `cpu`.
    pub cpu: Vec<String>,
    /// `libc`.
    pub libc: Vec<String>,
    /// `engines.node`.
    pub engines_node: Option<String>,
    /// `gypfile`, if it is a boolean.
    pub gypfile: Option<bool>,
    /// `repository`, as text or its `url`: where the package says that it comes from. Nobody checks
    /// it; [`crate::verify::attest::source`] compares it with an attested source.
    pub repository: Option<String>,
    /// Keys that stand twice in one object. JavaScript takes the last and so does this type; a
    /// reader that takes the first would see another package.
    pub duplicate_keys: BTreeSet<String>,
}

impl Manifest {
    /// Reads the bytes of a `package.json`. A byte order mark is skipped, as npm does.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let Doubled { value, doubled } = serde_json::from_slice(bytes).map_err(|error| ManifestError::Json { cause: error.to_string() })?;
        let Value::Object(object) = value else {
            return Err(ManifestError::Json {
                cause: "it is not an object".to_owned(),
            });
        };
        Ok(Self {
            duplicate_keys: doubled,
            ..Self::from_object(&object)?
        })
    }

    /// Reads a manifest object that was parsed elsewhere: a registry's version document.
    pub fn from_object(object: &Map<String, Value>) -> Result<Self, ManifestError> {
        let optional_dependencies = edges(object, "optionalDependencies")?;
        let mut dependencies = edges(object, "dependencies")?;
        let bundled = bundled(object, &dependencies)?;
        dependencies.retain(|name, _| !optional_dependencies.contains_key(name));
        let peer_dependencies = edges(object, "peerDependencies")?;
        let name = object.get("name").and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        Ok(Self {
            version: clean_version(object.get("version").and_then(Value::as_str).unwrap_or_default()),
            optional_peers: optional_peers(object, &peer_dependencies),
            bin: bins(object.get("bin"), &name),
            bin_folder: object
                .get("directories")
                .and_then(|d| d.get("bin"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            scripts: scripts(object),
            os: limits(object, "os")?,
            cpu: limits(object, "cpu")?,
            libc: limits(object, "libc")?,
            engines_node: object
                .get("engines")
                .and_then(|e| e.get("node"))
                .and_then(Value::as_str)
                .map(str::to_owned),
            gypfile: object.get("gypfile").and_then(Value::as_bool),
            repository: repository(object),
            duplicate_keys: BTreeSet::new(),
            name,
            dependencies,
            optional_dependencies,
            peer_dependencies,
            bundled,
        })
    }

    /// The executables: `bin`, or every file below `directories.bin` where there is no `bin`.
    pub fn executables(&self, contents: &ArchiveContents) -> BTreeMap<String, String> {
        let Some(folder) = self.bin_folder.as_deref().filter(|_| self.bin.is_empty()) else {
            return self.bin.clone();
        };
        let Some(folder) = inside(folder) else { return BTreeMap::new() };
        let below = contents.files.iter().filter_map(|file| {
            let rest = file.path.strip_prefix(&folder)?.strip_prefix('/')?;
            let base = rest.rsplit('/').next()?;
            (!rest.starts_with('.')).then(|| (base.to_owned(), file.path.clone()))
        });
        below.collect()
    }
}

fn repository(object: &Map<String, Value>) -> Option<String> {
    let repository = object.get("repository")?;
    let text = repository.as_str().or_else(|| repository.get("url")?.as_str());
    text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The scripts npm would run on installing: those written down, and the `node-gyp rebuild` it
/// implies for a `binding.gyp` at the root. mcp-pin runs none of them; hiding one is an attack.
pub fn install_scripts(manifest: &Manifest, contents: &ArchiveContents) -> BTreeMap<String, String> {
    let mut found: BTreeMap<_, _> = INSTALL_SCRIPTS
        .iter()
        .filter_map(|&name| Some((name.to_owned(), manifest.scripts.get(name)?.clone())))
        .collect();
    let decided = found.contains_key("install") || found.contains_key("preinstall");
    if !decided && manifest.gypfile != Some(false) && contents.has("binding.gyp") {
        found.insert("install".to_owned(), "node-gyp rebuild".to_owned());
    }
    found
}

fn edges(object: &Map<String, Value>, field: &'static str) -> Result<BTreeMap<String, String>, ManifestError> {
    let malformed = || ManifestError::Field { field };
    match object.get(field) {
        None | Some(Value::Null | Value::Bool(false)) => Ok(BTreeMap::new()),
        Some(Value::Array(list)) if list.is_empty() => Ok(BTreeMap::new()),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(BTreeMap::new()),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(name, value)| Ok((name.trim().to_owned(), value.as_str().ok_or_else(malformed)?.trim().to_owned())))
            .collect(),
        Some(_) => Err(malformed()),
    }
}

fn bundled(object: &Map<String, Value>, dependencies: &BTreeMap<String, String>) -> Result<BTreeSet<String>, ManifestError> {
    let field = "bundleDependencies";
    let value = object.get(field).or_else(|| object.get("bundledDependencies"));
    match value {
        None | Some(Value::Null | Value::Bool(false)) => Ok(BTreeSet::new()),
        Some(Value::Bool(true)) => Ok(dependencies.keys().cloned().collect()),
        Some(Value::Array(list)) => list
            .iter()
            .map(|name| name.as_str().map(str::to_owned).ok_or(ManifestError::Field { field }))
            .collect(),
        Some(Value::Object(map)) => Ok(map.keys().cloned().collect()),
        Some(_) => Err(ManifestError::Field { field }),
    }
}

fn optional_peers(object: &Map<String, Value>, peers: &BTreeMap<String, String>) -> BTreeSet<String> {
    let meta = object.get("peerDependenciesMeta").and_then(Value::as_object);
    let optional = meta
        .into_iter()
        .flatten()
        .filter(|(_, value)| value.get("optional") == Some(&Value::Bool(true)));
    optional
        .map(|(name, _)| name.clone())
        .filter(|name| peers.contains_key(name))
        .collect()
}

fn scripts(object: &Map<String, Value>) -> BTreeMap<String, String> {
    let written = object.get("scripts").and_then(Value::as_object).into_iter().flatten();
    written
        .filter(|(_, command)| !matches!(command, Value::Null | Value::Bool(false)) && command.as_str() != Some(""))
        // A command that is no string is kept as its JSON: it must not vanish from the report.
        .map(|(name, command)| (name.clone(), command.as_str().map_or_else(|| command.to_string(), str::to_owned)))
        .collect()
}

fn limits(object: &Map<String, Value>, field: &'static str) -> Result<Vec<String>, ManifestError> {
    match object.get(field) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) if one.is_empty() => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(list)) => list
            .iter()
            .map(|value| value.as_str().map(str::to_owned).ok_or(ManifestError::Field { field }))
            .collect(),
        Some(_) => Err(ManifestError::Field { field }),
    }
}

/// `bin` in its three spellings, as npm normalises it.
fn bins(value: Option<&Value>, name: &str) -> BTreeMap<String, String> {
    let pairs: Vec<(&str, &str)> = match value {
        Some(Value::String(path)) => vec![(name, path)],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(|path| (path, path)).collect(),
        Some(Value::Object(map)) => map
            .iter()
            .filter_map(|(name, path)| Some((name.as_str(), path.as_str()?)))
            .collect(),
        _ => Vec::new(),
    };
    let normal = pairs.into_iter().filter_map(|(name, path)| {
        let base = name.rsplit(['/', '\\', ':']).find(|part| !part.is_empty())?;
        let base = inside(base)?;
        Some((base, inside(path)?))
    });
    normal.collect()
}

/// A path joined to the package's root as npm does it: `..` cannot climb out. `None` if it names
/// the root itself.
pub(super) fn inside(path: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// A version without what npm strips from it.
pub(super) fn clean_version(text: &str) -> String {
    let text = text.trim().trim_start_matches(['=', 'v', ' ', '\t']);
    text.split('+').next().unwrap_or_default().to_owned()
}

/// A JSON value together with the keys that stand twice in one of its objects.
struct Doubled {
    value: Value,
    doubled: BTreeSet<String>,
}

impl<'de> Deserialize<'de> for Doubled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DoubledVisitor)
    }
}

struct DoubledVisitor;

impl From<Value> for Doubled {
    fn from(value: Value) -> Self {
        Self {
            value,
            doubled: BTreeSet::new(),
        }
    }
}

impl<'de> Visitor<'de> for DoubledVisitor {
    type Value = Doubled;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Doubled, E> {
        Ok(Value::Null.into())
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Doubled, E> {
        Ok(Value::Bool(value).into())
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Doubled, E> {
        Ok(Value::from(value).into())
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Doubled, E> {
        Ok(Value::from(value).into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Doubled, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number).into())
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Doubled, E> {
        Ok(Value::from(value).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Doubled, A::Error> {
        let mut doubled = BTreeSet::new();
        let mut list = Vec::new();
        while let Some(item) = access.next_element::<Doubled>()? {
            doubled.extend(item.doubled);
            list.push(item.value);
        }
        Ok(Doubled {
            value: Value::Array(list),
            doubled,
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Doubled, A::Error> {
        let mut doubled = BTreeSet::new();
        let mut map = Map::new();
        while let Some((key, item)) = access.next_entry::<String, Doubled>()? {
            doubled.extend(item.doubled);
            if map.insert(key.clone(), item.value).is_some() {
                doubled.insert(key);
            }
        }
        Ok(Doubled {
            value: Value::Object(map),
            doubled,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ArchiveFile, Sha256Digest};

    fn parse(text: &str) -> Manifest {
        Manifest::parse(text.as_bytes()).unwrap()
    }

    fn contents(paths: &[&str]) -> ArchiveContents {
        let file = |path: &&str| ArchiveFile {
            path: (*path).to_owned(),
            executable: false,
            size: 0,
            digest: Sha256Digest::of(b""),
            native: false,
        };
        ArchiveContents {
            files: paths.iter().map(file).collect(),
            manifest: Vec::new(),
        }
    }

    #[test]
    fn a_repository_is_a_text_or_an_object_with_one() {
        let of = |text: &str| parse(text).repository;
        assert_eq!(of(r#"{"repository":" o/r "}"#).as_deref(), Some("o/r"));
        let object = r#"{"repository":{"type":"git","url":"git+https://host.example/o/r.git","directory":"x"}}"#;
        assert_eq!(of(object).as_deref(), Some("git+https://host.example/o/r.git"));
        for none in [r"{}", r#"{"repository":""}"#, r#"{"repository":[]}"#, r#"{"repository":{"url":1}}"#] {
            assert_eq!(of(none), None, "{none}");
        }
    }

    #[test]
    fn optional_dependencies_win_over_the_plain_ones() {
        let manifest = parse(r#"{"dependencies":{"a":"1","b":" ^2 "},"optionalDependencies":{"a":"3"}}"#);
        assert_eq!(manifest.dependencies, BTreeMap::from([("b".into(), "^2".into())]));
        assert_eq!(manifest.optional_dependencies["a"], "3");
    }

    #[test]
    fn bins_cannot_leave_the_package() {
        let manifest = parse(r#"{"name":"@s/x","bin":"./../../etc/passwd"}"#);
        assert_eq!(manifest.bin, BTreeMap::from([("x".into(), "etc/passwd".into())]));
        let manifest = parse(r#"{"bin":{"../../evil":".//a/./b.js","ok":"c\\d.js","bad":7,"..":"x","e":"/"}}"#);
        let expected = [("evil", "a/b.js"), ("ok", "c/d.js")];
        assert_eq!(manifest.bin, expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
    }

    #[test]
    fn a_bin_folder_stands_in_for_bin() {
        let manifest = parse(r#"{"directories":{"bin":"./bin/"}}"#);
        let found = manifest.executables(&contents(&["bin/.hidden", "bin/a", "bin/sub/b", "binx", "index.js"]));
        assert_eq!(
            found,
            BTreeMap::from([("a".into(), "bin/a".into()), ("b".into(), "bin/sub/b".into())])
        );
    }

    #[test]
    fn doubled_keys_are_reported_and_the_last_counts() {
        let manifest = parse(r#"{"version":"1.0.0","version":"2.0.0","x":[{"a":1,"a":2}]}"#);
        assert_eq!(manifest.version, "2.0.0");
        assert_eq!(manifest.duplicate_keys, BTreeSet::from(["version".into(), "a".into()]));
    }

    #[test]
    fn spellings_npm_accepts() {
        let manifest = parse("\u{feff}{\"name\":\" a \",\"version\":\" =v1.2.3+b5\",\"os\":\"linux\",\"dependencies\":[]}");
        assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("a", "1.2.3"));
        assert_eq!(manifest.os, ["linux"]);
        let manifest = parse(r#"{"dependencies":{"a":"1"},"optionalDependencies":{"b":"1"},"bundledDependencies":true}"#);
        assert_eq!(manifest.bundled, BTreeSet::from(["a".into()]));
        for bad in [
            "[]",
            "{",
            r#"{"dependencies":{"a":1}}"#,
            r#"{"dependencies":["a@1"]}"#,
            r#"{"os":[1]}"#,
        ] {
            assert!(Manifest::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_gyp_file_implies_an_install_script() {
        let with = contents(&["binding.gyp", "index.js"]);
        let found = |text: &str| install_scripts(&parse(text), &with);
        assert_eq!(found("{}")["install"], "node-gyp rebuild");
        assert!(found(r#"{"gypfile":false}"#).is_empty());
        assert_eq!(
            found(r#"{"scripts":{"preinstall":"x","test":"y"}}"#),
            BTreeMap::from([("preinstall".into(), "x".into())])
        );
        assert_eq!(found(r#"{"scripts":{"postinstall":"x"}}"#).len(), 2);
        assert!(install_scripts(&parse("{}"), &contents(&["sub/binding.gyp"])).is_empty());
        assert_eq!(found(r#"{"scripts":{"install":["x"]}}"#)["install"], r#"["x"]"#);
    }
}
