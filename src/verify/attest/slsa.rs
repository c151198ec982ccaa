//! SLSA provenance: what the statement says of the source, held against the certificate.
//!
//! The attack: the statement is the signer's own word. A workflow can sign a statement that names
//! somebody else's repository, and tools that show the statement show a lie. The certificate was
//! filled in by the authority; where both speak of repository, workflow, ref, commit or run, they
//! must agree, and it is always the certificate that is pinned.
//!
//! Specification: SLSA provenance v0.2 and v1, as npm's client and GitHub's attestation action
//! write them.

use serde_json::Value;

use super::gather::Signer;
use super::source::names_same_repository;
use super::statement::{SLSA_V1, SLSA_V02};
use super::{Refused, forged, quoted, undecidable};

/// What a predicate says, as far as the certificate speaks of it too.
#[derive(Debug, Default, PartialEq)]
struct Said<'a> {
    repository: Option<&'a str>,
    workflow: Option<&'a str>,
    refs: Vec<&'a str>,
    commits: Vec<&'a str>,
    run: Option<&'a str>,
    builder: Option<&'a str>,
    /// Further sources, and their commits: they count where they are the repository itself.
    dependencies: Vec<(&'a str, &'a str)>,
}

/// Compares an SLSA predicate with its certificate. Gives the builder it names, without a version.
///
/// # Errors
/// Forged where they contradict each other; undecidable where the predicate is malformed.
pub(super) fn agree(predicate_type: &str, predicate: &Value, signer: &Signer) -> Result<Option<String>, Refused> {
    if !predicate.is_object() {
        return Err(undecidable("the SLSA provenance has no predicate"));
    }
    let said = match predicate_type {
        SLSA_V02 => said_v02(predicate)?,
        SLSA_V1 => said_v1(predicate)?,
        other => return Err(undecidable(format!("`{}` is no SLSA provenance", quoted(other)))),
    };
    compare(&said, signer)?;
    let builder = said.builder.and_then(|builder| builder.split('@').next());
    Ok(builder.filter(|builder| !builder.is_empty()).map(str::to_owned))
}

fn said_v02(predicate: &Value) -> Result<Said<'_>, Refused> {
    let config = &["invocation", "configSource"];
    let at = |member: &str| text(predicate, &[config, &[member][..]].concat());
    let (repository, git_ref) = at("uri")?.map_or((None, None), split_ref);
    // On GitHub it is the workflow's path, bare or as OWNER/NAME/PATH@REF; elsewhere a job's name.
    let workflow = at("entryPoint")?.and_then(|entry| {
        let start = entry.find(".github/workflows/")?;
        entry.get(start..)?.split('@').next()
    });
    let digest = |name: &str| text(predicate, &["invocation", "configSource", "digest", name]);
    Ok(Said {
        repository,
        workflow,
        refs: git_ref.into_iter().collect(),
        commits: [digest("sha1")?, digest("gitCommit")?].into_iter().flatten().collect(),
        run: None,
        builder: text(predicate, &["builder", "id"])?,
        dependencies: dependencies(predicate, &["materials"])?,
    })
}

fn said_v1(predicate: &Value) -> Result<Said<'_>, Refused> {
    let at = |member: &str| text(predicate, &["buildDefinition", "externalParameters", "workflow", member]);
    Ok(Said {
        repository: at("repository")?,
        workflow: at("path")?,
        refs: at("ref")?.into_iter().collect(),
        commits: Vec::new(),
        run: text(predicate, &["runDetails", "metadata", "invocationId"])?,
        builder: text(predicate, &["runDetails", "builder", "id"])?,
        dependencies: dependencies(predicate, &["buildDefinition", "resolvedDependencies"])?,
    })
}

