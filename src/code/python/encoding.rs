//! Encodings that make Python run another text than the one that is shown.
//!
//! The attack: `# coding: rot13` (or `utf-7`, `unicode-escape`, a codec of the package's own) on the first
//! or second line. Every tool shows harmless lines, and Python decodes others out of them (PEP 263).

/// Why the text is not what Python runs, where it is not.
pub(super) fn trick(source: &str) -> Option<String> {
    if source.contains('\0') {
        return Some("it holds a null byte, where Python stops or reads on by its version".to_owned());
    }
    let (first, second) = first_lines(source.trim_start_matches('\u{feff}'));
    let blank = |line: &str| {
        let line = line.trim_start_matches([' ', '\t', '\u{c}']);
        line.is_empty() || line.starts_with('#')
    };
    let declared = cookie(first).or_else(|| blank(first).then(|| cookie(second)).flatten())?;
    let name = declared.to_ascii_lowercase().replace('_', "-");
    (!is_plain(&name)).then(|| {
        format!(
            "it declares the encoding `{}`, so Python may run another text than the one shown",
            declared.chars().take(40).collect::<String>()
        )
    })
}

/// The two lines in which Python looks.
fn first_lines(source: &str) -> (&str, &str) {
    let ends = ['\n', '\r'];
    let Some((first, rest)) = source.split_once(ends) else {
        return (source, "");
    };
    let cut = source.as_bytes().get(first.len()) == Some(&b'\r');
    let rest = if cut { rest.strip_prefix('\n').unwrap_or(rest) } else { rest };
    (first, rest.split(ends).next().unwrap_or_default())
}

/// The encoding that a comment declares: `coding[:=]\s*([-\w.]+)`.
fn cookie(line: &str) -> Option<&str> {
    let comment = line.trim_start_matches([' ', '\t', '\u{c}']).strip_prefix('#')?;
    comment.match_indices("coding").find_map(|(at, word)| {
        let rest = comment[at + word.len()..].strip_prefix([':', '='])?;
        let rest = rest.trim_start_matches([' ', '\t']);
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
            .unwrap_or(rest.len());
        (end > 0).then(|| &rest[..end])
    })
}

/// Encodings in which every ASCII byte is itself and nothing else is ASCII.
fn is_plain(name: &str) -> bool {
    let squeezed: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    matches!(
        squeezed.as_str(),
        "utf8"
            | "u8"
            | "utf"
            | "utf8sig"
            | "utf8unix"
            | "utf8dos"
            | "utf8mac"
            | "ascii"
            | "usascii"
            | "646"
            | "latin1"
            | "latin"
            | "l1"
            | "isolatin1"
            | "isolatin1unix"
            | "latin1unix"
            | "latin9"
            | "koi8r"
            | "koi8u"
    ) || squeezed
        .strip_prefix("iso8859")
        .or_else(|| squeezed.strip_prefix("cp125"))
        .or_else(|| squeezed.strip_prefix("windows125"))
        .is_some_and(|number| (1..=2).contains(&number.len()) && number.bytes().all(|digit| digit.is_ascii_digit()))
}
