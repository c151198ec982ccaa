//! What a file says, whatever it is written in: one tree with lines.
//!
//! A key that stands twice is kept twice and refused where it is looked for: two readers would take
//! two different ones. There is no `Debug`: values of variables are in here for a moment.

use jsonc_parser::ast::Value as Json;
use jsonc_parser::{CollectOptions, ParseOptions};
use serde_json::Value;

use super::read::ReadError;
use super::table::Format;
use super::yaml;

/// A value at its line.
pub(super) struct Node {
    /// From 1.
    pub(super) line: usize,
    /// What it is.
    pub(super) kind: Kind,
}

/// What a value is.
pub(super) enum Kind {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number or a date, as written.
    Number(String),
    /// A text.
    Text(String),
    /// Values.
    List(Vec<Node>),
    /// Values by key, in the file's order.
    Map(Vec<(String, Node)>),
}

/// Deeper than any honest file.
const DEEPEST: usize = 64;

impl Node {
    /// The members, where it is a map.
    pub(super) fn map(&self) -> Option<&[(String, Self)]> {
        match &self.kind {
            Kind::Map(members) => Some(members),
            _ => None,
        }
    }

    pub(super) fn list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn bool(&self) -> Option<bool> {
        match self.kind {
            Kind::Bool(bool) => Some(bool),
            _ => None,
        }
    }

    /// The member with a key, unless it is `null`.
    ///
    /// # Errors
    /// It stands there twice.
    pub(super) fn get(&self, key: &str) -> Result<Option<&Self>, ReadError> {
        let mut found = self.map().unwrap_or_default().iter().filter(|(name, _)| name == key);
        let first = found.next();
        if let Some((_, again)) = found.next() {
            return Err(ReadError::Twice {
                key: key.to_owned(),
                line: again.line,
            });
        }
        Ok(first.map(|(_, node)| node).filter(|node| !matches!(node.kind, Kind::Null)))
    }

    /// As JSON, for a digest, with the values below the given keys left out.
    pub(super) fn without_values(&self, of: &[&str]) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(bool) => (*bool).into(),
            Kind::Number(text) | Kind::Text(text) => text.clone().into(),
            Kind::List(items) => items.iter().map(|item| item.without_values(of)).collect(),
            // A list of pairs: nothing is lost where a key stands twice.
            Kind::Map(members) => members
                .iter()
                .map(|(key, node)| {
                    let value = if of.contains(&key.as_str()) {
                        node.map()
                            .unwrap_or_default()
                            .iter()
                            .map(|(name, _)| Value::from(name.as_str()))
                            .collect()
                    } else {
                        node.without_values(of)
                    };
                    Value::from(vec![Value::from(key.as_str()), value])
                })
                .collect(),
        }
    }
}

/// Lines of a text by offset.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    pub(super) fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|&end| end < offset) + 1
    }
}

/// Reads a text; `None` where there is nothing in it.
pub(super) fn parse(format: Format, text: &str) -> Result<Option<Node>, ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim().is_empty() {
        return Ok(None);
    }
    match format {
        Format::Json | Format::Jsonc => json(text),
        Format::Toml => toml(text).map(Some),
        Format::Yaml => yaml::parse(text),
    }
}

fn json(text: &str) -> Result<Option<Node>, ReadError> {
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = jsonc_parser::parse_to_ast(text, &CollectOptions::default(), &options).map_err(|error| ReadError::Syntax {
        format: "JSON",
        line: Lines::of(text).at(error.range().start),
        what: error.kind().to_string().to_lowercase(),
    })?;
    let lines = Lines::of(text);
    parsed.value.map(|value| of_json(value, &lines, 0)).transpose()
}

fn of_json(value: Json<'_>, lines: &Lines, depth: usize) -> Result<Node, ReadError> {
    use jsonc_parser::common::Ranged as _;
    let line = lines.at(value.range().start);
    if depth > DEEPEST {
        return Err(ReadError::TooDeep { line });
    }
    let kind = match value {
        Json::NullKeyword(_) => Kind::Null,
        Json::BooleanLit(bool) => Kind::Bool(bool.value),
        Json::NumberLit(number) => Kind::Number(number.value.to_owned()),
        Json::StringLit(text) => Kind::Text(text.value.into_owned()),
        Json::Array(array) => Kind::List(
            array
                .elements
                .into_iter()
                .map(|item| of_json(item, lines, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        Json::Object(object) => {
            let member = |property: jsonc_parser::ast::ObjectProp<'_>| {
                let line = lines.at(property.range.start);
                let mut node = of_json(property.value, lines, depth + 1)?;
                node.line = line;
                Ok((property.name.into_string(), node))
            };
            Kind::Map(object.properties.into_iter().map(member).collect::<Result<_, ReadError>>()?)
        }
    };
    Ok(Node { line, kind })
}

fn toml(text: &str) -> Result<Node, ReadError> {
    let lines = Lines::of(text);
    let parsed = toml_edit::Document::parse(text).map_err(|error| ReadError::Syntax {
        format: "TOML",
        line: error.span().map_or(1, |span| lines.at(span.start)),
        what: error.message().lines().next().unwrap_or_default().to_owned(),
    })?;
    of_table(parsed.as_table(), &lines, 1, 0)
}

fn of_table(table: &toml_edit::Table, lines: &Lines, line: usize, depth: usize) -> Result<Node, ReadError> {
    if depth > DEEPEST {
        return Err(ReadError::TooDeep { line });
    }
    let mut members = Vec::new();
    for (key, item) in table {
        let line = item.span().map_or(line, |span| lines.at(span.start));
        members.push((key.to_owned(), of_item(item, lines, line, depth + 1)?));
    }
    Ok(Node {
        line,
        kind: Kind::Map(members),
    })
}

fn of_item(item: &toml_edit::Item, lines: &Lines, line: usize, depth: usize) -> Result<Node, ReadError> {
    let kind = match item {
        toml_edit::Item::None => Kind::Null,
        toml_edit::Item::Value(value) => return of_value(value, lines, line, depth),
        toml_edit::Item::Table(table) => return of_table(table, lines, line, depth),
        toml_edit::Item::ArrayOfTables(tables) => {
            let node = |table: &toml_edit::Table| of_table(table, lines, table.span().map_or(line, |span| lines.at(span.start)), depth + 1);
            Kind::List(tables.iter().map(node).collect::<Result<_, _>>()?)
        }
    };
    Ok(Node { line, kind })
}

fn of_value(value: &toml_edit::Value, lines: &Lines, line: usize, depth: usize) -> Result<Node, ReadError> {
    if depth > DEEPEST {
        return Err(ReadError::TooDeep { line });
    }
    let line = value.span().map_or(line, |span| lines.at(span.start));
    let kind = match value {
        toml_edit::Value::String(text) => Kind::Text(text.value().clone()),
        toml_edit::Value::Boolean(bool) => Kind::Bool(*bool.value()),
        toml_edit::Value::Integer(number) => Kind::Number(number.value().to_string()),
        toml_edit::Value::Float(number) => Kind::Number(number.value().to_string()),
        toml_edit::Value::Datetime(date) => Kind::Number(date.value().to_string()),
        toml_edit::Value::Array(items) => Kind::List(
            items
                .iter()
                .map(|item| of_value(item, lines, line, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        toml_edit::Value::InlineTable(table) => {
            let member = |(key, value): (&str, &toml_edit::Value)| Ok((key.to_owned(), of_value(value, lines, line, depth + 1)?));
            Kind::Map(table.iter().map(member).collect::<Result<_, ReadError>>()?)
        }
    };
    Ok(Node { line, kind })
}
