//! Constant texts: sums, joins, codes of characters, base64, words spelled backwards.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use oxc_ast::ast::{Argument, BinaryExpression, BinaryOperator, CallExpression, Expression, MemberExpression};

use super::value::{Eval, LONGEST, Path, Value};

/// As lenient as the runtime: with padding or without.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

const FROM: Path<'static> = Path {
    root: "Buffer",
    rest: "from",
};

/// The operands of a chain of `+`, in order. A loop: such chains grow by thousands.
pub(super) fn operands<'e, 'a>(it: &'e BinaryExpression<'a>) -> Vec<&'e Expression<'a>> {
    let mut found = vec![&it.right];
    let mut left = &it.left;
    loop {
        match left {
            Expression::BinaryExpression(inner) if inner.operator == BinaryOperator::Addition => {
                found.push(&inner.right);
                left = &inner.left;
            }
            last => {
                found.push(last);
                break;
            }
        }
    }
    found.reverse();
    found
}

/// The text of a sum of constants.
pub(super) fn sum<'a>(eval: &mut Eval<'a>, it: &BinaryExpression<'a>, fuel: u32) -> Option<&'a str> {
    // Without this, each inner chain of a long one would be read again.
    if !matches!(it.right, Expression::StringLiteral(_) | Expression::TemplateLiteral(_)) && eval.text(&it.right, fuel).is_none() {
        return None;
    }
    let mut whole = String::new();
    for operand in operands(it) {
        let text = eval.text(operand, fuel)?;
        // What is tried costs as much as what succeeds.
        eval.budget = eval.budget.checked_sub(text.len())?;
        whole.push_str(text);
        if whole.len() > LONGEST {
            return None;
        }
    }
    eval.keep(&whole)
}

/// The text that a call with constant parts gives.
pub(super) fn call<'a>(eval: &mut Eval<'a>, it: &CallExpression<'a>, fuel: u32) -> Option<&'a str> {
    if let Expression::Identifier(callee) = &it.callee {
        if !matches!(
            callee.name.as_str(),
            "atob" | "unescape" | "decodeURIComponent" | "decodeURI" | "String"
        ) {
            return None;
        }
        let argument = eval.text(argument(it, 0)?, fuel)?;
        return match callee.name.as_str() {
            "atob" => decoded(eval, argument),
            "unescape" | "decodeURIComponent" | "decodeURI" => {
                let whole = percent(argument);
                eval.keep(&whole)
            }
            "String" => Some(argument),
            _ => None,
        };
    }
    let member = it.callee.as_member_expression()?;
    let method = member.static_property_name()?;
    match method {
        "fromCharCode" | "fromCodePoint" => codes(eval, &it.arguments),
        "atob" => {
            let text = eval.text(argument(it, 0)?, fuel)?;
            decoded(eval, text)
        }
        "join" => joined(eval, member.object(), argument(it, 0), fuel),
        "concat" => {
            let mut whole = eval.text(member.object(), fuel)?.to_owned();
            for argument in &it.arguments {
                whole.push_str(eval.text(argument.as_expression()?, fuel)?);
            }
            eval.keep(&whole)
        }
        "toString" => buffer(eval, member.object(), it, fuel),
        "trim" | "valueOf" => eval.text(member.object(), fuel),
        "toLowerCase" => {
            let text = eval.text(member.object(), fuel)?.to_lowercase();
            eval.keep(&text)
        }
        _ => None,
    }
}

fn argument<'e, 'a>(it: &'e CallExpression<'a>, at: usize) -> Option<&'e Expression<'a>> {
    it.arguments.get(at).and_then(Argument::as_expression)
}

/// `Buffer.from("...", "base64").toString()`.
fn buffer<'a>(eval: &mut Eval<'a>, object: &Expression<'a>, outer: &CallExpression<'a>, fuel: u32) -> Option<&'a str> {
    let Expression::CallExpression(inner) = object else {
        return None;
    };
    if eval.value(&inner.callee, fuel)? != Value::Path(FROM) {
        return None;
    }
    if !matches!(
        outer.arguments.first().and_then(Argument::as_expression),
        None | Some(Expression::StringLiteral(_))
    ) {
        return None;
    }
    let text = eval.text(argument(inner, 0)?, fuel)?;
    match eval.text(argument(inner, 1)?, fuel)? {
        "base64" | "base64url" => decoded(eval, text),
        "hex" => {
            let bytes: Vec<u8> = text
                .as_bytes()
                .chunks_exact(2)
                .map_while(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok())
                .collect();
            let whole = String::from_utf8(bytes).ok()?;
            eval.keep(&whole)
        }
        _ => None,
    }
}

