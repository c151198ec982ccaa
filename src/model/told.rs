//! What registries say about packages beside their bytes: when, by whom, whether still wanted.
//!
//! All of it claims. It only ever raises a question: a date or a publisher makes nothing safe, and
//! what a registry does not say is unknown, never old and never unchanged.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::closure::PackageName;

/// The registries' word about the packages of a closure, as of a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// When it was asked; `None`: nobody was asked, and every age is unknown.
    pub now: Option<Timestamp>,
    /// By real name.
    pub packages: BTreeMap<PackageName, PackageTold>,
}

/// What is said of one package.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PackageTold {
    /// Which registry said so: for comparing, not for messages.
    pub registry: String,
    /// The dates of all its versions, as far as the registry gives them.
    pub dates: BTreeMap<String, Timestamp>,
    /// What is said of the versions that matter: the one that is taken, and those known before.
    pub versions: BTreeMap<String, VersionTold>,
}

/// What is said of one version. Private registries say nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VersionTold {
    /// Whose token published it.
    pub publisher: Option<Publisher>,
    /// Who could publish, at that time. Empty: not said.
    pub maintainers: BTreeSet<String>,
    /// The publisher's warning, where the version is deprecated. Hostile text.
    pub deprecated: Option<String>,
}

/// Whose token published a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publisher {
    /// The account. Hostile text.
    pub name: String,
    /// The registry took it from a build that it knows (trusted publishing), without any token that
    /// could be stolen.
    pub trusted: bool,
}

impl Told {
    /// What is said of one version.
    pub fn version(&self, name: &PackageName, version: &str) -> Option<&VersionTold> {
        self.packages.get(name)?.versions.get(version)
    }

    /// When a version was released.
    pub fn released(&self, name: &PackageName, version: &str) -> Option<Timestamp> {
        self.packages.get(name)?.dates.get(version).copied()
    }

    /// When the first version of the name was released. An old name may have changed hands.
    pub fn first(&self, name: &PackageName) -> Option<Timestamp> {
        self.packages.get(name)?.dates.values().min().copied()
    }

    /// How old something was when the registry was asked; nothing is younger than new.
    pub fn age(&self, date: Timestamp) -> Option<SignedDuration> {
        Some(self.now?.duration_since(date).max(SignedDuration::ZERO))
    }

    /// How long nothing had been released before a version; `None` where it was the first, or where
    /// that is not known.
    pub fn silence(&self, name: &PackageName, version: &str) -> Option<SignedDuration> {
        let released = self.released(name, version)?;
        let earlier = self.packages.get(name)?.dates.values().filter(|date| **date < released).max()?;
        Some(released.duration_since(*earlier))
    }
}

/// A span of time as people say it: `3 hours`, `5 days`, `14 months`, `3 years`.
pub fn span(span: SignedDuration) -> String {
    let hours = span.as_hours();
    let (number, unit) = match hours {
        ..48 => (hours, "hour"),
        48..1440 => (hours / 24, "day"),
        1440..17_520 => (hours / 730, "month"),
        _ => (hours / 8766, "year"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_and_ages_are_of_what_was_said() {
        let name: PackageName = "a".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let dates = [
            ("1.0.0", "2020-01-01T00:00:00Z"),
            ("1.0.1", "2020-01-03T00:00:00Z"),
            ("2.0.0", "2024-01-03T00:00:00Z"),
        ];
        let package = PackageTold {
            dates: dates.map(|(version, date)| (version.to_owned(), at(date))).into(),
            ..PackageTold::default()
        };
        let told = Told {
            now: Some(at("2024-01-08T00:00:00Z")),
            packages: [(name.clone(), package)].into(),
        };
        assert_eq!(told.silence(&name, "2.0.0").map(span).as_deref(), Some("4 years"));
        assert_eq!(told.silence(&name, "1.0.1").map(span).as_deref(), Some("2 days"));
        assert_eq!((told.silence(&name, "1.0.0"), told.silence(&name, "9")), (None, None));
        assert_eq!(told.first(&name), Some(at("2020-01-01T00:00:00Z")));
        assert_eq!(told.age(at("2024-01-03T00:00:00Z")).map(span).as_deref(), Some("5 days"));
        // A date in the future is new, not old.
        assert_eq!(told.age(at("2030-01-01T00:00:00Z")), Some(SignedDuration::ZERO));
        assert_eq!(Told::default().age(at("2020-01-01T00:00:00Z")), None);
        assert_eq!(span(SignedDuration::from_hours(1)), "1 hour");
        assert_eq!(span(SignedDuration::from_hours(100 * 24)), "3 months");
    }
}
