//! Servers started from a tree through the real sandbox.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::tests::pythons;
use super::{Compiler, PythonRuntime};
use crate::mcp::launch::launchable;
use crate::mcp::probe::take_at;
use crate::mcp::probe_tests::binary;
use crate::mcp::{Launchable, ProbeError, ProbeLimits, ProbeOptions, Probed, SandboxLevel};

/// A server in one file that tells what it was started with, as its instructions.
const SERVER: &str = r#"
import json, os, sys

def told():
    import site
    import sysconfig
    broken = []
    def child(method):
        import multiprocessing, helper
        context = multiprocessing.get_context(method)
        with context.Pool(1) as pool:
            return pool.apply(helper.twice, (21,))
    methods = {}
    for method in sys.argv[1:]:
        try:
            methods[method] = child(method)
        except Exception as error:
            methods[method] = repr(error)
    return {
        "argv": sys.argv, "path": sys.path, "prefix": sys.prefix, "exec_prefix": sys.exec_prefix,
        "base": sys.base_prefix != sys.prefix, "user": site.ENABLE_USER_SITE, "packages": site.getsitepackages(),
        "main": sorted(name for name in vars(sys.modules["__main__"]) if not name.startswith("__")),
        "custom": sorted(name for name in sys.modules if name.endswith("customize")),
        "quit": [type(value).__name__ for value in (exit, quit, help, copyright)], "ran": getattr(sys, "ran", []),
        "cached": __cached__, "write": sys.dont_write_bytecode, "data": sysconfig.get_path("data"), "methods": methods,
    }

