//! What the modules and globals of the runtimes can do.
//!
//! Lists, not guesses: a name that stands here is a class of abilities, any other name is nothing. A
//! package that wraps one of these under a name of its own is seen by what it does itself.

use super::value::Path;
use crate::model::code::Ability;

/// How a path is used.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Called, or made with `new`.
    Call,
    /// Named: passed on, stored, exported.
    Name,
}

/// Modules of the runtime and packages with an ability of their own: (module, ability of every member).
const MODULES: &[(&str, Option<Ability>)] = &[
    ("child_process", Some(Ability::Process)),
    ("cluster", None),
    ("fs", None),
    ("fs-extra", None),
    ("graceful-fs", None),
    ("process", None),
    ("module", None),
    ("util", None),
    ("crypto", None),
    ("zlib", None),
    ("worker_threads", None),
    ("vm", Some(Ability::Eval)),
    ("http", Some(Ability::Network)),
    ("https", Some(Ability::Network)),
    ("http2", Some(Ability::Network)),
    ("net", Some(Ability::Network)),
    ("tls", Some(Ability::Network)),
    ("dgram", Some(Ability::Network)),
    ("dns", Some(Ability::Dns)),
    ("undici", Some(Ability::Network)),
    ("axios", Some(Ability::Network)),
    ("node-fetch", Some(Ability::Network)),
    ("node-fetch-native", Some(Ability::Network)),
    ("cross-fetch", Some(Ability::Network)),
    ("isomorphic-fetch", Some(Ability::Network)),
    ("got", Some(Ability::Network)),
    ("ky", Some(Ability::Network)),
    ("ws", Some(Ability::Network)),
    ("request", Some(Ability::Network)),
    ("needle", Some(Ability::Network)),
    ("superagent", Some(Ability::Network)),
    ("phin", Some(Ability::Network)),
    ("socket.io-client", Some(Ability::Network)),
    ("eventsource", Some(Ability::Network)),
    ("nodemailer", Some(Ability::Network)),
    ("ssh2", Some(Ability::Network)),
    ("follow-redirects", Some(Ability::Network)),
    ("execa", Some(Ability::Process)),
    ("cross-spawn", Some(Ability::Process)),
    ("node-pty", Some(Ability::Process)),
    ("tinyexec", Some(Ability::Process)),
    ("nano-spawn", Some(Ability::Process)),
    ("foreground-child", Some(Ability::Process)),
    ("shelljs", Some(Ability::Shell)),
    ("zx", Some(Ability::Shell)),
    ("ffi-napi", Some(Ability::Native)),
    ("ref-napi", Some(Ability::Native)),
    ("koffi", Some(Ability::Native)),
    ("bun:ffi", Some(Ability::Native)),
    ("bindings", Some(Ability::Native)),
    ("node-gyp-build", Some(Ability::Native)),
    ("@mapbox/node-pre-gyp", Some(Ability::Native)),
    ("clipboardy", Some(Ability::Clipboard)),
    ("copy-paste", Some(Ability::Clipboard)),
    ("node-clipboardy", Some(Ability::Clipboard)),
    ("clipboard-event", Some(Ability::Clipboard)),
    ("screenshot-desktop", Some(Ability::Screen)),
    ("robotjs", Some(Ability::Screen)),
    ("@nut-tree/nut-js", Some(Ability::Screen)),
    ("@nut-tree-fork/nut-js", Some(Ability::Screen)),
    ("iohook", Some(Ability::Screen)),
    ("uiohook-napi", Some(Ability::Screen)),
    ("node-global-key-listener", Some(Ability::Screen)),
    ("rimraf", Some(Ability::FileWrite)),
    ("write-file-atomic", Some(Ability::FileWrite)),
    ("write-json-file", Some(Ability::FileWrite)),
];

/// Globals that are followed.
const GLOBALS: &[&str] = &[
    "process",
    "require",
    "module",
    "globalThis",
    "global",
    "window",
    "self",
    "Buffer",
    "fetch",
    "WebSocket",
    "XMLHttpRequest",
    "EventSource",
    "WebTransport",
    "navigator",
    "eval",
    "Function",
    "WebAssembly",
    "Bun",
    "Deno",
    "setTimeout",
    "setInterval",
    "setImmediate",
    "btoa",
    "atob",
    "importScripts",
    "Reflect",
    "JSON",
    "Object",
    "Worker",
];

