//! The HTML form of a project's page (PEP 503), read as far as files go.

use super::names;
use super::page::{Listing, check_version, sha256};

/// The wheels and source distributions that a page lists.
///
/// A page is only believed where it says that it is a package index (PEP 629), or lists a file of
/// the project: the attack, or the accident, is a login page that reads like "no such file".
pub(super) fn read(text: &str, project: &str) -> Result<Vec<Listing>, String> {
    let text = without_comments(text);
    let mut is_index = false;
    let mut found = Vec::new();
    for (tag, after) in tags(&text) {
        let attributes = Attributes(tag);
        match attributes.tag().as_str() {
            "meta" if attributes.get("name").as_deref() == Some("pypi:repository-version") => {
                check_version(&attributes.get("content").unwrap_or_default())?;
                is_index = true;
            }
            "a" => {
                let name = unescaped(after.split('<').next().unwrap_or_default().trim());
                if names::is_distribution(&name) {
                    is_index |= names::file_parts(&name).is_some_and(|(of, _)| of == project);
                    found.push(listing(&attributes, name)?);
                }
            }
            _ => {}
        }
    }
    if !is_index {
        return Err("it is HTML that lists no file of the project and does not say that it is a package index".to_owned());
    }
    Ok(found)
}

fn listing(attributes: &Attributes<'_>, file: String) -> Result<Listing, String> {
    let link = attributes.get("href").ok_or_else(|| format!("it has no link to `{file}`"))?;
    let digest = link.split_once('#').and_then(|(_, fragment)| fragment.strip_prefix("sha256="));
    let digest = digest
        .map(|hex| sha256(hex.split('&').next().unwrap_or_default(), &file))
        .transpose()?;
    let provenance = attributes.get("data-provenance");
    if provenance.as_deref() == Some("") {
        return Err(format!("its `data-provenance` of `{file}` is malformed"));
    }
    let copy = attributes
        .get("data-core-metadata")
        .or_else(|| attributes.get("data-dist-info-metadata"));
    let copy = copy.as_deref().and_then(|said| said.strip_prefix("sha256="));
    Ok(Listing {
        metadata: copy.map(|hex| sha256(hex, &file)).transpose()?,
        sha256: digest,
        provenance,
        upload_time: None,
        yanked: attributes.get("data-yanked").is_some(),
        yanked_because: attributes.get("data-yanked"),
        requires_python: attributes.get("data-requires-python").filter(|text| !text.trim().is_empty()),
        size: None,
        link,
        file,
    })
}

fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("<!--") {
        out.push_str(before);
        rest = after.split_once("-->").map_or("", |(_, after)| after);
    }
    out + rest
}

/// Each tag's inside, and the text from its end on.
fn tags(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let start = rest.find('<')?;
        let inside = &rest[start + 1..];
        let mut quote = None;
        // A `>` in a quoted value does not end the tag.
        let end = inside.char_indices().find_map(|(at, c)| match (quote, c) {
            (None, '>') => Some(at),
            (None, '"' | '\'') => {
                quote = Some(c);
                None
            }
            (Some(open), c) if c == open => {
                quote = None;
                None
            }
            _ => None,
        })?;
        rest = &inside[end + 1..];
        Some((&inside[..end], rest))
    })
}

/// The inside of a tag.
struct Attributes<'a>(&'a str);

impl Attributes<'_> {
    fn tag(&self) -> String {
        let name = self.0.split(|c: char| c.is_whitespace() || c == '/').next();
        name.unwrap_or_default().to_ascii_lowercase()
    }

    /// An attribute's value, empty for one without a value. The first of a name is the one.
    fn get(&self, wanted: &str) -> Option<String> {
        let mut rest = self.0.trim_start_matches(|c: char| !c.is_whitespace());
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
            let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '/').unwrap_or(rest.len());
            let name = &rest[..end];
            if name.is_empty() {
                return None;
            }
            rest = rest[end..].trim_start();
            let mut value = "";
            if let Some(after) = rest.strip_prefix('=') {
                let after = after.trim_start();
                let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
                (value, rest) = match quote {
                    Some(quote) => after[1..].split_once(quote).unwrap_or((&after[1..], "")),
                    None => after.split_at(after.find(char::is_whitespace).unwrap_or(after.len())),
                };
            }
            if name.eq_ignore_ascii_case(wanted) {
                return Some(unescaped(value));
            }
        }
    }
}

/// The character references that addresses and file names are written with.
fn unescaped(text: &str) -> String {
    let mut out = text.to_owned();
    for (reference, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ] {
        out = out.replace(reference, character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Integrity;

    fn find(text: &str, file: &str) -> Result<Option<Listing>, String> {
        Ok(read(text, "foo")?.into_iter().find(|listing| listing.file == file))
    }

    const META: &str = "<!DOCTYPE html><html><head><meta name=\"pypi:repository-version\" content=\"1.3\"></head>";

    #[test]
    fn a_listed_file_and_its_attributes() {
        let hex = "ab".repeat(32);
        let text = format!(
            "<html><!-- <a href=\"evil\">foo-1.0.tar.gz</a> --><a href='x/foo-0.9.tar.gz' data-provenance='https://evil.test'>foo-0.9.tar.gz</a>\n\
            <A class=x data-requires-python=\"&gt;=3.9\" HREF=\"../foo-1.0.tar.gz?a&amp;b#sha256={hex}\" data-yanked data-provenance=\"https://h/p\"> foo-1.0.tar.gz </A>"
        );
        let found = find(&text, "foo-1.0.tar.gz").unwrap().unwrap();
        assert_eq!(found.link, format!("../foo-1.0.tar.gz?a&b#sha256={hex}"));
        assert_eq!(found.sha256, Some(Integrity::Sha256([0xab; 32])));
        assert_eq!((found.provenance.as_deref(), found.yanked), (Some("https://h/p"), true));
        assert_eq!(found.requires_python.as_deref(), Some(">=3.9"));
        let plain = find("<a href=y>foo-1.0.tar.gz</a>", "foo-1.0.tar.gz").unwrap().unwrap();
        assert_eq!(
            (plain.link.as_str(), plain.provenance, plain.sha256, plain.yanked),
            ("y", None, None, false)
        );
    }

    #[test]
    fn a_login_page_is_not_a_page_without_the_file() {
        let login = "<html><body><a href='/login'>log in</a></body></html>";
        assert!(
            find(login, "foo-1.0.tar.gz")
                .unwrap_err()
                .contains("does not say that it is a package index")
        );
        assert_eq!(find(&format!("{META}{login}"), "foo-1.0.tar.gz"), Ok(None));
        assert!(find(&META.replace("1.3", "2.0"), "x").is_err());
        assert!(find("<", "x").is_err() && find("", "x").is_err() && find("<a href='", "x").is_err());
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for malformed in [
            "<a>foo-1.0.tar.gz</a>",
            "<a href=x data-provenance>foo-1.0.tar.gz</a>",
            "<a href=x#sha256=abc>foo-1.0.tar.gz</a>",
        ] {
            assert!(find(malformed, "foo-1.0.tar.gz").is_err(), "{malformed}");
        }
    }
}
