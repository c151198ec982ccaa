//! What names stand for.

use std::collections::HashMap;

/// How many things a name may stand for, and how long a path may grow.
const MANY: usize = 4;
const LONG: usize = 160;
const LONG_TEXT: usize = 1 << 10;

/// Stands in texts for what is not constant.
pub(super) const UNKNOWN: &str = "\u{1a}";

/// What an expression stands for, as far as the file says.
#[derive(Debug, Clone, Default)]
pub(super) struct Value {
    /// Dotted names: `os.environ`. An instance goes by the name of its class.
    pub(super) paths: Vec<String>,
    /// A constant text.
    pub(super) text: Option<String>,
    /// A list of texts; what is not constant is [`UNKNOWN`].
    pub(super) list: Option<Vec<String>>,
    /// The text went through a name.
    pub(super) named: bool,
}

impl Value {
    /// What an annotation promises: instances of the classes it names.
    pub(super) fn instances(self) -> Self {
        let paths = self.paths.iter().filter_map(|path| super::rules::result(path)).collect();
        Self { paths, ..Self::default() }
    }

    pub(super) fn path(path: impl Into<String>) -> Self {
        Self {
            paths: vec![path.into()],
            ..Self::default()
        }
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    pub(super) fn is(&self, path: &str) -> bool {
        self.paths.iter().any(|own| own.strip_suffix("()").unwrap_or(own) == path)
    }

    fn is_known(&self) -> bool {
        !self.paths.is_empty() || self.text.is_some() || self.list.is_some()
    }

    /// Either of both.
    pub(super) fn or(mut self, other: Self) -> Self {
        for path in other.paths {
            if self.paths.len() < MANY && !self.paths.contains(&path) {
                self.paths.push(path);
            }
        }
        self.text = self.text.or(other.text);
        self.list = self.list.or(other.list);
        self.named |= other.named;
        self
    }

    /// The member `name` of it.
    pub(super) fn member(&self, name: &str) -> Self {
        Self {
            paths: self
                .paths
                .iter()
                .filter(|path| path.len() + name.len() < LONG)
                .map(|path| join(path, name))
                .collect(),
            ..Self::default()
        }
    }

    /// Bounded, as a name keeps it.
    fn kept(mut self) -> Self {
        self.text = self.text.filter(|text| text.len() <= LONG_TEXT);
        self.list = self.list.filter(|words| words.iter().map(String::len).sum::<usize>() <= LONG_TEXT);
        self.named |= self.text.is_some();
        self
    }
}

/// Modules that are the same wherever they are found: `tempfile._os` is `os`.
const ROOTS: &[&str] = &[
    "os",
    "subprocess",
    "sys",
    "socket",
    "builtins",
    "shutil",
    "ctypes",
    "importlib",
    "requests",
    "base64",
];

/// The name of a module and of a member, in the one spelling that the rules know.
pub(super) fn join(base: &str, name: &str) -> String {
    let base = base.strip_suffix("()").unwrap_or(base);
    let plain = name.strip_prefix('_').unwrap_or(name);
    if base != "asyncio" && ROOTS.contains(&plain) && name != "__builtins__" {
        return plain.to_owned();
    }
    match (base, name) {
        ("builtins", name) if !name.starts_with("__") || super::rules::is_own(name) => name.to_owned(),
        ("io" | "_io" | "_pyio", "open" | "FileIO" | "open_code") => "open".to_owned(),
        ("six", "moves") => String::from("six.moves"),
        ("six.moves", name) | ("asyncio", name @ "builtins") => module(name),
        ("asyncio.subprocess", name) => format!("asyncio.{name}"),
        _ => format!("{base}.{name}"),
    }
}

/// The one spelling of a module's name.
pub(super) fn module(name: &str) -> String {
    let name = name.strip_prefix("six.moves.").unwrap_or(name);
    match name {
        "posix" | "nt" => "os".to_owned(),
        "_socket" => "socket".to_owned(),
        "__builtin__" => "builtins".to_owned(),
        "_pickle" | "cPickle" | "dill" | "cloudpickle" => "pickle".to_owned(),
        "urllib2" => "urllib.request".to_owned(),
        _ => name.to_owned(),
    }
}

/// What kind of code a scope belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Module,
    Class,
    Function,
}

#[derive(Debug, Default)]
struct Binding {
    value: Value,
    used: bool,
}

#[derive(Debug)]
struct Scope {
    kind: Kind,
    parent: usize,
    names: HashMap<String, Binding>,
    /// Names that belong to the module.
    global: Vec<String>,
}

