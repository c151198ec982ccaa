//! Finding and reading the files.
//!
//! The attacks: a pipe that a check waits for, a file of gigabytes, a link in a repository that has
//! something else read and shown, a file that another user writes.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::{ClientFile, Unread, UnreadError, Which};
use crate::clients::{self, Bases, CLIENTS, Client, Os, Pattern, Place, ScopeKind};
use crate::model::Sha256Digest;
use crate::ops::scope::Scope;
use crate::ops::{Context, Environment};

/// `~/.claude.json` holds a history and grows; nothing grows so far.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Folders looked into for one pattern.
const MOST_FOLDERS: usize = 4000;
/// How deep `**` goes.
const DEEPEST: usize = 8;

/// Every configuration file that is there, in the order of the table; one that several clients read
/// is there once. A file that cannot be read is there with the reason.
pub fn files(context: &Context, which: Which) -> Vec<ClientFile> {
    let bases = bases(context);
    let mut found: Vec<ClientFile> = Vec::new();
    for project in [false, true] {
        for client in CLIENTS {
            for place in client.places {
                let of_project = place.scope == ScopeKind::Project;
                let wanted = which == Which::All || (which == Which::Project) == of_project;
                if of_project != project || !wanted {
                    continue;
                }
                // Without a home there is no user's file.
                if !of_project && bases.home.as_os_str().is_empty() && place.scope != ScopeKind::Managed {
                    continue;
                }
                let Some(pattern) = bases.pattern(place) else { continue };
                for path in matches(&pattern) {
                    add(&mut found, client, place, path, bases.project.as_deref());
                }
            }
        }
    }
    found
}

fn add(
    found: &mut Vec<ClientFile>,
    client: &'static Client,
    place: &'static Place,
    path: Result<PathBuf, (PathBuf, UnreadError)>,
    project: Option<&Path>,
) {
    let mut folders = Vec::new();
    let (path, entries) = match path {
        Err((path, why)) => (path, Err(Unread { why, text: None })),
        Ok(path) => {
            let project = project.filter(|_| place.scope == ScopeKind::Project);
            let real = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            if let Some(known) = found.iter_mut().find(|known| known.path == real) {
                also_read_by(known, client, place, project);
                return;
            }
            let (file, entries) = match read_text(&path, project) {
                // Where it leads is nobody's business.
                Err(why @ UnreadError::LeadsOut) => (path, Err(Unread { why, text: None })),
                Err(why) => (real, Err(Unread { why, text: None })),
                Ok((_, text)) => {
                    let named = clients::folders(place, &text).unwrap_or_default();
                    folders = named.into_iter().map(PathBuf::from).collect();
                    let parsed = clients::read(place, &text);
                    let unread = |error: clients::ReadError| Unread {
                        why: error.into(),
                        text: Some(Sha256Digest::of(text.as_bytes())),
                    };
                    (real, parsed.map_err(unread))
                }
            };
            (file, entries)
        }
    };
    found.push(ClientFile {
        clients: vec![client],
        place,
        path,
        entries,
        folders,
    });
}

/// A second client reads a file, perhaps for other members than the first: a link from its own place
/// must not hide from us what stands under the key that it takes.
fn also_read_by(known: &mut ClientFile, client: &'static Client, place: &'static Place, project: Option<&Path>) {
    if !known.clients.iter().any(|one| one.id == client.id) {
        known.clients.push(client);
    }
    let Ok(entries) = &mut known.entries else { return };
    if (place.format, place.containers) == (known.place.format, known.place.containers) {
        return;
    }
    let unread = |why, text: Option<&str>| Unread {
        why,
        text: text.map(|text| Sha256Digest::of(text.as_bytes())),
    };
    let read = match read_text(&known.path, project) {
        Err(why) => Err(unread(why, None)),
        Ok((_, text)) => clients::read(place, &text).map_err(|error| unread(error.into(), Some(&text))),
    };
    match read {
        Ok(more) => {
            let new = |one: &clients::Entry| entries.iter().all(|entry| entry.key() != one.key());
            let more: Vec<_> = more.into_iter().filter(new).collect();
            entries.extend(more);
        }
        Err(unread) => known.entries = Err(unread),
    }
}

fn bases(context: &Context) -> Bases {
    let folder = |name: &str| context.env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    Bases {
        os: Os::here(),
        home: home(&context.env).unwrap_or_default(),
        xdg_config: folder("XDG_CONFIG_HOME"),
        app_data: folder("APPDATA"),
        codex_home: folder("CODEX_HOME"),
        root: PathBuf::from("/"),
        project: Some(project(context)),
    }
}

fn home(env: &Environment) -> Option<PathBuf> {
    env.get("HOME")
        .or_else(|| env.get("USERPROFILE"))
        .map(PathBuf::from)
        .filter(|home| home.is_absolute())
}

