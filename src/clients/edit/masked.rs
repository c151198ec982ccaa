//! A file's text for looking at: what it gives to servers as secrets is shown as `…`.
//!
//! The attack is habit: a diff on a shared screen, or pasted into an issue. Values of variables and
//! of headers are hidden wherever they stand, as is what looks like a secret in arguments and
//! addresses; better one word too many.

use serde_json::Value;

use crate::clients::{Stdio, address, command_line};
use crate::model::remote::is_secret_name;

/// Members whose texts are values of variables, headers or keys.
const SECRET: [&str; 9] = [
    "env",
    "envs",
    "environment",
    "headers",
    "http_headers",
    "requestOptions",
    "auth",
    "oauth",
    "env_http_headers",
];

/// What stands for what is not shown.
const HIDDEN: &str = "…";

/// The text with every secret of `tree`, which is what it says, hidden.
pub fn masked(text: &str, tree: &Value) -> String {
    let mut secrets = Vec::new();
    gather(tree, false, &mut secrets);
    // A secret that holds another one goes first.
    secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    secrets.dedup();
    let mut shown = text.to_owned();
    for secret in &secrets {
        let quoted = Value::String(secret.clone()).to_string();
        let inner = &quoted[1..quoted.len() - 1];
        if secret.chars().count() < 4 {
            // Too short to be told from ordinary letters without its quotes.
            for quote in ['"', '\''] {
                shown = shown.replace(&format!("{quote}{inner}{quote}"), &format!("{quote}{HIDDEN}{quote}"));
            }
            continue;
        }
        shown = shown.replace(inner, HIDDEN).replace(secret.as_str(), HIDDEN);
        // As some writers escape a slash.
        shown = shown.replace(&inner.replace('/', "\\/"), HIDDEN);
    }
    shown
}

fn gather(value: &Value, secret: bool, found: &mut Vec<String>) {
    match value {
        Value::String(text) if secret && !text.is_empty() => found.extend(text.lines().filter(|line| !line.is_empty()).map(str::to_owned)),
        Value::String(text) if text.contains("://") && address(text) != *text => found.push(text.clone()),
        Value::Number(number) if secret => found.push(number.to_string()),
        Value::Array(items) => {
            found.extend(arguments(items));
            for item in items {
                gather(item, secret, found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let hides = SECRET.contains(&name.as_str()) || (is_secret_name(name) && member.is_string());
                gather(member, secret || hides, found);
            }
        }
        _ => {}
    }
}

/// The words of a command that are not shown anywhere else either.
fn arguments(items: &[Value]) -> Vec<String> {
    let words: Vec<String> = items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect();
    let shown = |words: &[String]| {
        command_line(&Stdio {
            command: String::new(),
            args: words.to_vec(),
            env: Vec::new(),
            env_file: false,
            cwd: None,
        })
    };
    let hidden = |words: Option<&[String]>| words.map_or(0, |words| shown(words).matches(HIDDEN).count());
    // What is hidden beside the word before it, and is not that word.
    let is_secret = |number: &usize| match number.checked_sub(1) {
        None => hidden(words.get(..1)) > 0,
        Some(before) => hidden(words.get(before..=*number)) > hidden(words.get(before..*number)),
    };
    (0..words.len()).filter(is_secret).map(|number| words[number].clone()).collect()
}
