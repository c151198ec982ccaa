//! Judging bytes and launches: source, versions, closure, scripts, code, installed files.

use serde_json::{Value, json};

use super::Judge;
use crate::lock::check::Version;
use crate::model::drift::{FileChange, FileChangeKind, TreeChangeKind};
use crate::model::report::Detail;
use crate::model::{Change, Drift, Finding, Grade, Sha256Digest, Source};

/// At most this many lines of evidence under one finding; the rest is counted.
const LINES: usize = 20;
/// More damaged files of one kind than this are one finding.
const FILES: usize = 10;

impl Judge<'_> {
    /// The finding for another source.
    pub(super) fn source(&self, before: &str, after: &str) -> Finding {
        let name = |text: &str| match text.parse::<Source>() {
            Ok(Source::Npm { name, .. }) => Some(("npm", name)),
            Ok(Source::Pypi { name, .. }) => Some(("pypi", name)),
            _ => None,
        };
        let facts = json!({"before": before, "after": after});
        let (grade, title) = if name(before).is_some() && name(before) == name(after) {
            (Grade::Notice, "another range of versions is asked for")
        } else {
            (Grade::Critical, "the server comes from another source")
        };
        self.finding("source-changed", grade, "source", title, &facts)
            .with(changed("source", before, after))
    }

    /// The finding for another version of the server's own package.
    pub(super) fn version(&self, before: &str, after: &str) -> Finding {
        let parse = |text: &str| Version::parse(text);
        let facts = json!({"before": before, "after": after});
        // What npm cannot read as a version (`1.1`) is one of Python's.
        let python = |text: &str| text.parse::<pep440_rs::Version>().ok();
        let older = match (parse(before), parse(after)) {
            (Some(old), Some(new)) => new < old,
            _ => python(before).zip(python(after)).is_some_and(|(old, new)| new < old),
        };
        if older {
            let title = format!("version {after} is older than {before}: known holes may be open again");
            self.finding("version-downgraded", Grade::Warning, "version", title, &facts)
        } else {
            self.finding(
                "version-changed",
                Grade::Notice,
                "version",
                format!("version {before} becomes {after}"),
                &facts,
            )
        }
    }

    /// The finding for how the server is started, or for what the guard keeps from it.
    pub(super) fn start(&self, change: &Change) -> Option<Finding> {
        match change {
            Change::Launch { field, before, after } => Some(self.launch(field, before, after)),
            Change::GuardRule {
                rule,
                before,
                after,
                looser,
            } => Some(self.guard_rule(rule, before, after, *looser)),
            _ => None,
        }
    }

    /// The finding for one changed field of the launch.
    fn launch(&self, field: &str, before: &str, after: &str) -> Finding {
        let facts = json!({"before": before, "after": after});
        let kind = |text: &str| text.split(' ').next().map(str::to_owned);
        let (code, grade, title) = match field {
            "runtime" if kind(before) == kind(after) => (
                "runtime-range-changed",
                Grade::Notice,
                "the package asks for other versions of its runtime".to_owned(),
            ),
            "entry" => (
                "entry-changed",
                Grade::Warning,
                "another file or function of the package is started".to_owned(),
            ),
            _ => (
                "launch-changed",
                Grade::Critical,
                format!("the way the server is started changed: {field}"),
            ),
        };
        self.finding(code, grade, field, title, &facts).with(changed(field, before, after))
    }

    /// The finding for a rule of the guard that the lock holds.
    fn guard_rule(&self, rule: &str, before: &str, after: &str, looser: bool) -> Finding {
        let facts = json!({"rule": rule, "before": before, "after": after});
        let (code, grade, title) = if looser {
            (
                "guard-rules-loosened",
                Grade::Warning,
                format!("the guard keeps less from this server than before: {rule}"),
            )
        } else {
            (
                "guard-rules-changed",
                Grade::Notice,
                format!("the guard keeps more from this server than before: {rule}"),
            )
        };
        self.finding(code, grade, rule, title, &facts).with(changed(rule, before, after))
    }

    /// The finding for an install script.
    pub(super) fn script(&self, name: &str, own: bool, script: &str, before: Option<&str>, after: Option<&str>) -> Finding {
        let facts = json!({"script": script, "before": before, "after": after});
        let whose = if own {
            "the server's own package".to_owned()
        } else {
            format!("package {name}")
        };
        let signals = super::signals::of_value(after.map(Value::from).as_ref(), &self.others);
        let fetches = signals
            .keys()
            .any(|signal| signal.kind.grade() == Grade::Critical || signal.kind == super::signals::Kind::Address);
        let grade = if fetches { Grade::Critical } else { Grade::Warning };
        let (code, grade, title) = match (before, after) {
            (_, None) => (
                "install-script-removed",
                Grade::Info,
                format!("{whose} no longer has a `{script}` script"),
            ),
            (None, Some(_)) => (
                "install-script-added",
                grade,
                format!("{whose} now has a `{script}` script (mcp-pin never runs it)"),
            ),
            (Some(_), Some(_)) => (
                "install-script-changed",
                grade,
                format!("{whose} has another `{script}` script (mcp-pin never runs it)"),
            ),
        };
        self.finding(code, grade, name, title, &facts)
            .with(changed(script, before.unwrap_or_default(), after.unwrap_or_default()))
    }

    /// The findings for changed code: the server's own file by file, that of its closure a line a
    /// package.
    pub(super) fn code_changed(&self, drift: &Drift, out: &mut Vec<Finding>) {
        let mut others = Vec::new();
        for change in &drift.changes {
            let Change::Files { name, own, files } = change else { continue };
            if files.is_empty() {
                continue;
            }
            if *own {
                let title = format!("the server's own code changed: {}", amount(files));
                let facts = files.iter().map(file_facts).collect();
                out.push(
                    self.finding("code-changed", Grade::Notice, name.as_str(), title, &facts)
                        .with_lines(files.iter().map(file_line)),
                );
            } else {
                others.push((name, files));
            }
        }
        if others.is_empty() {
            return;
        }
        let facts = others
            .iter()
            .map(|(name, files)| json!([name.as_str(), files.iter().map(file_facts).collect::<Vec<_>>()]))
            .collect();
        let all: Vec<FileChange> = others.iter().flat_map(|(_, files)| files.iter().cloned()).collect();
        let (subject, title) = match others.as_slice() {
            [(name, files)] => (name.as_str(), format!("the code of package {name} changed: {}", amount(files))),
            _ => (
                "closure",
                format!(
                    "the code of {} of the closure changed: {}",
                    plural(others.len(), "package"),
                    amount(&all)
                ),
            ),
        };
        let lines: Vec<_> = match others.as_slice() {
            [(_, files)] => files.iter().map(file_line).collect(),
            _ => others.iter().map(|(name, files)| format!("{name}: {}", amount(files))).collect(),
        };
        out.push(
            self.finding("code-changed", Grade::Notice, subject, title, &facts)
                .with_lines(lines.into_iter()),
        );
    }

    /// The finding for a changed file of a local command.
    pub(super) fn local_file(&self, path: &str, before: &Sha256Digest, after: Option<&Sha256Digest>) -> Finding {
        let title = if after.is_some() {
            "a pinned file of this local command has other content"
        } else {
            "a pinned file of this local command is gone"
        };
        let facts = json!({"before": before, "after": after});
        let found = after.map_or_else(|| "nothing".to_owned(), |digest| format!("sha256 {digest}"));
        self.finding("local-file-changed", Grade::Critical, path, title, &facts)
            .with(Detail::Line(format!("pinned sha256 {before}")))
            .with(Detail::Line(format!("found  {found}")))
    }

    /// The findings for the packages that went or changed.
    pub(super) fn packages(&self, drift: &Drift, out: &mut Vec<Finding>) {
        let (mut gone, mut changed_ones) = (Vec::new(), Vec::new());
        for change in &drift.changes {
            match change {
                Change::PackageRemoved { name, version, .. } => gone.push(format!("{name} {version}")),
                Change::PackageChanged { name, before, after, path } if before == after => {
                    changed_ones.push(format!("{name} {after}: now at {path}"));
                }
                Change::PackageChanged { name, before, after, .. } => changed_ones.push(format!("{name} {before} -> {after}")),
                _ => {}
            }
        }
        if !gone.is_empty() {
            let title = format!("{} left the closure", plural(gone.len(), "package"));
            out.push(
                self.finding("package-removed", Grade::Info, "closure", title, &Value::from(gone.clone()))
                    .with_lines(gone.into_iter()),
            );
        }
        if !changed_ones.is_empty() {
            let title = format!("{} of the closure changed version or place", plural(changed_ones.len(), "package"));
            let facts = Value::from(changed_ones.clone());
            out.push(
                self.finding("package-changed", Grade::Notice, "closure", title, &facts)
                    .with_lines(changed_ones.into_iter()),
            );
        }
    }

    /// The findings for damaged files of an installed tree.
    pub(super) fn trees(&self, drift: &Drift, out: &mut Vec<Finding>) {
        let tree = |change: &Change| {
            if let Change::Tree { path, kind, found } = change {
                Some((path.clone(), *kind, *found))
            } else {
                None
            }
        };
        let damaged: Vec<_> = drift.changes.iter().filter_map(tree).collect();
        for kind in [
            TreeChangeKind::Changed,
            TreeChangeKind::Missing,
            TreeChangeKind::Added,
            TreeChangeKind::ModeChanged,
            TreeChangeKind::NotAFile,
        ] {
            let (code, what) = match kind {
                TreeChangeKind::Changed => ("file-changed", "is not what its verified archive holds"),
                TreeChangeKind::Missing => ("file-missing", "is missing"),
                TreeChangeKind::Added => ("file-added", "is in no verified archive"),
                TreeChangeKind::ModeChanged => ("file-mode-changed", "has another executable bit than in its archive"),
                TreeChangeKind::NotAFile => (
                    "file-not-regular",
                    "is a link, a folder or a device where its archive has something else",
                ),
            };
            let mut of_kind: Vec<_> = damaged.iter().filter(|(_, k, _)| *k == kind).collect();
            of_kind.sort_unstable_by_key(|(path, ..)| path);
            if of_kind.len() > FILES {
                let title = format!("{} of the installed tree: each {what}", plural(of_kind.len(), "file"));
                let facts = of_kind.iter().map(|(path, _, found)| json!([path, found])).collect();
                out.push(
                    self.finding(code, Grade::Critical, "installed tree", title, &facts)
                        .with_lines(of_kind.into_iter().map(|(path, ..)| path.clone())),
                );
            } else {
                out.extend(of_kind.into_iter().map(|(path, _, found)| {
                    let title = format!("installed file `{path}` {what}");
                    let finding = self.finding(code, Grade::Critical, path.as_str(), title, &json!({"found": found}));
                    match found {
                        Some(digest) => finding.with(Detail::Line(format!("found sha256 {digest}"))),
                        None => finding,
                    }
                }));
            }
        }
    }
}

