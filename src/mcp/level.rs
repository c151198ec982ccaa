//! The strongest sandbox that this system allows, found by setting one up.

use std::path::Path;
use std::process::Stdio;

use super::probe::ProbeError;
use super::sandbox::{Room, SandboxLevel, Tenant};

/// Sets up each kind of sandbox, strongest first, and gives the first that works. `room` makes an
/// empty one.
///
/// # Errors
/// [`ProbeError::SandboxUnavailable`] where none works: nothing is started then.
pub(super) async fn strongest(
    sandbox_exe: &Path,
    mut room: impl FnMut(SandboxLevel) -> Result<Room, ProbeError>,
) -> Result<SandboxLevel, ProbeError> {
    if cfg!(not(target_os = "linux")) {
        return Err(ProbeError::SandboxUnavailable {
            why: "this version has none for this system".into(),
        });
    }
    let mut why = Vec::new();
    for level in [SandboxLevel::Namespaces, SandboxLevel::LandlockOnly] {
        let room = room(level)?.as_check();
        let spawn_error = |source| ProbeError::Spawn { source };
        let mut command = tokio::process::Command::from(room.command(sandbox_exe).map_err(spawn_error)?);
        command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let status = command.spawn().map_err(spawn_error)?.wait().await.map_err(spawn_error)?;
        match room.failure() {
            None if status.success() => return Ok(level),
            failure => why.push(format!(
                "{level}: {}",
                failure.unwrap_or_else(|| format!("the sandbox process ended with {status}"))
            )),
        }
    }
    Err(ProbeError::SandboxUnavailable { why: why.join("; ") })
}

/// The strongest sandbox of this machine, found by setting one up below `scratch`, an empty folder, for a
/// program that is never started.
///
/// # Errors
/// As [`strongest`].
pub async fn available(sandbox_exe: &Path, scratch: &Path) -> Result<SandboxLevel, ProbeError> {
    let spawn_error = |source| ProbeError::Spawn { source };
    let tenant = Tenant {
        program: sandbox_exe,
        args: &[],
        tree: None,
        readable: &[],
        values: Vec::new(),
        network: false,
    };
    let room = |level: SandboxLevel| {
        let folder = scratch.join(level.to_string());
        std::fs::create_dir(&folder).map_err(spawn_error)?;
        Room::new(level, &folder, "/mcp", &tenant).map_err(spawn_error)
    };
    strongest(sandbox_exe, room).await
}
