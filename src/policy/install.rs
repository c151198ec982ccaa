//! The report of day one: what a person should know before anything is trusted.
//!
//! What this does not give you: a poisoned first version that uses no known trick looks honest.

use serde_json::{Value, json};

use super::demand::weak_provenance;
use super::package::{WithLines as _, plural};
use super::python;
use super::signals::{Signals, introduced, of_value};
use super::{Judge, JudgeContext, OtherServer, digest_json, signal_details, text_detail, tool_names, views_json, worst};
use crate::model::drift::Views;
use crate::model::pin::Pinned;
use crate::model::report::Detail;
use crate::model::{Closure, Drift, Finding, Grade, ItemKind, LocalArg, LocalCommand, Pin, ServerName, Shape, Surface};
use crate::surface::digest;

/// What the person asked for on the command line. Nothing that a file of a project says belongs
/// here: a clone would approve itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Asked {
    /// These very variables were named.
    pub env: bool,
    /// The network was allowed.
    pub network: bool,
}

/// Judges a pin that has no predecessor, its launch and its definitions included.
///
/// What was `asked` for is told all the same, at `notice`. `Asked::default()` is right wherever the
/// entry comes from a file.
pub fn first_install(server: &ServerName, pin: &Pin, others: &[OtherServer], asked: &Asked) -> Vec<Finding> {
    let own_tools = tool_names(pin);
    let context = JudgeContext {
        others: others.to_vec(),
        own_tools,
        ..JudgeContext::default()
    };
    let judge = Judge::new(server, &Drift::default(), &context);
    let mut out = Vec::new();
    match &pin.pinned {
        Pinned::Package { closure, .. } => {
            judge.first_closure(closure, &mut out);
            out.extend(weak_provenance(server, closure));
        }
        Pinned::Local(local) => out.push(judge.first_local(local)),
        Pinned::Remote(remote) => out.push(judge.first_remote(remote)),
    }
    judge.first_launch(&pin.pinned, *asked, &mut out);
    match &pin.surface {
        Some(surface) => judge.first_surface(surface, &mut out),
        None => out.push(surface_not_pinned(server)),
    }
    out
}

/// Judges what a server says for the first time, and nothing else about it.
pub fn first_surface(server: &ServerName, surface: &Surface, others: &[OtherServer]) -> Vec<Finding> {
    let tools = surface.views.iter().flat_map(|view| view.list(ItemKind::Tool));
    let context = JudgeContext {
        others: others.to_vec(),
        own_tools: tools.map(|item| item.key.clone()).collect(),
        ..JudgeContext::default()
    };
    let mut out = Vec::new();
    Judge::new(server, &Drift::default(), &context).first_surface(surface, &mut out);
    out
}

/// The finding for an entry without a surface: said at install, and at every `verify`.
pub fn surface_not_pinned(server: &ServerName) -> Finding {
    let title = "what the server tells the model is not pinned, so no change of it will be noticed";
    Finding::new("surface-not-pinned", Grade::Notice, server, "surface", title, &json!({}))
}

/// The finding for a candidate without a surface where the approved entry had one: whoever takes
/// it away takes away the alarm.
pub fn surface_unpinned(server: &ServerName) -> Finding {
    let title = "what the server tells the model was pinned and no longer is, so no change of it would be noticed";
    Finding::new("surface-unpinned", Grade::Critical, server, "surface", title, &json!({}))
}

/// The finding for a server that a proposed change takes out.
pub fn server_removed(server: &ServerName, version: Option<&str>) -> Finding {
    let title = match version {
        Some(version) => format!("the server is removed; it was {version}"),
        None => "the server is removed".to_owned(),
    };
    Finding::new("server-removed", Grade::Notice, server, "", title, &json!({"version": version}))
}

/// The finding for a proposed change of what a project demands: a line for each demand.
pub fn project_policy_changed(server: &ServerName, changes: &[String]) -> Finding {
    let title = "what the project demands of its servers changes; this report is judged by what the base demands";
    let mut finding = Finding::new("project-policy-changed", Grade::Warning, server, "policy", title, &json!(changes));
    finding.details = changes.iter().cloned().map(crate::model::Detail::Line).collect();
    finding
}

