//! The surface of a fresh start, or of a remote server now, against the pinned one.
//!
//! The attack: a comparison under less authorization, or with less given, that counts as a pass. What
//! could not be compared whole is undecided; what is beyond the pin is drift all the same.

use super::Checked;
use crate::diff;
use crate::error::Error;
use crate::history::ApprovalKind;
use crate::lock;
use crate::model::{Change, Pin, Pinned, ServerName, Surface};
use crate::ops::ecosystem::Machine;
use crate::ops::issuers::{self, Named};
use crate::ops::outcome::ServerLine;
use crate::ops::probe::{self, Taken};
use crate::ops::scope::Loaded;
use crate::ops::tools::Tools;
use crate::store::Installed;

/// What is compared with what.
pub(super) struct Comparison<'a> {
    pub(super) tools: &'a Tools<'a>,
    pub(super) loaded: &'a Loaded,
    pub(super) unsandboxed: bool,
    pub(super) pin: &'a Pin,
    pub(super) pinned: &'a Surface,
}

impl Comparison<'_> {
    pub(super) async fn make(
        &self,
        ready: Option<(&Installed, &Machine)>,
        checked: &mut Checked<'_>,
        line: &mut ServerLine,
    ) -> Result<(), Error> {
        let Self { tools, pin, .. } = *self;
        let name = checked.name;
        let digest = lock::static_digest(name, pin);
        let Some(approval) = tools.history.approval(&digest, ApprovalKind::Static)? else {
            return Ok(()); // Undecided already: this entry is not approved.
        };
        let unset = self.unset();
        if !unset.is_empty() {
            // Started with less it would show less, or nothing: neither is drift.
            let names = unset.join(", ");
            checked.undecided(
                format!("compare its surface: it was taken with {names} set"),
                vec![format!("set {names}, and verify again")],
            );
            // A remote server answers others as well: what it adds or changes for those is drift.
            if !matches!(pin.pinned, Pinned::Remote(_)) || tools.context.offline {
                return Ok(());
            }
        }
        let taken = probe::take(tools, name, pin, ready, &approval, self.unsandboxed).await?;
        if let Taken::OtherKey { found } = &taken {
            checked.judge(vec![probe::other_key(pin, found)], self.loaded);
            return Ok(());
        }
        // Asked also where the surface could not be had: a server that moved its login refuses the
        // old token.
        let named = match &pin.pinned {
            Pinned::Remote(remote) if !tools.context.offline => Some(issuers::named(tools, remote, &digest, &approval).await?),
            _ => None,
        };
        self.judge(taken, named, unset.is_empty(), checked, line);
        Ok(())
    }

    /// The variables that the surface was taken with and that have no value now.
    fn unset(&self) -> Vec<String> {
        let names = self.pinned.env.iter();
        names
            .filter(|variable| self.tools.context.env.get(variable).is_none())
            .cloned()
            .collect()
    }

    fn judge(&self, taken: Taken, named: Option<Named>, mut whole: bool, checked: &mut Checked<'_>, line: &mut ServerLine) {
        let mut seen = self.pin.clone();
        let mut sure = true;
        if let Some(named) = named {
            line.notes.extend(named.note);
            if named.logged_out {
                whole = false;
                checked.undecided(
                    "compare its surface: it was taken with a login, and there is none",
                    vec![login(checked.name)],
                );
            }
            if let Some((what, hints)) = named.undecided {
                sure = false;
                checked.undecided(what, hints);
            }
            seen.pinned = Pinned::Remote(Box::new(named.remote));
        }
        let mut changes = diff::diff_pins(self.pin, &seen);
        match taken {
            Taken::Undecided { what, hints } => {
                sure = false;
                checked.undecided(what, hints);
            }
            Taken::Hostile { code, what } => {
                changes.push(Change::Hostile { code, what });
                checked.judge(changes, self.loaded);
                return;
            }
            // Judged before.
            Taken::OtherKey { .. } => return,
            Taken::Surface { surface, notes } => {
                line.notes.extend(notes);
                if whole {
                    match diff::diff_surfaces(self.pinned, &surface) {
                        Err(less) => {
                            checked.undecided(format!("compare its surface: {less}"), less.hint().into_iter().collect());
                            sure = false;
                        }
                        Ok(more) => {
                            changes.extend(more);
                            seen.surface = Some(surface);
                        }
                    }
                } else {
                    // Not kept for `approve`: it is not the whole surface.
                    checked.judge(beyond(self.pinned, surface), self.loaded);
                    sure = false;
                }
            }
        }
        checked.as_pinned = sure && whole && changes.is_empty();
        if !changes.is_empty() {
            checked.drifted = Some(seen);
        }
        checked.judge(changes, self.loaded);
    }
}

fn login(name: &ServerName) -> String {
    format!("`mcp-pin login {name}`, and verify again")
}

/// What a surface that was taken under less authorization holds beyond the pinned one. What it lacks
/// may be hidden from those who ask without.
fn beyond(pinned: &Surface, mut found: Surface) -> Vec<Change> {
    found.env.clone_from(&pinned.env);
    let mut changes = diff::diff_surfaces(pinned, &found).unwrap_or_default();
    changes.retain(|change| {
        !matches!(
            change,
            Change::ItemRemoved { .. } | Change::ViewRemoved { .. } | Change::Volatile { .. }
        )
    });
    changes
}
