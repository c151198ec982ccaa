//! The relay's threads.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::gate::Gate;
use super::outgoing::{Outgoing, held};
use super::told::{Telling, Told};
use super::trace::{Fate, Toward, Trace};
use super::vigil::{Answers, Vigil};
use super::{ClientEnds, Finished, Lines, Patience, Received, Signal, Upstream, Why, body, signals};
use crate::guard::{Event, Guard, Output, Question, Said, Side};

/// How long the client may take to read what the guard said last.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long the server may go on answering after the client stopped sending. A client that reads on
/// is mostly one that waits for the server's end.
const HALF_CLOSED: Duration = Duration::from_mins(10);
/// How often it is looked whether such a client still reads.
const LOOK: Duration = Duration::from_millis(50);
/// A wait for a point in time is never longer, since clocks are set.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Is told what happened. Called from one thread of its own, in order, and holds up no frame.
pub trait Observer: Send + 'static {
    /// Something to remember.
    fn event(&mut self, event: Event);

    /// Something to ask the user. Must not wait for the answer: `answer` can be given later, from any thread.
    fn question(&mut self, question: Question, answer: Answer);
}

/// The way back for a user's answer.
#[derive(Clone)]
pub struct Answer {
    id: u64,
    shared: Arc<Shared>,
}

impl Answer {
    /// The user said so. A second answer is the guard's to ignore.
    pub fn say(&self, said: Said) {
        if let Some(output) = self.shared.decide(|gate, now| gate.answered(self.id, said, now)) {
            self.shared.act_for_nobody(output);
        }
    }
}

/// Everything a relay needs.
pub struct Relay<O, G = Guard> {
    /// The client.
    pub client: ClientEnds,
    /// The server.
    pub upstream: Arc<dyn Upstream>,
    /// Decides.
    pub guard: G,
    /// Is told.
    pub observer: O,
    /// The time.
    pub clock: fn() -> Timestamp,
    /// Signals to this process are meant for the server.
    pub signals: bool,
    /// Where frames are written down, for debugging.
    pub trace: Option<Trace>,
}

enum Note {
    /// The time of the guard's next tick changed.
    Due,
    ClientSilent,
    Over(Why),
    Signal(Signal),
}

struct Decider {
    gate: Box<dyn Gate>,
    /// Nothing passes any more.
    closed: bool,
    due: Option<Timestamp>,
}

struct Shared {
    decider: Mutex<Decider>,
    to_client: Arc<Outgoing>,
    to_server: Arc<Outgoing>,
    /// Frames for the server that were decided on and are not queued or written yet.
    unsent: AtomicUsize,
    answers: Answers,
    clock: fn() -> Timestamp,
    notes: Sender<Note>,
    telling: Telling,
    trace: Option<Trace>,
}

/// What the client sends.
struct Requests {
    lines: Lines<Box<dyn io::Read + Send>>,
    waiting: Box<dyn Fn() -> bool + Send>,
}

impl Requests {
    /// Whether there is more to read now, the end included.
    fn more(&self) -> bool {
        self.lines.holds_more() || (self.waiting)()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Client,
    Server,
}

/// Relays until the server, the client or the guard ends it. Returns when the server has ended.
pub fn relay<O: Observer, G: Gate>(relay: Relay<O, G>) -> Finished {
    let (notes, heard) = mpsc::channel();
    let (told, telling) = Told::new();
    let ClientEnds {
        input,
        mut output,
        waiting,
        unread,
    } = relay.client;
    let requests = Requests {
        lines: Lines::new(input),
        waiting,
    };
    let upstream = Arc::clone(&relay.upstream);
    let shared = Arc::new(Shared {
        decider: Mutex::new(Decider {
            due: relay.guard.due(),
            gate: Box::new(relay.guard),
            closed: false,
        }),
        to_client: Arc::new(Outgoing::new(move |frame| output.write_all(frame).and_then(|()| output.flush()))),
        to_server: Arc::new(Outgoing::new(move |frame| upstream.send(frame))),
        unsent: AtomicUsize::new(0),
        answers: Answers::default(),
        clock: relay.clock,
        notes: notes.clone(),
        telling,
        trace: relay.trace,
    });
    let why = Threads {
        shared: &shared,
        upstream: &relay.upstream,
    }
    .start(requests, told, relay.observer, relay.signals)
    .map_or(Why::Broken, |()| wait(&shared, &relay.upstream, &heard, &*unread));
    shared.close();
    if why != Why::Client {
        shared.to_client.drain(LAST_WORDS);
    }
    let patience = if matches!(why, Why::Guard | Why::Broken) {
        Patience::SHORT
    } else {
        Patience::NORMAL
    };
    let server = relay.upstream.end(patience);
    shared.to_client.close();
    shared.to_server.close();
    shared.telling.finish();
    Finished { why, server }
}

struct Threads<'a> {
    shared: &'a Arc<Shared>,
    upstream: &'a Arc<dyn Upstream>,
}

