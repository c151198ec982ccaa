//! YAML in plain block form, by lines: there is no editor for it that loses nothing.
//!
//! Only what is told by indentation alone is taken. An entry inside braces, a tab, an anchor or a
//! tag on the way to it, a value of several lines that is no indented block: not understood, so not
//! edited.

use serde_json::Value;

use super::EditError;
use super::body::{Between, Body, Member, Syntax};
use crate::clients::Step;

/// A line with something on it.
#[derive(Debug, Clone, Copy)]
struct Line {
    /// How far its content is indented; the content of a list's element by where it stands itself.
    indent: usize,
    /// Where the content starts.
    from: usize,
    /// Where it ends, a comment included.
    to: usize,
}

const FORM: EditError = EditError::Layout("it is not in plain block form");

pub(super) fn body(text: &str, at: &[Step]) -> Result<Body, EditError> {
    let all = lines(text)?;
    let mut block = all.clone();
    for step in at {
        block = match step {
            Step::Key(name) => below(text, &block, name)?,
            Step::Index(index) => element(text, &block, *index)?,
        };
    }
    let parts = split(text, &block)?;
    if parts.iter().any(|part| part.odd) {
        return Err(FORM);
    }
    let members: Vec<Member> = parts.into_iter().map(|part| part.member).collect();
    let (Some(first), Some(last)) = (block.first(), block.last()) else {
        return Err(EditError::NoEntry);
    };
    // Comments and blanks behind the last member are the entry's too: an edit may have reached them.
    let next = all.iter().find(|line| line.from >= last.to);
    Ok(Body {
        span: first.from..next.map_or(text.len(), |line| line.from),
        members,
        between: Between::Lines,
        syntax: Syntax::Yaml,
    })
}

/// The lines that say something.
fn lines(text: &str) -> Result<Vec<Line>, EditError> {
    let mut lines = Vec::new();
    let mut start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    for line in text[start..].split_inclusive('\n') {
        let content = line.trim_end_matches('\n').trim_end_matches('\r');
        let trimmed = content.trim_start_matches(' ');
        let indent = content.len() - trimmed.len();
        let (from, to) = (start + indent, start + content.len());
        start += line.len();
        if trimmed.trim().is_empty() || trimmed.starts_with('#') {
            continue;
        }
        let document = indent == 0 && (trimmed.starts_with("---") || trimmed.starts_with("...") || trimmed.starts_with('%'));
        if document && lines.is_empty() && trimmed.trim_end() == "---" {
            continue;
        }
        if document || trimmed.starts_with('\t') {
            return Err(FORM);
        }
        lines.push(Line { indent, from, to });
    }
    Ok(lines)
}

/// The lines below a member that has nothing on its own line.
fn below(text: &str, block: &[Line], name: &str) -> Result<Vec<Line>, EditError> {
    let part = split(text, block)?.into_iter().find(|part| part.member.name == name);
    let part = part.ok_or(EditError::NoEntry)?;
    // Anything on the line of the name but a comment (an anchor, a tag, a brace) changes what is below.
    let colon = part.member.value.start;
    let own = text[colon..super::body::line_end(text, colon)].trim_start();
    if (own.is_empty() || own.starts_with('#')) && !part.below.is_empty() {
        Ok(part.below)
    } else {
        Err(FORM)
    }
}

