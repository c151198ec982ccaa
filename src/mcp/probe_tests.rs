//! The probe against the scripted server, through the real binary's sandbox.
//!
//! The binary stands beside the test's own folder; `cargo test` builds it along.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::probe::take_at;
use super::sandbox::{Room, Tenant};
use super::{Launchable, ProbeError, ProbeLimits, ProbeOptions, Probed, SandboxLevel, probe};
use crate::model::{ClientProfile, Era, ItemKind, Shape, View};

struct Bench {
    folder: TempDir,
    launchable: Launchable,
    options: ProbeOptions,
}

pub(super) fn binary() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let binary = own.ancestors().nth(2).unwrap().join("mcp-pin");
    assert!(binary.is_file(), "{} is missing: run `cargo build` first", binary.display());
    binary
}

fn node() -> PathBuf {
    let out = std::process::Command::new("node")
        .args(["-p", "process.execPath"])
        .output()
        .expect("node is needed for this test");
    PathBuf::from(String::from_utf8(out.stdout).unwrap().trim())
}

impl Bench {
    fn new(script: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        let scratch = folder.path().join("scratch");
        std::fs::create_dir(&tree).unwrap();
        std::fs::create_dir(&scratch).unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/server.mjs");
        std::fs::copy(fixture, tree.join("server.mjs")).unwrap();
        std::fs::write(tree.join("script.json"), script.to_string()).unwrap();
        let launchable = Launchable {
            program: node(),
            args: ["server.mjs", "script.json"]
                .iter()
                .map(|name| tree.join(name).into_os_string())
                .collect(),
            tree: Some(tree),
            readable: Vec::new(),
            env: BTreeMap::new(),
            network: false,
        };
        let options = ProbeOptions {
            sandbox_exe: binary(),
            scratch,
            limits: ProbeLimits {
                request: Duration::from_secs(8),
                discover: Duration::from_secs(2),
                total: Duration::from_mins(1),
                ..ProbeLimits::default()
            },
            unsandboxed: false,
            client_version: "0.0.0".into(),
        };
        Self {
            folder,
            launchable,
            options,
        }
    }

    fn probe(&self) -> Result<Probed, ProbeError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let result = runtime.block_on(probe(&self.launchable, &self.options));
        let left: Vec<_> = self.options.scratch.read_dir().unwrap().collect();
        assert!(left.is_empty(), "the scratch folder is left clean: {left:?}");
        result
    }
}

fn probed(script: &Value) -> Probed {
    let bench = Bench::new(script);
    bench.probe().unwrap_or_else(|error| panic!("{error}"))
}

fn hostile(script: &Value) -> (&'static str, String) {
    match Bench::new(script).probe() {
        Err(ProbeError::Hostile { code, what }) => (code, what),
        other => panic!("{other:?}"),
    }
}

fn tool(name: &str, description: &str) -> Value {
    json!({"name": name, "description": description, "inputSchema": {"type": "object"}})
}

fn names(view: &View, kind: ItemKind) -> Vec<&str> {
    view.list(kind).iter().map(|item| item.key.as_str()).collect()
}

fn description(view: &View, tool: &str) -> String {
    let item = view.list(ItemKind::Tool).iter().find(|item| item.key == tool).unwrap();
    item.definition["description"].as_str().unwrap().to_owned()
}

