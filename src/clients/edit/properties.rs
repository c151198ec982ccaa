//! Generated files: whatever is written around an entry and inside it, a change leaves every other byte
//! as it was, says what was asked for, and has a way back to the same bytes.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Blanks and comments that may stand between two tokens of JSON.
fn gap() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just(String::new()),
        Just(" ".to_owned()),
        Just("\t".to_owned()),
        Just("\n  ".to_owned()),
        Just("\r\n\t".to_owned()),
        Just("/* a , \" } */".to_owned()),
        Just("// \"memory\": {\"command\": \"x\"},\n".to_owned()),
    ];
    proptest::collection::vec(piece, 0..3).prop_map(|pieces| pieces.concat())
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\"npx\"".to_owned()),
        Just(r#""a\"b\\, } ] // \u00e9""#.to_owned()),
        Just("\"ü – 👍\"".to_owned()),
        Just("-1.50e3".to_owned()),
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("[]".to_owned()),
        Just("[1 , \"x\" ]".to_owned()),
        Just("{\"A\" : \"b\"}".to_owned()),
    ]
}

/// An object of these members, with gaps everywhere and perhaps a comma at its end.
fn object(members: Vec<(String, String)>) -> impl Strategy<Value = String> {
    let count = members.len();
    (proptest::collection::vec((gap(), gap(), gap(), gap()), count), gap(), any::<bool>()).prop_map(move |(gaps, last, trailing)| {
        let mut text = "{".to_owned();
        for (number, ((name, value), (a, b, c, d))) in members.iter().zip(&gaps).enumerate() {
            text += &[a, "\"", name, "\"", b, ":", c, value, d].concat();
            if number + 1 < count || trailing {
                text.push(',');
            }
        }
        format!("{text}{last}}}")
    })
}

/// An entry: a launch of one of both kinds, among members of which nothing is known.
fn entry() -> impl Strategy<Value = (String, bool)> {
    let launch = prop_oneof![
        Just((vec![("command", "\"npx\""), ("args", "[\n \"-y\", // always\n \"x\"]")], false)),
        Just((vec![("command", "\"npx\"")], false)),
        Just((vec![("args", "[]"), ("command", "\"npx\"")], false)),
        Just((
            vec![
                ("type", "\"http\""),
                ("url", "\"https://h.example/\""),
                ("headers", "{\"A\": \"b\"}")
            ],
            true
        )),
        Just((vec![("headers", "{}"), ("url", "\"https://h.example/\"")], true)),
    ];
    let others = proptest::collection::vec(scalar(), 0..4);
    (launch, others)
        .prop_flat_map(|((launch, remote), others)| {
            let launch = launch.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
            let others = others
                .into_iter()
                .enumerate()
                .map(|(number, value)| (format!("other{number}"), value));
            let members: Vec<_> = launch.chain(others).collect();
            (Just(members).prop_shuffle(), Just(remote))
        })
        .prop_flat_map(|(members, remote)| (object(members), Just(remote)))
}

fn document() -> impl Strategy<Value = (String, bool)> {
    (entry(), entry(), gap(), gap(), any::<bool>())
        .prop_flat_map(|((memory, remote), (other, _), before, after, mark)| {
            let servers = object(vec![("other".to_owned(), other), ("memory".to_owned(), memory)]);
            (servers, Just(remote), Just(before), Just(after), Just(mark))
        })
        .prop_flat_map(|(servers, remote, before, after, mark)| {
            let root = object(vec![("version".to_owned(), "1.0".to_owned()), ("mcpServers".to_owned(), servers)]);
            (root, Just(remote), Just(before), Just(after), Just(mark))
        })
        .prop_map(|(root, remote, before, after, mark)| (format!("{}{before}{root}{after}", if mark { "\u{feff}" } else { "" }), remote))
}

fn asked(remote: bool) -> Change {
    Change {
        set: vec![
            ("command".into(), Written::Value(json!("/opt/mcp-pin"))),
            ("args".into(), Written::Value(json!(["run", "memory"]))),
        ],
        remove: if remote {
            ["type", "url", "headers"].map(str::to_owned).into()
        } else {
            Vec::new()
        },
    }
}

