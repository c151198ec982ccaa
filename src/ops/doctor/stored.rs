//! What lies in the store, and what signatures are proved against.

use super::{Line, State};
use crate::ops::{Context, trust};
use crate::store::Store;

/// What is hashed at most: a second's work. `verify` hashes everything that a server needs.
const BUDGET: u64 = 256 << 20;
/// Less than this, and an installation may fail.
const LITTLE: u64 = 500 << 20;
/// Less than this, and nothing works.
const NONE: u64 = 20 << 20;
/// Roots change a few times a year; an older one may lack a new key.
const OLD_DAYS: i64 = 120;

/// Looks at both.
pub(super) fn look(context: &Context, lines: &mut Vec<Line>) {
    store(context, lines);
    trust_root(context, lines);
}

fn store(context: &Context, lines: &mut Vec<Line>) {
    const TOPIC: &str = "store";
    if !context.home.is_dir() {
        lines.push(Line::ok(TOPIC, "nothing is stored yet"));
        return;
    }
    let health = Store::health(&context.home, BUDGET);
    let before = lines.len();
    if let Some(free) = health.free.filter(|free| *free < LITTLE) {
        let state = if free < NONE { State::Broken } else { State::Warn };
        let what = format!("{} MB are free where {} is", free >> 20, context.home.display());
        lines.push(Line::not(TOPIC, state, what, "mcp-pin prune"));
    }
    if !health.unfinished.is_empty() {
        let what = format!(
            "{} left by an mcp-pin that was killed",
            counted(health.unfinished.len(), "unfinished file or folder")
        );
        lines.push(Line::not(TOPIC, State::Warn, what, "mcp-pin prune"));
    }
    for path in &health.damaged {
        let what = format!("{} is no longer what was verified; it is never used", path.display());
        let mend = format!("rm -f {}, then `mcp-pin install` where it is needed", super::home::quoted(path));
        lines.push(Line::not(TOPIC, State::Broken, what, mend));
    }
    for (path, why) in &health.unreadable {
        let mend = format!("chmod u+r {}", super::home::quoted(path));
        lines.push(Line::not(
            TOPIC,
            State::Unknown,
            format!("could not read {}: {why}", path.display()),
            mend,
        ));
    }
    if lines.len() == before {
        let (hashed, all) = health.hashed;
        let rest = if hashed < all {
            format!("; {} not hashed here, `mcp-pin verify` does", counted(all - hashed, "larger one"))
        } else {
            String::new()
        };
        lines.push(Line::ok(TOPIC, format!("{} as verified{rest}", counted(hashed, "archive"))));
    }
}

fn trust_root(context: &Context, lines: &mut Vec<Line>) {
    const TOPIC: &str = "trust";
    let now = context.now();
    lines.push(match trust::loaded(context) {
        Ok(loaded) if loaded.root.origin.age_days(now).is_some_and(|days| days > OLD_DAYS) => {
            Line::not(TOPIC, State::Warn, loaded.told(now), "mcp-pin trust refresh")
        }
        Ok(loaded) => Line::ok(TOPIC, loaded.told(now)),
        Err(error) => Line::of(TOPIC, State::Broken, &error),
    });
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
