//! Which name means what: the names that each scope declares, and the values they are known to have.
//!
//! The attack: a second name. `const x = require("child_process")` far below the function that uses it.
//! So names are collected first, and values after that, before anything is judged. A name that is
//! declared is never taken for the global of that name.

use std::cell::Cell;
use std::collections::HashMap;

use oxc_ast::ast::{BindingIdentifier, Class, Function, FunctionType, Program, VariableDeclaration, VariableDeclarationKind};
use oxc_ast_visit::{VisitJs, walk_js};
use oxc_syntax::scope::{ScopeFlags, ScopeId};

use super::value::Value;

/// A scope, known by the place of its node in memory.
fn key(scope: &Cell<Option<ScopeId>>) -> usize {
    std::ptr::from_ref(scope).addr()
}

/// What a name is known to mean.
#[derive(Clone, Copy)]
enum Meaning<'a> {
    /// Nothing was assigned yet.
    Unset,
    /// One value.
    Known(Value<'a>),
    /// Several, or one that nobody knows.
    Open,
}

/// The names of one file.
pub(super) struct Names<'a> {
    declared: HashMap<usize, Vec<(&'a str, usize)>>,
    meanings: Vec<Meaning<'a>>,
    /// The bindings of a name that are in force, innermost last.
    current: HashMap<&'a str, Vec<usize>>,
    open: Vec<usize>,
}

impl<'a> Names<'a> {
    /// Collects what is declared where.
    pub(super) fn collect(program: &Program<'a>) -> Self {
        let mut collector = Collector {
            names: Self {
                declared: HashMap::new(),
                meanings: Vec::new(),
                current: HashMap::new(),
                open: Vec::new(),
            },
            stack: Vec::new(),
            hoist: false,
        };
        collector.visit_program(program);
        collector.names
    }

    /// Enters a scope.
    pub(super) fn enter(&mut self, scope: &Cell<Option<ScopeId>>) {
        let key = key(scope);
        self.open.push(key);
        for &(name, index) in self.declared.get(&key).into_iter().flatten() {
            self.current.entry(name).or_default().push(index);
        }
    }

    /// Leaves the innermost scope.
    pub(super) fn leave(&mut self) {
        let Some(key) = self.open.pop() else { return };
        for &(name, _) in self.declared.get(&key).into_iter().flatten() {
            if let Some(indices) = self.current.get_mut(name) {
                indices.pop();
            }
        }
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.current.get(name)?.last().copied()
    }

    /// `None`: not declared here. `Some(None)`: declared, with a value that is not known.
    #[expect(
        clippy::option_option,
        reason = "a name nobody declared, and one of an unknown value, are two answers"
    )]
    pub(super) fn look_up(&self, name: &str) -> Option<Option<Value<'a>>> {
        Some(match self.meanings[self.index(name)?] {
            Meaning::Known(value) => Some(value),
            Meaning::Unset | Meaning::Open => None,
        })
    }

    /// Something is assigned to a name. A path that is known once stays: what may reach a shell may
    /// reach it, whatever else the name holds. A text is known only while it is the only value.
    pub(super) fn assign(&mut self, name: &str, value: Option<Value<'a>>) {
        let Some(index) = self.index(name) else { return };
        let meaning = &mut self.meanings[index];
        *meaning = match (*meaning, value) {
            (Meaning::Known(Value::Path(path)), _) | (_, Some(Value::Path(path))) => Meaning::Known(Value::Path(path)),
            (Meaning::Unset, Some(value)) => Meaning::Known(value),
            (Meaning::Known(old), Some(new)) if old == new => Meaning::Known(old),
            _ => Meaning::Open,
        };
    }
}

struct Collector<'a> {
    names: Names<'a>,
    /// Open scopes: their key, and whether `var` stops there.
    stack: Vec<(usize, bool)>,
    hoist: bool,
}

impl<'a> Collector<'a> {
    fn declare(&mut self, name: &'a str) {
        let scope = self.stack.iter().rev().find(|(_, stops)| *stops || !self.hoist);
        let Some(&(key, _)) = scope else { return };
        let index = self.names.meanings.len();
        self.names.meanings.push(Meaning::Unset);
        self.names.declared.entry(key).or_default().push((name, index));
    }
}

impl<'a> VisitJs<'a> for Collector<'a> {
    fn enter_scope(&mut self, flags: ScopeFlags, scope: &Cell<Option<ScopeId>>) {
        self.stack.push((key(scope), flags.intersects(ScopeFlags::Var)));
    }

    fn leave_scope(&mut self) {
        self.stack.pop();
    }

    fn visit_binding_identifier(&mut self, it: &BindingIdentifier<'a>) {
        self.declare(it.name.as_str());
    }

    fn visit_function(&mut self, it: &Function<'a>, flags: ScopeFlags) {
        let hoist = std::mem::replace(&mut self.hoist, false);
        if it.r#type == FunctionType::FunctionDeclaration
            && let Some(id) = &it.id
        {
            self.declare(id.name.as_str());
        }
        walk_js::walk_function(self, it, flags);
        self.hoist = hoist;
    }

    fn visit_class(&mut self, it: &Class<'a>) {
        let hoist = std::mem::replace(&mut self.hoist, false);
        walk_js::walk_class(self, it);
        self.hoist = hoist;
    }

    fn visit_arrow_function_expression(&mut self, it: &oxc_ast::ast::ArrowFunctionExpression<'a>) {
        let hoist = std::mem::replace(&mut self.hoist, false);
        walk_js::walk_arrow_function_expression(self, it);
        self.hoist = hoist;
    }

    fn visit_variable_declaration(&mut self, it: &VariableDeclaration<'a>) {
        let hoist = std::mem::replace(&mut self.hoist, it.kind == VariableDeclarationKind::Var);
        walk_js::walk_variable_declaration(self, it);
        self.hoist = hoist;
    }
}
