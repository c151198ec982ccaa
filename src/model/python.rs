//! Python's side of a closure: what a package asks of the machine, and what a machine is.
//!
//! The attack: a lock whose markers or file names are read in one way by the reviewer and in
//! another by the machine, so that a package is left out or another wheel is taken. Whatever could
//! be read in two ways is an error here, never a guess.

mod entry;
mod facts;
mod marker;
mod name;
mod requirement;
mod tags;
mod target;
mod universe;
mod wheel;

pub use entry::EntryPoint;
pub use facts::{Libc, PythonFacts, PythonMarkers, PythonPlatform};
pub use marker::{Marker, MarkerError};
pub use name::{normal_extra, normal_name};
pub use requirement::{PythonRequirement, RequirementError};
pub use target::{PythonTarget, TargetError};
pub use universe::universe;
pub use wheel::{WheelName, is_source_distribution};

/// What a locked Python package says beside its name, version and wheels.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PythonTerms {
    /// Where it belongs (a PEP 508 marker, as the resolver gave it); `None`: everywhere.
    pub marker: Option<String>,
    /// `Requires-Dist` of its METADATA, in order, as written.
    pub requires: Vec<String>,
    /// `Requires-Python` of its METADATA, as written.
    pub requires_python: Option<String>,
    /// The user allowed a build: its one archive is a source distribution, and the wheel is built on
    /// each machine.
    pub built: bool,
}
