//! What helps: the lines under an error that name the command or the line to write.
//!
//! The attack: a hint that leads past a finding. Every hint here names what shows more, or what is
//! asked about again; none says how to be rid of a finding without looking at it.

use super::Error;
use crate::history::HistoryError;
use crate::model::ServerName;

impl Error {
    /// What helps, one line each.
    pub fn hints(&self) -> Vec<String> {
        let one = |hint: &str| vec![hint.to_owned()];
        match self {
            Self::Lock { source, .. } => source.hint().into_iter().collect(),
            Self::Manifest { source, .. } => source.hint().into_iter().collect(),
            Self::Store(source) => source.hint().into_iter().collect(),
            Self::Npm(source) => source.hint().into_iter().collect(),
            Self::Evidence { .. } => {
                one("`mcp-pin trust show` lists what signatures are proved against, `mcp-pin trust refresh` brings it up to date")
            }
            Self::NoReport => one("`--format json` is the form of every command for programs"),
            Self::TwoDigests { .. } => {
                one("nothing was installed; try again, and if it stays so, do not trust what stands between you and the index")
            }
            Self::Pypi(source) => source.hint().into_iter().collect(),
            Self::NotPermitted { why, line, manifest } => {
                let permit = format!(
                    "to permit the build, write `{line}` under `[policy]` in {}: it runs the package's own code on this machine, in a sandbox",
                    manifest.display()
                );
                why.hint().into_iter().chain([permit]).collect()
            }
            Self::Git(source) => source.hint().into_iter().collect(),
            Self::Schedule(source) => source.hint().into_iter().collect(),
            Self::Net(source) => source.hint().into_iter().collect(),
            Self::OAuth { source, .. } => source.hint().into_iter().collect(),
            // What `SQLite` says of a full disk is at times just "disk I/O error".
            Self::History(HistoryError::Sqlite { path, .. }) => {
                vec![format!("look whether the disk that holds `{}` is full", path.display())]
            }
            Self::History(source) => source.hint().into_iter().collect(),
            Self::Runtime(source) => source.hint().into_iter().collect(),
            Self::NoRuntime { source, .. } => {
                let older = "or ask for an older version of the server, for example with `<VERSION` behind its name";
                source.hint().into_iter().chain([older.to_owned()]).collect()
            }
            Self::Local(source) => source.hint().into_iter().collect(),
            Self::Source(source) => source.hint().into_iter().collect(),
            Self::Launch(source) => source
                .hint()
                .map_or_else(|| one("review the change with `mcp-pin verify`"), |hint| vec![hint]),
            Self::Refused { reason, .. } => vec![reason.hint()],
            Self::Untrustworthy { .. } => {
                one("this cannot be accepted; nothing was changed. Report it to the package's maintainers and the registry")
            }
            Self::Probe { hints, .. } => hints.clone(),
            Self::Entry { hint, .. }
            | Self::TrustInput { hint, .. }
            | Self::Build { hint, .. }
            | Self::NotPossible { hint, .. }
            | Self::Machine { hint, .. } => hint.iter().cloned().collect(),
            Self::NothingHere { global: false, .. } => {
                one("add a server with `mcp-pin install npm:NAME`, or use `--global` for your own servers")
            }
            Self::NothingHere { global: true, .. } => one("add a server with `mcp-pin install --global npm:NAME`"),
            Self::NotStarted { command, cause, .. } if command.is_empty() => cause.as_ref().map_or_else(Vec::new, |cause| cause.hints()),
            Self::NotStarted { command, .. } => vec![format!("run `{command}`")],
            Self::NotInLock { name, known, beside, .. } => {
                let beside = beside.as_ref().map(|lock| {
                    let lock = crate::surface::visible(&lock.display().to_string());
                    format!("for a server of the project here: `mcp-pin run --lock {lock} {name}`")
                });
                near(name, known).into_iter().chain(beside).collect()
            }
            Self::NoSuchServer { known, .. } if known.is_empty() => one("no server is there yet: `mcp-pin install npm:NAME`"),
            Self::NoSuchServer { name, known } => near(name, known).into_iter().collect(),
            Self::NotLocked { name } => vec![format!("lock it with `mcp-pin update {name}`")],
            Self::NameTaken { .. } => one("choose another name with `--name`, or remove the other first"),
            Self::EnvName(_) => one("name a variable of the client's, for example `--env API_KEY`"),
            Self::OneAtATime { .. } => one("install one server a call"),
            Self::Locked { .. } => one("run it without `--locked`, review, and commit the lockfile"),
            Self::Offline { .. } => one("run it again without `--offline`"),
            Self::NoDrift { name } => vec![format!("`mcp-pin verify {name}` looks for drift and records it")],
            Self::OnlySeenRunning { name } => vec![
                format!("`mcp-pin verify {name}` probes the server again; what it shows then can be approved"),
                format!("`mcp-pin log` has what it showed while it ran"),
            ],
            Self::TrustStored { .. } | Self::TrustNeverFetched { .. } => one("fetch it with `mcp-pin trust refresh`"),
            Self::TrustRefresh { source, .. } => source.hint().into_iter().collect(),
            Self::NoSuchCode { .. } => one("`mcp-pin explain` lists them all"),
            Self::Edit { source, .. } => source.hint().into_iter().collect(),
            Self::ManifestDiffers { name, .. } => vec![format!(
                "`mcp-pin update {name}` resolves what the manifest asks for, shows it, and asks"
            )],
            Self::NothingToVerify { .. } => one("add a server with `mcp-pin install npm:NAME`, or use `--global` for your own servers"),
            Self::NotApproved { .. } => one("`mcp-pin install` shows it and asks"),
            Self::NoName { .. } => one("give one with `--name NAME`"),
            Self::NoHome => one("set HOME, or MCP_PIN_HOME to a folder for the store"),
            Self::Archive(_)
            | Self::TrustRoot { .. }
            | Self::RegistryKeys { .. }
            | Self::File { .. }
            | Self::WorkingDirectory { .. }
            | Self::OwnBinary { .. }
            | Self::Output { .. }
            | Self::Worker { .. } => Vec::new(),
        }
    }
}

/// What there is instead of a name.
fn near(name: &ServerName, known: &[ServerName]) -> Option<String> {
    let there = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    match crate::manifest::nearest(name.as_str(), known.iter().map(ServerName::as_str)) {
        Some(near) if known.len() > 1 => Some(format!("did you mean `{near}`? there is {there}")),
        Some(near) => Some(format!("did you mean `{near}`?")),
        None => (!known.is_empty()).then(|| format!("there is {there}")),
    }
}
