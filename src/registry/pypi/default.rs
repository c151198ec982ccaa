//! The index that uv and pip use where nothing is configured, asked of the tools themselves.
//!
//! No registry's address stands in this code, so that a lock works behind any mirror and nobody is
//! asked whom the user's own tools would not ask. Both tools name their default in the help text of
//! the option that changes it, which is part of their command line and the same for years; both
//! are run in a closed folder, without any setting, and only help is asked for.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::PypiError;
use super::index::Index;
use crate::registry::Environment;
use crate::registry::program::{self, RunError};

const LIMIT: Duration = Duration::from_secs(30);

/// A tool, how its help is asked for, and the option whose help names the default.
const TOOLS: [(&str, &[&str], &str); 4] = [
    ("uv", &["pip", "compile", "--help"], "--default-index"),
    ("python3", &["-I", "-m", "pip", "--isolated", "download", "--help"], "--index-url"),
    ("pip3", &["--isolated", "download", "--help"], "--index-url"),
    ("pip", &["--isolated", "download", "--help"], "--index-url"),
];

/// Asks the first tool that answers.
pub(super) async fn ask(env: &Environment, project: Option<&Path>, scratch: &Path) -> Result<Index, PypiError> {
    let nothing = |cause: String| PypiError::NoIndex { cause };
    let folder = program::closed_folder(scratch, "pypi-").map_err(|error| nothing(format!("no folder to run a tool in: {error}")))?;
    let folders = program::trusted_folders(env, project);
    let path = std::env::join_paths(&folders).map_err(|error| nothing(error.to_string()))?;
    let env = cleaned(env, path);
    let mut tried = Vec::new();
    for (tool, args, option) in TOOLS {
        let Some(found) = program::find(&folders, tool, project) else {
            continue;
        };
        let args: Vec<OsString> = args.iter().map(OsString::from).collect();
        let cause = match program::run(&found, folder.path(), &args, &env, LIMIT).await {
            Ok(output) if output.success => match default_of(&String::from_utf8_lossy(&output.stdout), option) {
                Some(address) => return Index::parse(&address, &format!("{tool}'s default")),
                None => "names no default index",
            },
            Ok(_) => "failed",
            Err(RunError::Timeout { .. }) => "did not finish",
            Err(RunError::Io { .. }) => "could not be run",
        };
        tried.push(format!("`{tool}` {cause}"));
    }
    if tried.is_empty() {
        return Err(nothing("none is configured, and neither uv nor pip is on the PATH".to_owned()));
    }
    Err(nothing(format!("none is configured, and {}", tried.join(", "))))
}

