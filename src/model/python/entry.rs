//! How a Python server starts: a console script's name, module and callable.

use std::fmt;
use std::str::FromStr;

/// `NAME = module:callable`, as `entry_points.txt` has it, and as the lock keeps it: exactly one
/// space on both sides of the `=`, no extras, no second reading.
///
/// The attack: an entry that is more than a module and a callable. Both are dotted names of ASCII
/// letters, digits and `_`, so nothing in them is code, a path or an option.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryPoint {
    name: String,
    module: String,
    callable: String,
}

/// A text that is no entry point.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is not of the form `NAME = module:callable`")]
pub struct EntryPointError;

impl EntryPoint {
    /// From its three parts; `None` where one of them is not plain.
    pub fn new(name: &str, module: &str, callable: &str) -> Option<Self> {
        (is_name(name) && is_dotted(module) && is_dotted(callable)).then(|| Self {
            name: name.to_owned(),
            module: module.to_owned(),
            callable: callable.to_owned(),
        })
    }

    /// The console script's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The module to import.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// What to call in it, perhaps an attribute of an attribute.
    pub fn callable(&self) -> &str {
        &self.callable
    }
}

impl fmt::Display for EntryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {}:{}", self.name, self.module, self.callable)
    }
}

impl FromStr for EntryPoint {
    type Err = EntryPointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, target) = text.split_once(" = ").ok_or(EntryPointError)?;
        let (module, callable) = target.split_once(':').ok_or(EntryPointError)?;
        Self::new(name, module, callable).ok_or(EntryPointError)
    }
}

/// What the entry points specification recommends for names, and a bound.
fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    text.len() <= 128 && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') && text.bytes().all(plain)
}

fn is_dotted(text: &str) -> bool {
    let word = |word: &str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    text.len() <= 256 && text.split('.').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_one_spelling() {
        let text = "mcp-server-time = mcp_server_time.cli:App.main";
        let entry: EntryPoint = text.parse().unwrap();
        assert_eq!(
            (entry.name(), entry.module(), entry.callable()),
            ("mcp-server-time", "mcp_server_time.cli", "App.main")
        );
        assert_eq!(entry.to_string(), text);
        for bad in [
            "",
            "a=b:c",
            "a  = b:c",
            "a = b",
            "a = b:",
            "a = :c",
            "a = b:c ",
            "a = b:c [x]",
            "a = b:c:d",
            "a = b..c:d",
            "a = .b:c",
            "a = b-c:d",
            "a = 1b:c",
            "a = b:c()",
            "-a = b:c",
            "../a = b:c",
            "a = b = c:d",
            "a = b:c\n",
            "\u{e4} = b:c",
            "a = \u{456}d:c",
        ] {
            assert!(bad.parse::<EntryPoint>().is_err(), "{bad:?}");
        }
    }
}
