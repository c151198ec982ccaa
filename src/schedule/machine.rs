//! What of this machine keeps a schedule.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::program::{self, Program};
use super::{Crontab, LaunchAgents, ScheduleError, UserManager};
use crate::model::Sha256Digest;

/// What keeps a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// A timer of the systemd user instance.
    Systemd,
    /// An agent of launchd.
    Launchd,
    /// A line of the user's crontab.
    Cron,
}

impl Backend {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Systemd, Self::Launchd, Self::Cron];

    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Launchd => "launchd",
            Self::Cron => "cron",
        }
    }
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Systemd => "a systemd user timer",
            Self::Launchd => "a launchd agent",
            Self::Cron => "your crontab",
        })
    }
}

impl std::str::FromStr for Backend {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|backend| backend.as_str() == text).ok_or(())
    }
}

/// What the schedulers of a machine are handed of the user's environment.
const PASSED: [&str; 8] = [
    "HOME",
    "USER",
    "LOGNAME",
    "PATH",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "DBUS_SESSION_BUS_ADDRESS",
    "TMPDIR",
];
/// Folders of every system, which a scheduled run finds programs in.
const SYSTEM_PATH: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/bin"];

/// Version managers whose stand-ins start them by name.
const MANAGERS: [&str; 3] = ["asdf", "mise", "pyenv"];

/// This machine, as one user sees it.
#[derive(Debug, Clone)]
pub struct Machine {
    env: BTreeMap<OsString, OsString>,
    project: Option<PathBuf>,
    uid: u32,
}

impl Machine {
    /// Takes what the environment says; `project` is a folder that no program may come from.
    pub fn new(env: &BTreeMap<OsString, OsString>, project: Option<PathBuf>) -> Self {
        let uid = rustix::process::getuid().as_raw();
        let mut kept: BTreeMap<OsString, OsString> = PASSED
            .iter()
            .filter_map(|name| env.get_key_value(OsStr::new(name)))
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        kept.entry("XDG_RUNTIME_DIR".into())
            .or_insert_with(|| format!("/run/user/{uid}").into());
        kept.insert("LC_ALL".into(), "C".into());
        // Times are read where they are told.
        kept.insert("TZ".into(), "UTC".into());
        Self { env: kept, project, uid }
    }

    fn value(&self, name: &str) -> Option<&OsStr> {
        self.env.get(OsStr::new(name)).map(OsString::as_os_str)
    }