/// Members of networking modules that talk to nobody.
const QUIET: &[&str] = &[
    "STATUS_CODES",
    "METHODS",
    "IncomingMessage",
    "ServerResponse",
    "OutgoingMessage",
    "maxHeaderSize",
    "constants",
    "validateHeaderName",
    "validateHeaderValue",
    "isIP",
    "isIPv4",
    "isIPv6",
    "BlockList",
    "SocketAddress",
    "checkServerIdentity",
    "rootCertificates",
    "getCiphers",
    "DEFAULT_MIN_VERSION",
    "DEFAULT_MAX_VERSION",
    "DEFAULT_ECDH_CURVE",
    "sensitiveHeaders",
    "AxiosError",
    "isAxiosError",
    "AxiosHeaders",
    "CanceledError",
    "CancelToken",
    "Cancel",
    "isCancel",
    "HttpStatusCode",
    "toFormData",
    "formToJSON",
    "Headers",
    "Response",
    "FormData",
    "File",
    "Blob",
    "errors",
    "FetchError",
    "AbortError",
    "HTTPError",
    "TimeoutError",
    "RequestError",
    "isRedirect",
    "CONNECTING",
    "OPEN",
    "CLOSING",
    "CLOSED",
    "createWebSocketStream",
    "Agent",
    "globalAgent",
    "getDefaultResultOrder",
    "setDefaultResultOrder",
    "getServers",
    "prototype",
    "name",
    "length",
    "setDefaultAutoSelectFamily",
    "getDefaultAutoSelectFamily",
    "ADDRCONFIG",
    "V4MAPPED",
    "ALL",
    "NOTFOUND",
    "NODATA",
    "createSecureContext",
    "SecureContext",
    "setGlobalOrigin",
    "getGlobalOrigin",
    "ChildProcess",
    "ExecaError",
    "isContext",
];

/// Members that write, of `fs` and what has its face.
const WRITES: &[&str] = &[
    "write",
    "append",
    "rename",
    "rm",
    "unlink",
    "chmod",
    "fchmod",
    "lchmod",
    "chown",
    "fchown",
    "lchown",
    "copyFile",
    "cp",
    "symlink",
    "link",
    "truncate",
    "ftruncate",
    "createWriteStream",
    "writev",
    "outputFile",
    "outputJson",
    "outputJSON",
    "move",
    "copy",
    "remove",
    "emptyDir",
    "ensureFile",
    "ensureLink",
    "ensureSymlink",
    "WriteStream",
];

/// The name under which a module is known, with the runtime's prefix and lesser ways in taken off.
pub(super) fn module(name: &str) -> Option<&'static str> {
    let name = name.strip_prefix("node:").unwrap_or(name);
    let name = match name {
        "fs/promises" => "fs",
        "dns/promises" => "dns",
        "inspector/promises" => "inspector",
        "axios/dist/node/axios.cjs" => "axios",
        name => name.strip_suffix('/').unwrap_or(name),
    };
    MODULES.iter().map(|(module, _)| *module).find(|module| *module == name)
}

/// Is it one of the modules?
pub(super) fn is_module(name: &str) -> bool {
    MODULES.iter().any(|(module, _)| *module == name)
}

/// Can this text be nothing but the name of a module of the runtime?
pub(super) fn only_a_module(text: &str) -> bool {
    text.starts_with("node:") || text == "child_process" || text == "worker_threads"
}

/// A global that is followed.
pub(super) fn global(name: &str) -> Option<&'static str> {
    GLOBALS.iter().find(|global| **global == name).copied()
}

/// The names under which bundlers keep `require`, even where they declare them.
pub(super) fn is_require(name: &str) -> bool {
    matches!(name, "require" | "__require" | "__non_webpack_require__")
}

/// Does a call of it load a module by its name?
pub(super) fn is_loader(path: Path<'_>) -> bool {
    match path.root {
        "require" => path.rest.is_empty(),
        "module" => matches!(path.rest, "_load"),
        "process" => matches!(path.rest, "getBuiltinModule" | "binding" | "_linkedBinding"),
        _ => false,
    }
}

/// Ways round: `Some(None)` where a member leads nowhere.
#[expect(clippy::option_option, reason = "no way round, and one that leads nowhere, are two answers")]
pub(super) fn step<'a>(path: Path<'a>, name: &str) -> Option<Option<Path<'a>>> {
    let to = |root: &'static str| Some(Some(Path::root(root)));
    match (path.root, path.rest, name) {
        (root, _, "bind" | "call" | "apply") if root != "Reflect" && (!path.rest.is_empty() || !is_module(root)) => Some(Some(path)),
        ("globalThis" | "global" | "window" | "self", "", name) => Some(
            global(name)
                .map(Path::root)
                .or_else(|| is_require(name).then_some(Path::root("require"))),
        ),
        ("process", "", "mainModule")
        | ("require", "", "main" | "cache")
        | ("module", "", "constructor" | "Module" | "parent" | "children") => to("module"),
        ("module", _, "require") => to("require"),
        ("require", "", "resolve") => Some(Some(Path {
            root: "require",
            rest: "resolve",
        })),
        ("fs" | "dns", "", "promises") | ("process", "", "default") => Some(Some(path)),
        (root, "", "default" | "__esModule") if is_module(root) => Some(Some(path)),
        _ => None,
    }
}

