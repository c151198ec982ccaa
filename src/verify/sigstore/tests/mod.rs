//! The folder's tests: real bundles, the conformance suite, forgeries.

mod bundles;
mod conformance;
mod edits;
mod forgeries;
mod form;
mod real;
mod roots;
