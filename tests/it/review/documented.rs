//! The commands of `docs/ci.md`, taken out of the page and run as a runner would: against a
//! repository with a pull request in it, in an environment without secrets.

use std::path::Path;
use std::process::Command;

use super::{commit, git, project};
use crate::harness::{Machine, Ran, ran};
use crate::registry::{FakeNpm, Package};
use crate::scripted::{accepting, machine_with};

fn page() -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci.md")).unwrap()
}

/// The first fenced block of a language below a heading.
fn block(page: &str, heading: &str, language: &str) -> String {
    let (_, rest) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let (_, rest) = rest.split_once(&format!("```{language}\n")).unwrap();
    rest.split_once("\n```").unwrap().0.to_owned()
}

/// The lines of one job: two more spaces than its name.
fn job<'a>(text: &'a str, name: &str, indent: usize) -> Vec<&'a str> {
    let start = format!("{}{name}:", " ".repeat(indent));
    let inside = " ".repeat(indent + 1);
    let mut lines = text.lines().skip_while(|line| **line != start);
    lines.next();
    lines.take_while(|line| line.is_empty() || line.starts_with(&inside)).collect()
}

/// What `run:` holds, of each step with a name but the one that installs mcp-pin.
fn steps(lines: &[&str]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let (mut name, mut block) = (String::new(), None);
    for line in lines {
        let depth = line.len() - line.trim_start().len();
        if let Some(indent) = block {
            if depth > indent {
                let script = &mut found.last_mut().unwrap().1;
                script.push_str(line.trim_start());
                script.push('\n');
                continue;
            }
            block = None;
        }
        let line = line.trim_start();
        if let Some(step) = line.strip_prefix("- name: ") {
            step.clone_into(&mut name);
        } else if line == "run: |" {
            block = Some(depth);
            found.push((name.clone(), String::new()));
        } else if let Some(command) = line.strip_prefix("run: ") {
            found.push((name.clone(), command.to_owned()));
        }
    }
    found.retain(|(name, _)| name != "Install mcp-pin");
    found
}

/// The `script:` of a GitLab job, as one script: its lines share a shell.
fn script(lines: &[&str]) -> String {
    let inside = lines.iter().skip_while(|line| **line != "  script:").skip(1);
    let lines: Vec<_> = inside.map_while(|line| line.strip_prefix("    - ")).collect();
    lines.join("\n") + "\n"
}

