//! The system call filter: doors that neither namespaces nor Landlock close.
//!
//! The attack: a server speaks to the machine's hypervisor over vsock, leaves Landlock's TCP rules
//! by another protocol or by `io_uring`, reads the user's key rings, or changes the modes and times
//! of files it may only read. A refused call answers with an error, as on a kernel without it; a
//! call of another architecture, whose numbers mean other calls, ends the process.

use libc::c_long;
use seccompiler::sock_filter;

/// How much the other walls leave to the filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Doors {
    /// Landlock stands alone: every socket is one of the machine's, and every file is.
    pub(super) alone: bool,
    /// The entry asks for the network.
    pub(super) network: bool,
}

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_003e);
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: Option<u32> = Some(0xc000_00b7);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const ARCHITECTURE: Option<u32> = None;
/// Set in the numbers of the x32 calls, which share the architecture of `x86_64`.
const X32: u32 = 0x4000_0000;

const LOAD: u16 = 0x20;
const AND: u16 = 0x54;
const IF_EQUAL: u16 = 0x15;
const IF_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;
/// Offsets in what the kernel shows a filter; of the arguments, the low half on machines that
/// store it first, as both architectures do.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const ARGUMENTS: [u32; 3] = [16, 24, 32];

const KIND_OF_SOCKET: u32 = 0xf;
const TCP: u32 = 6;

/// What no server needs, and what reaches past namespaces or Landlock.
const REFUSED: [c_long; 20] = [
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_open_by_handle_at,
    libc::SYS_userfaultfd,
    libc::SYS_kexec_load,
    if cfg!(target_arch = "x86_64") { 320 } else { 294 }, // kexec_file_load
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_setns,
];

/// What changes a file's mode, owner, times or attributes: Landlock does not look at these.
const REFUSED_ALONE: [c_long; 15] = [
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    452, // fchmodat2
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    463, // setxattrat
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    466, // removexattrat
    469, // file_setattr
    libc::SYS_utimensat,
];

