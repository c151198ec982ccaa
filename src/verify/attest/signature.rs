//! The registry's own signatures over `name@version:integrity`.
//!
//! The attacks: a registry or mirror that serves another archive than the one that was signed; a
//! signature moved from one version to another; a key that has expired signing something new. The
//! message is built from the digest that was computed here, never from the registry's words.
//!
//! The date of publication is the registry's word, as it is for npm's own client: it can only ever
//! make an expired key's signature count less, unless whoever holds the expired key also rewrites
//! dates. Log times bind publish attestations more strongly.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::keys::{KeySet, Usage};
use super::{NpmSubject, Refused, forged, quoted, undecidable};
use crate::model::RegistrySignature;

/// What is to be pinned of the signatures, and what was checked.
#[derive(Debug, Default)]
pub(super) struct Signed {
    pub(super) pin: Option<RegistrySignature>,
    pub(super) checked: Vec<String>,
}

/// Checks every delivered signature; see the steps in [`super`].
pub(super) fn check(keys: &KeySet, subject: NpmSubject<'_>, signatures: &[RegistrySignature]) -> Result<Signed, Refused> {
    let NpmSubject { name, version, archive } = subject;
    let message = format!("{name}@{version}:{}", archive.integrity());
    let mut signed = Signed::default();
    let mut lasting = false;
    let mut unjudged = Vec::new();
    for signature in signatures {
        let keyid = quoted(&signature.keyid);
        let Some(key) = keys.find(&signature.keyid, Usage::Signatures) else {
            unjudged.push(format!(
                "the key set knows no key `{keyid}` for registry signatures; \
                 `mcp-pin trust refresh` fetches the public registry's, `[trust] registry-keys` names a private one's"
            ));
            continue;
        };
        let bytes = STANDARD.decode(&signature.signature).unwrap_or_default();
        if !key.key.verifies(message.as_bytes(), &bytes) {
            return Err(forged(format!(
                "the registry's signature by the key `{keyid}` is not over `{message}`: \
                 the archive, its name or its version is not what was signed"
            )));
        }
        match (key.end(), signature.published) {
            (None, _) => {
                if !lasting {
                    signed.pin = Some(RegistrySignature {
                        published: None,
                        ..signature.clone()
                    });
                }
                lasting = true;
                signed.checked.push(format!("registry signature by key {keyid} over {message}"));
            }
            (Some(end), Some(published)) if key.covers(published) => {
                signed.pin.get_or_insert_with(|| signature.clone());
                signed.checked.push(format!(
                    "registry signature by key {keyid} over {message}; the key counts until {end}, \
                     and the registry says that the version was published at {published}"
                ));
            }
            (Some(end), Some(published)) => {
                return Err(forged(format!(
                    "the registry's signature over `{message}` is signed with a key that had expired: \
                     `{keyid}` does not count for {published} (its time ended at {end})"
                )));
            }
            (Some(end), None) => unjudged.push(format!(
                "the registry's key `{keyid}` counts until {end}, and no date says whether the version was published before; \
                 `mcp-pin update` asks the registry again"
            )),
        }
    }
    if signed.pin.is_none()
        && let Some(why) = unjudged.first()
    {
        return Err(undecidable(format!(
            "the registry's signature over `{message}` cannot be judged: {why}"
        )));
    }
    signed.checked.extend(
        unjudged
            .into_iter()
            .map(|why| format!("passed over a further registry signature: {why}")),
    );
    Ok(signed)
}
