//! A package index on loopback, for tests: projects, their files and their METADATA, with a
//! password where it has one. It answers any number of requests at once, as uv wants it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::index::Index;
use super::{Pypi, PypiError, Uv};
use crate::model::Sha256Digest;
use crate::registry::Environment;

/// What is served where: status, content type, body.
type Routes = BTreeMap<String, (u16, &'static str, Vec<u8>)>;

/// An index.
#[derive(Clone)]
pub(super) struct Site {
    base: String,
    routes: Arc<Mutex<Routes>>,
    /// The heads of the requests so far.
    seen: Arc<Mutex<Vec<String>>>,
    /// The only `Authorization` that is let in.
    login: Option<&'static str>,
}

/// A file of a project.
pub(super) struct Served {
    name: String,
    entry: Value,
    metadata: String,
}

impl Served {
    /// A pure wheel, from before any cut-off of the tests.
    pub(super) fn wheel(project: &str, version: &str, requires: &[&str]) -> Self {
        let name = format!("{}-{version}-py3-none-any.whl", project.replace('-', "_"));
        let mut metadata = format!("Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n");
        for line in requires {
            let line = line
                .strip_prefix('!')
                .map_or_else(|| format!("Requires-Dist: {line}"), str::to_owned);
            metadata.push_str(&line);
            metadata.push('\n');
        }
        let digest = Sha256Digest::of(name.as_bytes());
        let entry = json!({
            "filename": name, "url": format!("../../files/{name}"), "hashes": {"sha256": digest.to_string()},
            "core-metadata": true, "upload-time": "2024-01-01T00:00:00Z", "size": name.len(),
        });
        Self { name, entry, metadata }
    }

    /// A source distribution.
    pub(super) fn source(project: &str, version: &str) -> Self {
        let mut file = Self::wheel(project, version, &[]);
        file.name = format!("{}-{version}.tar.gz", project.replace('-', "_"));
        file.entry["filename"] = json!(file.name);
        file.entry["url"] = json!(format!("../../files/{}", file.name));
        file
    }

    /// With another member of its entry; `null` takes it out.
    pub(super) fn with(mut self, key: &str, value: Value) -> Self {
        if value.is_null() {
            self.entry.as_object_mut().unwrap().remove(key);
        } else {
            self.entry[key] = value;
        }
        self
    }
}

impl Site {
    pub(super) fn new() -> Self {
        Self::guarded(None)
    }

    /// With a password; `login` is `user:password` in base64.
    pub(super) fn guarded(login: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let site = Self {
            base: format!("http://{}", listener.local_addr().unwrap()),
            routes: Arc::default(),
            seen: Arc::default(),
            login,
        };
        let served = site.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let site = served.clone();
                std::thread::spawn(move || site.serve(stream));
            }
        });
        site
    }

    fn serve(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|n| n == 1) {
            head.push(byte[0]);
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let allowed = self.login.is_none_or(|login| head.contains(&format!("Basic {login}")));
        self.seen.lock().unwrap().push(head);
        let found = self.routes.lock().unwrap().get(&path).cloned();
        let (status, kind, body) = match found {
            _ if !allowed => (401, "text/plain", Vec::new()),
            None => (404, "text/plain", Vec::new()),
            Some(found) => found,
        };
        let head = format!(
            "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
    }

    /// Serves something else at a path.
    pub(super) fn route(&self, path: &str, status: u16, kind: &'static str, body: impl Into<Vec<u8>>) {
        self.routes.lock().unwrap().insert(path.to_owned(), (status, kind, body.into()));
    }

    /// A project's page and files; a wheel's bytes are its name.
    pub(super) fn project(&self, name: &str, files: Vec<Served>) -> &Self {
        let entries: Vec<&Value> = files.iter().map(|file| &file.entry).collect();
        let page = json!({"meta": {"api-version": "1.1"}, "name": name, "files": entries});
        self.route(
            &format!("/simple/{name}/"),
            200,
            "application/vnd.pypi.simple.v1+json",
            page.to_string(),
        );
        self.files(files);
        self
    }

    /// The same as HTML, as an old or simple index has it.
    pub(super) fn html(&self, name: &str, files: Vec<Served>) -> &Self {
        let mut page = "<!DOCTYPE html><html><body>".to_owned();
        for Served { name, entry, .. } in &files {
            let digest = entry.get("hashes").and_then(|hashes| hashes["sha256"].as_str());
            let fragment = digest.map(|hex| format!("#sha256={hex}")).unwrap_or_default();
            let _ = write!(
                page,
                "<a href=\"../../files/{name}{fragment}\" data-core-metadata=\"true\" data-requires-python=\"&gt;=3.10\">{name}</a><br/>"
            );
        }
        self.route(&format!("/simple/{name}/"), 200, "text/html", page);
        self.files(files);
        self
    }

    fn files(&self, files: Vec<Served>) {
        for file in files {
            self.route(&format!("/files/{}.metadata", file.name), 200, "text/plain", file.metadata);
            self.route(&format!("/files/{}", file.name), 200, "application/zip", file.name);
        }
    }

    pub(super) fn host(&self) -> &str {
        self.base.strip_prefix("http://").unwrap()
    }

    pub(super) fn address(&self) -> String {
        format!("{}/simple", self.base)
    }

    /// The heads of the requests so far.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn pypi(&self) -> Pypi {
        indexes(&[&self.address()])
    }
}

/// The indexes of these addresses.
pub(super) fn indexes(addresses: &[&str]) -> Pypi {
    Pypi::of(addresses.iter().map(|address| Index::parse(address, "test").unwrap()).collect())
}

/// This machine's uv, or a word that there is none.
pub(super) async fn uv(scratch: &Path, more: &[(&str, String)]) -> Option<Uv> {
    let mut env = environment();
    env.extend(more.iter().map(|(name, value)| (name.into(), value.into())));
    match Uv::discover(&env, None, scratch).await {
        Err(PypiError::NoUv) => {
            eprintln!("skipped: uv is not on the PATH");
            None
        }
        found => Some(found.unwrap()),
    }
}

#[expect(clippy::disallowed_methods, reason = "the test hands its own PATH to the code under test")]
fn environment() -> Environment {
    let kept = |name: &str| Some((name.into(), std::env::var_os(name)?));
    ["PATH", "HOME"].into_iter().filter_map(kept).collect()
}
