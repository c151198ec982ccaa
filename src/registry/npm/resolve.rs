//! Asking npm which versions, in a folder that nothing else can speak into.

use std::ffi::OsString;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use crate::lock::check::{Requirement, Version};
use crate::model::PackageName;
use crate::net::Network;

use super::error::redacted;
use super::run::closed_folder;
use super::{Npm, NpmError, Packument, Resolution, lockfile};
use crate::registry::program::Output;

/// A thousand packages on a slow line.
const LIMIT: Duration = Duration::from_mins(10);
const MAX_LOCK: u64 = 64 << 20;

/// Settings that fix what is resolved and how it is laid out, whatever the user's `.npmrc` says.
/// Those this npm does not list are left out.
const FIXED: [(&str, &str); 35] = [
    ("package-lock-only", "true"),
    ("package-lock", "true"),
    ("shrinkwrap", "true"),
    ("save", "true"),
    ("ignore-scripts", "true"),
    ("json", "true"),
    ("audit", "false"),
    ("fund", "false"),
    ("update-notifier", "false"),
    ("progress", "false"),
    // The second attempt needs to see where npm stopped.
    ("loglevel", "verbose"),
    ("logs-max", "0"),
    ("lockfile-version", "3"),
    ("omit-lockfile-registry-resolved", "false"),
    ("install-strategy", "hoisted"),
    ("legacy-bundling", "false"),
    ("global-style", "false"),
    ("legacy-peer-deps", "false"),
    ("strict-peer-deps", "false"),
    ("prefer-dedupe", "false"),
    ("include", "optional"),
    ("include", "peer"),
    ("include-workspace-root", "false"),
    ("install-links", "false"),
    ("link", "false"),
    ("dry-run", "false"),
    ("force", "false"),
    ("engine-strict", "false"),
    ("offline", "false"),
    ("prefer-offline", "false"),
    ("prefer-online", "false"),
    ("include-staged", "false"),
    ("tag", "latest"),
    ("yes", "false"),
    ("fetch-retry-maxtimeout", "10000"),
];

/// Kinds of dependencies npm is told to refuse, where it can be told.
const REFUSED: [&str; 3] = ["allow-git", "allow-file", "allow-directory"];

#[derive(Deserialize)]
struct Failure {
    error: FailureBody,
}

#[derive(Deserialize)]
struct FailureBody {
    #[serde(default)]
    code: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    detail: String,
}

impl Npm {
    /// Resolves a package and its whole closure, for all platforms, without fetching archives into
    /// any place we use and without running anything of theirs. `requirement` is a version, range
    /// or tag; `None` is the `latest` tag. With `before`, nothing younger is chosen anywhere in the
    /// closure (as far as the registry's dates can be believed: check each entry's date).
    pub async fn resolve(
        &self,
        network: &Network,
        name: &PackageName,
        requirement: Option<&str>,
        before: Option<Timestamp>,
    ) -> Result<Resolution, NpmError> {
        let wanted = requirement.unwrap_or("latest");
        if matches!(Requirement::parse(wanted), Requirement::Foreign | Requirement::Alias { .. }) {
            return Err(NpmError::NotRegistry {
                from: "the request".to_owned(),
                name: name.to_string(),
                requirement: redacted(wanted),
            });
        }
        let folder = closed_folder(&self.scratch)?;
        let project = folder.path().join("project");
        let manifest = json!({"private": true, "dependencies": {name.as_str(): wanted}});
        std::fs::write(project.join("package.json"), manifest.to_string()).map_err(|error| NpmError::Run { cause: error.to_string() })?;
        let mut output = self
            .runner
            .run(&project, &self.arguments(folder.path(), before, "none"), LIMIT)
            .await?;
        if !output.success && is_own_archive(&output) {
            output = self
                .runner
                .run(&project, &self.arguments(folder.path(), before, "all"), LIMIT)
                .await?;
        }
        if !output.success {
            return Err(self.explain(network, &output, name, wanted, before).await);
        }
        lockfile::parse(&read(&project.join("package-lock.json"))?, name)
    }

