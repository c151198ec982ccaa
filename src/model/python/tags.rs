//! Which wheels an interpreter takes, and which of them it prefers: the tags of PEP 425 in the
//! order of pip, for `CPython`.
//!
//! manylinux and musllinux: PEP 600 and 656. The order was compared with pip's own on four
//! versions of Python; a frozen excerpt is in the tests.

use super::facts::{Libc, PythonFacts, PythonPlatform};

/// A group of tags that differ in their platform alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) python: String,
    pub(super) abi: String,
    /// Only `any` instead of the machine's platforms.
    pub(super) any: bool,
}

/// Every group in order of preference.
pub(super) fn groups(facts: &PythonFacts) -> Vec<Group> {
    let (major, minor, _) = facts.version;
    let own = format!("cp{major}{minor}");
    let group = |python: &str, abi: &str, any: bool| Group {
        python: python.to_owned(),
        abi: abi.to_owned(),
        any,
    };
    let abi = if facts.free_threaded { format!("{own}t") } else { own.clone() };
    let mut groups = vec![group(&own, &abi, false)];
    if !facts.free_threaded {
        groups.push(group(&own, "abi3", false));
    }
    groups.push(group(&own, "none", false));
    if !facts.free_threaded {
        groups.extend((2..minor).rev().map(|older| group(&format!("cp{major}{older}"), "abi3", false)));
    }
    let pure: Vec<String> = [format!("py{major}{minor}"), format!("py{major}")]
        .into_iter()
        .chain((0..minor).rev().map(|older| format!("py{major}{older}")))
        .collect();
    groups.extend(pure.iter().map(|python| group(python, "none", false)));
    groups.push(group(&own, "none", true));
    groups.extend(pure.iter().map(|python| group(python, "none", true)));
    groups
}

/// The machine's platform tags in order of preference. `None` for a machine that is not known.
pub(super) fn platforms(platform: &PythonPlatform, pointer_size: u8) -> Option<Vec<String>> {
    let short = pointer_size == 4;
    match platform {
        PythonPlatform::Linux { machine, libc } => {
            let machine = match (machine.as_str(), short) {
                ("x86_64" | "i686" | "i386", true) => "i686",
                ("aarch64" | "armv8l" | "armv7l", true) => "armv7l",
                (machine @ ("x86_64" | "aarch64" | "ppc64le" | "s390x" | "riscv64" | "loongarch64"), false) => machine,
                _ => return None,
            };
            Some(linux(machine, *libc))
        }
        PythonPlatform::MacOs { version, machine } if !short && *version >= (10, 9) => match machine.as_str() {
            "arm64" => Some(macos(*version, "arm64", &["arm64", "universal2"])),
            "x86_64" => Some(macos(
                *version,
                "x86_64",
                &["x86_64", "intel", "fat64", "fat32", "universal2", "universal"],
            )),
            _ => None,
        },
        PythonPlatform::MacOs { .. } => None,
        PythonPlatform::Windows { machine } => match (machine.to_ascii_lowercase().as_str(), short) {
            ("amd64" | "x86_64", false) => Some(vec!["win_amd64".to_owned()]),
            ("arm64" | "aarch64", false) => Some(vec!["win_arm64".to_owned()]),
            ("win32" | "x86" | "amd64", true) => Some(vec!["win32".to_owned()]),
            _ => None,
        },
    }
}

/// The newest minor version of a major version of glibc that is over.
const LAST_GLIBC_MINOR: u32 = 50;

fn linux(machine: &str, libc: Libc) -> Vec<String> {
    let mut tags = Vec::new();
    match libc {
        Libc::Glibc(major, minor) => {
            // Nothing older was ever built for.
            let oldest = if ["x86_64", "i686"].contains(&machine) { 5 } else { 17 };
            for major in (2..=major.min(9)).rev() {
                let newest = if major == libc.major() { minor.min(999) } else { LAST_GLIBC_MINOR };
                let lowest = if major == 2 { oldest } else { 0 };
                for minor in (lowest..=newest).rev() {
                    tags.push(format!("manylinux_{major}_{minor}_{machine}"));
                    let legacy = match (major, minor) {
                        (2, 17) => "manylinux2014",
                        (2, 12) => "manylinux2010",
                        (2, 5) => "manylinux1",
                        _ => continue,
                    };
                    tags.push(format!("{legacy}_{machine}"));
                }
            }
        }
        Libc::Musl(major, minor) => {
            tags.extend(
                (0..=minor.min(999))
                    .rev()
                    .map(|minor| format!("musllinux_{major}_{minor}_{machine}")),
            );
        }
    }
    tags.push(format!("linux_{machine}"));
    tags
}

impl Libc {
    const fn major(self) -> u32 {
        match self {
            Self::Glibc(major, _) | Self::Musl(major, _) => major,
        }
    }
}

fn macos(version: (u32, u32), machine: &str, formats: &[&str]) -> Vec<String> {
    let all = |major: u32, minor: u32, formats: &[&str]| {
        formats
            .iter()
            .map(|format| format!("macosx_{major}_{minor}_{format}"))
            .collect::<Vec<_>>()
    };
    if version < (11, 0) {
        return (0..=version.1)
            .rev()
            // Before 10.4 there was no 64-bit code.
            .filter(|minor| *minor >= 4)
            .flat_map(|minor| all(10, minor, formats))
            .collect();
    }
    // arm64 began with macOS 11; what holds both kinds may name an older one.
    let older: &[&str] = if machine == "x86_64" { formats } else { &["universal2"] };
    (11..=version.0.min(99))
        .rev()
        .flat_map(|major| all(major, 0, formats))
        .chain((4..=16).rev().flat_map(|minor| all(10, minor, older)))
        .collect()
}