/// The project's folder: where its `mcp-pin.toml` stands, else the nearest folder with a `.git`, else
/// the working directory. Never the user's home: what stands there is the user's own.
pub(crate) fn project(context: &Context) -> PathBuf {
    let own = Scope::project(context)
        .map(|scope| scope.folder)
        .filter(|folder| *folder != context.config);
    own.unwrap_or_else(|| {
        let home = home(&context.env);
        let repository = context
            .cwd
            .ancestors()
            .find(|folder| folder.join(".git").symlink_metadata().is_ok());
        repository
            .filter(|folder| home.as_deref() != Some(*folder))
            .unwrap_or(&context.cwd)
            .to_path_buf()
    })
}

/// Where the user's files would be, of those whose path is fixed.
pub(super) fn fixed(context: &Context) -> Vec<PathBuf> {
    let bases = bases(context);
    let places = CLIENTS.iter().flat_map(|client| client.places);
    let places = places.filter(|place| place.scope != ScopeKind::Project);
    places.filter_map(|place| bases.pattern(place)?.path()).collect()
}

/// The files of a pattern that are there.
fn matches(pattern: &Pattern) -> Vec<Result<PathBuf, (PathBuf, UnreadError)>> {
    if let Some(path) = pattern.path() {
        return match path.symlink_metadata() {
            Ok(_) => vec![Ok(path)],
            Err(error) => absent(&path, &error).map(Err).into_iter().collect(),
        };
    }
    let mut search = Search {
        found: Vec::new(),
        looked: 0,
    };
    search.below(&pattern.base, &pattern.parts, 0);
    search.found
}

fn absent(path: &Path, error: &std::io::Error) -> Option<(PathBuf, UnreadError)> {
    use std::io::ErrorKind::{NotADirectory, NotFound};
    (![NotFound, NotADirectory].contains(&error.kind())).then(|| (path.to_path_buf(), UnreadError::Io(error.to_string())))
}

struct Search {
    found: Vec<Result<PathBuf, (PathBuf, UnreadError)>>,
    looked: usize,
}

impl Search {
    fn below(&mut self, folder: &Path, parts: &[&str], deep: usize) {
        let Some((part, rest)) = parts.split_first() else {
            self.found.push(Ok(folder.to_path_buf()));
            return;
        };
        if !part.contains('*') {
            let next = folder.join(part);
            match next.symlink_metadata() {
                Ok(_) => self.below(&next, rest, deep),
                Err(error) => self.found.extend(absent(&next, &error).map(Err)),
            }
            return;
        }
        if *part == "**" {
            self.below(folder, rest, deep);
            if deep < DEEPEST {
                for (path, is_folder) in self.list(folder) {
                    if is_folder {
                        self.below(&path, parts, deep + 1);
                    }
                }
            }
            return;
        }
        for (path, _) in self.list(folder) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if Pattern::covers(part, &name) {
                self.below(&path, rest, deep);
            }
        }
    }

    /// What stands in a folder, sorted; whether it is a folder that is no link.
    fn list(&mut self, folder: &Path) -> Vec<(PathBuf, bool)> {
        self.looked += 1;
        if self.looked > MOST_FOLDERS {
            if self.looked == MOST_FOLDERS + 1 {
                self.found.push(Err((folder.to_path_buf(), UnreadError::TooMany)));
            }
            return Vec::new();
        }
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                self.found.extend(absent(folder, &error).map(Err));
                return Vec::new();
            }
        };
        let mut out: Vec<_> = entries
            .filter_map(Result::ok)
            .map(|entry| (entry.path(), entry.file_type().is_ok_and(|kind| kind.is_dir())))
            .collect();
        out.sort();
        out
    }
}

/// Reads a configuration file: a regular one, of bounded size, of this user or the administrator;
/// in a project none that a link takes out of it. With the path that links lead to.
///
/// # Errors
/// It is unread, and why.
pub fn read_text(path: &Path, project: Option<&Path>) -> Result<(PathBuf, String), UnreadError> {
    let io = |error: std::io::Error| UnreadError::Io(error.to_string());
    let real = std::fs::canonicalize(path).map_err(io)?;
    if let Some(project) = project {
        let project = std::fs::canonicalize(project).map_err(io)?;
        if !real.starts_with(&project) {
            return Err(UnreadError::LeadsOut);
        }
    }
    // Opening a pipe would wait; whatever was put there since is looked at again once it is open.
    if !real.metadata().map_err(io)?.is_file() {
        return Err(UnreadError::NotAFile);
    }
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(i32::try_from((rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW).bits()).unwrap_or_default());
    }
    let file = options.open(&real).map_err(io)?;
    let found = file.metadata().map_err(io)?;
    if !found.is_file() {
        return Err(UnreadError::NotAFile);
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let me = rustix::process::geteuid();
        if !me.is_root() && found.uid() != me.as_raw() && found.uid() != 0 {
            return Err(UnreadError::Foreign(found.uid()));
        }
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(io)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LARGEST {
        return Err(UnreadError::TooLarge(LARGEST));
    }
    Ok((real, String::from_utf8(bytes).map_err(|_| UnreadError::NotText)?))
}
