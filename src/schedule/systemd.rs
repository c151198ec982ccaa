//! Unit files for a systemd user instance, as text.
//!
//! The specification: systemd.unit(5), systemd.service(5), systemd.timer(5), systemd.syntax(7). `%`
//! begins a specifier everywhere and is doubled; words of `ExecStart=` and `Environment=` are unquoted
//! with C escapes; `WorkingDirectory=` is taken as it stands.

use std::path::Path;

use super::every::Unit;
use super::job::unsayable;
use super::{Job, ScheduleError, seal};

/// What stands first in each file.
const ABOUT: &str = "# Made by `mcp-pin schedule enable`, taken away by `mcp-pin schedule disable`. Once edited it is yours.";

/// The name of the service's file.
pub fn service_name(name: &str) -> String {
    format!("{name}.service")
}

/// The name of the timer's file.
pub fn timer_name(name: &str) -> String {
    format!("{name}.timer")
}

/// The service: one check, at low priority, with an end.
///
/// What is not here, on purpose: `RestrictNamespaces`, `PrivateUsers`, `ProtectSystem`, `PrivateTmp` and
/// system call filters would take from the probe what its own sandbox is built with, and
/// `MemoryDenyWriteExecute` what Node.js needs to start.
///
/// # Errors
/// A folder that `WorkingDirectory=` cannot say: one that ends in a blank or a backslash. A program that
/// systemd does not start: one with a quote or a backslash in its path.
pub fn service(job: &Job) -> Result<String, ScheduleError> {
    if job.folder.ends_with(['\\', ' ']) {
        return Err(unsayable("the folder", Path::new(&job.folder), "it ends in a blank or a backslash"));
    }
    if job.program.contains(['\\', '\'', '"']) {
        let why = "systemd starts no program whose path holds a quote or a backslash";
        return Err(unsayable("the path of mcp-pin", Path::new(&job.program), why));
    }
    let mut env: Vec<String> = job
        .env
        .iter()
        .map(|(name, value)| format!("Environment={}\n", quoted(&format!("{name}={value}"))))
        .collect();
    if job.user_bus {
        env.push("Environment=DBUS_SESSION_BUS_ADDRESS=unix:path=%t/bus\n".to_owned());
    }
    // Exit status 1 is "findings": the check worked, and told.
    Ok(seal::close(&format!(
        "{ABOUT}
# {}
[Unit]
Description=mcp-pin: {}

[Service]
Type=oneshot
ExecStart={} {}
WorkingDirectory={}
{}SuccessExitStatus=1
TimeoutStartSec=30min
KillMode=control-group
Nice=10
IOSchedulingPriority=7
UMask=0077
NoNewPrivileges=yes
RestrictRealtime=yes
LockPersonality=yes
",
        seal::open(),
        escaped(&job.title()),
        quoted(&job.program),
        job.args().join(" "),
        escaped(&job.folder),
        env.concat(),
    )))
}

/// The timer. What was missed while the machine was off is made up for; machines do not all start at
/// once.
pub fn timer(job: &Job) -> String {
    seal::close(&format!(
        "{ABOUT}
# {}
[Unit]
Description=mcp-pin: {}, every {}

[Timer]
OnCalendar={}
RandomizedDelaySec={}s
FixedRandomDelay=yes
AccuracySec=1min
Persistent=yes

[Install]
WantedBy=timers.target
",
        seal::open(),
        escaped(&job.title()),
        job.every,
        calendar(job.every.unit()),
        job.every.spread().as_secs(),
    ))
}

