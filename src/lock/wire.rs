//! Version 4 as it stands in the file; version 3 is the same without `guard` and remote servers,
//! version 2 also without Python, version 1 also without `evidence`. Private: nothing outside `lock` sees these types, so the format and the model can
//! move apart.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::guard::WireGuard;
use super::strict::Strict;

/// The whole file.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(title = "mcp-pin.lock, version 4")]
pub(super) struct WireFile {
    /// Tells this file from another tool's of the same name.
    pub(super) kind: WireKind,
    /// The format's version: 4; or 3, which has no `guard` and no remote servers; or 2, which has no
    /// Python either; or 1, which has no `evidence` either.
    #[schemars(range(min = 1, max = 4))]
    pub(super) lockfile_version: u64,
    /// The entries by the server's local name.
    pub(super) servers: BTreeMap<String, WireServer>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub(super) enum WireKind {
    /// Ours.
    #[serde(rename = "mcp-pin/closure")]
    Closure,
}

/// One server. Either `package`, `launch` and `packages`, or `local`, or `remote`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireServer {
    /// The manifest's source when this was locked, for example `npm:NAME@^1`.
    pub(super) source: String,
    /// The server's own package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) package: Option<WireRoot>,
    /// How it is started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) launch: Option<WireLaunch>,
    /// Every package of the closure, for all platforms, by install path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) packages: Option<BTreeMap<String, WirePackage>>,
    /// A command of one machine; only in a user's own lock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) local: Option<WireLocal>,
    /// A server of somebody else's, spoken to over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) remote: Option<super::remote::WireRemote>,
    /// What the server tells the model. Absent where it was never probed: nothing guards it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) surface: Option<WireSurface>,
    /// The rules that the manifest adds, which only take away. Absent where it adds none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) guard: Option<WireGuard>,
}

/// The server's own package.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireRoot {
    /// The kind of registry.
    pub(super) registry_type: WireRegistry,
    /// The package's real name.
    pub(super) identifier: String,
    /// The exact version.
    pub(super) version: String,
    /// Where it stands, if not at `node_modules/IDENTIFIER`. npm only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) path: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum WireRegistry {
    /// npm's.
    Npm,
    /// A Python index.
    Pypi,
}

/// A launch without a shell.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireLaunch {
    /// The interpreter.
    pub(super) runtime: WireRuntime,
    /// Node: the entry file, relative to the installed tree. Python: `NAME = module:callable`.
    pub(super) entry: String,
    /// Arguments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) args: Vec<String>,
    /// Names of the variables passed through; values are never stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) env: Vec<String>,
    /// The working directory.
    pub(super) cwd: WireCwd,
    /// The probe may use the network.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) network: bool,
}

/// An interpreter.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireRuntime {
    /// Which.
    pub(super) kind: WireRuntimeKind,
    /// The version range that the package itself names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) wanted: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum WireRuntimeKind {
    /// Node.js.
    Node,
    /// Python.
    Python,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum WireCwd {
    /// An empty folder of mcp-pin's.
    Empty,
    /// The client's working directory.
    Client,
}

/// One package of a closure. npm's at `node_modules/…` has `integrity`; Python's at
/// `site-packages/NAME@VERSION` has `wheels`, or `sdist` where the user allowed a build. The members
/// of the one never stand in the other.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WirePackage {
    /// The real name, only where the path is an alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// The exact version.
    pub(super) version: String,
    /// The archive's digest, `sha512-…` or `sha256-…`. npm only.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) integrity: Option<String>,
    /// What is proved about who made the archive. Absent where nothing is, and in version 1. npm only.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) evidence: Option<WireEvidence>,
    /// Systems it is limited to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) os: Vec<String>,
    /// Processors it is limited to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) cpu: Vec<String>,
    /// C libraries it is limited to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) libc: Vec<String>,
    /// May be left out where the platform does not fit.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) optional: bool,
    /// Install scripts, which mcp-pin never runs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) scripts: BTreeMap<String, String>,
    /// Native code is in the archive.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) native: bool,
    /// Name to requirement.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) dependencies: BTreeMap<String, String>,
    /// Name to requirement.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) optional_dependencies: BTreeMap<String, String>,
    /// Name to requirement.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) peer_dependencies: BTreeMap<String, String>,
    /// Peers that may be missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) optional_peers: Vec<String>,
    /// Dependencies inside this package's own archive.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) bundled: Vec<String>,
    /// The versions of Node.js it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) engines_node: Option<String>,
    /// Every wheel of this version by its file name. Python only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) wheels: BTreeMap<String, WireArchive>,
    /// The source distribution that is built on each machine. Python only, in place of `wheels`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) sdist: BTreeMap<String, WireArchive>,
    /// The user allowed the build of `sdist`. Python only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) built: bool,
    /// Where it belongs, as an environment marker. Python only.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) marker: Option<String>,
    /// What it requires, as its own metadata says. Python only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) requires: Vec<String>,
    /// The versions of Python it names. Python only.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) requires_python: Option<String>,
    /// Code that runs whenever the server's interpreter starts, by the file that holds it. Python only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) startup: BTreeMap<String, String>,
}

/// One of a package's archives: its digest, `sha256-…`, alone where nothing is proved about who
/// made it, so that a wheel is one line.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum WireArchive {
    /// The digest.
    Digest(String),
    /// The digest, and what is proved.
    Proved(Box<WireProved>),
}

/// An archive about whose maker something is proved.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireProved {
    /// The archive's digest, `sha256-…`.
    pub(super) integrity: String,
    /// What is proved about who made it.
    pub(super) evidence: WireEvidence,
}

impl<'de> Deserialize<'de> for WireArchive {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ArchiveVisitor)
    }
}

