//! Tags against pip's own, and what makes a target.
use super::super::facts::Libc;
use super::super::universe;
use super::*;

fn facts() -> PythonFacts {
    universe(None, [], 1000).unwrap()[0]
        .with_version((3, 12, 0))
        .unwrap()
        .facts()
        .clone()
}

fn target(change: impl FnOnce(&mut PythonFacts)) -> PythonTarget {
    let mut facts = facts();
    change(&mut facts);
    PythonTarget::new(facts).unwrap()
}

fn wheel(name: &str) -> WheelName {
    WheelName::parse(name).unwrap_or_else(|| panic!("{name}"))
}

/// `pip debug --verbose` on a Linux machine with glibc 2.19 and Python 3.10, shortened.
#[test]
fn tags_stand_in_the_order_of_pip() {
    let target = target(|facts| {
        facts.version = (3, 10, 0);
        facts.full_version = "3.10.0".to_owned();
        facts.platform = PythonPlatform::Linux {
            machine: "x86_64".to_owned(),
            libc: Libc::Glibc(2, 19),
        };
    });
    let tags: Vec<String> = target.tags().collect();
    let platforms = [
        "manylinux_2_19",
        "manylinux_2_18",
        "manylinux_2_17",
        "manylinux2014",
        "manylinux_2_16",
        "manylinux_2_15",
        "manylinux_2_14",
        "manylinux_2_13",
        "manylinux_2_12",
        "manylinux2010",
        "manylinux_2_11",
        "manylinux_2_10",
        "manylinux_2_9",
        "manylinux_2_8",
        "manylinux_2_7",
        "manylinux_2_6",
        "manylinux_2_5",
        "manylinux1",
        "linux",
    ];
    let starts = [
        "cp310-cp310",
        "cp310-abi3",
        "cp310-none",
        "cp39-abi3",
        "cp38-abi3",
        "cp37-abi3",
        "cp36-abi3",
        "cp35-abi3",
        "cp34-abi3",
        "cp33-abi3",
        "cp32-abi3",
        "py310-none",
        "py3-none",
        "py39-none",
        "py38-none",
        "py37-none",
        "py36-none",
        "py35-none",
        "py34-none",
        "py33-none",
        "py32-none",
        "py31-none",
        "py30-none",
    ];
    let pure = [
        "cp310", "py310", "py3", "py39", "py38", "py37", "py36", "py35", "py34", "py33", "py32", "py31", "py30",
    ];
    let wanted: Vec<String> = starts
        .iter()
        .flat_map(|start| platforms.iter().map(move |platform| format!("{start}-{platform}_x86_64")))
        .chain(pure.iter().map(|python| format!("{python}-none-any")))
        .collect();
    assert_eq!(tags, wanted);
}

#[test]
fn other_systems_have_their_own_tags() {
    let first = |target: &PythonTarget| target.platforms.clone();
    let musl = target(|facts| {
        facts.platform = PythonPlatform::Linux {
            machine: "aarch64".to_owned(),
            libc: Libc::Musl(1, 2),
        };
    });
    assert_eq!(
        first(&musl),
        [
            "musllinux_1_2_aarch64",
            "musllinux_1_1_aarch64",
            "musllinux_1_0_aarch64",
            "linux_aarch64"
        ]
    );
    let arm = target(|facts| {
        facts.platform = PythonPlatform::Linux {
            machine: "aarch64".to_owned(),
            libc: Libc::Glibc(2, 18),
        };
    });
    assert_eq!(
        first(&arm),
        [
            "manylinux_2_18_aarch64",
            "manylinux_2_17_aarch64",
            "manylinux2014_aarch64",
            "linux_aarch64"
        ]
    );
    let all = universe(None, [], 1000).unwrap();
    let mac = |machine: &str| {
        all.iter()
            .find(|target| matches!(&target.facts.platform, PythonPlatform::MacOs { machine: found, .. } if found == machine))
            .unwrap()
    };
    assert_eq!(
        &first(mac("arm64"))[..10],
        [
            "macosx_14_0_arm64",
            "macosx_14_0_universal2",
            "macosx_13_0_arm64",
            "macosx_13_0_universal2",
            "macosx_12_0_arm64",
            "macosx_12_0_universal2",
            "macosx_11_0_arm64",
            "macosx_11_0_universal2",
            "macosx_10_16_universal2",
            "macosx_10_15_universal2",
        ]
    );
    assert_eq!(first(mac("x86_64")).len(), (4 + 13) * 6);
    assert!(all.iter().any(|target| target.platforms == ["win_amd64"]));
}

