//! Programs of others at both ends of `mcp-pin run`: real servers, whose bytes must arrive as they were
//! sent, and real clients, which must see what they see without us.
//!
//! Servers and clients come from the registries that this machine's npm and uv are configured for. Where
//! none answers, a test says "skipped" aloud.
#![cfg(target_os = "linux")]

mod bytes;
mod clients;
mod conformance;
mod kit;
mod pipe;
mod turned;

use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::Machine;

/// A program in the place and with the environment of a machine's user.
fn program(machine: &Machine, words: &[&str]) -> Command {
    let user = machine.command(&[]);
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).current_dir(machine.project()).env_clear();
    command.envs(user.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

/// What `mcp-pin run` starts, to be started without it: same program, arguments, folder, environment.
#[derive(Debug, Clone)]
struct Direct {
    words: Vec<String>,
    folder: String,
    environment: Vec<(String, String)>,
}

impl Direct {
    /// Reads it off a running server.
    fn of(machine: &Machine, name: &str) -> Self {
        let mut pipe = pipe::Pipe::start(machine.command(&["run", name]));
        pipe.hello();
        let ours = pipe.id();
        // Beside it stands the warden, which ends it should mcp-pin be killed.
        let is_warden = |process: &u32| {
            let line = std::fs::read(format!("/proc/{process}/cmdline")).unwrap();
            line.split(|byte| *byte == 0).any(|word| word == b"__warden")
        };
        let mut server = children(ours);
        server.retain(|process| !is_warden(process));
        assert_eq!(server.len(), 1, "one server is started: {server:?}");
        let place = Path::new("/proc").join(server[0].to_string());
        let list = |file: &str| -> Vec<String> {
            let bytes = std::fs::read(place.join(file)).unwrap();
            let text = String::from_utf8(bytes).unwrap();
            text.split_terminator('\0').map(str::to_owned).collect()
        };
        let variable = |line: String| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let direct = Self {
            words: list("cmdline"),
            folder: std::fs::read_link(place.join("cwd")).unwrap().to_str().unwrap().to_owned(),
            environment: list("environ").into_iter().filter_map(variable).collect(),
        };
        pipe.end();
        direct
    }

    fn command(&self) -> Command {
        // Scratch folders went with the run they were made for.
        let scratch = self.environment.iter().filter(|(name, _)| name == "TMPDIR").map(|(_, value)| value);
        for folder in scratch.chain([&self.folder]) {
            std::fs::create_dir_all(folder).unwrap();
        }
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).current_dir(&self.folder).env_clear();
        command
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

fn children(of: u32) -> Vec<u32> {
    let mut all = Vec::new();
    for thread in std::fs::read_dir(format!("/proc/{of}/task")).unwrap() {
        let listed = std::fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default();
        all.extend(listed.split_whitespace().map(|child| child.parse::<u32>().unwrap()));
    }
    all
}
