//! Checks of an entry as a whole, before anything of it is used.

use serde_json::json;

use crate::error::Error;
use crate::lock::check::check;
use crate::manifest::ServerEntry;
use crate::mcp::launch::digest_file;
use crate::model::launch::PinnedFile;
use crate::model::{Change, Closure, Detail, Drift, Finding, Grade, Launch, LocalArg, Pin, Pinned, Report, ServerName, Source};
use crate::ops::ecosystem::{self, Machine};
use crate::ops::scope::Loaded;
use crate::ops::tools::Tools;
use crate::policy;

const MANIFEST_DIFFERS: &str = "manifest-differs";

/// What is wrong with a closure as a whole: a poisoned lock.
pub fn poison(name: &ServerName, pin: &Pin) -> Vec<Finding> {
    let Pinned::Package { closure, .. } = &pin.pinned else {
        return Vec::new();
    };
    check(closure, &pin.source)
        .into_iter()
        .map(|poison| {
            let text = poison.to_string();
            let (code, grade) = if poison.is_notice() {
                ("peer-unsatisfied", Grade::Notice)
            } else {
                ("lock-poisoned", Grade::Critical)
            };
            Finding::new(code, grade, name, "", text.clone(), &json!(text))
        })
        .collect()
}

/// The manifest against the lock: what the user wants and what is pinned must be the same.
pub fn manifest(name: &ServerName, pin: Option<&Pin>, entry: Option<&ServerEntry>) -> Vec<Finding> {
    let differs = |what: String| {
        vec![Finding::new(
            MANIFEST_DIFFERS,
            Grade::Warning,
            name,
            "",
            format!("mcp-pin.toml and mcp-pin.lock differ: {what}"),
            &json!(what),
        )]
    };
    let (pin, entry) = match (pin, entry) {
        (Some(pin), Some(entry)) => (pin, entry),
        (Some(_), None) => return differs("the manifest does not name this server".into()),
        (None, Some(_)) => return differs("the lock does not hold this server".into()),
        (None, None) => return Vec::new(),
    };
    let locked = crate::ops::candidate::entry_of(pin);
    let mut differences = Vec::new();
    let mut compare = |field: &str, wanted: String, locked: String| {
        if wanted != locked {
            differences.push(format!("{field} is {wanted} in the manifest and {locked} in the lock"));
        }
    };
    compare("source", entry.source.to_string(), locked.source.to_string());
    if entry.source != Source::Local {
        compare("args", format!("{:?}", entry.args), format!("{:?}", locked.args));
    }
    let sorted = |names: &[String]| {
        let mut names = names.to_vec();
        names.sort();
        format!("{names:?}")
    };
    compare("command", format!("{:?}", entry.command), format!("{:?}", locked.command));
    compare("env", sorted(&entry.env), sorted(&locked.env));
    compare("cwd", entry.cwd.as_str().into(), locked.cwd.as_str().into());
    compare("network", entry.network.to_string(), locked.network.to_string());
    let headers = |entry: &ServerEntry| {
        let rules = entry.remote.headers.iter();
        format!("{:?}", rules.map(|rule| (rule.name(), rule.template())).collect::<Vec<_>>())
    };
    let key = |entry: &ServerEntry| entry.remote.tls_key.map_or_else(|| "none".to_owned(), |key| key.to_string());
    compare("headers", headers(entry), headers(&locked));
    compare(
        "transport",
        entry.remote.transport.as_str().into(),
        locked.remote.transport.as_str().into(),
    );
    compare("tls-key", key(entry), key(&locked));
    compare("private", entry.remote.private.to_string(), locked.remote.private.to_string());
    for ((rule, wanted), (_, locked)) in entry.guard.pin().rules().into_iter().zip(pin.guard.rules()) {
        compare(&format!("guard.{rule}"), wanted, locked);
    }
    differences.into_iter().flat_map(differs).collect()
}

