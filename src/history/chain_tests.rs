//! What the chain finds, and what it leaves alone.

use std::sync::Arc;

use serde_json::json;

use super::tests::{approval, at, back_to, fresh, name, print};
use super::*;
use crate::model::{ServerName, Sha256Digest};

/// Five events and two approvals: seven rows.
pub(super) fn filled() -> (tempfile::TempDir, PathBuf, History) {
    let (folder, path, history) = fresh();
    let server = name("s");
    for second in 0..5 {
        event(&history, &server, second);
    }
    for (digest, kind) in [("a", ApprovalKind::Static), ("b", ApprovalKind::Entry)] {
        history.approve(&approval(Sha256Digest::of(digest), kind, &server), at(5)).unwrap();
    }
    (folder, path, history)
}

pub(super) fn event(history: &History, server: &ServerName, second: i64) {
    let new = NewEvent {
        server: Some(server),
        kind: EventKind::Drift,
        grade: None,
        summary: &format!("event {second}"),
        detail: &json!(null),
    };
    history.record_event(&new, at(second)).unwrap();
}

pub(super) fn problems(history: &History) -> Vec<Problem> {
    history.verify_log(None).unwrap().problems
}

/// What somebody does who writes to the file, and knows of the triggers.
pub(super) fn tamper(path: &Path, sql: &str) {
    let raw = Connection::open(path).unwrap();
    let triggers = ["events_stay", "events_are_kept", "approvals_stay", "approvals_are_kept"];
    for trigger in triggers {
        raw.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    assert_eq!(raw.execute_batch(sql), Ok(()), "{sql}");
}

#[test]
fn a_log_that_nobody_touched_is_whole_and_says_where_it_ends() {
    let (_folder, path, history) = filled();
    let check = history.verify_log(None).unwrap();
    assert_eq!((check.rows, check.pruned, check.behind, check.approvals), (7, 0, 0, 2));
    assert_eq!(check.problems, []);
    assert_eq!(check.head, history.log_head().unwrap());
    assert_eq!(head::read(&head::path(&path)).unwrap(), Some(check.head.clone()));
    event(&history, &name("s"), 9);
    assert_eq!(history.verify_log(Some(&check.head)).unwrap().problems, []);
    let other = Head::new(7, Sha256Digest::of("other").to_string());
    assert_eq!(history.verify_log(Some(&other)).unwrap().problems, [Problem::Replaced { id: 7 }]);
    let later = Head::new(9, other.hash);
    assert_eq!(
        history.verify_log(Some(&later)).unwrap().problems,
        [Problem::Truncated { last: 8, noted: 9 }]
    );
    let (_folder, _, empty) = fresh();
    assert_eq!(problems(&empty), []);
}

#[test]
fn the_database_itself_refuses_to_change_what_is_written() {
    let (_folder, path, _history) = filled();
    let raw = Connection::open(path).unwrap();
    for sql in [
        "UPDATE events SET summary = 'x' WHERE id = 2",
        "DELETE FROM events WHERE id = 2",
        "UPDATE approvals SET digest = 'x'",
        "DELETE FROM approvals",
    ] {
        let error = raw.execute(sql, ()).unwrap_err().to_string();
        assert!(error.contains("only"), "{sql}: {error}");
    }
    raw.execute("UPDATE approvals SET revoked = 1 WHERE id = 1", ()).unwrap();
    assert!(raw.execute("UPDATE approvals SET revoked = NULL WHERE id = 1", ()).is_err());
}

#[test]
fn every_way_to_change_a_row_is_found() {
    let edited = |id| vec![Problem::Edited { id }];
    let removed = |from, to| vec![Problem::Removed { from, to }];
    for (sql, expected) in [
        ("UPDATE events SET summary = 'nothing' WHERE id = 3", edited(3)),
        ("UPDATE events SET at = at + 1 WHERE id = 3", edited(3)),
        ("UPDATE events SET server = NULL WHERE id = 3", edited(3)),
        ("UPDATE events SET grade = 'info' WHERE id = 3", edited(3)),
        ("UPDATE events SET kind = 'run' WHERE id = 3", edited(3)),
        ("UPDATE events SET detail = '{}' WHERE id = 3", edited(3)),
        ("DELETE FROM events WHERE id = 3", removed(3, 3)),
        ("DELETE FROM events WHERE id BETWEEN 2 AND 4", removed(2, 4)),
        ("DELETE FROM events WHERE id <= 2", removed(1, 2)),
        // The hash of a row that is moved up goes along, and does not fit there.
        (
            "DELETE FROM events WHERE id = 3; UPDATE events SET id = id - 1 WHERE id > 3",
            vec![
                Problem::Edited { id: 3 },
                Problem::Edited { id: 4 },
                Problem::Edited { id: 5 },
                Problem::Edited { id: 6 },
                Problem::Truncated { last: 6, noted: 7 },
            ],
        ),
        (
            "UPDATE events SET id = 99 WHERE id = 2; UPDATE events SET id = 2 WHERE id = 3; UPDATE events SET id = 3 WHERE id = 99",
            vec![Problem::Edited { id: 2 }, Problem::Edited { id: 3 }, Problem::Edited { id: 4 }],
        ),
        (
            "INSERT INTO events (at, kind, summary, detail) VALUES (0, 'run', 'x', 'null')",
            vec![Problem::Unchained { id: 8 }],
        ),
        (
            "UPDATE events SET hash = NULL WHERE id = 7",
            vec![Problem::Unchained { id: 7 }, Problem::Replaced { id: 7 }],
        ),
    ] {
        let (_folder, path, history) = filled();
        tamper(&path, sql);
        assert_eq!(problems(&history), expected, "{sql}");
    }
}

#[test]
fn a_tail_that_was_cut_off_is_found_also_after_more_was_written() {
    let (_folder, path, history) = filled();
    tamper(&path, "DELETE FROM events WHERE id > 3; DELETE FROM approvals");
    assert_eq!(problems(&history), [Problem::Truncated { last: 3, noted: 7 }]);
    for second in 10..20 {
        event(&history, &name("s"), second);
    }
    assert_eq!(problems(&history), [Problem::Replaced { id: 7 }]);
    // The user says that it is in order so.
    let head = history.keep_head(at(30)).unwrap();
    assert_eq!((head.count, problems(&history)), (14, vec![]));
    let said = Problem::Replaced { id: 7 }.to_string();
    let check = history.verify_log(None).unwrap();
    assert_eq!((check.acknowledged[0].row, &check.acknowledged[0].said), (14, &vec![said]));
    // Where nothing is wrong, nothing is written.
    assert_eq!(history.keep_head(at(31)).unwrap(), head);
    event(&history, &name("s"), 20);
    assert_eq!(history.verify_log(None).unwrap().behind, 0);
}

#[test]
fn a_head_that_was_taken_away_is_not_quietly_made_again() {
    let (_folder, path, history) = filled();
    let file = head::path(&path);
    fs::remove_file(&file).unwrap();
    event(&history, &name("s"), 9);
    drop(history);
    let history = History::open(&path).unwrap();
    assert_eq!(problems(&history), [Problem::NoHead { path: file.clone() }]);
    for damage in ["", "mcp-pin log head 1 0", "mcp-pin log head 1 00000000000000000003:zz\n"] {
        fs::write(&file, damage).unwrap();
        event(&history, &name("s"), 9);
        assert_eq!(problems(&history), [Problem::BadHead { path: file.clone() }], "{damage}");
        assert_eq!(fs::read_to_string(&file).unwrap(), damage);
    }
    // A link would have us write over another file.
    let other = path.with_file_name("other");
    fs::write(&other, "mine").unwrap();
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink(&other, &file).unwrap();
    event(&history, &name("s"), 9);
    assert!(history.keep_head(at(30)).is_err());
    assert_eq!(fs::read_to_string(&other).unwrap(), "mine");
}

#[test]
fn a_head_that_lags_behind_is_no_problem() {
    let (_folder, path, history) = filled();
    let file = head::path(&path);
    let before = fs::read(&file).unwrap();
    event(&history, &name("s"), 9);
    fs::write(&file, before).unwrap();
    let check = history.verify_log(None).unwrap();
    assert_eq!((check.behind, check.problems), (1, vec![]));
}

#[test]
fn approvals_stand_in_the_log_or_are_found() {
    let unknown = |kind: &str| Problem::Approval {
        server: "s".into(),
        kind: kind.into(),
    };
    let gone = |kind: &str| Problem::ApprovalGone {
        server: "s".into(),
        kind: kind.into(),
    };
    let digest = Sha256Digest::of("evil");
    for (sql, expected) in [
        (
            format!("UPDATE approvals SET digest = '{digest}' WHERE kind = 'entry'"),
            vec![unknown("entry"), gone("entry")],
        ),
        (
            format!("INSERT INTO approvals (digest, kind, server, scope, how, at) VALUES ('{digest}', 'entry', 's', '/x', 'prompt', 0)"),
            vec![unknown("entry")],
        ),
        (
            "UPDATE approvals SET grade = NULL WHERE kind = 'static'".into(),
            vec![unknown("static"), gone("static")],
        ),
        ("DELETE FROM approvals WHERE kind = 'static'".into(), vec![gone("static")]),
        (
            "UPDATE approvals SET revoked = 7 WHERE kind = 'static'".into(),
            vec![gone("static")],
        ),
    ] {
        let (_folder, path, history) = filled();
        tamper(&path, &sql);
        assert_eq!(problems(&history), expected, "{sql}");
    }
}

#[test]
fn an_approval_that_was_taken_back_or_replaced_is_not_made_good_again() {
    let (_folder, path, history) = filled();
    let server = name("s");
    history
        .approve(&approval(Sha256Digest::of("c"), ApprovalKind::Entry, &server), at(6))
        .unwrap();
    assert_eq!(problems(&history), []);
    history.revoke(&server, "/p/mcp-pin.lock", at(7)).unwrap();
    assert_eq!(problems(&history), []);
    assert_eq!(history.verify_log(None).unwrap().approvals, 0);
    tamper(&path, "UPDATE approvals SET revoked = NULL WHERE id = 2");
    let found = Problem::Approval {
        server: "s".into(),
        kind: "entry".into(),
    };
    assert_eq!(problems(&history), [found]);
}

#[test]
fn an_approval_says_by_whom_and_what() {
    let (_folder, _, history) = fresh();
    let who = Who {
        user: Some("ada".into()),
        uid: 1000,
        host: "desk".into(),
    };
    let (history, server, print) = (history.by(who), name("s"), print("report"));
    let new = NewApproval {
        fingerprint: Some(&print),
        how: How::Accept,
        ..approval(Sha256Digest::of("a"), ApprovalKind::Static, &server)
    };
    history.approve(&new, at(7)).unwrap();
    let row = history.events(&EventFilter::default()).unwrap().remove(0);
    assert_eq!((row.kind, row.at, row.grade), (EventKind::Approve, at(7), new.grade));
    assert!(
        row.summary
            .starts_with(&format!("approved findings above notice (accept), report {print}"))
    );
    assert_eq!(row.detail["by"], json!({"user": "ada", "uid": 1000, "host": "desk"}));
    assert_eq!(row.detail["approval"]["digest"], Sha256Digest::of("a").to_string());
    assert_eq!(row.detail["approval"]["fingerprint"], print.as_str());
}

#[test]
fn retention_keeps_the_chain_and_every_approval_in_force() {
    let (_folder, path, history) = filled();
    let noted = history.log_head().unwrap();
    event(&history, &name("s"), 100);
    let plan = history.plan_retention(at(50)).unwrap();
    assert_eq!((plan.up_to, plan.rows, plan.carried, plan.kept), (7, 7, 2, 1));
    assert_eq!((plan.kinds["drift"], plan.kinds["approve"]), (5, 2));
    assert_eq!(history.verify_log(None).unwrap().rows, 8, "planning removes nothing");
    history.execute_retention(&plan, at(50), at(101)).unwrap();
    let check = history.verify_log(Some(&noted)).unwrap();
    assert_eq!((check.rows, check.pruned, check.approvals, check.behind), (4, 7, 2, 0));
    assert_eq!(check.problems, []);
    let kinds: Vec<_> = history
        .events(&EventFilter::default())
        .unwrap()
        .iter()
        .map(|row| row.kind)
        .collect();
    assert_eq!(kinds, [EventKind::Prune, EventKind::Approve, EventKind::Approve, EventKind::Drift]);
    assert_eq!(
        history
            .approval(&Sha256Digest::of("b"), ApprovalKind::Entry)
            .unwrap()
            .map(|found| found.at()),
        Some(at(5))
    );

    // Once more, over what the first one wrote.
    event(&history, &name("s"), 200);
    let plan = history.plan_retention(at(150)).unwrap();
    assert_eq!((plan.rows, plan.carried), (4, 2));
    assert!(matches!(
        history.execute_retention(&Plan { rows: 3, ..plan.clone() }, at(150), at(201)),
        Err(HistoryError::PlanIsOld { .. })
    ));
    history.execute_retention(&plan, at(150), at(201)).unwrap();
    assert_eq!(problems(&history), []);
    let check = history.verify_log(None).unwrap();
    assert_eq!((check.rows, check.pruned, check.approvals), (4, 11, 2));

    // Rows removed after it are found, and what was removed by hand is not pruned away.
    tamper(&path, "DELETE FROM events WHERE id = 12");
    assert_eq!(problems(&history), [Problem::Removed { from: 1, to: 12 }]);
    let plan = history.plan_retention(at(300)).unwrap();
    let error = history.execute_retention(&plan, at(300), at(301)).unwrap_err();
    assert!(matches!(error, HistoryError::Tampered { problems: 1, .. }), "{error:?}");
}

#[test]
fn everything_may_be_old() {
    let (_folder, _, history) = filled();
    let plan = history.plan_retention(at(50)).unwrap();
    history.execute_retention(&plan, at(50), at(60)).unwrap();
    let check = history.verify_log(None).unwrap();
    assert_eq!((check.rows, check.pruned, check.approvals, check.problems), (3, 7, 2, vec![]));
}

#[test]
fn a_log_from_before_the_chain_is_taken_along() {
    let (_folder, path, history) = filled();
    drop(history);
    tamper(&path, "DELETE FROM events WHERE id = 2 OR kind = 'approve'");
    let step = migrations::STEPS.iter().position(|step| step.contains("ADD COLUMN hash")).unwrap();
    back_to(&path, step);
    fs::remove_file(head::path(&path)).unwrap();
    let history = History::open(&path).unwrap();
    let check = history.verify_log(None).unwrap();
    assert_eq!((check.rows, check.approvals, check.behind, check.problems), (6, 2, 0, vec![]));
    event(&history, &name("s"), 9);
    assert_eq!(problems(&history), []);
}

#[test]
fn two_that_write_at_once_keep_one_chain() {
    let (_folder, path, history) = fresh();
    let barrier = Arc::new(std::sync::Barrier::new(4));
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (path, barrier) = (path.clone(), Arc::clone(&barrier));
            std::thread::spawn(move || {
                let history = History::open(&path).unwrap();
                barrier.wait();
                for second in 0..25 {
                    event(&history, &name("s"), second);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let check = history.verify_log(None).unwrap();
    assert_eq!((check.rows, check.behind, check.problems), (100, 0, vec![]));
}
