//! The walk over statements. Bodies of functions wait until the code around them is read, as in
//! Python itself: so a function knows what the file binds after it.

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;

use ruff_python_ast::{ExceptHandler, Expr, Pattern, Stmt, StmtClassDef, StmtFunctionDef, TypeParams};
use ruff_text_size::TextRange;

use super::scope::{Kind, Scopes};
use crate::code::{Function, Reading, Seen, Sight};
use crate::model::code::Ability;

/// A body that is read later.
struct Later<'a> {
    body: &'a [Stmt],
    scope: usize,
    function: Option<usize>,
}

/// A name that was imported from a module and gives an ability.
pub(super) struct Taken {
    pub(super) scope: usize,
    pub(super) name: String,
    pub(super) ability: Ability,
    pub(super) path: String,
    pub(super) range: Range<usize>,
    pub(super) function: Option<usize>,
}

/// The state of a walk.
pub(super) struct Walk<'a> {
    pub(super) scopes: Scopes,
    pub(super) function: Option<usize>,
    pub(super) imports: BTreeSet<String>,
    pub(super) computed_import: bool,
    pub(super) taken: Vec<Taken>,
    /// Literals that only show once names are put in.
    pub(super) through_names: Vec<Sight>,
    /// How many conditions, loops and the like stand around.
    pub(super) loose: usize,
    /// In an annotation, where a bare name does nothing.
    pub(super) annotation: bool,
    sights: Vec<Sight>,
    functions: Vec<Function>,
    later: VecDeque<Later<'a>>,
}

pub(super) fn bytes(range: TextRange) -> Range<usize> {
    range.start().into()..range.end().into()
}

/// Reads a whole file.
pub(super) fn read(body: &[Stmt]) -> Reading {
    let mut walk = Walk {
        scopes: Scopes::new(),
        function: None,
        imports: BTreeSet::new(),
        computed_import: false,
        taken: Vec::new(),
        through_names: Vec::new(),
        loose: 0,
        annotation: false,
        sights: Vec::new(),
        functions: Vec::new(),
        later: VecDeque::new(),
    };
    walk.body(body);
    while let Some(next) = walk.later.pop_front() {
        walk.scopes.at = next.scope;
        walk.function = next.function;
        walk.loose = 0;
        walk.body(next.body);
    }
    walk.finish()
}

impl<'a> Walk<'a> {
    fn finish(mut self) -> Reading {
        // Imported for someone else to use: `from os import system as go`.
        for taken in std::mem::take(&mut self.taken) {
            if !self.scopes.was_used(taken.scope, &taken.name) {
                self.sights.push(Sight {
                    seen: Seen::Ability {
                        ability: taken.ability,
                        by: taken.path,
                    },
                    range: taken.range,
                    function: taken.function,
                });
            }
        }
        let mut known: BTreeSet<Seen> = self.sights.iter().map(|sight| sight.seen.clone()).collect();
        let more = self.through_names.into_iter().filter(|sight| known.insert(sight.seen.clone()));
        let mut sights: Vec<Sight> = self.sights.into_iter().chain(more).collect();
        let functions = in_order(&self.functions, &mut sights);
        Reading {
            sights,
            functions,
            imports: self.imports,
            computed_import: self.computed_import,
            unread: None,
        }
    }

    pub(super) fn see(&mut self, seen: Seen, range: TextRange) {
        let sight = Sight {
            seen,
            range: bytes(range),
            function: self.function,
        };
        if self.sights.last() != Some(&sight) {
            self.sights.push(sight);
        }
    }

    pub(super) fn can(&mut self, ability: Ability, by: &str, range: TextRange) {
        self.see(
            Seen::Ability {
                ability,
                by: by.to_owned(),
            },
            range,
        );
    }

    /// Opens a function; its parent is the one around.
    pub(super) fn enter(&mut self, range: TextRange) -> usize {
        self.functions.push(Function {
            range: bytes(range),
            parent: self.function,
        });
        self.functions.len() - 1
    }

