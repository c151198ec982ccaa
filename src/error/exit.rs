//! The exit status of a result: `0` nothing to report, `1` findings, `2` could not decide, and what
//! `run` passes on.

use std::process::ExitCode;

use crate::model::report::Status;

/// How the program ends when there is a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Nothing to report.
    Clean,
    /// Findings at or above the threshold.
    Findings,
    /// Could not decide.
    Undecided,
    /// A server's own status, passed on by `run`.
    Passed(u8),
}

impl From<Status> for ExitStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Clean => Self::Clean,
            Status::Findings => Self::Findings,
            Status::Undecided => Self::Undecided,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Clean => 0,
            ExitStatus::Findings => 1,
            ExitStatus::Undecided => 2,
            ExitStatus::Passed(status) => status,
        })
    }
}
