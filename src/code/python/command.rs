//! What the programs do that code starts, by their constant words.

use super::scope::UNKNOWN;
use crate::model::code::Ability;

/// Reads the words of a command: a list of arguments, or one line for a shell.
pub(super) fn abilities(words: &[String]) -> Vec<(Ability, String)> {
    let mut found = Vec::new();
    let line = words.join(" ");
    let lower = line.to_ascii_lowercase();
    if (lower.contains("curl ") || lower.contains("wget ") || lower.contains("iwr ") || lower.contains("invoke-webrequest"))
        && fed_to_interpreter(&lower)
    {
        found.push((Ability::ChildInterpreter, "curl | sh".to_owned()));
    }
    let mut segments = lower.split([';', '|', '&', '\n', '(', ')', '`', '"', '\'']);
    for segment in segments.by_ref().take(200) {
        let words: Vec<&str> = segment.split_whitespace().take(40).collect();
        one(&words, &mut found);
    }
    found.dedup();
    found
}

fn fed_to_interpreter(line: &str) -> bool {
    line.split('|').skip(1).any(|segment| {
        let word = segment.trim_start().trim_start_matches("sudo ").split_whitespace().next();
        word.is_some_and(|word| {
            matches!(
                program(word),
                "sh" | "bash" | "zsh" | "dash" | "python" | "python3" | "node" | "bun" | "iex" | "perl" | "ruby"
            )
        })
    }) || line.contains("$(curl")
        || line.contains("<(curl")
}

fn program(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.strip_suffix(".exe").or_else(|| name.strip_suffix(".cmd")).unwrap_or(name)
}

/// One program with its arguments.
fn one(words: &[&str], found: &mut Vec<(Ability, String)>) {
    let mut rest = words;
    while let [first, tail @ ..] = rest {
        let name = program(first);
        let prefix = matches!(name, "sudo" | "nohup" | "exec" | "time" | "command" | "doas" | "setsid")
            || (name == "env" && !tail.is_empty())
            || (name.contains('=') && !name.starts_with('-'));
        // `[sys.executable, "-m", "pip"]`, `python -m pip`
        let module = (*first == UNKNOWN || name.starts_with("python")) && tail.first() == Some(&"-m");
        if module {
            rest = &tail[1..];
        } else if prefix {
            rest = tail;
        } else {
            break;
        }
    }
    let [first, arguments @ ..] = rest else {
        if words == ["env"] {
            found.push((Ability::WholeEnvironment, "env".to_owned()));
        }
        return;
    };
    let name = program(first);
    let verb = arguments.iter().find(|word| !word.starts_with('-')).copied().unwrap_or("");
    found.extend(fetches(name, verb));
    if let Some(ability) = single(name, arguments) {
        found.push(ability);
    }
    if publishes(name, verb) {
        found.push((Ability::Publish, format!("{name} {verb}")));
    }
}

fn fetches(name: &str, verb: &str) -> Option<(Ability, String)> {
    let runs = matches!(name, "npx" | "bunx" | "uvx" | "pipx" | "deno" | "ensurepip" | "easy_install");
    let bun = name == "bun" && !matches!(verb, "publish");
    let installs = matches!(
        name,
        "pip"
            | "pip3"
            | "uv"
            | "npm"
            | "pnpm"
            | "yarn"
            | "conda"
            | "mamba"
            | "poetry"
            | "pdm"
            | "gem"
            | "cargo"
            | "go"
            | "brew"
            | "apt"
            | "apt-get"
    ) && matches!(
        verb,
        "install" | "add" | "i" | "ci" | "exec" | "x" | "dlx" | "run" | "tool" | "pip" | "sync" | "create" | "python"
    );
    if runs || bun {
        Some((Ability::ChildInterpreter, name.to_owned()))
    } else if installs {
        Some((Ability::ChildInterpreter, format!("{name} {verb}")))
    } else {
        None
    }
}

fn publishes(name: &str, verb: &str) -> bool {
    match name {
        "twine" => verb == "upload",
        "npm" | "pnpm" | "yarn" | "bun" | "uv" | "poetry" | "cargo" | "hatch" | "flit" | "pdm" => verb == "publish",
        "git" => verb == "push",
        "gh" => verb == "release",
        _ => false,
    }
}

fn single(name: &str, arguments: &[&str]) -> Option<(Ability, String)> {
    let dashed = || {
        arguments
            .iter()
            .take(4)
            .any(|word| word.starts_with(['-', '/']) && word.contains('c'))
    };
    let ability = match name {
        "sh" | "bash" | "zsh" | "dash" | "ksh" | "cmd" | "fish" if dashed() => {
            return Some((Ability::Shell, format!("{name} {}", if name == "cmd" { "/c" } else { "-c" })));
        }
        "powershell" | "pwsh" | "osascript" => Ability::Shell,
        "python" | "python3" | "node" | "perl" | "ruby" | "php"
            if arguments
                .iter()
                .take(3)
                .any(|word| matches!(*word, "-c" | "-e" | "--eval" | "-r" | "-")) =>
        {
            return Some((
                Ability::Eval,
                format!("{name} {}", if name.starts_with("python") { "-c" } else { "-e" }),
            ));
        }
        "curl" | "wget" | "nc" | "ncat" | "netcat" | "ssh" | "scp" | "sftp" | "ftp" | "telnet" | "rsync" | "socat" | "aria2c" => {
            Ability::Network
        }
        "nslookup" | "dig" | "drill" => Ability::Dns,
        "pbpaste" | "pbcopy" | "xclip" | "xsel" | "wl-paste" | "wl-copy" | "get-clipboard" | "clip" => Ability::Clipboard,
        "screencapture" | "scrot" | "gnome-screenshot" | "grim" | "maim" | "spectacle" => Ability::Screen,
        "printenv" => Ability::WholeEnvironment,
        _ => return None,
    };
    Some((ability, name.to_owned()))
}