/// The error for bytes that are not what somebody claims: it cannot be accepted. `what` is one
/// sentence, `evidence` a line each.
pub fn untrustworthy(name: &ServerName, code: &'static str, what: &str, evidence: &[String]) -> Error {
    let mut finding = Finding::new(code, Grade::Critical, name, "", what, &json!(evidence));
    finding.details = evidence.iter().map(|line| Detail::Line(line.clone())).collect();
    Error::Untrustworthy {
        server: name.clone(),
        what: what.to_owned(),
        report: Box::new(Report {
            findings: vec![finding],
            ..Report::default()
        }),
    }
}

/// The entry file of a lock against the server's own archive: a lock that names a file that is not
/// there, or not of the server's own package, starts something else or nothing.
///
/// # Errors
/// [`Error::Untrustworthy`], or an archive that cannot be read.
pub fn entry(tools: &Tools<'_>, name: &ServerName, machine: &Machine, closure: &Closure, launch: &Launch) -> Result<(), Error> {
    let wrong = ecosystem::of(closure).wrong_launch(&tools.store, machine, closure, launch)?;
    wrong.map_or(Ok(()), |line| {
        let what = "the lock names no entry that can be started";
        Err(untrustworthy(name, "lock-poisoned", what, &[line]))
    })
}

/// A server that this user approved and never removed, and that stands in neither file any more:
/// whoever took it out took it out of every check as well.
pub fn vanished(name: &ServerName) -> Finding {
    let title = "you approved this server, and it is in neither mcp-pin.toml nor mcp-pin.lock any more";
    Finding::new("server-vanished", Grade::Warning, name, "", title, &json!({})).with(Detail::Line(format!(
        "if that is right, `mcp-pin remove {name}` takes the approval back"
    )))
}

/// An archive of the store whose bytes are not what its name says: whoever changed it wants the
/// next repair to install something else.
pub fn archive_changed(name: &ServerName, what: &str) -> Finding {
    let title = format!("the stored archive of {what} was changed on disk");
    Finding::new("archive-changed", Grade::Critical, name, what, title, &json!(what))
        .with(Detail::Line("`mcp-pin install` fetches (or builds) it again and checks it".into()))
}

/// The checks that must hold before an entry of a lock is used at all.
///
/// # Errors
/// [`Error::Untrustworthy`] with everything that is wrong: it cannot be accepted.
pub fn whole(name: &ServerName, pin: &Pin, loaded: &Loaded) -> Result<(), Error> {
    let mut report = Report {
        findings: poison(name, pin),
        ..Report::default()
    };
    report.findings.extend(manifest(name, Some(pin), loaded.manifest.servers.get(name)));
    report.findings.retain(|finding| finding.grade > Grade::Notice);
    report.sort();
    match report.findings.first() {
        None => Ok(()),
        Some(worst) if worst.code == MANIFEST_DIFFERS => Err(Error::ManifestDiffers {
            name: name.clone(),
            what: worst.title.clone(),
        }),
        Some(worst) => Err(Error::Untrustworthy {
            server: name.clone(),
            what: worst.title.clone(),
            report: Box::new(report),
        }),
    }
}

/// The pinned files of a local command against the disk.
pub fn local_drift(pin: &Pin) -> Vec<Change> {
    let Pinned::Local(local) = &pin.pinned else { return Vec::new() };
    let files = std::iter::once(&local.command).chain(local.args.iter().filter_map(|arg| match arg {
        LocalArg::File(file) => Some(file),
        LocalArg::Text(_) => None,
    }));
    files
        .filter_map(|PinnedFile { path, digest }| {
            let after = digest_file(std::path::Path::new(path)).ok();
            (after != Some(*digest)).then(|| Change::LocalFile {
                path: path.clone(),
                before: *digest,
                after,
            })
        })
        .collect()
}

/// As [`local_drift`], for an entry about to be approved.
///
/// # Errors
/// A file is not the one that was pinned.
pub fn local_files(name: &ServerName, pin: &Pin) -> Result<(), Error> {
    let changes = local_drift(pin);
    if changes.is_empty() {
        return Ok(());
    }
    let findings = policy::judge(name, &Drift { changes }, &policy::JudgeContext::default());
    let what = findings.first().map(|finding| finding.title.clone()).unwrap_or_default();
    Err(Error::Untrustworthy {
        server: name.clone(),
        what,
        report: Box::new(Report {
            findings,
            ..Report::default()
        }),
    })
}
