//! Python's family: `uvx`, `uv tool run`, `pipx run`, and files for an interpreter.

use super::remote::option;
use super::{Meaning, has_variable, local, package, unclear};
use crate::model::{Source, SourceError};

/// Flags of uv that have no say in which code runs.
const FLAGS: [&str; 16] = [
    "-q",
    "--quiet",
    "-v",
    "--verbose",
    "--isolated",
    "--refresh",
    "--no-cache",
    "-n",
    "--no-progress",
    "--native-tls",
    "--offline",
    "--upgrade",
    "-U",
    "--no-config",
    "--no-env-file",
    "--managed-python",
];

pub(super) fn uvx(args: &[String]) -> Meaning {
    let (mut from, mut at) = (None, 0);
    while let Some(word) = args.get(at).map(String::as_str) {
        at += 1;
        let (name, glued) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let mut value = || {
            glued.map(str::to_owned).or_else(|| {
                at += 1;
                args.get(at - 1).cloned()
            })
        };
        match name {
            "--" => break,
            "--from" if from.is_none() => from = value(),
            "--python" | "-p" => match value() {
                Some(version) if version.bytes().all(|b| b.is_ascii_digit() || b == b'.') => {}
                _ => return unclear("`uvx` is given a Python of its own"),
            },
            "--with" | "--with-editable" | "--with-requirements" => {
                return unclear("`uvx` is asked for further packages beside the server's");
            }
            _ if FLAGS.contains(&word) => {}
            _ if word.starts_with('-') => return unclear(format!("`uvx` has an option that is not known: `{}`", option(word))),
            _ => {
                at -= 1;
                break;
            }
        }
    }
    let Some((program, rest)) = args.get(at..).and_then(<[String]>::split_first) else {
        return unclear("`uvx` names no package");
    };
    match from {
        Some(from) => started(&from, Some(program), rest),
        None => started(program, None, rest),
    }
}

pub(super) fn uv(args: &[String]) -> Meaning {
    match args {
        [tool, run, rest @ ..] if tool == "tool" && run == "run" => uvx(rest),
        _ if args.iter().any(|word| word == "run") => {
            unclear("`uv run` starts what a project's folder says at that moment: install its package, or pin the file it starts")
        }
        _ => unclear("`uv` is not told to run a tool"),
    }
}

pub(super) fn pipx(args: &[String]) -> Meaning {
    let Some(rest) = args.first().filter(|word| *word == "run").map(|_| &args[1..]) else {
        return unclear("`pipx` is not told to `run` a package");
    };
    let (mut spec, mut at) = (None, 0);
    while let Some(word) = rest.get(at).map(String::as_str) {
        at += 1;
        match word {
            "--spec" if spec.is_none() => {
                spec = rest.get(at).cloned();
                at += 1;
            }
            "--no-cache" | "-q" | "--quiet" | "-v" | "--verbose" => {}
            "--" => break,
            _ if word.starts_with("--spec=") && spec.is_none() => spec = Some(word["--spec=".len()..].to_owned()),
            _ if word.starts_with('-') => return unclear(format!("`pipx run` has an option that is not known: `{}`", option(word))),
            _ => {
                at -= 1;
                break;
            }
        }
    }
    let Some((program, args)) = rest.get(at..).and_then(<[String]>::split_first) else {
        return unclear("`pipx run` names no package");
    };
    match spec {
        Some(spec) => started(&spec, Some(program), args),
        None => started(program, None, args),
    }
}

/// `python FILE ARGS`; a module is only a name, found where the interpreter happens to look.
pub(super) fn interpreter(command: &str, args: &[String]) -> Meaning {
    let flags = args
        .iter()
        .take_while(|arg| ["-u", "-B", "-I", "-s", "-E", "-P"].contains(&arg.as_str()))
        .count();
    match args[flags..].first().map(String::as_str) {
        Some("-m") => {
            let module: String = args.get(flags + 1).map_or("", String::as_str).chars().take(60).collect();
            unclear(format!(
                "`python -m {module}` names a module and not the package it comes from: install that, for example `mcp-pin install pypi:PACKAGE`"
            ))
        }
        Some(flag) if flag.starts_with('-') => unclear(format!("`python` has an option before its file: `{}`", option(flag))),
        Some(_) => local(command, args),
        None => unclear("`python` is given no file"),
    }
}

/// A requirement, in the way uv and pipx write versions: `NAME@1.2` is `NAME==1.2`.
fn started(spec: &str, program: Option<&str>, args: &[String]) -> Meaning {
    if has_variable(spec) || program.is_some_and(has_variable) {
        return unclear("its package is filled in by the client");
    }
    let written = match spec.split_once('@') {
        Some((name, "latest")) => name.to_owned(),
        Some((name, version)) if !version.is_empty() && version.bytes().all(|b| b.is_ascii_alphanumeric() || b".+!_-".contains(&b)) => {
            format!("{name}=={version}")
        }
        _ => spec.to_owned(),
    };
    let source: Result<Source, SourceError> = format!("pypi:{written}").parse();
    let own = match &source {
        Ok(Source::Pypi { name, .. }) => name.as_str().to_owned(),
        _ => String::new(),
    };
    let program = program.filter(|program| program.to_ascii_lowercase().replace(['_', '.'], "-") != own);
    package(source, program.map(str::to_owned), args)
}
