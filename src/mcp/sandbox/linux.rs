//! The life of a sandbox process on Linux.
//!
//! Outer stage: ties itself to its parent, moves into new namespaces, starts the inner stage as
//! the first process of the new pid namespace and waits for it. Inner stage: ties itself to the
//! outer one, builds the root, gives up its rights and becomes the server. Both are fresh programs
//! with one thread, so nothing is ever forked by hand. When either dies, the kernel ends every
//! process of the pid namespace.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use landlock::ABI;
use rustix::process::{Resource, Rlimit, Signal};
use rustix::thread::{CapabilitySet, CapabilitySets, UnshareFlags};

use super::{FAILED, Level, Spec, WORD, filter, raw, root, rules};

/// Marks the inner stage in front of its spec.
const INNER: &str = "inner";
/// The user and group a server believes to be.
const INSIDE_ID: u32 = 1000;

pub(super) fn enter(args: &[OsString]) -> ExitCode {
    let (inner, args) = match args {
        [first, rest @ ..] if first == INNER => (true, rest),
        all => (false, all),
    };
    let [spec, program, args @ ..] = args else {
        return ExitCode::from(FAILED);
    };
    let Some(spec) = spec.to_str().and_then(|text| serde_json::from_str::<Spec>(text).ok()) else {
        return ExitCode::from(FAILED);
    };
    let result = match (spec.level, inner) {
        (Level::Namespaces, false) => outer(&spec, program, args),
        (Level::Namespaces, true) => become_server(&spec, program, args, true),
        (Level::LandlockOnly | Level::None, _) => become_server(&spec, program, args, false),
    };
    result.unwrap_or_else(|what| {
        fs::write(&spec.status, what).ok();
        ExitCode::from(FAILED)
    })
}

fn say<E: std::fmt::Display>(step: &str) -> impl FnOnce(E) -> String {
    move |error| format!("{step}: {error}")
}

/// Dies when the parent dies, and refuses to go on if it already did.
fn tie_to(parent: u32) -> Result<(), String> {
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(say("tie the sandbox to its parent"))?;
    let stat = fs::read_to_string(format!("/proc/{parent}/stat")).map_err(say("look at the parent"))?;
    // The state follows the name, which is in brackets and may hold anything.
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    if matches!(state, None | Some('Z' | 'X')) {
        return Err("the process that asked for the sandbox has ended".into());
    }
    Ok(())
}

fn outer(spec: &Spec, program: &OsString, args: &[OsString]) -> Result<ExitCode, String> {
    rustix::process::setsid().ok();
    tie_to(spec.parent)?;
    raw::close_on_exec().map_err(say("close what was left open"))?;
    rustix::thread::set_no_new_privs(true).map_err(say("give up new privileges"))?;
    let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
    let mut flags = UnshareFlags::NEWUSER | UnshareFlags::NEWNS | UnshareFlags::NEWPID | UnshareFlags::NEWIPC | UnshareFlags::NEWUTS;
    if !spec.network {
        flags |= UnshareFlags::NEWNET;
    }
    raw::unshare(flags).map_err(say("make namespaces"))?;
    fs::write("/proc/self/setgroups", "deny").map_err(say("fix the groups"))?;
    fs::write("/proc/self/uid_map", format!("{INSIDE_ID} {uid} 1")).map_err(say("map the user"))?;
    fs::write("/proc/self/gid_map", format!("{INSIDE_ID} {gid} 1")).map_err(say("map the group"))?;
    tie_to(spec.parent)?;
    pass_capabilities().map_err(say("pass on what building the root needs"))?;

    let mut inner = spec.clone();
    inner.parent = std::process::id();
    // Files of root are root's inside as well, whatever it is called there.
    inner.needs_landlock = uid == 0;
    let text = serde_json::to_string(&inner).map_err(say("write the inner stage's task"))?;
    let mut child = Command::new("/proc/self/exe")
        .args([WORD, INNER, &text])
        .arg(program)
        .args(args)
        .spawn()
        .map_err(say("start the inner stage"))?;
    let_go_of_pipes().map_err(say("let go of the server's pipes"))?;
    let status = child.wait().map_err(say("wait for the server"))?;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// The inner stage is not root, so it keeps only what stands in the ambient set when it starts.
fn pass_capabilities() -> rustix::io::Result<()> {
    let needed = CapabilitySet::SYS_ADMIN | CapabilitySet::SYS_RESOURCE;
    let sets = CapabilitySets {
        effective: needed,
        permitted: needed,
        inheritable: needed,
    };
    rustix::thread::set_capabilities(None, sets)?;
    for capability in [CapabilitySet::SYS_ADMIN, CapabilitySet::SYS_RESOURCE] {
        rustix::thread::configure_capability_in_ambient_set(capability, true)?;
    }
    Ok(())
}

/// Only the server holds its pipes: when it closes one, the other end sees it.
fn let_go_of_pipes() -> io::Result<()> {
    let null = fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    rustix::stdio::dup2_stdout(&null)?;
    rustix::stdio::dup2_stderr(&null)?;
    Ok(())
}

fn become_server(spec: &Spec, program: &OsString, args: &[OsString], in_namespaces: bool) -> Result<ExitCode, String> {
    // The status file is out of reach once the root has changed.
    let mut status = fs::File::create(&spec.status).map_err(say("write the status"))?;
    let result = prepare(spec, in_namespaces);
    if let Err(what) = result {
        io::Write::write_all(&mut status, what.as_bytes()).ok();
        return Ok(ExitCode::from(FAILED));
    }
    if spec.check {
        return Ok(ExitCode::SUCCESS);
    }
    let cwd = if in_namespaces { &spec.cwd.inside } else { &spec.cwd.outside };
    let error = Command::new(program).args(args).current_dir(cwd).stdin(Stdio::inherit()).exec();
    io::Write::write_all(&mut status, format!("start {}: {error}", Path::new(program).display()).as_bytes()).ok();
    Ok(ExitCode::from(FAILED))
}

fn prepare(spec: &Spec, in_namespaces: bool) -> Result<(), String> {
    if in_namespaces {
        tie_to(spec.parent)?;
        rustix::system::sethostname(b"mcp").map_err(say("set the host name"))?;
        root::build_and_enter(spec).map_err(say("build the root"))?;
        drop_capabilities().map_err(say("give up capabilities"))?;
    } else {
        rustix::process::setsid().ok();
        tie_to(spec.parent)?;
        raw::close_on_exec().map_err(say("close what was left open"))?;
        rustix::thread::set_no_new_privs(true).map_err(say("give up new privileges"))?;
    }
    limit(in_namespaces)?;
    let rules = match spec.level {
        Level::Namespaces => inside_rules(spec),
        Level::LandlockOnly => {
            drop_bounding_set().map_err(say("give up capabilities"))?;
            drop_capabilities().map_err(say("give up capabilities"))?;
            outside_rules(spec)
        }
        Level::None => return Ok(()),
    };
    rules::restrict(&rules).map_err(say("put Landlock in force"))?;
    raw::leave_session_keyring().map_err(say("leave the session's key ring"))?;
    // Last: it refuses calls that the steps before make.
    filter::restrict(filter::Doors {
        alone: spec.level == Level::LandlockOnly,
        network: spec.network,
    })
    .map_err(say("put the filter of system calls in force"))
}

fn drop_capabilities() -> rustix::io::Result<()> {
    rustix::thread::clear_ambient_capability_set()?;
    rustix::thread::set_capabilities(
        None,
        CapabilitySets {
            effective: CapabilitySet::empty(),
            permitted: CapabilitySet::empty(),
            inheritable: CapabilitySet::empty(),
        },
    )
}

/// Nothing that root starts gets them back. Who is not root has none to lose, and may not.
fn drop_bounding_set() -> rustix::io::Result<()> {
    for bit in 0..64 {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        match rustix::thread::capability_is_in_bounding_set(capability) {
            Ok(true) => {}
            Ok(false) => continue,
            // The kernel knows no more of them.
            Err(rustix::io::Errno::INVAL) => break,
            Err(error) => return Err(error),
        }
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            Err(rustix::io::Errno::PERM) if !rustix::process::geteuid().is_root() => return Ok(()),
            result => result?,
        }
    }
    Ok(())
}

