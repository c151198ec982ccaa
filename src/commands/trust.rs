//! `mcp-pin trust`: what signatures are proved against, and proving one file by hand.

use std::io::{self, Write};
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::model::PackageName;
use crate::ops::trust::{self, Checked, Loaded, Part, Question, State, Update, Verdict};
use crate::output::outcome::count;
use crate::output::plain;
use crate::surface::visible;
use crate::verify::sigstore::Anchor;

/// Arguments of `trust`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Show the trust root and the registry keys in force, and where they come from.
    Show,
    /// Fetch the newest trust root and registry keys (TUF), in one step and never backwards.
    Refresh,
    /// Prove one downloaded file: who signed it, checked against the trust root in force.
    Check(Check),
}

#[derive(Debug, clap::Args)]
struct Check {
    /// The file: `.tgz` is an npm archive, `.whl` and `.tar.gz` a Python distribution.
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// A document about it: a Sigstore bundle, an npm attestation reply or a PEP 740 provenance
    /// object (may be repeated; each must hold). Without one, the registry is asked.
    #[arg(long, value_name = "DOC", value_hint = clap::ValueHint::FilePath)]
    attestations: Vec<PathBuf>,
    /// The npm package it must be, instead of the name in the archive.
    #[arg(long, value_name = "NAME")]
    name: Option<PackageName>,
    /// The version it must be, instead of the one in the archive.
    #[arg(long, value_name = "VERSION")]
    version: Option<String>,
    /// The public key (PEM) that signed, where no certificate did.
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    key: Option<PathBuf>,
}

/// Shows, fetches or proves.
///
/// # Errors
/// What the operation says. A file that is not proved is a result.
pub async fn exec(args: Args, session: &Session) -> Result<ExitStatus, Error> {
    match args.action {
        Action::Show => show(session),
        Action::Refresh => {
            let update = trust::refresh(&session.context, &session.terminal).await?;
            refreshed(&update, session).map_err(Error::output)?;
            Ok(ExitStatus::Clean)
        }
        Action::Check(check) => {
            let question = Question {
                file: check.file,
                attestations: check.attestations,
                name: check.name,
                version: check.version,
                key: check.key,
            };
            let checked = trust::check(&session.context, &question, &session.terminal).await?;
            answer(&checked, session).map_err(Error::output)?;
            Ok(match checked.verdict {
                Verdict::Proved(_) => ExitStatus::Clean,
                Verdict::Refused(_) | Verdict::Unsigned(_) => ExitStatus::Findings,
                Verdict::Undecided(_) => ExitStatus::Undecided,
            })
        }
    }
}

/// Origin and age, as a person reads them.
fn origin(part: &Part, now: Timestamp) -> String {
    let age = part.origin.age_days(now).map(|days| format!(" ({} old)", count_days(days)));
    visible(&format!("{}{}", part.origin, age.unwrap_or_default()))
}

fn count_days(days: i64) -> String {
    count(usize::try_from(days).unwrap_or(0), "day")
}

fn part_json(part: &Part, now: Timestamp) -> Value {
    json!({
        "source": part.origin.as_str(),
        "origin": part.origin.to_string(),
        "sha256": part.digest,
        "ageDays": part.origin.age_days(now),
    })
}

/// When something counts. The end is the last instant of an authority, the first without a key.
struct Window {
    from: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Window {
    fn state(&self, now: Timestamp) -> &'static str {
        if self.until.is_some_and(|until| until < now) {
            "expired"
        } else if self.from.is_some_and(|from| now < from) {
            "not yet valid"
        } else {
            "valid"
        }
    }

    fn words(&self, now: Timestamp) -> String {
        let day = |at: Timestamp| at.strftime("%Y-%m-%d").to_string();
        let from = self.from.map(|from| format!("from {}", day(from)));
        let until = self.until.map(|until| format!("until {}", day(until)));
        let mut words: Vec<_> = from.into_iter().chain(until).collect();
        match self.state(now) {
            "valid" => {}
            state => words.push(state.to_owned()),
        }
        words.join(" ")
    }

    fn json(&self, now: Timestamp) -> (Value, Value, &'static str) {
        let text = |at: Option<Timestamp>| at.map_or(Value::Null, |at| at.to_string().into());
        (text(self.from), text(self.until), self.state(now))
    }
}

impl From<&Anchor> for Window {
    fn from(anchor: &Anchor) -> Self {
        Self {
            from: anchor.from,
            until: anchor.until,
        }
    }
}

