//! Crafted archives and a store to put them in, for the tests of this folder.

pub(super) mod zip;

use std::fs;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha512};
use tempfile::TempDir;

use super::{InstallId, Part, Place, Store, TreeCheck, tree};
use crate::model::{Integrity, Platform};

/// An archive in the making. [`Tgz::raw`] writes what no well-meaning tool would.
#[derive(Clone, Default)]
pub(super) struct Tgz(Vec<u8>);

impl Tgz {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn file(self, path: &str, bytes: &[u8]) -> Self {
        self.raw(format!("package/{path}").as_bytes(), b'0', bytes)
    }

    pub(super) fn program(self, path: &str, bytes: &[u8]) -> Self {
        self.entry(format!("package/{path}").as_bytes(), b'0', bytes, 0o755, |_| ())
    }

    pub(super) fn raw(self, name: &[u8], kind: u8, bytes: &[u8]) -> Self {
        self.entry(name, kind, bytes, 0o644, |_| ())
    }

    /// One entry, its header changed by `twist` before the checksum is taken.
    pub(super) fn entry(mut self, name: &[u8], kind: u8, bytes: &[u8], mode: u32, twist: impl FnOnce(&mut [u8; 512])) -> Self {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(mode);
        let mut block = *header.as_bytes();
        block[..100].fill(0);
        block[..name.len()].copy_from_slice(name);
        block[156] = kind;
        twist(&mut block);
        let mut header = tar::Header::from_byte_slice(&block).clone();
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn pax(self, kind: u8, records: &[(&str, &str)]) -> Self {
        let mut body = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let length = (rest..rest + 9).find(|length| rest + length.to_string().len() == *length).unwrap();
            writeln!(body, "{length} {key}={value}").unwrap();
        }
        self.raw(b"PaxHeader/x", kind, &body)
    }

    /// The tar with its end marks, compressed.
    pub(super) fn pack(&self) -> Vec<u8> {
        gzip(&[self.0.as_slice(), &[0; 1024]].concat())
    }

    /// The tar as it is, compressed.
    pub(super) fn pack_without_end(&self) -> Vec<u8> {
        gzip(&self.0)
    }
}

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

pub(super) fn integrity(bytes: &[u8]) -> Integrity {
    Integrity::Sha512(Sha512::digest(bytes).into())
}

/// Where the tests' wheels have their code.
pub(super) const SITE: &str = "lib/python3.12/site-packages";

/// A store of its own.
pub(super) struct Home {
    pub(super) store: Store,
    pub(super) id: InstallId,
    folder: TempDir,
}

impl Drop for Home {
    fn drop(&mut self) {
        // Its own removal would stop at read-only folders.
        tree::remove(self.folder.path()).unwrap();
    }
}

impl Home {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let platform = Platform {
            os: "linux".into(),
            cpu: "x64".into(),
            libc: None,
        };
        Self {
            store: Store::open(&folder.path().join("home")).unwrap(),
            id: InstallId::of(&"n".parse().unwrap(), &platform, []),
            folder,
        }
    }

    /// Stores bytes as the archive of a package.
    pub(super) fn stored(&self, bytes: &[u8], what: &str) -> Integrity {
        let integrity = integrity(bytes);
        let mut incoming = self.store.receive(&integrity, what, 1 << 30).unwrap();
        incoming.write(bytes).unwrap();
        incoming.finish().unwrap();
        integrity
    }

    pub(super) fn part(&self, path: &str, archive: &Tgz) -> Part {
        let name = path.rsplit('/').next().unwrap();
        let what = format!("{name}@1.0.0");
        Part {
            place: Place::Package(path.parse().unwrap()),
            integrity: self.stored(&archive.pack(), &what),
            what,
        }
    }

    /// A wheel, whose file name begins like `what`.
    pub(super) fn wheel(&self, what: &str, archive: &zip::Zip) -> Part {
        let (name, version) = what.split_once('@').unwrap();
        Part {
            place: Place::Wheel {
                file: format!("{name}-{version}-py3-none-any.whl"),
                site: SITE.to_owned(),
            },
            integrity: self.stored(&archive.pack(), what),
            what: what.to_owned(),
        }
    }

    pub(super) fn tamper_archive(&self, part: &Part, bytes: &[u8]) {
        let path = self.store.archive_file(&part.integrity);
        fs::remove_file(&path).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(super) fn check(&self, parts: &[Part]) -> TreeCheck {
        self.store.check(&self.id, parts, None).unwrap()
    }

    /// What lies in `tmp/`.
    pub(super) fn leftovers(&self) -> Vec<String> {
        fs::read_dir(self.store.root().join("tmp"))
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}
