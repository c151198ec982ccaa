//! A server as a child process, spoken to over its standard input and output.
//!
//! It leads a process group of its own. When it ends, or is ended, what is left of the group is ended
//! too: asked first, then by force. What a server moved to another group or session on purpose (a
//! daemon) is not looked for. A terminal's ctrl-C reaches us, not the group, and is passed on.
//!
//! If we are killed ourselves, with a signal that nobody can hear, the system closes the server's input
//! and the reading end of its output: it is where it would be if its client had died. One that heeds
//! neither is ended by the [`super::warden`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use rustix::process::Pid;

use super::outgoing::{held, waited};
use super::warden::Warden;
use super::{Ended, Lines, Patience, Received, Signal, Upstream, os};
use crate::mcp::probe::Launchable;

/// What to start.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The approved, verified server.
    pub launchable: &'a Launchable,
    /// Arguments of the client's, after the pinned ones.
    pub extra: &'a [OsString],
    /// The whole environment, but for the entry's own variables, which are added from `launchable`.
    pub environment: &'a BTreeMap<OsString, OsString>,
    /// Where it starts.
    pub cwd: &'a Path,
    /// Our own binary, of which the warden is made.
    pub exe: &'a Path,
}

/// A running server.
pub struct Child {
    process: Arc<Process>,
    input: Mutex<Option<ChildStdin>>,
    output: Mutex<Lines<ChildStdout>>,
    /// Until the server has ended; without where none could be started.
    warden: Mutex<Option<Warden>>,
}

struct Process {
    /// The leader's number, which is its group's.
    group: Pid,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// The leader has ended. Its number is still its own.
    ended: Option<Ended>,
    /// Its output was read to the end.
    read: bool,
    /// Nothing of the group is left, as far as could be seen.
    over: bool,
}

/// How long output may come after the server has ended, from others that hold the pipe.
const AFTERMATH: Duration = Duration::from_millis(500);
/// How long the rest of the group may take to end when asked.
const REST: Duration = Duration::from_millis(300);
/// How long the end by force may take: longer only where the system itself hangs.
const FORCE: Duration = Duration::from_secs(5);

impl Child {
    /// Starts it. Standard error is ours.
    ///
    /// # Errors
    /// The system cannot start it.
    pub fn start(start: Start<'_>) -> io::Result<Self> {
        let mut command = Command::new(&start.launchable.program);
        command
            .args(&start.launchable.args)
            .args(start.extra)
            .env_clear()
            .envs(start.environment)
            .envs(&start.launchable.env)
            .current_dir(start.cwd)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .process_group(0);
        let child = Self::of(&mut command)?;
        // Beside the server, which does not wait for it. Without one, what is killed here leaves a server that
        // has lost its input: no reason to be without a server now.
        *held(&child.warden) = Warden::start(start.exe, child.process.group).ok();
        Ok(child)
    }

    /// Of a command with piped input and output, in a group of its own.
    pub(super) fn of(command: &mut Command) -> io::Result<Self> {
        let room = os::room_for_handles();
        let mut child = command.spawn()?;
        drop(room);
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let (Some(group), Some(input), Some(output)) = (pid, child.stdin.take(), child.stdout.take()) else {
            let _ = child.kill();
            return Err(io::Error::other("the server has no pipes"));
        };
        os::make_roomy(&output);
        let process = Arc::new(Process {
            group,
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let waiting = Arc::clone(&process);
        let waiter = std::thread::Builder::new().name("waiter".into());
        if let Err(error) = waiter.spawn(move || waiting.wait(child)) {
            os::signal_group(group, rustix::process::Signal::KILL);
            return Err(error);
        }
        Ok(Self {
            process,
            input: Mutex::new(Some(input)),
            output: Mutex::new(Lines::new(output)),
            warden: Mutex::default(),
        })
    }

    /// The server's process number.
    pub fn id(&self) -> u32 {
        self.process.group.as_raw_nonzero().get().unsigned_abs()
    }
}

impl Process {
    /// Waits for the leader, then ends what is left of its group.
    fn wait(&self, mut child: std::process::Child) {
        let ended = os::wait_unreaped(self.group).unwrap_or(Ended::Gone);
        self.set(|state| state.ended = Some(ended));
        self.until(AFTERMATH, |state| state.read);
        // The leader is not reaped yet, so the number is still this group's.
        os::signal_group(self.group, rustix::process::Signal::TERM);
        let _ = child.wait();
        // From here on the number is the group's only while it has a process.
        let until = Instant::now() + REST;
        while os::has_group(self.group) {
            if Instant::now() >= until {
                os::signal_group(self.group, rustix::process::Signal::KILL);
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.set(|state| state.over = true);
    }

    fn set(&self, set: impl FnOnce(&mut State)) {
        set(&mut held(&self.state));
        self.changed.notify_all();
    }

    /// Waits until `true`, `limit` at the longest. Says which.
    fn until(&self, limit: Duration, done: impl Fn(&State) -> bool) -> bool {
        let until = Instant::now() + limit;
        let mut state = held(&self.state);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if done(&state) || left.is_zero() {
                return done(&state);
            }
            state = waited(self.changed.wait_timeout(state, left)).0;
        }
    }

    /// Signals the group while the leader's number is surely its own.
    fn signal(&self, signal: rustix::process::Signal) {
        let state = held(&self.state);
        if state.ended.is_none() {
            os::signal_group(self.group, signal);
        }
    }
}

impl Upstream for Child {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        let mut input = held(&self.input);
        let Some(pipe) = input.as_mut() else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let written = pipe.write_all(frame);
        if written.is_err() {
            *input = None;
        }
        written
    }

    fn next(&self) -> io::Result<Option<Received>> {
        let next = held(&self.output).read();
        if !matches!(next, Ok(Some(_))) {
            self.process.set(|state| state.read = true);
        }
        next
    }

    fn is_near(&self) -> bool {
        true
    }

    fn finish_input(&self) {
        *held(&self.input) = None;
    }

    fn signal(&self, signal: Signal) -> bool {
        self.process.signal(signal.raw());
        true
    }

    fn end(&self, patience: Patience) -> Ended {
        // A writer that hangs on a full pipe has the lock, and is freed when the server ends.
        if let Ok(mut input) = self.input.try_lock() {
            *input = None;
        }
        let process = &self.process;
        // Nobody reads its output from here on: what is left of it holds nothing up.
        process.set(|state| state.read = true);
        for (wait, then) in [
            (patience.input, rustix::process::Signal::TERM),
            (patience.signal, rustix::process::Signal::KILL),
        ] {
            if !process.until(wait, |state| state.ended.is_some()) {
                process.signal(then);
            }
        }
        if process.until(FORCE, |state| state.over)
            && let Some(warden) = held(&self.warden).take()
        {
            warden.dismiss();
        }
        held(&process.state).ended.unwrap_or(Ended::Gone)
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.process.signal(rustix::process::Signal::KILL);
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_server_has_room_for_a_thousand_handles_before_it_has_threads() {
        let child = Child::of(Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0)).unwrap();
        // Its own program by now, so what it has is what it keeps: the table's size, and no handle of ours.
        child.send(b"x\n").unwrap();
        assert!(matches!(child.next().unwrap(), Some(Received::Frame(_))));
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let size = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
        assert_eq!(size.trim(), "1024");
        assert!(!std::fs::exists(format!("/proc/{}/fd/1023", child.id())).unwrap());
        child.end(Patience::SHORT);
    }
}
