//! From a file's text to its entries.

use serde_json::Value;

use super::entry::{At, Entry, EntryScope, Header, Launch, RemoteEntry, Stdio, Step};
use super::shown::is_variable;
use super::table::Place;
use super::tree::{self, Kind, Node};
use crate::model::{RemoteTransport, Sha256Digest};

/// Why a file is unread. Whoever wrote the file is at fault, or it uses what is not read here; never
/// taken for "no servers".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not what its format allows, or more than is read of it.
    #[error("line {line} is no {format} that is read here: {what}")]
    Syntax {
        /// The format.
        format: &'static str,
        /// The line, from 1.
        line: usize,
        /// Why.
        what: String,
    },
    /// Two readers would take two different values.
    #[error("`{key}` stands twice in one place, the second time in line {line}: clients differ in which one they take")]
    Twice {
        /// The key.
        key: String,
        /// The second one's line.
        line: usize,
    },
    /// Nested deeper than any honest file.
    #[error("line {line} is nested too deep")]
    TooDeep {
        /// The line.
        line: usize,
    },
    /// Where servers belong stands something else.
    #[error("`{key}` in line {line} is neither a map nor a list of servers")]
    NoServers {
        /// The key.
        key: String,
        /// The line.
        line: usize,
    },
    /// More entries than anybody has.
    #[error("it names more than {most} servers")]
    TooMany {
        /// The limit.
        most: usize,
    },
}

/// More than anybody has.
const MOST: usize = 2000;
/// The keys of every client for one thing.
const URLS: [&str; 4] = ["url", "serverUrl", "httpUrl", "uri"];
const ENVS: [&str; 3] = ["env", "envs", "environment"];
const HEADERS: [&str; 2] = ["headers", "http_headers"];
const FOLDERS: [&str; 2] = ["cwd", "working_directory"];
/// Members below which values are never looked at.
const VALUES: [&str; 6] = ["env", "envs", "environment", "headers", "http_headers", "inputs"];

/// Reads the entries of a file of a client. Every client's spelling is understood in every file.
///
/// # Errors
/// The file is not what it must be, or a key that counts stands twice.
pub fn read(place: &Place, text: &str) -> Result<Vec<Entry>, ReadError> {
    let Some(root) = tree::parse(place.format, text)? else {
        return Ok(Vec::new());
    };
    let mut entries = Vec::new();
    let mut plain_found = false;
    for container in place.containers {
        let variable = container.contains(&"*");
        if plain_found && !variable {
            continue;
        }
        let found = containers(&root, container)?;
        for (steps, folder, node) in found {
            if entry_like(node) && !container.is_empty() {
                continue;
            }
            plain_found |= !variable;
            let scope = folder.map_or(EntryScope::Of(place.scope), |folder| EntryScope::Local { folder });
            collect(node, &steps, &scope, container, &mut entries)?;
        }
    }
    Ok(entries)
}

/// The folders that a file names with their servers, whether they have any: Claude Code's file holds
/// every project it was started in.
///
/// # Errors
/// As [`read`].
pub fn folders(place: &Place, text: &str) -> Result<Vec<String>, ReadError> {
    let Some(root) = tree::parse(place.format, text)? else {
        return Ok(Vec::new());
    };
    let mut folders = Vec::new();
    for container in place.containers {
        if let Some(at) = container.iter().position(|part| *part == "*") {
            folders.extend(
                containers(&root, &container[..=at])?
                    .into_iter()
                    .filter_map(|(_, folder, _)| folder),
            );
        }
    }
    Ok(folders)
}

type Found<'a> = (Vec<Step>, Option<String>, &'a Node);

/// Every node at a path, with the steps to it and what `*` stood for.
fn containers<'a>(root: &'a Node, path: &[&str]) -> Result<Vec<Found<'a>>, ReadError> {
    let mut found = vec![(Vec::new(), None, root)];
    for part in path {
        let mut next = Vec::new();
        for (steps, folder, node) in found {
            let step = |key: &str| {
                let mut steps: Vec<Step> = steps.clone();
                steps.push(Step::Key(key.to_owned()));
                steps
            };
            if *part == "*" {
                for (key, _) in node.map().unwrap_or_default() {
                    next.extend(node.get(key)?.map(|node| (step(key), Some(key.clone()), node)));
                }
            } else if let Some(node) = node.get(part)? {
                next.push((step(part), folder.clone(), node));
            }
        }
        found = next;
    }
    Ok(found)
}

/// A server, and not a map of servers: opencode's `mcp.servers` may be either.
fn entry_like(node: &Node) -> bool {
    let is_text = |key: &str| {
        matches!(
            node.get(key),
            Ok(Some(Node {
                kind: Kind::Text(_) | Kind::List(_),
                ..
            }))
        )
    };
    ["command", "cmd", "type"].iter().chain(&URLS).any(|key| is_text(key))
}

