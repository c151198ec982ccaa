//! Versions and ranges with npm's meaning, in npm's loose spelling.
//!
//! Written after what npm's own `semver` does rather than taken from a crate: the ones at hand
//! accept versions npm rejects for odd ranges (`>=1.2.3 <1.2.3`, `>x`, `^1 - 2`), and an odd range is
//! what an attacker would write. Compared with npm's on every range of several real closures and a
//! list of edge cases (the tests keep the instructive ones).

use std::cmp::Ordering;

/// npm refuses longer texts and larger numbers, and the largest itself in most ranges.
const MAX_LENGTH: usize = 256;
const MAX_NUMBER: u64 = 9_007_199_254_740_991;

/// One identifier of a pre-release: numbers sort below words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Word(String),
}

/// An exact version. Build metadata is dropped: it carries no order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    numbers: [u64; 3],
    pre: Vec<Identifier>,
}

impl Version {
    /// Reads a version as npm does, `v` and `=` in front included; `None` if it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH {
            return None;
        }
        let partial = Partial::parse(text.trim())?;
        match partial.numbers {
            [Some(major), Some(minor), Some(patch)] => Some(Self {
                numbers: [major, minor, patch],
                pre: partial.pre,
            }),
            _ => None,
        }
    }

    const fn release(numbers: [u64; 3]) -> Self {
        Self { numbers, pre: Vec::new() }
    }

    /// The lowest pre-release: `<2.0.0-0` leaves out all of 2.0.0's.
    fn floor(numbers: [u64; 3]) -> Self {
        Self {
            numbers,
            pre: vec![Identifier::Number(0)],
        }
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        // A release is above its own pre-releases.
        let pre = || match (self.pre.is_empty(), other.pre.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Greater,
            (false, true) => Ordering::Less,
            (false, false) => self.pre.cmp(&other.pre),
        };
        self.numbers.cmp(&other.numbers).then_with(pre)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A version with wildcards: `1`, `1.x`, `1.2.*`, `1.2.3-rc.1`.
#[derive(Debug, Clone)]
struct Partial {
    numbers: [Option<u64>; 3],
    pre: Vec<Identifier>,
}

impl Partial {
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text.trim_start_matches(['v', '=', ' ']);
        let mut numbers = [None; 3];
        let mut found = 0;
        while found < 3 {
            if let Some(after) = rest.strip_prefix(['x', 'X', '*']) {
                rest = after;
            } else {
                let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                let number = rest[..end].parse::<u64>().ok().filter(|number| *number < MAX_NUMBER)?;
                numbers[found] = Some(number);
                rest = &rest[end..];
            }
            found += 1;
            match rest.strip_prefix('.') {
                Some(after) if found < 3 => rest = after,
                _ => break,
            }
        }
        let rest = without_build(rest)?;
        if rest.is_empty() {
            return Some(Self { numbers, pre: Vec::new() });
        }
        // Only a third number may carry a pre-release; the hyphen may be missing in loose spelling.
        let pre = if found == 3 {
            rest.strip_prefix('-').and_then(identifiers).or_else(|| identifiers(rest))?
        } else {
            return None;
        };
        Some(Self { numbers, pre })
    }

    /// The numbers up to the first wildcard.
    const fn known(&self) -> (Option<u64>, Option<u64>, Option<u64>) {
        match self.numbers {
            [None, ..] => (None, None, None),
            [major, None, _] => (major, None, None),
            [major, minor, patch] => (major, minor, patch),
        }
    }
}

fn without_build(text: &str) -> Option<&str> {
    match text.split_once('+') {
        None => Some(text),
        Some((before, build)) => identifiers(build).map(|_| before),
    }
}

fn identifiers(text: &str) -> Option<Vec<Identifier>> {
    let one = |part: &str| {
        let ok = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let number = || part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<u64>().ok())?;
        ok.then(|| {
            number()
                .filter(|number| *number < MAX_NUMBER)
                .map_or_else(|| Identifier::Word(part.to_owned()), Identifier::Number)
        })
    };
    text.split('.').map(one).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
}

#[derive(Debug, Clone)]
enum Comparator {
    /// Every release.
    Any,
    /// No version at all: `>*`.
    Nothing,
    Bound(Operator, Version),
}

