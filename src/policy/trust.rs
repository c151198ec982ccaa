//! Judging who stands behind a package: its publisher, its maintainers, its repository, its pauses.
//!
//! The attack: a stolen token, or a tired maintainer who hands over to the wrong one. The registry's
//! word about it can be wrong and proves nothing, so it only ever raises a question; where it says
//! nothing (most private registries), there is no finding. Handovers are ordinary in a large
//! closure: there they are one notice, and only the server's own package is asked about by itself.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::json;

use super::Judge;
use super::newcomers::Told as One;
use super::package::{WithLines as _, plural};
use crate::model::python::PythonRequirement;
use crate::model::told::span;
use crate::model::{Change, Closure, Drift, Finding, Grade, PackageName, Publisher, ServerName, Told};

/// After so long without a release, whoever releases next may be somebody else.
const SILENCE: SignedDuration = SignedDuration::from_hours(365 * 24);
/// At most this much of a publisher's words is shown.
const WORDS: usize = 200;
/// At most so many parents of a package are named.
const PARENTS: usize = 3;

/// What a package stands beside: the closure, and what registries say of it.
#[derive(Debug, Clone, Default)]
pub struct Company {
    /// The registries' word.
    pub told: Told,
    own: Option<PackageName>,
    names: BTreeSet<PackageName>,
    brought: BTreeMap<PackageName, BTreeSet<String>>,
}

impl Company {
    /// The company of a closure that follows another.
    pub fn of(before: &Closure, after: &Closure, told: Told) -> Self {
        let mut brought: BTreeMap<PackageName, BTreeSet<String>> = BTreeMap::new();
        for (path, package) in &after.packages {
            let node = package.node().into_iter().flat_map(|terms| {
                let all = terms.dependencies.keys().chain(terms.optional_dependencies.keys());
                all.chain(terms.peer_dependencies.keys())
            });
            let node = node.filter_map(|name| Some(after.lookup(path, &name.parse().ok()?)?.1.name.clone()));
            let python = package.python().into_iter().flat_map(|terms| &terms.requires);
            let python = python.filter_map(|text| Some(PythonRequirement::parse(text).ok()?.name));
            for name in node.chain(python) {
                brought.entry(name).or_default().insert(package.name.to_string());
            }
        }
        let names = before.packages.values().chain(after.packages.values());
        Self {
            told,
            own: after.root_package().map(|root| root.name.clone()),
            names: names.map(|package| package.name.clone()).collect(),
            brought,
        }
    }

    /// Which packages want this one, a few of them.
    pub(super) fn brought_by(&self, name: &PackageName) -> Option<String> {
        let by = self.brought.get(name)?;
        let mut shown: Vec<_> = by.iter().take(PARENTS).cloned().collect();
        if by.len() > PARENTS {
            shown.push(format!("{} more", by.len() - PARENTS));
        }
        Some(shown.join(", "))
    }

    /// The other names of both closures.
    pub(super) fn others<'a>(&'a self, name: &'a PackageName) -> impl Iterator<Item = &'a PackageName> {
        self.names.iter().filter(move |other| *other != name)
    }

    fn is_own(&self, name: &PackageName) -> bool {
        self.own.as_ref() == Some(name)
    }
}

