//! Making a schedule, and taking it away.

use std::path::{Path, PathBuf};

use super::status::{told, unheard};
use super::{CRONTAB, guard, machine, name_of, units};
use crate::error::Error;
use crate::history::{History, Schedule};
use crate::manifest::Scope as Owner;
use crate::ops::alerts::Hearer;
use crate::ops::scope::{self, Loaded, Scope};
use crate::ops::{Context, Interact, queries};
use crate::schedule::{Backend, Crontab, Every, Job, LaunchAgents, Machine, ScheduleError, UserManager, Written, cron, launchd, systemd};
use crate::schedule::{remove, standing, write};
use crate::store::Store;

/// Programs that a check may need.
const PROGRAMS: [&str; 4] = ["node", "npm", "uv", "python3"];
/// Variables that decide where mcp-pin's own files are, and which authorities are trusted. Paths: none of
/// them is a secret.
const KEPT: [&str; 11] = [
    "HOME",
    "MCP_PIN_HOME",
    "XDG_DATA_HOME",
    "XDG_CONFIG_HOME",
    "PYENV_ROOT",
    "ASDF_DATA_DIR",
    "MISE_DATA_DIR",
    "VOLTA_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
];

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How often.
    pub every: Every,
    /// Look for newer versions too.
    pub updates: bool,
    /// By what; `None`: what the machine has.
    pub backend: Option<Backend>,
}

/// What was enabled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enabled {
    /// The scope's lockfile.
    pub scope: PathBuf,
    /// The schedule's name.
    pub name: String,
    /// What keeps it.
    pub backend: Backend,
    /// How often.
    pub every: Every,
    /// What was written: the file, or `crontab`, and the text.
    pub wrote: Vec<(String, String)>,
    /// Something was not there before.
    pub changed: bool,
    /// Who would hear of drift.
    pub hearers: Vec<Hearer>,
    /// What else to know.
    pub notes: Vec<String>,
}

/// What was taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disabled {
    /// The schedule's name.
    pub name: String,
    /// The files, or `crontab`; empty where nothing was there.
    pub removed: Vec<String>,
}

/// Makes a schedule for the scope that is read here; where there is one, it is brought up to date.
///
/// # Errors
/// There is nothing to check, nothing that keeps a schedule, or it did not take it: then what was there
/// before is there again.
pub async fn enable(context: &Context, options: Options, person: &dyn Interact) -> Result<Enabled, Error> {
    let loaded = queries::reading(context, person)?;
    if !loaded.locked {
        return Err(ScheduleError::NothingToCheck {
            lock: loaded.scope.lockfile(),
        }
        .into());
    }
    let history = queries::open_history(context)?;
    let _lock = guard(context, person)?;
    let machine = machine(context);
    let name = name_of(context, &loaded.scope);
    let backend = match options.backend {
        Some(backend) => backend,
        None => machine.choose().await?,
    };
    let hearers = told(context, &history).await?;
    let mut notes = Vec::new();
    let (job, folders) = job(context, &machine, &history, &loaded, options, &mut notes)?;
    let before = history.schedules()?.into_iter().find(|known| known.scope == loaded.scope_key());
    let (wrote, changed) = match backend {
        Backend::Systemd => with_systemd(&machine, job, &mut notes).await?,
        Backend::Launchd => with_launchd(&machine, &job).await?,
        Backend::Cron => with_cron(context, &machine, &job, &mut notes).await?,
    };
    let other = before
        .as_ref()
        .and_then(|before| before.backend.parse().ok())
        .filter(|other| *other != backend);
    let record = Schedule {
        scope: loaded.scope_key().to_owned(),
        name: name.clone(),
        backend: backend.as_str().to_owned(),
        every: i64::try_from(options.every.seconds()).unwrap_or(i64::MAX),
        updates: options.updates,
        program: context.exe.display().to_string(),
        folders: folders.iter().map(|folder| folder.display().to_string()).collect(),
        files: wrote.clone(),
        // One that is only confirmed is as old as it was: it does not get out of having to run.
        at: before
            .filter(|before| !changed && before.files == wrote)
            .map_or_else(|| context.now(), |before| before.at),
    };
    history.record_schedule(&record)?;
    // One of another kind goes only when the new one stands.
    if let Some(other) = other {
        notes.push(match take_away(context, &machine, &name, other).await {
            Ok(_) => format!("{other} no longer has it"),
            Err(error) => format!("{other} has it still: {error}"),
        });
    }
    if let Some(nobody) = unheard(context, &hearers) {
        notes.push(format!("{}; {}", nobody.what, nobody.hint));
    }
    Ok(Enabled {
        scope: loaded.scope.lockfile(),
        name,
        backend,
        every: options.every,
        wrote,
        changed,
        hearers,
        notes,
    })
}

