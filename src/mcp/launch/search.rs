//! Where node looks for a package beside the installed tree.
//!
//! The attack: a server asks for an optional package that its tree does not hold, and node finds one
//! further up, in a folder that anybody filled: code that nobody approved, in an approved server.
//! Node looks into `node_modules` of every folder above, up to the root, and then into `.node_modules`
//! and `.node_libraries` of the home, and `lib/node` of its own prefix. It cannot be told not to.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::LaunchError;

/// Makes sure that node finds packages in the tree at `root` and nowhere else. `home` is the value of
/// `HOME` as the server gets it, `node` the runtime.
///
/// A folder with nothing but names that begin with a dot (`.cache`) holds no package.
///
/// # Errors
/// [`LaunchError::OtherPackages`] names the folder; one that cannot be read counts as one that holds
/// some.
pub fn node_search(root: &Path, home: Option<&Path>, node: &Path) -> Result<(), LaunchError> {
    // Node goes by the real path of the entry file.
    let real = root.canonicalize().map_err(|source| LaunchError::Unreadable {
        path: root.to_owned(),
        source,
    })?;
    let above = [root, real.as_path()]
        .into_iter()
        .flat_map(|root| root.ancestors().skip(1))
        .filter(|folder| !folder.ends_with("node_modules"))
        .map(|folder| folder.join("node_modules"));
    let homes = home
        .filter(|home| home.is_absolute())
        .into_iter()
        .flat_map(|home| [".node_modules", ".node_libraries"].map(|name| home.join(name)));
    let prefixes = [Some(node.to_owned()), node.canonicalize().ok()];
    let prefixes = prefixes
        .iter()
        .flatten()
        .filter_map(|node| Some(node.parent()?.parent()?.join("lib/node")));
    match above.chain(homes).chain(prefixes).find(holds_packages) {
        Some(folder) => Err(LaunchError::OtherPackages { folder }),
        None => Ok(()),
    }
}

fn holds_packages(folder: &PathBuf) -> bool {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries
            .into_iter()
            .any(|entry| entry.is_ok_and(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."))),
        Err(error) => !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_node_would_search_are_named() {
        let scratch = tempfile::tempdir().unwrap();
        let at = |path: &str| scratch.path().join(path);
        let make = |path: &str| std::fs::create_dir_all(at(path)).unwrap();
        make("data/installs/id/node_modules/server");
        make("home/node_modules/x");
        make("prefix/bin");
        let (home, node) = (at("home"), at("prefix/bin/node"));
        let search = || node_search(&at("data/installs/id"), Some(&home), &node);
        let refused = |path: &str| {
            let error = search().unwrap_err();
            assert!(
                matches!(&error, LaunchError::OtherPackages { folder } if *folder == at(path)),
                "{error}"
            );
            assert!(error.to_string().contains(path) && error.hint().is_some());
            std::fs::remove_dir_all(at(path)).unwrap();
            search().unwrap();
        };
        search().unwrap();
        for path in [
            "data/installs/node_modules",
            "data/node_modules",
            "home/.node_modules",
            "home/.node_libraries",
            "prefix/lib/node",
        ] {
            make(path);
            search().unwrap();
            make(&format!("{path}/.cache"));
            search().unwrap();
            make(&format!("{path}/evil"));
            refused(path);
        }
        // By the real path too: the data may stand behind a link.
        make("real/installs/id");
        make("real/node_modules/evil");
        std::os::unix::fs::symlink(at("real/installs"), at("link")).unwrap();
        assert!(node_search(&at("link/id"), None, &node).is_err());
    }
}