    fn find(&self, name: &'static str, first: &[&'static str]) -> Result<Program, ScheduleError> {
        let path = self.value("PATH").unwrap_or_default();
        let path = program::find(path, name, self.project.as_deref()).ok_or(ScheduleError::NoProgram { program: name })?;
        Ok(Program::new(path, first, &self.env))
    }

    /// A program of that name, outside the project.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        program::find(self.value("PATH").unwrap_or_default(), name, self.project.as_deref())
    }

    /// The first line of what a program answers to `--version`.
    ///
    /// # Errors
    /// It failed or did not end.
    pub async fn version_of(&self, path: &Path) -> Result<String, ScheduleError> {
        let program = Program::new(path.to_path_buf(), &[], &self.env);
        let said = program.content(&[OsStr::new("--version")], Duration::from_secs(20)).await?;
        let said = String::from_utf8_lossy(&said);
        Ok(program::bounded(said.lines().next().unwrap_or_default()))
    }

    /// Where the user's bus and other sockets are.
    pub fn runtime_dir(&self) -> PathBuf {
        PathBuf::from(self.value("XDG_RUNTIME_DIR").unwrap_or_default())
    }

    /// The folder of the user's unit files.
    ///
    /// # Errors
    /// Neither `XDG_CONFIG_HOME` nor `HOME` is set.
    pub fn unit_folder(&self) -> Result<PathBuf, ScheduleError> {
        let config = match self.value("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
            Some(config) => config,
            None => self.home()?.join(".config"),
        };
        Ok(config.join("systemd/user"))
    }

    /// The user's home.
    ///
    /// # Errors
    /// `HOME` is not set.
    pub fn home(&self) -> Result<PathBuf, ScheduleError> {
        let home = self.value("HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        home.ok_or_else(|| ScheduleError::NotHere {
            backend: "a file of the home folder",
            why: "HOME is not set".into(),
        })
    }

    /// The systemd user instance, if it answers and reads the folder that we write to.
    ///
    /// # Errors
    /// [`ScheduleError::NotHere`] says which of the two is not so.
    pub async fn user_manager(&self) -> Result<UserManager, ScheduleError> {
        let not_here = |why: String| ScheduleError::NotHere { backend: "systemd", why };
        let systemctl = self.find("systemctl", &["--user"]).map_err(|error| not_here(error.to_string()))?;
        let manager = UserManager::new(systemctl, self.unit_folder()?);
        manager.answers(&self.env).await.map_err(not_here)?;
        Ok(manager)
    }

    /// The `crontab` program.
    ///
    /// # Errors
    /// There is none.
    pub fn crontab(&self) -> Result<Crontab, ScheduleError> {
        Ok(Crontab::new(self.find("crontab", &[])?))
    }

    /// The user's launchd.
    ///
    /// # Errors
    /// There is none.
    pub fn launch_agents(&self) -> Result<LaunchAgents, ScheduleError> {
        Ok(LaunchAgents::new(self.find("launchctl", &[])?, self.uid))
    }

    /// What this machine has, best first.
    ///
    /// # Errors
    /// It has none.
    pub async fn choose(&self) -> Result<Backend, ScheduleError> {
        if cfg!(target_os = "macos") && self.launch_agents().is_ok() {
            return Ok(Backend::Launchd);
        }
        if self.user_manager().await.is_ok() {
            return Ok(Backend::Systemd);
        }
        self.crontab().map(|_| Backend::Cron).map_err(|_| ScheduleError::NoBackend)
    }

    /// Whether a cron daemon seems to run; `None` where that cannot be seen.
    pub fn cron_runs(&self) -> Option<bool> {
        if !cfg!(target_os = "linux") {
            return None;
        }
        let daemons = ["cron", "crond", "fcron", "dcron", "anacron", "bcron-start", "cronie"];
        let processes = std::fs::read_dir("/proc").ok()?.flatten();
        let mut seen = 0;
        for process in processes {
            let Ok(name) = std::fs::read_to_string(process.path().join("comm")) else {
                continue;
            };
            seen += 1;
            if daemons.contains(&name.trim()) {
                return Some(true);
            }
        }
        // With `hidepid` nobody sees the processes of others.
        (seen > 0 && Path::new("/proc/1/comm").exists()).then_some(false)
    }

    /// Whether the user instance goes on without a login; `None` where nobody says.
    pub fn lingers(&self) -> Option<bool> {
        let user = self.value("USER").or_else(|| self.value("LOGNAME"))?;
        let folder = Path::new("/var/lib/systemd/linger");
        folder.is_dir().then(|| folder.join(user).exists())
    }

    /// Tells this machine and user from others, for spreading starts. Not reversible.
    pub fn identity(&self) -> String {
        let id = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let home = self.value("HOME").unwrap_or_default().to_string_lossy();
        Sha256Digest::of(format!("mcp-pin schedule\n{id}\n{host}\n{}\n{home}", self.uid).as_bytes()).to_string()
    }

    /// The `PATH` of a scheduled run: where `programs` are found now, then the system's own folders, then those
    /// with stand-ins of version managers for what is found nowhere else. No folder that others can write to:
    /// it would let them choose what the user runs unseen. Those left out are the second part.
    pub fn search_path(&self, programs: &[&str], also: &[PathBuf]) -> (Vec<PathBuf>, Vec<PathBuf>) {
        let path = self.value("PATH").unwrap_or_default();
        let project = self.project.as_deref();
        let (mut real, mut stand_ins) = (also.to_vec(), Vec::new());
        for name in programs {
            // npm is a script anyway. Where a folder is left out, the next that has the program may do.
            let is_real = |path: &PathBuf| *name == "npm" || !program::is_stand_in(path);
            let all: Vec<_> = program::find_all(path, name, project).collect();
            match all.iter().position(is_real) {
                Some(at) => {
                    let safe = |path: &&PathBuf| is_real(path) && path.parent().is_some_and(|folder| self.is_safe(folder));
                    real.push(all[at].clone());
                    real.extend(all[at..].iter().find(safe).cloned());
                }
                None => stand_ins.extend(all.into_iter().next()),
            }
        }
        if !stand_ins.is_empty() {
            // Some find their manager by name.
            stand_ins.extend(MANAGERS.iter().filter_map(|name| program::find(path, name, project)));
        }
        let folder = |program: PathBuf| Some(lasting(program.parent()?));
        let system = SYSTEM_PATH.iter().map(PathBuf::from);
        let folders = real.into_iter().filter_map(folder).chain(system);
        let (mut kept, mut left_out) = (Vec::new(), Vec::new());
        for folder in folders.chain(stand_ins.into_iter().filter_map(folder)) {
            let list = if self.is_safe(&folder) { &mut kept } else { &mut left_out };
            if !list.contains(&folder) {
                list.push(folder);
            }
        }
        (kept, left_out)
    }

    /// Whether only this user and root can put programs there, or replace the folder or one above it.
    fn is_safe(&self, folder: &Path) -> bool {
        let Ok(real) = folder.canonicalize() else { return false };
        real.ancestors().all(|folder| {
            let Ok(meta) = folder.metadata() else { return false };
            let mode = meta.permissions().mode();
            let group = if mode & 0o020 != 0 && self.is_alone_in(meta.gid()) {
                0
            } else {
                0o020
            };
            // In a folder with the sticky bit others cannot replace what is not theirs.
            let sealed = mode & (group | 0o002) == 0 || (mode & 0o1000 != 0 && folder != real);
            sealed && (meta.uid() == 0 || meta.uid() == self.uid)
        })
    }

    /// Whether a group is this user's private one, as many systems give each user one, and with it folders
    /// that the group can write to.
    fn is_alone_in(&self, gid: u32) -> bool {
        let read = |path| std::fs::read_to_string(path).unwrap_or_default();
        is_private(self.uid, gid, &read("/etc/passwd"), &read("/etc/group"))
    }
}

