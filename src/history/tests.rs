//! What the history promises.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};

use serde_json::json;

use super::*;
use crate::model::{Fingerprint, ServerName, Sha256Digest};

pub(super) fn name(text: &str) -> ServerName {
    text.parse().unwrap()
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(super) fn print(text: &str) -> Fingerprint {
    Fingerprint::of_canonical(text.as_bytes())
}

/// Makes the file one that only the first steps were taken on.
pub(super) fn back_to(path: &Path, steps: usize) {
    let raw = Connection::open(path).unwrap();
    let names = |kind: &str| -> Vec<String> {
        let mut statement = raw.prepare("SELECT name FROM sqlite_schema WHERE type = ?1").unwrap();
        statement.query_map([kind], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let known = migrations::STEPS[..steps].concat();
    for trigger in names("trigger") {
        raw.execute_batch(&format!("DROP TRIGGER {trigger}")).unwrap();
    }
    for table in names("table") {
        if !known.contains(&format!("CREATE TABLE {table} ")) {
            raw.execute_batch(&format!("DROP TABLE {table}")).unwrap();
        }
    }
    if !known.contains("ADD COLUMN hash") {
        raw.execute_batch("ALTER TABLE events DROP COLUMN hash").unwrap();
    }
    raw.pragma_update(None, "user_version", i64::try_from(steps).unwrap()).unwrap();
}

pub(super) fn fresh() -> (tempfile::TempDir, PathBuf, History) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("home").join(FILE_NAME);
    let history = History::open(&path).unwrap();
    (folder, path, history)
}

pub(super) fn approval(digest: Sha256Digest, kind: ApprovalKind, server: &ServerName) -> NewApproval<'_> {
    NewApproval {
        digest,
        kind,
        server,
        scope: "/p/mcp-pin.lock",
        fingerprint: None,
        how: How::Prompt,
        grade: Some(Grade::Warning),
    }
}

#[test]
fn an_approval_is_of_one_digest_and_one_kind() {
    let (_folder, path, history) = fresh();
    let (digest, server, print) = (Sha256Digest::of("a"), name("s"), print("report"));
    assert_eq!(history.approval(&digest, ApprovalKind::Static).unwrap(), None);
    let new = NewApproval {
        fingerprint: Some(&print),
        ..approval(digest, ApprovalKind::Static, &server)
    };
    history.approve(&new, at(7)).unwrap();
    drop(history);
    let history = History::open(&path).unwrap();
    let found = history.approval(&digest, ApprovalKind::Static).unwrap().unwrap();
    assert_eq!((found.digest(), found.kind(), found.at()), (&digest, ApprovalKind::Static, at(7)));
    assert_eq!(
        (found.how(), found.grade(), found.fingerprint()),
        (How::Prompt, Some(Grade::Warning), Some(&print))
    );
    assert_eq!(history.approval(&digest, ApprovalKind::Entry).unwrap(), None);
    assert_eq!(history.approval(&Sha256Digest::of("b"), ApprovalKind::Static).unwrap(), None);
}

#[test]
fn a_revoked_approval_is_none() {
    let (_folder, _, history) = fresh();
    let (digest, server) = (Sha256Digest::of("a"), name("s"));
    history.approve(&approval(digest, ApprovalKind::Entry, &server), at(1)).unwrap();
    assert_eq!(history.revoke(&server, "/other", at(2)).unwrap(), 0);
    assert_eq!(history.revoke(&server, "/p/mcp-pin.lock", at(2)).unwrap(), 1);
    assert_eq!(history.approval(&digest, ApprovalKind::Entry).unwrap(), None);
    history.approve(&approval(digest, ApprovalKind::Entry, &server), at(3)).unwrap();
    assert_eq!(
        history.approval(&digest, ApprovalKind::Entry).unwrap().map(|found| found.at()),
        Some(at(3))
    );
}

#[test]
fn an_entry_takes_the_place_of_the_one_before_it_in_its_own_scope() {
    let (_folder, _, history) = fresh();
    let (old, new, server, other) = (Sha256Digest::of("old"), Sha256Digest::of("new"), name("s"), name("t"));
    let scope = "/p/mcp-pin.lock";
    let give = |digest, kind, server, scope| {
        let new = NewApproval {
            scope,
            ..approval(digest, kind, server)
        };
        history.approve(&new, at(1)).unwrap();
    };
    give(old, ApprovalKind::Static, &server, scope);
    give(old, ApprovalKind::Entry, &server, scope);
    give(old, ApprovalKind::Entry, &server, "/q");
    give(old, ApprovalKind::Entry, &other, scope);
    give(new, ApprovalKind::Static, &server, scope);
    let there =
        |digest: &Sha256Digest, kind, server: &ServerName, scope| history.approval_in(digest, kind, server, scope).unwrap().is_some();
    assert!(there(&old, ApprovalKind::Entry, &server, scope), "code alone supersedes nothing");
    give(new, ApprovalKind::Entry, &server, scope);
    assert!(!there(&old, ApprovalKind::Entry, &server, scope));
    assert!(there(&new, ApprovalKind::Entry, &server, scope));
    assert!(there(&old, ApprovalKind::Static, &server, scope));
    assert!(there(&old, ApprovalKind::Entry, &server, "/q") && there(&old, ApprovalKind::Entry, &other, scope));
    assert!(history.approval(&old, ApprovalKind::Entry).unwrap().is_some());

    assert_eq!(history.approved_servers(scope).unwrap(), [server.clone(), other.clone()]);
    history.revoke(&server, scope, at(2)).unwrap();
    assert_eq!(history.approved_servers(scope).unwrap(), vec![other.clone()]);
    give(new, ApprovalKind::Static, &server, "/r");
    assert_eq!(history.approved_servers("/r").unwrap(), Vec::<ServerName>::new());
}

fn place<'a>(channel: &'a str, server: &'a ServerName) -> AlertPlace<'a> {
    AlertPlace {
        channel,
        scope: "/l",
        server,
        source: AlertSource::Check,
    }
}

fn told(drift: &str, second: i64) -> Told {
    Told {
        source: AlertSource::Check,
        kind: "drift".into(),
        fingerprint: print(drift),
        findings: [print("f1"), print("f2")].into(),
        told: at(second),
        seen: at(second),
    }
}

#[test]
fn a_drift_that_is_forgotten_is_forgotten_for_one_channel() {
    let (_folder, _, history) = fresh();
    let calc = name("calc");
    for (channel, drift) in [("desktop", "a"), ("desktop", "b"), ("webhook", "b")] {
        history.record_told(place(channel, &calc), &told(drift, 1)).unwrap();
    }
    history.forget_told(place("desktop", &calc), &print("b")).unwrap();
    assert_eq!(history.alerts_told("desktop", "/l", &calc).unwrap(), [told("a", 1)]);
    assert_eq!(history.alerts_told("webhook", "/l", &calc).unwrap(), [told("b", 1)]);
    assert_eq!(history.alerts_told("webhook", "/other", &calc).unwrap(), []);
    assert_eq!(history.alerted_servers("desktop", "/l").unwrap(), [calc].into());
}

fn queue(history: &History, channel: &str, kind: &str, drift: &str, second: i64) {
    queue_alert(history, channel, kind, drift, second, "{}");
}

fn queue_alert(history: &History, channel: &str, kind: &str, drift: &str, second: i64, alert: &str) {
    let findings = BTreeSet::new();
    let print = print(drift);
    let new = NewAlert {
        kind,
        fingerprint: &print,
        findings: &findings,
        alert,
    };
    history.queue_alert(place(channel, &name("calc")), &new, at(second)).unwrap();
}

#[test]
fn what_waits_is_in_order_once_and_not_without_end() {
    let (_folder, path, history) = fresh();
    for (kind, drift) in [("drift", "a"), ("drift", "a"), ("resolved", "a"), ("drift", "a"), ("drift", "b")] {
        queue(&history, "ops", kind, drift, 1);
    }
    let again = History::open(&path).unwrap();
    let kinds: Vec<_> = again.alerts_waiting("ops").unwrap().into_iter().map(|one| one.kind).collect();
    assert_eq!(kinds, ["drift", "resolved", "drift", "drift"]);
    for n in 0..120 {
        queue(&history, "ops", "drift", &n.to_string(), 2);
    }
    queue(&history, "other", "drift", "x", 2);
    assert_eq!(history.alerts_waiting("ops").unwrap().len(), 100);
    assert_eq!(history.alert_channel("ops").unwrap().dropped, 24);
    assert_eq!(history.give_up_alerts("ops", at(3)).unwrap(), 100);
    assert_eq!(history.alert_channel("ops").unwrap().dropped, 124);
    assert_eq!(history.waiting_channels().unwrap(), ["other"]);
}

#[test]
fn a_flood_of_what_is_less_pushes_nothing_worse_out_of_what_waits() {
    let (_folder, _, history) = fresh();
    let graded = |grade: &str| format!("{{\"grade\":{grade}}}");
    queue_alert(&history, "ops", "drift", "worst", 1, &graded("\"critical\""));
    queue_alert(&history, "ops", "drift", "bad", 1, &graded("\"warning\""));
    queue_alert(&history, "ops", "undecided", "unknown", 1, &graded("null"));
    for n in 0..120 {
        let alert = ["\"notice\"", "null"].map(graded)[n % 2].clone();
        queue_alert(
            &history,
            "ops",
            "drift",
            &n.to_string(),
            2,
            if n % 3 == 0 { "no JSON" } else { &alert },
        );
    }
    let waiting = history.alerts_waiting("ops").unwrap();
    let first: Vec<_> = waiting.iter().take(4).map(|one| one.fingerprint.clone()).collect();
    assert_eq!(first, ["worst", "bad", "unknown", "23"].map(print));
    assert_eq!((waiting.len(), history.alert_channel("ops").unwrap().dropped), (100, 23));
}

#[test]
fn a_channels_failures_are_counted_until_it_takes_something() {
    let (_folder, _, history) = fresh();
    assert_eq!(history.alert_channel("ops").unwrap(), ChannelState::default());
    history.channel_failed("ops", "no", at(1), at(300)).unwrap();
    history.channel_failed("ops", "not yet", at(2), at(900)).unwrap();
    let state = history.alert_channel("ops").unwrap();
    assert_eq!(
        (state.tries, state.error.as_deref(), state.next, state.success),
        (2, Some("not yet"), Some(at(900)), None)
    );
    history.channel_succeeded("ops", at(3)).unwrap();
    let state = history.alert_channel("ops").unwrap();
    assert_eq!(
        (state.tries, state.error, state.next, state.success, state.failure),
        (0, None, None, Some(at(3)), Some(at(2)))
    );
}

#[test]
fn events_come_newest_first_and_filtered() {
    let (_folder, _, history) = fresh();
    let (a, b) = (name("a"), name("b"));
    for (second, server, kind) in [
        (1, Some(&a), EventKind::Install),
        (2, Some(&b), EventKind::Drift),
        (3, None, EventKind::Verify),
    ] {
        let event = NewEvent {
            server,
            kind,
            grade: Some(Grade::Notice),
            summary: "s",
            detail: &json!({"n": second}),
        };
        history.record_event(&event, at(second)).unwrap();
    }
    let seconds = |filter: EventFilter| -> Vec<i64> { history.events(&filter).unwrap().iter().map(|e| e.at.as_second()).collect() };
    assert_eq!(seconds(EventFilter::default()), [3, 2, 1]);
    let of_b = EventFilter {
        server: Some(b.clone()),
        ..EventFilter::default()
    };
    assert_eq!(seconds(of_b), [2]);
    let since = EventFilter {
        since: Some(at(2)),
        limit: Some(1),
        ..EventFilter::default()
    };
    assert_eq!(seconds(since), [3]);
    let event = history.events(&EventFilter::default()).unwrap().remove(1);
    assert_eq!(
        (event.server, event.kind, event.grade, event.detail),
        (Some(b), EventKind::Drift, Some(Grade::Notice), json!({"n": 2}))
    );
}

#[test]
fn one_drift_is_open_and_the_right_one_is_resolved() {
    let (_folder, _, history) = fresh();
    let (server, one, two) = (name("s"), print("1"), print("2"));
    let drift = |fingerprint, candidate| NewDrift {
        fingerprint,
        server: &server,
        scope: "/l",
        grade: Grade::Critical,
        candidate,
    };
    history.record_drift(&drift(&one, "A"), at(1)).unwrap();
    history.record_drift(&drift(&one, "A"), at(2)).unwrap();
    let open = history.open_drift(&server, "/l").unwrap().unwrap();
    assert_eq!(
        (open.fingerprint, open.grade, open.candidate.as_str()),
        (one.clone(), Grade::Critical, "A")
    );
    assert_eq!((open.first_seen, open.last_seen), (at(1), at(2)));
    assert_eq!(history.open_drift(&server, "/other").unwrap(), None);

    history.record_drift(&drift(&two, "B"), at(3)).unwrap();
    let resolve = |print: &Fingerprint| history.resolve_drift(&server, "/l", print, Resolution::Accepted, at(4)).unwrap();
    assert!(!resolve(&one), "a superseded drift must not resolve the one that took its place");
    assert_eq!(
        history.open_drift(&server, "/l").unwrap().map(|open| open.candidate),
        Some("B".into())
    );
    assert!(resolve(&two));
    assert_eq!(history.open_drift(&server, "/l").unwrap(), None);

    history.record_drift(&drift(&one, "A"), at(5)).unwrap();
    assert_eq!(
        history.open_drift(&server, "/l").unwrap().map(|open| open.first_seen),
        Some(at(1)),
        "it is open again"
    );
}

#[test]
fn a_damaged_file_is_an_error_and_stays_as_it_is() {
    let (_folder, path, history) = fresh();
    drop(history);
    for damage in [b"not a database, but long enough to be looked at as one".to_vec(), {
        let mut bytes = fs::read(&path).unwrap();
        bytes[100..3000].fill(0xff);
        bytes
    }] {
        fs::write(&path, &damage).unwrap();
        let error = History::open(&path).unwrap_err();
        assert!(matches!(error, HistoryError::Corrupt { .. }), "{error:?}");
        assert!(error.hint().is_some());
        assert_eq!(fs::read(&path).unwrap(), damage);
    }
}

#[test]
fn a_newer_or_foreign_file_is_refused_and_stays_as_it_is() {
    let (folder, path, history) = fresh();
    drop(history);
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    let before = fs::read(&path).unwrap();
    let error = History::open(&path).unwrap_err();
    assert!(matches!(error, HistoryError::Newer { found: 99, .. }), "{error:?}");
    assert!(error.to_string().contains("99") && error.to_string().contains(&migrations::known().to_string()));
    assert_eq!(fs::read(&path).unwrap(), before);

    let foreign = folder.path().join("other.db");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE bookmarks (url TEXT)")
        .unwrap();
    let before = fs::read(&foreign).unwrap();
    assert!(matches!(History::open(&foreign), Err(HistoryError::Foreign { .. })));
    assert_eq!(fs::read(&foreign).unwrap(), before);
}

#[test]
fn a_migration_that_was_cut_off_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE_NAME);
    fs::write(&path, b"").unwrap();
    History::open(&path).unwrap();
    // Killed within the steps: the transaction never happened, so the file is as empty as before.
    let other = folder.path().join("b.db");
    let mut raw = Connection::open(&other).unwrap();
    let transaction = raw.transaction_with_behavior(rusqlite::TransactionBehavior::Exclusive).unwrap();
    transaction.execute_batch(migrations::STEPS[0]).unwrap();
    drop(transaction);
    drop(raw);
    let history = History::open(&other).unwrap();
    assert_eq!(history.alerts_waiting("desktop").unwrap(), []);
}

