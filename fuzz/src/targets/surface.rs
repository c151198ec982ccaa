//! What a server writes, and what becomes of it: messages, definitions, findings.

use std::collections::BTreeMap;

use mcp_pin::diff::{self, Segment, diff_surfaces};
use mcp_pin::mcp::fuzzing::hear;
use mcp_pin::model::{ClientProfile, CwdRule, Drift, Era, ItemKind, LocalCommand, Pin, Pinned, PinnedFile, Sha256Digest, Surface, View};
use mcp_pin::policy::{Asked, JudgeContext, OtherServer, first_install, judge};
use mcp_pin::surface::strict::{self, Limits};
use mcp_pin::surface::take::{self, Places};
use mcp_pin::surface::visible::is_invisible;
use mcp_pin::surface::{canonical, visible};
use serde_json::{Value, json};

/// What the strict reader takes has one exact form, which it takes again.
pub(crate) fn strict_json(data: &[u8]) {
    let Ok(value) = strict::parse(data, &Limits::default()) else {
        return;
    };
    let form = canonical(&value);
    let again = strict::parse(&form, &Limits::default()).expect("the exact form is strict");
    assert_eq!(canonical(&again), form, "two exact forms of one value");
    let lenient: Value = serde_json::from_slice(data).expect("a strict text is JSON");
    assert_eq!(canonical(&lenient), form, "another reader reads another value");
}

/// Everything a server writes to its client.
pub(crate) fn wire(data: &[u8]) {
    let Ok(heard) = hear(data, 4096, 1 << 20) else { return };
    for (message, _) in &heard {
        canonical(message);
    }
}

/// A handshake and lists, as `{"handshake": {}, "tools/list": {"tools": []}}`.
pub(crate) fn taken(data: &[u8]) {
    let Some(surface) = strict::parse(data, &Limits::default()).ok().and_then(surface) else {
        return;
    };
    let server = "fuzzed".parse().expect("a name");
    let others = [OtherServer::named("other".parse().expect("a name"), vec!["other_tool".to_owned()])];
    for finding in first_install(&server, &pin(surface.clone()), &others, &Asked::default()) {
        assert!(
            mcp_pin::policy::explain(finding.code).is_some(),
            "`{}` is explained nowhere",
            finding.code
        );
    }
    let same = diff_surfaces(&surface, &surface).expect("taken alike");
    assert!(same.is_empty(), "it differs from itself: {same:?}");
}

/// Two of them, in an array: what differs is seen, and what is seen is judged.
pub(crate) fn judged(data: &[u8]) {
    let Ok(Value::Array(pair)) = strict::parse(data, &Limits::default()) else {
        return;
    };
    let Ok([before, after]) = <[Value; 2]>::try_from(pair) else {
        return;
    };
    let (Some(before), Some(after)) = (surface(before), surface(after)) else {
        return;
    };
    let changes = diff_surfaces(&before, &after).expect("taken alike");
    let differs = before.views[0].handshake != after.views[0].handshake || before.views[0].items != after.views[0].items;
    let differs = differs && exact(&before) != exact(&after);
    assert_eq!(
        differs,
        !changes.is_empty(),
        "a difference goes unseen, or none is seen: {changes:?}"
    );
    let server = "fuzzed".parse().expect("a name");
    let findings = judge(&server, &Drift { changes }, &JudgeContext::default());
    assert_eq!(differs, !findings.is_empty(), "a difference is judged by nothing");
}

fn exact(surface: &Surface) -> Vec<Vec<u8>> {
    let view = &surface.views[0];
    let mut all = vec![canonical(&view.handshake)];
    for (kind, items) in &view.items {
        all.push(kind.method().as_bytes().to_vec());
        all.extend(items.iter().map(|item| canonical(&item.definition)));
    }
    all
}

fn surface(mut raw: Value) -> Option<Surface> {
    let places = Places::default();
    let handshake = take::handshake(raw.get_mut("handshake")?.take(), &places).ok()?;
    let mut items = BTreeMap::new();
    for kind in ItemKind::ALL {
        let Some(Value::Object(result)) = raw.get_mut(kind.method()) else {
            continue;
        };
        take::list_extras(kind, result, &handshake, &places).ok()?;
        let Some(Value::Array(list)) = result.get_mut(kind.list_key()).map(Value::take) else {
            continue;
        };
        items.insert(kind, take::items(kind, list, &places).ok()?);
    }
    let view = View {
        era: Era::Legacy,
        client: ClientProfile::Any,
        handshake,
        items,
    };
    Some(Surface {
        env: Vec::new(),
        network: false,
        views: vec![view],
        volatile: Vec::new(),
    })
}

fn pin(surface: Surface) -> Pin {
    Pin {
        source: "npm:a@1".parse().expect("a source"),
        pinned: Pinned::Local(LocalCommand {
            command: PinnedFile {
                path: "/bin/server".to_owned(),
                digest: Sha256Digest::of(b"1"),
            },
            args: Vec::new(),
            env: Vec::new(),
            cwd: CwdRule::Empty,
            network: false,
        }),
        surface: Some(surface),
        guard: mcp_pin::model::guard::GuardPin::default(),
    }
}

/// Any text at all: shown, compared with another (after the first NUL), and as a description.
pub(crate) fn text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (before, after) = text.split_once('\0').unwrap_or((&text, ""));
    let shown = visible(&text);
    assert!(!shown.chars().any(is_invisible), "{shown:?} hides something");
    let (mut old, mut new) = (String::new(), String::new());
    for segment in diff::words(before, after) {
        match segment {
            Segment::Same(text) => {
                old.push_str(&text);
                new.push_str(&text);
            }
            Segment::Removed(text) => old.push_str(&text),
            Segment::Added(text) => new.push_str(&text),
        }
    }
    assert_eq!((old.as_str(), new.as_str()), (before, after), "the word diff loses text");
    diff::newly_hidden(before, after);
    let tool = |text: &str| json!({"handshake": {}, "tools/list": {"tools": [{"name": "t", "description": text}]}});
    let both = json!([tool(before), tool(after)]);
    judged(both.to_string().as_bytes());
    taken(tool(after).to_string().as_bytes());
}
