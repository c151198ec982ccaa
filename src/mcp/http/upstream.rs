//! A remote server as the relay sees it: blocking calls over a small runtime of its own.
//!
//! Promise: a question of the client always gets an answer, if only an error of ours; and that error
//! repeats nothing of what the server said.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc as blocking;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, watch};

use super::{Connection, Heard, HttpError};
use crate::mcp::relay::{Ended, Patience, Received, Upstream, body};
use crate::model::Sha256Digest;

/// Frames of the client that wait to be sent.
const QUEUE: usize = 16;
/// JSON-RPC's range for errors of an implementation.
const ERROR: i64 = -32_000;

/// A connection with a remote server, for one client.
pub struct HttpUpstream {
    runtime: Option<Runtime>,
    frames: Mutex<Option<mpsc::Sender<Vec<u8>>>>,
    heard: Mutex<mpsc::Receiver<Heard>>,
    closing: watch::Sender<bool>,
    closed: Mutex<blocking::Receiver<()>>,
    over: AtomicBool,
    /// The key that the host holds in place of the pinned one.
    other_key: OnceLock<Sha256Digest>,
    server: String,
}

impl HttpUpstream {
    /// Sets a connection up by `connect`. Nothing is sent before the client's first frame. `server` is
    /// the local name, for errors.
    ///
    /// # Errors
    /// No thread could be started, or what `connect` says.
    pub fn start(server: &str, connect: impl FnOnce() -> Result<Connection, HttpError>) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("remote")
            .enable_all()
            .build()?;
        let connection = {
            let _inside = runtime.enter();
            connect().map_err(io::Error::other)?
        };
        let (connection, heard) = connection.split();
        let (frames, waiting) = mpsc::channel(QUEUE);
        let (closing, told) = watch::channel(false);
        let (done, closed) = blocking::channel();
        runtime.spawn(async move {
            carry(connection, waiting, told).await;
            done.send(()).ok();
        });
        Ok(Self {
            runtime: Some(runtime),
            frames: Mutex::new(Some(frames)),
            heard: Mutex::new(heard),
            closing,
            closed: Mutex::new(closed),
            over: AtomicBool::new(false),
            other_key: OnceLock::new(),
            server: server.to_owned(),
        })
    }

    /// The key that the host holds, where it is not the pinned one: nothing was sent to it then.
    pub fn other_key(&self) -> Option<Sha256Digest> {
        self.other_key.get().copied()
    }

    /// Keeps what is a finding and no mere failure.
    fn note(&self, why: &HttpError) {
        if let Some(found) = why.other_key() {
            // The first one counts.
            let _ = self.other_key.set(found);
        }
    }

    /// The error that stands for an answer that will not come.
    fn error(&self, id: &str, why: &HttpError) -> Vec<u8> {
        let name = &self.server;
        let login = if why.wants_login() {
            format!("`mcp-pin login {name}` logs in, ")
        } else {
            String::new()
        };
        let what = format!(
            "the remote server `{name}` {}; {login}`mcp-pin verify {name}` says more",
            why.for_the_client(),
        );
        let error = json!({"code": ERROR, "message": what});
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}\n").into_bytes()
    }
}

/// Sends the client's frames in order until there are no more, waits for the answers, and ends the
/// session.
async fn carry(mut connection: Connection, mut frames: mpsc::Receiver<Vec<u8>>, mut closing: watch::Receiver<bool>) {
    let sending = async {
        while let Some(frame) = frames.recv().await {
            connection.send(frame).await;
        }
        connection.answered().await;
    };
    tokio::select! {
        () = sending => {}
        _ = closing.wait_for(|closing| *closing) => {}
    }
    connection.close().await;
}

impl Upstream for HttpUpstream {
    fn send(&self, frame: &[u8]) -> io::Result<()> {
        let frame = body(frame);
        if frame.trim_ascii().is_empty() {
            return Ok(());
        }
        let sender = self.frames.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        sender.ok_or_else(gone)?.blocking_send(frame.to_vec()).map_err(|_| gone())
    }

    fn next(&self) -> io::Result<Option<Received>> {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if self.other_key.get().is_some() {
                // Somebody may stand between: it is told at once, and not at the client's end.
                return Ok(None);
            }
            return Ok(match heard.blocking_recv() {
                None => None,
                Some(Heard::Frame(mut frame)) => {
                    frame.push(b'\n');
                    Some(Received::Frame(frame))
                }
                Some(Heard::Failed { id: Some(id), why }) => {
                    self.note(&why);
                    Some(Received::Frame(self.error(&id, &why)))
                }
                Some(Heard::Failed {
                    id: None,
                    why: HttpError::TooLarge(_),
                }) => Some(Received::Oversized),
                // What asked for nothing is answered by nothing.
                Some(Heard::Failed { id: None, why }) => {
                    self.note(&why);
                    continue;
                }
            });
        }
    }

    fn finish_input(&self) {
        drop(self.frames.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn end(&self, patience: Patience) -> Ended {
        if self.over.swap(true, Ordering::SeqCst) {
            return Ended::Gone;
        }
        self.finish_input();
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        if closed.recv_timeout(patience.input).is_err() {
            self.closing.send_replace(true);
            closed.recv_timeout(patience.signal).ok();
        }
        Ended::Gone
    }
}

impl Drop for HttpUpstream {
    fn drop(&mut self) {
        self.closing.send_replace(true);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
