//! Nothing of the user's surroundings reaches the server, or steers what is resolved for it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::index::FakePypi;
use super::wheel::{demo, server};
use super::{PROBE, accepting, description, entry, machine, packages, three};
use crate::harness::{Machine, ran};

/// Variables that make Python load, or say, something else.
const STEERING: [(&str, &str); 12] = [
    ("PYTHONPATH", "planted"),
    ("PYTHONSTARTUP", "planted/canary.py"),
    ("PYTHONHOME", "planted"),
    ("PYTHONUSERBASE", "planted"),
    ("PYTHONINSPECT", "1"),
    ("PYTHONBREAKPOINT", "canary.run"),
    ("PYTHONWARNINGS", "error"),
    ("PYTHONPLATLIBDIR", "planted"),
    ("PYTHONPYCACHEPREFIX", "planted"),
    ("PYTHONEXECUTABLE", "/bin/false"),
    ("PYTHONOPTIMIZE", "2"),
    ("__PYVENV_LAUNCHER__", "/bin/false"),
];

const CANARY: &str = "import pathlib\npathlib.Path(MARK).touch()\n";

/// Python code that leaves a mark when it runs, under every name that Python, or the server, loads.
fn plant(folder: &Path, mark: &Path) {
    fs::create_dir_all(folder).unwrap();
    let code = CANARY.replace("MARK", &format!("{:?}", mark.display().to_string()));
    for name in [
        "canary.py",
        "sitecustomize.py",
        "usercustomize.py",
        "json.py",
        "importlib.py",
        "pathlib.py",
    ] {
        fs::write(folder.join(name), &code).unwrap();
    }
    fs::create_dir_all(folder.join("demo_mcp_server")).unwrap();
    fs::write(folder.join("demo_mcp_server/__init__.py"), &code).unwrap();
    fs::write(
        folder.join("canary.pth"),
        format!("import sys; open({:?}, 'w')\n", mark.display().to_string()),
    )
    .unwrap();
}

/// The versions of Python that could be asked for their user site.
fn user_sites(home: &Path) -> Vec<PathBuf> {
    let minor = 8..=15;
    minor
        .map(|minor| home.join(format!(".local/lib/python3.{minor}/site-packages")))
        .collect()
}

