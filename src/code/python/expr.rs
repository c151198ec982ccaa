//! The walk over expressions. Each one is read once, and says what it stands for; whoever uses it
//! decides whether that is worth a sight.

use ruff_python_ast::{CmpOp, Comprehension, Expr, ExprDict, ExprSubscript, Operator};
use ruff_text_size::{Ranged as _, TextRange};

use super::rules;
use super::scope::{Kind, Value};
use super::walk::Walk;
use crate::model::code::Ability;

impl<'a> Walk<'a> {
    /// Reads an expression whose value goes somewhere.
    pub(super) fn used(&mut self, expression: &'a Expr) -> Value {
        let value = self.expression(expression);
        self.settle(&value, expression.range());
        value
    }

    /// Reads an annotation, a base class or a pattern: calls in it run, bare names do nothing.
    pub(super) fn annotated(&mut self, expression: &'a Expr) -> Value {
        let around = std::mem::replace(&mut self.annotation, true);
        let value = self.expression(expression);
        self.annotation = around;
        value
    }

    /// A value is handed on, kept or called: that counts.
    pub(super) fn settle(&mut self, value: &Value, range: TextRange) {
        if self.annotation {
            return;
        }
        for path in &value.paths {
            if rules::is_environment(path) {
                self.can(Ability::WholeEnvironment, "os.environ", range);
            } else if let Some(ability) = rules::named(path) {
                self.can(ability, path, range);
            }
        }
    }

