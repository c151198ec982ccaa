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
    // A certificate that names the source repository the old way names the workflow in its subject.
    let config = match non_empty(subject.build_config) {
        Some(url) => Some(without_ref(url)),
        None if non_empty(subject.source_repository).is_none() && repository.is_some() => Some(signer),
        None => None,
    };
    let workflow = config.map(|config| inside(config, repository.as_deref()).to_owned());
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

/// The path of the build configuration inside the repository; the whole URL where it lives in
/// another one. GitLab separates the two with a double slash.
fn inside<'a>(config: &'a str, repository: Option<&str>) -> &'a str {
    let path = repository.and_then(|repository| config.strip_prefix(repository)?.strip_prefix('/'));
    path.map(|path| path.trim_start_matches('/'))
        .filter(|path| !path.is_empty())
        .unwrap_or(config)
}