/// Runs a script as a runner does, in a folder of a machine.
fn shell(machine: &Machine, folder: &Path, script: &str, env: &[(&str, &str)]) -> Ran {
    let template = machine.command(&[]);
    let mut command = Command::new("bash");
    command.args(["-e", "-o", "pipefail", "-c", script]).current_dir(folder).env_clear();
    command.envs(template.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let own = Path::new(env!("CARGO_BIN_EXE_mcp-pin")).parent().unwrap();
    command.env("PATH", format!("{}:{}", own.display(), std::env::var("PATH").unwrap()));
    command.envs(env.iter().copied());
    ran(command)
}

/// A runner with a checkout of a branch, and `origin`.
fn runner(registry: &FakeNpm, origin: &Machine, branch: &str) -> Machine {
    let machine = machine_with(registry);
    git(&machine.project(), &["clone", "-q", origin.project().to_str().unwrap(), "."]);
    git(&machine.project(), &["checkout", "-q", branch]);
    machine
}

/// `main` has `calc`; `change` adds `evil`, which must never be started.
fn pull_request() -> (FakeNpm, Machine, std::path::PathBuf) {
    let (registry, machine) = project();
    let marker = machine.home().join("marker");
    let touch = format!("require('fs').writeFileSync({:?}, '')\n", marker.display().to_string());
    let evil = Package::new("evil", "1.0.0").file("index.js", touch).bin("evil", "index.js");
    registry.publish(evil.script("postinstall", &format!("touch {}", marker.display())));
    machine.allow_accept();
    accepting(&machine, &["install", "npm:evil", "--no-probe"]).0.exits(0);
    commit(&machine, "Add evil");
    (registry, machine, marker)
}

#[test]
fn the_github_jobs_do_what_they_say() {
    let (registry, origin, marker) = pull_request();
    let workflow = block(&page(), "GitHub Actions", "yaml");
    let proposed = steps(&job(&workflow, "proposed", 2));
    assert_eq!(
        proposed.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(),
        ["Report", "Code scanning"]
    );
    let runner_of_change = runner(&registry, &origin, "change");
    let summary = runner_of_change.home().join("summary.md");
    let env = [("GITHUB_BASE_REF", "main"), ("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let folder = runner_of_change.project();
    shell(&runner_of_change, &folder, &proposed[0].1, &env).exits(1);
    let told = std::fs::read_to_string(&summary).unwrap();
    assert!(told.contains("**added** evil") && told.contains("install script"), "{told}");
    shell(&runner_of_change, &folder, &proposed[1].1, &env).exits(0);
    let log: serde_json::Value = serde_json::from_str(&runner_of_change.read("mcp-pin.sarif")).unwrap();
    assert_eq!(log["runs"][0]["invocations"][0]["exitCode"], 1);
    // A revision that is not there is no pass in either step.
    let nowhere = [("GITHUB_BASE_REF", "nowhere"), env[1]];
    shell(&runner_of_change, &folder, &proposed[0].1, &nowhere).exits(2);
    shell(&runner_of_change, &folder, &proposed[1].1, &nowhere).exits(1);

    let merged = steps(&job(&workflow, "merged", 2));
    assert_eq!(merged.len(), 2);
    let runner_of_main = runner(&registry, &origin, "main");
    for (name, step) in &merged {
        let ran = shell(&runner_of_main, &runner_of_main.project(), step, &[]);
        assert_eq!(ran.status, 0, "{name}: {}\n{}", ran.stdout, ran.stderr);
    }
    let log: serde_json::Value = serde_json::from_str(&runner_of_main.read("mcp-pin.sarif")).unwrap();
    assert_eq!(log["runs"][0]["invocations"][0]["executionSuccessful"], true);
    assert!(!marker.exists(), "what a pull request proposes was started");

    // No step and no job names a secret, and the pull request's job gets no more than to read.
    assert!(!workflow.contains("secrets.") && !workflow.contains("pull_request_target:"));
    assert_eq!(workflow.matches("persist-credentials: false").count(), 2);
    assert!(workflow.contains("\npermissions: {}\n"));
}

#[test]
fn the_gitlab_jobs_do_what_they_say() {
    let (registry, origin, marker) = pull_request();
    let file = block(&page(), "GitLab", "yaml");
    let base = git(&origin.project(), &["rev-parse", "main"]);
    let env = [("CI_MERGE_REQUEST_DIFF_BASE_SHA", base.as_str())];
    let machine = runner(&registry, &origin, "change");
    shell(&machine, &machine.project(), &script(&job(&file, "mcp-pin-proposed", 0)), &env)
        .exits(1)
        .says("**added** evil");
    shell(&machine, &machine.project(), &script(&job(&file, "mcp-pin-merged", 0)), &env)
        .exits(0)
        .says("calc")
        .never_says("evil");
    assert!(!marker.exists(), "what a merge request proposes was started");
}

#[test]
fn the_hook_keeps_a_lock_that_nobody_approved_out() {
    let (_registry, machine) = project();
    let hook = machine.project().join(".git/hooks/pre-commit");
    std::fs::write(&hook, format!("{}\n", block(&page(), "Before a commit", "sh"))).unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let folder = machine.project();
    let commit = "git add -A && git -c user.name=Ada -c user.email=ada@example.org commit -qm x";
    machine.write("README", "x");
    shell(&machine, &folder, commit, &[]).exits(0);
    machine.write("mcp-pin.toml", &format!("{}# a remark\n", machine.read("mcp-pin.toml")));
    shell(&machine, &folder, commit, &[]).exits(0);
    let lock = machine.read("mcp-pin.lock").replace("Adds two numbers.", "Adds 2 numbers.");
    machine.write("mcp-pin.lock", &lock);
    let ran = shell(&machine, &folder, commit, &[]);
    assert_ne!(ran.status, 0, "{}{}", ran.stdout, ran.stderr);

    // The hook for pre-commit is the same command.
    let hooks = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".pre-commit-hooks.yaml")).unwrap();
    let entry = "entry: mcp-pin verify --locked --no-probe";
    assert!(hooks.contains(entry) && page().contains(entry));
}