    fn all(&mut self, expressions: impl IntoIterator<Item = &'a Expr>) {
        for expression in expressions {
            self.used(expression);
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm a kind of expression, and nothing is left to a default")]
    pub(super) fn expression(&mut self, expression: &'a Expr) -> Value {
        match expression {
            Expr::Name(name) => self.scopes.find(name.id.as_str()),
            Expr::Attribute(attribute) => {
                let base = self.expression(&attribute.value);
                if let Expr::Name(owner) = &*attribute.value
                    && matches!(owner.id.as_str(), "self" | "cls")
                {
                    return self.scopes.own(attribute.attr.as_str()).or(base.member(attribute.attr.as_str()));
                }
                Self::member(&base, attribute.attr.as_str())
            }
            Expr::Call(call) => self.call(call),
            Expr::StringLiteral(_) | Expr::BytesLiteral(_) | Expr::FString(_) | Expr::TString(_) => self.constant(expression),
            Expr::BinOp(operation) => match operation.op {
                Operator::Add => self.sum(expression),
                Operator::Div => self.path(expression),
                Operator::BitOr => {
                    let left = self.expression(&operation.left);
                    let right = self.expression(&operation.right);
                    left.or(right)
                }
                Operator::Mod => self.formatted(&operation.left, &operation.right),
                _ => {
                    self.used(&operation.left);
                    self.used(&operation.right);
                    Value::default()
                }
            },
            Expr::BoolOp(operation) => {
                let mut value = Value::default();
                for part in &operation.values {
                    let part = self.expression(part);
                    value = value.or(part);
                }
                value.text = None;
                value
            }
            Expr::If(choice) => {
                self.used(&choice.test);
                let value = self.expression(&choice.body);
                let mut value = value.or(self.expression(&choice.orelse));
                value.text = None;
                value
            }
            Expr::Named(named) => {
                let value = self.used(&named.value);
                self.target(&named.target, Some(value.clone()));
                value
            }
            Expr::UnaryOp(operation) => {
                self.used(&operation.operand);
                Value::default()
            }
            Expr::Lambda(lambda) => {
                let values = self.defaults(lambda.parameters.as_deref());
                let index = self.enter(lambda.range);
                let around = self.function.replace(index);
                self.scopes.open(Kind::Function);
                self.parameters(lambda.parameters.as_deref(), values);
                self.used(&lambda.body);
                self.scopes.close();
                self.function = around;
                Value::default()
            }
            Expr::Dict(dict) => self.dict(dict),
            Expr::Set(set) => {
                self.all(&set.elts);
                Value::default()
            }
            Expr::ListComp(inner) => self.comprehension(&inner.generators, Some(&inner.elt), None),
            Expr::SetComp(inner) => self.comprehension(&inner.generators, Some(&inner.elt), None),
            Expr::Generator(inner) => self.comprehension(&inner.generators, Some(&inner.elt), None),
            Expr::DictComp(inner) => self.comprehension(&inner.generators, inner.key.as_deref(), Some(&inner.value)),
            Expr::Await(inner) => self.expression(&inner.value),
            Expr::Starred(inner) => self.expression(&inner.value),
            Expr::Yield(inner) => {
                self.all(inner.value.as_deref());
                Value::default()
            }
            Expr::YieldFrom(inner) => {
                self.used(&inner.value);
                Value::default()
            }
            Expr::Compare(compare) => {
                self.used(&compare.left);
                for (op, other) in compare.ops.iter().zip(&compare.comparators) {
                    // `"HOME" in os.environ` asks for one name.
                    if matches!(op, CmpOp::In | CmpOp::NotIn) {
                        self.expression(other);
                    } else {
                        self.used(other);
                    }
                }
                Value::default()
            }
            Expr::Subscript(subscript) => self.subscript(subscript),
            Expr::List(list) => self.list(&list.elts, list.range),
            Expr::Tuple(tuple) => self.list(&tuple.elts, tuple.range),
            Expr::Slice(slice) => {
                self.all(slice.lower.as_deref());
                self.all(slice.upper.as_deref());
                self.all(slice.step.as_deref());
                Value::default()
            }
            Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::IpyEscapeCommand(_) => Value::default(),
        }
    }

    /// A member by its name, written or made.
    pub(super) fn member(base: &Value, name: &str) -> Value {
        let mut value = base.member(name);
        if base.is("pathlib.Path") && matches!(name, "parent" | "parents") {
            value = Value::path("pathlib.Path()");
        }
        value
    }

    fn dict(&mut self, dict: &'a ExprDict) -> Value {
        let mut whole = Value::default();
        for item in &dict.items {
            let Some(key) = &item.key else {
                // `{**os.environ, "A": "b"}` is the environment still.
                let value = self.expression(&item.value);
                if value.paths.iter().any(|path| rules::is_environment(path)) {
                    whole = Value::path("os.environ");
                } else {
                    self.settle(&value, item.value.range());
                }
                continue;
            };
            self.used(key);
            self.used(&item.value);
        }
        whole
    }

    fn comprehension(&mut self, generators: &'a [Comprehension], first: Option<&'a Expr>, second: Option<&'a Expr>) -> Value {
        self.scopes.open(Kind::Function);
        let mut codes = None;
        for generator in generators {
            let over = self.used(&generator.iter);
            codes = codes.or(over.text);
            self.target(&generator.target, None);
            self.all(&generator.ifs);
        }
        if let Some(key) = first {
            self.used(key);
        }
        if let Some(value) = second {
            self.used(value);
        }
        self.scopes.close();
        // `chr(c) for c in (111, 115)`
        let chr = matches!(first, Some(Expr::Call(call)) if matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "chr"));
        Value {
            text: codes.filter(|_| chr && second.is_none()),
            ..Value::default()
        }
    }

    fn subscript(&mut self, subscript: &'a ExprSubscript) -> Value {
        let base = self.expression(&subscript.value);
        if let (Expr::Slice(slice), Some(text)) = (&*subscript.slice, &base.text)
            && slice.lower.is_none()
            && slice.upper.is_none()
            && slice.step.as_deref().is_some_and(is_minus_one)
        {
            let text: String = text.chars().rev().collect();
            self.text_through_names(&text, subscript.range);
            return Value {
                named: true,
                ..Value::text(text)
            };
        }
        let index = self.used(&subscript.slice);
        if base.paths.is_empty() {
            return Value::default();
        }
        // `Optional[Client]`
        if self.annotation {
            return if base
                .paths
                .iter()
                .any(|path| path.ends_with("Optional") || path.ends_with("Annotated") || path.ends_with("Union"))
            {
                index
            } else {
                base
            };
        }
        self.item(&base, index.text.as_deref(), subscript.range)
    }

    /// `table[name]`, where the table holds modules or members.
    pub(super) fn item(&mut self, base: &Value, name: Option<&str>, range: TextRange) -> Value {
        let mut value = Value::default();
        for path in &base.paths {
            let owner = match path.as_str() {
                "globals()" | "sys.modules" | "builtins" => path.as_str(),
                _ => match path.strip_suffix(".__dict__") {
                    Some(owner) => owner,
                    None => continue,
                },
            };
            match name {
                None if rules::is_loaded(owner) => self.can(Ability::Eval, &format!("getattr({owner}, …)"), range),
                None => {}
                Some(name) if owner == "globals()" => value = value.or(self.scopes.find_global(name)),
                Some(name) if owner == "sys.modules" => value = value.or(Value::path(super::scope::module(name))),
                Some(name) => value = value.or(Value::path(owner).member(name)),
            }
        }
        value
    }
}

fn is_minus_one(expression: &Expr) -> bool {
    matches!(expression, Expr::UnaryOp(operation) if operation.op == ruff_python_ast::UnaryOp::USub
        && matches!(&*operation.operand, Expr::NumberLiteral(number) if matches!(&number.value, ruff_python_ast::Number::Int(one) if one.as_u8() == Some(1))))
}
