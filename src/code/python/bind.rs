//! What binds names: imports, assignments, parameters.

use ruff_python_ast::{Expr, Parameters, StmtAugAssign, StmtImport, StmtImportFrom};
use ruff_text_size::Ranged as _;

use super::rules;
use super::scope::{Value, join, module};
use super::walk::{Taken, Walk, bytes};
use crate::model::code::Ability;

/// Roots that many distributions share: there the second part of the name tells which one.
const SHARED: &[&str] = &[
    "google",
    "azure",
    "awslabs",
    "opentelemetry",
    "backports",
    "zope",
    "sphinxcontrib",
    "jaraco",
    "ruamel",
];

impl<'a> Walk<'a> {
    pub(super) fn import(&mut self, statement: &'a StmtImport) {
        for alias in &statement.names {
            let name = alias.name.as_str();
            self.imports.insert(name.to_owned());
            let (bound, path) = if let Some(other) = &alias.asname {
                (other.as_str(), module(name))
            } else {
                let root = name.split('.').next().unwrap_or(name);
                (root, module(root))
            };
            self.scopes.bind(bound, Value::path(path));
        }
    }

    pub(super) fn import_from(&mut self, statement: &'a StmtImportFrom) {
        let named = statement.module.as_ref().map_or("", |name| name.as_str());
        let dots = ".".repeat(usize::try_from(statement.level).unwrap_or(1).min(64));
        let written = format!("{dots}{named}");
        let shared = statement.level == 0 && SHARED.contains(&named);
        let base = if statement.level == 0 { module(named) } else { written.clone() };
        for alias in &statement.names {
            let name = alias.name.as_str();
            if name == "*" {
                self.scopes.stars.push(base.clone());
                continue;
            }
            if shared || dots == written {
                let blank = if dots == written { "" } else { "." };
                self.imports.insert(format!("{written}{blank}{name}"));
            }
            let path = join(&base, name);
            let bound = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
            if let Some(ability) = rules::named(&path) {
                self.taken.push(Taken {
                    scope: self.scopes.at,
                    name: bound.to_owned(),
                    ability,
                    path: path.clone(),
                    range: bytes(alias.range()),
                    function: self.function,
                });
            } else if rules::is_environment(&path) && self.scopes.is_global(bound) {
                self.taken.push(Taken {
                    scope: self.scopes.at,
                    name: bound.to_owned(),
                    ability: Ability::WholeEnvironment,
                    path: path.clone(),
                    range: bytes(alias.range()),
                    function: self.function,
                });
            }
            self.scopes.bind(bound, Value::path(path));
        }
        if !shared && dots != written {
            self.imports.insert(written);
        }
    }

    pub(super) fn assign(&mut self, targets: &'a [Expr], value: &'a Expr) {
        // `a, b = os, sys`
        if let ([Expr::Tuple(names)], Expr::Tuple(values)) = (targets, value)
            && names.elts.len() == values.elts.len()
            && !names.elts.iter().chain(&values.elts).any(Expr::is_starred_expr)
        {
            for (name, value) in names.elts.iter().zip(&values.elts) {
                self.assign(std::slice::from_ref(name), value);
            }
            return;
        }
        let found = self.expression(value);
        // What a function keeps under a name is judged where the name is used.
        let kept = targets
            .iter()
            .all(|target| matches!(target, Expr::Name(name) if !self.scopes.is_global(name.id.as_str())));
        if !(kept && found.paths.iter().any(|path| rules::is_environment(path))) {
            self.settle(&found, value.range());
        }
        for target in targets {
            self.target(target, Some(found.clone()));
        }
    }

    pub(super) fn augment(&mut self, statement: &'a StmtAugAssign) {
        let added = self.used(&statement.value);
        match &*statement.target {
            Expr::Name(name) => {
                let before = self.scopes.find(name.id.as_str());
                if let (Some(one), Some(other)) = (before.text, added.text) {
                    // Never two texts under one name: what is built piece by piece is not constant.
                    let text = one + &other;
                    self.text_through_names(&text, statement.range());
                }
                self.scopes.hide(name.id.as_str(), false);
            }
            target => self.target(target, None),
        }
    }

    /// Binds what stands on the left.
    pub(super) fn target(&mut self, target: &'a Expr, value: Option<Value>) {
        match target {
            Expr::Name(name) => match value {
                Some(value) if !value.paths.is_empty() || value.text.is_some() || value.list.is_some() => {
                    self.scopes.bind(name.id.as_str(), value);
                }
                _ => self.scopes.hide(name.id.as_str(), false),
            },
            Expr::Attribute(attribute) => {
                self.expression(&attribute.value);
                if let (Expr::Name(owner), Some(value)) = (&*attribute.value, value)
                    && matches!(owner.id.as_str(), "self" | "cls")
                {
                    self.scopes.bind_own(attribute.attr.as_str(), value);
                }
            }
            Expr::Subscript(subscript) => {
                self.expression(&subscript.value);
                self.used(&subscript.slice);
            }
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|each| self.target(each, None)),
            Expr::List(list) => list.elts.iter().for_each(|each| self.target(each, None)),
            Expr::Starred(starred) => self.target(&starred.value, None),
            other => {
                self.expression(other);
            }
        }
    }

    pub(super) fn delete(&mut self, targets: &'a [Expr]) {
        for target in targets {
            match target {
                Expr::Name(name) => self.scopes.forget(name.id.as_str()),
                other => self.target(other, None),
            }
        }
    }

    /// Reads defaults and annotations, which belong to the code around the function.
    pub(super) fn defaults(&mut self, parameters: Option<&'a Parameters>) -> Vec<Value> {
        let Some(parameters) = parameters else { return Vec::new() };
        parameters
            .iter()
            .map(|parameter| {
                let mut value = Value::default();
                if let Some(default) = parameter.default() {
                    value = self.used(default);
                    value.text = None;
                    value.list = None;
                }
                if let Some(annotation) = parameter.annotation() {
                    value = value.or(self.annotated(annotation).instances());
                }
                value
            })
            .collect()
    }

    /// Binds the parameters, in the scope of their function.
    pub(super) fn parameters(&mut self, parameters: Option<&'a Parameters>, values: Vec<Value>) {
        for (parameter, value) in parameters.into_iter().flat_map(Parameters::iter).zip(values) {
            self.scopes.bind(parameter.name().as_str(), value);
        }
    }
}