/// By hand instead of derived: an error then says what is wrong, and where.
struct ArchiveVisitor;

impl<'de> Visitor<'de> for ArchiveVisitor {
    type Value = WireArchive;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a digest, or a digest with evidence")
    }

    fn visit_str<E>(self, digest: &str) -> Result<WireArchive, E> {
        Ok(WireArchive::Digest(digest.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<WireArchive, A::Error> {
        WireProved::deserialize(MapAccessDeserializer::new(map)).map(|proved| WireArchive::Proved(Box::new(proved)))
    }
}

/// What is proved about who made an archive. Never empty.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireEvidence {
    /// `signed` or `provenance`: what the members beside it give, said again for people.
    #[schemars(regex(pattern = "^(signed|provenance)$"))]
    pub(super) level: String,
    /// The registry's signature over `NAME@VERSION:INTEGRITY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signature: Option<WireSignature>,
    /// The digest of the registry's publish attestation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub(super) publish: Option<String>,
    /// Who built the archive, and from what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) provenance: Option<WireProvenance>,
}

/// A registry's signature.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireSignature {
    /// The label of the registry's key.
    #[schemars(length(min = 1, max = 256))]
    pub(super) keyid: String,
    /// Base64.
    #[schemars(length(min = 1, max = 1024))]
    pub(super) signature: String,
    /// When the registry says the version was published; decides once the key has an end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) published: Option<String>,
}

/// Who built an archive, and from what, as the signer's certificate says.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireProvenance {
    /// Who vouched for the signer.
    #[schemars(length(min = 1, max = 2048))]
    pub(super) issuer: String,
    /// The signing workflow without its ref, or an e-mail address.
    #[schemars(length(min = 1, max = 2048))]
    pub(super) signer: String,
    /// The source repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub(super) repository: Option<String>,
    /// The host's immutable number of the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub(super) repository_id: Option<String>,
    /// The host's immutable number of the repository's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub(super) owner_id: Option<String>,
    /// The file of the build's configuration inside the repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub(super) workflow: Option<String>,
    /// What ran the build.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub(super) builder: Option<String>,
    /// The git ref that was built.
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub(super) git_ref: Option<String>,
    /// The commit that was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 2048))]
    pub(super) commit: Option<String>,
    /// The digests of the bundles that prove it, sorted.
    #[schemars(length(min = 1, max = 64))]
    pub(super) bundles: Vec<String>,
}

/// A command of one machine.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireLocal {
    /// The executable.
    pub(super) command: WireFileDigest,
    /// Every argument, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) args: Vec<WireArg>,
    /// As in a launch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) env: Vec<String>,
    /// As in a launch.
    pub(super) cwd: WireCwd,
    /// As in a launch.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) network: bool,
}

/// A file of one machine.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireFileDigest {
    /// The absolute path.
    pub(super) path: String,
    /// SHA-256 of its content.
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub(super) digest: String,
}

/// An argument of a local command.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum WireArg {
    /// Plain text.
    Text(String),
    /// A pinned file.
    File(WireFileDigest),
}

/// What a server tells the model.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireSurface {
    /// Names of the variables that had a value when it was taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) env: Vec<String>,
    /// The network was open when it was taken.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) network: bool,
    /// One an era and kind of client.
    pub(super) views: Vec<WireView>,
    /// Leaves that move by themselves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) volatile: Vec<WireVolatile>,
}

/// What one kind of client sees in one era.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireView {
    /// The way of shaking hands.
    pub(super) era: WireEra,
    /// What the client said it can do.
    pub(super) client: WireClient,
    /// The handshake.
    pub(super) handshake: WireDefinition,
    /// Absent where the server has no such list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tools: Option<Vec<WireDefinition>>,
    /// Absent where the server has no such list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) prompts: Option<Vec<WireDefinition>>,
    /// Absent where the server has no such list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) resources: Option<Vec<WireDefinition>>,
    /// Absent where the server has no such list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) resource_templates: Option<Vec<WireDefinition>>,
}

/// A definition as the server sent it, and its digest.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireDefinition {
    /// SHA-256 over the RFC 8785 form of `definition`.
    #[schemars(regex(pattern = r"^[0-9a-f]{64}$"))]
    pub(super) digest: String,
    /// Every member, known or not.
    pub(super) definition: Strict,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum WireEra {
    /// `initialize`.
    Legacy,
    /// `server/discover`.
    Modern,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum WireClient {
    /// Every kind of client got this answer.
    Any,
    /// A client without capabilities.
    Bare,
    /// A client with sampling, elicitation and roots.
    Full,
}

/// A leaf that differed between two takings of one surface.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireVolatile {
    /// Which view.
    pub(super) era: WireEra,
    /// Which view.
    pub(super) client: WireClient,
    /// `tools/NAME` and a JSON pointer, or `handshake` and a JSON pointer.
    pub(super) at: String,
    /// How it may move.
    pub(super) shape: WireShape,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WireShape {
    /// An ISO 8601 date or time.
    Date,
    /// A whole number.
    Integer,
    /// A UUID.
    Uuid,
    /// The same words in another order.
    TokenSet,
    /// No known shape: every difference is reported.
    Unshaped,
}

/// A member that stands there holds something: `null` is no other word for absent, so that no lock
/// of a version without the member carries it in any form.
pub(super) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
pub(super) const fn is_false(value: &bool) -> bool {
    !*value
}

/// The JSON Schema of version 4, generated from the types that read and write it. It describes the
/// shape only; the rules between fields are the reader's.
pub fn schema() -> Value {
    schemars::schema_for!(WireFile).to_value()
}
