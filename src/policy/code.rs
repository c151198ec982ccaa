//! Judging code: what is new in a package, and what it amounts to.
//!
//! The attack: one line among thousands. The defence against it must not be a report of thousands
//! of lines, so there is one finding a package and kind, with the places under it, and single calls
//! stay small: a host or a `fetch` is what updates are made of. What is told loudly is what honest
//! updates hardly ever bring: a way for secrets to leave, an address in a call that sends, code that
//! was made unreadable.
//!
//! A first look has thresholds of its own, since every honest server talks to somebody: abilities are
//! one quiet line there, and only what harms is told for itself.

mod added;
mod first;
mod hidden;
mod needs;
mod place;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Judge;
use super::package::plural;
use crate::model::code::{CodeSign, LiteralKind, Sign};
use crate::model::report::Detail;
use crate::model::{Change, Drift, Finding, Grade};
use words::fact;

/// At most this many places are shown under one finding; the rest is counted.
const PLACES: usize = 8;

/// What the rest of a drift says that a judgement of code needs.
struct Around<'a> {
    /// Packages that are new in the closure.
    added: BTreeSet<&'a str>,
    /// The install scripts that came, by package.
    scripts: BTreeMap<&'a str, Vec<&'a str>>,
    /// Packages that were readable through and through, and are not any more.
    native: BTreeSet<&'a str>,
}

impl<'a> Around<'a> {
    fn of(drift: &'a Drift) -> Self {
        let mut around = Self {
            added: BTreeSet::new(),
            scripts: BTreeMap::new(),
            native: BTreeSet::new(),
        };
        for change in &drift.changes {
            match change {
                Change::PackageAdded { name, .. } => {
                    around.added.insert(name.as_str());
                }
                Change::Script {
                    name,
                    script,
                    after: Some(_),
                    ..
                } => around.scripts.entry(name.as_str()).or_default().push(script),
                Change::NativeAdded { name } => {
                    around.native.insert(name.as_str());
                }
                _ => {}
            }
        }
        around
    }
}

/// The package that is judged, and what is new in it.
struct Read<'a> {
    name: &'a str,
    own: bool,
    version: &'a str,
    integrity: String,
    first: bool,
    signs: &'a [CodeSign],
}

impl Read<'_> {
    /// Who does it, at the start of a title.
    fn who(&self) -> String {
        match (self.own, self.first) {
            (true, _) => "the server's own code".to_owned(),
            (false, true) => format!("the code of {} {}", self.name, self.version),
            (false, false) => format!("package {}", self.name),
        }
    }
}

/// A finding in the making.
struct Told<'a> {
    code: &'static str,
    grade: Grade,
    title: String,
    signs: Vec<&'a CodeSign>,
}

impl Judge<'_> {
    /// The findings for what is new in the code of every package.
    pub(super) fn codes(&self, drift: &Drift, out: &mut Vec<Finding>) {
        let around = Around::of(drift);
        for change in &drift.changes {
            let Change::Code {
                name,
                own,
                version,
                integrity,
                first,
                signs,
            } = change
            else {
                continue;
            };
            let read = Read {
                name: name.as_str(),
                own: *own,
                version,
                integrity: integrity.to_string(),
                first: *first,
                signs,
            };
            let told = if *first {
                first::judged(&read, &around)
            } else {
                judged(&read, &around)
            };
            for told in told {
                self.tell(&read, told, out);
            }
        }
    }

    fn tell(&self, read: &Read<'_>, told: Told<'_>, out: &mut Vec<Finding>) {
        let places = places(&told.signs);
        let mut signs: Vec<Value> = told.signs.iter().map(|sign| json!([sign.path, fact(&sign.sign)])).collect();
        signs.sort_by_key(Value::to_string);
        signs.dedup();
        let facts = json!({"version": read.version, "integrity": read.integrity, "signs": signs});
        let mut finding = self.finding(told.code, told.grade, read.name, told.title, &facts);
        finding.details = places;
        out.push(finding);
    }
}

/// The places of some signs, each line once, the first few shown and the others counted.
fn places(signs: &[&CodeSign]) -> Vec<Detail> {
    let mut seen = BTreeSet::new();
    let signs: Vec<_> = signs
        .iter()
        .filter(|sign| !sign.path.is_empty() && seen.insert((&sign.path, sign.line)))
        .collect();
    let mut out: Vec<_> = signs
        .iter()
        .take(PLACES)
        .map(|sign| Detail::Code {
            path: sign.path.clone(),
            line: sign.line,
            before: sign.before.clone(),
            after: sign.after.clone(),
        })
        .collect();
    if signs.len() > PLACES {
        out.push(Detail::Line(format!("and at {}", plural(signs.len() - PLACES, "more place"))));
    }
    out
}

/// What is new in a package that was there before.
fn judged<'a>(read: &Read<'a>, around: &Around<'_>) -> Vec<Told<'a>> {
    let kinds = [
        LiteralKind::Host,
        LiteralKind::Email,
        LiteralKind::Ip,
        LiteralKind::Blob,
        LiteralKind::Wallet,
    ];
    let mut out: Vec<_> = kinds.into_iter().filter_map(|kind| added::literals(read, kind)).collect();
    out.extend(added::abilities(read));
    out.extend(added::chains(read));
    out.extend(hidden::disguised(read));
    out.extend(hidden::unreadable(read, around));
    out.extend(needs::dependencies(read, around));
    out.extend(left_out(read));
    out
}

/// A report that could not hold everything says so: what is not told must not pass for nothing.
fn left_out<'a>(read: &Read<'a>) -> Option<Told<'a>> {
    of_kind(
        read,
        "code-signs-left-out",
        |sign| matches!(sign, Sign::LeftOut { .. }),
        |signs| {
            let count: usize = signs
                .iter()
                .map(|sign| if let Sign::LeftOut { count } = sign.sign { count } else { 0 })
                .sum();
            let title = format!(
                "{} has {} than a report can hold; those that weigh least are left out",
                read.who(),
                plural(count, "more sign")
            );
            (if read.first { Grade::Info } else { Grade::Warning }, title)
        },
    )
}

/// The signs of one kind, and the finding about them.
fn of_kind<'a>(
    read: &Read<'a>,
    code: &'static str,
    is: impl Fn(&Sign) -> bool,
    judge: impl FnOnce(&[&'a CodeSign]) -> (Grade, String),
) -> Option<Told<'a>> {
    let signs: Vec<_> = read.signs.iter().filter(|sign| is(&sign.sign)).collect();
    if signs.is_empty() {
        return None;
    }
    let (grade, title) = judge(&signs);
    Some(Told { code, grade, title, signs })
}

#[cfg(test)]
#[path = "code_tests.rs"]
mod tests;
