//! `mcp-pin run NAME`: an entry that is guarded.
//!
//! The attack: an entry that looks wrapped and is not. Only the very words that `wrap` writes count,
//! in any order that the command line takes; another option, or one twice, does not.

use std::path::PathBuf;

use super::{Meaning, Wrapped, WrappedFrom, unclear};

/// Reads the words after `mcp-pin`.
pub(super) fn wrapped(args: &[String]) -> Meaning {
    let (mut name, mut lock, mut global, mut run, mut extra) = (None, None, false, false, Vec::new());
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--" if name.is_some() => {
                extra = words.by_ref().cloned().collect();
            }
            "--global" if !global => global = true,
            "--full" => {}
            "--lock" if lock.is_none() => match words.next() {
                Some(path) => lock = Some(PathBuf::from(path)),
                None => return unclear("`--lock` names no file"),
            },
            "run" if !run => run = true,
            word if word.starts_with("--lock=") && lock.is_none() => lock = Some(PathBuf::from(&word["--lock=".len()..])),
            word if run && name.is_none() && !word.starts_with('-') => match word.parse() {
                Ok(parsed) => name = Some(parsed),
                Err(_) => return unclear("it runs mcp-pin with a name that is none"),
            },
            _ => return unclear("it runs mcp-pin in another way than `wrap` writes it"),
        }
    }
    match (run, name, lock, global) {
        (true, Some(_), Some(_), true) => unclear("it runs mcp-pin with both `--global` and `--lock`"),
        (true, Some(name), Some(lock), false) => Meaning::Wrapped(Wrapped {
            name,
            from: WrappedFrom::Lock(lock),
            extra,
        }),
        (true, Some(name), None, _) => Meaning::Wrapped(Wrapped {
            name,
            from: WrappedFrom::User,
            extra,
        }),
        _ => unclear("it runs mcp-pin in another way than `wrap` writes it"),
    }
}
