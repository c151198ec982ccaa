//! The three system calls of the sandbox that have no safe wrapper.

use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::io::FdFlags;
use rustix::thread::UnshareFlags;

/// Moves this process into new namespaces.
#[expect(unsafe_code, reason = "rustix has no safe unshare")]
pub(super) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: the only unsound flag is FILES, which is masked out; the process has one thread.
    unsafe { rustix::thread::unshare_unsafe(flags.difference(UnshareFlags::FILES)) }
}

/// Keeps every descriptor but the three standard ones from the server: whatever the user's shell
/// or client left open would otherwise be a door through all the walls.
#[expect(unsafe_code, reason = "descriptors that others left open are only known by number")]
pub(super) fn close_on_exec() -> std::io::Result<()> {
    for entry in Path::new("/proc/self/fd").read_dir()? {
        let Some(number) = entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        if number > 2 {
            // SAFETY: the number was just listed as open, nothing in this single-threaded process
            // closes it before the call, and it is not used afterwards.
            let fd = unsafe { BorrowedFd::borrow_raw(number) };
            rustix::io::fcntl_setfd(fd, FdFlags::CLOEXEC)?;
        }
    }
    Ok(())
}

/// Leaves the keys of the user's session behind: the process gets an empty ring of its own.
///
/// Where keys are not there or not for this process, or there may be no more rings, it has the old
/// ring still, and the filter of system calls is what keeps the server from using it.
#[expect(unsafe_code, reason = "rustix has no keyctl")]
pub(super) fn leave_session_keyring() -> std::io::Result<()> {
    const JOIN_SESSION_KEYRING: libc::c_long = 1;
    // SAFETY: the call takes a name or, as here, a null pointer, and touches no memory.
    let result = unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION_KEYRING, std::ptr::null::<libc::c_char>()) };
    if result >= 0 {
        return Ok(());
    }
    let error = std::io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::ENOSYS | libc::EPERM | libc::EACCES | libc::EDQUOT) => Ok(()),
        _ => Err(error),
    }
}
