//! Wheels as honest builders make them, each part of which can be made wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::zip::{self, Entry};
use crate::harness::hex;

/// The server of these tests.
pub(crate) const SERVER: &str = "demo-mcp-server";
/// Its module.
const MODULE: &str = "demo_mcp_server";

/// A wheel of one version.
#[derive(Clone)]
pub(crate) struct Wheel {
    name: String,
    version: String,
    tag: String,
    /// Header and value, in order, after name and version.
    metadata: Vec<(String, String)>,
    /// What METADATA says the name and the version are.
    says: (String, String),
    files: BTreeMap<String, (Vec<u8>, bool)>,
    scripts: Vec<(String, String)>,
    raw: Vec<Entry>,
    recorded: BTreeMap<String, Option<String>>,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Wheel {
    /// A pure wheel with nothing but its metadata.
    pub(crate) fn new(name: &str, version: &str) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            tag: "py3-none-any".into(),
            metadata: Vec::new(),
            says: (name.into(), version.into()),
            files: BTreeMap::new(),
            scripts: Vec::new(),
            raw: Vec::new(),
            recorded: BTreeMap::new(),
            before: Vec::new(),
            after: Vec::new(),
        }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// For these interpreters and platforms only.
    pub(crate) fn tag(mut self, tag: &str) -> Self {
        self.tag = tag.into();
        self
    }

    /// Adds a file, or puts another in its place: also one of the wheel's own (`METADATA`, `WHEEL`,
    /// `entry_points.txt`, `RECORD` by their whole path).
    pub(crate) fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.insert(path.into(), (content.as_ref().to_vec(), false));
        self
    }

    /// Adds an executable file.
    pub(crate) fn executable(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.insert(path.into(), (content.as_ref().to_vec(), true));
        self
    }

    /// Adds a file that goes elsewhere in an installation: `scripts/x`, `data/share/x`, `purelib/x`.
    pub(crate) fn data(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        let path = format!("{}.data/{path}", self.stem());
        self.file(&path, content)
    }

    /// Adds a console script, `module:callable`.
    pub(crate) fn script(mut self, name: &str, target: &str) -> Self {
        self.scripts.push((name.into(), target.into()));
        self
    }

    /// Adds a line to METADATA.
    pub(crate) fn metadata(mut self, header: &str, value: &str) -> Self {
        self.metadata.push((header.into(), value.into()));
        self
    }

    /// Adds a dependency (PEP 508).
    pub(crate) fn requires(self, requirement: &str) -> Self {
        self.metadata("Requires-Dist", requirement)
    }

    /// The interpreters it asks for.
    pub(crate) fn requires_python(mut self, requirement: &str) -> Self {
        self.metadata.retain(|(header, _)| header != "Requires-Python");
        self.metadata("Requires-Python", requirement)
    }

    /// Offers an extra that needs something.
    pub(crate) fn extra(self, name: &str, requirement: &str) -> Self {
        self.metadata("Provides-Extra", name)
            .requires(&format!("{requirement}; extra == '{name}'"))
    }

    /// Lies: METADATA names another package or version than the file.
    pub(crate) fn says(mut self, name: &str, version: &str) -> Self {
        self.says = (name.into(), version.into());
        self
    }

    /// Lies: RECORD has this line for a path, whether the file is there or not.
    pub(crate) fn recorded_as(mut self, path: &str, line: &str) -> Self {
        self.recorded.insert(path.into(), Some(line.into()));
        self
    }

    /// Lies: RECORD leaves a file out.
    pub(crate) fn unrecorded(mut self, path: &str) -> Self {
        self.recorded.insert(path.into(), None);
        self
    }

    /// Puts an entry at the end that no builder would write; RECORD does not name it.
    pub(crate) fn raw(mut self, entry: Entry) -> Self {
        self.raw.push(entry);
        self
    }

    /// Puts a regular file at a path no builder would write, and records it properly.
    pub(crate) fn odd(self, path: &str, content: &str) -> Self {
        let line = record_line(path, content.as_bytes());
        self.recorded_as(path, &line).raw(Entry::file(path, content.as_bytes(), false))
    }

    /// Bytes in front of the zip.
    pub(crate) fn preceded(mut self, bytes: &[u8]) -> Self {
        self.before = bytes.to_vec();
        self
    }

    /// Bytes after the zip.
    pub(crate) fn followed(mut self, bytes: &[u8]) -> Self {
        self.after = bytes.to_vec();
        self
    }

    fn stem(&self) -> String {
        format!("{}-{}", self.name.replace('-', "_"), self.version)
    }

    /// The path of a file of its `.dist-info`.
    pub(crate) fn info(&self, file: &str) -> String {
        format!("{}.dist-info/{file}", self.stem())
    }

    /// The wheel's file name.
    pub(crate) fn file_name(&self) -> String {
        format!("{}-{}.whl", self.stem(), self.tag)
    }

    /// The text of its METADATA.
    pub(crate) fn metadata_text(&self) -> String {
        if let Some((bytes, _)) = self.files.get(&self.info("METADATA")) {
            return String::from_utf8(bytes.clone()).unwrap();
        }
        let mut text = format!("Metadata-Version: 2.1\nName: {}\nVersion: {}\n", self.says.0, self.says.1);
        for (header, value) in &self.metadata {
            let _ = writeln!(text, "{header}: {value}");
        }
        text
    }

    /// What the index says that it asks for, which it takes from METADATA.
    pub(crate) fn wants_python(&self) -> Option<String> {
        let lines = self.metadata.iter();
        lines
            .filter(|(header, _)| header == "Requires-Python")
            .map(|(_, value)| value.clone())
            .next()
    }

    fn all_files(&self) -> BTreeMap<String, (Vec<u8>, bool)> {
        let mut files = BTreeMap::new();
        files.insert(self.info("METADATA"), (self.metadata_text().into_bytes(), false));
        let pure = self.tag.ends_with("-none-any");
        let wheel = format!(
            "Wheel-Version: 1.0\nGenerator: by-hand 1\nRoot-Is-Purelib: {pure}\nTag: {}\n",
            self.tag
        );
        files.insert(self.info("WHEEL"), (wheel.into_bytes(), false));
        if !self.scripts.is_empty() {
            let mut text = "[console_scripts]\n".to_owned();
            for (name, target) in &self.scripts {
                let _ = writeln!(text, "{name} = {target}");
            }
            files.insert(self.info("entry_points.txt"), (text.into_bytes(), false));
        }
        files.extend(self.files.clone());
        files
    }

    fn record(&self, files: &BTreeMap<String, (Vec<u8>, bool)>) -> String {
        let mut lines: BTreeMap<String, String> = files
            .iter()
            .map(|(path, (content, _))| (path.clone(), record_line(path, content)))
            .collect();
        lines.insert(self.info("RECORD"), format!("{},,", self.info("RECORD")));
        for (path, line) in &self.recorded {
            match line {
                Some(line) => lines.insert(path.clone(), line.clone()),
                None => lines.remove(path),
            };
        }
        lines.into_values().fold(String::new(), |text, line| text + &line + "\n")
    }

    /// The archive, the same bytes every time.
    pub(crate) fn archive(&self) -> Vec<u8> {
        let mut files = self.all_files();
        // Without one of the wheel's own files: asked for by an empty one.
        let own = ["METADATA", "WHEEL", "RECORD"].map(|file| self.info(file));
        let unrecorded = files.contains_key(&own[2]);
        files.retain(|path, (content, _)| !own.contains(path) || !content.is_empty());
        if !unrecorded {
            files.insert(own[2].clone(), (self.record(&files).into_bytes(), false));
        }
        let mut entries: Vec<_> = files
            .iter()
            .map(|(path, (content, executable))| Entry::file(path, content, *executable))
            .collect();
        entries.extend(self.raw.clone());
        [self.before.clone(), zip::write(&entries), self.after.clone()].concat()
    }

    /// The archive's digest, in hexadecimal.
    pub(crate) fn sha256(&self) -> String {
        sha256(&self.archive())
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A line of RECORD, as it should be.
pub(crate) fn record_line(path: &str, content: &[u8]) -> String {
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(content));
    format!("{path},sha256={digest},{}", content.len())
}

