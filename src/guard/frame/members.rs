//! The members of one object of a frame.

use std::borrow::Cow;
use std::collections::HashSet;

use super::scan::{Fault, Scanner, plain};
use super::{NotAFrame, malformed};

/// A JSON value's text, checked to be JSON, without spaces around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    pub(super) const fn new(checked: &'a str) -> Self {
        Self(checked)
    }

    /// The text, as it stands in the frame.
    pub const fn get(self) -> &'a str {
        self.0
    }

    /// The value of a JSON string. `None` for another value, and where a surrogate stands alone.
    pub fn text(self) -> Option<Cow<'a, str>> {
        let [b'"', inside @ .., b'"'] = self.0.as_bytes() else {
            return None;
        };
        // Nothing but an escape ends the plain part: the text was checked to be JSON.
        if plain(inside) == inside.len() {
            return Some(Cow::Borrowed(&self.0[1..self.0.len() - 1]));
        }
        serde_json::from_str(self.0).ok().map(Cow::Owned)
    }

    /// The value of `true` and `false`.
    pub fn boolean(self) -> Option<bool> {
        match self.0 {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The members of an object, none of which may stand twice; `None` for another value.
    pub fn members(self) -> Result<Option<Members<'a>>, NotAFrame> {
        let mut scanner = Scanner::new(self.0);
        let members = Members::read(&mut scanner, 0).map_err(|fault| match fault {
            Fault::NotAFrame(why) => why,
            Fault::TooDeep => NotAFrame::TooDeep,
            Fault::Syntax => malformed("it is not JSON"),
        })?;
        members.check(&[])?;
        Ok(Some(members).filter(Members::is_object))
    }
}

/// The members of an object, with the text of each value, in their order. Of a value that is no
/// object: none.
#[derive(Debug)]
pub struct Members<'a> {
    raw: Raw<'a>,
    list: Vec<(Cow<'a, str>, Raw<'a>)>,
    /// A name held half a surrogate pair.
    lone: bool,
}

impl<'a> Members<'a> {
    /// Reads the value where the scanner stands.
    pub(super) fn read(scanner: &mut Scanner<'a>, depth: usize) -> Result<Self, Fault> {
        let start = scanner.at();
        let mut list = Vec::new();
        let mut lone = false;
        if scanner.peek() == Some(b'{') {
            scanner.object(depth, |scanner, name| {
                let value = scanner.value(depth + 1)?;
                match name.unescaped() {
                    Some(name) => list.push((name, value)),
                    None => lone = true,
                }
                Ok(())
            })?;
        } else {
            scanner.value(depth)?;
        }
        Ok(Self {
            raw: scanner.since(start),
            list,
            lone,
        })
    }

    /// No name twice, none with half a surrogate pair, and none that is another spelling of these.
    pub(super) fn check(&self, known: &[&'static str]) -> Result<(), NotAFrame> {
        if self.lone {
            return Err(NotAFrame::LoneSurrogate { place: "a member's name" });
        }
        let duplicate = |name: &str| NotAFrame::Duplicate {
            member: named(name).unwrap_or("a member"),
        };
        let mut seen = (self.list.len() > 16).then(HashSet::new);
        for (at, (name, _)) in self.list.iter().enumerate() {
            let again = match &mut seen {
                Some(seen) => !seen.insert(name),
                None => self.list[..at].iter().any(|(before, _)| before == name),
            };
            if again {
                return Err(duplicate(name));
            }
            if let Some(member) = known.iter().find(|known| is_other_spelling(name, known)) {
                return Err(NotAFrame::OtherSpelling { member });
            }
        }
        Ok(())
    }

    /// The text of the whole value.
    pub const fn raw(&self) -> Raw<'a> {
        self.raw
    }

    /// Whether the value is an object.
    pub fn is_object(&self) -> bool {
        self.raw.get().starts_with('{')
    }

    /// A member's value.
    pub fn get(&self, name: &str) -> Option<Raw<'a>> {
        self.list.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// A member that is a text. Refused where it is something else, or has half a surrogate pair.
    pub fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, NotAFrame> {
        let Some(raw) = self.get(name) else { return Ok(None) };
        if !raw.get().starts_with('"') {
            return Err(malformed("a member that should be a text is none"));
        }
        raw.text().map(Some).ok_or_else(|| NotAFrame::LoneSurrogate {
            place: named(name).unwrap_or("a member"),
        })
    }

