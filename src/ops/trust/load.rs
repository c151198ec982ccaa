//! Loading the trust root and the registry's keys.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{MAX_FILE, read, stored_path};
use crate::error::Error;
use crate::manifest::TrustSettings;
use crate::model::Sha256Digest;
use crate::ops::{Context, scope};
use crate::registry::tuf::{self, Refreshed, Stored, TufError};
use crate::verify::attest::{KeySet, Trust};
use crate::verify::sigstore::{EMBEDDED_DATE, Root};

/// Clocks of one network differ by less than this.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_hours(24);

/// What everything is proved against, and where it comes from.
#[derive(Clone)]
pub struct Loaded {
    /// The root and the keys.
    pub trust: Trust,
    /// Where the root comes from.
    pub root: Part,
    /// Where the keys come from: the registry's own, and those of a private one.
    pub keys: Vec<Part>,
}

impl Loaded {
    /// What signatures are proved against, in one line.
    pub fn told(&self, now: Timestamp) -> String {
        let root = &self.root;
        let age = match root.origin.age_days(now) {
            None => String::new(),
            Some(1) => ", 1 day old".to_owned(),
            Some(days) => format!(", {days} days old"),
        };
        format!("the trust root {}{age}", root.origin)
    }
}

/// One part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Where it comes from.
    pub origin: Origin,
    /// The SHA-256 of its text.
    pub digest: Sha256Digest,
}

/// Where a part comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `--trusted-root FILE`.
    Option(PathBuf),
    /// A file that the user's or the system's manifest names.
    Configured(PathBuf),
    /// Fetched by `trust refresh`.
    Refreshed {
        /// From where.
        url: String,
        /// When.
        at: Timestamp,
    },
    /// Built into this program.
    BuiltIn {
        /// As of when, where that is known.
        dated: Option<Date>,
    },
}

impl Origin {
    /// How old it is, in whole days; `None` where only its owner knows.
    pub fn age_days(&self, now: Timestamp) -> Option<i64> {
        let since = match self {
            Self::Option(_) | Self::Configured(_) => return None,
            Self::Refreshed { at, .. } => *at,
            Self::BuiltIn { dated } => start_of((*dated)?)?,
        };
        Some((now.duration_since(since).as_hours() / 24).max(0))
    }

    /// Its short name, for programs.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Option(_) => "option",
            Self::Configured(_) => "configured",
            Self::Refreshed { .. } => "refreshed",
            Self::BuiltIn { .. } => "built-in",
        }
    }
}

/// In words, without the age.
impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Option(path) => write!(f, "--trusted-root {}", path.display()),
            Self::Configured(path) => write!(f, "{}, as configured", path.display()),
            Self::Refreshed { url, at } => write!(f, "refreshed from {url} at {at:.0}"),
            Self::BuiltIn { dated: Some(dated) } => write!(f, "built in, of {dated}"),
            Self::BuiltIn { dated: None } => write!(f, "built in"),
        }
    }
}

