//! What an expression is known to be: a constant text, or a way to something in the runtime.
//!
//! The attacks: `globalThis["ev" + "al"]`, `process["env"]`, `(0, eval)(x)`, names spelled backwards,
//! in character codes or in base64. Only what is constant is worked out, to a small depth and with a
//! budget: nothing here runs code, and no file can make it work long.

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    Argument, ArrowFunctionBody, BinaryOperator, CallExpression, ChainElement, Expression, MemberExpression, Statement, TemplateLiteral,
};

use super::{known, scopes::Names, texts};

/// How deep an expression is worked out.
pub(super) const FUEL: u32 = 24;
/// How many expressions one answer may look at: calls are looked at in several ways, and ways multiply.
const STEPS: u32 = 256;
/// The longest text that is put together, in bytes.
pub(super) const LONGEST: usize = 64 * 1024;

/// A place in the runtime: a module or a global, and the members on the way (`fs` and `writeFile`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Path<'a> {
    /// A module as `known` spells it, or a global.
    pub(super) root: &'a str,
    /// Members with dots between them; empty for the root itself.
    pub(super) rest: &'a str,
}

impl<'a> Path<'a> {
    pub(super) const fn root(root: &'a str) -> Self {
        Self { root, rest: "" }
    }

    /// Is it this place?
    pub(super) fn is(self, root: &str, rest: &str) -> bool {
        self.root == root && self.rest == rest
    }
}

/// What an expression is known to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A place in the runtime.
    Path(Path<'a>),
    /// A constant text.
    Text(&'a str),
}

/// Works out expressions.
pub(super) struct Eval<'a> {
    pub(super) allocator: &'a Allocator,
    pub(super) names: Names<'a>,
    /// How many bytes of text may still be put together in this file.
    pub(super) budget: usize,
    /// How many expressions the answer that is being worked out may still look at.
    pub(super) steps: u32,
}

