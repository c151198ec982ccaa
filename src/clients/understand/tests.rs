//! Command lines as people paste them.

use super::*;

fn meaning(command: &str, args: &[&str]) -> Meaning {
    understand(&Launch::Stdio(Stdio {
        command: command.into(),
        args: args.iter().map(|&arg| arg.to_owned()).collect(),
        env: Vec::new(),
        env_file: false,
        cwd: None,
    }))
}

/// One line, words by blanks.
fn line(text: &str) -> Meaning {
    let words: Vec<_> = text.split(' ').collect();
    meaning(words[0], &words[1..])
}

#[track_caller]
fn package(text: &str, source: &str, bin: Option<&str>, args: &[&str]) {
    let Meaning::Package(found) = line(text) else {
        panic!("{text}: {:?}", line(text))
    };
    assert_eq!((found.source.to_string().as_str(), found.bin.as_deref()), (source, bin), "{text}");
    assert_eq!(found.args, args, "{text}");
}

#[test]
fn launchers_are_understood() {
    package("npx -y @s/pkg", "npm:@s/pkg", None, &[]);
    package("npx @s/pkg@1.2 --flag -y", "npm:@s/pkg@1.2", None, &["--flag", "-y"]);
    package("npx --yes --package=@s/pkg -- tool a", "npm:@s/pkg", Some("tool"), &["a"]);
    package("npx -p pkg pkg", "npm:pkg", None, &[]);
    package("/usr/bin/npx -y pkg@^2", "npm:pkg@^2", None, &[]);
    package("npx.cmd -y pkg", "npm:pkg", None, &[]);
    package("cmd /c npx -y pkg a", "npm:pkg", None, &["a"]);
    package("npm exec -y -- pkg a --b", "npm:pkg", None, &["a", "--b"]);
    package("npm exec pkg -- a --b", "npm:pkg", None, &["a", "--b"]);
    package("bunx --bun pkg", "npm:pkg", None, &[]);
    package("bun x pkg a", "npm:pkg", None, &["a"]);
    package("pnpm dlx pkg a", "npm:pkg", None, &["a"]);
    package("pnpm dlx --package=@s/pkg tool", "npm:@s/pkg", Some("tool"), &[]);
    package("yarn dlx -q pkg", "npm:pkg", None, &[]);
    package(
        "uvx mcp-server-git --repository /r",
        "pypi:mcp-server-git",
        None,
        &["--repository", "/r"],
    );
    package("uvx mcp_server_git@latest", "pypi:mcp-server-git", None, &[]);
    package(
        "uvx --from mcp-server-git==1.0 mcp-server-git",
        "pypi:mcp-server-git==1.0",
        None,
        &[],
    );
    package(
        "uvx --from=thing[cli] --python 3.12 tool -x",
        "pypi:thing[cli]",
        Some("tool"),
        &["-x"],
    );
    package("uv tool run thing@1.0", "pypi:thing==1.0", None, &[]);
    package("pipx run --spec thing==2 tool", "pypi:thing==2", Some("tool"), &[]);
    package("pipx run thing", "pypi:thing", None, &[]);
}

#[test]
fn what_may_start_something_else_is_not_guessed() {
    for text in [
        "npx -c evil",
        "npx --call=evil pkg",
        "npx --registry=https://evil.example pkg",
        "npx -p a -p b tool",
        "npx",
        "npx -y",
        "npx ./local",
        "npx github:user/repo",
        "npx git+https://h.example/x",
        "npx https://h.example/x.tgz",
        "npx -p pkg ./tool",
        "npm exec pkg --flag",
        "npm run start",
        "npm start",
        "pnpm exec x",
        "pnpm start",
        "yarn start",
        "bun run start",
        "uvx --with evil thing",
        "uvx --index-url https://evil.example thing",
        "uvx --from git+https://h.example/x thing",
        "uvx ./local",
        "uvx",
        "uv run server.py",
        "uv --directory /srv run server",
        "pipx install x",
        "python -m thing",
        "python3.12 -c print()",
        "node -e 1",
        "node --import ./x.mjs /srv/a.js",
        "node",
        "sh -c x",
        "/bin/bash /srv/start.sh",
        "env A=1 npx pkg",
        "sudo npx pkg",
        "deno run -A https://h.example/x.ts",
        "docker run image",
        "docker run --unknown x image",
        "docker compose up",
        "podman run --rm -i image@sha256:00",
        "cmd /k npx pkg",
        "cmd /c npx -y pkg&evil",
        "powershell -Command x",
        "npx ${PKG}",
        "${CMD} x",
        "npx -y pkg --api-key hunter2secret",
        "npx -y mcp-remote",
        "npx -y mcp-remote --unknown https://h.example/mcp",
        "npx -y mcp-remote http://h.example/mcp",
        "npx -y supergateway --stdio x",
        "mcp-pin install x",
        "mcp-pin run",
        "mcp-pin run a b",
        "mcp-pin run a --trace /tmp/x",
        "mcp-pin run a --lock /x --global",
        "mcp-pin run a --lock /x --lock /y",
        "mcp-pin run -a",
    ] {
        assert!(matches!(line(text), Meaning::NotUnderstood { .. }), "{text}: {:?}", line(text));
        assert!(!line(text).told().contains("hunter2"), "{text}");
    }
}