#[test]
fn a_build_without_the_lock_takes_no_stable_abi() {
    let threaded = target(|facts| facts.free_threaded = true);
    assert!(threaded.rank(&wheel("a-1-cp312-cp312t-manylinux_2_17_x86_64.whl")).is_some());
    assert!(threaded.rank(&wheel("a-1-cp312-none-manylinux_2_17_x86_64.whl")).is_some());
    assert!(threaded.rank(&wheel("a-1-py3-none-any.whl")).is_some());
    for other in ["cp312-cp312", "cp312-abi3", "cp39-abi3"] {
        assert_eq!(
            threaded.rank(&wheel(&format!("a-1-{other}-manylinux_2_17_x86_64.whl"))),
            None,
            "{other}"
        );
    }
}

#[test]
fn the_best_wheel_is_the_same_in_every_order() {
    let machine = target(|_| ());
    let mut wheels: Vec<WheelName> = [
        "a-1-py3-none-any.whl",
        "a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "a-1-1-cp312-cp312-manylinux_2_28_x86_64.whl",
        "a-1-10-cp312-cp312-manylinux_2_28_x86_64.whl",
        "a-1-9-cp312-cp312-manylinux_2_28_x86_64.whl",
        "a-1-cp311-cp311-manylinux_2_28_x86_64.whl",
        "a-1-cp312-cp312-manylinux_2_28_aarch64.whl",
        "a-1-cp312-cp312-win_amd64.whl",
        "a-1-cp312-cp312-manylinux_2_99_x86_64.whl",
        "a-1-cp38-abi3-manylinux_2_28_x86_64.whl",
    ]
    .map(wheel)
    .into();
    for _ in 0..wheels.len() {
        wheels.rotate_left(1);
        assert_eq!(
            machine.best(&wheels).unwrap().file_name(),
            "a-1-10-cp312-cp312-manylinux_2_28_x86_64.whl"
        );
    }
    wheels.retain(|wheel| !wheel.file_name().contains("2_28_x86_64"));
    assert_eq!(
        machine.best(&wheels).unwrap().file_name(),
        "a-1-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    );
    assert_eq!(machine.best(&[wheel("a-1-cp312-cp312-win_amd64.whl")]), None);
}

#[test]
fn facts_that_contradict_each_other_are_no_target() {
    let refused = |change: fn(&mut PythonFacts)| {
        let mut facts = facts();
        change(&mut facts);
        PythonTarget::new(facts).unwrap_err()
    };
    assert!(matches!(
        refused(|f| f.implementation = "pypy".to_owned()),
        TargetError::Implementation(_)
    ));
    assert!(matches!(refused(|f| f.full_version = "3.12.1".to_owned()), TargetError::Version(_)));
    assert!(matches!(
        refused(|f| f.full_version = "3.12.0rc1".to_owned()),
        TargetError::Prerelease(_)
    ));
    assert!(matches!(refused(|f| f.version = (2, 7, 0)), TargetError::Version(_)));
    assert!(matches!(
        refused(|f| f.markers.sys_platform = "win32".to_owned()),
        TargetError::Contradiction(_)
    ));
    assert!(matches!(refused(|f| f.pointer_size = 16), TargetError::Contradiction(_)));
    assert!(matches!(refused(|f| f.magic = "a b".to_owned()), TargetError::Contradiction(_)));
    assert!(matches!(refused(|f| f.debug = true), TargetError::Debug));
    let odd = refused(|f| {
        f.platform = PythonPlatform::Linux {
            machine: "pdp11".to_owned(),
            libc: Libc::Glibc(2, 30),
        };
    });
    assert!(matches!(odd, TargetError::Platform(_)), "{odd}");
}

#[test]
fn the_identity_tells_machines_apart() {
    let own = target(|_| ()).identity();
    for other in [
        target(|f| f.free_threaded = true),
        target(|f| f.magic = "cb0d0d0b".to_owned()),
        target(|f| {
            f.platform = PythonPlatform::Linux {
                machine: "x86_64".to_owned(),
                libc: Libc::Musl(1, 2),
            };
        }),
    ] {
        assert_ne!(own, other.identity());
    }
}
