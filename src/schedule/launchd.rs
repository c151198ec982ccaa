//! A property list for launchd, as text, and the commands that load it.
//!
//! The specification: launchd.plist(5), launchctl(1). The text is tested; loading it was never tried on
//! a Mac.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::program::{self, Program};
use super::{Job, ScheduleError, seal};

const PATIENCE: Duration = Duration::from_secs(20);

/// The label of a job, which is also the name of its file.
pub fn label(name: &str) -> String {
    format!("mcp-pin.schedule.{name}")
}

/// The property list of a job.
pub fn plist(job: &Job) -> String {
    let string = |text: &str| format!("<string>{}</string>", escaped(text));
    let arguments: Vec<_> = std::iter::once(job.program.as_str())
        .chain(job.args())
        .map(|word| format!("    {}\n", string(word)))
        .collect();
    let env: Vec<_> = job
        .env
        .iter()
        .map(|(name, value)| format!("    <key>{name}</key>\n    {}\n", string(value)))
        .collect();
    seal::close(&format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- Made by `mcp-pin schedule enable`, taken away by `mcp-pin schedule disable`. Once edited it is yours. -->
<!-- {} -->
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  {}
  <key>ProgramArguments</key>
  <array>
{}  </array>
  <key>WorkingDirectory</key>
  {}
  <key>EnvironmentVariables</key>
  <dict>
{}  </dict>
  <key>StartInterval</key>
  <integer>{}</integer>
  <key>ProcessType</key>
  <string>Background</string>
  <key>LowPriorityIO</key>
  <true/>
  <key>Nice</key>
  <integer>10</integer>
</dict>
</plist>
"#,
        seal::open(),
        string(&label(&job.name)),
        arguments.concat(),
        string(&job.folder),
        env.concat(),
        job.every.seconds(),
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// `launchctl` of the user's own domain.
#[derive(Debug, Clone)]
pub struct LaunchAgents {
    launchctl: Program,
    uid: u32,
}

impl LaunchAgents {
    pub(super) fn new(launchctl: Program, uid: u32) -> Self {
        Self { launchctl, uid }
    }

    /// Where a job's property list stands.
    pub fn path(home: &Path, name: &str) -> PathBuf {
        home.join("Library/LaunchAgents").join(format!("{}.plist", label(name)))
    }

    /// Loads a job, in the place of an older one.
    ///
    /// # Errors
    /// `launchctl` failed.
    pub async fn load(&self, name: &str, path: &Path) -> Result<(), ScheduleError> {
        self.unload(name).await.ok();
        let domain = format!("gui/{}", self.uid);
        self.launchctl
            .content(&["bootstrap".as_ref(), domain.as_ref(), path.as_os_str()], PATIENCE)
            .await
            .map(drop)
    }

    /// Unloads a job.
    ///
    /// # Errors
    /// `launchctl` failed: also where it is not loaded.
    pub async fn unload(&self, name: &str) -> Result<(), ScheduleError> {
        let target = self.target(name);
        self.launchctl
            .content(&["bootout".as_ref(), target.as_ref()], PATIENCE)
            .await
            .map(drop)
    }

    /// Whether a job is loaded.
    ///
    /// # Errors
    /// `launchctl` did not answer.
    pub async fn is_loaded(&self, name: &str) -> Result<bool, ScheduleError> {
        let target = self.target(name);
        let output = program::run(&self.launchctl, &["print".as_ref(), target.as_ref()], PATIENCE).await?;
        Ok(output.success)
    }

    fn target(&self, name: &str) -> String {
        format!("gui/{}/{}", self.uid, label(name))
    }
}

#[cfg(test)]
mod tests {
    use super::super::job::tests::nasty;
    use super::*;

    #[test]
    fn nothing_of_a_name_is_markup() {
        let text = plist(&nasty());
        assert!(seal::is_whole(&text));
        for line in [
            "    <string>/opt/a b/mcp-pin%h</string>",
            "  <string>/home/o'neil &amp; &quot;co&quot;/100% &lt;x&gt; $HOME</string>",
            "    <string>--check-updates</string>",
            "  <integer>21600</integer>",
        ] {
            assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
        }
    }

    /// Python's reader of property lists stands in for the Mac's.
    #[test]
    fn a_reader_of_property_lists_takes_it() {
        let script = "import plistlib,sys,json; print(json.dumps(plistlib.load(sys.stdin.buffer)))";
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.plist");
        std::fs::write(&path, plist(&nasty())).unwrap();
        let file = std::fs::File::open(&path).unwrap();
        let Ok(output) = std::process::Command::new("python3").args(["-c", script]).stdin(file).output() else {
            println!("skipped: no python3 here");
            return;
        };
        let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(read["WorkingDirectory"], "/home/o'neil & \"co\"/100% <x> $HOME");
        assert_eq!(read["EnvironmentVariables"]["PATH"], "/opt/%n/bin:/usr/bin");
        assert_eq!(read["ProgramArguments"][4], "mcp-pin-0123");
        assert_eq!(read["StartInterval"], 21600);
    }
}