fn collect(node: &Node, steps: &[Step], scope: &EntryScope, path: &[&str], entries: &mut Vec<Entry>) -> Result<(), ReadError> {
    let root = path.is_empty();
    let mut push = |name: String, step: Step, node: &Node| {
        if entries.len() >= MOST {
            return Err(ReadError::TooMany { most: MOST });
        }
        let mut at = steps.to_vec();
        at.push(step);
        entries.push(Entry {
            name,
            scope: scope.clone(),
            disabled: disabled(node)?,
            launch: launch(node)?,
            at: At {
                steps: at,
                line: node.line,
            },
        });
        Ok(())
    };
    match &node.kind {
        Kind::Map(members) => {
            for (key, _) in members {
                // Refuses a name that stands twice.
                let Some(entry) = node.get(key)? else { continue };
                // The root holds other things as well.
                if !root || entry_like(entry) {
                    push(key.clone(), Step::Key(key.clone()), entry)?;
                }
            }
            Ok(())
        }
        Kind::List(items) => {
            let mut names: Vec<String> = Vec::new();
            for (index, item) in items.iter().enumerate() {
                let called = match item.get("name")?.or(item.get("uses")?) {
                    Some(name) => name.text().map(str::to_owned),
                    None => None,
                };
                let name = called.unwrap_or_else(|| format!("#{}", index + 1));
                if names.contains(&name) {
                    return Err(ReadError::Twice {
                        key: name,
                        line: item.line,
                    });
                }
                names.push(name.clone());
                push(name, Step::Index(index), item)?;
            }
            Ok(())
        }
        _ => Err(ReadError::NoServers {
            key: path.last().copied().unwrap_or_default().to_owned(),
            line: node.line,
        }),
    }
}

fn disabled(node: &Node) -> Result<bool, ReadError> {
    let is = |key: &str, value: bool| Ok::<_, ReadError>(node.get(key)?.and_then(Node::bool) == Some(value));
    Ok(is("disabled", true)? || is("enabled", false)?)
}

/// What an entry says it starts.
fn launch(node: &Node) -> Result<Launch, ReadError> {
    match understood(node) {
        Ok(launch) => Ok(launch),
        Err(Unclear::Read(error)) => Err(error),
        Err(Unclear::Why(why)) => Ok(Launch::NotUnderstood { why, body: body(node) }),
    }
}

fn body(node: &Node) -> Sha256Digest {
    let value: Value = node.without_values(&VALUES);
    Sha256Digest::of(value.to_string().as_bytes())
}

enum Unclear {
    Read(ReadError),
    Why(String),
}

