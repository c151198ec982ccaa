//! One file of a git revision, read as it was committed.
//!
//! The attack: a repository whose own configuration has git start something (a pager, a filter, a
//! hook, a transport that fetches what is missing), or a revision on the command line that git takes
//! for an option. Only commands that read objects are run, with an environment of our own, without
//! replaced objects and without fetching; git itself is taken from outside the project's folder.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::time::Duration;

use super::Environment;
use super::program::{self, RunError};

/// How long git may take for one answer.
const LIMIT: Duration = Duration::from_secs(30);
/// No honest lockfile is larger.
const MAX_FILE: usize = 64 << 20;

/// Why a file of a revision cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// There is no git outside the project's folder.
    #[error("could not find git on this machine")]
    NoGit,
    /// The words are no revision that this reads.
    #[error("could not read `{revision}` as a revision: a branch, a tag or a commit is one")]
    Revision {
        /// As given, shortened.
        revision: String,
    },
    /// The repository does not know the revision.
    #[error("could not find the revision `{revision}` in the repository of {}", folder.display())]
    Unknown {
        /// As given.
        revision: String,
        /// Where it was looked for.
        folder: std::path::PathBuf,
    },
    /// The file is a link or a folder in that revision.
    #[error("could not read {file} of `{revision}`: it is no regular file there")]
    NotAFile {
        /// The file.
        file: &'static str,
        /// The revision.
        revision: String,
    },
    /// git failed, or did not answer.
    #[error("could not read {file} of `{revision}`: {what}")]
    Failed {
        /// The file.
        file: &'static str,
        /// The revision.
        revision: String,
        /// What happened.
        what: String,
    },
}

impl GitError {
    /// What helps.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoGit => Some("install git; a git inside the project's folder is not used".into()),
            Self::Revision { .. } => Some("for example `--base origin/main`".into()),
            Self::Unknown { revision, .. } => Some(format!(
                "fetch it first: a checkout in CI often holds one commit only (`git fetch origin` and the whole history), and {revision} is not in it"
            )),
            Self::NotAFile { .. } | Self::Failed { .. } => None,
        }
    }
}

/// One commit of the repository that a folder lies in.
#[derive(Debug)]
pub struct Revision<'a> {
    git: std::path::PathBuf,
    env: Environment,
    folder: &'a Path,
    /// As the user wrote it.
    name: String,
    /// The commit it stands for.
    commit: String,
}

impl<'a> Revision<'a> {
    /// Finds the commit. `env` is the process's; `project` is the folder that git must not come from.
    ///
    /// # Errors
    /// No git, a revision that is none, or one that the repository does not hold.
    pub async fn find(env: &Environment, project: Option<&Path>, folder: &'a Path, name: &str) -> Result<Self, GitError> {
        let shown: String = name.chars().take(80).collect();
        if !is_revision(name) {
            return Err(GitError::Revision { revision: shown });
        }
        let git = program::find(&program::trusted_folders(env, project), "git", project).ok_or(GitError::NoGit)?;
        let mut revision = Self {
            git,
            env: environment(env),
            folder,
            name: shown,
            commit: String::new(),
        };
        let wanted = format!("{name}^{{commit}}");
        let found = revision
            .git("revision", &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted])
            .await?;
        let text = String::from_utf8_lossy(&found.stdout);
        let commit = text.trim();
        if !found.success || !matches!(commit.len(), 40 | 64) || !commit.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(GitError::Unknown {
                revision: revision.name,
                folder: folder.to_path_buf(),
            });
        }
        commit.clone_into(&mut revision.commit);
        Ok(revision)
    }

    /// The commit's name.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// A file beside the ones of the folder, as it was committed; `None` where the revision has none.
    ///
    /// # Errors
    /// It is a link or a folder there, or git cannot read it.
    pub async fn file(&self, file: &'static str) -> Result<Option<Vec<u8>>, GitError> {
        let failed = |what: &str| GitError::Failed {
            file,
            revision: self.name.clone(),
            what: what.to_owned(),
        };
        let listed = self.git(file, &["ls-tree", "-z", &self.commit, "--", file]).await?;
        if !listed.success {
            return Err(failed(&program::redacted(&String::from_utf8_lossy(&listed.stderr), 300)));
        }
        // `100644 blob ID<TAB>NAME<NUL>`
        let line = String::from_utf8_lossy(&listed.stdout).into_owned();
        let Some(line) = line.strip_suffix('\0').filter(|line| !line.is_empty()) else {
            return if listed.stdout.is_empty() {
                Ok(None)
            } else {
                Err(failed("git listed something else"))
            };
        };
        let mut words = line.split(['\t', ' ']);
        let (Some(mode), Some("blob"), Some(id)) = (words.next(), words.next(), words.next()) else {
            return Err(GitError::NotAFile {
                file,
                revision: self.name.clone(),
            });
        };
        if !matches!(mode, "100644" | "100755") || !id.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(GitError::NotAFile {
                file,
                revision: self.name.clone(),
            });
        }
        let read = self.git(file, &["cat-file", "blob", id]).await?;
        if !read.success {
            return Err(failed(&program::redacted(&String::from_utf8_lossy(&read.stderr), 300)));
        }
        if read.stdout.len() >= MAX_FILE {
            return Err(failed("it is larger than any lockfile"));
        }
        Ok(Some(read.stdout))
    }

    async fn git(&self, file: &'static str, args: &[&str]) -> Result<program::Output, GitError> {
        const FIXED: [&str; 10] = [
            "--no-pager",
            "--no-replace-objects",
            "--literal-pathspecs",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
            "-c",
            "protocol.allow=never",
            "--no-optional-locks",
        ];
        let args: Vec<OsString> = FIXED.iter().chain(args).map(OsString::from).collect();
        let run = program::run_up_to(&self.git, self.folder, &args, &self.env, LIMIT, MAX_FILE).await;
        run.map_err(|error| GitError::Failed {
            file,
            revision: self.name.clone(),
            what: match error {
                RunError::Io { cause } => cause,
                RunError::Timeout { seconds } => format!("git did not answer within {seconds} seconds"),
            },
        })
    }
}

/// The user's own settings say which repositories of other users they trust (`safe.directory`), as
/// a checkout in CI is; everything else that could steer git stays outside.
fn environment(env: &Environment) -> Environment {
    let kept = ["HOME", "XDG_CONFIG_HOME", "PATH"];
    let kept = kept.iter().filter_map(|name| env.get_key_value(OsStr::new(name)));
    let mut out: Environment = kept.map(|(name, value)| (name.clone(), value.clone())).collect();
    let ours = [
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ALLOW_PROTOCOL", "none"),
        ("LC_ALL", "C"),
    ];
    out.extend(ours.map(|(name, value)| (name.into(), value.into())));
    out
}

/// Whether git reads it as a revision and as nothing else.
fn is_revision(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+@{}~^#=,".contains(&b);
    !name.is_empty() && name.len() <= 250 && !name.starts_with('-') && (name.bytes().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_would_read_as_something_else_is_no_revision() {
        for good in [
            "main",
            "origin/main",
            "v1.0.0",
            "HEAD~2",
            "HEAD^",
            "main@{1}",
            "0a1b2c3d",
            "feature/x+y#1",
        ] {
            assert!(is_revision(good), "{good}");
        }
        for bad in [
            "",
            "-p",
            "--output=x",
            "main:mcp-pin.lock",
            "a b",
            "a\nb",
            "../x;y",
            "$(x)",
            "é",
            "a..b:c",
        ] {
            assert!(!is_revision(bad), "{bad}");
        }
    }
}
