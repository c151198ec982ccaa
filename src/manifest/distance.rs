//! "Did you mean": the known word that is nearest to a misspelt one.

/// The nearest of `known`, if it is at most two edits away (one for short words).
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase().replace('_', "-");
    known
        .into_iter()
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|&(edits, candidate)| edits <= if candidate.len() < 4 { 1 } else { 2 })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().take(64).collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        const KEYS: &[&str] = &["source", "args", "env", "cwd", "accept-without-terminal"];
        for (word, expected) in [
            ("sorce", Some("source")),
            ("soruce", Some("source")),
            ("Args", Some("args")),
            ("evn", Some("env")),
            ("accept_without_terminal", Some("accept-without-terminal")),
            ("password", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, KEYS.iter().copied()), expected, "{word}");
        }
    }
}
