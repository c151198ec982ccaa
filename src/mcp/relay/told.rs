//! Events and questions on their way to the observer.
//!
//! The attack: a server that makes events faster than they can be kept, to fill the memory. The thread
//! of a direction waits while too many are on their way.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::Observer;
use super::direction::Answer;
use super::outgoing::{held, waited};
use crate::guard::{Event, Question};

/// Events on their way.
const MOST: usize = 256;
/// How long the observer may take for the last of them.
const LAST: Duration = Duration::from_secs(5);

enum Message {
    Event(Event),
    Question(Question),
    Finish,
}

#[derive(Default)]
struct Waiting {
    count: Mutex<usize>,
    changed: Condvar,
}

/// The observer's end.
pub(super) struct Told {
    messages: Receiver<Message>,
    waiting: Arc<Waiting>,
}

/// The relay's end.
pub(super) struct Telling {
    messages: Mutex<Sender<Message>>,
    waiting: Arc<Waiting>,
}

impl Told {
    pub(super) fn new() -> (Self, Telling) {
        let (sender, messages) = mpsc::channel();
        let waiting = Arc::<Waiting>::default();
        let telling = Telling {
            messages: Mutex::new(sender),
            waiting: Arc::clone(&waiting),
        };
        (Self { messages, waiting }, telling)
    }

    /// Tells the observer until the relay has finished.
    pub(super) fn run(self, mut observer: impl Observer, answer: impl Fn(u64) -> Answer) {
        /// Nothing waits for an observer that failed.
        struct Emptied(Arc<Waiting>);
        impl Drop for Emptied {
            fn drop(&mut self) {
                *held(&self.0.count) = 0;
                self.0.changed.notify_all();
            }
        }
        let _emptied = Emptied(Arc::clone(&self.waiting));
        for message in &self.messages {
            match message {
                Message::Event(event) => observer.event(event),
                Message::Question(question) => {
                    let answer = answer(question.id);
                    observer.question(question, answer);
                }
                Message::Finish => return,
            }
            let mut count = held(&self.waiting.count);
            *count = count.saturating_sub(1);
            drop(count);
            self.waiting.changed.notify_all();
        }
    }
}

impl Telling {
    pub(super) fn event(&self, event: Event, wait: bool) {
        self.send(Message::Event(event), wait);
    }

    pub(super) fn question(&self, question: Question, wait: bool) {
        self.send(Message::Question(question), wait);
    }

    fn send(&self, message: Message, wait: bool) {
        let mut count = held(&self.waiting.count);
        while wait && *count >= MOST {
            count = waited(self.waiting.changed.wait(count));
        }
        // Counted before it can be told, and not counted where nobody listens any more.
        *count += usize::from(held(&self.messages).send(message).is_ok());
    }

    /// Waits until everything was told.
    pub(super) fn finish(&self) {
        let until = Instant::now() + LAST;
        let mut count = held(&self.waiting.count);
        while *count > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            count = waited(self.waiting.changed.wait_timeout(count, left)).0;
        }
        drop(count);
        let _ = held(&self.messages).send(Message::Finish);
    }
}
