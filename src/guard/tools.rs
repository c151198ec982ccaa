//! Which tools may be called, with what, and which need a yes.
