//! Going on with a broken log: exactly that, said from then on, and nothing else.

use super::chain_tests::{event, filled, problems, tamper};
use super::tests::{at, name};
use super::*;
use crate::model::Sha256Digest;

fn accept(history: &History) -> Accepted {
    let seen = history.verify_log(None).unwrap().fingerprint;
    history.accept_break(&seen, at(50)).unwrap()
}

#[test]
fn each_break_can_be_gone_on_with_and_is_said_from_then_on() {
    for sql in [
        "UPDATE events SET summary = 'x' WHERE id = 3",
        "DELETE FROM events WHERE id IN (2, 3)",
        "DELETE FROM events WHERE id = 1",
        "INSERT INTO events (id, at, kind, summary, detail) VALUES (8, 0, 'drift', 'x', 'null')",
        "UPDATE events SET hash = NULL WHERE id = 4",
    ] {
        let (_folder, path, history) = filled();
        tamper(&path, sql);
        let said: Vec<_> = problems(&history).iter().map(ToString::to_string).collect();
        assert!(!said.is_empty(), "{sql}");
        let who = Who {
            user: Some("ada".into()),
            uid: 1000,
            host: "desk".into(),
        };
        let history = history.by(who);
        let accepted = accept(&history);
        assert_eq!(accepted.revoked, [], "{sql}");
        event(&history, &name("s"), 60);
        let check = history.verify_log(None).unwrap();
        assert_eq!(check.problems, [], "{sql}");
        let [told] = &check.acknowledged[..] else {
            panic!("{sql}: {check:?}")
        };
        assert_eq!((told.row, told.at, &told.said), (accepted.row, at(50), &said), "{sql}");
        assert_eq!(told.by, "ada (uid 1000) on desk");
        let row = history.events(&EventFilter::default()).unwrap().remove(1);
        assert_eq!((row.kind, row.grade), (EventKind::Break, Some(Grade::Critical)));
        assert!(row.summary.contains(&said[0]), "{}", row.summary);
    }
}

#[test]
fn what_is_changed_afterwards_is_a_problem_again() {
    for sql in [
        // The same row once more.
        "UPDATE events SET summary = 'y' WHERE id = 3",
        "UPDATE events SET hash = (SELECT hash FROM events WHERE id = 2) WHERE id = 3",
        // Another one before, and one after.
        "UPDATE events SET summary = 'y' WHERE id = 2",
        "UPDATE events SET summary = 'y' WHERE id = 9",
        // The row that says so: its words, what it covers, or all of it.
        "UPDATE events SET detail = replace(detail, 'row 3', 'row 4') WHERE kind = 'break'",
        "UPDATE events SET summary = 'all is well' WHERE kind = 'break'",
        "DELETE FROM events WHERE kind = 'break'",
        "UPDATE events SET kind = 'drift' WHERE kind = 'break'",
    ] {
        let (_folder, path, history) = filled();
        tamper(&path, "UPDATE events SET summary = 'x' WHERE id = 3");
        assert_eq!(accept(&history).row, 8);
        event(&history, &name("s"), 60);
        assert_eq!(problems(&history), []);
        let raw = Connection::open(&path).unwrap();
        raw.execute_batch(sql).unwrap();
        assert_ne!(problems(&history), [], "{sql}");
    }
}

#[test]
fn a_gap_is_acknowledged_with_what_stands_after_it() {
    let (_folder, path, history) = filled();
    tamper(&path, "DELETE FROM events WHERE id = 2");
    accept(&history);
    assert_eq!(problems(&history), []);
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("UPDATE events SET summary = 'y' WHERE id = 3").unwrap();
    assert_eq!(problems(&history), [Problem::Removed { from: 2, to: 2 }]);
}

#[test]
fn a_row_after_a_gap_speaks_for_nothing_before_it() {
    let (_folder, path, history) = filled();
    tamper(&path, "UPDATE events SET summary = 'x' WHERE id = 3");
    assert_eq!(accept(&history).row, 8);
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("DELETE FROM events WHERE id = 7").unwrap();
    let found = problems(&history);
    assert_eq!(found[..2], [Problem::Edited { id: 3 }, Problem::Removed { from: 7, to: 7 }]);
}

#[test]
fn only_what_was_seen_is_gone_on_with() {
    let (_folder, path, history) = filled();
    let whole = history.verify_log(None).unwrap();
    assert!(matches!(
        history.accept_break(&whole.fingerprint, at(50)),
        Err(HistoryError::PlanIsOld { .. })
    ));
    tamper(&path, "UPDATE events SET summary = 'x' WHERE id = 3");
    let seen = history.verify_log(None).unwrap();
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("UPDATE events SET summary = 'y' WHERE id = 3").unwrap();
    let error = history.accept_break(&seen.fingerprint, at(50)).unwrap_err();
    assert!(matches!(error, HistoryError::PlanIsOld { .. }), "{error}");
    assert_eq!(history.verify_log(None).unwrap().rows, 7, "nothing was written");
}

#[test]
fn a_cut_off_end_is_gone_on_with_and_the_end_is_noted_anew() {
    let (_folder, path, history) = filled();
    tamper(&path, "DELETE FROM events WHERE id = 7");
    let found = problems(&history);
    assert_eq!(found[0], Problem::Truncated { last: 6, noted: 7 });
    // The approval whose row was cut off is in doubt, and with it all of its server.
    let accepted = accept(&history);
    assert_eq!(accepted.revoked, [("s".to_owned(), "/p/mcp-pin.lock".to_owned())]);
    let check = history.verify_log(None).unwrap();
    assert_eq!((check.problems, check.approvals, check.behind), (vec![], 0, 0));
    assert_eq!(check.acknowledged[0].said[0], Problem::Truncated { last: 6, noted: 7 }.to_string());
    event(&history, &name("s"), 60);
    assert_eq!(problems(&history), []);
}

#[test]
fn an_approval_is_never_made_good_by_going_on() {
    let digest = Sha256Digest::of("evil");
    for sql in [
        // One that no row tells of.
        format!(
            "INSERT INTO approvals (digest, kind, server, scope, how, at) VALUES ('{digest}', 'entry', 's', '/p/mcp-pin.lock', 'prompt', 0)"
        ),
        // One that an edited row tells of.
        format!(
            "UPDATE approvals SET digest = '{digest}' WHERE kind = 'entry'; UPDATE events SET detail = replace(detail, '{}', '{digest}') WHERE id = 7",
            Sha256Digest::of("b")
        ),
        "DELETE FROM approvals WHERE kind = 'static'".to_owned(),
    ] {
        let (_folder, path, history) = filled();
        tamper(&path, &sql);
        let accepted = accept(&history);
        assert_eq!(accepted.revoked.len(), 1, "{sql}");
        for (digest, kind) in [(digest, ApprovalKind::Entry), (Sha256Digest::of("b"), ApprovalKind::Entry)] {
            assert!(history.approval(&digest, kind).unwrap().is_none(), "{sql}");
        }
        assert_eq!(problems(&history), [], "{sql}");
    }
}
