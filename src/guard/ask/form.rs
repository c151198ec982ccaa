//! Forms: flat, and none that asks for a secret.
//!
//! The specification forbids servers to ask for passwords, keys, tokens and payment data in a form,
//! because the client, and perhaps the model, sees what is typed. What asks for one all the same is
//! refused by the words of its names, titles and descriptions. Best effort: other languages, and words
//! that merely mean the same, are not seen.

use serde_json::{Map, Value};

use crate::surface::visible::is_invisible;

/// Words that ask for a secret wherever they stand.
const SECRET: [&str; 29] = [
    "apikey",
    "apikeys",
    "authtoken",
    "accesstoken",
    "bearer",
    "cardnumber",
    "ccnumber",
    "creditcard",
    "credential",
    "credentials",
    "csc",
    "cvc",
    "cvn",
    "cvv",
    "iban",
    "mnemonic",
    "otp",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "privatekey",
    "pwd",
    "secret",
    "secretkey",
    "secrets",
    "ssn",
    "totp",
];

/// Pairs of words that do, one directly after the other.
const PAIRS: [(&str, &str); 25] = [
    ("access", "key"),
    ("access", "token"),
    ("account", "number"),
    ("api", "key"),
    ("api", "keys"),
    ("api", "token"),
    ("auth", "token"),
    ("backup", "code"),
    ("card", "number"),
    ("client", "secret"),
    ("credit", "card"),
    ("debit", "card"),
    ("encryption", "key"),
    ("pass", "phrase"),
    ("pass", "word"),
    ("pin", "code"),
    ("pin", "number"),
    ("private", "key"),
    ("recovery", "code"),
    ("recovery", "phrase"),
    ("security", "code"),
    ("seed", "phrase"),
    ("session", "token"),
    ("signing", "key"),
    ("social", "security"),
];

/// Words that do only as the whole of a name or as its end, since prose uses them for much else.
const AT_THE_END: [&str; 3] = ["token", "pin", "passkey"];

/// Keywords by which a form could have fields that this does not look at.
const HIDING: [&str; 13] = [
    "$ref",
    "$dynamicRef",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "patternProperties",
    "dependentSchemas",
    "dependencies",
    "unevaluatedProperties",
];

/// Whether a form may be shown; the error names the rule.
pub(super) fn check(params: &Value) -> Result<(), String> {
    if params.get("url").is_some() {
        return Err("it is a form and a page at once".to_owned());
    }
    let message = params.get("message").and_then(Value::as_str).unwrap_or_default();
    let schema = params.get("requestedSchema").and_then(Value::as_object);
    let Some((schema, fields)) = schema.and_then(|schema| Some((schema, schema.get("properties")?.as_object()?))) else {
        return Err("it is no form: it has no fields".to_owned());
    };
    if HIDING.iter().any(|key| schema.contains_key(*key)) || schema.get("additionalProperties").is_some_and(Value::is_object) {
        return Err("its form has fields that cannot be looked at".to_owned());
    }
    let mut typed = false;
    for (name, field) in fields {
        let Some(field) = field.as_object() else {
            return Err(NOT_FLAT.to_owned());
        };
        let texts = [Some(name.as_str()), text(field, "title"), text(field, "description")];
        if texts.into_iter().flatten().any(hides) {
            return Err("its form has characters in it that nobody sees".to_owned());
        }
        if !is_typed(field)? {
            continue;
        }
        typed = true;
        let asks = asks_name(name)
            || text(field, "title").is_some_and(asks_name)
            || text(field, "description").is_some_and(asks_prose)
            || text(field, "format").is_some_and(|format| format == "password")
            || field.get("writeOnly") == Some(&Value::Bool(true));
        if asks {
            return Err(SECRET_FIELD.to_owned());
        }
    }
    if hides(message) {
        return Err("its form has characters in it that nobody sees".to_owned());
    }
    let heads = [Some(message), text(schema, "title"), text(schema, "description")];
    if typed && heads.into_iter().flatten().any(asks_prose) {
        return Err(SECRET_FIELD.to_owned());
    }
    Ok(())
}

const NOT_FLAT: &str = "its form is not flat, as forms have to be";
const SECRET_FIELD: &str = "its form asks for a password, a key or another secret, which no server may";

/// Newlines and tabs are honest in a message.
fn hides(text: &str) -> bool {
    text.chars()
        .any(|c| is_invisible(c) && !matches!(c, '\n' | '\r' | '\t' | '\u{fe0f}' | '\u{200d}'))
}

fn text<'v>(of: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    of.get(key).and_then(Value::as_str)
}

/// Whether something is typed into the field, as opposed to chosen. A form's fields are texts, numbers,
/// flags and choices, and nothing else.
fn is_typed(field: &Map<String, Value>) -> Result<bool, String> {
    let chosen = |of: &Map<String, Value>| {
        let consts = |key: &str| {
            let list = of.get(key).and_then(Value::as_array);
            list.is_some_and(|list| !list.is_empty() && list.iter().all(|one| one.get("const").is_some()))
        };
        of.get("enum").is_some_and(Value::is_array) || of.contains_key("const") || consts("oneOf") || consts("anyOf")
    };
    match text(field, "type") {
        Some("boolean") => Ok(false),
        Some("string" | "number" | "integer") => Ok(!chosen(field)),
        Some("array") if field.get("items").and_then(Value::as_object).is_some_and(chosen) => Ok(false),
        None if chosen(field) => Ok(false),
        _ => Err(NOT_FLAT.to_owned()),
    }
}

