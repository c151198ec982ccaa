//! A package index on loopback, at the wire: pages by PEP 691 and PEP 503, wheels, and ways to lie.
//!
//! uv and pip themselves install from it. It listens on a free port until it is dropped; releases
//! may be published, changed and taken away at any time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::http;
use super::wheel::{Wheel, deep, demo, helper, sha256};
use crate::registry::Trouble;

/// The date releases have that name none.
const LONG_AGO: &str = "2020-01-01T00:00:00.000000Z";

/// A file of a project, and what the index says about it.
pub(super) struct File {
    name: String,
    version: String,
    bytes: Vec<u8>,
    /// As the page has it; `None`: no digest.
    sha256: Option<String>,
    requires_python: Option<String>,
    yanked: Option<String>,
    uploaded: Option<String>,
    /// The `.metadata` beside the file; `None`: not served.
    metadata: Option<Vec<u8>>,
    /// The page gives no digest of it.
    vague: bool,
    /// A provenance is announced.
    announced: bool,
    /// What its address answers; `None`: not found.
    provenance: Option<Vec<u8>>,
    /// The file's own address answers not found, though the page lists it.
    gone: bool,
    /// Served from the second time on.
    then: Option<Vec<u8>>,
    /// The link on the page, where it leads elsewhere.
    link: Option<String>,
}

impl File {
    fn new(name: String, version: &str, bytes: Vec<u8>) -> Self {
        Self {
            name,
            version: version.into(),
            sha256: Some(sha256(&bytes)),
            bytes,
            requires_python: None,
            yanked: None,
            uploaded: Some(LONG_AGO.into()),
            metadata: None,
            vague: false,
            announced: false,
            provenance: None,
            gone: false,
            then: None,
            link: None,
        }
    }

    fn of(wheel: &Wheel) -> Self {
        Self {
            requires_python: wheel.wants_python(),
            metadata: Some(wheel.metadata_text().into_bytes()),
            ..Self::new(wheel.file_name(), wheel.version(), wheel.archive())
        }
    }
}

#[derive(Default)]
struct State {
    projects: BTreeMap<String, Vec<File>>,
    trouble: BTreeMap<String, Trouble>,
    /// Answered with status 200 instead of what is there, by the start of the path.
    pages: BTreeMap<String, Vec<u8>>,
    requests: Vec<String>,
    credentials: Option<String>,
    html: bool,
    address: Option<SocketAddr>,
}

/// Whether what was said of a path is meant for another.
fn covers(prefix: &str, path: &str) -> bool {
    let is_wheel = std::path::Path::new(prefix).extension().is_some_and(|end| end == "whl");
    path == prefix || (path.starts_with(prefix) && !is_wheel)
}

