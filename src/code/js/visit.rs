//! The kinds of nodes that the walk treats in its own way.

use std::cell::Cell;

use oxc_ast::ast::{
    ArrowFunctionExpression, AssignmentExpression, AssignmentOperator, AssignmentTarget, BinaryExpression, BinaryOperator, ChainElement,
    Expression, Function, IdentifierReference, LogicalExpression, MemberExpression, MethodDefinition, NewExpression, ObjectProperty,
    PropertyKey, TaggedTemplateExpression, TemplateLiteral, UnaryExpression, UnaryOperator, VariableDeclarator,
};
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_syntax::scope::{ScopeFlags, ScopeId};

use super::value::{FUEL, Value};

use super::walk::Walk;

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
