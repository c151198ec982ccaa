//! What an entry's members become so that the client starts `mcp-pin run NAME`.
//!
//! The attack it avoids: secrets that end up elsewhere. A header's value of a remote entry becomes
//! the value of a variable of the same entry, in the same file, and nowhere else.

use serde_json::{Map, Value};

use super::matching::Candidate;
use crate::clients::edit::{Change, MemberText, Written};
use crate::clients::{Client, CommandShape, Launch, Meaning};
use crate::model::{HeaderRule, Pinned};

/// What a remote entry says about itself, in every client's words.
const REMOTE: [&str; 12] = [
    "url",
    "serverUrl",
    "httpUrl",
    "uri",
    "headers",
    "http_headers",
    "env_http_headers",
    "bearer_token_env_var",
    "requestOptions",
    "oauth",
    "auth",
    "transport",
];

/// The words that `mcp-pin` is started with.
pub(super) fn words(candidate: &Candidate, extra: &[String]) -> Option<Vec<String>> {
    let mut words = vec!["run".to_owned()];
    if let Some(lock) = &candidate.lock {
        words.extend(["--lock".to_owned(), lock.to_str()?.to_owned()]);
    }
    words.push(candidate.name.to_string());
    if !extra.is_empty() {
        words.push("--".to_owned());
        words.extend_from_slice(extra);
    }
    Some(words)
}

/// What the client fills in, and what an entry has beyond the locked arguments.
pub(super) fn extra(meaning: &Meaning, candidate: &Candidate) -> Vec<String> {
    let (args, tail) = match (meaning, &candidate.pin.pinned) {
        (Meaning::Package(package), Pinned::Package { launch, .. }) => {
            (package.args.strip_prefix(launch.args.as_slice()).unwrap_or_default(), &package.tail)
        }
        (Meaning::Command { tail, .. }, _) => (&[][..], tail),
        _ => return Vec::new(),
    };
    args.iter().chain(tail).cloned().collect()
}

/// The change of one entry.
///
/// # Errors
/// Why it cannot be made, in words: the entry stays.
pub(super) fn change(
    client: &Client,
    launch: &Launch,
    members: &[(String, MemberText)],
    candidate: &Candidate,
    program: &str,
    words: &[String],
) -> Result<Change, String> {
    let value = |name: &str| members.iter().find(|(member, _)| member == name).map(|(_, text)| &text.value);
    let mut change = Change::default();
    let is_remote = matches!(launch, Launch::Remote(_));
    if is_remote {
        change.remove = REMOTE
            .iter()
            .filter(|name| value(name).is_some())
            .map(|&name| name.to_owned())
            .collect();
        match client.dialect.stdio_type {
            Some((name, word)) => set(&mut change, name, Value::String(word.to_owned())),
            None if value("type").is_some() => change.remove.push("type".to_owned()),
            None => {}
        }
    }
    command(client, &value, is_remote, program, words, &mut change)?;
    if let (Launch::Remote(_), Pinned::Remote(remote)) = (launch, &candidate.pin.pinned) {
        let variables = variables(&remote.settings.headers, &headers(members))?;
        let key = client.dialect.env;
        if !variables.is_empty() {
            if value(key).is_some() {
                let names: Vec<_> = variables.keys().map(|name| format!("`{name}`")).collect();
                return Err(format!(
                    "its headers carry what the pin takes from {}, and it has `{key}` already: move the values there by hand",
                    names.join(", ")
                ));
            }
            set(&mut change, key, Value::Object(variables));
        }
    }
    Ok(change)
}

fn set(change: &mut Change, name: &str, value: Value) {
    change.set.push((name.to_owned(), Written::Value(value)));
}

