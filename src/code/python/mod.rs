//! Python, through ruff's parser.
//!
//! Promise: names are followed through aliases, `getattr`, `globals()` and folded texts of one file, so
//! that `getattr(os, "sys" + "tem")` is `os.system`. What is out of reach (names computed from data) is
//! said as such, and does not pass for nothing.
//!
//! The attack: source that stops the reader but runs all the same. Nesting that would exhaust the stack,
//! a declared encoding that turns comments into code, a broken line: each is `unread`, and searched
//! as text besides what the tolerant tree shows.

mod bind;
mod call;
mod command;
mod depth;
mod encoding;
mod expr;
mod fold;
mod rules;
mod scope;
mod walk;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged as _;

use super::{Reading, Seen, text};

/// Up to here a tree is walked on the caller's stack.
const SHALLOW: usize = 60;
/// Beyond this no tree is built. `CPython` refuses 200 brackets, 100 indents and some thousand
/// operators in one expression, so what is refused here does not run there either.
const DEEPEST: usize = 3_000;
/// The stack for what lies between.
const STACK: usize = 256 << 20;
/// Larger files are searched as text.
const LARGEST: usize = 64 << 20;

/// Reads a file of Python.
pub fn read(source: &str) -> Reading {
    if source.len() > LARGEST {
        return searched(source, "the file is too large to parse");
    }
    let depth = depth::of(source);
    if depth <= SHALLOW {
        return parsed(source);
    }
    if depth > DEEPEST {
        return searched(source, "it is nested too deeply to parse");
    }
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, || parsed(source))
            .ok()
            .and_then(|reader| reader.join().ok())
    })
    .unwrap_or_else(|| searched(source, "it is nested too deeply to parse here"))
}

/// Reads a `.pth` file: of its lines Python runs those that start with `import` and a blank; the others
/// are folders. Offsets stay those of the file.
pub fn read_pth(source: &str) -> Reading {
    let code: String = source
        .split_inclusive('\n')
        .map(|line| {
            if line.starts_with("import ") || line.starts_with("import\t") {
                line.to_owned()
            } else {
                blank(line)
            }
        })
        .collect();
    read(&code)
}

/// A line of as many bytes that says nothing.
fn blank(line: &str) -> String {
    let body = line.trim_end_matches(['\n', '\r']);
    format!("{}{}", " ".repeat(body.len()), &line[body.len()..])
}

fn parsed(source: &str) -> Reading {
    let tree = parse_unchecked(source, ParseOptions::from(Mode::Module));
    let mut reading = tree.syntax().as_module().map(|module| walk::read(&module.body)).unwrap_or_default();
    reading.unread = encoding::trick(source).or_else(|| {
        let error = tree.errors().first()?;
        let line = source[..usize::from(error.start()).min(source.len())]
            .bytes()
            .filter(|byte| *byte == b'\n')
            .count();
        Some(format!("line {}: {}", line + 1, bounded(&error.error.to_string())))
    });
    if reading.unread.is_some() {
        join(&mut reading, text::read(source));
    }
    reading.sights.sort_by_key(|sight| (sight.range.start, sight.range.end));
    reading
}

fn searched(source: &str, why: &str) -> Reading {
    let mut reading = text::read(source);
    reading.unread = Some(why.to_owned());
    reading
}

/// Adds what the search of the text found and the tree did not.
fn join(reading: &mut Reading, found: Reading) {
    let known: BTreeSet<Seen> = reading.sights.iter().map(|sight| sight.seen.clone()).collect();
    for mut sight in found.sights {
        if known.contains(&sight.seen) {
            continue;
        }
        sight.function = innermost(reading, sight.range.start);
        reading.sights.push(sight);
    }
    reading.imports.extend(found.imports);
    reading.computed_import |= found.computed_import;
}

/// Functions stand in the order of their starts, so the last one around a place is the innermost.
fn innermost(reading: &Reading, place: usize) -> Option<usize> {
    let after = reading.functions.partition_point(|function| function.range.start <= place);
    let mut at = after.checked_sub(1);
    while let Some(index) = at {
        if place < reading.functions[index].range.end {
            return at;
        }
        at = reading.functions[index].parent;
    }
    None
}

fn bounded(text: &str) -> String {
    text.chars().take(160).collect()
}