/// Adds lines up to a bound, and says how many were left out.
pub(super) trait WithLines {
    /// See the trait.
    fn with_lines(self, lines: impl ExactSizeIterator<Item = String>) -> Self;
}

impl WithLines for Finding {
    fn with_lines(mut self, lines: impl ExactSizeIterator<Item = String>) -> Self {
        let total = lines.len();
        self.details.extend(lines.take(LINES).map(Detail::Line));
        if total > LINES {
            self.details.push(Detail::Line(format!("and {} more", total - LINES)));
        }
        self
    }
}

pub(super) fn plural(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {noun}s")
    }
}

pub(super) fn changed(label: &str, before: &str, after: &str) -> Detail {
    Detail::Text {
        label: label.to_owned(),
        before: before.to_owned(),
        after: after.to_owned(),
    }
}

/// How much changed: `3 files, +10 -2 lines`.
fn amount(files: &[FileChange]) -> String {
    let (added, removed) = files
        .iter()
        .fold((0, 0), |(a, r), file| (a + file.lines_added, r + file.lines_removed));
    format!("{}, +{added} -{removed} lines", plural(files.len(), "file"))
}

/// A changed file as a fact of a fingerprint.
fn file_facts(f: &FileChange) -> Value {
    json!([
        f.path,
        format!("{:?}", f.kind),
        f.before,
        f.after,
        f.lines_added,
        f.lines_removed,
        f.binary,
        f.invisible
    ])
}

fn file_line(file: &FileChange) -> String {
    let what = match file.kind {
        FileChangeKind::Added => "added",
        FileChangeKind::Removed => "removed",
        FileChangeKind::Changed => "changed",
        FileChangeKind::ModeChanged => "executable bit changed",
    };
    if file.binary {
        format!("{} {what}, not text", file.path)
    } else {
        format!("{} {what}, +{} -{}", file.path, file.lines_added, file.lines_removed)
    }
}
