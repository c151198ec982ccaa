//! Edits that keep comments, order and formatting of everything they do not concern.
//!
//! Every edit is checked by reading its result: it must be the old manifest with exactly the asked
//! change. A text that is laid out in a way this module does not understand is refused, never
//! damaged.

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use super::{Manifest, ManifestError, Scope, ServerEntry, parse};
use crate::model::{CwdRule, HeaderRule, IdentityRule, RemoteSettings, RemoteTransport, ServerName, Source};

/// Why an edit was not made. The text is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The manifest has problems already, which come first.
    #[error(transparent)]
    Invalid(#[from] ManifestError),
    /// There is a server of this name.
    #[error("server `{0}` is already in the manifest")]
    Exists(ServerName),
    /// There is no server of this name.
    #[error("server `{0}` is not in the manifest")]
    Missing(ServerName),
    /// The file is valid, but laid out in a way that this edit would damage.
    #[error("the manifest is laid out in a way that cannot be edited safely")]
    Layout,
}

impl EditError {
    /// What to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Invalid(error) => error.hint(),
            Self::Exists(name) => Some(format!("choose another name with `--name`, or run `mcp-pin remove {name}` first")),
            Self::Missing(_) => Some("`mcp-pin list` shows the names".into()),
            Self::Layout => Some("edit the file by hand, with one `[servers.NAME]` table a server".into()),
        }
    }
}

/// The text with a `[servers.NAME]` table after the other servers. An empty text is a new file.
pub fn add_server(text: &str, name: &ServerName, entry: &ServerEntry) -> Result<String, EditError> {
    let mut expected = read(text)?;
    if expected.servers.insert(name.clone(), entry.clone()).is_some() {
        return Err(EditError::Exists(name.clone()));
    }
    let mut document = document(text)?;
    let servers = document.as_table_mut().entry("servers").or_insert_with(|| {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    });
    let fields = fields(entry);
    match servers {
        Item::Table(table) => {
            let mut new = Table::new();
            for (key, value) in fields {
                new.insert(key, Item::Value(value));
            }
            table.insert(name.as_str(), Item::Table(new));
        }
        Item::Value(Value::InlineTable(table)) => {
            let mut new = InlineTable::new();
            for (key, value) in fields {
                new.insert(key, value);
            }
            table.insert(name.as_str(), Value::InlineTable(new));
        }
        _ => return Err(EditError::Layout),
    }
    confirm(document.to_string(), &expected)
}

/// The text without the server's table and the comment that stands directly above it.
pub fn remove_server(text: &str, name: &ServerName) -> Result<String, EditError> {
    let mut expected = read(text)?;
    if expected.servers.remove(name).is_none() {
        return Err(EditError::Missing(name.clone()));
    }
    let mut document = document(text)?;
    let removed = servers_of(&mut document)?.remove(name.as_str());
    if let Some(Item::Table(table)) = removed {
        let prefix = table.decor().prefix().and_then(|raw| raw.as_str()).unwrap_or_default();
        // What a blank line parts from the table, a file's own heading perhaps, is not about it.
        let kept = prefix
            .rfind("\n\n")
            .or_else(|| prefix.rfind("\n\r\n"))
            .map_or("", |at| &prefix[..at]);
        if !kept.trim().is_empty() {
            keep_comment(&mut document, kept, table.position());
        }
    }
    // Where the first table went, the blank line that stood before the second goes too.
    let left = document.to_string();
    let left = if text.starts_with('\n') {
        &left
    } else {
        left.trim_start_matches('\n')
    };
    confirm(left.to_owned(), &expected)
}

/// The text with another `source` for the server, and everything else as it was.
pub fn set_source(text: &str, name: &ServerName, source: &Source) -> Result<String, EditError> {
    let mut expected = read(text)?;
    let entry = expected.servers.get_mut(name).ok_or_else(|| EditError::Missing(name.clone()))?;
    entry.source = source.clone();
    let mut document = document(text)?;
    let value = servers_of(&mut document)?
        .get_mut(name.as_str())
        .and_then(Item::as_table_like_mut)
        .and_then(|server| server.get_mut("source"))
        .and_then(Item::as_value_mut)
        .ok_or(EditError::Layout)?;
    let decor = value.decor().clone();
    *value = Value::from(source.to_string());
    *value.decor_mut() = decor;
    confirm(document.to_string(), &expected)
}

