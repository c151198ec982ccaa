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

mod first;
mod place;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Judge;
use super::package::plural;
use crate::model::code::{Ability, CodeSign, LiteralKind, Sign};
use crate::model::report::Detail;
use crate::model::{Change, Drift, Finding, Grade};
use place::{is_aside, is_nowhere, is_reserved_mail, near, receives_from_anybody, sends_mail};
use words::{fact, listed};

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
        if told.code == "invisible-characters" {
            // The comparison of files names every file with such characters; this shows where.
            let same = |finding: &&mut Finding| finding.code == told.code && finding.subject == read.name;
            if let Some(finding) = out.iter_mut().find(same) {
                finding.details.extend(places);
                return;
            }
        }
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
    let mut out = Vec::new();
    for kind in [
        LiteralKind::Host,
        LiteralKind::Email,
        LiteralKind::Ip,
        LiteralKind::Blob,
        LiteralKind::Wallet,
    ] {
        out.extend(literals(read, kind));
    }
    out.extend(abilities(read));
    out.extend(chains(read));
    out.extend(unreadable(read, around));
    out.extend(dependencies(read, around));
    out
}

/// Whether a sign stands where the package sends, starts programs or runs text.
fn acts(read: &Read<'_>, sign: &CodeSign, abilities: &[Ability]) -> bool {
    read.signs.iter().any(|other| {
        let able = matches!(&other.sign, Sign::Ability { ability, .. } if abilities.contains(ability));
        able && near(sign, other)
    })
}

const SENDS: [Ability; 4] = [Ability::Network, Ability::Dns, Ability::Process, Ability::Shell];

/// The finding for new literals of one kind.
fn literals<'a>(read: &Read<'a>, wanted: LiteralKind) -> Option<Told<'a>> {
    let mut worst = Grade::Info;
    let (mut texts, mut signs) = (BTreeSet::new(), Vec::new());
    for sign in read.signs {
        let Sign::Literal { kind, text } = &sign.sign else { continue };
        if *kind != wanted {
            continue;
        }
        texts.insert(text.as_str());
        signs.push((literal_grade(read, sign, wanted, text), sign));
    }
    signs.sort_by_key(|(grade, _)| std::cmp::Reverse(*grade)); // A stable sort: by place within a grade.
    worst = worst.max(signs.first()?.0);
    let (count, who, shown) = (texts.len(), read.who(), listed(&texts));
    let (code, title) = match wanted {
        LiteralKind::Host => ("code-host-added", format!("{who} now names {}: {shown}", plural(count, "new host"))),
        LiteralKind::Email => (
            "code-email-added",
            if worst == Grade::Critical {
                format!("{who} now sends to {}: {shown}", words::addresses(count, "e-mail address"))
            } else {
                format!("{who} now holds {}: {shown}", words::addresses(count, "new e-mail address"))
            },
        ),
        LiteralKind::Ip => (
            "code-ip-added",
            format!("{who} now names {}: {shown}", words::addresses(count, "new IP address")),
        ),
        LiteralKind::Blob => (
            "code-blob-added",
            if worst == Grade::Critical {
                format!("{who} now holds encoded data beside code that runs text as code")
            } else {
                format!(
                    "{who} now holds {} that a reader cannot read",
                    plural(count, "run of encoded data").replace("datas", "data")
                )
            },
        ),
        LiteralKind::Wallet => (
            "code-wallet-added",
            format!("{who} now holds {}: {shown}", words::addresses(count, "address of a wallet")),
        ),
    };
    Some(Told {
        code,
        grade: worst,
        title,
        signs: signs.into_iter().map(|(_, sign)| sign).collect(),
    })
}

fn literal_grade(read: &Read<'_>, sign: &CodeSign, kind: LiteralKind, text: &str) -> Grade {
    let grade = match kind {
        LiteralKind::Host if receives_from_anybody(text) => Grade::Warning,
        LiteralKind::Host if read.own && !is_nowhere(text) && acts(read, sign, &SENDS) => Grade::Warning,
        LiteralKind::Host => Grade::Notice,
        LiteralKind::Email if is_reserved_mail(text) => Grade::Notice,
        LiteralKind::Email if sends_mail(&sign.after) || acts(read, sign, &SENDS) => Grade::Critical,
        LiteralKind::Ip if is_nowhere(text) => Grade::Notice,
        LiteralKind::Ip if acts(read, sign, &SENDS) => Grade::Critical,
        LiteralKind::Blob if acts(read, sign, &[Ability::Eval]) => Grade::Critical,
        LiteralKind::Blob if !read.own => Grade::Notice,
        LiteralKind::Email | LiteralKind::Ip | LiteralKind::Blob | LiteralKind::Wallet => Grade::Warning,
    };
    // Nothing runs a package's tests; what runs is an ability, and that is told wherever it stands.
    if grade == Grade::Warning && is_aside(&sign.path) {
        Grade::Notice
    } else {
        grade
    }
}

