//! Which file node starts.

use crate::model::{ArchiveContents, PackageName};

use super::Manifest;

/// Why a package cannot be started. Mostly: it is not an MCP server, or it offers a choice.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The package has no executable at all: a library.
    #[error("`{package}` has no executable (`bin`) to start")]
    None {
        /// The package.
        package: String,
    },
    /// Several executables and none is named like the package.
    #[error("`{package}` has several executables: {}", .names.join(", "))]
    Several {
        /// The package.
        package: String,
        /// Their names.
        names: Vec<String>,
    },
    /// The executable the user asked for is not there.
    #[error("`{package}` has no executable `{wanted}`; it has: {}", .names.join(", "))]
    Unknown {
        /// The package.
        package: String,
        /// What was asked for.
        wanted: String,
        /// Their names.
        names: Vec<String>,
    },
    /// The manifest names a file the archive does not hold.
    #[error("the executable `{path}` of `{package}` is not in its archive")]
    Missing {
        /// The package.
        package: String,
        /// The file.
        path: String,
    },
    /// Not something node can run: a shell script, a native program, TypeScript.
    #[error("the executable `{path}` of `{package}` is {what}, not a script for node")]
    NotNode {
        /// The package.
        package: String,
        /// The file.
        path: String,
        /// What it is.
        what: &'static str,
    },
}

impl EntryError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::None { .. } => {
                Some("check the package's page: a library is not a server, and some servers have another package name".into())
            }
            Self::Several { names, .. } | Self::Unknown { names, .. } => names
                .first()
                .map(|name| format!("choose one with `--bin`, for example `--bin {name}`")),
            Self::NotNode { .. } => Some("mcp-pin starts npm servers with node only, never through a shell".into()),
            Self::Missing { .. } => None,
        }
    }
}

/// The file node is to start, relative to the package's root: the executable named `wanted`, else
/// the one named like the package, else the only one. Never a file outside the archive, a shell
/// script or a native program. `head` returns the first bytes of a file of the archive; it is asked
/// only where the name does not tell what a file is.
pub fn entry_point(
    manifest: &Manifest,
    contents: &ArchiveContents,
    wanted: Option<&str>,
    head: impl FnOnce(&str) -> Option<Vec<u8>>,
) -> Result<String, EntryError> {
    let package = manifest.name.clone();
    let bins = manifest.executables(contents);
    let names: Vec<String> = bins.keys().cloned().collect();
    let base = manifest
        .name
        .parse::<PackageName>()
        .map(|name| name.base().to_owned())
        .unwrap_or_default();
    let same_target = bins.values().collect::<std::collections::BTreeSet<_>>().len() == 1;
    let path = match (wanted, bins.get(&base), bins.values().next()) {
        (_, _, None) => return Err(EntryError::None { package }),
        (Some(wanted), _, _) => bins.get(wanted).ok_or_else(|| EntryError::Unknown {
            package: package.clone(),
            wanted: wanted.to_owned(),
            names,
        })?,
        (None, Some(path), _) => path,
        (None, None, Some(path)) if same_target => path,
        (None, None, Some(_)) => return Err(EntryError::Several { package, names }),
    };
    let Ok(at) = contents.files.binary_search_by(|file| file.path.as_str().cmp(path)) else {
        return Err(EntryError::Missing {
            package,
            path: path.clone(),
        });
    };
    match refusal(path, contents.files[at].native, head) {
        Some(what) => Err(EntryError::NotNode {
            package,
            path: path.clone(),
            what,
        }),
        None => Ok(path.clone()),
    }
}

fn refusal(path: &str, native: bool, head: impl FnOnce(&str) -> Option<Vec<u8>>) -> Option<&'static str> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let extension = file
        .rsplit_once('.')
        .filter(|(stem, _)| !stem.is_empty())
        .map(|(_, extension)| extension);
    match extension {
        _ if native => Some("a native program"),
        Some("js" | "mjs" | "cjs") => None,
        Some("sh" | "bash" | "cmd" | "bat" | "ps1") => Some("a shell script"),
        Some("ts" | "mts" | "cts" | "tsx") => Some("TypeScript"),
        // Node runs a file with an unknown or no extension as CommonJS; its first line says
        // whether that is what the publisher meant.
        _ => match head(path) {
            Some(head) if is_node_script(&head) => None,
            Some(head) if head.starts_with(b"#!") => Some("a script for another interpreter"),
            _ => Some("a file of unknown kind"),
        },
    }
}