/// Its name in a report.
pub(super) fn by(path: Path<'_>) -> String {
    if path.rest.is_empty() {
        return path.root.to_owned();
    }
    let depth = if matches!(path.root, "Deno" | "Bun" | "navigator") { 2 } else { 1 };
    let members: Vec<&str> = path.rest.split('.').take(depth).collect();
    format!("{}.{}", path.root, members.join("."))
}

/// What a path can do.
pub(super) fn ability(path: Path<'_>, used: Use) -> Option<Ability> {
    let first = path.rest.split('.').next().unwrap_or_default();
    match path.root {
        "fs" | "fs-extra" | "graceful-fs" => file_system(first, used),
        "child_process" => match first {
            "exec" | "execSync" => Some(Ability::Shell),
            "ChildProcess" if used == Use::Name => None,
            _ => Some(Ability::Process),
        },
        "crypto" => matches!(
            first,
            "createCipheriv" | "createCipher" | "publicEncrypt" | "privateEncrypt" | "Cipheriv"
        )
        .then_some(Ability::Encode),
        "zlib" => [
            "gzip",
            "deflate",
            "brotliCompress",
            "createGzip",
            "createDeflate",
            "createBrotliCompress",
            "zstdCompress",
        ]
        .iter()
        .any(|start| first.starts_with(start))
        .then_some(Ability::Encode),
        "cluster" => (first == "fork").then_some(Ability::Process),
        "module" => match first {
            "_compile" => Some(Ability::Eval),
            "_extensions" if path.rest == "_extensions..node" => Some(Ability::Native),
            _ => None,
        },
        "process" => match first {
            "env" => (path.rest == "env").then_some(Ability::WholeEnvironment),
            "dlopen" | "binding" | "_linkedBinding" => Some(Ability::Native),
            _ => None,
        },
        "Bun" | "Deno" | "navigator" | "WebAssembly" => runtime(path, first),
        "fetch" | "WebSocket" | "XMLHttpRequest" | "EventSource" | "WebTransport" => (path.rest.is_empty()).then_some(Ability::Network),
        "eval" | "importScripts" => path.rest.is_empty().then_some(Ability::Eval),
        "Function" => (path.rest.is_empty() && used == Use::Call).then_some(Ability::Eval),
        "btoa" | "atob" => (path.rest.is_empty() && used == Use::Call).then_some(Ability::Encode),
        root => {
            let (_, ability) = MODULES.iter().find(|(module, _)| *module == root)?;
            if QUIET.contains(&first) { None } else { *ability }
        }
    }
}

fn file_system(first: &str, used: Use) -> Option<Ability> {
    // The module as a whole, handed on: whoever gets it can write.
    if first.is_empty() {
        return (used == Use::Name).then_some(Ability::FileWrite);
    }
    let plain = first.strip_suffix("Sync").unwrap_or(first);
    (WRITES.contains(&plain) || first.starts_with("write") || first.starts_with("append")).then_some(Ability::FileWrite)
}

fn runtime(path: Path<'_>, first: &str) -> Option<Ability> {
    match (path.root, first) {
        ("Bun", "spawn" | "spawnSync") | ("Deno", "run" | "Command") => Some(Ability::Process),
        ("Bun", "$") => Some(Ability::Shell),
        ("Bun", "connect" | "listen" | "serve" | "udpSocket" | "fetch")
        | ("Deno", "connect" | "connectTls" | "listen" | "serve" | "listenTls" | "connectQuic")
        | ("navigator", "sendBeacon") => Some(Ability::Network),
        ("Bun", "dns") | ("Deno", "resolveDns") => Some(Ability::Dns),
        ("Bun", "write")
        | (
            "Deno",
            "writeFile" | "writeFileSync" | "writeTextFile" | "writeTextFileSync" | "rename" | "renameSync" | "remove" | "removeSync"
            | "chmod" | "chmodSync" | "copyFile" | "copyFileSync" | "create" | "createSync" | "symlink" | "symlinkSync" | "truncate",
        ) => Some(Ability::FileWrite),
        ("Bun", "env") => (path.rest == "env").then_some(Ability::WholeEnvironment),
        ("Deno", "env") => (path.rest == "env" || path.rest == "env.toObject").then_some(Ability::WholeEnvironment),
        ("Deno", "dlopen" | "UnsafeFnPointer")
        | ("WebAssembly", "instantiate" | "instantiateStreaming" | "compile" | "compileStreaming" | "Module" | "Instance") => {
            Some(Ability::Native)
        }
        ("navigator", "clipboard") => Some(Ability::Clipboard),
        ("navigator", "mediaDevices") => Some(Ability::Screen),
        _ => None,
    }
}
