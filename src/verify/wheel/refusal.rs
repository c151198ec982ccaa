//! Why a wheel is refused.

use super::Confusion;

/// Why a wheel does not become part of a lock, or of a tree. Where nothing else is said, whoever
/// made the wheel is at fault, or whoever changed it on its way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The file name is no wheel's, or could be read in two ways. The index is at fault.
    #[error("`{file_name}` is not the file name of a wheel")]
    FileName {
        /// The name.
        file_name: String,
    },
    /// A name leaves the wheel's folder, or is read differently by two systems.
    #[error("the wheel holds a file of the unsafe name `{path}`")]
    Path {
        /// The name.
        path: String,
    },
    /// Nothing, or more than one thing, says what the wheel is.
    #[error("the wheel has {} `.dist-info` folders for its name and version, where one is needed", .found.len())]
    DistInfo {
        /// The folders.
        found: Vec<String>,
    },
    /// Metadata or data of another project or version: the wheel would pass for something else.
    #[error("the wheel is of {project}, but brings `{folder}`, with which it would pass for something else")]
    Foreign {
        /// The folder or file.
        folder: String,
        /// Name and version, by the file name.
        project: String,
    },
    /// A folder below `.data` that the format does not know: nobody can say where its files belong.
    #[error("nobody can say where `{path}` of the wheel belongs")]
    Scheme {
        /// The file.
        path: String,
    },
    /// A data file that would land among the installed code, or decide how Python starts.
    #[error("the data file `{path}` would land where code is installed")]
    IntoCode {
        /// The file.
        path: String,
    },
    /// Two files go to one place: which of them is run would depend on the machine.
    #[error("`{path}` and `{other}` of the wheel go to one place")]
    Clash {
        /// One of them.
        path: String,
        /// The other one.
        other: String,
    },
    /// Compiled code whose source is not there.
    #[error("`{path}` is a compiled file without its source: nobody can read what it does")]
    Sourceless {
        /// The file.
        path: String,
    },
    /// A file that every wheel has is missing.
    #[error("the wheel has no readable {file}")]
    Missing {
        /// The file.
        file: &'static str,
    },
    /// A file of headers cannot be read in one way only.
    #[error("line {line} of the wheel's {file} is {what}")]
    Header {
        /// METADATA or WHEEL.
        file: &'static str,
        /// From 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A field that may stand there once stands there again: two readers see two packages.
    #[error("`{field}` stands in the wheel's {file} more than once")]
    Twice {
        /// METADATA or WHEEL.
        file: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A field that must be there is not, or is empty.
    #[error("the wheel's {file} has no `{field}`")]
    Absent {
        /// METADATA or WHEEL.
        file: &'static str,
        /// The field.
        field: &'static str,
    },
    /// A field has a value that its specification does not know.
    #[error("`{field}` in the wheel's {file} is `{value}`, which is not known here")]
    Unknown {
        /// METADATA or WHEEL.
        file: &'static str,
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
    },
    /// A control or invisible character stands in what the lock would show.
    #[error("a control or invisible character stands in `{field}` of the wheel")]
    Invisible {
        /// The field, or what it is.
        field: &'static str,
    },
    /// What is inside is another package, version or kind of wheel than the file name says.
    #[error("`{field}` inside the wheel is `{inside}`, but its file name says `{named}`")]
    Renamed {
        /// The field.
        field: &'static str,
        /// What stands inside.
        inside: String,
        /// What the file name says.
        named: String,
    },
    /// RECORD cannot be read.
    #[error("line {line} of the wheel's RECORD is {what}")]
    Record {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file that was put in without RECORD saying so.
    #[error("`{path}` is in the wheel but not in its RECORD: it was added after the wheel was made")]
    Unlisted {
        /// The file.
        path: String,
    },
    /// A file that RECORD lists twice: two readers compare it with two digests.
    #[error("the wheel's RECORD lists `{path}` more than once")]
    ListedTwice {
        /// The file.
        path: String,
    },
    /// A file that RECORD lists was taken out.
    #[error("the wheel's RECORD lists `{path}`, which is not in the wheel")]
    Lost {
        /// The file.
        path: String,
    },
    /// RECORD lists a file without saying what is in it.
    #[error("the wheel's RECORD gives no digest of `{path}`")]
    NoDigest {
        /// The file.
        path: String,
    },
    /// RECORD uses a digest that can be forged, or one that is not computed here.
    #[error("the wheel's RECORD gives a `{algorithm}` digest of `{path}`, where only SHA-256 can be checked")]
    Algorithm {
        /// The file.
        path: String,
        /// The algorithm, as written.
        algorithm: String,
    },
    /// The content of a file is not what RECORD says.
    #[error("the content of `{path}` differs from what the wheel's RECORD says")]
    Changed {
        /// The file.
        path: String,
    },
    /// `entry_points.txt` cannot be read in one way only.
    #[error("line {line} of the wheel's entry_points.txt is {what}")]
    EntryPoints {
        /// From 1.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Manifest confusion: the index describes another package than the archive. The index is at
    /// fault, or whoever stands between.
    #[error("the index and the wheel disagree: {}", list(.0))]
    Confused(Vec<Confusion>),
}

impl Refusal {
    /// What to do about it, where there is anything.
    pub fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Changed { .. } | Self::Unlisted { .. } | Self::Lost { .. } | Self::ListedTwice { .. } => {
                "the wheel was changed after it was made: do not use this version, and tell the project"
            }
            Self::Sourceless { .. } => "ask the project for a wheel with its sources; another version may have them",
            Self::Renamed { .. } | Self::Confused(_) => {
                "another package may be hidden behind this name: compare with the project's own page"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }
}

fn list(confusions: &[Confusion]) -> String {
    confusions.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
