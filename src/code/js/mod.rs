//! JavaScript and TypeScript, through oxc.
//!
//! Promise: every file gives a reading. One that no dialect parses, one that is too large and one that is
//! nested too deep is searched as text, and [`Reading::unread`] says why. Names are followed inside one
//! file: aliases, destructuring, bundlers' wrappers, constant texts that are put together. What a value is
//! when the code runs is not followed, nor what crosses files.

mod commands;
mod depth;
mod known;
mod modules;
mod scopes;
#[cfg(test)]
mod tests;
mod texts;
mod value;
mod visit;
mod walk;

use std::thread;

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_parser::{ParseOptions, Parser};
use oxc_span::SourceType;

use self::scopes::Names;
use self::value::Eval;
use self::walk::Walk;
use super::{Reading, text};

/// The largest file that is parsed. The largest real bundles have about 20 MB.
const LARGEST: usize = 32 * 1024 * 1024;
/// Bytes of stack for each step of [`depth::of`]. Measured with eleven ways to nest, a thousand deep, in a
/// build for development: 0.7 to 1.2 KB for the worst (`({a:`, `new`); a release was not measured.
const STACK_FOR_EACH: u64 = if cfg!(debug_assertions) { 12 * 1024 } else { 4 * 1024 };
/// Stack for what does not depend on depth.
const STACK_AT_LEAST: u64 = 4 * 1024 * 1024;
/// The deepest file that is parsed: the deepest of some three thousand real files comes to 2,615.
const DEEPEST: u64 = 8_000;

/// The most bytes that a parser may read again, each counted as often as that can happen: well below a
/// second. The worst of some three thousand real files comes to 50,000.
const MOST_WORK: u64 = 4 * 1024 * 1024;

/// Reads a file of JavaScript or TypeScript; `path` says which dialect.
pub fn read(path: &str, source: &str) -> Reading {
    if source.len() > LARGEST {
        return as_text(source, "the file is too large to be parsed".to_owned());
    }
    let mut why = None;
    for dialect in dialects(path) {
        match parse(source, dialect) {
            Ok(reading) => return reading,
            Err(problem) => why = why.or(Some(problem)),
        }
    }
    as_text(source, why.unwrap_or_default())
}

fn as_text(source: &str, why: String) -> Reading {
    let mut reading = text::read(source);
    reading.unread = Some(why);
    reading
}

/// The dialects that a file may be written in, likeliest first.
fn dialects(path: &str) -> Vec<SourceType> {
    let lower = path.to_ascii_lowercase();
    let ending = lower.rsplit('.').next().unwrap_or_default();
    match ending {
        "ts" | "mts" | "cts" => vec![SourceType::ts()],
        "tsx" => vec![SourceType::tsx()],
        "jsx" => vec![SourceType::jsx()],
        "mjs" => vec![SourceType::mjs(), SourceType::jsx()],
        "cjs" => vec![SourceType::cjs(), SourceType::unambiguous(), SourceType::jsx()],
        _ => vec![SourceType::unambiguous(), SourceType::cjs(), SourceType::jsx(), SourceType::ts()],
    }
}

/// Parses and walks on a thread of its own, whose stack is as large as this source may need.
fn parse(source: &str, dialect: SourceType) -> Result<Reading, String> {
    let estimate = depth::of(source, dialect.is_typescript(), dialect.is_jsx());
    if estimate.depth > DEEPEST {
        return Err("the code is nested too deep to be parsed".to_owned());
    }
    if estimate.work > MOST_WORK {
        return Err("the code is made to keep a parser busy".to_owned());
    }
    let stack = usize::try_from(STACK_AT_LEAST + estimate.depth * STACK_FOR_EACH).unwrap_or(usize::MAX);
    thread::scope(|scope| {
        let worker = thread::Builder::new()
            .stack_size(stack)
            .spawn_scoped(scope, || parse_here(source, dialect))
            .map_err(|_| "there is no room for the stack that parsing it takes".to_owned())?;
        worker.join().unwrap_or_else(|_| Err("the parser gave up on it".to_owned()))
    })
}

fn parse_here(source: &str, dialect: SourceType) -> Result<Reading, String> {
    let allocator = Allocator::default();
    let options = ParseOptions {
        allow_return_outside_function: true,
        enable_ident_hashes: false,
        ..ParseOptions::default()
    };
    let parsed = Parser::new(&allocator, source, dialect).with_options(options).parse();
    if parsed.panicked {
        // The parser's own words may quote the source.
        let at = parsed.diagnostics.iter().find_map(|it| it.labels.first());
        return Err(match at {
            Some(at) => format!("it does not parse (line {})", line_of(source, at.offset() as usize)),
            None => "it does not parse".to_owned(),
        });
    }
    Ok(walked(&allocator, &parsed.program, source))
}

fn line_of(source: &str, offset: usize) -> usize {
    let before = source.as_bytes().iter().take(offset);
    before.filter(|byte| **byte == b'\n').count() + 1
}

fn walked<'a>(allocator: &'a Allocator, program: &Program<'a>, source: &str) -> Reading {
    let eval = Eval {
        allocator,
        names: Names::collect(program),
        steps: 0,
        budget: source.len().saturating_mul(4).saturating_add(1024 * 1024),
    };
    Walk::over(eval, program)
}
