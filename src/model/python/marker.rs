//! Environment markers (PEP 508): where a package belongs, and when a requirement counts.
//!
//! The attack: a marker that the resolver reads as "everywhere" and the machine as "nowhere", or
//! one that no reader understands and each skips in its own way. So there is one strict reading:
//! what the specification leaves open (two texts compared by size, versions searched in a text, an
//! escape, an unknown name) is an error, and an error is neither true nor false.
//!
//! Texts that are also versions (`platform_release >= "20.0"`) are compared in both ways; where
//! the two disagree, readers in the field disagree too, and it is an error.

use std::collections::BTreeSet;
use std::str::FromStr as _;

use pep440_rs::{Operator, Version, VersionPattern, VersionSpecifier};

use super::name::normal_extra;

/// Why a marker has no meaning here. The package that carries it is at fault, or whoever edited
/// the lock.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MarkerError {
    /// It does not follow the grammar, or compares what cannot be compared.
    #[error("the marker `{marker}` cannot be read: {what}")]
    Unreadable {
        /// The marker's beginning.
        marker: String,
        /// Why.
        what: &'static str,
    },
    /// It can be read in two ways that differ on this machine.
    #[error("the marker `{marker}` has two meanings here: compared as text it differs from compared as versions")]
    Ambiguous {
        /// The marker's beginning.
        marker: String,
    },
}

/// The variables' values of one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Environment {
    pub(super) python_version: Version,
    /// As text, for `in`.
    pub(super) python_version_text: String,
    pub(super) python_full_version: Version,
    pub(super) implementation_version: Version,
    pub(super) implementation_name: String,
    pub(super) os_name: String,
    pub(super) sys_platform: String,
    pub(super) platform_machine: String,
    pub(super) platform_python_implementation: String,
    pub(super) platform_release: String,
    pub(super) platform_system: String,
    pub(super) platform_version: String,
}

/// A marker that was understood completely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker {
    text: String,
    node: Node,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Version(VersionVariable, VersionSpecifier),
    /// `python_version in "3.10 3.11"`.
    Listed {
        words: BTreeSet<String>,
        wanted: bool,
    },
    Text {
        variable: TextVariable,
        relation: Relation,
        value: String,
    },
    Extra {
        name: String,
        wanted: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum VersionVariable {
    Python,
    PythonFull,
    Implementation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextVariable {
    ImplementationName,
    OsName,
    Machine,
    PythonImplementation,
    Release,
    System,
    PlatformVersion,
    SysPlatform,
}

/// How a variable stands to a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Compare(Comparison),
    /// `variable in "text"`.
    Within(bool),
    /// `"text" in variable`.
    Contains(bool),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Compatible,
}

impl Marker {
    /// Reads a marker. Everything in it must be understood.
    pub fn parse(text: &str) -> Result<Self, MarkerError> {
        let refuse = |what| MarkerError::Unreadable {
            marker: excerpt(text),
            what,
        };
        if text.len() > 16 * 1024 {
            return Err(refuse("it is too long"));
        }
        let tokens = tokens(text).map_err(refuse)?;
        let mut reader = Reader { tokens: &tokens, depth: 0 };
        let node = reader.any().map_err(refuse)?;
        if !reader.tokens.is_empty() {
            return Err(refuse("something follows it"));
        }
        Ok(Self {
            text: text.to_owned(),
            node,
        })
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The extras (normalised) that it asks about.
    pub fn extras(&self, into: &mut BTreeSet<String>) {
        self.node.extras(into);
    }

    pub(super) fn holds(&self, environment: &Environment, extras: &BTreeSet<String>) -> Result<bool, MarkerError> {
        self.node.holds(environment, extras).ok_or_else(|| MarkerError::Ambiguous {
            marker: excerpt(&self.text),
        })
    }

    /// The releases that `python_full_version` is compared with: where the answer can change.
    pub(super) fn turning_points(&self, into: &mut BTreeSet<Version>) {
        self.node.turning_points(into);
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(200).collect()
}

impl Node {
    /// `None`: it has two meanings. What decides without that part is decided.
    fn holds(&self, environment: &Environment, extras: &BTreeSet<String>) -> Option<bool> {
        match self {
            Self::All(nodes) => decide(nodes, false, environment, extras),
            Self::Any(nodes) => decide(nodes, true, environment, extras),
            Self::Version(variable, specifier) => Some(specifier.contains(match variable {
                VersionVariable::Python => &environment.python_version,
                VersionVariable::PythonFull => &environment.python_full_version,
                VersionVariable::Implementation => &environment.implementation_version,
            })),
            Self::Listed { words, wanted } => Some(words.contains(&environment.python_version_text) == *wanted),
            Self::Extra { name, wanted } => Some(extras.contains(name) == *wanted),
            Self::Text { variable, relation, value } => {
                let found = variable.value(environment);
                match relation {
                    Relation::Within(wanted) => Some(value.contains(found) == *wanted),
                    Relation::Contains(wanted) => Some(found.contains(value.as_str()) == *wanted),
                    Relation::Compare(comparison) => compare(found, *comparison, value),
                }
            }
        }
    }

    fn extras(&self, into: &mut BTreeSet<String>) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.extras(into)),
            Self::Extra { name, .. } => {
                into.insert(name.clone());
            }
            _ => {}
        }
    }

    fn turning_points(&self, into: &mut BTreeSet<Version>) {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().for_each(|node| node.turning_points(into)),
            Self::Version(VersionVariable::PythonFull | VersionVariable::Implementation, specifier) => {
                into.insert(specifier.version().only_release());
            }
            _ => {}
        }
    }
}

