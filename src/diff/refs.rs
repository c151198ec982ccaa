//! What stays the same of a git ref from release to release.
//!
//! The attack: provenance of the right repository and the right workflow, started from a branch
//! that anybody with a push may make, where every release before came from a protected tag. The
//! noise to avoid: every release has another tag, and that is no change.
//!
//! - A tag: the version in it is `*`, and so is whatever else looks like a version (a monorepo has
//!   one tag for packages of many versions). A tag without any is `*` as a whole.
//! - A branch stays as it is, but for the package's own version, in full or as far as a branch
//!   names it (`release/1.2`, `1.x`).
//! - A merge queue's branches and pull requests differ in their numbers alone.

/// The ref with everything as `*` that another release of the same flow would have otherwise.
pub(super) fn ref_pattern(git_ref: &str, version: &str) -> String {
    if let Some(tag) = git_ref.strip_prefix("refs/tags/") {
        format!("refs/tags/{}", tag_pattern(tag, version))
    } else if let Some(branch) = git_ref.strip_prefix("refs/heads/") {
        format!("refs/heads/{}", branch_pattern(branch, version))
    } else {
        let number = |segment: &str| !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit());
        let segments = git_ref.split('/').map(|segment| if number(segment) { "*" } else { segment });
        segments.collect::<Vec<_>>().join("/")
    }
}

fn tag_pattern(tag: &str, version: &str) -> String {
    let ends = |rest: &str| !rest.bytes().next().is_some_and(in_version);
    starred(tag, version, ends)
        .or_else(|| version_like(tag).map(|(from, to)| format!("{}*{}", &tag[..from], &tag[to..])))
        .unwrap_or_else(|| "*".to_owned())
}

fn branch_pattern(branch: &str, version: &str) -> String {
    if let Some((base, last)) = branch.strip_prefix("gh-readonly-queue/").and_then(|rest| rest.rsplit_once('/'))
        && last.starts_with("pr-")
    {
        return format!("gh-readonly-queue/{}/*", branch_pattern(base, version));
    }
    let mut parts = version.split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let written = [
        version.to_owned(),
        format!("{major}.{minor}.x"),
        format!("{major}.{minor}"),
        format!("{major}.x"),
    ];
    let ends = |rest: &str| {
        let mut rest = rest.bytes();
        match rest.next() {
            Some(b'.') => !rest.next().is_some_and(|b| b.is_ascii_alphanumeric()),
            next => !next.is_some_and(|b| b.is_ascii_alphanumeric()),
        }
    };
    let mut found = written.iter().filter_map(|version| starred(branch, version, ends));
    found.next().unwrap_or_else(|| branch.to_owned())
}

/// The text with the last place of `version` as `*`, where it stands there whole: not as the tail
/// of a longer version, and with an end that `ends` agrees to.
fn starred(text: &str, version: &str, ends: impl Fn(&str) -> bool) -> Option<String> {
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut places = text.rmatch_indices(version);
    let whole = |from: usize| {
        let before = text[..from].bytes().next_back();
        !before.is_some_and(|b| b.is_ascii_digit() || b == b'.') && ends(&text[from + version.len()..])
    };
    let (from, _) = places.find(|(from, _)| whole(*from))?;
    Some(format!("{}*{}", &text[..from], &text[from + version.len()..]))
}

const fn in_version(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-')
}

