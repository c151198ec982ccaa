//! One entry as its members' byte ranges, and the splices that change some of them.
//!
//! JSON objects, TOML tables and YAML blocks differ in how a member is written and in what stands
//! between two of them; what is done to them is the same. Whatever stands in none of the splices
//! keeps its bytes.

use std::ops::Range;

use serde_json::Value;

use super::{Change, Written};

/// A replacement of a range of bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Splice {
    /// What goes.
    pub(super) range: Range<usize>,
    /// What comes.
    pub(super) new: String,
}

/// What stands between two members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Between {
    /// A comma: JSON objects and inline tables.
    Commas,
    /// The end of a line: TOML tables and YAML blocks.
    Lines,
}

/// How a member is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// `"name": value`
    Json,
    /// `name = value`
    Toml,
    /// `name: value`, where the value's range starts right behind the colon.
    Yaml,
}

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Its name, unescaped.
    pub(super) name: String,
    /// Where the name stands.
    pub(super) key: Range<usize>,
    /// Where the value stands.
    pub(super) value: Range<usize>,
}

/// One entry: its members in the order in which they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Body {
    /// Where the entry stands: its braces, or its lines up to where something else starts. No splice
    /// reaches further.
    pub(super) span: Range<usize>,
    /// The members.
    pub(super) members: Vec<Member>,
    /// What stands between them.
    pub(super) between: Between,
    /// How they are written.
    pub(super) syntax: Syntax,
}

impl Body {
    fn find(&self, name: &str) -> Option<usize> {
        self.members.iter().position(|member| member.name == name)
    }

    /// The splices that make the change, in the order of the text; `None` where there is no member
    /// beside which a new one could be written.
    pub(super) fn splices(&self, text: &str, change: &Change) -> Option<Vec<Splice>> {
        let mut splices = Vec::new();
        let mut missing = Vec::new();
        for (name, value) in &change.set {
            match self.find(name) {
                Some(at) => {
                    let range = self.members[at].value.clone();
                    let new = self.value(text, at, value);
                    if text.get(range.clone())? != new {
                        splices.push(Splice { range, new });
                    }
                }
                None => missing.push((name.as_str(), value)),
            }
        }
        let mut gone: Vec<usize> = change.remove.iter().filter_map(|name| self.find(name)).collect();
        gone.sort_unstable();
        gone.dedup();
        if !missing.is_empty() {
            if gone.is_empty() {
                splices.push(self.added(text, change, &missing)?);
            } else {
                // New members take the place of the first that goes.
                let at = gone.remove(0);
                let (key, value) = (&self.members[at].key, &self.members[at].value);
                splices.push(Splice {
                    range: key.start..value.end,
                    new: self.joined(text, at, &missing),
                });
            }
        }
        for &at in &gone {
            self.take_out(text, at, &gone, &mut splices);
        }
        splices.sort_by_key(|splice| (splice.range.start, splice.range.end));
        let splices = splices.into_iter().fold(Vec::new(), joined_deletions);
        let apart = splices.windows(2).all(|two| two[0].range.end <= two[1].range.start);
        apart.then_some(splices)
    }

    /// New members behind the last of those that are set.
    fn added(&self, text: &str, change: &Change, missing: &[(&str, &Written)]) -> Option<Splice> {
        let set = |member: &Member| change.set.iter().any(|(name, _)| *name == member.name);
        let at = self.members.iter().rposition(set)?;
        let end = self.members[at].value.end;
        let behind = match self.between {
            Between::Commas => end,
            // A comment behind the value stays with its line.
            Between::Lines => line_end(text, end),
        };
        Some(Splice {
            range: behind..behind,
            new: format!("{}{}", self.separator(text, at), self.joined(text, at, missing)),
        })
    }

    fn joined(&self, text: &str, beside: usize, members: &[(&str, &Written)]) -> String {
        let written: Vec<_> = members.iter().map(|(name, value)| self.member(text, beside, name, value)).collect();
        written.join(&self.separator(text, beside))
    }

    /// What stands before a member, to be written before another one like it.
    fn separator(&self, text: &str, beside: usize) -> String {
        let start = self.members[beside].key.start;
        let before = &text[..start];
        let blank = &before[before.trim_end_matches([' ', '\t', '\r', '\n']).len()..];
        match self.between {
            Between::Commas => match blank.rfind('\n') {
                Some(line) => format!(",{}{}", newline(text), &blank[line + 1..]),
                None if blank.is_empty() && !self.is_compact(text, beside) => ", ".to_owned(),
                None => format!(",{blank}"),
            },
            // A member that stands behind the `- ` of its list is indented like the next line.
            Between::Lines => {
                let line = before.rfind('\n').map_or(0, |at| at + 1);
                let column = before[line..]
                    .chars()
                    .map(|c| if c == '\t' { '\t' } else { ' ' })
                    .collect::<String>();
                format!("{}{column}", newline(text))
            }
        }
    }

    /// Whether nothing stands between a colon and its value.
    fn is_compact(&self, text: &str, at: usize) -> bool {
        let member = &self.members[at];
        self.syntax == Syntax::Json && &text[member.key.end..member.value.start] == ":"
    }

    fn member(&self, text: &str, beside: usize, name: &str, value: &Written) -> String {
        let value = self.value(text, beside, value);
        match self.syntax {
            Syntax::Json => {
                let like = &self.members[beside];
                let colon = &text[like.key.end..like.value.start];
                let plain = colon.chars().all(|c| c == ':' || c == ' ' || c == '\t');
                format!("{}{}{value}", quoted(name), if plain { colon } else { ": " })
            }
            Syntax::Toml => format!("{} = {value}", bare_or_quoted(name)),
            Syntax::Yaml => format!("{}:{value}", bare_or_quoted(name)),
        }
    }