impl Comparator {
    fn accepts(&self, version: &Version) -> bool {
        match self {
            Self::Any => true,
            Self::Nothing => false,
            Self::Bound(Operator::Less, bound) => version < bound,
            Self::Bound(Operator::LessEqual, bound) => version <= bound,
            Self::Bound(Operator::Greater, bound) => version > bound,
            Self::Bound(Operator::GreaterEqual, bound) => version >= bound,
            Self::Bound(Operator::Equal, bound) => version == bound,
        }
    }

    /// Whether this names a pre-release of the same `major.minor.patch`.
    fn admits_pre_release(&self, version: &Version) -> bool {
        matches!(self, Self::Bound(_, bound) if !bound.pre.is_empty() && bound.numbers == version.numbers)
    }
}

/// A range: any of several sets of comparators.
#[derive(Debug, Clone)]
pub struct Range {
    sets: Vec<Vec<Comparator>>,
    /// `""` and `*`: npm accepts pre-releases here, and only here, without being asked.
    everything: bool,
}

impl Range {
    /// Reads a version or a range; `None` if npm would not take it for one.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        if text.len() > MAX_LENGTH {
            return None;
        }
        let everything = matches!(text.as_str(), "" | "*");
        let mut sets: Vec<_> = text
            .split("||")
            .map(|part| set(part.trim()))
            .filter(|set| !set.is_empty())
            .collect();
        // npm keeps nothing beside a set that takes every release.
        if let Some(any) = sets.iter().position(|set| matches!(set[..], [Comparator::Any])) {
            sets = vec![sets.swap_remove(any)];
        }
        (!sets.is_empty()).then_some(Self { sets, everything })
    }

    /// Whether npm would take this version for the range.
    pub fn accepts(&self, version: &str) -> bool {
        let Some(version) = Version::parse(version) else { return false };
        let holds = |set: &Vec<Comparator>| {
            set.iter().all(|comparator| comparator.accepts(&version))
                && (version.pre.is_empty() || set.iter().any(|comparator| comparator.admits_pre_release(&version)))
        };
        self.everything || self.sets.iter().any(holds)
    }
}

/// One alternative. What is no comparator is dropped, as npm drops it in loose mode; an empty
/// result is no range at all.
fn set(text: &str) -> Vec<Comparator> {
    if let Some(set) = hyphen(text) {
        return set;
    }
    let joined = joined(text);
    let mut comparators: Vec<_> = joined.split(' ').filter_map(comparator).flatten().collect();
    if comparators.len() > 1 {
        let without: Vec<_> = comparators.iter().filter(|c| !matches!(c, Comparator::Any)).cloned().collect();
        comparators = if without.is_empty() { vec![Comparator::Any] } else { without };
    }
    comparators
}

/// `1.2 - 2.3`: both ends included, and an end with wildcards reaches as far as it can.
fn hyphen(text: &str) -> Option<Vec<Comparator>> {
    let (from, to) = text.split_once(" - ")?;
    let (from, to) = (Partial::parse(from.trim())?, Partial::parse(to.trim())?);
    let lower = match from.known() {
        (None, ..) => Comparator::Any,
        (Some(major), minor, patch) => {
            let pre = if patch.is_some() { from.pre.clone() } else { Vec::new() };
            at_least([major, minor.unwrap_or(0), patch.unwrap_or(0)], pre)
        }
    };
    let upper = match to.known() {
        (None, ..) => Comparator::Any,
        (Some(major), None, _) => below([major + 1, 0, 0]),
        (Some(major), Some(minor), None) => below([major, minor + 1, 0]),
        (Some(major), Some(minor), Some(patch)) => Comparator::Bound(
            Operator::LessEqual,
            Version {
                numbers: [major, minor, patch],
                pre: to.pre.clone(),
            },
        ),
    };
    Some(vec![lower, upper])
}

/// Closes the gap between an operator and its version: `>= 1`, `~> 1`, `^ 1`.
fn joined(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match out.last_mut() {
            Some(last) if matches!(last.as_str(), "~" | "~>" | "^") => last.push_str(word),
            Some(last) if matches!(last.as_str(), "<" | "<=" | ">" | ">=" | "=") && Partial::parse(word).is_some() => last.push_str(word),
            _ => out.push(word.to_owned()),
        }
    }
    out.join(" ")
}

