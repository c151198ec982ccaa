//! Edits of one entry of a client's configuration file, that leave every other byte as it was.
//!
//! The promise: comments, order, unknown keys, blanks, line ends, a byte order mark and a missing
//! last line end survive, because a file is never written anew from what was read: ranges of its
//! bytes are replaced. After each edit the new text is read again; it must say what the old one said
//! with exactly the asked change, else there is no new text.
//!
//! The attacks: an edit that a crafted layout (a name that stands twice, a comment that looks like a
//! member) leads to another place, and one that changes a neighbour on the way.
//!
//! Not promised: that every layout can be edited. What is not understood is [`EditError::Layout`],
//! and the file stays as it is.

mod body;
mod difference;
mod json;
mod masked;
mod toml;
mod yaml;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use serde_json::{Map, Number, Value};

pub use difference::{Line, LineKind, lines, patch};
pub use masked::masked;

use crate::clients::tree::{Kind, Node};
use crate::clients::{Format, Step};
use body::Body;

/// A value to write.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// A text, a list of texts, or a table of texts, written on one line.
    Value(Value),
    /// Bytes of the file that stood there before, written as they were.
    Raw(String),
}

/// What becomes of an entry's members. Members that are named in neither list keep their bytes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// Members that get a value; those that the entry lacks are added, in this order.
    pub set: Vec<(String, Written)>,
    /// Members that go.
    pub remove: Vec<String>,
}

/// A text with one entry changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edited {
    /// The whole new text.
    pub text: String,
    /// The smallest piece of the old text that holds every change. May hold secrets.
    pub before: String,
    /// What stands in its place.
    pub after: String,
}

/// Why an edit was not made. There is no new text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not of its format, or says a thing twice: the file's author is at fault.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// There is no such entry.
    #[error("the entry is not in the file any more")]
    NoEntry,
    /// The entry is valid, and written in a way that this edit would damage.
    #[error("the entry is written in a way that cannot be changed without touching more of the file ({0})")]
    Layout(&'static str),
    /// The new text does not say what it should: nothing is done with it.
    #[error("the changed file would not say exactly what was asked for")]
    NotExact,
    /// What stands there is not what was written there.
    #[error("the entry was changed by somebody else since")]
    Changed,
}

/// One member of an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberText {
    /// The bytes of the value, as written; empty where they stand elsewhere. May hold secrets.
    pub raw: String,
    /// What they say.
    pub value: Value,
}

/// The members of an entry, in the order in which they are written; those that are written elsewhere
/// in the file (TOML tables of their own) last, and without their bytes.
///
/// # Errors
/// The text cannot be read, or has no such entry, or not as a table of members.
pub fn members(format: Format, text: &str, at: &[Step]) -> Result<Vec<(String, MemberText)>, EditError> {
    let body = body(format, text, at)?;
    let tree = tree(format, text)?;
    let Some(Value::Object(values)) = look(&tree, at) else {
        return Err(EditError::NoEntry);
    };
    let mut found = Vec::new();
    for member in &body.members {
        let value = values.get(&member.name).cloned();
        let value = value.ok_or(EditError::Layout("a member is not where it seems"))?;
        let raw = text[member.value.clone()].to_owned();
        found.push((member.name.clone(), MemberText { raw, value }));
    }
    for (name, value) in values {
        if !body.members.iter().any(|member| member.name == *name) {
            let (raw, value) = (String::new(), value.clone());
            found.push((name.clone(), MemberText { raw, value }));
        }
    }
    Ok(found)
}

/// What the whole text says. A number that is not written as it is printed here, and block text of YAML,
/// is a list of null and its bytes: compared, and never written.
///
/// # Errors
/// It is not of its format, or a name stands twice in one table.
pub fn tree(format: Format, text: &str) -> Result<Value, EditError> {
    let root = crate::clients::tree::parse(format, text).map_err(|error| EditError::Unreadable(error.to_string()))?;
    root.map_or(Ok(Value::Null), |root| value(&root))
}

/// A tree in which no name stands twice in one table.
fn value(node: &Node) -> Result<Value, EditError> {
    Ok(match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(truth) => Value::Bool(*truth),
        Kind::Number(number) => match serde_json::from_str::<Number>(number) {
            Ok(read) if read.to_string() == *number => Value::Number(read),
            // As written, in a form in which it equals no text.
            _ => Value::Array(vec![Value::Null, Value::String(number.clone())]),
        },
        Kind::Text(text) => Value::String(text.clone()),
        Kind::List(items) => Value::Array(items.iter().map(value).collect::<Result<_, _>>()?),
        Kind::Map(members) => {
            let mut map = Map::new();
            for (name, member) in members {
                if map.insert(name.clone(), value(member)?).is_some() {
                    let name = crate::surface::visible(name);
                    return Err(EditError::Unreadable(format!(
                        "`{name}` stands twice in one table, again in line {}",
                        member.line
                    )));
                }
            }
            Value::Object(map)
        }
    })
}

/// The value at a place of a tree.
pub fn look<'a>(tree: &'a Value, at: &[Step]) -> Option<&'a Value> {
    at.iter().try_fold(tree, |value, step| match step {
        Step::Key(name) => value.as_object()?.get(name),
        Step::Index(index) => value.as_array()?.get(*index),
    })
}

fn look_mut<'a>(tree: &'a mut Value, at: &[Step]) -> Option<&'a mut Map<String, Value>> {
    let found = at.iter().try_fold(tree, |value, step| match step {
        Step::Key(name) => value.as_object_mut()?.get_mut(name),
        Step::Index(index) => value.as_array_mut()?.get_mut(*index),
    });
    found?.as_object_mut()
}

