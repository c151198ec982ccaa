//! The walls of the sandbox that a server written in JavaScript cannot push against: shell scripts
//! in a room of their own.

#![cfg(target_os = "linux")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::SandboxLevel;
use super::probe_tests::binary;
use super::sandbox::{Room, Tenant};

/// What a shell script says in a room, or why there was no room.
fn say(level: SandboxLevel, script: &str) -> Result<String, String> {
    say_with(level, script, &[])
}

fn say_with(level: SandboxLevel, script: &str, readable: &[PathBuf]) -> Result<String, String> {
    let scratch = tempfile::tempdir().unwrap();
    let args = [OsString::from("-c"), OsString::from(script)];
    let tenant = Tenant {
        program: Path::new("/bin/sh"),
        args: &args,
        tree: None,
        readable,
        values: Vec::new(),
        network: false,
    };
    let room = Room::new(level, scratch.path(), "/mcp", &tenant).unwrap();
    let output = room.command(&binary()).unwrap().env("PATH", "/usr/bin:/bin").output().unwrap();
    match room.failure() {
        Some(failure) => Err(failure),
        None => Ok(String::from_utf8(output.stdout).unwrap()),
    }
}

/// As on a kernel without it: the filter is this thread's and its children's alone.
fn without_landlock(work: impl FnOnce() + Send + 'static) {
    let answer = |code, k, jf| seccompiler::sock_filter { code, jt: 0, jf, k };
    let create = u32::try_from(libc::SYS_landlock_create_ruleset).unwrap();
    let program = [
        answer(0x20, 0, 0),
        answer(0x15, create, 1),
        answer(0x06, libc::SECCOMP_RET_ERRNO | libc::ENOSYS.cast_unsigned(), 0),
        answer(0x06, libc::SECCOMP_RET_ALLOW, 0),
    ];
    let thread = std::thread::spawn(move || {
        seccompiler::apply_filter(&program).unwrap();
        work();
    });
    thread.join().unwrap();
}

#[test]
fn the_machines_settings_are_read_only_and_root_needs_landlock() {
    let mounts = say(SandboxLevel::Namespaces, "grep ' /proc ' /proc/self/mounts").unwrap();
    let flags = mounts.split(' ').nth(3).unwrap();
    for flag in ["ro", "nosuid", "nodev", "noexec"] {
        assert!(flags.split(',').any(|found| found == flag), "{flag}: {mounts}");
    }
    without_landlock(|| {
        let said = say(SandboxLevel::Namespaces, "echo in");
        if rustix::process::geteuid().is_root() {
            assert!(said.as_ref().is_err_and(|what| what.contains("Landlock")), "{said:?}");
        } else {
            assert_eq!(said.unwrap(), "in\n");
        }
        assert!(say(SandboxLevel::LandlockOnly, "echo in").is_err());
    });
}

#[test]
fn a_server_has_no_capabilities_and_a_filter() {
    for level in [SandboxLevel::Namespaces, SandboxLevel::LandlockOnly] {
        let status = match say(level, "while read -r line; do echo \"$line\"; done < /proc/self/status") {
            Err(what) if what.contains("Landlock") => return eprintln!("skipped: this kernel has no Landlock ({what})"),
            status => status.unwrap(),
        };
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            u64::from_str_radix(line.trim(), 16).unwrap()
        };
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapAmb:"] {
            assert_eq!(field(set), 0, "{level}: {set}");
        }
        if level == SandboxLevel::LandlockOnly && rustix::process::geteuid().is_root() {
            assert_eq!(field("CapBnd:"), 0);
        }
        assert_eq!((field("NoNewPrivs:"), field("Seccomp:")), (1, 2), "{level}");
    }
}

#[test]
fn a_file_that_may_be_read_keeps_its_mode() {
    let script = "echo > $TMP_FILE; chmod 777 $TMP_FILE && echo changed; echo ended".replace("$TMP_FILE", "./own");
    assert_eq!(say(SandboxLevel::Namespaces, &script).unwrap(), "changed\nended\n");
    match say(SandboxLevel::LandlockOnly, &script) {
        Err(what) if what.contains("Landlock") => eprintln!("skipped: this kernel has no Landlock ({what})"),
        said => assert_eq!(said.unwrap(), "ended\n"),
    }
}

#[test]
fn files_are_shown_with_their_folder_or_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (file, other) = (folder.path().join("server"), folder.path().join("other"));
    std::fs::write(&file, "s").unwrap();
    std::fs::write(&other, "o").unwrap();
    let script = format!(
        "cat {} {} 2>&1 > /dev/null && echo both; cat {}",
        file.display(),
        other.display(),
        file.display()
    );
    for (readable, said) in [(vec![file.clone(), folder.path().to_owned()], "both\ns"), (vec![file], "s")] {
        let heard = say_with(SandboxLevel::Namespaces, &script, &readable).unwrap();
        assert!(heard.ends_with(said) && heard.contains("both") == said.contains("both"), "{heard}");
    }
}
