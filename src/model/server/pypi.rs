//! `pypi:NAME[EXTRAS]SPECIFIERS`: a requirement of PEP 508, without its URLs and markers.
//!
//! The attack: a requirement that the resolver reads as an address, a path or a file, behind which
//! no index stands. The grammar is read here, piece by piece, and what is handed on is written anew
//! from the pieces.

use std::collections::{BTreeMap, BTreeSet};

use pep440_rs::{Operator, Version, VersionSpecifier, VersionSpecifiers};

use super::{ServerName, Source, SourceError};
use crate::model::closure::PackageName;
use crate::model::python::{normal_extra, normal_name};

/// What pip and uv take for a file when it stands alone, though a package may be called so.
const ARCHIVE_ENDINGS: [&str; 12] = [
    ".whl",
    ".egg",
    ".zip",
    ".tar",
    ".tgz",
    ".tbz",
    ".txz",
    ".tlz",
    ".tar.gz",
    ".tar.bz2",
    ".tar.xz",
    ".tar.lzma",
];

/// A requirement that is longer is a mistake or worse.
const LIMIT: usize = 256;

/// Reads what stands after `pypi:`.
pub(super) fn source(rest: &str) -> Result<Source, SourceError> {
    let text = rest.trim_matches(' ');
    let malformed = || SourceError::PythonRequirement(rest.chars().take(80).collect());
    if text.is_empty() || text.len() > LIMIT || !text.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        return Err(malformed());
    }
    let lower = text.to_ascii_lowercase();
    if text.contains([':', '/', '\\', '#', '$', '%']) || text.starts_with('.') || ARCHIVE_ENDINGS.iter().any(|end| lower.ends_with(end)) {
        return Err(SourceError::NotRegistry(format!("pypi:{text}")));
    }
    if let Some((wanted, _)) = text.split_once(';') {
        let instead = source(wanted).map(|source| source.to_string()).ok();
        return Err(SourceError::PythonMarker { instead });
    }
    if let Some((wanted, version)) = text.split_once('@') {
        let written = text.chars().take(80).collect();
        let instead = instead_of_at(wanted, version);
        return Err(SourceError::PythonAt { written, instead });
    }
    let (name, rest) = split_name(text);
    let (extras, specifiers) = split_extras(rest).ok_or_else(malformed)?;
    let name = normal_name(name).ok_or_else(|| SourceError::PythonName(name.chars().take(80).collect()))?;
    let extras = extras.map_or_else(|| Some(BTreeSet::new()), extra_names).ok_or_else(malformed)?;
    let requirement = requirement(specifiers)?;
    Ok(Source::Pypi { name, extras, requirement })
}

/// The name users say: `fetch` for `mcp-server-fetch`, `excel` for `excel-mcp-server`.
pub(super) fn default_name(name: &PackageName) -> Option<ServerName> {
    const PREFIXES: [&str; 2] = ["mcp-server-", "mcp-"];
    const SUFFIXES: [&str; 3] = ["-mcp-server-py", "-mcp-server", "-mcp"];
    let whole = name.as_str();
    let prefixed = PREFIXES.iter().find_map(|prefix| whole.strip_prefix(prefix));
    let short = prefixed.or_else(|| SUFFIXES.iter().find_map(|suffix| whole.strip_suffix(suffix)));
    let short = short.filter(|short| !["", "server", "mcp"].contains(short)).unwrap_or(whole);
    // A package's name may be longer than a server's.
    short.parse().ok()
}

/// The name ends where something else can begin.
fn split_name(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && !"._-".contains(c));
    text.split_at(end.unwrap_or(text.len()))
}

/// `[a,b] >=1` to what stands between the brackets, if there are any, and the rest.
fn split_extras(text: &str) -> Option<(Option<&str>, &str)> {
    let text = text.trim_matches(' ');
    match text.strip_prefix('[') {
        Some(inside) => inside.split_once(']').map(|(extras, rest)| (Some(extras), rest)),
        None => Some((None, text)),
    }
}

