//! What lasts, what a channel does not hear of, and what cannot be checked.

use serde_json::json;

use super::{Alerted, Receiver, evil};
use crate::scripted::tool;

#[test]
fn what_lasts_is_told_again_after_the_interval_and_never_where_that_is_asked() {
    let (often, once) = (Receiver::start(), Receiver::start());
    let alerted = Alerted::new(&format!(
        "[alerts.often]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"\nremind = \"12h\"\n[alerts.once]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"\nremind = \"never\"",
        often.port, once.port
    ));
    alerted.server.turn(&evil());
    alerted.check(1);
    assert_eq!((often.kinds().len(), once.kinds().len()), (1, 1));
    alerted.hours_pass(11);
    alerted.check(1);
    assert_eq!((often.kinds().len(), once.kinds().len()), (0, 0));
    alerted.hours_pass(1);
    alerted.check(1);
    let [again] = &often.take()[..] else { panic!("not one") };
    assert_eq!(again.body["reminder"], true);
    assert!(again.body["title"].as_str().unwrap().starts_with("Still so: "), "{}", again.body);
    alerted.check(1);
    alerted.hours_pass(11);
    alerted.check(1);
    assert!(often.take().is_empty() && once.take().is_empty());
    // Told at a time that has not come yet: the clock was set back since.
    alerted.hours_pass(-30 * 24);
    alerted.check(1);
    assert_eq!((often.kinds().len(), once.kinds().len()), (1, 0));
}

#[test]
fn a_channel_hears_from_its_floor_on_and_of_what_cannot_be_checked() {
    let (all, worst) = (Receiver::start(), Receiver::start());
    let alerted = Alerted::new(&format!(
        "[alerts.all]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"\n[alerts.worst]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"\nfloor = \"critical\"",
        all.port, worst.port
    ));
    // Below critical: a harmless tool more.
    alerted
        .server
        .turn(&json!({"tools": [tool("add", "Adds two numbers."), tool("sub", "Subtracts two numbers.")]}));
    alerted.check(1);
    let [told] = &all.take()[..] else { panic!("not one") };
    assert_ne!(told.body["grade"], "critical");
    assert!(worst.take().is_empty());
    alerted.server.turn(&evil());
    alerted.check(1);
    assert_eq!((all.kinds(), worst.kinds()), (vec!["drift".to_owned()], vec!["drift".to_owned()]));

    // It falls silent: that is no end of what was told.
    alerted.server.turn(&json!({"stderr": "no", "exit": 5}));
    alerted.check(2);
    assert_eq!(
        (all.kinds(), worst.kinds()),
        (vec!["undecided".to_owned()], vec!["undecided".to_owned()])
    );
    alerted.check(2);
    // A check that starts nothing cannot know that it is over.
    alerted.server.repent();
    alerted.machine.run(&["verify", "--notify", "--no-probe"]).exits(0);
    assert!(all.take().is_empty() && worst.take().is_empty());
    alerted.check(0);
    assert_eq!(
        (all.kinds(), worst.kinds()),
        (vec!["resolved".to_owned()], vec!["resolved".to_owned()])
    );
}

#[test]
fn a_server_that_is_removed_ends_what_was_told() {
    let ops = Receiver::start();
    let alerted = Alerted::new(&format!(
        "[alerts.ops]\ntype = \"webhook\"\nurl = \"http://127.0.0.1:{}/\"",
        ops.port
    ));
    let other = crate::scripted::Local::new(
        &alerted.machine,
        "other",
        &json!({"tools": [tool("sub", "Subtracts two numbers.")]}),
    );
    other.install(&alerted.machine, &[], &[]).exits(0);
    alerted.server.turn(&evil());
    alerted.check(1);
    assert_eq!(ops.kinds(), ["drift"]);
    alerted.machine.run(&["remove", "calc"]).exits(0);
    alerted.check(0);
    assert_eq!(ops.kinds(), ["resolved"]);
}