impl Threads<'_> {
    fn start(&self, requests: Requests, told: Told, observer: impl Observer, signals: bool) -> io::Result<()> {
        if signals {
            let notes = self.shared.notes.clone();
            signals::watch(move |signal| drop(notes.send(Note::Signal(signal))))?;
        }
        let shared = Arc::clone(self.shared);
        let answer = move |id| Answer {
            id,
            shared: Arc::clone(&shared),
        };
        self.thread("observer", move |_| told.run(observer, answer))?;
        let upstream = Arc::clone(self.upstream);
        self.thread("client", move |shared| {
            shared.hear_client(requests, upstream.is_near());
            let _ = shared.notes.send(Note::ClientSilent);
            shared.settle_held();
            upstream.finish_input();
        })?;
        let upstream = Arc::clone(self.upstream);
        self.thread("server", move |shared| {
            let why = shared.hear_server(&*upstream);
            let _ = shared.notes.send(Note::Over(why));
        })
    }

    /// A thread whose panic ends the relay.
    fn thread(&self, name: &str, work: impl FnOnce(&Shared) + Send + 'static) -> io::Result<()> {
        struct Watched(Arc<Shared>);
        impl Drop for Watched {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    let _ = self.0.notes.send(Note::Over(Why::Broken));
                }
            }
        }
        let watched = Watched(Arc::clone(self.shared));
        let thread = std::thread::Builder::new().name(name.into());
        thread.spawn(move || work(&watched.0)).map(drop)
    }
}