/// `#!/usr/bin/env node`, `#!/usr/bin/env -S node --flag`, `#!/usr/local/bin/node`.
fn is_node_script(head: &[u8]) -> bool {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let Some(rest) = std::str::from_utf8(line).ok().and_then(|line| line.strip_prefix("#!")) else {
        return false;
    };
    let mut words = rest.split_whitespace();
    let first = words.next().unwrap_or_default();
    let program = if first.ends_with("/env") {
        words.find(|word| !word.starts_with('-')).unwrap_or_default()
    } else {
        first
    };
    matches!(program.rsplit('/').next(), Some("node" | "nodejs"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ArchiveFile, Sha256Digest};

    fn entry(manifest: &str, files: &[(&str, &str)], wanted: Option<&str>) -> Result<String, EntryError> {
        let manifest = Manifest::parse(manifest.as_bytes()).unwrap();
        let contents = ArchiveContents {
            files: files
                .iter()
                .map(|(path, text)| ArchiveFile {
                    path: (*path).to_owned(),
                    executable: true,
                    size: 0,
                    digest: Sha256Digest::of(text),
                    native: text.starts_with("\x7fELF"),
                })
                .collect(),
            manifest: Vec::new(),
        };
        entry_point(&manifest, &contents, wanted, |path| {
            files
                .iter()
                .find(|(name, _)| *name == path)
                .map(|(_, text)| text.as_bytes().to_vec())
        })
    }

    #[test]
    fn the_choice_is_the_packages_own_name_or_the_only_one() {
        let files = [("a.js", ""), ("b.js", "")];
        let two = r#"{"name":"@s/x","bin":{"x":"./a.js","y":"b.js"}}"#;
        assert_eq!(entry(two, &files, None).as_deref(), Ok("a.js"));
        assert_eq!(entry(two, &files, Some("y")).as_deref(), Ok("b.js"));
        assert!(matches!(entry(two, &files, Some("z")), Err(EntryError::Unknown { .. })));
        assert_eq!(entry(r#"{"name":"x","bin":{"other":"b.js"}}"#, &files, None).as_deref(), Ok("b.js"));
        assert_eq!(
            entry(r#"{"name":"x","bin":{"p":"b.js","q":"./b.js"}}"#, &files, None).as_deref(),
            Ok("b.js")
        );
        let error = entry(r#"{"name":"x","bin":{"p":"a.js","q":"b.js"}}"#, &files, None).unwrap_err();
        assert_eq!(error.to_string(), "`x` has several executables: p, q");
        assert!(error.hint().unwrap().contains("--bin p"));
        assert!(matches!(entry(r#"{"name":"x"}"#, &files, None), Err(EntryError::None { .. })));
        assert!(matches!(
            entry(r#"{"name":"x","bin":"c.js"}"#, &files, None),
            Err(EntryError::Missing { .. })
        ));
    }

    #[test]
    fn only_scripts_for_node_start() {
        let what = |path: &str, text: &str| {
            let manifest = format!(r#"{{"name":"x","bin":"{path}"}}"#);
            match entry(&manifest, &[(path, text)], None) {
                Ok(_) => "ok",
                Err(EntryError::NotNode { what, .. }) => what,
                Err(_) => "other",
            }
        };
        assert_eq!(what("cli", "#!/usr/bin/env node\nx"), "ok");
        assert_eq!(what("cli", "#!/usr/bin/env -S node --no-warnings\r\n"), "ok");
        assert_eq!(what("bin/cli.min", "#!/usr/local/bin/node"), "ok");
        assert_eq!(what("cli.js", "\x7fELF"), "a native program");
        assert_eq!(what("cli", "#!/bin/sh\nnode x"), "a script for another interpreter");
        assert_eq!(what("cli", "#!/usr/bin/env bash node"), "a script for another interpreter");
        assert_eq!(what("cli.sh", "#!/usr/bin/env node"), "a shell script");
        assert_eq!(what("cli", "console.log(1)"), "a file of unknown kind");
        assert_eq!(what("cli.ts", ""), "TypeScript");
    }
}
