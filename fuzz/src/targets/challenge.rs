//! The `WWW-Authenticate` header of a remote server.

use mcp_pin::mcp::oauth::bearer;

/// Whatever is read has scopes that can be asked for again, and says the same when it is said anew.
pub(crate) fn challenge(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let Some(read) = bearer(text) else { return };
    assert!(
        read.scopes
            .iter()
            .all(|scope| !scope.is_empty() && !scope.contains([' ', '"', '\\']))
    );
    let scopes = read.scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let again = bearer(&format!("Bearer scope=\"{scopes}\"")).map(|again| again.scopes);
    assert!(scopes.len() > 8_000 || again == Some(read.scopes));
}
