//! `schedule`: a scope is checked by itself from now on, and somebody is told.
//!
//! The attacks: a schedule that looks enabled and is none ([`status`] says what can be seen of it), a
//! scheduled run that checks another scope than it was made for ([`scheduled`] compares), one whose
//! failure nobody hears of, and a folder's name that becomes a command (the texts are
//! [`crate::schedule`]'s).
//!
//! # Killed at any moment
//! Files are written whole, one after the other, then the scheduler is told, then it is recorded here.
//! What a killed `enable` left carries our seal: the next `enable` replaces it, `disable` removes it, and
//! `status` says that it is not what was recorded.

mod enable;
mod run;
mod status;

use std::path::PathBuf;

use crate::error::Error;
use crate::manifest::Scope as Owner;
use crate::ops::Context;
use crate::ops::scope::Scope;
use crate::schedule::{self, Machine};

pub use enable::{Disabled, Enabled, Options, disable, enable};
pub use run::{scheduled, updates};
pub use status::{Problem, Row, Status, status};

/// What a crontab is called where a file is named.
pub const CRONTAB: &str = "crontab";

/// This machine, as the context sees it.
fn machine(context: &Context) -> Machine {
    Machine::new(context.env.all(), context.project_root())
}

/// The name of a scope's schedule: the plain one for the user's own where nothing is moved.
fn name_of(context: &Context, scope: &Scope) -> String {
    let moved = ["MCP_PIN_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"];
    let plain = scope.owner == Owner::User && moved.iter().all(|name| context.env.get(name).is_none());
    schedule::name_of(plain, &context.home, &scope.key())
}

/// Keeps two mcp-pin from changing schedules at once.
fn guard(context: &Context, person: &dyn crate::ops::Interact) -> Result<crate::store::FileLock, Error> {
    let waiting = || person.note("waiting for another mcp-pin that changes a schedule");
    Ok(crate::store::atomic::lock_beside(
        &context.home,
        &context.home.join("schedule"),
        waiting,
    )?)
}

/// The files of a schedule of systemd's, service first.
fn units(machine: &Machine, name: &str) -> Result<[PathBuf; 2], Error> {
    let folder = machine.unit_folder()?;
    Ok([
        folder.join(schedule::systemd::service_name(name)),
        folder.join(schedule::systemd::timer_name(name)),
    ])
}
