//! Whose doing a changed surface is: the server's own package's, or that of a package below it.
//!
//! The attack: a server that everybody reviews stands still, and a package deep in its closure
//! rewrites what it tells the model. Whoever looks for the cause in the server finds nothing.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::package::WithLines as _;
use crate::model::{Closure, Finding, Grade, LockedPackage, Pin, Pinned, ServerName};

/// How many packages a title names.
const NAMED: usize = 3;

/// The finding that a surface changed while the server's own package and its launch did not, and
/// packages of its closure did; `None` in every other case. It says who can have done it and no more:
/// a server may also change by itself.
pub fn moved_by_closure(server: &ServerName, before: &Pin, after: &Pin) -> Option<Finding> {
    let (
        Pinned::Package {
            closure: old,
            launch: old_launch,
        },
        Pinned::Package { closure: new, launch },
    ) = (&before.pinned, &after.pinned)
    else {
        return None;
    };
    let (own_before, own) = (old.root_package()?, new.root_package()?);
    if old_launch != launch || own_before.name != own.name || !same_bytes(own_before, own) {
        return None;
    }
    let moved = moved(old, new);
    if moved.is_empty() {
        return None;
    }
    let mut shown: Vec<String> = moved.iter().take(NAMED).map(|(line, _)| line.clone()).collect();
    if moved.len() > NAMED {
        shown.push(format!("and {} more", moved.len() - NAMED));
    }
    let title = format!(
        "what the server tells the model changed while its own package did not: its closure moved ({})",
        shown.join(", ")
    );
    let facts: Value = moved.iter().map(|(line, bytes)| json!([line, bytes])).collect();
    let finding = Finding::new("surface-moved-by-closure", Grade::Notice, server, "closure", title, &facts);
    Some(if moved.len() > NAMED {
        finding.with_lines(moved.into_iter().map(|(line, _)| line))
    } else {
        finding
    })
}

fn same_bytes(before: &LockedPackage, after: &LockedPackage) -> bool {
    after.archives.iter().all(|archive| before.holds(&archive.integrity))
}

/// The packages that came, went, or have other bytes, each with the bytes that it has now; sorted.
fn moved(old: &Closure, new: &Closure) -> Vec<(String, Vec<String>)> {
    let mut out = BTreeSet::new();
    for package in new.packages.values() {
        let mut known = old.packages.values().filter(|old| old.name == package.name).peekable();
        let line = match known.peek().map(|old| old.version.clone()) {
            None => format!("{} {} is new", package.name, package.version),
            Some(_) if known.any(|old| same_bytes(old, package)) => continue,
            Some(was) => format!("{} {was} -> {}", package.name, package.version),
        };
        let bytes = package.archives.iter().map(|archive| archive.integrity.to_string()).collect();
        out.insert((line, bytes));
    }
    for package in old.packages.values() {
        if new.packages.values().all(|new| new.name != package.name) {
            out.insert((format!("{} {} is gone", package.name, package.version), Vec::new()));
        }
    }
    out.into_iter().collect()
}
