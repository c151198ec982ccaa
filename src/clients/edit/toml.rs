//! TOML: tables with a header of their own, and inline tables.

use toml_edit::{Document, Item, Table, TableLike, Value as Node};

use super::EditError;
use super::body::{Between, Body, Member, Syntax};
use crate::clients::Step;

fn document(text: &str) -> Result<Document<&str>, EditError> {
    Document::parse(text).map_err(|error| EditError::Unreadable(error.message().to_owned()))
}

pub(super) fn body(text: &str, at: &[Step]) -> Result<Body, EditError> {
    let document = document(text)?;
    let mut item = document.as_item();
    for step in at {
        let next = match step {
            Step::Key(name) => item.as_table_like().and_then(|table| table.get(name)),
            Step::Index(index) => item.as_array_of_tables().and_then(|tables| tables.get(*index)).and(None),
        };
        item = next.ok_or(EditError::NoEntry)?;
    }
    match item {
        Item::Table(table) if table.is_dotted() || table.is_implicit() => Err(EditError::Layout("it has no table of its own")),
        Item::Table(table) => lines(text, document.as_item(), table),
        Item::Value(Node::InlineTable(table)) => {
            let span = table.span().ok_or(UNKNOWN)?;
            Ok(Body {
                span,
                members: members(table)?,
                between: Between::Commas,
                syntax: Syntax::Toml,
            })
        }
        _ => Err(EditError::NoEntry),
    }
}

const UNKNOWN: EditError = EditError::Layout("it cannot be told where a member ends");

/// A table below its own header. Tables below it are written elsewhere and are no members here.
fn lines(text: &str, root: &Item, table: &Table) -> Result<Body, EditError> {
    let mut members = members(table)?;
    members.sort_by_key(|member| member.key.start);
    let start = table.span().ok_or(UNKNOWN)?.start;
    let mut starts = Vec::new();
    headers(root, &mut starts);
    // Comments and blanks behind the last member are the entry's too: an edit may have reached them.
    let end = starts.into_iter().filter(|&other| other > start).min().unwrap_or(text.len());
    Ok(Body {
        span: start..end,
        members,
        between: Between::Lines,
        syntax: Syntax::Toml,
    })
}

/// Where every table that has a header of its own starts. A bracket in the text may be anything.
fn headers(item: &Item, starts: &mut Vec<usize>) {
    let mut of_table = |table: &Table| {
        if !table.is_dotted() && !table.is_implicit() {
            starts.extend(table.span().map(|span| span.start));
        }
        for (_, item) in table {
            headers(item, starts);
        }
    };
    match item {
        Item::Table(table) => of_table(table),
        Item::ArrayOfTables(tables) => tables.iter().for_each(of_table),
        _ => {}
    }
}

fn members(table: &dyn TableLike) -> Result<Vec<Member>, EditError> {
    let mut members = Vec::new();
    for (name, item) in table.iter() {
        // A table with a header of its own is not written here; one by dotted keys has no one place.
        let Item::Value(value) = item else { continue };
        if value.as_inline_table().is_some_and(toml_edit::InlineTable::is_dotted) {
            continue;
        }
        let (key, _) = table.get_key_value(name).ok_or(UNKNOWN)?;
        members.push(Member {
            name: name.to_owned(),
            key: key.span().ok_or(UNKNOWN)?,
            value: value.span().ok_or(UNKNOWN)?,
        });
    }
    Ok(members)
}
