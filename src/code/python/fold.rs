//! Constant texts: written at once, in pieces, as numbers, or behind a name.
//!
//! The attack: `"ev" + "al"`, `"moc.live"[::-1]`, `bytes([101, 118, …])`: a search for the text finds
//! nothing. Work stays linear: long texts are searched where they are written, and only short ones are
//! followed.

use ruff_python_ast::{Expr, FStringPart, InterpolatedStringElement, InterpolatedStringElements, Number, Operator, TStringValue};
use ruff_text_size::{Ranged as _, TextRange};

use super::rules;
use super::scope::{UNKNOWN, Value};
use super::walk::{Walk, bytes};
use crate::code::{Seen, Sight, literal, paths};
use crate::model::code::{Ability, LiteralKind};

/// Texts that were put together are followed up to here.
const FOLLOWED: usize = 4096;
/// So many numbers in a row that are all letters are a text in disguise.
const CODES: usize = 40;

/// A piece of a text.
enum Part {
    Text { text: String, range: TextRange, named: bool },
    Other,
}

fn seen_in(text: &str) -> impl Iterator<Item = Seen> {
    let literals = literal::in_text(text).into_iter().map(|(kind, text)| Seen::Literal { kind, text });
    literals.chain(paths_in(text))
}

fn paths_in(text: &str) -> impl Iterator<Item = Seen> + use<> {
    paths::in_text(text).into_iter().map(|(ability, by)| Seen::Ability { ability, by })
}

impl<'a> Walk<'a> {
    fn text_seen(&mut self, text: &str, range: TextRange) {
        for seen in seen_in(text) {
            self.see(seen, range);
        }
    }

    /// A text that stands nowhere as such: seen only where the file does not say it plainly.
    pub(super) fn text_through_names(&mut self, text: &str, range: TextRange) {
        if text.len() <= FOLLOWED {
            self.later_seen(seen_in(text), range);
        }
    }

    fn path_through_names(&mut self, text: &str, range: TextRange) {
        if text.len() <= FOLLOWED {
            self.later_seen(paths_in(text), range);
        }
    }

    fn later_seen(&mut self, all: impl Iterator<Item = Seen>, range: TextRange) {
        let function = self.function;
        self.through_names.extend(all.map(|seen| Sight {
            seen,
            range: bytes(range),
            function,
        }));
    }

    /// A string, bytes, an f-string.
    pub(super) fn constant(&mut self, expression: &'a Expr) -> Value {
        let mut parts = Vec::new();
        self.pieces(expression, &mut parts);
        self.whole(parts, expression.range())
    }

    /// `a + b + c`: texts and lists.
    pub(super) fn sum(&mut self, expression: &'a Expr) -> Value {
        let mut parts = Vec::new();
        let list = self.pieces(expression, &mut parts);
        let mut value = self.whole(parts, expression.range());
        value.list = list.or(value.list);
        value
    }

    /// Takes an expression to pieces; the words of lists among them are given back.
    fn pieces(&mut self, expression: &'a Expr, parts: &mut Vec<Part>) -> Option<Vec<String>> {
        let mut list: Option<Vec<String>> = None;
        let mut rights = Vec::new();
        let mut left = expression;
        while let Expr::BinOp(operation) = left
            && operation.op == Operator::Add
        {
            rights.push(&*operation.right);
            left = &operation.left;
        }
        let alone = rights.is_empty();
        for piece in std::iter::once(left).chain(rights.into_iter().rev()) {
            let range = piece.range();
            match piece {
                Expr::StringLiteral(string) => parts.push(Part::Text {
                    text: string.value.to_str().to_owned(),
                    range,
                    named: false,
                }),
                Expr::BytesLiteral(string) => {
                    let raw: Vec<u8> = string.value.bytes().collect();
                    match String::from_utf8(raw) {
                        Ok(text) if text.is_ascii() => parts.push(Part::Text { text, range, named: false }),
                        _ => parts.push(Part::Other),
                    }
                }
                Expr::FString(string) => {
                    for part in &string.value {
                        match part {
                            FStringPart::Literal(literal) => parts.push(Part::Text {
                                text: literal.value.to_string(),
                                range,
                                named: false,
                            }),
                            FStringPart::FString(inner) => self.elements(&inner.elements, parts),
                        }
                    }
                }
                Expr::TString(string) => self.template(&string.value, parts),
                Expr::BinOp(operation) if operation.op == Operator::Add && !alone => {
                    list = list.or(self.pieces(piece, parts));
                }
                other => {
                    let value = self.used(other);
                    if let Some(words) = value.list {
                        list.get_or_insert_default().extend(words);
                    }
                    parts.push(match value.text {
                        Some(text) if text.len() <= FOLLOWED => Part::Text { text, range, named: true },
                        _ => Part::Other,
                    });
                }
            }
        }
        list.map(|mut words| {
            words.truncate(64);
            words
        })
    }