/// Without what would change the tool's mind or inject code into it, and wide enough that no
/// address is broken in two.
fn cleaned(env: &Environment, path: OsString) -> Environment {
    let dropped = ["uv_", "pip_", "python", "virtual_env", "ld_", "dyld_"];
    let passes = |name: &OsString| {
        let name = name.to_str().map(str::to_ascii_lowercase);
        name.is_some_and(|name| !dropped.iter().any(|prefix| name.starts_with(prefix)))
    };
    let mut env: Environment = env
        .iter()
        .filter(|(name, _)| passes(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    env.insert("PATH".into(), path);
    env.insert("COLUMNS".into(), "1000".into());
    env.insert("PIP_CONFIG_FILE".into(), "/dev/null".into());
    env.insert("UV_NO_CONFIG".into(), "1".into());
    env
}

/// The address in the help of an option: from the line that starts with it to the next option.
fn default_of(help: &str, option: &str) -> Option<String> {
    let is_option = |line: &str| line.trim_start().starts_with('-');
    let names_it = |line: &str| is_option(line) && line.split([' ', ',', '=']).any(|word| word == option);
    let mut lines = help.lines().skip_while(|line| !names_it(line));
    let first = lines.next()?;
    let text: Vec<&str> = std::iter::once(first).chain(lines.take_while(|line| !is_option(line))).collect();
    let text = text.join(" ");
    let text = &text[text.find("default")?..];
    let start = ["https://", "http://"].iter().filter_map(|scheme| text.find(scheme)).min()?;
    let end = text[start..].find(|c: char| c.is_whitespace() || "<>()[]'\"`,".contains(c));
    let address = &text[start..end.map_or(text.len(), |end| start + end)];
    Some(address.trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const PIP: &str = "  --platform <platform>       Only use wheels, see https://wrong.test/.\n\
        \x20 -i, --index-url <url>       Base URL of the Python Package Index (default https://index.test/simple). This should\n\
        \x20                             point to a repository\n\
        \x20 --extra-index-url <url>     Extra URLs (default https://wrong.test/), in addition to --index-url\n";
    const UV: &str = "      --index <INDEX>\n          The URLs, in addition to the default index [env: UV_INDEX]\n\
        \x20     --default-index <DEFAULT_INDEX>\n          The URL of the default package index (by\n          default: <https://index.test/simple>) [env: U]\n\
        \x20 -i, --index-url <INDEX_URL>\n          (by default: <https://wrong.test/>)\n";

    #[test]
    fn help_names_the_default() {
        let expected = Some("https://index.test/simple".to_owned());
        assert_eq!(default_of(PIP, "--index-url"), expected);
        assert_eq!(default_of(UV, "--default-index"), expected);
        for (help, option) in [
            ("", "--index-url"),
            (
                "  --index-url <url>  The index.\n  --other  (default https://wrong.test)",
                "--index-url",
            ),
            ("see --index-url (default https://wrong.test)", "--index-url"),
            ("  --extra-index-url  (default https://wrong.test)", "--index-url"),
        ] {
            assert_eq!(default_of(help, option), None, "{help}");
        }
    }

    fn program(folder: &Path, name: &str, text: &str) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(name), format!("#!/bin/sh\n{text}\n")).unwrap();
        std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    #[tokio::test]
    async fn the_first_tool_that_answers_is_believed_and_a_projects_own_is_not_run() {
        let root = tempfile::tempdir().unwrap();
        let (project, tools) = (root.path().join("project"), root.path().join("tools"));
        let help = root.path().join("help");
        std::fs::write(&help, PIP).unwrap();
        program(&project, "uv", "echo '--default-index default https://evil.test'");
        program(&tools, "python3", "exit 1");
        // Says what it was given, so that the settings can be seen to be gone.
        let env_out = root.path().join("env");
        program(
            &tools,
            "pip3",
            &format!("/usr/bin/env > {}\n/bin/cat {}", env_out.display(), help.display()),
        );
        let path = std::env::join_paths([&project, &tools]).unwrap();
        let env = Environment::from([
            ("PATH".into(), path),
            ("PIP_INDEX_URL".into(), "https://u:hunter2@h".into()),
            ("PYTHONPATH".into(), "/x".into()),
        ]);
        let index = ask(&env, Some(&project), root.path()).await.unwrap();
        assert_eq!(index.page("a"), "https://index.test/simple/a/");
        let seen = std::fs::read_to_string(env_out).unwrap();
        assert!(
            !seen.contains("hunter2") && !seen.contains("PYTHONPATH") && seen.contains("COLUMNS=1000"),
            "{seen}"
        );
    }

    #[tokio::test]
    async fn no_answer_says_what_to_do() {
        let root = tempfile::tempdir().unwrap();
        let env = Environment::from([("PATH".into(), root.path().into())]);
        let none = ask(&env, None, root.path()).await.unwrap_err();
        assert!(none.to_string().contains("neither uv nor pip is on the PATH"), "{none}");
        program(root.path(), "uv", "echo nothing");
        let error = ask(&env, None, root.path()).await.unwrap_err();
        assert!(error.to_string().contains("`uv` names no default index"), "{error}");
        assert!(error.hint().unwrap().starts_with("configure an index in uv"));
    }
}