fn body(format: Format, text: &str, at: &[Step]) -> Result<Body, EditError> {
    let body = match format {
        Format::Json | Format::Jsonc => json::body(text, at),
        Format::Toml => toml::body(text, at),
        Format::Yaml => yaml::body(text, at),
    }?;
    let inside = |range: &std::ops::Range<usize>| text.get(range.clone()).is_some();
    let whole = body.members.iter().all(|member| inside(&member.key) && inside(&member.value));
    if whole && inside(&body.span) {
        Ok(body)
    } else {
        Err(EditError::Layout("it cannot be told where a member ends"))
    }
}

/// The text with one entry changed and nothing else.
///
/// # Errors
/// [`EditError`]; there is no new text then.
pub fn change(format: Format, text: &str, at: &[Step], change: &Change) -> Result<Edited, EditError> {
    let body = body(format, text, at)?;
    let old = tree(format, text)?;
    let entry = look(&old, at).and_then(Value::as_object).ok_or(EditError::NoEntry)?;
    let touched = change.set.iter().map(|(name, _)| name).chain(&change.remove);
    let is_here = |name: &String| body.members.iter().any(|member| member.name == *name);
    if touched.into_iter().any(|name| entry.contains_key(name) && !is_here(name)) {
        return Err(EditError::Layout("a part of it is a table of its own"));
    }
    let splices = body
        .splices(text, change)
        .ok_or(EditError::Layout("there is no place for a new member"))?;
    let (new, before, after) = body::apply(text, &splices);
    let read = tree(format, &new).map_err(|_| EditError::NotExact)?;
    let mut expected = old;
    let entry = look_mut(&mut expected, at).ok_or(EditError::NoEntry)?;
    let found = look(&read, at).and_then(Value::as_object).ok_or(EditError::NotExact)?;
    for name in &change.remove {
        entry.remove(name);
    }
    for (name, value) in &change.set {
        let value = match value {
            Written::Value(value) => value.clone(),
            // Raw bytes say what they say; that they are this member's alone is what is checked.
            Written::Raw(_) => found.get(name).cloned().ok_or(EditError::NotExact)?,
        };
        entry.insert(name.clone(), value);
    }
    if read != expected {
        return Err(EditError::NotExact);
    }
    Ok(Edited { text: new, before, after })
}

/// The text with one entry changed and written anew, without its comments and its layout: what a
/// person may look at and take over, where [`change`] answers [`EditError::Layout`]. `None` where
/// not even that can be made.
pub fn rewritten(format: Format, text: &str, at: &[Step], change: &Change) -> Option<String> {
    if format != Format::Yaml {
        return None;
    }
    let mut expected = tree(format, text).ok()?;
    let entry = look_mut(&mut expected, at)?;
    if entry.values().any(has_odd) {
        return None;
    }
    for name in &change.remove {
        entry.remove(name);
    }
    for (name, value) in &change.set {
        let Written::Value(value) = value else { return None };
        entry.insert(name.clone(), value.clone());
    }
    // The order stays; new members come last.
    let (known, new) = (order(format, text, at)?, entry.keys().cloned());
    let mut names = known.clone();
    names.extend(new.filter(|name| !known.contains(name)));
    let members: Vec<_> = names.iter().filter_map(|name| entry.get_key_value(name)).collect();
    let new = yaml::rewritten(text, at, &members)?;
    (tree(format, &new).ok()? == expected).then_some(new)
}

/// Whether a value has in it what stands for something else (see [`tree`]): block text, or a number as
/// only its own bytes write it. Written as it stands here, it would be a list.
fn has_odd(value: &Value) -> bool {
    match value {
        Value::Array(items) => matches!(items.as_slice(), [Value::Null, Value::String(_)]) || items.iter().any(has_odd),
        Value::Object(members) => members.values().any(has_odd),
        _ => false,
    }
}

/// The names of an entry's members, in the order of the file.
fn order(format: Format, text: &str, at: &[Step]) -> Option<Vec<String>> {
    let root = crate::clients::tree::parse(format, text).ok()??;
    let entry = at.iter().try_fold(&root, |node, step| match (step, &node.kind) {
        (Step::Key(name), Kind::Map(members)) => members.iter().find(|(key, _)| key == name).map(|(_, node)| node),
        (Step::Index(index), Kind::List(items)) => items.get(*index),
        _ => None,
    })?;
    match &entry.kind {
        Kind::Map(members) => Some(members.iter().map(|(name, _)| name.clone()).collect()),
        _ => None,
    }
}

/// The text with a piece of an entry put back: `after` must stand in the entry exactly once, and
/// becomes `before`. The caller compares what the new text says with what the entry said once.
///
/// # Errors
/// [`EditError::Changed`] where the piece is not there as it was written.
pub fn restore(format: Format, text: &str, at: &[Step], after: &str, before: &str) -> Result<String, EditError> {
    let span = body(format, text, at)?.span;
    let entry = &text[span.clone()];
    let mut found = entry.match_indices(after);
    let (Some((place, _)), None, false) = (found.next(), found.next(), after.is_empty()) else {
        return Err(EditError::Changed);
    };
    let start = span.start + place;
    let new = format!("{}{before}{}", &text[..start], &text[start + after.len()..]);
    let (old, read) = (tree(format, text)?, tree(format, &new).map_err(|_| EditError::NotExact)?);
    let emptied = |mut tree: Value| {
        if let Some(entry) = look_mut(&mut tree, at) {
            entry.clear();
        }
        tree
    };
    if emptied(old) != emptied(read) {
        return Err(EditError::NotExact);
    }
    Ok(new)
}
