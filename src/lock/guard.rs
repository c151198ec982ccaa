//! The guard's rules of an entry: wire form, and both ways.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::EntryError;
use super::wire::{is_false, present};
use crate::model::guard::{ArgumentCheck, GuardPin, LARGEST, Pattern, PatternError, ResultRules, ToolRules};
use crate::surface::visible::is_invisible;

/// The rules that the manifest adds. Never empty.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireGuard {
    /// Only these tools may be called. A name, or with `*` at its end every name that begins so.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) allow: Option<Vec<String>>,
    /// These tools may never be called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) deny: Vec<String>,
    /// These tools may be called after the user said yes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) confirm: Vec<String>,
    /// What a call's arguments have to fit.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) arguments: Option<WireArguments>,
    /// What is done to results.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    pub(super) results: Option<WireResults>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) enum WireArguments {
    /// The tool's pinned `inputSchema`.
    Pinned,
    /// The same, and no property that it does not name.
    Known,
}

/// What is done to results.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct WireResults {
    /// Control, escape and invisible characters are written as visible escapes.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) visible: bool,
    /// The largest result, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "present")]
    #[schemars(range(min = 1, max = 16_777_216))]
    pub(super) largest: Option<u64>,
}

/// The rules as they are written; `None` where there are none.
pub(super) fn write(guard: &GuardPin) -> Option<WireGuard> {
    let GuardPin { tools, results } = guard;
    let ToolRules {
        allow,
        deny,
        confirm,
        arguments,
    } = tools;
    let ResultRules { visible, largest } = results;
    (!guard.is_empty()).then(|| WireGuard {
        allow: allow.as_ref().map(texts),
        deny: texts(deny),
        confirm: texts(confirm),
        arguments: match arguments {
            ArgumentCheck::Any => None,
            ArgumentCheck::Pinned => Some(WireArguments::Pinned),
            ArgumentCheck::Known => Some(WireArguments::Known),
        },
        results: (*results != ResultRules::default()).then_some(WireResults {
            visible: *visible,
            largest: *largest,
        }),
    })
}

/// The rules as they were written.
pub(super) fn read(wire: WireGuard) -> Result<GuardPin, EntryError> {
    let WireGuard {
        allow,
        deny,
        confirm,
        arguments,
        results,
    } = wire;
    let results = match results {
        None => ResultRules::default(),
        Some(WireResults { largest: Some(size), .. }) if size == 0 || size > LARGEST => {
            return Err(EntryError::Rule("`largest` is a number of bytes from 1 to 16777216"));
        }
        Some(WireResults { visible, largest }) => ResultRules { visible, largest },
    };
    let guard = GuardPin {
        tools: ToolRules {
            allow: allow.map(patterns).transpose()?,
            deny: patterns(deny)?,
            confirm: patterns(confirm)?,
            arguments: match arguments {
                None => ArgumentCheck::Any,
                Some(WireArguments::Pinned) => ArgumentCheck::Pinned,
                Some(WireArguments::Known) => ArgumentCheck::Known,
            },
        },
        results,
    };
    if guard.is_empty() {
        return Err(EntryError::Rule("it stands there and says nothing"));
    }
    Ok(guard)
}

fn texts(patterns: &BTreeSet<Pattern>) -> Vec<String> {
    patterns.iter().map(ToString::to_string).collect()
}

fn patterns(texts: Vec<String>) -> Result<BTreeSet<Pattern>, EntryError> {
    let mut patterns = BTreeSet::new();
    for text in texts {
        if text.chars().any(is_invisible) {
            return Err(PatternError::Invisible.into());
        }
        if !patterns.insert(text.parse()?) {
            return Err(EntryError::Twice);
        }
    }
    Ok(patterns)
}
