//! What the user asked for: a server's local name and its source.

mod pypi;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::closure::PackageName;
use super::remote::{RemoteUrl, RemoteUrlError};

/// The name an entry has in `mcp-pin.toml`, `mcp-pin.lock` and on the command line.
///
/// 1 to 64 of `A-Z a-z 0-9 . _ -`, starting with a letter or a digit: it becomes part of file
/// names, log lines and notifications, so nothing else may stand in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName(String);

impl ServerName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name for what somebody else calls by any text: the text itself where it is a name; else
    /// what may not stand in one becomes `-`, runs of it one. A text of which nothing is left is called
    /// by its digest. One text gives one name always; two texts may give the same.
    #[must_use]
    pub fn like(text: &str) -> Self {
        if let Ok(name) = text.parse() {
            return name;
        }
        let mut out = String::new();
        for c in text.chars().take(64) {
            if c.is_ascii_alphanumeric() || "._".contains(c) {
                out.push(c);
            } else if !out.ends_with('-') {
                out.push('-');
            }
        }
        out.trim_matches(|c: char| !c.is_ascii_alphanumeric()).parse().unwrap_or_else(|_| {
            let hex = super::digest::Sha256Digest::of(text.as_bytes()).to_string();
            Self(format!("server-{}", &hex[..12]))
        })
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServerName {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        let rest = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if first && rest && text.len() <= 64 {
            Ok(Self(text.to_owned()))
        } else {
            Err(SourceError::Name(text.chars().take(80).collect()))
        }
    }
}

/// Why a name or a source could not be read. The user's (or the manifest's) text is at fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The server name has characters that may not stand in one.
    #[error("`{0}` is not a server name (letters, digits, `.`, `_`, `-`; at most 64)")]
    Name(String),
    /// A word without a scheme: mcp-pin never guesses a registry.
    #[error("`{0}` does not say where it comes from")]
    NoScheme(String),
    /// A scheme this version cannot install.
    #[error("`{scheme}:` sources are not supported by this version")]
    Unsupported {
        /// The scheme as written.
        scheme: String,
    },
    /// A git, URL, file or directory requirement: no registry digest stands behind those.
    #[error("`{0}` is not a registry package (git, URL, file and folder sources are refused)")]
    NotRegistry(String),
    /// An address that is not taken.
    #[error(transparent)]
    Remote(#[from] RemoteUrlError),
    /// The npm package name is malformed.
    #[error("`{0}` is not an npm package name")]
    PackageName(String),
    /// The requirement has control characters or is empty after the `@`.
    #[error("`{0}` is not a version, range or tag")]
    Requirement(String),
    /// Not a name that PEP 508 allows.
    #[error("`{0}` is not the name of a Python package")]
    PythonName(String),
    /// Not a requirement of PEP 508 with versions of PEP 440, or with hidden characters in it.
    #[error("`{}` is not a Python requirement", .0.escape_debug())]
    PythonRequirement(String),
    /// npm's and uvx's way to ask for a version, which PEP 508 reads as an address.
    #[error("`{written}` asks for a version with `@`, which a Python requirement has no place for")]
    PythonAt {
        /// As written.
        written: String,
        /// The source that is meant, where that can be told.
        instead: Option<String>,
    },
    /// A marker says where a dependency belongs; a server is asked for or it is not.
    #[error("a server's requirement has no marker (`; ...`)")]
    PythonMarker {
        /// The source without it, where that is one.
        instead: Option<String>,
    },
    /// `===` compares letters, so that `===1.0` refuses the version 1.0.0.
    #[error("`===` is not supported: it compares versions letter by letter")]
    PythonExact {
        /// The specifier that compares versions.
        instead: String,
    },
}

impl SourceError {
    /// The line that says what to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoScheme(word) => Some(scheme_hint(word)),
            Self::Unsupported { .. } => Some(
                "this version installs `npm:NAME[@range|@tag|@version]`, `pypi:NAME[EXTRAS][==version|>=version,...]`, remote servers (`https://HOST/PATH`) and local commands (`--name NAME -- COMMAND ARGS`)".into(),
            ),
            Self::NotRegistry(_) => Some(
                "install a published version, or pin a checked-out copy with `mcp-pin install --name NAME -- node /path/to/entry.js`"
                    .into(),
            ),
            Self::PythonAt { instead: Some(line), .. } | Self::PythonMarker { instead: Some(line) } => Some(format!("write `{line}`")),
            Self::PythonExact { instead } => Some(format!("write `{instead}`")),
            Self::PythonRequirement(_) | Self::PythonAt { .. } | Self::PythonMarker { .. } => {
                Some("write `pypi:NAME`, `pypi:NAME==1.2` or a range such as `pypi:NAME[EXTRA]>=1.2,<2`".into())
            }
            Self::Remote(error) => error.hint(),
            Self::Name(_) | Self::PackageName(_) | Self::Requirement(_) | Self::PythonName(_) => None,
        }
    }
}