impl Judge<'_> {
    /// The findings about who made the packages that changed.
    pub(super) fn handover(&self, drift: &Drift, out: &mut Vec<Finding>) {
        let (mut publishers, mut by_hand, mut maintainers, mut pauses, mut repositories) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for change in &drift.changes {
            match change {
                Change::PackageChanged { name, before, after, .. } if before != after => {
                    let (by_whom, hands) = self.publisher(name, before, after);
                    publishers.extend(by_whom);
                    by_hand.extend(hands);
                    maintainers.extend(self.maintainers(name, before, after));
                    pauses.extend(self.pause(name, after));
                }
                Change::Repository { .. } => repositories.extend(self.repository(change)),
                _ => {}
            }
        }
        let gathered = [
            (
                "publisher-changed",
                "packages were published by somebody else than before, the registry says",
                publishers,
            ),
            (
                "publisher-by-hand",
                "packages were published by hand, past the build that published them before, the registry says",
                by_hand,
            ),
            (
                "maintainers-changed",
                "packages have other maintainers than before, the registry says",
                maintainers,
            ),
            (
                "release-after-silence",
                "packages were released again after more than a year",
                pauses,
            ),
            ("repository-changed", "packages name another repository than before", repositories),
        ];
        for (code, cause, told) in gathered {
            out.extend(self.gathered(code, cause, told));
        }
    }

    /// The grades for the server's own package and for one of its closure.
    fn weighed(&self, name: &PackageName, own: Grade) -> Grade {
        if self.context.company.is_own(name) { own } else { Grade::Notice }
    }

    fn publisher(&self, name: &PackageName, before: &str, after: &str) -> (Option<One>, Option<One>) {
        let told = &self.context.company.told;
        let of = |version| told.version(name, version)?.publisher.as_ref();
        let (Some(was), Some(is)) = (of(before), of(after)) else {
            return (None, None);
        };
        if was == is || (was.name == is.name && is.trusted) {
            return (None, None);
        }
        let one = |grade, title: String| One {
            subject: name.to_string(),
            grade,
            title,
            line: format!("{name} {before} by {}, {after} by {}", who(was), who(is)),
            facts: json!([before, after, was.name, was.trusted, is.name, is.trusted]),
        };
        if was.trusted && !is.trusted {
            let title = format!(
                "{name} {after} was published by {}, past the build that published {before}, the registry says",
                who(is)
            );
            return (None, Some(one(Grade::Warning, title)));
        }
        let title = format!(
            "{name} {after} was published by {}, {before} by {}, the registry says",
            who(is),
            who(was)
        );
        // A build in the place of a token is what registries ask for.
        let own = if is.trusted { Grade::Notice } else { Grade::Warning };
        (Some(one(self.weighed(name, own), title)), None)
    }

    fn maintainers(&self, name: &PackageName, before: &str, after: &str) -> Option<One> {
        let told = &self.context.company.told;
        let (was, is) = (&told.version(name, before)?.maintainers, &told.version(name, after)?.maintainers);
        if was.is_empty() || is.is_empty() || was == is {
            return None;
        }
        let list = |people: Vec<&String>, sign: char| people.into_iter().take(8).map(|one| format!("{sign}{one}")).collect::<Vec<_>>();
        let mut moved = list(is.difference(was).collect(), '+');
        moved.extend(list(was.difference(is).collect(), '-'));
        Some(One {
            subject: name.to_string(),
            grade: Grade::Notice,
            title: format!("{name} {after} has other maintainers than {before}, the registry says"),
            line: format!("{name} {before} -> {after}: {}", moved.join(", ")),
            facts: json!([before, after, was, is]),
        })
    }

    fn pause(&self, name: &PackageName, after: &str) -> Option<One> {
        let silence = self.context.company.told.silence(name, after)?;
        (silence > SILENCE).then(|| One {
            subject: name.to_string(),
            grade: self.weighed(name, Grade::Warning),
            title: format!(
                "{name} {after} was released after {} without a release, the registry says",
                span(silence)
            ),
            line: format!("{name} {after}: after {}", span(silence)),
            facts: json!([after, silence.as_secs()]),
        })
    }

    fn repository(&self, change: &Change) -> Option<One> {
        let Change::Repository {
            name,
            own,
            version,
            before_version,
            before,
            after,
        } = change
        else {
            return None;
        };
        let now = after.as_deref().unwrap_or("none");
        let title = match after {
            Some(after) => format!("{name} {version} says that its source is at {after}, {before_version} said {before}"),
            None => format!("{name} {version} no longer says where its source is, {before_version} said {before}"),
        };
        // A place that is given up says less than a place that is another.
        let grade = if *own && after.is_some() { Grade::Warning } else { Grade::Notice };
        Some(One {
            subject: name.to_string(),
            grade,
            title,
            line: format!("{name} {before_version} -> {version}: {before} -> {now}"),
            facts: json!([before_version, version, before, after]),
        })
    }
}

fn who(publisher: &Publisher) -> String {
    if publisher.trusted {
        format!("{} (a trusted build)", publisher.name)
    } else {
        publisher.name.clone()
    }
}

/// The findings for releases (name, version, the publisher's words) that are taken though their
/// publisher calls them deprecated: the server's own by itself, the rest together.
pub fn release_deprecated(server: &ServerName, own: &PackageName, releases: &[(PackageName, String, String)]) -> Vec<Finding> {
    let mut lines: Vec<_> = releases
        .iter()
        .map(|(name, version, words)| {
            let words: String = words.chars().take(WORDS).collect();
            (
                name == own,
                format!("{name} {version}: {}", words.trim()),
                json!([name.as_str(), version]),
            )
        })
        .collect();
    lines.sort_by(|a, b| a.1.cmp(&b.1));
    lines.dedup();
    let (own_lines, rest): (Vec<_>, Vec<_>) = lines.into_iter().partition(|(own, ..)| *own);
    let mut out = Vec::new();
    for (of_own, lines) in [(true, own_lines), (false, rest)] {
        if lines.is_empty() {
            continue;
        }
        let (grade, subject, title) = if of_own {
            let title = "the publisher calls this release of the server's own package deprecated".to_owned();
            (Grade::Warning, own.as_str(), title)
        } else {
            let title = format!("{} called deprecated by the publisher", plural(lines.len(), "release"));
            (Grade::Notice, "closure", title)
        };
        let facts: Vec<_> = lines.iter().map(|(_, _, fact)| fact).collect();
        out.push(
            Finding::new("release-deprecated", grade, server, subject, title, &json!(facts))
                .with_lines(lines.iter().map(|(_, line, _)| line.clone())),
        );
    }
    out
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
