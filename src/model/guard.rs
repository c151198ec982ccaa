//! What the guard does with a server beside comparing it with its pin: the rules.
//!
//! Rules about tools and results can only take away, so a project may propose them, and its lock
//! holds them ([`GuardPin`]). What a server may ask of its client (a completion, a form, roots), and
//! [observing](GuardMode::Observe), give something away: they stand in the user's or the system's
//! configuration, in no lock. Nothing set means: every tool of the pin may be called, and nothing may
//! be asked for.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// The most that a size limit of the rules may be, in bytes: the largest frame that passes at all.
pub const LARGEST: u64 = 16 * 1024 * 1024;

/// The longest pattern, in bytes.
const LONGEST_PATTERN: usize = 256;

/// What becomes of what the guard objects to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum GuardMode {
    /// It is kept from passing.
    #[default]
    Enforce,
    /// It passes, and is logged and told. User's and system's configuration only.
    Observe,
}

impl GuardMode {
    /// `enforce` or `observe`, as in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

/// The names of tools or methods: one name, or all that begin alike (`read_*`), or all (`*`).
///
/// Nothing cleverer: a rule that has to be worked out is a rule that is misread. Compared byte by
/// byte, so a name that merely looks like another is another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(String);

/// Why a text is no [`Pattern`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing, or too much.
    #[error("a name has 1 to 256 bytes")]
    Length,
    /// A star that does not stand at the end.
    #[error("`*` may only stand at the end, for every name that begins so")]
    Star,
    /// It would look different from what it is.
    #[error("a control or invisible character stands in it")]
    Invisible,
}

impl Pattern {
    /// Whether a tool of this name is meant.
    pub fn matches(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => self.0 == name,
        }
    }

    /// Whether everything that `other` means is meant by this one too.
    pub fn covers(&self, other: &Self) -> bool {
        match (self.0.strip_suffix('*'), other.0.strip_suffix('*')) {
            (Some(start), Some(theirs)) => theirs.starts_with(start),
            (Some(start), None) => other.0.starts_with(start),
            (None, Some(_)) => false,
            (None, None) => self == other,
        }
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() || text.len() > LONGEST_PATTERN {
            return Err(PatternError::Length);
        }
        if text.strip_suffix('*').unwrap_or(text).contains('*') {
            return Err(PatternError::Star);
        }
        if text.chars().any(char::is_control) {
            return Err(PatternError::Invisible);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether any of the patterns means a tool of this name.
pub fn any_matches(patterns: &BTreeSet<Pattern>, name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches(name))
}

/// How a call's arguments are looked at. The later, the stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum ArgumentCheck {
    /// Not at all: the server looks at them itself.
    #[default]
    Any,
    /// They fit the tool's pinned `inputSchema`.
    Pinned,
    /// They fit it, and name no property that it does not name, even where it leaves that open.
    Known,
}

impl ArgumentCheck {
    /// `any`, `pinned` or `known`, as in the manifest and the lock.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Pinned => "pinned",
            Self::Known => "known",
        }
    }
}

/// Which tools may be called, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ToolRules {
    /// Only these; `None` for every tool of the pin. Empty for none.
    pub allow: Option<BTreeSet<Pattern>>,
    /// Never these, whatever `allow` says.
    pub deny: BTreeSet<Pattern>,
    /// These only after the user said yes, each time.
    pub confirm: BTreeSet<Pattern>,
    /// How their arguments are looked at.
    pub arguments: ArgumentCheck,
}

impl ToolRules {
    /// Whether a tool may be called at all.
    pub fn permits(&self, name: &str) -> bool {
        self.allow.as_ref().is_none_or(|allow| any_matches(allow, name)) && !any_matches(&self.deny, name)
    }
}

/// What is done to results. Off unless set: results pass byte for byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ResultRules {
    /// Control, escape and invisible characters are written as visible escapes.
    pub visible: bool,
    /// The largest result, in bytes.
    pub largest: Option<u64>,
}

/// Where the user is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AskThrough {
    /// In the client where it shows forms, else at the desktop.
    #[default]
    Either,
    /// In the client or not at all: where it shows no forms, the answer is no.
    Client,
    /// At the desktop or not at all: for clients that answer forms by themselves.
    Desktop,
}

impl AskThrough {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Either, Self::Client, Self::Desktop];

    /// `either`, `client` or `desktop`, as in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Either => "either",
            Self::Client => "client",
            Self::Desktop => "desktop",
        }
    }
}

/// Whether the user looks at what a server asks before it passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Review {
    /// It passes; the client may ask by itself.
    Pass,
    /// The user is asked each time. Unless set.
    #[default]
    Ask,
}

impl Review {
    /// `pass` or `ask`, as in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Ask => "ask",
        }
    }
}

/// Within which limits a server may ask for completions (`sampling/createMessage`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SamplingRules {
    /// Requests a minute.
    pub per_minute: u32,
    /// Tokens a day, counted by what each request asks for at most (`maxTokens`).
    pub tokens_per_day: u64,
    /// The most tokens of one completion; a request for more is cut down to it.
    pub max_tokens: u64,
    /// How often the server may ask during one request of the client.
    pub rounds: u32,
    /// The models that the server may wish for: a hint that contains none of these names is left out,
    /// and where none is left these are the hints. `None` for any. What model is used is the client's
    /// choice all the same.
    pub models: Option<Vec<String>>,
    /// How long the client may take to answer, in seconds.
    pub timeout: u32,
    /// The largest request, in bytes.
    pub largest: u64,
    /// The server may hand tools to the model that answers.
    pub tools: bool,
    /// Whether the user looks at prompt and completion.
    pub review: Review,
}

