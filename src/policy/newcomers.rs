//! Judging packages that are new in a closure: how old they are, whose idea they were, and whose
//! name they resemble.
//!
//! The attack: a release of a package that everybody trusts brings one more dependency, whose name
//! was registered the day before for this very purpose, and which runs a script. Honest releases
//! bring new packages too, so one line each is enough for those that are old; a name that is younger
//! than [`YOUNG`] is asked about by itself, and with a script it is critical.
//!
//! What this does not give you: an old name that was bought or taken over looks old.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Judge;
use super::package::{WithLines as _, plural};
use crate::model::report::Detail;
use crate::model::told::span;
use crate::model::{Change, Drift, Finding, Grade, InstallPath, PackageName};

/// A name whose first release is younger than this has no past to judge it by.
const YOUNG: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Names shorter than this are alike by chance.
const SHORT: usize = 5;
/// From this many on alike findings are told as one.
const MANY: usize = 3;

struct Newcomer<'a> {
    path: &'a InstallPath,
    name: &'a PackageName,
    version: &'a str,
    /// When the version was released.
    released: Option<Timestamp>,
    /// When the name was first released.
    first: Option<Timestamp>,
    /// What it runs unasked.
    runs: Vec<&'a str>,
}

/// One of several findings that are one cause.
pub(super) struct Told {
    pub(super) subject: String,
    pub(super) grade: Grade,
    pub(super) title: String,
    pub(super) line: String,
    pub(super) facts: Value,
}

