//! JSON, with comments and trailing commas where the file has them.

use std::ops::Range;

use super::EditError;
use super::body::{Between, Body, Member, Syntax};
use crate::clients::Step;
use jsonc_parser::ast::{Object, Value as Node};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};

/// What some editors put before everything else.
const MARK: &str = "\u{feff}";

/// Comments and trailing commas, and nothing else that JSON has not.
const OPTIONS: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_loose_object_property_names: false,
    allow_trailing_commas: true,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

/// Hands the parsed text on, with the number of bytes before it.
fn parsed<T>(text: &str, then: impl FnOnce(&Node<'_>, usize) -> Result<T, EditError>) -> Result<T, EditError> {
    let rest = text.strip_prefix(MARK).unwrap_or(text);
    let read = parse_to_ast(rest, &CollectOptions::default(), &OPTIONS);
    let read = read.map_err(|error| EditError::Unreadable(error.to_string()))?;
    match &read.value {
        Some(value) => then(value, text.len() - rest.len()),
        None => Err(EditError::Unreadable("it is empty".to_owned())),
    }
}

pub(super) fn body(text: &str, at: &[Step]) -> Result<Body, EditError> {
    parsed(text, |root, offset| {
        let node = at.iter().try_fold(root, step).ok_or(EditError::NoEntry)?;
        let Node::Object(object) = node else {
            return Err(EditError::NoEntry);
        };
        Ok(of_object(object, offset))
    })
}

fn step<'a, 'b>(node: &'b Node<'a>, step: &Step) -> Option<&'b Node<'a>> {
    match step {
        Step::Key(name) => {
            let mut found = node
                .as_object()?
                .properties
                .iter()
                .filter(|property| property.name.as_str() == name);
            found.next().map(|property| &property.value)
        }
        Step::Index(index) => node.as_array()?.elements.get(*index),
    }
}

fn of_object(object: &Object<'_>, offset: usize) -> Body {
    let range = |ranged: jsonc_parser::common::Range| -> Range<usize> { ranged.start + offset..ranged.end + offset };
    let members = object.properties.iter().map(|property| Member {
        name: property.name.as_str().to_owned(),
        key: range(property.name.range()),
        value: range(property.value.range()),
    });
    Body {
        span: range(object.range),
        members: members.collect(),
        between: Between::Commas,
        syntax: Syntax::Json,
    }
}
