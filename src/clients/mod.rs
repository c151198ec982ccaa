//! Floor 1: what AI clients' configuration files say about MCP servers, and edits of them that
//! touch nothing else.
//!
//! The attacks: an entry that was wrapped and quietly points past `mcp-pin run` again, a command
//! that a pulled commit swaps in a project's file, one name that means two things in two clients.
//! A file that cannot be read as its client reads it is said to be unread, never to be empty.
//!
//! Which files there are is a [table](CLIENTS) of data. [`read`] makes [entries](Entry) of a file's
//! text, [`understand()`] says what an entry would start. Neither keeps the value of a variable or of
//! a header: only its name.

pub mod edit;
mod entry;
mod places;
mod read;
mod rows;
mod shown;
mod table;
#[cfg(test)]
mod tests;
mod tree;
pub mod understand;
mod yaml;

pub use entry::{At, Entry, EntryScope, Header, Launch, RemoteEntry, Stdio, Step};
pub use places::{Bases, Os, Pattern};
pub use read::{ReadError, folders, read};
pub use rows::CLIENTS;
pub use shown::{address, command_line};
pub use table::{Base, Client, CommandShape, Container, Dialect, Format, Place, ScopeKind, client};
pub use understand::{Meaning, Wrapped, WrappedFrom, understand};
