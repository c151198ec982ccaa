//! On which line of a lock each server's entry begins: for programs that show a finding at its
//! place. A reading aid and nothing more: what the lock says is read by [`super::parse`] alone.

use std::collections::BTreeMap;

/// The line, from 1 on, of each member of the top-level `servers` object. Text that is no lock gives
/// what can be found in it.
pub fn lines(text: &str) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    // The key under which each open bracket stands.
    let mut open: Vec<Option<String>> = Vec::new();
    let (mut line, mut last): (usize, Option<(String, usize)>) = (1, None);
    let mut key: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\n' => line += 1,
            '"' => last = Some((string(&mut chars), line)),
            ':' => {
                let Some((name, at)) = last.take() else { continue };
                if let [None, Some(parent)] = open.as_slice()
                    && parent == "servers"
                {
                    found.entry(name.clone()).or_insert(at);
                }
                key = Some(name);
            }
            '{' | '[' => open.push(key.take()),
            '}' | ']' => {
                open.pop();
            }
            ',' => key = None,
            _ => {}
        }
    }
    found
}

/// The rest of a string after its first quote; an escape stays as it is written, which no server's
/// name has.
fn string(chars: &mut std::str::Chars<'_>) -> String {
    let mut out = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => {
                out.push(c);
                out.extend(chars.next());
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lock;

    #[test]
    fn an_entry_is_found_where_it_begins_and_no_text_inside_one_is_taken_for_it() {
        let text = lock::write(&lock::sample::lockfile());
        let found = lines(&text);
        let names: Vec<_> = lock::sample::lockfile().servers.keys().map(ToString::to_string).collect();
        assert_eq!(found.keys().cloned().collect::<Vec<_>>(), names);
        for (name, line) in &found {
            let there = text.lines().nth(line - 1).unwrap();
            assert_eq!(there, format!("    \"{name}\": {{"), "{line}");
        }
        let tricky = "{\n\"x\": {\"servers\": {\"no\": 1}},\n\"servers\": {\n\"a\": {\"servers\": {\"no\": {}}, \"t\": \"\\\"b\\\": {\"},\n\"b\": []}}";
        let found = lines(tricky);
        assert_eq!(found, [("a".to_owned(), 4), ("b".to_owned(), 5)].into());
        assert_eq!(lines("]]}{\"servers\""), BTreeMap::new());
    }
}