fn path(root: &str) -> Vec<Step> {
    vec![Step::Key(root.to_owned()), Step::Key("memory".to_owned())]
}

/// What every change and its way back promise.
fn holds(format: Format, text: &str, at: &[Step], remote: bool) -> Result<(), TestCaseError> {
    let original = members(format, text, at).unwrap();
    let edited = change(format, text, at, &asked(remote)).map_err(|error| TestCaseError::fail(format!("{error}: {text}")))?;
    let (before, after) = (edited.before.len(), edited.after.len());
    // Outside the piece that holds the change not a byte differs.
    let place = edited
        .text
        .match_indices(&edited.after)
        .any(|(at, _)| text.get(..at) == edited.text.get(..at) && text.get(at + before..) == edited.text.get(at + after..));
    prop_assert!(place, "{}", edited.text);
    let back = restore(format, &edited.text, at, &edited.after, &edited.before).unwrap();
    prop_assert_eq!(&back, text);
    // Member by member, as where something between them was changed: the same is said.
    let touched = ["command", "args", "type", "url", "headers"];
    let reverse = Change {
        set: original
            .iter()
            .filter(|(name, _)| touched.contains(&name.as_str()))
            .map(|(name, text)| (name.clone(), Written::Raw(text.raw.clone())))
            .collect(),
        remove: ["command", "args"]
            .iter()
            .filter(|name| !original.iter().any(|(there, _)| there == *name))
            .map(|&name| name.to_owned())
            .collect(),
    };
    let back = change(format, &edited.text, at, &reverse).map_err(|error| TestCaseError::fail(format!("{error}: {}", edited.text)))?;
    prop_assert_eq!(tree(format, &back.text).unwrap(), tree(format, text).unwrap());
    // Asked for twice, nothing more is done.
    let twice = change(format, &edited.text, at, &asked(remote)).unwrap();
    prop_assert_eq!(twice.text, edited.text);
    Ok(())
}

/// A TOML file with one table a server.
fn toml_document() -> impl Strategy<Value = (String, bool)> {
    let launch = prop_oneof![
        Just((vec!["command = \"npx\"", "args = [\n  \"-y\", # always\n  'x',\n]"], false)),
        Just((vec!["args = []", "command='''npx'''"], false)),
        Just((vec!["\"command\"   =   \"npx\"   # by npm"], false)),
        Just((vec!["url = \"https://h.example/\" # there", "headers = { A = \"b\" }"], true)),
        Just((vec!["type = 'http'", "url = \"https://h.example/\"", "headers = {} # none"], true)),
    ];
    let others = proptest::sample::subsequence(vec![0usize, 1, 2, 3, 4, 5], 0..=6);
    let tail = prop_oneof![
        Just("\n\n[mcp_servers.memory.env]\nA = \"b\"\n\n[last]\nx = 1979-05-27T07:32:00Z"),
        Just("\n# of the next\n  [[last]]\nx = 1\n[[last]]\nx = 2"),
        Just("\n\n# the end"),
        Just(""),
    ];
    (launch, others, tail, any::<bool>(), any::<bool>(), any::<bool>()).prop_flat_map(
        |((launch, remote), chosen, tail, windows, mark, ended)| {
            let all = [
                "startup_timeout_sec = 20",
                "# a comment, = [mcp_servers.memory]",
                "enabled_tools = [\"a\", \"b\"]",
                "",
                "\tcwd = \"/srv\" # where",
                "text = \"\"\"\n[mcp_servers.memory]\ncommand = 'evil'\n\"\"\"",
            ];
            let lines: Vec<&str> = launch.into_iter().chain(chosen.into_iter().map(|number| all[number])).collect();
            Just(lines).prop_shuffle().prop_map(move |lines| {
                let table = lines.join("\n");
                let mut text = format!(
                    "# mine\nmodel = \"o\"\n\n[mcp_servers.other]\ncommand = \"y\"\n\n  [mcp_servers.memory] # here\n{table}{tail}"
                );
                if ended {
                    text.push('\n');
                }
                if windows {
                    text = text.replace('\n', "\r\n");
                }
                if mark {
                    text.insert(0, '\u{feff}');
                }
                (text, remote)
            })
        },
    )
}