    fn template(&mut self, value: &'a TStringValue, parts: &mut Vec<Part>) {
        for part in value {
            self.elements(&part.elements, parts);
        }
    }

    fn elements(&mut self, elements: &'a InterpolatedStringElements, parts: &mut Vec<Part>) {
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(literal) => {
                    parts.push(Part::Text {
                        text: literal.value.to_string(),
                        range: literal.range,
                        named: false,
                    });
                }
                InterpolatedStringElement::Interpolation(inner) => {
                    let value = self.used(&inner.expression);
                    parts.push(match value.text {
                        Some(text) if text.len() <= FOLLOWED && inner.format_spec.is_none() => Part::Text {
                            text,
                            range: inner.range,
                            named: true,
                        },
                        _ => Part::Other,
                    });
                    if let Some(spec) = inner.format_spec.as_deref() {
                        let mut inside = Vec::new();
                        self.elements(&spec.elements, &mut inside);
                        self.whole(inside, spec.range);
                    }
                }
            }
        }
    }

    /// Puts pieces together as far as they are constant, and looks at what comes out.
    fn whole(&mut self, parts: Vec<Part>, range: TextRange) -> Value {
        let (mut all, mut complete, mut any_named) = (String::new(), true, false);
        let mut partial = String::new();
        // What stands there plainly, and what it is with names put in.
        let (mut plain, mut place) = (String::new(), range);
        let (mut run, mut run_named) = (String::new(), false);
        for part in parts.into_iter().map(Some).chain([None]) {
            match part {
                Some(Part::Text { text, range, named }) => {
                    if named {
                        self.flush(&mut plain, place);
                    } else {
                        place = if plain.is_empty() { range } else { place.cover(range) };
                        plain.push_str(&text);
                    }
                    run_named |= named;
                    any_named |= named;
                    // Many names for one long text must not multiply it.
                    if run.len() <= FOLLOWED || !named {
                        run.push_str(&text);
                    }
                }
                other => {
                    self.flush(&mut plain, place);
                    if run_named {
                        self.text_through_names(&run, range);
                    }
                    if partial.len() < FOLLOWED {
                        partial.push_str(&run);
                        partial.push_str(if other.is_some() { UNKNOWN } else { "" });
                    }
                    if other.is_some() {
                        complete = false;
                    } else if complete {
                        all = std::mem::take(&mut run);
                    }
                    run.clear();
                    run_named = false;
                }
            }
        }
        Value {
            text: complete.then_some(all),
            list: (!complete && partial.len() > UNKNOWN.len()).then(|| vec![partial]),
            named: any_named,
            ..Value::default()
        }
    }

    fn flush(&mut self, plain: &mut String, range: TextRange) {
        if !plain.is_empty() {
            self.text_seen(plain, range);
            plain.clear();
        }
    }

    /// `home / ".ssh" / "id_rsa"`.
    pub(super) fn path(&mut self, expression: &'a Expr) -> Value {
        let mut rights = Vec::new();
        let mut left = expression;
        while let Expr::BinOp(operation) = left
            && operation.op == Operator::Div
        {
            rights.push(&*operation.right);
            left = &operation.left;
        }
        let first = self.used(left);
        let is_path = first.is("pathlib.Path");
        let mut texts = vec![first.text];
        for right in rights.into_iter().rev() {
            texts.push(self.used(right).text);
        }
        let text = self.joined(texts, expression.range());
        Value {
            paths: if is_path { vec!["pathlib.Path()".to_owned()] } else { Vec::new() },
            text,
            named: true,
            list: None,
        }
    }

    /// Segments of a path; `None` is unknown.
    pub(super) fn joined(&mut self, segments: Vec<Option<String>>, range: TextRange) -> Option<String> {
        let complete = segments.iter().all(Option::is_some);
        let text = segments.into_iter().flatten().collect::<Vec<_>>().join("/");
        self.path_through_names(&text, range);
        (complete && text.len() <= FOLLOWED).then_some(text)
    }

    /// `"%s%s" % ("sys", "tem")`
    pub(super) fn formatted(&mut self, left: &'a Expr, right: &'a Expr) -> Value {
        let template = self.used(left).text;
        let value = self.used(right);
        let (Some(template), Some(words)) = (template, value.list.or(value.text.map(|text| vec![text]))) else {
            return Value::default();
        };
        self.filled(&template, "%s", &words, left.range())
    }

    /// A template with its places filled.
    pub(super) fn filled(&mut self, template: &str, place: &str, words: &[String], range: TextRange) -> Value {
        let known = words.iter().all(|word| !word.contains(UNKNOWN)) && template.matches(place).count() == words.len();
        if !known || template.len() + words.iter().map(String::len).sum::<usize>() > FOLLOWED {
            return Value::default();
        }
        let mut pieces = template.split(place);
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (word, piece) in words.iter().zip(pieces) {
            text.push_str(word);
            text.push_str(piece);
        }
        self.text_through_names(&text, range);
        Value {
            named: true,
            ..Value::text(text)
        }
    }

    /// A list or tuple: its words, or the text that its numbers spell.
    pub(super) fn list(&mut self, elements: &'a [Expr], range: TextRange) -> Value {
        if let Some(text) = codes(elements) {
            self.text_through_names(&text, range);
            if elements.len() >= CODES && text.chars().filter(char::is_ascii_alphabetic).count() * 2 > elements.len() {
                self.see(
                    Seen::Literal {
                        kind: LiteralKind::Blob,
                        text: text.chars().take(200).collect(),
                    },
                    range,
                );
            }
            return Value {
                named: true,
                ..Value::text(text)
            };
        }
        let mut words = Vec::new();
        let mut paths = Vec::new();
        for element in elements {
            let value = self.expression(element);
            if self.annotation {
                paths.extend(value.paths.iter().take(2).cloned());
            }
            self.settle(&value, element.range());
            if words.len() < 64 {
                match (element, value.list) {
                    (Expr::Starred(_), Some(inner)) => words.extend(inner.into_iter().take(64)),
                    (Expr::FString(_) | Expr::BinOp(_), Some(mut inner)) if inner.len() == 1 => {
                        words.append(&mut inner);
                    }
                    _ => words.push(
                        value
                            .text
                            .filter(|text| text.len() <= FOLLOWED)
                            .unwrap_or_else(|| UNKNOWN.to_owned()),
                    ),
                }
            }
        }
        paths.truncate(4);
        Value {
            list: Some(words),
            paths,
            ..Value::default()
        }
    }

    /// What a method makes of a constant text.
    pub(super) fn text_method(&mut self, text: &str, name: &str, arguments: &[Value], range: TextRange) -> Value {
        let first = arguments.first().and_then(|value| value.text.as_deref());
        let made = match name {
            "decode" | "encode" if first.is_some_and(|codec| codec.contains("13")) => Some(rotated(text)),
            "decode" if first == Some("hex") => unhex(text),
            "decode" if first == Some("base64") => unbase64(text),
            "encode" | "decode" | "__str__" => Some(text.to_owned()),
            "lower" | "casefold" => Some(text.to_lowercase()),
            "upper" => Some(text.to_uppercase()),
            "strip" | "lstrip" | "rstrip" => Some(first.map_or(text.trim(), |cut| text.trim_matches(|c| cut.contains(c))).to_owned()),
            "replace" => match (first, arguments.get(1).and_then(|value| value.text.as_deref())) {
                (Some(old), Some(new)) if !old.is_empty() && text.len().saturating_mul(new.len() + 1) <= 1 << 20 => {
                    Some(text.replace(old, new))
                }
                _ => None,
            },
            "join" => match arguments.first() {
                Some(Value { list: Some(words), .. }) if words.iter().all(|word| !word.contains(UNKNOWN)) => Some(words.join(text)),
                Some(Value { text: Some(inner), .. }) if text.is_empty() => Some(inner.clone()),
                _ => None,
            },
            "format" => {
                let words: Vec<String> = arguments
                    .iter()
                    .map(|value| value.text.clone().unwrap_or_else(|| UNKNOWN.to_owned()))
                    .collect();
                return self.filled(text, "{}", &words, range);
            }
            _ => None,
        };
        self.made(made, range)
    }

    /// A text that a call makes of constants.
    pub(super) fn made(&mut self, text: Option<String>, range: TextRange) -> Value {
        match text {
            Some(text) if text.len() <= FOLLOWED => {
                self.text_through_names(&text, range);
                Value {
                    named: true,
                    ..Value::text(text)
                }
            }
            _ => Value::default(),
        }
    }

    /// What decoders make of constants.
    pub(super) fn decoded(&mut self, path: &str, arguments: &[Value], range: TextRange) -> Option<Value> {
        let first = arguments.first()?;
        let text = first.text.as_deref()?;
        let made = match path {
            "bytes" | "bytearray" | "str" | "map" | "codecs.latin_1_decode" | "list" | "tuple" => Some(text.to_owned()),
            "reversed" => Some(text.chars().rev().collect()),
            "bytes.fromhex" | "bytearray.fromhex" | "binascii.unhexlify" | "binascii.a2b_hex" | "base64.b16decode" => unhex(text),
            "base64.b64decode"
            | "base64.standard_b64decode"
            | "base64.urlsafe_b64decode"
            | "base64.decodebytes"
            | "binascii.a2b_base64" => unbase64(text),
            "codecs.decode" | "codecs.encode" => match arguments.get(1).and_then(|value| value.text.as_deref()) {
                Some(codec) if codec.contains("13") => Some(rotated(text)),
                Some(codec) if codec.contains("hex") => unhex(text),
                Some(codec) if codec.contains("64") => unbase64(text),
                _ => Some(text.to_owned()),
            },
            _ => return None,
        };
        Some(self.made(made, range))
    }

    /// A call whose arguments hold the whole environment packs it.
    pub(super) fn packs(&mut self, path: &str, arguments: &[Value], range: TextRange) {
        let whole = arguments
            .iter()
            .any(|value| value.paths.iter().any(|path| rules::is_environment(path)));
        if whole
            && matches!(
                path,
                "json.dumps" | "json.dump" | "pickle.dumps" | "str" | "repr" | "orjson.dumps" | "yaml.dump" | "urllib.parse.urlencode"
            )
        {
            self.can(Ability::Encode, &format!("{path}(os.environ)"), range);
        }
    }
}

