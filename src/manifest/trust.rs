//! `[trust]`: what signatures are proved against, and who may choose that.
//!
//! The attack: a clone that brings its own trust root along, under which its own signatures hold.
//! Only the user's and the system's file can say anything here, and the system wins.

use std::path::PathBuf;

/// `[trust]`: what signatures are proved against, where it is not what is built in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrustSettings {
    /// A `trusted_root.json` of a private Sigstore, which takes the place of the public-good one.
    /// Absolute.
    pub trusted_root: Option<PathBuf>,
    /// The keys of a private npm registry, beside those that are built in. Absolute.
    pub registry_keys: Option<PathBuf>,
    /// A TUF repository other than the public-good one, for `trust refresh`.
    pub tuf: Option<TufSettings>,
}

/// A TUF repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TufSettings {
    /// Its address.
    pub url: String,
    /// The file of the root role that is trusted at first. Absolute.
    pub root: PathBuf,
}

impl TrustSettings {
    /// The settings in force: member by member the system's, else the user's. A project's manifest
    /// has none.
    #[must_use]
    pub fn effective(system: Option<&Self>, user: Option<&Self>) -> Self {
        fn first<T: Clone>(
            system: Option<&TrustSettings>,
            user: Option<&TrustSettings>,
            of: fn(&TrustSettings) -> Option<&T>,
        ) -> Option<T> {
            [system, user].into_iter().flatten().find_map(of).cloned()
        }
        Self {
            trusted_root: first(system, user, |settings| settings.trusted_root.as_ref()),
            registry_keys: first(system, user, |settings| settings.registry_keys.as_ref()),
            tuf: first(system, user, |settings| settings.tuf.as_ref()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_wins_member_by_member() {
        let settings = |root: Option<&str>, keys: Option<&str>| TrustSettings {
            trusted_root: root.map(PathBuf::from),
            registry_keys: keys.map(PathBuf::from),
            tuf: None,
        };
        let (system, user) = (settings(Some("/s/root"), None), settings(Some("/u/root"), Some("/u/keys")));
        assert_eq!(
            TrustSettings::effective(Some(&system), Some(&user)),
            settings(Some("/s/root"), Some("/u/keys"))
        );
        assert_eq!(TrustSettings::effective(None, Some(&user)), user);
        assert_eq!(TrustSettings::effective(None, None), TrustSettings::default());
    }
}
