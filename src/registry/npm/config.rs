//! npm's settings: what it would do on this machine, asked of npm itself.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::model::PackageName;
use crate::net::{NetworkOptions, Secret};

use super::credentials::{Credentials, Raw, parse};
use super::run::Runner;
use super::{Environment, NpmError};

const LIMIT: Duration = Duration::from_mins(1);

/// npm's settings as far as they matter here. Holds credentials, which nothing prints.
#[derive(Clone)]
pub struct Settings {
    /// npm's own version.
    pub version: String,
    /// The registry of packages without a scope of their own, with a trailing `/`.
    registry: String,
    /// Registries of scopes: `@scope` to address with a trailing `/`.
    scopes: BTreeMap<String, String>,
    /// Every option this npm lists.
    known: BTreeSet<String>,
    credentials: Credentials,
    network: NetworkOptions,
    /// The system's `npmrc`. npm looks for it below its prefix, and the prefix is ours.
    global: Option<OsString>,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Settings {
    pub(super) async fn ask(runner: &Runner, folder: &Path, env: &Environment) -> Result<Self, NpmError> {
        // Asked without a prefix of ours, which would hide the system's `npmrc`: a manifest keeps
        // npm from looking for one above our folder.
        let project = folder.join("project");
        std::fs::write(project.join("package.json"), "{}").map_err(|error| NpmError::Run { cause: error.to_string() })?;
        let mut args: Vec<OsString> = ["config", "ls", "-l", "--json"].map(OsString::from).into();
        args.extend(apart(folder));
        let output = runner.run(&project, &args, LIMIT).await?;
        let answer = |cause: String| NpmError::Answer {
            what: "list of settings",
            cause,
        };
        if !output.success {
            return Err(answer(super::error::redacted(&String::from_utf8_lossy(&output.stderr))));
        }
        let listed: Map<String, Value> = serde_json::from_slice(&output.stdout).map_err(|error| answer(error.to_string()))?;
        let written = written(&listed, env);
        Self::from_parts(&listed, &written, env)
    }

    /// `listed` is what npm shows; `written` what stands in files and environment, which npm does
    /// not show where it holds a password.
    fn from_parts(listed: &Map<String, Value>, written: &Raw, env: &Environment) -> Result<Self, NpmError> {
        let mut gathered = written.clone();
        let mut address = |key: &str| {
            let text = text(listed, key).or_else(|| written.get(key).cloned())?;
            Some(plain_address(&text, &mut gathered))
        };
        let registry = address("registry").ok_or_else(|| NpmError::Answer {
            what: "list of settings",
            cause: "it names no registry".to_owned(),
        })?;
        let names: BTreeSet<&String> = listed.keys().chain(written.keys()).collect();
        let scopes = names
            .into_iter()
            .filter_map(|key| {
                Some((
                    key.strip_suffix(":registry").filter(|scope| scope.starts_with('@'))?.to_owned(),
                    address(key)?,
                ))
            })
            .collect();
        Ok(Self {
            version: text(listed, "npm-version").unwrap_or_default(),
            network: network(listed, written, env)?,
            known: listed.keys().cloned().collect(),
            credentials: Credentials::gather(&gathered),
            global: text(listed, "globalconfig").map(OsString::from),
            registry,
            scopes,
        })
    }

    /// The options that fix where npm works, which is our folder, and which settings it reads: the
    /// system's and the user's, never a project's.
    pub(super) fn places(&self, folder: &Path) -> Vec<OsString> {
        let mut options: Vec<OsString> = apart(folder).into();
        options.push(option("--prefix=", folder.join("project")));
        options.extend(self.global.iter().map(|path| option("--globalconfig=", path)));
        options
    }

    /// The registry of a package: its scope's, or the general one. Ends with `/`.
    pub(super) fn registry_of(&self, name: &PackageName) -> &str {
        name.scope().and_then(|scope| self.scopes.get(scope)).unwrap_or(&self.registry)
    }

    /// The credential to send to an address.
    pub(super) fn credential(&self, url: &str) -> Option<&Secret> {
        let registries = std::iter::once(&self.registry).chain(self.scopes.values());
        self.credentials.for_url(url, registries.map(String::as_str))
    }

    /// Whether this npm has the option. Passing one it lacks would be noise now and an error later.
    pub(super) fn knows(&self, option: &str) -> bool {
        self.known.contains(option)
    }

    /// Proxies and certificate authorities as npm has them, for [`crate::net::Network`].
    pub const fn network_options(&self) -> &NetworkOptions {
        &self.network
    }
}

/// A cache of our own, and nothing of the user's settings that would make npm look elsewhere or
/// refuse.
fn apart(folder: &Path) -> [OsString; 5] {
    [
        option("--cache=", folder.join("cache")),
        "--location=user".into(),
        "--update-notifier=false".into(),
        "--global=false".into(),
        "--workspaces=false".into(),
    ]
}

fn option(name: &str, value: impl AsRef<OsStr>) -> OsString {
    let mut option = OsString::from(name);
    option.push(value);
    option
}

fn text(listed: &Map<String, Value>, key: &str) -> Option<String> {
    listed.get(key)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The system's and the user's `.npmrc` and the environment, later ones winning.
fn written(listed: &Map<String, Value>, env: &Environment) -> Raw {
    let mut raw = Raw::new();
    for key in ["globalconfig", "userconfig"] {
        let file = text(listed, key).and_then(|path| std::fs::read_to_string(path).ok());
        raw.extend(parse(&file.unwrap_or_default(), env));
    }
    for (name, value) in env {
        let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else {
            continue;
        };
        let Some(prefix) = name.get(..11).filter(|prefix| prefix.eq_ignore_ascii_case("npm_config_")) else {
            continue;
        };
        let key = &name[prefix.len()..];
        let key = if key.starts_with("//") || key.starts_with('@') {
            key.to_owned()
        } else {
            key.to_ascii_lowercase().replace('_', "-")
        };
        raw.insert(key, value.to_owned());
    }
    raw
}

/// An address with a trailing `/` and without user and password, which move to the credentials.
fn plain_address(text: &str, raw: &mut Raw) -> String {
    let Ok(mut url) = reqwest::Url::parse(text) else {
        return text.to_owned();
    };
    if let (false, Some(password)) = (url.username().is_empty(), url.password()) {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{}:{password}", url.username()));
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        raw.entry(format!("//{}{port}{}:_auth", url.host_str().unwrap_or_default(), url.path()))
            .or_insert(encoded);
    }
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let mut address = url.to_string();
    if !address.ends_with('/') {
        address.push('/');
    }
    address
}

fn network(listed: &Map<String, Value>, written: &Raw, env: &Environment) -> Result<NetworkOptions, NpmError> {
    let setting = |key: &str| {
        text(listed, key).or_else(|| {
            written
                .get(key)
                .cloned()
                .filter(|text| !matches!(text.as_str(), "" | "null" | "false"))
        })
    };
    let mut extra_ca = Vec::new();
    let named = [
        ("cafile", setting("cafile").map(OsString::from)),
        ("NODE_EXTRA_CA_CERTS", env.get(OsStr::new("NODE_EXTRA_CA_CERTS")).cloned()),
    ];
    for (setting, path) in named {
        let Some(path) = path.filter(|path| !path.is_empty()) else {
            continue;
        };
        match std::fs::read(&path) {
            Ok(bytes) => extra_ca.push(bytes),
            // node itself only warns about this one.
            Err(_) if setting == "NODE_EXTRA_CA_CERTS" => {}
            Err(error) => {
                return Err(NpmError::SettingFile {
                    setting,
                    cause: error.to_string(),
                });
            }
        }
    }
    match listed.get("ca") {
        Some(Value::String(pem)) => extra_ca.push(pem.replace("\\n", "\n").into_bytes()),
        Some(Value::Array(list)) => extra_ca.extend(
            list.iter()
                .filter_map(Value::as_str)
                .map(|pem| pem.replace("\\n", "\n").into_bytes()),
        ),
        _ => {}
    }
    let proxy = setting("proxy").or_else(|| setting("http-proxy"));
    let no_proxy = match listed.get("noproxy") {
        Some(Value::Array(list)) => Some(list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")),
        _ => setting("noproxy"),
    };
    Ok(NetworkOptions {
        extra_ca,
        https_proxy: setting("https-proxy").or_else(|| proxy.clone()),
        http_proxy: proxy,
        no_proxy: no_proxy.filter(|list| !list.is_empty()),
        ..NetworkOptions::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(listed: &Value, written: &[(&str, &str)]) -> Settings {
        let written = written.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        Settings::from_parts(listed.as_object().unwrap(), &written, &Environment::new()).unwrap()
    }

    fn name(text: &str) -> PackageName {
        text.parse().unwrap()
    }

    #[test]
    fn scopes_have_their_own_registry() {
        let settings = settings(
            &json!({"registry": "http://one.test", "@s:registry": "http://two.test/npm", "npm-version": "11.1.0"}),
            &[("@hidden:registry", "http://u:pw@three.test/")],
        );
        assert_eq!(settings.registry_of(&name("a")), "http://one.test/");
        assert_eq!(settings.registry_of(&name("@s/a")), "http://two.test/npm/");
        assert_eq!(settings.registry_of(&name("@hidden/a")), "http://three.test/");
        assert_eq!(settings.credential("http://three.test/x"), Some(&Secret::basic("u", "pw")));
        assert_eq!(settings.credential("http://two.test/x"), None);
        assert_eq!(settings.credential("http://three.test:81/x"), None);
        assert!(settings.knows("@s:registry") && !settings.knows("allow-git"));
        assert!(!format!("{settings:?}").contains("pw"));
    }

    #[test]
    fn proxies_and_authorities_are_npms() {
        let settings = settings(
            &json!({"registry": "http://one.test", "noproxy": ["a.test", "b.test"], "ca": "one\\ntwo", "https-proxy": null}),
            &[("proxy", "http://u:pw@proxy.test")],
        );
        let network = settings.network_options();
        assert_eq!(network.https_proxy.as_deref(), Some("http://u:pw@proxy.test"));
        assert_eq!(network.no_proxy.as_deref(), Some("a.test,b.test"));
        assert_eq!(network.extra_ca, [b"one\ntwo".to_vec()]);
        assert!(!format!("{network:?}").contains("pw"));
    }

    #[test]
    fn our_prefix_does_not_hide_the_systems_settings() {
        let listed = json!({"registry": "http://one.test", "globalconfig": "/opt/npm/etc/npmrc"});
        let places = settings(&listed, &[]).places(Path::new("/closed"));
        for option in [
            "--prefix=/closed/project",
            "--cache=/closed/cache",
            "--globalconfig=/opt/npm/etc/npmrc",
        ] {
            assert!(places.iter().any(|place| place == option), "{places:?}");
        }
    }

    #[test]
    fn an_unreadable_cafile_is_an_error() {
        let listed = json!({"registry": "http://one.test", "cafile": "/nonexistent/ca.pem"});
        let result = Settings::from_parts(listed.as_object().unwrap(), &Raw::new(), &Environment::new());
        assert!(matches!(result, Err(NpmError::SettingFile { setting: "cafile", .. })));
    }
}
