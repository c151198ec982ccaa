//! The walk over a tree: twice, first to learn what names mean, then to write down what is seen.

use std::cell::Cell;
use std::ops::Range;

use oxc_ast::ast::{
    Argument, ArrowFunctionExpression, AssignmentExpression, AssignmentOperator, AssignmentTarget, BinaryExpression, BinaryOperator,
    BindingPattern, CallExpression, ChainElement, Expression, Function, IdentifierReference, LogicalExpression, MemberExpression,
    MethodDefinition, NewExpression, ObjectProperty, ObjectPropertyKind, Program, PropertyKey, TaggedTemplateExpression, TemplateLiteral,
    UnaryExpression, UnaryOperator, VariableDeclarator,
};
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_span::{GetSpan, Span};
use oxc_syntax::scope::{ScopeFlags, ScopeId};

use super::known::{self, Use};
use super::value::{Eval, FUEL, Path, Value};
use super::{commands, texts};
use crate::code::{Function as Place, Reading, Seen, Sight, literal, paths};
use crate::model::code::Ability;

/// The state of the walk.
pub(super) struct Walk<'a> {
    pub(super) eval: Eval<'a>,
    pub(super) reading: Reading,
    /// The second walk: sights count.
    writes: bool,
    /// The innermost function.
    function: Option<usize>,
    /// The whole of the method whose function comes next.
    method: Option<Span>,
    /// The next expression is only looked at: compared, given another name, or asked for a member.
    quiet: bool,
    /// Inside the value of a property `env`: the environment goes to a child.
    to_child: bool,
    /// Inside `export`: what gets a name here gets it for others too.
    exported: bool,
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

    fn sight(&mut self, span: Span, seen: Seen) {
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
    fn named(&mut self, path: Path<'a>, span: Span) {
        let Some(ability) = known::ability(path, Use::Name) else {
            return;
        };
        let mut by = known::by(path);
        if ability == Ability::WholeEnvironment && self.to_child {
            by.push_str(" (passed on)");
        }
        self.see(span, ability, by);
    }

    fn quietly(&mut self, it: &Expression<'a>) {
        self.quiet = true;
        self.visit_expression(it);
        self.quiet = false;
    }

    /// What stands inside a path: calls in it, and computed names.
    fn object(&mut self, it: &MemberExpression<'a>) {
        self.quietly(it.object());
        if let MemberExpression::ComputedMemberExpression(it) = it {
            self.visit_expression(&it.expression);
        }
    }

    fn member(&mut self, it: &MemberExpression<'a>, quiet: bool) {
        match self.eval.member(it, FUEL) {
            Some(Value::Path(path)) if !quiet => self.named(path, it.span()),
            None if !quiet => self.unknown_member(it),
            _ => {}
        }
        self.object(it);
    }

    /// A member of a module whose name is made when the code runs: it may be any.
    fn unknown_member(&mut self, it: &MemberExpression<'a>) {
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
    fn bind(&mut self, pattern: &BindingPattern<'a>, value: Option<Value<'a>>, fuel: u32) {
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
    fn property(&mut self, key: &PropertyKey<'a>, value: Option<Value<'a>>) -> Option<Value<'a>> {
        let Some(Value::Path(path)) = value else { return None };
        let name = match key {
            PropertyKey::StaticIdentifier(it) => Some(it.name.as_str()),
            PropertyKey::PrivateIdentifier(_) => None,
            key => key.as_expression().and_then(|it| self.eval.text(it, FUEL)),
        };
        match name {
            Some(name) => self.eval.step(path, name).map(Value::Path),
            None => {
                if path.rest.is_empty() && known::is_module(path.root) {
                    self.named(path, key.span());
                }
                None
            }
        }
    }

    /// Arguments of a function that is called where it stands name its parameters.
    fn bind_arguments(&mut self, callee: &Expression<'a>, arguments: &[Argument<'a>]) {
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

    fn in_function(&mut self, span: Span, walk: impl FnOnce(&mut Self)) {
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
    fn sum(&mut self, it: &BinaryExpression<'a>) {
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

    fn arguments(&mut self, arguments: &[Argument<'a>]) {
        for argument in arguments {
            self.visit_argument(argument);
        }
    }

    fn test(&mut self, it: &Expression<'a>) {
        match it {
            Expression::Identifier(_) | Expression::LogicalExpression(_) => self.quietly(it),
            it if it.is_member_expression() || matches!(it, Expression::ChainExpression(_)) => self.quietly(it),
            it => self.visit_expression(it),
        }
    }

    fn call(&mut self, it: &CallExpression<'a>, quiet: bool) {
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
    fn called(&mut self, path: Path<'a>, callee: &Expression<'a>, arguments: &[Argument<'a>], span: Span) {
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
    fn harmless(&mut self, path: Path<'a>, arguments: &[Argument<'a>]) -> bool {
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
    fn special(&mut self, path: Path<'a>, arguments: &[Argument<'a>], span: Span) {
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
            ("setTimeout" | "setInterval" | "setImmediate", "") => {
                if first.is_some_and(|it| is_text(it) || self.eval.text(it, FUEL).is_some()) {
                    self.see(span, Ability::Eval, path.root.to_owned());
                }
            }
            ("JSON", "stringify") => {
                if first
                    .and_then(|it| self.eval.path(it))
                    .is_some_and(|path| path.is("process", "env"))
                {
                    self.see(span, Ability::Encode, "JSON.stringify".to_owned());
                }
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
    fn applied(&mut self, target: Path<'a>, rest: &[&Expression<'a>], span: Span) {
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

    fn worker(&mut self, arguments: &[Argument<'a>], span: Span) {
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
    fn load(&mut self, arguments: &[Argument<'a>], span: Span) {
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
        if name.ends_with(".node") {
            self.see(span, Ability::Native, ".node".to_owned());
        }
        if name.len() <= 512 && !name.starts_with("data:") {
            self.reading.imports.insert(name.to_owned());
        }
    }

    /// Something that is not known is called by a telling name.
    fn called_unknown(&mut self, it: &CallExpression<'a>) {
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

impl<'a> VisitJs<'a> for Walk<'a> {
    fn enter_scope(&mut self, _: ScopeFlags, scope: &Cell<Option<ScopeId>>) {
        self.eval.names.enter(scope);
    }

    fn leave_scope(&mut self) {
        self.eval.names.leave();
    }

    fn visit_expression(&mut self, it: &Expression<'a>) {
        let quiet = std::mem::take(&mut self.quiet);
        match it {
            Expression::Identifier(name) => {
                if !quiet && let Some(Value::Path(path)) = self.eval.name(name.name.as_str()) {
                    self.named(path, name.span);
                }
            }
            Expression::CallExpression(it) => self.call(it, quiet),
            Expression::ChainExpression(it) => match &it.expression {
                ChainElement::CallExpression(it) => self.call(it, quiet),
                ChainElement::TSNonNullExpression(it) => {
                    self.quiet = quiet;
                    self.visit_expression(&it.expression);
                }
                other => {
                    if let Some(member) = other.as_member_expression() {
                        self.member(member, quiet);
                    }
                }
            },
            Expression::ParenthesizedExpression(it) => {
                self.quiet = quiet;
                self.visit_expression(&it.expression);
            }
            Expression::AwaitExpression(it) => {
                self.quiet = quiet;
                self.visit_expression(&it.argument);
            }
            Expression::TSAsExpression(it) => {
                self.quiet = quiet;
                self.visit_expression(&it.expression);
            }
            Expression::TSNonNullExpression(it) => {
                self.quiet = quiet;
                self.visit_expression(&it.expression);
            }
            Expression::ConditionalExpression(it) => {
                self.test(&it.test);
                for side in [&it.consequent, &it.alternate] {
                    self.quiet = quiet;
                    self.visit_expression(side);
                }
                self.quiet = false;
            }
            Expression::LogicalExpression(it) => self.logical(it, quiet),
            Expression::SequenceExpression(it) => {
                if let Some((last, others)) = it.expressions.split_last() {
                    for other in others {
                        self.visit_expression(other);
                    }
                    self.quiet = quiet;
                    self.visit_expression(last);
                    self.quiet = false;
                }
            }
            Expression::ImportExpression(import) => {
                let name = self.eval.text(&import.source, FUEL);
                self.import(name, import.span);
                if !quiet && let Some(path) = self.eval.path(it) {
                    self.named(path, import.span);
                }
                walk_js::walk_import_expression(self, import);
            }
            other => match other.as_member_expression() {
                Some(member) => self.member(member, quiet),
                None => walk_js::walk_expression(self, other),
            },
        }
    }

    fn visit_member_expression(&mut self, it: &MemberExpression<'a>) {
        // Assigned to, or deleted: `process.env.X = 1`.
        self.object(it);
    }

    fn visit_new_expression(&mut self, it: &NewExpression<'a>) {
        let value = self.eval.path(&it.callee);
        if let Some(path) = value {
            self.called(path, &it.callee, &it.arguments, it.span);
        }
        self.callee(&it.callee, value.is_some());
        self.arguments(&it.arguments);
    }

    fn visit_if_statement(&mut self, it: &oxc_ast::ast::IfStatement<'a>) {
        self.test(&it.test);
        self.visit_statement(&it.consequent);
        if let Some(alternate) = &it.alternate {
            self.visit_statement(alternate);
        }
    }

    fn visit_tagged_template_expression(&mut self, it: &TaggedTemplateExpression<'a>) {
        let value = self.eval.path(&it.tag);
        if let Some(path) = value {
            self.called(path, &it.tag, &[], it.span);
        }
        self.callee(&it.tag, value.is_some());
        self.visit_template_literal(&it.quasi);
    }

    fn visit_unary_expression(&mut self, it: &UnaryExpression<'a>) {
        match it.operator {
            UnaryOperator::Typeof | UnaryOperator::LogicalNot | UnaryOperator::Void | UnaryOperator::Delete => {
                self.test(&it.argument);
            }
            _ => self.visit_expression(&it.argument),
        }
    }

    fn visit_binary_expression(&mut self, it: &BinaryExpression<'a>) {
        match it.operator {
            BinaryOperator::Addition => self.sum(it),
            operator if operator.is_equality() || operator.is_relational() => {
                self.test(&it.left);
                self.test(&it.right);
            }
            _ => walk_js::walk_binary_expression(self, it),
        }
    }

    fn visit_template_literal(&mut self, it: &TemplateLiteral<'a>) {
        let whole = (!it.expressions.is_empty()).then(|| self.eval.value_of_template(it)).flatten();
        match whole {
            Some(whole) => self.text(whole, it.span),
            None => {
                for quasi in &it.quasis {
                    if let Some(text) = &quasi.value.cooked {
                        self.text(text.as_str(), quasi.span);
                    }
                }
            }
        }
        for expression in &it.expressions {
            self.visit_expression(expression);
        }
    }

    fn visit_string_literal(&mut self, it: &oxc_ast::ast::StringLiteral<'a>) {
        self.text(it.value.as_str(), it.span);
    }

    fn visit_jsx_text(&mut self, it: &oxc_ast::ast::JSXText<'a>) {
        self.text(it.value.as_str(), it.span);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        walk_js::walk_binding_pattern(self, &it.id);
        let Some(init) = &it.init else { return };
        let value = self.eval.value(init, FUEL);
        self.bind(&it.id, value, FUEL);
        let aliased = matches!(value, Some(Value::Path(path)) if path.rest.is_empty() || path.is("process", "env"));
        self.quiet = !self.exported && aliased;
        self.visit_expression(init);
        self.quiet = false;
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        if let AssignmentTarget::AssignmentTargetIdentifier(target) = &it.left {
            let value = match it.operator {
                AssignmentOperator::Assign => self.eval.value(&it.right, FUEL),
                _ => self.eval.path(&it.right).map(Value::Path),
            };
            self.eval.names.assign(target.name.as_str(), value);
            let declared = self.eval.names.look_up(target.name.as_str()).is_some();
            self.quiet = declared && matches!(value, Some(Value::Path(path)) if path.rest.is_empty() || path.is("process", "env"));
            self.visit_expression(&it.right);
            self.quiet = false;
            return;
        }
        let value = self.eval.path(&it.right);
        if let (AssignmentTarget::ObjectAssignmentTarget(pattern), Some(path)) = (&it.left, value) {
            self.bind_targets(pattern, path);
            self.quietly(&it.right);
            return;
        }
        self.visit_assignment_target(&it.left);
        self.visit_expression(&it.right);
    }

    fn visit_identifier_reference(&mut self, it: &IdentifierReference<'a>) {
        // Only targets of assignments come here.
        self.eval.names.assign(it.name.as_str(), None);
    }

    fn visit_formal_parameter(&mut self, it: &oxc_ast::ast::FormalParameter<'a>) {
        if let Some(initializer) = &it.initializer {
            let value = self.eval.path(initializer);
            if value.is_some() {
                self.bind(&it.pattern, value.map(Value::Path), FUEL);
            }
            walk_js::walk_binding_pattern(self, &it.pattern);
            self.quiet = value.is_some_and(|path| path.rest.is_empty() || path.is("process", "env"));
            self.visit_expression(initializer);
            self.quiet = false;
        } else {
            walk_js::walk_formal_parameter(self, it);
        }
    }

    fn visit_object_property(&mut self, it: &ObjectProperty<'a>) {
        if it.method {
            self.method = Some(it.span);
        }
        if it.computed {
            self.visit_property_key(&it.key);
        } else if let PropertyKey::StringLiteral(key) = &it.key {
            self.visit_string_literal(key);
        }
        let outer = self.to_child;
        self.to_child |= it.key.static_name().is_some_and(|name| name == "env");
        self.visit_expression(&it.value);
        self.to_child = outer;
        self.method = None;
    }

    fn visit_method_definition(&mut self, it: &MethodDefinition<'a>) {
        self.visit_property_key(&it.key);
        self.method = Some(it.span);
        self.visit_function(&it.value, ScopeFlags::Function);
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        if it.body.is_some() {
            self.in_function(it.span, |walk| walk_js::walk_function(walk, it, flags));
        }
        self.method = None;
    }

    fn visit_arrow_function_expression(&mut self, it: &ArrowFunctionExpression<'a>) {
        self.in_function(it.span, |walk| walk_js::walk_arrow_function_expression(walk, it));
    }

    fn visit_import_declaration(&mut self, it: &oxc_ast::ast::ImportDeclaration<'a>) {
        self.import_declaration(it);
    }

    fn visit_export_from_declaration(&mut self, it: &oxc_ast::ast::ExportFromDeclaration<'a>) {
        self.export_from(it);
    }

    fn visit_export_all_declaration(&mut self, it: &oxc_ast::ast::ExportAllDeclaration<'a>) {
        self.export_all(it);
    }

    fn visit_export_named_declaration(&mut self, it: &oxc_ast::ast::ExportNamedDeclaration<'a>) {
        self.export_named(it);
    }

    fn visit_export_declaration(&mut self, it: &oxc_ast::ast::ExportDeclaration<'a>) {
        self.exported = true;
        walk_js::walk_export_declaration(self, it);
        self.exported = false;
    }

    fn visit_ts_import_equals_declaration(&mut self, it: &oxc_ast::ast::TSImportEqualsDeclaration<'a>) {
        self.import_equals(it);
    }
}

impl<'a> Walk<'a> {
    fn logical(&mut self, it: &LogicalExpression<'a>, quiet: bool) {
        if quiet || it.operator.is_and() {
            self.test(&it.left);
        } else {
            self.visit_expression(&it.left);
        }
        self.quiet = quiet;
        self.visit_expression(&it.right);
        self.quiet = false;
    }
}