    fn arguments(&self, folder: &Path, before: Option<Timestamp>, remote: &str) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["install".into()];
        args.extend(self.settings.places(folder));
        let known = |option: &str| self.settings.knows(option) || option == "json";
        let fixed = FIXED.iter().filter(|(option, _)| known(option));
        args.extend(fixed.map(|(option, value)| format!("--{option}={value}").into()));
        let refused = REFUSED.iter().filter(|option| known(option));
        args.extend(refused.map(|option| format!("--{option}=none").into()));
        if known("allow-remote") {
            args.push(format!("--allow-remote={remote}").into());
        }
        // npm's own names for this machine, so that a setting of another one is not asked about.
        let platform = [("os", npm_os()), ("cpu", npm_cpu())];
        args.extend(
            platform
                .iter()
                .filter(|(option, _)| known(option))
                .map(|(option, value)| format!("--{option}={value}").into()),
        );
        // An npm that cannot be told to refuse git finds none.
        let mut git = OsString::from("--git=");
        git.push(folder.join("no-git"));
        args.push(git);
        if let Some(before) = before {
            args.push(format!("--before={before}").into());
            if known("min-release-age-exclude") {
                args.push("--min-release-age-exclude=".into());
            }
        }
        args
    }

    /// What npm's failure means, in our words.
    async fn explain(&self, network: &Network, output: &Output, asked: &PackageName, wanted: &str, before: Option<Timestamp>) -> NpmError {
        let failure = parse_failure(output);
        let cause = redacted(&format!("{} {}", failure.summary, failure.detail));
        match failure.code.as_str() {
            "E404" => NpmError::UnknownPackage {
                name: missing_name(&failure).unwrap_or_else(|| asked.to_string()),
            },
            "ETARGET" | "ENOVERSIONS" => {
                let (name, requirement) = wanted_version(&failure.summary).unwrap_or_else(|| (asked.to_string(), wanted.to_owned()));
                self.no_version(network, name, requirement, before).await
            }
            "E401" | "E403" | "ENEEDAUTH" => NpmError::Denied { cause },
            "EINTEGRITY" => NpmError::Integrity { cause },
            "ERESOLVE" => NpmError::Conflict { cause },
            "EBADPLATFORM" => NpmError::Platform { cause },
            "ENOTFOUND" | "ECONNREFUSED" | "ECONNRESET" | "ETIMEDOUT" | "EAI_AGAIN" | "ERR_SOCKET_TIMEOUT" | "EHOSTUNREACH"
            | "ENETUNREACH" => NpmError::Unreachable { cause },
            code if code.starts_with("EALLOW") => NpmError::Elsewhere { cause },
            code if code.starts_with("E5") => NpmError::Unreachable { cause },
            code => NpmError::Failed {
                code: redacted(code),
                cause,
            },
        }
    }

    async fn no_version(&self, network: &Network, name: String, requirement: String, before: Option<Timestamp>) -> NpmError {
        let document = match name.parse::<PackageName>() {
            Ok(name) => self.packument(network, &name).await.ok(),
            Err(_) => None,
        };
        let younger = document.as_ref().is_some_and(|document| matches(document, &requirement));
        match (before, document) {
            (Some(before), _) if younger => NpmError::OnlyYounger {
                name,
                requirement,
                before: before.to_string(),
            },
            (_, document) => NpmError::NoVersion {
                available: document.as_ref().map(newest).unwrap_or_default(),
                tags: document.map(|document| document.tags).unwrap_or_default(),
                name,
                requirement,
            },
        }
    }
}

