//! Changes inside a JSON value, base64 included. Blind mutation of the text hardly ever leaves a
//! text that is still JSON with base64 in it; this one always does.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

/// Applies the edits that the bytes spell, four bytes an edit: place, kind, where inside, what.
pub(crate) fn mutate(value: &Value, edits: &[u8]) -> Value {
    let mut value = value.clone();
    for edit in edits.chunks_exact(4).take(8) {
        let mut leaves = Vec::new();
        walk(&value, &mut String::new(), &mut leaves);
        let at = leaves[usize::from(edit[0]) % leaves.len()].clone();
        apply(&mut value, &at, edit[1], edit[2], edit[3]);
    }
    value
}

/// The pointer of every value but the whole.
fn walk(value: &Value, at: &mut String, into: &mut Vec<String>) {
    let length = at.len();
    let mut step = |name: &str, member: &Value| {
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        into.push(at.clone());
        walk(member, at, into);
        at.truncate(length);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| step(name, member)),
        Value::Array(items) => items.iter().enumerate().for_each(|(index, item)| step(&index.to_string(), item)),
        _ => {}
    }
    if into.is_empty() {
        into.push(String::new());
    }
}

fn apply(whole: &mut Value, pointer: &str, kind: u8, place: u8, what: u8) {
    let (parent, name) = pointer.rsplit_once('/').unwrap_or_default();
    match kind % 8 {
        // Gone.
        0 => match whole.pointer_mut(parent) {
            Some(Value::Object(members)) => drop(members.remove(name)),
            Some(Value::Array(items)) if !items.is_empty() => drop(items.remove(usize::from(place) % items.len())),
            _ => {}
        },
        // Twice, or in another order.
        1 => {
            if let Some(Value::Array(items)) = whole.pointer_mut(pointer)
                && let Some(first) = items.first().cloned()
            {
                if what.is_multiple_of(2) {
                    items.push(first)
                } else {
                    items.reverse()
                }
            }
        }
        2 => set(whole, pointer, Value::Null),
        kind => match whole.pointer_mut(pointer) {
            Some(Value::String(text)) => *text = retext(text, kind, place, what),
            Some(Value::Number(number)) => {
                let moved = number.as_i64().unwrap_or_default().wrapping_add(i64::from(what) - 128);
                *number = Number::from(moved);
            }
            Some(Value::Bool(yes)) => *yes = !*yes,
            _ => {}
        },
    }
}

fn set(whole: &mut Value, pointer: &str, new: Value) {
    if let Some(old) = whole.pointer_mut(pointer) {
        *old = new;
    }
}

/// Inside the base64, where it is some; else a number moves, else a character.
fn retext(text: &str, kind: u8, place: u8, what: u8) -> String {
    if let Ok(mut bytes) = STANDARD.decode(text)
        && bytes.len() > 12
    {
        let at = usize::from(place) * bytes.len() / 256;
        match kind {
            3 => bytes[at] ^= 1 << (what % 8),
            4 => bytes[at] = what,
            5 => drop(bytes.remove(at)),
            6 => bytes.insert(at, what),
            _ => bytes.truncate(at),
        }
        return STANDARD.encode(bytes);
    }
    if let Ok(number) = text.parse::<i64>() {
        return number.wrapping_add(i64::from(what) - 128).to_string();
    }
    let mut characters: Vec<char> = text.chars().collect();
    let at = usize::from(place) % characters.len().max(1);
    match kind {
        3 | 4 if !characters.is_empty() => characters[at] = char::from(what),
        5 if !characters.is_empty() => drop(characters.remove(at)),
        6 => characters.insert(at, char::from(what)),
        _ => characters.truncate(at),
    }
    characters.into_iter().collect()
}
