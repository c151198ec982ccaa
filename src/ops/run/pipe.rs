//! Bytes between the client and the server, through the guard.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::ready::Command;
use crate::guard::{Guard, Output};

/// Starts the server and relays until it ends.
pub(super) fn relay(start: &Command, guard: Guard, now: fn() -> Timestamp, take: &(dyn Fn(&mut Output) + Sync)) -> io::Result<u8> {
    let mut child = std::process::Command::new(&start.program)
        .args(&start.args)
        .env_clear()
        .envs(&start.env)
        .current_dir(&start.cwd)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("no pipes"));
    };
    let guard = Arc::new(Mutex::new(guard));
    let upstream = Arc::clone(&guard);
    std::thread::spawn(move || {
        let mut input = input;
        let mut reader = BufReader::new(io::stdin());
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            let output = upstream
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .from_client(line.trim_ascii_end(), now());
            if output.pass && input.write_all(&line).is_err() {
                break;
            }
            line.clear();
        }
    });
    let mut reader = BufReader::new(output);
    let mut line = Vec::new();
    let mut client = io::stdout();
    while reader.read_until(b'\n', &mut line)? > 0 {
        let mut output = guard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .from_server(line.trim_ascii_end(), now());
        take(&mut output);
        if output.pass {
            client.write_all(&line)?;
            client.flush()?;
        }
        line.clear();
    }
    let status = child.wait()?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
