//! Floor 2: talking to MCP servers: the sandbox, the wire, and the probe that takes a surface.

pub mod launch;
pub mod oauth;
pub mod probe;
pub mod python;
pub mod relay;
pub mod runtime;
pub mod sandbox;

#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod hints;
pub mod http;
mod level;
mod link;
mod plan;
pub mod remote;
mod session;
mod taking;

#[cfg(test)]
mod probe_tests;
#[cfg(test)]
mod wall_tests;

pub use level::available;
pub use probe::{Launchable, ProbeError, ProbeLimits, ProbeOptions, Probed, probe};
pub use sandbox::SandboxLevel;