/// npm has to look into archives that bring bundled packages or a shrinkwrap, and trips there over
/// its own `allow-remote=none`: it then asks for the registry's archive by address. Told apart
/// from a dependency on an address by where in npm it happened; only then may npm try again with
/// addresses allowed. What could slip through then (an address elsewhere in the closure, fetched
/// but not run) is refused by name when the answer is read.
fn is_own_archive(output: &Output) -> bool {
    let stack = String::from_utf8_lossy(&output.stderr);
    parse_failure(output).code == "EALLOWREMOTE"
        && stack
            .lines()
            .any(|line| line.contains("at Object.extract ") && line.contains("pacote"))
}

/// Whether any version or tag of the document is what was wanted, whatever its age.
fn matches(document: &Packument, requirement: &str) -> bool {
    match Requirement::parse(requirement) {
        Requirement::Range(range) => document.versions().any(|version| range.accepts(version)),
        Requirement::Tag => document.tags.contains_key(requirement),
        Requirement::Alias { .. } | Requirement::Foreign => false,
    }
}

/// The highest versions, highest first.
fn newest(document: &Packument) -> Vec<String> {
    let mut versions: Vec<&str> = document.versions().collect();
    versions.sort_by_cached_key(|version| Version::parse(version));
    versions.iter().rev().take(8).map(|version| redacted(version)).collect()
}

fn parse_failure(output: &Output) -> FailureBody {
    serde_json::from_slice::<Failure>(&output.stdout).map_or_else(
        |_| FailureBody {
            code: "no answer".to_owned(),
            summary: String::from_utf8_lossy(&output.stderr).into_owned(),
            detail: String::new(),
        },
        |failure| failure.error,
    )
}

/// `The requested resource 'NAME@REQ' could not be found`.
fn missing_name(failure: &FailureBody) -> Option<String> {
    let (_, rest) = failure.detail.split_once("resource '")?;
    let (spec, _) = rest.split_once('\'')?;
    Some(name_and_requirement(spec)?.0)
}

/// `No matching version found for NAME@REQ[ with a date before ...].`, `No versions available for NAME`.
fn wanted_version(summary: &str) -> Option<(String, String)> {
    if let Some((_, name)) = summary.split_once("No versions available for ") {
        return Some((redacted(name), "*".to_owned()));
    }
    let (_, rest) = summary.split_once("No matching version found for ")?;
    let spec = rest.split(" with a date before").next()?;
    name_and_requirement(spec.strip_suffix('.').unwrap_or(spec))
}

fn name_and_requirement(spec: &str) -> Option<(String, String)> {
    let at = spec.char_indices().skip(1).find(|&(_, c)| c == '@')?.0;
    Some((redacted(&spec[..at]), redacted(&spec[at + 1..])))
}

fn read(path: &Path) -> Result<Vec<u8>, NpmError> {
    let answer = |cause: String| NpmError::Answer {
        what: "package-lock.json",
        cause,
    };
    let file = std::fs::File::open(path).map_err(|error| answer(error.to_string()))?;
    let mut bytes = Vec::new();
    let length = file
        .take(MAX_LOCK + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| answer(error.to_string()))?;
    if length as u64 > MAX_LOCK {
        return Err(answer(format!("it is larger than {MAX_LOCK} bytes")));
    }
    Ok(bytes)
}

fn npm_os() -> &'static str {
    match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    }
}

fn npm_cpu() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "x86" => "ia32",
        "powerpc64" => "ppc64",
        "loongarch64" => "loong64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npms_words_name_the_package() {
        let wanted = |text: &str| wanted_version(text).unwrap();
        assert_eq!(wanted("No matching version found for @s/a@^9."), ("@s/a".into(), "^9".into()));
        assert_eq!(
            wanted("No matching version found for a@1.0.0 with a date before 12/1/2025, 12:00:00 AM."),
            ("a".into(), "1.0.0".into())
        );
        assert_eq!(wanted("No versions available for @s/a"), ("@s/a".into(), "*".into()));
        let failure = FailureBody {
            code: String::new(),
            summary: String::new(),
            detail: "The requested resource '@s/b@^1' could not be found or".into(),
        };
        assert_eq!(missing_name(&failure).as_deref(), Some("@s/b"));
    }
}