fn comparator(word: &str) -> Option<Vec<Comparator>> {
    if word.is_empty() {
        return Some(vec![Comparator::Any]);
    }
    if let Some(rest) = word.strip_prefix('^') {
        return Some(caret(&Partial::parse(rest)?));
    }
    if let Some(rest) = word.strip_prefix('~') {
        return Some(tilde(&Partial::parse(rest.strip_prefix('>').unwrap_or(rest))?));
    }
    let operators = [
        ("<=", Operator::LessEqual),
        (">=", Operator::GreaterEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    let found = operators
        .iter()
        .find_map(|(text, operator)| Some((*operator, word.strip_prefix(text)?)));
    let (operator, rest) = found.unwrap_or((Operator::Equal, word));
    let partial = Partial::parse(rest)?;
    // `x.1` and `1.x.2` are nonsense to npm here, though not after `^` and `~`.
    let in_order = partial.numbers.is_sorted_by(|before, after| before.is_some() || after.is_none());
    in_order.then(|| compared(operator, partial))
}

fn at_least(numbers: [u64; 3], pre: Vec<Identifier>) -> Comparator {
    // npm writes `>=0.0.0` as "anything".
    if numbers == [0; 3] && pre.is_empty() {
        return Comparator::Any;
    }
    Comparator::Bound(Operator::GreaterEqual, Version { numbers, pre })
}

fn below(numbers: [u64; 3]) -> Comparator {
    Comparator::Bound(Operator::Less, Version::floor(numbers))
}

fn caret(partial: &Partial) -> Vec<Comparator> {
    let (major, minor, patch) = match partial.known() {
        (None, ..) => return vec![Comparator::Any],
        (Some(major), minor, patch) => (major, minor, patch),
    };
    let upper = match (major, minor, patch) {
        (0, Some(0), Some(patch)) => [0, 0, patch + 1],
        (0, Some(minor), _) => [0, minor + 1, 0],
        (major, ..) => [major + 1, 0, 0],
    };
    bounded(partial, [major, minor.unwrap_or(0), patch.unwrap_or(0)], upper)
}

fn tilde(partial: &Partial) -> Vec<Comparator> {
    match partial.known() {
        (None, ..) => vec![Comparator::Any],
        (Some(major), None, _) => bounded(partial, [major, 0, 0], [major + 1, 0, 0]),
        (Some(major), Some(minor), patch) => bounded(partial, [major, minor, patch.unwrap_or(0)], [major, minor + 1, 0]),
    }
}

fn bounded(partial: &Partial, lower: [u64; 3], upper: [u64; 3]) -> Vec<Comparator> {
    let pre = if partial.known().2.is_some() {
        partial.pre.clone()
    } else {
        Vec::new()
    };
    vec![at_least(lower, pre), below(upper)]
}

fn compared(operator: Operator, partial: Partial) -> Vec<Comparator> {
    use Operator::{Equal, Greater, GreaterEqual, Less, LessEqual};
    let bound = |operator, numbers| vec![Comparator::Bound(operator, Version::release(numbers))];
    match (operator, partial.known()) {
        (Less | Greater, (None, ..)) => vec![Comparator::Nothing],
        (_, (None, ..)) => vec![Comparator::Any],
        (Equal, (Some(_), None, _) | (Some(_), _, None)) => tilde(&partial),
        (_, (Some(major), Some(minor), Some(patch))) => {
            let numbers = [major, minor, patch];
            if operator == GreaterEqual {
                return vec![at_least(numbers, partial.pre)];
            }
            vec![Comparator::Bound(operator, Version { numbers, pre: partial.pre })]
        }
        (Greater, (Some(major), None, _)) => bound(GreaterEqual, [major + 1, 0, 0]),
        (Greater, (Some(major), Some(minor), None)) => bound(GreaterEqual, [major, minor + 1, 0]),
        (LessEqual, (Some(major), None, _)) => vec![below([major + 1, 0, 0])],
        (LessEqual, (Some(major), Some(minor), None)) => vec![below([major, minor + 1, 0])],
        (Less, (Some(major), minor, _)) => vec![below([major, minor.unwrap_or(0), 0])],
        (GreaterEqual, (Some(major), minor, _)) => vec![at_least([major, minor.unwrap_or(0), 0], Vec::new())],
    }
}
