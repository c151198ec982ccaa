//! What signatures are proved against on this machine, and where each part of it comes from.
//!
//! The attacks: a clone that brings its own root (no project's file is read here); a file of the
//! stored root that was changed on disk (it is proved again each time it is used, and an altered
//! one is refused, never passed over for the built-in one); an old root put in the place of a
//! newer one (`refresh` never goes back); a private instance that falls back to the public one
//! (a configured repository that was never asked is an error).

mod check;
mod load;
mod lookup;
mod refresh;

pub use check::{Answer, Checked, Question, Verdict, check};
pub use load::{Loaded, Origin, Part, load, loaded};
pub use refresh::{State, Update, refresh};

use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::error::Error;
use crate::ops::Context;

/// Trust roots, key sets and the stored set are far smaller.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Where the refreshed set is kept.
fn stored_path(context: &Context) -> PathBuf {
    context.home.join("trust").join("refreshed.json")
}

/// Reads a file of bounded size.
fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let failed = |source| Error::File {
        action: "read",
        path: path.to_path_buf(),
        source,
    };
    let file = std::fs::File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(std::io::Error::other("not a regular file")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(limit)).unwrap_or(0));
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        return Err(failed(std::io::Error::other(format!("larger than {limit} bytes"))));
    }
    Ok(bytes)
}
