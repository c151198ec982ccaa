//! What the code of packages does, and what runs it.

use super::Page;

/// What to do where a code has no advice of its own.
const ADVICE: &str = "read the code that is named before you accept it; nothing of it has run";

/// Sorted by code.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "built-from-source",
        meaning: "a Python package has no wheel and you permitted its build: its own code runs to make one, and the bytes that come out exist on this machine alone, so no index and no signature speaks for them",
        advice: ADVICE,
    },
    Page {
        code: "bytes-replaced",
        meaning: "the same name and version has other bytes than were pinned, which a registry must never allow",
        advice: ADVICE,
    },
    Page {
        code: "code-changed",
        meaning: "files of a package differ between the pinned version and this one",
        advice: ADVICE,
    },
    Page {
        code: "install-script-added",
        meaning: "a package now has a script that other package managers run at install; mcp-pin never does",
        advice: ADVICE,
    },
    Page {
        code: "install-script-changed",
        meaning: "a package has another install script than before; mcp-pin never runs it",
        advice: ADVICE,
    },
    Page {
        code: "install-script-present",
        meaning: "packages have scripts that other package managers run at install; mcp-pin never does",
        advice: ADVICE,
    },
    Page {
        code: "install-script-removed",
        meaning: "a package no longer has an install script",
        advice: ADVICE,
    },
    Page {
        code: "native-code-added",
        meaning: "a package now brings native code, which nobody can read",
        advice: ADVICE,
    },
    Page {
        code: "native-code-present",
        meaning: "packages bring native code, which nobody can read",
        advice: ADVICE,
    },
    Page {
        code: "startup-code-added",
        meaning: "a Python package now has code (a `.pth` file, sitecustomize) that runs whenever the server's Python starts, without anybody importing it; stolen packages used exactly this, so read it",
        advice: ADVICE,
    },
    Page {
        code: "startup-code-changed",
        meaning: "code of a Python package that runs whenever the server's Python starts is other code than before",
        advice: ADVICE,
    },
    Page {
        code: "startup-code-present",
        meaning: "Python packages have code (`.pth` files, sitecustomize) that runs whenever the server's Python starts, without anybody importing it; critical where it decodes, fetches or starts programs, which honest startup code does not",
        advice: ADVICE,
    },
    Page {
        code: "startup-code-removed",
        meaning: "a Python package no longer has code that runs when Python starts",
        advice: ADVICE,
    },
];
