//! What a text does to whoever reads it: signals, and which of them are new.
//!
//! Promise: signals only ever raise a grade, and only those count that the pinned text did not
//! have, so that an honest text which always spoke of tokens and URLs raises nothing when a comma
//! moves. What this does not give you: a text without signals may still be an attack.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use serde_json::Value;

use super::phrases::{Rule, Words, fold};
use crate::diff::hidden_runs;
use crate::model::Grade;

/// A kind of signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Hidden,
    MixedScript,
    Concealment,
    Override,
    PseudoTag,
    SecretPath,
    Shell,
    Exfiltration,
    OtherTool,
    OtherWord,
    Redirect,
    Timing,
    Preference,
    Imperative,
    Address,
    Encoded,
    Capitals,
    SecretWord,
}

impl Kind {
    pub(super) const fn grade(self) -> Grade {
        match self {
            Self::Hidden
            | Self::MixedScript
            | Self::Concealment
            | Self::Override
            | Self::PseudoTag
            | Self::SecretPath
            | Self::Shell
            | Self::Exfiltration
            | Self::OtherTool => Grade::Critical,
            Self::OtherWord | Self::Redirect | Self::Timing | Self::Preference | Self::Imperative | Self::Address | Self::Encoded => {
                Grade::Warning
            }
            Self::Capitals | Self::SecretWord => Grade::Notice,
        }
    }

    /// What such a text does, to follow "the description ... ".
    pub(super) const fn does(self) -> &'static str {
        match self {
            Self::Hidden => "contains characters nobody can see",
            Self::MixedScript => "mixes look-alike letters of two alphabets in one word",
            Self::Concealment => "asks the model to hide something from you",
            Self::Override => "tells the model to drop its other instructions",
            Self::PseudoTag => "imitates the markup of a system message",
            Self::SecretPath => "names files that hold secrets",
            Self::Shell => "contains a shell command",
            Self::Exfiltration => "asks to send something to an address",
            Self::OtherTool => "speaks about a tool of another server",
            Self::OtherWord => "uses a word that is also the name of another server's tool",
            Self::Redirect => "sends the model from one tool to another",
            Self::Timing => "wants to be called around other tools",
            Self::Preference => "asks to be preferred over other tools",
            Self::Imperative => "gives the model orders",
            Self::Address => "names a web or mail address",
            Self::Encoded => "contains a long encoded string",
            Self::Capitals => "shouts at the model",
            Self::SecretWord => "speaks of secrets",
        }
    }
}

/// One signal: its kind and the part of the text that shows it, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Signal {
    pub(super) kind: Kind,
    pub(super) evidence: String,
}

/// Signals with how often each was found.
pub(super) type Signals = BTreeMap<Signal, usize>;

/// Words of rules that are matched literally: each match counts by what it found.
const HARD: [(Kind, &str); 21] = [
    (
        Kind::Concealment,
        "dont ~1 tell|mention|inform|notify|reveal|disclose|alert|warn|report|expose ~5 user|users|human|customer|anyone|anybody|them",
    ),
    (
        Kind::Concealment,
        "dont mention|reveal|disclose ~3 this|these|it|step|instruction|instructions",
    ),
    (
        Kind::Concealment,
        "without ~2 telling|informing|notifying|mentioning|alerting|revealing|disclosing ~4 user|users|human|anyone|this|it",
    ),
    (Kind::Concealment, "secretly|covertly|surreptitiously|stealthily"),
    // Programs ignore and skip things silently without harm; sending and reading is another matter.
    (
        Kind::Concealment,
        "silently send|sends|forward|forwards|copy|copies|upload|uploads|include|includes|read|reads|execute|call|invoke|append|appends|bcc|collect|collects|transmit|exfiltrate|attach|attaches|post|posts|email|redirect|fetch|use|record|records|store|save|add|pass",
    ),
    (Kind::Concealment, "hide|conceal|withhold|keep ~4 from ~2 user|users|human"),
    (Kind::Concealment, "user|users|human ~1 dont ~1 know|see|notice|learn"),
    (Kind::Concealment, "keep this|it|that|these ~1 secret|hidden|confidential"),
    (
        Kind::Override,
        "ignore|disregard|forget|override|overrule|bypass ~3 previous|prior|above|earlier|preceding|system|all|any|your|other|existing|safety ~3 instruction|instructions|prompt|prompts|rules|guidelines|directives|restrictions|guardrails",
    ),
    (Kind::Override, "disregard|forget ~1 everything|instructions"),
    (Kind::Override, "you are now ~2 in|a|an|operating|dan|unrestricted"),
    (Kind::Override, "developer mode ~2 enabled|activated|on"),
    (Kind::Override, "new system prompt|instructions"),
    (Kind::Override, "system override"),
    (
        Kind::Exfiltration,
        "send|forward|bcc|upload|exfiltrate|transmit|leak|copy|cc|deliver|post|append ~14 <url>|<email>",
    ),
    // "Email" is a noun more often than an order: as an order it has an object, or says to whom.
    (
        Kind::Exfiltration,
        "email it|this|that|these|those|them|the|a|an|all|any|every|each|everything|your|their|his|her|our|its|what|whatever|results|contents|copies|data|files ~13 <url>|<email>",
    ),
    (Kind::Exfiltration, "email ~13 to|at ~1 <url>|<email>"),
    (Kind::Exfiltration, "email <email>"),
    (Kind::Exfiltration, "exfiltrate"),
    (Kind::Exfiltration, "bcc|cc ~6 <email>"),
    (
        Kind::Exfiltration,
        "send|forward|upload|transmit|leak ~5 conversation|credentials|passwords|secrets|private ~6 to ~3 server|endpoint|webhook|attacker|us|me",
    ),
];

