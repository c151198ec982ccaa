//! Calls: what is called, with what, and what comes back.

use ruff_python_ast::{Expr, ExprCall};
use ruff_text_size::{Ranged as _, TextRange};

use super::command;
use super::rules;
use super::scope::{Value, module};
use super::walk::Walk;
use crate::model::code::Ability;

/// The arguments of a call, read.
struct Given<'a> {
    /// By position; what is unpacked (`*x`) counts as one.
    values: Vec<Value>,
    /// By name; `None` is `**x`.
    named: Vec<(Option<&'a str>, &'a Expr, Value)>,
    range: TextRange,
    nodes: &'a [Expr],
}

impl Given<'_> {
    fn text(&self, at: usize, name: &str) -> Option<&str> {
        self.value(at, name)?.text.as_deref()
    }

    fn value(&self, at: usize, name: &str) -> Option<&Value> {
        let by_name = || self.named.iter().find(|(own, _, _)| *own == Some(name)).map(|(_, _, value)| value);
        self.values.get(at).or_else(by_name)
    }

    fn has(&self, at: usize, name: &str) -> bool {
        self.value(at, name).is_some() || self.named.iter().any(|(own, _, _)| own.is_none())
    }
}

impl<'a> Walk<'a> {
    pub(super) fn call(&mut self, call: &'a ExprCall) -> Value {
        let place = call.func.range();
        let (mut callee, owner, method) = match &*call.func {
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                let mut owner = self.expression(&attribute.value);
                if let Expr::Name(own) = &*attribute.value
                    && matches!(own.id.as_str(), "self" | "cls")
                {
                    let kept = self.scopes.own(name);
                    (kept.or(owner.member(name)), Value::default(), Some(name))
                } else {
                    let callee = Self::member(&owner, name);
                    if owner.paths.iter().any(|path| path == "self" || path == "cls") {
                        owner = Value::default();
                    }
                    (callee, owner, Some(name))
                }
            }
            other => (self.expression(other), Value::default(), None),
        };
        let given = self.arguments(call, &callee);
        if let (Some(text), Some(name)) = (&owner.text, method)
            && !owner.is("pathlib.Path")
        {
            return self.text_method(text, name, &given.values, call.range());
        }
        let unknown = callee.paths.iter().all(|path| rules::called(path).is_none());
        if let (true, Some(name)) = (unknown, method) {
            self.method(&owner, name, &given, place);
        }
        let mut result = Value::default();
        callee.paths.truncate(4);
        for path in &callee.paths {
            let value = self.called(path, &given, place);
            result = result.or(value);
        }
        result
    }

    /// Reads the arguments. The environment handed to a program is told apart from the rest.
    fn arguments(&mut self, call: &'a ExprCall, callee: &Value) -> Given<'a> {
        let quiet = callee.paths.iter().any(|path| keeps(path));
        let asks = matches!(callee.paths.as_slice(), [path] if asks(path));
        let around = std::mem::replace(&mut self.annotation, asks);
        let starts = callee.paths.iter().any(|path| starts(path));
        let mut values = Vec::new();
        for argument in &call.arguments.args {
            let value = self.expression(argument);
            self.given(&value, argument.range(), quiet, starts);
            values.push(value);
        }
        let mut named = Vec::new();
        for keyword in &call.arguments.keywords {
            let value = self.expression(&keyword.value);
            self.given(&value, keyword.value.range(), quiet, starts);
            named.push((keyword.arg.as_ref().map(ruff_python_ast::Identifier::as_str), &keyword.value, value));
        }
        self.annotation = around;
        Given {
            values,
            named,
            range: call.range(),
            nodes: &call.arguments.args,
        }
    }

    fn given(&mut self, value: &Value, range: TextRange, quiet: bool, starts: bool) {
        let whole = value.paths.iter().any(|path| rules::is_environment(path));
        if whole && quiet {
            return;
        }
        if whole && starts {
            self.can(Ability::WholeEnvironment, "os.environ (passed on)", range);
            return;
        }
        self.settle(value, range);
        if !quiet {
            for path in value.paths.iter().filter(|path| rules::is_loaded(path)) {
                self.can(Ability::Eval, &format!("{path} (handed on)"), range);
            }
        }
    }

    /// A call of a known name.
    fn called(&mut self, path: &str, given: &Given<'a>, place: TextRange) -> Value {
        if let Some(value) = self.reflects(path, given, place) {
            return value;
        }
        if let Some(base) = path.strip_prefix("os.environ.").or_else(|| path.strip_prefix("os.environb.")) {
            return match base {
                "copy" | "__copy__" => Value::path("os.environ"),
                "items" | "values" | "keys" | "__iter__" | "__repr__" | "__str__" => {
                    self.can(Ability::WholeEnvironment, "os.environ", place);
                    Value::default()
                }
                _ => Value::default(),
            };
        }
        if keeps(path)
            && given
                .values
                .iter()
                .chain(given.named.iter().map(|(_, _, value)| value))
                .any(|value| value.paths.iter().any(|path| rules::is_environment(path)))
            && matches!(
                path,
                "dict" | "copy.copy" | "copy.deepcopy" | "list" | "tuple" | "sorted" | "set" | "iter" | "types.MappingProxyType"
            )
        {
            return Value::path("os.environ");
        }
        self.packs(path, &given.values, place);
        self.judge(path, given, place);
        if let Some(value) = self.makes_path(path, given) {
            return value;
        }
        if let Some(value) = self.decoded(path, &given.values, given.range) {
            return value;
        }
        rules::result(path).map(Value::path).unwrap_or_default()
    }

    /// The ability of a call, and what its arguments add.
    fn judge(&mut self, path: &str, given: &Given<'a>, place: TextRange) {
        let ability = rules::called(path);
        if let Some(ability) = ability {
            self.can(ability, path, place);
        } else if writes(path, given) {
            self.can(Ability::FileWrite, path, place);
        }
        if path == "compile" || !starts(path) {
            return;
        }
        let shell = given
            .named
            .iter()
            .any(|(name, value, _)| *name == Some("shell") && !is_false(value));
        if shell && ability == Some(Ability::Process) {
            self.can(Ability::Shell, &format!("{path}(shell=True)"), place);
        }
        let mut words = Vec::new();
        for value in given
            .values
            .iter()
            .chain(given.value(usize::MAX, "args"))
            .chain(given.value(usize::MAX, "command"))
        {
            words.extend(value.list.iter().flatten().cloned());
            words.extend(value.text.iter().cloned());
        }
        for (ability, by) in command::abilities(&words) {
            self.can(ability, &by, place);
        }
    }

    /// A method whose owner nobody knows.
    fn method(&mut self, owner: &Value, name: &str, given: &Given<'a>, place: TextRange) {
        let stranger = owner.paths.iter().all(|path| !path.contains('.') && !path.starts_with('.'));
        if let Some((ability, by)) = rules::method(name)
            && (stranger || name != "unlink")
        {
            self.can(ability, by, place);
            if matches!(ability, Ability::Process | Ability::Shell) {
                let words: Vec<String> = given
                    .values
                    .iter()
                    .flat_map(|value| value.list.clone().unwrap_or_default().into_iter().chain(value.text.clone()))
                    .collect();
                for (ability, by) in command::abilities(&words) {
                    self.can(ability, &by, place);
                }
            }
        } else if name == "open" && (stranger || owner.is("pathlib.Path")) && given.text(0, "mode").is_some_and(is_writing) {
            self.can(Ability::FileWrite, "Path.open", place);
        }
    }

    /// Calls that find names by texts.
    fn reflects(&mut self, path: &str, given: &Given<'a>, place: TextRange) -> Option<Value> {
        let text = given.text(0, "name").map(str::to_owned);
        match path {
            "getattr" | "builtins.getattr" | "object.__getattribute__" | "inspect.getattr_static" => {
                let base = given.values.first()?.clone();
                let value = if let Some(name) = given.text(1, "name").map(str::to_owned) {
                    Self::member(&base, &name)
                } else {
                    for owner in base.paths.iter().filter(|path| rules::is_loaded(path)) {
                        self.can(Ability::Eval, &format!("getattr({owner}, …)"), place);
                    }
                    Value::default()
                };
                Some(value)
            }
            "globals" | "locals" => Some(Value::path("globals()")),
            "vars" if given.values.is_empty() => Some(Value::path("globals()")),
            "vars" => Some(Value {
                text: None,
                list: None,
                ..given.values.first()?.member("__dict__")
            }),
            "__import__" | "importlib.__import__" | "importlib.import_module" | "pkgutil.resolve_name" | "importlib.util.find_spec" => {
                let Some(name) = text else {
                    if path != "importlib.util.find_spec" {
                        self.computed_import = true;
                    }
                    return Some(Value::default());
                };
                let name = name.split(':').next().unwrap_or(&name).to_owned();
                if path == "importlib.util.find_spec" {
                    return Some(Value::default());
                }
                self.imports.insert(name.chars().take(200).collect());
                let root = name.split('.').next().unwrap_or(&name);
                // `__import__("os.path")` gives `os`, unless asked for names.
                let bound = if path == "__import__" && !given.has(3, "fromlist") {
                    root
                } else {
                    &name
                };
                Some(Value::path(module(bound)))
            }
            _ => self.reflects_by_member(path, text, given, place),
        }
    }

    fn reflects_by_member(&mut self, path: &str, text: Option<String>, given: &Given<'a>, place: TextRange) -> Option<Value> {
        if let Some(name) = path.strip_prefix("attrgetter:") {
            return Some(given.values.first()?.member(name));
        }
        if let Some(name) = path.strip_prefix("methodcaller:") {
            let callee = given.values.first()?.member(name);
            for path in &callee.paths {
                self.judge(path, given, place);
            }
            return Some(Value::default());
        }
        match path {
            "operator.attrgetter" => return Some(Value::path(format!("attrgetter:{}", text?))),
            "operator.methodcaller" => return Some(Value::path(format!("methodcaller:{}", text?))),
            "operator.itemgetter" => return None,
            "functools.partial" => {
                return Some(Value {
                    text: None,
                    list: None,
                    ..given.values.first()?.clone()
                });
            }
            "chr" => return Some(self.made(given.nodes.first().and_then(super::fold::code).map(String::from), given.range)),
            _ => {}
        }
        let (owner, last) = path.rsplit_once('.')?;
        let table = matches!(owner, "globals()" | "sys.modules") || owner.ends_with("__dict__");
        match last {
            "get" | "__getitem__" | "pop" | "setdefault" if table || (owner == "builtins" && last == "__getitem__") => {
                Some(self.item(&Value::path(owner), text.as_deref(), place))
            }
            "__getattribute__" | "__getattr__" => Some(if let Some(name) = text {
                Value::path(owner).member(&name)
            } else {
                if rules::is_loaded(owner) {
                    self.can(Ability::Eval, &format!("getattr({owner}, …)"), place);
                }
                Value::default()
            }),
            "__call__" | "__func__" => Some(self.called(owner, given, place)),
            _ => None,
        }
    }

    /// Paths that calls put together.
    fn makes_path(&mut self, path: &str, given: &Given<'a>) -> Option<Value> {
        let texts = |given: &Given<'a>| given.values.iter().map(|value| value.text.clone()).collect::<Vec<_>>();
        match path {
            "os.path.join" | "posixpath.join" | "ntpath.join" => {
                let text = self.joined(texts(given), given.range);
                Some(Value {
                    text,
                    named: true,
                    ..Value::default()
                })
            }
            "os.path.expanduser" | "os.path.expandvars" | "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "os.fspath" => {
                Some(Value {
                    text: given.text(0, "path").map(str::to_owned),
                    named: true,
                    ..Value::default()
                })
            }
            "pathlib.Path" | "pathlib.PosixPath" | "pathlib.PurePath" | "anyio.Path" => {
                let text = self.joined(texts(given), given.range);
                let class = if path == "anyio.Path" { "anyio.Path()" } else { "pathlib.Path()" };
                Some(Value {
                    text,
                    named: true,
                    ..Value::path(class)
                })
            }
            "pathlib.Path.joinpath" => {
                self.joined(texts(given), given.range);
                Some(Value::path("pathlib.Path()"))
            }
            "pathlib.Path.home" => Some(Value {
                text: Some("~".to_owned()),
                named: true,
                ..Value::path("pathlib.Path()")
            }),
            _ => None,
        }
    }
}

