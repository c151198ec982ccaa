//! Against hosts on loopback, plain and with certificates of the tests' own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::resolve::{OutOfReach, Reach, within};
use super::*;
use crate::net::testing::{host, ok, status};

fn options() -> RemoteOptions {
    RemoteOptions {
        network: NetworkOptions {
            http_proxy: Some("http://proxy.invalid:1".into()),
            ..NetworkOptions::default()
        },
        permitted: Permitted {
            this_machine: true,
            ..Permitted::default()
        },
        keys: Keys::new(),
    }
}

fn network() -> RemoteNetwork {
    RemoteNetwork::new(&options()).unwrap()
}

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

async fn body(network: &RemoteNetwork, at: &str) -> Result<String, AskError> {
    let at = url(at);
    let answer = network.ask(Ask::get(&at)).await?;
    Ok(String::from_utf8(answer.body(1000).await?).unwrap())
}

/// A TLS host with a certificate of its own authority; answers every request with `hello`.
struct TlsHost {
    base: String,
    authority: Vec<u8>,
    key: Sha256Digest,
}

fn tls_host() -> TlsHost {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = params.self_signed(&authority_key).unwrap();
    let issuer = rcgen::Issuer::new(params, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut leaf = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    leaf.is_ca = rcgen::IsCa::ExplicitNoCa;
    let certificate = leaf.signed_by(&key, &issuer).unwrap();
    let private = rustls::pki_types::PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            let mut head = [0; 4096];
            if tls.read(&mut head).is_ok_and(|n| n > 0) {
                let _ = tls.write_all(&ok("hello"));
                tls.conn.send_close_notify();
                let _ = tls.flush();
            }
        }
    });
    TlsHost {
        base,
        authority: authority.pem().into_bytes(),
        key: key_digest(certificate.der()).unwrap(),
    }
}

#[tokio::test]
async fn a_pinned_key_is_checked_on_top_of_the_certificate() {
    let there = tls_host();
    // The authority is unknown: the right key alone is not enough.
    let mut options = options();
    options.keys.insert("localhost".into(), [there.key].into());
    let error = body(&RemoteNetwork::new(&options).unwrap(), &there.base).await.unwrap_err();
    assert!(matches!(error, AskError::Net(NetError::Tls { .. })), "{error}");
    // Known authority and pinned key.
    options.network.extra_ca = vec![there.authority.clone()];
    let network = RemoteNetwork::new(&options).unwrap();
    assert_eq!(network.seen_key(&url(&there.base)), None);
    assert_eq!(body(&network, &there.base).await.as_deref(), Ok("hello"));
    assert_eq!(network.seen_key(&url(&there.base)), Some(there.key));
    // Known authority, another key.
    options.keys.insert("localhost".into(), [Sha256Digest::of("other")].into());
    let error = body(&RemoteNetwork::new(&options).unwrap(), &there.base).await.unwrap_err();
    assert!(matches!(&error, AskError::Key { found, .. } if *found == there.key), "{error}");
    assert!(error.to_string().contains("not the pinned one"));
}

#[test]
fn the_digest_is_over_the_public_key_info() {
    use rcgen::PublicKeyData as _;
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["a.example".to_owned()])
        .unwrap()
        .self_signed(&key)
        .unwrap();
    assert_eq!(key_digest(certificate.der()), Some(Sha256Digest::of(key.subject_public_key_info())));
    assert_eq!(key_digest(b"no certificate"), None);
}

#[tokio::test]
async fn what_is_not_public_is_not_asked() {
    let strict = RemoteNetwork::new(&RemoteOptions {
        network: options().network,
        ..RemoteOptions::default()
    })
    .unwrap();
    for (at, kind) in [
        ("https://127.0.0.1/", AddressKind::Loopback),
        ("https://0x7f.1/", AddressKind::Loopback),
        ("https://2130706433/", AddressKind::Loopback),
        ("https://localhost/", AddressKind::Loopback),
        ("https://x.localhost./", AddressKind::Loopback),
        ("https://[::1]/", AddressKind::Loopback),
        ("https://[::ffff:127.0.0.1]/", AddressKind::Loopback),
        ("https://10.1.2.3/", AddressKind::Private),
        ("https://[64:ff9b::10.1.2.3]/", AddressKind::Private),
        ("https://169.254.169.254/latest/", AddressKind::Metadata),
        ("https://0.0.0.0/", AddressKind::Reserved),
    ] {
        let error = body(&strict, at).await.unwrap_err();
        assert!(
            matches!(&error, AskError::Refused { kind: found, .. } if *found == kind),
            "{at}: {error}"
        );
    }
    // Not even with a permission.
    let mut options = options();
    options.permitted.private.insert("https://169.254.169.254".into());
    let error = RemoteNetwork::new(&options)
        .unwrap()
        .check(&url("https://169.254.169.254/"))
        .unwrap_err();
    assert!(matches!(error, AskError::Refused { .. }));
    // A permission is for an origin, port and all.
    options.permitted.private.insert("https://10.1.2.3:8443".into());
    let network = RemoteNetwork::new(&options).unwrap();
    assert!(network.check(&url("https://10.1.2.3:8443/mcp")).is_ok());
    assert!(network.check(&url("https://10.1.2.3/mcp")).is_err());
    let error = network.check(&url("http://10.1.2.3:8443/mcp")).unwrap_err();
    assert!(matches!(error, AskError::Refused { .. } | AskError::Insecure { .. }));
    assert!(matches!(network.check(&url("http://example.com/")), Err(AskError::Insecure { .. })));
    assert!(matches!(
        network.check(&url("https://a:b@example.com/")),
        Err(AskError::UserInfo { .. })
    ));
    assert!(matches!(
        network.check(&url("file:///etc/passwd")),
        Err(AskError::Net(NetError::Address { .. }))
    ));
}

