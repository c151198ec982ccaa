//! Running npm: which one, where, and with what in its environment.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::{Environment, NpmError};
use crate::registry::program::{self, Output, RunError};

/// The names of npm's settings that may come from the environment: where registries are, how to
/// reach them and who we are to them. Nothing that changes what is chosen or how it is laid out.
const PASSED_SETTINGS: [&str; 16] = [
    "registry",
    "userconfig",
    "globalconfig",
    "proxy",
    "https-proxy",
    "http-proxy",
    "noproxy",
    "ca",
    "cafile",
    "cert",
    "key",
    "strict-ssl",
    "local-address",
    "maxsockets",
    "fetch-retries",
    "fetch-timeout",
];

/// npm, node, and the environment npm is given.
pub(super) struct Runner {
    npm: PathBuf,
    /// The node that npm's first line will find.
    pub(super) node: PathBuf,
    env: Environment,
}

impl std::fmt::Debug for Runner {
    // The environment may hold tokens.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner")
            .field("npm", &self.npm)
            .field("node", &self.node)
            .finish_non_exhaustive()
    }
}

impl Runner {
    pub(super) fn find(env: &Environment, project: Option<&Path>) -> Result<Self, NpmError> {
        let folders = program::trusted_folders(env, project);
        let find = |name: &'static str| program::find(&folders, name, project).ok_or(NpmError::NotInstalled { program: name });
        let (npm, node) = (find("npm")?, find("node")?);
        let mut env = cleaned(env);
        let path = std::env::join_paths(&folders).map_err(|error| NpmError::Run { cause: error.to_string() })?;
        env.insert("PATH".into(), path);
        Ok(Self { npm, node, env })
    }

    /// Runs npm in `folder`, waits at most `limit`, and kills it with its children after that.
    pub(super) async fn run(&self, folder: &Path, args: &[OsString], limit: Duration) -> Result<Output, NpmError> {
        let output = program::run(&self.npm, folder, args, &self.env, limit).await;
        output.map_err(|error| match error {
            RunError::Io { cause } => NpmError::Run { cause },
            RunError::Timeout { seconds } => NpmError::Timeout { seconds },
        })
    }
}

/// A fresh folder only this user may enter, removed when the value is dropped. `project` and
/// `cache` are in it.
pub(super) fn closed_folder(scratch: &Path) -> Result<TempDir, NpmError> {
    let failed = |error: std::io::Error| NpmError::Run {
        cause: format!("no folder below `{}`: {error}", scratch.display()),
    };
    let folder = program::closed_folder(scratch, "npm-").map_err(failed)?;
    std::fs::create_dir(folder.path().join("project")).map_err(failed)?;
    std::fs::create_dir(folder.path().join("cache")).map_err(failed)?;
    Ok(folder)
}

