//! Which changes of evidence are told, and which are none.

use std::collections::BTreeMap;

use crate::diff::diff_closures;
use crate::model::{Change, Closure, Evidence, Identity, Integrity, Level, LockedPackage, Provenance, RegistrySignature, Sha256Digest};

fn built(change: impl FnOnce(&mut Identity), git_ref: &str) -> Evidence {
    let some = |text: &str| Some(text.to_owned());
    let mut identity = Identity {
        issuer: "https://issuer.example".into(),
        signer: "https://host.example/Owner/name/.ci/release.yml".into(),
        repository: some("https://host.example/Owner/name"),
        repository_id: some("1"),
        owner_id: some("2"),
        workflow: some(".ci/release.yml"),
        builder: some("github-hosted"),
    };
    change(&mut identity);
    Evidence {
        provenance: Some(Provenance {
            identity,
            git_ref: Some(git_ref.to_owned()).filter(|text| !text.is_empty()),
            commit: some("0123"),
            bundles: [Sha256Digest::of(git_ref)].into(),
        }),
        ..Evidence::default()
    }
}

fn of_level(level: Level) -> Evidence {
    match level {
        Level::Hash => Evidence::default(),
        Level::Signed => Evidence {
            signature: Some(RegistrySignature {
                keyid: "k".into(),
                signature: "AAAA".into(),
                published: None,
            }),
            ..Evidence::default()
        },
        Level::Provenance => built(|_| (), "refs/heads/main"),
    }
}

fn package(name: &str, version: &str, evidence: Evidence) -> LockedPackage {
    let mut bytes = [0; 64];
    bytes[..version.len()].copy_from_slice(version.as_bytes());
    let mut package = crate::lock::sample::locked(name, version);
    *package.archive_mut() = crate::model::LockedArchive {
        file: None,
        integrity: Integrity::Sha512(bytes),
        evidence,
    };
    package
}

/// A closure of copies of `helper` below the server's own package.
fn closure(copies: Vec<(&str, Evidence)>) -> Closure {
    let mut packages = BTreeMap::from([("node_modules/top".parse().unwrap(), package("top", "1.0.0", Evidence::default()))]);
    for (index, (version, evidence)) in copies.into_iter().enumerate() {
        let path = if index == 0 {
            "node_modules/helper".to_owned()
        } else {
            format!("node_modules/p{index}/node_modules/helper")
        };
        packages.insert(path.parse().unwrap(), package("helper", version, evidence));
    }
    Closure {
        root: "node_modules/top".parse().unwrap(),
        packages,
    }
}

fn told(before: Vec<(&str, Evidence)>, after: Vec<(&str, Evidence)>) -> Vec<String> {
    let changes = diff_closures(&closure(before), &closure(after));
    let line = |change: &Change| match change {
        Change::EvidenceLevel {
            version,
            before_version,
            before,
            after,
            ..
        } => Some(format!("{version} {after}, {before_version} {before}")),
        Change::Signer {
            field,
            before,
            after,
            version,
            ..
        } => Some(format!("{version} {field} {before}>{after}")),
        _ => None,
    };
    changes.iter().filter_map(line).collect()
}

const LEVELS: [Level; 3] = [Level::Hash, Level::Signed, Level::Provenance];

#[test]
fn every_level_against_every_other() {
    for before in LEVELS {
        for after in LEVELS {
            for version in ["1.0.0", "1.1.0"] {
                let told = told(vec![("1.0.0", of_level(before))], vec![(version, of_level(after))]);
                let expected = (before != after).then(|| format!("{version} {after}, 1.0.0 {before}"));
                assert_eq!(told, Vec::from_iter(expected), "{before} {after}");
            }
        }
    }
}

#[test]
fn the_weakest_copy_is_held_against_the_best_one() {
    let (hash, proved) = (of_level(Level::Hash), of_level(Level::Provenance));
    // One good copy hides no bad one, and a bad one of before excuses none.
    assert_eq!(
        told(
            vec![("1.0.0", hash.clone()), ("2.0.0", proved.clone())],
            vec![("1.0.1", hash.clone()), ("2.0.1", proved.clone())]
        ),
        ["1.0.1 hash, 2.0.0 provenance"]
    );
    // The same archive in two places counts as the weaker.
    assert_eq!(
        told(
            vec![("1.0.0", proved.clone())],
            vec![("1.0.1", proved.clone()), ("1.0.1", hash.clone())]
        ),
        ["1.0.1 hash, 1.0.0 provenance"]
    );
    // What nobody touched is no change, also where it moved.
    let mixed = vec![("1.0.0", hash.clone()), ("2.0.0", proved.clone())];
    assert!(told(mixed.clone(), mixed.clone()).is_empty());
    assert!(told(mixed.clone(), mixed.into_iter().rev().collect()).is_empty());
    // The same bytes are measured by what was proved of them.
    assert_eq!(
        told(
            vec![("1.0.0", of_level(Level::Signed)), ("2.0.0", proved.clone())],
            vec![("1.0.0", hash), ("2.0.0", proved)]
        ),
        ["1.0.0 hash, 1.0.0 signed"]
    );
}

