//! A registry on loopback, at the wire: real packuments, real archives, and ways to lie.
//!
//! npm itself can install from it. `FakeNpm::start()` listens on a free port until it is dropped;
//! packages may be published, changed and taken away at any time, so that a test can swap bytes
//! between two runs.

#![expect(clippy::expect_used, reason = "a fake that cannot be set up has failed its test")]

mod evidence;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha512};

/// The date packages have that name none.
const LONG_AGO: &str = "2020-01-01T00:00:00.000Z";

/// One version of a package, as its publisher (or the attacker) made it.
#[derive(Clone)]
pub(crate) struct Package {
    name: String,
    version: String,
    manifest: Map<String, Value>,
    /// Set into the registry's metadata only; `Null` takes a field away there.
    claimed: Map<String, Value>,
    files: Vec<(String, Vec<u8>, bool)>,
    raw_entries: Vec<RawEntry>,
    published: Option<String>,
}

/// An archive entry that an honest packer would not write.
#[derive(Clone)]
struct RawEntry {
    path: Vec<u8>,
    kind: tar::EntryType,
    target: Option<String>,
    content: Vec<u8>,
}

impl Package {
    /// An empty package with a name and a version.
    pub(crate) fn new(name: &str, version: &str) -> Self {
        let mut manifest = Map::new();
        manifest.insert("name".into(), name.into());
        manifest.insert("version".into(), version.into());
        Self {
            name: name.into(),
            version: version.into(),
            manifest,
            claimed: Map::new(),
            files: Vec::new(),
            raw_entries: Vec::new(),
            published: Some(LONG_AGO.into()),
        }
    }

    /// Adds a file.
    pub(crate) fn file(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.push((path.into(), content.as_ref().to_vec(), false));
        self
    }

    /// Adds an executable file.
    pub(crate) fn executable(mut self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.files.push((path.into(), content.as_ref().to_vec(), true));
        self
    }

    /// Sets any field of the manifest, in the archive and in the metadata.
    pub(crate) fn field(mut self, key: &str, value: Value) -> Self {
        self.manifest.insert(key.into(), value);
        self
    }

    fn entry(mut self, field: &str, key: &str, value: &str) -> Self {
        let map = self.manifest.entry(field).or_insert_with(|| json!({}));
        map[key] = value.into();
        self
    }

    /// Adds a dependency.
    pub(crate) fn dependency(self, name: &str, requirement: &str) -> Self {
        self.entry("dependencies", name, requirement)
    }

    /// Adds an optional dependency.
    pub(crate) fn optional_dependency(self, name: &str, requirement: &str) -> Self {
        self.entry("optionalDependencies", name, requirement)
    }

    /// Adds a peer dependency.
    pub(crate) fn peer_dependency(self, name: &str, requirement: &str) -> Self {
        self.entry("peerDependencies", name, requirement)
    }

    /// Adds a script.
    pub(crate) fn script(self, name: &str, command: &str) -> Self {
        self.entry("scripts", name, command)
    }

    /// Adds an executable's name.
    pub(crate) fn bin(self, name: &str, path: &str) -> Self {
        self.entry("bin", name, path)
    }

    /// The release date the registry gives.
    pub(crate) fn published(mut self, date: &str) -> Self {
        self.published = Some(date.into());
        self
    }

    /// The registry gives no date.
    pub(crate) fn undated(mut self) -> Self {
        self.published = None;
        self
    }

    /// Lies: the metadata says this about a field, the archive does not. `Null` hides the field.
    pub(crate) fn claims(mut self, key: &str, value: Value) -> Self {
        self.claimed.insert(key.into(), value);
        self
    }

    /// Lies: scripts are in the archive and not in the metadata.
    pub(crate) fn hide_scripts(self) -> Self {
        self.claims("scripts", Value::Null).claims("hasInstallScript", Value::Null)
    }

    /// Lies: dependencies are in the archive and not in the metadata.
    pub(crate) fn hide_dependencies(self) -> Self {
        self.claims("dependencies", Value::Null)
    }

    /// Puts a lockfile into the archive that pulls in whatever it names.
    pub(crate) fn shrinkwrap(self, lock: &Value) -> Self {
        self.file("npm-shrinkwrap.json", lock.to_string())
            .claims("_hasShrinkwrap", json!(true))
    }

