//! How loudly real updates and real attacks are told: the bars of the surface's grading, in numbers.
//!
//! Called by grading.sh: `grading DATA`. Reads the data sets that DATA/README.md names and judges
//! them as `update` does, without a network or a server. Ends with 1 where a bar is missed, with 2
//! where the data cannot be read. What this does not show: what a person reads first, and the part
//! of an update that is code.

#![expect(clippy::print_stdout, reason = "a bench talks")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use mcp_pin::diff::diff_surfaces;
use mcp_pin::model::{ClientProfile, Drift, Era, Finding, Grade, Item, ItemKind, Surface, View};
use mcp_pin::policy::{Grading, JudgeContext, OtherServer, Profile, first_surface, judge};
use mcp_pin::surface::take;
use serde_json::{Value, json};

#[path = "../src/policy/calibration/pairs.rs"]
mod pairs;

use pairs::{Server, json_file, listed, of_view, servers};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Servers that stand in the same lock in the second run: the usual ones.
const NEIGHBOURS: [&str; 10] = [
    "@modelcontextprotocol/server-filesystem",
    "@modelcontextprotocol/server-github",
    "@modelcontextprotocol/server-memory",
    "@modelcontextprotocol/server-slack",
    "@notionhq/notion-mcp-server",
    "@playwright/mcp",
    "@upstash/context7-mcp",
    "mcp-server-fetch",
    "mcp-server-git",
    "workspace-mcp",
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let [data, rest @ ..] = args.as_slice() else {
        println!("skipped: see benches/grading.sh");
        return ExitCode::SUCCESS;
    };
    match run(Path::new(data), rest.iter().any(|arg| arg == "-v")) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("{error}");
            ExitCode::from(2)
        }
    }
}

fn run(data: &Path, verbose: bool) -> Result<bool> {
    let servers = servers(data)?;
    let mut bars = Bars { verbose, missed: 0 };
    bars.definitions(data)?;
    bars.upgrades(&servers)?;
    bars.attacks(data, &servers)?;
    bars.day_one(data, &servers)?;
    Ok(bars.missed == 0)
}

/// A server as others see it.
fn other(server: &Server) -> Option<OtherServer> {
    let newest = server.versions.last()?;
    Some(OtherServer::from_surface(lock_name(&server.name).parse().ok()?, &newest.surface))
}

/// As `install` calls a server: the package without its scope.
fn lock_name(package: &str) -> String {
    package.rsplit('/').next().unwrap_or(package).to_lowercase()
}

