//! Which events of a connection become rows of the log.
//!
//! Promise: no decision goes unseen. What happens again is counted, and the count is written at ten times, at a
//! hundred and so on, and at the end; what has no room for a row is counted too, and the number written at the end.
//! Not promised: the last counts of a process that is killed.
//!
//! The attack: a server that does a million things that are worth a row, to fill the disk, or so that the one that
//! matters has no room any more. Each grade has room of its own, and so have decisions, which get a little more
//! with each minute: a server's questions are limited by the minute, so what is honest fits.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::guard::Event;
use crate::model::{Grade, GradeBudget};

/// How many different rows of one grade one connection may write, and how many about decisions in its first minute.
const ROWS: usize = 200;
/// How many more about decisions in each further minute.
const EACH_MINUTE: u64 = 10;
/// How many different rows are remembered, to count what happens again. Beyond that each decision is a row of its own.
const REMEMBERED: usize = 2_000;

/// A row to be written: what happened, and how often by now.
pub(super) type Row = (Event, u64);

/// What a connection wrote so far.
#[derive(Default)]
pub(super) struct Lines {
    seen: BTreeMap<String, Seen>,
    room: GradeBudget,
    decisions: u64,
    left_out: u64,
    decisions_left_out: u64,
}

struct Seen {
    /// Nothing where repetitions say nothing: drift is the same drift.
    event: Option<Event>,
    times: u64,
    /// The count that was written last.
    written: u64,
}

impl Lines {
    /// What is to be written of an event, `age` after the connection began.
    pub(super) fn take(&mut self, event: Event, age: Duration) -> Option<Row> {
        let (grade, key) = match &event {
            Event::Drift(finding) => (Some(finding.grade), finding.fingerprint.as_str()),
            Event::Refused { grade, what } | Event::Observed { grade, what } => (Some(*grade), what.as_str()),
            Event::Decision { what } => (None, what.as_str()),
        };
        if let Some(seen) = self.seen.get_mut(key) {
            seen.times = seen.times.saturating_add(1);
            if seen.event.is_none() || seen.times / 10 < seen.written {
                return None;
            }
            seen.written = seen.times;
            return Some((event, seen.times));
        }
        if !self.is_room(grade, age) {
            return None;
        }
        // What is no decision is bounded by its room, and must not use it up by being told again.
        if grade.is_some() || self.seen.len() < REMEMBERED {
            let kept = (!matches!(event, Event::Drift(_))).then(|| event.clone());
            let seen = Seen {
                event: kept,
                times: 1,
                written: 1,
            };
            self.seen.insert(key.to_owned(), seen);
        }
        Some((event, 1))
    }

    fn is_room(&mut self, grade: Option<Grade>, age: Duration) -> bool {
        let Some(grade) = grade else {
            let is_room = self.decisions < ROWS as u64 + age.as_secs() / 60 * EACH_MINUTE;
            self.decisions += u64::from(is_room);
            self.decisions_left_out += u64::from(!is_room);
            return is_room;
        };
        let is_room = self.room.take(grade, ROWS);
        self.left_out += u64::from(!is_room);
        is_room
    }

    /// What is to be written when the connection has ended: counts that were not written yet, and how much had no room.
    pub(super) fn rest(&mut self) -> Vec<Row> {
        let seen = std::mem::take(&mut self.seen).into_values();
        let counted = seen.filter(|seen| seen.times != seen.written);
        let mut rest: Vec<Row> = counted.filter_map(|seen| Some((seen.event?, seen.times))).collect();
        if self.decisions_left_out > 0 {
            let what = format!("{} more decisions of this connection were left out", self.decisions_left_out);
            rest.push((Event::Decision { what }, 1));
        }
        if self.left_out > 0 {
            let what = format!("{} more lines of this connection were left out", self.left_out);
            let grade = Grade::Warning;
            rest.push((Event::Refused { grade, what }, 1));
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decision(what: &str) -> Event {
        Event::Decision { what: what.into() }
    }

    fn refused(what: &str) -> Event {
        let grade = Grade::Notice;
        Event::Refused { grade, what: what.into() }
    }

    const NOW: Duration = Duration::ZERO;

    /// The counts that are written of so many times the same.
    fn counts(times: usize, event: &Event) -> Vec<u64> {
        let mut lines = Lines::default();
        let mut rows: Vec<Row> = (0..times).filter_map(|_| lines.take(event.clone(), NOW)).collect();
        rows.append(&mut lines.rest());
        assert!(rows.iter().all(|(written, _)| written == event));
        rows.into_iter().map(|(_, times)| times).collect()
    }

    #[test]
    fn what_happens_again_is_counted_and_the_last_count_is_the_whole() {
        for event in [decision("roots/list: given"), refused("call of a tool that is not pinned")] {
            assert_eq!(counts(1, &event), [1]);
            assert_eq!(counts(2, &event), [1, 2]);
            assert_eq!(counts(10, &event), [1, 10]);
            assert_eq!(counts(1_234, &event), [1, 10, 100, 1_000, 1_234]);
        }
    }

    #[test]
    fn decisions_have_room_of_their_own_that_grows_and_what_has_none_is_said() {
        let mut lines = Lines::default();
        let mut written = |count: usize, age| {
            let events = (0..count).map(|number| decision(&format!("{number} {age:?}")));
            events.filter_map(|event| lines.take(event, age)).count()
        };
        assert_eq!(written(250, NOW), 200);
        assert_eq!(written(1, Duration::from_secs(59)), 0);
        assert_eq!(written(30, Duration::from_mins(2)), 20);
        assert!(lines.take(refused("x"), NOW).is_some());
        assert_eq!(lines.rest(), [(decision("61 more decisions of this connection were left out"), 1)]);
    }

    #[test]
    fn what_is_no_decision_does_not_grow() {
        let mut lines = Lines::default();
        let events = (0..300).map(|number| refused(&number.to_string()));
        assert_eq!(events.filter_map(|event| lines.take(event, Duration::from_hours(1))).count(), 200);
        let [(Event::Refused { what, .. }, 1)] = &lines.rest()[..] else {
            panic!()
        };
        assert_eq!(what, "100 more lines of this connection were left out");
    }

    #[test]
    fn memory_has_an_end_and_nothing_is_lost_by_it() {
        let mut lines = Lines::default();
        let long = Duration::from_hours(24);
        let written = |lines: &mut Lines| {
            (0..2_500)
                .filter_map(|number| lines.take(decision(&number.to_string()), long))
                .count()
        };
        assert_eq!(written(&mut lines), 2_500);
        assert_eq!(lines.seen.len(), REMEMBERED);
        // Those that are not remembered are written again.
        assert_eq!(written(&mut lines), 500);
        // What is no decision still is.
        let again = (0..300).filter_map(|_| lines.take(refused("x"), long));
        assert_eq!(again.map(|(_, times)| times).collect::<Vec<_>>(), [1, 10, 100]);
        assert_eq!(lines.rest().len(), REMEMBERED + 1);
    }
}
