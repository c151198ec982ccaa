//! What the relay asks of the system about processes and pipes.

use std::io;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid};

use super::Ended;

/// Whether nobody can read any more what is written to `output`. Files and terminals always can.
pub(super) fn is_unread(output: impl AsFd) -> bool {
    // Errors and hang-ups are reported without being asked for.
    let mut asked = [PollFd::new(&output, PollFlags::empty())];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let gone = PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL;
    poll(&mut asked, Some(&now)).is_ok_and(|_| asked[0].revents().intersects(gone))
}

/// Whether something can be read from `input` without waiting, its end included.
pub(super) fn is_waiting(input: impl AsFd) -> bool {
    let mut asked = [PollFd::new(&input, PollFlags::IN)];
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    poll(&mut asked, Some(&now)).is_ok_and(|ready| ready > 0)
}

/// Waits until the child has ended, and leaves it unreaped: its number stays its own.
pub(super) fn wait_unreaped(pid: Pid) -> io::Result<Ended> {
    loop {
        match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
            Ok(Some(status)) => {
                let small = |number: Option<i32>| number.and_then(|number| u8::try_from(number & 0xff).ok());
                return Ok(match (small(status.exit_status()), small(status.terminating_signal())) {
                    (Some(code), _) => Ended::Code(code),
                    (None, Some(signal)) => Ended::Signal(signal),
                    (None, None) => Ended::Gone,
                });
            }
            Ok(None) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Sends a signal to every process of a group.
pub(super) fn signal_group(group: Pid, signal: Signal) {
    let _ = kill_process_group(group, signal);
}

/// Whether a group has a process, ended ones that nobody waited for included.
pub(super) fn has_group(group: Pid) -> bool {
    test_kill_process_group(group).is_ok()
}
