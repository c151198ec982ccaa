//! A TUF repository on loopback, signed by the test: what `mcp-pin trust refresh` meets at the wire.
//!
//! Laid out like the public-good one: consistent snapshots, and the registry's keys behind a
//! delegation to a key of its own.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sigstore_tuf::canonical_json::to_canonical_bytes;
use sigstore_verify::crypto::KeyPair;

use mcp_pin::model::Sha256Digest;

pub const FOREVER: &str = "2999-01-01T00:00:00Z";
/// Where the registry's keys stand.
pub const KEYS: &str = "registry.example/keys.json";

/// Who signs what, and which version of each role comes next.
pub struct World {
    root: KeyPair,
    other: KeyPair,
    delegate: KeyPair,
    /// Versions of root, timestamp, snapshot and targets.
    pub versions: [u64; 4],
    /// When the timestamp expires.
    pub expires: String,
    /// The root's key is replaced by another one from the second version on.
    rotated: bool,
    roots: Vec<Vec<u8>>,
    /// Targets of the top level, by path.
    pub targets: BTreeMap<String, Vec<u8>>,
    /// Targets of the delegated role.
    pub delegated: BTreeMap<String, Vec<u8>>,
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn key(pair: &KeyPair) -> (String, Value) {
    let public = pair.public_key_der().unwrap().to_pem();
    let value = json!({"keytype": "ecdsa", "scheme": "ecdsa-sha2-nistp256", "keyval": {"public": public}});
    (Sha256Digest::of(value.to_string()).to_string(), value)
}

/// Signs metadata.
fn signed(content: &Value, by: &[&KeyPair]) -> Vec<u8> {
    let bytes = to_canonical_bytes(content).unwrap();
    let signatures = by.iter().map(|pair| {
        let signature = pair.sign(&bytes).unwrap();
        json!({"keyid": key(pair).0, "sig": hex(signature.as_bytes())})
    });
    let signatures: Vec<_> = signatures.collect();
    json!({"signatures": signatures, "signed": content}).to_string().into_bytes()
}

fn listed(targets: &BTreeMap<String, Vec<u8>>) -> Value {
    let entries = targets.iter().map(|(path, bytes)| {
        let hash = Sha256Digest::of(bytes).to_string();
        (path.clone(), json!({"length": bytes.len(), "hashes": {"sha256": hash}}))
    });
    Value::Object(entries.collect())
}

impl World {
    /// A repository with this trust root and a set of registry keys of its own.
    pub fn new(trusted_root: &str, keys: &str) -> Self {
        let pair = || KeyPair::generate_ecdsa_p256().unwrap();
        let mut world = Self {
            root: pair(),
            other: pair(),
            delegate: pair(),
            versions: [1; 4],
            expires: FOREVER.to_owned(),
            rotated: false,
            roots: Vec::new(),
            targets: BTreeMap::from([("trusted_root.json".to_owned(), trusted_root.as_bytes().to_vec())]),
            delegated: BTreeMap::from([(KEYS.to_owned(), keys.as_bytes().to_vec())]),
        };
        world.roots.push(world.root_role(&[&world.root]));
        world
    }

    /// The root role that a client trusts at first.
    pub fn first_root(&self) -> &[u8] {
        &self.roots[0]
    }

    fn signer(&self) -> &KeyPair {
        if self.rotated { &self.other } else { &self.root }
    }

    fn root_role(&self, by: &[&KeyPair]) -> Vec<u8> {
        let (id, value) = key(self.signer());
        let role = json!({"keyids": [id], "threshold": 1});
        let content = json!({
            "_type": "root", "spec_version": "1.0.0", "version": self.versions[0], "expires": FOREVER,
            "consistent_snapshot": true,
            "keys": {id: value},
            "roles": {"root": role, "timestamp": role, "snapshot": role, "targets": role},
        });
        signed(&content, by)
    }

    /// Hands every role to another key, signed by both.
    pub fn rotate(&mut self) {
        self.rotated = true;
        self.versions[0] += 1;
        let next = self.root_role(&[&self.root, &self.other]);
        self.roots.push(next);
        self.bump();
    }

