//! What the relay promises, with real processes.

use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::*;
use crate::guard::{Event, Output, Question, Said, Side};

/// Passes everything, but for what frames ask of it.
#[derive(Default)]
struct Door {
    due: Option<Timestamp>,
}

impl Door {
    fn decide(frame: &[u8]) -> Output {
        let text = String::from_utf8_lossy(frame);
        let mut output = Output::pass();
        if text.contains("REFUSE") {
            output.pass = false;
            output.to_client.push(b"no".to_vec());
        }
        if text.contains("DENY") {
            output.pass = false;
            output.to_server.push(vec![b'd'; 1000]);
        }
        if text.contains("CLOSE") {
            output.pass = false;
            output.to_client.push(b"last words".to_vec());
            output.close = true;
        }
        if text.contains("ASK") {
            output.pass = false;
            output.questions.push(Question {
                id: 7,
                title: String::new(),
                body: String::new(),
                until: Timestamp::UNIX_EPOCH,
            });
        }
        output
    }
}

impl Gate for Door {
    fn client_says(&mut self, frame: &[u8], _: Timestamp) -> Output {
        assert!(!frame.ends_with(b"\n") && !frame.ends_with(b"\r"));
        if frame == b"LATER" {
            self.due = Some(now() + jiff::SignedDuration::from_millis(50));
        }
        Self::decide(frame)
    }

    fn server_says(&mut self, frame: &[u8], _: Timestamp) -> Output {
        assert!(frame != b"PANIC");
        Self::decide(frame)
    }

    fn oversized(&mut self, from: Side, _: Timestamp) -> Output {
        Output {
            to_client: vec![format!("too large from {from:?}").into_bytes()],
            ..Output::default()
        }
    }

    fn answered(&mut self, question: u64, said: Said, _: Timestamp) -> Output {
        Output {
            to_client: vec![format!("{question} {said:?}").into_bytes()],
            ..Output::default()
        }
    }

    fn due(&self) -> Option<Timestamp> {
        self.due
    }

    fn tick(&mut self, _: Timestamp) -> Output {
        self.due = None;
        Output {
            to_client: vec![b"tick".to_vec()],
            ..Output::default()
        }
    }
}

struct Yes;

impl Observer for Yes {
    fn event(&mut self, _: Event) {}
    fn question(&mut self, _: Question, answer: Answer) {
        answer.say(Said::Yes);
    }
}

#[expect(clippy::disallowed_methods, reason = "a tick needs a clock that moves")]
fn now() -> Timestamp {
    Timestamp::now()
}

/// A program that is there wherever the tests run.
fn sh(script: &str) -> Arc<Child> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    Arc::new(Child::of(command.stderr(Stdio::null()).process_group(0)).unwrap())
}

struct Session {
    to: Option<PipeWriter>,
    from: BufReader<PipeReader>,
    relay: JoinHandle<Finished>,
}

impl Session {
    fn with(upstream: Arc<dyn Upstream>) -> Self {
        let (theirs, to) = std::io::pipe().unwrap();
        let (from, ours) = std::io::pipe().unwrap();
        let mut client = ClientEnds::new(theirs, ours.try_clone().unwrap());
        client.unread = Box::new(move || os::is_unread(&ours));
        let work = move || {
            relay(Relay {
                client,
                upstream,
                guard: Door::default(),
                observer: Yes,
                clock: now,
                signals: false,
                trace: None,
            })
        };
        Self {
            to: Some(to),
            from: BufReader::new(from),
            relay: std::thread::spawn(work),
        }
    }

    fn say(&mut self, text: &str) {
        self.to.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        line
    }

    /// Everything up to the end, with the end.
    fn rest(mut self) -> (Vec<u8>, Finished) {
        drop(self.to.take());
        let mut rest = Vec::new();
        self.from.read_to_end(&mut rest).unwrap();
        (rest, self.relay.join().unwrap())
    }
}

fn finished(why: Why, server: Ended) -> Finished {
    Finished { why, server }
}

/// Whether a process that is no zombie has this number.
fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

fn soon(what: impl Fn() -> bool) -> bool {
    let until = Instant::now() + Duration::from_secs(5);
    while !what() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    what()
}