/// The text with the server's keys set to an entry's. Only keys whose meaning differs are touched:
/// comments, order, position and the spelling of everything else stay. A key that goes away takes
/// its own comment along.
///
/// `evidence` and `identity` never go away by this: an entry without them leaves the user's demands
/// as they stand; and `guard` is never touched. The attack: an install of the same name that takes
/// the demand for a signature, or a rule, with it.
pub fn set_server(text: &str, name: &ServerName, entry: &ServerEntry) -> Result<String, EditError> {
    let mut expected = read(text)?;
    let known = expected.servers.remove(name).ok_or_else(|| EditError::Missing(name.clone()))?;
    let entry = ServerEntry {
        evidence: entry.evidence.or(known.evidence),
        identity: entry.identity.clone().or_else(|| known.identity.clone()),
        guard: known.guard.clone(),
        ..entry.clone()
    };
    let (before, after) = (fields(&known), fields(&entry));
    expected.servers.insert(name.clone(), entry);
    let mut document = document(text)?;
    let table = servers_of(&mut document)?
        .get_mut(name.as_str())
        .and_then(Item::as_table_like_mut)
        .ok_or(EditError::Layout)?;
    for (key, _) in &before {
        if !after.iter().any(|(kept, _)| kept == key) {
            table.remove(key);
        }
    }
    for (key, value) in after {
        let same = before
            .iter()
            .any(|(known, old)| *known == key && old.to_string() == value.to_string());
        match table.get_mut(key).and_then(Item::as_value_mut) {
            _ if same => {}
            Some(place) => replace(place, value),
            None => drop(table.insert(key, Item::Value(value))),
        }
    }
    confirm(document.to_string(), &expected)
}

/// Another value in the same place, with the comments that stand around the old one and, in a
/// list, around each of its items.
fn replace(place: &mut Value, new: Value) {
    if let (Value::Array(list), Value::Array(new)) = (&mut *place, &new) {
        replace_items(list, new);
        return;
    }
    let decor = place.decor().clone();
    *place = new;
    *place.decor_mut() = decor;
}

fn replace_items(list: &mut Array, new: &Array) {
    let text = |raw: Option<&toml_edit::RawString>| raw.and_then(|raw| raw.as_str()).unwrap_or_default().to_owned();
    while list.len() > new.len() {
        let removed = list.remove(list.len() - 1);
        // What stands before an item, up to its own line, is about the item before it.
        let before = text(removed.decor().prefix());
        if let Some(end) = before.rfind('\n') {
            list.set_trailing(&before[..=end]);
        }
    }
    let indent = list.iter().next().map(|first| text(first.decor().prefix())).unwrap_or_default();
    let indent = indent.rfind('\n').map(|at| indent[at + 1..].to_owned());
    for (at, value) in new.iter().enumerate() {
        match (list.get_mut(at), &indent) {
            (Some(place), _) if place.as_str() == value.as_str() => {}
            (Some(place), _) => replace(place, value.clone()),
            (None, Some(indent)) => {
                let trailing = text(Some(list.trailing()));
                let line = trailing.rfind('\n').map_or("\n", |end| &trailing[..=end]);
                let mut value = value.clone();
                value.decor_mut().set_prefix(format!("{line}{indent}"));
                list.push_formatted(value);
                list.set_trailing("\n");
            }
            (None, None) => list.push(value.clone()),
        }
    }
}

/// The widest scope: whose file it is was checked when it was read for use.
fn read(text: &str) -> Result<Manifest, ManifestError> {
    parse(text, Scope::User)
}

fn document(text: &str) -> Result<DocumentMut, EditError> {
    text.parse().map_err(|_| EditError::Layout)
}

