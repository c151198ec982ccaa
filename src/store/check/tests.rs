//! Every kind of tampering with an installed tree.

use std::fs::{self, FileTimes, Permissions};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;

use super::super::testing::{Home, Tgz};
use super::*;

/// A tree of a package with a nested one and a scoped one, and its check after `tamper`.
fn after(tamper: impl FnOnce(&Path)) -> Vec<(String, TreeChangeKind)> {
    let home = Home::new();
    let parts = tree_of(&home);
    let root = home.store.install(&home.id, &parts, None).unwrap().installed.root().to_owned();
    let clean = home.check(&parts);
    assert_eq!((clean.changes.len(), clean.files, clean.bytes), (0, 7, 27 + BIG as u64));
    assert_eq!(clean.installed.unwrap().root(), root);
    open_up(&root);
    tamper(&root);
    let check = home.check(&parts);
    assert_eq!(check.installed.is_none(), !check.changes.is_empty());
    assert!(check.missing_archives.is_empty());
    for (path, kind) in &check.changes {
        let file = root.join(path);
        let there = !matches!(kind, TreeChangeKind::NotAFile | TreeChangeKind::Missing) && file.is_file();
        let content = there.then(|| fs::read(file).ok()).flatten();
        assert_eq!(check.found.get(path).copied(), content.map(Sha256Digest::of), "{path}");
    }
    check.changes
}

/// Larger than the reading buffer, so that pieces are compared.
const BIG: usize = 300_000;

fn tree_of(home: &Home) -> Vec<Part> {
    let big: Vec<u8> = (0..BIG).map(|i| u8::try_from(i % 251).unwrap()).collect();
    vec![
        home.part(
            "node_modules/a",
            &Tgz::new()
                .file("package.json", b"{\"a\":1}")
                .program("bin/cli.js", b"#!node")
                .file("lib/x/index.js", b"index")
                .file("big.bin", &big),
        ),
        home.part(
            "node_modules/a/node_modules/n",
            &Tgz::new().file("package.json", b"{n}").file("empty", b""),
        ),
        home.part("node_modules/@s/b", &Tgz::new().file("package.json", b"{sb:2}")),
    ]
}

/// What an attacker with the user's rights does first.
fn open_up(root: &Path) {
    for path in tree::walk(root, "", |_| false).unwrap().paths.into_keys() {
        let path = root.join(path);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        fs::set_permissions(&path, Permissions::from_mode(mode | 0o200)).unwrap();
    }
}

fn one(path: &str, kind: TreeChangeKind) -> Vec<(String, TreeChangeKind)> {
    vec![(path.to_owned(), kind)]
}

#[test]
fn nothing_done_is_nothing_found() {
    assert_eq!(after(|_| ()), []);
}

#[test]
fn changed_content_is_found_with_size_and_times_kept() {
    let changes = after(|root| {
        let path = root.join("node_modules/a/lib/x/index.js");
        let before = fs::metadata(&path).unwrap();
        fs::write(&path, "Index").unwrap();
        let times = FileTimes::new()
            .set_modified(before.modified().unwrap())
            .set_accessed(before.accessed().unwrap());
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_times(times).unwrap();
        assert_eq!(
            (fs::metadata(&path).unwrap().len(), fs::metadata(&path).unwrap().modified().unwrap()),
            (5, before.modified().unwrap())
        );
    });
    assert_eq!(changes, one("node_modules/a/lib/x/index.js", TreeChangeKind::Changed));
}

#[test]
fn the_last_byte_of_a_large_file_counts() {
    let changes = after(|root| {
        let path = root.join("node_modules/a/big.bin");
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
    });
    assert_eq!(changes, one("node_modules/a/big.bin", TreeChangeKind::Changed));
}

#[test]
fn a_longer_and_a_shorter_file_are_changed() {
    for content in ["index and more", "ind", ""] {
        let changes = after(|root| fs::write(root.join("node_modules/a/lib/x/index.js"), content).unwrap());
        assert_eq!(changes, one("node_modules/a/lib/x/index.js", TreeChangeKind::Changed));
    }
    let changes = after(|root| fs::write(root.join("node_modules/a/node_modules/n/empty"), "no more").unwrap());
    assert_eq!(changes, one("node_modules/a/node_modules/n/empty", TreeChangeKind::Changed));
}

#[test]
fn added_things_are_found_wherever_they_are() {
    for path in [
        "extra",
        "node_modules/.package-lock.json",
        "node_modules/@s/extra",
        "node_modules/a/extra.js",
        "node_modules/a/lib/x/extra.js",
        "node_modules/a/node_modules/extra.js",
        "node_modules/a/node_modules/evil/index.js",
        "node_modules/evil/deep/index.js",
        "node_modules/A/package.json",
    ] {
        let changes = after(|root| {
            fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            fs::write(root.join(path), "x").unwrap();
        });
        assert_eq!(changes, one(path, TreeChangeKind::Added));
        let changes = after(|root| fs::create_dir_all(root.join(path)).unwrap());
        assert_eq!(changes, one(path, TreeChangeKind::Added), "as an empty folder");
    }
}

#[test]
fn a_name_that_no_archive_can_hold_is_added() {
    let changes = after(|root| fs::write(root.join("node_modules/a/lib").join(std::ffi::OsStr::from_bytes(b"\xff")), "x").unwrap());
    assert_eq!(changes, one("node_modules/a/lib/\u{fffd}", TreeChangeKind::Added));
}