fn extra_names(text: &str) -> Option<BTreeSet<String>> {
    if text.trim_matches(' ').is_empty() {
        return Some(BTreeSet::new());
    }
    text.split(',').map(|extra| normal_extra(extra.trim_matches(' '))).collect()
}

/// Specifiers in one form: each as PEP 440 normalises it, once, sorted, without blanks.
fn requirement(text: &str) -> Result<Option<String>, SourceError> {
    let text = text.trim_matches(' ');
    let inside = text.strip_prefix('(').and_then(|inside| inside.strip_suffix(')'));
    let text = inside.unwrap_or(text).trim_matches(' ');
    if text.is_empty() && inside.is_none() {
        return Ok(None);
    }
    let malformed = || SourceError::PythonRequirement(text.chars().take(80).collect());
    let specifiers: VersionSpecifiers = text.parse().map_err(|_| malformed())?;
    if let Some(exact) = specifiers.iter().find(|one| *one.operator() == Operator::ExactEqual) {
        let instead = format!("=={}", exact.version());
        return Err(SourceError::PythonExact { instead });
    }
    let sorted: BTreeMap<(&Version, &str), &VersionSpecifier> = specifiers
        .iter()
        .map(|one| ((one.version(), operator(*one.operator())), one))
        .collect();
    if sorted.is_empty() {
        return Err(malformed());
    }
    let written: Vec<_> = sorted.values().map(ToString::to_string).collect();
    Ok(Some(written.join(",")))
}

/// Orders specifiers of one version. A `.*` is an operator of its own.
const fn operator(operator: Operator) -> &'static str {
    match operator {
        Operator::Equal => "==",
        Operator::EqualStar => "==.*",
        Operator::ExactEqual => "===",
        Operator::NotEqual => "!=",
        Operator::NotEqualStar => "!=.*",
        Operator::TildeEqual => "~=",
        Operator::LessThan => "<",
        Operator::LessThanEqual => "<=",
        Operator::GreaterThan => ">",
        Operator::GreaterThanEqual => ">=",
    }
}

