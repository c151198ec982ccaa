//! Judging evidence that changed: a level that was lost or gained, and another signer.
//!
//! Each package is told once, with every field that moved: a repository that moves changes five of
//! them, and five questions about one move are answered without reading. So are many packages that
//! lost their evidence at once, as behind a mirror that strips it. The server's own package is
//! always told by itself.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Judge;
use super::package::{WithLines as _, plural};
use crate::model::report::Detail;
use crate::model::{Change, Drift, Finding, Grade, Integrity, Level};

/// From this many dependencies on, what happened to them in one way is told as one.
const MANY: usize = 3;

/// One change of a level, taken out of its enum.
#[derive(Clone, Copy)]
struct Moved<'a> {
    name: &'a str,
    own: bool,
    version: &'a str,
    integrity: &'a Integrity,
    before_version: &'a str,
    before_source: Option<&'a str>,
    before: Level,
    after: Level,
}

impl<'a> Moved<'a> {
    fn of(change: &'a Change) -> Option<Self> {
        let Change::EvidenceLevel {
            name,
            own,
            version,
            integrity,
            before_version,
            before_source,
            before,
            after,
        } = change
        else {
            return None;
        };
        Some(Self {
            name: name.as_str(),
            own: *own,
            version,
            integrity,
            before_version,
            before_source: before_source.as_deref(),
            before: *before,
            after: *after,
        })
    }

    fn facts(&self) -> Value {
        json!({
            "name": self.name,
            "version": self.version,
            "integrity": self.integrity.to_string(),
            "before-version": self.before_version,
            "before-source": self.before_source,
            "before": self.before.to_string(),
            "after": self.after.to_string(),
        })
    }

    /// What there is now and was before, in words that fit behind the package's name.
    fn words(&self) -> String {
        let Self {
            version, before_version, ..
        } = self;
        let has = match (self.before, self.after) {
            (_, Level::Provenance) => "now has provenance",
            (_, Level::Signed) if self.before == Level::Hash => "is now signed by the registry",
            (_, Level::Signed) => "has no provenance, only the registry's signature",
            (Level::Provenance, Level::Hash) => "has no provenance, and no signature of the registry",
            (_, Level::Hash) => "has no signature of the registry",
        };
        let had = match (self.before, self.before_source) {
            (Level::Provenance, Some(source)) => format!("{before_version} was built from {source}"),
            (Level::Provenance, None) => format!("{before_version} has provenance"),
            (Level::Signed, _) => format!("{before_version} is signed by it"),
            (Level::Hash, _) => format!("{before_version} has neither"),
        };
        if self.after > self.before {
            format!("{version} {has}")
        } else if version == before_version {
            format!("{version} {has}, though it had when it was pinned")
        } else {
            format!("{version} {has}; {had}")
        }
    }
}

/// One changed field of who signed a package.
#[derive(Clone, Copy)]
struct Field<'a> {
    version: &'a str,
    integrity: &'a Integrity,
    name: &'static str,
    before: &'a str,
    after: &'a str,
}

/// Every changed field of one package's signer.
struct Resigned<'a> {
    own: bool,
    fields: Vec<Field<'a>>,
}

