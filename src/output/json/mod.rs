//! Reports for programs: versioned forms, described by a JSON Schema.
//!
//! The text is lossless, and safe to look at: invisible, bidi and control characters stand as
//! `\u` escapes, which every JSON reader turns back.

pub mod doctor;
pub mod schedule;
pub mod v1;

use std::fmt::Write as _;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::surface::visible::is_invisible;

/// The JSON Schema of the newest report form.
pub fn schema() -> Value {
    schemars::schema_for!(v1::Report).to_value()
}

/// The JSON Schema of a check-up.
pub fn doctor_schema() -> Value {
    schemars::schema_for!(doctor::Checkup).to_value()
}

/// The JSON Schema of what `schedule status` says.
pub fn schedule_schema() -> Value {
    schemars::schema_for!(schedule::Status).to_value()
}

/// Writes a value, indented, with a newline at its end: see the module for what it escapes.
pub(super) fn write(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    safe(out, &text)
}

/// Writes a value as one line: JSON Lines.
pub fn line(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    let text = serde_json::to_string(value).map_err(io::Error::other)?;
    safe(out, &text)
}

fn safe(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        // Newlines are the indentation's own: inside strings they are escaped already.
        if is_invisible(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(safe, "\\u{unit:04x}").map_err(io::Error::other)?;
            }
        } else {
            safe.push(c);
        }
    }
    writeln!(out, "{safe}")
}
