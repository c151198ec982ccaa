//! Archives that another reader would read differently, and other hostile ones, each refused by name.

use proptest::prelude::*;

use super::super::entry::{MAX_FILE, MAX_FILES, MAX_UNPACKED};
use super::super::testing::zip::{self as crafted, Entry as Crafted, central, crc, deflate, local, put};
use super::*;

type Lie = fn(&mut Crafted);
type Listing = Vec<(String, bool, Vec<u8>)>;

fn read(bytes: &[u8]) -> Result<Listing, ArchiveError> {
    let mut zip = Zip::new("w@1", bytes)?;
    let paths: Vec<_> = zip.paths().map(str::to_owned).collect();
    let mut files = Vec::new();
    while let Some(head) = zip.next_file()? {
        let mut content = Vec::new();
        zip.content(&mut content)?;
        assert_eq!(content.len() as u64, head.size);
        files.push((head.path, head.executable, content));
    }
    assert_eq!(files.iter().map(|(path, ..)| path.clone()).collect::<Vec<_>>(), paths);
    Ok(files)
}

fn refusal(archive: &crafted::Zip) -> Refusal {
    refusal_of(&archive.pack())
}

fn refusal_of(bytes: &[u8]) -> Refusal {
    match read(bytes) {
        Err(ArchiveError::Entry { package, refusal, .. }) => {
            assert_eq!(package, "w@1");
            refusal
        }
        other => panic!("{other:?}"),
    }
}

fn damage(bytes: &[u8]) -> String {
    match read(bytes) {
        Err(ArchiveError::Damaged { reason, .. }) => reason,
        other => panic!("{other:?}"),
    }
}

fn first() -> crafted::Zip {
    crafted::Zip::new().file("a/first.py", b"print('first')\n")
}

fn twisted(twist: impl FnOnce(&mut Crafted)) -> crafted::Zip {
    first().twisted("a/x.py", b"content", twist).file("a/last.py", b"last")
}

#[test]
fn files_come_with_content_and_executable_bit() {
    let big: Vec<u8> = (0..1_000_000_u32).map(|i| u8::try_from(i * 7 % 251).unwrap()).collect();
    let zeros = vec![0; BUFFER * 3];
    let archive = crafted::Zip::new()
        .folder("a/")
        .program("a/run", b"#!")
        .file("a/big", &big)
        .stored("a/stored", &big)
        .file("a/empty", b"")
        .stored("a/stored-empty", b"")
        .file("a/zeros", &zeros)
        .file("a/exact", &zeros[..BUFFER])
        .entry("a/\u{e9}".as_bytes(), b"x", true, 0, |_| ());
    let expected: Listing = [
        ("a/run", true, &b"#!"[..]),
        ("a/big", false, &big),
        ("a/stored", false, &big),
        ("a/empty", false, b""),
        ("a/stored-empty", false, b""),
        ("a/zeros", false, &zeros),
        ("a/exact", false, &zeros[..BUFFER]),
        ("a/\u{e9}", false, b"x"),
    ]
    .map(|(path, executable, content)| (path.to_owned(), executable, content.to_vec()))
    .to_vec();
    assert!(read(&archive.pack()).unwrap() == expected);
}