/// What a class of abilities is worth that a package never had.
const fn ability_grade(ability: Ability) -> Grade {
    match ability {
        Ability::Network | Ability::FileWrite | Ability::Encode | Ability::WholeEnvironment | Ability::Dns => Grade::Notice,
        Ability::Process
        | Ability::Shell
        | Ability::SecretPath
        | Ability::Eval
        | Ability::Native
        | Ability::Clipboard
        | Ability::Screen
        | Ability::ChildInterpreter
        | Ability::ClientConfig
        | Ability::Publish => Grade::Warning,
    }
}

/// The finding for classes of abilities that the package never had, and for more places of secrets or
/// of clients' configurations. That it does once more what it did is no news.
fn abilities<'a>(read: &Read<'a>) -> Option<Told<'a>> {
    let mut worst: Option<Grade> = None;
    let (mut classes, mut signs) = (BTreeSet::new(), Vec::new());
    for sign in read.signs {
        let Sign::Ability { ability, first, .. } = &sign.sign else {
            continue;
        };
        let again = matches!(ability, Ability::SecretPath | Ability::ClientConfig);
        let grade = match (*first, again) {
            (true, _) => ability_grade(*ability),
            (false, true) => Grade::Notice,
            (false, false) => continue,
        };
        worst = worst.max(Some(grade));
        classes.insert(*ability);
        signs.push((grade, sign));
    }
    signs.sort_by_key(|(grade, _)| std::cmp::Reverse(*grade));
    Some(Told {
        code: "code-ability-added",
        grade: worst?,
        title: format!("{} now {}", read.who(), words::does(&classes)),
        signs: signs.into_iter().map(|(_, sign)| sign).collect(),
    })
}

/// What a chain is worth. An environment that is handed on to a program is how programs are started.
const fn chain_grade(source: Ability, sink: Ability, encoded: bool) -> Grade {
    match (source, sink) {
        (Ability::WholeEnvironment, Ability::Process | Ability::Shell) => {
            if encoded {
                Grade::Warning
            } else {
                Grade::Info
            }
        }
        (_, Ability::Process | Ability::Shell) => Grade::Warning,
        _ => Grade::Critical,
    }
}

/// The finding for what is read and leaves in one function.
fn chains<'a>(read: &Read<'a>) -> Option<Told<'a>> {
    let mut found: Vec<(Grade, &CodeSign, Ability, Ability, bool)> = Vec::new();
    for sign in read.signs {
        let Sign::Chain { source, sink, encoded } = &sign.sign else {
            continue;
        };
        let grade = chain_grade(*source, *sink, *encoded);
        // Where neither of its ends has a new place in the file, the function around them moved.
        let moved = |end: Ability| {
            let here = |other: &&CodeSign| other.path == sign.path;
            !read
                .signs
                .iter()
                .filter(here)
                .any(|other| matches!(&other.sign, Sign::Ability { ability, .. } if *ability == end))
        };
        let grade = if moved(*source) && moved(*sink) {
            grade.min(Grade::Warning)
        } else {
            grade
        };
        found.push((grade, sign, *source, *sink, *encoded));
    }
    told_chain(read, found, "now ")
}