/// Rules whose matches count by rule: an honest text that always gave such an order may reword it.
const SOFT: [(Kind, &str); 19] = [
    (
        Kind::Redirect,
        "disabled|unavailable|broken|maintenance|deprecated ~10 use|call|invoke|try|switch ~5 instead",
    ),
    (Kind::Redirect, "temporarily ~3 disabled|unavailable|broken|offline|down"),
    (
        Kind::Timing,
        "before|after|whenever|prior ~1 using|calling|invoking|executing|running",
    ),
    (
        Kind::Timing,
        "before|after|whenever ~1 you|any|each|every ~3 tool|tools|function|operation|action|response",
    ),
    (Kind::Preference, "always use this"),
    (Kind::Preference, "instead of ~3 tool|tools|other|any|using"),
    (Kind::Preference, "takes|take|has precedence|priority"),
    (Kind::Preference, "only use this|only"),
    (Kind::Preference, "prefer this|using"),
    (Kind::Preference, "use this tool|function ~1 first|only|always|instead"),
    (Kind::Preference, "rather than ~2 tool|other|any"),
    (Kind::Preference, "replaces|supersedes ~4 tool|tools"),
    (Kind::Imperative, "you must"),
    (Kind::Imperative, "always|first call|use|invoke|run|execute|read|include|check"),
    (Kind::Imperative, "must call|invoke|execute|run|first"),
    (Kind::Imperative, "must be called|invoked|executed"),
    (Kind::Imperative, "no matter how|what"),
    (Kind::Imperative, "you dont|should|need ~1 call|use|invoke|run|execute|read|include"),
    (Kind::Imperative, "execute|run|call|invoke this tool|function ~2 and|then|before"),
];

/// Both lists, read once, and found by the words with which a match can begin.
struct Rules {
    /// Kind, rule, and whether a match counts by what it found.
    all: Vec<(Kind, Rule, bool)>,
    by_first: HashMap<&'static str, Vec<usize>>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let hard = HARD.iter().map(|(kind, text)| (*kind, Rule::new(text), true));
    let all: Vec<_> = hard
        .chain(SOFT.iter().map(|(kind, text)| (*kind, Rule::new(text), false)))
        .collect();
    let mut by_first: HashMap<&'static str, Vec<usize>> = HashMap::new();
    for (index, (_, rule, _)) in all.iter().enumerate() {
        rule.first_words()
            .iter()
            .for_each(|word| by_first.entry(word).or_default().push(index));
    }
    Rules { all, by_first }
});

/// Whether a text names a path: one that starts with a dot is no part of a longer word, as in the host
/// name `cloudwatch.aws/ec2`. Letters of scripts without spaces between words end nothing.
fn names(text: &str, path: &str) -> bool {
    let in_a_word = |at: usize| path.starts_with('.') && text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
    text.match_indices(path).any(|(at, _)| !in_a_word(at))
}