#[test]
fn a_whole_surface_is_taken_once_for_all_clients() {
    let script = json!({
        "instructions": "Files are in $HOME and $CWD/x; logs in $TMP.",
        "tools": [tool("b", "two"), {"name": "a", "x-vendor": {"deep": [1, null]}, "inputSchema": {}}],
        "prompts": [{"name": "p"}], "resources": [{"uri": "file://$HOME/r", "name": "r", "size": 9}], "templates": [{"uriTemplate": "t://{x}", "name": "t"}],
        "pageSize": 1, "noise": ["starting up...", "{not json}", ""], "ask": {"tools/list": "sampling/createMessage", "initialize": "ping"},
    });
    let bench = Bench::new(&script);
    let first = bench.probe().unwrap();
    assert_eq!(first.sandbox, SandboxLevel::Namespaces);
    let [view] = first.surface.views.as_slice() else {
        panic!("{:?}", first.surface.views)
    };
    assert_eq!((view.era, view.client), (Era::Legacy, ClientProfile::Any));
    assert_eq!(names(view, ItemKind::Tool), ["a", "b"]);
    assert_eq!(view.list(ItemKind::Tool)[0].definition["x-vendor"], json!({"deep": [1, null]}));
    assert_eq!(names(view, ItemKind::Resource), ["file://{mcp-pin:home}/r"]);
    assert_eq!(view.list(ItemKind::Resource)[0].definition.get("size"), None);
    assert_eq!(names(view, ItemKind::Template), ["t://{x}"]);
    assert_eq!(names(view, ItemKind::Prompt), ["p"]);
    assert_eq!(
        view.instructions(),
        Some("Files are in {mcp-pin:home} and {mcp-pin:cwd}/x; logs in {mcp-pin:tmp}.")
    );
    assert_eq!(
        (first.surface.volatile.as_slice(), first.hostile.as_slice()),
        ([].as_slice(), [].as_slice())
    );
    assert!(first.notes.iter().any(|note| note.contains("starting up...")), "{:?}", first.notes);
    assert!(
        first.notes.iter().any(|note| note.contains("sampling/createMessage")),
        "{:?}",
        first.notes
    );

    let second = Bench::new(&script).probe().unwrap();
    assert_eq!(first.surface, second.surface, "another folder, the same surface");
    let mut open = Bench::new(&script);
    open.options.unsandboxed = true;
    let third = open.probe().unwrap();
    assert_eq!(third.sandbox, SandboxLevel::None);
    assert_eq!(first.surface, third.surface, "no sandbox, the same surface");
}

