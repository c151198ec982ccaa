//! Declarations that import and export.

use oxc_ast::ast::{
    AssignmentTarget, AssignmentTargetMaybeDefault, AssignmentTargetProperty, ExportAllDeclaration, ExportFromDeclaration,
    ExportNamedDeclaration, ImportDeclaration, ImportDeclarationSpecifier, ModuleExportName, ObjectAssignmentTarget,
    TSImportEqualsDeclaration, TSModuleReference,
};
use oxc_ast_visit::VisitJs as _;
use oxc_span::Span;

use super::known::{self, Use};
use super::value::{Path, Value};
use super::walk::Walk;

impl<'a> Walk<'a> {
    pub(super) fn import_declaration(&mut self, it: &ImportDeclaration<'a>) {
        if it.import_kind.is_type() {
            return;
        }
        let source = it.source.value.as_str();
        self.import(Some(source), it.source.span);
        self.text(source, it.source.span);
        let root = known::module(source).map(Path::root);
        for specifier in it.specifiers.iter().flatten() {
            let (local, value) = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(it) => {
                    let name = exported_name(&it.imported);
                    (&it.local, root.and_then(|root| self.eval.step(root, name)))
                }
                ImportDeclarationSpecifier::ImportDefaultSpecifier(it) => (&it.local, root),
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(it) => (&it.local, root),
            };
            self.eval.names.assign(local.name.as_str(), value.map(Value::Path));
        }
    }

    pub(super) fn export_from(&mut self, it: &ExportFromDeclaration<'a>) {
        if it.export_kind.is_type() {
            return;
        }
        let source = it.source.value.as_str();
        self.import(Some(source), it.source.span);
        self.text(source, it.source.span);
        let Some(root) = known::module(source).map(Path::root) else {
            return;
        };
        for specifier in &it.specifiers {
            if let Some(path) = self.eval.step(root, exported_name(&specifier.local)) {
                self.handed_on(path, specifier.span);
            }
        }
    }

    pub(super) fn export_all(&mut self, it: &ExportAllDeclaration<'a>) {
        if it.export_kind.is_type() {
            return;
        }
        let source = it.source.value.as_str();
        self.import(Some(source), it.source.span);
        self.text(source, it.source.span);
        if let Some(root) = known::module(source) {
            self.handed_on(Path::root(root), it.span);
        }
    }

    pub(super) fn export_named(&mut self, it: &ExportNamedDeclaration<'a>) {
        if it.export_kind.is_type() {
            return;
        }
        for specifier in &it.specifiers {
            if let ModuleExportName::IdentifierReference(local) = &specifier.local
                && let Some(Value::Path(path)) = self.eval.name(local.name.as_str())
            {
                self.handed_on(path, specifier.span);
            }
        }
    }

    pub(super) fn import_equals(&mut self, it: &TSImportEqualsDeclaration<'a>) {
        if it.import_kind.is_type() {
            return;
        }
        if let TSModuleReference::ExternalModuleReference(reference) = &it.module_reference {
            let source = reference.expression.value.as_str();
            self.import(Some(source), reference.expression.span);
            self.text(source, reference.expression.span);
            let value = known::module(source).map(|root| Value::Path(Path::root(root)));
            self.eval.names.assign(it.id.name.as_str(), value);
        }
    }

    fn handed_on(&mut self, path: Path<'a>, span: Span) {
        if let Some(ability) = known::ability(path, Use::Name) {
            self.see(span, ability, known::by(path));
        }
    }

    /// `({ exec } = require("child_process"))`
    pub(super) fn bind_targets(&mut self, it: &ObjectAssignmentTarget<'a>, path: Path<'a>) {
        for property in &it.properties {
            match property {
                AssignmentTargetProperty::AssignmentTargetPropertyIdentifier(it) => {
                    let value = self.eval.step(path, it.binding.name.as_str());
                    self.eval.names.assign(it.binding.name.as_str(), value.map(Value::Path));
                }
                AssignmentTargetProperty::AssignmentTargetPropertyProperty(it) => {
                    let value = it.name.static_name().and_then(|name| {
                        let name = self.eval.allocator.alloc_str(&name);
                        self.eval.step(path, name)
                    });
                    match (&it.binding, value) {
                        (AssignmentTargetMaybeDefault::AssignmentTargetIdentifier(target), value) => {
                            self.eval.names.assign(target.name.as_str(), value.map(Value::Path));
                        }
                        (_, Some(path)) => self.handed_on(path, it.span),
                        (binding, None) => self.visit_assignment_target_maybe_default(binding),
                    }
                }
            }
        }
        if let Some(rest) = &it.rest {
            self.handed_on(path, rest.span);
            if let AssignmentTarget::AssignmentTargetIdentifier(target) = &rest.target {
                self.eval.names.assign(target.name.as_str(), Some(Value::Path(path)));
            }
        }
    }
}

fn exported_name<'a>(it: &ModuleExportName<'a>) -> &'a str {
    match it {
        ModuleExportName::IdentifierName(it) => it.name.as_str(),
        ModuleExportName::IdentifierReference(it) => it.name.as_str(),
        ModuleExportName::StringLiteral(it) => it.value.as_str(),
    }
}
