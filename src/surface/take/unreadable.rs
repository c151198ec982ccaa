//! The finding for a message that readers read differently.

use serde_json::Value;

use super::{Hostile, code};
use crate::surface::strict::NotIJson;

/// Names the definition in which the unreadable place stands, if a lenient reader can tell. The same
/// for the probe and for the guard, so that both findings have one fingerprint.
pub fn unreadable(line: &[u8], error: &NotIJson) -> Hostile {
    let code = if matches!(error, NotIJson::TooLarge { .. }) {
        code::TOO_LARGE
    } else {
        code::NOT_I_JSON
    };
    let at = match error {
        NotIJson::Duplicate { at, .. } | NotIJson::LoneSurrogate { at } | NotIJson::Number { at, .. } => at.as_str(),
        _ => "",
    };
    let item: Vec<_> = at.split('/').take(4).collect();
    let named = serde_json::from_slice::<Value>(line).ok().and_then(|message| {
        let item = message.pointer(&item.join("/"))?;
        ["name", "uri", "uriTemplate"]
            .iter()
            .find_map(|key| item.get(key)?.as_str().map(str::to_owned))
    });
    let what = match named {
        Some(name) => format!(
            "JSON readers disagree on the definition of `{}`: {error}",
            name.chars().take(80).collect::<String>()
        ),
        None => format!("JSON readers disagree on a message: {error}"),
    };
    Hostile::new(code, what)
}