/// The interval as a calendar event: systemd.time(7).
fn calendar(unit: Unit) -> String {
    match unit {
        Unit::Minutes(minutes) => format!("*-*-* *:00/{minutes}:00"),
        Unit::Hours(hours) => format!("*-*-* 00/{hours}:00:00"),
        Unit::Days(days) => format!("*-*-01/{days} 00:00:00"),
        Unit::Week => "Mon *-*-* 00:00:00".to_owned(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('%', "%%")
}

fn quoted(word: &str) -> String {
    format!("\"{}\"", escaped(&word.replace('\\', "\\\\").replace('"', "\\\"")))
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::super::Every;
    use super::super::job::tests::nasty;
    use super::*;

    fn is_there(program: &str) -> bool {
        let there = Command::new(program).arg("--version").output().is_ok();
        if !there {
            println!("skipped: no {program} here");
        }
        there
    }

    #[test]
    fn nothing_of_a_name_is_a_specifier_or_a_quote() {
        let text = service(&nasty()).unwrap();
        assert!(seal::is_whole(&text));
        for line in [
            "ExecStart=\"/opt/a b/mcp-pin%%h\" verify --notify --scheduled mcp-pin-0123 --check-updates",
            "WorkingDirectory=/home/o'neil & \"co\"/100%% <x> $HOME",
            "Environment=\"PATH=/opt/%%n/bin:/usr/bin\"",
            "Environment=\"HOME=/home/o'neil & \\\"co\\\"\"",
            "SuccessExitStatus=1",
        ] {
            assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
        }
        assert!(!text.contains("DBUS"), "the bus is only named where it is known: {text}");
        let mut job = nasty();
        job.with_user_bus();
        assert!(
            service(&job)
                .unwrap()
                .contains("\nEnvironment=DBUS_SESSION_BUS_ADDRESS=unix:path=%t/bus\n")
        );
        for word in [
            "RestrictNamespaces",
            "PrivateUsers",
            "ProtectSystem",
            "MemoryDenyWriteExecute",
            "SystemCallFilter",
        ] {
            assert!(!text.contains(word), "{word} breaks the probe's own sandbox");
        }
    }

    #[test]
    fn a_path_that_cannot_be_said_is_refused() {
        for program in ["/a'b", "/a\"b", "/a\\b"] {
            let job = Job::new("mcp-pin".into(), Path::new(program), Path::new("/a"), false, Every::DEFAULT, false).unwrap();
            assert!(matches!(service(&job), Err(ScheduleError::Unsayable { .. })), "{program:?}");
        }
        for folder in ["/a ", "/a\\"] {
            let job = Job::new("mcp-pin".into(), Path::new("/x"), Path::new(folder), false, Every::DEFAULT, false).unwrap();
            assert!(matches!(service(&job), Err(ScheduleError::Unsayable { .. })), "{folder:?}");
        }
    }

    /// The units as systemd itself reads them.
    #[test]
    fn systemd_takes_the_units() {
        if !is_there("systemd-analyze") {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("mcp pin 100%h $HOME");
        std::fs::write(&program, "#!/bin/sh\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&program, mode).unwrap();
        let mut job = Job::new("mcp-pin-x".into(), &program, folder.path(), true, Every::DEFAULT, true).unwrap();
        job.set("HOME", Path::new("/o'neil \"%h\"")).unwrap();
        job.with_user_bus();
        std::fs::write(folder.path().join("mcp-pin-x.service"), service(&job).unwrap()).unwrap();
        std::fs::write(folder.path().join("mcp-pin-x.timer"), timer(&job)).unwrap();
        let verify = || {
            Command::new("systemd-analyze")
                .args(["--user", "--man=no", "verify"])
                .args(["mcp-pin-x.service", "mcp-pin-x.timer"].map(|name| folder.path().join(name)))
                .env("XDG_RUNTIME_DIR", folder.path())
                .output()
                .unwrap()
        };
        let output = verify();
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() && said.contains("Failed to initialize manager") {
            println!("skipped: systemd-analyze cannot read units here: {said}");
            return;
        }
        assert!(output.status.success() && !said.contains("mcp-pin-x"), "{said}");
        // The checker does see what is wrong.
        std::fs::remove_file(&program).unwrap();
        assert!(String::from_utf8_lossy(&verify().stderr).contains("mcp-pin-x"));
    }

    #[test]
    fn systemd_reads_the_calendars_as_meant() {
        if !is_there("systemd-analyze") {
            return;
        }
        for (every, times) in [
            ("20m", ["00:00:00", "00:20:00", "00:40:00"]),
            ("6h", ["00:00:00", "06:00:00", "12:00:00"]),
            ("1d", ["2030-01-01 00:00:00", "2030-01-02 00:00:00", "2030-01-03 00:00:00"]),
            ("3d", ["2030-01-01 00:00:00", "2030-01-04 00:00:00", "2030-01-07 00:00:00"]),
            ("1w", ["Mon 2030-01-07", "Mon 2030-01-14", "Mon 2030-01-21"]),
        ] {
            let event = calendar(every.parse::<Every>().unwrap().unit());
            let output = Command::new("systemd-analyze")
                .args(["calendar", "--iterations=3", "--base-time=2029-12-31 23:59:59", &event])
                .env("TZ", "UTC")
                .env("LC_ALL", "C")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            for time in times {
                assert!(
                    output.status.success() && said.contains(time),
                    "{every}: {event}: no {time} in\n{said}"
                );
            }
        }
    }
}
