//! Wheels: what a Python package's archive says about itself, held against what is in it.

/// Why a wheel is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a wheel's file name.
    #[error("`{file_name}` is not the file name of a wheel")]
    FileName {
        /// The name.
        file_name: String,
    },
    /// A data folder with an unknown scheme.
    #[error("the wheel holds `{path}`, for which there is no place")]
    Scheme {
        /// The path.
        path: String,
    },
}

/// Where the files of one wheel go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout(());

/// The place of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placed {
    /// Below `site-packages`.
    Site(String),
    /// Below the root of the server's tree.
    Prefix(String),
    /// Nowhere.
    Dropped(Drop),
}

/// Why a file is not unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drop {
    /// A script.
    Script,
    /// A C header.
    Header,
    /// A compiled file.
    Compiled,
}

impl Layout {
    /// For the wheel of this file name.
    pub fn of(file_name: &str) -> Result<Self, Refusal> {
        if file_name.ends_with(".whl") {
            Ok(Self(()))
        } else {
            Err(Refusal::FileName {
                file_name: file_name.to_owned(),
            })
        }
    }

    /// Where the file of this path in the archive goes.
    pub fn place(&self, path: &str) -> Result<Placed, Refusal> {
        let _ = self;
        let unknown = || Refusal::Scheme { path: path.to_owned() };
        if path.to_ascii_lowercase().ends_with(".pyc") {
            return Ok(Placed::Dropped(Drop::Compiled));
        }
        match path.split_once('/') {
            Some((top, rest)) if top.ends_with(".data") => {
                let (scheme, inner) = rest.split_once('/').ok_or_else(unknown)?;
                Ok(match scheme {
                    "purelib" | "platlib" => Placed::Site(inner.to_owned()),
                    "data" => Placed::Prefix(inner.to_owned()),
                    "scripts" => Placed::Dropped(Drop::Script),
                    "headers" => Placed::Dropped(Drop::Header),
                    _ => return Err(unknown()),
                })
            }
            _ => Ok(Placed::Site(path.to_owned())),
        }
    }
}