/// The caller's environment without what would change npm's mind or inject code into node.
fn cleaned(env: &Environment) -> Environment {
    env.iter()
        .filter(|(name, _)| passes(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn passes(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else { return false };
    let lower = name.to_ascii_lowercase();
    if let Some(setting) = lower.strip_prefix("npm_config_") {
        // `_authToken` and friends are bound to a host; `@scope:registry` names one.
        let dashed = setting.replace('_', "-");
        return PASSED_SETTINGS.contains(&dashed.as_str()) || setting.starts_with("//") || is_scope_registry(setting);
    }
    if lower.starts_with("node_") {
        return matches!(name, "NODE_EXTRA_CA_CERTS" | "NODE_USE_SYSTEM_CA" | "NODE_USE_ENV_PROXY");
    }
    // Lower-case `npm_*` is what an outer npm leaves behind; `NPM_TOKEN` is what an .npmrc refers to.
    let dropped = ["ld_", "dyld_", "git_", "openssl_"];
    let outer = name.starts_with("npm_") || matches!(name, "PREFIX" | "DESTDIR" | "INIT_CWD");
    !outer && !dropped.iter().any(|prefix| lower.starts_with(prefix))
}

fn is_scope_registry(setting: &str) -> bool {
    setting.starts_with('@') && setting.ends_with(":registry")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::registry::program::MAX_OUTPUT;

    fn env(pairs: &[(&str, &str)]) -> Environment {
        pairs.iter().map(|(a, b)| (a.into(), b.into())).collect()
    }

    fn program(folder: &Path, name: &str, text: &str) {
        std::fs::create_dir_all(folder).unwrap();
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn a_projects_own_npm_is_passed_over() {
        let root = tempfile::tempdir().unwrap();
        let (project, good) = (root.path().join("project"), root.path().join("good"));
        for name in ["npm", "node"] {
            program(&project.join("tools"), name, "");
            program(&root.path().join("x/node_modules/.bin"), name, "");
            program(&good, name, "");
        }
        std::fs::create_dir(root.path().join("linked")).unwrap();
        std::os::unix::fs::symlink(project.join("tools/npm"), root.path().join("linked/npm")).unwrap();
        let folders = [
            "tools",
            "project/tools",
            "x/node_modules/.bin",
            "x/../project/tools",
            "linked",
            "good",
        ];
        let path: Vec<PathBuf> = folders.iter().map(|folder| root.path().join(folder)).collect();
        let mut path = std::env::join_paths(path).unwrap().into_string().unwrap();
        path.insert_str(0, "tools::.:");
        let found = Runner::find(&env(&[("PATH", &path)]), Some(&project)).unwrap();
        assert_eq!((found.npm, found.node), (good.join("npm"), good.join("node")));
        let missing = Runner::find(&env(&[("PATH", "/nonexistent")]), None).unwrap_err();
        assert!(missing.hint().unwrap().contains("Node.js"));
    }

    #[test]
    fn what_could_steer_npm_is_not_passed() {
        for name in [
            "NODE_OPTIONS",
            "NODE_PATH",
            "NODE_ENV",
            "npm_config_prefix",
            "NPM_CONFIG_IGNORE_SCRIPTS",
            "npm_config_cache",
            "npm_config_node_options",
            "npm_lifecycle_event",
            "LD_PRELOAD",
            "npm_config_before",
            "NODE_TLS_REJECT_UNAUTHORIZED",
        ] {
            assert!(!passes(OsStr::new(name)), "{name}");
        }
        for name in [
            "HOME",
            "NPM_CONFIG_REGISTRY",
            "npm_config_strict_ssl",
            "npm_config_//host/:_authToken",
            "npm_config_@s:registry",
            "HTTPS_PROXY",
            "NODE_EXTRA_CA_CERTS",
            "NPM_TOKEN",
        ] {
            assert!(passes(OsStr::new(name)), "{name}");
        }
    }

    #[tokio::test]
    async fn a_hanging_npm_is_killed_with_its_children() {
        let root = tempfile::tempdir().unwrap();
        let mark = root.path().join("mark");
        program(root.path(), "node", "");
        program(
            root.path(),
            "npm",
            &format!("#!/bin/sh\n(/bin/sleep 2; echo > {}) &\n/bin/sleep 30\n", mark.display()),
        );
        let runner = Runner::find(&env(&[("PATH", root.path().to_str().unwrap())]), None).unwrap();
        let result = runner.run(root.path(), &[], Duration::from_millis(300)).await;
        assert!(matches!(result, Err(NpmError::Timeout { .. })));
        std::thread::sleep(Duration::from_millis(2300));
        assert!(!mark.exists());
    }

    #[tokio::test]
    async fn endless_output_is_dropped_not_kept() {
        let root = tempfile::tempdir().unwrap();
        program(root.path(), "node", "");
        program(root.path(), "npm", "#!/bin/sh\n/usr/bin/head -c 6000000 /dev/zero\n");
        let runner = Runner::find(&env(&[("PATH", root.path().to_str().unwrap())]), None).unwrap();
        let output = runner.run(root.path(), &[], Duration::from_secs(20)).await.unwrap();
        assert!(output.success && output.stdout.len() == MAX_OUTPUT && output.stderr.is_empty());
    }
}
