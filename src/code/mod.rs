//! What source code can do, and what stands in it: read from its syntax tree, never run.
//!
//! The attack: one changed line. The best-known rug pull of an MCP server added an e-mail address to
//! one call, and no tool text moved. So code is read as code: literals, abilities, imports and style,
//! each with its place, so that `diff` can say what is new and `policy` how bad it is.
//!
//! Promise: a reading never fails and never runs anything. What does not parse is searched as text and
//! says so; a tree that is too deep, or a file that is too large, is no way around.

pub mod js;
pub mod literal;
pub mod paths;
pub mod python;
pub mod style;
pub mod text;

use std::collections::BTreeSet;
use std::ops::Range;

use crate::model::code::{Ability, LiteralKind};

/// The language of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    /// JavaScript in any form, JSX among it.
    JavaScript,
    /// TypeScript in any form; declarations (`.d.ts`) are no code.
    TypeScript,
    /// Python.
    Python,
    /// A script for a shell.
    Shell,
}

/// What one sight is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Seen {
    /// A literal that is worth a look.
    Literal {
        /// Its kind.
        kind: LiteralKind,
        /// Its text: see [`crate::model::code::Sign::Literal`].
        text: String,
    },
    /// Something the code can do.
    Ability {
        /// Which class.
        ability: Ability,
        /// By what.
        by: String,
    },
}

/// One thing seen at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sight {
    /// What.
    pub seen: Seen,
    /// Where, in bytes of the text.
    pub range: Range<usize>,
    /// The innermost function it stands in: an index into [`Reading::functions`]; `None` at the top of
    /// the file.
    pub function: Option<usize>,
}

/// A function's place, and the one around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its whole text, in bytes.
    pub range: Range<usize>,
    /// The function around it.
    pub parent: Option<usize>,
}

/// What was read in one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reading {
    /// In the order of their places.
    pub sights: Vec<Sight>,
    /// Every function of the file.
    pub functions: Vec<Function>,
    /// Modules that are imported, as written (`node:fs`, `./lib.js`, `os.path`), constant texts of
    /// dynamic imports among them.
    pub imports: BTreeSet<String>,
    /// A module is imported whose name is made when the code runs.
    pub computed_import: bool,
    /// Why there is no syntax tree, where there is none; the text was searched all the same.
    pub unread: Option<String>,
}

/// The language of a file, by its name and, where that says nothing, by its first line (`#!`).
/// `None` for what is no code.
pub fn language(path: &str, first_line: &str) -> Option<Language> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending.to_ascii_lowercase().as_str() {
        "ts" | "mts" | "cts" if is_declaration(name) => None,
        "js" | "mjs" | "cjs" | "jsx" => Some(Language::JavaScript),
        "ts" | "mts" | "cts" | "tsx" => Some(Language::TypeScript),
        "py" | "pyw" | "pth" => Some(Language::Python),
        "sh" | "bash" | "zsh" | "bat" | "cmd" | "ps1" => Some(Language::Shell),
        _ => by_first_line(first_line),
    }
}

fn is_declaration(name: &str) -> bool {
    [".d.ts", ".d.mts", ".d.cts"]
        .iter()
        .any(|ending| name.to_ascii_lowercase().ends_with(ending))
}

fn by_first_line(line: &str) -> Option<Language> {
    let program = line.strip_prefix("#!")?;
    [
        ("node", Language::JavaScript),
        ("bun", Language::JavaScript),
        ("deno", Language::TypeScript),
        ("python", Language::Python),
        ("sh", Language::Shell),
    ]
    .into_iter()
    .find_map(|(word, language)| program.contains(word).then_some(language))
}

/// Reads one file.
pub fn read(path: &str, language: Language, source: &str) -> Reading {
    match language {
        Language::JavaScript | Language::TypeScript => js::read(path, source),
        Language::Python if path.to_ascii_lowercase().ends_with(".pth") => python::read_pth(source),
        Language::Python => python::read(source),
        Language::Shell => text::read(source),
    }
}