    pub(super) fn body(&mut self, body: &'a [Stmt]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn block(&mut self, body: &'a [Stmt]) {
        self.loose += 1;
        self.body(body);
        self.loose -= 1;
    }

    fn statement(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) => self.define(function),
            Stmt::ClassDef(class) => self.class(class),
            Stmt::Return(inner) => self.used_all(inner.value.as_deref()),
            Stmt::Delete(inner) => self.delete(&inner.targets),
            Stmt::TypeAlias(inner) => {
                self.annotated(&inner.value);
                self.target(&inner.name, None);
            }
            Stmt::Assign(inner) => self.assign(&inner.targets, &inner.value),
            Stmt::AugAssign(inner) => self.augment(inner),
            Stmt::AnnAssign(inner) => {
                let annotation = self.annotated(&inner.annotation);
                match inner.value.as_deref() {
                    Some(value) => self.assign(std::slice::from_ref(&inner.target), value),
                    None => self.target(&inner.target, Some(annotation.instances())),
                }
            }
            Stmt::For(inner) => {
                self.used(&inner.iter);
                self.target(&inner.target, None);
                self.block(&inner.body);
                self.block(&inner.orelse);
            }
            Stmt::While(inner) => {
                self.used(&inner.test);
                self.block(&inner.body);
                self.block(&inner.orelse);
            }
            Stmt::If(inner) => {
                self.used(&inner.test);
                self.block(&inner.body);
                for clause in &inner.elif_else_clauses {
                    self.used_all(clause.test.as_ref());
                    self.block(&clause.body);
                }
            }
            Stmt::With(inner) => {
                for item in &inner.items {
                    let value = self.used(&item.context_expr);
                    if let Some(target) = item.optional_vars.as_deref() {
                        self.target(target, Some(value));
                    }
                }
                self.body(&inner.body);
            }
            Stmt::Match(inner) => {
                self.used(&inner.subject);
                for case in &inner.cases {
                    self.pattern(&case.pattern);
                    self.used_all(case.guard.as_deref());
                    self.block(&case.body);
                }
            }
            Stmt::Raise(inner) => {
                self.used_all(inner.exc.as_deref());
                self.used_all(inner.cause.as_deref());
            }
            Stmt::Try(inner) => {
                self.block(&inner.body);
                for ExceptHandler::ExceptHandler(handler) in &inner.handlers {
                    self.used_all(handler.type_.as_deref());
                    if let Some(name) = &handler.name {
                        self.scopes.hide(name.as_str(), false);
                    }
                    self.block(&handler.body);
                }
                self.block(&inner.orelse);
                self.block(&inner.finalbody);
            }
            Stmt::Assert(inner) => {
                self.used(&inner.test);
                self.used_all(inner.msg.as_deref());
            }
            Stmt::Import(inner) => self.import(inner),
            Stmt::ImportFrom(inner) => self.import_from(inner),
            Stmt::Global(inner) => inner.names.iter().for_each(|name| self.scopes.declare_global(name.as_str())),
            Stmt::Nonlocal(inner) => inner.names.iter().for_each(|name| self.scopes.declare_global(name.as_str())),
            // A text alone is documentation: it does nothing.
            Stmt::Expr(inner) if inner.value.is_string_literal_expr() => {}
            Stmt::Expr(inner) => {
                self.used(&inner.value);
            }
            Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) | Stmt::IpyEscapeCommand(_) => {}
        }
    }

    fn used_all<'b>(&mut self, expressions: impl IntoIterator<Item = &'b Expr>)
    where
        'b: 'a,
    {
        for expression in expressions {
            self.used(expression);
        }
    }

    fn define(&mut self, function: &'a StmtFunctionDef) {
        for decorator in &function.decorator_list {
            self.used(&decorator.expression);
        }
        let sure = self.loose == 0 && function.decorator_list.is_empty();
        self.scopes.hide(function.name.as_str(), sure);
        let defaults = self.defaults(Some(&function.parameters));
        if let Some(returns) = function.returns.as_deref() {
            self.annotated(returns);
        }
        let index = self.enter(function.range);
        let scope = self.scopes.open(Kind::Function);
        self.type_parameters(function.type_params.as_deref());
        self.parameters(Some(&function.parameters), defaults);
        self.scopes.close();
        self.later.push_back(Later {
            body: &function.body,
            scope,
            function: Some(index),
        });
    }

    fn class(&mut self, class: &'a StmtClassDef) {
        for decorator in &class.decorator_list {
            self.used(&decorator.expression);
        }
        let mut bases = None;
        if let Some(arguments) = class.arguments.as_deref() {
            for base in &arguments.args {
                // A class built on another is used like it; `class C(os.PathLike)` does nothing yet.
                let value = self.annotated(base);
                bases = bases.or(Some(value));
            }
            for keyword in &arguments.keywords {
                self.used(&keyword.value);
            }
        }
        let sure = self.loose == 0 && class.decorator_list.is_empty();
        match bases {
            Some(value) if !value.paths.is_empty() => self.scopes.bind(class.name.as_str(), value),
            _ => self.scopes.hide(class.name.as_str(), sure),
        }
        self.scopes.open(Kind::Class);
        self.type_parameters(class.type_params.as_deref());
        self.body(&class.body);
        self.scopes.close();
    }

    fn type_parameters(&mut self, parameters: Option<&'a TypeParams>) {
        for parameter in parameters.iter().flat_map(|all| all.type_params.iter()) {
            use ruff_python_ast::TypeParam;
            let (name, bound, default) = match parameter {
                TypeParam::TypeVar(inner) => (&inner.name, inner.bound.as_deref(), inner.default.as_deref()),
                TypeParam::TypeVarTuple(inner) => (&inner.name, None, inner.default.as_deref()),
                TypeParam::ParamSpec(inner) => (&inner.name, None, inner.default.as_deref()),
            };
            self.scopes.hide(name.as_str(), false);
            for expression in bound.into_iter().chain(default) {
                self.annotated(expression);
            }
        }
    }

    fn pattern(&mut self, pattern: &'a Pattern) {
        match pattern {
            Pattern::MatchValue(inner) => {
                self.used(&inner.value);
            }
            Pattern::MatchSingleton(_) => {}
            Pattern::MatchSequence(inner) => inner.patterns.iter().for_each(|each| self.pattern(each)),
            Pattern::MatchMapping(inner) => {
                self.used_all(inner.keys.iter());
                inner.patterns.iter().for_each(|each| self.pattern(each));
                if let Some(rest) = &inner.rest {
                    self.scopes.hide(rest.as_str(), false);
                }
            }
            Pattern::MatchClass(inner) => {
                self.annotated(&inner.cls);
                inner.arguments.patterns.iter().for_each(|each| self.pattern(each));
                inner.arguments.keywords.iter().for_each(|each| self.pattern(&each.pattern));
            }
            Pattern::MatchStar(inner) => {
                if let Some(name) = &inner.name {
                    self.scopes.hide(name.as_str(), false);
                }
            }
            Pattern::MatchAs(inner) => {
                if let Some(pattern) = inner.pattern.as_deref() {
                    self.pattern(pattern);
                }
                if let Some(name) = &inner.name {
                    self.scopes.hide(name.as_str(), false);
                }
            }
            Pattern::MatchOr(inner) => inner.patterns.iter().for_each(|each| self.pattern(each)),
        }
    }
}

/// Functions by their starts, with every index to them put right.
fn in_order(functions: &[Function], sights: &mut [Sight]) -> Vec<Function> {
    let mut order: Vec<usize> = (0..functions.len()).collect();
    order.sort_by_key(|index| (functions[*index].range.start, usize::MAX - functions[*index].range.end));
    let mut place = vec![0; functions.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new;
    }
    for sight in sights {
        sight.function = sight.function.map(|old| place[old]);
    }
    order
        .into_iter()
        .map(|old| Function {
            range: functions[old].range.clone(),
            parent: functions[old].parent.map(|parent| place[parent]),
        })
        .collect()
}
