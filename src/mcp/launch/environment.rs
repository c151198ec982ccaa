//! Which variables of the client's environment a server gets.
//!
//! The attacks: a variable that loads code or moves where code is looked for (`NODE_OPTIONS`,
//! `LD_PRELOAD`, `PYTHONPATH`), and a server that reads every key of the user's that happens to be
//! set. So nothing passes but what is named here, and what the entry lists.
//!
//! What passes by itself is what the official SDKs hand to servers they start, and what a program
//! needs to speak the user's language, know the time zone and find the user's folders. Proxies,
//! certificate authorities and `*_BASE_URL` do not: they decide with whom a server speaks.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::model::env::check_env_name;

/// What the official SDKs pass on, on systems that are no Windows, and what a program expects.
const PASSED: [&str; 16] = [
    "HOME",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TERM",
    "USER",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    // The user's folders. Not the one with the sockets: the session bus, keyrings, agents.
    "XDG_CACHE_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
    "XDG_DATA_DIRS",
    "XDG_DATA_HOME",
    "XDG_STATE_HOME",
];
/// The beginning of such names: the user's language.
const PASSED_PREFIX: &str = "LC_";
/// Ours: never a server's business.
const OWN_PREFIX: &str = "MCP_PIN_";
/// Where nothing is left of a search path.
const PLAIN_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// The environment of a server: what passes by itself, and the `listed` names.
///
/// Names that load code never pass, even if they are listed; neither do ours. A value that is a shell's
/// function is left out, as the SDKs do. From `PATH`, entries are left out that depend on the working
/// folder (empty or relative ones) and packages' `node_modules/.bin`: programs there are chosen by
/// whatever project the client was started in.
pub fn client_environment(environment: &BTreeMap<OsString, OsString>, listed: &[String]) -> BTreeMap<OsString, OsString> {
    let is_passed = |name: &&OsString, value: &OsString| {
        let Some(name) = name.to_str() else { return false };
        let by_itself = PASSED.contains(&name) || name.starts_with(PASSED_PREFIX);
        let is_function = value.as_bytes().starts_with(b"()");
        (by_itself && !is_function || listed.iter().any(|listed| listed == name))
            && check_env_name(name).is_ok()
            && !name.to_ascii_uppercase().starts_with(OWN_PREFIX)
    };
    let mut kept: BTreeMap<_, _> = environment
        .iter()
        .filter(|(name, value)| is_passed(name, value))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if let Some(path) = kept.get_mut(OsStr::new("PATH")) {
        *path = safe_path(path);
    }
    kept
}

fn safe_path(path: &OsStr) -> OsString {
    let is_safe = |entry: &&[u8]| {
        let entry = Path::new(OsStr::from_bytes(entry));
        entry.is_absolute() && !entry.ends_with("node_modules/.bin")
    };
    let kept: Vec<_> = path.as_bytes().split(|&byte| byte == b':').filter(is_safe).collect();
    if kept.is_empty() {
        return PLAIN_PATH.into();
    }
    OsStr::from_bytes(&kept.join(&b':')).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(pairs: &[(&str, &str)], listed: &[&str]) -> Vec<String> {
        let environment = pairs.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let listed: Vec<_> = listed.iter().map(ToString::to_string).collect();
        let passed = client_environment(&environment, &listed).into_iter();
        passed
            .map(|(name, value)| format!("{}={}", name.display(), value.display()))
            .collect()
    }

    #[test]
    fn only_what_is_named_passes() {
        let pairs = [
            ("HOME", "/h"),
            ("LC_ALL", "C"),
            ("XDG_CACHE_HOME", "/c"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
            ("HTTPS_PROXY", "p"),
            ("OPENAI_BASE_URL", "u"),
            ("SSL_CERT_FILE", "f"),
            ("SHELL", "() { :; }"),
        ];
        assert_eq!(given(&pairs, &[]), ["HOME=/h", "LC_ALL=C", "XDG_CACHE_HOME=/c"]);
        assert_eq!(given(&pairs[3..], &["HTTPS_PROXY", "UNSET"]), ["HTTPS_PROXY=p"]);
    }

    #[test]
    fn where_the_session_keeps_its_sockets_is_not_told() {
        let pairs = [
            ("XDG_RUNTIME_DIR", "/run/user/1000"),
            ("XDG_SESSION_ID", "1"),
            ("XDG_STATE_HOME", "/s"),
            ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"),
            ("SSH_AUTH_SOCK", "/a"),
        ];
        assert_eq!(given(&pairs, &[]), ["XDG_STATE_HOME=/s"]);
        let asked = given(&pairs, &["XDG_RUNTIME_DIR"]);
        assert_eq!(asked, ["XDG_RUNTIME_DIR=/run/user/1000", "XDG_STATE_HOME=/s"]);
    }

    #[test]
    fn what_loads_code_never_passes() {
        let names = [
            "NODE_OPTIONS",
            "NODE_PATH",
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "PYTHONPATH",
            "PYTHONSTARTUP",
            "npm_config_prefix",
            "NPM_CONFIG_PREFIX",
            "MCP_PIN_HOME",
            "mcp_pin_home",
        ];
        let pairs = names.map(|name| (name, "x"));
        assert_eq!(given(&pairs, &names), [""; 0]);
    }

    #[test]
    fn the_search_path_does_not_depend_on_a_project() {
        let path = |value| given(&[("PATH", value)], &[]);
        assert_eq!(path("/a::./bin:bin:/p/node_modules/.bin:/p/node_modules/.bin/:/b"), ["PATH=/a:/b"]);
        assert_eq!(path(":."), [format!("PATH={PLAIN_PATH}")]);
    }
}
