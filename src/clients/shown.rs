//! What of an entry may be shown: people put keys into arguments and addresses.
//!
//! The attack is none but habit: a list that is pasted into an issue, a finding in a log that a
//! company keeps. What looks like a secret is shown as `…`; better one word too many hidden.

use super::entry::Stdio;
use crate::model::remote::is_secret_name;

/// Beginnings of well-known tokens.
const TOKENS: [&str; 20] = [
    "sk-",
    "sk_",
    "pk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "xapp-",
    "AKIA",
    "ASIA",
    "AIza",
    "ya29.",
    "eyJ",
    "ntn_",
];
/// What stands for what is not shown.
const HIDDEN: &str = "…";

/// Whether a word is a well-known kind of token.
pub(super) fn is_token(word: &str) -> bool {
    let word = word.strip_prefix("Bearer ").unwrap_or(word);
    word.len() >= 16 && !word.contains(char::is_whitespace) && TOKENS.iter().any(|start| word.starts_with(start))
}

/// Whether a text is nothing but variables of the client (`${X}`, `${input:x}`), which are no secrets.
pub(super) fn is_variable(text: &str) -> bool {
    text.starts_with("${") && text.ends_with('}') && text.len() > 3 && !text[2..text.len() - 1].contains(['$', '{', '}'])
}

/// The arguments in which something looks like a secret, by number.
pub(super) fn secrets(args: &[String]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut before: Option<&str> = None;
    for (number, arg) in args.iter().enumerate() {
        if mask(arg, before) != *arg {
            found.push(number);
        }
        before = Some(arg);
    }
    found
}

/// A command with its arguments, on one line, without what looks like a secret. Hostile text all
/// the same: renderers escape it.
pub fn command_line(stdio: &Stdio) -> String {
    let mut line = quoted(&stdio.command);
    let mut before: Option<&str> = None;
    for arg in &stdio.args {
        line.push(' ');
        line.push_str(&quoted(&mask(arg, before)));
        before = Some(arg);
    }
    line
}

fn quoted(word: &str) -> String {
    if word.is_empty() || word.contains(|c: char| c.is_whitespace() || "'\"\\$&|;<>()*?`".contains(c)) {
        format!("'{}'", word.replace('\'', "'\\''"))
    } else {
        word.to_owned()
    }
}

/// An argument without its secret; `before` is the one before it.
fn mask(arg: &str, before: Option<&str>) -> String {
    let names_secret = |flag: &str| flag.starts_with('-') && !flag.contains('=') && is_secret_name(flag.trim_start_matches('-'));
    let is_header = |flag: &str| ["--header", "-H", "--headers"].contains(&flag);
    match before {
        Some(flag) if names_secret(flag) && !arg.starts_with('-') && !is_variable(arg) => return HIDDEN.into(),
        Some(flag) if is_header(flag) => return header(arg),
        _ => {}
    }
    if arg.contains(' ') {
        // A script for a shell, with words of its own.
        let mut before = None;
        let words = arg.split(' ').map(|word| mask(word, before.replace(word)));
        return words.collect::<Vec<_>>().join(" ");
    }
    if is_token(arg) {
        return HIDDEN.into();
    }
    if arg.contains("://") {
        return address(arg);
    }
    if let Some((name, value)) = arg.split_once('=') {
        let flag = name.trim_start_matches('-');
        if is_header(name) {
            return format!("{name}={}", header(value));
        }
        if (is_secret_name(flag) && !value.is_empty() && !is_variable(value)) || is_token(value) {
            return format!("{name}={HIDDEN}");
        }
    }
    arg.to_owned()
}

fn header(text: &str) -> String {
    match text.split_once(':') {
        Some((name, value)) if super::read::template(value.trim()).is_some() => format!("{name}:{value}"),
        Some((name, _)) => format!("{name}: {HIDDEN}"),
        None => HIDDEN.into(),
    }
}

/// An address without user, password and the values of its query.
pub fn address(url: &str) -> String {
    let (rest, fragment) = url.split_once('#').map_or((url, ""), |(rest, _)| (rest, "#…"));
    let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
    let path = match path.split_once("://") {
        Some((scheme, after)) => {
            let (authority, tail) = after.split_at(after.find('/').unwrap_or(after.len()));
            let host = match authority.rsplit_once('@') {
                Some((_, host)) => format!("{HIDDEN}@{host}"),
                None => authority.to_owned(),
            };
            let tail: Vec<_> = tail.split('/').map(|part| if is_token(part) { HIDDEN } else { part }).collect();
            format!("{scheme}://{host}{}", tail.join("/"))
        }
        None => path.to_owned(),
    };
    let query = query.map_or_else(String::new, |query| {
        let parts: Vec<_> = query
            .split('&')
            .map(|part| {
                part.split_once('=')
                    .map_or_else(|| HIDDEN.to_owned(), |(name, _)| format!("{name}={HIDDEN}"))
            })
            .collect();
        format!("?{}", parts.join("&"))
    });
    format!("{path}{query}{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(args: &[&str]) -> String {
        command_line(&Stdio {
            command: "npx".into(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            env: Vec::new(),
            env_file: false,
            cwd: None,
        })
    }

    #[test]
    fn secrets_are_not_shown() {
        for args in [
            &["--api-key", "hunter2secret"][..],
            &["--token=hunter2secret"],
            &["--header", "Authorization: Bearer hunter2secret"],
            &["-H", "X-Thing: hunter2secret"],
            &["--header=Authorization:hunter2secret"],
            &["https://me:hunter2secret@h.example/x"],
            &["https://h.example/x?key=hunter2secret&b=1"],
            &["https://h.example/x#hunter2secret"],
            &["API_TOKEN=hunter2secret"],
            &["-c", "cd /srv && API_TOKEN=hunter2secret npx x"],
            &["-c", "exec server --api-key hunter2secret"],
            &["ghp_hunter2secret00000000"],
            &["https://h.example/ghp_hunter2secret00000000/mcp"],
        ] {
            let shown = line(args);
            assert!(!shown.contains("hunter2"), "{shown}");
            assert!(shown.contains('…'), "{shown}");
        }
    }

    #[test]
    fn ordinary_arguments_are_shown_as_they_are() {
        assert_eq!(line(&["-y", "@scope/name@1", "/srv/notes"]), "npx -y @scope/name@1 /srv/notes");
        assert_eq!(line(&["--api-key", "${input:key}"]), "npx --api-key '${input:key}'");
        assert_eq!(line(&["a b"]), "npx 'a b'");
    }
}