fn servers_of(document: &mut DocumentMut) -> Result<&mut dyn TableLike, EditError> {
    let servers = document.as_table_mut().get_mut("servers");
    servers.and_then(Item::as_table_like_mut).ok_or(EditError::Layout)
}

fn confirm(text: String, expected: &Manifest) -> Result<String, EditError> {
    match read(&text) {
        Ok(manifest) if manifest == *expected => Ok(text),
        _ => Err(EditError::Layout),
    }
}

/// The keys an entry needs, without those that have their usual value. Rules of the guard are written
/// by people alone.
fn fields(entry: &ServerEntry) -> Vec<(&'static str, Value)> {
    let ServerEntry {
        source,
        args,
        env,
        cwd,
        network,
        bin,
        evidence,
        identity,
        command,
        remote,
        guard: _,
    } = entry;
    let RemoteSettings {
        transport,
        headers,
        tls_key,
        private,
    } = remote;
    let list = |list: &[String]| (!list.is_empty()).then(|| Value::Array(list.iter().map(String::as_str).collect::<Array>()));
    [
        ("source", Some(Value::from(source.to_string()))),
        ("bin", bin.as_deref().map(Value::from)),
        ("command", list(command)),
        ("args", list(args)),
        ("env", list(env)),
        ("cwd", (*cwd != CwdRule::Empty).then(|| Value::from(cwd.as_str()))),
        ("network", network.then(|| Value::from(true))),
        ("evidence", evidence.map(|level| Value::from(level.to_string()))),
        ("identity", identity.as_ref().map(identity_table)),
        ("headers", (!headers.is_empty()).then(|| header_table(headers))),
        (
            "transport",
            (*transport != RemoteTransport::default()).then(|| Value::from(transport.as_str())),
        ),
        ("tls-key", tls_key.as_ref().map(|digest| Value::from(format!("sha256:{digest}")))),
        ("private", private.then(|| Value::from(true))),
    ]
    .into_iter()
    .filter_map(|(key, value)| Some((key, value?)))
    .collect()
}

/// Headers as the reader takes them.
fn header_table(headers: &[HeaderRule]) -> Value {
    let mut table = InlineTable::new();
    for rule in headers {
        table.insert(rule.name(), Value::from(rule.template()));
    }
    Value::InlineTable(table)
}

/// An identity rule as the reader takes it.
fn identity_table(rule: &IdentityRule) -> Value {
    let IdentityRule {
        issuer,
        signer,
        repository,
        workflow,
        git_ref,
    } = rule;
    let members = [
        ("issuer", issuer),
        ("signer", signer),
        ("repository", repository),
        ("workflow", workflow),
        ("ref", git_ref),
    ];
    let mut table = InlineTable::new();
    for (key, value) in members {
        if let Some(value) = value {
            table.insert(key, Value::from(value.as_str()));
        }
    }
    Value::InlineTable(table)
}

/// Puts a comment before the table that follows `position`, or at the end of the file.
fn keep_comment(document: &mut DocumentMut, comment: &str, position: Option<isize>) {
    let mut positions = Vec::new();
    each_table(document.as_table_mut(), &mut |table| positions.extend(table.position()));
    let next = positions.into_iter().filter(|at| Some(*at) > position).min();
    let Some(next) = next else {
        let trailing = document.trailing().as_str().unwrap_or_default();
        document.set_trailing(format!("{comment}\n{trailing}"));
        return;
    };
    each_table(document.as_table_mut(), &mut |table| {
        if table.position() == Some(next) {
            let prefix = table.decor().prefix().and_then(|raw| raw.as_str()).unwrap_or_default();
            let joined = format!("{comment}\n{prefix}");
            table.decor_mut().set_prefix(joined);
        }
    });
}

fn each_table(table: &mut Table, visit: &mut dyn FnMut(&mut Table)) {
    for (_, item) in table.iter_mut() {
        if let Item::Table(child) = item {
            if !child.is_implicit() && !child.is_dotted() {
                visit(child);
            }
            each_table(child, visit);
        }
    }
}