/// The lines of one element of a list, without its `- `.
fn element(text: &str, block: &[Line], index: usize) -> Result<Vec<Line>, EditError> {
    let dash = |line: &Line| {
        text[line.from..line.to]
            .strip_prefix('-')
            .filter(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    let indent = block.first().ok_or(FORM)?.indent;
    let mut found: Vec<Vec<Line>> = Vec::new();
    for line in block {
        match (dash(line), line.indent == indent) {
            (Some(rest), true) => {
                let content = rest.trim_start_matches(' ');
                let moved = 1 + rest.len() - content.len();
                let inner = Line {
                    indent: line.indent + moved,
                    from: line.from + moved,
                    to: line.to,
                };
                let has_content = !content.is_empty() && !content.starts_with('#');
                found.push(if has_content { vec![inner] } else { Vec::new() });
            }
            (_, false) if line.indent > indent => found.last_mut().ok_or(FORM)?.push(*line),
            _ => return Err(FORM),
        }
    }
    found.into_iter().nth(index).ok_or(EditError::NoEntry)
}

/// A member of a block.
struct Part {
    member: Member,
    /// The lines below it.
    below: Vec<Line>,
    /// Its end cannot be told by indentation.
    odd: bool,
}

/// The members of a block, each with the lines below it.
fn split(text: &str, block: &[Line]) -> Result<Vec<Part>, EditError> {
    let indent = block.first().ok_or(EditError::NoEntry)?.indent;
    let mut parts: Vec<Part> = Vec::new();
    for line in block {
        let content = &text[line.from..line.to];
        let is_item = content == "-" || content.starts_with("- ");
        if line.indent > indent || (line.indent == indent && is_item) {
            let part = parts.last_mut().ok_or(FORM)?;
            // Nothing in block text is a quote or a comment.
            let block = text[part.member.value.start..].trim_start_matches(' ').starts_with(['|', '>']) && line.indent > indent;
            let length = if block { Some(content.len()) } else { without_comment(content) };
            part.odd |= length.is_none();
            part.member.value.end = line.from + length.unwrap_or(content.len());
            part.below.push(*line);
        } else if line.indent == indent {
            let (name, length) = key(content).ok_or(FORM)?;
            let colon = line.from + length + 1;
            let value = &text[colon..line.to];
            let own = without_comment(value);
            parts.push(Part {
                member: Member {
                    name,
                    key: line.from..line.from + length,
                    value: colon..colon + own.unwrap_or(value.len()),
                },
                below: Vec::new(),
                odd: own.is_none(),
            });
        } else {
            return Err(FORM);
        }
    }
    for part in &mut parts {
        part.odd |= is_odd(&text[part.member.value.clone()], part.below.is_empty());
    }
    Ok(parts)
}

/// The name before a colon, and how many bytes it is written with.
fn key(content: &str) -> Option<(String, usize)> {
    let quote = content.chars().next().filter(|c| ['"', '\''].contains(c));
    let (name, length) = if let Some(quote) = quote {
        let end = content[1..].find(quote)? + 1;
        (&content[1..end], end + 1)
    } else {
        let mut colons = content.match_indices(':');
        let is_end = |at: &usize| content[at + 1..].is_empty() || content[at + 1..].starts_with(' ');
        let end = colons.find_map(|(at, _)| Some(at).filter(is_end))?;
        (&content[..end], end)
    };
    let rest = content[length..].strip_prefix(':')?;
    let plain = !name.is_empty() && !name.contains(['\\', '"', '\'', '#', '{', '[', '&', '*', '!', '|', '>', '?']) && name.trim() == name;
    (plain && (rest.is_empty() || rest.starts_with(' '))).then(|| (name.to_owned(), length))
}

/// How much of a line's value is left without blanks and a comment at its end; `None` where a quoted
/// text goes on in the next line.
fn without_comment(text: &str) -> Option<usize> {
    let mut quote: Option<char> = None;
    let mut before = ' ';
    let mut skip = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some('"') if skip => skip = false,
            Some('"') if c == '\\' => skip = true,
            Some(open) if c == open => quote = None,
            // A quote inside a plain word is a letter of it.
            None if (c == '"' || c == '\'') && " [{,:-".contains(before) => quote = Some(c),
            None if c == '#' && (before == ' ' || before == '\t') => return Some(text[..at].trim_end().len()),
            _ => {}
        }
        before = c;
    }
    quote.is_none().then(|| text.trim_end().len())
}

/// Values whose end indentation does not tell, and those that are said elsewhere.
fn is_odd(value: &str, one_line: bool) -> bool {
    let own = value.lines().next().unwrap_or_default().trim_start();
    let nothing = own.is_empty() || own.starts_with('#');
    let folded = own.starts_with(['|', '>']);
    own.starts_with(['&', '*', '!']) || (!one_line && !nothing && !folded)
}

/// The text with the whole entry written anew, on one line and without its comments: for a patch
/// that a person looks at. `None` where not even its lines can be told.
pub(super) fn rewritten(text: &str, at: &[Step], entry: &[(&String, &Value)]) -> Option<String> {
    let (last, way) = at.split_last()?;
    let mut block = lines(text).ok()?;
    for step in way {
        block = match step {
            Step::Key(name) => below(text, &block, name).ok()?,
            Step::Index(index) => element(text, &block, *index).ok()?,
        };
    }
    let member = |(name, value): &(&String, &Value)| {
        let name = Value::from(name.as_str());
        format!("{name}: {}", super::body::rendered(value, Syntax::Yaml, false))
    };
    let members: Vec<_> = entry.iter().map(member).collect();
    let entry = format!("{{ {} }}", members.join(", "));
    let (range, new) = match last {
        Step::Key(name) => {
            let part = split(text, &block).ok()?.into_iter().find(|part| part.member.name == *name)?;
            (part.member.value.clone(), format!(" {entry}"))
        }
        Step::Index(index) => {
            let lines = element(text, &block, *index).ok()?;
            (lines.first()?.from..lines.last()?.to, entry)
        }
    };
    Some(format!("{}{new}{}", text.get(..range.start)?, text.get(range.end..)?))
}
