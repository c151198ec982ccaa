//! The two files of a project: whoever cloned it did not write them.

use mcp_pin::lock::{self, check, entry_digest, static_digest};
use mcp_pin::manifest::{self, Scope, ServerEntry, edit};
use mcp_pin::model::Pinned;

/// A lock that was read says the same after it was written.
pub(crate) fn lock(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let Ok(read) = lock::parse(text) else { return };
    let written = lock::write(&read);
    let again = lock::parse(&written).expect("what was written is read");
    assert_eq!(again, read, "written and read, it says something else");
    assert_eq!(lock::write(&again), written, "two ways of writing one lock");
    for (name, pin) in &read.servers {
        let again = &again.servers[name];
        assert_eq!(entry_digest(name, pin), entry_digest(name, again));
        assert_eq!(static_digest(name, pin), static_digest(name, again));
        if let Pinned::Package { closure, .. } = &pin.pinned {
            check::check(closure, &pin.source);
        }
    }
}

/// Nothing that a project may say is forbidden to the user, and the editor keeps what it does not
/// edit.
pub(crate) fn manifest(data: &[u8]) {
    let Some(text) = super::text(data) else { return };
    let user = manifest::parse(text, Scope::User);
    let system = manifest::parse(text, Scope::System);
    let Ok(project) = manifest::parse(text, Scope::Project) else {
        return;
    };
    assert_eq!(user.as_ref().ok(), Some(&project), "the user's file means something else");
    assert!(system.is_ok() || !project.servers.is_empty(), "the administrator may not say it");
    let name = "fuzzed".parse().expect("a name");
    let entry = ServerEntry::new("npm:a@1".parse().expect("a source"));
    if let Ok(longer) = edit::add_server(text, &name, &entry) {
        let mut expected = project.clone();
        expected.servers.insert(name.clone(), entry);
        assert_eq!(manifest::parse(&longer, Scope::Project).as_ref(), Ok(&expected));
        let shorter = edit::remove_server(&longer, &name).expect("what was added can be removed");
        assert_eq!(manifest::parse(&shorter, Scope::Project), Ok(project));
    }
}