#[test]
fn missing_things_are_found() {
    let changes = after(|root| fs::remove_file(root.join("node_modules/a/lib/x/index.js")).unwrap());
    assert_eq!(changes, one("node_modules/a/lib/x/index.js", TreeChangeKind::Missing));
    let changes = after(|root| fs::remove_dir_all(root.join("node_modules/a/lib")).unwrap());
    assert_eq!(changes, one("node_modules/a/lib/x/index.js", TreeChangeKind::Missing));
    let changes = after(|root| fs::remove_dir_all(root.join("node_modules/a/lib/x")).unwrap());
    assert_eq!(changes, one("node_modules/a/lib/x/index.js", TreeChangeKind::Missing));
    let changes = after(|root| fs::remove_dir_all(root.join("node_modules/a/node_modules")).unwrap());
    assert_eq!(changes.len(), 2, "{changes:?}");
    let changes = after(|root| fs::remove_dir_all(root.join("node_modules/@s")).unwrap());
    assert_eq!(changes, one("node_modules/@s/b/package.json", TreeChangeKind::Missing));
    let changes = after(|root| fs::remove_dir_all(root).unwrap());
    assert_eq!(changes, one(".", TreeChangeKind::Missing));
}

#[test]
fn an_executable_bit_counts_both_ways() {
    for (path, mode) in [("bin/cli.js", 0o644), ("package.json", 0o744), ("package.json", 0o2644)] {
        let path = format!("node_modules/a/{path}");
        let changes = after(|root| fs::set_permissions(root.join(&path), Permissions::from_mode(mode)).unwrap());
        assert_eq!(changes, one(&path, TreeChangeKind::ModeChanged));
    }
}

#[test]
fn links_are_not_followed_even_to_equal_content() {
    let swap = |path: &'static str| {
        after(move |root| {
            let elsewhere = root.parent().unwrap().join("moved");
            fs::rename(root.join(path), &elsewhere).unwrap();
            symlink(&elsewhere, root.join(path)).unwrap();
        })
    };
    assert_eq!(
        swap("node_modules/a/bin/cli.js"),
        one("node_modules/a/bin/cli.js", TreeChangeKind::NotAFile)
    );
    for folder in [
        "node_modules/a/lib",
        "node_modules/a/lib/x",
        "node_modules/@s",
        "node_modules/@s/b",
        "node_modules",
        "node_modules/a/node_modules",
    ] {
        let changes = swap(folder);
        assert!(
            changes.contains(&(folder.to_owned(), TreeChangeKind::NotAFile)),
            "{folder}: {changes:?}"
        );
        assert!(
            changes
                .iter()
                .any(|(path, kind)| path.starts_with(folder) && *kind == TreeChangeKind::Missing),
            "{folder}: {changes:?}"
        );
    }
    let changes = after(|root| {
        let elsewhere = root.with_file_name("moved");
        fs::rename(root, &elsewhere).unwrap();
        symlink(&elsewhere, root).unwrap();
    });
    assert_eq!(changes, one(".", TreeChangeKind::NotAFile));
    let changes = after(|root| symlink("/", root.join("node_modules/a/slash")).unwrap());
    assert_eq!(changes, one("node_modules/a/slash", TreeChangeKind::NotAFile));
}

#[test]
fn files_and_folders_do_not_stand_for_each_other() {
    let changes = after(|root| {
        let path = root.join("node_modules/a/package.json");
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
    });
    assert_eq!(changes, one("node_modules/a/package.json", TreeChangeKind::NotAFile));
    let changes = after(|root| {
        fs::remove_dir_all(root.join("node_modules/a/lib")).unwrap();
        fs::write(root.join("node_modules/a/lib"), "x").unwrap();
    });
    assert_eq!(
        changes,
        [
            ("node_modules/a/lib".to_owned(), TreeChangeKind::NotAFile),
            ("node_modules/a/lib/x/index.js".to_owned(), TreeChangeKind::Missing)
        ]
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_named_pipe_does_not_hold_the_check_up() {
    let changes = after(|root| {
        let path = root.join("node_modules/a/package.json");
        fs::remove_file(&path).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o644.into(), 0).unwrap();
    });
    assert_eq!(changes, one("node_modules/a/package.json", TreeChangeKind::NotAFile));
}

#[test]
fn without_an_archive_nothing_is_decided() {
    let home = Home::new();
    let parts = tree_of(&home);
    home.store.install(&home.id, &parts, None).unwrap();
    home.store.discard_archive(&parts[0].integrity).unwrap();
    let check = home.check(&parts);
    assert_eq!((check.missing_archives, check.installed), (vec!["a@1.0.0".to_owned()], None));
    home.tamper_archive(&parts[2], b"other");
    assert!(matches!(
        home.store.check(&home.id, &parts, None),
        Err(StoreError::ChangedOnDisk { .. })
    ));
}

#[test]
fn a_tree_of_other_packages_is_not_this_one() {
    let home = Home::new();
    let parts = tree_of(&home);
    home.store.install(&home.id, &parts, None).unwrap();
    // One package fewer: its files are strays. One more: its files are missing.
    assert!(
        home.check(&parts[..2])
            .changes
            .iter()
            .any(|(path, kind)| path == "node_modules/@s/b/package.json" && *kind == TreeChangeKind::Added)
    );
    assert!(
        home.check(&[parts[0].clone(), parts[2].clone()])
            .changes
            .iter()
            .any(|(path, _)| path == "node_modules/a/node_modules/n/empty")
    );
    let more = home.part("node_modules/c", &Tgz::new().file("package.json", b"{}"));
    let check = home.check(&[parts, vec![more]].concat());
    assert_eq!(check.changes, one("node_modules/c/package.json", TreeChangeKind::Missing));
    // No packages at all are no pass over whatever lies there.
    assert!(home.check(&[]).installed.is_none());
    home.store.install(&home.id, &[], None).unwrap();
    let empty = home.check(&[]);
    assert_eq!((empty.changes, empty.installed), (vec![], None));
}
