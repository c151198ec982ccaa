//! A machine of its own for each case: environment, home and `/`.

use std::ffi::OsString;

use super::*;

struct Machine {
    root: tempfile::TempDir,
    env: Environment,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("home");
        std::fs::create_dir(&home).unwrap();
        let env = Environment::from([("HOME".into(), home.into())]);
        Self { root, env }
    }

    fn var(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn read(&self) -> Result<Settings, PypiError> {
        Settings::read(Places {
            env: &self.env,
            root: self.root.path(),
        })
    }

    /// The hosts in the order they are asked; the default one after `|`, `?` where the tool's own.
    fn order(&self) -> String {
        let settings = self.read().unwrap();
        let host = |index: &Index| {
            let page = index.page("");
            page.split('/').nth(2).unwrap().trim_end_matches(".test").to_owned()
        };
        let others: Vec<String> = settings.others.iter().map(host).collect();
        format!("{}|{}", others.join(" "), settings.default.as_ref().map_or("?".to_owned(), host))
    }
}

const USER_UV: &str = "home/.config/uv/uv.toml";

fn uv_toml(who: &str) -> String {
    format!(
        "index-url = \"http://{who}-url.test/s\"\nextra-index-url = [\"http://{who}-extra.test/s\"]\n\
        [[index]]\nname = \"x\"\nurl = \"http://{who}-x.test/s\"\n[[index]]\nname = \"{who}\"\nurl = \"http://{who}-own.test/s\"\n"
    )
}

#[test]
fn nothing_is_the_tools_own_default() {
    assert_eq!(Machine::new().order(), "|?");
    assert_eq!(Machine::new().var("UV_INDEX_URL", " ").var("PIP_INDEX_URL", "").order(), "|?");
}

// As `uv pip compile --show-settings` lists them.
#[test]
fn uvs_order() {
    let files = || {
        Machine::new()
            .file(USER_UV, &uv_toml("user"))
            .file("etc/uv/uv.toml", &uv_toml("sys"))
    };
    assert_eq!(files().order(), "user-x user-own sys-own user-extra sys-extra|user-url");
    let all = files()
        .var("UV_DEFAULT_INDEX", "http://env-default.test/s")
        .var("UV_INDEX", "http://env-one.test/s x=http://env-x.test/s")
        .var("UV_EXTRA_INDEX_URL", "http://env-e1.test/s http://env-e2.test/s")
        .var("UV_INDEX_URL", "http://env-url.test/s");
    assert_eq!(
        all.order(),
        "env-one env-x env-e1 env-e2 user-own sys-own user-extra sys-extra|env-default"
    );
    let marked = files().file(
        USER_UV,
        "index-url = \"http://url.test\"\n[[index]]\nurl = \"http://marked.test\"\ndefault = true\n\
        [[index]]\nname = \"only\"\nurl = \"http://only.test\"\nexplicit = true\n[[index]]\nurl = \"http://flat.test\"\nformat = \"flat\"\n",
    );
    assert_eq!(marked.order(), "sys-x sys-own sys-extra|marked");
    assert_eq!(marked.var("UV_INDEX_URL", "http://env.test").order(), "sys-x sys-own sys-extra|env");
    let pip_table = files().file(
        USER_UV,
        "index-url = \"http://top.test\"\n[pip]\nindex-url = \"http://pip.test\"\nextra-index-url = [\"http://more.test\"]\n",
    );
    assert_eq!(pip_table.order(), "sys-x sys-own more sys-extra|pip");
}

#[test]
fn which_of_uvs_files() {
    let files = || {
        Machine::new()
            .file(USER_UV, "index-url = \"http://home.test\"")
            .file("etc/uv/uv.toml", "index-url = \"http://etc.test\"")
            .file("xdg/uv/uv.toml", "index-url = \"http://xdg.test\"")
            .file("etc/xdg/uv/uv.toml", "extra-index-url = [\"http://etc-xdg.test\"]")
    };
    assert_eq!(files().order(), "etc-xdg|home");
    let xdg = files();
    let folder = xdg.path("xdg");
    assert_eq!(xdg.var("XDG_CONFIG_HOME", &folder).order(), "etc-xdg|xdg");
    assert_eq!(files().var("XDG_CONFIG_HOME", "xdg").order(), "etc-xdg|home");
    assert_eq!(files().var("XDG_CONFIG_DIRS", "/nonexistent").order(), "|home");
    assert_eq!(files().var("UV_NO_CONFIG", "1").order(), "|?");
    let named = files().file("named.toml", "index = [{ url = \"http://named.test\" }]");
    let path = named.path("named.toml");
    assert_eq!(named.var("UV_CONFIG_FILE", &path).order(), "named|?");
    // It would be looked for in the project.
    let error = files().var("UV_CONFIG_FILE", "uv.toml").read().unwrap_err();
    assert!(error.to_string().contains("relative"), "{error}");
    assert!(files().var("UV_CONFIG_FILE", "/nonexistent/uv.toml").read().is_err());
}

