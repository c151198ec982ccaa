//! Repositories by name: the many spellings of one address, brought into one form.
//!
//! The attack: a package's own metadata points to a well-known repository that it was not built
//! from. To compare the claim with the attested source, both must be spelled alike. Reading is
//! careful with what looks like one host and is another (`https://github.com@evil.example/o/r`).
//!
//! Rests on what npm accepts in `package.json`'s `repository` (hosted-git-info's shorthands
//! included) and on the URLs people write into Python project metadata.

/// Hosts whose repositories are `OWNER/NAME`, whatever follows in the path.
const TWO_LEVELS: [&str; 3] = ["github.com", "bitbucket.org", "codeberg.org"];
/// Hosts that take no notice of letter case in paths.
const CASELESS: [&str; 4] = ["github.com", "gitlab.com", "bitbucket.org", "codeberg.org"];
/// Where the path of a repository ends and the place inside it begins.
const INSIDE: [&str; 8] = ["-", "tree", "blob", "raw", "src", "commit", "issues", "wiki"];
/// First segments on GitHub that are no owner.
const NO_OWNER: [&str; 6] = ["sponsors", "orgs", "apps", "marketplace", "topics", "settings"];

/// The repository that a text names, as `https://HOST/OWNER/NAME` (more levels where the host has
/// groups). The host is in lower case, the path as written.
///
/// It reads what is *said* to be a repository; of any other address with two segments it says the
/// same, so do not ask it about documentation pages. `None` for what names none, and for what is
/// written so that readers may disagree.
pub fn repository_of(text: &str) -> Option<String> {
    let text = text.trim();
    if text.len() > 2048 || !text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\' && byte != b'%') {
        return None;
    }
    let text = text.split(['#', '?']).next()?;
    let (host, path) = split(text)?;
    named(&host, path)
}

/// Whether two texts name one repository. Hosts compare without letter case; owner and name too
/// where the host takes no notice of it.
pub fn names_same_repository(a: &str, b: &str) -> bool {
    match (repository_of(a), repository_of(b)) {
        (Some(a), Some(b)) if CASELESS.contains(&host_of(&a)) => a.eq_ignore_ascii_case(&b),
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

fn host_of(repository: &str) -> &str {
    let rest = repository.strip_prefix("https://").unwrap_or(repository);
    rest.split('/').next().unwrap_or(rest)
}

/// Host (lower case, with a port where it says which server) and path.
fn split(text: &str) -> Option<(String, &str)> {
    let plain = text.strip_prefix("git+").unwrap_or(text);
    if let Some((scheme, rest)) = plain.split_once("://") {
        let scheme = scheme.to_ascii_lowercase();
        if !["https", "http", "git", "ssh"].contains(&scheme.as_str()) {
            return None;
        }
        let (authority, path) = rest.split_once('/')?;
        let host = authority.rsplit('@').next()?;
        // `ssh://git@host:owner/name` is common and means the path.
        return match host.split_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                let kept = scheme.starts_with("http") && !["", "80", "443"].contains(&port);
                Some((
                    if kept { format!("{host}:{port}") } else { host.to_owned() }.to_ascii_lowercase(),
                    path,
                ))
            }
            Some((host, _)) => Some((host.to_ascii_lowercase(), rest.split_once(':')?.1)).filter(|_| !authority_has_password(authority)),
            None => Some((host.to_ascii_lowercase(), path)),
        };
    }
    if let Some((before, path)) = plain.split_once(':') {
        return match before {
            "github" => Some(("github.com".to_owned(), path)),
            "gitlab" => Some(("gitlab.com".to_owned(), path)),
            "bitbucket" => Some(("bitbucket.org".to_owned(), path)),
            _ => {
                let (_, host) = before.rsplit_once('@')?;
                Some((host.to_ascii_lowercase(), path))
            }
        };
    }
    let (first, path) = plain.split_once('/')?;
    if path.contains('/') {
        let host = first.to_ascii_lowercase();
        let known = CASELESS.contains(&host.strip_prefix("www.").unwrap_or(&host));
        return known.then_some((host, path));
    }
    let owner = !first.is_empty() && !first.contains('@');
    owner.then(|| ("github.com".to_owned(), plain))
}

/// `user:password@host:path` has two colons: nobody can say which ends the host.
fn authority_has_password(authority: &str) -> bool {
    authority.matches(':').count() > 1
}

