//! The private Sigstore is right: what it signs is proved, what is wrong in it is refused.
