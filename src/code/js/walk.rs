//! The walk over a tree: twice, first to learn what names mean, then to write down what is seen.

use std::ops::Range;

use oxc_ast::ast::{
    Argument, BinaryExpression, BinaryOperator, BindingPattern, CallExpression, Expression, MemberExpression, ObjectPropertyKind, Program,
    PropertyKey,
};
use oxc_ast_visit::VisitJs as _;
use oxc_span::{GetSpan as _, Span};

use super::known::{self, Use};
use super::value::{Eval, FUEL, Path, Value};
use super::{commands, texts};
use crate::code::{Function as Place, Reading, Seen, Sight, literal, paths};
use crate::model::code::Ability;

/// The state of the walk.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says where the walk stands, and none goes with another"
)]
pub(super) struct Walk<'a> {
    pub(super) eval: Eval<'a>,
    pub(super) reading: Reading,
    /// The second walk: sights count.
    pub(super) writes: bool,
    /// The innermost function.
    pub(super) function: Option<usize>,
    /// The whole of the method whose function comes next.
    pub(super) method: Option<Span>,
    /// The next expression is only looked at: compared, given another name, or asked for a member.
    pub(super) quiet: bool,
    /// Inside the value of a property `env`: the environment goes to a child.
    pub(super) to_child: bool,
    /// Inside `export`: what gets a name here gets it for others too.
    pub(super) exported: bool,
}

