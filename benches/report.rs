//! Time to read what is new in the code of a closure's update: 100 changed packages, 20 MB of changed source, half
//! of it minified.
//!
//!     cargo bench --bench report [-- BEFORE AFTER]
//!
//! Without folders the sources are made here, the same ones each time. With two folders (say, two
//! `node_modules`), each folder in them is a package. Beside it runs `diff -ru` over the same trees.
//! Ends with 1 above five seconds.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a bench talks")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mcp_pin::diff::{Package, SourceFile, diff_code};

const PACKAGES: usize = 100;
/// Bytes of changed source of one package.
const SIZE: usize = 245_000;
const LIMIT: Duration = Duration::from_secs(5);

/// Package, then path, then content.
type Trees = BTreeMap<String, BTreeMap<String, Vec<u8>>>;

fn main() -> ExitCode {
    let folders: Vec<PathBuf> = std::env::args()
        .skip(1)
        .filter(|one| !one.starts_with("--"))
        .map(PathBuf::from)
        .collect();
    match run(&folders) {
        Ok(took) if took <= LIMIT => ExitCode::SUCCESS,
        Ok(took) => {
            eprintln!("error: {took:.1?} is above {LIMIT:?}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folders: &[PathBuf]) -> Result<Duration, Box<dyn Error>> {
    let work = tempfile::tempdir()?;
    let (before, after) = if let [before, after] = folders {
        (before.clone(), after.clone())
    } else {
        let (before, after) = (work.path().join("before"), work.path().join("after"));
        make(&before, false)?;
        make(&after, true)?;
        (before, after)
    };
    let (old, new) = (read(&before)?, read(&after)?);
    let changed: usize = new
        .iter()
        .flat_map(|(name, files)| {
            files
                .iter()
                .filter(|(path, content)| old.get(name).and_then(|old| old.get(*path)) != Some(content))
        })
        .map(|(_, content)| content.len())
        .sum();
    let begun = Instant::now();
    let mut asked = Command::new("diff");
    let _ = asked.arg("-ru").arg(&before).arg(&after).stdout(Stdio::null()).status()?;
    let plain = begun.elapsed();
    let (took, signs) = report(&old, &new);
    println!("packages   {}", new.len());
    println!("changed    {}.{} MB", changed / 1_000_000, changed % 1_000_000 / 100_000);
    println!("signs      {signs}");
    println!("report     {:.2} s on {} threads", took.as_secs_f64(), threads());
    println!(
        "diff -ru   {:.2} s (ratio {:.1})",
        plain.as_secs_f64(),
        took.as_secs_f64() / plain.as_secs_f64()
    );
    Ok(took)
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Every package on as many threads as there are cores, the way the report does it.
fn report(old: &Trees, new: &Trees) -> (Duration, usize) {
    let begun = Instant::now();
    let (next, signs) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let names: Vec<&String> = new.keys().collect();
    std::thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let view = |trees: &'_ Trees| -> Vec<(String, Vec<u8>)> {
                        let files = trees.get(*name).into_iter().flatten();
                        files.map(|(path, content)| (path.clone(), content.clone())).collect()
                    };
                    let (before, after) = (view(old), view(new));
                    signs.fetch_add(compare(name, &before, &after), Ordering::Relaxed);
                }
            });
        }
    });
    (begun.elapsed(), signs.into_inner())
}

fn compare(name: &str, before: &[(String, Vec<u8>)], after: &[(String, Vec<u8>)]) -> usize {
    fn view(files: &[(String, Vec<u8>)]) -> Vec<SourceFile<'_>> {
        files.iter().map(|(path, content)| SourceFile { path, content }).collect()
    }
    let (before, after) = (view(before), view(after));
    let package = |files| Package {
        name,
        files,
        declared: None,
    };
    let before = (!before.is_empty()).then(|| package(&before[..]));
    diff_code(before.as_ref(), &package(&after[..])).len()
}

fn read(folder: &Path) -> Result<Trees, Box<dyn Error>> {
    let mut trees = Trees::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            let mut files = BTreeMap::new();
            walk(&entry.path(), "", &mut files)?;
            trees.insert(entry.file_name().to_string_lossy().into_owned(), files);
        }
    }
    Ok(trees)
}