/// The job, and the folders it finds programs in.
fn job(
    context: &Context,
    machine: &Machine,
    history: &History,
    loaded: &Loaded,
    options: Options,
    notes: &mut Vec<String>,
) -> Result<(Job, Vec<PathBuf>), Error> {
    let scope = &loaded.scope;
    let (global, name) = (scope.owner == Owner::User, name_of(context, scope));
    let mut job = Job::new(name, &context.exe, &scope.folder, global, options.every, options.updates)?;
    let mut recorded = Vec::new();
    for server in loaded.lock.servers.keys() {
        recorded.extend(history.interpreter(loaded.scope_key(), server)?.map(|interpreter| interpreter.path));
    }
    let (folders, left_out) = machine.search_path(&PROGRAMS, &recorded);
    for folder in left_out.iter().filter(|folder| folder.exists()) {
        notes.push(format!(
            "{} is not searched for programs by a scheduled run: others than you and root can write to it",
            folder.display()
        ));
    }
    let path = std::env::join_paths(&folders).map_err(|_| ScheduleError::Unsayable {
        what: "PATH".into(),
        why: "a folder holds a colon",
    })?;
    job.set("PATH", Path::new(&path))?;
    for name in KEPT {
        if let Some(value) = context.env.get(name) {
            job.set(name, Path::new(value))?;
        }
    }
    for (server, pin) in &loaded.lock.servers {
        if !pin.env().is_empty() {
            notes.push(format!(
                "{server} is given {} by its client; a scheduled run has no such value, and looks at the server without",
                pin.env().join(", ")
            ));
        }
    }
    if options.updates && ["HTTPS_PROXY", "https_proxy"].iter().any(|name| context.env.get(name).is_some()) {
        notes.push("a scheduled run does not use your HTTPS_PROXY: its value may hold a password, and is not written down".into());
    }
    Ok((job, folders))
}

type Wrote = (Vec<(String, String)>, bool);

async fn with_systemd(machine: &Machine, mut job: Job, notes: &mut Vec<String>) -> Result<Wrote, Error> {
    let manager = machine.user_manager().await?;
    if machine.runtime_dir().join("bus").exists() {
        job.with_user_bus();
    }
    let [service, timer] = units(machine, job.name())?;
    let texts = [(service, systemd::service(&job)?), (timer, systemd::timer(&job))];
    let mut before = Vec::new();
    for (path, _) in &texts {
        before.push((path.clone(), standing(path)?));
    }
    let mut changed = false;
    let result = put(&manager, job.name(), &texts, &mut changed).await;
    if let Err(error) = result {
        back(&before);
        manager.reload().await.ok();
        return Err(error.into());
    }
    if machine.lingers() == Some(false) {
        notes.push("it runs while you are logged in, and makes up for what was missed; `loginctl enable-linger` lets it run always".into());
    }
    let wrote = texts.into_iter().map(|(path, text)| (path.display().to_string(), text));
    Ok((wrote.collect(), changed))
}

async fn put(manager: &UserManager, name: &str, texts: &[(PathBuf, String)], changed: &mut bool) -> Result<(), ScheduleError> {
    for (path, text) in texts {
        *changed |= write(path, text)?;
    }
    manager.enable(name).await
}

/// Puts back what stood there before, where ours stands now.
fn back(before: &[(PathBuf, Written)]) {
    for (path, was) in before {
        let result = match was {
            Written::Nothing => remove(path).map(drop),
            Written::Ours(text) => write(path, text).map(drop),
            Written::Other => Ok(()),
        };
        // The error that led here is the one to tell.
        result.ok();
    }
}

async fn with_launchd(machine: &Machine, job: &Job) -> Result<Wrote, Error> {
    let agents = machine.launch_agents()?;
    let path = LaunchAgents::path(&machine.home()?, job.name());
    let (text, was) = (launchd::plist(job), standing(&path)?);
    let changed = write(&path, &text)?;
    if let Err(error) = agents.load(job.name(), &path).await {
        back(&[(path, was)]);
        return Err(error.into());
    }
    Ok((vec![(path.display().to_string(), text)], changed))
}

async fn with_cron(context: &Context, machine: &Machine, job: &Job, notes: &mut Vec<String>) -> Result<Wrote, Error> {
    let crontab = machine.crontab()?;
    let runtime_dir = machine.runtime_dir();
    let around = cron::Surroundings {
        runtime_dir: runtime_dir.to_str().unwrap_or_default().to_owned(),
        machine: machine.identity(),
    };
    let block = cron::block(job, &around)?;
    let old = crontab.read().await?;
    let new = cron::with(old.as_deref().unwrap_or_default(), job.name(), &block)?;
    let changed = old.as_deref() != Some(&new[..]);
    if changed {
        replace(context, &crontab, old.as_deref(), &new).await?;
    }
    if machine.cron_runs() == Some(false) {
        notes.push("no cron daemon seems to run on this machine: nothing will happen until one does".into());
    }
    Ok((vec![(CRONTAB.to_owned(), block)], changed))
}

