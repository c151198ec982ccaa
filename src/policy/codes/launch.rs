//! How a server is started, and what it is given.

use super::Page;

/// What to do where a code has no advice of its own.
const ADVICE: &str = "start the server with no more than it needs, and take back what it does not";

/// Sorted by code.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "client-entry-gone",
        meaning: "an entry that was wrapped is not in its client's file any more; nothing is started by it",
        advice: "if you took it out, `mcp-pin import --acknowledge` forgets it; otherwise find out what edited the file",
    },
    Page {
        code: "client-entry-unguarded",
        meaning: "a client starts a pinned server by itself and not through mcp-pin: what it runs is not what was checked",
        advice: "`mcp-pin wrap NAME` has the client start it through mcp-pin",
    },
    Page {
        code: "client-entry-unwrapped",
        meaning: "an entry of a client's file was wrapped and now starts something past `mcp-pin run`: whoever edited the file took the guard away",
        advice: "find out what edited the file before you start the client; `mcp-pin wrap NAME` puts the guard back",
    },
    Page {
        code: "client-launch-changed",
        meaning: "an entry of a client's file has another command, arguments, names of variables or address than what you agreed to: an approved entry that is swapped runs as if it were the old one",
        advice: "find out what edited the file before you start the client; if it was you, `mcp-pin import --acknowledge` on a terminal agrees to it",
    },
    Page {
        code: "client-name-conflict",
        meaning: "one name stands for two servers, in two clients or in a client and the lock: what a person takes for one of them can be the other",
        advice: "rename one of them in its client's file, or pin both: `mcp-pin import CLIENT:NAME --as OTHER`",
    },
    Page {
        code: "client-server-unknown",
        meaning: "a client's file, the user's or one that came with a repository, names a server that is not pinned and that you have not agreed to; worms add such entries",
        advice: "if it is yours, `mcp-pin import NAME` pins it; otherwise take it out of the file and find out what put it there",
    },
    Page {
        code: "client-servers-unknown",
        meaning: "clients' files name servers that are new, changed or of two meanings since you last agreed to them; one line, since no entry is wrapped",
        advice: "`mcp-pin import` lists them and pins them; `mcp-pin import --acknowledge` agrees to them as they are",
    },
    Page {
        code: "entry-changed",
        meaning: "another file or function of the package is started than before",
        advice: "read the file that is started now; it is the first thing that runs",
    },
    Page {
        code: "guard-rules-changed",
        meaning: "a rule of the guard changed so that it keeps more from the server than before",
        advice: "check that the server can still do what it is for",
    },
    Page {
        code: "guard-rules-loosened",
        meaning: "a rule of the guard that kept something from the server is gone, or keeps less from it",
        advice: "find out who took it away and why; put it back in the manifest and lock again where nobody can say",
    },
    Page {
        code: "launch-args",
        meaning: "the server is started with these arguments",
        advice: "check that they grant no more than the server needs, such as folders and addresses",
    },
    Page {
        code: "launch-changed",
        meaning: "command, arguments, variables, working directory or network permission of the server changed",
        advice: "compare the old with the new; nobody but you should have changed it",
    },
    Page {
        code: "launch-cwd",
        meaning: "the server starts in the client's working folder, where the files of a project can steer it",
        advice: "start it from a folder of its own where that is possible",
    },
    Page {
        code: "launch-env-passed",
        meaning: "variables of the client are passed to the server, which can read and send them",
        advice: "pass only what it needs, and keys that can do no more than it needs",
    },
    Page {
        code: "launch-network",
        meaning: "the server may use the network when it is started to take its surface, and may send what it is given",
        advice: "take the permission back if the lists come without it",
    },
    Page {
        code: "local-command",
        meaning: "the server is a command of this machine: its own files are pinned, what those load is not",
        advice: "pin a package instead where there is one; look after the files that the command loads",
    },
    Page {
        code: "manifest-differs",
        meaning: "mcp-pin.toml and mcp-pin.lock say different things about the server",
        advice: "run `mcp-pin install` or `mcp-pin update` after you found out who changed one file and not the other",
    },
    Page {
        code: "remote-code-unseen",
        meaning: "the server runs on somebody else's machine: nothing of its code is pinned, and it can change between two calls",
        advice: "send it no more than you would tell its operator, and keys that can do no more than it needs",
    },
    Page {
        code: "remote-issuers-grew",
        meaning: "the server names another authorization server than before; whoever it names is handed tokens",
        advice: "ask the operator before you log in anywhere; a stolen server would do the same",
    },
    Page {
        code: "remote-issuers-shrank",
        meaning: "the server no longer names one of its authorization servers",
        advice: ADVICE,
    },
    Page {
        code: "remote-origin-changed",
        meaning: "requests to the server, and the tokens in them, go to another host than was approved",
        advice: "treat it as another server, and make sure that the operator moved there",
    },
    Page {
        code: "remote-request-changed",
        meaning: "other headers, another path, another authorization or another network than approved",
        advice: "compare the old with the new; nobody but you should have changed it",
    },
    Page {
        code: "remote-transport-changed",
        meaning: "the server is spoken to in another way than was approved",
        advice: "make sure that the operator says so too; the surface is taken anew",
    },
    Page {
        code: "runtime-range-changed",
        meaning: "the package asks for other versions of its runtime",
        advice: ADVICE,
    },
    Page {
        code: "server-removed",
        meaning: "a server that the base has is gone: nothing checks it any more, and a client that starts it by other means is not held back",
        advice: "see that whoever removed it also took it out of the clients",
    },
    Page {
        code: "source-changed",
        meaning: "the entry comes from another source, or asks for another range of versions",
        advice: "treat it as another server: the name alone is no ground to trust it",
    },
    Page {
        code: "tls-key-changed",
        meaning: "the certificate of a remote server has another key than the pinned one, or the pin was changed",
        advice: "ask the operator whether the key was changed; until then somebody may stand in between",
    },
];