fn walk(folder: &Path, prefix: &str, into: &mut BTreeMap<String, Vec<u8>>) -> Result<(), Box<dyn Error>> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), &format!("{path}/"), into)?;
        } else if kind.is_file() {
            into.insert(path, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn make(folder: &Path, changed: bool) -> Result<(), Box<dyn Error>> {
    for package in 0..PACKAGES {
        let home = folder.join(format!("package-{package}"));
        std::fs::create_dir_all(home.join("lib"))?;
        let minified = package % 2 == 0;
        let files = if minified { 1 } else { 8 };
        for file in 0..files {
            let source = source(u64::try_from(package * 100 + file)?, SIZE / files, minified, changed);
            let path = if package % 5 == 4 {
                format!("lib/m{file}.py")
            } else {
                format!("lib/m{file}.js")
            };
            let source = if package % 5 == 4 {
                python(u64::try_from(package * 100 + file)?, SIZE / files, changed)
            } else {
                source
            };
            std::fs::write(home.join(path), source)?;
        }
    }
    Ok(())
}

/// JavaScript the way people or minifiers write it; one statement in fifty is another one once it changed.
fn source(seed: u64, size: usize, minified: bool, changed: bool) -> String {
    let mut dice = Dice(seed);
    let (end, indent) = if minified { ("", "") } else { ("\n", "    ") };
    let mut out = String::new();
    while out.len() < size {
        let n = dice.roll(100_000);
        let other = dice.roll(50) == 0 && changed;
        let name = if minified {
            format!("t{}", n % 977)
        } else {
            format!("handleRequest{n}")
        };
        let _ = write!(out, "function {name}(e,r,n){{{end}");
        for _ in 0..dice.roll(8) + 2 {
            let (a, kind) = (dice.roll(1_000), dice.roll(6) + if other { 6 } else { 0 });
            let _ = match kind % 6 {
                0 => write!(
                    out,
                    "{indent}if(e.length>{a}&&typeof r===\"string\"){{return r.slice({a},n+{a})}}{end}"
                ),
                1 => write!(
                    out,
                    "{indent}const o{a}={{name:\"value {a}\",list:[{a},{n},null],nested:{{ok:!0,text:`item ${{e}} {kind}`}}}};{end}"
                ),
                2 => write!(
                    out,
                    "{indent}for(let i=0;i<{a};i++){{e[i]=r(i*{n},(s)=>s.map(t=>t.id).filter(Boolean))}}{end}"
                ),
                3 => write!(
                    out,
                    "{indent}const h{a}=/^[a-z0-9]+(?:-[a-z]+)*{kind}$/i.test(r)?\"https://api.host{a}.com/v1/{n}\":null;{end}"
                ),
                4 => write!(
                    out,
                    "{indent}try{{await r.call(this,{{method:\"POST\",body:JSON.stringify(n)}})}}catch(s){{throw new Error(\"failed \"+s.message)}}{end}"
                ),
                _ => write!(out, "{indent}n=(e=>({{...e,key{a}:e.key{a}??process.env.KEY_{a}}}))(n||{{}});{end}"),
            };
        }
        let _ = write!(out, "}}{end}");
    }
    // `await` stands in functions that are not marked; an async wrapper keeps the text short and valid.
    out.replace("function ", "async function ")
}

fn python(seed: u64, size: usize, changed: bool) -> String {
    let mut dice = Dice(seed);
    let mut out = String::from("import json\nimport os\n\n");
    while out.len() < size {
        let (n, a) = (dice.roll(100_000), dice.roll(1_000));
        let other = u64::from(dice.roll(50) == 0 && changed);
        let _ = write!(
            out,
            "def handle_{n}(request, *, limit={a}):\n    \"\"\"Handles one request of kind {other}.\"\"\"\n    values = [item.name for item in request if item.id > {a}]\n    if not values:\n        raise ValueError(f\"nothing for {{limit}} of {n}\")\n    return json.dumps({{\"host\": \"https://api.host{a}.com/{other}\", \"values\": values}})\n\n\n"
        );
    }
    out
}
