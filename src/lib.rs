//! mcp-pin: the package manager for MCP servers that never runs code nobody approved.
//!
//! # What flows through
//!
//! ```text
//! Source -> Resolution -> archives -> Verified -> Installed -> Surface
//! what the  exact closure, bytes we   proof       on disk,     raw definitions
//! user      digests        hold       token       launchable   and digests
//! asked     CLAIMED
//!
//! Pin    = what one lockfile entry holds
//! Drift  = the difference between a pin and what was found: facts, no judgement
//! Report = policy's judgement of a drift: findings with a grade and a fingerprint
//! ```
//!
//! Three promises are held by types rather than by care:
//!
//! 1. Nothing unverified runs. Only [`verify`] makes a [`verify::Verified`], only the [`store`]
//!    makes an [`store::Installed`] (from verified archives, or by comparing a tree with them), and
//!    [`mcp::launch`] needs one, and an approval by this user of exactly that entry.
//! 2. A launch is a locked package or a pinned local command: an enum, never an option.
//! 3. Offline is a value: the network is handed down, no flag is looked up in the depth.
//!
//! # The five floors
//!
//! A floor imports only lower ones; a test reads the imports. Floors 0 and 1 do no I/O, know no
//! clock and print nothing. Floors 2 and 3 never print. Floor 4 holds no HTTP, SQL or crypto.
//!
//! | floor | modules |
//! |---|---|
//! | 0 | [`model`] |
//! | 1 | [`lock`], [`manifest`], [`policy`], [`verify`], [`surface`], [`code`], [`diff`], [`guard`], [`clients`] |
//! | 2 | [`net`], [`registry`], [`store`], [`mcp`], [`history`], [`notify`], [`schedule`] |
//! | 3 | [`ops`], [`error`] |
//! | 4 | [`cli`], [`commands`], [`output`] |
//!
//! # Files on disk
//!
//! | file | what | read and written by |
//! |---|---|---|
//! | `mcp-pin.toml` | what the user wants | [`manifest`] |
//! | `mcp-pin.lock` | what is proposed to everybody | [`lock`] |
//! | `archives/ALGORITHM/DIGEST` | archives as downloaded, verified | [`store`] |
//! | `bundles/DIGEST` | attestations that prove who made an archive | [`store`] |
//! | `compiled/` | compiled Python, kept by a digest in `state.db` | [`store`] |
//! | `installs/ID/` | one server's tree, read-only | [`store`] |
//! | `trust/refreshed.json` | trust roots and registry keys as fetched, with their signatures | [`ops::trust`], [`registry::tuf`] |
//! | `state.db` | approvals, events, drift, alerts sent | [`history`] |
//! | `approved/` | the entry approved last, for each name and scope | [`ops::baseline`] |
//! | `scratch/`, `tmp/` | work in progress; swept | [`store`] |

pub mod cli;
pub mod clients;
pub mod code;
pub mod commands;
pub mod diff;
pub mod error;
pub mod guard;
pub mod history;
pub mod lock;
pub mod manifest;
pub mod mcp;
pub mod model;
pub mod net;
pub mod notify;
pub mod ops;
pub mod output;
pub mod policy;
pub mod registry;
pub mod schedule;
pub mod store;
pub mod surface;
pub mod verify;
