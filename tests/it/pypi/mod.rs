//! Python servers from an index on loopback, through the real binary: what issue 1 promises for
//! npm must hold for PyPI, and for what only Python has.

mod http;
mod index;
mod itself;
mod wheel;
mod zip;