fn show(session: &Session) -> Result<ExitStatus, Error> {
    let loaded = trust::loaded(&session.context)?;
    let now = session.context.now();
    let printed = if session.printer.is_json() {
        session.printer.json(&show_json(&loaded, now))
    } else {
        session.printer.data(|out| show_plain(out, &loaded, now))
    };
    printed.map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}

fn show_plain(out: &mut dyn Write, loaded: &Loaded, now: Timestamp) -> io::Result<()> {
    writeln!(out, "trust root     {}", origin(&loaded.root, now))?;
    writeln!(out, "               sha256 {}", loaded.root.digest)?;
    let summary = loaded.trust.root.summary();
    for (title, anchors) in [
        ("certificate authorities", &summary.authorities),
        ("transparency logs", &summary.logs),
        ("certificate logs", &summary.certificate_logs),
        ("timestamp authorities", &summary.timestamp_authorities),
    ] {
        if !anchors.is_empty() {
            writeln!(out, "  {title}")?;
        }
        for anchor in anchors {
            let window = Window::from(anchor).words(now);
            writeln!(out, "    {}  {}  {window}", anchor.name, anchor.url)?;
        }
    }
    for (at, part) in loaded.keys.iter().enumerate() {
        let title = if at == 0 { "registry keys" } else { "and" };
        writeln!(out, "{title:<13}  {}", origin(part, now))?;
        writeln!(out, "               sha256 {}", part.digest)?;
    }
    for key in loaded.trust.keys.summary() {
        let window = Window {
            from: key.start,
            until: key.end,
        };
        writeln!(out, "    {}  {}  {}", visible(&key.keyid), key.usage.as_str(), window.words(now))?;
    }
    Ok(())
}

fn show_json(loaded: &Loaded, now: Timestamp) -> Value {
    let anchors = |anchors: &[Anchor]| {
        let each = anchors.iter().map(|anchor| {
            let (from, until, state) = Window::from(anchor).json(now);
            json!({"name": anchor.name, "url": anchor.url, "from": from, "until": until, "state": state})
        });
        each.collect::<Vec<_>>()
    };
    let summary = loaded.trust.root.summary();
    let keys = loaded.trust.keys.summary().into_iter().map(|key| {
        let window = Window {
            from: key.start,
            until: key.end,
        };
        let (from, until, state) = window.json(now);
        json!({"keyid": key.keyid, "usage": key.usage.as_str(), "from": from, "until": until, "state": state})
    });
    let mut root = part_json(&loaded.root, now);
    if let Some(members) = root.as_object_mut() {
        members.insert("certificateAuthorities".into(), anchors(&summary.authorities).into());
        members.insert("transparencyLogs".into(), anchors(&summary.logs).into());
        members.insert("certificateLogs".into(), anchors(&summary.certificate_logs).into());
        members.insert("timestampAuthorities".into(), anchors(&summary.timestamp_authorities).into());
    }
    json!({
        "schemaVersion": 1,
        "trustRoot": root,
        "registryKeys": {
            "sources": loaded.keys.iter().map(|part| part_json(part, now)).collect::<Vec<_>>(),
            "keys": keys.collect::<Vec<_>>(),
        },
    })
}

/// The version of one role.
type Role = fn(&State) -> u64;

fn refreshed(update: &Update, session: &Session) -> io::Result<()> {
    if session.printer.is_json() {
        let state = |state: &State| {
            let versions = state.versions;
            json!({
                "at": state.at.to_string(),
                "versions": {"root": versions.root, "timestamp": versions.timestamp, "snapshot": versions.snapshot, "targets": versions.targets},
                "trustRoot": state.root,
                "registryKeys": state.keys.as_ref().map(|(path, digest)| json!({"target": path, "sha256": digest})),
            })
        };
        return session.printer.json(&json!({
            "schemaVersion": 1,
            "url": update.url,
            "changed": update.changed(),
            "before": update.before.as_ref().map(state),
            "after": state(&update.after),
        }));
    }
    session.printer.data(|out| {
        let words = if update.changed() { "refreshed" } else { "already current" };
        writeln!(out, "{words}: {}", visible(&update.url))?;
        let (before, after) = (update.before.as_ref(), &update.after);
        let step = |out: &mut dyn Write, title: &str, before: Option<String>, after: String| match before {
            Some(before) if before == after => writeln!(out, "  {title:<13} {after}"),
            Some(before) => writeln!(out, "  {title:<13} {before} -> {after}"),
            None => writeln!(out, "  {title:<13} {after} (new)"),
        };
        let versions: [(&str, Role); 4] = [
            ("root", |state| state.versions.root),
            ("timestamp", |state| state.versions.timestamp),
            ("snapshot", |state| state.versions.snapshot),
            ("targets", |state| state.versions.targets),
        ];
        for (title, of) in versions {
            let version = |state: &State| format!("version {}", of(state));
            step(out, title, before.map(version), version(after))?;
        }
        let root = |state: &State| format!("sha256 {}", state.root);
        step(out, "trust root", before.map(root), root(after))?;
        let keys = |state: &State| match &state.keys {
            Some((path, digest)) => format!("sha256 {digest}, {}", visible(path)),
            None => "none in this repository: the built-in ones count".to_owned(),
        };
        step(out, "registry keys", before.map(keys), keys(after))
    })
}