/// A chain's title is about the worst of them.
fn told_chain<'a>(read: &Read<'a>, mut found: Vec<(Grade, &'a CodeSign, Ability, Ability, bool)>, now: &str) -> Option<Told<'a>> {
    found.retain(|(grade, ..)| *grade > Grade::Info);
    found.sort_by_key(|(grade, ..)| std::cmp::Reverse(*grade));
    let (grade, _, source, sink, encoded) = *found.first()?;
    let packed = if encoded { ", packed" } else { "" };
    Some(Told {
        code: "code-chain",
        grade,
        title: format!(
            "{} {now}{} and {} in one place{packed}",
            read.who(),
            words::ability(source),
            words::ability(sink)
        ),
        signs: found.into_iter().map(|(_, sign, ..)| sign).collect(),
    })
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

/// The findings for code and files that a person cannot read.
fn unreadable<'a>(read: &Read<'a>, around: &Around<'_>) -> Vec<Told<'a>> {
    let who = read.who();
    let disguised = disguised(read, &who);
    let minified = of_kind(
        read,
        "code-minified",
        |sign| matches!(sign, Sign::Minified),
        |signs| {
            let title = format!(
                "{who} now has {} minified that a person could read before",
                plural(signs.len(), "file")
            );
            (Grade::Warning, title)
        },
    );
    let grown = of_kind(
        read,
        "code-grown",
        |sign| matches!(sign, Sign::Grown { .. }),
        |signs| {
            let factor = |sign: &&CodeSign| match sign.sign {
                Sign::Grown { before, after } => (after / before.max(1), before, after),
                _ => (0, 0, 0),
            };
            let (times, before, after) = signs.iter().map(factor).max().unwrap_or_default();
            let grade = if times >= 10 && after >= 200_000 {
                Grade::Warning
            } else {
                Grade::Notice
            };
            let title = format!(
                "{who} grew out of all proportion: {} to {}",
                words::size(before),
                words::size(after)
            );
            (grade, title)
        },
    );
    let opaque = of_kind(
        read,
        "code-opaque-file",
        |sign| matches!(sign, Sign::Opaque { .. }),
        |signs| {
            let kinds: BTreeSet<_> = signs
                .iter()
                .filter_map(|sign| {
                    if let Sign::Opaque { what } = &sign.sign {
                        Some(what.as_str())
                    } else {
                        None
                    }
                })
                .collect();
            let was_native = !read.own && !around.native.contains(read.name) && kinds.iter().all(|kind| kind.contains("native"));
            let grade = if was_native { Grade::Notice } else { Grade::Warning };
            let title = format!(
                "{who} now brings {} that nobody can read: {}",
                plural(signs.len(), "file"),
                listed(&kinds)
            );
            (grade, title)
        },
    );
    let unread = of_kind(
        read,
        "code-unread",
        |sign| matches!(sign, Sign::Unread { .. }),
        |signs| {
            let aside = signs.iter().all(|sign| is_aside(&sign.path));
            let title = format!(
                "{who} has {} that cannot be read as code; only the text was searched",
                plural(signs.len(), "file")
            );
            (if aside { Grade::Notice } else { Grade::Warning }, title)
        },
    );
    disguised
        .into_iter()
        .chain([minified, grown, opaque, unread].into_iter().flatten())
        .collect()
}

/// Code that somebody took care to hide: as bad at a first look as later.
fn disguised<'a>(read: &Read<'a>, who: &str) -> Vec<Told<'a>> {
    let invisible = of_kind(
        read,
        "invisible-characters",
        |sign| matches!(sign, Sign::Invisible),
        |signs| {
            let files: BTreeSet<_> = signs.iter().map(|sign| sign.path.as_str()).collect();
            let title = format!(
                "{who} holds characters that nobody sees, in {}: they hide code from a reader",
                plural(files.len(), "file")
            );
            (Grade::Critical, title)
        },
    );
    let pushed = of_kind(
        read,
        "code-pushed-aside",
        |sign| matches!(sign, Sign::Pushed { .. }),
        |_| {
            (
                Grade::Critical,
                format!("{who} holds code pushed out of sight, behind blanks no editor shows the end of"),
            )
        },
    );
    let obfuscated = of_kind(
        read,
        "code-obfuscated",
        |sign| matches!(sign, Sign::Obfuscated { .. }),
        |signs| {
            let how: BTreeSet<_> = signs
                .iter()
                .filter_map(|sign| {
                    if let Sign::Obfuscated { how } = &sign.sign {
                        Some(how.as_str())
                    } else {
                        None
                    }
                })
                .collect();
            (Grade::Critical, format!("{who} is made hard to read: {}", listed(&how)))
        },
    );
    [invisible, pushed, obfuscated].into_iter().flatten().collect()
}

/// The findings for dependencies that are declared or imported, and not both.
fn dependencies<'a>(read: &Read<'a>, around: &Around<'_>) -> Vec<Told<'a>> {
    let mut out = never_imported(read, around);
    out.extend(of_kind(
        read,
        "dependency-undeclared",
        |sign| matches!(sign, Sign::Undeclared { .. }),
        |signs| {
            let modules: BTreeSet<_> = signs
                .iter()
                .filter_map(|sign| {
                    if let Sign::Undeclared { module } = &sign.sign {
                        Some(module.as_str())
                    } else {
                        None
                    }
                })
                .collect();
            let title = format!(
                "{} now imports {} that it does not declare: {}",
                read.who(),
                plural(modules.len(), "module"),
                listed(&modules)
            );
            (if read.own { Grade::Notice } else { Grade::Info }, title)
        },
    ));
    out
}

/// A dependency that nothing imports is there for something else than its code: one finding each, as
/// far as it came with this very change.
fn never_imported<'a>(read: &Read<'a>, around: &Around<'_>) -> Vec<Told<'a>> {
    let mut out = Vec::new();
    for sign in read.signs {
        let Sign::NeverImported { dependency } = &sign.sign else { continue };
        if !around.added.contains(dependency.as_str()) {
            continue;
        }
        let scripts = around.scripts.get(dependency.as_str());
        let (grade, tail) = match scripts {
            Some(scripts) => {
                let scripts: BTreeSet<_> = scripts.iter().copied().collect();
                (
                    Grade::Critical,
                    format!(", and which brings code that runs unasked ({})", listed(&scripts)),
                )
            }
            None if read.first || dependency.starts_with("@types/") => continue,
            None => (Grade::Warning, String::new()),
        };
        let whose = if read.own {
            "the server's own package".to_owned()
        } else {
            format!("package {}", read.name)
        };
        out.push(Told {
            code: "dependency-never-imported",
            grade,
            title: format!("{whose} now depends on {dependency}, which none of its code imports{tail}"),
            signs: vec![sign],
        });
    }
    out
}

#[cfg(test)]
#[path = "code_tests.rs"]
mod tests;