/// The index. Stops listening when dropped.
pub(crate) struct FakePypi {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

impl FakePypi {
    /// Listens on a free port of loopback.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            address: Some(address),
            ..State::default()
        };
        let state = Arc::new(Mutex::new(state));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopping) = (Arc::clone(&state), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopping.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&shared);
                if let Ok(stream) = stream {
                    std::thread::spawn(move || http::serve(&stream, |request| State::answer(&shared, request)));
                }
            }
        });
        Self { address, state, stop }
    }

    /// An index with the server 1.0, its helper and what that needs.
    pub(crate) fn with_demo() -> Self {
        let index = Self::start();
        index.publish(&demo("1.0")).publish(&helper("1.0")).publish(&deep("1.0"));
        index
    }

    /// The address for `UV_DEFAULT_INDEX` and pip's `index-url`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/simple", self.address)
    }

    /// The address with a user and a password in it.
    pub(crate) fn url_with(&self, user: &str, password: &str) -> String {
        format!("http://{user}:{password}@{}/simple", self.address)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes a wheel, or puts another of the same file name in its place.
    pub(crate) fn publish(&self, wheel: &Wheel) -> &Self {
        self.put(wheel.name(), File::of(wheel))
    }

    /// Publishes a wheel as of a date.
    pub(crate) fn publish_at(&self, wheel: &Wheel, uploaded: &str) -> &Self {
        self.publish(wheel).dated(&wheel.file_name(), Some(uploaded))
    }

    /// Publishes a source distribution whose build would leave a mark, if it were ever run.
    pub(crate) fn publish_source(&self, name: &str, version: &str, bytes: Vec<u8>) -> &Self {
        self.put(
            name,
            File::new(format!("{}-{version}.tar.gz", name.replace('-', "_")), version, bytes),
        )
    }

    fn put(&self, project: &str, file: File) -> &Self {
        let mut state = self.state();
        let files = state.projects.entry(project.into()).or_default();
        files.retain(|other| other.name != file.name);
        files.push(file);
        drop(state);
        self
    }

    fn change(&self, file: &str, change: impl FnOnce(&mut File)) -> &Self {
        let mut state = self.state();
        let found = state.projects.values_mut().flatten().find(|other| other.name == file);
        change(found.unwrap_or_else(|| panic!("`{file}` was not published")));
        drop(state);
        self
    }

    /// The page gives this date for a file, or none.
    pub(crate) fn dated(&self, file: &str, uploaded: Option<&str>) -> &Self {
        self.change(file, |file| file.uploaded = uploaded.map(str::to_owned))
    }

    /// No page gives any date.
    pub(crate) fn undated(&self) -> &Self {
        for file in self.state().projects.values_mut().flatten() {
            file.uploaded = None;
        }
        self
    }

    /// The publisher took a file back.
    pub(crate) fn yank(&self, file: &str, reason: &str) -> &Self {
        self.change(file, |file| file.yanked = Some(reason.into()))
    }

    /// Lies: the page says that a file asks for these interpreters.
    pub(crate) fn claims_python(&self, file: &str, requirement: Option<&str>) -> &Self {
        self.change(file, |file| file.requires_python = requirement.map(str::to_owned))
    }

    /// Lies: the page gives this digest, or none.
    pub(crate) fn claims_sha256(&self, file: &str, digest: Option<&str>) -> &Self {
        self.change(file, |file| file.sha256 = digest.map(str::to_owned))
    }

    /// Lies: this stands beside the file as its metadata; `None`: nothing does, and the page says so.
    pub(crate) fn claims_metadata(&self, file: &str, metadata: Option<String>) -> &Self {
        self.change(file, |file| file.metadata = metadata.map(String::into_bytes))
    }

    /// The page says that metadata stands beside a file, and gives no digest of it.
    pub(crate) fn vague(&self, file: &str) -> &Self {
        self.change(file, |file| file.vague = true)
    }

    /// No metadata stands beside any file, as in a plain mirror.
    pub(crate) fn without_metadata(&self) -> &Self {
        for file in self.state().projects.values_mut().flatten() {
            file.metadata = None;
        }
        self
    }

    /// Lies: other bytes under the same digest.
    pub(crate) fn swap(&self, file: &str, bytes: Vec<u8>) -> &Self {
        self.change(file, |file| file.bytes = bytes)
    }

    /// Lies: other bytes from the second fetch on.
    pub(crate) fn swap_later(&self, file: &str, bytes: Vec<u8>) -> &Self {
        self.change(file, |file| file.then = Some(bytes))
    }

    /// Lies: other bytes for an old version, and their digest on the page.
    pub(crate) fn replace(&self, file: &str, bytes: Vec<u8>) -> &Self {
        self.change(file, |file| {
            file.sha256 = Some(sha256(&bytes));
            file.bytes = bytes;
        })
    }

    /// The page lists the file, and nothing is there.
    pub(crate) fn loses(&self, file: &str) -> &Self {
        self.change(file, |file| file.gone = true)
    }

    /// The page's link leads there.
    pub(crate) fn links(&self, file: &str, link: &str) -> &Self {
        self.change(file, |file| file.link = Some(link.into()))
    }

    /// Takes a file away.
    pub(crate) fn unpublish(&self, file: &str) -> &Self {
        for files in self.state().projects.values_mut() {
            files.retain(|other| other.name != file);
        }
        self
    }

    /// Takes a project away.
    pub(crate) fn forget(&self, project: &str) -> &Self {
        self.state().projects.remove(project);
        self
    }

    /// Announces a provenance, and serves this as what it is.
    pub(crate) fn provenance(&self, file: &str, reply: impl Into<Vec<u8>>) -> &Self {
        self.change(file, |file| {
            file.announced = true;
            file.provenance = Some(reply.into());
        })
    }

    /// Whether the page says that there is a provenance.
    pub(crate) fn announces(&self, file: &str, announced: bool) -> &Self {
        self.change(file, |file| file.announced = announced)
    }

    /// Answers not found for the provenance; what the page says stays.
    pub(crate) fn loses_provenance(&self, file: &str) -> &Self {
        self.change(file, |file| file.provenance = None)
    }

    /// The path of a provenance, for [`FakePypi::trouble`].
    pub(crate) fn provenance_path(file: &str) -> String {
        format!("/integrity/{file}/provenance")
    }

    /// Makes trouble for every path that starts like this; `/` is the whole index. A wheel's path is
    /// the wheel's alone, and not that of its metadata.
    pub(crate) fn trouble(&self, path: &str, trouble: Trouble) -> &Self {
        self.state().trouble.insert(path.into(), trouble);
        self
    }

    /// Answers every path that starts like this with a page and status 200.
    pub(crate) fn says_instead(&self, path: &str, page: &str) -> &Self {
        self.state().pages.insert(path.into(), page.into());
        self
    }

    /// Ends all trouble.
    pub(crate) fn calm(&self) -> &Self {
        let mut state = self.state();
        state.trouble.clear();
        state.pages.clear();
        drop(state);
        self
    }

    /// Answers in HTML (PEP 503) whatever form is asked for.
    pub(crate) fn speaks_html(&self) -> &Self {
        self.state().html = true;
        self
    }

    /// Answers 401 to whoever does not show this user and password.
    pub(crate) fn requires(&self, user: &str, password: &str) -> &Self {
        self.state().credentials = Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
        self
    }

    /// The paths asked for so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    /// The files asked for so far; their metadata is not the file.
    pub(crate) fn fetched(&self) -> Vec<String> {
        let requests = self.requests().into_iter();
        let files = requests.filter_map(|path| path.strip_prefix("/files/").map(str::to_owned));
        files.filter(|path| !path.ends_with(".metadata")).collect()
    }
}

