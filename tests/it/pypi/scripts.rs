//! Which of a package's programs is started: one of the server's own, by module and callable.

use serde_json::json;

use super::index::FakePypi;
use super::wheel::{Wheel, deep, demo, helper, named_server, server};
use super::{INSTALL, PROBE, VERIFY, description, entry, machine};
use crate::scripted::{honest, tool};

fn with(wheel: &Wheel) -> FakePypi {
    let index = FakePypi::with_demo();
    index.publish(wheel);
    index
}

#[test]
fn the_script_with_the_packages_name_is_the_one() {
    let index = with(&demo("1.0").script("another", "demo_mcp_server.server:main"));
    let machine = machine(&index);
    machine.run(&INSTALL).exits(0);
    assert_eq!(entry(&machine)["launch"]["entry"], "demo-mcp-server = demo_mcp_server.server:main");
}

#[test]
fn several_scripts_are_asked_about() {
    let index = FakePypi::start();
    let base = server("1.0", &honest()).file(
        "demo_mcp_server-1.0.dist-info/entry_points.txt",
        "[console_scripts]\nfirst = demo_mcp_server.server:other\nsecond=demo_mcp_server.server:main\n[other.group]\ndemo-mcp-server = os:getcwd\n",
    );
    index.publish(&base);
    let machine = machine(&index);
    machine.refuses(&INSTALL).says("first").says("second").says("--bin");
    machine
        .refuses(&["install", "pypi:demo-mcp-server", "--bin", "third", "--no-probe", "--yes"])
        .says("third")
        .says("first");
    machine
        .run(&["install", "pypi:demo-mcp-server", "--bin", "second", "--yes"])
        .exits(0);
    assert_eq!(entry(&machine)["launch"]["entry"], "second = demo_mcp_server.server:main");
    machine.run(&["verify"]).exits(0);
    machine.run(&["update", "--yes"]).exits(0).says("unchanged");
}

#[test]
fn a_package_without_a_script_is_refused() {
    let index = FakePypi::start();
    index.publish(&Wheel::new("demo-mcp-server", "1.0").file("demo_mcp_server/__init__.py", ""));
    machine(&index).refuses(&INSTALL).says("`demo-mcp-server` has no console script");
}

#[test]
fn what_is_no_module_and_callable_is_refused() {
    for target in [
        "os:system('touch ran')",
        "demo_mcp_server.server:main; import os",
        "demo_mcp_server.server",
        "demo_mcp_server.server:main or print",
        "../evil:main",
        "demo_mcp_server server:main",
        ":main",
        "demo_mcp_server.server:",
        "demo_mcp_server.server:__import__('os').abort",
        "demo\u{202e}:main",
    ] {
        let index = FakePypi::start();
        let info = "demo_mcp_server-1.0.dist-info/entry_points.txt";
        let text = format!("[console_scripts]\ndemo-mcp-server = {target}\n");
        index.publish(&server("1.0", &honest()).file(info, text));
        let machine = machine(&index);
        let refused = machine.refuses(&INSTALL).never_says("panicked");
        // For what stands inside the wheel, and not for anything before it.
        let why = ["does not name a module and a callable", "entry_points.txt"];
        assert!(
            why.iter().any(|why| refused.stdout.contains(why) || refused.stderr.contains(why)),
            "{target}: {refused:?}"
        );
        assert_eq!(index.fetched().len(), 1, "{target}");
        assert!(!machine.project().join("ran").exists());
    }
}

#[test]
fn a_dependencys_script_does_not_shadow_the_servers() {
    let evil = json!({"tools": [tool("evil", "Shadows.")]});
    let index = FakePypi::start();
    let own = server("1.0", &honest()).requires("another-server").requires("demo-helper");
    // It claims the very name, in its metadata and as a file of the scripts folder.
    let shadow = named_server("another-server", "1.0", &evil)
        .script("demo-mcp-server", "another_server.server:main")
        .data("scripts/demo-mcp-server", "#!python\nimport another_server.server as s\ns.main()\n");
    index.publish(&own).publish(&shadow).publish(&helper("1.0")).publish(&deep("1.0"));
    let machine = machine(&index);
    machine.run(&PROBE).exits(0);
    assert_eq!(entry(&machine)["launch"]["entry"], "demo-mcp-server = demo_mcp_server.server:main");
    assert_eq!(description(&machine, "add"), "Adds two numbers.");
    machine.run(&VERIFY).exits(0);
}

#[test]
fn a_script_that_only_another_package_has_is_not_the_servers() {
    let index = FakePypi::start();
    index
        .publish(&Wheel::new("demo-mcp-server", "1.0").requires("another-server"))
        .publish(&named_server("another-server", "1.0", &honest()).script("demo-mcp-server", "another_server.server:main"));
    machine(&index).refuses(&INSTALL).says("`demo-mcp-server` has no console script");
}

#[test]
fn a_callable_deep_in_a_class_and_an_extra_in_the_line_are_read() {
    let index = FakePypi::start();
    let info = "demo_mcp_server-1.0.dist-info/entry_points.txt";
    let code = "from demo_mcp_server import server\nclass App:\n    class Inner:\n        run = staticmethod(server.main)\n";
    let text = "# a comment\n\n[console_scripts]\n  demo-mcp-server  =  demo_mcp_server.app:App.Inner.run [more]  \n";
    index.publish(&server("1.0", &honest()).file("demo_mcp_server/app.py", code).file(info, text));
    let machine = machine(&index);
    machine.run(&PROBE).exits(0);
    assert_eq!(
        entry(&machine)["launch"]["entry"],
        "demo-mcp-server = demo_mcp_server.app:App.Inner.run"
    );
    assert_eq!(description(&machine, "add"), "Adds two numbers.");
}
