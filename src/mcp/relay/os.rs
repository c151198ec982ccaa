//! What the relay asks of the system about processes and pipes.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid};

use super::Ended;

/// Bytes that a pipe with large frames holds.
#[cfg(target_os = "linux")]
const ROOM: usize = 256 * 1024;

/// As many as a process may have at once on most systems.
const HANDLES: i32 = 1024;

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

/// Has a pipe take a large frame at once: its writer and its reader wake each other for each filling otherwise.
/// What is no pipe, or cannot be made larger, stays as it is.
///
/// All pipes of a user have 64 MiB together (`pipe-user-pages-soft` in `pipe(7)`); above that every further one
/// is small. Two of these a server leave room for more than a hundred servers.
pub(super) fn make_roomy(pipe: impl AsFd) {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(&pipe, ROOM);
    #[cfg(not(target_os = "linux"))]
    let _ = pipe;
}

/// Has the table of handles of a process that is started meanwhile hold a thousand from its beginning.
///
/// Linux sizes a new process's table by the highest handle of its parent, and makes it larger on demand; once there
/// are threads, that waits until no processor reads the old one (`synchronize_rcu` in `expand_fdtable`, 5 to 20 ms
/// here), and every thread that opens a file waits with it. Node.js, which loads modules with four threads, met that
/// twice at its start behind us, and never behind a client with many handles of its own.
///
/// `None` where nothing can be had: the start is slower then.
pub(super) fn room_for_handles() -> Option<OwnedFd> {
    rustix::io::fcntl_dupfd_cloexec(io::stdin(), HANDLES - 1).ok()
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_pipe_is_made_roomy_and_nothing_else_is_touched() {
        let (_reader, mut writer) = io::pipe().unwrap();
        make_roomy(&writer);
        assert_eq!(rustix::pipe::fcntl_getpipe_size(&writer).unwrap(), ROOM);
        // It does not block, so it fits.
        writer.write_all(&vec![b'x'; ROOM]).unwrap();
        make_roomy(tempfile::tempfile().unwrap());
    }

    #[test]
    fn what_waits_is_known_and_so_is_the_end() {
        let (reader, mut writer) = io::pipe().unwrap();
        assert!(!is_waiting(&reader));
        writer.write_all(b"x").unwrap();
        assert!(is_waiting(&reader));
        let (reader, writer) = io::pipe().unwrap();
        drop(writer);
        assert!(is_waiting(&reader));
    }
}
