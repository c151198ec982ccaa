//! Names of projects and files.

/// A project's name as indexes compare it (PEP 503): lower case, runs of `-`, `_` and `.` as one
/// `-`. `None` for what cannot be a name (PEP 508).
pub fn normalised(name: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    if !bytes.iter().all(|byte| fits(*byte)) || !edge(bytes.first()) || !edge(bytes.last()) {
        return None;
    }
    let mut out = String::with_capacity(name.len());
    for part in name.split(['-', '_', '.']).filter(|part| !part.is_empty()) {
        if !out.is_empty() {
            out.push('-');
        }
        out.push_str(&part.to_ascii_lowercase());
    }
    Some(out)
}

/// The endings of source distributions.
const SDISTS: [&str; 4] = [".tar.gz", ".zip", ".tar.bz2", ".tgz"];

/// Whether a file name ends like a wheel or a source distribution.
pub(super) fn is_distribution(file_name: &str) -> bool {
    is_wheel(file_name) || SDISTS.iter().any(|end| file_name.ends_with(end))
}

/// Whether a file name ends like a wheel.
pub(super) fn is_wheel(file_name: &str) -> bool {
    file_name.strip_suffix(".whl").is_some()
}

/// Project (normalised) and version (as written) that a distribution's file name says it is of:
/// wheels by PEP 427, source distributions by PEP 625 and the older forms whose project may hold
/// dashes. `None` where the name is neither, or can be read in two ways: the attack is a file of
/// `foo-1` that passes for one of `foo`.
pub fn file_parts(file_name: &str) -> Option<(String, String)> {
    if let Some(stem) = file_name.strip_suffix(".whl") {
        let parts: Vec<&str> = stem.split('-').collect();
        let (project, version) = match parts[..] {
            [project, version, python, abi, platform] if ![python, abi, platform].contains(&"") => (project, version),
            [project, version, build, python, abi, platform] if ![python, abi, platform].contains(&"") => {
                build.starts_with(|c: char| c.is_ascii_digit()).then_some((project, version))?
            }
            _ => return None,
        };
        return is_version(version).then_some((normalised(project)?, version.to_owned()));
    }
    let stem = SDISTS.iter().find_map(|end| file_name.strip_suffix(end))?;
    let splits = stem.match_indices('-').map(|(at, _)| (&stem[..at], &stem[at + 1..]));
    let mut readings = splits.filter(|(_, version)| is_version(version));
    let (project, version) = readings.next()?;
    if readings.next().is_some() {
        return None;
    }
    Some((normalised(project)?, version.to_owned()))
}

/// Whether a text is a version of PEP 440, in any spelling that it allows.
fn is_version(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut rest = Rest(lower.strip_prefix('v').unwrap_or(&lower));
    if !rest.number() {
        return false;
    }
    if rest.mark("!") && !rest.number() {
        return false;
    }
    while rest.0.starts_with('.') && rest.0[1..].starts_with(|c: char| c.is_ascii_digit()) {
        rest.mark(".");
        rest.number();
    }
    rest.labelled(&["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"]);
    let bare_post = rest
        .0
        .strip_prefix('-')
        .is_some_and(|after| after.starts_with(|c: char| c.is_ascii_digit()));
    if bare_post {
        rest.mark("-");
        rest.number();
    } else {
        rest.labelled(&["post", "rev", "r"]);
    }
    rest.labelled(&["dev"]);
    // A local version; `_` stands for `-` in wheels.
    match rest.0.strip_prefix('+') {
        Some(local) => local
            .split(['.', '-', '_'])
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric())),
        None => rest.0.is_empty(),
    }
}

/// What is left to read of a version.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn number(&mut self) -> bool {
        let after = self.0.trim_start_matches(|c: char| c.is_ascii_digit());
        let found = after.len() < self.0.len();
        self.0 = after;
        found
    }

    fn mark(&mut self, mark: &str) -> bool {
        let after = self.0.strip_prefix(mark);
        self.0 = after.unwrap_or(self.0);
        after.is_some()
    }

    /// `[-_.]LABEL[-_.]NUMBER`, the marks and the number optional. Reads nothing if there is none.
    fn labelled(&mut self, labels: &[&str]) {
        let start = self.0.strip_prefix(['-', '_', '.']).unwrap_or(self.0);
        let Some(after) = labels.iter().find_map(|label| start.strip_prefix(label)) else {
            return;
        };
        let marked = after
            .strip_prefix(['-', '_', '.'])
            .filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        self.0 = marked.unwrap_or(after);
        self.number();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_in_one_form() {
        for (name, expected) in [
            ("Friendly-Bard", Some("friendly-bard")),
            ("friendly.-_bard", Some("friendly-bard")),
            ("a", Some("a")),
            ("", None),
            ("-a", None),
            ("a.", None),
            ("a/b", None),
            ("a b", None),
            ("ä", None),
            ("..", None),
        ] {
            assert_eq!(normalised(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn versions() {
        for good in [
            "1",
            "1.0",
            "v1.0",
            "1!2.0",
            "1.0a1",
            "1.0.b.2",
            "1.0rc",
            "1.0-1",
            "1.0.post2",
            "1.0.dev3",
            "1.0rc1.post2.dev3",
            "1.0+ubuntu.1",
            "2024.10.3",
            "0.0.4a2",
            "1.0_1".replace('_', "-").as_str(),
        ] {
            assert!(is_version(good), "{good}");
        }
        for bad in [
            "", "v", "x1", "1.", "1..0", "1.0-", "1.0-x", "1.0+", "1.0+a..b", "2to3", "1.0-1.0", "py3", "1!",
        ] {
            assert!(!is_version(bad), "{bad}");
        }
    }

    #[test]
    fn wheels_and_sdists() {
        let parts = |name: &str| file_parts(name).map(|(project, version)| format!("{project} {version}"));
        for (name, expected) in [
            ("mcp_server_fetch-2025.4.7-py3-none-any.whl", "mcp-server-fetch 2025.4.7"),
            (
                "Foo.Bar-1.0-1build-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
                "foo-bar 1.0",
            ),
            ("pypi_attestations-0.0.19.tar.gz", "pypi-attestations 0.0.19"),
            ("mcp-server-fetch-2025.4.7.tar.gz", "mcp-server-fetch 2025.4.7"),
            ("foo-2to3-1.0.zip", "foo-2to3 1.0"),
            ("foo-1.0rc1.tar.bz2", "foo 1.0rc1"),
        ] {
            assert_eq!(parts(name).as_deref(), Some(expected), "{name}");
        }
        for none in [
            "foo-1.0.whl",
            "foo-1.0-x1-py3-none-any.whl",
            "foo--py3-none-any.whl",
            "foo-1.0-py3--any.whl",
            "foo-bar-1.0-py3-none-any.whl",
            // `foo` 1.0.post1, or `foo-1.0` 1?
            "foo-1.0-1.tar.gz",
            "foo.tar.gz",
            "-1.0.tar.gz",
            "foo-1.0.exe",
            "foo-1.0.tar.gz.provenance",
            "../foo-1.0.tar.gz",
        ] {
            assert_eq!(parts(none), None, "{none}");
        }
    }
}
