//! From tokens back to what they stand for in this run: what the guard serves in place of a turned
//! definition, and what it expects of a server that has not turned.
//!
//! The attack: a pinned text that, restored, says what nobody approved. Only the tokens that
//! [`Places::replace`] writes are undone, each to one text of this run, and text that only looks
//! like a token never gets into a pin unquoted.

use serde_json::Value;

use super::{Places, QUOTED_TOKEN, TOKEN};

impl Places {
    /// The text with this run's own places and values for its tokens. `None` where a token stands
    /// for something this run does not have (a variable that is not set).
    pub fn restore(&self, text: &str) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(TOKEN) {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let end = rest.find('}')? + 1;
            let token = &rest[..end];
            if token == QUOTED_TOKEN {
                out.push_str(TOKEN);
            } else {
                out.push_str(&self.places.iter().find(|place| place.token == token)?.text);
            }
            rest = &rest[end..];
        }
        out.push_str(rest);
        Some(out)
    }

    /// Restores every string of a value; member names have no tokens. `false` where a text keeps its
    /// tokens because this run does not have what one of them stands for.
    pub fn restore_in(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => {
                if text.contains(TOKEN) {
                    let Some(restored) = self.restore(text) else { return false };
                    *text = restored;
                }
                true
            }
            // Every one of them, also after one that cannot be restored.
            Value::Array(values) => {
                values
                    .iter_mut()
                    .filter_map(|value| (!self.restore_in(value)).then_some(()))
                    .count()
                    == 0
            }
            Value::Object(members) => {
                members
                    .values_mut()
                    .filter_map(|value| (!self.restore_in(value)).then_some(()))
                    .count()
                    == 0
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn places() -> Places {
        Places::default()
            .path("home", "/home/u")
            .path("cwd", "/home/u/work")
            .variable("KEY", "s3cret-value")
    }

    #[test]
    fn tokens_become_this_runs_places() {
        let mut value = json!({"a": ["in {mcp-pin:cwd}/x, {mcp-pin:env:KEY}"], "{mcp-pin:cwd}": "say {mcp-pin:text}home}"});
        assert!(places().restore_in(&mut value));
        assert_eq!(
            value,
            json!({"a": ["in /home/u/work/x, s3cret-value"], "{mcp-pin:cwd}": "say {mcp-pin:home}"})
        );
    }

    #[test]
    fn what_this_run_does_not_have_keeps_its_token() {
        let mut value = json!(["{mcp-pin:env:OTHER} {mcp-pin:home}", "{mcp-pin:home}"]);
        assert!(!places().restore_in(&mut value));
        assert_eq!(value, json!(["{mcp-pin:env:OTHER} {mcp-pin:home}", "/home/u"]));
        assert_eq!(places().restore("{mcp-pin:home"), None);
    }

    proptest! {
        #[test]
        fn replacing_can_be_undone(text in "(\\{mcp-pin:|home|text|\\}|/home/u|/work|s3cret-value|czNjcmV0LXZhbHVl| |x){0,12}") {
            prop_assert_eq!(places().restore(&places().replace(&text)), Some(text));
        }
    }
}
