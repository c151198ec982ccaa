//! The bars of grading, held against real changes. Skipped, and says so, where the data is not there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::diff::diff_surfaces;
use crate::model::{Item, Surface, View};
use crate::surface::take;

mod pairs;

#[expect(clippy::disallowed_methods, reason = "a test says where its data is by a variable")]
fn data() -> Option<PathBuf> {
    let folder =
        std::env::var_os("MCP_PIN_TEST_DATA").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no test data at {}", folder.display());
    None
}

fn lines(path: &Path) -> Vec<Value> {
    std::fs::read_to_string(path)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn surface(tool: Option<&Value>) -> Surface {
    let item = |tool: &Value| Item {
        key: tool["name"].as_str().unwrap_or_default().into(),
        digest: digest(tool),
        definition: tool.clone(),
    };
    let view = View {
        era: Era::Legacy,
        client: ClientProfile::Any,
        handshake: json!({}),
        items: BTreeMap::from([(ItemKind::Tool, tool.into_iter().map(item).collect())]),
    };
    Surface {
        env: vec![],
        network: false,
        views: vec![view],
        volatile: vec![],
    }
}

fn judged(before: Option<&Value>, after: &Value) -> Vec<Finding> {
    let changes = diff_surfaces(&surface(before), &surface(Some(after))).unwrap();
    judge(&"s".parse().unwrap(), &Drift { changes }, &JudgeContext::default())
}

fn share(part: usize, whole: usize) -> f64 {
    f64::from(u32::try_from(part * 10_000 / whole.max(1)).unwrap()) / 100.0
}

#[test]
fn real_benign_changes_raise_little_noise() {
    let Some(data) = data() else { return };
    let (mut raw, mut silent, mut texts, mut text_critical, mut text_warning) = (0, 0, 0, 0, 0);
    let mut by_grade: BTreeMap<Grade, usize> = BTreeMap::new();
    let mut codes: BTreeMap<(Grade, &str), usize> = BTreeMap::new();
    for pair in lines(&data.join("github-mcp-server-toolsnaps/change_pairs.jsonl")) {
        let (before, mut after) = (pair["before"].clone(), pair["after"].clone());
        if before == after {
            continue;
        }
        after["name"] = before["name"].clone();
        raw += 1;
        let findings = judged(Some(&before), &after);
        assert!(!findings.is_empty(), "{pair}");
        let worst = findings.iter().map(|finding| finding.grade).max().unwrap();
        *by_grade.entry(worst).or_default() += 1;
        silent += usize::from(findings.iter().all(|finding| finding.code == "definition-reformatted"));
        for finding in &findings {
            *codes.entry((finding.grade, finding.code)).or_default() += 1;
            if finding.code == "tool-description-changed" {
                texts += 1;
                text_critical += usize::from(finding.grade == Grade::Critical);
                text_warning += usize::from(finding.grade == Grade::Warning);
                if finding.grade >= Grade::Warning {
                    eprintln!("raised by text: {}", finding.title);
                }
            }
        }
    }
    eprintln!(
        "{raw} changes: {silent} without meaning ({} %), worst grades {by_grade:?}, codes {codes:#?}",
        share(silent, raw)
    );
    eprintln!("{texts} descriptions: {text_critical} critical, {text_warning} warning");
    assert!(share(silent, raw) >= 40.0);
    assert!(share(text_critical, texts) < 1.0);
    assert!(share(text_warning, texts) < 5.0);
}

#[test]
fn real_upgrades_of_servers_raise_little_noise() {
    let Some(data) = data() else { return };
    let (mut changed, mut critical, mut warning, mut texts) = (0, 0, 0, 0);
    let mut why: BTreeMap<String, usize> = BTreeMap::new();
    for ecosystem in ["npm", "pypi"] {
        for server in std::fs::read_dir(data.join("surfaces").join(ecosystem)).unwrap() {
            let mut versions: Vec<_> = std::fs::read_dir(server.unwrap().path())
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .collect();
            versions.sort();
            let tools = |path: &PathBuf| -> BTreeMap<String, Value> {
                let text = std::fs::read_to_string(path).unwrap();
                let taken: Value = serde_json::from_str(&text).unwrap_or_default();
                let list = taken["tools"].as_array().cloned().unwrap_or_default();
                list.into_iter()
                    .map(|tool| (tool["name"].as_str().unwrap_or_default().to_owned(), tool))
                    .collect()
            };
            for pair in versions.windows(2) {
                let (old, new) = (tools(&pair[0]), tools(&pair[1]));
                let both = new.iter().filter_map(|(name, after)| Some((old.get(name)?, after)));
                for (before, after) in both.filter(|(before, after)| before != after) {
                    let findings = judged(Some(before), after);
                    changed += usize::from(!findings.is_empty());
                    for finding in findings.iter().filter(|finding| finding.code == "tool-description-changed") {
                        texts += 1;
                        critical += usize::from(finding.grade == Grade::Critical);
                        warning += usize::from(finding.grade == Grade::Warning);
                        if finding.grade == Grade::Warning {
                            *why.entry(finding.title.split("changed").last().unwrap_or_default().to_owned())
                                .or_default() += 1;
                        }
                        if finding.grade == Grade::Critical {
                            eprintln!("critical text in {}: {} {}", pair[1].display(), finding.subject, finding.title);
                        }
                    }
                }
            }
        }
    }
    eprintln!("{changed} changed tools, {texts} changed descriptions: {critical} critical, {warning} warning {why:?}");
    assert!(share(critical, texts) < 1.0);
    assert!(share(warning, texts) < 5.0);
}

/// Whole surfaces, as `update` compares them: the bars, and no critical that nobody has looked at.
#[test]
fn updates_of_whole_servers_stay_within_the_bars() {
    /// Each looked at, and right by its rule: see the section "Grading" of benches/README.md.
    const KNOWN: [(&str, &str); 11] = [
        ("@line/line-bot-mcp-server 0.5.0", "annotation-read-only-claimed"),
        ("@zereight/mcp-gitlab 2.1.49", "annotation-read-only-claimed"),
        ("analytics-mcp 0.8.0", "annotation-read-only-claimed"),
        ("arxiv-mcp-server 0.8.0", "annotation-read-only-claimed"),
        ("excel-mcp-server 2.2.0", "parameter-added"),
        ("hostinger-api-mcp 1.63.2", "instructions-changed"),
        ("mcp-grafana 2.0.2", "ui-resource-changed"),
        ("mcp-server-time 2026.8.18", "annotation-read-only-claimed"),
        ("workspace-mcp 2.1.2", "annotation-read-only-claimed"),
        ("workspace-mcp 2.1.2", "parameter-added"),
        ("workspace-mcp 2.1.2", "tool-description-changed"),
    ];
    let Some(data) = data() else { return };
    let asks = |profile, findings: &[Finding]| {
        let mut findings = findings.to_vec();
        let grading = Grading {
            profile,
            ..Grading::default()
        };
        grading.apply(&mut findings);
        findings.iter().any(|finding| finding.grade >= Grade::Warning)
    };
    let (mut all, mut standard, mut relaxed, mut unknown) = (0, 0, 0, Vec::new());
    for server in pairs::servers(&data).unwrap() {
        for pair in server.versions.windows(2) {
            let tools = pair
                .iter()
                .flat_map(|taken| &taken.surface.views)
                .flat_map(|view| view.list(ItemKind::Tool));
            let context = JudgeContext {
                own_tools: tools.map(|item| item.key.clone()).collect(),
                ..JudgeContext::default()
            };
            let changes = diff_surfaces(&pair[0].surface, &pair[1].surface).unwrap();
            let findings = judge(&"s".parse().unwrap(), &Drift { changes }, &context);
            all += 1;
            standard += usize::from(asks(Profile::Standard, &findings));
            relaxed += usize::from(asks(Profile::Relaxed, &findings));
            let place = format!("{} {}", server.name, pair[1].version);
            let hard = findings.into_iter().filter(|finding| finding.grade == Grade::Critical);
            let new = hard.filter(|finding| !KNOWN.contains(&(place.as_str(), finding.code)));
            unknown.extend(new.map(|finding| format!("{place}: {}: {}", finding.code, finding.title)));
        }
    }
    eprintln!("{all} pairs: {standard} ask for more than the batch in `standard`, {relaxed} in `relaxed`");
    assert!(all > 0 && unknown.is_empty(), "critical on honest updates: {unknown:#?}");
    assert!(share(standard, all) <= 35.0 && share(relaxed, all) <= 20.0);
}

#[test]
fn drift_attacks_are_at_least_warnings() {
    let Some(data) = data() else { return };
    let mut grades = BTreeMap::new();
    for entry in std::fs::read_dir(data.join("mcpm-guard-fixtures/mcptox/drift")).unwrap() {
        let path = entry.unwrap().path();
        let fixture: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let findings = judged(Some(&fixture["install_time_definition"]), &fixture["post_install_definition"]);
        grades.insert(
            path.file_stem().unwrap().to_string_lossy().into_owned(),
            findings.iter().map(|f| f.grade).max().unwrap(),
        );
    }
    eprintln!("{grades:?}");
    assert_eq!(grades["mcpoison-cve-2025-54136-equivalent"], Grade::Critical);
    assert!(grades["schema-mutation-input"] >= Grade::Warning);
    assert_eq!(grades["legitimate-upgrade"], Grade::Notice);
}

#[test]
fn poisoned_definitions_are_recognised_and_benign_ones_left_alone() {
    let Some(data) = data() else { return };
    let tools = |folder: &str| -> Vec<(String, Value)> {
        let mut out = Vec::new();
        for entry in std::fs::read_dir(data.join("mcpm-guard-fixtures/mcptox").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let fixture: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let list = fixture["message"]["result"]["tools"].as_array().cloned().unwrap_or_default();
            out.push((path.file_stem().unwrap().to_string_lossy().into_owned(), Value::from(list)));
        }
        out.retain(|(_, list)| list.as_array().is_some_and(|list| !list.is_empty()));
        out
    };
    let worst = |list: &Value| {
        list.as_array()
            .unwrap()
            .iter()
            .flat_map(|tool| judged(None, tool))
            .map(|finding| finding.grade)
            .max()
    };
    let attacks = tools("attacks");
    let missed: Vec<_> = attacks
        .iter()
        .filter(|(_, list)| worst(list) < Some(Grade::Critical))
        .map(|(name, _)| name)
        .collect();
    eprintln!("{} poisoned lists, not critical: {missed:?}", attacks.len());
    let benign = tools("benign");
    let wrong: Vec<_> = benign
        .iter()
        .filter(|(_, list)| worst(list) > Some(Grade::Warning))
        .map(|(name, _)| name)
        .collect();
    eprintln!("{} benign lists, critical: {wrong:?}", benign.len());
    assert!(missed.len() * 2 < attacks.len() && wrong.is_empty(), "{missed:?} {wrong:?}");

    let mut critical = Vec::new();
    let catalogue = lines(&data.join("LiveMCPBench/tools_flat.jsonl"));
    for entry in &catalogue {
        let hard: Vec<_> = judged(None, &entry["tool"])
            .into_iter()
            .filter(|finding| finding.grade == Grade::Critical)
            .collect();
        critical.extend(
            hard.iter()
                .map(|finding| (entry["server"].clone(), finding.title.clone(), finding.details.last().cloned())),
        );
    }
    eprintln!("{} honest tools, {} critical: {critical:#?}", catalogue.len(), critical.len());
    assert!(share(critical.len(), catalogue.len()) < 2.0);

    let mut grades: BTreeMap<Grade, usize> = BTreeMap::new();
    for tool in lines(&data.join("MCPSecBench/tools.jsonl")) {
        // As a rug pull: the same tool with an empty description becomes this one.
        let before = json!({"name": tool["name"], "description": "does it"});
        let worst = judged(Some(&before), &json!({"name": tool["name"], "description": tool["description"]}));
        *grades.entry(worst.iter().map(|finding| finding.grade).max().unwrap()).or_default() += 1;
    }
    eprintln!("squatting tools as rug pulls: {grades:?}");
}

#[test]
fn honest_servers_are_hardly_warned_of_on_day_one() {
    let Some(data) = data() else { return };
    let (mut servers, mut warned, mut noticed) = (0, Vec::new(), 0);
    for ecosystem in ["npm", "pypi"] {
        for server in std::fs::read_dir(data.join("surfaces").join(ecosystem)).unwrap() {
            let folder = server.unwrap().path();
            let versions = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
            let Some(newest) = versions.max() else { continue };
            let taken: Value = serde_json::from_str(&std::fs::read_to_string(newest).unwrap()).unwrap_or_default();
            let mut all = surface(None);
            let tools = taken["tools"].as_array().cloned().unwrap_or_default();
            let items = tools
                .iter()
                .flat_map(|tool| surface(Some(tool)).views[0].items[&ItemKind::Tool].clone());
            all.views[0].items.insert(ItemKind::Tool, items.collect());
            let (name, context) = ("s".parse().unwrap(), JudgeContext::default());
            let mut findings = Vec::new();
            Judge::new(&name, &Drift::default(), &context).first_definitions(&all, &mut findings);
            servers += 1;
            let worst = findings.iter().map(|finding| finding.grade).max();
            noticed += usize::from(worst == Some(Grade::Notice));
            if worst >= Some(Grade::Warning) {
                let why: Vec<_> = findings
                    .into_iter()
                    .filter(|f| f.grade >= Grade::Warning)
                    .map(|f| f.title)
                    .collect();
                warned.push((folder, why));
            }
        }
    }
    eprintln!("{servers} honest servers, {noticed} noticed, warned of: {warned:#?}");
    assert!(servers > 0 && share(warned.len(), servers) < 3.0);

    // The same rules see what the known attacks ask for.
    let tool = |schema: Value| json!({"name": "t", "inputSchema": schema});
    let codes = |tool: &Value| -> Vec<(&str, Grade)> {
        let (name, context) = ("s".parse().unwrap(), JudgeContext::default());
        let mut findings = Vec::new();
        Judge::new(&name, &Drift::default(), &context).first_definitions(&surface(Some(tool)), &mut findings);
        findings.into_iter().map(|finding| (finding.code, finding.grade)).collect()
    };
    let asks = tool(json!({"properties": {"o": {"properties": {"system_prompt": {}}, "required": ["system_prompt"]}}}));
    assert_eq!(codes(&asks), [("listening-parameter-present", Grade::Warning)]);
    let asks = tool(json!({"properties": {"history": {}, "context": {}}, "required": ["history"]}));
    let both = [
        ("listening-parameter-present", Grade::Warning),
        ("secret-parameter-present", Grade::Notice),
    ];
    assert_eq!(codes(&asks), both);
    let asks = tool(json!({"properties": {"system_prompt": {}}}));
    assert_eq!(codes(&asks), [("listening-parameter-present", Grade::Notice)]);
    let asks = tool(json!({"properties": {"o": {"properties": {"conversation": {}}, "required": ["conversation"]}}}));
    assert_eq!(codes(&asks), [("listening-parameter-present", Grade::Warning)]);
    let refers = tool(json!({"properties": {"a": {"$ref": "https://schemas.example/a.json"}}}));
    assert_eq!(codes(&refers), [("network-reference", Grade::Critical)]);
    let sends = tool(json!({"properties": {"a": {"x-mcp-header": "Region"}, "api_key": {}}}));
    let expected = [
        ("header-parameter-present", Grade::Notice),
        ("secret-parameter-present", Grade::Notice),
    ];
    assert_eq!(codes(&sends), expected);
}