    fn value(&self, text: &str, beside: usize, value: &Written) -> String {
        match value {
            Written::Raw(raw) => raw.clone(),
            Written::Value(value) => {
                let value = rendered(value, self.syntax, self.is_compact(text, beside));
                if self.syntax == Syntax::Yaml { format!(" {value}") } else { value }
            }
        }
    }

    /// Takes a member out, with the comma that belongs to it or the rest of its line.
    fn take_out(&self, text: &str, at: usize, gone: &[usize], splices: &mut Vec<Splice>) {
        let member = &self.members[at];
        let (mut start, mut end) = (member.key.start, member.value.end);
        let mut last = false;
        if self.between == Between::Commas {
            if let Some(comma) = comma_after(text, end) {
                end = comma + 1;
            } else {
                last = true;
                // What is now the last one must not end with a comma.
                let kept = (0..at).rev().find(|before| !gone.contains(before));
                if let Some(comma) = kept.and_then(|kept| comma_after(text, self.members[kept].value.end)) {
                    splices.push(Splice {
                        range: comma..comma + 1,
                        new: String::new(),
                    });
                }
            }
        }
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let rest = line_end(text, end);
        let alone = text[line..start].trim().is_empty() && text[end..rest].trim().is_empty() && line >= self.span.start;
        if alone {
            start = line;
            end = past_newline(text, rest);
            // The last line of a file without a line end: the one before it loses its own.
            if end == rest && line > 0 {
                start = line - if text[..line].ends_with("\r\n") { 2 } else { 1 };
                end = rest;
            }
        } else if last {
            start = text[..start].trim_end_matches([' ', '\t']).len();
        } else if self.between == Between::Commas {
            end += text[end..].len() - text[end..].trim_start_matches([' ', '\t']).len();
        }
        splices.push(Splice {
            range: start..end,
            new: String::new(),
        });
    }
}

/// Two members that go side by side may both claim the blanks between them.
fn joined_deletions(mut before: Vec<Splice>, splice: Splice) -> Vec<Splice> {
    match before.last_mut() {
        Some(last) if last.new.is_empty() && splice.new.is_empty() && splice.range.start <= last.range.end => {
            last.range.end = last.range.end.max(splice.range.end);
        }
        _ => before.push(splice),
    }
    before
}

/// The text with the splices made, and the smallest piece of it that holds them all: before, after.
pub(super) fn apply(text: &str, splices: &[Splice]) -> (String, String, String) {
    let (Some(first), Some(last)) = (splices.first(), splices.last()) else {
        return (text.to_owned(), String::new(), String::new());
    };
    let region = first.range.start..last.range.end;
    let mut after = String::new();
    let mut at = region.start;
    for splice in splices {
        after.push_str(&text[at..splice.range.start]);
        after.push_str(&splice.new);
        at = splice.range.end;
    }
    let whole = format!("{}{after}{}", &text[..region.start], &text[region.end..]);
    (whole, text[region].to_owned(), after)
}

/// A value as it is written on one line. JSON's strings are strings in all three formats.
pub(super) fn rendered(value: &Value, syntax: Syntax, compact: bool) -> String {
    let comma = if compact { "," } else { ", " };
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| rendered(item, syntax, compact)).collect();
            format!("[{}]", items.join(comma))
        }
        Value::Object(members) => {
            let colon = match syntax {
                Syntax::Toml => " = ",
                Syntax::Json if compact => ":",
                Syntax::Json | Syntax::Yaml => ": ",
            };
            let members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{}{colon}{}", quoted(name), rendered(value, syntax, compact)))
                .collect();
            if compact {
                format!("{{{}}}", members.join(comma))
            } else {
                format!("{{ {} }}", members.join(comma))
            }
        }
        other => other.to_string(),
    }
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

fn bare_or_quoted(name: &str) -> String {
    let bare = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if bare { name.to_owned() } else { quoted(name) }
}

/// How the text ends its lines.
pub(super) fn newline(text: &str) -> &'static str {
    match text.find('\n') {
        Some(at) if text[..at].ends_with('\r') => "\r\n",
        _ => "\n",
    }
}

/// The end of the line, before what ends it.
pub(super) fn line_end(text: &str, from: usize) -> usize {
    let line = from + text[from..].find('\n').unwrap_or(text.len() - from);
    if text[from..line].ends_with('\r') && line < text.len() {
        line - 1
    } else {
        line
    }
}

/// Behind the line end that stands here, if one does.
fn past_newline(text: &str, at: usize) -> usize {
    let rest = &text[at..];
    let length = ["\r\n", "\n"].iter().find(|end| rest.starts_with(**end)).map_or(0, |end| end.len());
    at + length
}

/// Where the comma behind a value stands, past blanks and comments.
fn comma_after(text: &str, from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let rest = &text[at..];
        let blank = rest.len() - rest.trim_start().len();
        let rest = &rest[blank..];
        at += blank;
        if rest.starts_with("//") || rest.starts_with('#') {
            at += rest.find('\n')? + 1;
        } else if rest.starts_with("/*") {
            at += rest.find("*/")? + 2;
        } else {
            return rest.starts_with(',').then_some(at);
        }
    }
}