#[test]
fn both_eras_are_taken() {
    let both = probed(&json!({"era": "dual", "tools": [tool("old", "")], "modern": {"tools": [tool("new", "")]}, "instructions": "i"}));
    let [legacy, modern] = both.surface.views.as_slice() else {
        panic!("{:?}", both.surface.views)
    };
    assert_eq!((legacy.era, names(legacy, ItemKind::Tool)), (Era::Legacy, vec!["old"]));
    assert_eq!((modern.era, names(modern, ItemKind::Tool)), (Era::Modern, vec!["new"]));
    assert_eq!(modern.handshake["mcp-pin:lists"]["tools/list"], json!({"cacheScope": "public"}));
    assert_eq!(modern.handshake["cacheScope"], "public");
    assert_eq!(modern.handshake["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "scripted");
    assert_eq!(modern.handshake.get("ttlMs"), None);
    assert!(both.surface.volatile.is_empty(), "{:?}", both.surface.volatile);

    let modern = probed(&json!({"era": "modern", "tools": [tool("new", "")], "full": {"tools": [tool("new", ""), tool("more", "")]}}));
    let seen: Vec<_> = modern
        .surface
        .views
        .iter()
        .map(|view| (view.era, view.client, view.list(ItemKind::Tool).len()))
        .collect();
    assert_eq!(seen, [(Era::Modern, ClientProfile::Bare, 1), (Era::Modern, ClientProfile::Full, 2)]);
}

#[test]
fn a_client_that_can_do_more_may_see_more() {
    let found = probed(&json!({"tools": [tool("a", "")], "full": {"tools": [tool("a", ""), tool("sample", "")]}}));
    let seen: Vec<_> = found
        .surface
        .views
        .iter()
        .map(|view| (view.client, names(view, ItemKind::Tool)))
        .collect();
    assert_eq!(seen, [(ClientProfile::Bare, vec!["a"]), (ClientProfile::Full, vec!["a", "sample"])]);
}

#[test]
fn leaves_that_move_are_marked() {
    let found =
        probed(&json!({"perProcess": {"0": {"tools": [tool("a", "one of {x, y}")]}, "1": {"tools": [tool("a", "one of {y, x}")]}}}));
    let marked: Vec<_> = found
        .surface
        .volatile
        .iter()
        .map(|leaf| (leaf.at.as_str(), leaf.shape, leaf.client))
        .collect();
    assert_eq!(marked, [("tools/a/description", Shape::TokenSet, ClientProfile::Any)]);
    assert_eq!(found.surface.views.len(), 1);
    let found = probed(&json!({"perProcess": {"0": {"tools": [tool("a", "token 1f")]}, "1": {"tools": [tool("a", "token 2e")]}}}));
    assert_eq!(found.surface.volatile[0].shape, Shape::Unshaped);
}

#[test]
fn lists_that_change_are_hostile() {
    let (code, what) = hostile(&json!({"perCall": [[tool("a", "")], [tool("a", ""), tool("b", "")]], "tools": []}));
    assert_eq!(code, "list-unstable");
    assert!(what.contains("`b`"), "{what}");
    let (code, _) = hostile(&json!({"perProcess": {"0": {"tools": [tool("a", "")]}, "1": {"tools": [tool("b", "")]}}}));
    assert_eq!(code, "list-unstable");
    let found = probed(&json!({"perCall": [[tool("a", "now")], [tool("a", "later")]], "tools": []}));
    assert_eq!(found.hostile.len(), 1);
    assert_eq!(
        (found.hostile[0].0, found.surface.volatile[0].shape),
        ("list-unstable", Shape::Unshaped)
    );
}

#[test]
fn what_readers_disagree_on_is_hostile() {
    let raw = |definition: &str| json!({"tools": [], "raw": {"tools/list": [format!(r#"{{"jsonrpc":"2.0","id":$ID,"result":{{"tools":[{definition}]}}}}"#)]}});
    for (definition, words) in [
        (
            r#"{"name":"t","description":"good","description":"evil","inputSchema":{}}"#,
            "`description` stands twice",
        ),
        (
            r#"{"name":"t","inputSchema":{"properties":{"a":1,"\u0061":2}}}"#,
            "`a` stands twice",
        ),
        (r#"{"name":"t","description":"\ud800"}"#, "lone surrogate"),
        (r#"{"name":"t","maximum":1e400}"#, "1e400"),
        (r#"{"name":"t","maximum":9007199254740993}"#, "9007199254740993"),
    ] {
        let (code, what) = hostile(&raw(definition));
        assert_eq!(code, "surface-not-i-json", "{definition}");
        assert!(what.contains(words), "{what}");
    }
    assert_eq!(hostile(&raw(r#""text""#)).0, "surface-malformed");
    assert_eq!(hostile(&raw(r#"{"description":"no name"}"#)).0, "surface-malformed");
    assert_eq!(hostile(&raw(r#"{"name":"t"},{"name":"t"}"#)).0, "duplicate-names");
    let both = r#"{"jsonrpc":"2.0","id":$ID,"result":{"tools":[]},"error":{"code":1,"message":"x"}}"#;
    assert_eq!(hostile(&json!({"tools": [], "raw": {"tools/list": [both]}})).0, "surface-malformed");
}

#[test]
fn too_much_is_hostile_and_comes_to_an_end() {
    assert_eq!(hostile(&json!({"tools": [], "cursor": "constant"})).0, "endless-pages");
    assert_eq!(hostile(&json!({"tools": [], "cursor": "new"})).0, "endless-pages");
    assert_eq!(
        hostile(&json!({"tools": [tool("a", ""), tool("b", "")], "pageSize": 1, "cursor": "broken"})).0,
        "surface-malformed"
    );
    let (code, what) = hostile(&json!({"generate": {"tools": 1, "bytes": 5_000_000}}));
    assert!(
        code == "surface-too-large" && what.contains("`tool-0`") && what.contains("1048576"),
        "{what}"
    );
    let (code, what) = hostile(&json!({"generate": {"tools": 10_000}}));
    assert!(code == "surface-too-large" && what.contains("5000 tools"), "{what}");
    let (code, what) = hostile(&json!({"generate": {"tools": 20, "bytes": 1_000_000}}));
    assert!(code == "surface-too-large" && what.contains("one message"), "{what}");
}

#[test]
fn odd_but_honest_servers_are_read() {
    let plain = probed(&json!({"tools": [tool("a", "")]}));
    for odd in [json!({"batch": true}), json!({"silent": true}), json!({"delay": 300})] {
        let mut script = json!({"tools": [tool("a", "")]});
        script.as_object_mut().unwrap().extend(odd.as_object().unwrap().clone());
        let found = probed(&script);
        assert_eq!(found.surface.views[0].items, plain.surface.views[0].items, "{odd}");
    }
    let claimed = probed(&json!({"tools": [], "capabilities": {"tools": {}, "resources": {}}, "templates": []}));
    assert!(
        claimed.surface.views[0].items.contains_key(&ItemKind::Resource),
        "claimed and not found: empty"
    );
    assert!(
        !claimed.surface.views[0].items.contains_key(&ItemKind::Prompt),
        "not claimed and not found: absent"
    );
    let hidden = probed(&json!({"tools": [], "capabilities": {}, "prompts": [{"name": "p"}]}));
    assert_eq!(names(&hidden.surface.views[0], ItemKind::Prompt), ["p"], "not claimed and there");
}

#[test]
fn what_a_server_lacks_is_said() {
    let failed = |script: &Value| Bench::new(script).probe().unwrap_err();
    let error = failed(&json!({"stderr": "Error: BRAVE_API_KEY environment variable is required", "exit": 1}));
    assert!(error.hint().unwrap().contains(r#"env = ["BRAVE_API_KEY"]"#), "{error}");
    assert!(
        error.to_string().contains("exited with status 1") && error.to_string().contains("BRAVE_API_KEY environment"),
        "{error}"
    );
    let error = failed(&json!({"stderr": "Usage: server <folder>", "exit": 2}));
    assert!(error.hint().unwrap().contains("args = "), "{error}");
    let error = failed(&json!({"stderr": "TypeError: fetch failed", "exit": 1}));
    assert!(error.hint().unwrap().contains("network = true"), "{error}");
    let error = failed(&json!({"tools": [], "error": {"tools/list": {"code": -32603, "message": "set SOME_TOKEN first"}}}));
    assert!(
        matches!(error, ProbeError::Refused { .. }) && error.hint().unwrap().contains("SOME_TOKEN"),
        "{error}"
    );
    let error = failed(&json!({"tools": [], "crashOn": ["tools/list"]}));
    assert!(
        matches!(&error, ProbeError::Exited { status, .. } if status.contains("signal")),
        "{error:?}"
    );
}

#[test]
fn a_server_that_hangs_is_given_up() {
    for method in ["initialize", "tools/list"] {
        let mut bench = Bench::new(&json!({"tools": [], "hangOn": [method]}));
        bench.options.limits.request = Duration::from_secs(2);
        let begun = Instant::now();
        let error = bench.probe().unwrap_err();
        assert!(matches!(error, ProbeError::Timeout { .. }), "{error:?}");
        assert!(begun.elapsed() < Duration::from_secs(15));
    }
    let mut bench = Bench::new(&json!({"tools": [], "hangOn": ["tools/list"]}));
    bench.options.limits.total = Duration::from_secs(1);
    assert!(matches!(bench.probe(), Err(ProbeError::Timeout { .. })));
}

#[test]
fn an_answer_under_another_id_is_hostile() {
    let script = json!({"ids": "string", "tools": [tool("a", "")]});
    assert_eq!(hostile(&script).0, "surface-malformed");
}

#[test]
fn values_of_variables_stay_out() {
    let mut bench = Bench::new(&json!({"tools": [tool("a", "uses s3cret-0123 in fast mode")]}));
    for (name, value) in [
        ("API_KEY", "s3cret-0123"),
        ("MODE", "fast"),
        ("NODE_OPTIONS", "--require=/x"),
        ("PATH", "/evil"),
    ] {
        bench.launchable.env.insert(name.into(), OsString::from(value));
    }
    let found = bench.probe().unwrap();
    assert_eq!(found.surface.env, ["API_KEY", "MODE"]);
    assert_eq!(description(&found.surface.views[0], "a"), "uses {mcp-pin:env:API_KEY} in fast mode");
    assert_eq!(found.notes.iter().filter(|note| note.contains("was not passed on")).count(), 2);
}

/// Everything a server could try, with targets that work without the sandbox.
fn escape_attempts(bench: &Bench) -> (Value, Vec<Box<dyn std::any::Any>>) {
    let outside = bench.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("secret"), "s").unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let socket = outside.join("socket");
    let unix = UnixListener::bind(&socket).unwrap();
    let outside = outside.to_str().unwrap();
    let attempts = json!({
        "read": [format!("{outside}/secret"), "/etc/hostname", "/etc/shadow", "/proc/1/environ"],
        "list": ["/", "/home", "/root", "/proc"],
        "write": [format!("{outside}/new"), "/usr/new", "/new", "$HOME/ok", "$CWD/ok", "$TMP/ok", "/etc/passwd", "/mcp/server/server.mjs"],
        "tcp": [tcp.local_addr().unwrap().to_string()],
        "udp": [udp.local_addr().unwrap().to_string()],
        "unix": [socket.to_str().unwrap()],
        "env": true, "self": true,
    });
    (attempts, vec![Box::new(tcp), Box::new(udp), Box::new(unix)])
}

fn outcome(found: &Probed) -> Value {
    serde_json::from_str(&description(&found.surface.views[0], "attempts")).unwrap()
}

#[test]
fn the_sandbox_keeps_a_server_in() {
    let bench = Bench::new(&json!({}));
    let (attempts, _held) = escape_attempts(&bench);
    std::fs::write(
        bench.folder.path().join("tree/script.json"),
        json!({"attempts": attempts}).to_string(),
    )
    .unwrap();
    let found = bench.probe().unwrap();
    assert_eq!(found.sandbox, SandboxLevel::Namespaces);
    let seen = outcome(&found);
    for (attempt, result) in seen.as_object().unwrap() {
        match attempt.as_str() {
            "write {mcp-pin:home}/ok"
            | "write {mcp-pin:cwd}/ok"
            | "write {mcp-pin:tmp}/ok"
            | "write $HOME/ok"
            | "write $CWD/ok"
            | "write $TMP/ok"
            | "read /etc/hostname"
            | "read /proc/1/environ" => assert_eq!(result, "ok", "{attempt}"),
            "list /" => assert!(
                !result
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|name| ["home", "root", "work", "var", "run"].contains(&name.as_str().unwrap())),
                "{result}"
            ),
            "list /proc" => {
                let processes = result
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|name| name.as_str().unwrap().parse::<u32>().is_ok())
                    .count();
                assert_eq!(processes, 1, "{result}");
            }
            "env" => assert_eq!(result.as_array().unwrap().len(), 13, "{result}"),
            "self" => assert_eq!(
                result,
                &json!({"uid": 1000, "host": "mcp", "user": "mcp", "home": "{mcp-pin:home}", "cwd": "{mcp-pin:cwd}", "tmp": "{mcp-pin:tmp}", "file": "{mcp-pin:install}/server.mjs"})
            ),
            _ => assert_ne!(result, "ok", "{attempt}"),
        }
    }
    assert!(seen["list /home"].is_string(), "there is no such folder");

    let mut open = Bench::new(&json!({"attempts": attempts}));
    open.options.unsandboxed = true;
    let seen = outcome(&open.probe().unwrap());
    for (attempt, result) in seen.as_object().unwrap() {
        if ["tcp", "udp", "unix"].iter().any(|kind| attempt.starts_with(kind)) || attempt.ends_with("/secret") {
            assert_eq!(result, "ok", "{attempt} works without the sandbox, so the sandbox is what stops it");
        }
    }
}

#[test]
fn landlock_alone_keeps_files_and_the_network() {
    let bench = Bench::new(&json!({}));
    let (attempts, _held) = escape_attempts(&bench);
    std::fs::write(
        bench.folder.path().join("tree/script.json"),
        json!({"attempts": attempts}).to_string(),
    )
    .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let env = BTreeMap::new();
    let taking = take_at(
        SandboxLevel::LandlockOnly,
        &bench.launchable,
        &bench.options,
        &bench.options.scratch,
        &env,
    );
    let found = match runtime.block_on(taking) {
        Err(ProbeError::Sandbox { what }) if what.contains("Landlock") => {
            return eprintln!("skipped: this kernel has no Landlock ({what})");
        }
        found => found.unwrap(),
    };
    assert_eq!(found.sandbox, SandboxLevel::LandlockOnly);
    let seen = outcome(&found);
    let ok: Vec<_> = seen
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, result)| *result == "ok")
        .map(|(attempt, _)| attempt.as_str())
        .collect();
    assert!(ok.iter().all(|attempt| attempt.ends_with("/ok")), "{ok:?}");
    assert_eq!(ok.iter().filter(|attempt| attempt.ends_with("/ok")).count(), 3, "{seen}");
    assert!(seen["list /root"].is_string() && seen["list /home"].is_string(), "{seen}");
}

#[test]
fn folders_the_server_is_told_of_are_stood_in_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("private"), "p").unwrap();
    let path = folder.path().to_str().unwrap();
    let mut bench = Bench::new(&json!({"attempts": {"list": [path], "write": [format!("{path}/new")]}}));
    bench.launchable.args.push(format!("--root={path}").into());
    let seen = outcome(&bench.probe().unwrap());
    assert_eq!(
        (&seen[format!("list {path}")], &seen[format!("write {path}/new")]),
        (&json!([]), &json!("ok"))
    );
    assert!(!folder.path().join("new").exists());
}

#[test]
fn the_network_is_there_when_the_entry_asks_for_it() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut bench = Bench::new(&json!({"attempts": {"tcp": [address], "list": ["/root", "/home"]}}));
    bench.launchable.network = true;
    let found = bench.probe().unwrap();
    assert!(found.surface.network);
    let seen = outcome(&found);
    assert_eq!(seen[format!("tcp {address}")], "ok");
    assert!(seen["list /root"].is_string() && seen["list /home"].is_string(), "{seen}");
}

#[test]
fn nothing_the_server_started_is_left() {
    for unsandboxed in [false, true] {
        let seconds = format!("{}", 100_000 + u64::from(std::process::id()) * 2 + u64::from(unsandboxed));
        let mut bench = Bench::new(&json!({"tools": [], "spawn": ["sleep", seconds]}));
        bench.options.unsandboxed = unsandboxed;
        bench.probe().unwrap();
        let gone = (0..50).any(|_| {
            std::thread::sleep(Duration::from_millis(50));
            !is_running(&seconds)
        });
        // Without a sandbox, a process that leaves the session is out of reach, and the level says so.
        if unsandboxed {
            end(&seconds);
        } else {
            assert!(gone, "`sleep {seconds}` is still there");
        }
    }
}

#[test]
fn the_server_ends_with_whoever_started_it() {
    for level in [SandboxLevel::Namespaces, SandboxLevel::LandlockOnly, SandboxLevel::None] {
        let mark = format!("{}", 200_000 + std::process::id() * 4 + level as u32);
        let bench = Bench::new(&json!({}));
        let (tree, script) = (bench.launchable.tree.clone().unwrap(), "setInterval(() => {}, 1000)");
        std::fs::write(tree.join("wait.mjs"), script).unwrap();
        let args = [tree.join("wait.mjs").into_os_string(), OsString::from(&mark)];
        let tenant = Tenant {
            program: &bench.launchable.program,
            args: &args,
            tree: Some(&tree),
            readable: &[],
            values: Vec::new(),
            network: false,
        };
        let command = Room::new(level, &bench.options.scratch, "/mcp", &tenant)
            .unwrap()
            .command(&binary())
            .unwrap();
        // A shell in between is the one that is killed, and can do nothing about it.
        let mut shell = std::process::Command::new("/bin/sh")
            .args(["-c", "\"$@\" & wait", "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let started = |wanted: bool| {
            (0..100).any(|_| {
                std::thread::sleep(Duration::from_millis(50));
                // The shell and the stages have the mark among their arguments as well.
                processes(&mark)
                    .iter()
                    .any(|pid| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe.ends_with("node")))
                    == wanted
            })
        };
        assert!(started(true), "{level}: the server did not start");
        shell.kill().unwrap();
        shell.wait().unwrap();
        let ended = started(false);
        end(&mark);
        assert!(ended, "{level}: the server lives on");
    }
}

fn processes(argument: &str) -> Vec<i32> {
    let with = |entry: std::fs::DirEntry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        line.split(|byte| *byte == 0).any(|part| part == argument.as_bytes()).then_some(pid)
    };
    std::fs::read_dir("/proc").unwrap().filter_map(|entry| with(entry.ok()?)).collect()
}

fn is_running(argument: &str) -> bool {
    !processes(argument).is_empty()
}

fn end(argument: &str) {
    for pid in processes(argument) {
        rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::KILL).ok();
    }
}
