//! Renders changes of a file: its lines by number, those that go with `-`, those that come with `+`.
//!
//! Not a form that the program `patch` takes for one: secrets are hidden in these lines, and what is
//! hidden must not be applied.

use std::io::{self, Write};
use std::path::Path;

use crate::clients::edit::{Line, LineKind};
use crate::output::Style;
use crate::surface::visible;

/// Writes the changes of one file.
///
/// # Errors
/// `out` cannot be written.
pub fn lines(out: &mut dyn Write, groups: &[Vec<Line>], style: Style) -> io::Result<()> {
    for (number, group) in groups.iter().enumerate() {
        if number > 0 {
            writeln!(out, "       ...")?;
        }
        for line in group {
            let (sign, color) = match line.kind {
                LineKind::Same => (' ', ""),
                LineKind::Old => ('-', "\u{1b}[31m"),
                LineKind::New => ('+', "\u{1b}[32m"),
            };
            let (before, after) = if style.color && !color.is_empty() {
                (color, "\u{1b}[0m")
            } else {
                ("", "")
            };
            let text = shown(&line.text);
            writeln!(out, "{before}{:>6} {sign} {text}{after}", line.number)?;
        }
    }
    Ok(())
}

/// A line with tabs as blanks and everything else that is invisible as escapes.
fn shown(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let parts: Vec<_> = text.split('\t').map(visible).collect();
    parts.join("    ")
}

/// A path as people write it: below the home by `~`.
pub fn path(path: &Path, home: Option<&Path>) -> String {
    let below = home.and_then(|home| path.strip_prefix(home).ok());
    visible(&below.map_or_else(|| path.display().to_string(), |below| format!("~/{}", below.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_drive_the_terminal() {
        let line = |kind, text: &str| Line {
            number: 7,
            kind,
            text: text.to_owned(),
        };
        let groups = [vec![
            line(LineKind::Old, "\t\"a\": \"\u{1b}[2J\u{202e}\""),
            line(LineKind::New, "b"),
        ]];
        let mut out = Vec::new();
        let style = Style { color: false, width: 0 };
        lines(&mut out, &groups, style).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "     7 -     \"a\": \"\\u{1b}[2J\\u{202e}\"\n     7 + b\n"
        );
    }
}