    /// Puts a file at a path no packer would write: absolute, with `..`, doubled.
    pub(crate) fn raw_file(mut self, path: &str, content: &str) -> Self {
        self.raw_entries.push(RawEntry {
            path: path.into(),
            kind: tar::EntryType::Regular,
            target: None,
            content: content.into(),
        });
        self
    }

    /// Puts a symbolic or hard link, a device or another special entry into the archive.
    pub(crate) fn special(mut self, path: &str, kind: tar::EntryType, target: &str) -> Self {
        self.raw_entries.push(RawEntry {
            path: path.into(),
            kind,
            target: Some(target.into()),
            content: Vec::new(),
        });
        self
    }

    /// The archive: a real `.tgz` below `package/`, the same bytes every time.
    pub(crate) fn archive(&self) -> Vec<u8> {
        let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gzip);
        let manifest = serde_json::to_vec_pretty(&self.manifest).expect("a manifest is JSON");
        let mut files = self.files.clone();
        files.push(("package.json".into(), manifest, false));
        files.sort();
        for (path, content, executable) in files {
            let mut header = header(content.len(), tar::EntryType::Regular);
            header.set_mode(if executable { 0o755 } else { 0o644 });
            tar.append_data(&mut header, format!("package/{path}"), content.as_slice())
                .expect("a path that fits");
        }
        for raw in &self.raw_entries {
            let mut header = header(raw.content.len(), raw.kind);
            // The builder refuses such paths, so they are written into the header's bytes.
            header.as_old_mut().name[..raw.path.len()].copy_from_slice(&raw.path);
            if let Some(target) = &raw.target {
                header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
            }
            header.set_cksum();
            tar.append(&header, raw.content.as_slice()).expect("memory");
        }
        tar.into_inner().and_then(flate2::write::GzEncoder::finish).expect("memory")
    }

    /// The archive's digest as the registry writes it.
    pub(crate) fn integrity(&self) -> String {
        integrity(&self.archive())
    }

    fn metadata(&self) -> Map<String, Value> {
        let mut metadata = self.manifest.clone();
        // What a registry does for an honest package.
        if let Some(Value::Object(optional)) = self.manifest.get("optionalDependencies") {
            let all = metadata.entry("dependencies").or_insert_with(|| json!({}));
            for (name, requirement) in optional {
                all[name] = requirement.clone();
            }
        }
        let runs = |name: &str| self.manifest.get("scripts").is_some_and(|scripts| scripts.get(name).is_some());
        if ["preinstall", "install", "postinstall"].into_iter().any(runs) {
            metadata.insert("hasInstallScript".into(), json!(true));
        }
        for (key, value) in &self.claimed {
            if value.is_null() {
                metadata.remove(key);
            } else {
                metadata.insert(key.clone(), value.clone());
            }
        }
        metadata
    }
}

/// A server that needs `helper`.
pub fn demo(version: &str) -> Package {
    Package::new("demo", version)
        .file("index.js", format!("console.log('demo {version}')\n"))
        .file("lib/deep/text.js", "exports.text = 'hello'\n")
        .executable("run.sh", "#!/bin/false\n")
        .bin("demo", "index.js")
        .dependency("helper", "^1.0.0")
}

/// What `demo` needs.
pub fn helper(version: &str) -> Package {
    Package::new("helper", version).file("index.js", format!("exports.version = '{version}'\n"))
}

fn header(size: usize, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(size as u64);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_mtime(499_162_500);
    header.set_cksum();
    header
}

/// The digest of bytes as a registry writes it.
pub fn integrity(bytes: &[u8]) -> String {
    format!("sha512-{}", STANDARD.encode(Sha512::digest(bytes)))
}

/// What the host does with a path besides answering.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// Answers with this status and no body.
    Status(u16),
    /// Waits this long before every answer.
    Slow(Duration),
    /// Announces the whole length and sends half.
    Truncated,
    /// Sends for ever.
    Endless,
    /// Redirects there.
    Redirect(String),
    /// Closes the connection without an answer.
    Hangup,
}

struct Release {
    metadata: Map<String, Value>,
    published: Option<String>,
    archive: Vec<u8>,
    integrity: String,
}

#[derive(Default)]
struct State {
    packages: BTreeMap<String, BTreeMap<String, Release>>,
    tags: BTreeMap<String, BTreeMap<String, String>>,
    evidence: BTreeMap<(String, String), evidence::Evidence>,
    trouble: BTreeMap<String, Trouble>,
    requests: Vec<String>,
    token: Option<String>,
}

