//! Real bundles, as the registry gave them, hold.

use super::bundles::{self, now, public_good};
use crate::verify::sigstore::{Artifact, Bundle, prove};

#[test]
fn every_real_bundle_is_proved() {
    let Some(folder) = bundles::folder() else { return };
    let root = public_good();
    for sample in bundles::real(&folder) {
        let bundle = Bundle::parse(&sample.text()).unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        let proof = prove(&root, &bundle, Artifact::Digest(&sample.digest), sample.by(), now());
        let proof = proof.unwrap_or_else(|error| panic!("{}: {error}", sample.name));
        println!(
            "{}: {:?}\n {:?} {:?} {:?} {:?}",
            sample.name,
            proof.identity(),
            proof.git_ref(),
            proof.commit(),
            proof.run(),
            proof.log_checks()
        );
    }
}
