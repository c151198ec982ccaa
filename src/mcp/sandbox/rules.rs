//! Landlock: what the process may touch, also where it still sees more.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
    Scope, path_beneath_rules,
};

/// What a server may do with files and the network.
pub(super) struct Rules<'a> {
    pub(super) read: Vec<PathBuf>,
    pub(super) write: Vec<&'a Path>,
    /// Read and written, but nothing is made or removed there.
    pub(super) devices: Vec<PathBuf>,
    pub(super) network: bool,
    /// Fail where the kernel has less than this (which with V4 keeps TCP, too, unless allowed);
    /// without it, take what there is.
    pub(super) least: Option<ABI>,
}

/// Puts the rules in force for this process and all it will start.
pub(super) fn restrict(rules: &Rules<'_>) -> Result<(), RulesetError> {
    let files = AccessFs::from_all(ABI::V6);
    let mut ruleset = Ruleset::default();
    if let Some(least) = rules.least {
        ruleset = ruleset
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(least))?;
        if !rules.network && least >= ABI::V4 {
            ruleset = ruleset.handle_access(AccessNet::from_all(ABI::V4))?;
        }
        ruleset = ruleset.set_compatibility(CompatLevel::BestEffort);
    }
    if !rules.network {
        ruleset = ruleset.handle_access(AccessNet::from_all(ABI::V4))?;
    }
    ruleset
        .handle_access(files)?
        .scope(Scope::from_all(ABI::V6))?
        .create()?
        .add_rules(path_beneath_rules(&rules.read, AccessFs::from_read(ABI::V6)))?
        .add_rules(path_beneath_rules(&rules.write, files))?
        .add_rules(path_beneath_rules(&rules.devices, AccessFs::ReadFile | AccessFs::WriteFile))?
        .restrict_self()
        .map(drop)
}

/// The newest interface of Landlock that the kernel has; `None`: it has none, or it is switched off.
/// Only asks: nothing is put in force.
pub(super) fn newest() -> Option<u8> {
    let all = [(6, ABI::V6), (5, ABI::V5), (4, ABI::V4), (3, ABI::V3), (2, ABI::V2), (1, ABI::V1)];
    let has = |abi: ABI| {
        let mut ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(abi))?;
        if abi >= ABI::V4 {
            ruleset = ruleset.handle_access(AccessNet::from_all(abi))?;
        }
        if abi >= ABI::V6 {
            ruleset = ruleset.scope(Scope::from_all(abi))?;
        }
        ruleset.create().map(drop)
    };
    all.into_iter().find(|(_, abi)| has(*abi).is_ok()).map(|(number, _)| number)
}
