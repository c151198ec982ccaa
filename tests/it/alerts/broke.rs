//! A log that was tampered with, and a person who goes on with it.

use super::{Alerted, Receiver};
use crate::scripted::allow_accept_beside_servers;

fn tamper(alerted: &Alerted, sql: &str) {
    let raw = rusqlite::Connection::open(alerted.machine.store().join("state.db")).unwrap();
    raw.execute_batch("DROP TRIGGER IF EXISTS events_stay; DROP TRIGGER IF EXISTS events_are_kept")
        .unwrap();
    raw.execute_batch(sql).unwrap();
}

#[test]
fn going_on_is_asked_told_and_said_from_then_on() {
    let ops = Receiver::start();
    let alerted = Alerted::new(&format!(
        "[alerts.ops]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"",
        ops.port
    ));
    let run = |args: &[&str]| alerted.machine.run(args);
    run(&["log", "verify", "--accept-break"]).exits(0).says("the log is whole:");
    tamper(&alerted, "UPDATE events SET summary = 'never mind' WHERE id = 1");
    let found = run(&["log", "verify", "--format", "json"]).exits(1).json();
    let print = found["fingerprint"].as_str().unwrap();
    let named = format!("--accept-break={print}");
    run(&["log", "verify"])
        .exits(1)
        .says("TAMPERED  row 1 does not follow")
        .says("`mcp-pin log verify --accept-break`")
        .says(print);
    // Nobody can be asked, and `--yes` is no answer to this.
    run(&["log", "verify", "--accept-break"])
        .exits(2)
        .says("nobody can be asked here")
        .says("TAMPERED  row 1");
    run(&["log", "verify", "--accept-break", "--yes"])
        .exits(2)
        .says("nobody can be asked here");
    run(&["log", "verify", &named]).exits(2).says("there is no terminal");
    allow_accept_beside_servers(&alerted.machine);
    let other = format!("--accept-break={}", "0".repeat(32));
    run(&["log", "verify", &other])
        .exits(2)
        .says("something else is wrong than was named");
    run(&["log", "verify"]).exits(1);
    assert!(ops.take().is_empty());

    run(&["log", "verify", &named])
        .exits(0)
        .says("ACKNOWLEDGED  in row")
        .says("the log is whole but for 1 acknowledged break");
    let [told] = &ops.take()[..] else { panic!("not one") };
    assert_eq!((&told.body["kind"], &told.body["grade"]), (&"approved".into(), &"critical".into()));
    assert!(told.body["title"].as_str().unwrap().contains("broken log"), "{}", told.body);
    assert!(
        told.body["text"].as_str().unwrap().contains("row 1 does not follow"),
        "{}",
        told.body
    );
    run(&["log", "--grade", "critical"])
        .exits(0)
        .says("went on with a broken log: row 1");
    let found = run(&["log", "verify", "--format", "json"]).exits(0).json();
    assert_eq!(
        (&found["whole"], &found["problems"]),
        (&false.into(), &serde_json::json!([])),
        "{found}"
    );
    assert!(found["acknowledged"][0]["by"].as_str().unwrap().contains("uid "), "{found}");
    // It covers what was seen, and nothing that comes after.
    tamper(&alerted, "UPDATE events SET summary = 'nor this' WHERE id = 1");
    run(&["log", "verify"])
        .exits(1)
        .says("TAMPERED  row 1")
        .says("ACKNOWLEDGED  in row");
}
