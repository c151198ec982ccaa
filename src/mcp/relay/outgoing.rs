//! One side's outgoing frames: written by its own direction at once, or queued by others.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, LockResult, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bytes that may wait in a queue. Whoever makes more waits: see the module above.
const MOST: usize = 4 * 1024 * 1024;

type Write = Box<dyn FnMut(&[u8]) -> io::Result<()> + Send>;

/// One side.
pub(super) struct Outgoing {
    writer: Mutex<Writer>,
    queue: Mutex<Queue>,
    changed: Condvar,
}

struct Writer {
    /// Dropped once it failed or was closed.
    write: Option<Write>,
    /// The frame written last had no line end.
    in_line: bool,
}

#[derive(Default)]
struct Queue {
    frames: VecDeque<Vec<u8>>,
    bytes: usize,
    /// A thread writes them.
    served: bool,
    /// Nothing is written any more.
    closed: bool,
}

impl Outgoing {
    pub(super) fn new(write: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static) -> Self {
        Self {
            writer: Mutex::new(Writer {
                write: Some(Box::new(write)),
                in_line: false,
            }),
            queue: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    /// Writes a frame now, after what is being written. For the side's own direction alone.
    pub(super) fn send(&self, frame: &[u8]) -> io::Result<()> {
        let mut writer = held(&self.writer);
        let in_line = writer.in_line;
        let Some(write) = &mut writer.write else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        // A last line without an end, and then a frame of ours: still two lines.
        let written = if in_line { write(b"\n") } else { Ok(()) }.and_then(|()| write(frame));
        writer.in_line = !frame.ends_with(b"\n");
        if written.is_err() {
            writer.write = None;
        }
        written
    }

    /// Has a frame written by another thread. With `wait`, not before there is room.
    pub(super) fn queue(self: &Arc<Self>, frame: Vec<u8>, wait: bool) {
        let mut queue = held(&self.queue);
        while wait && queue.bytes >= MOST && !queue.closed {
            queue = waited(self.changed.wait(queue));
        }
        if queue.closed {
            return;
        }
        queue.bytes += frame.len();
        queue.frames.push_back(frame);
        if !queue.served {
            let this = Arc::clone(self);
            let served = std::thread::Builder::new().name("queued".into()).spawn(move || this.serve());
            queue.served = served.is_ok();
            // What the client is to be told cannot be told: the same as a client that is gone.
            queue.closed = served.is_err();
        }
        self.changed.notify_all();
    }

    fn serve(&self) {
        let mut queue = held(&self.queue);
        loop {
            if queue.closed {
                return;
            }
            let Some(frame) = queue.frames.pop_front() else {
                queue = waited(self.changed.wait(queue));
                continue;
            };
            drop(queue);
            let written = self.send(&frame);
            queue = held(&self.queue);
            // Only now, so that an empty queue is a written one.
            queue.bytes -= frame.len();
            queue.closed |= written.is_err();
            self.changed.notify_all();
        }
    }

    /// Waits until what was queued is written, `limit` at the longest.
    pub(super) fn drain(&self, limit: Duration) {
        let until = Instant::now() + limit;
        let mut queue = held(&self.queue);
        while queue.bytes > 0 && !queue.closed {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            queue = waited(self.changed.wait_timeout(queue, left)).0;
        }
    }

    /// Nothing that is queued is written any more.
    pub(super) fn close(&self) {
        held(&self.queue).closed = true;
        self.changed.notify_all();
    }
}

/// Another thread's panic ends the relay elsewhere; what it held here is whole at every moment.
pub(super) fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    waited(lock.lock())
}

pub(super) fn waited<T>(result: LockResult<T>) -> T {
    result.unwrap_or_else(PoisonError::into_inner)
}
