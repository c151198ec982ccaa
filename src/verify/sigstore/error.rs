//! Why a trust root, a key or a bundle is refused.

/// Why a trust root or a key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RootError {
    /// The trust root: whoever wrote the file is at fault, or it is of a newer kind.
    #[error("the trust root cannot be used: {cause}")]
    Unusable {
        /// Why.
        cause: String,
    },
    /// The public key: whoever listed it is at fault, or it is of a newer kind.
    #[error("the public key cannot be used: {cause}")]
    Key {
        /// Why.
        cause: String,
    },
}

/// Why a bundle proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SigstoreError {
    /// The text is no bundle: whoever delivered it is at fault, and nothing is decided.
    #[error("it is no Sigstore bundle: {cause}")]
    Malformed {
        /// Why.
        cause: String,
    },
    /// A bundle of a kind this version does not know: nothing is decided.
    #[error("it is a bundle of a kind that this version does not know: {cause}")]
    Unsupported {
        /// Which.
        cause: String,
    },
    /// It is a bundle, and it does not hold: forged, swapped, or about something else. The text
    /// names the check that failed.
    #[error("{cause}")]
    Refused {
        /// Which check failed.
        cause: String,
    },
}

impl SigstoreError {
    pub(super) fn malformed(cause: impl Into<String>) -> Self {
        Self::Malformed { cause: cause.into() }
    }

    pub(super) fn unsupported(cause: impl Into<String>) -> Self {
        Self::Unsupported { cause: cause.into() }
    }

    pub(super) fn refused(cause: impl Into<String>) -> Self {
        Self::Refused { cause: cause.into() }
    }
}