/// A release of the scripted server.
pub(crate) fn server(version: &str, script: &Value) -> Wheel {
    named_server(SERVER, version, script)
}

/// A release of the scripted server, under another name.
pub(crate) fn named_server(name: &str, version: &str, script: &Value) -> Wheel {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/server.py");
    let module = name.replace('-', "_");
    Wheel::new(name, version)
        .file(&format!("{module}/__init__.py"), "")
        .file(&format!("{module}/server.py"), std::fs::read(fixture).unwrap())
        .file(&format!("{module}/script.json"), script.to_string())
        .script(name, &format!("{module}.server:main"))
        .requires_python(">=3.8")
}

/// The server of most tests: one honest tool, and two wheels that it needs.
pub(crate) fn demo(version: &str) -> Wheel {
    let script = serde_json::json!({"tools": [crate::scripted::tool("add", "Adds two numbers.")]});
    server(version, &script).requires("demo-helper>=1,<2")
}

/// What the server needs.
pub(crate) fn helper(version: &str) -> Wheel {
    Wheel::new("demo-helper", version)
        .file("demo_helper/__init__.py", format!("VERSION = '{version}'\n"))
        .requires("demo-deep; python_version >= '3'")
}

/// What the server's helper needs.
pub(crate) fn deep(version: &str) -> Wheel {
    Wheel::new("demo-deep", version).file("demo_deep.py", format!("VERSION = '{version}'\n"))
}

/// A path inside the server's own module.
pub(crate) fn inside(file: &str) -> String {
    format!("{MODULE}/{file}")
}
