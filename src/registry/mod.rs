//! Floor 2: what the registries say, and the bytes they hold; and where trust roots come from.

pub mod npm;
pub mod tuf;
