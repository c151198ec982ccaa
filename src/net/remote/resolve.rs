//! Names are resolved by the system, and what comes out is judged before anything connects to it.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::net::address::{AddressKind, kind_of};

/// Hosts that were asked for.
pub(super) type Names = Arc<Mutex<BTreeSet<String>>>;

/// How far a client reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Public,
    Private,
    ThisMachine,
}

impl Reach {
    pub(super) fn covers(self, kind: AddressKind) -> bool {
        match self {
            Self::Public => kind == AddressKind::Public,
            Self::Private => kind.can_be_permitted(),
            Self::ThisMachine => kind == AddressKind::Loopback,
        }
    }
}

/// All that a name resolves to is out of reach.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the name resolves to {address}, a {} address", kind.as_str())]
pub(super) struct OutOfReach {
    pub(super) address: IpAddr,
    pub(super) kind: AddressKind,
}

pub(super) struct Judge {
    reach: Reach,
    names: Names,
}

impl Judge {
    pub(super) const fn new(reach: Reach, names: Names) -> Self {
        Self { reach, names }
    }
}

impl Resolve for Judge {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_ascii_lowercase();
        let asked = self.names.lock().unwrap_or_else(PoisonError::into_inner).contains(&host);
        let reach = self.reach;
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            // A name that nobody asked for is the proxy's own.
            let kept = if asked { within(reach, found)? } else { found };
            Ok(Box::new(kept.into_iter()) as Addrs)
        })
    }
}

/// The addresses within reach; an error where that leaves none.
pub(super) fn within(reach: Reach, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, OutOfReach> {
    let judged = |address: &SocketAddr| kind_of(address.ip());
    let refused = found
        .iter()
        .find(|address| !reach.covers(judged(address)))
        .map(|address| OutOfReach {
            address: address.ip(),
            kind: judged(address),
        });
    let kept: Vec<_> = found.into_iter().filter(|address| reach.covers(judged(address))).collect();
    match refused {
        Some(refused) if kept.is_empty() => Err(refused),
        _ => Ok(kept),
    }
}
