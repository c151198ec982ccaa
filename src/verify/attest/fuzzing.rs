//! Doors for the fuzz targets behind the signatures: what is read only once it is proved. Not built
//! otherwise.

use super::filename::Distribution;
use super::gather::Signer;
use super::slsa;
use super::statement::{Statement, publish_predicate};
use crate::model::{Identity, Integrity, PackageName};

/// What a signed statement would have to say, and who signed it.
#[derive(Debug)]
pub struct Expected {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: String,
    /// Its archive.
    pub archive: Integrity,
    /// The signer.
    pub identity: Identity,
}

/// What of a statement holds, each for itself.
#[derive(Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "four answers to four questions")]
pub struct Holds {
    /// It is about these bytes.
    pub bytes: bool,
    /// It is about this package and version.
    pub package: bool,
    /// It is the registry's word that this version was published.
    pub published: bool,
    /// It is provenance that contradicts nothing in the certificate.
    pub provenance: bool,
}

/// Reads a statement as if it had been signed; `None` where it cannot be read.
pub fn statement(bytes: &[u8], expected: &Expected) -> Option<Holds> {
    let statement = Statement::read(bytes).ok()?;
    let signer = Signer {
        identity: expected.identity.clone(),
        git_ref: Some("refs/tags/v1.0.0".to_owned()),
        commit: Some("c0ffee0000000000000000000000000000000001".to_owned()),
        run: None,
    };
    Some(Holds {
        bytes: statement.is_about_bytes(&expected.archive).is_ok(),
        package: statement.is_about_npm(&expected.name, &expected.version).is_ok(),
        published: publish_predicate(&statement.predicate, &expected.name, &expected.version).is_ok(),
        provenance: slsa::agree(&statement.predicate_type, &statement.predicate, &signer).is_ok(),
    })
}

/// Whether two file names are one Python distribution's; `None` where either is no such name.
pub fn same_distribution(one: &str, other: &str) -> Option<bool> {
    Some(Distribution::parse(one)? == Distribution::parse(other)?)
}