#[test]
fn pips_order() {
    let files = || {
        Machine::new()
            .file("etc/pip.conf", "[global]\nindex-url = http://etc.test/simple\n")
            .file(
                "etc/xdg/pip/pip.conf",
                "[global]\nindex_url: http://etc-xdg.test\nextra-index-url =\n  http://e1.test\n\n  # no\n  http://e2.test\n",
            )
    };
    assert_eq!(files().order(), "e1 e2|etc");
    let user = || files().file("home/.config/pip/pip.conf", "; mine\n[global]\nindex-url = http://user.test\n");
    assert_eq!(user().order(), "e1 e2|user");
    assert_eq!(
        user().file("home/.pip/pip.conf", "[global]\nindex-url=http://legacy.test").order(),
        "e1 e2|user"
    );
    // A command's own section beats `[global]` of every file, and the environment beats both.
    let install = || {
        user().file(
            "etc/pip.conf",
            "[download]\nindex-url=http://no.test\n[install]\nindex-url=http://install.test",
        )
    };
    assert_eq!(install().order(), "e1 e2|install");
    assert_eq!(
        install()
            .var("PIP_INDEX_URL", "http://env.test")
            .var("PIP_EXTRA_INDEX_URL", "http://x.test http://y.test")
            .order(),
        "x y|env"
    );
    let named = user().file("named.conf", "[global]\nextra-index-url = http://named.test");
    let path = named.path("named.conf");
    // Instead of the user's file, on top of the system's.
    assert_eq!(named.var("PIP_CONFIG_FILE", &path).order(), "named|etc");
    assert_eq!(user().var("PIP_CONFIG_FILE", "/dev/null").order(), "|?");
    assert_eq!(user().var("UV_INDEX_URL", "http://uv.test").order(), "|uv");
}

#[test]
fn no_index_is_an_answer() {
    for (machine, tool) in [
        (Machine::new().file(USER_UV, "no-index = true\nindex-url = \"http://a.test\""), "uv"),
        (Machine::new().var("PIP_NO_INDEX", "1").var("PIP_INDEX_URL", "http://a.test"), "pip"),
        (Machine::new().file("etc/pip.conf", "[install]\nno-index = yes"), "pip"),
    ] {
        let error = machine.read().unwrap_err();
        assert_eq!(error, PypiError::Forbidden { tool });
        assert!(error.to_string().contains(tool) && error.hint().is_some());
    }
    assert_eq!(Machine::new().file("etc/pip.conf", "[global]\nno-index = false").order(), "|?");
}

#[test]
fn credentials_from_address_variable_and_netrc() {
    let machine = Machine::new()
        .file("home/.netrc", "machine net.test login n password netrc-pw\nmachine own.test login n password wrong\n")
        .file(
            USER_UV,
            "[[index]]\nname = \"own\"\nurl = \"https://u:url-pw@own.test/s\"\n[[index]]\nname = \"my-co.re\"\nurl = \"https://named.test/s\"\n\
            [[index]]\nurl = \"https://net.test/s\"\n[[index]]\nurl = \"https://none.test/s\"\n",
        )
        .var("UV_INDEX_MY_CO_RE_USERNAME", "v")
        .var("UV_INDEX_MY_CO_RE_PASSWORD", "env-pw");
    let settings = machine.read().unwrap();
    let basic = |user: &str, password: &str| Some(crate::net::Secret::basic(user, password));
    let expected = [basic("u", "url-pw"), basic("v", "env-pw"), basic("n", "netrc-pw"), None];
    let found: Vec<_> = settings
        .others
        .iter()
        .map(|index| index.credential(&index.page("a")).cloned())
        .collect();
    assert_eq!(found, expected);
    let shown = format!("{settings:?}");
    assert!(!shown.contains("-pw"), "{shown}");
    let elsewhere = machine.file("other-netrc", "machine none.test login o password p");
    let path = elsewhere.path("other-netrc");
    let settings = elsewhere.var("NETRC", &path).read().unwrap();
    assert_eq!(settings.others[3].credential("https://none.test/a"), basic("o", "p").as_ref());
}

#[test]
fn what_cannot_be_read_is_an_error_that_quotes_nothing() {
    let files = [
        (USER_UV, "\nindex-url = http://u:hunter2@h"),
        (USER_UV, "index-url = [\"http://u:hunter2@h\"]"),
        (USER_UV, "extra-index-url = \"http://u:hunter2@h\""),
        (USER_UV, "[[index]]\nurl = \"hunter2\""),
        (USER_UV, "[[index]]\nname = \"hunter2\""),
        (USER_UV, "index = [\"http://u:hunter2@h\"]"),
        (USER_UV, "index-url = \"http://u:hunter2@\""),
        ("etc/pip.conf", "index-url = http://u:hunter2@h"),
        ("etc/pip.conf", "[global]\nhttp//u/hunter2"),
        ("etc/pip.conf", "[global]\nindex-url = ./hunter2"),
        ("etc/pip.conf", "[global\nindex-url = http://hunter2"),
    ];
    for (path, text) in files {
        let machine = Machine::new().file(path, text);
        let error = machine.read().unwrap_err();
        let shown = format!("{error} {error:?} {:?}", error.hint());
        let file = machine.path(path).display().to_string();
        assert!(!shown.contains("hunter2") && error.to_string().contains(&file), "{text}: {shown}");
    }
    let folder = Machine::new().file(&format!("{USER_UV}/file"), "");
    assert!(matches!(folder.read(), Err(PypiError::SettingFile { .. })));
}

#[test]
fn a_projects_files_are_never_read() {
    // Nothing but absolute places is asked, whatever the working directory is; these stand in for it.
    let machine = Machine::new()
        .file("uv.toml", "index-url = \"http://evil.test\"")
        .file("home/uv.toml", "index-url = \"http://evil.test\"")
        .file("home/pip.conf", "[global]\nindex-url = http://evil.test")
        .file("home/pyproject.toml", "[tool.uv]\nindex-url = \"http://evil.test\"");
    assert_eq!(machine.order(), "|?");
}
