//! From rows of the table to paths, without looking at the disk.

use std::path::PathBuf;

use super::table::{Base, Place};

/// A system, as far as clients put their files elsewhere on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Os {
    /// Linux and other free systems.
    Linux,
    /// macOS.
    MacOs,
    /// Windows.
    Windows,
}

impl Os {
    /// The system this build is for.
    pub const fn here() -> Self {
        if cfg!(target_os = "macos") {
            Self::MacOs
        } else if cfg!(windows) {
            Self::Windows
        } else {
            Self::Linux
        }
    }
}

/// The folders that paths start at, as values: a test puts a scratch folder for each.
#[derive(Debug, Clone)]
pub struct Bases {
    /// The system.
    pub os: Os,
    /// The user's home.
    pub home: PathBuf,
    /// `XDG_CONFIG_HOME`, where it is set to an absolute path.
    pub xdg_config: Option<PathBuf>,
    /// `APPDATA`.
    pub app_data: Option<PathBuf>,
    /// `CODEX_HOME`.
    pub codex_home: Option<PathBuf>,
    /// The root of the file system.
    pub root: PathBuf,
    /// The project's folder, where there is one.
    pub project: Option<PathBuf>,
}

/// A folder that is taken as it is, and a path below it that may have `*` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// The folder.
    pub base: PathBuf,
    /// The components below it.
    pub parts: Vec<&'static str>,
}

impl Bases {
    /// Where a place is on this machine; `None` where it has no such place.
    pub fn pattern(&self, place: &Place) -> Option<Pattern> {
        if place.os.is_some_and(|os| os != self.os) {
            return None;
        }
        let base = self.base(place.base)?;
        Some(Pattern {
            base,
            parts: place.path.split('/').filter(|part| !part.is_empty()).collect(),
        })
    }

    fn base(&self, base: Base) -> Option<PathBuf> {
        let dot_config = || self.xdg_config.clone().unwrap_or_else(|| self.home.join(".config"));
        let app_data = || self.app_data.clone().unwrap_or_else(|| self.home.join("AppData").join("Roaming"));
        Some(match (base, self.os) {
            (Base::Home, _) => self.home.clone(),
            (Base::AppSupport, Os::MacOs) => self.home.join("Library").join("Application Support"),
            (Base::AppSupport | Base::DotConfig, Os::Windows) => app_data(),
            (Base::AppSupport, Os::Linux) | (Base::DotConfig, Os::Linux | Os::MacOs) => dot_config(),
            (Base::CodexHome, _) => self.codex_home.clone().unwrap_or_else(|| self.home.join(".codex")),
            (Base::Root, _) => self.root.clone(),
            (Base::Project, _) => self.project.clone()?,
        })
    }
}

impl Pattern {
    /// The one path it stands for, where nothing in it is variable.
    pub fn path(&self) -> Option<PathBuf> {
        let fixed = self.parts.iter().all(|part| !part.contains('*'));
        fixed.then(|| self.parts.iter().fold(self.base.clone(), |path: PathBuf, part| path.join(part)))
    }

    /// Whether a component of the pattern covers a file name. One `*` at most counts.
    pub fn covers(part: &str, name: &str) -> bool {
        match part.split_once('*') {
            None => part == name,
            Some((before, after)) => name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after),
        }
    }
}
