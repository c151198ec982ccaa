//! What stood where an entry was wrapped, so that it can be put back byte for byte.
//!
//! One book a file of a client, and a copy of the file as it was before the first change, below
//! `backups/` in the data folder. Both may hold secrets (a remote entry's headers): files of mode
//! 0600 in a folder of mode 0700, and nothing of them goes to the history, to a log or to a report.
//! The copy goes when the file has its bytes again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::clients::{Format, Step};
use crate::error::Error;
use crate::model::Sha256Digest;
use crate::ops::Context;
use crate::store::atomic;

/// The folder's name in the data folder.
const FOLDER: &str = "backups";
/// The form of a book.
const VERSION: u32 = 1;

/// What is remembered of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::ops) struct Book {
    version: u32,
    /// The file, links resolved.
    pub(in crate::ops) file: PathBuf,
    /// The client's id.
    pub(in crate::ops) client: String,
    format: String,
    /// The copy's name in the folder.
    pub(in crate::ops) copy: Option<String>,
    /// The wrapped entries.
    pub(in crate::ops) entries: Vec<Remembered>,
}

/// One wrapped entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::ops) struct Remembered {
    /// The entry's key in the file.
    pub(in crate::ops) key: String,
    /// Its name in the client.
    pub(in crate::ops) name: String,
    /// The server's name in the lock.
    pub(in crate::ops) server: String,
    steps: Vec<Value>,
    /// The piece of the file that was replaced.
    pub(in crate::ops) before: String,
    /// What it was replaced by.
    pub(in crate::ops) after: String,
    /// The members that were changed or taken out: name, bytes, and what they say.
    pub(in crate::ops) original: Vec<(String, String, Value)>,
    /// The members that were written.
    pub(in crate::ops) written: Vec<(String, Value)>,
}

impl Remembered {
    pub(in crate::ops) fn new(
        key: String,
        name: String,
        server: String,
        steps: &[Step],
        (before, after): (String, String),
        original: Vec<(String, String, Value)>,
        written: Vec<(String, Value)>,
    ) -> Self {
        let step = |step: &Step| match step {
            Step::Key(key) => Value::from(key.as_str()),
            Step::Index(index) => Value::from(*index),
        };
        Self {
            key,
            name,
            server,
            steps: steps.iter().map(step).collect(),
            before,
            after,
            original,
            written,
        }
    }

    /// The way to the entry, in a file that says `tree`: an element of a list is found by its name.
    pub(in crate::ops) fn at(&self, tree: &Value) -> Option<Vec<Step>> {
        let mut at = Vec::new();
        let mut value = tree;
        for step in &self.steps {
            let step = if let Value::String(key) = step {
                Step::Key(key.clone())
            } else {
                let is_it = |item: &Value| item.get("name").and_then(Value::as_str) == Some(&self.name);
                let mut found = value.as_array()?.iter().enumerate().filter(|(_, item)| is_it(item));
                let (index, _) = found.next()?;
                if found.next().is_some() {
                    return None;
                }
                Step::Index(index)
            };
            value = crate::clients::edit::look(value, std::slice::from_ref(&step))?;
            at.push(step);
        }
        Some(at)
    }
}

impl Book {
    fn new(file: &Path, client: &str, format: Format) -> Self {
        let format = match format {
            Format::Json => "json",
            Format::Jsonc => "jsonc",
            Format::Toml => "toml",
            Format::Yaml => "yaml",
        };
        Self {
            version: VERSION,
            file: file.to_owned(),
            client: client.to_owned(),
            format: format.to_owned(),
            copy: None,
            entries: Vec::new(),
        }
    }

    /// How the file is written.
    pub(in crate::ops) fn format(&self) -> Format {
        match self.format.as_str() {
            "toml" => Format::Toml,
            "yaml" => Format::Yaml,
            "json" => Format::Json,
            _ => Format::Jsonc,
        }
    }

    /// What is remembered of a file; an empty book where nothing is.
    ///
    /// # Errors
    /// The book cannot be read: nothing is done to the file then.
    pub(in crate::ops) fn open(context: &Context, file: &Path, client: &str, format: Format) -> Result<Self, Error> {
        let path = folder(context).join(book_name(file));
        Ok(read(&path)?.unwrap_or_else(|| Self::new(file, client, format)))
    }

    /// Every book that has an entry.
    ///
    /// # Errors
    /// One cannot be read.
    pub(in crate::ops) fn all(context: &Context) -> Result<Vec<Self>, Error> {
        let folder = folder(context);
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(failed("read", &folder, source)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            let path = entry.map_err(|source| failed("read", &folder, source))?.path();
            if path.extension().is_some_and(|extension| extension == "book") {
                paths.push(path);
            }
        }
        paths.sort();
        let mut books = Vec::new();
        for path in paths {
            books.extend(read(&path)?.filter(|book| !book.entries.is_empty()));
        }
        Ok(books)
    }

    /// Copies the file's bytes, where this is the first change of it since it was last as it was.
    ///
    /// # Errors
    /// The copy cannot be written; nothing is done to the file then.
    pub(in crate::ops) fn keep_copy(&mut self, context: &Context, bytes: &[u8]) -> Result<(), Error> {
        if self.copy.is_some() && !self.entries.is_empty() {
            return Ok(());
        }
        let moment = context.now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{}-{moment}-{name}", short(&self.file));
        atomic::write_private(&folder(context).join(&name), bytes)?;
        self.copy = Some(name);
        Ok(())
    }

    /// Where the copy is.
    pub(in crate::ops) fn copy_path(&self, context: &Context) -> Option<PathBuf> {
        Some(folder(context).join(self.copy.as_ref()?))
    }

    /// Forgets the copy, if the file has its bytes.
    pub(in crate::ops) fn drop_copy(&mut self, context: &Context, bytes: &[u8]) {
        let Some(path) = self.copy_path(context) else { return };
        if std::fs::read(&path).is_ok_and(|copy| copy == bytes) && std::fs::remove_file(&path).is_ok() {
            self.copy = None;
        }
    }

    /// Writes the book; one without entries goes.
    ///
    /// # Errors
    /// It cannot be written.
    pub(in crate::ops) fn save(&self, context: &Context) -> Result<(), Error> {
        let path = folder(context).join(book_name(&self.file));
        if self.entries.is_empty() {
            return match std::fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => Err(failed("remove", &path, source)),
                _ => Ok(()),
            };
        }
        let text = serde_json::to_string_pretty(self).map_err(|_| Error::Worker {
            what: "remembering what stood in a client's file",
        })?;
        atomic::write_private(&path, text.as_bytes())?;
        Ok(())
    }
}

fn folder(context: &Context) -> PathBuf {
    context.home.join(FOLDER)
}

fn short(file: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let mut hex = Sha256Digest::of(file.as_os_str().as_bytes()).to_string();
    hex = hex.rsplit(':').next().unwrap_or_default().to_owned();
    hex.truncate(16);
    hex
}

fn book_name(file: &Path) -> String {
    format!("{}.book", short(file))
}

fn read(path: &Path) -> Result<Option<Book>, Error> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(failed("read", path, source)),
    };
    let damaged = |what: String| failed("read", path, std::io::Error::other(what));
    let book: Book = serde_json::from_str(&text).map_err(|error| damaged(format!("it is damaged in line {}", error.line())))?;
    if book.version != VERSION {
        return Err(damaged("it is of a newer mcp-pin".to_owned()));
    }
    Ok(Some(book))
}

fn failed(action: &'static str, path: &Path, source: std::io::Error) -> Error {
    Error::File {
        action,
        path: path.to_path_buf(),
        source,
    }
}