#[test]
fn the_users_python_cannot_reach_the_server() {
    let modules = json!({"modules": ["canary", "sitecustomize", "usercustomize", "pip", "json"], "env": ["HOME"]});
    let index = FakePypi::start();
    index.publish(&server("1.0", &json!({"report": modules})));
    let mut machine = machine(&index);
    let mark = machine.home().join("mark");
    for folder in user_sites(&machine.home()) {
        plant(&folder, &mark);
    }
    plant(&machine.project(), &mark);
    plant(&machine.project().join("planted"), &mark);
    let project = machine.project();
    for (name, value) in STEERING {
        let value = if value.starts_with("planted") {
            project.join(value).into_os_string()
        } else {
            value.into()
        };
        machine.set(name, value);
    }
    accepting(&machine, &PROBE).exits(0);
    accepting(&machine, &["verify"]).exits(0);
    assert!(!mark.exists(), "something of the user's was run");

    let said = description(&machine, "report");
    let report: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    let found = &report["modules"];
    for module in ["canary", "sitecustomize", "usercustomize", "pip"] {
        assert_eq!(found[module], Value::Null, "{said}");
    }
    assert_eq!(found["json"], "__init__.py", "{said}");
    let flags = &report["flags"];
    assert!(
        flags["inspect"] == json!(0) && flags["no_user_site"] == json!(1) && flags["no_site"] == json!(1),
        "{said}"
    );
    assert!(flags["safe_path"] != json!(false), "{said}");
    let python: Vec<_> = report["python"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let ours = [
        "PYTHONHASHSEED",
        "PYTHONNOUSERSITE",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
        "PYTHONIOENCODING",
        "PYTHONUTF8",
    ];
    assert!(python.iter().all(|name| ours.contains(name)), "{said}");
    let path: Vec<_> = report["path"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(path.iter().all(|folder| !folder.is_empty() && *folder != "."), "{said}");
    assert!(
        path.iter()
            .all(|folder| !folder.contains("planted") && !folder.contains("/project") && !folder.contains(".local")),
        "{said}"
    );
    // One folder of packages: the server's own. Not the interpreter's, where pip lies.
    let packages = path
        .iter()
        .filter(|folder| folder.ends_with("site-packages") || folder.ends_with("dist-packages"));
    assert_eq!(packages.count(), 1, "{said}");
    assert_eq!(report["argv"], json!([]), "{said}");
}

#[test]
fn arguments_are_the_servers_own() {
    let index = FakePypi::start();
    index.publish(&server("1.0", &json!({"report": {}})));
    let machine = machine(&index);
    let words = [
        "install",
        "pypi:demo-mcp-server",
        "--arg=-c",
        "--arg",
        "import os",
        "--arg",
        "--",
        "--arg=-i",
    ];
    accepting(&machine, &words).exits(0);
    let report: Value = serde_json::from_str(&description(&machine, "report")).unwrap();
    assert_eq!(report["argv"], json!(["-c", "import os", "--", "-i"]));
}

#[test]
fn variables_that_steer_python_cannot_be_asked_for() {
    let index = FakePypi::with_demo();
    let machine = machine(&index);
    for name in ["PYTHONPATH", "PYTHONHOME", "LD_PRELOAD"] {
        machine
            .refuses(&["install", "pypi:demo-mcp-server", "--env", name, "--yes"])
            .says(&format!("`{name}` can load other code into the server"));
    }
    // And nobody keeps a secret that was pasted where a name belongs.
    machine
        .refuses(&["install", "pypi:demo-mcp-server", "--env", "API_KEY=s3cr3t", "--yes"])
        .says("`API_KEY` is given a value")
        .never_says("s3cr3t");
    assert_eq!(index.requests(), Vec::<String>::new());
}

/// A program that leaves a mark.
fn canary(path: &Path, mark: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\ntouch {}\nexit 1\n", mark.display())).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// What stands in a project, or above it, and would steer uv, pip or Python.
fn hostile_project(machine: &Machine, evil: &FakePypi, mark: &Path) {
    let project = machine.project();
    let index = evil.url();
    machine.write(
        "uv.toml",
        &format!("resolution = \"lowest\"\n[[index]]\nurl = \"{index}\"\ndefault = true\n"),
    );
    machine.write(
        "pyproject.toml",
        &format!(
            "[project]\nname = \"x\"\nversion = \"0\"\nrequires-python = \">=3.99\"\n[tool.uv]\nindex-url = \"{index}\"\n\
             constraint-dependencies = [\"demo-helper==1.9\"]\noverride-dependencies = [\"demo-deep==6.6\"]\n\
             [tool.uv.sources]\ndemo-mcp-server = {{ path = \"evil\" }}\n[tool.uv.workspace]\nmembers = [\"*\"]\n"
        ),
    );
    machine.write(".python-version", "2.7\n");
    machine.write("pip.conf", &format!("[global]\nindex-url = {index}\n"));
    machine.write(".env", &format!("UV_DEFAULT_INDEX={index}\nPYTHONPATH=.\n"));
    machine.write("requirements.txt", "demo-helper==1.9\n");
    machine.write("uv.lock", "version = 99\n");
    machine.write("demo-mcp-server", "");
    for name in ["python", "python3", "uv", "pip", "uvx", "git"] {
        canary(&project.join(".venv/bin").join(name), mark);
        canary(&project.join("venv/bin").join(name), mark);
    }
    fs::write(project.join(".venv/pyvenv.cfg"), "home = /nonexistent\n").unwrap();
}

#[test]
fn a_project_does_not_steer_what_is_resolved_and_started() {
    let (index, evil) = (FakePypi::with_demo(), FakePypi::with_demo());
    index.publish(&super::wheel::helper("1.1"));
    evil.publish(&demo("1.9"));
    let mut machine = machine(&index);
    let mark = machine.home().join("mark");
    hostile_project(&machine, &evil, &mark);
    // Above the project and the home as well.
    let above = machine.project().parent().unwrap().to_path_buf();
    for name in ["uv.toml", "pyproject.toml", ".python-version"] {
        fs::copy(machine.project().join(name), above.join(name)).unwrap();
    }
    machine.set("VIRTUAL_ENV", machine.project().join(".venv"));
    let mut command = machine.command(&PROBE);
    let path = command
        .get_envs()
        .find(|(name, _)| *name == "PATH")
        .and_then(|(_, value)| value)
        .unwrap()
        .to_owned();
    let own = [machine.project().join(".venv/bin"), "venv/bin".into(), ".".into(), PathBuf::new()];
    let folders: Vec<_> = own.into_iter().chain(std::env::split_paths(&path)).collect();
    command.env("PATH", std::env::join_paths(folders).unwrap());
    ran(command).exits(0);
    assert!(!mark.exists(), "a program of the project was started");
    assert!(evil.requests().is_empty(), "{:?}", evil.requests());
    assert_eq!(packages(&machine), three("1.0", "1.1", "1.0"));
    machine.run(&["verify"]).exits(0);
}

#[test]
fn settings_that_would_build_or_bend_are_not_followed() {
    let index = FakePypi::with_demo();
    let mut machine = machine(&index);
    let config = machine.home().join(".config/uv");
    fs::create_dir_all(&config).unwrap();
    fs::write(
        config.join("uv.toml"),
        "resolution = \"lowest\"\nprerelease = \"allow\"\nno-binary = true\nlink-mode = \"symlink\"\n\
         exclude-newer = \"2001-01-01T00:00:00Z\"\nconstraint-dependencies = [\"demo-deep==6.6\"]\n\
         override-dependencies = [\"demo-helper==6.6\"]\n",
    )
    .unwrap();
    let constraints = machine.home().join("constraints.txt");
    fs::write(&constraints, "demo-deep==6.6\n").unwrap();
    machine
        .set("UV_CONSTRAINT", constraints.clone())
        .set("UV_OVERRIDE", constraints.clone())
        .set("PIP_CONSTRAINT", constraints)
        .set("UV_NO_BUILD", "0")
        .set("UV_OFFLINE", "0")
        .set("UV_PYTHON", "2.7")
        .set("UV_PROJECT", "/nonexistent")
        .set("UV_WORKING_DIRECTORY", "/nonexistent");
    machine.run(&PROBE).exits(0);
    assert_eq!(packages(&machine), three("1.0", "1.0", "1.0"));
    assert_eq!(entry(&machine)["package"]["version"], "1.0");
}
