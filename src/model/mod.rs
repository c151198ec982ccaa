//! Floor 0: the nouns. No I/O, no clock, no async, no printing.
//!
//! Everything above speaks in these types. They are built so that the states that must not exist
//! cannot be written down: a name that would escape its folder does not parse, a digest that is
//! too weak to count does not parse, and a launch is either a locked package or a pinned local
//! command, never "maybe one".

pub mod archive;
pub mod closure;
pub mod code;
pub mod digest;
pub mod drift;
pub mod env;
pub mod evidence;
pub mod guard;
pub mod launch;
pub mod pin;
pub mod python;
pub mod remote;
pub mod report;
pub mod server;
pub mod surface;
pub mod told;

pub use archive::{ArchiveContents, ArchiveFile, WheelContents};
pub use closure::{Closure, ClosureError, InstallPath, LockedArchive, LockedPackage, NodeTerms, PackageName, Platform, Terms};
pub use digest::{DigestError, Integrity, Sha256Digest};
pub use drift::{Change, Drift};
pub use env::{EnvNameError, check_env_name};
pub use evidence::{Evidence, Identity, IdentityRule, Level, Provenance, RegistrySignature};
pub use guard::{GuardPin, GuardRules};
pub use launch::{CwdRule, Launch, LocalArg, LocalCommand, PinnedFile, Runtime};
pub use pin::{Pin, Pinned};
pub use python::PythonTerms;
pub use remote::{Authorization, HeaderError, HeaderRule, Remote, RemoteSettings, RemoteTransport, RemoteUrl, RemoteUrlError};
pub use report::{Detail, Finding, Fingerprint, Grade, GradeBudget, Part, Report};
pub use server::{ServerName, Source, SourceError};
pub use surface::{ClientProfile, Era, Item, ItemKind, Shape, Surface, View, Volatile};
pub use told::{PackageTold, Publisher, Told, VersionTold};
