//! mcp-pin: the package manager for MCP servers that never runs code nobody approved.

pub mod cli;
pub mod commands;
pub mod diff;
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
pub mod store;
pub mod surface;
pub mod verify;