fn command<'a>(
    client: &Client,
    value: &impl Fn(&str) -> Option<&'a Value>,
    is_remote: bool,
    program: &str,
    words: &[String],
    change: &mut Change,
) -> Result<(), String> {
    let list = |words: &[String]| Value::Array(words.iter().cloned().map(Value::String).collect());
    // An entry may be written as another client does: what stands there decides.
    let whole = |name: &str| {
        let all: Vec<_> = std::iter::once(program.to_owned()).chain(words.iter().cloned()).collect();
        (name.to_owned(), Written::Value(list(&all)))
    };
    let (command, args) = match client.dialect.command {
        CommandShape::Array(name) if is_remote => {
            change.set.push(whole(name));
            return Ok(());
        }
        CommandShape::Words { command, args } if is_remote => (command, args),
        _ => match ["command", "cmd"].iter().find_map(|name| Some((*name, value(name)?))) {
            Some((name, Value::Array(_))) => {
                change.set.push(whole(name));
                return Ok(());
            }
            Some((name, Value::String(_))) => (name, "args"),
            // Zed's older way: a table with a path and arguments in it.
            _ => {
                return Err(
                    "its command is written in a way that is not changed here: write `command` as a text with `args` beside it, and run this again"
                        .to_owned(),
                );
            }
        },
    };
    set(change, command, Value::String(program.to_owned()));
    set(change, args, list(words));
    Ok(())
}

/// The headers of an entry, by name in lower case, with their values.
fn headers(members: &[(String, MemberText)]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, member) in members {
        let table = match name.as_str() {
            "headers" | "http_headers" => Some(&member.value),
            "requestOptions" => member.value.get("headers"),
            _ => None,
        };
        for (header, value) in table.and_then(Value::as_object).into_iter().flatten() {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            found.push((header.to_ascii_lowercase(), text));
        }
    }
    found
}

/// The variables that make the pin send what the entry sent.
fn variables(rules: &[HeaderRule], sent: &[(String, String)]) -> Result<Map<String, Value>, String> {
    let mut variables = Map::new();
    for (name, _) in sent {
        if !rules.iter().any(|rule| rule.name() == name) {
            return Err(format!(
                "it sends the header `{name}`, which the pin does not: `mcp-pin install --header` adds it"
            ));
        }
    }
    for rule in rules {
        let names = rule.variables();
        let value = sent.iter().find(|(name, _)| name == rule.name()).map(|(_, value)| value.as_str());
        match (value, names.as_slice()) {
            (Some(value), []) if value == rule.template() => {}
            (None, []) => {}
            (Some(value), [variable]) => {
                let filled = filled(rule.template(), variable, value);
                let filled = filled.ok_or_else(|| format!("its header `{}` is not of the form that is pinned", rule.name()))?;
                variables.insert((*variable).to_owned(), Value::String(filled));
            }
            (None, names) => {
                return Err(format!(
                    "the pin takes its header `{}` from {}, which the entry does not set: add it to the entry's variables",
                    rule.name(),
                    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
                ));
            }
            (Some(_), _) => return Err(format!("its header `{}` is not of the form that is pinned", rule.name())),
        }
    }
    Ok(variables)
}

/// What a variable holds where a template came to a value.
fn filled(template: &str, variable: &str, value: &str) -> Option<String> {
    let (before, after) = template.split_once(&format!("${{{variable}}}"))?;
    let filled = value.strip_prefix(before)?.strip_suffix(after)?;
    (!filled.is_empty()).then(|| filled.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_becomes_the_variable_it_is_made_of() {
        let rules = [HeaderRule::new("Authorization", "Bearer ${TOKEN}").unwrap()];
        let sent = |value: &str| vec![("authorization".to_owned(), value.to_owned())];
        let found = variables(&rules, &sent("Bearer abc")).unwrap();
        assert_eq!(Value::Object(found), serde_json::json!({"TOKEN": "abc"}));
        let found = variables(&rules, &sent("Bearer ${env:MINE}")).unwrap();
        assert_eq!(Value::Object(found), serde_json::json!({"TOKEN": "${env:MINE}"}));
        // One that the pin would not send: the server would get less than before.
        let more = [sent("Bearer abc"), vec![("x-other".to_owned(), "hunter2".to_owned())]].concat();
        for refused in [
            more,
            sent("Basic hunter2"),
            sent("Bearer "),
            Vec::new(),
            vec![("x-other".to_owned(), "hunter2".to_owned())],
        ] {
            let why = variables(&rules, &refused).unwrap_err();
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