impl Resigned<'_> {
    fn changes(&self, fields: &[&str]) -> bool {
        self.fields.iter().any(|field| fields.contains(&field.name))
    }

    /// The code and grade of the worst field, and what it means, behind the package's name.
    fn verdict(&self) -> (&'static str, Grade, &'static str) {
        let goes_self_hosted = |field: &Field<'_>| field.name == "builder" && field.after == "self-hosted";
        let numbers = ["repository-id", "owner-id"];
        let only_lost = self
            .fields
            .iter()
            .all(|field| !numbers.contains(&field.name) || field.after.is_empty());
        if self.changes(&["repository"]) {
            let title = "is built from another repository than before";
            ("signer-repository-changed", Grade::Critical, title)
        } else if self.changes(&["issuer"]) {
            let title = "is signed by somebody for whom another authority vouches than before";
            ("signer-issuer-changed", Grade::Critical, title)
        } else if self.changes(&numbers) && only_lost {
            let title = "is built from a repository that cannot be told any more from another one of its name";
            ("signer-repository-replaced", Grade::Critical, title)
        } else if self.changes(&numbers) {
            let title = "is built from a repository of the same name that is not the same repository";
            ("signer-repository-replaced", Grade::Critical, title)
        } else if self.changes(&["signer", "workflow"]) {
            let title = "is signed by another workflow than before";
            ("signer-workflow-changed", Grade::Warning, title)
        } else if self.fields.iter().any(goes_self_hosted) {
            let title = "is now built on a machine of somebody's own (self-hosted), which can put anything into the build";
            ("builder-changed", Grade::Warning, title)
        } else if self.changes(&["builder"]) {
            ("builder-changed", Grade::Warning, "is built by another builder than before")
        } else {
            // `ref`, and whatever is compared one day and not known here.
            let title = "is built from another kind of branch or tag than before";
            ("signer-ref-changed", Grade::Warning, title)
        }
    }

    fn facts(&self) -> Value {
        let mut facts: Vec<_> = self
            .fields
            .iter()
            .map(|field| json!([field.version, field.integrity.to_string(), field.name, field.before, field.after]))
            .collect();
        facts.sort_by_key(ToString::to_string);
        Value::from(facts)
    }

    fn details(&self) -> Vec<Detail> {
        let one_version = self.fields.windows(2).all(|pair| pair[0].version == pair[1].version);
        let label = |field: &Field<'_>| {
            if one_version {
                field.name.to_owned()
            } else {
                format!("{} {}", field.version, field.name)
            }
        };
        let detail = |field: &Field<'_>| Detail::Text {
            label: label(field),
            before: field.before.to_owned(),
            after: field.after.to_owned(),
        };
        self.fields.iter().map(detail).collect()
    }
}

