//! The handshake: what `initialize` and `server/discover` answer, held against the pin.
//!
//! The attack: instructions, which clients put before the model as they are, and capabilities that
//! make a client ask for more. Changed instructions end the connection whatever their grade; any
//! other member that is not as pinned is set back. What only became less passes.

use serde_json::{Map, Value};

use super::Setup;
use super::lists::{Judged, Sent};
use super::pinned::{Pins, Views};
use super::turned::{bare_handshake, handshake_changes, hostile, judge, set};
use crate::diff::leaves;
use crate::model::Era;
use crate::model::drift::LeafChange;
use crate::surface::strict::{self, Limits};
use crate::surface::take::{self, Hostile, Places, code, unreadable};
use crate::surface::volatile::HANDSHAKE;

/// The protocol versions there are.
pub(super) const VERSIONS: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"];

pub(super) const MODERN_INFO: &str = "io.modelcontextprotocol/serverInfo";

/// What becomes of a handshake.
#[derive(Debug)]
pub(super) enum Shaken {
    /// It passes, or another one is sent instead.
    Goes(Judged),
    /// It ends the connection.
    Ends(Judged),
}

/// Judges the answer to `initialize` (asked with a version) or `server/discover`.
pub(super) fn judge_handshake(setup: &Setup, pins: &Pins, views: &Views, asked: Option<&str>, sent: Sent<'_>) -> Shaken {
    match read(pins, views, asked, sent) {
        Err(found) => Shaken::Ends(Judged {
            findings: hostile(setup, found),
            ..Judged::default()
        }),
        Ok(None) => Shaken::Goes(Judged::default()),
        Ok(Some(other)) => {
            let judged = Judged {
                findings: judge(setup, other.changes),
                instead: other.instead.map(|value| value.to_string()),
                ..Judged::default()
            };
            if other.ends { Shaken::Ends(judged) } else { Shaken::Goes(judged) }
        }
    }
}

/// A handshake that is not as pinned.
struct Other {
    changes: Vec<crate::model::Change>,
    /// What to send instead; `None` where what was sent may pass.
    instead: Option<Value>,
    /// The instructions differ.
    ends: bool,
}

fn read(pins: &Pins, views: &Views, asked: Option<&str>, sent: Sent<'_>) -> Result<Option<Other>, Hostile> {
    let line = sent.line.as_bytes();
    let mut message = strict::parse(line, &Limits::default()).map_err(|error| unreadable(line, &error))?;
    let raw = message.get_mut("result").map(Value::take).unwrap_or_default();
    let found = take::handshake(raw.clone(), pins.places())?;
    if views.stranger {
        return Ok(stranger(pins, views, &raw, found));
    }
    let mut first = None;
    for &at in &views.at {
        let Some(view) = pins.view(at) else { continue };
        let pinned = bare_handshake(&view.handshake);
        let found = settled(&pinned, found.clone(), asked);
        let untouched = || {
            let bare = take::handshake(raw.clone(), &Places::default()).ok()?;
            Some(settled(&pins.restored(&pinned), bare, asked))
        };
        if pins.same(view, HANDSHAKE, &pinned, &found, untouched) {
            return Ok(None);
        }
        first.get_or_insert((at, pinned, found));
    }
    let Some((at, pinned, found)) = first else {
        return Err(Hostile::new(
            code::MALFORMED,
            "nothing is pinned that a handshake could be compared with",
        ));
    };
    let changed = leaves(&pinned, &found);
    Ok(Some(Other {
        ends: changed.iter().any(|leaf| member(leaf) == "instructions"),
        instead: set_back(pins, &pinned, raw, &changed),
        changes: handshake_changes(pins, views, at, &found),
    }))
}

/// What may differ with the version that the client asked for: the version itself, and capabilities
/// that an older one does not have.
fn settled(pinned: &Value, mut found: Value, asked: Option<&str>) -> Value {
    let version = found.get("protocolVersion").and_then(Value::as_str).map(str::to_owned);
    let (Some(version), Some(before)) = (version, pinned.get("protocolVersion")) else {
        return found;
    };
    let other = before != &Value::from(version.as_str());
    if other && asked == Some(version.as_str()) && VERSIONS.contains(&version.as_str()) {
        set(&mut found, "protocolVersion", Some(before.clone()));
        if let (Some(before), Some(now)) = (pinned.get("capabilities"), found.get_mut("capabilities")) {
            fill(before, now);
        }
    }
    found
}

