//! Coloured pieces, broken into lines.

use std::io::{self, Write};

use unicode_width::UnicodeWidthChar as _;

use super::Style;

/// How a piece looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Bold,
    Dim,
    Good,
    Warn,
    Bad,
    Removed,
    Added,
}

impl Tone {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Bold => "\x1b[1m",
            Self::Dim => "\x1b[2m",
            Self::Good => "\x1b[32m",
            Self::Warn => "\x1b[1;33m",
            Self::Bad => "\x1b[1;31m",
            Self::Removed => "\x1b[9;31m",
            Self::Added => "\x1b[1;32m",
        }
    }
}

/// Text in one tone. Foreign text in it has been made visible by whoever built it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    tone: Tone,
    text: String,
}

impl Piece {
    pub(super) const fn new(tone: Tone, text: String) -> Self {
        Self { tone, text }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) const fn plain(text: String) -> Self {
        Self::new(Tone::Plain, text)
    }
}

/// Writes pieces as one paragraph: broken at blanks where possible, later lines indented.
pub(super) fn write_wrapped(out: &mut dyn Write, pieces: &[Piece], indent: usize, style: Style) -> io::Result<()> {
    let chars: Vec<(char, Tone)> = pieces
        .iter()
        .flat_map(|piece| piece.text.chars().map(|c| (c, piece.tone)))
        .collect();
    // Narrower than this, breaking lines helps nobody.
    let width = if style.width == 0 {
        usize::MAX
    } else {
        style.width.max(indent + 20)
    };
    let mut start = 0;
    let mut room = width;
    while start < chars.len() {
        let end = line_end(&chars, start, room);
        if start > 0 {
            write!(out, "{:indent$}", "")?;
        }
        write_line(out, &chars[start..end], style)?;
        start = end;
        while chars.get(start).is_some_and(|(c, _)| *c == ' ') && end < chars.len() {
            start += 1;
        }
        room = width - indent.min(width);
    }
    Ok(())
}

/// Where the line that begins at `start` ends.
fn line_end(chars: &[(char, Tone)], start: usize, room: usize) -> usize {
    let mut used = 0;
    let mut blank = None;
    for (at, (c, _)) in chars.iter().enumerate().skip(start) {
        used += c.width().unwrap_or(0);
        if used > room {
            return blank.filter(|&blank| blank > start).unwrap_or_else(|| at.max(start + 1));
        }
        // Not inside the line's own indentation.
        if *c == ' ' && chars[start..at].iter().any(|(c, _)| *c != ' ') {
            blank = Some(at);
        }
    }
    chars.len()
}

fn write_line(out: &mut dyn Write, chars: &[(char, Tone)], style: Style) -> io::Result<()> {
    let mut line = String::new();
    let mut current = Tone::Plain;
    let kept = chars.iter().rposition(|(c, _)| *c != ' ').map_or(0, |last| last + 1);
    for (c, tone) in &chars[..kept] {
        if style.color && *tone != current {
            if current != Tone::Plain {
                line.push_str("\x1b[0m");
            }
            line.push_str(tone.code());
            current = *tone;
        }
        line.push(*c);
    }
    if style.color && current != Tone::Plain {
        line.push_str("\x1b[0m");
    }
    writeln!(out, "{line}")
}
