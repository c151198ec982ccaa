//! Which version a request means, on pages made by hand.

use super::*;
use crate::model::Integrity;

/// A file: name, and marks: `y` yanked, `young` from after the cut-off, `>=…` its Requires-Python.
fn file(text: &str) -> IndexFile {
    let mut words = text.split(' ');
    let name = words.next().unwrap_or_default().to_owned();
    let marks: Vec<&str> = words.collect();
    let date = if marks.contains(&"young") {
        "2026-06-01T00:00:00Z"
    } else {
        "2025-01-01T00:00:00Z"
    };
    IndexFile {
        url: format!("https://files.test/{name}"),
        name,
        sha256: Some(Integrity::Sha256([1; 32])),
        provenance: None,
        upload_time: Some(date.parse().unwrap()),
        yanked: marks.contains(&"y"),
        yanked_because: None,
        metadata: None,
        requires_python: marks
            .iter()
            .find(|mark| mark.starts_with(['<', '>', '=', '~', '!']))
            .map(|mark| (*mark).to_owned()),
        size: None,
        index: 0,
    }
}

/// Wheels by version, source distributions by `-version`.
fn project(files: &[&str]) -> Project {
    let named = |text: &&str| {
        let (version, marks) = text.split_once(' ').unwrap_or((text, ""));
        match version.strip_prefix('-') {
            Some(version) => file(format!("foo-{version}.tar.gz {marks}").trim()),
            None => file(format!("foo-{version}-py3-none-any.whl {marks}").trim()),
        }
    };
    let mut files: Vec<IndexFile> = files.iter().map(named).collect();
    files.sort_by(|one, other| one.name.cmp(&other.name));
    Project {
        name: "foo".to_owned(),
        files,
    }
}

