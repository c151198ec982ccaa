//! `mcp-pin show`: everything the lock says about one server.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::commands::Session;
use crate::error::{Error, ExitStatus};
use crate::lock;
use crate::model::{Closure, ItemKind, Level, LocalArg, Pin, Pinned, ServerName, Surface};
use crate::ops::{evidence as told, queries};
use crate::output::outcome::count;
use crate::surface::visible;

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The server.
    #[arg(value_name = "NAME")]
    name: ServerName,
    /// Also list every package of the closure.
    #[arg(long)]
    closure: bool,
}

/// Writes the entry.
///
/// # Errors
/// No such server, or a file that cannot be used.
pub fn exec(args: &Args, session: &Session) -> Result<ExitStatus, Error> {
    let loaded = queries::reading(&session.context, &session.terminal)?;
    queries::select(&loaded, std::slice::from_ref(&args.name))?;
    let pin = queries::entry(&loaded, &args.name)?;
    let digest = lock::entry_digest(&args.name, pin);
    let approved = queries::is_approved(&session.context, loaded.scope_key(), &args.name, &digest)?;
    let interpreter = queries::interpreter(&session.context, loaded.scope_key(), &args.name)?;
    let printed = if session.printer.is_json() {
        let entry: Value = lock::entry_value(pin);
        session
            .printer
            .json(&json!({"schemaVersion": 1, "name": args.name.as_str(), "digest": digest, "approved": approved, "source": source(pin), "entry": entry}))
    } else {
        session.printer.data(|out| {
            writeln!(out, "{} ({})", args.name, visible(&pin.source.to_string()))?;
            match &pin.pinned {
                Pinned::Package { closure, launch } => {
                    package(out, closure, args.closure, approved)?;
                    write!(out, "starts     {} {}", launch.runtime.kind(), visible(&launch.entry))?;
                    for arg in &launch.args {
                        write!(out, " {}", visible(arg))?;
                    }
                    writeln!(out)?;
                    if let Some(found) = &interpreter {
                        writeln!(out, "installed  for Python {} at {}", found.version, found.path.display())?;
                    }
                }
                Pinned::Remote(remote) => {
                    writeln!(
                        out,
                        "address    {}  ({})",
                        visible(remote.url.as_str()),
                        remote.settings.transport.as_str()
                    )?;
                    writeln!(out, "code       not seen: it runs elsewhere")?;
                    for rule in &remote.settings.headers {
                        writeln!(out, "header     {}: {}", rule.name(), visible(rule.template()))?;
                    }
                    for issuer in &remote.issuers {
                        writeln!(out, "issuer     {}", visible(issuer))?;
                    }
                    if let Some(key) = &remote.settings.tls_key {
                        writeln!(out, "tls key    sha256 {key}")?;
                    }
                }
                Pinned::Local(local) => {
                    writeln!(out, "command    {}  sha256 {}", visible(&local.command.path), local.command.digest)?;
                    for arg in &local.args {
                        match arg {
                            LocalArg::Text(text) => writeln!(out, "argument   {}", visible(text))?,
                            LocalArg::File(file) => writeln!(out, "argument   {}  sha256 {}", visible(&file.path), file.digest)?,
                        }
                    }
                }
            }
            writeln!(
                out,
                "variables  {}",
                if pin.env().is_empty() {
                    "none".to_owned()
                } else {
                    pin.env().join(", ")
                }
            )?;
            surface(out, pin)?;
            writeln!(
                out,
                "entry      sha256 {digest}, {}",
                if approved { "approved by you" } else { "not approved by you" }
            )
        })
    };
    printed.map_err(Error::output)?;
    Ok(ExitStatus::Clean)
}