impl Judge<'_> {
    /// The findings for levels that differ.
    pub(super) fn levels(&self, drift: &Drift, out: &mut Vec<Finding>) {
        let moved: Vec<_> = drift.changes.iter().filter_map(Moved::of).collect();
        let (lost, gained): (Vec<_>, Vec<_>) = moved.into_iter().partition(|moved| moved.after < moved.before);
        let grade = if self.context.allow_downgrade {
            Grade::Warning
        } else {
            Grade::Critical
        };
        let title = |count| format!("{count} have less evidence of where they come from than the pinned ones");
        self.moved("evidence-downgraded", grade, title, &lost, out);
        let title = |count| format!("{count} have more evidence of where they come from than the pinned ones");
        self.moved("evidence-gained", Grade::Info, title, &gained, out);
        self.words(drift, grade, out);
    }

    /// The findings for packages that have provenance, and the registry's word no more.
    fn words(&self, drift: &Drift, grade: Grade, out: &mut Vec<Finding>) {
        const CODE: &str = "registry-signature-lost";
        let lost = drift.changes.iter().filter_map(|change| match change {
            Change::RegistryWordLost {
                name,
                own,
                version,
                integrity,
                before_version,
            } => Some((*own, name.as_str(), version, integrity.to_string(), before_version)),
            _ => None,
        });
        let (own, others): (Vec<_>, Vec<_>) = lost.partition(|(own, ..)| *own);
        let (single, many) = if others.len() < MANY {
            (others, Vec::new())
        } else {
            (Vec::new(), others)
        };
        out.extend(own.into_iter().chain(single).map(|(own, name, version, integrity, before)| {
            let title = format!(
                "{} {version} is not signed by the registry, as {before} is: provenance alone, which anybody can make",
                whose(own, name)
            );
            self.finding(CODE, grade, name, title, &json!([name, version, integrity, before]))
        }));
        if many.is_empty() {
            return;
        }
        let title = format!(
            "{} are not signed by the registry any more: provenance alone, which anybody can make",
            plural(many.len(), "package")
        );
        let facts = many
            .iter()
            .map(|(_, name, version, integrity, before)| json!([name, version, integrity, before]))
            .collect();
        let lines = many
            .iter()
            .map(|(_, name, version, _, before)| format!("{name} {version}; {before} is signed"));
        out.push(self.finding(CODE, grade, "closure", title, &facts).with_lines(lines));
    }

    fn moved(&self, code: &'static str, grade: Grade, title: impl FnOnce(String) -> String, moved: &[Moved<'_>], out: &mut Vec<Finding>) {
        let (own, others): (Vec<Moved<'_>>, Vec<_>) = moved.iter().copied().partition(|moved| moved.own);
        let (single, mut many) = if others.len() < MANY {
            (others, Vec::new())
        } else {
            (Vec::new(), others)
        };
        out.extend(own.iter().chain(&single).map(|moved| {
            let by_hand = moved.before == Level::Provenance && grade > Grade::Info && moved.version != moved.before_version;
            let so = if by_hand {
                ": whoever published it did not go through that build"
            } else {
                ""
            };
            let title = format!("{} {}{so}", whose(moved.own, moved.name), moved.words());
            self.finding(code, grade, moved.name, title, &moved.facts())
        }));
        if many.is_empty() {
            return;
        }
        many.sort_by_key(|moved| (moved.name, moved.version, moved.before_version));
        let facts = many.iter().map(Moved::facts).collect();
        let lines = many.iter().map(|moved| format!("{} {}", moved.name, moved.words()));
        out.push(
            self.finding(code, grade, "closure", title(plural(many.len(), "package")), &facts)
                .with_lines(lines),
        );
    }

    /// The findings for other signers: one a package, or one for many packages that moved alike.
    pub(super) fn signers(&self, drift: &Drift, out: &mut Vec<Finding>) {
        let mut packages: BTreeMap<&str, Resigned<'_>> = BTreeMap::new();
        for change in &drift.changes {
            let Change::Signer {
                name,
                own,
                version,
                integrity,
                field,
                before,
                after,
            } = change
            else {
                continue;
            };
            let package = packages.entry(name.as_str()).or_insert(Resigned {
                own: *own,
                fields: Vec::new(),
            });
            package.fields.push(Field {
                version,
                integrity,
                name: field,
                before,
                after,
            });
        }
        // By what changed, word for word; the server's own package stays by itself.
        let mut alike: BTreeMap<_, Vec<(&str, &Resigned<'_>)>> = BTreeMap::new();
        for (name, package) in &packages {
            let key = (package.own.then_some(*name), format!("{:?}", package.details()));
            alike.entry(key).or_default().push((name, package));
        }
        for of in alike.into_values() {
            self.resigned(&of, out);
        }
    }

    fn resigned(&self, of: &[(&str, &Resigned<'_>)], out: &mut Vec<Finding>) {
        let Some((_, first)) = of.first().filter(|_| of.len() >= MANY) else {
            out.extend(of.iter().map(|(name, package)| {
                let (code, grade, words) = package.verdict();
                let title = format!("{} {words}", whose(package.own, name));
                let mut finding = self.finding(code, grade, *name, title, &package.facts());
                finding.details.extend(package.details());
                finding
            }));
            return;
        };
        let (code, grade, words) = first.verdict();
        let title = format!("the same for {}: each {words}", plural(of.len(), "package"));
        let facts = of.iter().map(|(name, package)| json!([name, package.facts()])).collect();
        let mut finding = self.finding(code, grade, "closure", title, &facts);
        finding.details.extend(first.details());
        out.push(finding.with_lines(of.iter().map(|(name, _)| (*name).to_owned())));
    }
}

/// The package as a title names it.
fn whose(own: bool, name: &str) -> String {
    if own {
        format!("the server's own package {name}")
    } else {
        format!("package {name}")
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