#[test]
fn processes_do_not_lose_each_others_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = Arc::new(folder.path().join("new").join(FILE_NAME));
    let barrier = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|thread| {
            let (path, barrier) = (Arc::clone(&path), Arc::clone(&barrier));
            std::thread::spawn(move || {
                barrier.wait();
                let history = History::open(&path).unwrap();
                let server = name("s");
                for n in 0..10 {
                    let digest = Sha256Digest::of(format!("{thread}/{n}"));
                    history.approve(&approval(digest, ApprovalKind::Entry, &server), at(n)).unwrap();
                    let print = print(&format!("{thread}/{n}"));
                    let drift = NewDrift {
                        fingerprint: &print,
                        server: &server,
                        scope: "/l",
                        grade: Grade::Info,
                        candidate: "",
                    };
                    history.record_drift(&drift, at(n)).unwrap();
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    let history = History::open(&path).unwrap();
    let count = |sql: &str| history.connection.query_row(sql, (), |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM approvals"), 80);
    assert_eq!(count("SELECT count(*) FROM drifts WHERE resolved IS NULL"), 1);
}

/// A write-ahead log that another process removes, because nothing told it that this one still
/// writes there: every row since is gone, approvals too.
#[test]
fn a_second_look_at_the_file_does_not_give_its_locks_away() {
    let (_folder, path, history) = fresh();
    drop(History::open(&path).unwrap());
    let other = "import sqlite3, sys
file = sqlite3.connect(sys.argv[1])
print(file.execute('SELECT count(*) FROM approvals').fetchone()[0])
file.close()";
    let count = || {
        let said = std::process::Command::new("python3")
            .args(["-I", "-c", other])
            .arg(&path)
            .output()
            .unwrap();
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        String::from_utf8(said.stdout).unwrap()
    };
    assert_eq!(count(), "0\n");
    let server = name("s");
    history
        .approve(&approval(Sha256Digest::of("a"), ApprovalKind::Entry, &server), at(1))
        .unwrap();
    assert_eq!(count(), "1\n");
}

/// Two people at two terminals: the second answer takes the first one's place before the first was
/// read back. That is no tampering, and was called that.
#[test]
fn an_approval_that_is_superseded_at_once_is_no_damage() {
    let (_folder, _, history) = fresh();
    let other = "CREATE TEMP TRIGGER other AFTER INSERT ON approvals
        BEGIN UPDATE approvals SET revoked = 9 WHERE id = NEW.id; END";
    history.connection.execute_batch(other).unwrap();
    let (digest, server, print) = (Sha256Digest::of("a"), name("s"), print("report"));
    let new = NewApproval {
        fingerprint: Some(&print),
        ..approval(digest, ApprovalKind::Entry, &server)
    };
    let given = history.approve(&new, at(7)).unwrap();
    assert_eq!((given.digest(), given.kind(), given.at()), (&digest, ApprovalKind::Entry, at(7)));
    assert_eq!(
        (given.how(), given.grade(), given.fingerprint()),
        (How::Prompt, Some(Grade::Warning), Some(&print))
    );
    assert_eq!(history.approval(&digest, ApprovalKind::Entry).unwrap(), None);
}

#[cfg(unix)]
#[test]
fn other_users_cannot_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_folder, path, history) = fresh();
    queue(&history, "desktop", "drift", "d", 1);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let wal = path.with_file_name(format!("{FILE_NAME}-wal"));
    assert_eq!((mode(&path), mode(&wal), mode(path.parent().unwrap())), (0o600, 0o600, 0o700));
    drop(history);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    drop(History::open(&path).unwrap());
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn an_interpreter_is_recorded_for_one_server_of_one_scope() {
    let (_folder, path, history) = fresh();
    let (one, two) = (name("one"), name("two"));
    let python = |version: &str| Interpreter {
        path: "/opt/python/bin/python3.12".into(),
        version: version.into(),
        identity: "cpython-312".into(),
    };
    history.record_interpreter("/p", &one, &python("3.12.1"), at(1)).unwrap();
    history.record_interpreter("/p", &one, &python("3.12.2"), at(2)).unwrap();
    drop(history);
    let history = History::open(&path).unwrap();
    assert_eq!(history.interpreter("/p", &one).unwrap(), Some(python("3.12.2")));
    assert_eq!(history.interpreter("/q", &one).unwrap(), None);
    assert_eq!(history.interpreter("/p", &two).unwrap(), None);
    let relative = Interpreter {
        path: "python3".into(),
        ..python("3.12.1")
    };
    assert!(history.record_interpreter("/p", &two, &relative, at(3)).is_err());
    assert!(history.forget_interpreter("/p", &one).unwrap() && !history.forget_interpreter("/p", &one).unwrap());
    assert_eq!(history.interpreter("/p", &one).unwrap(), None);
    // A relative path in the file would be looked up wherever mcp-pin happens to stand.
    let raw = Connection::open(&path).unwrap();
    raw.execute("INSERT INTO interpreters VALUES ('/p', 'two', 'bin/python3', '3', '', 0)", ())
        .unwrap();
    assert!(matches!(history.interpreter("/p", &two), Err(HistoryError::Row { .. })));
}

#[test]
fn a_file_of_the_first_version_is_taken_along() {
    let (_folder, path, history) = fresh();
    let server = name("s");
    history
        .approve(&approval(Sha256Digest::of("a"), ApprovalKind::Entry, &server), at(1))
        .unwrap();
    drop(history);
    let first = path.with_file_name("first").join(FILE_NAME);
    fs::create_dir(first.parent().unwrap()).unwrap();
    let raw = Connection::open(&first).unwrap();
    raw.execute_batch(migrations::STEPS[0]).unwrap();
    raw.execute("ATTACH ?1 AS newest", [path.to_str().unwrap()]).unwrap();
    raw.execute_batch("INSERT INTO approvals SELECT * FROM newest.approvals; DETACH newest; PRAGMA user_version = 1")
        .unwrap();
    raw.pragma_update(None, "application_id", migrations::APPLICATION_ID).unwrap();
    drop(raw);
    let history = History::open(&first).unwrap();
    assert_eq!(history.approved_servers("/p/mcp-pin.lock").unwrap(), std::slice::from_ref(&server));
    assert_eq!(history.interpreter("/p", &server).unwrap(), None);
}