/// The last place of numbers with points between them, with what hangs on to it (`2.0.0-rc.1`).
fn version_like(text: &str) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut last = None;
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let numbers = bytes[at..].iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
        if bytes[at..at + numbers]
            .windows(2)
            .any(|pair| pair[0] == b'.' && pair[1].is_ascii_digit())
        {
            let length = bytes[at..].iter().take_while(|b| in_version(**b)).count();
            last = Some((at, at + length));
            at += length;
        } else {
            at += numbers;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn same(a: (&str, &str), b: (&str, &str)) -> bool {
        ref_pattern(a.0, a.1) == ref_pattern(b.0, b.1)
    }

    #[test]
    fn usual_flows_of_releases_keep_their_pattern() {
        for (before, after, pattern) in [
            (("refs/tags/v1.2.3", "1.2.3"), ("refs/tags/v1.10.0", "1.10.0"), "refs/tags/v*"),
            (("refs/tags/1.2.3", "1.2.3"), ("refs/tags/2.0.0-rc.1", "2.0.0-rc.1"), "refs/tags/*"),
            (
                ("refs/tags/@scope/name@1.2.3", "1.2.3"),
                ("refs/tags/@scope/name@1.2.4", "1.2.4"),
                "refs/tags/@scope/name@*",
            ),
            (
                ("refs/tags/lib-2.0@1.2.3", "1.2.3"),
                ("refs/tags/lib-2.0@2.0.0", "2.0.0"),
                "refs/tags/lib-2.0@*",
            ),
            // One tag for packages of many versions; by chance the package's own.
            (("refs/tags/v7.0.0", "1.4.2"), ("refs/tags/v7.1.0", "7.1.0"), "refs/tags/v*"),
            (("refs/tags/v1.2.3", "1.2.3"), ("refs/tags/v1.2.4+build.7", "1.2.4"), "refs/tags/v*"),
            (("refs/tags/nightly", "1.2.3"), ("refs/tags/2025-01-02", "1.2.4"), "refs/tags/*"),
            (("refs/heads/main", "1.2.3"), ("refs/heads/main", "1.2.4"), "refs/heads/main"),
            (
                ("refs/heads/release/1.2", "1.2.3"),
                ("refs/heads/release/1.3", "1.3.0"),
                "refs/heads/release/*",
            ),
            (("refs/heads/v1.x", "1.2.3"), ("refs/heads/v2.x", "2.0.0"), "refs/heads/v*"),
            (
                ("refs/heads/gh-readonly-queue/main/pr-12-0123abcd", "1.2.3"),
                ("refs/heads/gh-readonly-queue/main/pr-9-89ef", "1.2.4"),
                "refs/heads/gh-readonly-queue/main/*",
            ),
            (("refs/pull/12/merge", "1.2.3"), ("refs/pull/9/merge", "1.2.4"), "refs/pull/*/merge"),
        ] {
            assert_eq!(ref_pattern(before.0, before.1), pattern, "{before:?}");
            assert_eq!(ref_pattern(after.0, after.1), pattern, "{after:?}");
        }
    }

    #[test]
    fn another_flow_has_another_pattern() {
        let tag = ("refs/tags/v1.2.3", "1.2.3");
        let main = ("refs/heads/main", "1.2.3");
        for after in [
            ("refs/heads/main", "1.2.4"),
            ("refs/heads/v1.2.4", "1.2.4"),
            ("refs/tags/evil", "1.2.4"),
            ("refs/tags/other@1.2.4", "1.2.4"),
            ("refs/pull/7/merge", "1.2.4"),
            ("", "1.2.4"),
        ] {
            assert!(!same(tag, after), "{after:?}");
        }
        for after in [
            ("refs/heads/main2", "1.2.4"),
            ("refs/heads/fix", "1.2.4"),
            ("refs/heads/1.2.4", "1.2.4"),
            ("refs/heads/1.x", "1.2.4"),
            ("refs/heads/gh-readonly-queue/main/pr-1-a", "1.2.4"),
            ("refs/heads/Main", "1.2.4"),
            ("refs/tags/main", "1.2.4"),
        ] {
            assert!(!same(main, after), "{after:?}");
        }
    }

    #[test]
    fn a_branch_of_another_version_is_another_branch() {
        // Only the package's own version is left out of a branch, and only where it stands whole.
        assert_eq!(ref_pattern("refs/heads/release/9.9", "1.2.3"), "refs/heads/release/9.9");
        assert_eq!(ref_pattern("refs/heads/x11.2.3", "1.2.3"), "refs/heads/x11.2.3");
        assert_eq!(ref_pattern("refs/heads/1.2.34", "1.2.3"), "refs/heads/1.2.34");
        assert_eq!(ref_pattern("refs/heads/1.20", "1.2.3"), "refs/heads/1.20");
        assert_eq!(ref_pattern("refs/heads/1.xylophone", "1.2.3"), "refs/heads/1.xylophone");
        assert_eq!(ref_pattern("refs/heads/ünï-1.2.3", "1.2.3"), "refs/heads/ünï-*");
        assert_eq!(ref_pattern("refs/heads/main", ""), "refs/heads/main");
    }
}
