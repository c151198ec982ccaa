//! Floor 3: every major operation, one file each. Operations ask through [`Interact`] and never
//! print; what they come to is an [`Outcome`] or an [`Error`](crate::error::Error).

pub mod approve;
pub mod archive;
pub mod baseline;
pub mod candidate;
pub mod checks;
pub mod code;
pub mod compare;
pub mod consent;
pub mod context;
pub mod dates;
pub mod ecosystem;
pub mod evidence;
pub mod handover;
pub mod install;
pub mod interact;
pub mod introduce;
pub mod issuers;
pub mod local;
pub mod log;
pub mod login;
pub mod notices;
pub mod outcome;
pub mod outdated;
pub mod probe;
pub mod prune;
pub mod queries;
pub mod remove;
pub mod review;
pub mod rollback;
pub mod run;
pub mod schedule;
pub mod scope;
pub mod settle;
pub mod sightings;
pub mod sync;
pub mod tokens;
pub mod tools;
pub mod trust;
pub mod update;
pub mod verify;
pub mod why;

pub use consent::Consent;
pub use context::{Context, Environment};
pub use interact::{Answer, Interact, Passage, Progress, Stage, Step};
pub use outcome::{Action, Outcome, ServerLine};
