//! How a server is started, and what it is given.

use super::Page;

/// What to do where a code has no advice of its own.
const ADVICE: &str = "start the server with no more than it needs, and take back what it does not";

/// Sorted by code.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "entry-changed",
        meaning: "another file or function of the package is started than before",
        advice: ADVICE,
    },
    Page {
        code: "launch-args",
        meaning: "the server is started with these arguments",
        advice: ADVICE,
    },
    Page {
        code: "launch-changed",
        meaning: "command, arguments, variables, working directory or network permission of the server changed",
        advice: ADVICE,
    },
    Page {
        code: "launch-cwd",
        meaning: "the server starts in the client's working folder, where the files of a project can steer it",
        advice: ADVICE,
    },
    Page {
        code: "launch-env-passed",
        meaning: "variables of the client are passed to the server, which can read and send them",
        advice: ADVICE,
    },
    Page {
        code: "launch-network",
        meaning: "the server may use the network when it is started to take its surface, and may send what it is given",
        advice: ADVICE,
    },
    Page {
        code: "local-command",
        meaning: "the server is a command of this machine: its own files are pinned, what those load is not",
        advice: ADVICE,
    },
    Page {
        code: "manifest-differs",
        meaning: "mcp-pin.toml and mcp-pin.lock say different things about the server",
        advice: ADVICE,
    },
    Page {
        code: "runtime-range-changed",
        meaning: "the package asks for other versions of its runtime",
        advice: ADVICE,
    },
    Page {
        code: "source-changed",
        meaning: "the entry comes from another source, or asks for another range of versions",
        advice: ADVICE,
    },
];
