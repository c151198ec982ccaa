//! What every entry means, and where it stands with the locks.

use std::path::{Path, PathBuf};

use super::{ClientFile, Status, same_meaning};
use crate::clients::{Client, Entry, EntryScope, Meaning, ScopeKind, Wrapped, WrappedFrom, understand};
use crate::error::Error;
use crate::model::{Pin, Pinned, ServerName, check_env_name};
use crate::ops::scope::{self, Loaded, Scope};
use crate::ops::{Context, candidate};

/// Whose lock a server belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// The user's own.
    User,
    /// The project's.
    Project,
}

impl Owner {
    /// `user` or `project`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Project => "project",
        }
    }
}

/// The locks that entries are compared with.
#[derive(Debug)]
pub struct Locks {
    /// The user's own.
    pub user: Loaded,
    /// The project's, where there is one.
    pub project: Option<Loaded>,
    /// Names this very program, which wrapped entries start.
    context: Context,
    /// The project's folder, which relative paths of its files start at.
    folder: PathBuf,
}

/// One entry of one file, and what is known of it.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Every client that reads it.
    pub clients: Vec<&'static Client>,
    /// The file.
    pub file: PathBuf,
    /// The file as reports name it: a project's by its path in the project, which is the same for
    /// everybody who has it.
    pub shown: String,
    /// The entry.
    pub entry: Entry,
    /// What it would start.
    pub meaning: Meaning,
    /// What it is called in a lock.
    pub name: ServerName,
    /// Whose lock it belongs to.
    pub owner: Owner,
    /// Where it stands.
    pub status: Status,
}

impl Locks {
    /// Reads both locks.
    ///
    /// # Errors
    /// A file of theirs cannot be used.
    pub fn load(context: &Context) -> Result<Self, Error> {
        let user = scope::load(context, Scope::user(context))?;
        let project = Scope::project(context).filter(|found| *found != user.scope);
        Ok(Self {
            user,
            project: project.map(|found| scope::load(context, found)).transpose()?,
            context: context.clone(),
            folder: super::find::project(context),
        })
    }

    /// The locks that a file's servers may stand in, the nearest first.
    fn of(&self, owner: Owner) -> impl Iterator<Item = &Loaded> {
        let project = self.project.as_ref().filter(|_| owner == Owner::Project);
        project.into_iter().chain(std::iter::once(&self.user))
    }

    /// The pin of what an entry means.
    pub fn pin_of(&self, owner: Owner, name: &ServerName, meaning: &Meaning) -> Option<(&Loaded, &ServerName)> {
        self.of(owner).find_map(|loaded| {
            let same = |(_, pin): &(&ServerName, &Pin)| is_pin_of(pin, meaning, &self.folder);
            let called = loaded.lock.servers.get_key_value(name).filter(same);
            called
                .or_else(|| loaded.lock.servers.iter().find(same))
                .map(|(name, _)| (loaded, name))
        })
    }

    /// What a name stands for in a lock, where that is something else.
    fn taken(&self, owner: Owner, name: &ServerName, meaning: &Meaning) -> Option<String> {
        let loaded = self.of(owner).next()?;
        let pin = loaded.lock.servers.get(name)?;
        (!is_pin_of(pin, meaning, &self.folder)).then(|| format!("`{name}` is pinned as {}", pin.source))
    }

    /// Whether a name is pinned for files of this owner.
    pub fn has(&self, owner: Owner, name: &ServerName) -> bool {
        self.of(owner).any(|loaded| loaded.lock.servers.contains_key(name))
    }

    /// Whether an entry that says `mcp-pin run` does start this program, with a server that is locked,
    /// and hands it nothing that loads other code. A project's file of variables may hold any.
    pub fn is_guarded(&self, owner: Owner, entry: &Entry, wrapped: &Wrapped) -> bool {
        let crate::clients::Launch::Stdio(stdio) = &entry.launch else {
            return false;
        };
        let command = Path::new(&stdio.command);
        let exe = &self.context.exe;
        let own = stdio.command == "mcp-pin" || command == exe || std::fs::canonicalize(command).is_ok_and(|real| real == *exe);
        let clean = stdio
            .env
            .iter()
            .all(|name| check_env_name(name).is_ok() && name != "PATH" && name != "MCP_PIN_HOME" && name != "HOME");
        let locked = |loaded: &Loaded| loaded.lock.servers.contains_key(&wrapped.name);
        let is_locked = match &wrapped.from {
            WrappedFrom::User => locked(&self.user),
            WrappedFrom::Lock(path) => {
                let known = [self.project.as_ref(), Some(&self.user)].into_iter().flatten();
                let mut known = known.filter(|loaded| loaded.scope.lockfile() == *path);
                known
                    .next()
                    .map_or_else(|| self.of_folder(entry, path).as_ref().is_some_and(locked), locked)
            }
        };
        let own_variables = owner == Owner::User || !stdio.env_file;
        own && clean && own_variables && is_locked
    }

    /// The lock of another project, for an entry that its client starts in that very project only.
    fn of_folder(&self, entry: &Entry, lock: &Path) -> Option<Loaded> {
        let EntryScope::Local { folder } = &entry.scope else { return None };
        let scope = Scope {
            owner: crate::manifest::Scope::Project,
            folder: PathBuf::from(folder),
        };
        let own = scope.folder.is_absolute() && scope.lockfile() == lock;
        own.then(|| scope::load(&self.context, scope).ok()).flatten()
    }
}

