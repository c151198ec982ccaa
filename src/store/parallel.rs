//! Working on many packages on all cores.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// More workers than this gain nothing and hold an archive each in memory.
const MOST_WORKERS: usize = 8;

/// Runs `work` on every item, in the order given, several at a time; gives the results in any order.
/// Put the largest first. The first error ends the work.
pub(super) fn each<T: Sync, R: Send, E: Send>(items: &[T], work: impl Fn(&T) -> Result<R, E> + Sync) -> Result<Vec<R>, E> {
    let workers = std::thread::available_parallelism()
        .map_or(1, NonZero::get)
        .min(MOST_WORKERS)
        .min(items.len());
    let next = AtomicUsize::new(0);
    let failed: Mutex<Option<E>> = Mutex::new(None);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let worker = || {
        let mut mine = Vec::new();
        while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
            match work(item) {
                Ok(result) => mine.push(result),
                Err(error) => {
                    next.store(items.len(), Ordering::Relaxed);
                    held(&failed).get_or_insert(error);
                    break;
                }
            }
        }
        held(&results).append(&mut mine);
    };
    std::thread::scope(|scope| {
        for _ in 1..workers {
            scope.spawn(worker);
        }
        worker();
    });
    match held(&failed).take() {
        Some(error) => Err(error),
        None => Ok(std::mem::take(&mut *held(&results))),
    }
}

/// A poisoned lock means that another worker panicked, which ends the scope with that panic anyway.
fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once() {
        let items: Vec<u32> = (0..1000).collect();
        let mut results = each(&items, |&item| Ok::<_, ()>(item)).unwrap();
        results.sort_unstable();
        assert_eq!(results, items);
        assert_eq!(each(&[] as &[u32], |_| Ok::<_, ()>(())), Ok(vec![]));
    }

    #[test]
    fn an_error_is_never_lost() {
        let items: Vec<u32> = (0..1000).collect();
        assert_eq!(each(&items, |&item| if item == 999 { Err("last") } else { Ok(()) }), Err("last"));
    }
}
