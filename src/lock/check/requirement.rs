//! A dependency's value as npm reads it: a range, a tag, an alias, or something from elsewhere.

use super::range::Range;

/// What stands to the right of a dependency's name.
#[derive(Debug, Clone)]
pub enum Requirement {
    /// A version or a range. `""` and `*` accept every version, pre-releases too, as in npm.
    Range(Range),
    /// A tag such as `latest`: any version may have had it.
    Tag,
    /// `npm:NAME@REQUIREMENT`.
    Alias {
        /// The real package.
        name: String,
        /// What its version must be: a range or a tag.
        inner: Box<Requirement>,
    },
    /// git, URL, file, folder, workspace: not from a registry.
    Foreign,
}

impl Requirement {
    /// Reads a requirement. Never fails: what npm would not take from a registry is `Foreign`.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        if let Some(alias) = text.strip_prefix("npm:") {
            return Self::alias(alias);
        }
        let lower = text.to_ascii_lowercase();
        let file = [".tgz", ".tar.gz", ".tar"].iter().any(|ending| lower.ends_with(ending));
        if file || text.contains(['/', '\\', ':', '#']) || text.starts_with('.') {
            return Self::Foreign;
        }
        if let Some(range) = Range::parse(text) {
            return Self::Range(range);
        }
        // npm takes for a tag what needs no escaping in a URL.
        let tag = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte));
        if tag { Self::Tag } else { Self::Foreign }
    }

    fn alias(text: &str) -> Self {
        let at = text.char_indices().skip(1).find(|&(_, c)| c == '@').map(|(i, _)| i);
        let (name, rest) = at.map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
        match Self::parse(rest) {
            // An alias of an alias is not a thing in npm.
            Self::Alias { .. } | Self::Foreign => Self::Foreign,
            inner => Self::Alias {
                name: name.to_owned(),
                inner: Box::new(inner),
            },
        }
    }

    /// The package an alias stands for.
    pub fn real_name(&self) -> Option<&str> {
        match self {
            Self::Alias { name, .. } => Some(name),
            _ => None,
        }
    }

    /// Whether a registry version is acceptable. Tags accept all, what is foreign accepts none.
    pub fn accepts(&self, version: &str) -> bool {
        match self {
            Self::Range(range) => range.accepts(version),
            Self::Tag => true,
            Self::Alias { inner, .. } => inner.accepts(version),
            Self::Foreign => false,
        }
    }
}
