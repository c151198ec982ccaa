//! The first look at a launch and at whole definitions: what a change would be graded for, said
//! also where nothing came before.
//!
//! The attack: a cloned project whose entry passes on every secret of the client and allows the
//! network, and a first version that asks for the conversation from its first day.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::install::Asked;
use super::package::{WithLines as _, plural};
use super::reach::{self, listens, listens_if_required, reaches_out, required_names, secret_shaped};
use super::{Judge, schema};
use crate::model::pin::Pinned;
use crate::model::report::Detail;
use crate::model::{CwdRule, Finding, Grade, LocalArg, Surface};
use crate::model::{ItemKind, surface::View};

/// Parts of the names of variables that hold secrets.
const SECRETS: [&str; 14] = [
    "AUTH",
    "COOKIE",
    "CREDENTIAL",
    "CREDS",
    "DATABASE_URL",
    "DSN",
    "KEY",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PRIVATE",
    "SECRET",
    "SESSION",
    "TOKEN",
];

fn secret_variable(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    SECRETS.iter().any(|part| upper.contains(part)) || upper.split('_').any(|part| matches!(part, "PAT" | "PASS" | "PWD" | "JWT"))
}

impl Judge<'_> {
    /// What the launch is given: variables, network, working folder, arguments.
    pub(super) fn first_launch(&self, pinned: &Pinned, asked: Asked, out: &mut Vec<Finding>) {
        let (args, env, cwd, network) = match pinned {
            Pinned::Package { launch, .. } => (launch.args.clone(), &launch.env, launch.cwd, launch.network),
            // Where it is and what is sent stands in `remote-code-unseen`.
            Pinned::Remote(remote) => (Vec::new(), &remote.env().to_vec(), CwdRule::Empty, false),
            Pinned::Local(local) => {
                let text = |arg: &LocalArg| match arg {
                    LocalArg::Text(text) => text.clone(),
                    LocalArg::File(file) => file.path.clone(),
                };
                (local.args.iter().map(text).collect(), &local.env, local.cwd, local.network)
            }
        };
        if !env.is_empty() {
            let secrets: Vec<_> = env.iter().filter(|name| secret_variable(name)).map(String::as_str).collect();
            let (grade, tail) = match (secrets.is_empty(), asked.env) {
                (true, _) => (Grade::Notice, String::new()),
                (false, true) => (Grade::Notice, " as you asked, secrets among them".to_owned()),
                (false, false) => (Grade::Warning, format!(", by their names secrets: {}", secrets.join(", "))),
            };
            let title = format!("the server is given {} of yours{tail}", plural(env.len(), "variable"));
            // No bound: every one of them is named.
            let finding = self.finding("launch-env-passed", grade, "env", title, &json!(env));
            out.push(finding.with(Detail::Line(env.join(", "))));
        }
        if network {
            let (grade, tail) = match (asked.network, env.is_empty()) {
                (true, _) => (Grade::Notice, ", as you asked"),
                (false, true) => (Grade::Warning, ", before anybody has seen what it says"),
                (false, false) => (Grade::Critical, " together with variables of yours, which it can send anywhere"),
            };
            let title = format!("the server may use the network while its surface is taken{tail}");
            out.push(self.finding("launch-network", grade, "network", title, &json!({"env": env})));
        }
        if cwd == CwdRule::Client {
            let title = "the server starts in the client's working folder, whose files can steer it";
            out.push(self.finding("launch-cwd", Grade::Notice, "cwd", title, &json!(cwd.as_str())));
        }
        if !args.is_empty() {
            let reaches = args
                .iter()
                .any(|arg| reaches_out(arg.rsplit('=').next().unwrap_or(arg)) || reaches_out(arg));
            let grade = if reaches { Grade::Notice } else { Grade::Info };
            let title = format!("the server is started with {}", plural(args.len(), "argument"));
            let label = "args".to_owned();
            let after = Value::from(args.clone()).to_string();
            let detail = Detail::Text {
                label,
                before: String::new(),
                after,
            };
            out.push(self.finding("launch-args", grade, "args", title, &Value::from(args)).with(detail));
        }
    }

    /// What whole definitions ask for and refer to.
    pub(super) fn first_definitions(&self, surface: &Surface, out: &mut Vec<Finding>) {
        let (mut seen, mut asked) = (BTreeSet::new(), BTreeSet::new());
        let items = |kind| surface.views.iter().flat_map(move |view: &View| view.list(kind));
        for item in ItemKind::ALL.into_iter().flat_map(items) {
            if !seen.insert(item.digest) {
                continue;
            }
            let (key, definition) = (&item.key, &item.definition);
            let mut references = BTreeSet::new();
            schema::network_references(definition, &mut references);
            if !references.is_empty() {
                let title = format!("a schema of `{key}` refers to a schema elsewhere, which can change at any time");
                let lines: Vec<_> = references.into_iter().collect();
                out.push(
                    self.finding(
                        "network-reference",
                        Grade::Critical,
                        key.as_str(),
                        title,
                        &Value::from(lines.clone()),
                    )
                    .with_lines(lines.into_iter()),
                );
            }
            let Some(input) = definition.get("inputSchema") else { continue };
            let headers = reach::headers(input);
            if !headers.is_empty() {
                let secret = headers.iter().any(|header| secret_shaped(header));
                let grade = if secret { Grade::Warning } else { Grade::Notice };
                let title = format!("parameters of tool `{key}` are copied into HTTP headers");
                let lines: Vec<_> = headers.into_iter().collect();
                out.push(
                    self.finding("header-parameter-present", grade, key.as_str(), title, &Value::from(lines.clone()))
                        .with_lines(lines.into_iter()),
                );
            }
            let names = reach::parameter_names(Some(input));
            let required = required_names(input);
            let hears = |name: &String| listens(name) || (required.contains(name) && listens_if_required(name));
            let listening: Vec<_> = names.iter().filter(|name| hears(name)).cloned().collect();
            if !listening.is_empty() {
                let must = listening.iter().any(|name| required.contains(name));
                let grade = if must { Grade::Warning } else { Grade::Notice };
                let title = format!("tool `{key}` asks for what was said to the model: {}", listening.join(", "));
                let facts = json!({"names": listening, "required": must});
                out.push(self.finding("listening-parameter-present", grade, key.as_str(), title, &facts));
            }
            let secret = names.iter().filter(|name| secret_shaped(name) && !hears(name));
            asked.extend(secret.map(|name| format!("{key}: {name}")));
        }
        if !asked.is_empty() {
            let title = format!("{} by name ask for secrets or notes", plural(asked.len(), "parameter"));
            let lines: Vec<_> = asked.into_iter().collect();
            out.push(
                self.finding(
                    "secret-parameter-present",
                    Grade::Notice,
                    "surface",
                    title,
                    &Value::from(lines.clone()),
                )
                .with_lines(lines.into_iter()),
            );
        }
    }
}
