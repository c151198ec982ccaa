//! What is declared against what is imported.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use super::tree::{Role, Tree};
use super::{Changed, Package};
use crate::model::code::{CodeSign, Sign};

/// The modules that Node brings along.
const NODE: [&str; 60] = [
    "assert",
    "assert/strict",
    "async_hooks",
    "buffer",
    "child_process",
    "cluster",
    "console",
    "constants",
    "crypto",
    "dgram",
    "diagnostics_channel",
    "dns",
    "dns/promises",
    "domain",
    "events",
    "fs",
    "fs/promises",
    "http",
    "http2",
    "https",
    "inspector",
    "inspector/promises",
    "module",
    "net",
    "os",
    "path",
    "path/posix",
    "path/win32",
    "perf_hooks",
    "process",
    "punycode",
    "querystring",
    "readline",
    "readline/promises",
    "repl",
    "stream",
    "stream/consumers",
    "stream/promises",
    "stream/web",
    "string_decoder",
    "sys",
    "timers",
    "timers/promises",
    "tls",
    "trace_events",
    "tty",
    "url",
    "util",
    "util/types",
    "v8",
    "vm",
    "wasi",
    "worker_threads",
    "zlib",
    "sqlite",
    "test",
    "sea",
    "test/reporters",
    "electron",
    "bun",
];

/// The package that a module belongs to; `None` for files, what Node brings along, and other schemes.
fn package_of(module: &str) -> Option<&str> {
    let letter = module.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '@');
    if !letter || NODE.contains(&module) || module.contains([':', '\\', ' ', '$', '`', '!']) || module.starts_with("@/") {
        return None;
    }
    let parts = if module.starts_with('@') { 2 } else { 1 };
    let end = module.match_indices('/').nth(parts - 1).map_or(module.len(), |(at, _)| at);
    let name = &module[..end];
    (module.starts_with('@') == name.contains('/'))
        .then_some(name)
        .filter(|name| !NODE.contains(name))
}

/// Dependencies that are newly declared, and that no code imports. The attack: a dependency that is there for
/// its install script alone. A name in a comment is no import.
pub(super) fn never_imported(before: &Package<'_>, after: &Package<'_>, new: &Tree<'_>, out: &mut Vec<CodeSign>) {
    let (Some(was), Some(now)) = (before.declared, after.declared) else {
        return;
    };
    let mut missing: BTreeSet<&str> = now
        .iter()
        .copied()
        .filter(|name| !was.contains(name) && !name.starts_with("@types/"))
        .collect();
    if missing.is_empty() {
        return;
    }
    // Only files that hold a name are read for it.
    let Ok(search) = AhoCorasick::new(&missing) else {
        return;
    };
    for path in new.paths().filter(|path| matches!(new.role(path), Role::Code(_))) {
        if !missing.is_empty() && search.is_match(new.text(path)) {
            let reading = new.reading(path);
            for name in reading.imports.iter().filter_map(|module| package_of(module)) {
                missing.remove(name);
            }
        }
    }
    out.extend(missing.into_iter().map(|dependency| CodeSign {
        sign: Sign::NeverImported {
            dependency: dependency.to_owned(),
        },
        path: String::new(),
        line: 0,
        before: String::new(),
        after: String::new(),
    }));
}

/// Packages that changed code imports, that are not declared, and that no code imported before.
pub(super) fn undeclared(after: &Package<'_>, files: &[Changed<'_, '_>], old: &Tree<'_>, out: &mut Vec<CodeSign>) {
    let Some(declared) = after.declared else {
        return;
    };
    let mut found: BTreeSet<(&str, &str)> = BTreeSet::new();
    for file in files.iter().filter(|file| !file.path.contains("node_modules/")) {
        for name in file.reading.imports.iter().filter_map(|module| package_of(module)) {
            let own = name == after.name || declared.contains(&name) || declared.contains(&format!("@types/{name}").as_str());
            if !own && !found.iter().any(|(other, _)| *other == name) {
                found.insert((name, file.path));
            }
        }
    }
    let Ok(search) = AhoCorasick::new(found.iter().map(|(name, _)| *name)) else {
        return;
    };
    let mut known = BTreeSet::new();
    for path in old.paths().filter(|path| matches!(old.role(path), Role::Code(_))) {
        if !found.is_empty() && search.is_match(old.text(path)) {
            known.extend(
                old.reading(path)
                    .imports
                    .iter()
                    .filter_map(|module| package_of(module))
                    .map(str::to_owned),
            );
        }
    }
    for (module, path) in found.into_iter().filter(|(name, _)| !known.contains(*name)) {
        let Some(file) = files.iter().find(|file| file.path == path) else {
            continue;
        };
        out.push(file.whole(Sign::Undeclared { module: module.to_owned() }));
    }
}
