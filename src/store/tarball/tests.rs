//! Hostile archives, each refused by name.

use proptest::prelude::*;

use super::super::testing::{Tgz, gzip};
use super::*;

type Listing = Vec<(String, bool, Vec<u8>)>;

fn read(bytes: &[u8]) -> Result<Listing, ArchiveError> {
    let mut tarball = Tarball::new("p@1", bytes);
    let mut files = Vec::new();
    while let Some(head) = tarball.next_file()? {
        let mut content = Vec::new();
        tarball.content(&mut content)?;
        assert_eq!(content.len() as u64, head.size);
        files.push((head.path, head.executable, content));
    }
    Ok(files)
}

fn paths(archive: &Tgz) -> Vec<String> {
    read(&archive.pack()).unwrap().into_iter().map(|(path, _, _)| path).collect()
}

fn refusal(archive: &Tgz) -> Refusal {
    match read(&archive.pack()).unwrap_err() {
        ArchiveError::Entry { package, refusal, .. } => {
            assert_eq!(package, "p@1");
            refusal
        }
        other => panic!("{other}"),
    }
}

fn manifest() -> Tgz {
    Tgz::new().file("package.json", b"{}")
}

#[test]
fn files_come_with_content_and_executable_bit() {
    let big = vec![7; 1_000_000];
    let archive = Tgz::new()
        .raw(b"package/", b'5', b"")
        .file("package.json", b"{}")
        .program("bin/x", b"#!")
        .raw(b"package/old-style/", 0, b"")
        .raw(b"package/lib", b'5', b"")
        .file("lib/big", &big)
        .file("lib/empty", b"");
    let files = read(&archive.pack()).unwrap();
    let names: Vec<_> = files
        .iter()
        .map(|(path, executable, content)| (path.as_str(), *executable, content.len()))
        .collect();
    assert_eq!(
        names,
        [
            ("package.json", false, 2),
            ("bin/x", true, 2),
            ("lib/big", false, 1_000_000),
            ("lib/empty", false, 0)
        ]
    );
    assert_eq!(files[2].2, big);
}

#[test]
fn a_file_that_is_not_read_is_passed_over() {
    let bytes = manifest().file("big", &vec![1; 700_000]).file("last", b"x").pack();
    let mut tarball = Tarball::new("p@1", &bytes);
    let mut names = Vec::new();
    while let Some(head) = tarball.next_file().unwrap() {
        names.push(head.path);
    }
    assert_eq!(names, ["package.json", "big", "last"]);
}

#[test]
fn whatever_is_no_plain_file_is_refused() {
    for (kind, name) in [
        (b'1', "hard link"),
        (b'2', "symbolic link"),
        (b'K', "symbolic link"),
        (b'3', "device"),
        (b'4', "device"),
        (b'6', "named pipe"),
        (b'S', "sparse file"),
        (b'7', "kind of entry this version does not know"),
        (b'Z', "kind of entry this version does not know"),
    ] {
        assert_eq!(
            refusal(&manifest().raw(b"package/x", kind, b"")),
            Refusal::Kind(name),
            "{}",
            char::from(kind)
        );
    }
    let sparse = manifest().pax(b'x', &[("GNU.sparse.major", "1")]).file("x", b"x");
    assert_eq!(refusal(&sparse), Refusal::Kind("sparse file"));
}

#[test]
fn hostile_names_are_refused_in_every_header() {
    for (name, expected) in [
        ("/etc/passwd", Refusal::Absolute),
        ("package/../../x", Refusal::Parent),
        ("..", Refusal::Parent),
        ("package/a\\..\\b", Refusal::Backslash),
        ("package/\u{1b}[2J", Refusal::Control),
        ("package", Refusal::NoName),
    ] {
        assert_eq!(refusal(&manifest().raw(name.as_bytes(), b'0', b"x")), expected, "plain {name}");
        let long = manifest().raw(b"././@LongLink", b'L', format!("{name}\0").as_bytes());
        assert_eq!(refusal(&long.raw(b"package/good", b'0', b"x")), expected, "GNU {name}");
        let pax = manifest().pax(b'x', &[("path", name)]);
        assert_eq!(refusal(&pax.file("good", b"x")), expected, "pax {name}");
    }
    // The ustar prefix counts too.
    let prefixed = manifest().entry(b"x", b'0', b"x", 0o644, |block| block[345..352].copy_from_slice(b"a/../.."));
    assert_eq!(refusal(&prefixed), Refusal::Parent);
    let folder = manifest().raw(b"package/../x", b'5', b"");
    assert_eq!(refusal(&folder), Refusal::Parent);
    assert_eq!(refusal(&manifest().raw(b"package/\xff", b'0', b"")), Refusal::NotUtf8);
}

