//! Version 1 of the report. Fields may be added; none changes its meaning or goes away without a
//! new version.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::write;
use crate::model::report::{Detail as ModelDetail, Status as ModelStatus, Undecided as ModelUndecided};
use crate::model::{Finding as ModelFinding, Grade as ModelGrade, Part as ModelPart, Provenance as ModelProvenance};
use crate::ops::ServerLine;
use crate::ops::evidence::source_link;
use crate::output::document::{self, Document};
use crate::policy::{THRESHOLD, page, part};

/// A report of mcp-pin.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(title = "mcp-pin report")]
pub struct Report {
    /// Always 1 in this form.
    #[schemars(range(min = 1, max = 1))]
    pub schema_version: u32,
    /// How the check ended.
    pub status: Status,
    /// The least grade that makes `status` become `findings`.
    pub threshold: Grade,
    /// How many of what.
    pub summary: Summary,
    /// Every finding, worst first, then by server, code and subject.
    pub findings: Vec<Finding>,
    /// What could not be checked: never a pass.
    pub undecided: Vec<Undecided>,
    /// Servers that were checked in full and have nothing to report.
    pub clean: Vec<String>,
    /// What became of each server that the operation was about.
    pub servers: Vec<Server>,
    /// What signatures were proved against, and how old that is; absent where none were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<String>,
    /// Why the operation ended early, if it did. What stands in the other fields was found before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// Names the report as a whole, for `--accept`, where a decision about it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = "^[0-9a-f]{32}$"))]
    pub fingerprint: Option<String>,
}

/// What became of one server.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// The entry's name.
    pub name: String,
    /// `added`, `updated`, `unchanged`, `installed`, `repaired`, `available`, `checked`, `compared`, `restored`, `removed`.
    pub action: String,
    /// The version of its own package; absent for a local command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Packages of its closure, for all platforms.
    pub packages: usize,
    /// Installed files that were compared with their archives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// Tools of its pinned surface; absent where no surface is pinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<usize>,
    /// The level of evidence of its own package: `hash`, `signed` or `provenance`; absent for a
    /// local command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// Who built its own package, where that is proved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// Packages of its closure by level; absent for a local command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<Levels>,
    /// Packages whose signatures and attestations were proved again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proved: Option<usize>,
    /// What else to know.
    pub notes: Vec<String>,
}

/// How many packages reach which level.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Levels {
    /// Built by a proved identity.
    pub provenance: usize,
    /// Signed by the registry alone.
    pub signed: usize,
    /// Nothing but the digest.
    pub hash: usize,
}

/// Who built a package, as its certificate says.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Provenance {
    /// The OIDC issuer.
    pub issuer: String,
    /// The certificate's subject alternative name, without its ref.
    pub signer: String,
    /// The source repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The build configuration inside the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workflow: Option<String>,
    /// What ran the build.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub builder: Option<String>,
    /// The git ref that was built.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub git_ref: Option<String>,
    /// The commit that was built.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Where that commit can be read, on hosts whose addresses are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl From<&ModelProvenance> for Provenance {
    fn from(provenance: &ModelProvenance) -> Self {
        let identity = &provenance.identity;
        Self {
            issuer: identity.issuer.clone(),
            signer: identity.signer.clone(),
            repository: identity.repository.clone(),
            workflow: identity.workflow.clone(),
            builder: identity.builder.clone(),
            git_ref: provenance.git_ref.clone(),
            commit: provenance.commit.clone(),
            source: source_link(provenance),
        }
    }
}

/// Why an operation ended early.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// What could not be done, or what was found.
    pub message: String,
    /// The causes below it.
    pub causes: Vec<String>,
    /// What helps.
    pub hints: Vec<String>,
}

/// How a check ended.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nothing to report; exit status 0.
    Clean,
    /// Findings at or above the threshold; exit status 1.
    Findings,
    /// Something could not be checked; exit status 2.
    Undecided,
}

/// What a finding could do to you.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Logged.
    Info,
    /// Shown, approved with the batch.
    Notice,
    /// Approved one by one.
    Warning,
    /// Accepted only by naming its fingerprint.
    Critical,
}

/// The part of a server that a finding is about.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// What the code of its packages does, and what runs it.
    Code,
    /// What it tells the model.
    Surface,
    /// Which packages stand behind it.
    Closure,
    /// Who made them, and how that is proved.
    Trust,
    /// How it is started, and what it is given.
    Launch,
    /// What lies on this machine.
    Machine,
}

/// Numbers of findings by grade, and of what else the report has.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Critical findings.
    pub critical: usize,
    /// Warnings.
    pub warning: usize,
    /// Notices.
    pub notice: usize,
    /// Infos.
    pub info: usize,
    /// Entries of `undecided`.
    pub undecided: usize,
    /// Entries of `clean`.
    pub clean: usize,
}

/// One judged fact.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Stable kebab-case code with one documented meaning.
    pub code: String,
    /// How bad.
    pub grade: Grade,
    /// What part of the server to look at.
    pub part: Part,
    /// The entry it is about.
    pub server: String,
    /// What inside the server: a tool, a package, a file. May be empty.
    pub subject: String,
    /// One line for a person.
    pub title: String,
    /// What the code means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    /// What a careful person does next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Names this finding exactly: 32 hexadecimal digits, to be given to `--accept`.
    #[schemars(regex(pattern = "^[0-9a-f]{32}$"))]
    pub fingerprint: String,
    /// The evidence. Text in it comes from servers and packages: treat it as hostile.
    pub details: Vec<Detail>,
}

