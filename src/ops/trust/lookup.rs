//! What a registry offers about one file: the registry that npm is configured with, or the index
//! that uv or pip is.
//!
//! "Nothing" is only ever the registry's explicit word; whatever else goes wrong is an error.

use crate::error::Error;
use crate::model::{Integrity, PackageName, RegistrySignature};
use crate::net::{Network, NetworkOptions};
use crate::ops::tools::Tools;
use crate::ops::{Context, Interact};
use crate::registry::pypi::{Pypi, PypiError, file_parts};
use crate::verify::attest::{Document, Refused, Undecidable, read_npm_reply, read_pep740};

/// What is offered.
#[derive(Debug)]
pub(super) struct Offered {
    /// Registry signatures.
    pub signatures: Vec<RegistrySignature>,
    /// Attestations; or why what came cannot be read, or cannot be about this file.
    pub documents: Result<Vec<Document>, Refused>,
    /// What the registry said where it has nothing.
    pub nothing: String,
    /// What the registry announces and says that it does not have: told beside whatever else holds.
    pub missing: Option<&'static str>,
}

impl Offered {
    /// Nothing yet, and what to say if it stays so.
    fn nothing(why: impl Into<String>) -> Self {
        Self {
            signatures: Vec::new(),
            documents: Ok(Vec::new()),
            nothing: why.into(),
            missing: None,
        }
    }
}

impl Offered {
    /// Documents that the person brought.
    pub(super) fn given(documents: Result<Vec<Document>, Undecidable>) -> Self {
        Self {
            documents: documents.map_err(Refused::from),
            ..Self::nothing("the documents hold no attestation")
        }
    }
}

/// What npm's registry offers about a version.
///
/// # Errors
/// The network, npm, or a document that cannot be read.
pub(super) async fn npm(context: &Context, person: &dyn Interact, name: &PackageName, version: &str) -> Result<Offered, Error> {
    let tools = Tools::open(context, person)?;
    let (npm, network) = tools.online(&format!("ask for the attestations of {name}@{version}")).await?;
    let Some(release) = npm.packument(network, name).await?.release(version)? else {
        return Ok(Offered::nothing(format!("the registry has no {name}@{version}")));
    };
    let mut offered = Offered::nothing("the registry neither signed it nor announces attestations");
    if let Some(announced) = &release.attestations {
        if let Some(reply) = npm.attestations(network, name, version, Some(announced)).await? {
            offered.documents = read_npm_reply(&reply).map_err(Refused::from);
        } else {
            let missing = "the registry announces attestations and says that there are none";
            offered = Offered::nothing(missing);
            offered.missing = Some(missing);
        }
    }
    offered.signatures = release.signatures;
    Ok(offered)
}

/// What the Python index offers about a file with these bytes.
///
/// # Errors
/// The network, the index's configuration, or a page that cannot be read.
pub(super) async fn pypi(context: &Context, person: &dyn Interact, file_name: &str, digest: &Integrity) -> Result<Offered, Error> {
    if context.offline {
        return Err(Error::Offline {
            what: format!("ask for the attestations of {file_name}"),
        });
    }
    let tools = Tools::open(context, person)?;
    let scratch = tools.store.scratch()?;
    let pypi = Pypi::discover(context.env.all(), context.project_root().as_deref(), scratch.path()).await?;
    let network = Network::new(&NetworkOptions::default())?;
    let (project, _) = file_parts(file_name).ok_or_else(|| PypiError::Name {
        name: file_name.to_owned(),
    })?;
    let Some(file) = pypi.file(&network, &project, file_name).await? else {
        return Ok(Offered::nothing(format!("the index has no file {file_name}")));
    };
    if file.sha256.as_ref().is_some_and(|listed| listed != digest) {
        let attack = format!("the index lists {file_name} with another digest: these are other bytes");
        return Ok(Offered {
            documents: Err(Refused::Forged { attack }),
            ..Offered::nothing("")
        });
    }
    Ok(match pypi.provenance(&network, &file).await? {
        Some(object) => Offered::given(read_pep740(&object)),
        None if file.provenance.is_some() => Offered::nothing("the index announces provenance and says that there is none"),
        None => Offered::nothing("the index announces no provenance for it"),
    })
}
