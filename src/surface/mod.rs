//! Floor 1: the forms a surface is compared in, and shown in.
//!
//! Identity is the exact RFC 8785 form ([`canonical`]); grading looks at normalised forms; people
//! see [`visible`] text. Nothing here does I/O.

pub mod canonical;
pub mod visible;

pub use canonical::{canonical, digest};
pub use visible::visible;