/// Fills what an object lacks.
fn fill(before: &Value, now: &mut Value) {
    if let (Value::Object(before), Value::Object(now)) = (before, now) {
        for (name, value) in before {
            match now.get_mut(name) {
                Some(inner) => fill(value, inner),
                None => {
                    now.insert(name.clone(), value.clone());
                }
            }
        }
    }
}

/// The handshake's own member in which a leaf stands.
fn member(leaf: &LeafChange) -> String {
    let name = leaf.pointer.split('/').nth(1).unwrap_or_default();
    name.replace("~1", "/").replace("~0", "~")
}

/// The answer with every member set back in which something is new or other. Members that only
/// lost something stay, and so does a version that exists.
fn set_back(pins: &Pins, pinned: &Value, mut raw: Value, changed: &[LeafChange]) -> Option<Value> {
    let mut touched = false;
    for leaf in changed.iter().filter(|leaf| leaf.after.is_some()) {
        let name = member(leaf);
        let known = |value: &Value| value.as_str().is_some_and(|version| VERSIONS.contains(&version));
        if name == "protocolVersion" && raw.get(&name).is_some_and(known) {
            continue;
        }
        let value = pinned.get(&name).map(|value| pins.restored(value));
        set(&mut raw, &name, value);
        touched = true;
    }
    touched.then_some(raw)
}

/// Nothing was pinned in this era. What both eras have in common must be as pinned; beside it only
/// what the protocol needs passes.
fn stranger(pins: &Pins, views: &Views, raw: &Value, found: Value) -> Option<Other> {
    let at = *views.at.first()?;
    let view = pins.view(at)?;
    let old_info = view.handshake.get("serverInfo");
    let info = old_info.or_else(|| view.handshake.get("_meta")?.get(MODERN_INFO)).cloned();
    let mut kept = Map::new();
    let mut keep = |name: &str, value: Option<Value>| kept.extend(value.map(|value| (name.to_owned(), value)));
    let is_version = |value: &&Value| value.as_str().is_some_and(|version| VERSIONS.contains(&version));
    let versions = raw.get("supportedVersions").and_then(Value::as_array);
    keep(
        "supportedVersions",
        versions.map(|versions| versions.iter().filter(is_version).cloned().collect()),
    );
    keep("protocolVersion", raw.get("protocolVersion").filter(is_version).cloned());
    keep("ttlMs", raw.get("ttlMs").filter(|ttl| ttl.is_u64()).cloned());
    keep("resultType", raw.get("resultType").filter(|kind| *kind == "complete").cloned());
    keep(
        "cacheScope",
        raw.get("cacheScope")
            .filter(|scope| *scope == "private" || *scope == "public")
            .cloned(),
    );
    let mut ends = false;
    let shared = ["capabilities", "instructions"];
    let mut compared = found;
    if let (Some(before), Some(now)) = (view.handshake.get("capabilities"), compared.get_mut("capabilities")) {
        fill(before, now);
    }
    for name in shared {
        let filled = || {
            let mut sent = raw.get(name).cloned().unwrap_or_default();
            fill(
                &view.handshake.get(name).map(|value| pins.restored(value)).unwrap_or_default(),
                &mut sent,
            );
            Some(sent)
        };
        let same = pins.same(
            view,
            HANDSHAKE,
            view.handshake.get(name).unwrap_or(&Value::Null),
            compared.get(name).unwrap_or(&Value::Null),
            filled,
        );
        if same {
            keep(name, raw.get(name).cloned());
            set(&mut compared, name, view.handshake.get(name).cloned());
        } else {
            ends |= name == "instructions";
            keep(name, view.handshake.get(name).map(|value| pins.restored(value)));
        }
    }
    let info = info.map(|info| pins.restored(&info));
    if views.era == Era::Modern {
        keep(
            "_meta",
            info.map(|info| Value::Object(Map::from_iter([(MODERN_INFO.to_owned(), info)]))),
        );
    } else {
        keep("serverInfo", info);
    }
    let kept = Value::Object(kept);
    Some(Other {
        changes: handshake_changes(pins, views, at, &compared),
        instead: (kept != *raw).then_some(kept),
        ends,
    })
}