/// What somebody who writes `NAME@VERSION` (npm's way, and uvx's) means.
fn instead_of_at(wanted: &str, version: &str) -> Option<String> {
    let (wanted, version) = (wanted.trim_matches(' '), version.trim_matches(' '));
    let spec = match version {
        "" | "latest" => wanted.to_owned(),
        exact if exact.parse::<Version>().is_ok() => format!("{wanted}=={exact}"),
        range if range.starts_with(['<', '>', '=', '!', '~']) => format!("{wanted}{range}"),
        _ => return None,
    };
    source(&spec).map(|source| source.to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, SourceError> {
        text.parse::<Source>().map(|source| source.to_string())
    }

    #[test]
    fn one_requirement_has_one_spelling() {
        for (written, canonical) in [
            ("pypi:mcp-server-fetch", "pypi:mcp-server-fetch"),
            ("pypi:MCP_Server..Fetch", "pypi:mcp-server-fetch"),
            ("pypi:mcp-server-fetch==2025.4.7", "pypi:mcp-server-fetch==2025.4.7"),
            ("pypi: mcp [ CLI , a_b,cli ] < 2 , >= 1.0 ", "pypi:mcp[a-b,cli]>=1.0,<2"),
            ("pypi:mcp (>=1)", "pypi:mcp>=1"),
            ("pypi:mcp[]", "pypi:mcp"),
            ("pypi:mcp==1.0.0-RC.1", "pypi:mcp==1.0.0rc1"),
            ("pypi:mcp==1.*,!=1.3.*,~=1.2", "pypi:mcp==1.*,~=1.2,!=1.3.*"),
            ("pypi:mcp!=1,>=1,>=1", "pypi:mcp!=1,>=1"),
            ("pypi:mcp>=1,!=1", "pypi:mcp!=1,>=1"),
            ("pypi:mcp==1.0+Local_7", "pypi:mcp==1.0+local.7"),
        ] {
            assert_eq!(read(written), Ok(canonical.to_owned()), "{written}");
            assert_eq!(read(canonical), Ok(canonical.to_owned()));
        }
    }

    #[test]
    fn what_names_no_package_of_an_index_is_refused() {
        for text in [
            "pypi:foo @ https://host/foo.whl",
            "pypi:foo@git+ssh://host/x",
            "pypi:foo@../x",
            "pypi:./foo",
            "pypi:..",
            "pypi:/srv/foo",
            "pypi:C:\\foo",
            "pypi:foo-1.0-py3-none-any.whl",
            "pypi:foo-1.0.TAR.GZ",
            "pypi:foo#egg=bar",
            "pypi:${HOME}",
        ] {
            assert!(matches!(read(text), Err(SourceError::NotRegistry(_))), "{text}: {:?}", read(text));
        }
        for text in ["pypi:_foo", "pypi:foo-==1", "pypi:foo-[x]", "pypi:[x]", "pypi:==1"] {
            assert!(matches!(read(text), Err(SourceError::PythonName(_))), "{text}: {:?}", read(text));
        }
        let long = format!("pypi:foo>={}", "1".repeat(300));
        for text in [
            "pypi:",
            "pypi:  ",
            "pypi:foo bar",
            "pypi:foo 1.2",
            "pypi:foo^1",
            "pypi:foo~1",
            "pypi:foo>=1,",
            "pypi:foo==",
            "pypi:foo>=x",
            "pypi:foo()",
            "pypi:foo(>=1",
            "pypi:foo[a",
            "pypi:foo[a,]",
            "pypi:foo[a b]",
            "pypi:foo==1\n",
            "pypi:foo\u{200b}",
            "pypi:foo\u{a0}==1",
            "pypi:foo\u{202e}==1",
            long.as_str(),
        ] {
            assert!(
                matches!(read(text), Err(SourceError::PythonRequirement(_))),
                "{text:?}: {:?}",
                read(text)
            );
        }
    }

    #[test]
    fn the_hint_has_the_line_to_type() {
        for (text, line) in [
            ("pypi:mcp-server-fetch@1.2", "`pypi:mcp-server-fetch==1.2`"),
            ("pypi:mcp[cli] @ 1.2", "`pypi:mcp[cli]==1.2`"),
            ("pypi:foo@latest", "`pypi:foo`"),
            ("pypi:foo@>=1", "`pypi:foo>=1`"),
            ("pypi:foo@^1", "`pypi:NAME==1.2`"),
            ("pypi:foo===1.2", "`==1.2`"),
            ("pypi:foo>=1; python_version > '3.8'", "`pypi:foo>=1`"),
            ("pypi:foo 1.2", "`pypi:NAME==1.2`"),
        ] {
            let hint = read(text).unwrap_err().hint().unwrap_or_default();
            assert!(hint.contains(line), "{text}: {hint}");
        }
    }

    #[test]
    fn names_are_the_ones_users_say() {
        let name = |text: &str| text.parse::<Source>().unwrap().default_name().map(|name| name.to_string());
        for (source, said) in [
            ("pypi:mcp-server-fetch==1", "fetch"),
            ("pypi:mcp-grafana", "grafana"),
            ("pypi:duckduckgo-mcp-server", "duckduckgo"),
            ("pypi:opensearch-mcp-server-py", "opensearch"),
            ("pypi:elevenlabs-mcp", "elevenlabs"),
            ("pypi:awslabs.aws-documentation-mcp-server", "awslabs-aws-documentation"),
            ("pypi:mcp", "mcp"),
            ("pypi:mcp-server", "mcp-server"),
            ("pypi:server-mcp", "server-mcp"),
            ("pypi:markitdown", "markitdown"),
        ] {
            assert_eq!(name(source).as_deref(), Some(said));
        }
    }
}
