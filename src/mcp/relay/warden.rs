//! The process beside us that ends a server whose `mcp-pin run` was killed.
//!
//! The attack, or the accident: `mcp-pin run` is ended with a signal that nobody can hear, by a client
//! that lost its patience or by a system without memory, and the server goes on unguarded, without anybody
//! knowing. Its input is closed then, and most servers end by themselves; some do not.
//!
//! So the binary starts itself once more ([`WORD`]), beside the server and without a say in its start. All
//! it holds is a pipe from us. When that closes without a word, we are gone, and it ends the server's process
//! group: by itself, if it wants to, as after a client that died; else asked, else by force. When we end
//! as we should, it is dismissed first and touches nothing. It leads a group of its own, so that whoever kills
//! our group does not kill it with us, and it holds neither the client's pipes nor standard error open.
//!
//! Not promised: an end where whoever killed us kills it as well, nor of what a server moved to another
//! group.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ChildStdin, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use super::{Patience, os};

/// The first argument with which the binary is started as a warden; the second is the group.
pub const WORD: &str = "__warden";

/// What it is told when it is no longer needed.
const DISMISSED: &[u8] = b".";

/// How often it looks whether the group has ended.
const LOOK: Duration = Duration::from_millis(20);

/// Our end of the pipe.
#[derive(Debug)]
pub(super) struct Warden(ChildStdin);

impl Warden {
    /// Starts one, without waiting for it. `exe` is our own binary.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) fn start(exe: &Path, group: Pid) -> io::Result<Self> {
        let mut child = Command::new(exe)
            .arg(WORD)
            .arg(group.as_raw_nonzero().to_string())
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        child.stdin.take().map(Self).ok_or_else(|| io::Error::other("no pipe"))
    }

    /// The group has ended, and its number may soon be another's.
    pub(super) fn dismiss(mut self) {
        let _ = self.0.write_all(DISMISSED);
    }
}

/// Becomes the warden of the group that the arguments after [`WORD`] name. Returns when it is dismissed, or
/// when the group has ended.
pub fn enter(args: &[OsString]) -> ExitCode {
    let group = match args {
        [group] => group.to_str().and_then(|text| text.parse().ok()).and_then(Pid::from_raw),
        _ => None,
    };
    // A number below would mean one process, or every one there is.
    let Some(group) = group.filter(|group: &Pid| group.as_raw_nonzero().get() > 1) else {
        return ExitCode::from(2);
    };
    let mut said = Vec::new();
    let heard = io::stdin().take(1).read_to_end(&mut said);
    if heard.is_ok() && said.is_empty() {
        end(group, Patience::NORMAL);
    }
    ExitCode::SUCCESS
}

fn end(group: Pid, patience: Patience) {
    for (wait, signal) in [(patience.input, Signal::TERM), (patience.signal, Signal::KILL)] {
        let until = Instant::now() + wait;
        while os::has_group(group) {
            if Instant::now() >= until {
                os::signal_group(group, signal);
                break;
            }
            std::thread::sleep(LOOK);
        }
    }
}
