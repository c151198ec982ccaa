//! The folder's tests: real bundles, the conformance suite, forgeries.

mod bundles;
mod conformance;
mod real;