/// A bare word may be a package of any registry: those are named whose packages can be called so.
fn scheme_hint(word: &str) -> String {
    let is = |scheme: &str| format!("{scheme}:{word}").parse::<Source>().is_ok();
    match (is("npm"), is("pypi")) {
        (false, true) => format!("write `pypi:{word}` for the Python package"),
        (true, false) => format!("write `npm:{word}` for the npm package"),
        (true, true) => format!("write `npm:{word}` for the npm package of that name, `pypi:{word}` for the Python package"),
        (false, false) => "write `npm:NAME` for an npm package, `pypi:NAME` for a Python package".into(),
    }
}

/// Where a server comes from, as `mcp-pin.toml` says it in `source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `npm:NAME[@REQUIREMENT]`: a range, a tag or an exact version, read as npm reads it.
    Npm {
        /// The package's real name.
        name: PackageName,
        /// What stands after the `@`; `None` means the `latest` tag.
        requirement: Option<String>,
    },
    /// `pypi:NAME[EXTRAS][SPECIFIERS]`: a requirement of PEP 508 in one spelling, so that two that
    /// mean the same are equal.
    Pypi {
        /// The package's name, normalised by PEP 503.
        name: PackageName,
        /// The extras that are asked for, normalised.
        extras: BTreeSet<String>,
        /// PEP 440 specifiers: normalised, sorted by version, without blanks (`>=1,<2`); `None`
        /// means any release.
        requirement: Option<String>,
    },
    /// `local`: a command of this machine, pinned by the digests of its files. User's scope only.
    Local,
    /// `https://HOST/PATH`: a remote server, of whose code nothing is seen.
    Remote(RemoteUrl),
}

impl Source {
    /// The server name to use when the user gave none: the package's last segment without the
    /// usual `mcp-server-`/`server-` prefix, as users call these servers; a Python package's name
    /// without `mcp-server-`, `mcp-`, `-mcp-server` or `-mcp`.
    pub fn default_name(&self) -> Option<ServerName> {
        let name = match self {
            Self::Npm { name, .. } => name,
            Self::Pypi { name, .. } => return pypi::default_name(name),
            Self::Local => return None,
            Self::Remote(url) => return remote_name(url),
        };
        let last = name.base();
        let short = ["mcp-server-", "server-"]
            .iter()
            .find_map(|prefix| last.strip_prefix(prefix))
            .filter(|short| !short.is_empty())
            .unwrap_or(last);
        // `@vendor/mcp` is the vendor's server.
        let vendor = name.scope().map(|scope| scope.trim_start_matches('@'));
        let short = vendor.filter(|_| ["mcp", "server", "mcp-server"].contains(&short)).unwrap_or(short);
        short.parse().or_else(|_| last.parse()).ok()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Npm {
                name,
                requirement: Some(requirement),
            } => write!(f, "npm:{name}@{requirement}"),
            Self::Npm { name, requirement: None } => write!(f, "npm:{name}"),
            Self::Pypi { name, extras, requirement } => {
                write!(f, "pypi:{name}")?;
                if !extras.is_empty() {
                    let extras: Vec<_> = extras.iter().map(String::as_str).collect();
                    write!(f, "[{}]", extras.join(","))?;
                }
                f.write_str(requirement.as_deref().unwrap_or_default())
            }
            Self::Local => f.write_str("local"),
            Self::Remote(url) => url.fmt(f),
        }
    }
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "local" {
            return Ok(Self::Local);
        }
        let (scheme, rest) = text.split_once(':').ok_or_else(|| SourceError::NoScheme(text.to_owned()))?;
        match scheme {
            "npm" => npm_source(rest),
            "pypi" => pypi::source(rest),
            "https" | "http" => Ok(Self::Remote(text.parse()?)),
            "git" | "git+https" | "git+ssh" | "file" | "link" | "github" => Err(SourceError::NotRegistry(text.to_owned())),
            other => Err(SourceError::Unsupported {
                scheme: other.chars().take(20).collect(),
            }),
        }
    }
}

/// `mcp.notion.com` is called `notion`, `api.example.co.uk` is `example`: the longest label of the host
/// that is neither the first of the usual prefixes nor the registry's.
fn remote_name(url: &RemoteUrl) -> Option<ServerName> {
    let labels: Vec<_> = url.host().split('.').collect();
    let named = labels.len() > 1 && labels.last().is_some_and(|last| last.bytes().any(|b| b.is_ascii_alphabetic()));
    let inner = if named { &labels[..labels.len() - 1] } else { &labels[..] };
    let plain = |label: &&&str| !["mcp", "api", "www", "server", "remote", "sse"].contains(*label);
    let name = inner.iter().filter(plain).max_by_key(|label| label.len()).or(inner.first())?;
    if named {
        name.parse().ok()
    } else {
        url.host().trim_matches(['[', ']']).replace(':', "-").parse().ok()
    }
}

