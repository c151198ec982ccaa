//! What stands in code, searched as text: every place lies inside it, and the same text gives the same.

use mcp_pin::code::{literal, paths, style, text};
use mcp_pin::diff::{Package, SourceFile, diff_code};

/// A script, read by its words, and compared with itself and with nothing.
pub(crate) fn text(data: &[u8]) {
    let Some(source) = super::text(data).filter(|source| source.len() <= 1 << 14) else {
        return;
    };
    for found in literal::places(source) {
        assert!(source.get(found.at.clone()).is_some(), "{found:?} lies outside");
    }
    paths::in_text(source);
    for (place, _) in style::pushed(source) {
        assert!(source.is_char_boundary(place), "{place} is no place");
    }
    let reading = text::read(source);
    for sight in &reading.sights {
        assert!(source.get(sight.range.clone()).is_some(), "{sight:?} lies outside");
    }
    assert_eq!(reading, text::read(source));
    let files = [SourceFile {
        path: "run.sh",
        content: data,
    }];
    let package = Package {
        name: "fuzzed",
        files: &files,
        declared: Some(&[]),
    };
    assert_eq!(diff_code(Some(&package), &package), [], "nothing changed");
    assert_eq!(diff_code(None, &package), diff_code(None, &package));
}