#[test]
fn the_error_names_package_and_entry_on_one_harmless_line() {
    let error = read(&manifest().raw("package/\u{1b}[2J\u{202e}x".as_bytes(), b'0', b"").pack())
        .unwrap_err()
        .to_string();
    assert!(error.contains("`p@1`") && error.contains("\\u{1b}[2J\\u{202e}x"), "{error}");
    assert!(!error.contains(['\u{1b}', '\u{202e}']));
}

#[test]
fn names_that_clash_are_refused() {
    for content in [&b"[]"[..], b"", b"{} "] {
        assert_eq!(refusal(&manifest().file("package.json", content)), Refusal::Duplicate);
        assert_eq!(refusal(&manifest().raw(b"other/package.json", b'0', content)), Refusal::Duplicate);
    }
    assert_eq!(refusal(&manifest().program("package.json", b"{}")), Refusal::Duplicate);
    assert_eq!(
        refusal(&manifest().file("Package.json", b"{}")),
        Refusal::CaseCollision("package.json".into())
    );
    assert_eq!(refusal(&manifest().file("package.json/x", b"{}")), Refusal::FileAndFolder);
    assert_eq!(refusal(&manifest().file("a/x", b"").file("a", b"")), Refusal::FileAndFolder);
    assert_eq!(refusal(&manifest().raw(b"package/package.json", b'5', b"")), Refusal::FileAndFolder);
}

#[test]
fn a_file_that_stands_twice_with_one_content_counts_once() {
    let big = vec![7; 1_000_000];
    let twice = manifest()
        .file("lib/a.js", &big)
        .raw(b"package/./lib/a.js", b'0', &big)
        .raw(b"package/./package.json", b'0', b"{}")
        .file("z.js", b"z");
    assert_eq!(paths(&twice), ["package.json", "lib/a.js", "z.js"]);
    let mut many = manifest();
    for _ in 0..=MOST_AGAIN {
        many = many.file("package.json", b"{}");
    }
    assert_eq!(refusal(&many), Refusal::Duplicate);
}

#[test]
fn long_names_and_pax_are_honoured() {
    let long = format!("package/{}/file.js", "d".repeat(150));
    let archive = manifest()
        .raw(b"././@LongLink", b'L', format!("{long}\0").as_bytes())
        .raw(b"package/cut", b'0', b"x")
        .pax(b'g', &[("comment", "0123abcd")])
        .pax(
            b'x',
            &[
                ("path", "package/p\u{e4}x.js"),
                ("mtime", "1.5"),
                ("size", "3"),
                ("LIBARCHIVE.xattr.a", "x\ny"),
            ],
        )
        .raw(b"package/other", b'0', b"abc")
        .entry(b"tail.js", b'0', b"", 0o644, |block| {
            block[345..358].copy_from_slice(b"package/a/b/c");
        });
    assert_eq!(
        paths(&archive),
        ["package.json", &long["package/".len()..], "p\u{e4}x.js", "a/b/c/tail.js"]
    );
}

#[test]
fn headers_that_contradict_each_other_are_refused() {
    let pax = |records: &[(&str, &str)]| manifest().pax(b'x', records).file("x", b"abc");
    // A size that another reader would take: what follows would be read as other entries.
    assert_eq!(refusal(&pax(&[("size", "512")])), Refusal::Contradiction);
    assert_eq!(
        refusal(&pax(&[("path", "package/a"), ("path", "package/b")])),
        Refusal::Contradiction
    );
    assert_eq!(
        refusal(&manifest().pax(b'g', &[("path", "package/a")]).file("x", b"")),
        Refusal::Contradiction
    );
    let both = manifest()
        .pax(b'x', &[("path", "package/a")])
        .raw(b"././@LongLink", b'L', b"package/b\0")
        .file("x", b"");
    assert_eq!(refusal(&both), Refusal::Contradiction);
    assert_eq!(refusal(&manifest().raw(b"package/x/", b'0', b"abc")), Refusal::Contradiction);
    for body in [&b"9 path=xy\n"[..], b"path=x\n", b"99 path=x\n", b"8 path=x\n\n", b"3 x\n"] {
        assert_eq!(
            refusal(&manifest().raw(b"PaxHeader/x", b'x', body).file("x", b"")),
            Refusal::Extended,
            "{body:?}"
        );
    }
}

