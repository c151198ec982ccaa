//! What the arguments of a process call say: which program, and through a shell or not.

use oxc_ast::ast::{Argument, ArrayExpressionElement, BinaryOperator, Expression, ObjectPropertyKind, PropertyKey};

use super::texts;
use super::value::{Eval, FUEL};
use crate::model::code::Ability;

/// Programs that take a line and run it.
const SHELLS: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "dash",
    "ash",
    "ksh",
    "fish",
    "cmd",
    "powershell",
    "pwsh",
    "osascript",
    "wscript",
    "cscript",
    "mshta",
];

/// What the call does beside starting a program.
#[derive(Default)]
pub(super) struct Told {
    /// A shell reads the line.
    pub(super) shell: bool,
    /// More abilities, each by its command.
    pub(super) more: Vec<(Ability, String)>,
}

/// Reads the arguments of a process call.
pub(super) fn told<'a>(eval: &mut Eval<'a>, arguments: &[Argument<'a>]) -> Told {
    let mut told = Told::default();
    let mut words = String::new();
    for (index, argument) in arguments.iter().enumerate() {
        let Some(it) = argument.as_expression() else { continue };
        match it {
            Expression::ObjectExpression(it) => told.shell |= it.properties.iter().any(asks_for_shell),
            it => {
                let from = words.len();
                collect(eval, it, &mut words, 4);
                if index == 0 {
                    told.shell |= program(words[from..].trim()).is_some_and(|name| SHELLS.contains(&name.as_str()));
                }
            }
        }
    }
    told.more = commands(&words);
    told
}

/// `shell: true`, or any `shell` that is not `false`.
fn asks_for_shell(property: &ObjectPropertyKind<'_>) -> bool {
    let ObjectPropertyKind::ObjectProperty(property) = property else {
        return false;
    };
    let named = match &property.key {
        PropertyKey::StaticIdentifier(it) => it.name == "shell",
        PropertyKey::StringLiteral(it) => it.value == "shell",
        _ => false,
    };
    named
        && !match &property.value {
            Expression::BooleanLiteral(it) => !it.value,
            Expression::NullLiteral(_) => true,
            Expression::Identifier(it) => it.name == "undefined",
            // Minifiers write `!1`.
            Expression::UnaryExpression(it) => {
                matches!(&it.argument, Expression::NumericLiteral(number) if number.value != 0.0)
                    || matches!(&it.argument, Expression::NumericLiteral(number) if it.operator.as_str() == "void" && number.value == 0.0)
            }
            _ => false,
        }
}

/// Every constant part, with blanks between.
fn collect<'a>(eval: &mut Eval<'a>, it: &Expression<'a>, words: &mut String, fuel: u32) {
    let Some(fuel) = fuel.checked_sub(1) else { return };
    if words.len() > 4096 {
        return;
    }
    match it {
        Expression::ArrayExpression(it) => {
            for element in it.elements.iter().take(64) {
                match element {
                    ArrayExpressionElement::SpreadElement(_) | ArrayExpressionElement::Elision(_) => {}
                    element => {
                        if let Some(it) = element.as_expression() {
                            collect(eval, it, words, fuel);
                        }
                    }
                }
            }
        }
        Expression::TemplateLiteral(it) => {
            for quasi in &it.quasis {
                add(words, quasi.value.raw.as_str());
            }
        }
        Expression::ConditionalExpression(it) => {
            collect(eval, &it.consequent, words, fuel);
            collect(eval, &it.alternate, words, fuel);
        }
        Expression::BinaryExpression(it) if it.operator == BinaryOperator::Addition => {
            for operand in texts::operands(it).into_iter().take(64) {
                collect(eval, operand, words, fuel);
            }
        }
        it => {
            if let Some(text) = eval.text(it, FUEL) {
                add(words, text);
            }
        }
    }
}

fn add(words: &mut String, text: &str) {
    words.extend(text.chars().take(2048));
    words.push(' ');
}

/// The name of a program, without its folder and ending.
fn program(word: &str) -> Option<String> {
    let name = word.rsplit(['/', '\\']).next()?.to_ascii_lowercase();
    let name = name.strip_suffix(".exe").or_else(|| name.strip_suffix(".cmd")).unwrap_or(&name);
    Some(name.to_owned())
}

/// Commands that are more than a program.
fn commands(words: &str) -> Vec<(Ability, String)> {
    let mut found = Vec::new();
    let list: Vec<String> = words
        .split(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '"' | '\'' | '(' | ')' | '`'))
        .filter(|word| !word.is_empty())
        .take(256)
        .filter_map(program)
        .collect();
    let mut fetches = false;
    for (index, word) in list.iter().enumerate() {
        let next = list.get(index + 1).map_or("", String::as_str);
        let third = list.get(index + 2).map_or("", String::as_str);
        let ability = match (word.as_str(), next) {
            ("bun" | "bunx" | "deno" | "uv" | "uvx" | "npx" | "pipx", _) => Some((Ability::ChildInterpreter, word.clone())),
            ("npm" | "pnpm" | "yarn", "install" | "i" | "add" | "ci" | "exec" | "dlx" | "create") => {
                Some((Ability::ChildInterpreter, format!("{word} {next}")))
            }
            ("pip" | "pip3" | "gem" | "cargo" | "brew" | "apt" | "apt-get", "install") => {
                Some((Ability::ChildInterpreter, format!("{word} install")))
            }
            ("-m", "pip") if third == "install" => Some((Ability::ChildInterpreter, "pip install".to_owned())),
            ("npm" | "pnpm" | "yarn", "publish") | ("git", "push") => Some((Ability::Publish, format!("{word} {next}"))),
            ("git", "-c") if list[index..].iter().any(|word| word == "push") => Some((Ability::Publish, "git push".to_owned())),
            ("twine", "upload") => Some((Ability::Publish, "twine upload".to_owned())),
            ("pbpaste" | "pbcopy" | "xclip" | "xsel" | "wl-paste" | "wl-copy" | "clip" | "get-clipboard" | "set-clipboard", _) => {
                Some((Ability::Clipboard, word.clone()))
            }
            ("screencapture" | "scrot" | "gnome-screenshot" | "grim" | "spectacle", _) => Some((Ability::Screen, word.clone())),
            ("|", "sh" | "bash" | "zsh" | "node" | "python" | "python3" | "iex") if fetches => {
                Some((Ability::ChildInterpreter, format!("download | {next}")))
            }
            ("curl" | "wget" | "iwr" | "irm" | "invoke-webrequest", _) => {
                fetches = true;
                Some((Ability::Network, word.clone()))
            }
            ("nslookup" | "dig", _) => Some((Ability::Dns, word.clone())),
            _ => None,
        };
        found.extend(ability);
    }
    found.sort();
    found.dedup();
    found
}