fn json_lines(path: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(path)?;
    text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

/// A surface of these tools and nothing else.
fn of_tools(tools: &[Value]) -> Result<Surface> {
    let items = take::items(ItemKind::Tool, tools.to_vec(), &take::Places::default()).map_err(|hostile| format!("{hostile:?}"))?;
    Ok(of_view(json!({}), BTreeMap::from([(ItemKind::Tool, items)])))
}

fn judged(name: &str, before: &Surface, after: &Surface, others: &[OtherServer]) -> Result<Vec<Finding>> {
    let names = |surface: &Surface| -> Vec<String> {
        let tools = surface.views.iter().flat_map(|view| view.list(ItemKind::Tool));
        tools.map(|item| item.key.clone()).collect()
    };
    let context = JudgeContext {
        others: others.to_vec(),
        own_tools: [names(before), names(after)].concat(),
        ..JudgeContext::default()
    };
    let changes = diff_surfaces(before, after)?;
    Ok(judge(&name.parse()?, &Drift { changes }, &context))
}

fn worst(findings: &[Finding]) -> Option<Grade> {
    findings.iter().map(|finding| finding.grade).max()
}

/// The worst grade that a profile leaves.
fn worst_in(profile: Profile, findings: &[Finding]) -> Option<Grade> {
    let mut findings = findings.to_vec();
    let grading = Grading {
        profile,
        ..Grading::default()
    };
    grading.apply(&mut findings);
    worst(&findings)
}

fn share(part: usize, whole: usize) -> f64 {
    let number = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    number(part) * 100.0 / number(whole.max(1))
}

struct Bars {
    verbose: bool,
    missed: u32,
}

impl Bars {
    fn bar(&mut self, ok: bool, line: &str) {
        println!("{} {line}", if ok { "ok    " } else { "MISSED" });
        self.missed += u32::from(!ok);
    }

    /// Real changes of single definitions: what normalisation silences, what text rules raise.
    fn definitions(&mut self, data: &Path) -> Result<()> {
        let (mut raw, mut silent, mut texts, mut critical, mut warning) = (0, 0, 0, 0, 0);
        for pair in json_lines(&data.join("github-mcp-server-toolsnaps/change_pairs.jsonl"))? {
            let (before, mut after) = (pair["before"].clone(), pair["after"].clone());
            if before == after {
                continue;
            }
            after["name"] = before["name"].clone();
            let findings = judged("github", &of_tools(&[before])?, &of_tools(&[after])?, &[])?;
            raw += 1;
            silent += usize::from(findings.iter().all(|finding| finding.code == "definition-reformatted"));
            for finding in findings.iter().filter(|finding| finding.code == "tool-description-changed") {
                texts += 1;
                critical += usize::from(finding.grade == Grade::Critical);
                warning += usize::from(finding.grade == Grade::Warning);
            }
        }
        println!("\ngithub-mcp-server: {raw} changed definitions, {texts} changed descriptions");
        let gone = share(silent, raw);
        self.bar(
            raw > 0 && gone >= 40.0,
            &format!("{gone:.1} % vanish after normalisation (at least 40)"),
        );
        let (hard, soft) = (share(critical, texts), share(warning, texts));
        self.bar(hard < 1.0, &format!("{hard:.1} % of the descriptions critical (below 1)"));
        self.bar(soft < 5.0, &format!("{soft:.1} % of the descriptions warned of by text (below 5)"));
        Ok(())
    }

    /// Adjacent versions of real servers, whole surfaces, alone and in a lock beside others.
    fn upgrades(&mut self, servers: &[Server]) -> Result<()> {
        let neighbours: Vec<_> = servers.iter().filter(|server| NEIGHBOURS.contains(&server.name.as_str())).collect();
        let beside: Vec<_> = neighbours.iter().filter_map(|server| other(server)).collect();
        for (what, others) in [("alone", &[][..]), ("beside ten others", &beside[..])] {
            let (mut pairs, mut changed, mut critical) = (0, 0, Vec::new());
            let mut asked = BTreeMap::from([("standard", 0), ("relaxed", 0), ("strict", 0)]);
            let mut codes: BTreeMap<(&str, bool), (usize, usize, usize)> = BTreeMap::new();
            for server in servers {
                for pair in server.versions.windows(2) {
                    let [old, new] = pair else { continue };
                    let findings = judged(&lock_name(&server.name), &old.surface, &new.surface, others)?;
                    pairs += 1;
                    changed += usize::from(worst(&findings) > Some(Grade::Info));
                    *asked.entry("standard").or_default() += usize::from(worst(&findings) >= Some(Grade::Warning));
                    let lowered = worst_in(Profile::Relaxed, &findings) >= Some(Grade::Warning);
                    *asked.entry("relaxed").or_default() += usize::from(lowered);
                    let strict = worst_in(Profile::Strict, &findings) >= Some(Grade::Warning);
                    *asked.entry("strict").or_default() += usize::from(strict);
                    let place = format!("{} {} to {}", server.name, old.version, new.version);
                    let hard = findings.iter().filter(|finding| finding.grade == Grade::Critical);
                    critical.extend(hard.map(|finding| format!("{place}: {}: {}", finding.code, finding.title)));
                    let loud: Vec<_> = findings.iter().filter(|finding| finding.grade >= Grade::Warning).collect();
                    let kinds: std::collections::BTreeSet<_> = loud.iter().map(|finding| (finding.code, finding.raised)).collect();
                    for kind in &kinds {
                        let count = codes.entry(*kind).or_default();
                        count.0 += 1;
                        count.1 += usize::from(kinds.len() == 1);
                        count.2 += loud.iter().filter(|finding| (finding.code, finding.raised) == *kind).count();
                    }
                    if self.verbose && others.is_empty() {
                        for finding in &loud {
                            println!(
                                "  {place}: {} {} {}: {}",
                                finding.grade, finding.raised, finding.code, finding.title
                            );
                        }
                    }
                }
            }
            println!("\nreal updates, {what}: {pairs} pairs, {changed} with anything above info");
            println!("  warning or worse by code: pairs, of them for this alone, findings");
            for ((code, raised), (pairs, only, all)) in &codes {
                println!("  {code}{}: {pairs}, {only}, {all}", if *raised { " (raised)" } else { "" });
            }
            for line in &critical {
                println!("  critical: {line}");
            }
            println!("  in `strict`, which has no bar: {:.1} %", share(asked["strict"], pairs));
            let (standard, relaxed) = (share(asked["standard"], pairs), share(asked["relaxed"], pairs));
            self.bar(
                standard <= 35.0,
                &format!("{standard:.1} % ask for more than the batch in `standard` (at most 35)"),
            );
            self.bar(
                relaxed <= 20.0,
                &format!("{relaxed:.1} % ask for more than the batch in `relaxed` (at most 20)"),
            );
        }
        Ok(())
    }

    /// The first look at honest definitions.
    fn day_one(&mut self, data: &Path, servers: &[Server]) -> Result<()> {
        let catalogue = json_lines(&data.join("LiveMCPBench/tools_flat.jsonl"))?;
        let mut critical = 0;
        for entry in &catalogue {
            let findings = judged("s", &of_tools(&[])?, &of_tools(&[entry["tool"].clone()])?, &[])?;
            critical += usize::from(worst(&findings) == Some(Grade::Critical));
        }
        let (hard, all) = (share(critical, catalogue.len()), catalogue.len());
        println!("\nday one");
        self.bar(hard < 2.0, &format!("{hard:.1} % of {all} honest tools critical (below 2)"));
        let (mut loud, mut warned, mut newest) = (Vec::new(), 0, 0);
        for taken in servers
            .iter()
            .filter_map(|server| server.versions.last().map(|taken| (server, taken)))
        {
            let (server, taken) = taken;
            let findings = first_surface(&lock_name(&server.name).parse()?, &taken.surface, &[]);
            newest += 1;
            warned += usize::from(worst(&findings) >= Some(Grade::Warning));
            let lines = findings.into_iter().filter(|finding| finding.grade >= Grade::Warning);
            loud.extend(lines.map(|finding| format!("{} {}: {}", server.name, finding.grade, finding.title)));
        }
        for line in &loud {
            println!("  {line}");
        }
        let others: Vec<_> = servers.iter().filter_map(other).collect();
        let mut shadowed = BTreeMap::new();
        for (server, taken) in servers
            .iter()
            .filter_map(|server| server.versions.last().map(|taken| (server, taken)))
        {
            let alone = first_surface(&lock_name(&server.name).parse()?, &taken.surface, &[]);
            let beside = first_surface(&lock_name(&server.name).parse()?, &taken.surface, &others);
            let more = beside
                .into_iter()
                .filter(|finding| finding.grade == Grade::Critical && !alone.contains(finding));
            let lines: Vec<_> = more
                .map(|finding| format!("{}: {} {:?}", finding.code, finding.title, finding.details.last()))
                .collect();
            if !lines.is_empty() {
                shadowed.insert(&server.name, lines);
            }
        }
        println!("  in one lock with all {} others, more is critical: {shadowed:#?}", newest - 1);
        let part = share(warned, newest);
        self.bar(part < 3.0, &format!("{part:.1} % of {newest} honest servers warned of (below 3)"));
        Ok(())
    }

    /// Known attacks, as an update of a tool and as one more tool beside honest servers.
    fn attacks(&mut self, data: &Path, servers: &[Server]) -> Result<()> {
        println!("\nattacks");
        for path in listed(&data.join("mcpm-guard-fixtures/mcptox/drift"))? {
            let fixture = json_file(&path)?;
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let tools = |key: &str| of_tools(&[fixture[key].clone()]);
            let findings = judged("s", &tools("install_time_definition")?, &tools("post_install_definition")?, &[])?;
            let grade = worst(&findings);
            // The one honest upgrade of the set must stay below what the attacks reach.
            let ok = if name.starts_with("legitimate") {
                grade < Some(Grade::Warning)
            } else {
                grade >= Some(Grade::Warning)
            };
            self.bar(ok, &format!("drift {name}: {}", grade.map_or("none", Grade::as_str)));
        }
        let honest: Vec<_> = servers.iter().filter(|server| NEIGHBOURS.contains(&server.name.as_str())).collect();
        let mut others: Vec<_> = honest.iter().filter_map(|server| other(server)).collect();
        let tools = json_lines(&data.join("MCPSecBench/tools.jsonl"))?;
        let benign = |tool: &&Value| matches!(tool["file"].as_str(), Some("code/addserver.py" | "code/download.py"));
        for file in ["code/addserver.py", "code/download.py"] {
            let names = tools
                .iter()
                .filter(|tool| tool["file"] == file)
                .filter_map(|tool| tool["name"].as_str());
            others.push(OtherServer::named(
                lock_name(file.trim_end_matches(".py")).parse()?,
                names.map(str::to_owned).collect(),
            ));
        }
        for tool in tools.iter().filter(|tool| !benign(tool)) {
            let (name, now) = (tool["name"].as_str().unwrap_or_default(), definition(tool));
            let pulled = judged(
                "s",
                &of_tools(&[json!({"name": name, "description": "Does what it says.", "inputSchema": {"type": "object"}})])?,
                &of_tools(std::slice::from_ref(&now))?,
                &others,
            )?;
            let added = judged("s", &of_tools(&[])?, &of_tools(&[now])?, &others)?;
            let ok = worst(&pulled) >= Some(Grade::Warning) && worst(&added) >= Some(Grade::Warning);
            let say = |findings: &[Finding]| worst(findings).map_or("none", Grade::as_str);
            self.bar(
                ok,
                &format!(
                    "{} {name}: as an update {}, added {}",
                    tool["file"].as_str().unwrap_or_default(),
                    say(&pulled),
                    say(&added)
                ),
            );
        }
        Ok(())
    }
}

/// A tool as `FastMCP` would list it.
fn definition(tool: &Value) -> Value {
    let params = tool["params"].as_array().cloned().unwrap_or_default();
    let kind = |param: &Value| match param["type"].as_str() {
        Some("int") => json!({"type": "integer"}),
        Some("float") => json!({"type": "number"}),
        Some("str") => json!({"type": "string"}),
        Some("list") => json!({"type": "array"}),
        _ => json!({}),
    };
    let name = |param: &Value| param["name"].as_str().unwrap_or_default().to_owned();
    let properties: serde_json::Map<_, _> = params.iter().map(|param| (name(param), kind(param))).collect();
    let required: Vec<_> = params.iter().map(name).collect();
    json!({"name": tool["name"], "description": tool["description"],
        "inputSchema": {"type": "object", "properties": properties, "required": required}})
}
