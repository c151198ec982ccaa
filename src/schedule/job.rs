//! What is run, whatever runs it.

use std::path::{Path, PathBuf};

use super::{Every, ScheduleError};
use crate::model::Sha256Digest;

/// What is run, how often, and with which environment. Every text of it can be written down: UTF-8,
/// absolute where it is a path, and without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub(super) name: String,
    pub(super) program: String,
    pub(super) folder: String,
    pub(super) global: bool,
    pub(super) every: Every,
    pub(super) updates: bool,
    pub(super) env: Vec<(&'static str, String)>,
    pub(super) user_bus: bool,
}

/// The name of the schedule of a scope: `mcp-pin` for the user's own with nothing moved, else with a part
/// of a digest, so that two scopes or two homes never share a file.
pub fn name_of(plain: bool, home: &Path, scope: &str) -> String {
    if plain {
        return "mcp-pin".to_owned();
    }
    let digest = Sha256Digest::of(format!("{}\n{scope}", home.display()).as_bytes()).to_string();
    format!("mcp-pin-{}", &digest[..12])
}

impl Job {
    /// A job of a scope's folder. `global`: the user's own scope.
    ///
    /// # Errors
    /// [`ScheduleError::Unsayable`]: a path that is relative, no UTF-8, or holds control characters.
    pub fn new(name: String, program: &Path, folder: &Path, global: bool, every: Every, updates: bool) -> Result<Self, ScheduleError> {
        Ok(Self {
            name,
            program: sayable("the path of mcp-pin", program)?,
            folder: sayable("the folder", folder)?,
            global,
            every,
            updates,
            env: Vec::new(),
            user_bus: false,
        })
    }

    /// Sets a variable for the run.
    ///
    /// # Errors
    /// As [`Self::new`]. The value need not be a path.
    pub fn set(&mut self, name: &'static str, value: &Path) -> Result<&mut Self, ScheduleError> {
        let text = value.to_str().ok_or_else(|| unsayable(name, value, "it is not UTF-8"))?;
        if text.chars().any(char::is_control) {
            return Err(unsayable(name, value, "it holds control characters"));
        }
        self.env.push((name, text.to_owned()));
        Ok(self)
    }

    /// The user's bus has its socket in the runtime folder: units may name it.
    pub const fn with_user_bus(&mut self) {
        self.user_bus = true;
    }

    /// Names its files.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The program that is run.
    pub fn program(&self) -> PathBuf {
        PathBuf::from(&self.program)
    }

    /// How often.
    pub const fn every(&self) -> Every {
        self.every
    }

    /// The arguments: constant words and the job's own name, nothing that needs a quote.
    pub(super) fn args(&self) -> Vec<&str> {
        let mut args = vec!["verify"];
        if self.global {
            args.push("--global");
        }
        args.extend(["--notify", "--scheduled", &self.name]);
        if self.updates {
            args.push("--check-updates");
        }
        args
    }

    /// For people: what it checks.
    pub(super) fn title(&self) -> String {
        if self.global {
            "verify your own MCP servers".to_owned()
        } else {
            format!("verify the MCP servers of {}", self.folder)
        }
    }
}

fn sayable(what: &str, path: &Path) -> Result<String, ScheduleError> {
    if !path.is_absolute() {
        return Err(unsayable(what, path, "it is not absolute"));
    }
    let text = path.to_str().ok_or_else(|| unsayable(what, path, "it is not UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(unsayable(what, path, "it holds control characters"));
    }
    Ok(text.to_owned())
}

pub(super) fn unsayable(what: &str, value: &Path, why: &'static str) -> ScheduleError {
    ScheduleError::Unsayable {
        what: format!("{what} `{}`", crate::surface::visible(&value.display().to_string())),
        why,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt as _;

    use super::*;

    /// A job with everything that a quote, a specifier or an entity could trip over.
    pub(crate) fn nasty() -> Job {
        let folder = Path::new("/home/o'neil & \"co\"/100% <x> $HOME");
        let mut job = Job::new(
            "mcp-pin-0123".into(),
            Path::new("/opt/a b/mcp-pin%h"),
            folder,
            false,
            Every::DEFAULT,
            true,
        )
        .unwrap();
        job.set("PATH", Path::new("/opt/%n/bin:/usr/bin")).unwrap();
        job.set("HOME", Path::new("/home/o'neil & \"co\"")).unwrap();
        job
    }

    #[test]
    fn a_path_that_would_begin_a_line_of_its_own_is_refused() {
        let new = |folder: &Path| Job::new("mcp-pin".into(), Path::new("/bin/x"), folder, true, Every::DEFAULT, false);
        for folder in ["/a\nExecStart=/bin/sh", "/a\rb", "/a\u{0}b", "relative", "/a\tb", "/a\u{85}b"] {
            assert!(matches!(new(Path::new(folder)), Err(ScheduleError::Unsayable { .. })), "{folder:?}");
        }
        assert!(new(Path::new(OsStr::from_bytes(b"/a\xff"))).is_err());
        assert!(new(Path::new("/a b")).unwrap().set("HOME", Path::new("/a\nb")).is_err());
    }

    #[test]
    fn scopes_and_homes_have_names_of_their_own() {
        let (a, b) = (Path::new("/a"), Path::new("/b"));
        assert_eq!(name_of(true, a, "x"), "mcp-pin");
        let names: std::collections::BTreeSet<_> = [(a, "x"), (a, "y"), (b, "x")]
            .map(|(home, scope)| name_of(false, home, scope))
            .into();
        assert_eq!(names.len(), 3);
    }
}