/// Hands the new text over in a folder that is swept after an mcp-pin that was killed.
async fn replace(context: &Context, crontab: &Crontab, old: Option<&[u8]>, new: &[u8]) -> Result<(), Error> {
    let scratch = Store::open(&context.home)?.scratch()?;
    Ok(crontab.replace(old, new, scratch.path()).await?)
}

/// Takes the schedule of the scope that is read here away, or the one of that name.
///
/// # Errors
/// No schedule has that name; or what stands there is no longer what was written: then nothing is
/// removed.
pub async fn disable(context: &Context, name: Option<&str>, person: &dyn Interact) -> Result<Disabled, Error> {
    let history = queries::open_history(context)?;
    let _lock = guard(context, person)?;
    let machine = machine(context);
    let known = history.schedules()?;
    let here = Scope::for_reading(context).0;
    let (name, record) = match name {
        Some(name) => match known.into_iter().find(|known| known.name == name) {
            Some(record) => (name.to_owned(), Some(record)),
            None => return Err(ScheduleError::NoSuchSchedule { name: name.to_owned() }.into()),
        },
        None => (name_of(context, &here), known.into_iter().find(|known| known.scope == here.key())),
    };
    let recorded = record.as_ref().and_then(|record| record.backend.parse().ok());
    let mut removed = Vec::new();
    // Without a record it may be what a killed `enable` left.
    for backend in recorded.map_or_else(|| Backend::ALL.to_vec(), |backend| vec![backend]) {
        match take_away(context, &machine, &name, backend).await {
            Ok(gone) => removed.extend(gone),
            Err(error) if recorded.is_some() => return Err(error),
            // Not of this machine: it has nothing of ours either.
            Err(Error::Schedule(ScheduleError::NoProgram { .. } | ScheduleError::NotHere { .. })) => {}
            Err(error) => return Err(error),
        }
    }
    history.forget_schedule(&record.map_or_else(|| here.key(), |record| record.scope))?;
    Ok(Disabled { name, removed })
}

/// Removes what a backend has of a schedule; first looks whether all of it is still ours.
async fn take_away(context: &Context, machine: &Machine, name: &str, backend: Backend) -> Result<Vec<String>, Error> {
    match backend {
        Backend::Systemd => from_systemd(machine, name).await,
        Backend::Launchd => {
            let path = LaunchAgents::path(&machine.home()?, name);
            if remove(&path)? {
                machine.launch_agents()?.unload(name).await.ok();
                return Ok(vec![path.display().to_string()]);
            }
            Ok(Vec::new())
        }
        Backend::Cron => {
            let crontab = machine.crontab()?;
            let Some(old) = crontab.read().await? else { return Ok(Vec::new()) };
            let Some(new) = cron::without(&old, name)? else {
                return Ok(Vec::new());
            };
            replace(context, &crontab, Some(&old), &new).await?;
            Ok(vec![CRONTAB.to_owned()])
        }
    }
}

async fn from_systemd(machine: &Machine, name: &str) -> Result<Vec<String>, Error> {
    let units = units(machine, name)?;
    let mut there = Vec::new();
    for path in &units {
        match standing(path)? {
            Written::Nothing => {}
            Written::Ours(_) => there.push(path),
            Written::Other => {
                let place = crate::surface::visible(&path.display().to_string());
                return Err(ScheduleError::NotOurs { place }.into());
            }
        }
    }
    let [_, timer] = &units;
    let wanted = timer
        .parent()
        .map(|folder| folder.join("timers.target.wants").join(timer.file_name().unwrap_or_default()));
    let link = wanted.filter(|link| std::fs::read_link(link).is_ok_and(|target| target == *timer));
    if there.is_empty() && link.is_none() {
        return Ok(Vec::new());
    }
    let manager = machine.user_manager().await;
    if let Ok(manager) = &manager {
        manager.disable(name).await?;
    } else if let Some(link) = link {
        // Without the instance: what `systemctl enable` made.
        std::fs::remove_file(&link).map_err(|source| Error::File {
            action: "remove",
            path: link.clone(),
            source,
        })?;
    }
    let mut removed = Vec::new();
    for path in there {
        if remove(path)? {
            removed.push(path.display().to_string());
        }
    }
    if let Ok(manager) = manager {
        manager.reload().await?;
    }
    Ok(removed)
}

/// The scope of a record, for reading it.
pub(super) fn scope_of(context: &Context, record: &Schedule) -> Option<Scope> {
    let folder = Path::new(&record.scope).parent()?.to_path_buf();
    let owner = if folder == context.config { Owner::User } else { Owner::Project };
    let scope = Scope { owner, folder };
    (scope.key() == record.scope && scope.folder.join(scope::LOCKFILE).is_file()).then_some(scope)
}
