//! Dependencies that are declared and not imported, or imported and not declared.

use std::collections::BTreeSet;

use super::words::listed;
use super::{Around, Read, Told, of_kind};
use crate::model::Grade;
use crate::model::code::Sign;
use crate::policy::package::plural;

/// The findings for dependencies that are declared or imported, and not both.
pub(super) fn dependencies<'a>(read: &Read<'a>, around: &Around<'_>) -> Vec<Told<'a>> {
    let mut out = never_imported(read, around);
    out.extend(of_kind(
        read,
        "dependency-undeclared",
        |sign| matches!(sign, Sign::Undeclared { .. }),
        |signs| {
            let modules: BTreeSet<_> = signs
                .iter()
                .filter_map(|sign| {
                    if let Sign::Undeclared { module } = &sign.sign {
                        Some(module.as_str())
                    } else {
                        None
                    }
                })
                .collect();
            let title = format!(
                "{} now imports {} that it does not declare: {}",
                read.who(),
                plural(modules.len(), "module"),
                listed(&modules)
            );
            (if read.own { Grade::Notice } else { Grade::Info }, title)
        },
    ));
    out
}

/// A dependency that nothing imports is there for something else than its code: one finding each, as
/// far as it came with this very change.
pub(super) fn never_imported<'a>(read: &Read<'a>, around: &Around<'_>) -> Vec<Told<'a>> {
    let mut out = Vec::new();
    for sign in read.signs {
        let Sign::NeverImported { dependency } = &sign.sign else { continue };
        if !around.added.contains(dependency.as_str()) {
            continue;
        }
        let scripts = around.scripts.get(dependency.as_str());
        let (grade, tail) = match scripts {
            Some(scripts) => {
                let scripts: BTreeSet<_> = scripts.iter().copied().collect();
                (
                    Grade::Critical,
                    format!(", and which brings code that runs unasked ({})", listed(&scripts)),
                )
            }
            None if read.first || dependency.starts_with("@types/") => continue,
            // Types alone, and peers of others, are declared like this in good faith; a name that is
            // brand-new is a warning of its own.
            None => (Grade::Notice, String::new()),
        };
        let whose = if read.own {
            "the server's own package".to_owned()
        } else {
            format!("package {}", read.name)
        };
        out.push(Told {
            code: "dependency-never-imported",
            grade,
            title: format!("{whose} now depends on {dependency}, which none of its code imports{tail}"),
            signs: vec![sign],
        });
    }
    out
}