/// The older forms of the same, which newer architectures never had.
#[cfg(target_arch = "x86_64")]
const REFUSED_ALONE_OLD: [c_long; 6] = [
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_ALONE_OLD: [c_long; 0] = [];

/// Puts the filter in force for this process and all it will start.
pub(super) fn restrict(doors: Doors) -> Result<(), String> {
    let Some(architecture) = ARCHITECTURE else {
        return Err("no filter was written for this architecture".into());
    };
    seccompiler::apply_filter(&program(doors, architecture)).map_err(|error| error.to_string())
}

fn program(doors: Doors, architecture: u32) -> Vec<sock_filter> {
    let kill = || answer(libc::SECCOMP_RET_KILL_PROCESS);
    let mut program = vec![load(ARCH), jump(IF_EQUAL, architecture, 1, 0), kill(), load(NUMBER)];
    if cfg!(target_arch = "x86_64") {
        program.extend([jump(IF_AT_LEAST, X32, 0, 1), kill()]);
    }
    program.extend(when(number(libc::SYS_socket), socket(doors)));
    program.extend(when(number(libc::SYS_socketpair), socket_pair(doors)));
    let alone = REFUSED_ALONE.iter().chain(&REFUSED_ALONE_OLD).filter(|_| doors.alone);
    for call in REFUSED.iter().chain(alone) {
        program.extend(when(number(*call), vec![refuse(libc::EPERM)]));
    }
    program.push(allow());
    program
}

fn socket(doors: Doors) -> Vec<sock_filter> {
    let mut block = vec![load(ARGUMENTS[0])];
    let family = |family: i32, then| when(family.cast_unsigned(), then);
    // A socket's path is no file to Landlock.
    if !doors.alone {
        block.extend(family(libc::AF_UNIX, vec![allow()]));
    }
    block.extend(family(libc::AF_NETLINK, vec![allow()]));
    // With Landlock alone these are the machine's own, and it knows of TCP by `connect` only.
    if doors.network || !doors.alone {
        for inet in [libc::AF_INET, libc::AF_INET6] {
            let then = if doors.network { vec![allow()] } else { plain_inet() };
            block.extend(family(inet, then));
        }
    }
    block.push(refuse(libc::EAFNOSUPPORT));
    block
}

/// TCP and datagrams: no MPTCP, no SCTP, nothing raw.
fn plain_inet() -> Vec<sock_filter> {
    let mut stream = vec![load(ARGUMENTS[2])];
    stream.extend(when(0, vec![allow()]));
    stream.extend(when(TCP, vec![allow()]));
    stream.push(refuse(libc::EPROTONOSUPPORT));
    let mut block = vec![load(ARGUMENTS[1]), and(KIND_OF_SOCKET)];
    block.extend(when(libc::SOCK_DGRAM.cast_unsigned(), vec![allow()]));
    block.extend(when(libc::SOCK_STREAM.cast_unsigned(), stream));
    block.push(refuse(libc::EPROTONOSUPPORT));
    block
}

/// A pair is closed in itself, but for one of datagrams, which can still send to any path.
fn socket_pair(doors: Doors) -> Vec<sock_filter> {
    let mut unix = if doors.alone {
        let mut kinds = vec![load(ARGUMENTS[1]), and(KIND_OF_SOCKET)];
        kinds.extend(when(libc::SOCK_STREAM.cast_unsigned(), vec![allow()]));
        kinds.extend(when(libc::SOCK_SEQPACKET.cast_unsigned(), vec![allow()]));
        kinds
    } else {
        vec![allow()]
    };
    if doors.alone {
        unix.push(refuse(libc::EPROTONOSUPPORT));
    }
    let mut block = vec![load(ARGUMENTS[0])];
    block.extend(when(libc::AF_UNIX.cast_unsigned(), unix));
    block.push(refuse(libc::EAFNOSUPPORT));
    block
}

/// `then`, which must end in an answer, if the loaded word is `value`. A block of more than 255
/// instructions cannot be jumped over; the longest here has some thirty.
fn when(value: u32, then: Vec<sock_filter>) -> Vec<sock_filter> {
    let mut block = vec![jump(IF_EQUAL, value, 0, u8::try_from(then.len()).unwrap_or(u8::MAX))];
    block.extend(then);
    block
}

const fn load(k: u32) -> sock_filter {
    jump(LOAD, k, 0, 0)
}

const fn and(k: u32) -> sock_filter {
    jump(AND, k, 0, 0)
}

const fn allow() -> sock_filter {
    answer(libc::SECCOMP_RET_ALLOW)
}

const fn refuse(errno: i32) -> sock_filter {
    answer(libc::SECCOMP_RET_ERRNO | errno.cast_unsigned())
}

const fn answer(k: u32) -> sock_filter {
    jump(RETURN, k, 0, 0)
}

const fn jump(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// Call numbers are small and never negative.
fn number(call: c_long) -> u32 {
    u32::try_from(call).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NS: Doors = Doors {
        alone: false,
        network: false,
    };
    const NS_NET: Doors = Doors {
        alone: false,
        network: true,
    };
    const ALONE: Doors = Doors {
        alone: true,
        network: false,
    };
    const ALONE_NET: Doors = Doors {
        alone: true,
        network: true,
    };

    /// What the kernel would answer.
    fn run(doors: Doors, arch: u32, call: u32, arguments: [u32; 3]) -> u32 {
        let program = program(doors, ARCHITECTURE.unwrap());
        let (mut at, mut loaded) = (0, 0);
        loop {
            let step = &program[at];
            at += 1;
            let holds = match step.code {
                LOAD => {
                    loaded = match step.k {
                        NUMBER => call,
                        ARCH => arch,
                        offset => arguments[ARGUMENTS.iter().position(|at| *at == offset).unwrap()],
                    };
                    continue;
                }
                AND => {
                    loaded &= step.k;
                    continue;
                }
                IF_EQUAL => loaded == step.k,
                IF_AT_LEAST => loaded >= step.k,
                _ => return step.k,
            };
            at += usize::from(if holds { step.jt } else { step.jf });
        }
    }

    fn sys(doors: Doors, call: c_long, arguments: [i32; 3]) -> u32 {
        run(doors, ARCHITECTURE.unwrap(), number(call), arguments.map(i32::cast_unsigned))
    }

    fn socket(doors: Doors, family: i32, kind: i32, protocol: i32) -> bool {
        sys(doors, libc::SYS_socket, [family, kind | libc::SOCK_CLOEXEC, protocol]) == libc::SECCOMP_RET_ALLOW
    }

    #[test]
    fn only_expected_sockets_are_made() {
        let (tcp, udp) = (libc::SOCK_STREAM, libc::SOCK_DGRAM);
        for (doors, unix, inet, mptcp) in [
            (NS, true, true, false),
            (NS_NET, true, true, true),
            (ALONE, false, false, false),
            (ALONE_NET, false, true, true),
        ] {
            assert_eq!(socket(doors, libc::AF_UNIX, tcp, 0), unix, "{doors:?}");
            for family in [libc::AF_INET, libc::AF_INET6] {
                for (kind, protocol) in [(tcp, 0), (tcp, 6), (udp, 17)] {
                    assert_eq!(socket(doors, family, kind, protocol), inet, "{doors:?} {kind} {protocol}");
                }
                for (kind, protocol) in [(tcp, 262), (tcp, 132), (libc::SOCK_SEQPACKET, 132), (libc::SOCK_RAW, 1)] {
                    assert_eq!(socket(doors, family, kind, protocol), mptcp, "{doors:?} {kind} {protocol}");
                }
            }
            assert!(socket(doors, libc::AF_NETLINK, libc::SOCK_RAW, 0));
            for family in [libc::AF_VSOCK, libc::AF_PACKET, libc::AF_ALG, libc::AF_BLUETOOTH, 0, -1] {
                assert!(!socket(doors, family, tcp, 0), "{doors:?} {family}");
            }
            let pair = |kind| sys(doors, libc::SYS_socketpair, [libc::AF_UNIX, kind, 0]) == libc::SECCOMP_RET_ALLOW;
            assert!(pair(tcp) && pair(udp) != doors.alone, "{doors:?}");
        }
    }

    #[test]
    fn other_numbers_end_the_process_and_doors_are_refused() {
        let getpid = number(libc::SYS_getpid);
        for doors in [NS, NS_NET, ALONE, ALONE_NET] {
            assert_eq!(sys(doors, libc::SYS_getpid, [0; 3]), libc::SECCOMP_RET_ALLOW);
            // The 32-bit numbers of the same machine.
            assert_eq!(run(doors, 0x4000_0003, getpid, [0; 3]), libc::SECCOMP_RET_KILL_PROCESS);
            if cfg!(target_arch = "x86_64") {
                let x32 = run(doors, ARCHITECTURE.unwrap(), X32 | getpid, [0; 3]);
                assert_eq!(x32, libc::SECCOMP_RET_KILL_PROCESS);
            }
            for call in REFUSED {
                assert_eq!(sys(doors, call, [0; 3]), refuse(libc::EPERM).k, "{call}");
            }
            for call in REFUSED_ALONE.iter().chain(&REFUSED_ALONE_OLD) {
                assert_eq!(sys(doors, *call, [0; 3]) == refuse(libc::EPERM).k, doors.alone, "{call}");
            }
        }
    }

    #[test]
    fn the_kernel_takes_the_filter() {
        let held = tempfile::NamedTempFile::new().unwrap();
        let path = held.path().to_owned();
        let tried = std::thread::spawn(move || {
            restrict(ALONE).unwrap();
            let mode = <std::fs::Permissions as std::os::unix::fs::PermissionsExt>::from_mode(0o777);
            let udp = std::net::UdpSocket::bind("127.0.0.1:0").is_ok();
            let unix = std::os::unix::net::UnixDatagram::unbound().is_ok();
            let mode = std::fs::set_permissions(path, mode).is_ok();
            ([udp, unix, mode], std::os::unix::net::UnixStream::pair().is_ok())
        });
        assert_eq!(tried.join().unwrap(), ([false; 3], true));
    }
}