pub(super) fn bytes(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

impl<'a> Walk<'a> {
    /// Walks over a program.
    pub(super) fn over(eval: Eval<'a>, program: &Program<'a>) -> Reading {
        let mut walk = Self {
            eval,
            reading: Reading::default(),
            writes: false,
            function: None,
            method: None,
            quiet: false,
            to_child: false,
            exported: false,
        };
        walk.visit_program(program);
        walk.writes = true;
        walk.function = None;
        walk.visit_program(program);
        let mut reading = walk.reading;
        reading.sights.sort_by_key(|sight| (sight.range.start, sight.range.end));
        reading.sights.dedup();
        reading
    }

    pub(super) fn see(&mut self, span: Span, ability: Ability, by: String) {
        self.sight(span, Seen::Ability { ability, by });
    }

    pub(super) fn sight(&mut self, span: Span, seen: Seen) {
        if self.writes {
            self.reading.sights.push(Sight {
                seen,
                range: bytes(span),
                function: self.function,
            });
        }
    }

    /// A constant text.
    pub(super) fn text(&mut self, text: &str, span: Span) {
        if !self.writes || text.len() < 3 {
            return;
        }
        for (kind, text) in literal::in_text(text) {
            self.sight(span, Seen::Literal { kind, text });
        }
        for (ability, by) in paths::in_text(text) {
            self.see(span, ability, by);
        }
    }

    /// A path that is named and not called.
    pub(super) fn named(&mut self, path: Path<'a>, span: Span) {
        let Some(ability) = known::ability(path, Use::Name) else {
            return;
        };
        let mut by = known::by(path);
        if ability == Ability::WholeEnvironment && self.to_child {
            by.push_str(" (passed on)");
        }
        self.see(span, ability, by);
    }

    pub(super) fn quietly(&mut self, it: &Expression<'a>) {
        self.quiet = true;
        self.visit_expression(it);
        self.quiet = false;
    }

    /// What stands inside a path: calls in it, and computed names.
    pub(super) fn object(&mut self, it: &MemberExpression<'a>) {
        self.quietly(it.object());
        if let MemberExpression::ComputedMemberExpression(it) = it {
            self.visit_expression(&it.expression);
        }
    }

    pub(super) fn member(&mut self, it: &MemberExpression<'a>, quiet: bool) {
        match self.eval.member(it, FUEL) {
            Some(Value::Path(path)) if !quiet => self.named(path, it.span()),
            None if !quiet => self.unknown_member(it),
            _ => {}
        }
        self.object(it);
    }

    /// A member of a module whose name is made when the code runs: it may be any.
    pub(super) fn unknown_member(&mut self, it: &MemberExpression<'a>) {
        let MemberExpression::ComputedMemberExpression(member) = it else {
            return;
        };
        if let Some(path) = self.eval.path(&member.object)
            && path.rest.is_empty()
            && known::is_module(path.root)
        {
            self.named(path, it.span());
        }
    }

    /// Names a pattern by what is known of its value.
    pub(super) fn bind(&mut self, pattern: &BindingPattern<'a>, value: Option<Value<'a>>, fuel: u32) {
        let Some(fuel) = fuel.checked_sub(1) else { return };
        match pattern {
            BindingPattern::BindingIdentifier(it) => self.eval.names.assign(it.name.as_str(), value),
            BindingPattern::AssignmentPattern(it) => {
                let other = self.eval.path(&it.right).map(Value::Path);
                self.bind(&it.left, value.or(other), fuel);
            }
            BindingPattern::ObjectPattern(it) => {
                for property in &it.properties {
                    let inner = self.property(&property.key, value);
                    self.bind(&property.value, inner, fuel);
                }
                if let Some(rest) = &it.rest {
                    self.bind(&rest.argument, value, fuel);
                    if let Some(Value::Path(path)) = value {
                        self.named(path, rest.span);
                    }
                }
            }
            BindingPattern::ArrayPattern(it) => {
                for element in it.elements.iter().flatten() {
                    self.bind(element, None, fuel);
                }
            }
        }
    }

    /// The value of a property that is taken out of another value.
    pub(super) fn property(&mut self, key: &PropertyKey<'a>, value: Option<Value<'a>>) -> Option<Value<'a>> {
        let Some(Value::Path(path)) = value else { return None };
        let name = match key {
            PropertyKey::StaticIdentifier(it) => Some(it.name.as_str()),
            PropertyKey::PrivateIdentifier(_) => None,
            key => key.as_expression().and_then(|it| self.eval.text(it, FUEL)),
        };
        if let Some(name) = name {
            self.eval.step(path, name).map(Value::Path)
        } else {
            if path.rest.is_empty() && known::is_module(path.root) {
                self.named(path, key.span());
            }
            None
        }
    }

    /// Arguments of a function that is called where it stands name its parameters.
    pub(super) fn bind_arguments(&mut self, callee: &Expression<'a>, arguments: &[Argument<'a>]) {
        let params = match callee {
            Expression::ParenthesizedExpression(it) => return self.bind_arguments(&it.expression, arguments),
            Expression::UnaryExpression(it) => return self.bind_arguments(&it.argument, arguments),
            Expression::ArrowFunctionExpression(it) => (&it.params, &it.scope_id),
            Expression::FunctionExpression(it) => (&it.params, &it.scope_id),
            _ => return,
        };
        let values: Vec<Option<Value<'a>>> = arguments
            .iter()
            .map(|argument| argument.as_expression().and_then(|it| self.eval.path(it)).map(Value::Path))
            .collect();
        if values.iter().all(Option::is_none) {
            return;
        }
        self.eval.names.enter(params.1);
        for (parameter, value) in params.0.items.iter().zip(values) {
            if value.is_some() {
                self.bind(&parameter.pattern, value, FUEL);
            }
        }
        self.eval.names.leave();
    }

    pub(super) fn in_function(&mut self, span: Span, walk: impl FnOnce(&mut Self)) {
        let span = self.method.take().unwrap_or(span);
        let outer = self.function;
        if self.writes {
            self.reading.functions.push(Place {
                range: bytes(span),
                parent: outer,
            });
            self.function = Some(self.reading.functions.len() - 1);
        }
        let (exported, to_child) = (std::mem::take(&mut self.exported), std::mem::take(&mut self.to_child));
        walk(self);
        (self.exported, self.to_child) = (exported, to_child);
        self.function = outer;
    }

    /// The constant parts of a sum; the rest is visited.
    pub(super) fn sum(&mut self, it: &BinaryExpression<'a>) {
        let operands = texts::operands(it);
        let mut run = String::new();
        let mut span: Option<Span> = None;
        for operand in operands {
            if let Some(text) = self.eval.text(operand, FUEL) {
                if run.len() < super::value::LONGEST {
                    run.push_str(text);
                }
                span = Some(span.map_or(operand.span(), |span| span.merge(operand.span())));
                if !matches!(operand, Expression::StringLiteral(_) | Expression::TemplateLiteral(_)) {
                    self.quietly(operand);
                }
                continue;
            }
            if let Some(span) = span.take() {
                self.text(&run, span);
                run.clear();
            }
            self.visit_expression(operand);
        }
        if let Some(span) = span {
            self.text(&run, span);
        }
    }

    pub(super) fn arguments(&mut self, arguments: &[Argument<'a>]) {
        for argument in arguments {
            self.visit_argument(argument);
        }
    }

    pub(super) fn test(&mut self, it: &Expression<'a>) {
        match it {
            Expression::Identifier(_) | Expression::LogicalExpression(_) => self.quietly(it),
            it if it.is_member_expression() || matches!(it, Expression::ChainExpression(_)) => self.quietly(it),
            it => self.visit_expression(it),
        }
    }

    pub(super) fn call(&mut self, it: &CallExpression<'a>, quiet: bool) {
        let value = self.eval.path(&it.callee);
        self.bind_arguments(&it.callee, &it.arguments);
        match value {
            Some(path) => self.called(path, &it.callee, &it.arguments, it.span),
            None => self.called_unknown(it),
        }
        let result = self.eval.value_of_call(it);
        let module = matches!(result, Some(Value::Path(path)) if path.rest.is_empty() && known::is_module(path.root));
        match result {
            Some(Value::Path(path)) if !quiet && (module || value.is_some_and(|path| path.is("Reflect", "get"))) => {
                self.named(path, it.span);
            }
            // A text in disguise.
            Some(Value::Text(text)) => self.text(text, it.span),
            _ => {}
        }
        self.callee(&it.callee, value.is_some());
        if module && value.is_none() {
            // `__toESM(require("x"))`: the whole was judged.
            for argument in &it.arguments {
                match argument.as_expression() {
                    Some(it) => self.quietly(it),
                    None => self.visit_argument(argument),
                }
            }
        } else {
            self.arguments(&it.arguments);
        }
    }

    /// The callee was judged: only what stands inside it is left.
    pub(super) fn callee(&mut self, it: &Expression<'a>, known: bool) {
        if known {
            self.quietly(it);
        } else {
            match it.as_member_expression() {
                Some(member) => self.member(member, false),
                None => self.visit_expression(it),
            }
        }
    }

    /// Something known is called.
    pub(super) fn called(&mut self, path: Path<'a>, callee: &Expression<'a>, arguments: &[Argument<'a>], span: Span) {
        self.special(path, arguments, span);
        let Some(ability) = known::ability(path, Use::Call) else {
            return;
        };
        let by = known::by(path);
        match ability {
            Ability::Process | Ability::Shell => {
                let told = commands::told(&mut self.eval, arguments);
                let ability = if told.shell { Ability::Shell } else { ability };
                self.see(callee.span(), ability, by);
                for (ability, by) in told.more {
                    self.see(span, ability, by);
                }
            }
            Ability::Eval if self.harmless(path, arguments) => {}
            _ => self.see(callee.span(), ability, by),
        }
    }

    /// `Function("return this")` and `new Function("")`: how code asks for the global object, or whether
    /// it may make code at all.
    pub(super) fn harmless(&mut self, path: Path<'a>, arguments: &[Argument<'a>]) -> bool {
        if path.root != "Function" {
            return false;
        }
        match arguments {
            [] => true,
            [one] => {
                let text = one.as_expression().and_then(|it| self.eval.text(it, FUEL));
                text.is_some_and(|text| matches!(text.trim().trim_end_matches(';'), "" | "return this" | "return this()"))
            }
            _ => false,
        }
    }

    /// Calls whose arguments decide.
    pub(super) fn special(&mut self, path: Path<'a>, arguments: &[Argument<'a>], span: Span) {
        let first = arguments.first().and_then(Argument::as_expression);
        if known::is_loader(path) {
            return self.load(arguments, span);
        }
        match (path.root, path.rest) {
            ("require", "resolve") => {
                if let Some(name) = first.and_then(|it| self.eval.text(it, FUEL)) {
                    self.reading.imports.insert(name.to_owned());
                }
            }
            ("setTimeout" | "setInterval" | "setImmediate", "")
                if first.is_some_and(|it| is_text(it) || self.eval.text(it, FUEL).is_some()) =>
            {
                self.see(span, Ability::Eval, path.root.to_owned());
            }
            ("JSON", "stringify")
                if first
                    .and_then(|it| self.eval.path(it))
                    .is_some_and(|path| path.is("process", "env")) =>
            {
                self.see(span, Ability::Encode, "JSON.stringify".to_owned());
            }
            ("Reflect", "apply" | "construct") => {
                if let Some(target) = first.and_then(|it| self.eval.path(it)) {
                    let rest: Vec<&Expression<'a>> = arguments[1..].iter().filter_map(Argument::as_expression).collect();
                    self.applied(target, &rest, span);
                }
            }
            ("fs" | "fs-extra" | "graceful-fs", "open" | "openSync") => {
                let flags = arguments.get(1).and_then(Argument::as_expression);
                let flags = flags.and_then(|it| self.eval.text(it, FUEL));
                if flags.is_some_and(|flags| flags.contains(['w', 'a', '+'])) {
                    self.see(span, Ability::FileWrite, known::by(path));
                }
            }
            ("Worker", "") | ("worker_threads", "Worker") => self.worker(arguments, span),
            _ => {}
        }
    }

    /// `Reflect.apply(f, this, [...])`.
    pub(super) fn applied(&mut self, target: Path<'a>, rest: &[&Expression<'a>], span: Span) {
        if known::is_loader(target) {
            for it in rest {
                if let Expression::ArrayExpression(list) = it
                    && let Some(name) = list.elements.first().and_then(|element| element.as_expression())
                {
                    let name = self.eval.text(name, FUEL);
                    self.import(name, span);
                }
            }
            return;
        }
        if let Some(ability) = known::ability(target, Use::Call) {
            self.see(span, ability, known::by(target));
        }
    }

    pub(super) fn worker(&mut self, arguments: &[Argument<'a>], span: Span) {
        let asks = arguments.get(1).and_then(Argument::as_expression).is_some_and(|it| {
            matches!(it, Expression::ObjectExpression(it) if it.properties.iter().any(|property| {
                matches!(property, ObjectPropertyKind::ObjectProperty(property)
                    if property.key.static_name().is_some_and(|name| name == "eval")
                        && !matches!(&property.value, Expression::BooleanLiteral(it) if !it.value))
            }))
        });
        if asks {
            self.see(span, Ability::Eval, "Worker".to_owned());
        }
    }

    /// A call of `require` and its like.
    pub(super) fn load(&mut self, arguments: &[Argument<'a>], span: Span) {
        let mut names = arguments.iter().take(2).map(|argument| match argument.as_expression() {
            Some(Expression::NullLiteral(_) | Expression::ThisExpression(_)) => None,
            Some(it) => Some(self.eval.text(it, FUEL)),
            None => Some(None),
        });
        match names.find_map(|name| name) {
            Some(name) => self.import(name, span),
            None if arguments.is_empty() => {}
            None => self.reading.computed_import = true,
        }
    }

    /// An import by its name, or by one that is not known before it runs.
    pub(super) fn import(&mut self, name: Option<&'a str>, span: Span) {
        let Some(name) = name else {
            self.reading.computed_import = true;
            return;
        };
        if self.writes && name.starts_with("data:") {
            self.see(span, Ability::Eval, "import of data:".to_owned());
        }
        if std::path::Path::new(name).extension().is_some_and(|ending| ending == "node") {
            self.see(span, Ability::Native, ".node".to_owned());
        }
        if name.len() <= 512 && !name.starts_with("data:") {
            self.reading.imports.insert(name.to_owned());
        }
    }

    /// Something that is not known is called by a telling name.
    pub(super) fn called_unknown(&mut self, it: &CallExpression<'a>) {
        let Some(member) = it.callee.as_member_expression() else {
            if let [argument] = it.arguments.as_slice()
                && let Some(Value::Text(name)) = argument.as_expression().and_then(|it| self.eval.value(it, 2))
                && known::only_a_module(name)
            {
                self.import(Some(name), it.span);
            }
            return;
        };
        let Some(name) = self.eval.member_name(member, FUEL) else {
            return;
        };
        match name {
            "toString" => {
                let form = it.arguments.first().and_then(Argument::as_expression);
                let form = form.and_then(|it| self.eval.text(it, FUEL));
                if let Some(form @ ("base64" | "base64url" | "hex")) = form {
                    self.see(it.span, Ability::Encode, format!("toString({form})"));
                }
            }
            "toBase64" | "toHex" if it.arguments.is_empty() => {
                self.see(it.span, Ability::Encode, name.to_owned());
            }
            "_compile" => self.see(it.span, Ability::Eval, "module._compile".to_owned()),
            _ => {}
        }
    }
}

/// Is it a text, even where it is not constant as a whole?
fn is_text(it: &Expression<'_>) -> bool {
    match it {
        Expression::StringLiteral(_) | Expression::TemplateLiteral(_) => true,
        Expression::BinaryExpression(it) => it.operator == BinaryOperator::Addition,
        _ => false,
    }
}