/// Whether a name or a title asks for a secret.
fn asks_name(text: &str) -> bool {
    let words = words(text);
    asks(&words) || words.last().is_some_and(|last| AT_THE_END.contains(&last.as_str()))
}

/// Whether prose does.
fn asks_prose(text: &str) -> bool {
    let words = words(text);
    asks(&words)
        || words
            .windows(2)
            .any(|pair| pair[1] == "token" && matches!(pair[0].as_str(), "your" | "a" | "the" | "enter" | "paste"))
}

fn asks(words: &[String]) -> bool {
    words.iter().any(|word| SECRET.contains(&word.as_str()))
        || words.windows(2).any(|pair| PAIRS.contains(&(pair[0].as_str(), pair[1].as_str())))
}

/// The words of `apiKey`, `api_key`, `API-Key` and `API key`, in lower case.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in text.chars() {
        let inner = before.is_lowercase() && c.is_uppercase();
        if !c.is_alphanumeric() || inner {
            words.push(String::new());
        }
        if c.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn form(name: &str, field: Value) -> Result<(), String> {
        let mut fields = Map::new();
        fields.insert(name.to_owned(), field);
        check(&json!({"message": "Please", "requestedSchema": {"type": "object", "properties": fields}}))
    }

    #[test]
    fn a_field_for_a_secret_is_refused() {
        for name in [
            "password",
            "Password",
            "dbPassword",
            "db_password",
            "apiKey",
            "api_key",
            "API-KEY",
            "openaiApiKey",
            "OPENAI_API_KEY",
            "token",
            "github_token",
            "accessToken",
            "secret",
            "client_secret",
            "cvv",
            "cardNumber",
            "card-number",
            "creditCard",
            "ssn",
            "pin",
            "passphrase",
            "privateKey",
            "seed phrase",
            "otp",
            "credentials",
        ] {
            assert_eq!(form(name, json!({"type": "string"})), Err(SECRET_FIELD.into()), "{name}");
            assert_eq!(
                form("value", json!({"type": "string", "title": name})),
                Err(SECRET_FIELD.into()),
                "{name}"
            );
        }
        for description in ["Your password", "Paste your token", "the API key of the service", "Credit card"] {
            let field = json!({"type": "string", "description": description});
            assert_eq!(form("value", field), Err(SECRET_FIELD.into()), "{description}");
        }
        assert_eq!(
            form("value", json!({"type": "string", "format": "password"})),
            Err(SECRET_FIELD.into())
        );
        assert_eq!(form("pin", json!({"type": "integer"})), Err(SECRET_FIELD.into()));
        let message = json!({"message": "Enter your password", "requestedSchema": {"properties": {"value": {"type": "string"}}}});
        assert_eq!(check(&message), Err(SECRET_FIELD.into()));
    }

    #[test]
    fn honest_forms_pass() {
        for (name, field) in [
            ("name", json!({"type": "string", "title": "Your name"})),
            ("email", json!({"type": "string", "format": "email"})),
            ("maxTokens", json!({"type": "integer", "description": "How many tokens at most"})),
            ("tokenizer", json!({"type": "string"})),
            ("keyboard", json!({"type": "string"})),
            ("pinned", json!({"type": "boolean"})),
            ("resetPassword", json!({"type": "boolean"})),
            ("colour", json!({"type": "string", "enum": ["red"], "enumNames": ["Red"]})),
            ("secretLevel", json!({"type": "string", "oneOf": [{"const": "a", "title": "A"}]})),
            ("many", json!({"type": "array", "items": {"anyOf": [{"const": "a", "title": "A"}]}})),
        ] {
            assert_eq!(form(name, field), Ok(()), "{name}");
        }
    }

    #[test]
    fn what_is_no_flat_form_is_refused() {
        for field in [
            json!({"type": "object", "properties": {"password": {"type": "string"}}}),
            json!({"type": "array", "items": {"type": "string"}}),
            json!({"$ref": "#/$defs/a"}),
            json!({"type": ["string", "null"]}),
            json!({}),
            json!(true),
        ] {
            assert_eq!(form("value", field.clone()), Err(NOT_FLAT.into()), "{field}");
        }
        for schema in [json!({"type": "object"}), json!({"properties": []}), json!(null)] {
            assert!(check(&json!({"message": "x", "requestedSchema": schema})).is_err());
        }
        let hidden =
            json!({"message": "x", "requestedSchema": {"properties": {}, "allOf": [{"properties": {"password": {"type": "string"}}}]}});
        assert!(check(&hidden).unwrap_err().contains("cannot be looked at"));
        assert!(
            form("pass\u{200b}word", json!({"type": "string"}))
                .unwrap_err()
                .contains("nobody sees")
        );
    }
}
