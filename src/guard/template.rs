//! Addresses made of a template (RFC 6570), read conservatively: levels 1 to 3, and `*`.
//!
//! The attack: an address that passes as one of a pinned template and names something else. So the
//! literal text must stand as it is, an ordinary variable never spans a `/`, `?` or `#`, and nothing
//! that a reader of addresses folds away (`..`) may stand in it. What is not understood (`{x:3}`)
//! matches nothing.

/// The longest address that is looked at.
const LONGEST: usize = 8 * 1024;
/// The most parts of a template.
const MOST: usize = 64;

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// One or more characters of the class.
    Value(Class),
    /// `?a=1&b=2`: any of the names in this order, each at most once; all may be missing.
    Query {
        first: u8,
        names: Vec<String>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// No reserved character that divides an address.
    Simple,
    /// Several simple values with commas between.
    List,
    /// Anything.
    Reserved,
}

impl Class {
    fn holds(self, c: char) -> bool {
        if c.is_control() || c.is_whitespace() && !matches!(c, ' ') {
            return false;
        }
        match self {
            Self::Reserved => true,
            Self::List => !matches!(c, '/' | '?' | '#' | '{' | '}' | '\\'),
            Self::Simple => !matches!(c, '/' | '?' | '#' | ',' | '{' | '}' | '\\'),
        }
    }
}

impl Template {
    /// `None` for a template that is not understood.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            if open > 0 {
                parts.push(Part::Literal(rest[..open].to_owned()));
            }
            let close = rest[open..].find('}')? + open;
            expression(&rest[open + 1..close], &mut parts)?;
            rest = &rest[close + 1..];
        }
        if rest.contains('}') {
            return None;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        // A template that begins with a variable would match every address.
        let anchored = matches!(parts.first(), Some(Part::Literal(literal)) if literal.contains(':'));
        (anchored && parts.len() <= MOST).then_some(Self { parts })
    }

    /// Whether the template can make this address.
    pub(super) fn matches(&self, uri: &str) -> bool {
        if uri.len() > LONGEST || leaves_its_folder(uri) {
            return false;
        }
        // The places up to which the parts so far can reach.
        let mut reached = vec![false; uri.len() + 1];
        reached[0] = true;
        for part in &self.parts {
            reached = part.reach(uri, &reached);
        }
        reached[uri.len()]
    }
}

/// The parts of what stands in one pair of braces.
fn expression(text: &str, parts: &mut Vec<Part>) -> Option<()> {
    let operator = text.chars().next()?;
    let (operator, names) = if "+#./;?&".contains(operator) {
        (Some(operator), &text[1..])
    } else {
        (None, text)
    };
    let mut variables = Vec::new();
    let mut exploded = false;
    for name in names.split(',') {
        let bare = name.strip_suffix('*').unwrap_or(name);
        exploded |= bare.len() < name.len();
        let honest = !bare.is_empty() && bare.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '%'));
        if !honest {
            return None;
        }
        variables.push(bare.to_owned());
    }
    let several = variables.len() > 1 || exploded;
    let separated = |parts: &mut Vec<Part>, mark: &str| {
        for _ in &variables {
            parts.push(Part::Literal(mark.to_owned()));
            parts.push(Part::Value(if exploded { Class::Reserved } else { Class::Simple }));
        }
    };
    match operator {
        None if exploded => parts.push(Part::Value(Class::Reserved)),
        None => parts.push(Part::Value(if several { Class::List } else { Class::Simple })),
        Some('+') => parts.push(Part::Value(Class::Reserved)),
        Some('#') => {
            parts.push(Part::Literal("#".into()));
            parts.push(Part::Value(Class::Reserved));
        }
        Some('.') => separated(parts, "."),
        Some('/') => separated(parts, "/"),
        Some('?') if !exploded => parts.push(Part::Query {
            first: b'?',
            names: variables,
        }),
        Some('&') if !exploded => parts.push(Part::Query {
            first: b'&',
            names: variables,
        }),
        // Rare in addresses of resources, and easily read otherwise.
        Some(_) => return None,
    }
    Some(())
}