fn decide(nodes: &[Node], by: bool, environment: &Environment, extras: &BTreeSet<String>) -> Option<bool> {
    let mut unclear = false;
    for node in nodes {
        match node.holds(environment, extras) {
            Some(held) if held == by => return Some(by),
            Some(_) => {}
            None => unclear = true,
        }
    }
    (!unclear).then_some(!by)
}

fn compare(found: &str, comparison: Comparison, value: &str) -> Option<bool> {
    let ordered = |order: std::cmp::Ordering| match comparison {
        Comparison::Equal => Some(order.is_eq()),
        Comparison::NotEqual => Some(order.is_ne()),
        Comparison::Less => Some(order.is_lt()),
        Comparison::LessEqual => Some(order.is_le()),
        Comparison::Greater => Some(order.is_gt()),
        Comparison::GreaterEqual => Some(order.is_ge()),
        Comparison::Compatible => None,
    };
    let text = ordered(found.cmp(value))?;
    let by_size = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
    match (Version::from_str(found), Version::from_str(value)) {
        (Ok(found), Ok(value)) => Some(text).filter(|text| ordered(found.cmp(&value)) == Some(*text)),
        // A kernel's release is no version: what is larger is anybody's guess.
        _ if by_size => None,
        _ => Some(text),
    }
}

