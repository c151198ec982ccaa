//! What a registry may serve about a package: what is right, and every way to be wrong.

use serde_json::{Value, json};

use super::bundle::{flip, purl};
use super::{Build, NOON, Signing, Statement, World};
use crate::registry::integrity;

/// What a registry serves about one version.
#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) signatures: Vec<Value>,
    pub(crate) bundles: Vec<(Statement, Value)>,
}

/// A package version, as whoever attests it names it.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) integrity: &'a str,
    pub(crate) registry: &'a str,
}

const ENTRY: &str = "/verificationMaterial/tlogEntries/0";

impl World {
    /// Signature, publish attestation and provenance, all right.
    pub(crate) fn honest(&self, about: About<'_>, build: &Build) -> Served {
        let provenance = about.provenance(build);
        let publish = about.publish();
        Served {
            signatures: vec![self.registry.signature(about.name, about.version, about.integrity)],
            bundles: vec![
                (publish.clone(), self.attest_with(&self.registry, &publish, NOON + 3)),
                (provenance.clone(), self.attest(build, &provenance)),
            ],
        }
    }

    /// Every way to be wrong, by name. Each differs from the honest in one thing.
    pub(crate) fn forgeries(&self, about: About<'_>, build: &Build) -> Vec<(&'static str, Served)> {
        let mut all = self.wrong_statements(about, build);
        all.extend(self.wrong_bundles(about, build));
        all.extend(self.wrong_keys(about, build));
        all
    }

    /// Signed as it should be, about something else.
    fn wrong_statements(&self, about: About<'_>, build: &Build) -> Vec<(&'static str, Served)> {
        let right = about.provenance(build);
        let elsewhere = integrity(b"other bytes");
        let own = purl(about.name, about.version);
        let other = About {
            name: "evil",
            integrity: &elsewhere,
            ..about
        };
        let statements = [
            ("of another package", other.provenance(build)),
            (
                "other name, right digest",
                right.clone().with("/subject/0/name", purl("evil", about.version)),
            ),
            (
                "other version, right digest",
                right.clone().with("/subject/0/name", purl(about.name, "9.9.9")),
            ),
            ("name without its ecosystem", right.clone().with("/subject/0/name", about.name)),
            (
                "right name, other digest",
                About {
                    integrity: &elsewhere,
                    ..about
                }
                .provenance(build),
            ),
            (
                "digest and name in different subjects",
                About {
                    integrity: &elsewhere,
                    ..about
                }
                .provenance(build)
                .also(&purl("evil", about.version), about.integrity),
            ),
            (
                "decoy before it",
                About {
                    integrity: &elsewhere,
                    ..about
                }
                .provenance(build)
                .first(&own, about.integrity),
            ),
            ("no subject", right.clone().with("/subject", json!([]))),
            ("no statement", right.with("/_type", "https://example.test/Statement/v9")),
        ];
        let mut all: Vec<_> = statements
            .into_iter()
            .map(|(what, statement)| {
                let bundle = self.attest(build, &statement);
                (what, self.with_provenance(about, build, statement, bundle))
            })
            .collect();
        let publishes = [
            ("published as another version", about.publish().with("/predicate/version", "9.9.9")),
            ("published as another name", about.publish().with("/predicate/name", "evil")),
            ("published, other digest", other.publish()),
        ];
        all.extend(publishes.map(|(what, statement)| {
            let bundle = self.attest_with(&self.registry, &statement, NOON + 3);
            (what, self.with_publish(about, build, statement, bundle))
        }));
        all
    }

