//! uv's settings: the environment, the user's and the system's `uv.toml`.
//!
//! A project's `uv.toml` and `pyproject.toml` are never read. Indexes for named packages only
//! (`explicit`) and flat ones, which are lists of files without attestations, are passed over.

use std::path::Path;

use toml_edit::{Document, Item, TableLike};

use super::PypiError;
use super::index::Login;
use super::settings::{Entry, Listed, Places, malformed, read};

/// The indexes uv is configured with, in uv's order (measured with uv 0.13).
pub(super) fn listed(places: Places<'_>) -> Result<Listed, PypiError> {
    let mut listed = Listed::default();
    let variables = [
        ("UV_DEFAULT_INDEX", true),
        ("UV_INDEX", false),
        ("UV_EXTRA_INDEX_URL", false),
        ("UV_INDEX_URL", true),
    ];
    for (variable, default) in variables {
        let value = places.var(variable).unwrap_or_default();
        listed
            .entries
            .extend(value.split_whitespace().map(|text| from_variable(text, variable, default)));
    }
    let files = files(places)?;
    // Of each kind the user's come before the system's; `[pip]` before what stands above it.
    let tables = || {
        let pip = files.iter().filter_map(|file| file.pip.as_ref());
        pip.chain(files.iter().map(|file| &file.top))
    };
    listed
        .entries
        .extend(files.iter().flat_map(|file| file.top.indexes.iter().cloned()));
    listed.entries.extend(tables().flat_map(|table| table.extra.iter().cloned()));
    listed.entries.extend(tables().find_map(|table| table.url.clone()));
    listed.no_index = tables().find_map(|table| table.no_index).unwrap_or(false);
    Ok(listed)
}

/// `UV_INDEX_NAME_USERNAME` and `UV_INDEX_NAME_PASSWORD`.
pub(super) fn named_login(places: Places<'_>, name: &str) -> Option<Login> {
    let name: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' })
        .collect();
    let value = |kind: &str| places.var(&format!("UV_INDEX_{name}_{kind}"));
    let (user, password) = (value("USERNAME"), value("PASSWORD"));
    (user.is_some() || password.is_some()).then(|| Login::new(user.unwrap_or_default(), password.unwrap_or_default()))
}

/// `ADDRESS`, or `NAME=ADDRESS`.
fn from_variable(text: &str, variable: &str, default: bool) -> Entry {
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    let (name, address) = match text.split_once('=').filter(|(name, _)| is_name(name)) {
        Some((name, address)) => (Some(name.to_owned()), address),
        None => (None, text),
    };
    Entry {
        name,
        address: address.to_owned(),
        default,
        setting: variable.to_owned(),
    }
}

struct File {
    top: Table,
    pip: Option<Table>,
}

/// What a table of a `uv.toml` says.
#[derive(Default)]
struct Table {
    indexes: Vec<Entry>,
    extra: Vec<Entry>,
    url: Option<Entry>,
    no_index: Option<bool>,
}

fn files(places: Places<'_>) -> Result<Vec<File>, PypiError> {
    if places.flag("UV_NO_CONFIG") {
        return Ok(Vec::new());
    }
    if let Some(path) = places.named_file("UV_CONFIG_FILE")? {
        let text = read(&path)?.ok_or_else(|| malformed(&path, "UV_CONFIG_FILE names it, and it is not there"))?;
        return Ok(vec![parse(&text, &path)?]);
    }
    let mut found = Vec::new();
    if let Some(path) = places.config().map(|folder| folder.join("uv/uv.toml"))
        && let Some(text) = read(&path)?
    {
        found.push(parse(&text, &path)?);
    }
    let system = places.system().into_iter().chain([places.root.join("etc")]);
    for path in system.map(|folder| folder.join("uv/uv.toml")) {
        if let Some(text) = read(&path)? {
            found.push(parse(&text, &path)?);
            break;
        }
    }
    Ok(found)
}

fn parse(text: &str, path: &Path) -> Result<File, PypiError> {
    // The library's own rendering quotes the line, which may hold a password.
    let document = Document::parse(text).map_err(|error| {
        let line = text[..error.span().map_or(0, |span| span.start.min(text.len()))]
            .lines()
            .count()
            .max(1);
        malformed(path, format!("line {line} is not TOML"))
    })?;
    let root = document.as_table();
    Ok(File {
        top: table(root, path)?,
        pip: match root.get("pip") {
            Some(item) => Some(table(item.as_table_like().ok_or_else(|| wrong(path, "pip"))?, path)?),
            None => None,
        },
    })
}

fn table(table: &dyn TableLike, path: &Path) -> Result<Table, PypiError> {
    let entry = |address: &Item, key: &str, default: bool| {
        let address = address.as_str().ok_or_else(|| wrong(path, key))?;
        Ok(Entry {
            name: None,
            address: address.to_owned(),
            default,
            setting: format!("{}: {key}", path.display()),
        })
    };
    let mut found = Table::default();
    if let Some(item) = table.get("index-url") {
        found.url = Some(entry(item, "index-url", true)?);
    }
    if let Some(item) = table.get("extra-index-url") {
        let list = item.as_array().ok_or_else(|| wrong(path, "extra-index-url"))?;
        for value in list {
            found.extra.push(entry(&Item::Value(value.clone()), "extra-index-url", false)?);
        }
    }
    if let Some(item) = table.get("no-index") {
        found.no_index = Some(item.as_bool().ok_or_else(|| wrong(path, "no-index"))?);
    }
    for index in indexes(table, path)? {
        found.indexes.extend(index_entry(index, path)?);
    }
    Ok(found)
}

/// `[[index]]`, or `index = [{ … }]`.
fn indexes<'a>(table: &'a dyn TableLike, path: &Path) -> Result<Vec<&'a dyn TableLike>, PypiError> {
    match table.get("index") {
        None => Ok(Vec::new()),
        Some(Item::ArrayOfTables(tables)) => Ok(tables.iter().map(|table| table as &dyn TableLike).collect()),
        Some(item) => {
            let list = item.as_array().ok_or_else(|| wrong(path, "index"))?;
            let tables = list
                .iter()
                .map(|value| value.as_inline_table().map(|table| table as &dyn TableLike));
            tables.map(|table| table.ok_or_else(|| wrong(path, "index"))).collect()
        }
    }
}

fn index_entry(index: &dyn TableLike, path: &Path) -> Result<Option<Entry>, PypiError> {
    let flag = |key: &str| match index.get(key) {
        None => Ok(false),
        Some(item) => item.as_bool().ok_or_else(|| wrong(path, "index")),
    };
    let text = |key: &str| match index.get(key) {
        None => Ok(None),
        Some(item) => item.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| wrong(path, "index")),
    };
    let (default, explicit) = (flag("default")?, flag("explicit")?);
    let passed_over = (explicit && !default) || text("format")?.as_deref() == Some("flat");
    let entry = Entry {
        name: text("name")?,
        address: text("url")?.ok_or_else(|| wrong(path, "index"))?,
        default,
        setting: format!("{}: index", path.display()),
    };
    Ok((!passed_over).then_some(entry))
}

fn wrong(path: &Path, key: &str) -> PypiError {
    malformed(path, format!("`{key}` is not what uv expects there"))
}