#[test]
fn a_lost_level_names_what_it_was_built_from_and_whose_it_is() {
    let before = closure(vec![("1.0.0", of_level(Level::Provenance))]);
    let after = closure(vec![("1.1.0", of_level(Level::Hash))]);
    let expected = |own| Change::EvidenceLevel {
        name: "helper".parse().unwrap(),
        own,
        version: "1.1.0".into(),
        integrity: package("helper", "1.1.0", Evidence::default()).archive_mut().integrity.clone(),
        before_version: "1.0.0".into(),
        before_source: Some("https://host.example/Owner/name".into()),
        before: Level::Provenance,
        after: Level::Hash,
    };
    assert!(diff_closures(&before, &after).contains(&expected(false)));
    let own = |mut closure: Closure| {
        closure.root = "node_modules/helper".parse().unwrap();
        closure
    };
    assert!(diff_closures(&own(before), &own(after)).contains(&expected(true)));
}

#[test]
fn provenance_without_the_registrys_word_is_told_where_the_word_was_there() {
    let lost = |before: &[(&str, Evidence)], after: Evidence| {
        let changes = diff_closures(&closure(before.to_vec()), &closure(vec![("1.1.0", after)]));
        changes.iter().find_map(|change| match change {
            Change::RegistryWordLost { before_version, .. } => Some(before_version.clone()),
            _ => None,
        })
    };
    let (signed, built) = (of_level(Level::Signed), of_level(Level::Provenance));
    let both = Evidence {
        signature: signed.signature.clone(),
        ..built.clone()
    };
    for before in [&signed, &both] {
        assert_eq!(lost(&[("1.0.0", before.clone())], built.clone()).as_deref(), Some("1.0.0"));
        assert_eq!(lost(&[("1.0.0", before.clone())], both.clone()), None);
    }
    assert_eq!(lost(&[("1.0.0", built.clone())], built.clone()), None);
    assert_eq!(lost(&[("1.0.0", Evidence::default())], built.clone()), None);
    // The level says enough where there is nothing at all.
    assert_eq!(lost(&[("1.0.0", signed.clone())], Evidence::default()), None);
    let copies = [("0.9.0", built.clone()), ("1.0.0", signed)];
    assert_eq!(lost(&copies, built).as_deref(), Some("1.0.0"));
}

#[test]
fn a_package_that_is_new_or_gone_raises_nothing_here() {
    let one = vec![("1.0.0", of_level(Level::Provenance))];
    assert!(told(vec![], one.clone()).is_empty());
    assert!(told(one, vec![]).is_empty());
}

/// `helper` 1.0.0 built as usual, and 1.1.0 built as changed.
fn signer(change: impl FnOnce(&mut Identity)) -> Vec<String> {
    told(
        vec![("1.0.0", built(|_| (), "refs/tags/v1.0.0"))],
        vec![("1.1.0", built(change, "refs/tags/v1.1.0"))],
    )
}

