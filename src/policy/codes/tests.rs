//! Every code has a page, and every page a code.

use std::path::Path;

use super::*;

/// Words of the source that look like codes and are none.
const ORDINARY: [&str; 9] = [
    "before-source",
    "before-version",
    "date-time",
    "no-such-code",
    "owner-id",
    "repository-id",
    "self-hosted",
    "tls-key",
    "x-mcp-header",
];

#[test]
fn the_lists_are_sorted_and_every_code_stands_in_one() {
    for part in Part::ALL {
        assert!(pages(part).windows(2).all(|pair| pair[0].code < pair[1].code), "{part}");
        assert!(pages(part).iter().all(|page| super::part(page.code) == part), "{part}");
    }
    let all: Vec<_> = codes().map(|page| page.code).collect();
    assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "a code stands in two tables");
    assert_eq!(explain("no-such-code"), None);
}

#[test]
fn a_page_is_written_for_people() {
    for page in codes() {
        for text in [page.meaning, page.advice] {
            assert!(text.len() >= 10 && !text.ends_with('.'), "{}: {text}", page.code);
            assert!(!text.contains('\n'), "{}: {text}", page.code);
        }
    }
}

/// Sources of a folder and those below it, without tests.
fn sources(folder: &Path, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            sources(&path, out);
        } else if !name.ends_with("tests") {
            let text = std::fs::read_to_string(&path).unwrap();
            let own = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
            out.push((name, own));
        }
    }
}

#[test]
fn every_code_that_a_finding_is_made_with_is_listed() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
    let mut used = 0;
    for (name, source) in &all {
        for maker in ["Finding::new(", ".finding("] {
            for rest in source.split(maker).skip(1) {
                let Some(code) = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next()) else {
                    continue;
                };
                used += 1;
                assert!(explain(code).is_some(), "{name}: {code} is in no table");
            }
        }
    }
    assert!(used > 40, "{used}");
}

#[test]
fn every_code_of_the_source_is_listed() {
    let mut all = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/policy"), &mut all);
    let (mut used, mut missing) = (0, Vec::new());
    for (name, source) in &all {
        // Rules over text, whose words are what they look for.
        if ["calibration", "novelty", "phrases", "signals"].contains(&name.as_str()) {
            continue;
        }
        for word in source.split('"') {
            let code_like = word.contains('-')
                && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
                && !word.starts_with('-')
                && !word.ends_with('-');
            if code_like && !ORDINARY.contains(&word) {
                used += 1;
                if explain(word).is_none() {
                    missing.push(format!("{name}: {word}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "in no table: {missing:#?}");
    assert!(used > 80, "{used}");
}