/// Whether a text holds a command: a shell's name is none as the head of a longer word, as in a table with
/// the column `| shape`.
fn runs(text: &str, command: &str) -> bool {
    let longer = |rest: &str| command.ends_with("sh") && rest.starts_with(|c: char| c.is_ascii_alphanumeric());
    text.match_indices(command).any(|(at, _)| !longer(&text[at + command.len()..]))
}

const SECRET_PATHS: [&str; 27] = [
    "~/.ssh",
    ".ssh/",
    "id_rsa",
    "id_ed25519",
    "/etc/passwd",
    "/etc/shadow",
    "mcp.json",
    ".aws/",
    ".npmrc",
    ".pypirc",
    ".netrc",
    ".git-credentials",
    ".kube/config",
    "claude_desktop_config",
    ".bash_history",
    ".zsh_history",
    "wallet.dat",
    ".cursor/",
    ".docker/config",
    "login data",
    "private key-----",
    ".gnupg",
    ".config/gh/",
    "/proc/self/environ",
    ".bashrc",
    ".zshrc",
    "credentials.json",
];

const SHELL: [&str; 24] = [
    "curl http",
    "curl -",
    "wget http",
    "wget -",
    "| sh",
    "|sh",
    "| bash",
    "|bash",
    "bash -c",
    "sh -c",
    "rm -rf",
    "chmod +x",
    "chmod 777",
    "nc -e",
    "base64 -d",
    "base64 --decode",
    "powershell -",
    "os.system(",
    "subprocess.",
    "eval(",
    "child_process",
    "$(curl",
    "/bin/sh",
    "/bin/bash",
];

const TAGS: [&str; 17] = [
    "important",
    "system",
    "sys",
    "instruction",
    "instructions",
    "assistant",
    "critical",
    "secret",
    "hidden",
    "admin",
    "override",
    "inst",
    "im_start",
    "im_end",
    "attention",
    "system_prompt",
    "prompt",
];

/// Names of tools other pinned servers offer, as far as they are distinctive.
#[derive(Debug, Clone, Default)]
pub(super) struct OtherTools {
    /// Those of letters, digits, `_` and `-`: whole words of a text.
    words: HashSet<String>,
    /// All others.
    odd: Vec<String>,
}

impl OtherTools {
    /// Keeps the names that no ordinary sentence contains: an honest text may say "search".
    pub(super) fn new<'a>(others: impl Iterator<Item = &'a str>, own: &[String]) -> Self {
        let distinctive = |name: &&str| {
            name.len() >= 5
                && (name.contains(['_', '-', '.']) || name.chars().skip(1).any(char::is_uppercase))
                && !own.iter().any(|o| o == name)
        };
        let names: BTreeSet<_> = others.filter(distinctive).map(str::to_owned).collect();
        let (words, odd): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| name.chars().all(in_name));
        Self {
            words: words.into_iter().collect(),
            odd,
        }
    }

    /// Those that stand in a text as whole words. Takes time for the text, however many there are.
    fn named_in<'a>(&'a self, text: &str) -> BTreeSet<&'a str> {
        let words = text.split(|c| !in_name(c)).filter_map(|word| self.words.get(word));
        let odd = self.odd.iter().filter(|name| has_word(text, name));
        words.chain(odd).map(String::as_str).collect()
    }
}

/// The words of a text that are written as names of tools are, and as no word of a sentence is.
pub(super) fn tool_words(text: &str) -> impl Iterator<Item = String> {
    let part = |c: char| !(c.is_alphanumeric() || c == '_' || c == '-');
    let named = |word: &&str| {
        let joined = word.contains('_') && word.len() >= 5 && word.len() <= 100;
        joined && word.starts_with(char::is_alphabetic) && !word.ends_with('_')
    };
    text.split(part).filter(named).map(str::to_owned)
}

