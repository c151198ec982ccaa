//! Trust roots: what is refused, what is shown, and the times at which a log counts.

use jiff::civil::date;
use serde_json::{Value, json};
use sigstore_verify::trust_root::SigstoreInstance;

use super::bundles::{self, Sample, folder, now, public_good};
use crate::verify::sigstore::{EMBEDDED_DATE, Root, RootError, prove};

type Edit = fn(&mut Value);

fn embedded() -> Value {
    serde_json::from_str(SigstoreInstance::PublicGood.embedded_trusted_root_json()).unwrap()
}

#[track_caller]
fn unusable(text: &str, says: &str) {
    match Root::parse(text) {
        Err(RootError::Unusable { cause }) => assert!(cause.contains(says), "{cause}"),
        other => panic!("{other:?}"),
    }
}

/// A newer crate brings a newer root: then both lines below are to be changed, together.
#[test]
fn the_date_is_that_of_the_embedded_root() {
    let digest = "6494e21ea73fa7ee769f85f57d5a3e6a08725eae1e38c755fc3517c9e6bc0b66";
    assert_eq!(public_good().digest().to_string(), digest);
    assert_eq!(EMBEDDED_DATE, date(2026, 10, 23));
}

#[test]
fn a_root_that_proves_nothing_is_refused() {
    for (list, says) in [
        ("certificateAuthorities", "no certificate authority"),
        ("tlogs", "no transparency log"),
        ("ctlogs", "no certificate transparency log"),
    ] {
        let mut root = embedded();
        root[list] = json!([]);
        unusable(&root.to_string(), says);
        root.as_object_mut().unwrap().remove(list);
        unusable(&root.to_string(), says);
    }
    unusable(SigstoreInstance::GitHub.embedded_trusted_root_json(), "no ");
}

#[test]
fn a_root_understood_in_part_is_refused() {
    let text = embedded().to_string();
    assert!(Root::parse(&text).is_ok());
    unusable("", "not JSON");
    unusable("[]", "media type");
    unusable(&text.replacen("version=0.1", "version=7", 1), "media type");
    unusable(&text.replacen("\"tlogs\":", "\"tlogs\":[],\"tlogs\":", 1), "stands twice");
    let edits: [(Edit, &str); 5] = [
        (|root| root["tlogs"][0]["publicKey"]["rawBytes"] = "AAAA".into(), "SPKI"),
        (
            |root| root["tlogs"][1]["logId"] = root["tlogs"][0]["logId"].clone(),
            "duplicate trusted log",
        ),
        (
            |root| root["certificateAuthorities"][0]["certChain"]["certificates"] = json!([]),
            "empty certificate chain",
        ),
        (
            |root| root["certificateAuthorities"][0]["certChain"]["certificates"][0]["rawBytes"] = "AAAA".into(),
            "trusted certificate",
        ),
        (
            |root| root["tlogs"][0]["publicKey"]["validFor"] = json!({ "start": "2021-01-12T11:53:27Z", "end": "2020-01-01T00:00:00Z" }),
            "ends before",
        ),
    ];
    for (edit, says) in edits {
        let mut root = embedded();
        edit(&mut root);
        unusable(&root.to_string(), says);
    }
}

#[test]
fn a_root_says_what_is_in_it() {
    let summary = public_good().summary();
    let counts = [
        &summary.authorities,
        &summary.logs,
        &summary.certificate_logs,
        &summary.timestamp_authorities,
    ]
    .map(Vec::len);
    assert_eq!(counts, [2, 2, 2, 1]);
    assert_eq!(
        (summary.authorities[0].name.as_str(), summary.authorities[0].url.as_str()),
        ("sigstore.dev sigstore", "https://fulcio.sigstore.dev")
    );
    assert!(summary.authorities[0].until.is_some() && summary.authorities[1].until.is_none());
    assert_eq!(summary.logs[0].url, "https://rekor.sigstore.dev");
    assert_eq!(summary.logs[0].from, Some("2021-01-12T11:53:27Z".parse().unwrap()));
}

/// A case whose log entry has no signed entry timestamp, and its root for editing.
fn second_rekor() -> Option<(Sample, Value)> {
    let folder = folder()?;
    let sample = bundles::conformance(&folder)
        .into_iter()
        .find(|sample| sample.name == "rekor2-happy-path")
        .unwrap();
    let root = bundles::json(&folder.join("conformance/bundle-verify/rekor2-happy-path/trusted_root.json"));
    Some((sample, root))
}

#[track_caller]
fn refused_under(sample: &Sample, root: &Value, says: &str) {
    let root = Root::parse(&root.to_string()).unwrap();
    let error = prove(&root, &sample.parsed(), sample.artifact(), sample.by(), now())
        .expect_err("accepted")
        .to_string();
    assert!(error.contains(says), "{error}");
}

/// Where in the root's list the log stands that the sample's entry names.
fn log_of(sample: &Sample, root: &Value) -> usize {
    let id = sample.bundle.pointer("/verificationMaterial/tlogEntries/0/logId/keyId");
    let logs = root["tlogs"].as_array().unwrap();
    logs.iter().position(|log| log.pointer("/logId/keyId") == id).unwrap()
}

#[test]
fn a_log_out_of_service_proves_nothing() {
    let Some((sample, mut root)) = second_rekor() else { return };
    let at = log_of(&sample, &root);
    let time = sample.judge(&sample.text()).unwrap().logged_at().unwrap();
    let second = jiff::SignedDuration::from_secs(1);
    root["tlogs"][at]["publicKey"]["validFor"] = json!({ "start": "2020-01-01T00:00:00Z", "end": time.to_string() });
    assert!(
        prove(
            &Root::parse(&root.to_string()).unwrap(),
            &sample.parsed(),
            sample.artifact(),
            sample.by(),
            now()
        )
        .is_ok()
    );
    root["tlogs"][at]["publicKey"]["validFor"]["end"] = (time - second).to_string().into();
    refused_under(&sample, &root, "was not in service");
    root["tlogs"][at]["publicKey"]["validFor"] = json!({ "start": (time + second).to_string() });
    refused_under(&sample, &root, "was not in service");
}

/// The crate takes a checkpoint by any log of the root; the entry names one of them.
#[test]
fn an_entry_is_in_the_log_that_it_names() {
    let Some((mut sample, root)) = second_rekor() else { return };
    let other = 1 - log_of(&sample, &root);
    *sample.bundle.pointer_mut("/verificationMaterial/tlogEntries/0/logId").unwrap() = root["tlogs"][other]["logId"].clone();
    refused_under(&sample, &root, "not signed by the transparency log that the entry names");
}

#[test]
fn a_root_may_be_used_by_many_threads() {
    fn shared<T: Send + Sync + Clone>(_: &T) {}
    shared(&public_good());
}
