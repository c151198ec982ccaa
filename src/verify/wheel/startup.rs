//! Code that Python runs unasked when it starts.
//!
//! The attack: a dependency that nobody imports, and that runs all the same: `site` executes lines
//! of `.pth` files at the root of `site-packages` and imports `sitecustomize` and `usercustomize`.
//! A launch decides for itself what of it takes effect; here it is found, so that it is seen.

use std::collections::BTreeMap;

use crate::model::{ArchiveFile, Sha256Digest, WheelContents};
use crate::surface::visible::is_invisible;

use super::Refusal;
use super::layout::has_ending;

/// The longest text that is kept as it is.
const SHORT: usize = 1024;

/// What runs at start-up, by path below `site-packages`. `site` holds the files that are installed
/// there.
pub(super) fn found(site: &BTreeMap<String, &ArchiveFile>, contents: &WheelContents) -> Result<BTreeMap<String, String>, Refusal> {
    let mut found = BTreeMap::new();
    for (path, file) in site {
        let shown = match contents.read.get(&file.path) {
            _ if is_customize(path) => format!("sha256:{}", file.digest),
            Some(bytes) if is_pth(path) && is_harmless(bytes, &|inside| site.contains_key(inside)) => continue,
            Some(bytes) if is_pth(path) => shown(bytes),
            // Not read is not harmless.
            _ if is_pth(path) || is_start(path) => format!("sha256:{}", file.digest),
            _ => continue,
        };
        if path.chars().any(is_invisible) {
            return Err(Refusal::Invisible { field: "start-up files" });
        }
        found.insert(path.clone(), shown);
    }
    Ok(found)
}

fn is_pth(path: &str) -> bool {
    !path.contains('/') && has_ending(path, ".pth")
}

/// Newer Pythons read entry points to call from `NAME.start` (PEP 829).
fn is_start(path: &str) -> bool {
    !path.contains('/') && has_ending(path, ".start")
}

/// `sitecustomize` or `usercustomize` as a module of any kind, or as a package.
fn is_customize(path: &str) -> bool {
    let named = |text: &str| text.eq_ignore_ascii_case("sitecustomize") || text.eq_ignore_ascii_case("usercustomize");
    let code = |ending: &str| {
        let last = ending.rsplit('.').next().unwrap_or_default();
        ["py", "pyw", "so", "pyd", "dll", "dylib"]
            .iter()
            .any(|known| last.eq_ignore_ascii_case(known))
    };
    match path.split_once('/') {
        None => path.split_once('.').is_some_and(|(stem, ending)| named(stem) && code(ending)),
        Some((folder, file)) => {
            named(folder)
                && file
                    .split_once('.')
                    .is_some_and(|(stem, ending)| stem == "__init__" && code(ending))
        }
    }
}

/// Only comments, empty lines, and folders inside `site-packages`: whatever reads it finds nothing
/// else. Everything that is not plainly that counts as code: also a file, which Python takes for an
/// archive of modules, and runs compiled ones in it that have no source.
fn is_harmless(bytes: &[u8], is_file: &dyn Fn(&str) -> bool) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    // Python has divided it at other breaks too; no such sign stands in what passes.
    text.split(['\n', '\r']).all(|line| {
        let line = line.trim_end_matches([' ', '\t']);
        let plain = line.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        let comment = line.starts_with('#');
        let code = line.starts_with("import ") || line.starts_with("import\t") || line == "import";
        let away =
            line.starts_with(['/', ' ', '~', '$', '%']) || line.contains([':', '\\']) || line.split('/').any(|segment| segment == "..");
        let last = line.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let file = is_file(line) || (last.contains('.') && last != ".");
        plain && (comment || !(code || away || file))
    })
}

fn shown(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.len() <= SHORT => text.to_owned(),
        _ => format!("sha256:{}", Sha256Digest::of(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_paths_inside_are_harmless() {
        let none = |_: &str| false;
        for text in ["", "\n\n", "# import os\n", "win32\nwin32/lib\r\n", "a b/c\n", "importlib_x\n", "."] {
            assert!(is_harmless(text.as_bytes(), &none), "{text:?}");
        }
        for text in [
            "import os",
            "a\nimport\tos",
            "a\rimport os",
            "# x\u{c}import os",
            "a\u{85}import os",
            "a\u{2028}import os",
            "\u{feff}import os",
            "/opt/evil",
            "..",
            "a/../../evil",
            "..\\evil",
            "C:/evil",
            "~/evil",
            " import os",
            "a\0",
            "modules.zip",
            "a/modules.zip/",
        ] {
            assert!(!is_harmless(text.as_bytes(), &none), "{text:?}");
        }
        assert!(!is_harmless(b"\xff", &none));
        assert!(!is_harmless(b"a/data\n", &|path| path == "a/data"));
    }

    #[test]
    fn modules_and_packages_that_site_imports() {
        for path in [
            "sitecustomize.py",
            "usercustomize.py",
            "SiteCustomize.py",
            "sitecustomize.cpython-312-x86_64-linux-gnu.so",
            "usercustomize.pyd",
            "sitecustomize/__init__.py",
            "sitecustomize/__init__.abi3.so",
        ] {
            assert!(is_customize(path), "{path}");
        }
        for path in [
            "a/sitecustomize.py",
            "sitecustomize/other.py",
            "sitecustomize.txt",
            "mysitecustomize.py",
        ] {
            assert!(!is_customize(path), "{path}");
        }
    }
}