fn decoded<'a>(eval: &mut Eval<'a>, text: &str) -> Option<&'a str> {
    let plain: String = text
        .trim_end_matches('=')
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    let whole = String::from_utf8(LENIENT.decode(plain).ok()?).ok()?;
    eval.keep(&whole)
}

fn percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut whole = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        whole.push(code.unwrap_or(bytes[at]));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&whole).into_owned()
}

fn codes<'a>(eval: &mut Eval<'a>, arguments: &[Argument<'a>]) -> Option<&'a str> {
    let list = match arguments {
        [Argument::SpreadElement(spread)] => match &spread.argument {
            Expression::ArrayExpression(array) => array
                .elements
                .iter()
                .map(|element| code(element.as_expression()?))
                .collect::<Option<String>>(),
            _ => None,
        },
        arguments => arguments.iter().map(|argument| code(argument.as_expression()?)).collect(),
    }?;
    eval.keep(&list)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in the range of characters")]
fn code(it: &Expression<'_>) -> Option<char> {
    match it {
        Expression::NumericLiteral(it) if (0.0..1_114_112.0).contains(&it.value) => char::from_u32(it.value as u32),
        _ => None,
    }
}

/// `["a", "b"].join("")`, and `"ba".split("").reverse().join("")`.
fn joined<'a>(eval: &mut Eval<'a>, object: &Expression<'a>, by: Option<&Expression<'a>>, fuel: u32) -> Option<&'a str> {
    let by = match by {
        Some(by) => eval.text(by, fuel)?,
        None => ",",
    };
    let parts = parts(eval, object, fuel)?;
    let whole = parts.join(by);
    eval.keep(&whole)
}

fn parts<'a>(eval: &mut Eval<'a>, object: &Expression<'a>, fuel: u32) -> Option<Vec<String>> {
    let fuel = fuel.checked_sub(1)?;
    match object {
        Expression::ArrayExpression(array) => array
            .elements
            .iter()
            .map(|element| eval.text(element.as_expression()?, fuel).map(str::to_owned))
            .collect(),
        Expression::CallExpression(call) => {
            let member = call.callee.as_member_expression()?;
            match member.static_property_name()? {
                "reverse" => {
                    let mut found = parts(eval, member.object(), fuel)?;
                    found.reverse();
                    Some(found)
                }
                "split" => {
                    let text = eval.text(member.object(), fuel)?;
                    let by = eval.text(argument(call, 0)?, fuel)?;
                    eval.budget = eval.budget.checked_sub(text.len())?;
                    Some(match by {
                        "" => text.chars().map(String::from).collect(),
                        by => text.split(by).map(str::to_owned).collect(),
                    })
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// The last name of what is called: `util.promisify` and `promisify` alike.
pub(super) fn callee_name<'a>(callee: &Expression<'a>) -> Option<&'a str> {
    match callee {
        Expression::Identifier(it) => Some(it.name.as_str()),
        Expression::ParenthesizedExpression(it) => callee_name(&it.expression),
        Expression::SequenceExpression(it) => callee_name(it.expressions.last()?),
        Expression::StaticMemberExpression(it) => Some(it.property.name.as_str()),
        _ => None,
    }
}

/// `Function`, reached without its name: the constructor of a function, or of a constructor.
pub(super) fn accessor(it: &MemberExpression<'_>) -> Option<&'static str> {
    if it.static_property_name()? != "constructor" {
        return None;
    }
    is_function(it.object()).then_some("Function")
}

fn is_function(it: &Expression<'_>) -> bool {
    match it {
        Expression::ParenthesizedExpression(it) => is_function(&it.expression),
        Expression::FunctionExpression(_) | Expression::ArrowFunctionExpression(_) => true,
        // `Object.getPrototypeOf(async function () {})`
        Expression::CallExpression(it) => callee_name(&it.callee) == Some("getPrototypeOf") && argument(it, 0).is_some_and(is_function),
        other => other
            .as_member_expression()
            .and_then(MemberExpression::static_property_name)
            .is_some_and(|name| name == "constructor"),
    }
}
