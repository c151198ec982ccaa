//! From spawning a Python server to its answer to `initialize`, in turns: through a tree with our
//! compiled files and our start, through a warm virtual environment, and through `uvx`.
//!
//! Called by python.sh: `python ROUNDS PYTHON TREE ENTRY VENV-SCRIPT [UVX SPEC]`. Ends with 1 where a
//! target is missed. The first round of each only warms up.

#![expect(clippy::print_stdout, reason = "a bench talks")]

use std::error::Error;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use mcp_pin::mcp::python::{Compiler, PythonRuntime};

const BOOTSTRAP: &str = include_str!("../src/mcp/launch/bootstrap.py");
const INITIALIZE: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","#,
    r#""capabilities":{},"clientInfo":{"name":"bench","version":"1"}}}"#,
    "\n"
);
/// Ours to a warm virtual environment, at most.
const TO_VENV: f64 = 1.10;
/// `uvx` to ours, at least.
const TO_UVX: f64 = 2.0;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [rounds, python, tree, entry, script, uvx @ ..] = args.as_slice() else {
        println!("skipped: see benches/python.sh");
        return ExitCode::SUCCESS;
    };
    match race(rounds, Path::new(python), Path::new(tree), entry, script, uvx) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::from(2)
        }
    }
}

fn race(rounds: &str, python: &Path, tree: &Path, entry: &str, script: &str, uvx: &[String]) -> Result<bool> {
    let rounds: usize = rounds.parse()?;
    let runtime = PythonRuntime::ask(python)?;
    let site = tree.join(runtime.site_packages());
    compile(&runtime, &site)?;
    let mut ours = Command::new(runtime.path());
    ours.args((runtime.minor() >= 11).then_some("-P"))
        .args(["-s", "-S", "-B", "-c", BOOTSTRAP])
        .arg(&site)
        .arg(entry);
    let mut racers = vec![("ours", ours), ("venv", Command::new(script))];
    if let [program, spec] = uvx {
        let mut command = Command::new(program);
        command.arg(spec);
        racers.push(("uvx", command));
    }
    let mut taken = vec![Vec::new(); racers.len()];
    for round in 0..=rounds {
        for (place, (name, command)) in racers.iter_mut().enumerate() {
            let time = answer(command).map_err(|error| format!("{name}: {error}"))?;
            if round > 0 {
                taken[place].push(time);
            }
        }
    }
    let medians: Vec<_> = taken.into_iter().map(median).collect();
    let ratio = |place: usize| medians[place].as_secs_f64() / medians[0].as_secs_f64();
    let to_venv = 1.0 / ratio(1);
    print!(
        "{:<18} ours {:.3} s   venv {:.3} s   ratio {to_venv:.2}",
        entry.split(' ').next().unwrap_or(entry),
        medians[0].as_secs_f64(),
        medians[1].as_secs_f64()
    );
    let mut met = to_venv <= TO_VENV;
    if let Some(uvx) = medians.get(2) {
        print!("   uvx {:.3} s, {:.1} times ours", uvx.as_secs_f64(), ratio(2));
        met &= ratio(2) >= TO_UVX;
    }
    println!("{}", if met { "" } else { "   MISSED" });
    Ok(met)
}

/// Puts our compiled files beside the sources, and says how long that took.
fn compile(runtime: &PythonRuntime, site: &Path) -> Result<()> {
    let mut sources = Vec::new();
    let mut folders = vec![site.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir()? {
            let (path, kind) = (
                entry.as_ref().map(std::fs::DirEntry::path),
                entry.as_ref().map(std::fs::DirEntry::file_type),
            );
            let (Ok(path), Ok(kind)) = (path, kind) else { continue };
            if kind?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "py") {
                let name = path.strip_prefix(site)?.to_string_lossy().into_owned();
                sources.push((name, std::fs::read(path)?));
            }
        }
    }
    let begun = Instant::now();
    let compiled = Compiler::new(runtime).derive(&sources)?;
    let bytes: usize = compiled.iter().map(|(_, code)| code.len()).sum();
    println!(
        "{} sources compiled in {:.2} s: {} files, {} MB",
        sources.len(),
        begun.elapsed().as_secs_f64(),
        compiled.len(),
        bytes / 1_000_000
    );
    for (path, code) in compiled {
        let path = site.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(site))?;
        std::fs::write(path, code)?;
    }
    Ok(())
}

/// From the start of a server to its first answer.
fn answer(command: &mut Command) -> Result<Duration> {
    let begun = Instant::now();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let asked = child.stdin.as_mut().map(|input| input.write_all(INITIALIZE.as_bytes()));
    let mut line = String::new();
    let read = child.stdout.as_mut().map(|output| BufReader::new(output).read_line(&mut line));
    let time = begun.elapsed();
    child.kill()?;
    child.wait()?;
    if !matches!((asked, read), (Some(Ok(())), Some(Ok(_)))) || !line.contains("\"serverInfo\"") {
        return Err(format!("it does not answer: {line:?}").into());
    }
    Ok(time)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
