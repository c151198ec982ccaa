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
        code: "code-abilities",
        meaning: "what the code of a package can do, as far as it shows: every server talks to somebody, so this is what to hold against what it is for",
        advice: "ask of each whether the server needs it for what it says it does; one that adds numbers starts no programs",
    },
    Page {
        code: "code-ability-added",
        meaning: "code of a package can now do what none of it could before: start programs, run text as code, name places where secrets lie; features bring abilities, and so do thieves",
        advice: "read the lines that are shown: do they belong to what the release notes say is new?",
    },
    Page {
        code: "code-blob-added",
        meaning: "a long run of base64, hexadecimal digits or character codes is new: pictures and tables look like that, and so does code in disguise",
        advice: "decode it without running it, and see what it is; where it stands beside code that runs text, do not take the version",
    },
    Page {
        code: "code-chain",
        meaning: "in one function, secrets are read and leave: the environment, a key or the clipboard on one side, the network, a program or a configuration on the other; single calls say little, and this chain is what thieves are made of",
        advice: "read the function: what is read, and where does it go? Do not take the version before you can say",
    },
    Page {
        code: "code-changed",
        meaning: "files of a package differ between the pinned version and this one",
        advice: ADVICE,
    },
    Page {
        code: "code-client-config",
        meaning: "the server's code names the files that AI clients are configured by, or writes them: a setup command of an honest server does, and so does a worm that adds itself to every client",
        advice: "find the code, and see whether it runs only when you ask for it; look into your clients' configurations for servers that you did not add",
    },
    Page {
        code: "code-email-added",
        meaning: "an e-mail address is new in the code; a well-known server stole every mail with one line that added a hidden recipient",
        advice: "read the line: who gets what? An address that receives what you send is no bug",
    },
    Page {
        code: "code-grown",
        meaning: "a file, or a package, grew out of all proportion; whole programs were smuggled in like that",
        advice: "see what the new part is: a bundle of dependencies, data, or code that nobody announced",
    },
    Page {
        code: "code-host-added",
        meaning: "code names hosts that it did not name before; new features bring them, and so does code that sends what it should not",
        advice: "ask of each whether it belongs to whom the server works for",
    },
    Page {
        code: "code-ip-added",
        meaning: "code names an IP address that it did not name before; honest services have names, and addresses of machines are what stays when names are taken down",
        advice: "find out whose it is; do not take a version that talks to an address without a name",
    },
    Page {
        code: "code-minified",
        meaning: "files that a person could read are minified now: a change of the build, or a way to keep readers out",
        advice: "compare with the project's own sources of this version, or ask why the build changed",
    },
    Page {
        code: "code-obfuscated",
        meaning: "code is made hard to read on purpose: renamed to numbers, packed into strings; a build makes code small, and has no reason to make it unreadable",
        advice: "do not take the version; what an honest project has to hide from you is for it to explain",
    },
    Page {
        code: "code-opaque-file",
        meaning: "files came that nobody can read: native code, archives within the archive, compiled modules",
        advice: "find out what builds them, and whether the project's own build makes the same",
    },
    Page {
        code: "code-pushed-aside",
        meaning: "code stands far to the right of its line, behind blanks, where no editor shows it: nobody writes code there who wants it read",
        advice: "do not take the version; scroll to the right in the line that is named",
    },
    Page {
        code: "code-secret-path",
        meaning: "the server's code names places where secrets lie: keys, tokens, wallets, other programs' logins",
        advice: "ask whether the server has to know them for what it does; a server for cloud services may, one for weather may not",
    },
    Page {
        code: "code-signs-left-out",
        meaning: "more of a package's code is worth a look than a report can hold; what weighs least is not shown",
        advice: "look at the package itself: so much at once is a rewrite, or something that hides among noise",
    },
    Page {
        code: "code-unread",
        meaning: "a file could not be read as code of its language, so only its text was searched; a parser that gives up is what somebody may want",
        advice: "look at the file: an honest one is in another dialect, or a template",
    },
    Page {
        code: "code-wallet-added",
        meaning: "the address of a cryptocurrency wallet is new in the code: somebody is to be paid",
        advice: "find out whose it is, and what makes the code pay",
    },
    Page {
        code: "dependency-never-imported",
        meaning: "a package now depends on another that none of its code uses; what is there for something else than its code is there to be installed, and that is how a well-known library was turned into a trap",
        advice: "look at what the new package does when it is installed; mcp-pin runs no install scripts, other package managers do",
    },
    Page {
        code: "dependency-undeclared",
        meaning: "code imports a package that it does not declare: another brings it by chance, or nobody does yet and anybody may",
        advice: "ask the project to declare it; a name that is free in the registry is an invitation",
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