/// Evidence.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Detail {
    /// One line.
    Line {
        /// The line.
        text: String,
    },
    /// A changed text.
    Text {
        /// Which text.
        label: String,
        /// Before; empty where it is new.
        before: String,
        /// After; empty where it is gone.
        after: String,
    },
    /// A piece of code at its place.
    Code {
        /// The file.
        path: String,
        /// The line, from 1; 0 where it is about the whole file.
        line: u32,
        /// What stood there; empty where it is new.
        before: String,
        /// What stands there now.
        after: String,
    },
}

/// Something that could not be checked.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Undecided {
    /// The entry it is about.
    pub server: String,
    /// What could not be decided and why; fits "could not ...".
    pub what: String,
    /// What to do.
    pub hints: Vec<String>,
}

/// Writes a report.
pub fn report(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    write(out, report)
}

impl From<&Document> for Report {
    fn from(document: &Document) -> Self {
        let report = &document.report;
        Self {
            schema_version: 1,
            status: document.status.into(),
            threshold: THRESHOLD.into(),
            summary: Summary {
                critical: report.count(ModelGrade::Critical),
                warning: report.count(ModelGrade::Warning),
                notice: report.count(ModelGrade::Notice),
                info: report.count(ModelGrade::Info),
                undecided: report.undecided.len(),
                clean: report.clean.len(),
            },
            findings: report.findings.iter().map(Finding::from).collect(),
            undecided: report.undecided.iter().map(Undecided::from).collect(),
            clean: report.clean.iter().map(ToString::to_string).collect(),
            servers: document.servers.iter().map(Server::from).collect(),
            trust: document.trust.clone(),
            error: document.failure.as_ref().map(Failure::from),
            fingerprint: document.fingerprint.as_ref().map(ToString::to_string),
        }
    }
}

impl From<&document::Failure> for Failure {
    fn from(failure: &document::Failure) -> Self {
        Self {
            message: failure.message.clone(),
            causes: failure.causes.clone(),
            hints: failure.hints.clone(),
        }
    }
}

impl From<ModelPart> for Part {
    fn from(part: ModelPart) -> Self {
        match part {
            ModelPart::Code => Self::Code,
            ModelPart::Surface => Self::Surface,
            ModelPart::Closure => Self::Closure,
            ModelPart::Trust => Self::Trust,
            ModelPart::Launch => Self::Launch,
            ModelPart::Machine => Self::Machine,
        }
    }
}

impl From<ModelStatus> for Status {
    fn from(status: ModelStatus) -> Self {
        match status {
            ModelStatus::Clean => Self::Clean,
            ModelStatus::Findings => Self::Findings,
            ModelStatus::Undecided => Self::Undecided,
        }
    }
}

impl From<&ServerLine> for Server {
    fn from(line: &ServerLine) -> Self {
        Self {
            name: line.name.to_string(),
            action: line.action.as_str().to_owned(),
            version: line.version.clone(),
            packages: line.packages,
            files: line.files,
            tools: line.tools,
            evidence: line.evidence.map(|level| level.to_string()),
            provenance: line.provenance.as_ref().map(Provenance::from),
            levels: line.evidence.map(|_| Levels {
                provenance: line.levels.provenance,
                signed: line.levels.signed,
                hash: line.levels.hash,
            }),
            proved: line.proved,
            notes: line.notes.clone(),
        }
    }
}

impl From<ModelGrade> for Grade {
    fn from(grade: ModelGrade) -> Self {
        match grade {
            ModelGrade::Info => Self::Info,
            ModelGrade::Notice => Self::Notice,
            ModelGrade::Warning => Self::Warning,
            ModelGrade::Critical => Self::Critical,
        }
    }
}

impl From<&ModelFinding> for Finding {
    fn from(finding: &ModelFinding) -> Self {
        Self {
            code: finding.code.to_owned(),
            grade: finding.grade.into(),
            part: part(finding.code).into(),
            server: finding.server.to_string(),
            subject: finding.subject.clone(),
            title: finding.title.clone(),
            explanation: page(finding.code).map(|page| page.meaning.to_owned()),
            advice: page(finding.code).map(|page| page.advice.to_owned()),
            fingerprint: finding.fingerprint.to_string(),
            details: finding.details.iter().map(Detail::from).collect(),
        }
    }
}

impl From<&ModelDetail> for Detail {
    fn from(detail: &ModelDetail) -> Self {
        match detail {
            ModelDetail::Line(text) => Self::Line { text: text.clone() },
            ModelDetail::Text { label, before, after } => Self::Text {
                label: label.clone(),
                before: before.clone(),
                after: after.clone(),
            },
            ModelDetail::Code { path, line, before, after } => Self::Code {
                path: path.clone(),
                line: *line,
                before: before.clone(),
                after: after.clone(),
            },
        }
    }
}

impl From<&ModelUndecided> for Undecided {
    fn from(undecided: &ModelUndecided) -> Self {
        Self {
            server: undecided.server.to_string(),
            what: undecided.what.clone(),
            hints: undecided.hints.clone(),
        }
    }
}
