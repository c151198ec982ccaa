//! Staying awake for what is near: an answer in microseconds, or a client that calls at once again.
//!
//! A processor that falls asleep between a request and its answer takes longer to wake than all that the
//! guard does with two small frames (`benches/README.md`). So the thread that passed a request on keeps its
//! processor for a moment, and gives way at every turn to whoever wants it; and once more after the answer,
//! for the next request. Linux's `haltpoll` does the same for a virtual machine, where it is on; some turn
//! it off.
//!
//! # Limits
//! [`MOMENT`] at most, nothing where the client has sent more, and next to nothing where nothing is near: each
//! moment that was in vain makes twice as many requests go without, up to [`RARELY`]. A notification, which
//! has no answer, counts as a request.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// As long as the kernel's own default for the same (`guest_halt_poll_ns`).
const MOMENT: Duration = Duration::from_micros(200);
/// So many requests go without where answers are never near.
const RARELY: u32 = 64;

/// How many of the server's frames were dealt with.
#[derive(Debug, Default)]
pub(super) struct Answers(AtomicUsize);

impl Answers {
    pub(super) fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Release);
    }

    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

/// For one of the two.
#[derive(Debug, Default)]
pub(super) struct Vigil {
    /// So many requests go without from now on.
    without: u32,
    /// So many did after the last moment that was in vain.
    pause: u32,
}

impl Vigil {
    /// Stays awake until `there`, until there is `other` work, or until the moment is over. Says whether
    /// it was worth it.
    pub(super) fn keep(&mut self, there: impl Fn() -> bool, other: impl Fn() -> bool) -> bool {
        if self.without > 0 {
            self.without -= 1;
            return false;
        }
        let begun = Instant::now();
        while !there() {
            if other() {
                return false;
            }
            if begun.elapsed() >= MOMENT {
                self.pause = (self.pause * 2).clamp(1, RARELY);
                self.without = self.pause;
                return false;
            }
            std::thread::yield_now();
        }
        self.pause = 0;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Which of the requests were stayed awake for, where what comes takes so many looks.
    fn stayed(vigil: &mut Vigil, requests: usize, takes: Option<usize>) -> Vec<usize> {
        let stays = |vigil: &mut Vigil| {
            let looks = Cell::new(0);
            let there = || {
                looks.set(looks.get() + 1);
                takes.is_some_and(|takes| looks.get() > takes)
            };
            let worth = vigil.keep(there, || false);
            assert_eq!(worth, looks.get() > 0 && takes.is_some());
            looks.get() > 0
        };
        (0..requests).filter(|_| stays(vigil)).collect()
    }

    #[test]
    fn what_is_near_is_always_waited_for() {
        assert_eq!(stayed(&mut Vigil::default(), 5, Some(3)), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn what_is_not_near_is_waited_for_ever_less_and_never_given_up() {
        let mut vigil = Vigil::default();
        assert_eq!(stayed(&mut vigil, 300, None), [0, 2, 5, 10, 19, 36, 69, 134, 199, 264]);
        // 29 of 64 are left; then it is near again, and so is all that follows.
        assert_eq!(stayed(&mut vigil, 32, Some(3)), [29, 30, 31]);
    }

    #[test]
    fn nobody_waits_where_there_is_other_work() {
        let (mut vigil, looks) = (Vigil::default(), Cell::new(0));
        for _ in 0..9 {
            let there = || {
                looks.set(looks.get() + 1);
                false
            };
            assert!(!vigil.keep(there, || true));
        }
        assert_eq!((looks.get(), vigil.without, vigil.pause), (9, 0, 0));
    }
}