fn date() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn chosen(files: &[&str], requirement: &str) -> String {
    match choose(
        &project(files),
        Some(requirement).filter(|text| !text.is_empty()),
        Some(date()),
        &[],
    ) {
        Ok(found) => found.version.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_newest_that_can_be_installed() {
    let matching = "every version of `foo` that matches";
    for (files, requirement, expected) in [
        (&["1.9", "1.10", "1.2"][..], "", "1.10"),
        (&["1.9", "1.10", "1.2"], "<1.10", "1.9"),
        (&["1.9", "1.10", "1.2"], "~=1.2", "1.10"),
        (&["1.0"], "==1", "1.0"),
        (&["1.0+cpu"], "==1.0", "1.0+cpu"),
        // Taken back.
        (&["1.0", "2.0 y"], "", "1.0"),
        (&["1.0", "2.0 y"], "==2.0", "2.0"),
        (&["1.0", "2.0 y"], "===2.0", "2.0"),
        (
            &["1.0", "2.0 y"],
            ">=2",
            "every version of `foo` that matches `>=2` was taken back by its publisher",
        ),
        (&["1.0 y"], "", "every version of `foo` was taken back by its publisher"),
        // Pre-releases.
        (&["1.0", "2.0a1", "2.0.dev1"], "", "1.0"),
        (&["1.0", "2.0a1"], ">=2.0a0", "2.0a1"),
        (&["1.0", "2.0a1"], ">=1.5", "2.0a1"),
        (&["2.0a1", "2.0b1"], "", "2.0b1"),
        (&["1.0.post1", "1.0"], "", "1.0.post1"),
        // Wheels only.
        (&["1.0", "-2.0"], "", "1.0"),
        (
            &["1.0", "-2.0"],
            ">1",
            "`foo` 2.0 has no wheel, only source that would have to be built",
        ),
        (
            &["-1.0", "-2.0"],
            "",
            "`foo` 2.0 has no wheel, only source that would have to be built",
        ),
        // The cut-off.
        (&["1.0", "2.0 young"], "", "1.0"),
        (
            &["1.0", "2.0 young"],
            ">1",
            &format!("{matching} `>1` is younger than 2026-01-01T00:00:00Z"),
        ),
        (
            &["1.0", "2.0 young"],
            "==2.0",
            &format!("{matching} `==2.0` is younger than 2026-01-01T00:00:00Z"),
        ),
        // What is not there, and what is no requirement.
        (&["1.0"], ">=3", "no version of `foo` matches `>=3`"),
        (&["1.0"], "latest", "`latest` is not a Python version or range"),
        (&["1.0"], "1.0", "`1.0` is not a Python version or range"),
    ] {
        assert_eq!(chosen(files, requirement), expected, "{files:?} {requirement}");
    }
    let error = choose(&project(&["1.0", "3.0rc1", "2.0"]), Some(">5"), None, &[]).unwrap_err();
    assert_eq!(error.hint().unwrap(), "its highest versions: 2.0, 1.0, 3.0rc1");
}

#[test]
fn files_of_another_name_are_not_this_projects() {
    let mut foreign = project(&["1.0"]);
    foreign.files.push(file("foo_bar-9.0-py3-none-any.whl"));
    foreign.files.push(file("foo-9.0.exe"));
    foreign.files.push(file("foo-9.0-x1-py3-none-any.whl"));
    assert_eq!(choose(&foreign, None, None, &[]).unwrap().version.to_string(), "1.0");
}

#[test]
fn a_wheel_without_a_digest_is_refused() {
    let mut bare = project(&["1.0"]);
    bare.files[0].sha256 = None;
    let error = choose(&bare, None, None, &[]).unwrap_err();
    assert_eq!(error.to_string(), "the index gives no sha256 of `foo-1.0-py3-none-any.whl`");
}

#[test]
fn the_universe_comes_from_the_package_alone() {
    for (requires, lowest, marker, written) in [
        ("", "3.10", None, ">=3.10"),
        (">=3.8", "3.10", None, ">=3.10"),
        (">=3.8.*", "3.10", None, ">=3.10"),
        (">=3.11", "3.11", None, ">=3.11"),
        (">=3.12.4,<4", "3.12.4", None, ">=3.12.4"),
        (">=3.9,<4.0", "3.10", None, ">=3.10"),
        (">=3.10,<3.13", "3.10", Some("python_full_version < '3.13'"), ">=3.10,<3.13"),
        ("~=3.11", "3.11", Some("python_full_version ~= '3.11'"), ">=3.11,~=3.11"),
        ("==3.12.*", "3.12", Some("python_full_version == '3.12.*'"), ">=3.12,==3.12.*"),
        ("!=3.11.*,>=3.9", "3.10", Some("python_full_version != '3.11.*'"), ">=3.10,!=3.11.*"),
        // Only for what is older: not raised.
        (">=3.7,<3.10", "3.7", Some("python_full_version < '3.10'"), ">=3.7,<3.10"),
        ("nonsense", "3.10", None, ">=3.10"),
    ] {
        let universe = Universe::of(Some(requires).filter(|text| !text.is_empty()));
        assert_eq!(universe.lowest.to_string(), lowest, "{requires}");
        assert_eq!(universe.marker().as_deref(), marker, "{requires}");
        assert_eq!(universe.requires_python(), written, "{requires}");
    }
}

#[test]
fn a_bound_is_raised_as_far_as_the_package_goes() {
    let lowest = |universe: &Universe| universe.lowest.to_string();
    let raised = Universe::of(Some(">=3.10,<3.12")).raised().unwrap();
    assert_eq!((lowest(&raised), raised.raised()), ("3.11".to_owned(), None));
    let mut last = Universe::of(None);
    while let Some(next) = last.raised() {
        last = next;
    }
    assert_eq!(lowest(&last), "3.15");
}

#[test]
fn newer_releases_without_a_wheel_are_told() {
    let passed_over = |files: &[&str], chosen: &str| project(files).passed_over(chosen, Some(date()));
    let files = ["1.0", "-1.1", "-0.9", "-2.0", "-2.0 y", "2.1", "-3.0rc1", "-4.0 young", "-5.0 y"];
    assert_eq!(passed_over(&files, "1.0"), ["1.1", "2.0"]);
    assert_eq!(passed_over(&files, "2.1"), Vec::<String>::new());
    assert_eq!(passed_over(&files, "nonsense"), Vec::<String>::new());
    assert_eq!(project(&files).passed_over("2.1", None), ["4.0"]);
}