fn start_of(date: Date) -> Option<Timestamp> {
    date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// Loads what signatures are proved against, outside any scope.
///
/// # Errors
/// As [`load`]; or the user's or the system's manifest cannot be read.
pub fn loaded(context: &Context) -> Result<Loaded, Error> {
    load(context, &scope::trust_settings(context)?)
}

/// Loads what signatures are proved against. The root is that of `--trusted-root`, else the
/// configured file, else the newer of the refreshed and the built-in one; the keys are the
/// refreshed or the built-in ones, with those of the configured file beside them.
///
/// # Errors
/// A file that is missing or cannot be used; a stored set that is not the one that was fetched; a
/// configured repository from which nothing was fetched yet. Nothing is passed over for a source
/// of lower rank.
pub fn load(context: &Context, settings: &TrustSettings) -> Result<Loaded, Error> {
    let stored = usable(context, settings)?;
    let refreshed = stored.as_ref().map(|(stored, refreshed)| {
        let origin = Origin::Refreshed {
            url: stored.url.clone(),
            at: stored.refreshed,
        };
        (origin, refreshed)
    });
    let (root, origin) = root(context, settings, refreshed.as_ref())?;
    let (keys, parts) = keys(settings, refreshed.as_ref())?;
    Ok(Loaded {
        root: Part {
            origin,
            digest: root.digest(),
        },
        keys: parts,
        trust: Trust { root, keys },
    })
}

fn root(context: &Context, settings: &TrustSettings, refreshed: Option<&(Origin, &Refreshed)>) -> Result<(Root, Origin), Error> {
    let file = |path: &PathBuf, origin: fn(PathBuf) -> Origin| Ok((read_root(path)?, origin(path.clone())));
    if let Some(path) = &context.trusted_root {
        return file(path, Origin::Option);
    }
    if let Some(path) = &settings.trusted_root {
        return file(path, Origin::Configured);
    }
    if let Some((origin, set)) = refreshed {
        let place = || format!("the trust root in {}", stored_path(context).display());
        return Ok((parse_root(set.trusted_root(), place)?, origin.clone()));
    }
    if let Some(tuf) = &settings.tuf {
        return Err(Error::TrustNeverFetched { url: tuf.url.clone() });
    }
    let root = Root::public_good().map_err(|source| Error::TrustRoot {
        place: "the built-in trust root".to_owned(),
        source,
    })?;
    Ok((
        root,
        Origin::BuiltIn {
            dated: Some(EMBEDDED_DATE),
        },
    ))
}

fn read_root(path: &Path) -> Result<Root, Error> {
    parse_root(&read(path, MAX_FILE)?, || path.display().to_string())
}

/// Reads a root; `place` names it in the error.
pub(super) fn parse_root(bytes: &[u8], place: impl Fn() -> String) -> Result<Root, Error> {
    let unusable = |source| Error::TrustRoot { place: place(), source };
    let text =
        std::str::from_utf8(bytes).map_err(|error| unusable(crate::verify::sigstore::RootError::Unusable { cause: error.to_string() }))?;
    Root::parse(text).map_err(unusable)
}

/// Reads a key set; `place` names it in the error.
pub(super) fn parse_keys(bytes: &[u8], place: impl Fn() -> String) -> Result<KeySet, Error> {
    KeySet::parse(bytes).map_err(|source| Error::RegistryKeys { place: place(), source })
}

fn keys(settings: &TrustSettings, refreshed: Option<&(Origin, &Refreshed)>) -> Result<(KeySet, Vec<Part>), Error> {
    let fetched = refreshed.and_then(|(origin, set)| set.keys().map(|keys| (origin.clone(), keys)));
    let (mut keys, origin) = if let Some((origin, target)) = fetched {
        (parse_keys(&target.bytes, || format!("the refreshed `{}`", target.path))?, origin)
    } else {
        let embedded = KeySet::embedded().map_err(|source| Error::RegistryKeys {
            place: "the built-in registry keys".to_owned(),
            source,
        })?;
        (embedded, Origin::BuiltIn { dated: None })
    };
    let mut parts = vec![Part {
        origin,
        digest: keys.digest(),
    }];
    if let Some(path) = &settings.registry_keys {
        let place = || path.display().to_string();
        let own = parse_keys(&read(path, MAX_FILE)?, place)?;
        parts.push(Part {
            origin: Origin::Configured(path.clone()),
            digest: own.digest(),
        });
        keys = keys.merged(&own).map_err(|source| Error::RegistryKeys { place: place(), source })?;
    }
    Ok((keys, parts))
}

/// The root role that a repository is trusted by at first, and the repository's address.
pub(super) fn repository(settings: &TrustSettings) -> Result<(String, Vec<u8>), Error> {
    match &settings.tuf {
        Some(tuf) => Ok((tuf.url.clone(), read(&tuf.root, MAX_FILE)?)),
        None => Ok((tuf::public_good_url().to_owned(), tuf::public_good_root().to_vec())),
    }
}

/// The stored set, proved again; `None` where nothing was fetched, or where what is built in is
/// newer: then it is not looked into, since the roots that signed it may have gone since.
fn usable(context: &Context, settings: &TrustSettings) -> Result<Option<(Stored, Refreshed)>, Error> {
    let Some(stored) = read_stored(context)? else {
        return Ok(None);
    };
    if settings.tuf.is_none() && start_of(EMBEDDED_DATE).is_some_and(|date| stored.refreshed < date) {
        return Ok(None);
    }
    proved(context, settings, stored).map(Some)
}

/// The stored set, proved again as of the time it was fetched.
pub(super) fn stored(context: &Context, settings: &TrustSettings) -> Result<Option<(Stored, Refreshed)>, Error> {
    let stored = read_stored(context)?;
    stored.map(|stored| proved(context, settings, stored)).transpose()
}

fn read_stored(context: &Context) -> Result<Option<Stored>, Error> {
    let path = stored_path(context);
    let bytes = match read(&path, MAX_FILE) {
        Ok(bytes) => bytes,
        Err(Error::File { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let stored = Stored::read(&bytes);
    stored.map(Some).map_err(|source| Error::TrustStored { path, source })
}

fn proved(context: &Context, settings: &TrustSettings, stored: Stored) -> Result<(Stored, Refreshed), Error> {
    let refused = |source| Error::TrustStored {
        path: stored_path(context),
        source,
    };
    if stored.refreshed > context.now().saturating_add(CLOCKS_DIFFER).unwrap_or(Timestamp::MAX) {
        return Err(refused(TufError::Stored {
            cause: format!("it is dated {:.0}, which is not yet", stored.refreshed),
        }));
    }
    let (_, root) = repository(settings)?;
    let refreshed = tuf::reload(&root, &stored.files, stored.refreshed).map_err(refused)?;
    Ok((stored, refreshed))
}
