use super::*;
use crate::model::{Integrity, LockedArchive, NodeTerms};

fn package(name: &str, dependencies: &[(&str, &str)]) -> (InstallPath, LockedPackage) {
    let name: PackageName = name.parse().unwrap();
    let terms = NodeTerms {
        dependencies: dependencies
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect(),
        ..NodeTerms::default()
    };
    let package = LockedPackage {
        version: "1.0.0".into(),
        archives: vec![LockedArchive {
            file: None,
            integrity: Integrity::Sha256([0; 32]),
            evidence: crate::model::Evidence::default(),
        }],
        scripts: BTreeMap::new(),
        native: false,
        terms: Terms::Node(terms),
        name: name.clone(),
    };
    (InstallPath::child(None, &name), package)
}

/// Layers in which everybody needs everybody of the next: ways without number.
#[test]
fn a_closure_with_ways_without_number_gives_its_shortest_at_once() {
    let mut packages = BTreeMap::new();
    let name = |layer: usize, at: usize| format!("p{layer}-{at}");
    for layer in 0..12 {
        for at in 0..10 {
            let below: Vec<_> = (0..10).map(|next| name(layer + 1, next)).collect();
            let mut edges: Vec<_> = below.iter().map(|name| (name.as_str(), "^1")).collect();
            if layer == 11 {
                edges = vec![("end", "*"), ("p0-0", "*")];
            }
            packages.extend([package(&name(layer, at), &edges)]);
        }
    }
    packages.extend([package("end", &[]), package("root", &[("p0-0", "^1"), ("p11-9", "^1")])]);
    let closure = Closure {
        root: "node_modules/root".parse().unwrap(),
        packages,
    };
    let pin = crate::lock::sample::lockfile().servers.into_values().next().unwrap();
    let (ways, more) = Graph::of(&pin, &closure).ways(&"node_modules/end".parse().unwrap());
    assert!(more && ways.len() == MAX_WAYS, "{}", ways.len());
    let names = |way: &[Step]| way.iter().map(|step| step.name.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&ways[0]), ["root", "p11-9", "end"]);
    assert!(ways.iter().all(|way| way.windows(2).all(|pair| pair[0].name != pair[1].name)));
    let lengths: Vec<_> = ways.iter().map(Vec::len).collect();
    assert!(lengths.is_sorted(), "{lengths:?}");
}
