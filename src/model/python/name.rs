//! Names of projects and extras in normal form (PEP 503, PEP 685).

use super::super::closure::PackageName;

/// A project's name as indexes and resolvers compare it: lower case, runs of `-`, `_` and `.` as
/// one `-`. `None` for what is no name (PEP 508): empty, not ASCII, or with a sign at an edge.
pub fn normal_name(text: &str) -> Option<PackageName> {
    normal(text)?.parse().ok()
}

/// The same for an extra.
pub fn normal_extra(text: &str) -> Option<String> {
    normal(text)
}

fn normal(text: &str) -> Option<String> {
    let sign = |byte: u8| b"-_.".contains(&byte);
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    if bytes.len() > 214 || !edge(bytes.first()) || !edge(bytes.last()) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    for &byte in bytes {
        if sign(byte) {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte.to_ascii_lowercase()));
        } else {
            return None;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spellings_of_one_name_are_one_name() {
        for text in ["a-b-c", "A_b.C", "a--b__c", "a-_.b.c"] {
            assert_eq!(normal_name(text).map(|name| name.to_string()).as_deref(), Some("a-b-c"), "{text}");
        }
        assert_eq!(normal_name("PyYAML").map(|name| name.to_string()).as_deref(), Some("pyyaml"));
    }

    #[test]
    fn what_is_no_name_is_none() {
        for text in [
            "",
            "-a",
            "a-",
            "_a",
            "a.",
            "a b",
            "a/b",
            "../a",
            "a\n",
            "\u{e4}",
            "a\u{200b}b",
            &"a".repeat(215),
        ] {
            assert_eq!(normal_name(text), None, "{text:?}");
        }
    }
}
