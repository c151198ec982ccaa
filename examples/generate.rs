//! Writes `schema/`, `completions/` and `docs/findings.md` from the code, or with `--check` fails where they differ.
//!
//!     cargo run --example generate            # write
//!     cargo run --example generate -- --check # compare

#![expect(clippy::print_stderr, reason = "a tool of the project's own makers")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::CommandFactory as _;
use clap_complete::Shell;
use mcp_pin::model::Part;
use mcp_pin::policy;

fn main() -> ExitCode {
    let check = std::env::args().nth(1).as_deref() == Some("--check");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut stale = Vec::new();
    for (path, bytes) in generated() {
        let full = root.join(&path);
        if std::fs::read(&full).is_ok_and(|found| found == bytes) {
            continue;
        }
        if !check && let Err(error) = write(&full, &bytes) {
            eprintln!("error: could not write {}: {error}", path.display());
            return ExitCode::from(2);
        }
        stale.push(path);
    }
    for path in &stale {
        eprintln!("{} {}", if check { "out of date:" } else { "wrote" }, path.display());
    }
    if check && !stale.is_empty() {
        eprintln!("hint: cargo run --example generate");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, bytes)
}

fn generated() -> Vec<(PathBuf, Vec<u8>)> {
    let schemas = [
        ("doctor", mcp_pin::output::json::doctor_schema()),
        ("lock", mcp_pin::lock::schema()),
        ("manifest", mcp_pin::manifest::schema()),
        ("report", mcp_pin::output::json::schema()),
        ("schedule", mcp_pin::output::json::schedule_schema()),
    ];
    let mut files = Vec::new();
    for (name, schema) in schemas {
        let text = format!("{schema:#}\n");
        files.push((PathBuf::from(format!("schema/{name}.schema.json")), text.into_bytes()));
    }
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish, Shell::PowerShell] {
        let mut bytes = Vec::new();
        clap_complete::generate(shell, &mut mcp_pin::cli::Cli::command(), "mcp-pin", &mut bytes);
        files.push((Path::new("completions").join(file_name(shell)), bytes));
    }
    files.push((PathBuf::from("docs/findings.md"), findings().into_bytes()));
    files
}

/// One section a code, by part; a heading is its own anchor.
fn findings() -> String {
    let mut text = String::from(
        "# Findings\n\n\
         Every code that a report can hold, as `mcp-pin explain CODE` prints it. A code keeps its meaning over\n\
         versions; how a finding is graded depends on what exactly was found.\n\n\
         `info` is logged, `notice` is approved with the batch, `warning` one by one, `critical` only by its fingerprint.\n",
    );
    for part in Part::ALL {
        let _ = write!(text, "\n- [{part}](#{part}): ");
        let links: Vec<_> = policy::pages(part).iter().map(|page| format!("[{0}](#{0})", page.code)).collect();
        text.push_str(&links.join(", "));
    }
    text.push('\n');
    for part in Part::ALL {
        let _ = write!(text, "\n## {part}\n");
        for page in policy::pages(part) {
            let (meaning, advice) = (page.meaning, page.advice);
            let _ = write!(text, "\n### {}\n\n{meaning}.\n\nWhat to do: {advice}.\n", page.code);
        }
    }
    text
}

fn file_name(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => "mcp-pin.bash",
        Shell::Zsh => "_mcp-pin",
        Shell::Fish => "mcp-pin.fish",
        _ => "_mcp-pin.ps1",
    }
}
