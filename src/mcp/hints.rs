//! What a server's last words say about what it needs.
//!
//! The text is the server's: only names made of capitals, digits and underscores are taken out of
//! it, and nothing it says is done, only suggested to a person.

/// A bounded look at the end of a stream.
#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: Vec<u8>,
}

impl Tail {
    const KEEP: usize = 16 * 1024;

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        if self.bytes.len() > 2 * Self::KEEP {
            self.bytes.drain(..self.bytes.len() - Self::KEEP);
        }
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes[self.bytes.len().saturating_sub(Self::KEEP)..]).into_owned()
    }
}

const NETWORK: [&str; 8] = [
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ENETUNREACH",
    "fetch failed",
    "getaddrinfo",
    "name resolution",
    "Network is unreachable",
];
const USAGE: [&str; 6] = [
    "usage:",
    "missing required argument",
    "required option",
    "missing argument",
    "expected argument",
    "requires at least",
];
/// How Python says that a dependency is not the one that the server was made for.
const ROTTEN: [&str; 3] = [
    "ImportError: cannot import name",
    "ModuleNotFoundError: No module named",
    "got an unexpected keyword argument",
];
/// Beginnings of words that look like variables and are error codes.
const CODES: [&str; 8] = [
    "ERR_",
    "EAI_",
    "UV_",
    "MODULE_NOT_FOUND",
    "CERT_",
    "UNABLE_TO_",
    "SELF_SIGNED_",
    "DEPTH_ZERO_",
];

/// What to do about a server that names a file of the user's, which it got as an argument.
///
/// The words are not looked for in the text, but the arguments, which the user approved.
pub(super) fn about_files<'a>(text: &str, mut args: impl Iterator<Item = &'a str>) -> Option<String> {
    let path = |arg: &'a str| {
        arg.find('/')
            .filter(|at| *at == 0 || arg[..*at].ends_with('='))
            .map(|at| &arg[at..])
    };
    let named = args.find_map(|arg| path(arg).filter(|path| path.len() > 1 && text.contains(path)))?;
    Some(format!(
        "a server sees none of your files while it is probed, `{}` neither: add `--no-probe` to pin its code alone, and know that \
         what it tells the model is then not compared",
        crate::surface::visible(named),
    ))
}

/// The one line that says what to do, if the text names something a person can do.
pub(super) fn hint(text: &str, network: bool, has_env: impl Fn(&str) -> bool) -> Option<String> {
    if !network && NETWORK.iter().any(|word| text.contains(word)) {
        return Some("this server needs the network to list its tools: set `network = true` in its entry in mcp-pin.toml, or install it with `--network`".into());
    }
    if ROTTEN.iter().any(|word| text.contains(word)) {
        return Some(
            "a dependency is newer than this server was made for: choose a newer version of the server, or have the closure resolved \
             as of the server's day, with a long `cooldown` under [policy] in mcp-pin.toml"
                .into(),
        );
    }
    let words = variables(text);
    // `API_KEY_FILE` beside `API_KEY` is another way to give the same thing.
    let instead = |name: &str| name.strip_suffix("_FILE").is_some_and(|name| words.contains(&name));
    let names: Vec<_> = words
        .iter()
        .copied()
        .filter(|name| !has_env(name) && !instead(name))
        .take(6)
        .collect();
    if !names.is_empty() {
        let each = |form: &dyn Fn(&str) -> String, between: &str| names.iter().map(|name| form(name)).collect::<Vec<_>>().join(between);
        return Some(format!(
            "this server needs {}: add `env = [{}]` to its entry in mcp-pin.toml, or install it with `{}`, and set {} before you run mcp-pin again",
            names.join(", "),
            each(&|name| format!("\"{name}\""), ", "),
            each(&|name| format!("--env {name}"), " "),
            if names.len() == 1 { "it" } else { "them" },
        ));
    }
    let lower = text.to_lowercase();
    let usage = USAGE.iter().any(|word| lower.contains(word));
    usage
        .then(|| "this server needs arguments: add `args = [...]` to its entry in mcp-pin.toml, or install it with `--arg ARGUMENT`".into())
}

/// Words such as `BRAVE_API_KEY`, in order, each once.
fn variables(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for word in text.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
        let fits = word.len() >= 5
            && word.len() <= 64
            && word.contains('_')
            && word.starts_with(|c: char| c.is_ascii_uppercase())
            && !word.ends_with('_')
            && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if fits && !names.contains(&word) && !CODES.iter().any(|code| word.starts_with(code)) {
            names.push(word);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotten_closure_is_told_from_a_missing_variable() {
        let text = "PATH_X_Y is set\nImportError: cannot import name 'McpError' from 'mcp.shared.exceptions'";
        let hint = hint(text, false, |_| false).unwrap();
        assert!(hint.contains("newer than this server") && hint.contains("cooldown"), "{hint}");
    }

    #[test]
    fn a_file_that_a_probed_server_cannot_see_is_named() {
        let said = "ERROR: /srv/my repo is not a valid Git repository";
        for args in [["--repository", "/srv/my repo"], ["-v", "--repository=/srv/my repo"]] {
            let hint = about_files(said, args.into_iter()).unwrap();
            assert!(hint.contains("`/srv/my repo` neither: add `--no-probe`"), "{hint}");
        }
        for args in [
            ["--repository", "/srv/other"],
            ["srv/my repo", "/"],
            ["https://srv/my repo", "x/my repo"],
        ] {
            assert_eq!(about_files(said, args.into_iter()), None, "{args:?}");
        }
    }

    #[test]
    fn variables_are_named() {
        let hint = hint("Error: BRAVE_API_KEY environment variable is required\n at ERR_X_Y", false, |_| {
            false
        })
        .unwrap();
        assert!(hint.contains("needs BRAVE_API_KEY: add `env = [\"BRAVE_API_KEY\"]`"), "{hint}");
        // At the first install there is no entry to add anything to.
        assert!(hint.contains("install it with `--env BRAVE_API_KEY`, and set it"), "{hint}");
    }

    #[test]
    fn a_variable_for_a_file_is_no_second_need() {
        let hint = hint("give API_KEY or API_KEY_FILE, and LOG_FILE", false, |_| false).unwrap();
        assert!(
            hint.contains("needs API_KEY, LOG_FILE: ") && hint.contains("`--env API_KEY --env LOG_FILE`"),
            "{hint}"
        );
    }

    #[test]
    fn network_and_arguments_are_named() {
        let network = |open| hint("getaddrinfo EAI_AGAIN api.example.com", open, |_| false);
        assert!(network(false).unwrap().contains("network = true"));
        assert_eq!(network(true), None, "the network was open: something else is wrong");
        assert!(hint("Usage: server <dir>", false, |_| false).unwrap().contains("args = "));
        assert_eq!(hint("SET_ME", false, |name| name == "SET_ME"), None);
        assert_eq!(hint("TypeError: x is not a function", false, |_| false), None);
    }

    #[test]
    fn a_name_cannot_carry_other_text() {
        assert_eq!(variables("A_\u{202e}KEY x_Y_Z_q É_API_KEY API_KEY\"]\nrun = 1"), ["API_KEY"]);
    }

    #[test]
    fn a_tail_is_bounded() {
        let mut tail = Tail::default();
        for n in 0..100_000_u32 {
            tail.push(&n.to_le_bytes());
        }
        tail.push(b"the end");
        assert!(tail.bytes.len() <= 3 * Tail::KEEP && tail.text().ends_with("the end"));
    }
}