fn answer(checked: &Checked, session: &Session) -> io::Result<()> {
    let now = session.context.now();
    if session.printer.is_json() {
        return session.printer.json(&answer_json(checked, now));
    }
    session.printer.data(|out| {
        let style = session.printer.out;
        // Values stay whole, to be copied; sentences are broken.
        let line = |out: &mut dyn Write, title: &str, text: &str| writeln!(out, "{title:<10} {}", visible(text));
        let sentence = |out: &mut dyn Write, title: &str, text: &str| plain::line(out, &format!("{title:<10} {text}"), 11, style);
        line(out, "subject", &checked.subject)?;
        line(out, "digest", &checked.digest.to_string())?;
        match &checked.verdict {
            Verdict::Proved(answer) => {
                line(out, "result", "proved")?;
                line(out, "level", &answer.level.to_string())?;
                if let Some(identity) = &answer.identity {
                    line(out, "signer", &identity.signer)?;
                    line(out, "issuer", &identity.issuer)?;
                    let members = [
                        ("repository", &identity.repository),
                        ("workflow", &identity.workflow),
                        ("builder", &identity.builder),
                        ("ref", &answer.git_ref),
                        ("commit", &answer.commit),
                        ("run", &answer.run),
                    ];
                    for (title, text) in members {
                        if let Some(text) = text {
                            line(out, title, text)?;
                        }
                    }
                }
                if let Some(at) = answer.logged_at {
                    line(out, "logged", &format!("{at:.0}"))?;
                }
                for text in &answer.checked {
                    sentence(out, "checked", text)?;
                }
            }
            Verdict::Refused(attack) => {
                line(out, "result", "refused")?;
                sentence(out, "because", attack)?;
            }
            Verdict::Unsigned(why) => {
                line(out, "result", "unsigned")?;
                sentence(out, "because", why)?;
            }
            Verdict::Undecided(cause) => {
                line(out, "result", "could not decide")?;
                sentence(out, "because", cause)?;
            }
        }
        sentence(out, "against", &checked.against.told(now))
    })
}

fn answer_json(checked: &Checked, now: Timestamp) -> Value {
    let (result, because) = match &checked.verdict {
        Verdict::Proved(_) => ("proved", None),
        Verdict::Refused(attack) => ("refused", Some(attack)),
        Verdict::Unsigned(why) => ("unsigned", Some(why)),
        Verdict::Undecided(cause) => ("undecided", Some(cause)),
    };
    let evidence = match &checked.verdict {
        Verdict::Proved(answer) => json!({
            "level": answer.level.to_string(),
            "identity": answer.identity.as_ref().map(|identity| json!({
                "issuer": identity.issuer,
                "signer": identity.signer,
                "repository": identity.repository,
                "repositoryId": identity.repository_id,
                "ownerId": identity.owner_id,
                "workflow": identity.workflow,
                "builder": identity.builder,
            })),
            "ref": answer.git_ref,
            "commit": answer.commit,
            "run": answer.run,
            "loggedAt": answer.logged_at.map(|at| at.to_string()),
            "checked": answer.checked,
        }),
        _ => Value::Null,
    };
    json!({
        "schemaVersion": 1,
        "subject": checked.subject,
        "digest": checked.digest,
        "result": result,
        "because": because,
        "evidence": evidence,
        "trustRoot": part_json(&checked.against.root, now),
    })
}
