//! Floor 1: what AI clients' configuration files say about MCP servers, and edits of them that
//! touch nothing else.
//!
//! The attacks: an entry that was wrapped and quietly points past `mcp-pin run` again, a command
//! that a pulled commit swaps in a project's file, one name that means two things in two clients.
//! A file that cannot be read as its client reads it is said to be unread, never to be empty.
