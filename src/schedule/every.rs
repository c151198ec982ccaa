//! How often.
//!
//! Only what every backend can say: cron has no "every seven hours". A value between is refused with
//! the ones beside it, rather than rounded to one that nobody asked for.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::ScheduleError;

const HOUR: u32 = 60;
const DAY: u32 = 24 * HOUR;
/// In minutes: what divides an hour, what divides a day, days of a month, a week.
const SAYABLE: [u32; 18] = [
    10,
    15,
    20,
    30,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    4 * HOUR,
    6 * HOUR,
    8 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    3 * DAY,
    4 * DAY,
    5 * DAY,
    6 * DAY,
    7 * DAY,
];

/// An interval that systemd, launchd and cron can all keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Every(u32);

/// What an interval is, in the largest unit that fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// So many minutes, which divide an hour.
    Minutes(u32),
    /// So many hours, which divide a day.
    Hours(u32),
    /// So many days, fewer than seven. Cron and systemd count them by the day of the month, and start
    /// anew on its first: the interval is at times shorter, never longer.
    Days(u32),
    /// A week.
    Week,
}

impl Every {
    /// What is used where nobody says anything: six hours.
    pub const DEFAULT: Self = Self(6 * HOUR);

    /// In the largest unit that fits.
    pub const fn unit(self) -> Unit {
        match self.0 {
            minutes if minutes < HOUR => Unit::Minutes(minutes),
            minutes if minutes < DAY => Unit::Hours(minutes / HOUR),
            minutes if minutes < 7 * DAY => Unit::Days(minutes / DAY),
            _ => Unit::Week,
        }
    }

    /// Its length.
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.0 as u64 * 60)
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> u64 {
        self.0 as u64 * 60
    }

    /// An interval of so many seconds, as it was recorded.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        let minutes = u32::try_from(seconds).ok().filter(|seconds| seconds % 60 == 0)? / 60;
        SAYABLE.contains(&minutes).then_some(Self(minutes))
    }

    /// How far starts on different machines are spread: a sixth, at most half an hour.
    pub const fn spread(self) -> Duration {
        let sixth = self.seconds() / 6;
        Duration::from_secs(if sixth < 1800 { sixth } else { 1800 })
    }
}

/// `30m`, `6h`, `1d`, `7d`.
impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            minutes if minutes % DAY == 0 => write!(f, "{}d", minutes / DAY),
            minutes if minutes % HOUR == 0 => write!(f, "{}h", minutes / HOUR),
            minutes => write!(f, "{minutes}m"),
        }
    }
}

/// `30m`, `6h`, `24h`, `1d`, `1w`.
impl FromStr for Every {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let unreadable = || ScheduleError::UnreadableInterval { text: text.to_owned() };
        let (digits, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(unreadable)?;
        let unit = match unit {
            "m" => 1,
            "h" => HOUR,
            "d" => DAY,
            "w" => 7 * DAY,
            _ => return Err(unreadable()),
        };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(unreadable());
        }
        let asked = digits
            .parse::<u32>()
            .ok()
            .and_then(|number| number.checked_mul(unit))
            .unwrap_or(u32::MAX);
        if SAYABLE.contains(&asked) {
            return Ok(Self(asked));
        }
        let below = SAYABLE.iter().rev().find(|&&minutes| minutes < asked).copied().map(Self);
        let above = SAYABLE.iter().find(|&&minutes| minutes > asked).copied().map(Self);
        let nearest: Vec<_> = below.into_iter().chain(above).map(|every| every.to_string()).collect();
        Err(ScheduleError::UnsayableInterval {
            text: text.to_owned(),
            nearest,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_backend_can_say_is_taken() {
        for (text, shown, unit) in [
            ("30m", "30m", Unit::Minutes(30)),
            ("6h", "6h", Unit::Hours(6)),
            ("24h", "1d", Unit::Days(1)),
            ("2d", "2d", Unit::Days(2)),
            ("1w", "7d", Unit::Week),
        ] {
            let every: Every = text.parse().unwrap();
            assert_eq!((every.to_string().as_str(), every.unit()), (shown, unit));
            assert_eq!(Every::from_seconds(i64::try_from(every.seconds()).unwrap()), Some(every));
        }
        assert_eq!(Every::DEFAULT, "6h".parse().unwrap());
    }

    #[test]
    fn anything_else_is_refused_with_the_nearest() {
        let said = |text: &str| text.parse::<Every>().unwrap_err();
        assert!(matches!(said("7h"), ScheduleError::UnsayableInterval { nearest, .. } if nearest == ["6h", "8h"]));
        assert!(matches!(said("1m"), ScheduleError::UnsayableInterval { nearest, .. } if nearest == ["10m"]));
        assert!(matches!(said("0h"), ScheduleError::UnsayableInterval { nearest, .. } if nearest == ["10m"]));
        assert!(matches!(said("99999999999w"), ScheduleError::UnsayableInterval { nearest, .. } if nearest == ["7d"]));
        for text in ["", "h", "6", "-6h", "+6h", "6 h", "6H", "6é", "é", "1.5h", "6h\n"] {
            assert!(matches!(said(text), ScheduleError::UnreadableInterval { .. }), "{text:?}");
        }
    }
}
