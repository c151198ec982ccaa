//! A client: starts the binary, writes frames, reads frames, never waits for ever.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::Machine;

const PATIENCE: Duration = Duration::from_secs(30);

/// How it ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: i32,
    /// Frames that were not read yet.
    pub(super) rest: Vec<Vec<u8>>,
    pub(super) stderr: String,
}

/// A connection.
pub(super) struct Client {
    child: Child,
    input: Option<ChildStdin>,
    frames: Receiver<Vec<u8>>,
    stderr: std::thread::JoinHandle<String>,
    serial: i64,
}

impl Client {
    /// Starts `mcp-pin run` with these arguments.
    pub(super) fn start(machine: &Machine, args: &[&str]) -> Self {
        Self::spawn(machine.command(&[&["run"], args].concat()))
    }

    /// Starts a prepared command.
    pub(super) fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (send, frames) = channel();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                if send.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        let mut errors = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = Vec::new();
            drop(errors.read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        });
        Self {
            input: child.stdin.take(),
            child,
            frames,
            stderr,
            serial: 0,
        }
    }

    /// Our process number.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(super) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends as a client that crashes: says nothing more and reads nothing more. The end of its output
    /// is closed with the next frame.
    pub(super) fn vanish(mut self) {
        self.hang_up();
        drop(self.child.stderr.take());
        let Self { frames, mut child, .. } = self;
        drop(frames);
        // Whatever it does then, it does by itself.
        drop(child.try_wait());
    }

    /// The exit status, with the client's side left open.
    #[track_caller]
    pub(super) fn wait(&mut self) -> i32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            if Instant::now() > deadline {
                drop(self.child.kill());
                panic!("it did not end within {PATIENCE:?}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Writes bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).and_then(|()| input.flush()).unwrap();
    }

    /// Writes a message.
    pub(super) fn send(&mut self, message: &Value) {
        self.raw(format!("{message}\n").as_bytes());
    }

    /// The next frame, with its line end.
    #[track_caller]
    pub(super) fn frame(&mut self) -> Vec<u8> {
        match self.frames.recv_timeout(PATIENCE) {
            Ok(frame) => frame,
            Err(RecvTimeoutError::Timeout) => panic!("no frame within {PATIENCE:?}"),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.child.wait();
                panic!("the connection ended: {status:?}")
            }
        }
    }

    /// The next frame as JSON.
    #[track_caller]
    pub(super) fn message(&mut self) -> Value {
        let frame = self.frame();
        serde_json::from_slice(&frame).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&frame)))
    }

    /// Asks, and returns the whole answer; other frames before it are passed over.
    #[track_caller]
    pub(super) fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.serial += 1;
        let id = self.serial;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        loop {
            let message = self.message();
            if message["id"] == id && message.get("method").is_none() {
                return message;
            }
        }
    }

    /// Shakes hands as a client of the older era with these capabilities.
    #[track_caller]
    pub(super) fn initialize(&mut self, capabilities: &Value) -> Value {
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": {"name": "test", "version": "1"}});
        let answer = self.ask("initialize", &params);
        self.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        answer
    }

    /// Closes the client's side.
    pub(super) fn hang_up(&mut self) {
        self.input = None;
    }

    /// Closes the client's side and waits for the end.
    #[track_caller]
    pub(super) fn end(mut self) -> Ended {
        self.hang_up();
        let status = self.wait();
        Ended {
            status,
            rest: self.frames.iter().collect(),
            stderr: self.stderr.join().unwrap(),
        }
    }
}