fn compare(said: &Said<'_>, signer: &Signer) -> Result<(), Refused> {
    let identity = &signer.identity;
    let differs = |what: &str, theirs: &str, certified: &str| {
        let (theirs, certified) = (quoted(theirs), quoted(certified));
        Err(forged(format!(
            "the statement names another source than the certificate: {what} `{theirs}`, but the certificate says `{certified}`"
        )))
    };
    if let (Some(theirs), Some(certified)) = (said.repository, &identity.repository)
        && !names_same_repository(theirs, certified)
    {
        return differs("repository", theirs, certified);
    }
    // The certificate gives the whole address of a workflow that lives in another repository.
    if let (Some(theirs), Some(certified)) = (said.workflow, &identity.workflow)
        && theirs != certified
        && !(certified.contains("://") && certified.ends_with(&format!("/{theirs}")))
    {
        return differs("workflow", theirs, certified);
    }
    if let Some(certified) = &signer.git_ref
        && let Some(theirs) = said.refs.iter().find(|theirs| *theirs != certified)
    {
        return differs("ref", theirs, certified);
    }
    let own = |uri: &str| {
        let repository = split_ref(uri).0.unwrap_or(uri);
        identity
            .repository
            .as_ref()
            .is_some_and(|own| names_same_repository(repository, own))
    };
    let commits = said.dependencies.iter().filter(|(uri, _)| own(uri)).map(|(_, commit)| commit);
    if let Some(certified) = &signer.commit
        && let Some(theirs) = said.commits.iter().chain(commits).find(|theirs| *theirs != certified)
    {
        return differs("commit", theirs, certified);
    }
    // Only an address of the same place speaks of the same thing as the certificate does.
    if let (Some(theirs), Some(certified), Some(repository)) = (said.run, &signer.run, &identity.repository) {
        let place = format!("{repository}/");
        if theirs.starts_with(&place) && certified.starts_with(&place) && theirs != certified {
            return differs("run", theirs, certified);
        }
    }
    Ok(())
}

/// `git+https://HOST/OWNER/NAME@REF` in two parts.
fn split_ref(uri: &str) -> (Option<&str>, Option<&str>) {
    let path = uri
        .find("://")
        .and_then(|at| uri.get(at + 3..)?.find('/').map(|slash| at + 3 + slash));
    let at = path.and_then(|path| uri.get(path..)?.find('@').map(|at| path + at));
    match at {
        Some(at) => (uri.get(..at), uri.get(at + 1..).filter(|git_ref| !git_ref.is_empty())),
        None => (Some(uri), None),
    }
}

/// Every source with the commit it names.
fn dependencies<'a>(predicate: &'a Value, path: &[&str]) -> Result<Vec<(&'a str, &'a str)>, Refused> {
    let list = match find(predicate, path)? {
        None => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(malformed(path)),
    };
    let mut found = Vec::new();
    for dependency in list {
        let Some(uri) = text(dependency, &["uri"])? else { continue };
        for algorithm in ["sha1", "gitCommit"] {
            found.extend(text(dependency, &["digest", algorithm])?.map(|commit| (uri, commit)));
        }
    }
    Ok(found)
}

/// A member that is not there, null or empty says nothing; one of another type is malformed.
fn text<'a>(value: &'a Value, path: &[&str]) -> Result<Option<&'a str>, Refused> {
    match find(value, path)? {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
        Some(_) => Err(malformed(path)),
    }
}

fn find<'a>(value: &'a Value, path: &[&str]) -> Result<Option<&'a Value>, Refused> {
    let mut here = value;
    for member in path {
        here = match here {
            Value::Object(object) => match object.get(*member) {
                None | Some(Value::Null) => return Ok(None),
                Some(next) => next,
            },
            _ => return Err(malformed(path)),
        };
    }
    Ok(Some(here))
}