#[test]
fn bytes_come_back_as_they_were() {
    let mut session = Session::with(sh("cat"));
    let text = "{\"a\": 1}\r\n\n{\"b\":\t2}\n{\"no\":\"end\"}";
    session.say(text);
    let (back, end) = session.rest();
    assert_eq!(String::from_utf8_lossy(&back), text);
    assert_eq!(end, finished(Why::Server, Ended::Code(0)));
}

#[test]
fn a_server_goes_on_answering_after_the_clients_last_word() {
    let session = Session::with(sh("cat >/dev/null; sleep 0.5; echo late; exit 3"));
    let (back, end) = session.rest();
    assert_eq!(back, b"late\n");
    assert_eq!(end, finished(Why::Server, Ended::Code(3)));
    assert_eq!(end.server.status(), 3);
}

#[test]
fn a_client_that_is_gone_leaves_nothing_behind() {
    // It ignores the end of its input and a polite request, and has a child that does, too.
    let script = "trap '' TERM; (trap '' TERM; while :; do sleep 0.2; done) & echo $!; while :; do sleep 0.2; done";
    let server = sh(script);
    let leader = server.id();
    let mut session = Session::with(server);
    let second: u32 = session.hear().trim().parse().unwrap();
    assert!(lives(leader) && lives(second));
    let Session { to, from, relay } = session;
    drop((to, from));
    assert_eq!(relay.join().unwrap(), finished(Why::Client, Ended::Signal(9)));
    assert!(soon(|| !lives(leader) && !lives(second)));
}

#[test]
fn what_a_server_started_ends_with_it() {
    let mut session = Session::with(sh("(trap '' TERM; exec sleep 60) >/dev/null </dev/null & echo $!; read line"));
    let second: u32 = session.hear().trim().parse().unwrap();
    assert!(lives(second));
    let (_, end) = session.rest();
    assert_eq!(end, finished(Why::Server, Ended::Code(1)));
    assert!(soon(|| !lives(second)));
}

#[test]
fn a_signal_is_passed_on_and_its_status_comes_back() {
    let server = sh("trap 'echo got it; exit 9' TERM; echo ready; while :; do sleep 0.05; done");
    let mut session = Session::with(Arc::clone(&server) as Arc<dyn Upstream>);
    assert_eq!(session.hear(), "ready\n");
    assert!(server.signal(Signal::Terminate));
    assert_eq!(session.hear(), "got it\n");
    assert_eq!(session.rest().1, finished(Why::Server, Ended::Code(9)));

    let server = sh("echo ready; exec sleep 60");
    let mut session = Session::with(Arc::clone(&server) as Arc<dyn Upstream>);
    assert_eq!(session.hear(), "ready\n");
    // Not the hang-up: who starts the tests may have it ignored, and programs inherit that.
    server.signal(Signal::Terminate);
    let end = session.rest().1;
    assert_eq!((end, end.server.status()), (finished(Why::Server, Ended::Signal(15)), 143));
}

#[test]
fn large_results_and_a_client_that_does_not_read_for_a_while() {
    let mut session = Session::with(sh(
        "head -c 52428800 /dev/zero | tr '\\0' 'x' | fold -w 10485760; echo; echo done; cat >/dev/null",
    ));
    std::thread::sleep(Duration::from_millis(500));
    let mut bytes = 0;
    loop {
        let line = session.hear();
        if line == "done\n" {
            break;
        }
        if line == "\n" {
            continue;
        }
        assert!(line.starts_with('x') && line.ends_with("x\n"));
        bytes += line.trim_end().len();
    }
    assert_eq!(bytes, 50 * 1024 * 1024);
    assert_eq!(session.rest().1, finished(Why::Server, Ended::Code(0)));
}

#[test]
fn a_frame_above_the_limit_is_refused_and_the_next_one_passes() {
    let mut session = Session::with(sh("head -c 16777217 /dev/zero | tr '\\0' 'x'; echo; echo next; cat >/dev/null"));
    assert_eq!(session.hear(), "too large from Server\n");
    assert_eq!(session.hear(), "next\n");
    session.rest();
}

