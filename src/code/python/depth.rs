//! How deep a tree can get, before it is built.
//!
//! The attack: `((((…`, or `not not not …`, hundreds of thousands of times: a recursive reader exhausts
//! its stack and the whole process dies before it reports anything. So tokens are counted first, one
//! by one and without recursion. The count is never below the depth of the tree.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// What stands between two brackets.
struct Level {
    closes: TokenKind,
    /// Operators, keywords and brackets since the last comma.
    chain: usize,
    /// Lambdas, whose parameters have commas too.
    lambdas: usize,
}

impl Level {
    const fn new(closes: TokenKind) -> Self {
        Self {
            closes,
            chain: 0,
            lambdas: 0,
        }
    }
}

/// An upper bound of the depth of the syntax tree.
pub(super) fn of(source: &str) -> usize {
    let mut lexer = lexer::lex(source, Mode::Module);
    let mut levels = vec![Level::new(TokenKind::EndOfFile)];
    let (mut open, mut indent, mut deepest) = (0_usize, 0_usize, 0_usize);
    loop {
        let kind = lexer.next_token();
        let Some(top) = levels.last_mut() else { break };
        match kind {
            TokenKind::EndOfFile => break,
            TokenKind::Indent => indent += 1,
            TokenKind::Dedent => indent = indent.saturating_sub(1),
            TokenKind::Comma | TokenKind::Semi => {
                open -= top.chain;
                top.chain = 0;
            }
            TokenKind::Newline if top.closes == TokenKind::EndOfFile => {
                open = 0;
                (top.chain, top.lambdas) = (0, 0);
            }
            TokenKind::Lambda => {
                open += 1;
                top.lambdas += 1;
            }
            _ if kind == top.closes => {
                open -= top.chain + top.lambdas;
                levels.pop();
            }
            _ if counts(kind) => {
                open += 1;
                top.chain += 1;
                if let Some(closes) = closer(kind) {
                    levels.push(Level::new(closes));
                }
            }
            _ => {}
        }
        deepest = deepest.max(open + indent);
    }
    deepest.max(columns(source))
}

/// Broken code can hide indentation from the tokens (an open bracket), not from its columns.
fn columns(source: &str) -> usize {
    if !source.contains("\n                                                                ") && !source.contains("\n\t\t\t\t\t\t\t\t") {
        return 0;
    }
    let mut levels: Vec<usize> = Vec::new();
    let mut deepest = 0;
    for line in source.lines() {
        let width = line.len() - line.trim_start_matches([' ', '\t', '\u{c}']).len();
        if width == line.len() {
            continue;
        }
        while levels.last().is_some_and(|level| *level >= width) {
            levels.pop();
        }
        levels.push(width);
        deepest = deepest.max(levels.len());
    }
    deepest
}

const fn closer(kind: TokenKind) -> Option<TokenKind> {
    match kind {
        TokenKind::Lpar => Some(TokenKind::Rpar),
        TokenKind::Lsqb => Some(TokenKind::Rsqb),
        TokenKind::Lbrace => Some(TokenKind::Rbrace),
        TokenKind::FStringStart => Some(TokenKind::FStringEnd),
        TokenKind::TStringStart => Some(TokenKind::TStringEnd),
        _ => None,
    }
}

/// Everything may nest but what is a leaf for certain.
const fn counts(kind: TokenKind) -> bool {
    !matches!(
        kind,
        TokenKind::Name
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::Complex
            | TokenKind::String
            | TokenKind::FStringMiddle
            | TokenKind::TStringMiddle
            | TokenKind::Comment
            | TokenKind::Newline
            | TokenKind::NonLogicalNewline
            | TokenKind::True
            | TokenKind::False
            | TokenKind::None
            | TokenKind::Ellipsis
            | TokenKind::Unknown
    )
}