#[test]
fn a_file_that_is_not_read_is_proved_all_the_same() {
    let wrong = |e: &mut Crafted| {
        put(&mut e.local, local::CRC, [1; 4]);
        put(&mut e.central, central::CRC, [1; 4]);
    };
    let bytes = twisted(wrong).pack();
    let mut zip = Zip::new("w@1", &bytes).unwrap();
    zip.next_file().unwrap();
    zip.next_file().unwrap();
    assert!(zip.next_file().is_err());
    let (good, mut seen) = (twisted(|_| ()).pack(), 0);
    let mut zip = Zip::new("w@1", &good).unwrap();
    while zip.next_file().unwrap().is_some() {
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[test]
fn headers_that_contradict_the_directory_are_refused() {
    let lies: [(&str, Lie); 9] = [
        ("name", |e| e.local[local::NAME] = b'b'),
        ("name in the directory", |e| e.central[central::NAME] = b'b'),
        ("flags", |e| put(&mut e.local, local::FLAGS, [2, 0])),
        ("method", |e| put(&mut e.local, local::METHOD, [0, 0])),
        ("checksum", |e| put(&mut e.local, local::CRC, [1; 4])),
        ("packed size", |e| put(&mut e.local, local::PACKED, [1, 0, 0, 0])),
        ("size", |e| put(&mut e.local, local::SIZE, [1, 0, 0, 0])),
        ("sizes left out", |e| e.local[local::CRC..local::CRC + 12].fill(0)),
        ("disk", |e| put(&mut e.central, central::DISK, [1, 0])),
    ];
    for (what, lie) in lies {
        assert_eq!(refusal(&twisted(lie)), Refusal::Contradiction, "{what}");
    }
    let stored = first().entry(b"x", b"abc", false, 0, |e| {
        put(&mut e.local, local::SIZE, [2, 0, 0, 0]);
        put(&mut e.central, central::SIZE, [2, 0, 0, 0]);
    });
    assert_eq!(refusal(&stored), Refusal::Contradiction);
}

#[test]
fn content_is_exactly_what_is_promised() {
    let both = |at: (usize, usize), field: [u8; 4]| {
        move |e: &mut Crafted| {
            put(&mut e.local, at.0, field);
            put(&mut e.central, at.1, field);
        }
    };
    let size = (local::SIZE, central::SIZE);
    for (what, archive) in [
        ("checksum", twisted(both((local::CRC, central::CRC), [9; 4]))),
        ("less than there is", twisted(both(size, [6, 0, 0, 0]))),
        ("nothing", twisted(both(size, [0; 4]))),
        ("more than there is", twisted(both(size, [8, 0, 0, 0]))),
        (
            "stored checksum",
            first().entry(b"x", b"abc", false, 0, both((local::CRC, central::CRC), [9; 4])),
        ),
        (
            "empty checksum",
            first().entry(b"x", b"", false, 0, both((local::CRC, central::CRC), [9; 4])),
        ),
        (
            "empty deflated checksum",
            first().entry(b"x", b"", true, 0, both((local::CRC, central::CRC), [9; 4])),
        ),
    ] {
        assert_eq!(refusal(&archive), Refusal::Content, "{what}");
    }
    // A second stream, or anything else, behind the end of the first one.
    let packed = |data: Vec<u8>| {
        twisted(move |e: &mut Crafted| {
            let length = u32::try_from(data.len()).unwrap().to_le_bytes();
            put(&mut e.local, local::PACKED, length);
            put(&mut e.central, central::PACKED, length);
            e.data = data;
        })
    };
    let whole = deflate(b"content");
    assert_eq!(read(&packed(whole.clone()).pack()).unwrap().len(), 3);
    for data in [
        [&whole[..], b"x"].concat(),
        [&whole[..], &deflate(b"")].concat(),
        whole[..whole.len() - 1].to_vec(),
        b"\x07garbage".to_vec(),
        vec![],
    ] {
        assert_eq!(refusal(&packed(data)), Refusal::Content);
    }
    let full_folder = first().entry(b"f/", b"", true, 0, |e| e.data[0] = 1);
    assert_eq!(refusal(&full_folder), Refusal::Content);
}

#[test]
fn every_byte_belongs_to_one_entry() {
    assert_eq!(refusal(&first().bytes(b"x").file("b", b"")), Refusal::Elsewhere);
    assert_eq!(refusal(&first().bytes(b"x")), Refusal::Elsewhere);
    assert_eq!(
        refusal(&crafted::Zip::new().bytes(b"#!/bin/sh\n").file("b", b"")),
        Refusal::Elsewhere
    );
    // A whole entry that the directory does not name, which a reader from the front would see.
    let hidden = crafted::Zip::new().file("evil.py", b"evil").pack();
    let end = hidden.len() - 22 - 46 - 7;
    assert_eq!(refusal(&first().bytes(&hidden[..end]).file("b", b"")), Refusal::Elsewhere);
    // Two records for the same bytes, and one that points into another's content.
    let overlap = |offset: u32| first().twisted("b", b"", |e| put(&mut e.central, central::OFFSET, offset.to_le_bytes()));
    assert_eq!(refusal(&overlap(0)), Refusal::Elsewhere);
    assert_eq!(refusal(&overlap(40)), Refusal::Elsewhere);
    assert_eq!(refusal(&overlap(0xffff_fff0)), Refusal::Elsewhere);
    // A zip within a zip: stored content that holds another archive's records is content.
    let inner = first().pack();
    assert_eq!(read(&first().stored("inner.whl", &inner).pack()).unwrap()[1].2, inner);
    let pointed = first().stored("inner.whl", &inner).twisted("a/first.py", b"print('first')\n", |e| {
        let at = u32::try_from(first().pack().len() - 22 - 46 - 10 + 30 + 9).unwrap();
        put(&mut e.central, central::OFFSET, at.to_le_bytes());
    });
    assert_eq!(refusal(&pointed), Refusal::Elsewhere);
}

#[test]
fn the_end_record_ends_the_archive_and_is_the_only_one() {
    let whole = first().pack();
    for tail in [&b"x"[..], b"\0", b"PK\x05\x06", &whole] {
        let reason = match read(&[&whole, tail].concat()) {
            Err(ArchiveError::Damaged { reason, .. }) => reason,
            // The second archive's offsets count from its own beginning.
            other => panic!("{other:?}"),
        };
        assert!(reason.contains("end record"), "{reason}");
    }
    assert!(damage(&[b"MZ", &whole[..]].concat()).contains("directory"));
    let commented = first().pack_twisted(|end| {
        put(end, 20, [3, 0]);
        end.extend(b"abc");
    });
    assert!(damage(&commented).contains("end record"));
    // The comment of an outer archive that holds a whole other one.
    let outer = first().pack_twisted(|end| {
        let inner = crafted::Zip::new().file("evil.py", b"evil").pack();
        put(end, 20, u16::try_from(inner.len()).unwrap().to_le_bytes());
        end.extend(inner);
    });
    assert!(damage(&outer).contains("more than one end record"));
    for (what, at, field) in [("count", 8, 2_u16), ("disk", 4, 1), ("disk of the directory", 6, 1)] {
        let bytes = first().pack_twisted(|end| put(end, at, field.to_le_bytes()));
        assert!(damage(&bytes).contains("several files"), "{what}");
    }
    let fewer = first().file("b", b"").pack_twisted(|end| {
        put(end, 8, [1, 0]);
        put(end, 10, [1, 0]);
    });
    assert!(damage(&fewer).contains("more than its end record says"));
    assert!(damage(&first().directory_bytes(b"PK\x05\x05\0\0").pack()).contains("more than its end record says"));
    assert!(damage(&crafted::Zip::new().pack()).contains("holds no file"));
    assert!(damage(&crafted::Zip::new().folder("a/").pack()).contains("holds no file"));
    assert!(damage(b"").contains("end record") && damage(&[0; 100]).contains("end record"));
}

#[test]
fn sizes_may_follow_the_content_and_must_agree() {
    let follow = |twist: Lie| {
        twisted(move |e| {
            e.sizes_follow();
            twist(e);
        })
    };
    assert_eq!(read(&follow(|_| ()).pack()).unwrap()[1].2, b"content");
    assert_eq!(read(&follow(|e| drop(e.after.drain(..4))).pack()).unwrap().len(), 3);
    for (what, lie) in [
        ("checksum", (|e| e.after[4] ^= 1) as Lie),
        ("packed size", |e| e.after[8] ^= 1),
        ("size", |e| e.after[12] ^= 1),
        ("a size before it", |e| e.local[local::SIZE] = 1),
    ] {
        assert_eq!(refusal(&follow(lie)), Refusal::Contradiction, "{what}");
    }
    for (what, lie) in [
        ("no descriptor", (|e| e.after.clear()) as Lie),
        ("no mark, but its length", |e| e.after[0] ^= 1),
        ("half", |e| e.after.truncate(14)),
        ("more", |e| e.after.push(0)),
        ("wide sizes without wide headers", |e| e.after.extend([0; 8])),
    ] {
        assert_eq!(refusal(&follow(lie)), Refusal::Elsewhere, "{what}");
    }
    // Without a length in front, a reader would look for the mark in the content.
    let stored = first().entry(b"x", b"PK\x07\x08", false, 0, Crafted::sizes_follow);
    assert_eq!(refusal(&stored), Refusal::Endless);
    assert_eq!(
        read(&first().entry(b"x", b"", false, 0, Crafted::sizes_follow).pack())
            .unwrap()
            .len(),
        2
    );
}

/// The extra field of wide sizes.
fn wide(numbers: &[u64]) -> Vec<u8> {
    let mut extra = vec![1, 0];
    extra.extend(u16::try_from(numbers.len() * 8).unwrap().to_le_bytes());
    extra.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
    extra
}

#[test]
fn wide_sizes_must_be_the_same_sizes() {
    let packed = deflate(b"content").len() as u64;
    let full = |e: &mut Crafted| e.local[local::PACKED..local::PACKED + 8].fill(0xff);
    let archive = twisted(|e| {
        full(e);
        e.local_extra(&wide(&[7, packed]));
    });
    assert_eq!(read(&archive.pack()).unwrap()[1].2, b"content");
    let archive = twisted(|e| {
        put(&mut e.central, central::SIZE, [0xff; 4]);
        e.central_extra(&wide(&[7]));
    });
    assert_eq!(read(&archive.pack()).unwrap().len(), 3);
    let follow = twisted(|e| {
        e.sizes_follow();
        full(e);
        e.local_extra(&wide(&[0, 0]));
        e.after = [
            &b"PK\x07\x08"[..],
            &crc(b"content").to_le_bytes(),
            &packed.to_le_bytes(),
            &7_u64.to_le_bytes(),
        ]
        .concat();
    });
    assert_eq!(read(&follow.pack()).unwrap().len(), 3);
    // Bazel writes them twice.
    assert_eq!(read(&twisted(|e| e.local_extra(&wide(&[7, packed]))).pack()).unwrap().len(), 3);
    for (what, numbers) in [
        ("another size", vec![8, packed]),
        ("one too few", vec![7]),
        ("one too many", vec![7, packed, 0]),
        ("none", vec![]),
    ] {
        let lie = |e: &mut Crafted| {
            full(e);
            e.local_extra(&wide(&numbers));
        };
        assert_eq!(refusal(&twisted(lie)), Refusal::Contradiction, "{what}");
        assert_eq!(
            refusal(&twisted(|e| e.local_extra(&wide(&numbers)))),
            Refusal::Contradiction,
            "{what}, not needed"
        );
    }
    assert_eq!(refusal(&twisted(full)), Refusal::Contradiction);
    let twice = [wide(&[7, packed]), wide(&[7, packed])].concat();
    assert_eq!(refusal(&twisted(|e| e.local_extra(&twice))), Refusal::Contradiction);
    assert_eq!(refusal(&twisted(|e| e.central_extra(&wide(&[8, packed])))), Refusal::Contradiction);
}

#[test]
fn a_wide_end_record_is_needed_and_says_the_same() {
    let full = |end: &mut Vec<u8>| end[16..20].fill(0xff);
    // Its numbers have room in the other record.
    assert!(damage(&first().pack_wide(|_, _, _| ())).contains("contradict"));
    assert!(damage(&first().pack_wide(|_, _, end| full(end))).contains("contradict"));
    assert!(damage(&first().pack_wide(|_, locator, _| locator[8] ^= 1)).contains("contradict"));
    assert!(damage(&first().pack_twisted(full)).contains("directory"));
    let many = (0..65_536).fold(crafted::Zip::new(), |zip, _| zip.stored("f", b""));
    assert!(matches!(read(&many.pack_wide(|_, _, _| ())), Err(ArchiveError::Bomb { .. })));
    assert!(damage(&many.pack_wide(|wide, _, _| put(wide, 32, [0, 0, 2]))).contains("several files"));
    assert!(damage(&many.pack_wide(|_, _, end| put(end, 10, [0xfe, 0xff]))).contains("contradict"));
    assert!(damage(&many.pack_wide(|wide, _, _| wide[4] = 45)).contains("contradict"));
    // Before a full record that is no locator, nothing wide is seen.
    assert!(damage(&first().pack_wide(|_, locator, _| locator[0] = 0)).contains("directory"));
}

#[test]
fn names_are_utf8_in_every_reading() {
    let unmarked = first().entry("\u{e9}".as_bytes(), b"", true, 0, |e| e.flags(0));
    assert_eq!(refusal(&unmarked), Refusal::NotUtf8);
    assert_eq!(refusal(&first().entry(b"\xff", b"", true, 0, |_| ())), Refusal::NotUtf8);
    let unicode_path = |name: &[u8]| {
        [
            &[0x75, 0x70][..],
            &u16::try_from(name.len() + 5).unwrap().to_le_bytes(),
            &[1, 0, 0, 0, 0],
            name,
        ]
        .concat()
    };
    assert_eq!(
        refusal(&twisted(|e| e.central_extra(&unicode_path(b"a/evil.py")))),
        Refusal::Contradiction
    );
    assert_eq!(
        refusal(&twisted(|e| e.local_extra(&unicode_path(b"a/evil.py")))),
        Refusal::Contradiction
    );
    assert_eq!(read(&twisted(|e| e.local_extra(&unicode_path(b"a/x.py"))).pack()).unwrap().len(), 3);
    for extra in [&b"\x75\x70"[..], b"\x75\x70\x09\0x", b"x"] {
        assert_eq!(refusal(&twisted(|e| e.local_extra(extra))), Refusal::Extended);
        assert_eq!(refusal(&twisted(|e| e.central_extra(extra))), Refusal::Extended);
    }
}

#[test]
fn hostile_names_are_refused() {
    for (name, expected) in [
        ("/etc/passwd", Refusal::Absolute),
        ("../x", Refusal::Parent),
        ("a/../../x", Refusal::Parent),
        ("a\\..\\x", Refusal::Backslash),
        ("C:/x", Refusal::Absolute),
        ("a/\u{1b}[2J", Refusal::Control),
        ("a\0.py", Refusal::Control),
        ("./a", Refusal::NotNormal),
        ("a//b", Refusal::NotNormal),
        ("a/./b", Refusal::NotNormal),
        ("", Refusal::NoName),
        ("a/first.py", Refusal::Duplicate),
        ("A/first.py", Refusal::CaseCollision("a".into())),
        ("a/First.py", Refusal::CaseCollision("a/first.py".into())),
        ("a", Refusal::FileAndFolder),
        ("a/first.py/x", Refusal::FileAndFolder),
    ] {
        assert_eq!(
            refusal(&first().entry(name.as_bytes(), b"x", true, 0, |_| ())),
            expected,
            "{name:?}"
        );
    }
    assert_eq!(refusal(&first().folder("a/../b/")), Refusal::Parent);
    assert_eq!(refusal(&first().folder("/")), Refusal::Absolute);
    assert_eq!(refusal(&first().folder("a/first.py/")), Refusal::FileAndFolder);
    let error = read(&first().file("a/\u{1b}[2J\u{202e}x", b"").pack()).unwrap_err().to_string();
    assert!(
        error.contains("`w@1`") && error.contains("\\u{1b}[2J") && !error.contains(['\u{1b}', '\u{202e}']),
        "{error}"
    );
}

#[test]
fn whatever_is_no_plain_file_or_folder_is_refused() {
    for (mode, expected) in [
        (0o120_777, Refusal::Kind("symbolic link")),
        (0o020_644, Refusal::Kind("device")),
        (0o060_644, Refusal::Kind("device")),
        (0o010_644, Refusal::Kind("named pipe")),
        (0o140_644, Refusal::Kind("socket")),
        (0o050_644, Refusal::Kind("kind of entry this version does not know")),
        (0o040_755, Refusal::Contradiction),
    ] {
        assert_eq!(refusal(&first().entry(b"x", b"/etc", true, mode, |_| ())), expected, "{mode:o}");
    }
    assert_eq!(
        refusal(&first().entry(b"x/", b"", false, 0o120_777, |_| ())),
        Refusal::Kind("symbolic link")
    );
    assert_eq!(
        refusal(&first().entry(b"x/", b"", false, 0o100_644, |_| ())),
        Refusal::Contradiction
    );
    assert_eq!(refusal(&first().entry(b"x/", b"code", false, 0, |_| ())), Refusal::Contradiction);
    assert_eq!(
        refusal(&twisted(|e| e.central[central::ATTRIBUTES] |= 0x10)),
        Refusal::Contradiction
    );
}

#[test]
fn what_only_some_readers_know_is_refused() {
    for (flag, expected) in [
        (0, Refusal::Encrypted),
        (6, Refusal::Encrypted),
        (13, Refusal::Encrypted),
        (4, Refusal::Flags),
        (5, Refusal::Flags),
        (15, Refusal::Flags),
    ] {
        assert_eq!(refusal(&twisted(|e| e.flags(1 << flag))), expected, "{flag}");
    }
    for method in [1, 6, 9, 12, 14, 93, 95, 99] {
        let other = twisted(|e| {
            put(&mut e.local, local::METHOD, u16::to_le_bytes(method));
            put(&mut e.central, central::METHOD, u16::to_le_bytes(method));
        });
        assert_eq!(refusal(&other), Refusal::Method(method));
    }
    let comment = twisted(|e| {
        e.central.extend(b"PK\x05\x06");
        put(&mut e.central, central::COMMENT_LENGTH, [4, 0]);
    });
    assert_eq!(refusal(&comment), Refusal::Comment);
}

#[test]
fn a_damaged_archive_is_never_read_as_another_one() {
    let whole = first()
        .program("run", b"#!")
        .stored("s", b"stored")
        .twisted("f", b"follow", Crafted::sizes_follow)
        .pack();
    let files = read(&whole).unwrap();
    assert_eq!(files.len(), 4);
    for end in 0..whole.len() {
        assert!(read(&whole[..end]).is_err(), "cut to {end} of {}", whole.len());
    }
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            // Versions, times and permissions may be others; content and names may not.
            if let Ok(found) = read(&bytes) {
                let plain = |files: &Listing| {
                    files
                        .iter()
                        .map(|(path, _, content)| (path.clone(), content.clone()))
                        .collect::<Vec<_>>()
                };
                assert_eq!(plain(&found), plain(&files), "byte {at}, bit {bit}");
            }
        }
    }
}