#[test]
fn files_and_programs_are_commands() {
    for (text, relative) in [
        ("node /srv/a.js --x", false),
        ("node ./a.js", true),
        ("node build/index.js", true),
        ("python3 /srv/a.py", false),
        ("python -u /srv/a.py", false),
        ("/opt/server --stdio", false),
        ("my-server", false),
        ("bun /srv/a.ts", false),
        ("bun run /srv/a.ts", false),
        ("../server", true),
    ] {
        match line(text) {
            Meaning::Command {
                relative: found, words, ..
            } => assert_eq!((found, !words.is_empty()), (relative, true), "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn variables_stay_with_the_client() {
    let Meaning::Package(found) = line("npx -y pkg --a ${workspaceFolder} --b") else {
        panic!()
    };
    assert_eq!(
        (found.args, found.tail),
        (vec!["--a".to_owned()], vec!["${workspaceFolder}".to_owned(), "--b".to_owned()])
    );
    let Meaning::Command { words, tail, .. } = line("node /srv/a.js ${input:x}") else {
        panic!()
    };
    assert_eq!(
        (words, tail),
        (vec!["node".to_owned(), "/srv/a.js".to_owned()], vec!["${input:x}".to_owned()])
    );
}

#[test]
fn bridges_are_the_server_behind_them() {
    let Meaning::Remote {
        url,
        headers,
        bridge,
        transport,
    } = meaning(
        "npx",
        &[
            "-y",
            "mcp-remote@latest",
            "https://h.example/mcp",
            "9000",
            "--transport",
            "sse-only",
            "--header",
            "Authorization: Bearer ${T}",
            "--header",
            "X-Key:secret",
        ],
    )
    else {
        panic!()
    };
    assert_eq!(
        (url.as_str(), bridge.as_deref(), transport),
        ("https://h.example/mcp", Some("mcp-remote"), Some(RemoteTransport::Sse))
    );
    let kept: Vec<_> = headers
        .iter()
        .map(|header| (header.name.as_str(), header.template.as_deref()))
        .collect();
    assert_eq!(kept, [("Authorization", Some("Bearer ${T}")), ("X-Key", None)]);
    assert!(matches!(
        line("npx -y supergateway --sse https://h.example/sse"),
        Meaning::Remote { .. }
    ));
}

#[test]
fn a_wrapped_entry_is_known_by_its_very_words() {
    let wrapped = |text: &str| match line(text) {
        Meaning::Wrapped(wrapped) => wrapped,
        other => panic!("{text}: {other:?}"),
    };
    for text in [
        "mcp-pin run memory",
        "/usr/local/bin/mcp-pin --global run memory",
        "mcp-pin run --global memory",
        "mcp-pin run memory -- --",
    ] {
        assert_eq!(
            (wrapped(text).name.as_str(), wrapped(text).from),
            ("memory", WrappedFrom::User),
            "{text}"
        );
    }
    let lock = WrappedFrom::Lock("/p/mcp-pin.lock".into());
    for text in [
        "mcp-pin run memory --lock /p/mcp-pin.lock",
        "mcp-pin run --lock=/p/mcp-pin.lock memory -- a b",
    ] {
        assert_eq!(wrapped(text).from, lock, "{text}");
    }
    assert_eq!(wrapped("mcp-pin run memory -- a b").extra, ["a", "b"]);
}