impl TextVariable {
    fn value(self, environment: &Environment) -> &str {
        match self {
            Self::ImplementationName => &environment.implementation_name,
            Self::OsName => &environment.os_name,
            Self::Machine => &environment.platform_machine,
            Self::PythonImplementation => &environment.platform_python_implementation,
            Self::Release => &environment.platform_release,
            Self::System => &environment.platform_system,
            Self::PlatformVersion => &environment.platform_version,
            Self::SysPlatform => &environment.sys_platform,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token<'a> {
    Open,
    Close,
    Word(&'a str),
    Sign(&'a str),
    Quoted(&'a str),
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, &'static str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
        let sign = |c: char| "<>=!~".contains(c);
        let length = match first {
            ' ' | '\t' => 1,
            '(' => {
                tokens.push(Token::Open);
                1
            }
            ')' => {
                tokens.push(Token::Close);
                1
            }
            '"' | '\'' => {
                let inside = rest[1..].split_once(first).ok_or("a quote is not closed")?.0;
                let plain = inside.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'\\');
                if !plain {
                    return Err("a text in it is not plain");
                }
                tokens.push(Token::Quoted(inside));
                inside.len() + 2
            }
            c if word(c) => {
                let length = rest.find(|c| !word(c)).unwrap_or(rest.len());
                tokens.push(Token::Word(&rest[..length]));
                length
            }
            c if sign(c) => {
                let length = rest.find(|c| !sign(c)).unwrap_or(rest.len());
                tokens.push(Token::Sign(&rest[..length]));
                length
            }
            _ => return Err("a sign in it is unknown"),
        };
        rest = &rest[length..];
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: &'a [Token<'a>],
    depth: u32,
}

/// One side of a comparison.
enum Side<'a> {
    Version(VersionVariable),
    Text(TextVariable),
    Extra,
    Quoted(&'a str),
}

/// What stands between the sides.
#[derive(Clone, Copy)]
enum Verb {
    Compare(Comparison),
    In(bool),
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<&'a Token<'a>> {
        let (first, rest) = self.tokens.split_first()?;
        self.tokens = rest;
        Some(first)
    }

    fn takes(&mut self, wanted: &Token<'_>) -> bool {
        let there = self.tokens.first() == Some(wanted);
        if there {
            self.next();
        }
        there
    }

    fn any(&mut self) -> Result<Node, &'static str> {
        let mut nodes = vec![self.all()?];
        while self.takes(&Token::Word("or")) {
            nodes.push(self.all()?);
        }
        Ok(one_or(nodes, Node::Any))
    }

    fn all(&mut self) -> Result<Node, &'static str> {
        let mut nodes = vec![self.single()?];
        while self.takes(&Token::Word("and")) {
            nodes.push(self.single()?);
        }
        Ok(one_or(nodes, Node::All))
    }

    fn single(&mut self) -> Result<Node, &'static str> {
        if self.takes(&Token::Open) {
            self.depth += 1;
            if self.depth > 64 {
                return Err("it is nested too deeply");
            }
            let node = self.any()?;
            self.depth -= 1;
            return if self.takes(&Token::Close) {
                Ok(node)
            } else {
                Err("a bracket is not closed")
            };
        }
        let left = self.side()?;
        let verb = self.verb()?;
        let right = self.side()?;
        test(left, verb, right)
    }

    fn side(&mut self) -> Result<Side<'a>, &'static str> {
        Ok(match self.next().ok_or("it ends too early")? {
            Token::Quoted(text) => Side::Quoted(text),
            Token::Word(word) => match *word {
                "python_version" => Side::Version(VersionVariable::Python),
                "python_full_version" => Side::Version(VersionVariable::PythonFull),
                "implementation_version" => Side::Version(VersionVariable::Implementation),
                "implementation_name" => Side::Text(TextVariable::ImplementationName),
                // The names with a dot are those of PEP 345, with the same meaning.
                "os_name" | "os.name" => Side::Text(TextVariable::OsName),
                "platform_machine" | "platform.machine" => Side::Text(TextVariable::Machine),
                "platform_python_implementation" | "platform.python_implementation" | "python_implementation" => {
                    Side::Text(TextVariable::PythonImplementation)
                }
                "platform_release" => Side::Text(TextVariable::Release),
                "platform_system" => Side::Text(TextVariable::System),
                "platform_version" | "platform.version" => Side::Text(TextVariable::PlatformVersion),
                "sys_platform" | "sys.platform" => Side::Text(TextVariable::SysPlatform),
                "extra" => Side::Extra,
                _ => return Err("a name in it is unknown"),
            },
            _ => return Err("a variable or a text is missing"),
        })
    }

    fn verb(&mut self) -> Result<Verb, &'static str> {
        let unknown = "an operator is missing or unknown";
        Ok(match self.next().ok_or("it ends too early")? {
            Token::Word("in") => Verb::In(true),
            Token::Word("not") if self.takes(&Token::Word("in")) => Verb::In(false),
            Token::Sign(sign) => Verb::Compare(match *sign {
                "==" => Comparison::Equal,
                "!=" => Comparison::NotEqual,
                "<" => Comparison::Less,
                "<=" => Comparison::LessEqual,
                ">" => Comparison::Greater,
                ">=" => Comparison::GreaterEqual,
                "~=" => Comparison::Compatible,
                _ => return Err(unknown),
            }),
            _ => return Err(unknown),
        })
    }
}

fn one_or(mut nodes: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    match nodes.pop() {
        Some(node) if nodes.is_empty() => node,
        last => {
            nodes.extend(last);
            many(nodes)
        }
    }
}

