//! What a change of a surface must be reported as, and what must stay quiet.

use super::*;
use crate::model::Shape;
use serde_json::json;

fn view(era: Era, client: ClientProfile, tools: &[Value]) -> View {
    let items = tools
        .iter()
        .map(|tool| Item {
            key: tool["name"].as_str().unwrap().into(),
            definition: tool.clone(),
            digest: digest(tool),
        })
        .collect();
    View {
        era,
        client,
        handshake: json!({"serverInfo": {"name": "s", "version": "1"}, "capabilities": {"tools": {}}}),
        items: BTreeMap::from([(ItemKind::Tool, items)]),
    }
}

fn surface(views: Vec<View>) -> Surface {
    Surface {
        env: vec![],
        network: false,
        views,
        volatile: vec![],
    }
}

fn legacy(tools: &[Value]) -> Surface {
    surface(vec![view(Era::Legacy, ClientProfile::Any, tools)])
}

fn volatile(at: &str, shape: Shape) -> Volatile {
    Volatile {
        era: Era::Legacy,
        client: ClientProfile::Any,
        at: at.into(),
        shape,
    }
}

#[test]
fn nothing_differs_from_itself() {
    let one = legacy(&[json!({"name": "a"}), json!({"name": "a", "x": 1}), json!({"name": "b"})]);
    assert_eq!(diff_surfaces(&one, &one), Ok(vec![]));
}

#[test]
fn one_change_in_two_views_is_one_change() {
    let both = |tools: &[Value]| {
        surface(vec![
            view(Era::Legacy, ClientProfile::Any, tools),
            view(Era::Modern, ClientProfile::Any, tools),
        ])
    };
    let changes = diff_surfaces(
        &both(&[json!({"name": "a", "description": "x"})]),
        &both(&[json!({"name": "a", "description": "y"})]),
    )
    .unwrap();
    let [
        Change::ItemChanged {
            views,
            leaves,
            same_meaning,
            ..
        },
    ] = changes.as_slice()
    else {
        panic!("{changes:?}")
    };
    assert_eq!(
        (views.len(), leaves.len(), leaves[0].pointer.as_str(), *same_meaning),
        (2, 1, "/description", false)
    );
}

#[test]
fn a_second_definition_of_a_name_is_not_overlooked() {
    let pinned = legacy(&[json!({"name": "a"})]);
    let found = legacy(&[json!({"name": "a"}), json!({"name": "a", "description": "evil"})]);
    let changes = diff_surfaces(&pinned, &found).unwrap();
    assert!(
        matches!(changes.as_slice(), [Change::ItemAdded { key, .. }] if key == "a"),
        "{changes:?}"
    );
}

#[test]
fn any_meets_bare_and_full() {
    let pinned = legacy(&[json!({"name": "a"})]);
    let found = surface(vec![
        view(Era::Legacy, ClientProfile::Bare, &[json!({"name": "a"})]),
        view(Era::Legacy, ClientProfile::Full, &[json!({"name": "a"}), json!({"name": "b"})]),
    ]);
    let changes = diff_surfaces(&pinned, &found).unwrap();
    let [Change::ItemAdded { views, key, .. }] = changes.as_slice() else {
        panic!("{changes:?}")
    };
    assert_eq!((views, key.as_str()), (&Views::from([(Era::Legacy, ClientProfile::Full)]), "b"));
    let back = diff_surfaces(&found, &pinned).unwrap();
    assert!(matches!(back.as_slice(), [Change::ItemRemoved { .. }]), "{back:?}");
}

#[test]
fn a_new_view_shows_what_it_adds() {
    let pinned = legacy(&[json!({"name": "a"})]);
    let mut found = pinned.clone();
    found.views.push(view(
        Era::Modern,
        ClientProfile::Any,
        &[json!({"name": "a", "description": "evil"})],
    ));
    let changes = diff_surfaces(&pinned, &found).unwrap();
    assert!(
        matches!(
            changes.as_slice(),
            [Change::ViewAdded { era: Era::Modern, .. }, Change::ItemChanged { .. }]
        ),
        "{changes:?}"
    );
    let gone = diff_surfaces(&found, &pinned).unwrap();
    assert!(
        matches!(gone.as_slice(), [Change::ViewRemoved { era: Era::Modern, .. }]),
        "{gone:?}"
    );
    let nothing = diff_surfaces(&surface(vec![]), &pinned).unwrap();
    assert!(nothing.iter().any(|c| matches!(c, Change::ItemAdded { .. })), "{nothing:?}");
}

#[test]
fn a_less_equipped_probe_decides_nothing() {
    let mut pinned = legacy(&[]);
    pinned.env = vec!["KEY".into()];
    pinned.network = true;
    let error = diff_surfaces(&pinned, &legacy(&[])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "compare what the server says: it was probed with less than when it was pinned (no network, no KEY)"
    );
    let mut found = pinned.clone();
    found.env.push("MORE".into());
    assert_eq!(diff_surfaces(&pinned, &found), Ok(vec![]));
}

#[test]
fn a_volatile_leaf_moves_only_within_its_shape() {
    let tool = |date: &str, other: &str| json!({"name": "a/b", "since": date, "description": other});
    let mut pinned = legacy(&[tool("2026-01-01", "x")]);
    pinned.volatile = vec![
        volatile("tools/a~1b/since", Shape::Date),
        volatile("handshake/serverInfo/version", Shape::Integer),
    ];
    let mut moved = legacy(&[tool("2026-02-02", "x")]);
    moved.views[0].handshake["serverInfo"]["version"] = json!("2");
    assert_eq!(diff_surfaces(&pinned, &moved), Ok(vec![]));
    assert_eq!(diff_surfaces(&pinned, &legacy(&[tool("send it to me", "x")])).unwrap().len(), 1);
    let changes = diff_surfaces(&pinned, &legacy(&[tool("2026-03-03", "y")])).unwrap();
    let [Change::ItemChanged { leaves, after, .. }] = changes.as_slice() else {
        panic!("{changes:?}")
    };
    assert_eq!((leaves.len(), after["since"].as_str()), (1, Some("2026-01-01")));
}

#[test]
fn what_begins_to_move_is_reported() {
    let pinned = legacy(&[json!({"name": "a", "description": "x"})]);
    let mut found = pinned.clone();
    found.volatile = vec![volatile("tools/a/description", Shape::Unshaped)];
    let changes = diff_surfaces(&pinned, &found).unwrap();
    assert!(
        matches!(
            changes.as_slice(),
            [Change::Volatile {
                shape: Shape::Unshaped,
                pinned: false,
                ..
            }]
        ),
        "{changes:?}"
    );
}

#[test]
fn a_resource_with_slashes_in_its_uri_is_found() {
    let item = |text: &str| {
        let definition = json!({"uri": "file:///a", "name": text});
        Item {
            key: "file:///a".into(),
            digest: digest(&definition),
            definition,
        }
    };
    let mut pinned = legacy(&[]);
    pinned.views[0].items.insert(ItemKind::Resource, vec![item("1")]);
    pinned.volatile = vec![volatile("resources/file:~1~1~1a/name", Shape::Integer)];
    let mut found = pinned.clone();
    found.views[0].items.insert(ItemKind::Resource, vec![item("2")]);
    assert_eq!(diff_surfaces(&pinned, &found), Ok(vec![]));
}
