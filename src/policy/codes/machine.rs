//! What lies on this machine.

use super::Page;

/// What to do where a code has no advice of its own.
const ADVICE: &str = "find out what touched the files, then put back what was verified with `mcp-pin install`";

/// Sorted by code.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "archive-changed",
        meaning: "an archive in the store is no longer the bytes that were verified; it is never unpacked, and install fetches it again",
        advice: "find out what wrote into the store; `mcp-pin install` fetches the archive again",
    },
    Page {
        code: "file-added",
        meaning: "an installed tree holds a file that is in no verified archive",
        advice: "look at the file, and at what could have written it; `mcp-pin install` puts back what was verified",
    },
    Page {
        code: "file-changed",
        meaning: "an installed file is not what its verified archive holds: somebody changed it after it was verified",
        advice: "do not start the server; find out what changed the file, then run `mcp-pin install` to put back what was verified",
    },
    Page {
        code: "file-missing",
        meaning: "a file of a verified archive is missing from the installed tree",
        advice: "run `mcp-pin install` to put it back",
    },
    Page {
        code: "file-mode-changed",
        meaning: "an installed file has another executable bit than in its archive",
        advice: ADVICE,
    },
    Page {
        code: "file-not-regular",
        meaning: "a link, folder or device stands in the installed tree where the archive has something else",
        advice: "do not start the server; look where the link leads, then run `mcp-pin install`",
    },
    Page {
        code: "interpreter-changed",
        meaning: "the Python that was recorded for the server has another path or version now; its bytes are not in the lock, so find out whether you or your system updated it",
        advice: "if you or your system updated it, run `mcp-pin install`; otherwise find out who did",
    },
    Page {
        code: "local-file-changed",
        meaning: "a pinned file of a local command has other content or is gone",
        advice: "find out who changed it; if it was you, install the command again to pin it",
    },
    Page {
        code: "runtime-unfit",
        meaning: "the package asks for another version of the runtime than this machine has",
        advice: "use the version of the runtime that is named",
    },
    Page {
        code: "server-vanished",
        meaning: "a server that you approved is in neither file any more, so nothing checks it; somebody took it out without `mcp-pin remove`",
        advice: "look in the history of the files who took it out; `mcp-pin remove` says that it was you",
    },
];
