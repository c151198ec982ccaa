//! Representative machines, for checks whose outcome may not depend on the machine they run on.

use std::collections::BTreeSet;

use pep440_rs::{Version, VersionSpecifiers};

use super::facts::{Libc, PythonFacts, PythonMarkers, PythonPlatform};
use super::marker::Marker;
use super::target::PythonTarget;

/// The minor versions of Python 3 that are looked at.
const MINORS: std::ops::RangeInclusive<u32> = 10..=15;

/// A patch that is newer than any there will be.
const LAST_PATCH: u32 = 99;

/// Linux (`x86_64`, `aarch64`; glibc, musl), macOS (`arm64`, `x86_64`) and Windows (`amd64`), each
/// with `CPython` 3.10 to 3.15, in the first and the last patch release and in every one at which
/// one of `markers` may change its answer: every environment that `requires_python` allows.
///
/// Not in it: other systems and processors, older Pythons, other implementations. A machine that is
/// none of these is checked by its own environment.
///
/// `None`: that would be more than `limit` environments, so that checking them would never end.
pub fn universe<'a>(
    requires_python: Option<&VersionSpecifiers>,
    markers: impl IntoIterator<Item = &'a Marker>,
    limit: usize,
) -> Option<Vec<PythonTarget>> {
    let mut turning_points = BTreeSet::new();
    for marker in markers {
        marker.turning_points(&mut turning_points);
    }
    if let Some(specifiers) = requires_python {
        turning_points.extend(specifiers.iter().map(|specifier| specifier.version().only_release()));
    }
    let versions = versions(&turning_points);
    let machines = machines();
    if versions.len() * machines.len() > limit {
        return None;
    }
    let targets = machines.iter().flat_map(|machine| {
        let target = PythonTarget::new(machine.clone()).ok();
        versions
            .iter()
            .filter_map(move |version| target.as_ref().and_then(|target| target.with_version(*version).ok()))
    });
    Some(
        targets
            .filter(|target| requires_python.is_none_or(|specifiers| target.allowed_by(specifiers)))
            .collect(),
    )
}

fn versions(turning_points: &BTreeSet<Version>) -> BTreeSet<(u32, u32, u32)> {
    let mut versions: BTreeSet<_> = MINORS.flat_map(|minor| [(3, minor, 0), (3, minor, LAST_PATCH)]).collect();
    for point in turning_points {
        let [3, minor, patch] = point.release() else { continue };
        let (Ok(minor), Ok(patch)) = (u32::try_from(*minor), u32::try_from(*patch)) else {
            continue;
        };
        if MINORS.contains(&minor) && patch < LAST_PATCH {
            versions.extend([(3, minor, patch.saturating_sub(1)), (3, minor, patch), (3, minor, patch + 1)]);
        }
    }
    versions
}

fn machines() -> Vec<PythonFacts> {
    let linux = |machine: &str, libc: Libc| {
        let platform = PythonPlatform::Linux {
            machine: machine.to_owned(),
            libc,
        };
        facts(platform, ["posix", "linux", machine, "Linux", "6.8.0", "#1 SMP"])
    };
    let macos = |machine: &str| {
        let platform = PythonPlatform::MacOs {
            version: (14, 0),
            machine: machine.to_owned(),
        };
        facts(
            platform,
            ["posix", "darwin", machine, "Darwin", "23.0.0", "Darwin Kernel Version 23.0.0"],
        )
    };
    let windows = PythonPlatform::Windows {
        machine: "amd64".to_owned(),
    };
    vec![
        linux("x86_64", Libc::Glibc(2, 39)),
        linux("aarch64", Libc::Glibc(2, 39)),
        linux("x86_64", Libc::Musl(1, 2)),
        linux("aarch64", Libc::Musl(1, 2)),
        macos("arm64"),
        macos("x86_64"),
        facts(windows, ["nt", "win32", "AMD64", "Windows", "11", "10.0.26100"]),
    ]
}

fn facts(platform: PythonPlatform, [os_name, sys_platform, machine, system, release, version]: [&str; 6]) -> PythonFacts {
    PythonFacts {
        version: (3, 12, 0),
        full_version: "3.12.0".to_owned(),
        implementation: "cpython".to_owned(),
        markers: PythonMarkers {
            os_name: os_name.to_owned(),
            sys_platform: sys_platform.to_owned(),
            platform_machine: machine.to_owned(),
            platform_python_implementation: "CPython".to_owned(),
            platform_release: release.to_owned(),
            platform_system: system.to_owned(),
            platform_version: version.to_owned(),
            implementation_version: "3.12.0".to_owned(),
        },
        platform,
        free_threaded: false,
        debug: false,
        pointer_size: 8,
        cache_tag: "cpython-312".to_owned(),
        magic: "00000000".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    #[test]
    fn every_system_and_python_is_in_it_once() {
        let all = universe(None, [], 1000).unwrap();
        assert_eq!(all.len(), 7 * 6 * 2);
        let identities: BTreeSet<String> = all.iter().map(PythonTarget::identity).collect();
        assert_eq!(identities.len(), all.len());
    }

    #[test]
    fn requires_python_leaves_out_what_it_forbids() {
        let specifiers = VersionSpecifiers::from_str(">=3.12,!=3.13.2").unwrap();
        let all = universe(Some(&specifiers), [], 1000).unwrap();
        let versions: BTreeSet<String> = all.iter().map(|target| target.version().to_string()).collect();
        assert!(versions.iter().all(|version| version.as_str() >= "3.12"), "{versions:?}");
        assert!(versions.contains("3.13.1") && versions.contains("3.13.3") && !versions.contains("3.13.2"));
    }

    #[test]
    fn where_a_marker_changes_its_answer_is_looked_at() {
        let marker = Marker::parse("python_full_version < '3.11.3' or implementation_version >= '3.14.7'").unwrap();
        let all = universe(None, [&marker], 1000).unwrap();
        let has = |version: &str| all.iter().any(|target| target.version().to_string() == version);
        assert!(has("3.11.2") && has("3.11.3") && has("3.14.6") && has("3.14.7"));
        assert!(!has("3.12.3"));
        assert!(universe(None, [&marker], 50).is_none());
    }
}
