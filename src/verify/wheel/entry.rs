//! Which module and callable start a server.
//!
//! The attack: an entry that two readers take for two: a name given twice, a line that continues the
//! one before for some and stands alone for others, a callable that is more than a name. What is
//! started goes to the interpreter as words, so only plain dotted names pass.
//!
//! Specification: entry points. GUI scripts are not looked at: a server has no window.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::python::{EntryPoint, normal_name};
use crate::surface::visible::is_invisible;

use super::{Refusal, Wheel};

const SECTION: &str = "console_scripts";

/// Why a package cannot be started. Mostly: it is not an MCP server, or it offers a choice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The package has no console script at all: a library.
    #[error("`{package}` has no console script to start")]
    None {
        /// The package.
        package: String,
    },
    /// Several console scripts and none is named like the package.
    #[error("`{package}` has several console scripts: {}", .names.join(", "))]
    Several {
        /// The package.
        package: String,
        /// Their names.
        names: Vec<String>,
    },
    /// The console script the user asked for is not there.
    #[error("`{package}` has no console script `{wanted}`; it has: {}", .names.join(", "))]
    Unknown {
        /// The package.
        package: String,
        /// What was asked for.
        wanted: String,
        /// Their names.
        names: Vec<String>,
    },
    /// The console script does not name a module and a callable plainly. The publisher is at fault.
    #[error("the console script `{script}` of `{package}` does not name a module and a callable")]
    Unusable {
        /// The package.
        package: String,
        /// The script.
        script: String,
    },
}

impl EntryError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::None { .. } => {
                Some("check the package's page: a library is not a server, and some servers have another package name".into())
            }
            Self::Several { names, .. } | Self::Unknown { names, .. } => names
                .first()
                .map(|name| format!("choose one with `--bin`, for example `--bin {name}`")),
            Self::Unusable { .. } => None,
        }
    }
}

/// The console script to start: the one named `wanted`, else the one named like the package (in any
/// spelling that an index takes for the same name), else the only one, or the first of several that
/// all start the same. Never a guess between two.
pub fn entry_point(wheel: &Wheel, wanted: Option<&str>) -> Result<EntryPoint, EntryError> {
    let package = wheel.name.to_string();
    let names: Vec<&String> = wheel
        .scripts
        .keys()
        .chain(&wheel.unusable)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let owned = || names.iter().map(|name| (*name).clone()).collect::<Vec<_>>();
    if names.is_empty() {
        return Err(EntryError::None { package });
    }
    let script = match wanted {
        Some(wanted) => names.iter().find(|name| *name == &wanted).ok_or_else(|| EntryError::Unknown {
            package: package.clone(),
            wanted: wanted.to_owned(),
            names: owned(),
        })?,
        None => own(wheel, &names).ok_or_else(|| EntryError::Several {
            package: package.clone(),
            names: owned(),
        })?,
    };
    wheel.scripts.get(script.as_str()).cloned().ok_or_else(|| EntryError::Unusable {
        package,
        script: (*script).clone(),
    })
}

fn own<'a, 'b>(wheel: &Wheel, names: &'b [&'a String]) -> Option<&'b &'a String> {
    if let Some(exact) = names.iter().find(|name| name.as_str() == wheel.name.as_str()) {
        return Some(exact);
    }
    let mut alike = names.iter().filter(|name| normal_name(name).as_ref() == Some(&wheel.name));
    match (alike.next(), alike.next()) {
        (Some(one), None) => return Some(one),
        (Some(_), Some(_)) => return None,
        (None, _) => {}
    }
    let targets: BTreeSet<_> = wheel.scripts.values().map(|entry| (entry.module(), entry.callable())).collect();
    let same = names.len() == 1 || (wheel.unusable.is_empty() && targets.len() == 1);
    names.first().filter(|_| same)
}

/// The console scripts of one wheel.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Scripts {
    pub(super) usable: BTreeMap<String, EntryPoint>,
    pub(super) unusable: BTreeSet<String>,
}

