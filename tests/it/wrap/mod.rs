//! `wrap` and `unwrap` as a user meets them: files of real clients, changed and put back, and the
//! changed entry started as its client would.

mod clients;
mod killed;
mod odd;
mod remote;
mod trip;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::{Machine, Ran, snapshot};
use crate::scripted::{honest, machine};

/// A machine on which `calc`, a command of this machine, is pinned and approved.
struct Desk {
    machine: Machine,
    server: PathBuf,
    script: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let machine = machine();
        let folder = machine.home().join("servers/calc");
        std::fs::create_dir_all(&folder).unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/server.mjs");
        let (server, script) = (folder.join("server.mjs"), folder.join("script.json"));
        std::fs::copy(fixture, &server).unwrap();
        std::fs::write(&script, honest().to_string()).unwrap();
        let desk = Self { machine, server, script };
        let words = ["install", "--global", "--yes", "--name", "calc", "--env", "CALC_KEY", "--", "node"];
        let args = desk.args();
        let words: Vec<&str> = words.into_iter().chain(args.iter().map(String::as_str)).collect();
        desk.machine.run(&words).exits(0);
        desk
    }

    /// What clients start `node` with.
    fn args(&self) -> Vec<String> {
        [&self.server, &self.script].map(|path| path.display().to_string()).into()
    }

    /// A file of the home, with `ARGS` standing for the arguments as JSON writes them.
    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.machine.home().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let args: Vec<_> = self.args().iter().map(|arg| Value::from(arg.as_str()).to_string()).collect();
        std::fs::write(&path, text.replace("ARGS", &args.join(", "))).unwrap();
        path
    }

    fn run(&self, args: &[&str]) -> Ran {
        self.machine.run(args)
    }

    /// Every file of the home but those of mcp-pin.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let own = self.machine.store();
        snapshot(&self.machine.home())
            .into_iter()
            .filter(|(path, _)| !path.starts_with(&own))
            .collect()
    }

    /// Every byte that mcp-pin keeps outside its backups.
    fn state(&self) -> Vec<u8> {
        let own = snapshot(&self.machine.store()).into_iter();
        own.filter(|(path, _)| !path.components().any(|part| part.as_os_str() == "backups"))
            .flat_map(|(_, bytes)| bytes)
            .collect()
    }

    /// Starts words as a client does, and says hello.
    fn hello(&self, words: &[String], env: &[(&str, &str)]) -> Value {
        let mut command = Command::new(&words[0]);
        let clean = self.machine.command(&[]);
        command.args(&words[1..]).env_clear().current_dir("/");
        command.envs(clean.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.envs(env.iter().copied());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}});
        let hello = json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params});
        writeln!(input, "{hello}").unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        drop(input);
        child.wait().unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Command and arguments of an entry in JSON.
fn words(entry: &Value) -> Vec<String> {
    let args = entry["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap().to_owned());
    std::iter::once(entry["command"].as_str().unwrap().to_owned()).chain(args).collect()
}
