//! The log: what happened, whether it still says what was written, and how long it is kept.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use crate::error::Error;
use crate::history::{Accepted, Event, EventFilter, Head, LogCheck, Plan};
use crate::model::Fingerprint;
use crate::ops::alerts::{self, Alerts};
use crate::ops::consent::NoConsent;
use crate::ops::{Context, Interact, queries};

/// A moment on the command line: a date (`2026-11-01`, its beginning in UTC), an instant
/// (`2026-11-01T08:00:00Z`), or how long ago (`30m`, `12h`, `7d`, `2w`).
///
/// # Errors
/// A sentence that says what it can be.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, String> {
    let wrong = || format!("`{text}` is no date (2026-11-01), instant (2026-11-01T08:00:00Z) or time ago (30m, 12h, 7d, 2w)");
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    if let Ok(date) = text.parse::<Date>()
        && let Ok(start) = date.to_zoned(TimeZone::UTC)
    {
        return Ok(start.timestamp());
    }
    let ago = ago(text).ok_or_else(wrong)?;
    now.checked_sub(ago).map_err(|_| wrong())
}

fn ago(text: &str) -> Option<SignedDuration> {
    let (at, _) = text.char_indices().next_back()?;
    let (digits, unit) = text.split_at(at);
    let minutes = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        "w" => 7 * 24 * 60,
        _ => return None,
    };
    let digits = Some(digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    let minutes = digits.parse::<i64>().ok()?.checked_mul(minutes)?;
    // Ten thousand years: below what the clock holds.
    (minutes <= 10_000 * 366 * 24 * 60).then(|| SignedDuration::from_mins(minutes))
}

/// The events that fit, the oldest first, and whether earlier ones were left out for the limit.
///
/// # Errors
/// The history cannot be read.
pub fn events(context: &Context, filter: &EventFilter) -> Result<(Vec<Event>, bool), Error> {
    let one_more = EventFilter {
        limit: filter.limit.map(|limit| limit.saturating_add(1)),
        ..filter.clone()
    };
    let mut events = queries::open_history(context)?.events(&one_more)?;
    let limit = filter
        .limit
        .map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let more = events.len() > limit;
    events.truncate(limit);
    events.reverse();
    Ok((events, more))
}

/// Checks the chain, and the approvals against it.
///
/// # Errors
/// The history cannot be read, or retention removed the row that was noted.
pub fn verify(context: &Context, noted: Option<&Head>) -> Result<LogCheck, Error> {
    let check = queries::open_history(context)?.verify_log(noted)?;
    if let Some(noted) = noted.filter(|noted| noted.count > 0 && noted.count < check.pruned) {
        // Not there is not the same.
        return Err(Error::NotPossible {
            what: format!("compare with row {}: `mcp-pin log prune` removed it", noted.count),
            hint: Some("note a newer head with `mcp-pin log head`; without `--expect`, the rows that are left are checked".into()),
        });
    }
    Ok(check)
}

/// The last row's number and hash, to note elsewhere; `keep` notes it anew beside the database.
///
/// # Errors
/// The history cannot be read, or the head not be written.
pub fn head(context: &Context, keep: bool) -> Result<Head, Error> {
    let history = queries::open_history(context)?;
    Ok(if keep {
        history.keep_head(context.now())?
    } else {
        history.log_head()?
    })
}

/// Goes on with a log that is broken, exactly as `seen` says: a person says so at a terminal, or names the
/// break's fingerprint, and that without a terminal only where the user's own configuration allows it.
/// `None`: the person said no. The channels of alerts hear of it.
///
/// # Errors
/// Nobody can be asked, another fingerprint was named, the log changed meanwhile, or it cannot be written.
pub async fn accept_break(
    context: &Context,
    seen: &LogCheck,
    named: Option<&Fingerprint>,
    person: &dyn Interact,
) -> Result<Option<Accepted>, Error> {
    let refused = |what: &str, hint: String| Error::NotPossible {
        what: format!("go on with this log: {what}"),
        hint: Some(hint),
    };
    let print = &seen.fingerprint;
    let again =
        format!("review what is wrong, then run `mcp-pin log verify --accept-break` at a terminal, or with `--accept-break={print}`");
    match named {
        Some(named) if named != print => return Err(refused("something else is wrong than was named", again)),
        Some(_) if !person.can_ask() && !queries::reading(context, person)?.policy.accept_without_terminal => {
            let hint = NoConsent::no_terminal_hint();
            return Err(refused("there is no terminal", hint.to_owned()));
        }
        None if !person.can_ask() => return Err(refused("nobody can be asked here", again)),
        None if !person.confirm("Do you know why, and go on with this log?", &[]) => return Ok(None),
        Some(_) | None => {}
    }
    let history = queries::open_history(context)?;
    let accepted = history.accept_break(print, context.now())?;
    let alerts = Alerts::or_desktop(context);
    alerts.broke(&history, &seen.problems, print)?;
    for failed in alerts.deliver(&history, alerts::CHECK).await? {
        for line in failed.lines().iter().filter(|_| !failed.desktop) {
            person.warn(line);
        }
    }
    Ok(Some(accepted))
}

/// Plans a retention, and removes what it says where `execute`.
///
/// # Errors
/// The history cannot be read or written, or the log does not hold together: nothing is removed.
pub fn prune(context: &Context, older_than: Timestamp, execute: bool) -> Result<Plan, Error> {
    let history = queries::open_history(context)?;
    let plan = history.plan_retention(older_than)?;
    if execute && plan.rows > 0 {
        history.execute_retention(&plan, older_than, context.now())?;
    }
    Ok(plan)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_dates_instants_and_times_ago() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01T08:30:00Z", "2026-11-01T08:30:00Z"),
            ("2026-11-01T08:30:00+02:00", "2026-11-01T06:30:00Z"),
            ("30m", "2026-11-23T11:30:00Z"),
            ("12h", "2026-11-23T00:00:00Z"),
            ("7d", "2026-11-16T12:00:00Z"),
            ("2w", "2026-11-09T12:00:00Z"),
        ] {
            assert_eq!(moment(text, now).map(|found| found.to_string()).as_deref(), Ok(expected), "{text}");
        }
        for bad in [
            "",
            "d",
            "7",
            "-7d",
            "7y",
            "7.5d",
            "yesterday",
            "2026-13-01",
            "99999999999999999d",
            "7é",
            "١d",
        ] {
            assert!(moment(bad, now).is_err(), "{bad}");
        }
    }
}
