//! Files of headers: METADATA and WHEEL.
//!
//! The attack: a file that two readers divide into fields in two ways: by a line break that only
//! some know, by a line that is no field and ends the headers for some, or by a value that is
//! continued over lines. Python's own reader is lenient in all of it; here such files are refused.
//! Only what comes before the first empty line is read.

use crate::surface::visible::is_invisible;

use super::Refusal;

fn has_break(text: &str) -> bool {
    text.chars()
        .any(|c| (c.is_control() && c != '\t') || ['\u{2028}', '\u{2029}'].contains(&c))
}

/// Whether some reader could see a field in a continuation. Licences have pages, which end with a
/// form feed: what follows it must be a continuation again.
fn breaks_away(text: &str) -> bool {
    text.split('\u{c}')
        .any(|page| has_break(page) || !(page.is_empty() || page.starts_with([' ', '\t'])))
}

/// The fields of one file, in order.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    file: &'static str,
    fields: Vec<Field<'a>>,
}

#[derive(Debug)]
struct Field<'a> {
    name: &'a str,
    value: &'a str,
    line: usize,
    /// The value goes on in the next line; `value` is its first one.
    folded: bool,
}

impl<'a> Fields<'a> {
    /// Reads the headers.
    pub(super) fn read(file: &'static str, bytes: &'a [u8]) -> Result<Self, Refusal> {
        let mut fields: Vec<Field<'a>> = Vec::new();
        for (at, raw) in bytes.split(|&byte| byte == b'\n').enumerate() {
            let line = at + 1;
            let bad = |what| Refusal::Header { file, line, what };
            let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
            if raw.is_empty() {
                break;
            }
            let text = std::str::from_utf8(raw).map_err(|_| bad("not UTF-8"))?;
            let folded = text.starts_with([' ', '\t']);
            let broken = if folded { breaks_away(text) } else { has_break(text) };
            if broken {
                return Err(bad("broken by a control character"));
            }
            if folded {
                fields.last_mut().ok_or_else(|| bad("the continuation of nothing"))?.folded = true;
                continue;
            }
            let (name, value) = text.split_once(':').ok_or_else(|| bad("no field"))?;
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
            if name.is_empty() || !name.bytes().all(plain) {
                return Err(bad("no field"));
            }
            fields.push(Field {
                name,
                value: value.trim(),
                line,
                folded: false,
            });
        }
        Ok(Self { file, fields })
    }

    /// All values of a field, each on one line and without invisible characters.
    pub(super) fn all(&self, field: &'static str) -> Result<Vec<&'a str>, Refusal> {
        let mine = self.fields.iter().filter(|one| one.name.eq_ignore_ascii_case(field));
        mine.map(|one| {
            if one.folded {
                Err(Refusal::Header {
                    file: self.file,
                    line: one.line,
                    what: "continued on the next one, where two readers may differ",
                })
            } else if one.value.chars().any(is_invisible) {
                Err(Refusal::Invisible { field })
            } else {
                Ok(one.value)
            }
        })
        .collect()
    }

    /// The value of a field that stands there at most once; `None` for an empty one.
    pub(super) fn one(&self, field: &'static str) -> Result<Option<&'a str>, Refusal> {
        match self.all(field)?[..] {
            [] => Ok(None),
            [value] => Ok(Some(value).filter(|value| !value.is_empty())),
            _ => Err(Refusal::Twice { file: self.file, field }),
        }
    }

    /// The value of a field that stands there exactly once.
    pub(super) fn needed(&self, field: &'static str) -> Result<&'a str, Refusal> {
        self.one(field)?.ok_or(Refusal::Absent { file: self.file, field })
    }

    /// The values of a field of which nothing depends: those that can be read.
    pub(super) fn loose(&self, field: &str) -> impl Iterator<Item = &'a str> {
        let mine = self.fields.iter().filter(move |one| one.name.eq_ignore_ascii_case(field));
        mine.filter(|one| !one.folded && !one.value.chars().any(is_invisible))
            .map(|one| one.value)
    }
}
