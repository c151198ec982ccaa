//! What runs servers, and what resolves and fetches them.

use std::path::Path;

use super::{Line, Patient, State};
use crate::mcp::python::{PythonCandidates, PythonRuntime};
use crate::mcp::runtime::NodeRuntime;
use crate::model::{Closure, Pinned, Source};
use crate::ops::tools::managed_pythons;
use crate::schedule::Machine;

const TOPIC: &str = "runtime";

/// Whether any scope has a server of npm's, and one of Python's.
#[derive(Debug, Clone, Copy, Default)]
struct Needed {
    npm: bool,
    python: bool,
}

impl Needed {
    fn by(patient: &Patient<'_>) -> Self {
        let mut needed = Self::default();
        for loaded in &patient.scopes {
            let locked = loaded.lock.servers.values().map(|pin| &pin.source);
            let wanted = loaded.manifest.servers.values().map(|entry| &entry.source);
            for source in locked.chain(wanted) {
                needed.npm |= matches!(source, Source::Npm { .. });
                needed.python |= matches!(source, Source::Pypi { .. });
            }
        }
        needed
    }
}

/// Looks for each.
pub(super) async fn look(patient: &Patient<'_>, lines: &mut Vec<Line>) {
    let (context, needed) = (patient.context, Needed::by(patient));
    let path = context.env.get("PATH").unwrap_or_default();
    let project = context.project_root();
    let missing = |what: String, hint: Option<String>, needed: bool| {
        if needed {
            Line::not(TOPIC, State::Broken, what, hint.unwrap_or_default())
        } else {
            Line::ok(TOPIC, format!("{what}; nothing here needs it"))
        }
    };
    lines.push(
        match NodeRuntime::find(path, project.as_deref()).and_then(|node| Ok((node.version()?, node))) {
            Ok((version, node)) => Line::ok(TOPIC, format!("node {version}, {}", node.path().display())),
            Err(error) => missing(error.to_string(), error.hint(), needed.npm),
        },
    );
    let managed = managed_pythons(&context.env);
    lines.push(
        match PythonRuntime::pick(None, &PythonCandidates::find(path, project.as_deref(), &managed)) {
            Ok(python) => Line::ok(TOPIC, format!("python {}, {}", python.version(), python.path().display())),
            Err(error) => missing(error.to_string(), error.hint(), needed.python),
        },
    );
    let machine = Machine::new(context.env.all(), project);
    let npm = "install it, for example with `apt-get install npm`; it resolves what is installed";
    lines.push(tool(&machine, "npm", needed.npm, npm).await);
    let uv = "install it, for example with `pipx install uv`; it resolves what is installed";
    lines.push(tool(&machine, "uv", needed.python, uv).await);
    recorded(patient, lines);
}

/// A program that only `install` and `update` need: without it, what is installed still runs.
async fn tool(machine: &Machine, name: &'static str, needed: bool, hint: &str) -> Line {
    let Some(path) = machine.program(name) else {
        let what = format!("could not find `{name}` on PATH");
        return if needed {
            Line::not(
                TOPIC,
                State::Warn,
                format!("{what}: nothing of it can be installed or updated"),
                hint,
            )
        } else {
            Line::ok(TOPIC, format!("{what}; nothing here needs it"))
        };
    };
    match machine.version_of(&path).await {
        Ok(said) => {
            let version = said.strip_prefix(name).map_or(said.as_str(), str::trim);
            Line::ok(TOPIC, format!("{name} {version}, {}", path.display()))
        }
        Err(error) if needed => Line::not(TOPIC, State::Broken, error.to_string(), hint),
        Err(error) => Line::not(TOPIC, State::Warn, error.to_string(), hint),
    }
}

/// The interpreters that servers were installed with must be what they were.
fn recorded(patient: &Patient<'_>, lines: &mut Vec<Line>) {
    let Some(history) = &patient.history else { return };
    for loaded in &patient.scopes {
        for (server, pin) in &loaded.lock.servers {
            let Pinned::Package { closure, .. } = &pin.pinned else { continue };
            if !is_python(closure) {
                continue;
            }
            let known = match history.interpreter(loaded.scope_key(), server) {
                Ok(known) => known,
                Err(error) => {
                    lines.push(Line::of(TOPIC, State::Broken, &error.into()));
                    continue;
                }
            };
            // Not installed on this machine: that is another line's business.
            let Some(known) = known else { continue };
            let now = PythonRuntime::reopen(&known.path, &known.version);
            let what = match now {
                Ok(python) if python.identity() == known.identity => continue,
                Ok(_) => format!("{} is another build than {server} was installed with", known.path.display()),
                Err(error) => format!("the Python that {server} was installed with: {error}"),
            };
            lines.push(Line::not(TOPIC, State::Broken, what, within("mcp-pin install", loaded)));
        }
    }
}

fn is_python(closure: &Closure) -> bool {
    closure.packages.values().any(|package| package.python().is_some())
}

/// A command, and where to run it.
pub(super) fn within(command: &str, loaded: &crate::ops::scope::Loaded) -> String {
    if loaded.scope.owner == crate::manifest::Scope::User {
        return command.replacen("mcp-pin", "mcp-pin --global", 1);
    }
    format!("cd {} && {command}", super::home::quoted(Path::new(&loaded.scope.folder)))
}