class Server:
    def main():
        for line in sys.stdin:
            question = json.loads(line)
            if question.get("method") == "initialize":
                result = {"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "s", "version": "1"}, "instructions": json.dumps(told())}
                print(json.dumps({"jsonrpc": "2.0", "id": question["id"], "result": result}), flush=True)
            elif "id" in question:
                print(json.dumps({"jsonrpc": "2.0", "id": question["id"], "error": {"code": -32601, "message": "no"}}), flush=True)
"#;

struct Tree {
    folder: TempDir,
    root: PathBuf,
    site: PathBuf,
}

impl Tree {
    fn new(python: &PythonRuntime) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("tree");
        let site = root.join(python.site_packages());
        std::fs::create_dir_all(&site).unwrap();
        Self { folder, root, site }
    }

    fn file(self, path: &str, text: &str) -> Self {
        std::fs::create_dir_all(self.site.join(path).parent().unwrap()).unwrap();
        std::fs::write(self.site.join(path), text).unwrap();
        self
    }

    fn compile(self, python: &PythonRuntime) -> Self {
        let sources = super::tests::sources_of(&self.site, usize::MAX);
        for (path, code) in Compiler::new(python).derive(&sources).unwrap() {
            std::fs::create_dir_all(self.site.join(&path).parent().unwrap()).unwrap();
            std::fs::write(self.site.join(path), code).unwrap();
        }
        self
    }

    fn take(&self, launchable: &Launchable, level: SandboxLevel) -> Result<Probed, ProbeError> {
        let scratch = tempfile::tempdir_in(self.folder.path()).unwrap();
        let options = ProbeOptions {
            sandbox_exe: binary(),
            scratch: scratch.path().to_path_buf(),
            limits: ProbeLimits {
                discover: Duration::from_secs(2),
                ..ProbeLimits::default()
            },
            unsandboxed: level == SandboxLevel::None,
            client_version: "0.0.0".into(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(take_at(level, launchable, &options, &options.scratch, &BTreeMap::new()))
    }
}

fn told(probed: &Probed) -> serde_json::Value {
    serde_json::from_str(probed.surface.views[0].instructions().unwrap()).unwrap()
}

#[test]
fn a_server_sees_the_tree_and_the_standard_library_and_nothing_else() {
    for python in pythons() {
        let tree = Tree::new(&python)
            .file("server/__init__.py", SERVER)
            .file("helper.py", "def twice(x):\n    return 2 * x\n")
            .file("a.pth", "import sys; sys.ran = ['a.pth']\nextra\n# note\n")
            .file("extra/deep.py", "X = 1\n")
            .file("sitecustomize.py", "raise SystemExit('sitecustomize')\n")
            .file("usercustomize.py", "raise SystemExit('usercustomize')\n")
            .compile(&python)
            // Runs only where the compiled file is not taken.
            .file("helper.py", "raise SystemExit('compiled anew')\n");
        for level in [SandboxLevel::Namespaces, SandboxLevel::LandlockOnly, SandboxLevel::None] {
            // Python's semaphores are files in /dev/shm, which everybody shares without namespaces.
            let shared = level != SandboxLevel::LandlockOnly;
            let methods = ["spawn", "forkserver", "fork"].iter().filter(|_| shared);
            let methods: Vec<_> = methods.map(|method| (*method).to_owned()).collect();
            let launchable = launchable(&tree.root, "my-server = server:Server.main", &methods, &python).unwrap();
            let probed = tree
                .take(&launchable, level)
                .unwrap_or_else(|error| panic!("{level} {}: {error}", python.version()));
            let told = told(&probed);
            let at = "{mcp-pin:install}".to_owned();
            let site = format!("{at}/{}", python.site_packages());
            assert_eq!(told["argv"][0], "my-server", "{told}");
            assert_eq!(
                (&told["prefix"], &told["exec_prefix"]),
                (&at.clone().into(), &at.clone().into()),
                "{told}"
            );
            let path: Vec<_> = told["path"]
                .as_array()
                .unwrap()
                .iter()
                .map(|entry| entry.as_str().unwrap())
                .collect();
            let (library, packages): (Vec<&str>, Vec<&str>) = path.iter().partition(|entry| !entry.starts_with("{mcp-pin"));
            assert_eq!(packages, [site.clone(), format!("{site}/extra")]);
            assert!(
                library.iter().all(|entry| entry.starts_with('/') && !entry.ends_with("-packages")) && library.len() <= 3,
                "{library:?}"
            );
            assert_eq!(told["user"], false);
            assert_eq!(told["custom"].as_array().unwrap().len(), 0, "{told}");
            assert_eq!(told["ran"], serde_json::json!(["a.pth"]));
            assert_eq!(told["quit"], serde_json::json!(["Quitter", "Quitter", "_Helper", "_Printer"]));
            assert_eq!(told["main"], serde_json::json!([]));
            assert!(
                told["cached"]
                    .as_str()
                    .unwrap()
                    .ends_with(&format!("__pycache__/__init__.{}.pyc", python.cache_tag()))
            );
            assert_eq!((&told["base"], &told["write"]), (&true.into(), &true.into()));
            for method in methods {
                assert_eq!(told["methods"][&method], 42, "{level} {}: {method}: {told}", python.version());
            }
        }
    }
}

#[test]
fn modules_of_the_working_folder_are_not_seen() {
    for python in pythons() {
        let tree = Tree::new(&python).file("server.py", "def main():\n    print('the server')\n");
        let launchable = launchable(&tree.root, "my-server = server:main", &[], &python).unwrap();
        let client = tree.folder.path().join("client");
        std::fs::create_dir(&client).unwrap();
        // What is imported before the server's own first line.
        for module in ["os", "stat", "posixpath", "genericpath", "site", "io", "abc", "codecs", "server"] {
            std::fs::write(client.join(format!("{module}.py")), "raise SystemExit('of the working folder')\n").unwrap();
        }
        let mut command = std::process::Command::new(&launchable.program);
        let output = command.args(&launchable.args).env_clear().current_dir(&client).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.stdout, b"the server\n", "{}: {said}", python.version());
    }
}

#[test]
fn an_entry_that_is_more_than_a_name_is_not_started() {
    let pythons = pythons();
    let [python, .., other] = pythons.as_slice() else { return };
    let tree = Tree::new(python);
    for entry in ["a = b:c()", "a=b:c", "b:c", "a = os:system;x", "a = b:c [extra]", "-c = b:c", ""] {
        let error = launchable(&tree.root, entry, &[], python).unwrap_err();
        assert!(error.to_string().contains("is not `NAME = module:callable`"), "{entry}: {error}");
    }
    let error = launchable(&tree.root, "a = b:c", &[], other).unwrap_err();
    assert!(error.hint().unwrap().contains("install it again"), "{error}");
}

/// Real servers, from trees that somebody made: `MCP_PIN_TEST_TREES` names a folder with one folder
/// `t-NAME` for each, made with `uv pip install --target`.
#[test]
fn real_servers_start() {
    let Some(folder) = option_env!("MCP_PIN_TEST_TREES").map(Path::new) else {
        eprintln!("skipped: MCP_PIN_TEST_TREES is not set");
        return;
    };
    let pythons = pythons();
    let Some(python) = pythons.iter().find(|python| python.minor() == 11) else {
        return;
    };
    for (name, entry) in [
        ("mcp-server-time", "mcp-server-time = mcp_server_time:main"),
        ("mcp-server-fetch", "mcp-server-fetch = mcp_server_fetch:main"),
        ("mcp-server-git", "mcp-server-git = mcp_server_git:main"),
        (
            "awslabs.aws-documentation-mcp-server",
            "awslabs.aws-documentation-mcp-server = awslabs.aws_documentation_mcp_server.server:main",
        ),
        ("duckduckgo-mcp-server", "duckduckgo-mcp-server = duckduckgo_mcp_server.server:main"),
    ] {
        let mut tree = Tree::new(python);
        std::fs::remove_dir(&tree.site).unwrap();
        let copied = std::process::Command::new("cp")
            .arg("-r")
            .arg(folder.join(format!("t-{name}")))
            .arg(&tree.site)
            .status();
        assert!(copied.unwrap().success());
        tree = tree.compile(python);
        let launchable = launchable(&tree.root, entry, &[], python).unwrap();
        for level in [SandboxLevel::Namespaces, SandboxLevel::LandlockOnly] {
            let probed = tree
                .take(&launchable, level)
                .unwrap_or_else(|error| panic!("{level} {name}: {error}"));
            let tools = probed.surface.views[0].list(crate::model::ItemKind::Tool).len();
            eprintln!("{name} at {level}: {tools} tools");
            assert!(tools > 0, "{name}");
        }
    }
}
