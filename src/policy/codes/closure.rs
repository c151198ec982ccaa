//! Which packages stand behind a server.

use super::Page;

/// What to do where a code has no advice of its own.
const ADVICE: &str = "look up the package that is named, who publishes it and why the server needs it, before you accept it";

/// Sorted by code.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "archive-added",
        meaning: "a version that was pinned before has one more archive, which some machines prefer; projects do add wheels later, and so does whoever stole their token, so look at when and by whom it was made",
        advice: "look in the index when the wheels were added and by whom, and whether the project announced it",
    },
    Page {
        code: "archive-refused",
        meaning: "an archive holds what no package may hold, or brings a lockfile of its own (npm-shrinkwrap.json) that would choose its dependencies",
        advice: "use another version, and tell the maintainers what the archive holds",
    },
    Page {
        code: "bundled-dependencies",
        meaning: "a package carries dependencies inside its own archive; they are covered by its digest",
        advice: ADVICE,
    },
    Page {
        code: "closure-broken",
        meaning: "the resolver's answer does not hang together: an edge without its package, a package nobody needs, or a requirement that is not met",
        advice: "run it again later; if it stays so, the registry or the resolver is at fault and nothing should be accepted",
    },
    Page {
        code: "lock-poisoned",
        meaning: "the lock does not hang together: an edge without its package, a package nobody needs or under another's name, or a requirement that is not met",
        advice: "do not use this lock: look in its history who wrote it, and make it anew from the manifest",
    },
    Page {
        code: "manifest-confusion",
        meaning: "the registry's metadata about a package differs from the archive itself: a way to hide scripts or dependencies",
        advice: "do not accept it: what the registry shows is not what is installed; tell the maintainers",
    },
    Page {
        code: "newer-version",
        meaning: "the registry has a newer version than the one that is locked; nothing of it was fetched or started, and what is locked is as good as before",
        advice: "`mcp-pin update` shows what the newer version changes before anything of it is taken",
    },
    Page {
        code: "newer-without-wheel",
        meaning: "a newer release exists only as source, whose build would run its code, so an older one with a wheel was taken; permit the build by name (`builds` under `[policy]` in your own mcp-pin.toml) if you want it",
        advice: "nothing needs to be done, unless you need the newer release",
    },
    Page {
        code: "optional-dependency-absent",
        meaning: "npm silently left out an optional dependency, because the registry does not give it",
        advice: ADVICE,
    },
    Page {
        code: "package-added",
        meaning: "a package is new in the closure",
        advice: "look up each new package: who publishes it, since when, and whether the server has a reason to need it",
    },
    Page {
        code: "package-aliased",
        meaning: "a new package stands under another package's name",
        advice: "find out which package really stands under the name, and why it is hidden behind another",
    },
    Page {
        code: "package-alike",
        meaning: "a package that is new in the closure has almost the name of another one there, which is how a slip of the finger is turned into somebody else's code",
        advice: "compare the two names letter by letter, and ask whoever wants the new package whether they mean it",
    },
    Page {
        code: "package-brand-new",
        meaning: "a package that is new in the closure has a name that was first released less than a month ago; names made for one attack are this young, and with a script it is how the best known of them was delivered",
        advice: "look at who published it and at what it does, or wait until others have looked",
    },
    Page {
        code: "package-changed",
        meaning: "packages of the closure have another version or place",
        advice: "look for the versions you did not expect; the changes of their code are reported by themselves",
    },
    Page {
        code: "package-removed",
        meaning: "packages left the closure",
        advice: "nothing needs to be done",
    },
    Page {
        code: "peer-unsatisfied",
        meaning: "a package wants another one beside it that is not there",
        advice: ADVICE,
    },
    Page {
        code: "version-changed",
        meaning: "the server's own package has another version",
        advice: ADVICE,
    },
    Page {
        code: "version-downgraded",
        meaning: "the server's own package became older",
        advice: "ask why: an older version brings back what was fixed since",
    },
];
