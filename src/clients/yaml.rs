//! The part of YAML that clients' files are written in: block maps and lists, plain and quoted texts,
//! `[...]` and `{...}` on one line, comments.
//!
//! Anything else (anchors, aliases, tags, merge keys, texts over several lines, several documents) is
//! an error and the file is unread: YAML's readers differ, and a guess would be somebody's way past
//! the check. Block texts (`|`, `>`) are stepped over and are never taken for a command.

use super::read::ReadError;
use super::tree::{Kind, Node};

/// Deeper than any honest file.
const DEEPEST: usize = 64;

struct Line<'a> {
    number: usize,
    indent: usize,
    text: &'a str,
}

struct Reader<'a> {
    lines: Vec<Line<'a>>,
    at: usize,
}

/// Reads a text; `None` where it holds nothing.
pub(super) fn parse(text: &str) -> Result<Option<Node>, ReadError> {
    let mut lines = Vec::new();
    for (number, raw) in text.lines().enumerate() {
        let body = raw.trim_start_matches(' ');
        lines.push(Line {
            number: number + 1,
            indent: raw.len() - body.len(),
            text: body.trim_end(),
        });
    }
    let mut reader = Reader { lines, at: 0 };
    if reader.peek()?.is_some_and(|line| line.indent == 0 && line.text == "---") {
        reader.at += 1;
    }
    if reader.peek()?.is_none() {
        return Ok(None);
    }
    let node = reader.block(0)?;
    match reader.peek()? {
        None => Ok(Some(node)),
        Some(line) => Err(syntax(line.number, "a line that does not belong to what stands above it")),
    }
}

fn syntax(line: usize, what: &str) -> ReadError {
    ReadError::Syntax {
        format: "YAML",
        line,
        what: what.to_owned(),
    }
}

fn is_item(text: &str) -> bool {
    text == "-" || text.starts_with("- ")
}

impl<'a> Reader<'a> {
    /// The next line that is neither empty nor a comment.
    fn peek(&mut self) -> Result<Option<&Line<'a>>, ReadError> {
        while self
            .lines
            .get(self.at)
            .is_some_and(|line| line.text.is_empty() || line.text.starts_with('#'))
        {
            self.at += 1;
        }
        let Some(line) = self.lines.get(self.at) else { return Ok(None) };
        if line.text.starts_with('\t') {
            return Err(syntax(line.number, "a tab where blanks indent"));
        }
        let marker = |word: &str| line.text == word || line.text.starts_with(&format!("{word} "));
        if self.at > 0
            && line.indent == 0
            && (marker("---") || marker("..."))
            && self.lines[..self.at]
                .iter()
                .any(|line| line.text == "---" || !(line.text.is_empty() || line.text.starts_with('#')))
        {
            return Err(syntax(line.number, "more than one document"));
        }
        Ok(Some(line))
    }

    fn block(&mut self, depth: usize) -> Result<Node, ReadError> {
        let Some(line) = self.peek()? else {
            return Ok(Node { line: 1, kind: Kind::Null });
        };
        let (number, indent, text) = (line.number, line.indent, line.text);
        if depth > DEEPEST {
            return Err(ReadError::TooDeep { line: number });
        }
        if is_item(text) {
            return self.items(indent, depth);
        }
        if split_key(text, number)?.is_some() {
            return self.members(indent, depth);
        }
        self.at += 1;
        inline(text, number)
    }

    fn items(&mut self, indent: usize, depth: usize) -> Result<Node, ReadError> {
        let mut items = Vec::new();
        let mut first = None;
        while let Some(line) = self.peek()? {
            if line.indent < indent || (line.indent == indent && !is_item(line.text)) {
                break;
            }
            let (number, text) = (line.number, line.text);
            if line.indent > indent {
                return Err(syntax(number, "a text over several lines, or a line that is indented too far"));
            }
            first.get_or_insert(number);
            let rest = text[1..].trim_start_matches(' ');
            if rest.is_empty() || rest.starts_with('#') {
                self.at += 1;
                let deeper = self.peek()?.is_some_and(|line| line.indent > indent);
                items.push(if deeper {
                    self.block(depth + 1)?
                } else {
                    Node {
                        line: number,
                        kind: Kind::Null,
                    }
                });
            } else if is_item(rest) || split_key(rest, number)?.is_some() {
                let column = indent + (text.len() - rest.len());
                let at = self.at;
                self.lines[at] = Line {
                    number,
                    indent: column,
                    text: rest,
                };
                items.push(self.block(depth + 1)?);
            } else {
                self.at += 1;
                items.push(self.scalar(rest, number, indent)?);
            }
        }
        Ok(Node {
            line: first.unwrap_or(1),
            kind: Kind::List(items),
        })
    }

    fn members(&mut self, indent: usize, depth: usize) -> Result<Node, ReadError> {
        let mut members = Vec::new();
        let mut first = None;
        while let Some(line) = self.peek()? {
            if line.indent < indent || (line.indent == indent && is_item(line.text)) {
                break;
            }
            let (number, text) = (line.number, line.text);
            if line.indent > indent {
                return Err(syntax(number, "a text over several lines, or a line that is indented too far"));
            }
            let Some((key, rest)) = split_key(text, number)? else {
                return Err(syntax(number, "neither `key: value` nor a list"));
            };
            first.get_or_insert(number);
            self.at += 1;
            let mut node = if rest.is_empty() || rest.starts_with('#') {
                let below = self.peek()?.map(|line| (line.indent, is_item(line.text)));
                match below {
                    Some((deep, _)) if deep > indent => self.block(depth + 1)?,
                    Some((same, true)) if same == indent => self.items(indent, depth + 1)?,
                    _ => Node {
                        line: number,
                        kind: Kind::Null,
                    },
                }
            } else {
                self.scalar(rest, number, indent)?
            };
            node.line = number;
            members.push((key, node));
        }
        Ok(Node {
            line: first.unwrap_or(1),
            kind: Kind::Map(members),
        })
    }

    /// A value on its own line, or a block text below it.
    fn scalar(&mut self, text: &str, number: usize, indent: usize) -> Result<Node, ReadError> {
        if !text.starts_with(['|', '>']) {
            return inline(text, number);
        }
        let header = text[1..].split(" #").next().unwrap_or_default().trim_end();
        if !header.chars().all(|c| "+-".contains(c)) {
            return Err(syntax(number, "a block text with an indentation of its own"));
        }
        let mut raw = String::new();
        while let Some(line) = self.lines.get(self.at).filter(|line| line.text.is_empty() || line.indent > indent) {
            raw.push_str(line.text);
            raw.push('\n');
            self.at += 1;
        }
        Ok(Node {
            line: number,
            kind: Kind::Number(raw),
        })
    }
}

