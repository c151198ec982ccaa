//! What lies on this machine.

use super::Page;

/// What to do where a code has no advice of its own.
const ADVICE: &str = "find out what touched the files, then put back what was verified with `mcp-pin install`";

/// Sorted by code.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "archive-changed",
        meaning: "an archive in the store is no longer the bytes that were verified; it is never unpacked, and install fetches it again",
        advice: ADVICE,
    },
    Page {
        code: "file-added",
        meaning: "an installed tree holds a file that is in no verified archive",
        advice: ADVICE,
    },
    Page {
        code: "file-changed",
        meaning: "an installed file is not what its verified archive holds: somebody changed it after it was verified",
        advice: ADVICE,
    },
    Page {
        code: "file-missing",
        meaning: "a file of a verified archive is missing from the installed tree",
        advice: ADVICE,
    },
    Page {
        code: "file-mode-changed",
        meaning: "an installed file has another executable bit than in its archive",
        advice: ADVICE,
    },
    Page {
        code: "file-not-regular",
        meaning: "a link, folder or device stands in the installed tree where the archive has something else",
        advice: ADVICE,
    },
    Page {
        code: "interpreter-changed",
        meaning: "the Python that was recorded for the server has another path or version now; its bytes are not in the lock, so find out whether you or your system updated it",
        advice: ADVICE,
    },
    Page {
        code: "local-file-changed",
        meaning: "a pinned file of a local command has other content or is gone",
        advice: ADVICE,
    },
    Page {
        code: "runtime-unfit",
        meaning: "the package asks for another version of the runtime than this machine has",
        advice: ADVICE,
    },
    Page {
        code: "server-vanished",
        meaning: "a server that you approved is in neither file any more, so nothing checks it; somebody took it out without `mcp-pin remove`",
        advice: ADVICE,
    },
];