impl Default for SamplingRules {
    fn default() -> Self {
        Self {
            per_minute: 4,
            tokens_per_day: 100_000,
            max_tokens: 4_096,
            rounds: 4,
            models: None,
            timeout: 300,
            largest: 256 * 1024,
            tools: false,
            review: Review::Ask,
        }
    }
}

/// Within which limits a server may ask the user for something (`elicitation/create`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElicitationRules {
    /// Requests a minute.
    pub per_minute: u32,
    /// How often the server may ask during one request of the client.
    pub rounds: u32,
    /// The hosts that a page may be on, exactly, or every host below one (`*.example.com`). Empty: no
    /// pages, only forms.
    pub domains: Vec<String>,
    /// How long the user may take to answer, in seconds.
    pub timeout: u32,
    /// The largest request, in bytes.
    pub largest: u64,
    /// Whether the guard asks the user too, before the client does.
    pub review: Review,
}

impl Default for ElicitationRules {
    fn default() -> Self {
        Self {
            per_minute: 4,
            rounds: 4,
            domains: Vec::new(),
            timeout: 600,
            largest: 64 * 1024,
            review: Review::Pass,
        }
    }
}

/// Which folders a server may hear of (`roots/list`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RootsRules {
    /// These absolute folders are the answer, whatever the client would say. `None`: the client's.
    pub paths: Option<Vec<String>>,
}

/// The rules of one entry.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GuardRules {
    /// Enforce or observe.
    pub mode: GuardMode,
    /// Which tools may be called, and how.
    pub tools: ToolRules,
    /// What is done to results.
    pub results: ResultRules,
    /// Completions; `None`: denied.
    pub sampling: Option<SamplingRules>,
    /// Forms and pages; `None`: denied.
    pub elicitation: Option<ElicitationRules>,
    /// Folders; `None`: denied.
    pub roots: Option<RootsRules>,
    /// Where the user is asked.
    pub ask: AskThrough,
    /// Methods that no protocol knows and that pass unread all the same, in both directions.
    pub methods: BTreeSet<Pattern>,
}

/// The rules that an entry of a lock holds: those that only take away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GuardPin {
    /// Which tools may be called, and how.
    pub tools: ToolRules,
    /// What is done to results.
    pub results: ResultRules,
}

impl GuardPin {
    /// Whether it takes nothing away.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Every rule by its key, as text for people.
    pub fn rules(&self) -> [(&'static str, String); 6] {
        let list = |set: &BTreeSet<Pattern>| {
            let quoted: Vec<_> = set.iter().map(|pattern| format!("\"{pattern}\"")).collect();
            format!("[{}]", quoted.join(", "))
        };
        let Self { tools, results } = self;
        [
            ("allow", tools.allow.as_ref().map_or_else(|| "not set".to_owned(), list)),
            ("deny", list(&tools.deny)),
            ("confirm", list(&tools.confirm)),
            ("arguments", tools.arguments.as_str().to_owned()),
            ("results.visible", results.visible.to_string()),
            (
                "results.largest",
                results.largest.map_or_else(|| "not set".to_owned(), |bytes| bytes.to_string()),
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_pattern_is_a_name_or_a_beginning() {
        for (text, name, expected) in [
            ("read", "read", true),
            ("read", "read_file", false),
            ("read", "Read", false),
            ("read_*", "read_file", true),
            ("read_*", "read_", true),
            ("read_*", "read", false),
            ("read_*", "unread_file", false),
            ("*", "anything", true),
            ("a.c", "abc", false),
        ] {
            assert_eq!(pattern(text).matches(name), expected, "{text} {name}");
        }
        for (text, error) in [
            ("", PatternError::Length),
            ("*_file", PatternError::Star),
            ("a*b", PatternError::Star),
            ("a**", PatternError::Star),
            ("a\n", PatternError::Invisible),
        ] {
            assert_eq!(text.parse::<Pattern>(), Err(error), "{text:?}");
        }
        assert_eq!("a".repeat(257).parse::<Pattern>(), Err(PatternError::Length));
    }

    #[test]
    fn covering_is_what_matching_says() {
        for (wide, narrow, expected) in [
            ("*", "read_*", true),
            ("read_*", "read_file", true),
            ("read_*", "read_f*", true),
            ("read_f*", "read_*", false),
            ("read", "read*", false),
            ("read", "read", true),
            ("read_file", "read_*", false),
        ] {
            assert_eq!(pattern(wide).covers(&pattern(narrow)), expected, "{wide} {narrow}");
        }
    }

    #[test]
    fn denying_wins_over_allowing() {
        let set = |texts: &[&str]| texts.iter().map(|text| pattern(text)).collect::<BTreeSet<_>>();
        let mut rules = ToolRules::default();
        assert!(rules.permits("anything"));
        rules.allow = Some(set(&["read_*"]));
        rules.deny = set(&["read_secret"]);
        assert!(rules.permits("read_file"));
        assert!(!rules.permits("read_secret"));
        assert!(!rules.permits("write_file"));
        rules.allow = Some(BTreeSet::new());
        assert!(!rules.permits("read_file"), "an empty list allows nothing");
    }

    #[test]
    fn nothing_may_be_asked_for_unless_somebody_says_so() {
        let rules = GuardRules::default();
        assert_eq!((rules.sampling, rules.elicitation, rules.roots), (None, None, None));
        assert_eq!(rules.mode, GuardMode::Enforce);
        assert!(GuardPin::default().is_empty());
    }
}