impl<'a> Eval<'a> {
    /// The path of an expression.
    pub(super) fn path(&mut self, it: &Expression<'a>) -> Option<Path<'a>> {
        match self.value(it, FUEL)? {
            Value::Path(path) => Some(path),
            Value::Text(_) => None,
        }
    }

    /// The constant text of an expression.
    pub(super) fn text(&mut self, it: &Expression<'a>, fuel: u32) -> Option<&'a str> {
        match self.value(it, fuel)? {
            Value::Text(text) => Some(text),
            Value::Path(_) => None,
        }
    }

    /// What an expression is.
    pub(super) fn value(&mut self, it: &Expression<'a>, fuel: u32) -> Option<Value<'a>> {
        if let Expression::StringLiteral(it) = it {
            return Some(Value::Text(it.value.as_str()));
        }
        if fuel == FUEL {
            self.steps = STEPS;
        }
        self.steps = self.steps.checked_sub(1)?;
        let fuel = fuel.checked_sub(1)?;
        match it {
            Expression::TemplateLiteral(it) => self.template(it, fuel).map(Value::Text),
            Expression::Identifier(it) => self.name(it.name.as_str()),
            Expression::ParenthesizedExpression(it) => self.value(&it.expression, fuel),
            Expression::AwaitExpression(it) => self.value(&it.argument, fuel),
            Expression::TSAsExpression(it) => self.value(&it.expression, fuel),
            Expression::TSSatisfiesExpression(it) => self.value(&it.expression, fuel),
            Expression::TSNonNullExpression(it) => self.value(&it.expression, fuel),
            Expression::TSTypeAssertion(it) => self.value(&it.expression, fuel),
            Expression::AssignmentExpression(it) => self.value(&it.right, fuel),
            Expression::SequenceExpression(it) => self.value(it.expressions.last()?, fuel),
            Expression::ConditionalExpression(it) => self.either(&it.consequent, &it.alternate, fuel),
            Expression::LogicalExpression(it) => self.either(&it.left, &it.right, fuel),
            Expression::BinaryExpression(it) if it.operator == BinaryOperator::Addition => texts::sum(self, it, fuel).map(Value::Text),
            Expression::CallExpression(it) => self.call(it, fuel),
            Expression::ImportExpression(it) => {
                let name = self.text(&it.source, fuel)?;
                known::module(name).map(|name| Value::Path(Path::root(name)))
            }
            Expression::ChainExpression(it) => match &it.expression {
                ChainElement::CallExpression(it) => self.call(it, fuel),
                ChainElement::TSNonNullExpression(it) => self.value(&it.expression, fuel),
                other => self.member(other.as_member_expression()?, fuel),
            },
            other => self.member(other.as_member_expression()?, fuel),
        }
    }

    /// A path on either side is a path; a text must be the same on both.
    fn either(&mut self, one: &Expression<'a>, other: &Expression<'a>, fuel: u32) -> Option<Value<'a>> {
        let one = self.value(one, fuel);
        if let Some(Value::Path(_)) = one {
            return one;
        }
        match self.value(other, fuel) {
            Some(Value::Path(path)) => Some(Value::Path(path)),
            other if other == one => one,
            _ => None,
        }
    }

    /// What a name means here.
    pub(super) fn name(&self, name: &str) -> Option<Value<'a>> {
        match self.names.look_up(name) {
            Some(value) => match value {
                None if known::is_require(name) => Some(Value::Path(Path::root("require"))),
                value => value,
            },
            None if known::is_require(name) => Some(Value::Path(Path::root("require"))),
            None => known::global(name).map(|name| Value::Path(Path::root(name))),
        }
    }

    /// The name of the member, where it is constant.
    pub(super) fn member_name(&mut self, it: &MemberExpression<'a>, fuel: u32) -> Option<&'a str> {
        match it {
            MemberExpression::StaticMemberExpression(it) => Some(it.property.name.as_str()),
            MemberExpression::ComputedMemberExpression(it) => self.text(&it.expression, fuel),
            MemberExpression::PrivateFieldExpression(_) => None,
        }
    }

    pub(super) fn member(&mut self, it: &MemberExpression<'a>, fuel: u32) -> Option<Value<'a>> {
        let Some(Value::Path(path)) = self.value(it.object(), fuel) else {
            return texts::accessor(it).map(|root| Value::Path(Path::root(root)));
        };
        let name = self.member_name(it, fuel)?;
        self.step(path, name).map(Value::Path)
    }

    /// From a place to one of its members.
    pub(super) fn step(&self, path: Path<'a>, name: &'a str) -> Option<Path<'a>> {
        if let Some(shortcut) = known::step(path, name) {
            return shortcut;
        }
        if path.rest.is_empty() {
            return Some(Path {
                root: path.root,
                rest: name,
            });
        }
        if path.rest.len() + name.len() > 100 {
            return None;
        }
        Some(Path {
            root: path.root,
            rest: self.allocator.alloc_str(&format!("{}.{name}", path.rest)),
        })
    }

    fn call(&mut self, it: &CallExpression<'a>, fuel: u32) -> Option<Value<'a>> {
        let first = it.arguments.first().and_then(Argument::as_expression);
        let callee = self.value(&it.callee, fuel);
        if let Some(Value::Path(path)) = callee {
            return self.call_of(path, it, fuel);
        }
        if let Some(body) = returned(&it.callee)
            && let Some(Value::Path(path)) = self.value(body, fuel)
        {
            return Some(Value::Path(path));
        }
        if let Some(text) = texts::call(self, it, fuel) {
            return Some(Value::Text(text));
        }
        match self.value(first?, fuel)? {
            // `__toESM(require("x"))` and its like.
            Value::Path(path) if path.rest.is_empty() && known::is_module(path.root) => Some(Value::Path(path)),
            Value::Path(path) if texts::callee_name(&it.callee) == Some("promisify") => Some(Value::Path(path)),
            Value::Text(text) if it.arguments.len() == 1 && known::only_a_module(text) => {
                known::module(text).map(|name| Value::Path(Path::root(name)))
            }
            _ => None,
        }
    }

    /// What a call of something known gives.
    fn call_of(&mut self, path: Path<'a>, it: &CallExpression<'a>, fuel: u32) -> Option<Value<'a>> {
        let mut expressions = it.arguments.iter().filter_map(Argument::as_expression);
        if known::is_loader(path) {
            if let Some(MemberExpression::StaticMemberExpression(member)) = it.callee.as_member_expression()
                && member.property.name == "bind"
            {
                return Some(Value::Path(path));
            }
            // `require.call(null, "x")` has the name in second place.
            let texts: Vec<&'a str> = expressions.by_ref().take(2).filter_map(|it| self.text(it, fuel)).collect();
            let name = texts.into_iter().find_map(known::module)?;
            return Some(Value::Path(Path::root(name)));
        }
        if path.is("module", "createRequire") {
            return Some(Value::Path(Path::root("require")));
        }
        if path.is("Reflect", "get") {
            let Value::Path(object) = self.value(expressions.next()?, fuel)? else {
                return None;
            };
            let name = self.text(expressions.next()?, fuel)?;
            return self.step(object, name).map(Value::Path);
        }
        if path.is("util", "promisify") || path.is("Object", "freeze") {
            return self.value(expressions.next()?, fuel);
        }
        match it.callee.as_member_expression() {
            Some(MemberExpression::StaticMemberExpression(member)) if member.property.name == "bind" => Some(Value::Path(path)),
            _ => texts::call(self, it, fuel).map(Value::Text),
        }
    }

    /// What a call gives.
    pub(super) fn value_of_call(&mut self, it: &CallExpression<'a>) -> Option<Value<'a>> {
        self.steps = STEPS;
        self.call(it, FUEL - 1)
    }

    /// The text of a template whose parts are all constant.
    pub(super) fn value_of_template(&mut self, it: &TemplateLiteral<'a>) -> Option<&'a str> {
        self.steps = STEPS;
        self.template(it, FUEL - 1)
    }

    fn template(&mut self, it: &TemplateLiteral<'a>, fuel: u32) -> Option<&'a str> {
        if let ([], [quasi]) = (it.expressions.as_slice(), it.quasis.as_slice()) {
            return quasi.value.cooked.as_ref().map(oxc_ast::ast::Str::as_str);
        }
        let mut whole = String::new();
        for (index, quasi) in it.quasis.iter().enumerate() {
            whole.push_str(quasi.value.cooked.as_ref()?.as_str());
            if let Some(expression) = it.expressions.get(index) {
                whole.push_str(self.text(expression, fuel)?);
            }
        }
        self.keep(&whole)
    }

    /// Keeps a text that was put together, within the budget.
    pub(super) fn keep(&mut self, text: &str) -> Option<&'a str> {
        if text.len() > LONGEST {
            return None;
        }
        self.budget = self.budget.checked_sub(text.len())?;
        Some(self.allocator.alloc_str(text))
    }
}

/// What a function that is called at once gives back, where its body is nothing but that.
fn returned<'e, 'a>(callee: &'e Expression<'a>) -> Option<&'e Expression<'a>> {
    match callee {
        Expression::ParenthesizedExpression(it) => returned(&it.expression),
        Expression::ArrowFunctionExpression(it) => match &it.body {
            ArrowFunctionBody::FunctionBody(body) => only_return(&body.statements),
            body => body.as_expression(),
        },
        Expression::FunctionExpression(it) => only_return(&it.body.as_ref()?.statements),
        _ => None,
    }
}

fn only_return<'e, 'a>(statements: &'e [Statement<'a>]) -> Option<&'e Expression<'a>> {
    match statements {
        [Statement::ReturnStatement(it)] => it.argument.as_ref(),
        _ => None,
    }
}
