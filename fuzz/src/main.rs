//! Fuzz targets for everything in `mcp_pin` that reads bytes others wrote.
//!
//! One program for all targets, so that the library is linked once: `MCP_PIN_FUZZ_TARGET` names
//! the target (`list` prints them all). `fuzz/run` builds and runs it.
//!
//! A target does not only wait for a panic: each states what must hold of whatever was read.
#![no_main]

mod targets;

use std::io::Write as _;
use std::sync::OnceLock;

use targets::{TARGETS, Target};

static TARGET: OnceLock<Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(init: choose(), |data: &[u8]| {
    if let Some(target) = TARGET.get() {
        target(data);
    }
});

/// Ends the program where the name is not a target's: a run that tries nothing must not pass.
fn choose() {
    #[expect(clippy::disallowed_methods, reason = "the engine owns the arguments")]
    let name = std::env::var("MCP_PIN_FUZZ_TARGET").unwrap_or_default();
    if let Some((_, target)) = TARGETS.iter().find(|(known, _)| *known == name) {
        TARGET.get_or_init(|| *target);
        return;
    }
    let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    writeln!(std::io::stdout(), "{}", names.join("\n")).ok();
    #[expect(clippy::disallowed_methods, reason = "before anything was done")]
    std::process::exit(if name == "list" { 0 } else { 2 });
}
