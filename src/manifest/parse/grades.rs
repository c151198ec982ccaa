//! `[policy.grades]`: the grade of a finding by its code.
//!
//! The attack: a rule that never matches. A misspelt code is an error, and so is an override that
//! would lower what no override lowers: whoever wrote it would believe that it holds.

use toml_edit::TableLike;

use super::{Walk, key_span, nearest, value_span, visible};
use crate::model::Grade;
use crate::policy::{Grades, codes, profile};

impl Walk<'_> {
    pub(super) fn grades(&mut self, policy: &dyn TableLike) -> Grades {
        let mut grades = Grades::new();
        let Some(table) = self.table(policy, "grades") else { return grades };
        let words = [Grade::Info, Grade::Notice, Grade::Warning, Grade::Critical].map(|grade| (grade.as_str(), grade));
        for (key, _) in table.iter() {
            let Some(code) = self.code(table, key) else { continue };
            let Some(grade) = self.word(table, key, &words) else { continue };
            if profile::is_kept(code) && grade < Grade::Critical {
                let what = format!("`{code}` says that something is not what was approved: only `\"critical\"` may stand here");
                self.problem(value_span(table, key), what, None);
                continue;
            }
            grades.insert(code, grade);
        }
        grades
    }

    /// The code of the table that a key names.
    fn code(&mut self, table: &dyn TableLike, key: &str) -> Option<&'static str> {
        let codes: Vec<_> = codes().map(|page| page.code).collect();
        let found = codes.iter().find(|code| **code == key).copied();
        if found.is_none() {
            let shown: String = key.chars().take(60).collect();
            let hint = match nearest(key, codes.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`mcp-pin explain` lists every code".to_owned(),
            };
            self.problem(
                key_span(table, key),
                format!("no finding has the code `{}`", visible(&shown)),
                Some(hint),
            );
        }
        found
    }
}
