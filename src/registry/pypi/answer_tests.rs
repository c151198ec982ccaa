//! Answers as uv gives them, and as nobody should.

use super::*;

const HEX: &str = "abababababababababababababababababababababababababababababababab";

fn wheel(file: &str) -> String {
    format!("{{ url = \"https://files.test/x/{file}\", upload-time = 2026-07-23T20:16:12Z, size = 7, hashes = {{ sha256 = \"{HEX}\" }} }}")
}

fn package(rest: &str) -> String {
    format!(
        "lock-version = \"1.0\"\ncreated-by = \"uv\"\nrequires-python = \">=3.10\"\n\n[[packages]]\nname = \"foo\"\nversion = \"1.0\"\n{rest}\n"
    )
}

fn refused(text: &str) -> String {
    parse(text, &[]).unwrap_err().to_string()
}

#[test]
fn a_package_and_its_wheels() {
    let text = package(&format!(
        "marker = \"sys_platform == 'win32'\"\nindex = \"https://index.test/simple\"\nsdist = {{ url = \"https://files.test/foo-1.0.tar.gz\" }}\n\
        wheels = [\n    {},\n    {},\n]\n\n[[packages]]\nname = \"foo\"\nversion = \"2.0+cpu.1\"\nwheels = [{}]",
        wheel("foo-1.0-py3-none-any.whl"),
        wheel("Foo-1-cp311-cp311-win32.whl"),
        wheel("foo-2.0%2Bcpu.1-py3-none-any.whl"),
    ));
    let claims: Vec<Claim> = parse(&text, &[]).unwrap().into_values().collect();
    let files: Vec<Vec<&str>> = claims
        .iter()
        .map(|claim| claim.wheels.iter().map(|wheel| wheel.file.as_str()).collect())
        .collect();
    assert_eq!(
        files,
        [
            vec!["Foo-1-cp311-cp311-win32.whl", "foo-1.0-py3-none-any.whl"],
            vec!["foo-2.0+cpu.1-py3-none-any.whl"]
        ]
    );
    assert_eq!(claims[0].marker.as_deref(), Some("sys_platform == 'win32'"));
    assert_eq!(claims[1].marker, None);
    let first = &claims[0].wheels[0];
    assert_eq!((first.sha256.hex(), first.size), (HEX.to_owned(), Some(7)));
    assert_eq!(first.uploaded, Some("2026-07-23T20:16:12Z".parse().unwrap()));
    assert!(!format!("{claims:?}").contains("files.test"));
}

#[test]
fn what_no_index_stands_behind_is_refused_by_name() {
    let listed = format!("wheels = [{}]", wheel("foo-1.0-py3-none-any.whl"));
    for source in [
        "vcs = { type = \"git\", url = \"https://h/x\", commit-id = \"0\" }",
        "directory = { path = \".\" }",
        "archive = { url = \"https://h/foo.zip\", hashes = { sha256 = \"x\" } }",
        "something-new = true",
    ] {
        for text in [package(source), package(&format!("{source}\n{listed}"))] {
            assert_eq!(
                refused(&text),
                "the dependency `foo` does not come from a package index",
                "{source}"
            );
        }
    }
    for none in ["", "wheels = []", "sdist = { url = \"https://h/foo-1.0.tar.gz\" }"] {
        assert_eq!(
            refused(&package(none)),
            "the dependency `foo` 1.0 has no wheel, only source that would have to be built",
            "{none}"
        );
    }
}

#[test]
fn a_wheel_is_of_its_package_and_version() {
    for file in [
        "bar-1.0-py3-none-any.whl",
        "foo-1.1-py3-none-any.whl",
        "foo_bar-1.0-py3-none-any.whl",
        "foo-1.0-x1-py3-none-any.whl",
        "foo-1.0.tar.gz",
        "foo-1.0-py3-none-any.whl%00",
        "..%2Ffoo-1.0-py3-none-any.whl",
        "",
    ] {
        let said = refused(&package(&format!("wheels = [{}]", wheel(file))));
        assert!(
            said.contains("is listed as a wheel of `foo` 1.0, and its name says otherwise"),
            "{file}: {said}"
        );
    }
    // A name of its own beside the address counts, and must fit as well.
    let named = wheel("download").replace("{ url", "{ name = \"foo-1.0-py3-none-any.whl\", url");
    assert!(parse(&package(&format!("wheels = [{named}]")), &[]).is_ok());
}

#[test]
fn no_digest_is_no_claim() {
    let good = wheel("foo-1.0-py3-none-any.whl");
    for bad in [
        good.replace("sha256", "md5"),
        good.replace(HEX, "abab"),
        good.replace(&format!(", hashes = {{ sha256 = \"{HEX}\" }}"), ""),
    ] {
        assert_eq!(
            refused(&package(&format!("wheels = [{bad}]"))),
            "the index gives no sha256 of `foo-1.0-py3-none-any.whl`"
        );
    }
}

#[test]
fn what_can_be_read_in_two_ways_is_no_answer() {
    let listed = format!("wheels = [{}]", wheel("foo-1.0-py3-none-any.whl"));
    let good = package(&listed);
    assert!(parse(&good, &[]).is_ok());
    let twice = wheel("foo-1.0-py3-none-any.whl");
    for bad in [
        String::new(),
        "not toml at all".to_owned(),
        "lock-version = \"1.0\"".to_owned(),
        good.replace("lock-version = \"1.0\"", "lock-version = \"2.0\""),
        good.replace("lock-version = \"1.0\"", ""),
        good.replace("requires-python", "extras = [\"x\"]\nrequires-python"),
        good.replace("version = \"1.0\"\nw", "w"),
        good.replace("version = \"1.0\"\nw", "version = \"01.0\"\nw"),
        good.replace("name = \"foo\"", "name = \"../foo\""),
        good.replace("name = \"foo\"", ""),
        good.replace("wheels = [", "marker = 7\nwheels = ["),
        package("wheels = \"x\""),
        package("wheels = [\"x\"]"),
        package(&format!("wheels = [{twice}, {twice}]")),
        format!("{good}\n[[packages]]\nname = \"Foo\"\nversion = \"1.0\"\n{listed}"),
    ] {
        let error = parse(&bad, &[]).unwrap_err();
        assert!(matches!(error, PypiError::Answer { .. }), "{bad}: {error}");
        assert!(!error.to_string().contains("files.test"));
    }
}