fn named(host: &str, path: &str) -> Option<String> {
    let host = host.strip_prefix("www.").unwrap_or(host);
    let name = host.split(':').next()?;
    if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte)) {
        return None;
    }
    let all: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let levels = if TWO_LEVELS.contains(&host) {
        all.len().min(2)
    } else {
        let inside = all.iter().skip(2).position(|segment| INSIDE.contains(segment));
        inside.map_or(all.len(), |at| at + 2)
    };
    let mut segments: Vec<&str> = all.into_iter().take(levels).collect();
    let last = segments.pop()?;
    segments.push(last.strip_suffix(".git").unwrap_or(last));
    // No host has a repository `r.git`; readers would differ in how often they take the ending off.
    let ambiguous = host.starts_with("www.") || segments.last().is_some_and(|name| name.strip_suffix(".git").is_some());
    let plain = |segment: &&str| {
        let chars = |byte: u8| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte);
        !segment.is_empty() && *segment != "." && *segment != ".." && segment.bytes().all(chars)
    };
    let owner = segments.first()?;
    if ambiguous || segments.len() < 2 || !segments.iter().all(plain) || (host == "github.com" && NO_OWNER.contains(owner)) {
        return None;
    }
    Some(format!("https://{host}/{}", segments.join("/")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_repository_has_one_form() {
        for text in [
            "o/r",
            "github:o/r",
            "https://github.com/o/r",
            "http://github.com/o/r/",
            "https://www.github.com/o/r.git",
            "https://GitHub.com/o/r.git#main",
            "git+https://github.com/o/r.git",
            "git+ssh://git@github.com/o/r.git",
            "git+ssh://git@github.com:o/r.git",
            "ssh://git@github.com/o/r.git",
            "ssh://git@github.com:22/o/r",
            "git://github.com/o/r.git",
            "git@github.com:o/r.git",
            "https://token@github.com/o/r",
            "https://user:token@github.com/o/r",
            "https://github.com/o/r/tree/main/packages/x",
            "https://github.com/o/r/blob/main/README.md#readme",
            "https://github.com/o/r/issues?q=is%3Aopen".split('?').next().unwrap(),
            "https://github.com:443/o/r",
            "github.com/o/r",
            " https://github.com/o/r ",
        ] {
            assert_eq!(repository_of(text).as_deref(), Some("https://github.com/o/r"), "{text}");
        }
        let of = |text: &str| repository_of(text).unwrap();
        assert_eq!(of("gitlab:g/s/r"), "https://gitlab.com/g/s/r");
        assert_eq!(of("https://gitlab.com/g/s/r/-/tree/main"), "https://gitlab.com/g/s/r");
        assert_eq!(of("bitbucket:o/r"), "https://bitbucket.org/o/r");
        assert_eq!(of("https://git.example:8443/o/r.git"), "https://git.example:8443/o/r");
        assert_eq!(
            of("https://github.com/Owner/Name"),
            "https://github.com/Owner/Name",
            "the path is as written"
        );
    }

    #[test]
    fn the_host_is_the_one_a_browser_would_ask() {
        let of = |text: &str| repository_of(text).unwrap();
        assert_eq!(of("https://github.com@evil.example/o/r"), "https://evil.example/o/r");
        assert_eq!(of("https://github.com:x@evil.example/o/r"), "https://evil.example/o/r");
        assert_eq!(of("https://github.com.evil.example/o/r"), "https://github.com.evil.example/o/r");
        for text in [
            "",
            "r",
            "https://github.com",
            "https://github.com/o",
            "https://github.com\\@evil.example/o/r",
            "https://github.com/o/../x",
            "https://github.com/o/r%2f..",
            "https://gith\u{443}b.com/o/r",
            "file:///o/r",
            "javascript://github.com/o/r",
            "gist:11081aaa281",
            "https://github.com/sponsors/o",
            "https:///o/r",
            "https://github.com/o/.git",
            "https://github.com/o/r.git.git",
            "https://www.www.github.com/o/r",
            "@scope/name",
            "example.com/o/r",
        ] {
            assert_eq!(repository_of(text), None, "{text}");
        }
    }

    #[test]
    fn letter_case_counts_only_where_the_host_minds() {
        assert!(names_same_repository(
            "https://github.com/Owner/Name",
            "git@GitHub.com:owner/name.git"
        ));
        assert!(names_same_repository("https://git.example/o/r", "https://GIT.example/o/r"));
        assert!(!names_same_repository("https://git.example/o/r", "https://git.example/O/r"));
        assert!(!names_same_repository("https://github.com/o/r", "https://gitlab.com/o/r"));
        assert!(!names_same_repository("https://github.com/o/r", "https://github.com/o/r2"));
        assert!(!names_same_repository("nothing", "nothing"), "what names none is the same as none");
    }
}