#[test]
fn a_damaged_archive_is_never_read_as_a_shorter_one() {
    let whole = manifest().file("a", &[1; 3000]).file("b", b"x").pack();
    assert_eq!(read(&whole).unwrap().len(), 3);
    for end in 0..whole.len() {
        assert!(read(&whole[..end]).is_err(), "cut to {end} of {}", whole.len());
    }
    let files = read(&whole);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        // Some bits mean nothing, or name an equal run of bytes elsewhere: then all is as it was.
        let found = read(&bytes);
        assert!(found.is_err() || found == files, "byte {at} changed");
    }
}

#[test]
fn nothing_may_follow_the_end() {
    let whole = manifest().pack();
    assert!(read(&[&whole[..], b"garbage"].concat()).is_err());
    assert!(read(&[&whole[..], &[0; 8], b"garbage"].concat()).is_err());
    assert!(read(&[&whole[..], &[0; 8], &whole[..]].concat()).is_err());
    // Zeros alone are fill, and real packages have them.
    assert_eq!(read(&[&whole[..], &[0; 700]].concat()).unwrap().len(), 1);
    // A second compressed member with entries of its own: some readers would see them.
    assert!(read(&[&whole[..], &Tgz::new().file("hidden", b"x").pack()].concat()).is_err());
    let hidden = manifest().bytes(&[0; 1024]).file("hidden", b"x");
    assert!(read(&hidden.pack()).is_err());
    let one_zero_block = manifest().bytes(&[0; 512]).file("hidden", b"x");
    assert!(read(&one_zero_block.pack()).is_err());
    // Two members of one archive are the same bytes to every reader; so is one without end marks.
    let tar = manifest();
    assert_eq!(read(&[gzip(b""), tar.pack()].concat()).unwrap().len(), 1);
    assert_eq!(read(&tar.pack_without_end()).unwrap().len(), 1);
}

#[test]
fn wrong_checksums_and_half_headers_are_refused() {
    let mut twisted = manifest().file("a", b"x");
    twisted = twisted.bytes(&[b'x'; 512]);
    assert!(matches!(read(&twisted.pack()), Err(ArchiveError::Damaged { .. })));
    assert!(matches!(
        read(&manifest().bytes(b"half").pack_without_end()),
        Err(ArchiveError::Damaged { .. })
    ));
    assert!(matches!(
        read(&manifest().pax(b'x', &[("path", "p/x")]).pack()),
        Err(ArchiveError::Damaged { .. })
    ));
    for empty in [gzip(b""), gzip(&[0; 1024]), vec![], b"not gzip at all".to_vec()] {
        assert!(matches!(read(&empty), Err(ArchiveError::Damaged { .. })));
    }
}

#[test]
fn bombs_are_stopped() {
    let claims = |size: u64| {
        Tgz::new().entry(b"package/bomb", b'0', b"", 0o644, |block| {
            let mut header = tar::Header::from_byte_slice(block).clone();
            header.set_size(size);
            block.copy_from_slice(header.as_bytes());
        })
    };
    assert_eq!(refusal(&claims(MAX_FILE + 1)), Refusal::TooLarge);
    assert_eq!(refusal(&claims(u64::MAX / 2)), Refusal::TooLarge);
    // Zeros after the end: next to nothing when compressed.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &vec![0; usize::try_from(MAX_UNPACKED).unwrap() + 1]).unwrap();
    assert!(matches!(read(&gzip.finish().unwrap()), Err(ArchiveError::Bomb { .. })));
}

#[test]
fn too_many_files_are_refused() {
    let mut archive = Tgz::new();
    for i in 0..=MAX_FILES {
        archive = archive.raw(format!("p/{i}").as_bytes(), b'0', b"");
    }
    assert!(matches!(read(&archive.pack()), Err(ArchiveError::Bomb { .. })));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..2048)) {
        let _ = read(&gzip(&bytes));
        let _ = read(&bytes);
    }

    #[test]
    fn what_is_packed_comes_out(files in prop::collection::btree_map("[a-z]{1,8}\\.[a-z]{1,3}", prop::collection::vec(any::<u8>(), 0..2000), 1..12)) {
        let archive = files.iter().fold(Tgz::new(), |archive, (path, bytes)| archive.file(path, bytes));
        let found: std::collections::BTreeMap<_, _> = read(&archive.pack()).unwrap().into_iter().map(|(path, _, bytes)| (path, bytes)).collect();
        prop_assert_eq!(found, files);
    }
}