    /// A newer version of everything but the root.
    pub fn bump(&mut self) {
        for version in &mut self.versions[1..] {
            *version += 1;
        }
    }

    /// Everything by its path on the server.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.files_signed_by(self.signer())
    }

    /// The same, where somebody else signs the timestamp.
    pub fn forged(&self) -> BTreeMap<String, Vec<u8>> {
        self.files_signed_by(&self.delegate)
    }

    fn files_signed_by(&self, timestamp_by: &KeyPair) -> BTreeMap<String, Vec<u8>> {
        let [_, timestamp, snapshot, targets] = self.versions;
        let by = self.signer();
        let head = |kind: &str, version: u64| json!({"_type": kind, "spec_version": "1.0.0", "version": version, "expires": FOREVER});
        let with = |mut value: Value, key: &str, member: Value| {
            value[key] = member;
            value
        };
        let (delegate_id, delegate_key) = key(&self.delegate);
        let delegations = json!({
            "keys": {delegate_id.clone(): delegate_key},
            "roles": [{"name": "registry.example", "keyids": [delegate_id], "threshold": 1, "paths": ["registry.example/*"], "terminating": true}],
        });
        let top = with(
            with(head("targets", targets), "targets", listed(&self.targets)),
            "delegations",
            delegations,
        );
        let child = with(head("targets", targets), "targets", listed(&self.delegated));
        let pins = json!({"targets.json": {"version": targets}, "registry.example.json": {"version": targets}});
        let snap = signed(&with(head("snapshot", snapshot), "meta", pins), &[by]);
        let pin = json!({"version": snapshot, "length": snap.len(), "hashes": {"sha256": Sha256Digest::of(&snap).to_string()}});
        let stamp = with(head("timestamp", timestamp), "meta", json!({"snapshot.json": pin}));
        let stamp = with(stamp, "expires", json!(self.expires));
        let mut files = BTreeMap::from([
            ("timestamp.json".to_owned(), signed(&stamp, &[timestamp_by])),
            (format!("{snapshot}.snapshot.json"), snap),
            (format!("{targets}.targets.json"), signed(&top, &[by])),
            (format!("{targets}.registry.example.json"), signed(&child, &[&self.delegate])),
        ]);
        for (at, root) in self.roots.iter().enumerate() {
            files.insert(format!("{}.root.json", at + 1), root.clone());
        }
        for (path, bytes) in self.targets.iter().chain(&self.delegated) {
            let hash = Sha256Digest::of(bytes);
            let path = match path.rsplit_once('/') {
                Some((folder, name)) => format!("targets/{folder}/{hash}.{name}"),
                None => format!("targets/{hash}.{path}"),
            };
            files.insert(path, bytes.clone());
        }
        files
    }
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, Vec<u8>>,
    requests: Vec<String>,
    /// Requests for paths that contain this are never answered.
    stall: Option<String>,
}

/// Serves files until it is dropped.
pub struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    pub fn start(files: BTreeMap<String, Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { files, ..State::default() }));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, stopped) = (Arc::clone(&state), Arc::clone(&stop));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { address, state, stop }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set(&self, files: BTreeMap<String, Vec<u8>>) {
        self.state.lock().unwrap().files = files;
    }

    /// Never answers requests for such paths from now on.
    pub fn stall(&self, part: Option<&str>) {
        self.state.lock().unwrap().stall = part.map(str::to_owned);
    }

    /// What was asked for since the last call.
    pub fn requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: &TcpStream, state: &Mutex<State>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(path) = lines
        .next()
        .and_then(|line| line.split(' ').nth(1).map(|path| path.trim_start_matches('/').to_owned()))
    else {
        return;
    };
    for line in lines {
        if line.is_empty() {
            break;
        }
    }
    let (body, stall) = {
        let mut state = state.lock().unwrap();
        state.requests.push(path.clone());
        let stall = state.stall.as_ref().is_some_and(|part| path.contains(part.as_str()));
        (state.files.get(&path).cloned(), stall)
    };
    if stall {
        std::thread::sleep(std::time::Duration::from_secs(20));
        return;
    }
    let mut out = stream;
    let (status, body) = body.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let _ = out.write_all(head.as_bytes()).and_then(|()| out.write_all(&body));
}
