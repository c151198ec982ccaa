//! Everything that must hold before a server is started for a client.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::purse::Purse;
use super::refusal::Why;
use super::{Options, command};
use crate::error::Error;
use crate::guard::Setup;
use crate::mcp::launch::{self, Files, LaunchError};
use crate::mcp::probe::Launchable;
use crate::mcp::remote::RemoteServer;
use crate::model::launch::CwdRule;
use crate::model::{Change, Closure, Drift, Finding, Pin, Pinned, Report, ServerName};
use crate::ops::ecosystem::{self, Belief, Machine, Recorded, Site, Start};
use crate::ops::scope::Loaded;
use crate::ops::tools::Tools;
use crate::ops::{baseline, checks, probe, settle};
use crate::policy;
use crate::store::{Installed, Scratch, Stamped, StoreError};
use crate::surface::take::Places;

/// A server that may be started, and what its guard knows.
pub(super) struct Ready {
    pub(super) start: What,
    /// What the server gets of the client's environment, beside the entry's own variables.
    pub(super) environment: BTreeMap<OsString, OsString>,
    /// Where it starts.
    pub(super) cwd: PathBuf,
    pub(super) setup: Setup,
    /// The folder it starts in, kept until it has ended.
    _scratch: Option<Scratch>,
}

/// What is behind the relay.
pub(super) enum What {
    /// A process of this machine.
    Process(Launchable),
    /// A server elsewhere.
    Remote(Box<RemoteServer>),
}

pub(super) fn ready(tools: &Tools<'_>, loaded: &Loaded, options: &Options, pin: &Pin) -> Result<Ready, Error> {
    let name = &options.name;
    let whole = || Refuse { options };
    let Some((digest, approval)) = baseline::approval(tools, loaded.scope_key(), name, pin)? else {
        return Err(whole().because(Why::NotApproved, Vec::new()));
    };
    let passed = launch::pass_through(pin.env(), tools.context.env.all());
    let (launchable, rule) = match &pin.pinned {
        Pinned::Package { closure, launch } => {
            let (installed, machine) = tree(tools, loaded, options, closure)?;
            let start = Start {
                installed: &installed,
                launch,
                digest: &digest,
                approval: &approval,
                env: passed,
            };
            let launchable = ecosystem::of(closure).start(&machine, start)?;
            if let Machine::Node(node) = &machine {
                let home = tools.context.env.get("HOME").map(Path::new);
                launch::node_search(installed.root(), home, node.path()).map_err(|error| whole().caused(Why::Beside, error))?;
            }
            (launchable, launch.cwd)
        }
        Pinned::Remote(remote) => {
            if tools.context.offline {
                return Err(Error::Offline {
                    what: format!("run `{name}`, a remote server,"),
                });
            }
            let (server, _) = probe::server(tools, remote, &digest, &approval)?;
            return Ok(elsewhere(tools, loaded, options, pin, server));
        }
        Pinned::Local(local) => {
            let home = tools.context.env.get("HOME").map(Path::new);
            let last = |path: &str| tools.history.file_stamp(path).ok().flatten();
            let mut files = match belief(options) {
                Belief::Stamps => Files::known(&last, tools.context.now()),
                Belief::Nothing => Files::unknown(),
            };
            // Programs are large: only what failed is hashed again, to say what.
            let launchable = launch::local(local, &digest, &approval, home, passed, &mut files);
            let launchable = launchable.map_err(|error| match checks::local_drift(pin) {
                changes if changes.is_empty() => Error::from(error),
                changes => whole().because(Why::LocalFile, judged(name, loaded, changes)),
            })?;
            for (path, stamp) in &files.read {
                tools.history.record_file_stamp(path, stamp, tools.context.now())?;
            }
            (launchable, local.cwd)
        }
    };
    start(tools, loaded, options, pin, launchable, rule)
}

fn start(tools: &Tools<'_>, loaded: &Loaded, options: &Options, pin: &Pin, launchable: Launchable, rule: CwdRule) -> Result<Ready, Error> {
    let context = tools.context;
    let (cwd, scratch) = match rule {
        CwdRule::Client => (context.cwd.clone(), None),
        CwdRule::Empty => {
            let scratch = tools.store.scratch()?;
            (scratch.path().to_path_buf(), Some(scratch))
        }
    };
    let environment = launch::client_environment(context.env.all(), pin.env());
    let mut places = Places::default();
    let tmp = environment
        .get(OsStr::new("TMPDIR"))
        .map_or_else(|| PathBuf::from("/tmp"), PathBuf::from);
    let home = environment.get(OsStr::new("HOME")).map(PathBuf::from);
    let own = [
        ("home", home.as_deref()),
        ("cwd", Some(cwd.as_path())),
        ("tmp", Some(tmp.as_path())),
        ("install", launchable.tree.as_deref()),
    ];
    for (name, path) in own {
        if let Some(path) = path.and_then(Path::to_str) {
            places = places.path(name, path);
        }
    }
    for (name, value) in &launchable.env {
        if let Some(value) = value.to_str() {
            places = places.variable(name, value);
        }
    }
    Ok(Ready {
        start: What::Process(launchable),
        environment,
        cwd,
        setup: setup(tools, loaded, options, pin, places),
        _scratch: scratch,
    })
}