impl Drop for FakePypi {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener so that it sees the flag.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn answer(state: &Mutex<Self>, request: &http::Request) -> http::Answer {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.requests.push(request.path.clone());
        let longest = |a: &(&String, &Trouble), b: &(&String, &Trouble)| a.0.len().cmp(&b.0.len());
        let troubles = state.trouble.iter().filter(|(prefix, _)| covers(prefix, &request.path));
        let trouble = troubles.max_by(longest).map(|(_, trouble)| trouble.clone());
        let allowed = state.credentials.is_none() || state.credentials == request.authorization;
        let reply = if allowed { state.reply(request) } else { Err(401) };
        http::Answer { reply, trouble }
    }

    fn reply(&mut self, request: &http::Request) -> Result<(&'static str, Vec<u8>), u16> {
        let path = request.path.split(['?', '#']).next().unwrap_or_default();
        if let Some((_, page)) = self.pages.iter().find(|(prefix, _)| covers(prefix, path)) {
            return Ok(("text/html", page.clone()));
        }
        let parts: Vec<_> = path.trim_matches('/').split('/').collect();
        match parts[..] {
            ["simple", project] => self.page(project, &request.accept),
            ["files", _, file] => self.file(file, request.head),
            ["integrity", file, "provenance"] => {
                let found = self.files().find(|other| other.name == file);
                let reply = found.and_then(|file| file.provenance.clone()).ok_or(404_u16)?;
                Ok(("application/vnd.pypi.integrity.v1+json", reply))
            }
            _ => Err(404),
        }
    }

    fn files(&self) -> impl Iterator<Item = &File> {
        self.projects.values().flatten()
    }