fn test(left: Side<'_>, verb: Verb, right: Side<'_>) -> Result<Node, &'static str> {
    match (left, right) {
        (Side::Version(variable), Side::Quoted(value)) => version_test(variable, verb, value, false),
        (Side::Quoted(value), Side::Version(variable)) => version_test(variable, verb, value, true),
        (Side::Text(variable), Side::Quoted(value)) => text_test(variable, verb, value, false),
        (Side::Quoted(value), Side::Text(variable)) => text_test(variable, verb, value, true),
        (Side::Extra, Side::Quoted(value)) | (Side::Quoted(value), Side::Extra) => {
            let name = normal_extra(value).ok_or("an extra in it has no name")?;
            let wanted = match verb {
                Verb::Compare(Comparison::Equal) => true,
                Verb::Compare(Comparison::NotEqual) => false,
                _ => return Err("an extra is compared by size"),
            };
            Ok(Node::Extra { name, wanted })
        }
        _ => Err("it compares two texts or two variables"),
    }
}

fn version_test(variable: VersionVariable, verb: Verb, value: &str, turned: bool) -> Result<Node, &'static str> {
    let comparison = match verb {
        Verb::Compare(comparison) if turned => comparison.turned()?,
        Verb::Compare(comparison) => comparison,
        Verb::In(wanted) if !turned && variable == VersionVariable::Python => {
            return Ok(Node::Listed {
                words: listed(value)?,
                wanted,
            });
        }
        Verb::In(_) => return Err("a version is searched in a text"),
    };
    let pattern = VersionPattern::from_str(value).map_err(|_| "a version in it is none")?;
    // PEP 440 knows the star on the right side only.
    if turned && pattern.is_wildcard() {
        return Err("a version in it is none");
    }
    let specifier = VersionSpecifier::from_pattern(comparison.operator(), pattern).map_err(|_| "a version and its operator do not fit")?;
    Ok(Node::Version(variable, specifier))
}

/// `"3.10 3.11"`. As a search in a text, `3.1` is found in `3.10`: only words of one form count,
/// where searching and comparing are the same for every Python from 3.10 on.
fn listed(value: &str) -> Result<BTreeSet<String>, &'static str> {
    value
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .map(|word| {
            let plain = word.split_once('.').is_some_and(|(major, minor)| {
                major.len() == 1 && (1..=2).contains(&minor.len()) && (major.to_owned() + minor).bytes().all(|byte| byte.is_ascii_digit())
            });
            plain.then(|| word.to_owned()).ok_or("a list of versions in it is not plain")
        })
        .collect()
}

fn text_test(variable: TextVariable, verb: Verb, value: &str, turned: bool) -> Result<Node, &'static str> {
    let relation = match verb {
        Verb::In(wanted) if turned => Relation::Contains(wanted),
        Verb::In(wanted) => Relation::Within(wanted),
        Verb::Compare(comparison) => {
            let comparison = if turned { comparison.turned()? } else { comparison };
            let by_size = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
            if comparison == Comparison::Compatible || (by_size && Version::from_str(value).is_err()) {
                return Err("texts are compared by size");
            }
            Relation::Compare(comparison)
        }
    };
    Ok(Node::Text {
        variable,
        relation,
        value: value.to_owned(),
    })
}

impl Comparison {
    /// The same with the sides exchanged.
    fn turned(self) -> Result<Self, &'static str> {
        Ok(match self {
            Self::Less => Self::Greater,
            Self::LessEqual => Self::GreaterEqual,
            Self::Greater => Self::Less,
            Self::GreaterEqual => Self::LessEqual,
            Self::Equal | Self::NotEqual => self,
            Self::Compatible => return Err("`~=` stands before a variable"),
        })
    }

    const fn operator(self) -> Operator {
        match self {
            Self::Equal => Operator::Equal,
            Self::NotEqual => Operator::NotEqual,
            Self::Less => Operator::LessThan,
            Self::LessEqual => Operator::LessThanEqual,
            Self::Greater => Operator::GreaterThan,
            Self::GreaterEqual => Operator::GreaterThanEqual,
            Self::Compatible => Operator::TildeEqual,
        }
    }
}

#[cfg(test)]
#[path = "marker_tests.rs"]
mod tests;