#[tokio::test]
async fn what_a_name_resolves_to_is_judged() {
    let at = |text: &str| std::net::SocketAddr::new(text.parse().unwrap(), 0);
    let mixed = vec![at("10.0.0.1"), at("1.1.1.1"), at("fd00:ec2::254")];
    assert_eq!(within(Reach::Public, mixed.clone()), Ok(vec![at("1.1.1.1")]));
    assert_eq!(within(Reach::Private, mixed), Ok(vec![at("10.0.0.1"), at("1.1.1.1")]));
    let error = within(Reach::Public, vec![at("127.0.0.1")]).unwrap_err();
    assert_eq!(
        error,
        OutOfReach {
            address: "127.0.0.1".parse().unwrap(),
            kind: AddressKind::Loopback
        }
    );
    // Through the whole client: a name that the system resolves to this machine, asked as any other.
    let judge = |reach| resolve::Judge::new(reach, Arc::new(Mutex::new(BTreeSet::from(["localhost".to_owned()]))));
    let client = |reach| Client::builder().no_proxy().dns_resolver(judge(reach)).build().unwrap();
    drop(network());
    let (base, requests) = host(vec![ok("hello")]);
    let there = url(&base.replace("127.0.0.1", "localhost"));
    let error = client(Reach::Public).get(there.clone()).send().await.unwrap_err();
    let error = AskError::of(&error, &there);
    assert!(
        matches!(
            error,
            AskError::Refused {
                kind: AddressKind::Loopback,
                address: Some(_),
                ..
            }
        ),
        "{error}"
    );
    assert!(requests.lock().unwrap().is_empty());
    assert!(client(Reach::Private).get(there).send().await.is_ok());
}

#[tokio::test]
async fn every_name_that_is_asked_is_judged_by_the_client_for_it() {
    let mut options = options();
    options.permitted.private.insert("https://intern.example".into());
    let network = RemoteNetwork::new(&options).unwrap();
    let judged = |host: &str| network.names.lock().unwrap().contains(host);
    for (at, host, client) in [
        ("https://EXAMPLE.com/mcp", "example.com", &network.public),
        ("https://intern.example/mcp", "intern.example", &network.private),
        ("https://intern.example:444/mcp", "intern.example", &network.public),
        ("http://127.0.0.1:1/", "127.0.0.1", &network.local),
    ] {
        let picked = network.client_for(&url(at)).unwrap();
        assert!(std::ptr::eq(picked, client), "{at}");
        // What is not among the names is taken for a proxy's own, and may be anywhere.
        assert!(judged(host), "{at}");
    }
    assert!(!judged("proxy.invalid"));
}

#[tokio::test]
async fn redirects_stay_within_their_origin() {
    let network = network();
    let (other, seen) = host(vec![ok("stolen")]);
    let (base, requests) = host(vec![
        status("302 Found", "location: /b\r\n"),
        status("307 Again", "location: /c\r\n"),
        ok("here"),
    ]);
    assert_eq!(body(&network, &format!("{base}/a")).await.as_deref(), Ok("here"));
    assert_eq!(requests.lock().unwrap().len(), 3);
    for line in ["301 Moved", "307 Again", "308 For ever"] {
        let (base, _) = host(vec![status(line, &format!("location: {other}/x\r\n"))]);
        let secret = Secret::bearer("hunter2");
        let at = url(&base);
        let mut ask = Ask::get(&at);
        ask.auth = Some(&secret);
        let error = network.ask(ask).await.unwrap_err();
        assert!(matches!(&error, AskError::Net(NetError::Redirect { .. })), "{error}");
    }
    assert!(seen.lock().unwrap().is_empty());
    // For ever.
    let (base, requests) = host(vec![status("302 Found", "location: /b\r\n")]);
    assert!(body(&network, &base).await.is_err());
    assert_eq!(requests.lock().unwrap().len(), 4);
    // A POST does not become a GET, and by default follows nothing.
    for line in ["302 Found", "307 Again"] {
        let (base, requests) = host(vec![status(line, "location: /b\r\n"), ok("x")]);
        let at = url(&base);
        assert!(network.ask(Ask::post(&at, "text/plain", b"x".to_vec())).await.is_err());
        assert_eq!(requests.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn bounds_and_times_are_kept() {
    let network = network();
    let (base, _) = host(vec![ok("0123456789A")]);
    let at = url(&base);
    let answer = network.ask(Ask::get(&at)).await.unwrap();
    assert!(matches!(
        answer.body(10).await,
        Err(AskError::Net(NetError::TooLarge { limit: 10, .. }))
    ));
    let many = "x: y\r\n".repeat(200);
    let (base, _) = host(vec![status("200 OK", &many)]);
    assert!(body(&network, &base).await.is_err());
    let (base, _) = host(vec![Vec::new()]);
    let at = url(&base);
    let mut ask = Ask::get(&at);
    ask.waits.head = Duration::from_millis(100);
    assert!(matches!(network.ask(ask).await, Err(AskError::Net(NetError::Timeout { .. }))));
}