/// Calls that give the environment back, or only ask about a module.
fn keeps(path: &str) -> bool {
    matches!(
        path,
        "dict"
            | "copy.copy"
            | "copy.deepcopy"
            | "list"
            | "tuple"
            | "sorted"
            | "set"
            | "iter"
            | "types.MappingProxyType"
            | "getattr"
            | "hasattr"
            | "isinstance"
            | "setattr"
            | "delattr"
            | "vars"
            | "dir"
            | "len"
            | "bool"
            | "id"
            | "type"
            | "issubclass"
            | "importlib.reload"
            | "inspect.getattr_static"
            | "object.__getattribute__"
    ) || path.starts_with("attrgetter:")
        || path.starts_with("methodcaller:")
        || path.ends_with("monkeypatch.setattr")
        || path.ends_with("patch.object")
        || path.ends_with("patch.dict")
}

/// Calls that only ask what something is.
fn asks(path: &str) -> bool {
    matches!(path, "isinstance" | "issubclass" | "hasattr" | "callable" | "type" | "id")
}

/// Calls that start programs.
fn starts(path: &str) -> bool {
    matches!(rules::called(path), Some(Ability::Process | Ability::Shell)) || path.ends_with("StdioServerParameters")
}

/// Calls that open a file to write it.
fn writes(path: &str, given: &Given<'_>) -> bool {
    let at = match path {
        "open" | "codecs.open" | "gzip.open" | "bz2.open" | "lzma.open" | "tarfile.open" | "aiofiles.open" | "anyio.open_file"
        | "os.fdopen" | "zipfile.ZipFile" | "tarfile.TarFile" | "gzip.GzipFile" => 1,
        "pathlib.Path.open" | "anyio.Path.open" => 0,
        _ => return false,
    };
    match given.text(at, "mode") {
        Some(mode) => is_writing(mode),
        // A mode that is made at run time may be any.
        None => given.value(at, "mode").is_some(),
    }
}

fn is_writing(mode: &str) -> bool {
    mode.len() <= 6 && mode.chars().all(|c| "rwaxbt+U:gzx2|".contains(c)) && mode.contains(['w', 'a', 'x', '+'])
}

fn is_false(expression: &Expr) -> bool {
    matches!(expression, Expr::BooleanLiteral(literal) if !literal.value) || expression.is_none_literal_expr()
}