    /// About the right thing, and not proved.
    fn wrong_bundles(&self, about: About<'_>, build: &Build) -> Vec<(&'static str, Served)> {
        let statement = about.provenance(build);
        let right = self.attest(build, &statement);
        let again = self.attest(build, &statement);
        let other_world = Self::new();
        let set = |pointer: &str, value: Value| {
            let mut bundle = right.clone();
            *bundle.pointer_mut(pointer).expect("a field of the bundle") = value;
            bundle
        };
        let entry = |field: &str| flip(&right, &format!("{ENTRY}{field}"));
        let at = |certified: i64, logged: i64| {
            let signing = Signing {
                certified,
                ..Signing::at(logged)
            };
            self.attest_as(signing, build, &statement)
        };
        let certified = |by| self.attest_by(by, Signing::at(NOON), build, &statement);
        let own = [&self.authority, &self.authority];
        let logged_elsewhere = other_world.attest_by(own, Signing::at(NOON), build, &statement);
        let payload = About { version: "9.9.9", ..about }.provenance(build).base64();
        let bundles = [
            ("other instance", other_world.attest(build, &statement)),
            ("other authority", certified([&other_world.authority, &other_world.authority])),
            (
                "other authority, right receipt",
                certified([&other_world.authority, &self.authority]),
            ),
            ("receipt of another log", certified([&self.authority, &other_world.authority])),
            ("logged elsewhere", logged_elsewhere),
            ("logged after the certificate", at(NOON - 3600, NOON)),
            ("logged before the certificate", at(NOON + 3600, NOON)),
            ("logged in the future", at(4_102_444_800 - 5, 4_102_444_800)),
            ("flipped promise", entry("/inclusionPromise/signedEntryTimestamp")),
            ("flipped root", entry("/inclusionProof/rootHash")),
            ("flipped proof", entry("/inclusionProof/hashes/0")),
            ("flipped entry", entry("/canonicalizedBody")),
            ("flipped signature", flip(&right, "/dsseEnvelope/signatures/0/sig")),
            ("flipped certificate", flip(&right, "/verificationMaterial/certificate/rawBytes")),
            ("other payload", set("/dsseEnvelope/payload", payload.into())),
            ("other payload type", set("/dsseEnvelope/payloadType", "application/json".into())),
            (
                "other time",
                set(&format!("{ENTRY}/integratedTime"), (NOON + 60).to_string().into()),
            ),
            ("other index", set(&format!("{ENTRY}/logIndex"), "7".into())),
            ("entry of another signature", set(ENTRY, again.pointer(ENTRY).unwrap().clone())),
            ("no entry", set("/verificationMaterial/tlogEntries", json!([]))),
            (
                "certificate of another signature",
                set(
                    "/verificationMaterial/certificate",
                    again.pointer("/verificationMaterial/certificate").unwrap().clone(),
                ),
            ),
            (
                "signed over the bytes of nothing",
                self.sign_bytes(Signing::at(NOON), build, b"other bytes"),
            ),
        ];
        bundles
            .into_iter()
            .map(|(what, bundle)| (what, self.with_provenance(about, build, statement.clone(), bundle)))
            .collect()
    }

    /// Signed by somebody who may not say so.
    fn wrong_keys(&self, about: About<'_>, build: &Build) -> Vec<(&'static str, Served)> {
        let honest = self.honest(about, build);
        let sign = |signature: Value| Served {
            signatures: vec![signature],
            ..honest.clone()
        };
        let publish = about.publish();
        let stranger = self.stranger.signature(about.name, about.version, about.integrity);
        let mut masked = stranger.clone();
        masked["keyid"] = self.registry.keyid.into();
        let mut all = vec![
            ("signature by a stranger", sign(stranger)),
            ("signature by a stranger in the registry's name", sign(masked)),
            (
                "signature of another version",
                sign(self.registry.signature(about.name, "9.9.9", about.integrity)),
            ),
            (
                "signature of other bytes",
                sign(self.registry.signature(about.name, about.version, &integrity(b"other bytes"))),
            ),
            (
                "signature by an expired key",
                sign(self.expired.signature(about.name, about.version, about.integrity)),
            ),
        ];
        let mut masked = self.attest_with(&self.stranger, &publish, NOON + 3);
        masked["verificationMaterial"]["publicKey"]["hint"] = self.registry.keyid.into();
        masked["dsseEnvelope"]["signatures"][0]["keyid"] = self.registry.keyid.into();
        let mut swapped = self.attest_with(&self.registry, &publish, NOON + 3);
        swapped["dsseEnvelope"]["signatures"][0]["keyid"] = self.expired.keyid.into();
        let publishes = [
            ("published by a stranger", self.attest_with(&self.stranger, &publish, NOON + 3)),
            ("published by a stranger in the registry's name", masked),
            ("published with two names of a key", swapped),
            ("published by an expired key", self.attest_with(&self.expired, &publish, NOON + 3)),
            ("published by a build", self.attest(build, &publish)),
        ];
        all.extend(publishes.map(|(what, bundle)| (what, self.with_publish(about, build, publish.clone(), bundle))));
        let provenance = about.provenance(build);
        let bundle = self.attest_with(&self.registry, &provenance, NOON + 3);
        all.push((
            "provenance by the registry's key",
            self.with_provenance(about, build, provenance.clone(), bundle),
        ));
        let bundle = self.attest(build, &provenance);
        all.push((
            "provenance that is called something else",
            self.with_provenance(about, build, publish, bundle),
        ));
        all
    }

    fn with_provenance(&self, about: About<'_>, build: &Build, statement: Statement, bundle: Value) -> Served {
        let mut served = self.honest(about, build);
        served.bundles[1] = (statement, bundle);
        served
    }

    fn with_publish(&self, about: About<'_>, build: &Build, statement: Statement, bundle: Value) -> Served {
        let mut served = self.honest(about, build);
        served.bundles[0] = (statement, bundle);
        served
    }
}

impl About<'_> {
    /// What a builder says of it.
    pub(crate) fn provenance(self, build: &Build) -> Statement {
        Statement::provenance(self.name, self.version, self.integrity, build)
    }

    /// What the registry says of it.
    pub(crate) fn publish(self) -> Statement {
        Statement::publish(self.name, self.version, self.integrity, self.registry)
    }
}