fn npm_source(rest: &str) -> Result<Source, SourceError> {
    let at = rest.char_indices().skip(1).find(|&(_, c)| c == '@').map(|(i, _)| i);
    let (name, requirement) = match at {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let name = name.parse().map_err(|_| SourceError::PackageName(name.to_owned()))?;
    if let Some(requirement) = requirement {
        check_requirement(requirement)?;
    }
    Ok(Source::Npm {
        name,
        requirement: requirement.map(str::to_owned),
    })
}

/// A requirement is handed to npm as the value of a dependency: whatever npm would read there as
/// something other than a registry range or tag (URL, path, alias, git host) must not get through.
const ARCHIVE_ENDINGS: [&str; 3] = [".tgz", ".tar.gz", ".tar"];

fn check_requirement(text: &str) -> Result<(), SourceError> {
    if text.trim().is_empty() || text.chars().any(char::is_control) || text.len() > 256 {
        return Err(SourceError::Requirement(text.chars().take(80).collect()));
    }
    if text.contains([':', '/', '\\', '#', '@']) || text.starts_with('.') || ARCHIVE_ENDINGS.iter().any(|ending| text.ends_with(ending)) {
        return Err(SourceError::NotRegistry(text.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_sources_round_trip() {
        for text in ["npm:@scope/name@^2026", "npm:plain", "npm:plain@latest", "npm:a@>=1 <3 || 5.x"] {
            assert_eq!(text.parse::<Source>().map(|s| s.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_not_a_registry_package_is_refused() {
        for text in [
            "npm:a@file:../x",
            "npm:a@git+ssh://h/x",
            "npm:a@user/repo",
            "npm:a@./x",
            "npm:a@x.tgz",
            "npm:a@npm:b@1",
            "git:x",
            "file:x",
        ] {
            assert!(matches!(text.parse::<Source>(), Err(SourceError::NotRegistry(_))), "{text}");
        }
        assert!(matches!("memory".parse::<Source>(), Err(SourceError::NoScheme(_))));
        for (word, hints) in [
            ("memory", ["`npm:memory`", "`pypi:memory`"]),
            ("@s/memory@1", ["`npm:@s/memory@1`", "npm"]),
            ("memory[x]>=1", ["`pypi:memory[x]>=1`", "pypi"]),
        ] {
            let hint = word.parse::<Source>().unwrap_err().hint().unwrap();
            assert!(hints.iter().all(|part| hint.contains(part)), "{hint}");
        }
        assert!(!"memory[x]>=1".parse::<Source>().unwrap_err().hint().unwrap().contains("npm"));
        assert!(matches!("oci:x".parse::<Source>(), Err(SourceError::Unsupported { .. })));
        assert!(matches!("npm:../x".parse::<Source>(), Err(SourceError::PackageName(_))));
        assert!(matches!("npm:a@".parse::<Source>(), Err(SourceError::Requirement(_))));
    }

    #[test]
    fn names_are_the_ones_users_say() {
        let name = |text: &str| text.parse::<Source>().ok().and_then(|s| s.default_name()).map(|n| n.to_string());
        assert_eq!(name("npm:@modelcontextprotocol/server-memory").as_deref(), Some("memory"));
        assert_eq!(name("npm:@vendor/mcp").as_deref(), Some("vendor"));
        assert_eq!(name("npm:@vendor/mcp-server-x").as_deref(), Some("x"));
        assert_eq!(name("npm:server-").as_deref(), Some("server-"));
    }

    #[test]
    fn any_text_has_a_name_that_is_like_it() {
        for (text, name) in [
            ("memory", "memory"),
            ("My Server", "My-Server"),
            ("@scope/thing", "scope-thing"),
            ("../../etc/passwd", "etc-passwd"),
            ("-x-", "x"),
            ("a\u{202e}b", "a-b"),
            ("io.github.owner/name", "io.github.owner-name"),
        ] {
            assert_eq!(ServerName::like(text).as_str(), name, "{text:?}");
        }
        assert_eq!(ServerName::like(&"x".repeat(200)).as_str().len(), 64);
        assert!(ServerName::like("").as_str().starts_with("server-"));
        assert_ne!(ServerName::like("\u{5de5}"), ServerName::like("\u{5929}"));
    }

    #[test]
    fn a_server_name_cannot_be_a_path() {
        for bad in ["", ".", "..", "a/b", "-x", "a b", "a\u{202e}b"] {
            assert!(bad.parse::<ServerName>().is_err(), "{bad:?}");
        }
    }
}
