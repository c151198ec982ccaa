//! Markers against the specification, and against another reader.
use super::super::universe;
use super::*;
use crate::model::python::PythonTarget;

fn machine(sys_platform: &str, version: &str) -> PythonTarget {
    universe(None, [], 1000)
        .unwrap()
        .into_iter()
        .find(|target| target.facts().markers.sys_platform == sys_platform && target.version().to_string() == version)
        .unwrap_or_else(|| panic!("{sys_platform} {version}"))
}

fn none() -> BTreeSet<String> {
    BTreeSet::new()
}

#[test]
fn markers_hold_where_they_should() {
    let linux = machine("linux", "3.12.0");
    for yes in [
        "python_version >= '3.9'",
        "python_version>='3.9'and os_name=='posix'",
        "'3.9' <= python_version",
        "python_version == '3.*'",
        "python_version ~= '3.8'",
        "python_version in '3.11 3.12'",
        "python_version not in '2.7, 3.1'",
        "python_full_version < '3.12.1'",
        "sys_platform == 'linux' and (os_name == 'nt' or platform_machine == \"x86_64\")",
        "sys_platform == 'win32' or python_version > '3.11' and os_name != 'nt'",
        "platform_machine in 'x86_64 AMD64'",
        "'64' in platform_machine",
        "platform_python_implementation == 'CPython' and implementation_name == 'cpython'",
        "os.name == 'posix' and sys.platform != 'win32' and python_implementation == 'CPython'",
        "extra != 'dev'",
        "platform_release >= '5.0'",
        // What decides without the unclear part is decided.
        "platform_release >= '10.0' or sys_platform == 'linux'",
    ] {
        assert_eq!(linux.holds(yes, &none()), Ok(true), "{yes}");
    }
    for no in [
        "python_version > '3.12'",
        "python_version < '3.10'",
        "python_version not in '3.12'",
        "sys_platform == 'win32'",
        "'arm' in platform_machine",
        "extra == 'dev'",
        "sys_platform == 'darwin' and platform_release >= '10.0'",
        "platform_release >= '10.0' and sys_platform == 'darwin'",
    ] {
        assert_eq!(linux.holds(no, &none()), Ok(false), "{no}");
    }
    let windows = machine("win32", "3.10.0");
    assert_eq!(
        windows.holds("sys_platform == 'win32' and os_name == 'nt' and python_version < '3.11'", &none()),
        Ok(true)
    );
}

#[test]
fn extras_are_compared_by_their_normal_names() {
    let linux = machine("linux", "3.12.0");
    let extras = BTreeSet::from(["a-b".to_owned(), "c".to_owned()]);
    assert_eq!(linux.holds("extra == 'A_b'", &extras), Ok(true));
    assert_eq!(linux.holds("'c' == extra and extra != 'd'", &extras), Ok(true));
    assert_eq!(linux.holds("extra == 'b'", &extras), Ok(false));
}

#[test]
fn what_is_not_understood_is_neither_true_nor_false() {
    for bad in [
        "",
        " ",
        "python_version",
        "python_version >=",
        ">= '3'",
        "python_version >= 3",
        "python_version => '3'",
        "python_version === '3.12'",
        "python_version >= 'three'",
        "python_version >= '3.*'",
        "python_version ~= '3'",
        "'3.*' == python_version",
        "'3.8' ~= python_version",
        "python_full_version in '3.12.0 3.12.1'",
        "'3.1' in python_version",
        "python_version in '3'",
        "python_version in '13.10 x'",
        "python_version in '3.100'",
        "sys_platform > 'linux'",
        "sys_platform ~= 'linux'",
        "sys_platform === 'linux'",
        "sys_platform == linux",
        "sys_platform == os_name",
        "'a' == 'a'",
        "extra == ''",
        "extra == 'a b'",
        "extra > 'a'",
        "extra in 'a b'",
        "'a' in extras",
        "bogus == 'x'",
        "Sys_platform == 'linux'",
        "sys_platform == 'linux",
        "sys_platform == 'li\\x6eux'",
        "sys_platform == 'linux' and",
        "sys_platform == 'linux' xor os_name == 'nt'",
        "sys_platform == 'linux' AND os_name == 'nt'",
        "(sys_platform == 'linux'",
        "sys_platform == 'linux')",
        "sys_platform == 'linux' os_name == 'posix'",
        "not sys_platform == 'linux'",
        "sys_platform not 'linux'",
        "sys_platform == '\u{456}linux'",
        "sys_platform\u{a0}== 'linux'",
        "sys_platform == 'linux'\n",
        "sys_platform == 'linux' # or not",
        "sys_platform == 'linux' or os_name ~= 'x'",
    ] {
        assert!(Marker::parse(bad).is_err(), "{bad:?}");
    }
    let deep = format!("{}os_name == 'nt'{}", "(".repeat(100_000), ")".repeat(100_000));
    assert!(Marker::parse(&deep).is_err());
    let deep = format!("{}os_name == 'nt'{}", "(".repeat(70), ")".repeat(70));
    assert!(Marker::parse(&deep).is_err());
}

