//! What the guard says in a server's place: errors without a word of the server's.
//!
//! The attack: an error text that carries what was refused; clients hand errors to the model. So
//! every text here is our own, but for the entry's name and keys that are pinned.

use serde_json::json;

use super::frame::Id;
use crate::model::{ItemKind, ServerName};
use crate::surface::visible;

/// The question could not be read.
pub(super) const PARSE: i64 = -32_700;
/// The question is none.
pub(super) const INVALID: i64 = -32_600;
/// There is no such method, here.
pub(super) const NO_METHOD: i64 = -32_601;
/// There is no such thing.
pub(super) const UNKNOWN: i64 = -32_602;
/// The guard keeps it from passing. A code of the range that is free for implementations.
pub(super) const REFUSED: i64 = -32_050;

/// An error as a frame. The id as the peer wrote it.
pub(super) fn error(id: &Id, code: i64, message: &str) -> Vec<u8> {
    let error = json!({"code": code, "message": format!("mcp-pin: {message}")});
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{error}}}", id.raw()).into_bytes()
}

/// An answer as a frame; the result is JSON.
pub(super) fn with_result(id: &Id, result: &str) -> Vec<u8> {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{result}}}", id.raw()).into_bytes()
}

/// The connection is closed because of `what`.
pub(super) fn closed(server: &ServerName, what: &str) -> String {
    format!(
        "the connection to {server} is closed: {what} is not what was approved. Run `mcp-pin verify {server}` to see what \
         changed, and `mcp-pin approve {server}` only if it should be so"
    )
}

/// One definition differs.
pub(super) fn item(server: &ServerName, kind: ItemKind, key: &str) -> String {
    format!(
        "{} `{}` of {server} is not what was approved any more, so it cannot be used. Run `mcp-pin verify {server}` to see what \
         changed, and `mcp-pin approve {server}` only if it should be so",
        kind.noun(),
        short(key)
    )
}

/// Nothing of this name was approved. The name is not repeated: it may be a text of the server's.
pub(super) fn unknown(server: &ServerName, kind: ItemKind) -> String {
    format!("unknown {}: {server} has none of this name that was approved", kind.noun())
}

/// A pinned key, as a person reads it.
pub(super) fn short(key: &str) -> String {
    let text = visible(key);
    if text.chars().count() <= 120 {
        return text;
    }
    text.chars().take(120).chain("...".chars()).collect()
}
