//! What the relay promises, with real processes.

use std::io::{BufReader, Read as _, Write as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread::JoinHandle;

use jiff::Timestamp;

use super::*;
use crate::guard::{Event, Guard, Question, Setup};

struct Silent;

impl Observer for Silent {
    fn event(&mut self, _: Event) {}
    fn question(&mut self, _: Question, _: Answer) {}
}

fn guard() -> Guard {
    Guard::new(Setup {
        server: "s".parse().unwrap(),
        pinned: None,
        places: crate::surface::take::Places::default(),
        rules: crate::model::guard::GuardRules::default(),
        judge: crate::policy::JudgeContext::default(),
        grading: crate::policy::Grading::default(),
    })
}

fn server(program: &str, args: &[&str]) -> Arc<Child> {
    use std::os::unix::process::CommandExt as _;
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
    Arc::new(Child::of(command).unwrap())
}

struct Session {
    to: Option<std::io::PipeWriter>,
    from: BufReader<std::io::PipeReader>,
    relay: JoinHandle<Finished>,
}

fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH
}

fn session(upstream: Arc<Child>) -> Session {
    let (theirs, to) = std::io::pipe().unwrap();
    let (from, ours) = std::io::pipe().unwrap();
    let mut client = ClientEnds::new(theirs, ours.try_clone().unwrap());
    client.unread = Box::new(move || os::is_unread(&ours));
    let relay = std::thread::spawn(move || {
        relay(Relay {
            client,
            upstream,
            guard: guard(),
            observer: Silent,
            clock: now,
            signals: false,
        })
    });
    Session {
        to: Some(to),
        from: BufReader::new(from),
        relay,
    }
}

#[test]
fn bytes_come_back_as_they_were() {
    let mut session = session(server("cat", &[]));
    let text = b"{\"a\": 1}\r\n\n{\"b\":2}\n{\"no\":\"end\"}";
    let mut to = session.to.take().unwrap();
    to.write_all(text).unwrap();
    drop(to);
    let mut back = Vec::new();
    session.from.read_to_end(&mut back).ok();
    assert_eq!(String::from_utf8_lossy(&back), String::from_utf8_lossy(text));
    let finished = session.relay.join().unwrap();
    assert_eq!(
        finished,
        Finished {
            why: Why::Server,
            server: Ended::Code(0)
        }
    );
}