fn limit(in_namespaces: bool) -> Result<(), String> {
    let mut limits = vec![(Resource::Core, 0), (Resource::Nofile, 1024), (Resource::Fsize, 256 * 1024 * 1024)];
    // Outside a user namespace this would count everything the user runs.
    if in_namespaces {
        limits.push((Resource::Nproc, 512));
    }
    for (resource, most) in limits {
        let most = rustix::process::getrlimit(resource)
            .maximum
            .map_or(most, |maximum| maximum.min(most));
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        rustix::process::setrlimit(resource, limit).map_err(say("set limits"))?;
    }
    Ok(())
}

fn inside_rules(spec: &Spec) -> rules::Rules<'_> {
    rules::Rules {
        read: vec!["/".into()],
        write: vec![
            &spec.home.inside,
            &spec.cwd.inside,
            &spec.tmp.inside,
            Path::new("/tmp"),
            Path::new("/dev/shm"),
        ],
        devices: devices(),
        network: spec.network,
        least: spec.needs_landlock.then_some(ABI::V3),
    }
}

fn outside_rules(spec: &Spec) -> rules::Rules<'_> {
    const READ: [&str; 15] = [
        "/etc/alternatives",
        "/etc/ld.so.cache",
        "/etc/ld.so.conf",
        "/etc/ld.so.conf.d",
        "/etc/nsswitch.conf",
        "/etc/protocols",
        "/etc/services",
        "/etc/ssl/certs",
        "/etc/ssl/openssl.cnf",
        "/etc/ca-certificates",
        "/etc/pki/tls/certs",
        "/proc/self",
        "/proc/meminfo",
        "/proc/cpuinfo",
        "/proc/stat",
    ];
    let network = ["/etc/hosts", "/etc/resolv.conf"].iter().filter(|_| spec.network);
    let mut read: Vec<PathBuf> = root::SYSTEM.iter().chain(&READ).chain(network).map(PathBuf::from).collect();
    read.extend(spec.read.iter().map(|mapped| mapped.outside.clone()));
    rules::Rules {
        read,
        write: vec![&spec.home.outside, &spec.cwd.outside, &spec.tmp.outside],
        devices: devices(),
        network: spec.network,
        least: Some(if spec.network { ABI::V3 } else { ABI::V4 }),
    }
}

fn devices() -> Vec<PathBuf> {
    ["null", "zero", "full", "random", "urandom"]
        .iter()
        .map(|name| Path::new("/dev").join(name))
        .collect()
}
