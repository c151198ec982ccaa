//! A Python server: the interpreter, a constant program of ours, and the tree's packages.
//!
//! What a virtual environment's script does, without a script: `sys.path` is the standard library and
//! the tree, in this order, and nothing else. The attacks: packages of the user's or the system's,
//! `PYTHONPATH`, `PYTHONSTARTUP`, `usercustomize`, a module in the working folder, or a changed
//! shebang line, each of which would run code that nobody approved.
//!
//! `.pth` files of the tree work as they do in a virtual environment; the report names them before
//! anybody approves. Processes that `multiprocessing` starts get the same search path from their
//! parent. Not done: a server that starts `sys.executable` itself gets the bare interpreter, which
//! does not see the tree (and never the user's own packages), so that such a start fails; and
//! Python 3.10 has no way to keep the working folder out of processes that `multiprocessing` spawns.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::LaunchError;
use crate::history::Approval;
use crate::mcp::probe::Launchable;
use crate::mcp::python::PythonRuntime;
use crate::model::python::EntryPoint;
use crate::model::{Launch, Sha256Digest};
use crate::store::Installed;

/// The constant program.
const BOOTSTRAP: &str = include_str!("bootstrap.py");

/// A locked Python package, ready to start.
///
/// # Errors
/// [`LaunchError::OtherApproval`] where `approval` is not about `digest`; [`LaunchError::NotAnEntry`];
/// [`LaunchError::OtherPython`] where the tree is not one of this version.
pub fn python(
    installed: &Installed,
    launch: &Launch,
    digest: &Sha256Digest,
    approval: &Approval,
    runtime: &PythonRuntime,
    env: BTreeMap<String, OsString>,
) -> Result<Launchable, LaunchError> {
    if approval.digest() != digest {
        return Err(LaunchError::OtherApproval);
    }
    let mut launchable = launchable(installed.root(), &launch.entry, &launch.args, runtime)?;
    launchable.env = env;
    launchable.network = launch.network;
    Ok(launchable)
}

/// How the server of a tree is started, without variables and without the network.
pub(in crate::mcp) fn launchable(
    root: &std::path::Path,
    entry: &str,
    args: &[String],
    runtime: &PythonRuntime,
) -> Result<Launchable, LaunchError> {
    let not_an_entry = |_| LaunchError::NotAnEntry { entry: entry.to_owned() };
    let entry: EntryPoint = entry.parse().map_err(not_an_entry)?;
    let site = root.join(runtime.site_packages());
    if !site.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        return Err(LaunchError::OtherPython {
            version: runtime.version().to_owned(),
            folder: runtime.site_packages(),
        });
    }
    // Before 3.11 there is no `-P`; the program takes out what it would have kept out.
    let safe_path = (runtime.minor() >= 11).then_some("-P");
    let fixed = safe_path.into_iter().chain(["-s", "-S", "-B", "-c", BOOTSTRAP]).map(OsString::from);
    let own = [site.into_os_string(), entry.to_string().into()];
    Ok(Launchable {
        program: runtime.path().to_path_buf(),
        args: fixed.chain(own).chain(args.iter().map(OsString::from)).collect(),
        tree: Some(root.to_path_buf()),
        readable: runtime.library().to_vec(),
        env: BTreeMap::new(),
        network: false,
    })
}
