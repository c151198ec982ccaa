//! What the guard says in a server's place: errors without a word of the server's.
//!
//! The attack: an error text that carries what was refused; clients hand errors to the model. So
//! every text here is our own, but for the entry's name and keys that are pinned. Beside the text, and as
//! data alone, a client is told which uri of its own nobody knows: the protocol has it so.

use super::Setup;
use super::frame::Id;
use crate::model::ItemKind;
use crate::surface::visible;

/// The question could not be read.
pub(super) const PARSE: i64 = -32_700;
/// The question is none.
pub(super) const INVALID: i64 = -32_600;
/// There is no such method, here.
pub(super) const NO_METHOD: i64 = -32_601;
/// There is no such thing.
pub(super) const UNKNOWN: i64 = -32_602;
/// There is no such resource, in versions before 2026-07-28 (since then it is [`UNKNOWN`], SEP-2164).
pub(super) const NO_RESOURCE: i64 = -32_002;

/// The longest uri that is said again, in bytes of JSON.
const LONGEST_URI: usize = 8 * 1024;
/// The guard keeps it from passing. A code of the range that is free for implementations.
pub(super) const REFUSED: i64 = -32_050;

/// An error as a frame. The id as the peer wrote it.
pub(super) fn error(id: &Id, code: i64, message: &str) -> Vec<u8> {
    error_about(id, code, message, None)
}

/// An error as a frame; `uri`, which is JSON, is what the client asked for. It gets back what it said itself,
/// in its own spelling, and by it knows which of its requests found nothing. One of a length that no address
/// has is left out.
pub(super) fn error_about(id: &Id, code: i64, message: &str, uri: Option<&str>) -> Vec<u8> {
    let message = serde_json::Value::from(format!("mcp-pin: {message}"));
    let uri = uri.filter(|uri| uri.len() <= LONGEST_URI);
    let data = uri.map(|uri| format!(",\"data\":{{\"uri\":{uri}}}")).unwrap_or_default();
    let error = format!("{{\"code\":{code},\"message\":{message}{data}}}");
    with_error(id, &error)
}

/// An error of the server's as a frame, which is JSON.
pub(super) fn with_error(id: &Id, error: &str) -> Vec<u8> {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"error\":{error}}}", id.raw()).into_bytes()
}

/// An answer as a frame; the result is JSON.
pub(super) fn with_result(id: &Id, result: &str) -> Vec<u8> {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{},\"result\":{result}}}", id.raw()).into_bytes()
}

/// The connection is closed because of `what`.
pub(super) fn closed(setup: &Setup, what: &str) -> String {
    let server = &setup.server;
    format!(
        "the connection to {server} is closed: {what} is not what was approved. {}",
        look(setup)
    )
}

/// One definition differs.
pub(super) fn item(setup: &Setup, kind: ItemKind, key: &str) -> String {
    format!(
        "{} `{}` of {} is not what was approved any more, so it cannot be used. {}",
        kind.noun(),
        short(key),
        setup.server,
        look(setup)
    )
}

/// Nothing of this name was approved. The name is not repeated: it may be a text of the server's.
pub(super) fn unknown(setup: &Setup, kind: ItemKind) -> String {
    let server = &setup.server;
    format!(
        "unknown {}: {server} has none of this name that was approved; `{}` shows what was",
        kind.noun(),
        command(setup, "show")
    )
}

/// A method that no protocol knows: what it answers would pass unread.
pub(super) fn no_method(setup: &Setup, method: &str) -> String {
    format!(
        "the method `{}` is none of the protocol's, and what it answers could not be compared with what was approved. Your own \
         mcp-pin.toml can let it pass unread: `methods` in `[guard.{}]`",
        short(method),
        setup.server
    )
}

/// The list of what was to be used could not be compared with the pin.
pub(super) fn unread_list(setup: &Setup, kind: ItemKind, why: &str) -> String {
    let server = &setup.server;
    format!(
        "the {}s of {server} could not be compared with what was approved, so none can be used: {why}. Try again, or run `{}`",
        kind.noun(),
        command(setup, "verify")
    )
}

/// An answer that readers read differently.
pub(super) fn unreadable(setup: &Setup) -> String {
    let server = &setup.server;
    format!(
        "the answer of {server} cannot be read safely, and was left out. `{}` says why",
        command(setup, "log")
    )
}

fn look(setup: &Setup) -> String {
    format!(
        "Run `{}` to see what changed, and `{}` only if it should be so",
        command(setup, "verify"),
        command(setup, "approve")
    )
}

/// A command about the server, for its scope.
fn command(setup: &Setup, word: &str) -> String {
    let flag = if setup.global { " --global" } else { "" };
    format!("mcp-pin {word}{flag} {}", setup.server)
}

/// A pinned key, as a person reads it.
pub(super) fn short(key: &str) -> String {
    let text = visible(key);
    if text.chars().count() <= 120 {
        return text;
    }
    text.chars().take(120).chain("...".chars()).collect()
}