/// Whether the group of that number has the user's number and name, no other members, and is nobody else's
/// own group. Root has none: what is root's is the system's.
fn is_private(uid: u32, gid: u32, passwd: &str, group: &str) -> bool {
    let rows = |text: &str| -> Vec<Vec<String>> { text.lines().map(|line| line.split(':').map(str::to_owned).collect()).collect() };
    let number = |row: &[String], at: usize| row.get(at).and_then(|field| field.parse::<u32>().ok());
    let users: Vec<_> = rows(passwd);
    let groups: Vec<_> = rows(group).into_iter().filter(|row| number(row, 2) == Some(gid)).collect();
    let members: Vec<_> = users.iter().filter(|row| number(row, 3) == Some(gid)).collect();
    let ([user], [group]) = (&members[..], &groups[..]) else {
        return false;
    };
    let others = group.get(3).is_none_or(|names| !names.is_empty() && *names != user[0]);
    uid != 0 && uid == gid && number(user, 2) == Some(uid) && user[0] == group[0] && !others
}

/// The folder as it will be there tomorrow: fnm makes one for each shell, a link that goes away with it.
fn lasting(folder: &Path) -> PathBuf {
    let passing = folder.components().any(|part| part.as_os_str() == "fnm_multishells");
    let real = if passing { folder.canonicalize().ok() } else { None };
    real.unwrap_or_else(|| folder.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(path: &Path) -> Machine {
        let env = [("PATH", path.as_os_str()), ("HOME", OsStr::new("/h"))];
        Machine::new(&env.map(|(name, value)| (name.into(), value.into())).into(), None)
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_no_place_for_programs() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("a/bin");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("node"), "").unwrap();
        let mode = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        mode(&folder.join("node"), 0o755);
        let kept = || machine(&folder).search_path(&["node", "npm"], &[]);
        for (at, bits, safe) in [
            (&folder, 0o755, true),
            (&folder, 0o775, false),
            (&folder, 0o757, false),
            (&folder, 0o1777, false),
            (&folder, 0o700, true),
            (&scratch.path().join("a"), 0o777, false),
            (&scratch.path().join("a"), 0o755, true),
        ] {
            mode(at, bits);
            let (kept, left_out) = kept();
            assert_eq!(kept.contains(&folder), safe, "{} {bits:o}", at.display());
            assert_eq!(left_out.contains(&folder), !safe);
            assert!(kept.contains(&PathBuf::from("/usr/bin")));
        }
    }

    #[test]
    fn a_version_managers_programs_are_found_and_stand_ins_come_last() {
        let scratch = tempfile::tempdir().unwrap();
        let home = scratch.path().canonicalize().unwrap();
        let folder = |name: &str| {
            let folder = home.join(name);
            std::fs::create_dir_all(&folder).unwrap();
            folder
        };
        let program = |folder: &Path, name: &str, text: &str| {
            std::fs::write(folder.join(name), text).unwrap();
            std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(0o755)).unwrap();
        };
        let (asdf, nvm, volta, bin) = (folder(".asdf/shims"), folder(".nvm/v22/bin"), folder(".volta/bin"), folder("bin"));
        for name in ["node", "uv"] {
            program(&asdf, name, "#!/bin/sh\nexec asdf exec \"$0\"\n");
        }
        program(&nvm, "node", "\u{7f}ELF");
        program(&volta, "volta-shim", "\u{7f}ELF");
        std::os::unix::fs::symlink("volta-shim", volta.join("node")).unwrap();
        program(&bin, "asdf", "#!/bin/sh\n");
        let kept = |folders: &[&Path]| {
            let path = std::env::join_paths(folders).unwrap();
            let (kept, _) = machine(Path::new(&path)).search_path(&["node", "uv"], &[]);
            kept.into_iter().filter(|folder| folder.starts_with(&home)).collect::<Vec<_>>()
        };
        // The real one first, whatever the order was; what only a stand-in has is still found.
        assert_eq!(kept(&[&asdf, &bin, &nvm]), [nvm.clone(), asdf.clone(), bin.clone()]);
        assert_eq!(kept(&[&volta, &nvm]), std::slice::from_ref(&nvm));
        assert_eq!(kept(&[&volta]), std::slice::from_ref(&volta));
        // The system's own come before stand-ins.
        let path = std::env::join_paths([&asdf]).unwrap();
        let (all, _) = machine(Path::new(&path)).search_path(&["uv"], &[]);
        assert_eq!(all.last(), Some(&asdf), "{all:?}");
        // fnm's folder of a shell is gone tomorrow; what it leads to is not.
        let shell = folder("run/fnm_multishells").join("1_2");
        std::os::unix::fs::symlink(home.join(".nvm/v22"), &shell).unwrap();
        assert_eq!(kept(&[&shell.join("bin")]), std::slice::from_ref(&nvm));
        // Where the first can be written to by others, the next does.
        let open = folder("open");
        program(&open, "node", "\u{7f}ELF");
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(kept(&[&open, &nvm]), [nvm]);
    }

    #[test]
    fn a_private_group_is_nobody_elses() {
        let passwd = "root:x:0:0::/root:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\nbob:x:1001:1001::/:/bin/sh\n";
        let group = "root:x:0:\nada:x:1000:\nbob:x:1001:ada\nstaff:x:50:\n";
        assert!(is_private(1000, 1000, passwd, group));
        assert!(is_private(1000, 1000, passwd, &group.replace("ada:x:1000:", "ada:x:1000:ada")));
        for (uid, gid, passwd, group) in [
            (0, 0, passwd, group),
            (1000, 50, passwd, group),
            (1001, 1001, passwd, group),
            (1000, 1000, passwd, &group.replace("ada:x:1000:", "ada:x:1000:bob")),
            (1000, 1000, passwd, "root:x:0:\n"),
            (1000, 1000, "", group),
            (1000, 1000, &passwd.replace("1001:1001", "1001:1000"), group),
        ] {
            assert!(!is_private(uid, gid, passwd, group), "{uid} {gid}\n{passwd}{group}");
        }
    }

    #[test]
    fn a_projects_program_is_passed_over() {
        let scratch = tempfile::tempdir().unwrap();
        let tool = scratch.path().join("crontab");
        std::fs::write(&tool, "").unwrap();
        std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut machine = machine(scratch.path());
        assert!(machine.crontab().is_ok());
        machine.project = Some(scratch.path().to_path_buf());
        assert!(matches!(machine.crontab(), Err(ScheduleError::NoProgram { program: "crontab" })));
    }
}