/// Where the reader of `entry_points.txt` is.
#[derive(Default)]
struct Place<'a> {
    section: Option<&'a str>,
    /// The indentation of the entry before.
    entry: Option<usize>,
    seen: bool,
}

/// Reads `entry_points.txt`.
pub(super) fn scripts(bytes: &[u8]) -> Result<Scripts, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| Refusal::EntryPoints {
        line: 1,
        what: "not UTF-8",
    })?;
    let mut found = Scripts::default();
    let mut place = Place::default();
    for (at, raw) in text.split('\n').enumerate() {
        let bad = |what| Refusal::EntryPoints { line: at + 1, what };
        let raw = raw.strip_suffix('\r').unwrap_or(raw);
        if raw.chars().any(|c| c != '\t' && is_invisible(c)) {
            return Err(bad("written with an invisible character"));
        }
        let line = raw.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        let indentation = raw.len() - raw.trim_start().len();
        if place.entry.is_some_and(|entry| indentation > entry) {
            return Err(bad("a continuation of the one before to some readers, and an entry to others"));
        }
        if line.starts_with('[') {
            place.open(line).map_err(bad)?;
            continue;
        }
        let section = place.section.ok_or_else(|| bad("an entry of no section"))?;
        place.entry = Some(indentation);
        if section == SECTION {
            let (name, target) = line.split_once('=').ok_or_else(|| bad("no entry"))?;
            found.add(name.trim(), target.trim()).map_err(bad)?;
        }
    }
    Ok(found)
}

impl<'a> Place<'a> {
    fn open(&mut self, line: &'a str) -> Result<(), &'static str> {
        let name = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let name = name.filter(|name| !name.contains(['[', ']'])).ok_or("no section")?;
        if name != SECTION && name.trim().eq_ignore_ascii_case(SECTION) {
            return Err("a section that some readers take for `console_scripts`");
        }
        if name == SECTION && std::mem::replace(&mut self.seen, true) {
            return Err("a second section `console_scripts`");
        }
        self.section = Some(name);
        self.entry = None;
        Ok(())
    }
}

impl Scripts {
    fn add(&mut self, name: &str, target: &str) -> Result<(), &'static str> {
        if name.is_empty() {
            return Err("an entry without a name");
        }
        if self.usable.contains_key(name) || self.unusable.contains(name) {
            return Err("the second entry of one name");
        }
        match target_of(name, target) {
            Some(entry) => {
                self.usable.insert(name.to_owned(), entry);
            }
            None => {
                self.unusable.insert(name.to_owned());
            }
        }
        Ok(())
    }
}