/// The signals of one text. Of the names in it those that are `own` values are words first.
fn signals(text: &str, others: &OtherTools, own: &HashSet<&str>, out: &mut Signals) {
    let mut add = |kind: Kind, evidence: &str| {
        let evidence = evidence.chars().take(100).collect();
        *out.entry(Signal { kind, evidence }).or_default() += 1;
    };
    for run in hidden_runs(text) {
        add(Kind::Hidden, &run.text);
    }
    let folded: String = text.chars().map(fold).collect::<String>().to_lowercase();
    for needle in SECRET_PATHS.iter().filter(|needle| names(&folded, needle)) {
        add(Kind::SecretPath, needle);
    }
    if dot_env(&folded) {
        add(Kind::SecretPath, ".env");
    }
    for needle in SHELL.iter().filter(|needle| runs(&folded, needle)) {
        add(Kind::Shell, needle);
    }
    for tag in pseudo_tags(&folded) {
        // In square brackets these are how honest texts stress a sentence; markup they are not.
        let stress = matches!(tag.as_str(), "[important]" | "[critical]" | "[attention]");
        add(if stress { Kind::Imperative } else { Kind::PseudoTag }, &tag);
    }
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| mixed_script(word)) {
        add(Kind::MixedScript, word);
    }
    for chunk in text.split_whitespace() {
        chunk_signals(chunk, &mut add);
    }
    for name in others.named_in(text) {
        if !own.contains(name) {
            add(Kind::OtherTool, name);
        } else if text != name {
            add(Kind::OtherWord, name);
        }
    }
    let words = Words::of(text);
    let candidates: BTreeSet<usize> = words
        .distinct()
        .filter_map(|word| RULES.by_first.get(word))
        .flatten()
        .copied()
        .collect();
    for (kind, rule, by_match) in candidates.into_iter().filter_map(|index| RULES.all.get(index)) {
        words
            .find_all(rule)
            .for_each(|found| add(*kind, if *by_match { &found } else { rule.text }));
    }
}

fn chunk_signals(chunk: &str, add: &mut impl FnMut(Kind, &str)) {
    let word = chunk.trim_matches(|c: char| !c.is_alphanumeric());
    if let Some(host) = host_of(chunk).or_else(|| host_of(word)) {
        add(Kind::Address, &host);
    } else if encoded(word) && !chunk.contains("data:image/") {
        add(Kind::Encoded, word);
    }
    if matches!(
        word,
        "IMPORTANT" | "MUST" | "NEVER" | "ALWAYS" | "CRITICAL" | "WARNING" | "MANDATORY"
    ) {
        add(Kind::Capitals, word);
    }
    let lower = word.to_lowercase();
    if matches!(
        lower.as_str(),
        "token" | "tokens" | "password" | "passwords" | "secret" | "secrets" | "credential" | "credentials" | "apikey"
    ) {
        add(Kind::SecretWord, &lower);
    }
}

/// The host of a URL, an e-mail address or an IP address in a word.
fn host_of(word: &str) -> Option<String> {
    if let Some((scheme, rest)) = word.split_once("://") {
        // A page of the server's own, as MCP Apps name it.
        if scheme.trim_start_matches(|c: char| !c.is_alphanumeric()).eq_ignore_ascii_case("ui") {
            return None;
        }
        let host: String = rest.chars().take_while(|c| c.is_alphanumeric() || ".-_@:[]".contains(*c)).collect();
        let host = host
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .trim_end_matches(['.', ':'])
            .to_lowercase();
        return (!host.is_empty()).then_some(host);
    }
    if let Some((name, host)) = word.split_once('@') {
        let ok = !name.is_empty() && host.contains('.') && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
        return ok.then(|| host.to_lowercase());
    }
    let parts: Vec<_> = word.split(['.', ':', '/']).take(4).collect();
    let is_ip = word.split('.').count() == 4 && parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok());
    is_ip.then(|| word.to_owned())
}

/// A run of 40 or more characters as encoders make them: letters of both cases and digits, or
/// hexadecimal.
fn encoded(word: &str) -> bool {
    word.split(|c: char| !(c.is_ascii_alphanumeric() || "+/=_-".contains(c)))
        .any(|run| {
            let has = |test: fn(&u8) -> bool| run.bytes().any(|b| test(&b));
            let digits = run.bytes().filter(u8::is_ascii_digit).count();
            run.len() >= 40
                && digits >= 3
                && ((has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase)) || run.bytes().all(|b| b.is_ascii_hexdigit()))
        })
}