fn malformed(path: &[&str]) -> Refused {
    undecidable(format!("the SLSA provenance is malformed at `{}`", path.join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Identity;
    use serde_json::json;

    const COMMIT: &str = "8a2ee2fd20dda58ffa4a8d808a65cb1e04711c03";

    fn signer() -> Signer {
        Signer {
            identity: Identity {
                issuer: "https://token.actions.githubusercontent.com".to_owned(),
                signer: "https://github.com/o/r/.github/workflows/release.yml".to_owned(),
                repository: Some("https://github.com/o/r".to_owned()),
                repository_id: None,
                owner_id: None,
                workflow: Some(".github/workflows/release.yml".to_owned()),
                builder: None,
            },
            git_ref: Some("refs/tags/v1".to_owned()),
            commit: Some(COMMIT.to_owned()),
            run: Some("https://github.com/o/r/actions/runs/1/attempts/1".to_owned()),
        }
    }

    fn v1() -> Value {
        json!({
            "buildDefinition": {
                "externalParameters": {"workflow": {"ref": "refs/tags/v1", "repository": "https://github.com/O/r", "path": ".github/workflows/release.yml"}},
                "resolvedDependencies": [
                    {"uri": "git+https://github.com/o/r@refs/tags/v1", "digest": {"gitCommit": COMMIT}},
                    {"uri": "git+https://github.com/else/where@main", "digest": {"gitCommit": "0000"}}
                ]
            },
            "runDetails": {
                "builder": {"id": "https://github.com/actions/runner/github-hosted"},
                "metadata": {"invocationId": "https://github.com/o/r/actions/runs/1/attempts/1"}
            }
        })
    }

    fn v02() -> Value {
        json!({
            "builder": {"id": "https://github.com/npm/cli@9.2.0"},
            "invocation": {"configSource": {
                "uri": "git+https://github.com/o/r@refs/tags/v1",
                "digest": {"sha1": COMMIT},
                "entryPoint": "o/r/.github/workflows/release.yml@refs/tags/v1"
            }},
            "materials": [{"uri": "git+https://github.com/o/r", "digest": {"sha1": COMMIT}}]
        })
    }

    fn is_forged(kind: &str, predicate: &Value, what: &str) {
        match agree(kind, predicate, &signer()) {
            Err(Refused::Forged { attack }) => assert!(attack.contains(what), "{attack}"),
            other => panic!("{predicate}: {other:?}"),
        }
    }

    #[test]
    fn a_statement_that_agrees_names_its_builder() {
        let builder = agree(SLSA_V1, &v1(), &signer()).unwrap();
        assert_eq!(builder.as_deref(), Some("https://github.com/actions/runner/github-hosted"));
        let builder = agree(SLSA_V02, &v02(), &signer()).unwrap();
        assert_eq!(
            builder.as_deref(),
            Some("https://github.com/npm/cli"),
            "the version changes from release to release"
        );
        let mut bare = v02();
        bare["invocation"]["configSource"]["entryPoint"] = json!(".github/workflows/release.yml");
        agree(SLSA_V02, &bare, &signer()).unwrap();
        bare["invocation"]["configSource"]["entryPoint"] = json!("deploy");
        agree(SLSA_V02, &bare, &signer()).unwrap();
    }

    #[test]
    fn a_statement_cannot_name_another_source() {
        let change = |mut value: Value, pointer: &str, to: &str| {
            *value.pointer_mut(pointer).unwrap() = json!(to);
            value
        };
        let workflow = "/buildDefinition/externalParameters/workflow";
        let famous = "https://github.com/famous/project";
        is_forged(SLSA_V1, &change(v1(), &format!("{workflow}/repository"), famous), "repository");
        is_forged(
            SLSA_V1,
            &change(v1(), &format!("{workflow}/repository"), "no address"),
            "repository",
        );
        is_forged(
            SLSA_V1,
            &change(v1(), &format!("{workflow}/path"), ".github/workflows/x.yml"),
            "workflow",
        );
        is_forged(SLSA_V1, &change(v1(), &format!("{workflow}/ref"), "refs/heads/x"), "ref");
        is_forged(
            SLSA_V1,
            &change(v1(), "/buildDefinition/resolvedDependencies/0/digest/gitCommit", "00"),
            "commit",
        );
        let run = "https://github.com/o/r/actions/runs/2/attempts/1";
        is_forged(SLSA_V1, &change(v1(), "/runDetails/metadata/invocationId", run), "run");
        let config = "/invocation/configSource";
        is_forged(
            SLSA_V02,
            &change(
                v02(),
                &format!("{config}/uri"),
                "git+https://github.com/famous/project@refs/tags/v1",
            ),
            "repository",
        );
        is_forged(
            SLSA_V02,
            &change(v02(), &format!("{config}/uri"), "git+https://github.com/o/r@refs/tags/v2"),
            "ref",
        );
        is_forged(SLSA_V02, &change(v02(), &format!("{config}/digest/sha1"), "00"), "commit");
        is_forged(
            SLSA_V02,
            &change(v02(), &format!("{config}/entryPoint"), ".github/workflows/x.yml"),
            "workflow",
        );
        is_forged(SLSA_V02, &change(v02(), "/materials/0/digest/sha1", "00"), "commit");
    }

    #[test]
    fn what_only_one_of_them_says_contradicts_nothing() {
        let nobody = Signer {
            git_ref: None,
            commit: None,
            run: None,
            identity: Identity {
                repository: None,
                workflow: None,
                ..signer().identity
            },
        };
        agree(SLSA_V1, &v1(), &nobody).unwrap();
        agree(SLSA_V02, &v02(), &nobody).unwrap();
        assert_eq!(agree(SLSA_V1, &json!({}), &signer()).unwrap(), None);
    }

    #[test]
    fn a_malformed_predicate_decides_nothing() {
        for predicate in [
            json!(null),
            json!([]),
            json!({"runDetails": 1}),
            json!({"runDetails": {"builder": {"id": 1}}}),
            json!({"buildDefinition": {"resolvedDependencies": {}}}),
        ] {
            assert!(
                matches!(agree(SLSA_V1, &predicate, &signer()), Err(Refused::Undecidable(_))),
                "{predicate}"
            );
        }
    }
}