#[test]
fn both_pipes_full_and_the_guard_has_something_to_say() {
    // It writes without reading until it has written everything: what the guard answers it, more than
    // a pipe holds, must not keep its own lines from being read.
    let padding = "x".repeat(200);
    let script = format!("i=0; while [ $i -lt 2000 ]; do echo DENY{padding}; i=$((i+1)); done; echo through; wc -c");
    let mut session = Session::with(sh(&script));
    assert_eq!(session.hear(), "through\n");
    std::thread::sleep(Duration::from_millis(300));
    drop(session.to.take());
    let counted: usize = session.hear().trim().parse().unwrap();
    assert!(counted > 0 && counted <= 2000 * 1001, "{counted}");
    session.rest();
}

#[test]
fn a_client_that_writes_on_without_reading_is_served_in_the_end() {
    let mut session = Session::with(sh("cat"));
    let mut to = session.to.take().unwrap();
    let line = format!("{}\n", "y".repeat(999));
    let writer = std::thread::spawn(move || {
        for _ in 0..5000 {
            to.write_all(line.as_bytes()).unwrap();
            to.write_all(b"REFUSE\n").unwrap();
        }
    });
    std::thread::sleep(Duration::from_millis(300));
    let (mut passed, mut refused) = (0, 0);
    while passed < 5000 || refused < 5000 {
        match session.hear().as_str() {
            "no\n" => refused += 1,
            line => {
                assert_eq!(line.len(), 1000);
                passed += 1;
            }
        }
    }
    writer.join().unwrap();
    assert_eq!(session.rest().1, finished(Why::Server, Ended::Code(0)));
}

#[test]
fn after_a_close_nothing_passes_and_the_last_words_arrive() {
    let server = sh("echo first; echo CLOSE; echo secret; exec sleep 60");
    let pid = server.id();
    let (back, end) = Session::with(server).rest();
    assert_eq!(String::from_utf8_lossy(&back), "first\nlast words\n");
    assert_eq!(end, finished(Why::Guard, Ended::Signal(15)));
    assert!(!lives(pid));
}

#[test]
fn a_close_is_not_put_off_by_a_side_that_does_not_read() {
    let server = sh("while :; do echo 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'; done");
    let mut session = Session::with(server);
    std::thread::sleep(Duration::from_millis(200));
    session.say("CLOSE\n");
    let begun = Instant::now();
    assert_eq!(session.relay.join().unwrap().why, Why::Guard);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn answers_and_ticks_reach_the_client_without_a_frame() {
    let mut session = Session::with(sh("cat"));
    session.say("ASK\n");
    assert_eq!(session.hear(), "7 Yes\n");
    session.say("LATER\n");
    let mut heard = [session.hear(), session.hear()];
    heard.sort();
    assert_eq!(heard, ["LATER\n", "tick\n"]);
    session.rest();
}

#[test]
fn a_failure_of_ours_ends_the_session() {
    let (back, end) = Session::with(sh("echo one; echo PANIC; echo two; exec sleep 60")).rest();
    assert_eq!((back.as_slice(), end.why), (&b"one\n"[..], Why::Broken));
}

/// A server that is no process.
struct Fed {
    frames: Mutex<Receiver<Vec<u8>>>,
}

impl Upstream for Fed {
    fn send(&self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn next(&self) -> io::Result<Option<Received>> {
        Ok(self.frames.lock().unwrap().recv().ok().map(Received::Frame))
    }
    fn finish_input(&self) {}
    fn end(&self, _: Patience) -> Ended {
        Ended::Gone
    }
}

fn fed() -> (Sender<Vec<u8>>, Session) {
    let (feed, frames) = channel();
    let frames = Mutex::new(frames);
    (feed, Session::with(Arc::new(Fed { frames })))
}

#[test]
fn one_frame_never_becomes_two_lines() {
    let (feed, session) = fed();
    feed.send(b"one\n".to_vec()).unwrap();
    feed.send(b"[\n{\"jsonrpc\": \"2.0\"}\n]\n".to_vec()).unwrap();
    feed.send(b"two\n".to_vec()).unwrap();
    drop(feed);
    let (back, end) = session.rest();
    assert_eq!((back.as_slice(), end), (&b"one\n"[..], finished(Why::Broken, Ended::Gone)));
}

#[test]
fn a_frame_of_the_guards_begins_its_own_line() {
    let (feed, mut session) = fed();
    feed.send(b"no end".to_vec()).unwrap();
    feed.send(b"REFUSE".to_vec()).unwrap();
    assert_eq!((session.hear(), session.hear()), ("no end\n".into(), "no\n".into()));
    drop(feed);
    session.rest();
}
