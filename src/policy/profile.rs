//! Profiles and overrides: how loudly this machine wants to hear what was found.
//!
//! The rules of this crate give each finding a grade. A profile moves whole groups of codes by one
//! step, an override sets the grade of one code. Neither drops a finding, and neither is part of a
//! fingerprint: what was accepted stays accepted whatever it is called.
//!
//! The attacks: a cloned project that calls its own drift harmless, and a habit that switches off
//! the alarm about stolen bytes. So a project's overrides are a floor, which only raises; no one's
//! override lowers a code of [`KEPT`]; and `relaxed` lowers nothing that a [sign of its
//! own](Finding::raised) made worse.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Finding, Grade};

mod table;

pub use table::KEPT;
use table::{RELAXED, STRICT};

/// A choice of grades. Greater is stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Profile {
    /// Growth that most releases bring is a notice.
    Relaxed,
    /// The grades as the rules give them.
    #[default]
    Standard,
    /// Whatever gives a server new reach is asked about one by one.
    Strict,
}

impl Profile {
    /// All, the loosest first.
    pub const ALL: [Self; 3] = [Self::Relaxed, Self::Standard, Self::Strict];

    /// As in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Relaxed => "relaxed",
            Self::Standard => "standard",
            Self::Strict => "strict",
        }
    }
}

/// Grades by code.
pub type Grades = BTreeMap<&'static str, Grade>;

/// The profile and the overrides in force.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grading {
    /// Counts first.
    pub profile: Profile,
    /// The user's and the system's word: the grade of every finding of a code, up or down. Of
    /// [`KEPT`] codes only upwards.
    pub exact: Grades,
    /// A project's word: findings of a code have at least this grade.
    pub at_least: Grades,
}

impl Grading {
    /// Gives every finding its grade. Doing it again changes nothing, so that a report may pass
    /// here more than once. The caller sorts the report afterwards.
    pub fn apply(&self, findings: &mut [Finding]) {
        for finding in findings {
            finding.grade = self.grade(finding);
        }
    }

    /// The grade of one finding.
    fn grade(&self, finding: &Finding) -> Grade {
        let mut grade = self.profiled(finding);
        if let Some(&wanted) = self.exact.get(finding.code) {
            grade = if is_kept(finding.code) { grade.max(wanted) } else { wanted };
        }
        self.at_least.get(finding.code).map_or(grade, |&least| grade.max(least))
    }

    fn profiled(&self, finding: &Finding) -> Grade {
        let grade = finding.grade;
        match self.profile {
            Profile::Relaxed if grade == Grade::Warning && !finding.raised && lists(RELAXED, finding.code) => Grade::Notice,
            Profile::Strict if grade == Grade::Notice && lists(STRICT, finding.code) => Grade::Warning,
            _ => grade,
        }
    }

    /// The overridden codes that none of the findings has. Each is a line of a file that did nothing
    /// in this run: a rule that somebody relies on, or one that is no longer needed.
    pub fn unused<'a>(&self, found: impl IntoIterator<Item = &'a Finding>) -> Vec<&'static str> {
        let found: BTreeSet<_> = found.into_iter().map(|finding| finding.code).collect();
        let codes: BTreeSet<_> = self.exact.keys().chain(self.at_least.keys()).copied().collect();
        codes.into_iter().filter(|code| !found.contains(code)).collect()
    }
}

/// Whether no override lowers the code.
pub fn is_kept(code: &str) -> bool {
    lists(KEPT, code)
}

fn lists(sorted: &[&str], code: &str) -> bool {
    sorted.binary_search(&code).is_ok()
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
