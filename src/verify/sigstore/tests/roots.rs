//! Trust roots.
