//! Against scripted indexes on loopback: each connection gets the next canned answer.

use serde_json::{Value, json};

use super::*;
use crate::net::NetError;
use crate::net::testing::{Requests, host, network, ok, status};

const FILE: &str = "foo-1.0.tar.gz";

fn typed(kind: &str, body: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: {kind}\r\n");
    format!("{head}content-length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn page(files: &Value) -> Vec<u8> {
    let body = json!({"meta": {"api-version": "1.3"}, "name": "foo", "files": files});
    typed("application/vnd.pypi.simple.v1+json", &body.to_string())
}

fn listed(url: &str, provenance: &Value) -> Value {
    json!([{"filename": FILE, "url": url, "hashes": {}, "provenance": provenance}])
}

/// Indexes with a password each.
fn pypi(bases: &[&str]) -> Pypi {
    let index = |base: &&str| Index::parse(&base.replace("http://", "http://me:hunter2@"), "test").unwrap();
    Pypi::of(bases.iter().map(index).collect())
}

async fn file(answers: Vec<Vec<u8>>) -> (Result<Option<IndexFile>, PypiError>, Requests) {
    let (base, requests) = host(answers);
    let found = pypi(&[&format!("{base}/simple")]).file(&network(), "Foo", FILE).await;
    (found, requests)
}

/// Announces more than is taken; that unannounced data is cut as well is tested in `net`.
fn endless(limit: u64) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{{", limit + 1).into_bytes()
}

fn faults(limit: u64) -> Vec<(&'static str, Vec<u8>)> {
    let cut = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: 600\r\n\r\n{\"me".to_vec();
    vec![
        ("401", status("401 Unauthorized", "")),
        ("403", status("403 Forbidden", "")),
        ("410", status("410 Gone", "")),
        ("429", status("429 Too Many Requests", "")),
        ("500", status("500 Oops", "")),
        ("204", status("204 No Content", "")),
        ("silence", Vec::new()),
        ("cut", cut),
        ("endless", endless(limit)),
        ("loop", status("302 Found", "location: /again\r\n")),
    ]
}

#[tokio::test]
async fn a_file_with_its_links_made_absolute() {
    let (found, requests) = file(vec![page(&listed("../../files/foo?token=t#sha256=x", &json!("/integrity/p")))]).await;
    let found = found.unwrap().unwrap();
    let origin = found.url.split("/files").next().unwrap().to_owned();
    assert_eq!(found.url, format!("{origin}/files/foo?token=t"));
    assert_eq!(found.provenance, Some(format!("{origin}/integrity/p")));
    assert!(!format!("{found:?}").contains("token"));
    let requests = requests.lock().unwrap().clone();
    assert!(requests[0].starts_with("get /simple/foo/ ") && requests[0].contains("authorization: basic"));
    assert!(requests[0].contains("accept: application/vnd.pypi.simple.v1+json"), "{requests:?}");
}

#[tokio::test]
async fn links_are_resolved_where_the_page_was_found() {
    let redirect = status("301 Moved", "location: /deep/er/foo/\r\n");
    let (found, _) = file(vec![redirect, page(&listed("foo.tgz", &json!(null)))]).await;
    let found = found.unwrap().unwrap();
    assert!(found.url.ends_with("/deep/er/foo/foo.tgz"), "{}", found.url);
    assert_eq!(found.provenance, None);
}

#[tokio::test]
async fn html_serves_too() {
    let body = "<a href=\"/files/foo\" data-provenance=\"/p\">foo-1.0.tar.gz</a>";
    let (found, _) = file(vec![typed("text/html; charset=utf-8", body)]).await;
    assert!(found.unwrap().unwrap().provenance.unwrap().ends_with("/p"));
    // A login page is not an index without the file.
    let (found, _) = file(vec![typed("text/html", "<a href='/login'>log in</a>")]).await;
    let error = found.unwrap_err();
    assert!(
        matches!(error, PypiError::Page { .. }) && error.hint().unwrap().contains("uv or pip"),
        "{error}"
    );
}

#[tokio::test]
async fn only_an_explicit_answer_is_not_there() {
    assert_eq!(file(vec![status("404 Not Found", "")]).await.0, Ok(None));
    assert_eq!(file(vec![page(&json!([]))]).await.0, Ok(None));
    for (what, answer) in faults(MAX_PAGE) {
        let error = file(vec![answer]).await.0.unwrap_err();
        assert!(matches!(error, PypiError::Ask { .. }), "{what}: {error:?}");
        assert!(
            error.to_string().starts_with("could not learn what the index has of `foo`"),
            "{what}"
        );
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        if what == "401" {
            assert!(error.hint().unwrap().contains(".netrc"));
        }
    }
    let (found, _) = file(vec![typed("application/json", "<html>log in</html>")]).await;
    assert!(matches!(found, Err(PypiError::Page { .. })));
    assert!(matches!(file(vec![ok("{}")]).await.0, Err(PypiError::Page { .. })));
}

#[tokio::test]
async fn links_that_lead_elsewhere_than_http_are_refused() {
    for (url, provenance) in [
        ("file:///etc/passwd", json!(null)),
        ("/x", json!("file:///etc/passwd")),
        ("/x", json!("javascript:x")),
        ("http://", json!(null)),
    ] {
        let (found, _) = file(vec![page(&listed(url, &provenance))]).await;
        assert!(matches!(found, Err(PypiError::Page { .. })), "{url} {provenance}");
    }
    let index = Index::parse("https://index.test/", "x").unwrap();
    assert_eq!(resolved(&index, "https://index.test/foo/", "http://index.test/p"), None);
    let clean = resolved(&index, "https://index.test/foo/", "https://a:b@files.test/p?q#f");
    assert_eq!(clean.as_deref(), Some("https://files.test/p?q"));
}

#[tokio::test]
async fn the_first_index_that_has_the_project_is_the_one() {
    let (gone, _) = host(vec![status("404 Not Found", "")]);
    let (private, _) = host(vec![page(&json!([]))]);
    let (public, asked) = host(vec![page(&listed("/evil", &json!("/p")))]);
    // The private index has the project, and lacks the file: the public one is not asked.
    let found = pypi(&[&gone, &private, &public]).file(&network(), "foo", FILE).await;
    assert_eq!(found, Ok(None));
    assert!(asked.lock().unwrap().is_empty());
    // Nor is it asked where the private one could not be.
    let (broken, _) = host(vec![status("403 Forbidden", "")]);
    assert!(pypi(&[&broken, &public]).file(&network(), "foo", FILE).await.is_err());
    assert!(asked.lock().unwrap().is_empty());
    assert!(pypi(&[&gone, &public]).file(&network(), "foo", FILE).await.unwrap().is_some());
}

#[tokio::test]
async fn no_name_leads_out_of_the_index() {
    let (base, asked) = host(vec![page(&json!([]))]);
    for name in ["../admin", "a/b", "", "a?b", "a%2fb"] {
        let error = pypi(&[&base]).file(&network(), name, FILE).await.unwrap_err();
        assert!(matches!(error, PypiError::Name { .. }), "{name}");
    }
    assert!(asked.lock().unwrap().is_empty());
}

async fn provenance(answers: Vec<Vec<u8>>) -> (Result<Option<Vec<u8>>, PypiError>, Requests) {
    let (base, _) = host(vec![page(&listed("/f", &json!("/p")))]);
    let (other, requests) = host(answers);
    let pypi = pypi(&[&base]);
    let mut file = pypi.file(&network(), "foo", FILE).await.unwrap().unwrap();
    file.provenance = Some(format!("{other}/p"));
    (pypi.provenance(&network(), &file).await, requests)
}

#[tokio::test]
async fn provenance_is_none_only_where_that_is_said() {
    assert_eq!(provenance(vec![ok("{}")]).await.0, Ok(Some(b"{}".to_vec())));
    assert_eq!(provenance(vec![status("404 Not Found", "")]).await.0, Ok(None));
    for (what, answer) in faults(MAX_PROVENANCE) {
        let error = provenance(vec![answer]).await.0.unwrap_err();
        let PypiError::Provenance { cause, .. } = &error else {
            panic!("{what}: {error:?}")
        };
        assert!(error.to_string().starts_with("could not fetch the provenance of `foo-1.0.tar.gz`"));
        assert_eq!(what == "endless", matches!(cause, NetError::TooLarge { .. }), "{what}: {cause}");
    }
    // A file that announces none: nothing is asked.
    let (base, asked) = host(vec![page(&listed("/f", &json!(null)))]);
    let pypi = pypi(&[&base]);
    let file = pypi.file(&network(), "foo", FILE).await.unwrap().unwrap();
    assert_eq!(pypi.provenance(&network(), &file).await, Ok(None));
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_password_stays_with_the_index() {
    // Another host, by link.
    let (_, told) = provenance(vec![ok("{}")]).await;
    assert!(told.lock().unwrap()[0].starts_with("get /p ") && !told.lock().unwrap()[0].contains("authorization"));
    // The same origin, by link: it may be needed there. Another host, by redirect: never.
    let (other, told) = host(vec![ok("x")]);
    let answers = vec![
        page(&listed("/f", &json!("/p"))),
        status("302 Found", &format!("location: {other}/y\r\n")),
    ];
    let (base, asked) = host(answers);
    let pypi = pypi(&[&base]);
    let file = pypi.file(&network(), "foo", FILE).await.unwrap().unwrap();
    assert_eq!(pypi.provenance(&network(), &file).await, Ok(Some(b"x".to_vec())));
    assert!(asked.lock().unwrap()[1].contains("authorization: basic"));
    assert!(!told.lock().unwrap()[0].contains("authorization"));
    assert!(!format!("{pypi:?}").contains("hunter2"));
}

#[tokio::test]
async fn discovery_puts_the_default_last() {
    let scratch = tempfile::tempdir().unwrap();
    let env = Environment::from([
        ("UV_NO_CONFIG".into(), "1".into()),
        ("UV_INDEX".into(), "http://me:hunter2@first.test/simple".into()),
        ("UV_DEFAULT_INDEX".into(), "http://last.test/simple".into()),
    ]);
    let pypi = Pypi::discover(&env, None, scratch.path()).await.unwrap();
    let pages: Vec<String> = pypi.indexes.iter().map(|index| index.page("a")).collect();
    assert_eq!(pages, ["http://first.test/simple/a/", "http://last.test/simple/a/"]);
    // Without a default: a tool's own, and none here to ask.
    let env = Environment::from([
        ("UV_NO_CONFIG".into(), "1".into()),
        ("UV_INDEX".into(), "http://first.test/simple".into()),
    ]);
    let error = Pypi::discover(&env, None, scratch.path()).await.unwrap_err();
    assert!(matches!(error, PypiError::NoIndex { .. }));
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
}
