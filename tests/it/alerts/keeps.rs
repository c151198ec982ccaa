//! A receiver that is down: nothing is lost, nothing is called sent, and nobody waits for it.

use std::time::{Duration, Instant};

use super::{Alerted, Receiver, SILENT, evil, nasty};

fn with(receiver: &Receiver, more: &str) -> Alerted {
    Alerted::new(&format!(
        "[alerts.ops]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/SECRET\"\n{more}",
        receiver.port
    ))
}

#[test]
fn what_was_not_taken_waits_is_shown_and_comes_later() {
    let ops = Receiver::start();
    let alerted = with(&ops, "");
    ops.answers(503);
    alerted.server.turn(&evil());
    alerted
        .check(1)
        .says("could not deliver to the alert channel `ops`")
        .says("1 alert waits")
        .never_says("SECRET");
    let status = alerted.status("ops");
    assert_eq!(
        (&status["waiting"], &status["failuresInARow"], &status["lastSuccess"]),
        (&1.into(), &1.into(), &().into())
    );
    assert!(status["error"].as_str().unwrap().contains("503"), "{status}");
    alerted
        .machine
        .run(&["alert", "status"])
        .exits(0)
        .says("1 waiting")
        .never_says("SECRET");
    alerted.machine.run(&["log", "-n", "100"]).exits(0).never_says("over `ops`");

    // It is up again, and left alone for some minutes all the same; that something waits is said.
    ops.answers(200);
    alerted.check(1).says("1 alert waits");
    assert!(ops.take().is_empty());
    alerted.hours_pass(1);
    // Another drift meanwhile: both come, in the order in which they were seen.
    alerted.server.turn(&nasty());
    alerted.check(1).never_says("waits");
    let got = ops.take();
    let codes: Vec<_> = got.iter().map(|got| got.body["findings"][0]["code"].as_str().unwrap()).collect();
    assert_eq!(codes.len(), 2, "{got:?}");
    assert_eq!(codes[0], "tool-description-changed");
    let status = alerted.status("ops");
    assert_eq!(
        (&status["waiting"], &status["failuresInARow"], &status["error"]),
        (&0.into(), &0.into(), &().into())
    );
    alerted.check(1);
    assert!(ops.take().is_empty(), "told twice");
}

#[test]
fn a_clock_that_was_set_back_does_not_keep_a_channel_waiting() {
    let ops = Receiver::start();
    let alerted = with(&ops, "");
    ops.answers(503);
    alerted.server.turn(&evil());
    alerted.check(1).says("1 alert waits");
    ops.answers(200);
    // Tried again in two days and five minutes, where no pause is longer than a day.
    alerted.hours_pass(-48);
    alerted.check(1).never_says("waits");
    assert_eq!(ops.kinds(), ["drift"]);
}

#[test]
fn what_is_over_before_it_was_taken_is_told_with_its_end() {
    let ops = Receiver::start();
    let alerted = with(&ops, "");
    ops.answers(500);
    alerted.server.turn(&evil());
    alerted.check(1);
    alerted.server.repent();
    alerted.check(0).says("2 alerts wait");
    ops.answers(200);
    alerted.hours_pass(1);
    alerted.check(0);
    assert_eq!(ops.kinds(), ["drift", "resolved"]);
    alerted.check(0);
    assert!(ops.take().is_empty());
}

#[test]
fn what_waits_for_a_week_is_given_up_and_counted() {
    let ops = Receiver::start();
    let alerted = with(&ops, "");
    ops.answers(500);
    alerted.server.turn(&evil());
    alerted.check(1);
    alerted.server.repent();
    alerted.hours_pass(8 * 24);
    ops.answers(200);
    alerted.check(0);
    assert_eq!(alerted.status("ops")["givenUp"], 1);
    alerted.machine.run(&["alert", "status"]).exits(0).says("1 given up");
}

#[test]
fn a_silent_receiver_holds_up_neither_the_others_nor_a_client() {
    let (ops, other) = (Receiver::start(), Receiver::start());
    let alerted = with(
        &ops,
        &format!("[alerts.other]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"", other.port),
    );
    ops.answers(SILENT);
    // One byte of what is started: `run` refuses.
    let start = alerted.server.start();
    let text = std::fs::read_to_string(&start).unwrap();
    std::fs::write(&start, format!("{text}// x\n")).unwrap();
    let frame = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
    let mut command = alerted.machine.command(&["run", "calc"]);
    command
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let began = Instant::now();
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut input, format!("{frame}\n").as_bytes()).unwrap();
    let mut answer = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut answer).unwrap();
    let answered = jiff::Timestamp::now();
    assert!(answer.contains("did not start `calc`"), "{answer}");
    drop(input);
    let ended = child.wait().unwrap();
    assert!(began.elapsed() < Duration::from_mins(1), "{:?}", began.elapsed());
    // The receiver was still being waited for when the client had its answer.
    let gave_up: jiff::Timestamp = alerted.status("ops")["lastFailure"].as_str().unwrap().parse().unwrap();
    assert!(answered < gave_up, "the client was answered at {answered}, after {gave_up}");
    assert_eq!(ended.code(), Some(1));
    let [told] = &other.take()[..] else { panic!("not one") };
    assert_eq!((&told.body["kind"], &told.body["server"]), (&"refused".into(), &"calc".into()));
    assert_eq!(alerted.status("ops")["waiting"], 1);
    assert_eq!(alerted.status("other")["waiting"], 0);
}

#[test]
fn offline_sends_nothing_beyond_this_machine_and_says_so() {
    let alerted = Alerted::new("[alerts.far]\ntype = \"webhook\"\nurl = \"https://hook.example/SECRET\"");
    alerted.server.turn(&evil());
    alerted
        .machine
        .run(&["verify", "--notify", "--offline"])
        .exits(1)
        .says("could not deliver to the alert channel `far`: the network is not to be used (1 alert waits)");
    assert_eq!(alerted.status("far")["failuresInARow"], 0);
}
