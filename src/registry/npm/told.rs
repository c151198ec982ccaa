//! What npm's document says of a version beside its bytes: who published it, who could have, and
//! whether its publisher still wants it used.
//!
//! Read leniently: nothing is made safe by it, and a registry that says none of it, or says it in
//! another form, has said nothing.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Npm;
use super::packument::Packument;
use crate::model::{PackageName, PackageTold, Publisher, VersionTold};

/// No account has a longer name.
const NAME: usize = 100;
/// More people than this are no list of maintainers.
const PEOPLE: usize = 200;
/// A publisher's warning is a sentence.
const WORDS: usize = 1000;

#[derive(Deserialize)]
struct Wire {
    #[serde(default, rename = "_npmUser")]
    user: Value,
    #[serde(default)]
    maintainers: Value,
    #[serde(default)]
    deprecated: Value,
}

impl Packument {
    /// What the document says of some of its versions, and the dates of all.
    pub fn told<'a>(&self, registry: &str, versions: impl IntoIterator<Item = &'a str>) -> PackageTold {
        let versions = versions.into_iter().filter_map(|version| {
            let wire: Wire = serde_json::from_str(self.raw(version)?).ok()?;
            Some((version.to_owned(), told(&wire)))
        });
        PackageTold {
            registry: registry.to_owned(),
            versions: versions.collect(),
            dates: self.times.clone().unwrap_or_default(),
        }
    }
}

impl Npm {
    /// Which registry a package comes from, for comparing: its path may be a credential, so it is
    /// not for messages.
    pub fn registry_of(&self, name: &PackageName) -> &str {
        self.settings.registry_of(name)
    }
}

fn told(wire: &Wire) -> VersionTold {
    let people = wire.maintainers.as_array().filter(|list| list.len() <= PEOPLE);
    let person = |value: &Value| account(value.as_str().or_else(|| value.get("name")?.as_str())?);
    let maintainers: BTreeSet<String> = people.into_iter().flatten().filter_map(person).collect();
    let publisher = |user: &Map<String, Value>| {
        Some(Publisher {
            name: account(user.get("name")?.as_str()?)?,
            trusted: user.get("trustedPublisher").is_some_and(Value::is_object),
        })
    };
    let warning = wire.deprecated.as_str().map(|words| words.chars().take(WORDS).collect::<String>());
    VersionTold {
        publisher: wire.user.as_object().and_then(publisher),
        maintainers,
        // An empty text takes the warning back.
        deprecated: warning.filter(|words| !words.trim().is_empty()),
    }
}

/// A name without what may stand beside it (`name <mail>`).
fn account(text: &str) -> Option<String> {
    let name = text.split(" <").next().unwrap_or_default().trim();
    (!name.is_empty()).then(|| name.chars().take(NAME).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_warnings_are_read_and_their_absence_is_nothing() {
        let text = r#"{"name":"a","time":{"1.0.0":"2020-01-02T00:00:00.000Z"},"versions":{
            "1.0.0":{"_npmUser":{"name":"ann","email":"x"},"maintainers":[{"name":"ann"},"bob <b@b.test>",7],"deprecated":"old"},
            "2.0.0":{"_npmUser":{"name":"CI","trustedPublisher":{"id":"forge"}},"deprecated":""},
            "3.0.0":{},
            "4.0.0":{"_npmUser":"ann","maintainers":"ann","deprecated":false}}}"#;
        let document = Packument::parse(&"a".parse().unwrap(), text.as_bytes()).unwrap();
        let told = document.told("r", ["1.0.0", "2.0.0", "3.0.0", "4.0.0", "5.0.0"]);
        assert_eq!((told.dates.len(), told.versions.len()), (1, 4));
        let publisher = |name: &str, trusted| {
            Some(Publisher {
                name: name.into(),
                trusted,
            })
        };
        let first = &told.versions["1.0.0"];
        assert_eq!(first.publisher, publisher("ann", false));
        assert_eq!(first.maintainers, ["ann".to_owned(), "bob".to_owned()].into());
        assert_eq!(first.deprecated.as_deref(), Some("old"));
        let second = &told.versions["2.0.0"];
        assert_eq!((&second.publisher, &second.deprecated), (&publisher("CI", true), &None));
        for version in ["3.0.0", "4.0.0"] {
            assert_eq!(told.versions[version], VersionTold::default(), "{version}");
        }
    }
}