impl From<ReadError> for Unclear {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

fn why<T>(text: &str) -> Result<T, Unclear> {
    Err(Unclear::Why(text.to_owned()))
}

fn understood(node: &Node) -> Result<Launch, Unclear> {
    if node.map().is_none() {
        return why("it is no map");
    }
    let kind = node.get("type")?.and_then(Node::text).unwrap_or_default();
    match kind {
        "builtin" | "platform" | "frontend" => {
            return Ok(Launch::Inside {
                what: format!("a part of the client ({kind})"),
            });
        }
        "inline_python" => return why("its code stands in the configuration itself"),
        _ => {}
    }
    if node.get("uses")?.is_some() {
        return why("it names a block that the client fetches from a hub");
    }
    let command = command(node)?;
    let mut urls = Vec::new();
    for key in URLS {
        urls.extend(node.get(key)?.map(|node| (key, node)));
    }
    match (command, urls.as_slice()) {
        (Some(_), [_, ..]) => why("it has both a command and an address"),
        (None, [_, _, ..]) => why("it has two addresses"),
        (Some(_), []) if is_remote_word(kind) => why("its type is that of a remote server, and it has a command"),
        (Some(stdio), []) => Ok(Launch::Stdio(stdio)),
        (None, [_]) if ["stdio", "local"].contains(&kind) => why("its type is that of a local process, and it has an address"),
        (None, [(key, url)]) => match url.text() {
            Some(url) => Ok(Launch::Remote(RemoteEntry {
                url: url.to_owned(),
                transport: transport(kind, key),
                headers: headers(node)?,
            })),
            None => why("its address is no text"),
        },
        (None, []) if node.get("source")?.and_then(Node::text) == Some("extension") || node.get("settings")?.is_some() => {
            Ok(Launch::Inside {
                what: "an extension of the client".to_owned(),
            })
        }
        (None, []) => why("it has neither a command nor an address"),
    }
}

fn is_remote_word(kind: &str) -> bool {
    [
        "http",
        "streamable-http",
        "streamableHttp",
        "streamable_http",
        "sse",
        "remote",
        "ws",
        "websocket",
    ]
    .contains(&kind)
}

fn transport(kind: &str, key: &str) -> Option<RemoteTransport> {
    match (kind, key) {
        ("sse", _) => Some(RemoteTransport::Sse),
        ("http" | "streamable-http" | "streamableHttp" | "streamable_http", _) | (_, "httpUrl") => Some(RemoteTransport::StreamableHttp),
        _ => None,
    }
}

fn texts(node: &Node) -> Result<Vec<String>, Unclear> {
    let Some(items) = node.list() else {
        return why("its arguments are no list");
    };
    match items.iter().map(|item| item.text().map(str::to_owned)).collect() {
        Some(texts) => Ok(texts),
        None => why("one of its arguments is no text"),
    }
}

fn command(node: &Node) -> Result<Option<Stdio>, Unclear> {
    let (command, cmd) = (node.get("command")?, node.get("cmd")?);
    let (said, holder) = match (command, cmd) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => return why("it has two commands"),
        // Zed's older way: `command: {path, args, env}`.
        (Some(Node { kind: Kind::Map(_), .. }), None) => match command.map(|inner| (inner.get("path"), inner)) {
            Some((path, inner)) => (path?, inner),
            None => (None, node),
        },
        (said, None) | (None, said) => (said, node),
    };
    let args = holder.get("args")?;
    let (command, args) = match said.map(|said| &said.kind) {
        Some(Kind::Text(command)) => (command.clone(), args.map(texts).transpose()?.unwrap_or_default()),
        Some(Kind::List(_)) => {
            if args.is_some() {
                return why("its command is a list, and it has arguments besides");
            }
            let mut words = said.map(texts).transpose()?.unwrap_or_default();
            if words.is_empty() {
                return why("its command is empty");
            }
            let command = words.remove(0);
            (command, words)
        }
        _ => return why("its command is no text"),
    };
    if command.trim().is_empty() {
        return why("its command is empty");
    }
    let mut env = Vec::new();
    for holder in [node, holder] {
        for key in ENVS {
            let Some(found) = holder.get(key)? else { continue };
            let Some(members) = found.map() else {
                return why("its variables are no map");
            };
            for (name, _) in members {
                found.get(name)?;
                env.push(name.clone());
            }
        }
    }
    // Goose keeps these in the keyring; Codex takes them from its own environment.
    for key in ["env_keys", "env_vars"] {
        if let Some(names) = node.get(key)? {
            env.extend(texts(names)?);
        }
    }
    env.sort();
    env.dedup();
    let mut cwd = None;
    for key in FOLDERS {
        if let Some(folder) = node.get(key)? {
            match folder.text() {
                Some(text) if cwd.is_none() => cwd = Some(text.to_owned()),
                _ => return why("its folder is no text, or it has two"),
            }
        }
    }
    Ok(Some(Stdio {
        command,
        args,
        env,
        env_file: node.get("envFile")?.is_some() || node.get("env_file")?.is_some(),
        cwd,
    }))
}

fn headers(node: &Node) -> Result<Vec<Header>, Unclear> {
    let mut out = Vec::new();
    let mut maps = Vec::new();
    for key in HEADERS {
        maps.extend(node.get(key)?);
    }
    if let Some(options) = node.get("requestOptions")? {
        maps.extend(options.get("headers")?);
    }
    for map in maps {
        let Some(members) = map.map() else {
            return why("its headers are no map");
        };
        for (name, _) in members {
            let value = map.get(name)?.and_then(Node::text).and_then(template);
            out.push(Header {
                name: name.clone(),
                template: value,
            });
        }
    }
    if let Some(from) = node.get("env_http_headers")? {
        for (name, variable) in from.map().unwrap_or_default() {
            let template = variable.text().map(|variable| format!("${{{variable}}}"));
            out.push(Header {
                name: name.clone(),
                template,
            });
        }
    }
    if let Some(variable) = node.get("bearer_token_env_var")?.and_then(Node::text) {
        out.push(Header {
            name: "Authorization".to_owned(),
            template: Some(format!("Bearer ${{{variable}}}")),
        });
    }
    out.sort();
    Ok(out)
}

/// A header's value that is nothing but one variable, with one word such as `Bearer` before it, as
/// mcp-pin writes it. Anything else may be a secret and is not kept.
pub(super) fn template(value: &str) -> Option<String> {
    let (scheme, variable) = match value.split_once(' ') {
        Some((scheme, rest)) if ["Bearer", "Basic", "Token", "token", "ApiKey"].contains(&scheme) => (format!("{scheme} "), rest),
        Some(_) => return None,
        None => (String::new(), value),
    };
    if !is_variable(variable) {
        return None;
    }
    let name = variable[2..variable.len() - 1].trim_start_matches("env:");
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    plain.then(|| format!("{scheme}${{{name}}}"))
}
