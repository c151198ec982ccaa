//! Finding phrases in text by words, not by characters.
//!
//! A rule is a row of words with gaps, matched over the text's words in lower case: line breaks,
//! punctuation, full-width letters and contractions make no difference, and matching is linear in
//! the text for a fixed rule. The limit is known: a translated or freely paraphrased text matches
//! nothing, which is why no rule ever *lowers* a grade.

use std::collections::HashMap;

/// Stands for the end of a sentence: no gap crosses it.
const END: &str = "<end>";

/// A text as words.
pub(super) struct Words {
    words: Vec<String>,
    /// Where each word stands: a rule is tried only where its first word is, and only if the text
    /// has a word for every step.
    places: HashMap<String, Vec<usize>>,
}

impl Words {
    /// The words of a text. Addresses become `<url>` and `<email>`; "do not", "must not", "never"
    /// and their like become `dont`.
    pub(super) fn of(text: &str) -> Self {
        let mut words: Vec<String> = Vec::new();
        for chunk in text.split_whitespace() {
            let bare = chunk.trim_matches(|c: char| !c.is_alphanumeric());
            if let Some(kind) = address_kind(bare) {
                words.push(kind.into());
            } else {
                split_words(chunk, &mut words);
            }
            if chunk.ends_with(['.', '!', '?', ';', ':']) || (chunk.ends_with(',') && is_condition(&words)) {
                words.push(END.into());
            }
        }
        let mut out: Vec<String> = Vec::with_capacity(words.len());
        for word in words {
            let negated = word == "not" && out.last().is_some_and(|last| MODALS.contains(&last.as_str()));
            if negated {
                out.pop();
            }
            let negative = negated
                || matches!(
                    word.as_str(),
                    "never" | "mustnt" | "shouldnt" | "cannot" | "cant" | "doesnt" | "wont"
                );
            out.push(if negative { "dont".into() } else { word });
        }
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, word) in out.iter().enumerate() {
            match places.get_mut(word) {
                Some(list) => list.push(at),
                None => drop(places.insert(word.clone(), vec![at])),
            }
        }
        Self { words: out, places }
    }

    /// Each word of the text once, in no order.
    pub(super) fn distinct(&self) -> impl Iterator<Item = &str> {
        self.places.keys().map(String::as_str)
    }

    /// What a rule matches, as the words found: once for each place where it begins.
    pub(super) fn find_all<'a>(&'a self, rule: &'a Rule) -> impl Iterator<Item = String> + 'a {
        let possible = rule
            .steps
            .iter()
            .all(|step| step.words.iter().any(|word| self.places.contains_key(*word)));
        let first = rule
            .steps
            .first()
            .filter(|_| possible)
            .map_or(&[] as &[&str], |step| step.words.as_slice());
        let mut starts: Vec<usize> = first.iter().filter_map(|word| self.places.get(*word)).flatten().copied().collect();
        starts.sort_unstable();
        starts
            .into_iter()
            .filter_map(move |start| self.match_at(start, &rule.steps).map(|end| self.words[start..end].join(" ")))
    }

    fn match_at(&self, start: usize, steps: &[Step]) -> Option<usize> {
        let (first, rest) = steps.split_first()?;
        if !first.words.contains(&self.words.get(start)?.as_str()) {
            return None;
        }
        let mut at = start + 1;
        for step in rest {
            let reach = self.words[at..].iter().take(step.gap + 1).take_while(|word| *word != END);
            at += reach.into_iter().position(|word| step.words.contains(&word.as_str()))? + 1;
        }
        Some(at)
    }
}

const MODALS: [&str; 9] = ["do", "does", "must", "should", "shall", "may", "can", "will", "did"];

fn split_words(chunk: &str, out: &mut Vec<String>) {
    let mut word = String::new();
    for c in chunk.chars() {
        match fold(c) {
            '\'' | '\u{2019}' => {}
            c if c.is_alphanumeric() => word.extend(c.to_lowercase()),
            _ if word.is_empty() => {}
            _ => out.push(std::mem::take(&mut word)),
        }
    }
    if !word.is_empty() {
        out.push(word);
    }
}

/// Whether the words end as "if you can't" does: with a comma after it, what follows is an order of its own.
fn is_condition(words: &[String]) -> bool {
    let [.., when, who, negated] = words else { return false };
    matches!(when.as_str(), "if" | "when")
        && matches!(who.as_str(), "you" | "it" | "they" | "that" | "this")
        && matches!(negated.as_str(), "cant" | "cannot" | "dont" | "doesnt" | "wont" | "isnt" | "arent")
}

/// Full-width forms as the ASCII they imitate.
pub(super) fn fold(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
}

fn address_kind(word: &str) -> Option<&'static str> {
    if word.contains("://") || word.starts_with("www.") {
        return Some("<url>");
    }
    let (name, host) = word.split_once('@')?;
    (!name.is_empty() && host.contains('.') && !host.contains('/')).then_some("<email>")
}

struct Step {
    gap: usize,
    words: Vec<&'static str>,
}

/// One rule. `a|b ~3 c` is `a` or `b`, then `c` with at most three words between.
pub(super) struct Rule {
    /// As written.
    pub(super) text: &'static str,
    steps: Vec<Step>,
}

impl Rule {
    /// The words with which a match begins.
    pub(super) fn first_words(&self) -> &[&'static str] {
        self.steps.first().map_or(&[], |step| step.words.as_slice())
    }

    /// Reads a rule.
    pub(super) fn new(text: &'static str) -> Self {
        let mut steps = Vec::new();
        let mut gap = 0;
        for part in text.split(' ') {
            if let Some(number) = part.strip_prefix('~') {
                gap = number.parse().unwrap_or(0);
            } else {
                steps.push(Step {
                    gap,
                    words: part.split('|').collect(),
                });
                gap = 0;
            }
        }
        Self { text, steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(text: &str, rule: &'static str) -> bool {
        Words::of(text).find_all(&Rule::new(rule)).next().is_some()
    }

    #[test]
    fn words_match_however_they_are_written() {
        let rule = "dont ~1 tell|show ~3 user";
        for text in [
            "Do not tell the user",
            "DON'T\ntell\nthe\nuser.",
            "never show it to the user",
            "you must not (tell) a user",
            "when done, never, tell the user",
            "you can't, tell the user",
            "ｎｅｖｅｒ tell user",
        ] {
            assert!(hit(text, rule), "{text}");
        }
        for text in [
            "do not. Tell the user",
            "If you can't, tell the user",
            "do tell the user",
            "do not ever really tell user",
            "tell the user",
        ] {
            assert!(!hit(text, rule), "{text}");
        }
    }

    #[test]
    fn addresses_are_words_of_their_own() {
        assert!(hit("send it to (a@example.com)", "send ~3 <email>"));
        assert!(hit("post to https://example.com/x now", "post ~3 <url>"));
        assert!(!hit("use @scope/name", "<email>"));
    }
}
