//! The identity in a certificate, in the form in which it stays the same from release to release.

use crate::model::Identity;

/// What a certificate says, as it says it.
pub(super) struct Subject<'a> {
    /// The subject alternative name.
    pub(super) name: &'a str,
    pub(super) issuer: &'a str,
    pub(super) source_repository: Option<&'a str>,
    /// `owner/name`, in certificates from before March 2023.
    pub(super) old_repository: Option<&'a str>,
    pub(super) build_config: Option<&'a str>,
    pub(super) repository_id: Option<String>,
    pub(super) owner_id: Option<String>,
    pub(super) runner: Option<String>,
}

/// The identity. The signer and the source repository are kept apart: a reusable workflow of
/// another repository signs for this one.
pub(super) fn of(subject: &Subject<'_>) -> Identity {
    let signer = without_ref(subject.name);
    let repository = match (non_empty(subject.source_repository), non_empty(subject.old_repository)) {
        (Some(url), _) => Some(repository(url)),
        (None, Some(name)) => host(signer).map(|host| repository(&format!("{host}/{name}"))),
        (None, None) => None,
    };
    let workflow = match non_empty(subject.build_config) {
        Some(url) => workflow(url, repository.as_deref()),
        // A certificate that names the source repository the old way names the workflow as its subject.
        None if non_empty(subject.source_repository).is_none() && repository.is_some() => workflow(subject.name, repository.as_deref()),
        None => None,
    };
    Identity {
        issuer: subject.issuer.to_owned(),
        signer: signer.to_owned(),
        repository,
        repository_id: subject.repository_id.clone(),
        owner_id: subject.owner_id.clone(),
        workflow,
        builder: subject.runner.clone(),
    }
}

fn non_empty(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// A URL without `@REF` at its end. A ref may hold `@` itself (`refs/tags/@scope/name@1.0.0`), so
/// it begins at the first `@refs/`; otherwise only a commit is taken for one.
fn without_ref(url: &str) -> &str {
    if host(url).is_none() {
        return url;
    }
    if let Some((before, _)) = url.split_once("@refs/") {
        return before;
    }
    match url.rsplit_once('@') {
        Some((before, commit)) if is_commit(commit) => before,
        _ => url,
    }
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// `https://HOST` of a URL that has a path.
fn host(url: &str) -> Option<&str> {
    let start = url.find("://")? + 3;
    let end = start + url.get(start..)?.find('/')?;
    (end > start).then(|| url.get(..end)).flatten()
}

/// `https://HOST/OWNER/NAME`. `CircleCI` leaves the scheme out; some add `.git` or a slash.
fn repository(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let url = url.strip_suffix(".git").unwrap_or(url);
    if url.contains("://") {
        url.to_owned()
    } else {
        format!("https://{url}")
    }
}

/// The path of the build configuration inside the repository (GitLab puts a double slash before
/// it); the whole URL where it lives in another one. One outside that has no ref is no file but an
/// address of the run (`CircleCI`), which is another one each time: it says nothing here.
fn workflow(url: &str, repository: Option<&str>) -> Option<String> {
    let config = without_ref(url);
    let path = repository.and_then(|repository| config.strip_prefix(repository)?.strip_prefix('/'));
    match path.map(|path| path.trim_start_matches('/')).filter(|path| !path.is_empty()) {
        Some(path) => Some(path.to_owned()),
        None if config.len() < url.len() => Some(config.to_owned()),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(name: &str) -> Subject<'_> {
        Subject {
            name,
            issuer: "https://issuer.example.com",
            source_repository: None,
            old_repository: None,
            build_config: None,
            repository_id: None,
            owner_id: None,
            runner: None,
        }
    }

    #[test]
    fn a_reusable_workflow_signs_for_another_repository() {
        let identity = of(&Subject {
            source_repository: Some("https://github.com/me/server"),
            build_config: Some("https://github.com/me/server/.github/workflows/release.yml@refs/tags/v1"),
            ..subject("https://github.com/builders/shared/.github/workflows/build.yml@refs/heads/main")
        });
        assert_eq!(identity.signer, "https://github.com/builders/shared/.github/workflows/build.yml");
        assert_eq!(identity.repository.as_deref(), Some("https://github.com/me/server"));
        assert_eq!(identity.workflow.as_deref(), Some(".github/workflows/release.yml"));
    }

    #[test]
    fn a_workflow_of_another_repository_keeps_its_url() {
        let of_config = |config| {
            let subject = Subject {
                source_repository: Some("https://github.com/me/server"),
                build_config: Some(config),
                ..subject("https://github.com/me/server/.github/workflows/x.yml@refs/heads/main")
            };
            of(&subject).workflow
        };
        let other = of_config("https://github.com/me/server-evil/.github/workflows/release.yml@refs/heads/main");
        assert_eq!(
            other.as_deref(),
            Some("https://github.com/me/server-evil/.github/workflows/release.yml")
        );
        assert_eq!(of_config("https://ci.example.com/run/18273/config"), None, "an address of the run");
    }

    #[test]
    fn a_ref_ends_the_signer_wherever_its_own_at_signs_are() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        for (name, signer) in [
            (
                "https://h/o/r/.github/workflows/w.yml@refs/tags/@scope/name@1.0.0".to_owned(),
                "https://h/o/r/.github/workflows/w.yml",
            ),
            (
                format!("https://h/o/r/.github/workflows/w.yml@{commit}"),
                "https://h/o/r/.github/workflows/w.yml",
            ),
            ("https://h/@o/r".to_owned(), "https://h/@o/r"),
            ("me@refs/heads".to_owned(), "me@refs/heads"),
            ("me@example.com".to_owned(), "me@example.com"),
        ] {
            assert_eq!(of(&subject(&name)).signer, signer);
        }
    }

    #[test]
    fn an_address_has_no_repository() {
        let identity = of(&subject("me@example.com"));
        assert_eq!((identity.repository, identity.workflow), (None, None));
    }

    #[test]
    fn repositories_have_one_spelling() {
        for url in [
            "github.com/me/server",
            "https://github.com/me/server.git",
            "https://github.com/me/server/",
        ] {
            let identity = of(&Subject {
                source_repository: Some(url),
                ..subject("https://github.com/me/server/w.yml@refs/heads/main")
            });
            assert_eq!(identity.repository.as_deref(), Some("https://github.com/me/server"), "{url}");
            assert_eq!(identity.workflow, None, "nothing is made up from the subject");
        }
    }

    #[test]
    fn old_certificates_name_the_repository_without_its_host() {
        let identity = of(&Subject {
            old_repository: Some("me/server"),
            ..subject("https://github.com/me/server/.github/workflows/w.yml@refs/tags/v1")
        });
        assert_eq!(identity.repository.as_deref(), Some("https://github.com/me/server"));
        assert_eq!(identity.workflow.as_deref(), Some(".github/workflows/w.yml"));
    }
}
