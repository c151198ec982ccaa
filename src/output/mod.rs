//! Floor 4: how results look. Only [`printer`] and [`terminal`] touch standard output and standard
//! error; renderers write to the `dyn Write` they are given.
//!
//! Promise: whatever came from a server or a package is shown with control, bidi and invisible
//! characters as escapes, in every format; nothing a server says can drive a terminal, forge a
//! marker, or hide. A write error (a closed pipe among them) is the caller's to judge.

pub mod document;
pub mod edits;
pub mod error;
pub mod html;
pub mod json;
pub mod markdown;
pub mod outcome;
pub mod plain;
pub mod printer;
pub mod sarif;
pub mod terminal;

pub use plain::Style;
pub use printer::Printer;
pub use terminal::Terminal;
