//! Judging code: what is new in a package, and what it amounts to.

use super::Judge;
use crate::model::{Change, Finding};

impl Judge<'_> {
    /// The findings for what is new in one package's code.
    pub(super) fn code(&self, _change: &Change, _out: &mut Vec<Finding>) {}
}