/// The key at the start of a line, and what follows its colon.
fn split_key(text: &str, line: usize) -> Result<Option<(String, &str)>, ReadError> {
    if text.starts_with(['"', '\'']) {
        let (key, rest) = quoted(text, line)?;
        let rest = rest.trim_start();
        return Ok(match rest.strip_prefix(':') {
            Some(after) if after.is_empty() || after.starts_with(' ') => Some((key, after.trim_start())),
            _ => None,
        });
    }
    if text.starts_with(['[', '{', '|', '>']) {
        return Ok(None);
    }
    let end = text.find(" #").unwrap_or(text.len());
    let colon = text[..end]
        .match_indices(':')
        .map(|(at, _)| at)
        .find(|&at| matches!(text.as_bytes().get(at + 1), None | Some(b' ')));
    let Some(colon) = colon else { return Ok(None) };
    let key = text[..colon].trim_end();
    if key.is_empty() || key == "<<" || key.starts_with(['&', '*', '!', '?', '%', '@', '`', ',', ']', '}']) {
        return Err(syntax(
            line,
            "an anchor, an alias, a tag, a merge key or another kind of key that is not read",
        ));
    }
    if key.contains(['"', '\t']) {
        return Err(syntax(line, "a key that readers take differently"));
    }
    Ok(Some((key.to_owned(), text[colon + 1..].trim_start())))
}

/// A value that stands on one line.
fn inline(text: &str, line: usize) -> Result<Node, ReadError> {
    let (kind, rest) = match text.as_bytes().first() {
        Some(b'"' | b'\'') => {
            let (text, rest) = quoted(text, line)?;
            (Kind::Text(text), rest)
        }
        Some(b'[' | b'{') => flow(text, line, 0)?,
        _ => (plain(text.split(" #").next().unwrap_or_default().trim_end(), line)?, ""),
    };
    let after = rest.trim_start();
    if after.is_empty() || (after.starts_with('#') && after.len() < rest.len()) {
        Ok(Node { line, kind })
    } else {
        Err(syntax(line, "something after the end of a value"))
    }
}

