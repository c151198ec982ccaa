//! `docker run`: understood as far as its image, which this version does not install.

use super::remote::option;
use super::{Meaning, unclear};

/// Options of `docker run` that take no value.
const FLAGS: [&str; 9] = ["-i", "-t", "-it", "-ti", "--rm", "--init", "--interactive", "--tty", "--read-only"];
/// Options that take one.
const VALUED: [&str; 22] = [
    "-e",
    "--env",
    "--env-file",
    "-v",
    "--volume",
    "--mount",
    "--name",
    "--network",
    "--net",
    "-p",
    "--publish",
    "-w",
    "--workdir",
    "--user",
    "-u",
    "--entrypoint",
    "--platform",
    "--pull",
    "--memory",
    "-m",
    "--cap-drop",
    "--security-opt",
];

/// Says which image is started.
pub(super) fn run(tool: &str, args: &[String]) -> Meaning {
    let rest = match args {
        [word, rest @ ..] if word == "run" => rest,
        [first, word, rest @ ..] if first == "container" && word == "run" => rest,
        [first, ..] if first == "mcp" => return unclear(format!("`{tool} mcp` starts servers of its own choice")),
        _ => return unclear(format!("`{tool}` is not told to `run` an image")),
    };
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if FLAGS.contains(&word.as_str()) || (word.starts_with("--") && word.contains('=')) {
            continue;
        }
        if VALUED.contains(&word.as_str()) {
            words.next();
            continue;
        }
        if word.starts_with('-') {
            return unclear(format!("`{tool} run` has an option that is not known: `{}`", option(word)));
        }
        let fixed = if word.contains("@sha256:") {
            ""
        } else {
            ", and its tag can be moved"
        };
        return unclear(format!(
            "it starts the container image `{word}`{fixed}: images are not pinned by this version"
        ));
    }
    unclear(format!("`{tool} run` names no image"))
}