#[test]
fn what_readers_disagree_about_is_an_error() {
    let linux = machine("linux", "3.12.0");
    // 6.8.0: less than 10.0 as a version, more as a text.
    assert!(matches!(
        linux.holds("platform_release >= '10.0'", &none()),
        Err(MarkerError::Ambiguous { .. })
    ));
    assert!(matches!(
        linux.holds("platform_release == '6.8'", &none()),
        Err(MarkerError::Ambiguous { .. })
    ));
    // Not a version at all.
    assert!(matches!(
        linux.holds("platform_version >= '1.0'", &none()),
        Err(MarkerError::Ambiguous { .. })
    ));
}

/// Another reader of the same texts, the one that grew in uv: on every machine, the same answer.
#[test]
fn another_reader_gives_the_same_answers() {
    let markers = [
        "python_version < '3.11' and sys_platform != 'emscripten'",
        "python_full_version >= '3.10.2' and python_full_version < '3.13'",
        "(platform_machine == 'aarch64' and sys_platform == 'linux') or (platform_machine == 'AMD64' and sys_platform == 'win32')",
        "implementation_name == 'pypy' or platform_python_implementation != 'PyPy'",
        "sys_platform == 'win32' or sys_platform == 'cygwin' or 'bsd' in sys_platform",
        "python_version ~= '3.11' or extra == 'a'",
        "extra == 'a' and extra != 'b' and platform_system in 'Linux Darwin'",
        "os_name == 'nt' and python_version != '3.12.*'",
        "'3.13' > python_version and '3.11' <= python_version",
        "python_version not in '3.10 3.11'",
    ];
    let mut held = 0;
    for text in markers {
        let marker = Marker::parse(text).unwrap();
        let other = pep508_rs::MarkerTree::from_str(text).unwrap();
        for target in universe(None, [&marker], 1000).unwrap() {
            let facts = target.facts();
            let environment = pep508_rs::MarkerEnvironment::try_from(pep508_rs::MarkerEnvironmentBuilder {
                implementation_name: &facts.implementation,
                implementation_version: &facts.markers.implementation_version,
                os_name: &facts.markers.os_name,
                platform_machine: &facts.markers.platform_machine,
                platform_python_implementation: &facts.markers.platform_python_implementation,
                platform_release: &facts.markers.platform_release,
                platform_system: &facts.markers.platform_system,
                platform_version: &facts.markers.platform_version,
                python_full_version: &facts.full_version,
                python_version: &format!("{}.{}", facts.version.0, facts.version.1),
                sys_platform: &facts.markers.sys_platform,
            })
            .unwrap();
            for extras in [&[][..], &["a"], &["a", "b"]] {
                let ours = target
                    .meets(&marker, &extras.iter().map(|&extra| extra.to_owned()).collect())
                    .unwrap();
                let extras: Vec<pep508_rs::ExtraName> = extras.iter().map(|extra| extra.parse().unwrap()).collect();
                assert_eq!(
                    ours,
                    other.evaluate(&environment, &extras),
                    "{text} {} {extras:?}",
                    target.identity()
                );
                held += usize::from(ours);
            }
        }
    }
    assert!(held > 500, "{held}");
}