/// The registry. Stops listening when dropped.
pub(crate) struct FakeNpm {
    address: std::net::SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

impl FakeNpm {
    /// Listens on a free port of loopback.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let state = Arc::new(Mutex::new(State::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopping) = (Arc::clone(&state), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&shared);
                if let Ok(stream) = stream {
                    std::thread::spawn(move || serve(&stream, address, &shared));
                }
            }
        });
        Self { address, state, stop }
    }

    /// A registry with `demo` 1.0.0, which needs `helper` ^1.0.0: the smallest closure with an edge.
    pub fn with_demo() -> Self {
        let registry = Self::start();
        registry.publish(helper("1.0.0")).publish(demo("1.0.0"));
        registry
    }

    /// The address for `npm_config_registry`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes a version and moves the `latest` tag to it.
    pub(crate) fn publish(&self, package: Package) -> &Self {
        let archive = package.archive();
        let release = Release {
            metadata: package.metadata(),
            published: package.published.clone(),
            integrity: integrity(&archive),
            archive,
        };
        let mut state = self.state();
        let tags = state.tags.entry(package.name.clone()).or_default();
        tags.insert("latest".into(), package.version.clone());
        state.packages.entry(package.name).or_default().insert(package.version, release);
        drop(state);
        self
    }

    /// Moves a tag.
    pub(crate) fn tag(&self, name: &str, tag: &str, version: &str) -> &Self {
        self.state().tags.entry(name.into()).or_default().insert(tag.into(), version.into());
        self
    }

    /// Lies: other bytes under the same digest.
    pub(crate) fn swap_archive(&self, name: &str, version: &str, bytes: Vec<u8>) -> &Self {
        self.release(name, version, |release| release.archive = bytes);
        self
    }

    /// Lies: another package's archive for an old version, with its digest corrected in the metadata.
    pub(crate) fn replace_archive(&self, name: &str, version: &str, bytes: Vec<u8>) -> &Self {
        self.release(name, version, |release| {
            release.integrity = integrity(&bytes);
            release.archive = bytes;
        });
        self
    }

    /// Lies: sets a digest, for example only a SHA-1 one, or an empty string for none.
    pub(crate) fn set_integrity(&self, name: &str, version: &str, text: &str) -> &Self {
        self.release(name, version, |release| release.integrity = text.into());
        self
    }

    fn release(&self, name: &str, version: &str, change: impl FnOnce(&mut Release)) {
        let mut state = self.state();
        let release = state.packages.get_mut(name).and_then(|versions| versions.get_mut(version));
        change(release.expect("published before"));
    }

    /// Takes a version away.
    pub(crate) fn unpublish(&self, name: &str, version: &str) -> &Self {
        let mut state = self.state();
        if let Some(versions) = state.packages.get_mut(name) {
            versions.remove(version);
            let last = versions.keys().next_back().cloned();
            let tags = state.tags.entry(name.into()).or_default();
            tags.retain(|_, tagged| tagged != version);
            if let Some(last) = last {
                tags.entry("latest".into()).or_insert(last);
            }
        }
        drop(state);
        self
    }

    /// Makes trouble for every path that starts like this; `/` is the whole registry.
    pub(crate) fn trouble(&self, path: &str, trouble: Trouble) -> &Self {
        self.state().trouble.insert(path.into(), trouble);
        self
    }

    /// Ends all trouble.
    pub(crate) fn calm(&self) -> &Self {
        self.state().trouble.clear();
        self
    }

    /// Answers 401 to whoever does not show this bearer token.
    pub(crate) fn require_token(&self, token: &str) -> &Self {
        self.state().token = Some(token.into());
        self
    }

    /// The paths asked for so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }
}

