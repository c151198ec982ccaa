//! The key of a remote server's certificate, pinned on top of ordinary verification.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::json;

use super::server::{Manners, Server};
use super::{answer, honest, run};
use crate::harness::Machine;

/// TLS in front of a server, with certificates of one authority.
struct Front {
    port: u16,
    authority: String,
    config: Arc<Mutex<Arc<ServerConfig>>>,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Front {
    fn start(server: &Server) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = rcgen::Issuer::new(params, key);
        let (config, _) = certificate(&issuer);
        let config = Arc::new(Mutex::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (settings, behind) = (Arc::clone(&config), server.port);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let config = Arc::clone(&settings.lock().unwrap());
                std::thread::spawn(move || carry(StreamOwned::new(ServerConnection::new(config).unwrap(), stream), behind));
            }
        });
        Self {
            port,
            authority,
            config,
            issuer,
        }
    }

    /// Takes another key, certified by the same authority; gives its digest.
    fn renew(&self) -> String {
        let (config, digest) = certificate(&self.issuer);
        *self.config.lock().unwrap() = config;
        digest
    }

    /// A machine that takes its authority for one.
    fn trusted(&self) -> Machine {
        let mut machine = Machine::new();
        let authority = machine.home().join("authority.pem");
        std::fs::write(&authority, &self.authority).unwrap();
        machine.set("NODE_EXTRA_CA_CERTS", authority);
        machine
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/mcp", self.port)
    }
}

fn certificate(issuer: &rcgen::Issuer<'static, rcgen::KeyPair>) -> (Arc<ServerConfig>, String) {
    use rcgen::PublicKeyData as _;
    let key = rcgen::KeyPair::generate().unwrap();
    let mut leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    leaf.is_ca = rcgen::IsCa::ExplicitNoCa;
    let certificate = leaf.signed_by(&key, issuer).unwrap();
    let private = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    (
        Arc::new(config),
        mcp_pin::model::Sha256Digest::of(key.subject_public_key_info()).to_string(),
    )
}

/// One message of HTTP, head and body.
fn message(from: &mut impl Read) -> Option<Vec<u8>> {
    let mut reader = BufReader::with_capacity(1, from);
    let (mut bytes, mut length) = (Vec::new(), 0);
    loop {
        let start = bytes.len();
        reader.read_until(b'\n', &mut bytes).ok().filter(|&read| read > 0)?;
        let line = String::from_utf8_lossy(&bytes[start..]).to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    let start = bytes.len();
    bytes.resize(start + length, 0);
    reader.read_exact(&mut bytes[start..]).ok()?;
    Some(bytes)
}

fn carry(mut client: StreamOwned<ServerConnection, TcpStream>, port: u16) -> Option<()> {
    let mut server = TcpStream::connect(("127.0.0.1", port)).ok()?;
    loop {
        let asked = message(&mut client)?;
        server.write_all(&asked).ok()?;
        let said = message(&mut server)?;
        client.write_all(&said).ok()?;
        client.flush().ok()?;
    }
}

#[test]
fn another_key_is_drift_and_gets_nothing() {
    let server = Server::start(honest());
    let front = Front::start(&server);
    let key = front.renew();
    let machine = front.trusted();
    let url = front.url();
    let pin = ["install", "--yes", "--name", "far", &url, "--tls-key", &format!("sha256:{key}")];
    machine.run(&pin).exits(0);
    assert!(machine.read("mcp-pin.lock").contains(&key));
    machine.run(&["verify"]).exits(0);

    let other = front.renew();
    let before = server.seen().len();
    machine.run(&["verify"]).exits(1).says("tls-key-changed").says(&other);
    let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "c", "version": "1"}}});
    let (heard, status) = run(&machine, &[hello]);
    let message = answer(&heard, 1)["error"]["message"].as_str().unwrap();
    assert!(message.contains("TLS key"), "{message}");
    assert_eq!(status, 1);
    machine.run(&["log"]).exits(0).says("another key than the pinned one");
    assert_eq!(server.seen().len(), before, "nothing was sent");

    // One that nobody certified is no answer at all; what `run` saw stays open.
    let stranger = Front::start(&server);
    *front.config.lock().unwrap() = Arc::clone(&stranger.config.lock().unwrap());
    machine
        .run(&["verify"])
        .exits(1)
        .says("undecided far")
        .says("invalid peer certificate");
    assert_eq!(server.seen().len(), before);
}

#[test]
fn a_first_install_with_another_key_is_refused() {
    let server = Server::start(honest());
    let front = Front::start(&server);
    let machine = front.trusted();
    let (url, wrong) = (front.url(), "0".repeat(64));
    let pin = ["install", "--yes", "--name", "far", &url, "--tls-key", &format!("sha256:{wrong}")];
    machine.run(&pin).exits(2).says("tls-key-changed").says("another TLS key");
    assert!(server.seen().is_empty());
    assert!(!machine.project().join("mcp-pin.lock").exists());
}

#[test]
fn a_login_asks_nothing_of_another_key() {
    let issuer = super::login::authorization_server();
    let server = Server::start(Manners {
        secure: true,
        ..super::login::wanting(&issuer)
    });
    let front = Front::start(&server);
    let key = front.renew();
    let machine = front.trusted();
    let (url, key) = (front.url(), format!("sha256:{key}"));
    let pin = ["install", "--yes", "--no-probe", "--name", "far", &url, "--tls-key", &key];
    machine.run(&pin).exits(0);
    // With the pinned key it gets as far as the question that nobody answers.
    machine.run(&["login", "far", "--no-browser"]).exits(2).says("nobody agreed");
    let before = server.seen().len();
    assert!(before > 0);
    front.renew();
    machine
        .run(&["login", "far", "--no-browser"])
        .exits(1)
        .says("TLS key")
        .never_says("nobody agreed");
    assert_eq!(server.seen().len(), before, "nothing was sent");
}
