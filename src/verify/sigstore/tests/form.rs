//! The form of a bundle.
