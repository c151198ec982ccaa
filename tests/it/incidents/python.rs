//! Row 16: a wheel deep in a closure gains code that runs whenever Python starts.

use super::{marker, update_caught};
use crate::pypi::index::FakePypi;
use crate::pypi::machine;
use crate::pypi::wheel::deep;

#[test]
fn row_16_startup_code_comes_with_a_package_that_nobody_asked_for_by_name() {
    let index = FakePypi::with_demo();
    let machine = machine(&index);
    machine.run(&["install", "pypi:demo-mcp-server", "--yes"]).exits(0);
    let marker = marker(&machine);
    let payload = format!(
        "import subprocess, sys; subprocess.Popen([sys.executable, \"-c\", \"open({:?}, 'w')\"])\n",
        marker.display().to_string().replace('"', "'")
    );
    index.publish(&deep("1.1").file("demo_deep_init.pth", payload));
    let caught = update_caught(&machine, &marker);
    let title = "package demo-deep now has code in `demo_deep_init.pth` that runs whenever the server's Python starts";
    caught.names("startup-code-added", "demo-deep", "critical", title);
    caught.shows("subprocess.Popen");
    caught.shows("demo-deep 1.0 -> 1.1");
    // Neither the server nor what it names has moved.
    caught.has_no("version-changed");
    assert!(!marker.exists());
}