/// Waits for whatever comes first, and for the guard's points in time.
fn wait(shared: &Arc<Shared>, upstream: &Arc<dyn Upstream>, heard: &mpsc::Receiver<Note>, unread: &dyn Fn() -> bool) -> Why {
    let mut silent: Option<Instant> = None;
    loop {
        let due = shared.due_in();
        let look = silent.map(|_| LOOK);
        let limit = [due, look].into_iter().flatten().min();
        let note = match limit {
            Some(limit) => heard.recv_timeout(limit.min(LONGEST_WAIT)),
            None => heard.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match note {
            Ok(Note::Due) | Err(RecvTimeoutError::Timeout) => {}
            Ok(Note::ClientSilent) => silent = Some(Instant::now()),
            Ok(Note::Over(why)) => return why,
            Ok(Note::Signal(signal)) if upstream.signal(signal) => {}
            Ok(Note::Signal(signal)) => return Why::Signal(signal.number()),
            Err(RecvTimeoutError::Disconnected) => return Why::Broken,
        }
        if shared.due_in().is_some_and(|left| left.is_zero())
            && let Some(output) = shared.decide(Gate::tick)
        {
            shared.act_for_nobody(output);
        }
        if silent.is_some_and(|since| since.elapsed() >= HALF_CLOSED || unread()) {
            return Why::Client;
        }
    }
}

impl Shared {
    /// Has the guard decide; nothing once it is closed, or where it failed.
    fn decide(&self, decide: impl FnOnce(&mut dyn Gate, Timestamp) -> Output) -> Option<Output> {
        let Ok(mut decider) = self.decider.lock() else {
            let _ = self.notes.send(Note::Over(Why::Broken));
            return None;
        };
        if decider.closed {
            return None;
        }
        let output = decide(&mut *decider.gate, (self.clock)());
        // Under the lock: whoever sees that nothing is held any more sees these.
        self.unsent.fetch_add(output.to_server.len(), Ordering::SeqCst);
        decider.closed = output.close;
        let due = decider.gate.due();
        if decider.due != due {
            decider.due = due;
            let _ = self.notes.send(Note::Due);
        }
        Some(output)
    }

    fn close(&self) {
        held(&self.decider).closed = true;
    }

    /// How long until the guard's next tick.
    fn due_in(&self) -> Option<Duration> {
        let due = held(&self.decider).due?;
        Some(Duration::try_from(due.duration_since((self.clock)())).unwrap_or_default())
    }

    /// Everything from the client, until it or the server's input ends.
    fn hear_client(&self, mut input: Requests, near: bool) {
        let (mut answers, mut requests) = (Vigil::default(), Vigil::default());
        while let Ok(Some(received)) = input.lines.read() {
            let output = self.decide(|gate, now| match &received {
                Received::Frame(frame) => gate.client_says(body(frame), now),
                Received::Oversized => gate.oversized(Side::Client, now),
            });
            let Some(output) = output else { return };
            let (awake, before) = (near && output.pass, self.answers.count());
            if self.act(From::Client, output, &received).is_err() {
                return;
            }
            if awake && answers.keep(|| self.answers.count() != before, || input.more()) {
                requests.keep(|| input.more(), || false);
            }
        }
    }

    /// Waits while frames of the client's are held that may still go to the server: its input must not end
    /// before them.
    fn settle_held(&self) {
        let holds = || {
            let decider = held(&self.decider);
            !decider.closed && (decider.gate.holds() || self.unsent.load(Ordering::SeqCst) > 0)
        };
        while holds() {
            std::thread::sleep(LOOK);
        }
        self.to_server.drain(LAST_WORDS);
    }

    /// Everything from the server, until it or the client's reading ends.
    fn hear_server(&self, upstream: &dyn Upstream) -> Why {
        while let Ok(Some(received)) = upstream.next() {
            let output = self.decide(|gate, now| match &received {
                Received::Frame(frame) => gate.server_says(body(frame), now),
                Received::Oversized => gate.oversized(Side::Server, now),
            });
            let Some(output) = output else { return Why::Guard };
            if output.pass && matches!(&received, Received::Frame(frame) if is_several(frame)) {
                return Why::Broken;
            }
            if self.act(From::Server, output, &received).is_err() {
                return Why::Client;
            }
            self.answers.one_more();
        }
        Why::Server
    }

    /// Does what the guard decided about a frame, in the guard's order. What is said last waits for nothing
    /// here: a side that does not read cannot put off the end.
    fn act(&self, from: From, mut output: Output, received: &Received) -> io::Result<()> {
        self.trace(from, &output, received);
        let passed = match received {
            Received::Frame(frame) if output.pass => Some(frame),
            _ => None,
        };
        if output.is_quiet() {
            return passed.map_or(Ok(()), |frame| self.own(from).send(frame));
        }
        if output.close {
            let last = self.own(from);
            let passed = passed.cloned();
            self.queue(&mut output, false);
            if let Some(frame) = passed {
                last.queue(frame, false);
            }
            self.tell(output, false);
            return Ok(());
        }
        let own = self.own(from);
        let ours = match from {
            From::Client => std::mem::take(&mut output.to_server),
            From::Server => std::mem::take(&mut output.to_client),
        };
        self.queue(&mut output, true);
        let to_server = if from == From::Client { ours.len() } else { 0 };
        let ours = ours.into_iter().try_for_each(|frame| own.send(&ended(frame)));
        self.unsent.fetch_sub(to_server, Ordering::SeqCst);
        let written = ours.and_then(|()| passed.map_or(Ok(()), |frame| own.send(frame)));
        self.tell(output, true);
        written
    }

    /// Where frames of a direction go.
    const fn own(&self, from: From) -> &Arc<Outgoing> {
        match from {
            From::Client => &self.to_server,
            From::Server => &self.to_client,
        }
    }

    /// What was decided without a frame: nobody's direction, so everything is queued.
    fn act_for_nobody(&self, mut output: Output) {
        self.trace_ours(&output);
        self.queue(&mut output, false);
        self.tell(output, false);
    }

    /// Writes down what became of a frame.
    fn trace(&self, from: From, output: &Output, received: &Received) {
        let Some(trace) = &self.trace else { return };
        let (toward, instead) = match from {
            From::Client => (Toward::Server, &output.to_server),
            From::Server => (Toward::Client, &output.to_client),
        };
        match received {
            Received::Frame(frame) => {
                let fate = match (output.pass, instead.is_empty()) {
                    (true, _) => Fate::Passed,
                    (false, false) => Fate::Replaced,
                    (false, true) => Fate::Refused,
                };
                trace.frame((self.clock)(), toward, fate, body(frame));
            }
            Received::Oversized => trace.oversized((self.clock)(), toward),
        }
        self.trace_ours(output);
    }

    fn trace_ours(&self, output: &Output) {
        let Some(trace) = &self.trace else { return };
        for (toward, frames) in [(Toward::Server, &output.to_server), (Toward::Client, &output.to_client)] {
            for frame in frames {
                trace.frame((self.clock)(), toward, Fate::Ours, frame);
            }
        }
    }

    fn queue(&self, output: &mut Output, wait: bool) {
        let to_server = output.to_server.len();
        for (side, frames) in [(&self.to_server, &mut output.to_server), (&self.to_client, &mut output.to_client)] {
            for frame in frames.drain(..) {
                side.queue(ended(frame), wait);
            }
        }
        self.unsent.fetch_sub(to_server, Ordering::SeqCst);
    }

    /// Tells what happened, and that it is over if it is.
    fn tell(&self, output: Output, wait: bool) {
        for event in output.events {
            self.telling.event(event, wait);
        }
        for question in output.questions {
            self.telling.question(question, wait);
        }
        if output.close {
            let _ = self.notes.send(Note::Over(Why::Guard));
        }
    }
}

/// A frame of the guard's with a line end.
fn ended(mut frame: Vec<u8>) -> Vec<u8> {
    frame.push(b'\n');
    frame
}

/// Whether a frame would be several lines to the client. No stream of lines gives such a one.
fn is_several(frame: &[u8]) -> bool {
    body(frame).contains(&b'\n')
}
