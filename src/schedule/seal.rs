//! A text's digest of itself, on one line of it: whether what stands there is still what was written.
//!
//! The failure it prevents: `disable` or a second `enable` that throws away what the user changed by
//! hand. No protection from a program that computes the digest anew; the history holds the text as well.

use crate::model::Sha256Digest;

/// What the line holds before the digest.
pub const MARK: &str = "mcp-pin-seal:";
const PLACE: &str = "@SEAL@";

/// The line to put into a text before [`close`] fills it.
pub fn open() -> String {
    format!("{MARK} {PLACE}")
}

/// Fills the line that [`open`] made: the digest of all the other lines.
pub fn close(text: &str) -> String {
    text.replacen(PLACE, &digest(text), 1)
}

/// Whether a text is exactly as it was closed.
pub fn is_whole(text: &str) -> bool {
    let mut marked = text.lines().filter(|line| line.contains(MARK));
    let (Some(line), None) = (marked.next(), marked.next()) else {
        return false;
    };
    line.split_once(MARK)
        .is_some_and(|(_, rest)| rest.split_whitespace().next() == Some(&digest(text)))
}

fn digest(text: &str) -> String {
    let others: Vec<_> = text.split_inclusive('\n').filter(|line| !line.contains(MARK)).collect();
    Sha256Digest::of(others.concat().as_bytes()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_of_any_byte_is_seen() {
        let text = close(&format!("# {}\n[Unit]\nA=b\n", open()));
        assert!(is_whole(&text), "{text}");
        for edited in [
            text.replace("A=b", "A=c"),
            format!("{text}\n"),
            format!("{text}B=c\n"),
            text.replace("[Unit]\n", ""),
            text.replacen("# ", "# x ", 1).replace(MARK, "mcp-pin-zeal:"),
            format!("{text}# {MARK} 0\n"),
            text.trim_end().to_owned(),
            String::new(),
        ] {
            assert!(!is_whole(&edited), "{edited}");
        }
    }
}