impl Drop for FakeNpm {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener so that it sees the flag.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: &TcpStream, address: std::net::SocketAddr, state: &Mutex<State>) {
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let mut reader = BufReader::new(stream);
    while let Some((path, authorization)) = read_request(&mut reader) {
        let (trouble, allowed) = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            state.requests.push(path.clone());
            let trouble = state
                .trouble
                .iter()
                .filter(|(prefix, _)| path.starts_with(prefix.as_str()))
                .max_by_key(|(prefix, _)| prefix.len());
            let wanted = state.token.as_ref().map(|token| format!("Bearer {token}"));
            (
                trouble.map(|(_, trouble)| trouble.clone()),
                wanted.is_none() || wanted == authorization,
            )
        };
        let body = {
            let state = state.lock().unwrap_or_else(PoisonError::into_inner);
            if allowed { answer(&state, &path, address) } else { Err(401) }
        };
        if respond(stream, body, trouble.as_ref()).is_none() {
            return;
        }
    }
}

/// The path, with `%2f` undone, and the `Authorization` header.
fn read_request(reader: &mut BufReader<&TcpStream>) -> Option<(String, Option<String>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|&count| count > 0)?;
    let path = line
        .split_whitespace()
        .nth(1)?
        .replace("%2f", "/")
        .replace("%2F", "/")
        .replace("%40", "@");
    let mut authorization = None;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|&count| count > 0)?;
        match header.trim_end().split_once(": ") {
            Some((name, value)) if name.eq_ignore_ascii_case("authorization") => authorization = Some(value.to_owned()),
            None if header.trim_end().is_empty() => return Some((path, authorization)),
            _ => {}
        }
    }
}

fn answer(state: &State, path: &str, address: std::net::SocketAddr) -> Result<Vec<u8>, u16> {
    let path = path.split('?').next().unwrap_or_default().trim_start_matches('/');
    if let Some(attestations) = state.attestations(path) {
        return attestations;
    }
    let Some((name, file)) = path.split_once("/-/") else {
        return packument(state, path, address).ok_or(404);
    };
    let base = name.rsplit('/').next().unwrap_or_default();
    let version = file
        .strip_prefix(base)
        .and_then(|rest| rest.strip_prefix('-')?.strip_suffix(".tgz"));
    let release = version.and_then(|version| state.packages.get(name)?.get(version));
    release.map(|release| release.archive.clone()).ok_or(404)
}

fn packument(state: &State, name: &str, address: std::net::SocketAddr) -> Option<Vec<u8>> {
    let releases = state.packages.get(name).filter(|releases| !releases.is_empty())?;
    let base = name.rsplit('/').next()?;
    let mut versions = Map::new();
    let mut time = Map::new();
    for (version, release) in releases {
        let mut metadata = release.metadata.clone();
        let mut dist = json!({"tarball": format!("http://{address}/{name}/-/{base}-{version}.tgz")});
        if !release.integrity.is_empty() {
            dist["integrity"] = release.integrity.clone().into();
        }
        state.announce(&mut dist, name, version, address);
        metadata.insert("dist".into(), dist);
        versions.insert(version.clone(), metadata.into());
        if let Some(published) = &release.published {
            time.insert(version.clone(), published.clone().into());
        }
    }
    let mut document = json!({"_id": name, "name": name, "dist-tags": state.tags.get(name), "versions": versions});
    if !time.is_empty() {
        time.insert("created".into(), LONG_AGO.into());
        time.insert("modified".into(), LONG_AGO.into());
        document["time"] = time.into();
    }
    Some(document.to_string().into_bytes())
}

/// `None` ends the connection.
fn respond(mut stream: &TcpStream, body: Result<Vec<u8>, u16>, trouble: Option<&Trouble>) -> Option<()> {
    let (status, body) = match (trouble, body) {
        (Some(&Trouble::Status(status)), _) | (_, Err(status)) => (status, Vec::new()),
        (Some(Trouble::Redirect(_)), _) => (302, Vec::new()),
        (_, Ok(body)) => (200, body),
    };
    let location = match trouble {
        Some(Trouble::Redirect(target)) => format!("location: {target}\r\n"),
        _ => String::new(),
    };
    match trouble {
        Some(Trouble::Hangup) => return None,
        Some(Trouble::Slow(pause)) => std::thread::sleep(*pause),
        Some(Trouble::Endless) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").ok()?;
            loop {
                stream.write_all(&[b' '; 1 << 13]).ok()?;
            }
        }
        _ => {}
    }
    let kind = if body.starts_with(b"{") {
        "application/json"
    } else {
        "application/octet-stream"
    };
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{location}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    if matches!(trouble, Some(Trouble::Truncated)) {
        stream.write_all(&body[..body.len() / 2]).ok()?;
        return None;
    }
    stream.write_all(&body).ok()
}