fn plain(text: &str, line: usize) -> Result<Kind, ReadError> {
    if text.starts_with(['&', '*', '!', '|', '>', '%', '@', '`', ',', ']', '}', '"', '\'']) || text.starts_with("? ") || is_item(text) {
        return Err(syntax(line, "an anchor, an alias, a tag or another sign that is not read"));
    }
    if text.contains(": ") || text.ends_with(':') || text.contains('\t') {
        return Err(syntax(line, "a text that readers take differently"));
    }
    Ok(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        text if is_number(text) => Kind::Number(text.to_owned()),
        text => Kind::Text(text.to_owned()),
    })
}

/// Whether any reader may take a text for a number: digits, and what may stand with them.
fn is_number(text: &str) -> bool {
    let body = text.trim_start_matches(['+', '-']);
    let special = [".inf", ".nan"].contains(&body.to_ascii_lowercase().as_str());
    let starts =
        body.starts_with(|c: char| c.is_ascii_digit()) || (body.starts_with('.') && body[1..].starts_with(|c: char| c.is_ascii_digit()));
    special || (starts && body.bytes().all(|b| b.is_ascii_hexdigit() || b"_.:+-xo".contains(&b)))
}

/// A quoted text at the start, and what follows it.
fn quoted(text: &str, line: usize) -> Result<(String, &str), ReadError> {
    let open = || syntax(line, "a quoted text that does not end on its line");
    let double = text.starts_with('"');
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' if double => return Ok((out, &text[at + 1..])),
            '\'' if !double => {
                if chars.next_if(|&(_, next)| next == '\'').is_some() {
                    out.push('\'');
                } else {
                    return Ok((out, &text[at + 1..]));
                }
            }
            '\\' if double => {
                let (_, kind) = chars.next().ok_or_else(open)?;
                let length = match kind {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                let hex: String = chars.by_ref().take(length).map(|(_, c)| c).collect();
                out.push(escaped(kind, &hex).ok_or_else(|| syntax(line, "an escape that is not read"))?);
            }
            c => out.push(c),
        }
    }
    Err(open())
}

fn escaped(kind: char, hex: &str) -> Option<char> {
    Some(match kind {
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        '0' => '\0',
        '"' | '\\' | '/' | ' ' => kind,
        'x' | 'u' | 'U' if hex.bytes().all(|b| b.is_ascii_hexdigit()) => char::from_u32(u32::from_str_radix(hex, 16).ok()?)?,
        _ => return None,
    })
}

/// `[...]` or `{...}` at the start, and what follows it.
fn flow(text: &str, line: usize, depth: usize) -> Result<(Kind, &str), ReadError> {
    if depth > DEEPEST {
        return Err(ReadError::TooDeep { line });
    }
    let list = text.starts_with('[');
    let close = if list { ']' } else { '}' };
    let open = || syntax(line, "a list or map that does not end on its line");
    let (mut items, mut members) = (Vec::new(), Vec::new());
    let mut rest = text[1..].trim_start();
    loop {
        if let Some(after) = rest.strip_prefix(close) {
            return Ok((if list { Kind::List(items) } else { Kind::Map(members) }, after));
        }
        if list {
            let (node, after) = flow_value(rest, line, depth)?;
            items.push(node);
            rest = after;
        } else {
            let (key, after) = flow_value(rest, line, depth)?;
            let Kind::Text(key) = key.kind else {
                return Err(syntax(line, "a key that is no text"));
            };
            let after = after.trim_start().strip_prefix(':').ok_or_else(open)?;
            let (node, after) = flow_value(after.trim_start(), line, depth)?;
            members.push((key, node));
            rest = after;
        }
        rest = rest.trim_start();
        match rest.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None if rest.starts_with(close) => {}
            None => return Err(open()),
        }
    }
}

fn flow_value(text: &str, line: usize, depth: usize) -> Result<(Node, &str), ReadError> {
    let (kind, rest) = match text.as_bytes().first() {
        Some(b'"' | b'\'') => {
            let (text, rest) = quoted(text, line)?;
            (Kind::Text(text), rest)
        }
        Some(b'[' | b'{') => flow(text, line, depth + 1)?,
        _ => {
            let ends = |(at, c): (usize, char)| match c {
                ',' | ']' | '}' | '[' | '{' => true,
                ':' => matches!(text.as_bytes().get(at + 1), None | Some(b' ' | b',' | b']' | b'}')),
                '#' => at > 0 && text.as_bytes()[at - 1] == b' ',
                _ => false,
            };
            let end = text.char_indices().find(|&found| ends(found)).map_or(text.len(), |(at, _)| at);
            (plain(text[..end].trim_end(), line)?, &text[end..])
        }
    };
    Ok((Node { line, kind }, rest))
}
