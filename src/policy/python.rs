//! What only Python servers have: code that runs at every start, builds from source, an interpreter
//! of the machine, releases without a wheel, releases that were withdrawn.
//!
//! The attack: a `.pth` file in any package of the closure. Python runs its lines whenever it
//! starts, before the server's own first line and without anybody importing the package.

use serde_json::{Value, json};

use super::Judge;
use super::package::{WithLines as _, changed, plural};
use super::signals::{self, Kind};
use crate::model::{Closure, Finding, Grade, LockedPackage, ServerName};

/// Marks of startup code that hides what it does, fetches, or starts programs. Honest startup code
/// imports a module and sets a path; all that is known to have stolen had one of these.
const TRICKS: [&str; 14] = [
    "b64decode",
    "base64",
    "codecs.",
    "compile(",
    "ctypes",
    "http.client",
    "marshal",
    "os.system",
    "pickle",
    "popen",
    "requests",
    "socket",
    "subprocess",
    "urllib",
];

/// The grade of startup code that came, or is there from the first day. The attack: a `.pth` file so
/// long that only its digest is at hand, so that no trick shows in it. (`sitecustomize` is never read; it
/// is not started with either.)
pub(super) fn grade_of(judge: &Judge<'_>, file: &str, code: &str, otherwise: Grade) -> Grade {
    let lower = code.to_ascii_lowercase();
    let found = signals::of_value(Some(&Value::from(code)), &judge.others);
    let harmful = found
        .keys()
        .any(|signal| signal.kind.grade() == Grade::Critical || signal.kind == Kind::Address);
    let module = file.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("py"));
    let unseen = !module && code.starts_with("sha256:");
    if harmful || unseen || TRICKS.iter().any(|trick| lower.contains(trick)) {
        Grade::Critical
    } else {
        otherwise
    }
}

/// The finding for the startup code of a closure that nothing came before.
pub(super) fn startup_present(judge: &Judge<'_>, closure: &Closure) -> Option<Finding> {
    let mut worst = Grade::Notice;
    let mut lines: Vec<(String, Value)> = Vec::new();
    for package in python(closure) {
        for (file, code) in &package.scripts {
            worst = worst.max(grade_of(judge, file, code, Grade::Notice));
            lines.push((format!("{} {} {file}: {code}", package.name, package.version), bytes(package)));
        }
    }
    let title = format!(
        "{} in the closure with code that runs whenever the server's Python starts",
        plural(lines.len(), "file")
    );
    listed(judge.server, "startup-code-present", worst, title, lines)
}

/// The finding for packages that this machine builds from their source. Part of the report of a
/// first install; a build that comes with an update is a change of its own.
pub(super) fn built_present(judge: &Judge<'_>, closure: &Closure) -> Option<Finding> {
    let built = python(closure).filter(|package| package.python().is_some_and(|terms| terms.built));
    let lines: Vec<_> = built
        .map(|package| (format!("{} {}", package.name, package.version), bytes(package)))
        .collect();
    let title = format!(
        "{} built from source: no other machine has these bytes, and the build runs the package's own code",
        plural(lines.len(), "package")
    );
    listed(judge.server, "built-from-source", Grade::Warning, title, lines)
}

/// The finding where the recorded Python (path and version) is another now, or is not there any more.
///
/// The attack: the bytes of the interpreter and of its standard library are not in the lock; another
/// one at the same command is other code below every server.
pub fn interpreter_changed(server: &ServerName, before: (&str, &str), after: Option<(&str, &str)>) -> Finding {
    let title = match after {
        None => format!("the server's Python {} is not there any more", before.1),
        Some(after) if before.1 == after.1 => format!("the server's Python is another one now, of the same version {}", after.1),
        Some(after) => format!("the server's Python was {} and is {} now", before.1, after.1),
    };
    let facts = json!({"before": [before.0, before.1], "after": after.map(|after| [after.0, after.1])});
    Finding::new("interpreter-changed", Grade::Warning, server, "interpreter", title, &facts).with_lines(
        [
            format!("recorded {} ({})", before.0, before.1),
            after.map_or_else(
                || "found    nothing that can be started".to_owned(),
                |after| format!("found    {} ({})", after.0, after.1),
            ),
            "`mcp-pin install` makes the tree for the Python that is there now".to_owned(),
        ]
        .into_iter(),
    )
}

