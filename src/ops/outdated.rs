//! `outdated`: which servers have something newer, and what holds it back.
//!
//! One document or page a package is asked for; nothing is resolved, started or written. What the
//! registry answers is shown and decides nothing.

use jiff::{SignedDuration, Timestamp};

use crate::error::Error;
use crate::model::report::Undecided;
use crate::model::{ServerName, Source};
use crate::ops::ecosystem::{self, Offered};
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact, compare, queries, update};

/// A version and its date, as the registry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dated {
    /// The version.
    pub version: String,
    /// When it was published; `None`: the registry does not say.
    pub published: Option<Timestamp>,
}

/// Why a newer version is not taken by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// It is too young.
    Cooldown {
        /// Which version.
        version: String,
        /// From when on it is old enough.
        until: Timestamp,
    },
    /// What the manifest asks for excludes it.
    Requirement {
        /// As written.
        requirement: String,
        /// Which version.
        version: String,
    },
    /// It has no wheel.
    NoWheel {
        /// Which version.
        version: String,
    },
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub name: ServerName,
    /// Where it comes from.
    pub source: Source,
    /// What is locked; `None`: nothing.
    pub current: Option<Dated>,
    /// The newest that `update` would take.
    pub wanted: Option<Dated>,
    /// Whatever is newest.
    pub latest: Option<Dated>,
    /// What holds newer ones back.
    pub held: Vec<Held>,
    /// Something newer than what is locked is there.
    pub outdated: bool,
    /// A command of this machine, of which nobody publishes versions.
    pub local: bool,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// A row a server, by name.
    pub rows: Vec<Row>,
    /// Servers whose registry could not be asked, and why: never told as up to date.
    pub undecided: Vec<Undecided>,
    /// The present, for ages.
    pub now: Timestamp,
}

/// Asks for every server.
///
/// # Errors
/// Nothing to read, or a name that is not there. A registry that cannot be asked is told in the
/// result.
pub async fn outdated(context: &Context, names: &[ServerName], person: &dyn Interact) -> Result<Found, Error> {
    let loaded = queries::reading(context, person)?;
    let names = queries::select(&loaded, names)?;
    let tools = Tools::open(context, person)?;
    let mut found = Found {
        now: context.now(),
        ..Found::default()
    };
    let cooldown = loaded.policy.cooldown_update;
    for name in names {
        let Some(entry) = update::entry(&loaded, &name) else {
            continue;
        };
        let current = loaded.lock.servers.get(&name).and_then(|pin| pin.version()).map(str::to_owned);
        let Some(ecosystem) = ecosystem::of_source(&entry.source) else {
            found.rows.push(Row {
                name,
                source: entry.source,
                current: None,
                wanted: None,
                latest: None,
                held: Vec::new(),
                outdated: false,
                local: true,
            });
            continue;
        };
        let cutoff = cooldown.is_positive().then(|| found.now.saturating_sub(cooldown).ok()).flatten();
        match ecosystem.versions(&tools, &entry.source, cutoff).await {
            Ok(offered) => found.rows.push(row(name, entry.source, current.as_deref(), &offered, cooldown)),
            Err(error) => found.undecided.push(Undecided {
                server: name,
                what: undecided(&error),
                hints: error.hints(),
            }),
        }
    }
    Ok(found)
}

/// An error as what comes after "could not".
fn undecided(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    match text.strip_prefix("could not ") {
        Some(what) => what.to_owned(),
        None => format!("ask which versions there are: {text}"),
    }
}

fn row(name: ServerName, source: Source, current: Option<&str>, offered: &Offered, cooldown: SignedDuration) -> Row {
    let dated = |version: Option<&str>| {
        version.map(|version| Dated {
            published: offered.dates.get(version).copied(),
            version: version.to_owned(),
        })
    };
    let is_new = |version: &Option<String>| match (version, current) {
        (Some(version), Some(current)) => compare::newer(&source, version, current),
        (Some(_), None) => true,
        (None, _) => false,
    };
    let mut held = Vec::new();
    if offered.matching != offered.wanted && is_new(&offered.matching) {
        held.extend(offered.matching.as_ref().and_then(|version| {
            let until = offered.dates.get(version)?.saturating_add(cooldown).ok()?;
            Some(Held::Cooldown {
                version: version.clone(),
                until,
            })
        }));
    }
    if let Some(latest) = offered
        .latest
        .clone()
        .filter(|_| offered.latest != offered.matching && is_new(&offered.latest))
    {
        let above = offered
            .matching
            .as_ref()
            .is_none_or(|matching| compare::newer(&source, &latest, matching));
        if offered.latest_is_source {
            held.push(Held::NoWheel { version: latest });
        } else if above {
            held.extend(requirement(&source).map(|requirement| Held::Requirement {
                requirement,
                version: latest,
            }));
        }
    }
    Row {
        outdated: is_new(&offered.wanted) || is_new(&offered.matching) || is_new(&offered.latest),
        current: dated(current),
        wanted: dated(offered.wanted.as_deref()),
        latest: dated(offered.latest.as_deref()),
        held,
        local: false,
        name,
        source,
    }
}

fn requirement(source: &Source) -> Option<String> {
    match source {
        Source::Npm { requirement, .. } | Source::Pypi { requirement, .. } => requirement.clone(),
        Source::Local | Source::Remote(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(wanted: &str, matching: &str, latest: &str) -> Offered {
        let all = [
            ("1.0.0", "2020-01-01T00:00:00Z"),
            ("1.9.0", "2020-02-01T00:00:00Z"),
            ("1.10.0", "2020-03-01T00:00:00Z"),
            ("2.0.0", "2020-03-02T00:00:00Z"),
        ];
        Offered {
            wanted: Some(wanted.into()),
            matching: Some(matching.into()),
            latest: Some(latest.into()),
            latest_is_source: false,
            dates: all
                .iter()
                .map(|(version, date)| ((*version).to_owned(), date.parse().unwrap()))
                .collect(),
        }
    }

    fn of(current: &str, offered: &Offered) -> Row {
        let source = "npm:demo@^1".parse().unwrap();
        row(
            "demo".parse().unwrap(),
            source,
            Some(current),
            offered,
            SignedDuration::from_hours(72),
        )
    }

    #[test]
    fn each_thing_that_holds_a_newer_version_back_is_named() {
        let found = of("1.9.0", &offered("1.9.0", "1.10.0", "2.0.0"));
        assert!(found.outdated);
        assert_eq!(
            found.held,
            [
                Held::Cooldown {
                    version: "1.10.0".into(),
                    until: "2020-03-04T00:00:00Z".parse().unwrap()
                },
                Held::Requirement {
                    requirement: "^1".into(),
                    version: "2.0.0".into()
                }
            ]
        );
        let free = of("1.9.0", &offered("1.10.0", "1.10.0", "1.10.0"));
        assert!(free.outdated && free.held.is_empty());
        let newest = of("2.0.0", &offered("1.10.0", "1.10.0", "2.0.0"));
        assert!(!newest.outdated && newest.held.is_empty(), "{newest:?}");
    }
}