#[test]
fn every_field_of_an_identity_is_compared() {
    assert!(signer(|_| ()).is_empty());
    let x = || Some("x".to_owned());
    assert_eq!(signer(|id| id.issuer = "x".into()), ["1.1.0 issuer https://issuer.example>x"]);
    assert_eq!(
        signer(|id| id.signer = "x".into()),
        ["1.1.0 signer https://host.example/Owner/name/.ci/release.yml>x"]
    );
    assert_eq!(
        signer(|id| id.repository = x()),
        ["1.1.0 repository https://host.example/Owner/name>x"]
    );
    assert_eq!(signer(|id| id.repository_id = x()), ["1.1.0 repository-id 1>x"]);
    assert_eq!(signer(|id| id.owner_id = x()), ["1.1.0 owner-id 2>x"]);
    assert_eq!(signer(|id| id.workflow = x()), ["1.1.0 workflow .ci/release.yml>x"]);
    assert_eq!(signer(|id| id.builder = x()), ["1.1.0 builder github-hosted>x"]);
    let other_ref = told(
        vec![("1.0.0", built(|_| (), "refs/tags/v1.0.0"))],
        vec![("1.1.0", built(|_| (), "refs/heads/fix"))],
    );
    assert_eq!(other_ref, ["1.1.0 ref refs/tags/v*>refs/heads/fix"]);
    let no_ref = told(
        vec![("1.0.0", built(|_| (), "refs/heads/main"))],
        vec![("1.1.0", built(|_| (), ""))],
    );
    assert_eq!(no_ref, ["1.1.0 ref refs/heads/main>"]);
}

#[test]
fn the_same_bytes_signed_by_somebody_else_are_told() {
    let told = told(
        vec![("1.0.0", built(|_| (), "refs/heads/main"))],
        vec![("1.0.0", built(|id| id.repository_id = Some("9".into()), "refs/heads/main"))],
    );
    assert_eq!(told, ["1.0.0 repository-id 1>9"]);
}

#[test]
fn a_hosts_name_may_be_written_in_any_case() {
    let cased = |id: &mut Identity| {
        id.repository = Some("https://host.example/owner/NAME".into());
        id.signer = "https://host.example/owner/NAME/.ci/release.yml".into();
    };
    assert!(signer(cased).is_empty());
    let path_cased = |id: &mut Identity| id.signer = "https://host.example/Owner/name/.ci/RELEASE.yml".into();
    assert_eq!(signer(path_cased).len(), 1);
    // A longer name is not inside.
    let longer = |id: &mut Identity| id.signer = "https://host.example/Owner/name2/.ci/release.yml".into();
    assert_eq!(signer(longer).len(), 1);
}

#[test]
fn numbers_that_older_certificates_lack_are_no_change_and_lost_ones_are() {
    let bare = |id: &mut Identity| (id.repository_id, id.owner_id) = (None, None);
    let old = || ("1.0.0", built(bare, "refs/heads/main"));
    let new = |version| (version, built(|_| (), "refs/heads/main"));
    assert!(told(vec![old()], vec![new("1.1.0")]).is_empty());
    assert_eq!(signer(bare), ["1.1.0 repository-id 1>", "1.1.0 owner-id 2>"]);
    // An old certificate does not vouch for a squatter where a newer one names the number.
    let squatted = (
        "1.2.0",
        built(
            |id| (id.repository_id, id.owner_id) = (Some("666".into()), Some("667".into())),
            "refs/heads/main",
        ),
    );
    assert_eq!(
        told(vec![old(), new("1.1.0")], vec![squatted]),
        ["1.2.0 repository-id 1>666", "1.2.0 owner-id 2>667"]
    );
    // What was approved without numbers stays what it is.
    assert!(
        told(
            vec![old(), new("1.1.0")],
            vec![("1.0.1", built(bare, "refs/heads/main")), new("1.1.0")]
        )
        .is_empty()
    );
}

#[test]
fn a_new_copy_is_held_against_every_identity_before_but_not_a_mixture() {
    let main = "refs/heads/main";
    let a = || ("1.0.0", built(|_| (), main));
    let other = |id: &mut Identity| {
        id.repository = Some("https://host.example/Other/name".into());
        id.repository_id = Some("7".into());
    };
    let b = || ("2.0.0", built(other, main));
    assert!(told(vec![a(), b()], vec![a(), ("2.1.0", built(other, main))]).is_empty());
    // The name of one with the number of the other.
    let mixed = |id: &mut Identity| id.repository_id = Some("7".into());
    let told = told(vec![a(), b()], vec![a(), ("2.1.0", built(mixed, main))]);
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn a_move_of_the_repository_is_told_field_by_field() {
    let moved = |id: &mut Identity| {
        id.repository = Some("https://host.example/Evil/name".into());
        id.signer = "https://host.example/Evil/name/.ci/release.yml".into();
        id.repository_id = Some("8".into());
        id.owner_id = Some("9".into());
    };
    let fields: Vec<_> = signer(moved)
        .iter()
        .map(|line| line.split(' ').nth(1).unwrap().to_owned())
        .collect();
    assert_eq!(fields, ["signer", "repository", "repository-id", "owner-id"]);
}
