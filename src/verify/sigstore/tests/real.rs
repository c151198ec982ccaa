//! Real bundles, as the registry gave them, hold.

use super::bundles;

#[test]
fn every_real_bundle_is_proved() {
    let Some(folder) = bundles::folder() else { return };
    for sample in bundles::all(&folder) {
        let proof = sample
            .judge(&sample.text())
            .unwrap_or_else(|error| panic!("{}: {error}", sample.name));
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
