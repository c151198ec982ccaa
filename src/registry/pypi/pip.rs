//! pip's settings: the environment, the user's and the system's `pip.conf`.
//!
//! Read as `pip install` reads them. The file of a virtual environment (which may be a project's)
//! is not. pip has no order among its indexes; here they are asked as uv would ask them: each
//! `extra-index-url`, then `index-url`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::PypiError;
use super::settings::{Entry, Listed, Places, is_yes, malformed, read};

/// Options by name, with where they stand.
type Options = BTreeMap<String, (String, String)>;

/// The indexes pip is configured with.
pub(super) fn listed(places: Places<'_>) -> Result<Listed, PypiError> {
    // Later ones win: `[global]` in every file, `[install]` in every file, the environment.
    let (mut global, mut install) = (Options::new(), Options::new());
    for path in files(places)? {
        let Some(text) = read(&path)? else { continue };
        for (section, key, value) in parse(&text, &path)? {
            let setting = (value, format!("{}: {key}", path.display()));
            match section.as_str() {
                "global" => global.insert(key, setting),
                "install" => install.insert(key, setting),
                _ => None,
            };
        }
    }
    let option = |key: &str| {
        let variable = format!("PIP_{}", key.to_ascii_uppercase().replace('-', "_"));
        if let Some(value) = places.var(&variable) {
            return Some((value.to_owned(), variable));
        }
        let in_file = |options: &Options| options.get(key).filter(|(value, _)| !value.is_empty()).cloned();
        in_file(&install).or_else(|| in_file(&global))
    };
    let entries = |key: &str, default: bool| {
        let (value, setting) = option(key).unwrap_or_default();
        let addresses: Vec<String> = value.split_whitespace().map(str::to_owned).collect();
        addresses.into_iter().map(move |address| Entry {
            name: None,
            address,
            default,
            setting: setting.clone(),
        })
    };
    Ok(Listed {
        entries: entries("extra-index-url", false).chain(entries("index-url", true)).collect(),
        no_index: option("no-index").is_some_and(|(value, _)| is_yes(&value)),
    })
}

/// The files, later ones winning. One that `PIP_CONFIG_FILE` names stands for the user's.
fn files(places: Places<'_>) -> Result<Vec<PathBuf>, PypiError> {
    let named = places.named_file("PIP_CONFIG_FILE")?;
    if named.as_deref() == Some(Path::new("/dev/null")) {
        return Ok(Vec::new());
    }
    let mut folders: Vec<PathBuf> = Vec::new();
    if cfg!(target_os = "macos") {
        folders.push(places.root.join("Library/Application Support/pip"));
    } else {
        folders.extend(places.system().into_iter().map(|folder| folder.join("pip")));
        folders.push(places.root.join("etc"));
    }
    if !named.as_ref().is_some_and(|path| path.exists()) {
        folders.extend(places.home().map(|home| home.join(".pip")));
        folders.extend(places.config().map(|config| config.join("pip")));
        if cfg!(target_os = "macos") {
            folders.extend(places.home().map(|home| home.join("Library/Application Support/pip")));
        }
    }
    let files = folders.into_iter().map(|folder| folder.join("pip.conf"));
    Ok(files.chain(named).collect())
}

/// Section, key and value of each setting, in order: Python's `RawConfigParser`, as pip uses it.
fn parse(text: &str, path: &Path) -> Result<Vec<(String, String, String)>, PypiError> {
    let mut found: Vec<(String, String, String)> = Vec::new();
    let mut section = None;
    let mut continues = false;
    for (number, line) in text.lines().enumerate() {
        // No line is quoted: it may hold a password.
        let wrong = || malformed(path, format!("line {} is not a setting", number + 1));
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if continues && line.starts_with([' ', '\t']) {
            let (_, _, value) = found.last_mut().ok_or_else(wrong)?;
            value.push('\n');
            value.push_str(trimmed);
            continue;
        }
        continues = false;
        if let Some(name) = trimmed.strip_prefix('[') {
            section = Some(name.split_once(']').ok_or_else(wrong)?.0.to_owned());
            continue;
        }
        let (key, value) = trimmed.split_once(['=', ':']).ok_or_else(wrong)?;
        let key = key.trim().to_ascii_lowercase().replace('_', "-");
        let key = key.strip_prefix("--").unwrap_or(&key).to_owned();
        found.push((section.clone().ok_or_else(wrong)?, key, value.trim().to_owned()));
        continues = true;
    }
    Ok(found)
}
