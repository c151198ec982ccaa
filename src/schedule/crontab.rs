//! The user's crontab, through the machine's own `crontab` program.
//!
//! The attack on oneself: a crontab that could not be read, or was read in part, is replaced by our lines
//! alone. So anything but a full answer or the well-known "no crontab for" is an error; the new text is
//! handed over as a whole file and not through a pipe that may end early; and it is read again after.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use super::ScheduleError;
use super::program::{self, Program, bounded};

const PATIENCE: Duration = Duration::from_secs(20);

/// The program.
#[derive(Debug, Clone)]
pub struct Crontab {
    program: Program,
}

impl Crontab {
    pub(super) fn new(program: Program) -> Self {
        Self { program }
    }

    /// The user's crontab; `None` where there is none.
    ///
    /// # Errors
    /// [`ScheduleError::CrontabUnreadable`]: anything else.
    pub async fn read(&self) -> Result<Option<Vec<u8>>, ScheduleError> {
        let unreadable = |said: &str| ScheduleError::CrontabUnreadable { said: bounded(said) };
        let output = program::run(&self.program, &[OsStr::new("-l")], PATIENCE)
            .await
            .map_err(|error| unreadable(&error.to_string()))?;
        if output.success {
            return Ok(Some(output.stdout));
        }
        let none = output.stdout.is_empty() && output.stderr.to_ascii_lowercase().contains("no crontab for");
        if none { Ok(None) } else { Err(unreadable(&output.stderr)) }
    }

    /// Puts `new` in the place of `old`, which was read before. The new text is written into `scratch`, a
    /// folder of ours, first. An empty one is no crontab.
    ///
    /// # Errors
    /// Another program changed it since, `crontab` did not take it, or it does not hold it afterwards.
    pub async fn replace(&self, old: Option<&[u8]>, new: &[u8], scratch: &Path) -> Result<(), ScheduleError> {
        let file = |action, path: &Path| {
            let path = path.to_path_buf();
            move |source| ScheduleError::File { action, path, source }
        };
        let mut whole = tempfile::Builder::new()
            .prefix("crontab")
            .tempfile_in(scratch)
            .map_err(file("write a file in", scratch))?;
        whole.write_all(new).map_err(file("write", whole.path()))?;
        whole.as_file().sync_all().map_err(file("write", whole.path()))?;
        if self.read().await?.as_deref() != old {
            return Err(ScheduleError::CrontabRaced);
        }
        let args = if new.is_empty() {
            OsStr::new("-r")
        } else {
            whole.path().as_os_str()
        };
        self.program.content(&[args], PATIENCE).await?;
        let there = self.read().await?.unwrap_or_default();
        if there != new {
            let said = format!("{} bytes were written, {} are there", new.len(), there.len());
            return Err(ScheduleError::CrontabNotTaken { said });
        }
        Ok(())
    }
}
