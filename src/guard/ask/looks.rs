//! Words that look like the guard's own.
//!
//! The attack: a form that says `mcp-pin asks: ...`, so that the user's yes to the server is taken by him
//! for a yes to the guard, or that makes him careless about the guard's next question. The name is looked
//! for in all texts of a form, without regard to case, to what stands between its letters, and to letters
//! of other scripts that look the same. Best effort: not every letter that looks like another is known.

use serde_json::Value;

/// The guard's name without what stands between its letters.
const NAME: &str = "mcppin";

/// Whether a text in it could be taken for the guard's name.
pub(super) fn like_the_guard(value: &Value) -> bool {
    match value {
        Value::String(text) => is_like(text),
        Value::Array(list) => list.iter().any(like_the_guard),
        Value::Object(members) => members.iter().any(|(name, value)| is_like(name) || like_the_guard(value)),
        _ => false,
    }
}

fn is_like(text: &str) -> bool {
    let plain: String = text.chars().filter_map(plain).collect();
    // An honest form may speak of an MCP ping.
    let mut found = plain.match_indices(NAME);
    found.any(|(at, _)| !plain[at + NAME.len()..].starts_with('g'))
}

/// The letter that a character looks like; nothing for what is no letter.
fn plain(c: char) -> Option<char> {
    let c = match c {
        '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{1d400}'..='\u{1d6a3}' => u8::try_from((u32::from(c) - 0x1d400) % 52)
            .map(|at| if at < 26 { b'a' + at } else { b'a' + at - 26 })
            .map_or(c, char::from),
        '\u{43c}' | '\u{41c}' | '\u{39c}' | '\u{1d0d}' | '\u{217f}' | '\u{216f}' => 'm',
        '\u{441}' | '\u{421}' | '\u{3f2}' | '\u{3f9}' | '\u{1d04}' | '\u{217d}' | '\u{216d}' => 'c',
        '\u{440}' | '\u{420}' | '\u{3c1}' | '\u{3a1}' | '\u{1d18}' => 'p',
        '\u{456}' | '\u{406}' | '\u{3b9}' | '\u{399}' | '\u{131}' | '\u{26a}' | '\u{2170}' | '\u{2160}' | '1' | '|' | '!' | 'l' | 'L'
        | '\u{ed}' | '\u{ec}' | '\u{ee}' | '\u{ef}' => 'i',
        '\u{274}' | '\u{39d}' | '\u{578}' | '\u{f1}' => 'n',
        c => c,
    };
    c.is_ascii_alphabetic().then(|| c.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_guards_name_is_found_in_many_guises() {
        for text in [
            "mcp-pin asks: let it?",
            "MCP PIN",
            "m.c.p.p.i.n",
            "mcp\u{200b}-pin",
            "\u{43c}\u{441}\u{440}-\u{440}\u{456}n",
            "\u{ff4d}\u{ff43}\u{ff50}-pin",
            "\u{1d426}cp-pin",
            "mcp-p1n",
            "mcp\u{2010}pin: ping",
        ] {
            assert!(is_like(text), "{text}");
            assert!(
                like_the_guard(&json!({"requestedSchema": {"properties": {"a": {"title": text}}}})),
                "{text}"
            );
            assert!(like_the_guard(&json!({text: 1})), "{text}");
        }
        for text in ["Pin this MCP server?", "Run an MCP ping?", "mcp", "Your name", "mcp-ping now"] {
            assert!(!is_like(text), "{text}");
        }
    }
}