/// A remote server: nothing is started, so nothing of this machine is handed over.
fn elsewhere(tools: &Tools<'_>, loaded: &Loaded, options: &Options, pin: &Pin, server: RemoteServer) -> Ready {
    let places = server.places();
    Ready {
        start: What::Remote(Box::new(server)),
        environment: BTreeMap::new(),
        cwd: tools.context.cwd.clone(),
        setup: setup(tools, loaded, options, pin, places),
        _scratch: None,
    }
}

fn setup(tools: &Tools<'_>, loaded: &Loaded, options: &Options, pin: &Pin, places: Places) -> Setup {
    let file = tools.history.path().to_owned();
    let purse = Purse::new(file, options.name.clone(), loaded.scope_key().to_owned());
    Setup {
        server: options.name.clone(),
        pinned: pin.surface.clone(),
        places,
        rules: loaded.guard_rules(&options.name, &pin.guard),
        judge: settle::judge_context(&options.name, loaded.into()),
        grading: loaded.policy.grading.clone(),
        global: options.lock.is_none(),
        budget: Arc::new(purse),
    }
}

/// The proof that the installed tree is what its archives hold.
fn tree(tools: &Tools<'_>, loaded: &Loaded, options: &Options, closure: &Closure) -> Result<(Installed, Machine), Error> {
    let name = &options.name;
    let refuse = Refuse { options };
    let ecosystem = ecosystem::of(closure);
    let site = Site {
        scope: loaded.scope_key(),
        server: name,
    };
    let machine = match ecosystem.recorded(tools, site, belief(options))? {
        Recorded::As(machine) => machine,
        Recorded::Nothing => return Err(refuse.because(Why::NotInstalled, Vec::new())),
        Recorded::Changed { before, now } => {
            let (before, now) = ((&*before.0, &*before.1), now.as_ref().map(|now| (&*now.0, &*now.1)));
            return Err(refuse.because(Why::Interpreter, vec![policy::interpreter_changed(name, before, now)]));
        }
    };
    let (id, parts) = ecosystem.tree(&machine, name, closure)?;
    if !tools.store.has_install(&id) {
        return Err(refuse.because(Why::NotInstalled, Vec::new()));
    }
    let derive = machine.derive();
    let now = tools.context.now();
    let last = if options.full { None } else { tools.history.stamp(&id)? };
    // Another mcp-pin may be replacing this very tree: a difference is looked at again when it is done.
    let settled = match tools.store.check_stamped(&id, &parts, derive.as_deref(), last.as_ref(), now) {
        Ok(Stamped::Unchanged(installed)) => return Ok((installed, machine)),
        Ok(Stamped::Checked { check, stamp }) if check.changes.is_empty() => {
            if let Some(stamp) = stamp {
                tools.history.record_stamp(&id, &stamp, now)?;
            }
            Ok(*check)
        }
        Ok(Stamped::Checked { .. }) => {
            let _lock = tools.lock_store()?;
            tools.store.check(&id, &parts, derive.as_deref())
        }
        Err(error) => Err(error),
    };
    let found = match settled {
        Err(StoreError::ChangedOnDisk { what, .. }) => {
            return Err(refuse.because(Why::Archive, vec![checks::archive_changed(name, &what)]));
        }
        settled => settled?,
    };
    if !found.changes.is_empty() {
        let changes = found.changes.into_iter().map(|(path, kind)| {
            let digest = found.found.get(&path).copied();
            Change::Tree { path, kind, found: digest }
        });
        return Err(refuse.because(Why::Tree, judged(name, loaded, changes.collect())));
    }
    found
        .installed
        .map(|installed| (installed, machine))
        .ok_or_else(|| refuse.because(Why::Unchecked, Vec::new()))
}

/// What a start takes for known: `--full` nothing.
const fn belief(options: &Options) -> Belief {
    if options.full { Belief::Nothing } else { Belief::Stamps }
}

/// What `verify` would report of this.
pub(super) fn judged(name: &ServerName, loaded: &Loaded, changes: Vec<Change>) -> Vec<Finding> {
    let context = settle::judge_context(name, loaded.into());
    let mut report = Report {
        findings: policy::judge(name, &Drift { changes }, &context),
        ..Report::default()
    };
    settle::grade(&mut report, &loaded.policy);
    report.findings
}

struct Refuse<'a> {
    options: &'a Options,
}

impl Refuse<'_> {
    fn caused(&self, why: Why, cause: LaunchError) -> Error {
        Error::NotStarted {
            server: self.options.name.clone(),
            command: String::new(),
            why,
            drift: Vec::new(),
            cause: Some(Box::new(cause.into())),
        }
    }

    fn because(&self, why: Why, drift: Vec<Finding>) -> Error {
        Error::NotStarted {
            server: self.options.name.clone(),
            command: why.command().map_or_else(String::new, |word| command(word, self.options)),
            why,
            drift,
            cause: None,
        }
    }
}
