//! npm's family: `npx`, `npm exec`, `pnpm dlx`, `yarn dlx`, `bunx`, and files for `node` and `bun`.

use super::remote::{mcp_remote, option, supergateway};
use super::{Meaning, local, package, unclear};
use crate::model::{Source, SourceError};

/// A launcher's options before the package.
struct Options {
    /// Without a value, and without a say in which code runs.
    flags: &'static [&'static str],
    /// Options that name the package.
    package: &'static [&'static str],
}

const NPX: Options = Options {
    flags: &[
        "-y",
        "--yes",
        "-q",
        "--quiet",
        "--silent",
        "-s",
        "--prefer-online",
        "--prefer-offline",
        "--offline",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--verbose",
    ],
    package: &["-p", "--package"],
};
const PNPM: Options = Options {
    flags: &["-s", "--silent", "--reporter=silent"],
    package: &["--package"],
};
const YARN: Options = Options {
    flags: &["-q", "--quiet"],
    package: &["-p", "--package"],
};
const BUN: Options = Options {
    flags: &["--bun", "-y", "--yes", "--silent", "--verbose"],
    package: &["-p", "--package"],
};

pub(super) fn npx(args: &[String]) -> Meaning {
    launched("npx", &NPX, args)
}

pub(super) fn npm(args: &[String]) -> Meaning {
    let Some(rest) = after(args, &["exec", "x"]) else {
        return unclear("`npm` is not told to `exec` a package");
    };
    let Some(cut) = rest.iter().position(|word| word == "--") else {
        let first = rest.iter().position(|word| !word.starts_with('-'));
        let eaten = first.is_some_and(|first| rest[first..].iter().any(|word| word.starts_with('-')));
        if eaten {
            return unclear("`npm exec` without `--` takes options after the package for its own");
        }
        return launched("npm exec", &NPX, rest);
    };
    // `npm exec PACKAGE -- ARGS` and `npm exec -- PACKAGE ARGS` start the same.
    let mut words = rest.to_vec();
    if rest[..cut].iter().any(|word| !word.starts_with('-')) {
        words.remove(cut);
    }
    launched("npm exec", &NPX, &words)
}

pub(super) fn pnpm(name: &str, args: &[String]) -> Meaning {
    if name == "pnpx" {
        return launched("pnpx", &PNPM, args);
    }
    match after(args, &["dlx"]) {
        Some(rest) => launched("pnpm dlx", &PNPM, rest),
        None => unclear("`pnpm` is not told to `dlx` a package"),
    }
}

pub(super) fn yarn(args: &[String]) -> Meaning {
    match after(args, &["dlx"]) {
        Some(rest) => launched("yarn dlx", &YARN, rest),
        None => unclear("`yarn` is not told to `dlx` a package"),
    }
}

pub(super) fn bunx(args: &[String]) -> Meaning {
    launched("bunx", &BUN, args)
}

pub(super) fn bun(args: &[String]) -> Meaning {
    if let Some(rest) = after(args, &["x"]) {
        return launched("bun x", &BUN, rest);
    }
    match after(args, &["run"]) {
        Some([file, rest @ ..]) if is_file(file) => {
            let mut words = vec![file.clone()];
            words.extend_from_slice(rest);
            local("bun", &words)
        }
        Some(_) => unclear("`bun run` starts a script of a project, which can be anything"),
        None => match args {
            [file, ..] if is_file(file) => local("bun", args),
            _ => unclear("`bun` is given no file"),
        },
    }
}

/// `node FILE ARGS`: flags before the file may load other code.
pub(super) fn interpreter(command: &str, args: &[String]) -> Meaning {
    match args {
        [file, ..] if !file.starts_with('-') => local(command, args),
        [flag, ..] => unclear(format!("`node` has an option before its file: `{}`", option(flag))),
        [] => unclear("`node` is given no file"),
    }
}

fn is_file(word: &str) -> bool {
    !word.starts_with('-') && [".js", ".mjs", ".cjs", ".ts"].iter().any(|ending| word.ends_with(ending))
}

fn after<'a>(args: &'a [String], commands: &[&str]) -> Option<&'a [String]> {
    let (first, rest) = args.split_first()?;
    commands.contains(&first.as_str()).then_some(rest)
}

/// Options, the package (or its program, where an option names the package), and its arguments.
fn launched(tool: &str, known: &Options, args: &[String]) -> Meaning {
    let mut packages: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(word) = args.get(at).map(String::as_str) {
        at += 1;
        let named = known.package.iter().find_map(|name| word.strip_prefix(name)?.strip_prefix('='));
        if word == "--" {
            break;
        }
        if known.flags.contains(&word) {
            continue;
        }
        if let Some(package) = named {
            packages.push(package);
        } else if known.package.contains(&word) {
            let Some(package) = args.get(at) else {
                return unclear(format!("`{tool}` names no package"));
            };
            packages.push(package);
            at += 1;
        } else if word.starts_with('-') {
            return unclear(format!("`{tool}` has an option that is not known: `{}`", option(word)));
        } else {
            at -= 1;
            break;
        }
    }
    let Some((first, rest)) = args.get(at..).and_then(<[String]>::split_first) else {
        return unclear(format!("`{tool}` names no package"));
    };
    match packages.as_slice() {
        [] => started(first, None, rest),
        [package] => started(package, Some(first), rest),
        _ => unclear(format!("`{tool}` is given several packages")),
    }
}

fn started(spec: &str, program: Option<&str>, args: &[String]) -> Meaning {
    if super::has_variable(spec) || program.is_some_and(super::has_variable) {
        return unclear("its package is filled in by the client");
    }
    let source: Result<Source, SourceError> = format!("npm:{spec}").parse();
    let Ok(Source::Npm { name, .. }) = &source else {
        return package(source, None, args);
    };
    let bin = program.filter(|program| *program != name.base());
    match (name.as_str(), bin) {
        ("mcp-remote", None) => mcp_remote(args),
        ("supergateway", None) => supergateway(args),
        _ => bin_is_plain(bin).map_or_else(unclear, |bin| package(source, bin, args)),
    }
}

/// The name of a program inside a package; a path would be a file of the project.
fn bin_is_plain(bin: Option<&str>) -> Result<Option<String>, String> {
    match bin {
        Some(bin) if bin.contains(['/', '\\', ' ']) => Err("the program it starts is no program of its package".into()),
        bin => Ok(bin.map(str::to_owned)),
    }
}
