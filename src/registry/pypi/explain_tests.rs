//! uv's words, of several of its versions.

use super::*;

fn said(text: &str) -> Failure {
    let output = Output {
        success: false,
        stdout: Vec::new(),
        stderr: text.as_bytes().to_vec(),
    };
    let index = Index::parse("http://me:hunter2@index.test/secret-path/simple", "x").unwrap();
    explain(&output, &[index], Some("2026-01-01T00:00:00Z".parse().unwrap()))
}

fn words(text: &str) -> String {
    match said(text) {
        Failure::Python(error) | Failure::Other(error) => error.to_string(),
        Failure::Undated => "undated".to_owned(),
    }
}

#[test]
fn each_failure_by_its_name() {
    for (text, expected) in [
        (
            "  × No solution found when resolving dependencies:\n  ╰─▶ Because nope was not found in the package\n      registry and you require nope, we can conclude",
            "no index has a package `nope`",
        ),
        (
            "error: No solution found when resolving dependencies\n  cause: Because docopt==0.6.2 has no usable wheels and\n\nhint: Wheels are required for `docopt` because building from source is disabled",
            "the dependency `docopt` 0.6.2 has no wheel, only source that would have to be built",
        ),
        (
            "hint: `foo` was filtered by `exclude-newer` to only include",
            "every version of `foo` is younger than 2026-01-01T00:00:00Z",
        ),
        (
            "warning: `x` is missing an upload date, but user provided: y\nerror: No solution found",
            "undated",
        ),
        (
            "error: Package `evil` was included as a URL dependency. URL dependencies must be",
            "the dependency `evil` does not come from a package index",
        ),
        (
            "error: No interpreter found for Python 3.12",
            "uv found no Python: No interpreter found for Python 3.12",
        ),
        (
            "error: Request failed after 3 retries",
            "uv could not reach an index: Request failed after 3 retries",
        ),
        ("error: never heard of", "uv failed: never heard of"),
        ("", "uv failed: "),
    ] {
        assert_eq!(words(text), expected, "{text}");
    }
    let python = "error: No solution found when resolving dependencies\n  cause: Because the requested Python version (>=3.10) does not satisfy Python>=3.11 and";
    assert!(matches!(said(python), Failure::Python(PypiError::Conflict { .. })));
}

#[test]
fn nothing_secret_or_invisible_is_shown() {
    let text = "error: Failed to fetch: `http://me:hunter2@index.test/secret-path/simple/foo/`\n\u{1b}[31m \u{202e}evil hunter2 https://u:other@h/x?token=t\n\nhint: use --index";
    let shown = words(text);
    for hidden in ["hunter2", "secret-path", "other", "token", "\u{1b}", "\u{202e}", "--index"] {
        assert!(!shown.contains(hidden), "{hidden:?} in {shown}");
    }
    assert!(shown.contains("(index)/foo/") && shown.contains("\\u{202e}evil"), "{shown}");
    assert!(words(&format!("error: {}", "x ".repeat(5000))).len() < 1400);
}

#[test]
fn a_name_is_only_repeated_where_it_can_be_one() {
    assert_eq!(
        words("error: Because \u{202e}x was not found in the package registry"),
        "uv failed: Because \\u{202e}x was not found in the package registry"
    );
}