/// Every scope of a file.
#[derive(Debug)]
pub(super) struct Scopes {
    all: Vec<Scope>,
    pub(super) at: usize,
    /// Modules whose every name was imported.
    pub(super) stars: Vec<String>,
}

impl Scopes {
    pub(super) fn new() -> Self {
        let module = Scope {
            kind: Kind::Module,
            parent: 0,
            names: HashMap::new(),
            global: Vec::new(),
        };
        Self {
            all: vec![module],
            at: 0,
            stars: Vec::new(),
        }
    }

    pub(super) fn open(&mut self, kind: Kind) -> usize {
        self.all.push(Scope {
            kind,
            parent: self.at,
            names: HashMap::new(),
            global: Vec::new(),
        });
        self.at = self.all.len() - 1;
        self.at
    }

    pub(super) fn close(&mut self) {
        self.at = self.all[self.at].parent;
    }

    pub(super) fn kind(&self) -> Kind {
        self.all[self.at].kind
    }

    /// `global` and `nonlocal`: both are kept at the top, where every scope finds them.
    pub(super) fn declare_global(&mut self, name: &str) {
        let at = self.at;
        self.all[at].global.push(name.to_owned());
    }

    pub(super) fn is_global(&self, name: &str) -> bool {
        self.all[self.at].kind != Kind::Function || self.all[self.at].global.iter().any(|own| own == name)
    }

    /// Binds a name. Nothing that a name stood for in its scope is forgotten: which assignment runs
    /// last is not known here.
    pub(super) fn bind(&mut self, name: &str, value: Value) {
        let top = self.all[self.at].global.iter().any(|own| own == name);
        let scope = &mut self.all[if top { 0 } else { self.at }];
        if let Some(binding) = scope.names.get_mut(name) {
            let before = std::mem::take(&mut binding.value);
            // Two texts: neither is constant.
            let texts = before.text.is_some() && value.text.is_some() && before.text != value.text;
            binding.value = value.kept().or(before);
            if texts {
                binding.value.text = None;
            }
        } else {
            scope.names.insert(
                name.to_owned(),
                Binding {
                    value: value.kept(),
                    used: false,
                },
            );
        }
    }

    /// Binds a name to what nobody knows. At the top of the file a name of Python's own stays what it
    /// is unless a definition surely replaces it: `if 0: eval = None` replaces nothing.
    pub(super) fn hide(&mut self, name: &str, sure: bool) {
        if sure || self.kind() != Kind::Module || !super::rules::is_own(name) {
            self.bind(name, Value::default());
        }
    }

    pub(super) fn forget(&mut self, name: &str) {
        let at = self.at;
        if self.all[at].names.get(name).is_some_and(|binding| !binding.value.is_known()) {
            self.all[at].names.remove(name);
        }
    }

    /// What a name stands for here.
    pub(super) fn find(&mut self, name: &str) -> Value {
        let mut at = self.at;
        loop {
            let visible = at == self.at || self.all[at].kind != Kind::Class;
            if visible && let Some(binding) = self.all[at].names.get_mut(name) {
                binding.used = true;
                return binding.value.clone();
            }
            if at == 0 {
                break;
            }
            at = self.all[at].parent;
        }
        let mut value = Value::path(if name == "__builtins__" { "builtins" } else { name });
        for star in &self.stars {
            value.paths.push(join(star, name));
        }
        value
    }

    /// What a name of the module stands for.
    pub(super) fn find_global(&mut self, name: &str) -> Value {
        let at = std::mem::replace(&mut self.at, 0);
        let value = self.find(name);
        self.at = at;
        value
    }

    /// `self.name`, as the class around keeps it.
    pub(super) fn own(&mut self, name: &str) -> Value {
        let key = format!("self.{name}");
        self.class()
            .and_then(|class| self.all[class].names.get(&key))
            .map(|binding| binding.value.clone())
            .unwrap_or_default()
    }

    pub(super) fn bind_own(&mut self, name: &str, value: Value) {
        if value.is_known()
            && let Some(class) = self.class()
        {
            let at = std::mem::replace(&mut self.at, class);
            self.bind(&format!("self.{name}"), value);
            self.at = at;
        }
    }

    fn class(&self) -> Option<usize> {
        let mut at = self.at;
        while self.all[at].kind != Kind::Class {
            if at == 0 {
                return None;
            }
            at = self.all[at].parent;
        }
        Some(at)
    }

    pub(super) fn was_used(&self, scope: usize, name: &str) -> bool {
        self.all[scope].names.get(name).is_some_and(|binding| binding.used)
    }
}