impl Part {
    fn reach(&self, uri: &str, from: &[bool]) -> Vec<bool> {
        let mut out = vec![false; from.len()];
        match self {
            Self::Literal(literal) => {
                for at in places(from) {
                    if uri[at..].starts_with(literal.as_str()) {
                        out[at + literal.len()] = true;
                    }
                }
            }
            Self::Value(class) => {
                let mut inside = false;
                for (at, c) in uri.char_indices() {
                    inside = (inside || from[at]) && class.holds(c);
                    if inside {
                        out[at + c.len_utf8()] = true;
                    }
                }
            }
            Self::Query { first, names } => {
                for at in places(from) {
                    out[at] = true;
                    query(uri, at, *first, names, &mut out);
                }
            }
        }
        out
    }
}

fn places(reached: &[bool]) -> impl Iterator<Item = usize> {
    reached.iter().enumerate().filter(|(_, reached)| **reached).map(|(at, _)| at)
}

/// Marks where a query that begins at a place can end: after each of its pairs.
fn query(uri: &str, from: usize, first: u8, names: &[String], out: &mut [bool]) {
    let (mut at, mut mark, mut names) = (from, first, names.iter());
    while uri.as_bytes().get(at) == Some(&mark) {
        let pair = &uri[at + 1..];
        let end = pair.find(['&', '#']).unwrap_or(pair.len());
        let Some((name, value)) = pair[..end].split_once('=') else { return };
        if !names.any(|known| known == name) || !value.chars().all(|c| Class::Reserved.holds(c)) {
            return;
        }
        at += 1 + end;
        out[at] = true;
        mark = b'&';
    }
}

/// Whether a reader of addresses would fold a part of it away.
fn leaves_its_folder(uri: &str) -> bool {
    let dots = |part: &str| {
        let part = part.to_ascii_lowercase().replace("%2e", ".");
        part == "." || part == ".."
    };
    let plain = uri.to_ascii_lowercase().replace("%2f", "/").replace("%5c", "/");
    plain.split(['/', '\\', '?', '#']).any(dots)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(template: &str, uri: &str) -> bool {
        Template::parse(template).is_some_and(|template| template.matches(uri))
    }

    #[test]
    fn what_a_template_makes_matches() {
        for (template, uri) in [
            ("demo://text/{id}", "demo://text/7"),
            ("demo://text/{id}", "demo://text/a%20b"),
            ("demo://{a}/x/{b}.json", "demo://1/x/2.json"),
            ("file:///{+path}", "file:///a/b/c.txt"),
            ("file:///{path*}", "file:///a/b"),
            ("repo://{owner}/{repo}{/path}", "repo://o/r/p"),
            ("note://x{?q,page}", "note://x?q=1&page=2"),
            ("note://x{?q,page}", "note://x?page=2"),
            ("note://x{?q,page}", "note://x"),
            ("note://x?a=1{&q}", "note://x?a=1&q=2"),
            ("doc://x{#part}", "doc://x#a/b"),
            ("list://{a,b}", "list://1,2"),
            ("weather://{city}", "weather://São Paulo"),
        ] {
            assert!(fits(template, uri), "{template} {uri}");
        }
    }

    #[test]
    fn what_it_does_not_make_does_not() {
        for (template, uri) in [
            ("demo://text/{id}", "demo://text/"),
            ("demo://text/{id}", "demo://text/a/b"),
            ("demo://text/{id}", "demo://other/7"),
            ("demo://text/{id}", "demo://text/7?x=1"),
            ("demo://text/{id}", "xdemo://text/7"),
            ("demo://text/{id}", "demo://text/.."),
            ("file:///srv/{+path}", "file:///srv/../etc/passwd"),
            ("file:///srv/{+path}", "file:///srv/%2e%2E/etc/passwd"),
            ("file:///srv/{+path}", "file:///srv/a%2f..%2fb"),
            ("file:///srv/{+path}", "file:///srv/a\nb"),
            ("file:///srv/{name}", "file:///srv/..\\x"),
            ("{+any}", "https://elsewhere.example/"),
            ("{scheme}://x", "file://x"),
            ("demo://{id:3}", "demo://abc"),
            ("demo://{", "demo://{"),
            ("note://x{?q}", "note://x?r=1"),
            ("note://x{?q}", "note://x?q=1&q=2"),
        ] {
            assert!(!fits(template, uri), "{template} {uri}");
        }
    }

    #[test]
    fn a_hostile_address_takes_no_time() {
        let template = format!("a:{}", "{+x}a".repeat(30));
        assert!(!fits(&template, &format!("a:{}b", "a".repeat(8000))));
    }
}
