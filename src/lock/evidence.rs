//! What a lock says about who made an archive.
//!
//! The attack: a lock that claims more than it holds ("provenance" over nothing), or names a signer
//! in a way that a reviewer reads as another one. The level is read only to be compared with what
//! the members give; every text is bounded and shows what it is; nothing has two spellings.
//!
//! Nothing of it is proved by being read: `verify::attest` proves it again from the bundles.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::EntryError;
use super::wire::{WireEvidence, WireProvenance, WireSignature};
use crate::model::{Evidence, Identity, Provenance, RegistrySignature, Sha256Digest};
use crate::surface::visible::is_invisible;

/// The longest text of an identity, in bytes. Certificates hold addresses, and those are shorter.
const MAX_TEXT: usize = 2048;
/// The longest label of a key, in bytes.
const MAX_KEYID: usize = 256;
/// The longest signature in base64. One of ECDSA P-256 has 96 characters, one of RSA 4096 684.
const MAX_SIGNATURE: usize = 1024;
/// The most bundles that one archive is proved with.
const MAX_BUNDLES: usize = 64;

/// Whether evidence can stand in a lock: the reader refuses what does not pass here, so whoever
/// pins evidence asks first.
///
/// # Errors
/// The rule that is broken.
pub fn check_evidence(evidence: &Evidence) -> Result<(), EntryError> {
    let Evidence {
        signature,
        publish: _,
        provenance,
    } = evidence;
    if let Some(RegistrySignature {
        keyid,
        signature,
        published: _,
    }) = signature
    {
        text(keyid, MAX_KEYID)?;
        let exact = STANDARD.decode(signature).is_ok_and(|bytes| STANDARD.encode(bytes) == *signature);
        if !exact || signature.is_empty() || signature.len() > MAX_SIGNATURE {
            return Err(EntryError::Rule(
                "the registry's signature is not base64 in its one spelling, or is too long",
            ));
        }
    }
    let Some(Provenance {
        identity,
        git_ref,
        commit,
        bundles,
    }) = provenance
    else {
        return Ok(());
    };
    let Identity {
        issuer,
        signer,
        repository,
        repository_id,
        owner_id,
        workflow,
        builder,
    } = identity;
    let optional = [repository, repository_id, owner_id, workflow, builder, git_ref, commit];
    for part in [issuer, signer].into_iter().chain(optional.into_iter().flatten()) {
        text(part, MAX_TEXT)?;
    }
    if bundles.is_empty() || bundles.len() > MAX_BUNDLES {
        return Err(EntryError::Rule("provenance without a bundle, or with more than 64"));
    }
    Ok(())
}

fn text(text: &str, limit: usize) -> Result<(), EntryError> {
    if text.is_empty() {
        Err(EntryError::Rule("a member of `evidence` is empty"))
    } else if text.len() > limit {
        Err(EntryError::Rule("a member of `evidence` is too long"))
    } else if text.chars().any(is_invisible) {
        Err(EntryError::Rule("a control or invisible character stands in `evidence`"))
    } else {
        Ok(())
    }
}

/// Wire to model, with every rule.
pub(super) fn read(wire: WireEvidence) -> Result<Evidence, EntryError> {
    let WireEvidence {
        level,
        signature,
        publish,
        provenance,
    } = wire;
    let evidence = Evidence {
        signature: signature.map(read_signature).transpose()?,
        publish: publish.map(|digest| digest.parse()).transpose()?,
        provenance: provenance.map(read_provenance).transpose()?,
    };
    if evidence == Evidence::default() {
        return Err(EntryError::Rule("`evidence` holds nothing: it must be left out"));
    }
    if level.parse() != Ok(evidence.level()) {
        return Err(EntryError::Rule("`level` says something else than the evidence beside it gives"));
    }
    check_evidence(&evidence)?;
    Ok(evidence)
}

fn read_signature(wire: WireSignature) -> Result<RegistrySignature, EntryError> {
    let WireSignature {
        keyid,
        signature,
        published,
    } = wire;
    let moment = |text: String| {
        let moment: Option<Timestamp> = text.parse().ok();
        moment
            .filter(|moment| moment.to_string() == text)
            .ok_or(EntryError::Rule("`published` is no moment in its one spelling"))
    };
    Ok(RegistrySignature {
        keyid,
        signature,
        published: published.map(moment).transpose()?,
    })
}

fn read_provenance(wire: WireProvenance) -> Result<Provenance, EntryError> {
    let WireProvenance {
        issuer,
        signer,
        repository,
        repository_id,
        owner_id,
        workflow,
        builder,
        git_ref,
        commit,
        bundles,
    } = wire;
    if !bundles.is_sorted_by(|a, b| a < b) {
        return Err(EntryError::Rule("`bundles` is not sorted, or names one twice"));
    }
    let bundles = bundles
        .iter()
        .map(|digest| digest.parse())
        .collect::<Result<BTreeSet<Sha256Digest>, _>>()?;
    Ok(Provenance {
        identity: Identity {
            issuer,
            signer,
            repository,
            repository_id,
            owner_id,
            workflow,
            builder,
        },
        git_ref,
        commit,
        bundles,
    })
}

/// Model to wire; `None` where there is nothing, which is what keeps an approval of an entry
/// without evidence valid over the change of the format.
pub(super) fn wire(evidence: &Evidence) -> Option<WireEvidence> {
    let Evidence {
        signature,
        publish,
        provenance,
    } = evidence;
    (*evidence != Evidence::default()).then(|| WireEvidence {
        level: evidence.level().to_string(),
        signature: signature.as_ref().map(wire_signature),
        publish: publish.map(|digest| digest.to_string()),
        provenance: provenance.as_ref().map(wire_provenance),
    })
}

fn wire_signature(signature: &RegistrySignature) -> WireSignature {
    let RegistrySignature {
        keyid,
        signature,
        published,
    } = signature;
    WireSignature {
        keyid: keyid.clone(),
        signature: signature.clone(),
        published: published.map(|moment| moment.to_string()),
    }
}

fn wire_provenance(provenance: &Provenance) -> WireProvenance {
    let Provenance {
        identity,
        git_ref,
        commit,
        bundles,
    } = provenance;
    let Identity {
        issuer,
        signer,
        repository,
        repository_id,
        owner_id,
        workflow,
        builder,
    } = identity;
    WireProvenance {
        issuer: issuer.clone(),
        signer: signer.clone(),
        repository: repository.clone(),
        repository_id: repository_id.clone(),
        owner_id: owner_id.clone(),
        workflow: workflow.clone(),
        builder: builder.clone(),
        git_ref: git_ref.clone(),
        commit: commit.clone(),
        bundles: bundles.iter().map(ToString::to_string).collect(),
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
