//! Which tools may be called, with what, and which need a yes.
//!
//! The attacks: a model that is talked into calling what its user never meant it to call, into passing
//! what the tool was not approved to be given, or into doing at once what somebody wanted to see first.
//! That a name is pinned at all is the session's to check.

mod schema;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::guard::{ArgumentCheck, GuardRules, ToolRules, any_matches};
use crate::model::{ItemKind, Surface};
use crate::surface::strict::{self, Limits};
use crate::surface::visible;

/// JSON-RPC's code for a call that is not taken as it is: what servers answer for unknown tools too.
pub const INVALID_PARAMS: i64 = -32602;

/// The longest text of arguments that a question shows, in characters.
const LONGEST_SHOWN: usize = 4_000;

/// What becomes of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It passes.
    Pass,
    /// It is answered with an error.
    Refuse {
        /// The JSON-RPC code.
        code: i64,
        /// One line for client and log: names the rule, and no text of arguments or server.
        why: String,
    },
    /// It passes if the user says yes.
    Confirm {
        /// One line.
        title: String,
        /// The arguments, shown escaped; says how much of them is not shown.
        body: String,
    },
}

/// The tool rules of one entry, ready to use.
#[derive(Debug, Clone)]
pub struct Gate {
    rules: ToolRules,
    /// The pinned `inputSchema`s by tool: one, unless views differ.
    schemas: BTreeMap<String, Vec<Value>>,
}

impl Gate {
    /// A gate for the rules and the pinned surface, whose tokens have been undone: an argument names
    /// real places. Where views differ in a tool's schema, arguments have to fit one of them: each was
    /// approved.
    pub fn new(rules: &GuardRules, pinned: Option<&Surface>) -> Self {
        let mut schemas: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        if rules.tools.arguments != ArgumentCheck::Any {
            let views = pinned.map_or(&[][..], |surface| surface.views.as_slice());
            for item in views.iter().flat_map(|view| view.list(ItemKind::Tool)) {
                let known = schemas.entry(item.key.clone()).or_default();
                // Without a schema there is nothing to fit; a call without arguments does.
                let schema = item
                    .definition
                    .get("inputSchema")
                    .cloned()
                    .unwrap_or_else(|| json!({"maxProperties": 0}));
                if !known.contains(&schema) {
                    known.push(schema);
                }
            }
        }
        Self {
            rules: rules.tools.clone(),
            schemas,
        }
    }

    /// Whether no rule is set: every call passes.
    pub fn is_open(&self) -> bool {
        let ToolRules {
            allow,
            deny,
            confirm,
            arguments,
        } = &self.rules;
        allow.is_none() && deny.is_empty() && confirm.is_empty() && *arguments == ArgumentCheck::Any
    }

    /// Whether a tool may be called at all, whatever it is called with.
    pub fn permits(&self, name: &str) -> bool {
        self.rules.permits(name)
    }

    /// What becomes of a call. `arguments` is the raw text of `params.arguments`.
    pub fn call(&self, name: &str, arguments: Option<&str>) -> Verdict {
        if !self.permits(name) {
            let rule = if any_matches(&self.rules.deny, name) {
                "its `deny` names it"
            } else {
                "its `allow` does not name it"
            };
            return refuse(format!("the guard's rules do not let this tool be called: {rule}"));
        }
        if self.rules.arguments != ArgumentCheck::Any
            && let Err(why) = self.fits(name, arguments)
        {
            return refuse(why);
        }
        if any_matches(&self.rules.confirm, name) {
            return Verdict::Confirm {
                title: format!("let the tool `{}` be called?", visible(name)),
                body: shown(arguments.unwrap_or("{}")),
            };
        }
        Verdict::Pass
    }

    fn fits(&self, name: &str, arguments: Option<&str>) -> Result<(), String> {
        let Some(schemas) = self.schemas.get(name) else {
            return Err("its arguments cannot be checked: nothing is pinned to compare them with".to_owned());
        };
        let arguments = match arguments {
            None => json!({}),
            Some(raw) => strict::parse(raw.as_bytes(), &Limits::default())
                .map_err(|_| "its arguments are read differently by different readers (not I-JSON)".to_owned())?,
        };
        if !arguments.is_object() {
            return Err("its arguments are not an object".to_owned());
        }
        let known = self.rules.arguments == ArgumentCheck::Known;
        let mut first = None;
        for schema in schemas {
            match schema::check(schema, &arguments, known) {
                Ok(()) => return Ok(()),
                Err(misfit) => first = first.or(Some(misfit)),
            }
        }
        let (at, what) = first.map_or((String::new(), "nothing fits"), |misfit| (misfit.at, misfit.what));
        let at = if at.is_empty() {
            "as a whole".to_owned()
        } else {
            format!("at `{}`", brief(&at))
        };
        Err(format!("its arguments do not fit the pinned schema {at}: {what}"))
    }
}

fn refuse(why: String) -> Verdict {
    Verdict::Refuse { code: INVALID_PARAMS, why }
}

/// A pointer of the client's own arguments, for the client.
fn brief(pointer: &str) -> String {
    visible(&pointer.chars().take(200).collect::<String>())
}

/// What a person is asked about. What is left out is counted: a long harmless beginning must not hide
/// an end.
pub(super) fn shown(text: &str) -> String {
    let length = text.chars().count();
    if length <= LONGEST_SHOWN {
        return visible(text);
    }
    let (head, tail) = (LONGEST_SHOWN * 3 / 4, LONGEST_SHOWN / 4);
    let start: String = text.chars().take(head).collect();
    let end: String = text.chars().skip(length - tail).collect();
    format!(
        "{} [{} characters are not shown] {}",
        visible(&start),
        length - head - tail,
        visible(&end)
    )
}

#[cfg(test)]
#[path = "tools/tests.rs"]
mod tests;