/// `module:callable`, perhaps with extras behind it, which say nothing about what is started.
fn target_of(name: &str, target: &str) -> Option<EntryPoint> {
    let plain = match target.split_once('[') {
        Some((plain, extras)) => {
            let inner = extras.strip_suffix(']')?;
            (!inner.contains(['[', ']'])).then_some(plain)?
        }
        None => target,
    };
    let (module, callable) = plain.split_once(':')?;
    EntryPoint::new(name, module.trim(), callable.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wheel(name: &str, text: &str) -> Wheel {
        let found = scripts(text.as_bytes()).unwrap();
        Wheel {
            name: name.parse().unwrap(),
            version: "1".into(),
            requires: Vec::new(),
            requires_python: None,
            extras: BTreeSet::new(),
            scripts: found.usable,
            unusable: found.unusable,
            startup: BTreeMap::new(),
            pure: true,
            native: false,
            repositories: Vec::new(),
        }
    }

    fn chosen(name: &str, entries: &str, wanted: Option<&str>) -> Result<String, EntryError> {
        entry_point(&wheel(name, &format!("[console_scripts]\n{entries}")), wanted).map(|entry| entry.to_string())
    }

    #[test]
    fn the_choice_is_the_packages_own_name_or_the_only_one() {
        let two = "foo-bar = a.b:main\nother=c:D.run\n";
        assert_eq!(chosen("foo-bar", two, None).as_deref(), Ok("foo-bar = a.b:main"));
        assert_eq!(chosen("foo-bar", two, Some("other")).as_deref(), Ok("other = c:D.run"));
        assert_eq!(chosen("x", "only = c:d", None).as_deref(), Ok("only = c:d"));
        assert_eq!(chosen("x", "a = c:d\nb = c:d", None).as_deref(), Ok("a = c:d"));
        assert_eq!(
            chosen("awslabs-x", "other = c:d\nawslabs.x = a:b", None).as_deref(),
            Ok("awslabs.x = a:b")
        );
        let error = chosen("x", two, None).unwrap_err();
        assert_eq!(error.to_string(), "`x` has several console scripts: foo-bar, other");
        assert!(error.hint().unwrap().contains("--bin foo-bar"));
        let unknown = chosen("foo-bar", two, Some("none")).unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "`foo-bar` has no console script `none`; it has: foo-bar, other"
        );
        assert!(matches!(chosen("x", "", None), Err(EntryError::None { .. })));
        assert!(matches!(
            chosen("a-b", "a_b = c:d\na.b = e:f", None),
            Err(EntryError::Several { .. })
        ));
    }

    #[test]
    fn what_is_no_module_and_callable_is_not_started() {
        for target in [
            "a",
            "a:",
            ":b",
            "a:b()",
            "a b:c",
            "a:b c",
            "a-b:c",
            "a:b:c",
            "a:b[x",
            "a:b]",
            "a:b[x][y]",
            "1:b",
            "a..b:c",
            "\u{e4}:b",
        ] {
            let error = chosen("x", &format!("x = {target}\ny = c:d"), None).unwrap_err();
            assert!(matches!(error, EntryError::Unusable { .. }), "{target}: {error}");
        }
        assert_eq!(chosen("x", "x = a : b [extra, two]", None).as_deref(), Ok("x = a:b"));
        assert!(matches!(chosen("x", "-x = a:b", None), Err(EntryError::Unusable { .. })));
        assert!(matches!(chosen("x", "../x = a:b", None), Err(EntryError::Unusable { .. })));
    }

    #[test]
    fn a_file_of_two_readings_is_refused() {
        for text in [
            "[console_scripts]\nx = a:b\nx = c:d\n",
            "[console_scripts]\nx = a:b\n[other]\n[console_scripts]\ny = c:d\n",
            "[console_scripts]\nx = a:b\n  y = c:d\n",
            "[other]\nx = a:b\n  [console_scripts]\ny = c:d\n",
            "[Console_Scripts]\nx = a:b\n",
            "[ console_scripts ]\nx = a:b\n",
            "[console_scripts] ; x\nx = a:b\n",
            "[console_scripts]\nx\n",
            "[console_scripts]\n = a:b\n",
            "[console_scripts]\nx = a:b\rx = c:d\n",
            "[console_scripts]\nx = a:b\u{2028}x = c:d\n",
            "[console_scripts]\nx = a:b\u{c}\n",
            "\u{feff}[console_scripts]\nx = a:b\n",
            "x = a:b\n",
        ] {
            assert!(matches!(scripts(text.as_bytes()), Err(Refusal::EntryPoints { .. })), "{text:?}");
        }
        assert!(scripts(b"[console_scripts]\nx = \xff:b").is_err());
    }

    #[test]
    fn other_sections_and_indented_files_are_read() {
        let found = wheel(
            "x",
            "# c\r\n[gui_scripts]\r\ng = a:b\r\n\r\n[console_scripts]\r\n  x = a:b\r\n  ; c\r\n  y = a:c\r\n[other]\r\nx\r\n",
        );
        assert_eq!(found.scripts.keys().collect::<Vec<_>>(), ["x", "y"]);
    }
}