/// The finding for packages (name, version that was taken, newer version) whose newer release has no
/// wheel and was passed over; `None` without any.
pub fn newer_without_wheel(server: &ServerName, packages: &[(String, String, String)]) -> Option<Finding> {
    let mut lines: Vec<_> = packages
        .iter()
        .map(|(name, taken, newer)| (format!("{name} {newer}: {taken} is taken"), json!([name, taken, newer])))
        .collect();
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    let title = format!(
        "a newer release of {} has no wheel and was passed over",
        plural(lines.len(), "package")
    );
    listed(server, "newer-without-wheel", Grade::Notice, title, lines)
}

/// The finding for releases (name, version, the index's reason) that their index calls withdrawn;
/// `None` without any.
pub fn release_yanked(server: &ServerName, releases: &[(String, String, Option<String>)]) -> Option<Finding> {
    let mut lines: Vec<_> = releases
        .iter()
        .map(|(name, version, reason)| {
            let reason: Option<String> = reason.as_ref().map(|reason| reason.chars().take(200).collect());
            let line = match reason.as_deref().filter(|reason| !reason.trim().is_empty()) {
                Some(reason) => format!("{name} {version}: {reason}"),
                None => format!("{name} {version}"),
            };
            (line, json!([name, version]))
        })
        .collect();
    lines.sort_by(|a, b| a.0.cmp(&b.0));
    let title = format!("{} withdrawn (yanked) by the publisher", plural(lines.len(), "release"));
    listed(server, "release-yanked", Grade::Warning, title, lines)
}

impl Judge<'_> {
    /// The finding for startup code that came, changed or went.
    pub(super) fn startup_code(&self, name: &str, own: bool, file: &str, before: Option<&str>, after: Option<&str>) -> Finding {
        let facts = json!({"script": file, "before": before, "after": after});
        let whose = if own {
            "the server's own package".to_owned()
        } else {
            format!("package {name}")
        };
        let grade = grade_of(self, file, after.unwrap_or_default(), Grade::Warning);
        let (code, grade, title) = match (before, after) {
            (_, None) => (
                "startup-code-removed",
                Grade::Info,
                format!("{whose} no longer runs `{file}` when Python starts"),
            ),
            (None, Some(_)) => (
                "startup-code-added",
                grade,
                format!("{whose} now has code in `{file}` that runs whenever the server's Python starts"),
            ),
            (Some(_), Some(_)) => (
                "startup-code-changed",
                grade,
                format!("{whose} has other code in `{file}`, which runs whenever the server's Python starts"),
            ),
        };
        self.finding(code, grade, name, title, &facts)
            .with(changed(file, before.unwrap_or_default(), after.unwrap_or_default()))
    }

    /// The finding for a version that is built on this machine, where that version was not before.
    pub(super) fn built(&self, name: &str, version: &str, source: &str) -> Finding {
        let title =
            format!("{name} {version} is built from source: no other machine has these bytes, and the build runs the package's own code");
        let facts = json!({"version": version, "source": source});
        self.finding("built-from-source", Grade::Warning, name, title, &facts)
    }
}

fn python(closure: &Closure) -> impl Iterator<Item = &LockedPackage> {
    closure.packages.values().filter(|package| package.python().is_some())
}

/// Every archive of a package as a fact: other bytes under the same name are another fact.
pub(super) fn bytes(package: &LockedPackage) -> Value {
    match &package.archives[..] {
        // npm's one archive, as it always was told.
        [one] if one.file.is_none() => Value::from(one.integrity.to_string()),
        all => all
            .iter()
            .map(|archive| json!([archive.file, archive.integrity.to_string()]))
            .collect(),
    }
}

/// One finding for many lines, each with its fact; `None` without any.
fn listed(server: &ServerName, code: &'static str, grade: Grade, title: String, lines: Vec<(String, Value)>) -> Option<Finding> {
    let facts = json!(lines);
    (!lines.is_empty())
        .then(|| Finding::new(code, grade, server, "closure", title, &facts).with_lines(lines.into_iter().map(|(line, _)| line)))
}

#[cfg(test)]
#[path = "python_tests.rs"]
mod tests;
