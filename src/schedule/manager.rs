//! The systemd user instance: `systemctl --user`, with a time limit.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use super::ScheduleError;
use super::program::Program;
use super::systemd::{service_name, timer_name};

const PATIENCE: Duration = Duration::from_secs(20);
/// Where no instance runs, the bus may take its time to say so.
const ANSWER: Duration = Duration::from_secs(5);

/// A user instance that answers.
#[derive(Debug, Clone)]
pub struct UserManager {
    systemctl: Program,
    folder: PathBuf,
}

/// What systemd says of a timer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TimerState {
    /// It is loaded and waiting.
    pub active: bool,
    /// It is started with the session.
    pub enabled: bool,
    /// The files it was loaded from: fragments and drop-ins of timer and service.
    pub fragments: Vec<PathBuf>,
    /// The files on disk are newer than what is loaded.
    pub stale: bool,
    /// When it is due.
    pub next: Option<Timestamp>,
    /// How the service ended last, in systemd's words (`success`, `timeout`, `exit-code`).
    pub result: Option<String>,
}

impl UserManager {
    pub(super) fn new(systemctl: Program, folder: PathBuf) -> Self {
        Self { systemctl, folder }
    }

    async fn say(&self, args: &[&str], limit: Duration) -> Result<String, ScheduleError> {
        let args: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        let output = self.systemctl.content(&args, limit).await?;
        Ok(String::from_utf8_lossy(&output).into_owned())
    }

    /// Whether it answers, and is the one that reads the user's folder. Says why not.
    pub(super) async fn answers(&self, env: &BTreeMap<OsString, OsString>) -> Result<(), String> {
        let said = self.say(&["show-environment"], ANSWER).await.map_err(|error| error.to_string())?;
        for name in ["HOME", "XDG_CONFIG_HOME"] {
            let theirs = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
            let ours = env.get(OsStr::new(name)).map(|value| value.to_string_lossy());
            // A value with a quote in it is written as a shell would: it is not compared.
            let same = match (theirs, &ours) {
                (Some(theirs), _) if theirs.starts_with("$'") => true,
                (Some(theirs), Some(ours)) => theirs == ours,
                (None, Some(_)) => name == "HOME",
                (theirs, None) => theirs.is_none(),
            };
            if !same {
                return Err(format!("the user instance that answers has another {name}"));
            }
        }
        Ok(())
    }

    /// The folder its unit files are read from.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads the unit files anew, and starts the timer now and with every session. The timer is one
    /// that systemd loaded from `folder`, or this is an error.
    ///
    /// # Errors
    /// `systemctl` failed, or found another file under this name.
    pub async fn enable(&self, name: &str) -> Result<(), ScheduleError> {
        let timer = timer_name(name);
        self.say(&["daemon-reload"], PATIENCE).await?;
        let state = self.state(name).await?;
        let ours = self.folder.join(&timer);
        if !state.fragments.contains(&ours) {
            return Err(ScheduleError::NotHere {
                backend: "systemd",
                why: match state.fragments.first() {
                    Some(other) => format!("{} stands before {}", other.display(), ours.display()),
                    None => format!("the user instance does not read {}", self.folder.display()),
                },
            });
        }
        self.say(&["enable", &timer], PATIENCE).await?;
        // A timer that runs already takes on a new interval only by this.
        self.say(&["restart", &timer], PATIENCE).await.map(drop)
    }

    /// Stops the timer, and no longer starts it.
    ///
    /// # Errors
    /// `systemctl` failed.
    pub async fn disable(&self, name: &str) -> Result<(), ScheduleError> {
        self.say(&["disable", "--now", &timer_name(name)], PATIENCE).await.map(drop)
    }

    /// Reads the unit files anew.
    ///
    /// # Errors
    /// `systemctl` failed.
    pub async fn reload(&self) -> Result<(), ScheduleError> {
        self.say(&["daemon-reload"], PATIENCE).await.map(drop)
    }

    /// What systemd says of the timer and its service.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn state(&self, name: &str) -> Result<TimerState, ScheduleError> {
        let show = ["show", "--timestamp=unix", "--property"];
        let properties = "ActiveState,UnitFileState,FragmentPath,DropInPaths,NeedDaemonReload,NextElapseUSecRealtime";
        let timer = self
            .say(&[show[0], show[1], show[2], properties, &timer_name(name)], PATIENCE)
            .await?;
        let properties = "FragmentPath,DropInPaths,NeedDaemonReload,Result";
        let service = self
            .say(&[show[0], show[1], show[2], properties, &service_name(name)], PATIENCE)
            .await?;
        Ok(read(&timer, &service))
    }
}

/// Reads what `systemctl show` says of both units.
fn read(timer: &str, service: &str) -> TimerState {
    let value = |text: &str, name: &str| {
        let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
    };
    let files = |text: &str| {
        let drop_ins = value(text, "DropInPaths").unwrap_or_default();
        let drop_ins: Vec<_> = drop_ins.split_whitespace().map(PathBuf::from).collect();
        value(text, "FragmentPath").map(PathBuf::from).into_iter().chain(drop_ins)
    };
    let is_stale = |text| value(text, "NeedDaemonReload").as_deref() == Some("yes");
    let next = value(timer, "NextElapseUSecRealtime").and_then(|text| instant(&text));
    TimerState {
        active: value(timer, "ActiveState").as_deref() == Some("active"),
        enabled: value(timer, "UnitFileState").as_deref() == Some("enabled"),
        fragments: files(timer).chain(files(service)).collect(),
        stale: is_stale(timer) || is_stale(service),
        next,
        result: value(service, "Result"),
    }
}

/// A time as `systemctl` writes it where `TZ` is `UTC`: `Mon 2026-11-23 06:09:06 UTC`, or `@SECONDS` with
/// newer versions.
fn instant(text: &str) -> Option<Timestamp> {
    if let Some(seconds) = text.strip_prefix('@') {
        return Timestamp::from_second(seconds.parse().ok()?).ok();
    }
    let (_, rest) = text.strip_suffix(" UTC")?.split_once(' ')?;
    format!("{}Z", rest.replacen(' ', "T", 1)).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_systemd_says_is_read() {
        let timer = "ActiveState=active\nUnitFileState=enabled\nFragmentPath=/u/a.timer\nDropInPaths=\nNeedDaemonReload=no\n\
                     NextElapseUSecRealtime=@1700000000\n";
        let service = "FragmentPath=/u/a.service\nDropInPaths=/u/a.service.d/x.conf\nNeedDaemonReload=yes\nResult=timeout\n";
        let state = read(timer, service);
        assert!(state.active && state.enabled && state.stale);
        assert_eq!(state.next, Timestamp::from_second(1_700_000_000).ok());
        assert_eq!(instant("Tue 2023-11-14 22:13:20 UTC"), state.next);
        assert_eq!((instant("Tue 2023-11-14 22:13:20 CET"), instant("n/a")), (None, None));
        assert_eq!(state.result.as_deref(), Some("timeout"));
        let files: Vec<_> = state.fragments.iter().map(|path| path.to_str().unwrap()).collect();
        assert_eq!(files, ["/u/a.timer", "/u/a.service", "/u/a.service.d/x.conf"]);
        let gone = read("ActiveState=inactive\nFragmentPath=\nNextElapseUSecRealtime=\n", "");
        assert_eq!(gone, TimerState::default());
    }
}
