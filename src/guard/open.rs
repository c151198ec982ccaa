//! The requests that are open: the client's, and the guard's own.
//!
//! The attack: two requests under one id, so that an answer is judged as the answer to the wrong one. An
//! id has one request here. Few are open at a time, and the one that is answered is mostly among the
//! last: looking through them costs less than hashing an id, even for a client that opens thousands.

use super::frame::Id;
use super::session::Open;

/// Open requests by their ids.
#[derive(Debug, Default)]
pub(super) struct Requests(Vec<Open>);

impl Requests {
    fn find(&self, id: &Id) -> Option<usize> {
        self.0.iter().rposition(|open| open.id == *id)
    }

    pub(super) fn get(&self, id: &Id) -> Option<&Open> {
        self.find(id).map(|at| &self.0[at])
    }

    pub(super) fn get_mut(&mut self, id: &Id) -> Option<&mut Open> {
        self.find(id).map(|at| &mut self.0[at])
    }

    pub(super) fn remove(&mut self, id: &Id) -> Option<Open> {
        self.find(id).map(|at| self.0.swap_remove(at))
    }

    /// In the place of the one that has its id, where one has.
    pub(super) fn insert(&mut self, open: Open) {
        match self.find(&open.id) {
            Some(at) => self.0[at] = open,
            None => self.0.push(open),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Those that are open no more.
    pub(super) fn take_where(&mut self, is_over: impl Fn(&Open) -> bool) -> Vec<Open> {
        let (over, open) = std::mem::take(&mut self.0).into_iter().partition(is_over);
        self.0 = open;
        over
    }
}

#[cfg(test)]
mod tests {
    use super::super::rounds::About;
    use super::super::session::Asked;
    use super::*;

    fn open(id: i64, method: &str) -> Open {
        Open {
            id: Id::number(id),
            asked: Asked::Initialize(Some(method.to_owned())),
            cancelled: false,
            about: About::default(),
        }
    }

    fn asked(open: Option<&Open>) -> Option<&str> {
        match &open?.asked {
            Asked::Initialize(method) => method.as_deref(),
            _ => None,
        }
    }

    #[test]
    fn an_id_has_one_request() {
        let mut requests = Requests::default();
        for (id, method) in [(1, "a"), (2, "b"), (3, "c"), (1, "d")] {
            requests.insert(open(id, method));
        }
        assert_eq!(requests.len(), 3);
        assert_eq!(asked(requests.get(&Id::number(1))), Some("d"));
        requests.get_mut(&Id::number(2)).unwrap().cancelled = true;
        assert_eq!(asked(requests.remove(&Id::number(1)).as_ref()), Some("d"));
        assert!(requests.remove(&Id::number(1)).is_none());
        assert!(requests.get(&Id::number(2)).unwrap().cancelled);
        assert_eq!(asked(requests.get(&Id::number(3))), Some("c"));
        assert!(requests.get(&Id::text("3")).is_none());
        let over = requests.take_where(|open| open.cancelled);
        assert_eq!((over.len(), &over[0].id, requests.len()), (1, &Id::number(2), 1));
        assert_eq!(asked(requests.get(&Id::number(3))), Some("c"));
    }
}
