//! Floor 1: the forms a surface is compared in, and shown in.
//!
//! Identity is the exact RFC 8785 form ([`canonical()`]); grading looks at normalised forms; people
//! see [`visible()`] text. Nothing here does I/O.

pub mod canonical;
pub mod line;
pub mod normal;
pub mod number;
pub mod strict;
pub mod take;
pub mod visible;
pub mod volatile;

pub use canonical::{canonical, digest};
pub use normal::normal;
pub use visible::visible;
