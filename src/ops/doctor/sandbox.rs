//! Whether a server can be looked at without being let loose.

use super::{Line, State};
use crate::mcp::{self, SandboxLevel, sandbox};
use crate::ops::Context;

const TOPIC: &str = "sandbox";

/// Sets one up, for a program that is never started, and leaves it again.
pub(super) async fn look(context: &Context, lines: &mut Vec<Line>) {
    let landlock = match sandbox::landlock() {
        Some(version) => format!("Landlock {version}"),
        None => "no Landlock".to_owned(),
    };
    let scratch = match tempfile::Builder::new().prefix("mcp-pin-doctor").tempdir() {
        Ok(scratch) => scratch,
        Err(error) => {
            let what = format!("could not try a sandbox: {error}");
            lines.push(Line::not(
                TOPIC,
                State::Unknown,
                what,
                "make room in the folder for temporary files, or set TMPDIR",
            ));
            return;
        }
    };
    lines.push(match mcp::available(&context.exe, scratch.path()).await {
        Ok(level @ SandboxLevel::Namespaces) => Line::ok(TOPIC, format!("{}; {landlock}", level.describe())),
        Ok(level) => Line::not(
            TOPIC,
            State::Warn,
            format!("{}; {landlock}; this machine permits no user namespaces", level.describe()),
            namespaces(),
        ),
        Err(error) => Line::not(
            TOPIC,
            State::Broken,
            format!("{error}; {landlock}: no server can be looked at before you trust it"),
            error.hint().unwrap_or_else(namespaces),
        ),
    });
}

fn namespaces() -> String {
    let switch = |name: &str| std::fs::read_to_string(format!("/proc/sys/{name}")).ok();
    let is = |name: &str, value: &str| switch(name).is_some_and(|found| found.trim() == value);
    if is("kernel/apparmor_restrict_unprivileged_userns", "1") {
        return "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for mcp-pin that permits `userns`"
            .into();
    }
    if is("kernel/unprivileged_userns_clone", "0") {
        return "sudo sysctl kernel.unprivileged_userns_clone=1".into();
    }
    if is("user/max_user_namespaces", "0") {
        return "sudo sysctl user.max_user_namespaces=10000".into();
    }
    "ask whoever runs this machine (or container) to permit user namespaces".into()
}
