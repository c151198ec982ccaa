//! Real runs of this machine's uv against an index on loopback.

use std::path::PathBuf;

use serde_json::json;

use super::super::testing::{self, Served, Site, indexes};
use super::*;
use crate::net::testing::network;

const PASSWORD: &str = "hunter2secret";
/// `me:hunter2secret`.
const LOGIN: &str = "bWU6aHVudGVyMnNlY3JldA==";

struct Run {
    scratch: tempfile::TempDir,
    uv: Uv,
}

impl Run {
    async fn new() -> Option<Self> {
        Self::with(&[]).await
    }

    async fn with(more: &[(&str, String)]) -> Option<Self> {
        let scratch = tempfile::tempdir().unwrap();
        let uv = testing::uv(scratch.path(), more).await?;
        Some(Self { scratch, uv })
    }

    async fn at(&self, pypi: &Pypi, spec: &str, before: Option<&str>) -> Result<Resolution, PypiError> {
        let at = spec.find(['=', '<', '>', '~']).unwrap_or(spec.len());
        let (name, requirement) = spec.split_at(at);
        let (name, extras) = name.split_once('[').unwrap_or((name, ""));
        let ask = Ask {
            name: name.parse().unwrap(),
            extras: extras.trim_end_matches(']').split_terminator(',').map(str::to_owned).collect(),
            requirement: (!requirement.is_empty()).then(|| requirement.to_owned()),
        };
        let found = pypi
            .resolve(&self.uv, &network(), &ask, before.map(|date| date.parse().unwrap()), &[])
            .await;
        let left: Vec<PathBuf> = std::fs::read_dir(self.scratch.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(
            left.iter()
                .all(|path| !path.file_name().unwrap().to_string_lossy().starts_with("uv-")),
            "{left:?}"
        );
        found
    }

    async fn one(&self, site: &Site, spec: &str, before: Option<&str>) -> Result<Resolution, PypiError> {
        self.at(&site.pypi(), spec, before).await
    }
}

/// `name version [marker]` of every claim.
fn listed(found: &Resolution) -> Vec<String> {
    let line = |claim: &answer::Claim| {
        let marker = claim.marker.as_ref().map(|marker| format!(" [{marker}]")).unwrap_or_default();
        format!("{} {}{marker}", claim.name, claim.version)
    };
    found.claims.values().map(line).collect()
}

fn wheel(project: &str, version: &str, requires: &[&str]) -> Served {
    Served::wheel(project, version, requires)
}

fn py(text: &str) -> serde_json::Value {
    json!(text)
}

#[tokio::test]
async fn a_closure_with_markers_extras_and_several_versions() {
    let Some(run) = Run::new().await else { return };
    let site = Site::new();
    site.project(
        "top",
        vec![
            wheel(
                "top",
                "2.0",
                &[
                    "low",
                    "win; sys_platform == 'win32'",
                    "!Provides-Extra: more",
                    "extra-dep>=1; extra == 'more'",
                    "not-asked-for; extra == 'other'",
                ],
            )
            .with("requires-python", py(">=3.8")),
        ],
    );
    site.project(
        "low",
        vec![
            wheel("low", "1.0", &["!Requires-Python: >=3.8"]).with("requires-python", py(">=3.8")),
            wheel("low", "2.0", &["!Requires-Python: >=3.12"]).with("requires-python", py(">=3.12")),
        ],
    );
    site.project("win", vec![wheel("win", "1.0", &[])]);
    site.project("extra-dep", vec![wheel("extra-dep", "1.5", &[])]);
    let found = run.one(&site, "Top[More]", None).await.unwrap();
    assert_eq!((found.root.0.as_str(), found.root.1.as_str()), ("top", "2.0"));
    assert_eq!(found.requires_python, ">=3.10");
    let plain: Vec<String> = listed(&found)
        .iter()
        .map(|line| line.split(" [").next().unwrap().to_owned())
        .collect();
    assert_eq!(plain, ["extra-dep 1.5", "low 1.0", "low 2.0", "top 2.0", "win 1.0"]);
    let all = listed(&found).join("\n");
    assert!(
        all.contains("low 1.0 [python_full_version >= '3.10' and python_full_version < '3.12']"),
        "{all}"
    );
    assert!(all.contains("low 2.0 [python_full_version >= '3.12']"), "{all}");
    assert!(all.contains("win 1.0 [") && all.contains("sys_platform == 'win32'"), "{all}");
    let wheel = &found.claims[&found.root].wheels[0];
    assert_eq!(wheel.file, "top-2.0-py3-none-any.whl");
    assert_eq!(
        wheel.sha256.hex(),
        crate::model::Sha256Digest::of("top-2.0-py3-none-any.whl").to_string()
    );
    assert_eq!(wheel.uploaded, Some("2024-01-01T00:00:00Z".parse().unwrap()));
    assert_eq!(wheel.size, Some(24));
    // Nothing but pages and METADATA was asked for: no archive came near uv.
    let archives: Vec<String> = site.seen().into_iter().filter(|head| head.contains(".whl HTTP")).collect();
    assert!(archives.is_empty(), "{archives:?}");
}

#[tokio::test]
async fn a_fork_with_an_upper_bound_keeps_it() {
    let Some(run) = Run::new().await else { return };
    let site = Site::new();
    site.project(
        "top",
        vec![wheel("top", "1.0", &[]).with("requires-python", py(">=3.11,!=3.12.*,<3.14"))],
    );
    let found = run.one(&site, "top", None).await.unwrap();
    assert_eq!(found.requires_python, ">=3.11,!=3.12.*,<3.14");
    let marker = found.claims[&found.root].marker.clone().unwrap();
    assert_eq!(marker, "python_full_version < '3.12' or python_full_version == '3.13.*'");
}

#[tokio::test]
async fn nothing_around_the_folder_or_in_the_environment_steers_it() {
    let evil = Site::new();
    evil.project("top", vec![wheel("top", "9.0", &["evil"])])
        .project("evil", vec![wheel("evil", "1.0", &[])]);
    evil.project("low", vec![wheel("low", "9.0", &["evil"])]);
    let overrides = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(overrides.path(), "low==9.0\nevil\n").unwrap();
    let file = overrides.path().display().to_string();
    let variables = [
        "UV_INDEX",
        "UV_DEFAULT_INDEX",
        "UV_INDEX_URL",
        "UV_EXTRA_INDEX_URL",
        "UV_FIND_LINKS",
        "UV_INDEX_I0_URL",
    ];
    let mut more: Vec<(&str, String)> = variables.iter().map(|name| (*name, evil.address())).collect();
    let values = [
        ("UV_OVERRIDE", file.clone()),
        ("UV_CONSTRAINT", file.clone()),
        ("UV_BUILD_CONSTRAINT", file),
        ("UV_WORKING_DIRECTORY", "/".to_owned()),
        ("UV_PROJECT", "/".to_owned()),
        ("UV_PRERELEASE", "allow".to_owned()),
        ("UV_RESOLUTION", "lowest".to_owned()),
        ("UV_INDEX_STRATEGY", "unsafe-best-match".to_owned()),
        ("UV_EXCLUDE_NEWER", "2001-01-01".to_owned()),
        ("UV_OFFLINE", "1".to_owned()),
    ];
    more.extend(values);
    let Some(run) = Run::with(&more).await else { return };
    // The folders above the closed one: settings, a workspace that claims every folder below it, a
    // Python version that nobody has and a virtual environment whose Python is a trap.
    let above = run.scratch.path();
    let settings = format!("[[index]]\nurl = \"{}\"\ndefault = true\n", evil.address());
    std::fs::write(above.join("uv.toml"), format!("override-dependencies = [\"evil\"]\n{settings}")).unwrap();
    std::fs::write(
        above.join("pyproject.toml"),
        format!(
            "[project]\nname = \"evil\"\nversion = \"1\"\n[tool.uv.workspace]\nmembers = [\"**\"]\n[tool.uv]\noverride-dependencies = [\"low==9.0\"]\n\
             required-version = \"==0.0.1\"\n[[tool.uv.index]]\nurl = \"{}\"\ndefault = true\n",
            evil.address()
        ),
    )
    .unwrap();
    std::fs::write(above.join(".python-version"), "2.7\n").unwrap();
    let trap = above.join(".venv/bin");
    std::fs::create_dir_all(&trap).unwrap();
    std::fs::write(above.join(".venv/pyvenv.cfg"), "home = /usr/bin\n").unwrap();
    std::fs::write(
        trap.join("python"),
        format!("#!/bin/sh\n/bin/echo x > {}\nexit 1\n", above.join("sprung").display()),
    )
    .unwrap();
    std::fs::set_permissions(trap.join("python"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let site = Site::new();
    site.project("top", vec![wheel("top", "1.0", &["low"]), wheel("top", "1.1a1", &[])]);
    site.project("low", vec![wheel("low", "0.9", &[]), wheel("low", "1.0", &[])]);
    let found = run.one(&site, "top", None).await.unwrap();
    let plain: Vec<&(PackageName, String)> = found.claims.keys().collect();
    assert_eq!(
        format!("{plain:?}"),
        r#"[(PackageName("low"), "1.0"), (PackageName("top"), "1.0")]"#
    );
    assert_eq!(evil.seen(), Vec::<String>::new());
    assert!(!above.join("sprung").exists());
}

#[tokio::test]
async fn uv_gets_the_password_and_nobody_else_sees_it() {
    let Some(run) = Run::new().await else { return };
    let site = Site::guarded(Some(LOGIN));
    site.project("top", vec![wheel("top", "1.0", &["low"])])
        .project("low", vec![wheel("low", "1.0", &[])]);
    let with = |password: &str| indexes(&[&site.address().replace("http://", &format!("http://me:{password}@"))]);
    let found = run.at(&with(PASSWORD), "top", None).await.unwrap();
    assert_eq!(listed(&found).len(), 2);
    assert!(!format!("{found:?} {:?}", run.uv).contains(PASSWORD));
    // A wrong one: we are told by our own question, uv by its own where only the dependency is guarded.
    let error = run.at(&with("wrongsecret"), "top", None).await.unwrap_err();
    assert!(matches!(error, PypiError::Ask { .. }), "{error:?}");
    let open = Site::new();
    open.project("top", vec![wheel("top", "1.0", &["low"])]);
    let (first, second) = (open.address().replace("http://", "http://me:opensecret@"), site.address());
    let both = indexes(&[&first, &second.replace("http://", "http://me:wrongsecret@")]);
    let error = run.at(&both, "top", None).await.unwrap_err();
    assert!(matches!(error, PypiError::Denied { .. }), "{error:?}");
    let said = format!("{error} {error:?}");
    assert!(
        !said.contains("wrongsecret") && !said.contains("opensecret") && !said.contains(site.host()),
        "{said}"
    );
    assert!(error.hint().unwrap().contains(".netrc"));
}

#[tokio::test]
async fn the_first_index_that_has_a_project_is_the_one() {
    let Some(run) = Run::new().await else { return };
    let (private, public) = (Site::new(), Site::new());
    private.project("low", vec![wheel("low", "1.0", &[])]);
    public
        .project("top", vec![wheel("top", "1.0", &["low"])])
        .project("low", vec![wheel("low", "99.0", &["evil"])]);
    let found = run
        .at(&indexes(&[&private.address(), &public.address()]), "top", None)
        .await
        .unwrap();
    assert_eq!(listed(&found), ["low 1.0", "top 1.0"]);
}

#[tokio::test]
async fn a_cut_off_holds_for_the_whole_closure() {
    let Some(run) = Run::new().await else { return };
    let site = Site::new();
    let young = |file: Served| file.with("upload-time", json!("2026-06-01T00:00:00Z"));
    site.project("top", vec![wheel("top", "1.0", &["low"]), young(wheel("top", "2.0", &["low"]))]);
    site.project("low", vec![wheel("low", "1.0", &[]), young(wheel("low", "2.0", &[]))]);
    let date = Some("2026-01-01T00:00:00Z");
    let found = run.one(&site, "top", date).await.unwrap();
    assert_eq!(
        (listed(&found), found.before),
        (vec!["low 1.0".into(), "top 1.0".into()], date.map(|date| date.parse().unwrap()))
    );
    let error = run.one(&site, "top==2.0", date).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "every version of `top` that matches `==2.0` is younger than 2026-01-01T00:00:00Z"
    );
    site.project("low", vec![young(wheel("low", "2.0", &[]))]);
    let error = run.one(&site, "top", date).await.unwrap_err();
    assert_eq!(error.to_string(), "every version of `low` is younger than 2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn an_index_without_dates_resolves_and_says_that_no_cut_off_held() {
    let Some(run) = Run::new().await else { return };
    let date = Some("2026-01-01T00:00:00Z");
    let undated = |file: Served| file.with("upload-time", json!(null));
    let site = Site::new();
    site.project("top", vec![undated(wheel("top", "1.0", &["low"]))])
        .project("low", vec![wheel("low", "1.0", &[])]);
    let found = run.one(&site, "top", date).await.unwrap();
    assert_eq!((listed(&found).len(), found.before), (2, None));
    // Only a dependency is without.
    site.project("top", vec![wheel("top", "1.0", &["low"])])
        .project("low", vec![undated(wheel("low", "1.0", &[]))]);
    let found = site.pypi();
    let found = run.at(&found, "top", date).await.unwrap();
    assert_eq!((listed(&found).len(), found.before), (2, None));
}

#[tokio::test]
async fn what_has_only_source_is_named_and_never_built() {
    let Some(run) = Run::new().await else { return };
    let site = Site::new();
    site.project("top", vec![wheel("top", "1.0", &["low"])])
        .project("low", vec![Served::source("low", "0.6.2")]);
    let error = run.one(&site, "top", None).await.unwrap_err();
    assert!(error.to_string().starts_with("the dependency `low`"), "{error}");
    assert!(
        error.to_string().ends_with("has no wheel, only source that would have to be built"),
        "{error}"
    );
    assert!(site.seen().iter().all(|head| !head.contains(".tar.gz")));
    site.project("top", vec![wheel("top", "1.0", &["low==0.6.2"])]);
    let error = run.one(&site, "top", None).await.unwrap_err();
    assert!(error.to_string().starts_with("the dependency `low` 0.6.2 has no wheel"), "{error}");
    let error = run.one(&site, "low", None).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`low` 0.6.2 has no wheel, only source that would have to be built"
    );
}

#[tokio::test]
async fn dependencies_that_want_a_newer_python_raise_the_bound() {
    let Some(run) = Run::new().await else { return };
    let site = Site::new();
    site.project("top", vec![wheel("top", "1.0", &["low"]), wheel("top", "0.9", &[])]);
    let newer = |bound: &str| wheel("low", "1.0", &[&format!("!Requires-Python: {bound}")]).with("requires-python", json!(bound));
    site.project("low", vec![newer(">=3.12")]);
    let found = run.one(&site, "top", None).await.unwrap();
    assert_eq!((found.requires_python.as_str(), found.root.1.as_str()), (">=3.12", "1.0"));
    // No Python will do: the package is not exchanged for an older one in silence.
    site.project("low", vec![newer(">=3.99")]);
    let error = run.one(&site, "top", None).await.unwrap_err();
    assert!(
        matches!(&error, PypiError::Conflict { cause } if cause.contains("3.99") && cause.contains("low")),
        "{error:?}"
    );
}

#[tokio::test]
async fn failures_name_the_package() {
    let Some(run) = Run::new().await else { return };
    let site = Site::new();
    site.project("top", vec![wheel("top", "1.0", &["low"])]);
    let error = run.one(&site, "top", None).await.unwrap_err();
    assert_eq!(error, PypiError::UnknownPackage { name: "low".into() });
    assert_eq!(
        run.one(&site, "nope", None).await.unwrap_err(),
        PypiError::UnknownPackage { name: "nope".into() }
    );
    let error = run.one(&site, "top>=3", None).await.unwrap_err();
    assert_eq!(error.to_string(), "no version of `top` matches `>=3`");
    assert_eq!(error.hint().unwrap(), "its highest versions: 1.0");
    site.project("low", vec![wheel("low", "1.0", &[])]);
    site.project("top", vec![wheel("top", "1.0", &["low<1", "low>2"])]);
    let error = run.one(&site, "top", None).await.unwrap_err();
    assert!(
        matches!(&error, PypiError::Conflict { cause } if cause.contains("low")),
        "{error:?}"
    );
    assert!(
        error
            .to_string()
            .starts_with("the package's dependencies contradict each other: Because"),
        "{error}"
    );
    // From an address, a repository, a folder.
    for elsewhere in [
        "low @ http://127.0.0.1:1/low-1.0-py3-none-any.whl",
        "low @ git+http://127.0.0.1:1/x",
        "low @ file:///etc",
    ] {
        site.project("top", vec![wheel("top", "1.0", &[elsewhere])]);
        let error = run.one(&site, "top", None).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the dependency `low` does not come from a package index",
            "{elsewhere}"
        );
    }
    // The index breaks down between our question and uv's.
    site.project("top", vec![wheel("top", "1.0", &["low"])]);
    site.route("/simple/low/", 500, "text/plain", "");
    let error = run.one(&site, "top", None).await.unwrap_err();
    assert!(matches!(error, PypiError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn an_html_index_will_do_where_it_gives_digests() {
    let Some(run) = Run::new().await else { return };
    let site = Site::new();
    site.html("top", vec![wheel("top", "1.0", &["low"])])
        .html("low", vec![wheel("low", "1.0", &[])]);
    let found = run.one(&site, "top", Some("2026-01-01T00:00:00Z")).await.unwrap();
    assert_eq!((found.claims.len(), found.before), (2, None));
    // uv would download the wheel and compute one, for which nobody vouches.
    site.html("top", vec![wheel("top", "1.0", &["low"]).with("hashes", json!(null))]);
    let error = run.one(&site, "top", None).await.unwrap_err();
    assert_eq!(error.to_string(), "the index gives no sha256 of `top-1.0-py3-none-any.whl`");
}

#[tokio::test]
async fn a_metadata_that_injects_options_is_no_option() {
    let Some(run) = Run::new().await else { return };
    let site = Site::new();
    site.project("top", vec![wheel("top", "1.0", &[])]);
    for requirement in [
        "==1.0\n--index-url http://127.0.0.1:1/",
        "==1.0 --pre",
        "@ file:///etc",
        "==1.0; sys_platform == 'x'",
    ] {
        let ask = Ask {
            name: "top".parse().unwrap(),
            extras: BTreeSet::new(),
            requirement: Some(requirement.to_owned()),
        };
        let error = site.pypi().resolve(&run.uv, &network(), &ask, None, &[]).await.unwrap_err();
        assert!(matches!(error, PypiError::Requirement { .. }), "{requirement}: {error:?}");
    }
}
