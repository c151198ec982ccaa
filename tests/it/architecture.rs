//! The house has five floors, and a floor imports only lower ones.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Module to floor, as in the architecture page of `src/lib.rs`.
const FLOORS: [(&str, u8); 22] = [
    ("model", 0),
    ("lock", 1),
    ("manifest", 1),
    ("policy", 1),
    ("verify", 1),
    ("surface", 1),
    ("code", 1),
    ("diff", 1),
    ("guard", 1),
    ("clients", 1),
    ("net", 2),
    ("registry", 2),
    ("store", 2),
    ("mcp", 2),
    ("history", 2),
    ("notify", 2),
    ("schedule", 2),
    ("ops", 3),
    ("error", 3),
    ("cli", 4),
    ("commands", 4),
    ("output", 4),
];

/// Words that may not stand in the code of floors 0 and 1: no I/O, clock, async or printing.
const NOT_IN_PURE_FLOORS: [&str; 8] = [
    "std::fs",
    "std::net",
    "std::process",
    "std::env",
    "tokio::",
    "reqwest::",
    "rusqlite::",
    "println!",
];

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&src, &mut files);
    files.sort();
    files
        .into_iter()
        .map(|path| (path.strip_prefix(&src).unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect()
}

fn module_of(path: &Path) -> String {
    path.components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap()
        .trim_end_matches(".rs")
        .to_owned()
}

/// Files that are compiled for the tests alone: declared below a `#[cfg(test)]` line.
fn is_test_only(path: &Path, sources: &[(PathBuf, String)]) -> bool {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let folder = path.parent().unwrap();
    let parents = [folder.join("mod.rs"), folder.with_extension("rs")];
    // What belongs to a test alone belongs to the tests.
    let above = sources.iter().map(|(path, _)| path).find(|path| **path == parents[1]);
    if above.is_some_and(|above| is_test_only(above, sources)) {
        return true;
    }
    sources.iter().filter(|(parent, _)| parents.contains(parent)).any(|(_, text)| {
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        lines
            .windows(2)
            .any(|pair| pair[0].starts_with("#[cfg(") && pair[0].contains("test") && pair[1].ends_with(&format!("mod {name};")))
    })
}

/// The part of a file that ships: everything before its unit tests.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

/// Every `crate::module` that code (not a comment) of the file names.
fn imports(text: &str) -> Vec<&str> {
    let code = shipped(text).lines().filter(|line| !line.trim_start().starts_with("//"));
    code.flat_map(|line| line.split("crate::").skip(1))
        .map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap())
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn a_floor_imports_only_lower_ones() {
    let floors: BTreeMap<&str, u8> = FLOORS.into();
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        let Some(&floor) = floors.get(module.as_str()) else {
            assert!(["lib", "main"].contains(&module.as_str()), "{} is on no floor", path.display());
            continue;
        };
        for import in imports(&text) {
            let Some(&other) = floors.get(import) else {
                panic!("{}: `crate::{import}` is on no floor", path.display())
            };
            if other > floor && import != module {
                wrong.push(format!("{} (floor {floor}) imports {import} (floor {other})", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_pure_floors_do_no_input_or_output() {
    let floors: BTreeMap<&str, u8> = FLOORS.into();
    let mut wrong = Vec::new();
    let sources = sources();
    for (path, text) in &sources {
        if floors.get(module_of(path).as_str()).is_none_or(|&floor| floor > 1) || is_test_only(path, &sources) {
            continue;
        }
        let code = shipped(text).lines().filter(|line| !line.trim_start().starts_with("//"));
        for line in code {
            wrong.extend(
                NOT_IN_PURE_FLOORS
                    .iter()
                    .filter(|word| line.contains(**word))
                    .map(|word| format!("{}: {word}", path.display())),
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_file_outgrows_its_promise() {
    let long: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| text.lines().count() > 600)
        .map(|(path, _)| path)
        .collect();
    assert!(long.is_empty(), "over 600 lines: {long:?}");
    let undocumented: Vec<_> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path)
        .collect();
    assert!(undocumented.is_empty(), "no module doc: {undocumented:?}");
}

/// The Sigstore crates break with each release: two folders may know them, and no other.
#[test]
fn the_sigstore_crates_stand_behind_two_folders() {
    let crates = ["verify", "types", "trust_root", "tuf", "crypto", "bundle", "rekor"].map(|name| format!("sigstore_{name}"));
    let mut knowing = 0;
    for (path, text) in sources() {
        let names = crates.iter().any(|name| text.contains(name.as_str()));
        let may = path.starts_with("verify/sigstore") || path.starts_with("registry/tuf");
        assert!(may || !names, "{} names a Sigstore crate", path.display());
        knowing += usize::from(names);
    }
    assert!(knowing > 2, "the crates are known by other names now: mend this test");
}