impl Judge<'_> {
    fn first_closure(&self, closure: &Closure, out: &mut Vec<Finding>) {
        let mut scripts = Vec::new();
        let mut native = Vec::new();
        let mut peers = Vec::new();
        let mut bundled = Vec::new();
        for (path, package) in &closure.packages {
            let bytes = python::bytes(package);
            // Python's are told for themselves: those do run.
            let lines = package.scripts.iter().filter(|_| package.node().is_some());
            scripts.extend(lines.map(|(script, command)| {
                let line = format!("{} {} {script}: {command}", package.name, package.version);
                (line, bytes.clone())
            }));
            if package.is_native() {
                native.push((format!("{} {}", package.name, package.version), bytes.clone()));
            }
            let Some(terms) = package.node() else { continue };
            if !terms.bundled.is_empty() {
                let names: Vec<_> = terms.bundled.iter().map(String::as_str).collect();
                bundled.push((
                    format!("{} {} brings {}", package.name, package.version, names.join(", ")),
                    bytes.clone(),
                ));
            }
            for (peer, range) in terms
                .peer_dependencies
                .iter()
                .filter(|(peer, _)| !terms.optional_peers.contains(*peer))
            {
                let found = peer.parse().ok().and_then(|peer| closure.lookup(path, &peer));
                if found.is_none() {
                    peers.push((format!("{} {} wants {peer} {range}", package.name, package.version), bytes.clone()));
                }
            }
        }
        native.dedup();
        out.extend(python::startup_present(self, closure));
        out.extend(python::built_present(self, closure));
        let mut list = |code, grade, title: String, lines: Vec<(String, Value)>| {
            if !lines.is_empty() {
                // With the archives' digests: other bytes under the same name are another fact.
                out.push(
                    self.finding(code, grade, "closure", title, &json!(lines))
                        .with_lines(lines.into_iter().map(|(line, _)| line)),
                );
            }
        };
        let title = format!(
            "{} in the closure (mcp-pin never runs them)",
            plural(scripts.len(), "install script")
        );
        list("install-script-present", Grade::Notice, title, scripts);
        list(
            "native-code-present",
            Grade::Notice,
            format!("{} with native code, which nobody can read", plural(native.len(), "package")),
            native,
        );
        list(
            "peer-unsatisfied",
            Grade::Notice,
            format!(
                "{} missing: the server may not start",
                plural(peers.len(), "peer dependency").replace("dependencys", "dependencies")
            ),
            peers,
        );
        list(
            "bundled-dependencies",
            Grade::Info,
            format!(
                "{} with dependencies inside the archive, covered by its digest",
                plural(bundled.len(), "package")
            ),
            bundled,
        );
    }

    fn first_local(&self, local: &LocalCommand) -> Finding {
        let title = "a local command is pinned by its own files only; what those load in turn is not";
        let files = local
            .args
            .iter()
            .filter_map(|arg| if let LocalArg::File(file) = arg { Some(file) } else { None });
        let files: Vec<_> = std::iter::once(&local.command).chain(files).collect();
        let facts = files.iter().map(|file| json!([file.path, file.digest])).collect();
        self.finding("local-command", Grade::Notice, local.command.path.as_str(), title, &facts)
            .with_lines(files.iter().map(|file| file.path.clone()))
    }

    fn first_surface(&self, surface: &Surface, out: &mut Vec<Finding>) {
        self.first_definitions(surface, out);
        let mut seen = std::collections::BTreeSet::new();
        let mut steering = Vec::new();
        for view in &surface.views {
            let views = Views::from([(view.era, view.client)]);
            if seen.insert(digest(&view.handshake)) {
                out.extend(self.first_text(&views, "handshake", "the handshake", &view.handshake, &mut steering));
            }
            for kind in ItemKind::ALL {
                for item in view.list(kind) {
                    if !seen.insert(item.digest) {
                        continue;
                    }
                    let what = format!("{} `{}`", kind.noun(), item.key);
                    out.extend(self.first_text(&views, &item.key, &what, &item.definition, &mut steering));
                    if kind == ItemKind::Tool {
                        let facts = json!({"after": digest_json(Some(&item.definition))});
                        let collisions = self.collisions(&item.key).into_iter();
                        out.extend(
                            collisions.map(|(grade, title)| self.finding("tool-name-collision", grade, item.key.as_str(), title, &facts)),
                        );
                        out.extend(self.named_elsewhere(&item.key, &facts));
                    }
                }
            }
        }
        if !steering.is_empty() {
            let title = format!("{} to steer the model; read them before you trust the server", many(steering.len()));
            out.push(
                self.finding("steering-text", Grade::Notice, "surface", title, &Value::from(steering.clone()))
                    .with_lines(steering.into_iter()),
            );
        }
        for volatile in &surface.volatile {
            let (grade, title) = match volatile.shape {
                Shape::Unshaped => (
                    Grade::Warning,
                    "a part of the surface differs from call to call, so it cannot be pinned",
                ),
                _ => (
                    Grade::Info,
                    "a part of the surface differs from call to call, within a harmless shape",
                ),
            };
            let facts = json!({"era": volatile.era.as_str(), "client": volatile.client.as_str(), "shape": volatile.shape.as_str()});
            out.push(
                self.finding("volatile-leaf", grade, volatile.at.as_str(), title, &facts)
                    .with(Detail::Line(format!("{} ({})", volatile.at, volatile.shape.as_str()))),
            );
        }
    }

    /// A finding for text that does harm; text that merely steers is gathered in `steering`.
    fn first_text(&self, views: &Views, subject: &str, what: &str, value: &Value, steering: &mut Vec<String>) -> Option<Finding> {
        let all = introduced(&Signals::new(), &of_value(Some(value), &self.others));
        let (hard, soft): (Vec<_>, Vec<_>) = all.into_iter().partition(|signal| signal.kind.grade() == Grade::Critical);
        let first = soft
            .iter()
            .find(|signal| signal.kind.grade() == Grade::Warning && signal.kind != super::signals::Kind::Address);
        if let Some(signal) = first.filter(|_| hard.is_empty()) {
            steering.push(format!("{what} {}", signal.kind.does()));
        }
        let worst_signal = hard.first()?;
        let code = if worst_signal.kind == super::signals::Kind::Hidden {
            "invisible-characters"
        } else {
            "hidden-instructions"
        };
        let facts = json!({"views": views_json(views), "after": digest_json(Some(value))});
        let mut finding = self.finding(
            code,
            worst(&hard).unwrap_or(Grade::Critical),
            subject,
            format!("{what} {}", worst_signal.kind.does()),
            &facts,
        );
        let text = value.get("description").or_else(|| value.get("instructions"));
        if let Some(text) = text {
            finding = finding.with(text_detail("text", None, Some(text)));
        }
        finding.details.extend(signal_details(&hard));
        Some(finding)
    }
}

fn many(count: usize) -> String {
    if count == 1 {
        "1 text tries".to_owned()
    } else {
        format!("{count} texts try")
    }
}
