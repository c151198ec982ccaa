//! The files of one version, and what each is.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

use aho_corasick::AhoCorasick;
use serde_json::Value;

use super::SourceFile;
use crate::code::style::{self, Style};
use crate::code::{self, Language, Reading, text};

/// What a file is to this comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Source code.
    Code(Language),
    /// Data that code may read: its literals count.
    Data,
    /// Tests, documentation, types, source maps, manifests (which others grade), pictures.
    Aside,
    /// A file that nobody can read, and what it is.
    Opaque(&'static str),
}

struct File<'a> {
    content: &'a [u8],
    text: Cow<'a, str>,
    role: Role,
}

/// One version of a package; every file is read at most once.
pub(super) struct Tree<'a> {
    files: BTreeMap<&'a str, File<'a>>,
    readings: RefCell<HashMap<&'a str, Rc<Reading>>>,
    styles: OnceCell<Vec<Style>>,
}

impl<'a> Tree<'a> {
    pub(super) fn of(files: &[SourceFile<'a>]) -> Self {
        let started = started(files);
        let mut tree = Self {
            files: files
                .iter()
                .map(|file| {
                    let role = match role(file.path, file.content) {
                        Role::Aside | Role::Data if started.contains(file.path) => Role::Code(Language::JavaScript),
                        role => role,
                    };
                    let text = if matches!(role, Role::Opaque(_)) {
                        Cow::Borrowed("")
                    } else {
                        String::from_utf8_lossy(file.content)
                    };
                    let content = file.content;
                    (file.path, File { content, text, role })
                })
                .collect(),
            readings: RefCell::default(),
            styles: OnceCell::new(),
        };
        tree.raise();
        tree
    }

    /// Code in folders of tests or documentation is code once other code names it as a file is named;
    /// and whatever a module is loaded from is code, however it is called.
    fn raise(&mut self) {
        let spared: Vec<(&'a str, &'a str, Option<Language>)> = self
            .files
            .iter()
            .filter(|(_, file)| matches!(file.role, Role::Aside | Role::Data))
            .map(|(path, file)| (*path, code::language(path, first_line(file.content))))
            .filter(|(path, _)| !is_declaration_of_types(path))
            .map(|(path, language)| (path, called(path, language), language))
            .collect();
        let Ok(search) = AhoCorasick::new(spared.iter().map(|(_, called, _)| called)) else {
            return;
        };
        let mut named = BTreeSet::new();
        for file in self.files.values().filter(|file| matches!(file.role, Role::Code(_))) {
            let text = file.text.as_bytes();
            for hit in search.find_overlapping_iter(text) {
                let at = hit.pattern().as_usize();
                let language = spared.get(at).and_then(|(.., language)| *language);
                let loads = match language {
                    Some(Language::Python) => is_word(text, hit.range()),
                    Some(_) => is_named(text, hit.range()),
                    None => is_named(text, hit.range()) && is_loaded(text, hit.start()),
                };
                if loads {
                    named.insert(at);
                }
            }
        }
        for (path, _, language) in named.into_iter().filter_map(|at| spared.get(at)) {
            if let Some(file) = self.files.get_mut(path) {
                file.role = Role::Code(language.unwrap_or(Language::JavaScript));
            }
        }
    }

    pub(super) fn paths(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.files.keys().copied()
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    pub(super) fn content(&self, path: &str) -> &'a [u8] {
        self.files.get(path).map_or(&[], |file| file.content)
    }

    /// The text; empty for what nobody can read.
    pub(super) fn text(&self, path: &str) -> &str {
        self.files.get(path).map_or("", |file| &file.text)
    }

    pub(super) fn role(&self, path: &str) -> Role {
        self.files.get(path).map_or(Role::Aside, |file| file.role)
    }

    pub(super) fn was_read(&self, path: &str) -> bool {
        self.readings.borrow().contains_key(path)
    }

    /// How every file of code is written.
    pub(super) fn styles(&self) -> &[Style] {
        let code = || self.files.values().filter(|file| matches!(file.role, Role::Code(_)));
        self.styles.get_or_init(|| code().map(|file| style::of(&file.text)).collect())
    }

    /// What stands in a file.
    pub(super) fn reading(&self, path: &str) -> Rc<Reading> {
        if let Some(known) = self.readings.borrow().get(path) {
            return Rc::clone(known);
        }
        let Some((&path, file)) = self.files.get_key_value(path) else {
            return Rc::default();
        };
        let reading = Rc::new(match file.role {
            Role::Code(language) => code::read(path, language, &file.text),
            Role::Data => text::literals(&file.text),
            Role::Aside | Role::Opaque(_) => Reading::default(),
        });
        self.readings.borrow_mut().insert(path, Rc::clone(&reading));
        reading
    }
}

/// How code names a file: without its ending where that says the language, and by its folder where it
/// is what a folder is loaded by.
fn called(path: &str, language: Option<Language>) -> &str {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    match language {
        None => name,
        Some(_) if ["index", "__init__"].contains(&stem) && !folder.is_empty() => folder.rsplit('/').next().unwrap_or(folder),
        Some(_) => stem,
    }
}

fn is_declaration_of_types(path: &str) -> bool {
    [".d.ts", ".d.mts", ".d.cts", ".pyi", ".map"]
        .iter()
        .any(|ending| path.ends_with(ending))
}

/// A whole word.
fn is_word(text: &[u8], range: Range<usize>) -> bool {
    let part = |at: Option<&u8>| at.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let before = range.start.checked_sub(1).and_then(|at| text.get(at));
    !part(before) && !part(text.get(range.end))
}

/// The end of a path, or a path by itself: behind a slash or a quote, before a quote, a slash, a blank
/// or the ending of a file.
fn is_named(text: &[u8], range: Range<usize>) -> bool {
    let before = range.start.checked_sub(1).and_then(|at| text.get(at));
    let after = text.get(range.end);
    before.is_some_and(|b| b"/\\\"'`".contains(b)) && after.is_none_or(|b| b"/\\\"'`. \t\r\n;)".contains(b))
}

/// Whether a module is loaded from the path that ends here: `require("...`, `import("...`, `from "...`.
fn is_loaded(text: &[u8], end: usize) -> bool {
    let head = text.get(end.saturating_sub(300)..end).unwrap_or_default();
    let Some(quote) = head.iter().rposition(|b| b"\"'`".contains(b)) else {
        return false;
    };
    let before = head.get(..quote).unwrap_or_default().trim_ascii_end();
    let before = before.strip_suffix(b"(").unwrap_or(before).trim_ascii_end();
    [
        &b"require"[..],
        b"import",
        b"from",
        b"register",
        b"createRequire",
        b"fork",
        b"Worker",
        b"resolve",
    ]
    .iter()
    .any(|word| before.ends_with(word))
}

/// Files that the manifest of npm names as what runs, whatever they are called.
fn started(files: &[SourceFile<'_>]) -> BTreeSet<String> {
    let manifest = files.iter().rev().find(|file| file.path == "package.json");
    let manifest: Option<Value> = manifest.and_then(|file| serde_json::from_slice(file.content).ok());
    let mut out = BTreeSet::new();
    if let Some(Value::Object(fields)) = manifest {
        for field in ["main", "module", "bin", "exports", "browser"] {
            fields.get(field).into_iter().for_each(|value| strings(value, &mut out));
        }
    }
    // `exports` names manifests and types as well, which do not run.
    out.retain(|path| {
        ![".json", ".ts", ".mts", ".cts", ".css", ".md", ".node", ".wasm"]
            .iter()
            .any(|ending| path.ends_with(ending))
    });
    out
}

fn strings(value: &Value, out: &mut BTreeSet<String>) {
    match value {
        Value::String(path) => {
            out.insert(path.trim_start_matches("./").to_owned());
        }
        Value::Object(fields) => fields.values().for_each(|value| strings(value, out)),
        Value::Array(items) => items.iter().for_each(|value| strings(value, out)),
        _ => {}
    }
}

fn first_line(content: &[u8]) -> &str {
    let head = content.get(..200).unwrap_or(content);
    let line = head.split(|&b| b == b'\n').next().unwrap_or_default();
    std::str::from_utf8(line).unwrap_or_default()
}

/// Endings of data that code reads.
const DATA: [&str; 20] = [
    "json", "json5", "jsonc", "yaml", "yml", "toml", "html", "htm", "svg", "xml", "ini", "cfg", "conf", "css", "vue", "svelte", "astro",
    "hbs", "ejs", "txt",
];

fn role(path: &str, content: &[u8]) -> Role {
    let language = code::language(path, first_line(content));
    let lower = path.to_ascii_lowercase();
    if language.is_none()
        && let Some(what) = opaque(&lower, content)
    {
        return Role::Opaque(what);
    }
    let name = lower.rsplit('/').next().unwrap_or(&lower);
    if is_aside(&lower, name) {
        return Role::Aside;
    }
    if let Some(language) = language {
        return Role::Code(language);
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    if DATA.contains(&ending) {
        return Role::Data;
    }
    Role::Aside
}

/// Tests, documentation, types, source maps, licences, and the manifests that others grade.
fn is_aside(lower: &str, name: &str) -> bool {
    let folders = [
        "test",
        "tests",
        "__tests__",
        "__mocks__",
        "spec",
        "docs",
        "doc",
        "example",
        "examples",
        "fixtures",
        "coverage",
    ];
    let endings = [".map", ".d.ts", ".d.mts", ".d.cts", ".md", ".markdown", ".rst", ".lock", ".pyi"];
    let names = [
        "package.json",
        "package-lock.json",
        "npm-shrinkwrap.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "tsconfig.json",
        "license.txt",
        "licence.txt",
        "requirements.txt",
        "pyproject.toml",
        "top_level.txt",
        "entry_points.txt",
        "changelog.txt",
    ];
    let tested = [".test.", ".spec."].iter().any(|mark| name.contains(mark)) || name.starts_with("test_") || name == "conftest.py";
    let metadata = lower
        .split('/')
        .any(|part| part == "dist-info" || part.ends_with(".dist-info") || part.ends_with(".egg-info"));
    let folder = lower
        .rsplit_once('/')
        .is_some_and(|(folder, _)| folder.split('/').any(|part| folders.contains(&part)));
    tested || metadata || folder || names.contains(&name) || endings.iter().any(|ending| name.ends_with(ending))
}

/// The first bytes of pictures, fonts, sounds and pages.
const HARMLESS: [&[u8]; 16] = [
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
    b"wOFF",
    b"wOF2",
    b"OTTO",
    b"\0\x01\0\0",
    b"\0\0\x01\0",
    b"ID3",
    b"OggS",
    b"%PDF",
    b"BM",
    b"\0\0\0\x18ftyp",
    b"\0\0\0\x20ftyp",
    b"\0\0\0\x1cftyp",
];

/// Whether a file is a picture, a font, a sound or a page by its first bytes, and no text.
pub(super) fn is_picture(content: &[u8]) -> bool {
    HARMLESS.iter().any(|magic| content.starts_with(magic)) && content.get(..8192).unwrap_or(content).contains(&0)
}

/// What a file is that nobody can read, by its first bytes or its name.
fn opaque(lower: &str, content: &[u8]) -> Option<&'static str> {
    const MAGIC: [(&[u8], &str); 16] = [
        (b"\x7fELF", "native code for Linux"),
        (b"\xcf\xfa\xed\xfe", "native code for macOS"),
        (b"\xce\xfa\xed\xfe", "native code for macOS"),
        (b"\xca\xfe\xba\xbe", "native code for macOS, or Java's"),
        (b"MZ", "native code for Windows"),
        (b"\0asm", "WebAssembly"),
        (b"PK\x03\x04", "an archive (zip)"),
        (b"PK\x05\x06", "an archive (zip)"),
        (b"\x1f\x8b", "an archive (gzip)"),
        (b"7z\xbc\xaf\x27\x1c", "an archive (7z)"),
        (b"\xfd7zXZ\0", "an archive (xz)"),
        (b"BZh", "an archive (bzip2)"),
        (b"\x28\xb5\x2f\xfd", "an archive (zstd)"),
        (b"Rar!", "an archive (rar)"),
        (b"!<arch>\n", "a library of native code"),
        (b"\x1bLua", "compiled Lua"),
    ];
    const NAMES: [(&str, &str); 8] = [
        (".pyc", "compiled Python"),
        (".node", "native code for Node"),
        (".so", "native code for Linux"),
        (".dylib", "native code for macOS"),
        (".dll", "native code for Windows"),
        (".exe", "native code for Windows"),
        (".jsc", "compiled JavaScript"),
        (".asar", "an archive (asar)"),
    ];
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| content.starts_with(magic)) {
        return Some(what);
    }
    if content.get(257..262) == Some(b"ustar") {
        return Some("an archive (tar)");
    }
    if let Some((_, what)) = NAMES.iter().find(|(ending, _)| lower.ends_with(ending)) {
        return Some(what);
    }
    let head = content.get(..8192).unwrap_or(content);
    let binary = head.contains(&0) || std::str::from_utf8(head).is_err_and(|error| error.error_len().is_some());
    let text = DATA.iter().any(|ending| lower.ends_with(&format!(".{ending}")));
    (binary && !text && !HARMLESS.iter().any(|magic| content.starts_with(magic))).then_some("binary data of an unknown kind")
}