    /// A member that is an object, with its own members, none twice. Refused where it is something else.
    pub fn object(&self, name: &str) -> Result<Option<Self>, NotAFrame> {
        let Some(raw) = self.get(name) else { return Ok(None) };
        match raw.members()? {
            Some(members) => Ok(Some(members)),
            None => Err(malformed("a member that should be an object is none")),
        }
    }

    /// Names (unescaped) and values, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Raw<'a>)> {
        self.list.iter().map(|(name, value)| (&**name, *value))
    }
}

/// A member's name for an error, if it is one of the protocol's.
fn named(name: &str) -> Option<&'static str> {
    const NAMES: [(&str, &str); 13] = [
        ("_meta", "`_meta`"),
        ("arguments", "`arguments`"),
        ("content", "`content`"),
        ("cursor", "`cursor`"),
        ("data", "`data`"),
        ("inputRequests", "`inputRequests`"),
        ("instructions", "`instructions`"),
        ("name", "`name`"),
        ("nextCursor", "`nextCursor`"),
        ("requestState", "`requestState`"),
        ("resultType", "`resultType`"),
        ("tools", "`tools`"),
        ("uri", "`uri`"),
    ];
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, quoted)| *quoted)
}

/// Whether some reader takes this name for the known one although it is written differently: without
/// regard to case, as Go's and C#'s readers can be (two letters beyond ASCII fold to `k` and `s`), or in
/// the words of Python's own name for it (`result_type`). A leading underscore is not folded: `meta` is
/// an honest member beside `_meta`.
pub fn is_other_spelling(name: &str, known: &str) -> bool {
    // A known name is ASCII, and a letter beyond it that folds takes at most three bytes.
    if name == known || name.len() > 4 * known.len() + 4 {
        return false;
    }
    // Most names are told apart by their first letters.
    if let (Some(first), Some(letter)) = (name.bytes().next(), known.bytes().next())
        && first.is_ascii_alphabetic()
        && letter.is_ascii_alphabetic()
        && !first.eq_ignore_ascii_case(&letter)
    {
        return false;
    }
    folded(name).eq(folded(known))
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    let (lead, rest) = text.split_at(usize::from(text.starts_with('_')));
    let rest = rest.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| match c {
        '\u{212a}' => 'k',
        '\u{17f}' => 's',
        c => c.to_ascii_lowercase(),
    });
    lead.chars().chain(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_what_serde_json_reads() {
        for text in [
            r#""""#,
            r#""a""#,
            r#""a\"b""#,
            r#""\u0061""#,
            "\"12345678/'\u{7f}\u{e4}\"",
            r#""12345678\n""#,
            r#""\\""#,
        ] {
            let read: String = serde_json::from_str(text).unwrap();
            assert_eq!(Raw::new(text).text().as_deref(), Some(read.as_str()), "{text}");
        }
        for other in ["1", "null", "[]", r#"["a"]"#, r#""\ud800""#] {
            assert_eq!(Raw::new(other).text(), None, "{other}");
        }
    }

    /// Without a second look at anything: all of both names, folded.
    fn folds_alike(name: &str, known: &str) -> bool {
        let folded = |name: &str| {
            let lead = name.starts_with('_');
            let name = name.replace(['_', '-'], "").replace('\u{212a}', "k").replace('\u{17f}', "s");
            (lead, name.to_ascii_lowercase())
        };
        name != known && folded(name) == folded(known)
    }

    proptest! {
        #[test]
        fn a_name_is_another_spelling_where_all_of_it_folds_alike(
            name in "[_-]{0,2}[mtikKsSeEy\u{212a}\u{17f}_-]{0,6}",
            known in prop::sample::select(vec!["_meta", "meta", "key", "task", "id", "is", "resultType"]),
            cut in "[_-]{0,1}",
        ) {
            prop_assert_eq!(is_other_spelling(&name, known), folds_alike(&name, known));
            let near: String = known.chars().flat_map(|c| [c.to_ascii_uppercase().to_string(), cut.clone()]).collect();
            let near = near.replacen('K', "\u{212a}", 1);
            prop_assert_eq!(is_other_spelling(&near, known), folds_alike(&near, known));
        }
    }
}
