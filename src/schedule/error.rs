//! Why there is no schedule, or why one was left alone.

use std::path::PathBuf;

use crate::store::StoreError;

/// Why a schedule could not be made, read or taken away. What was there stays as it was, unless the text
/// says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// No such interval: a usage error.
    #[error("could not read the interval `{}`", crate::surface::visible(text))]
    UnreadableInterval {
        /// As given.
        text: String,
    },
    /// An interval that cron cannot keep: a usage error.
    #[error("could not keep the interval `{}`: no calendar repeats it evenly", crate::surface::visible(text))]
    UnsayableInterval {
        /// As given.
        text: String,
        /// The ones beside it.
        nearest: Vec<String>,
    },
    /// A path or a value that no unit file, crontab or property list can hold for certain. A newline in a
    /// folder's name would begin a line of its own: a command of the attacker's.
    #[error("could not write {what} into a schedule: {why}")]
    Unsayable {
        /// Which one.
        what: String,
        /// Why not.
        why: &'static str,
    },
    /// The program of the backend is not on this machine.
    #[error("could not find `{program}` on PATH")]
    NoProgram {
        /// Its name.
        program: &'static str,
    },
    /// Nothing of this machine keeps a schedule.
    #[error("could not find anything that keeps a schedule: no systemd user instance answers, and there is no `crontab`")]
    NoBackend,
    /// The backend is not of this machine: it was asked for by name.
    #[error("could not use {backend}: {why}")]
    NotHere {
        /// Which.
        backend: &'static str,
        /// What was found out.
        why: String,
    },
    /// The backend's program failed, or did not end.
    #[error("`{program}` failed: {said}")]
    Failed {
        /// The command.
        program: String,
        /// What it said, bounded.
        said: String,
    },
    /// The crontab could not be read, so it is not written: what cannot be read would be lost.
    #[error("could not read your crontab, so it was left alone: {said}")]
    CrontabUnreadable {
        /// What `crontab` said.
        said: String,
    },
    /// A marker of ours without its other half.
    #[error("could not tell which lines of your crontab are mcp-pin's: {why}")]
    CrontabMarkers {
        /// What is wrong.
        why: String,
    },
    /// Somebody changed the crontab between reading and writing.
    #[error("your crontab was changed by another program at the same time")]
    CrontabRaced,
    /// The crontab does not hold what was written into it.
    #[error("your crontab is not what was written: {said}")]
    CrontabNotTaken {
        /// What was seen.
        said: String,
    },
    /// What stands where ours would stand is not ours, or no longer.
    #[error("{} is not as mcp-pin wrote it", place)]
    NotOurs {
        /// The file, or the block of the crontab.
        place: String,
    },
    /// A file could not be read or removed.
    #[error("could not {action} {}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A scheduled run found another lock than the one it was made for: nothing was checked.
    #[error("could not make the scheduled check: what it was made for is no longer found in {}", folder.display())]
    OtherScope {
        /// Where it was started.
        folder: PathBuf,
    },
    /// No schedule of this name.
    #[error("could not find a schedule called `{}`", crate::surface::visible(name))]
    NoSuchSchedule {
        /// As given.
        name: String,
    },
    /// There is nothing to check.
    #[error("could not schedule a check of {}: there is no such file", lock.display())]
    NothingToCheck {
        /// The scope's lockfile.
        lock: PathBuf,
    },
}

impl ScheduleError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnreadableInterval { .. } => Some("write a number and a unit, for example `30m`, `6h`, `1d` or `1w`".into()),
            Self::UnsayableInterval { nearest, .. } => Some(format!("use `--every {}`", nearest.join("` or `--every "))),
            Self::Unsayable { .. } => Some("rename the folder, or set MCP_PIN_HOME to one with a plainer name".into()),
            Self::NoProgram { program: "crontab" } => Some("install cron, for example with `apt-get install cron`".into()),
            Self::NoBackend => Some(
                "install cron, for example with `apt-get install cron`, or run `mcp-pin verify --notify` from what this machine has".into(),
            ),
            Self::NotHere { .. } => Some("leave `--backend` out: what this machine has is chosen".into()),
            Self::CrontabUnreadable { .. } => Some("look at it with `crontab -l`".into()),
            Self::CrontabMarkers { .. } => Some("mend the lines that hold `mcp-pin` with `crontab -e`".into()),
            Self::CrontabRaced | Self::CrontabNotTaken { .. } => Some("look at it with `crontab -l`, then run the command again".into()),
            Self::NotOurs { .. } => {
                Some("somebody edited it: look at it, then remove it yourself and run `mcp-pin schedule enable` again".into())
            }
            Self::Store(error) => error.hint(),
            Self::OtherScope { .. } => {
                Some("run `mcp-pin schedule enable` in the project anew, or `mcp-pin schedule status` to see all".into())
            }
            Self::NoSuchSchedule { .. } => Some("`mcp-pin schedule status` shows what is scheduled".into()),
            Self::NothingToCheck { .. } => Some("add a server with `mcp-pin install` first".into()),
            Self::NoProgram { .. } | Self::Failed { .. } | Self::File { .. } => None,
        }
    }
}
