//! Completions: what they may cost, and what of the user's they may see.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Asks, Decision, Kind, NotTaken, Verdict, later};
use crate::guard::tools::shown;
use crate::model::guard::{Review, SamplingRules};
use crate::surface::strict::{self, Limits};

const KIND: Kind = Kind::Sampling;

impl Asks {
    pub(super) fn sampling(&mut self, params: Value, now: Timestamp) -> Decision {
        let (Some(rules), Value::Object(mut params)) = (self.rules.sampling.clone(), params) else {
            return Decision::refuse(KIND, "the guard's rules do not permit it");
        };
        let hands_tools = params
            .get("tools")
            .is_some_and(|tools| tools.as_array().is_none_or(|tools| !tools.is_empty()));
        if !rules.tools && (hands_tools || params.contains_key("toolChoice")) {
            return Decision::refuse(KIND, "it hands tools to the model, and the rules do not permit that");
        }
        let mut changed = no_context(&mut params);
        let tokens = match whole(params.get("maxTokens")) {
            Some(tokens) if tokens <= rules.max_tokens => tokens,
            None if params.contains_key("maxTokens") => return Decision::refuse(KIND, "`maxTokens` is no whole number"),
            _ => {
                params.insert("maxTokens".to_owned(), json!(rules.max_tokens));
                changed = true;
                rules.max_tokens
            }
        };
        match hints(&rules, &mut params) {
            Some(moved) => changed |= moved,
            None => return Decision::refuse(KIND, "`modelPreferences` is not what it should be"),
        }
        let per_day = rules.tokens_per_day;
        let today = match self.budget.take(tokens, per_day, now) {
            Ok(today) => today,
            Err(NotTaken::TooMany) => return Decision::refuse(KIND, format!("more than {per_day} tokens a day")),
            Err(NotTaken::NotCounted) => return Decision::refuse(KIND, "the tokens of the day could not be counted"),
        };
        let log = format!(", {tokens} tokens at most, {today} of {per_day} today");
        let verdict = match (rules.review, changed) {
            (Review::Pass, false) => Verdict::Pass,
            (Review::Pass, true) => Verdict::Replace(Value::Object(params)),
            (Review::Ask, changed) => Verdict::Ask {
                title: format!("let the server ask your model for a completion of at most {tokens} tokens?"),
                body: prompt(&params),
                until: later(now, rules.timeout),
                replace: changed.then_some(Value::Object(params)),
            },
        };
        Decision::new(KIND, verdict, &log)
    }

    /// What becomes of a completion on its way to the server; `result` is the raw text of the client's
    /// result. Where the user reviews, he sees it before the server does.
    pub fn completion(&self, result: &str, now: Timestamp) -> Decision {
        let Some(rules) = &self.rules.sampling else {
            return Decision::refuse(KIND, "the guard's rules do not permit it");
        };
        if rules.review == Review::Pass {
            return Decision::new(KIND, Verdict::Pass, ", the completion");
        }
        let Ok(value) = strict::parse(result.as_bytes(), &Limits::default()) else {
            return Decision::refuse(KIND, "different readers read the completion differently (not I-JSON)");
        };
        let verdict = Verdict::Ask {
            title: "give this completion to the server?".to_owned(),
            body: said(value.get("content").unwrap_or(&value)),
            until: later(now, rules.timeout),
            replace: None,
        };
        Decision::new(KIND, verdict, ", the completion")
    }
}

/// Takes the conversation away. The attack: `allServers`, by which a server reads what others said.
fn no_context(params: &mut Map<String, Value>) -> bool {
    match params.get_mut("includeContext") {
        None => false,
        Some(Value::String(context)) if context == "none" => false,
        Some(context) => {
            *context = json!("none");
            true
        }
    }
}

/// Keeps the hints that contain a permitted name; where none is left, the permitted names are the
/// hints. `None` where they are not hints at all.
fn hints(rules: &SamplingRules, params: &mut Map<String, Value>) -> Option<bool> {
    let Some(models) = &rules.models else { return Some(false) };
    let preferences = params.entry("modelPreferences").or_insert_with(|| json!({})).as_object_mut()?;
    let given = match preferences.get("hints") {
        None => Vec::new(),
        Some(hints) => hints.as_array()?.clone(),
    };
    let permitted = |hint: &&Value| {
        let name = hint.get("name").and_then(Value::as_str).map(str::to_lowercase);
        name.is_some_and(|name| models.iter().any(|model| name.contains(&model.to_lowercase())))
    };
    let mut kept: Vec<_> = given.iter().filter(permitted).cloned().collect();
    if kept.is_empty() {
        kept = models.iter().map(|model| json!({"name": model})).collect();
    }
    let changed = kept != given;
    preferences.insert("hints".to_owned(), Value::Array(kept));
    Some(changed)
}

/// A whole number from 1 on, however it is spelled.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole, positive and far below 2^53"
)]
fn whole(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    let number = value.as_u64().or_else(|| {
        value
            .as_f64()
            .filter(|n| n.fract() == 0.0 && (1.0..=1e15).contains(n))
            .map(|n| n as u64)
    });
    number.filter(|number| *number > 0)
}

/// What the model would read, for the user: the texts whole as far as they fit, the rest by its kind.
fn prompt(params: &Map<String, Value>) -> String {
    let mut lines = Vec::new();
    if let Some(system) = params.get("systemPrompt").and_then(Value::as_str) {
        lines.push(format!("system: {system}"));
    }
    for message in params.get("messages").and_then(Value::as_array).into_iter().flatten() {
        let role = message.get("role").and_then(Value::as_str).unwrap_or("?");
        lines.push(format!("{role}: {}", plain(message.get("content").unwrap_or(message))));
    }
    if let Some(tools) = params.get("tools").and_then(Value::as_array) {
        lines.push(format!("with {} tools", tools.len()));
    }
    shown(&lines.join("\n"))
}

fn said(content: &Value) -> String {
    shown(&plain(content))
}

/// Content as text; what is no text is named with its size.
fn plain(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(plain).collect::<Vec<_>>().join(" "),
        other => match (other.get("type").and_then(Value::as_str), other.get("text").and_then(Value::as_str)) {
            (Some("text"), Some(text)) => text.to_owned(),
            (Some(kind @ ("image" | "audio")), _) => format!("[{kind}, {} bytes]", other.to_string().len()),
            _ => other.to_string(),
        },
    }
}
