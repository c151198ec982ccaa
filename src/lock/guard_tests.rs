//! The promises about the guard's rules in a lock.

use super::sample::{guarded, lockfile, name};
use super::tests::FIXTURE;
use super::*;
use crate::model::guard::{ArgumentCheck, GuardPin};

type Edit = (&'static str, fn(&mut GuardPin));

#[test]
fn each_rule_is_covered_by_the_approval_and_by_no_probe() {
    let server = name("own");
    let base = guarded();
    let edits: [Edit; 7] = [
        ("allow", |guard| guard.tools.allow = None),
        ("empty allow", |guard| guard.tools.allow = Some([].into())),
        ("deny", |guard| guard.tools.deny.clear()),
        ("confirm", |guard| guard.tools.confirm.clear()),
        ("arguments", |guard| guard.tools.arguments = ArgumentCheck::Pinned),
        ("visible", |guard| guard.results.visible = false),
        ("largest", |guard| guard.results.largest = Some(1)),
    ];
    for (what, edit) in edits {
        let mut pin = base.clone();
        edit(&mut pin.guard);
        assert_ne!(entry_digest(&server, &pin), entry_digest(&server, &base), "{what}");
        assert_eq!(static_digest(&server, &pin), static_digest(&server, &base), "{what}");
        let lock = Lockfile {
            servers: [(server.clone(), pin)].into(),
        };
        assert_eq!(parse(&write(&lock)), Ok(lock), "{what}");
    }
}

#[test]
fn rules_that_read_two_ways_are_refused() {
    for (from, to, expected) in [
        ("\"lockfileVersion\": 4", "\"lockfileVersion\": 3", "of a version that has none"),
        ("\"read_*\"", "\"*_read\"", "only stand at the end"),
        ("\"read_*\"", "\"read\\u200b\"", "invisible"),
        ("\"read_secret\"", "\"\"", "1 to 256"),
        ("\"largest\": 1048576", "\"largest\": 0", "from 1 to"),
        ("\"largest\": 1048576", "\"largest\": 16777217", "from 1 to"),
        ("\"arguments\": \"known\"", "\"arguments\": null", "expected value"),
        ("\"arguments\": \"known\"", "\"arguments\": \"any\"", "unknown variant"),
        ("\"arguments\": \"known\"", "\"argument\": \"known\"", "unknown field"),
        ("\"visible\": true", "\"visible\": true, \"sampling\": {}", "unknown field"),
    ] {
        let text = FIXTURE.replacen(from, to, 1);
        assert_ne!(text, FIXTURE, "{from}");
        // The fixture's older members fit every version: only the guard's are left to refuse.
        let error = parse(&text).map(drop).unwrap_err().to_string();
        assert!(error.contains(expected), "{to}: {error}");
    }
    let twice = FIXTURE.replacen("\"read_secret\"", "\"read_secret\",\n          \"read_secret\"", 1);
    assert!(parse(&twice).map(drop).unwrap_err().to_string().contains("twice"));
    let empty = write(&Lockfile {
        servers: [(name("own"), super::sample::local_pin())].into(),
    })
    .replacen("\"local\": {", "\"guard\": {},\n      \"local\": {", 1);
    assert!(parse(&empty).map(drop).unwrap_err().to_string().contains("says nothing"));
}

#[test]
fn entries_without_rules_keep_the_digests_they_had() {
    let mut lock = lockfile();
    lock.servers.remove(&name("quiet"));
    assert!(!write(&lock).contains("\"guard\""));
    assert_eq!(lock, super::sample::before_guard());
}