/// `.env` as a file of its own, not the end of `process.env`.
fn dot_env(folded: &str) -> bool {
    folded.match_indices(".env").any(|(at, _)| {
        let before = folded[..at].chars().next_back();
        let after = folded[at + 4..].chars().next();
        before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ')') && after.is_none_or(|c| !c.is_alphanumeric() && c != '_')
    })
}

fn pseudo_tags(folded: &str) -> Vec<String> {
    let mut out = Vec::new();
    for (open, close) in [('<', '>'), ('[', ']')] {
        for (at, _) in folded.match_indices(open) {
            let inner = folded[at + 1..].trim_start_matches(['/', '<', '[', '|', ' ', '!']);
            let name: String = inner
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .take(20)
                .collect();
            let rest = inner[name.len()..].chars().next();
            let ends = rest.is_some_and(|c| c == close || c == '|' || (open == '<' && c == ' '));
            if ends && TAGS.contains(&name.as_str()) {
                out.push(format!("{open}{name}{close}"));
            }
        }
    }
    // A comment hides what stands in it; an empty one, as in a text about XML, hides nothing.
    let comments = folded.split("<!--").skip(1);
    if comments
        .into_iter()
        .any(|rest| rest.split("-->").next().is_none_or(|inside| !inside.trim().is_empty()))
    {
        out.push("<!--".into());
    }
    out
}

/// Latin letters and letters of another alphabet that look like Latin ones, in one word.
pub(super) fn mixed_script(word: &str) -> bool {
    let latin = word.chars().any(|c| c.is_ascii_alphabetic());
    latin
        && word
            .chars()
            .any(|c| matches!(c, '\u{400}'..='\u{52f}' | '\u{13a0}'..='\u{13ff}') || "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧανορυικ".contains(c))
}

/// Whether `name` stands in `text` as a whole word.
fn has_word(text: &str, name: &str) -> bool {
    text.match_indices(name)
        .any(|(at, _)| !text[..at].chars().next_back().is_some_and(in_name) && !text[at + name.len()..].chars().next().is_some_and(in_name))
}

/// A character that names of tools are made of.
fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// Every string of a value, member names included: a model reads those as well.
pub(super) fn strings<'a>(value: &'a Value, out: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => out.push(text),
        Value::Array(list) => list.iter().for_each(|inner| strings(inner, out)),
        Value::Object(map) => map.iter().for_each(|(key, inner)| {
            out.push(key);
            strings(inner, out);
        }),
        _ => {}
    }
}

/// All signals of a value. Images of icons are left out of the search for encoded text.
pub(super) fn of_value(value: Option<&Value>, others: &OtherTools) -> Signals {
    let mut texts = Vec::new();
    if let Some(value) = value {
        strings(value, &mut texts);
    }
    // A value or a parameter of the tool's own, called like another server's tool, is a word first.
    // It stays a signal, so that nobody can talk the alarm away by listing such a value.
    let own: HashSet<&str> = texts.iter().copied().collect();
    let mut out = Signals::new();
    for text in texts
        .into_iter()
        .filter(|text| !text.starts_with("data:image/") && !is_meta_schema(text))
    {
        signals(text, others, &own, &mut out);
    }
    out
}

/// The whole text is the name of a JSON Schema dialect, as `$schema` holds it: an identifier that
/// looks like an address, and no client opens it.
pub(super) fn is_meta_schema(text: &str) -> bool {
    let path = text
        .strip_prefix("http")
        .map(|rest| rest.strip_prefix('s').unwrap_or(rest))
        .and_then(|rest| rest.strip_prefix("://json-schema.org/draft"));
    path.and_then(|rest| rest.strip_suffix('#').unwrap_or(rest).strip_suffix("/schema"))
        .is_some_and(|dialect| dialect.bytes().all(|b| b.is_ascii_digit() || b"-/".contains(&b)))
}

/// The signals that `after` has more often than `before`, worst first.
pub(super) fn introduced(before: &Signals, after: &Signals) -> Vec<Signal> {
    let more = |(signal, count): &(&Signal, &usize)| before.get(signal).is_none_or(|known| known < *count);
    let mut out: Vec<_> = after.iter().filter(more).map(|(signal, _)| signal.clone()).collect();
    out.sort_by(|a, b| (b.kind.grade(), a).cmp(&(a.kind.grade(), b)));
    out
}

#[cfg(test)]
#[path = "signals_tests.rs"]
mod tests;
