//! What the code of packages does, and what runs it.

use super::Page;

/// What to do where a code has no advice of its own.
const ADVICE: &str = "read the code that is named before you accept it; nothing of it has run";

/// Sorted by code.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "built-from-source",
        meaning: "a Python package has no wheel and you permitted its build: its own code runs to make one, and the bytes that come out exist on this machine alone, so no index and no signature speaks for them",
        advice: "prefer a version that has a wheel; otherwise read the build script, and take the permission back when a wheel appears",
    },
    Page {
        code: "bytes-replaced",
        meaning: "the same name and version has other bytes than were pinned, which a registry must never allow",
        advice: "do not accept it: compare with another network or machine, and tell the registry and the maintainers, since an honest release never changes",
    },
    Page {
        code: "code-changed",
        meaning: "files of a package differ between the pinned version and this one",
        advice: "read what is named below it; where nothing is, the change shows no sign that is known, which is not a proof that it is harmless",
    },
    Page {
        code: "install-script-added",
        meaning: "a package now has a script that other package managers run at install; mcp-pin never does",
        advice: "read the script; nothing here runs it, and whoever installs the same package another way does",
    },
    Page {
        code: "install-script-changed",
        meaning: "a package has another install script than before; mcp-pin never runs it",
        advice: "read both scripts; nothing here runs them, and whoever installs the same package another way does",
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
        advice: "ask what the native code is for, and prefer a version without it or one with provenance, since nobody can read it",
    },
    Page {
        code: "native-code-present",
        meaning: "packages bring native code, which nobody can read",
        advice: ADVICE,
    },
    Page {
        code: "startup-code-added",
        meaning: "a Python package now has code (a `.pth` file, sitecustomize) that runs whenever the server's Python starts, without anybody importing it; stolen packages used exactly this, so read it",
        advice: "read the file line by line and accept it only if you understand all of it; ask the maintainers why it is there",
    },
    Page {
        code: "startup-code-changed",
        meaning: "code of a Python package that runs whenever the server's Python starts is other code than before",
        advice: "read the difference line by line and accept it only if you understand all of it",
    },
    Page {
        code: "startup-code-present",
        meaning: "Python packages have code (`.pth` files, sitecustomize) that runs whenever the server's Python starts, without anybody importing it; critical where it decodes, fetches or starts programs, which honest startup code does not",
        advice: "read each file; editable installs and namespace packages have harmless ones of a line or two",
    },
    Page {
        code: "startup-code-removed",
        meaning: "a Python package no longer has code that runs when Python starts",
        advice: ADVICE,
    },
];
