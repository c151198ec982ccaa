//! What a server asks of its client: completions (sampling), forms and addresses (elicitation), roots.
//!
//! The attacks: a server that spends the user's tokens, reads the conversation, asks for a password in
//! a form, or sends the user to a page of its own. Denied unless the user's configuration permits it.
