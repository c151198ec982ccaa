//! Words and facts about signs.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::code::{Ability, Sign};

/// At most this many names stand in a title.
const NAMED: usize = 4;
/// A name in a title is cut here.
const LONGEST: usize = 60;

/// A sign as a fact of a fingerprint: its values, never its wording.
pub(super) fn fact(sign: &Sign) -> Value {
    match sign {
        Sign::Literal { kind, text } => json!(["literal", kind.as_str(), text]),
        Sign::Ability { ability, by, first } => json!(["ability", ability.as_str(), by, first]),
        Sign::Chain { source, sink, encoded } => json!(["chain", source.as_str(), sink.as_str(), encoded]),
        Sign::Obfuscated { .. } => json!(["obfuscated"]),
        Sign::Pushed { columns } => json!(["pushed", columns]),
        Sign::Minified => json!(["minified"]),
        Sign::Grown { before, after } => json!(["grown", before, after]),
        Sign::Invisible => json!(["invisible"]),
        Sign::Opaque { .. } => json!(["opaque"]),
        Sign::Unread { .. } => json!(["unread"]),
        Sign::NeverImported { dependency } => json!(["unimported", dependency]),
        Sign::Undeclared { module } => json!(["undeclared", module]),
        Sign::LeftOut { count } => json!(["more", count]),
    }
}

/// A few names out of a package, bounded; renderers escape them.
pub(super) fn listed(names: &BTreeSet<&str>) -> String {
    let mut shown: Vec<String> = names.iter().take(NAMED).map(|name| cut(name)).collect();
    if names.len() > NAMED {
        shown.push(format!("and {} more", names.len() - NAMED));
    }
    shown.join(", ")
}

fn cut(name: &str) -> String {
    let mut text: String = name.chars().take(LONGEST).collect();
    if text.len() < name.len() {
        text.push_str("...");
    }
    text
}

/// `1 address`, `2 addresses`.
pub(super) fn addresses(count: usize, noun: &str) -> String {
    match noun.strip_suffix("address") {
        _ if count == 1 => format!("1 {noun}"),
        Some(_) => format!("{count} {noun}es"),
        None => format!("{count} {}", noun.replace("address", "addresses")),
    }
}

/// A size as people say it.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..1_000_000 => format!("{} kB", bytes / 1000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

/// What code does that has an ability: a phrase that follows a subject.
pub(super) const fn ability(ability: Ability) -> &'static str {
    match ability {
        Ability::Process => "starts programs",
        Ability::Shell => "hands lines to a shell",
        Ability::Network => "talks over the network",
        Ability::Dns => "asks DNS",
        Ability::FileWrite => "writes files",
        Ability::SecretPath => "names places where secrets lie",
        Ability::WholeEnvironment => "reads the whole environment",
        Ability::Encode => "packs data",
        Ability::Eval => "runs text as code",
        Ability::Native => "calls native code",
        Ability::Clipboard => "uses the clipboard",
        Ability::Screen => "watches screen or keyboard",
        Ability::ChildInterpreter => "fetches another interpreter or packages",
        Ability::ClientConfig => "writes what AI clients are configured by",
        Ability::Publish => "publishes packages or pushes to repositories",
    }
}

/// Several abilities in a row.
pub(super) fn does(classes: &BTreeSet<Ability>) -> String {
    classes.iter().map(|class| ability(*class)).collect::<Vec<_>>().join(", ")
}

/// What is read, and what becomes of it.
pub(super) fn chain(source: Ability, sink: Ability) -> String {
    match (source, sink) {
        (Ability::Network, Ability::Eval) => "fetches text and runs it as code".to_owned(),
        (Ability::ClientConfig, Ability::FileWrite) => "writes files that AI clients are configured by".to_owned(),
        _ => format!("{} and {}", ability(source), ability(sink)),
    }
}

/// Whether a file that nobody can read is code for a machine, which the list of packages tells as well.
pub(super) fn is_native(what: &str) -> bool {
    what.contains("native") || what == "WebAssembly"
}
