//! A connection that keeps every byte it got.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_mins(1);

pub(super) struct Pipe {
    child: Child,
    input: ChildStdin,
    lines: Receiver<Vec<u8>>,
    /// Everything that came.
    pub(super) bytes: Vec<u8>,
}

impl Pipe {
    pub(super) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                if send.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        Self {
            input: child.stdin.take().unwrap(),
            child,
            lines,
            bytes: Vec::new(),
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Shakes hands in the older era.
    pub(super) fn hello(&mut self) -> Value {
        let params = json!({"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "peer", "version": "1.0.0"}});
        let message = json!({"jsonrpc": "2.0", "id": "hello", "method": "initialize", "params": params});
        let answer = self.ask(format!("{message}\n").as_bytes());
        self.write(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
        answer
    }

    pub(super) fn write(&mut self, frame: &[u8]) {
        self.input.write_all(frame).and_then(|()| self.input.flush()).unwrap();
    }

    /// Writes a frame and reads until an answer came.
    #[track_caller]
    pub(super) fn ask(&mut self, frame: &[u8]) -> Value {
        self.write(frame);
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("no answer to {}", String::from_utf8_lossy(&frame[..frame.len().min(300)]));
            };
            self.bytes.extend_from_slice(&line);
            match serde_json::from_slice::<Value>(&line) {
                Ok(message) if message.get("id").is_some() && message.get("method").is_none() => return message,
                Ok(_) | Err(_) => {}
            }
        }
    }

    /// Closes the client's end; gives every byte that came, the last words included.
    pub(super) fn end(self) -> (Vec<u8>, i32) {
        let Self {
            mut child,
            input,
            lines,
            mut bytes,
        } = self;
        drop(input);
        for _ in 0..500 {
            if let Some(status) = child.try_wait().unwrap() {
                for line in &lines {
                    bytes.extend_from_slice(&line);
                }
                return (bytes, status.code().unwrap_or(-1));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        panic!("it did not end after its input did");
    }
}