/// A YAML file with a block a server, in a table or in a list.
fn yaml_document() -> impl Strategy<Value = (String, bool, bool)> {
    let launch = prop_oneof![
        Just((vec!["command: npx # by npm", "args:\n- -y\n- 'x # y'"], false)),
        Just((vec!["args: [a, b]", "command: 'npx'"], false)),
        Just((vec!["\"command\":   npx"], false)),
        Just((vec!["url: https://h.example/ # there", "headers:\n  A: b"], true)),
        Just((vec!["type: http", "headers: {} # none", "url: \"https://h.example/\""], true)),
    ];
    let others = proptest::sample::subsequence(vec![0usize, 1, 2, 3, 4, 5], 0..=6);
    let tail = prop_oneof![
        Just("\n\n  # of the next\nlast: 1"),
        Just("\nlast:\n  memory:\n    command: x"),
        Just("\n\n# the end"),
        Just(""),
    ];
    let marks = (any::<bool>(), any::<bool>(), any::<bool>());
    (launch, others, tail, any::<bool>(), marks).prop_flat_map(|((launch, remote), chosen, tail, list, (windows, mark, ended))| {
        let all = [
            "timeout: 300",
            "# a comment: memory:",
            "env:\n  # inner\n  A: b",
            "",
            "x: \"y # z\"   # why",
            "note: |\n  command: evil\n\n  memory:\n    args: []",
        ];
        let lines: Vec<&str> = launch.into_iter().chain(chosen.into_iter().map(|number| all[number])).collect();
        Just(lines).prop_shuffle().prop_map(move |lines| {
            let table = lines.join("\n").replace('\n', "\n    ");
            let head = if list {
                "  - command: y\n  - name: memory"
            } else {
                "  other:\n    command: y\n  memory: # here"
            };
            let mut text = format!("# mine\nmodel: o\nmcpServers:\n{head}\n    {table}{tail}");
            if ended {
                text.push('\n');
            }
            if windows {
                text = text.replace('\n', "\r\n");
            }
            if mark {
                text.insert(0, '\u{feff}');
            }
            (text, list, remote)
        })
    })
}

/// As many as are asked for from outside, and never few.
fn config() -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig {
        cases: usual.cases.max(400),
        failure_persistence: None,
        ..usual
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn json_with_comments_everywhere((text, remote) in document()) {
        holds(Format::Jsonc, &text, &path("mcpServers"), remote)?;
    }

    #[test]
    fn toml_in_any_order((text, remote) in toml_document()) {
        holds(Format::Toml, &text, &path("mcp_servers"), remote)?;
    }

    #[test]
    fn yaml_in_any_order((text, list, remote) in yaml_document()) {
        let last = if list { Step::Index(1) } else { Step::Key("memory".to_owned()) };
        let at = [Step::Key("mcpServers".to_owned()), last];
        if text.contains(": |") {
            // Where a comment comes to stand right behind such a text, the edit may be refused.
            match change(Format::Yaml, &text, &at, &asked(remote)) {
                Ok(edited) => {
                    let back = restore(Format::Yaml, &edited.text, &at, &edited.after, &edited.before).unwrap();
                    prop_assert_eq!(back, text);
                }
                Err(error) => prop_assert_eq!(error, EditError::NotExact),
            }
        } else {
            holds(Format::Yaml, &text, &at, remote)?;
        }
    }

    #[test]
    fn no_text_makes_it_fall_over(text in "[\\PC\\n]{0,200}") {
        for format in [Format::Jsonc, Format::Toml, Format::Yaml] {
            let _ = change(format, &text, &path("mcpServers"), &asked(true));
        }
    }

    #[test]
    fn no_yaml_is_changed_elsewhere(lines in proptest::collection::vec("( {0,6})(- |)(memory:|mcpServers:|command: npx|args: \\[a\\]|- b|x: \"y # z\"|'q': 'r'|# c|t: \\||)", 0..14)) {
        let text = lines.join("\n");
        if let Ok(edited) = change(Format::Yaml, &text, &path("mcpServers"), &asked(false)) {
            let back = restore(Format::Yaml, &edited.text, &path("mcpServers"), &edited.after, &edited.before).unwrap();
            prop_assert_eq!(back, text);
        }
    }
}
