//! What the registry says about who made a version: signatures, attestations, and lies about both.

use serde_json::{Value, json};

use super::{FakeNpm, Package, State};

/// Where the attestations of a version are asked for.
const ENDPOINT: &str = "-/npm/v1/attestations/";

/// What is served about one version. Troubles of the path come before it.
#[derive(Default)]
pub(super) struct Evidence {
    signatures: Option<Value>,
    announced: bool,
    /// `None` is answered with 404.
    reply: Option<Vec<u8>>,
}

impl State {
    /// Puts what is known about a version into its `dist`.
    pub(super) fn announce(&self, dist: &mut Value, name: &str, version: &str, address: std::net::SocketAddr) {
        let Some(evidence) = self.evidence.get(&(name.to_owned(), version.to_owned())) else {
            return;
        };
        if let Some(signatures) = &evidence.signatures {
            dist["signatures"] = signatures.clone();
        }
        if evidence.announced {
            dist["attestations"] = json!({
                "url": format!("http://{address}/{ENDPOINT}{name}@{version}"),
                "provenance": {"predicateType": "https://slsa.dev/provenance/v1"},
            });
        }
    }

    /// The answer to a path of the endpoint; `None` where the path is another.
    pub(super) fn attestations(&self, path: &str) -> Option<Result<Vec<u8>, u16>> {
        let (name, version) = path.strip_prefix(ENDPOINT)?.rsplit_once('@')?;
        let evidence = self.evidence.get(&(name.to_owned(), version.to_owned()));
        Some(evidence.and_then(|evidence| evidence.reply.clone()).ok_or(404))
    }
}

impl Package {
    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }
}

impl FakeNpm {
    fn evidence(&self, name: &str, version: &str, change: impl FnOnce(&mut Evidence)) -> &Self {
        change(self.state().evidence.entry((name.into(), version.into())).or_default());
        self
    }

    /// The path at which the attestations of a version are asked for, for [`FakeNpm::trouble`].
    pub(crate) fn attestations_path(name: &str, version: &str) -> String {
        format!("/{ENDPOINT}{name}@{version}")
    }

    /// Serves `dist.signatures`; `Null` takes them away.
    pub(crate) fn signatures(&self, name: &str, version: &str, signatures: Value) -> &Self {
        self.evidence(name, version, |evidence| {
            evidence.signatures = Some(signatures).filter(|signatures| !signatures.is_null());
        })
    }

    /// Serves this body as the attestations of a version, and announces them in the metadata.
    pub(crate) fn attestations(&self, name: &str, version: &str, reply: impl Into<Vec<u8>>) -> &Self {
        self.evidence(name, version, |evidence| {
            evidence.announced = true;
            evidence.reply = Some(reply.into());
        })
    }

    /// Whether the metadata says that there are attestations.
    pub(crate) fn announces(&self, name: &str, version: &str, announced: bool) -> &Self {
        self.evidence(name, version, |evidence| evidence.announced = announced)
    }

    /// Answers 404 for the attestations of a version; what the metadata says stays.
    pub(crate) fn loses_attestations(&self, name: &str, version: &str) -> &Self {
        self.evidence(name, version, |evidence| evidence.reply = None)
    }

    /// As if nothing had ever been attested; signatures stay.
    pub(crate) fn strips_attestations(&self, name: &str, version: &str) -> &Self {
        self.loses_attestations(name, version).announces(name, version, false)
    }

    /// A mirror that keeps the archive and nothing of who made it.
    pub(crate) fn strips(&self, name: &str, version: &str) -> &Self {
        self.state().evidence.remove(&(name.into(), version.into()));
        self
    }
}