    fn file(&mut self, path: &str, head: bool) -> Result<(&'static str, Vec<u8>), u16> {
        const KIND: &str = "application/octet-stream";
        if let Some(name) = path.strip_suffix(".metadata") {
            let file = self.files().find(|file| file.name == name).ok_or(404_u16)?;
            return file.metadata.clone().map(|text| (KIND, text)).ok_or(404);
        }
        let file = self.projects.values_mut().flatten().find(|file| file.name == path);
        let file = file.filter(|file| !file.gone).ok_or(404_u16)?;
        let bytes = file.bytes.clone();
        if !head && let Some(then) = file.then.take() {
            file.bytes = then;
        }
        Ok((KIND, bytes))
    }

    fn page(&self, project: &str, accept: &str) -> Result<(&'static str, Vec<u8>), u16> {
        let files = self.projects.get(project).filter(|files| !files.is_empty()).ok_or(404_u16)?;
        if !self.html && accept.contains("application/vnd.pypi.simple.v1+json") {
            let page = self.json(project, files).to_string();
            return Ok(("application/vnd.pypi.simple.v1+json", page.into_bytes()));
        }
        Ok(("text/html", self.html(project, files).into_bytes()))
    }

    fn link(project: &str, file: &File) -> String {
        file.link.clone().unwrap_or_else(|| format!("../../files/{project}/{}", file.name))
    }

    fn provenance(&self, file: &File) -> Option<String> {
        let address = self.address.filter(|_| file.announced)?;
        Some(format!("http://{address}{}", FakePypi::provenance_path(&file.name)))
    }

    fn json(&self, project: &str, files: &[File]) -> Value {
        let one = |file: &File| {
            let mut entry = json!({"filename": file.name, "url": Self::link(project, file), "size": file.bytes.len(), "hashes": {}});
            if let Some(digest) = &file.sha256 {
                entry["hashes"]["sha256"] = digest.clone().into();
            }
            if let Some(requirement) = &file.requires_python {
                entry["requires-python"] = requirement.clone().into();
            }
            if let Some(reason) = &file.yanked {
                entry["yanked"] = reason.clone().into();
            }
            if let Some(uploaded) = &file.uploaded {
                entry["upload-time"] = uploaded.clone().into();
            }
            if let Some(metadata) = &file.metadata {
                let digest = json!({"sha256": sha256(metadata)});
                entry["core-metadata"] = if file.vague { json!(true) } else { digest };
            }
            if let Some(address) = self.provenance(file) {
                entry["provenance"] = address.into();
            }
            entry
        };
        let mut versions: Vec<_> = files.iter().map(|file| file.version.clone()).collect();
        versions.dedup();
        json!({
            "meta": {"api-version": "1.3"},
            "name": project,
            "versions": versions,
            "files": files.iter().map(one).collect::<Vec<_>>(),
        })
    }

    fn html(&self, project: &str, files: &[File]) -> String {
        let escaped = |text: &str| {
            text.replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;")
                .replace('"', "&quot;")
        };
        let mut page = format!(
            "<!DOCTYPE html>\n<html><head><meta name=\"pypi:repository-version\" content=\"1.3\"><title>{project}</title></head><body>\n"
        );
        for file in files {
            let mut tag = format!("<a href=\"{}", Self::link(project, file));
            if let Some(digest) = &file.sha256 {
                let _ = write!(tag, "#sha256={digest}");
            }
            tag += "\"";
            let metadata = file.metadata.as_ref().map(|text| format!("sha256={}", sha256(text)));
            for (name, value) in [
                ("data-requires-python", file.requires_python.clone()),
                ("data-yanked", file.yanked.clone()),
                ("data-core-metadata", metadata),
                ("data-provenance", self.provenance(file)),
            ] {
                if let Some(value) = value {
                    let _ = write!(tag, " {name}=\"{}\"", escaped(&value));
                }
            }
            let _ = writeln!(page, "{tag}>{}</a><br/>", file.name);
        }
        page + "</body></html>\n"
    }
}
