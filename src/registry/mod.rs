//! Floor 2: what the registries say, and the bytes they hold.

pub mod npm;