#[test]
fn bombs_are_stopped_before_anything_is_unpacked() {
    let claims = |size: u64| {
        move |e: &mut Crafted| {
            let size = u32::try_from(size).unwrap().to_le_bytes();
            put(&mut e.local, local::SIZE, size);
            put(&mut e.central, central::SIZE, size);
        }
    };
    assert_eq!(refusal(&twisted(claims(MAX_FILE + 1))), Refusal::TooLarge);
    let half = MAX_UNPACKED / 2 + 1;
    let two = first().twisted("x", b"", claims(half)).twisted("y", b"", claims(half));
    assert!(matches!(read(&two.pack()), Err(ArchiveError::Bomb { .. })));
    let count = u16::try_from(MAX_FILES).unwrap() + 1;
    let many = (0..count).fold(crafted::Zip::new(), |zip, i| zip.stored(&format!("{i}"), b""));
    assert!(matches!(read(&many.pack()), Err(ArchiveError::Bomb { .. })));
    // A stream that goes on beyond its promise is left where the promise ends.
    let zeros = deflate(&vec![0; 20 << 20]);
    let longer = first().entry(b"x", b"0", true, 0, |e| {
        let length = u32::try_from(zeros.len()).unwrap().to_le_bytes();
        put(&mut e.local, local::PACKED, length);
        put(&mut e.central, central::PACKED, length);
        e.data = zeros;
    });
    assert_eq!(refusal(&longer), Refusal::Content);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..512), at in any::<prop::sample::Index>(), new in any::<[u8; 4]>()) {
        let _ = read(&bytes);
        let _ = read(&first().directory_bytes(&bytes).pack());
        let mut whole = twisted(|e| e.local_extra(&wide(&[7, 9]))).pack();
        let at = at.index(whole.len() - 4);
        put(&mut whole, at, new);
        let _ = read(&whole);
    }

    #[test]
    fn what_is_packed_comes_out(files in prop::collection::btree_map("[a-z]{1,8}\\.[a-z]{1,3}", (any::<bool>(), prop::collection::vec(any::<u8>(), 0..2000)), 1..12)) {
        let archive = files.iter().fold(crafted::Zip::new(), |zip, (path, (deflated, bytes))| zip.entry(path.as_bytes(), bytes, *deflated, 0, |_| ()));
        let found: std::collections::BTreeMap<_, _> = read(&archive.pack()).unwrap().into_iter().map(|(path, _, bytes)| (path, bytes)).collect();
        let plain: std::collections::BTreeMap<_, _> = files.into_iter().map(|(path, (_, bytes))| (path, bytes)).collect();
        prop_assert_eq!(found, plain);
    }
}