/// Whether a pin is of what an entry means. A version that is asked for is part of it.
fn is_pin_of(pin: &Pin, meaning: &Meaning, from: &Path) -> bool {
    match (meaning, &pin.pinned) {
        (Meaning::Package(package), Pinned::Package { launch, .. }) => pin.source == package.source && launch.args == package.args,
        (Meaning::Remote { url, headers, .. }, Pinned::Remote(remote)) => {
            let names = |name: &str| name.to_ascii_lowercase();
            let mut wanted: Vec<_> = headers.iter().map(|header| names(&header.name)).collect();
            let mut pinned: Vec<_> = remote.settings.headers.iter().map(|rule| names(rule.name())).collect();
            wanted.sort();
            pinned.sort();
            remote.url == *url && wanted == pinned
        }
        (Meaning::Command { words, .. }, Pinned::Local(_)) => {
            let locked = candidate::entry_of(pin).command;
            let on_path = |word: &str, pinned: &str| !word.contains('/') && Path::new(pinned).file_name().is_some_and(|name| name == word);
            let real = |word: &str| {
                std::fs::canonicalize(from.join(word))
                    .ok()
                    .and_then(|path| path.to_str().map(str::to_owned))
            };
            let same = |(number, (word, pinned)): (usize, (&String, &String))| {
                word == pinned || (number == 0 && on_path(word, pinned)) || real(word).as_ref() == Some(pinned)
            };
            words.len() == locked.len() && words.iter().zip(&locked).enumerate().all(same)
        }
        _ => false,
    }
}

/// Looks at every entry of every file that could be read.
pub fn survey(files: &[ClientFile], locks: &Locks) -> Vec<Seen> {
    let mut seen = Vec::new();
    let folder = std::fs::canonicalize(&locks.folder).unwrap_or_else(|_| locks.folder.clone());
    for file in files {
        for entry in file.entries.as_ref().map(Vec::as_slice).unwrap_or_default() {
            let owner = if file.place.scope == ScopeKind::Project {
                Owner::Project
            } else {
                Owner::User
            };
            let meaning = understand(&entry.launch);
            let name = ServerName::like(&entry.name);
            let status = status(locks, owner, &name, entry, &meaning);
            seen.push(Seen {
                clients: file.clients.clone(),
                file: file.path.clone(),
                shown: file
                    .path
                    .strip_prefix(&folder)
                    .ok()
                    .filter(|_| owner == Owner::Project)
                    .unwrap_or(&file.path)
                    .display()
                    .to_string(),
                entry: entry.clone(),
                meaning,
                name,
                owner,
                status,
            });
        }
    }
    mark_conflicts(&mut seen);
    seen
}

fn status(locks: &Locks, owner: Owner, name: &ServerName, entry: &Entry, meaning: &Meaning) -> Status {
    match meaning {
        Meaning::Inside { .. } => return Status::Inside,
        Meaning::NotUnderstood { why } => return Status::NotPossible(why.clone()),
        Meaning::Wrapped(wrapped) if locks.is_guarded(owner, entry, wrapped) => return Status::Wrapped,
        Meaning::Wrapped(wrapped) => {
            return Status::NotPossible(format!(
                "it says `mcp-pin run {}`, and that is not this program, not a locked server, or it is handed variables that change what runs",
                wrapped.name
            ));
        }
        _ => {}
    }
    if let Some((_, pinned)) = locks.pin_of(owner, name, meaning) {
        return Status::Pinned(pinned.clone());
    }
    if let Some(why) = hindrance(owner, meaning) {
        return Status::NotPossible(why);
    }
    match locks.taken(owner, name, meaning) {
        Some(taken) => Status::Conflict(taken),
        None => Status::NotPinned,
    }
}

/// Why a thing that is understood cannot be pinned as it stands.
fn hindrance(owner: Owner, meaning: &Meaning) -> Option<String> {
    match meaning {
        Meaning::Remote { url, headers, .. } => {
            let kept = headers.iter().find(|header| header.template.is_none())?;
            Some(format!(
                "its header `{}` has its value in the file, which is not copied: put that into a variable, and `mcp-pin install {} --header '{}: ${{VARIABLE}}'`",
                kept.name,
                crate::clients::address(url.as_str()),
                kept.name
            ))
        }
        Meaning::Command { relative: true, .. } if owner == Owner::User => {
            Some("a file it names is relative to where its client happens to start it: write the whole path".into())
        }
        _ => None,
    }
}

/// The same name for different things: none of them is pinned before somebody has said which is called
/// what.
fn mark_conflicts(seen: &mut [Seen]) {
    let marks: Vec<Option<String>> = seen
        .iter()
        .map(|one| {
            if one.status != Status::NotPinned {
                return None;
            }
            let other = seen.iter().find(|other| {
                other.name == one.name
                    && other.owner == one.owner
                    && matches!(other.status, Status::NotPinned | Status::Pinned(_))
                    && !same_meaning(&other.meaning, &one.meaning)
            })?;
            Some(format!("`{}` is {} in {}", one.name, other.meaning.told(), other.clients_told()))
        })
        .collect();
    for (one, mark) in seen.iter_mut().zip(marks) {
        if let Some(mark) = mark {
            one.status = Status::Conflict(mark);
        }
    }
}

impl Seen {
    /// The clients' names.
    pub fn clients_told(&self) -> String {
        let names: Vec<_> = self.clients.iter().map(|client| client.name).collect();
        names.join(", ")
    }
}