fn package(out: &mut dyn Write, closure: &Closure, all: bool, approved: bool) -> io::Result<()> {
    let Some(root) = closure.root_package() else { return Ok(()) };
    writeln!(out, "package    {} {}", root.name, visible(&root.version))?;
    for archive in &root.archives {
        let file = archive.file.as_ref().map(|file| format!("  {}", visible(file))).unwrap_or_default();
        writeln!(out, "archive    {}{file}", archive.integrity)?;
    }
    evidence(out, closure, approved)?;
    let scripts: Vec<_> = closure
        .packages
        .values()
        .filter(|package| !package.scripts.is_empty())
        .map(|package| package.name.to_string())
        .collect();
    let native: Vec<_> = closure
        .packages
        .values()
        .filter(|package| package.is_native())
        .map(|package| package.name.to_string())
        .collect();
    writeln!(out, "closure    {}", count(closure.packages.len(), "package"))?;
    if !scripts.is_empty() {
        let what = if closure.root.is_python() {
            "startup    runs with the server's Python"
        } else {
            "scripts    never run"
        };
        writeln!(out, "{what}: {}", scripts.join(", "))?;
    }
    if !native.is_empty() {
        writeln!(out, "native     {}", native.join(", "))?;
    }
    for package in closure
        .packages
        .values()
        .filter(|package| package.python().is_some_and(|terms| terms.built))
    {
        let source = package
            .archives
            .first()
            .and_then(|archive| archive.file.as_deref())
            .unwrap_or_default();
        let version = visible(&package.version);
        writeln!(
            out,
            "built      {} {version} is built from source on each machine, of {}",
            package.name,
            visible(source)
        )?;
    }
    if all {
        for (path, package) in &closure.packages {
            let version = visible(&package.version);
            writeln!(out, "  {path}  {} {version}  {}", package.name, package.level())?;
            if let Some(provenance) = package.weakest().and_then(|archive| archive.evidence.provenance.as_ref()) {
                writeln!(out, "    {}", visible(&told::signer(provenance)))?;
            }
        }
    }
    Ok(())
}

/// Where the source of the server's own package can be read, at the commit that was built.
fn source(pin: &Pin) -> Option<String> {
    let Pinned::Package { closure, .. } = &pin.pinned else {
        return None;
    };
    told::source_link(closure.root_package()?.weakest()?.evidence.provenance.as_ref()?)
}

/// Who signed what, from which commit. Of an entry that this user did not approve, it is the word of
/// whoever wrote the lock.
fn evidence(out: &mut dyn Write, closure: &Closure, approved: bool) -> io::Result<()> {
    let Some(root) = closure.root_package().and_then(crate::model::LockedPackage::weakest) else {
        return Ok(());
    };
    let level = root.evidence.level();
    if approved || level == Level::Hash {
        writeln!(out, "evidence   {level}")?;
    } else {
        writeln!(out, "evidence   {level}, as the lock claims: nothing of it is proved here yet")?;
    }
    if let Some(signature) = &root.evidence.signature {
        writeln!(out, "  registry signature by key {}", visible(&signature.keyid))?;
    }
    if root.evidence.publish.is_some() {
        writeln!(out, "  registry publish attestation, logged")?;
    }
    if let Some(provenance) = &root.evidence.provenance {
        let identity = &provenance.identity;
        let lines = [
            ("source", identity.repository.as_deref()),
            ("commit", provenance.commit.as_deref()),
            ("ref", provenance.git_ref.as_deref()),
            ("workflow", identity.workflow.as_deref()),
            ("signer", Some(identity.signer.as_str())),
            ("issuer", Some(identity.issuer.as_str())),
            ("builder", identity.builder.as_deref()),
        ];
        for (what, text) in lines {
            if let Some(text) = text {
                writeln!(out, "  {what:<8} {}", visible(text))?;
            }
        }
        if let Some(link) = told::source_link(provenance) {
            writeln!(out, "  read it  {}", visible(&link))?;
        }
    }
    let told::Counts { provenance, signed, hash } = told::counts(closure);
    writeln!(out, "  of all   {provenance} provenance, {signed} signed, {hash} hash")
}

fn surface(out: &mut dyn Write, pin: &Pin) -> io::Result<()> {
    let Some(surface) = &pin.surface else {
        return writeln!(out, "surface    not pinned: nothing guards what it tells the model");
    };
    writeln!(out, "surface    {}", counts(surface))?;
    for view in &surface.views {
        writeln!(out, "  seen by {} clients, {} handshake", view.client.as_str(), view.era.as_str())?;
        if let Some(instructions) = view.instructions() {
            writeln!(out, "    instructions  {}", visible(instructions))?;
        }
        for kind in ItemKind::ALL {
            for item in view.list(kind) {
                let text = item.definition.get("description").and_then(Value::as_str).unwrap_or_default();
                writeln!(out, "    {} {}  {}", kind.noun(), visible(&item.key), visible(text))?;
            }
        }
    }
    Ok(())
}

fn counts(surface: &Surface) -> String {
    let counted = ItemKind::ALL.iter().map(|&kind| count(surface.count(kind), kind.noun()));
    counted.collect::<Vec<_>>().join(", ")
}