impl Judge<'_> {
    /// The findings for packages that were not in the closure.
    pub(super) fn newcomers<'a>(&self, drift: &'a Drift, out: &mut Vec<Finding>) {
        let mut runs: BTreeMap<&PackageName, Vec<&'a str>> = BTreeMap::new();
        for change in &drift.changes {
            if let Change::Script {
                name,
                script,
                after: Some(_),
                ..
            } = change
            {
                runs.entry(name).or_default().push(script);
            }
        }
        let told = &self.context.company.told;
        let newcomer = |change: &'a Change| match change {
            Change::PackageAdded { path, name, version } => Some(Newcomer {
                path,
                name,
                version,
                released: told.released(name, version),
                first: told.first(name),
                runs: runs.get(name).cloned().unwrap_or_default(),
            }),
            _ => None,
        };
        let mut all: Vec<_> = drift.changes.iter().filter_map(newcomer).collect();
        // The one whose name is youngest is read first; what is not dated may be younger still.
        all.sort_by_key(|one| (one.first.is_some(), std::cmp::Reverse(one.first), one.name, one.version));
        out.extend(self.aliases(&all));
        let named: Vec<_> = all.into_iter().filter(|one| one.path.name() == *one.name).collect();
        self.added(&named, out);
        let young = named.iter().filter_map(|one| self.young(one)).collect();
        out.extend(self.gathered(
            "package-brand-new",
            "packages whose names are younger than a month are new in the closure",
            young,
        ));
        let alike = named.iter().filter_map(|one| self.alike(one)).collect();
        out.extend(self.gathered("package-alike", "new packages are named almost like others of the closure", alike));
    }

    /// Packages that stand under another name: the path lies about what is loaded.
    fn aliases(&self, all: &[Newcomer<'_>]) -> Vec<Finding> {
        let aliased = all.iter().filter(|one| one.path.name() != *one.name);
        aliased
            .map(|one| {
                let (name, version) = (one.name, one.version);
                let title = format!("package {name} {version} is new and stands under the name {}", one.path.name());
                let facts = json!({"version": version, "path": one.path.as_str()});
                self.finding("package-aliased", Grade::Warning, name.as_str(), title, &facts)
                    .with(Detail::Line(one.path.to_string()))
            })
            .collect()
    }

    /// One finding for all that are new: an update that brings forty is one question, not forty.
    fn added(&self, named: &[Newcomer<'_>], out: &mut Vec<Finding>) {
        match named {
            [] => {}
            [one] => {
                let title = format!("package {} {} is new in the closure", one.name, one.version);
                out.push(
                    self.finding(
                        "package-added",
                        Grade::Notice,
                        one.name.as_str(),
                        title,
                        &json!({"version": one.version}),
                    )
                    .with(Detail::Line(self.line(one))),
                );
            }
            _ => {
                let title = format!("{} are new in the closure", plural(named.len(), "package"));
                let mut facts: Vec<_> = named.iter().map(|one| (one.name.as_str(), one.version)).collect();
                facts.sort_unstable();
                out.push(
                    self.finding("package-added", Grade::Notice, "closure", title, &json!(facts))
                        .with_lines(named.iter().map(|one| self.line(one))),
                );
            }
        }
    }

    /// Name, version, who brought it, age, scripts.
    fn line(&self, one: &Newcomer<'_>) -> String {
        let company = &self.context.company;
        let mut parts = vec![format!("{} {}", one.name, one.version)];
        if let Some(by) = company.brought_by(one.name) {
            parts.push(format!("brought by {by}"));
        }
        let ago = |date| company.told.age(date).map(span);
        if company.told.now.is_some() {
            parts.push(match one.released.and_then(ago) {
                Some(age) => format!("released {age} ago"),
                None => "release date unknown".to_owned(),
            });
            let older = one.first.filter(|first| Some(*first) != one.released);
            parts.extend(older.and_then(ago).map(|age| format!("first release {age} ago")));
        }
        if !one.runs.is_empty() {
            parts.push(format!("runs {}", one.runs.join(", ")));
        }
        parts.join("; ")
    }

    fn young(&self, one: &Newcomer<'_>) -> Option<Told> {
        let first = one.first?;
        let age = self.context.company.told.age(first)?;
        if age >= YOUNG {
            return None;
        }
        let grade = if one.runs.is_empty() { Grade::Warning } else { Grade::Critical };
        let and_runs = if one.runs.is_empty() {
            ""
        } else {
            " and brings code that runs unasked"
        };
        Some(Told {
            subject: one.name.to_string(),
            grade,
            title: format!(
                "package {} is new in the closure, its name was first released {} ago{and_runs}",
                one.name,
                span(age)
            ),
            line: self.line(one),
            facts: json!([one.version, first.to_string(), one.runs]),
        })
    }

    fn alike(&self, one: &Newcomer<'_>) -> Option<Told> {
        let other = self
            .context
            .company
            .others(one.name)
            .find(|other| alike(one.name.as_str(), other.as_str()))?;
        Some(Told {
            subject: one.name.to_string(),
            grade: Grade::Warning,
            title: format!("package {} is new in the closure and named almost like {other}", one.name),
            line: format!("{}; like {other}", self.line(one)),
            facts: json!([one.version, other.as_str()]),
        })
    }

    /// The findings one by one, or those of one grade together where there are [`MANY`].
    pub(super) fn gathered(&self, code: &'static str, cause: &str, told: Vec<Told>) -> Vec<Finding> {
        let mut by_grade: BTreeMap<Grade, Vec<Told>> = BTreeMap::new();
        for one in told {
            by_grade.entry(one.grade).or_default().push(one);
        }
        let mut out = Vec::new();
        for (grade, told) in by_grade {
            if told.len() < MANY {
                out.extend(told.into_iter().map(|one| {
                    self.finding(code, grade, one.subject, one.title, &one.facts)
                        .with(Detail::Line(one.line))
                }));
                continue;
            }
            let mut facts: Vec<_> = told.iter().map(|one| (one.subject.clone(), one.facts.clone())).collect();
            facts.sort_by(|a, b| (&a.0, a.1.to_string()).cmp(&(&b.0, b.1.to_string())));
            let title = format!("{} {cause}", told.len());
            out.push(
                self.finding(code, grade, "closure", title, &json!(facts))
                    .with_lines(told.into_iter().map(|one| one.line)),
            );
        }
        out
    }
}

/// Whether a name is one slip of the finger from another. Families that number their members
/// (`x64`, `x86`, `through2`) and packages of one scope, which has one owner, are left out.
fn alike(new: &str, known: &str) -> bool {
    let scope = |name: &str| {
        name.strip_prefix('@')
            .and_then(|rest| rest.split_once('/'))
            .map(|(scope, _)| scope.to_owned())
    };
    if new.len().min(known.len()) < SHORT || (scope(new).is_some() && scope(new) == scope(known)) {
        return false;
    }
    let letters = |name: &str| name.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    letters(new) != letters(known) && one_edit(&new.chars().collect::<Vec<_>>(), &known.chars().collect::<Vec<_>>())
}

/// One insertion, deletion, replacement, or swap of neighbours.
fn one_edit(a: &[char], b: &[char]) -> bool {
    let same = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([_, a @ ..], []) => a.is_empty(),
        ([], [_, b @ ..]) => b.is_empty(),
        ([x, rest_a @ ..], [y, rest_b @ ..]) => {
            let swapped = matches!((rest_a, rest_b), ([p, end_a @ ..], [q, end_b @ ..]) if p == y && q == x && end_a == end_b);
            rest_a == rest_b || rest_a == b || a == rest_b || swapped
        }
        ([], []) => false,
    }
}

#[cfg(test)]
#[path = "newcomers_tests.rs"]
mod tests;