/// The character of a number.
pub(super) fn code(expression: &Expr) -> Option<char> {
    let Expr::NumberLiteral(number) = expression else { return None };
    let Number::Int(int) = &number.value else { return None };
    Some(char::from(int.as_u8()?)).filter(|c| !c.is_control() || matches!(c, '\n' | '\t' | '\r'))
}

fn codes(elements: &[Expr]) -> Option<String> {
    (elements.len() >= 4).then(|| elements.iter().map(code).collect()).flatten()
}

fn rotated(text: &str) -> String {
    let turn = |c: char, first: u8| char::from((u8::try_from(c).unwrap_or(first) - first + 13) % 26 + first);
    text.chars()
        .map(|c| match c {
            'a'..='z' => turn(c, b'a'),
            'A'..='Z' => turn(c, b'A'),
            other => other,
        })
        .collect()
}

fn unhex(text: &str) -> Option<String> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    if !digits.len().is_multiple_of(2) || digits.len() > 2 * FOLLOWED {
        return None;
    }
    let raw = digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()?;
    String::from_utf8(raw).ok()
}

fn unbase64(text: &str) -> Option<String> {
    use base64::Engine as _;
    if text.len() > 2 * FOLLOWED {
        return None;
    }
    let plain: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '=')
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    let raw = base64::engine::general_purpose::STANDARD_NO_PAD.decode(plain).ok()?;
    String::from_utf8(raw).ok()
}
