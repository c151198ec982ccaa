//! A door for the fuzz targets into the reader of a server's output. Not built otherwise.

pub use super::session::hear;
