//! What is promised of interpreters and compiled files, with those of this machine.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// Every version of Python at hand that servers may be started with, one of each.
pub(in crate::mcp) fn pythons() -> Vec<PythonRuntime> {
    let path = std::env::split_paths(&search_path()).collect::<Vec<_>>();
    let mut further = Vec::new();
    // Where version managers keep theirs: beside their scripts.
    for shims in path.iter().filter(|folder| folder.ends_with("shims")) {
        let versions = shims.with_file_name("versions");
        for version in versions.read_dir().into_iter().flatten().flatten() {
            further.push(version.path().join("bin/python3"));
        }
    }
    let candidates = PythonCandidates::find(&search_path(), None, &further);
    let mut found = BTreeMap::new();
    for runtime in candidates.paths().filter_map(|path| PythonRuntime::ask(path).ok()) {
        found.entry(runtime.minor()).or_insert(runtime);
    }
    if found.is_empty() {
        eprintln!("skipped: no Python that is no script on PATH");
    }
    found.into_values().collect()
}

#[expect(clippy::disallowed_methods, reason = "a test looks for the interpreters of the machine it runs on")]
fn search_path() -> std::ffi::OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

pub(super) fn sources_of(folder: &Path, most: usize) -> Vec<(String, Vec<u8>)> {
    let mut sources = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in next.read_dir().unwrap().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            if kind.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "py") {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                sources.push((name, std::fs::read(path).unwrap()));
            }
        }
    }
    sources.sort();
    sources.truncate(most);
    sources
}

fn source(path: &str, text: &str) -> (String, Vec<u8>) {
    (path.to_owned(), text.as_bytes().to_vec())
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    // All of it, with every version: set by whoever has minutes rather than seconds.
    let most = option_env!("MCP_PIN_TEST_ALL").map_or(40, |_| usize::MAX);
    for python in pythons() {
        let compiler = Compiler::new(&python);
        let mut sources = sources_of(&python.library()[0], usize::MAX);
        sources.retain(|(name, _)| !name.starts_with("site-packages/"));
        let step = sources.len().div_ceil(most).max(1);
        let mut sources: Vec<_> = sources.into_iter().step_by(step).collect();
        if let Some(trees) = option_env!("MCP_PIN_TEST_TREES") {
            sources.extend(sources_of(Path::new(trees), usize::MAX).into_iter().step_by(step * 3));
        }
        let first = compiler.derive(&sources).unwrap();
        assert!(first.len() > sources.len() * 4 / 5, "{} of {}", first.len(), sources.len());
        // Another order, in processes that have compiled all of it, and one by one in new ones.
        sources.reverse();
        let middle = sources.len() / 2;
        sources.rotate_left(middle);
        assert!(compiler.derive(&sources).unwrap() == first, "warm: {}", python.version());
        let by_path: BTreeMap<_, _> = first.iter().cloned().collect();
        for one in sources.iter().step_by((sources.len() / 8).max(1)) {
            let fresh = Compiler::new(&python).derive(std::slice::from_ref(one)).unwrap();
            for (path, code) in fresh {
                assert!(by_path.get(&path) == Some(&code), "fresh: {path} with {}", python.version());
            }
        }
    }
}

/// The ways in which marshalled code is known to differ: names and one-letter texts that something
/// else in the process holds or has interned, and the order of sets.
#[test]
fn what_a_process_did_before_does_not_show() {
    let before = [
        source("codec.py", "# coding: koi8-r\nX = 1\n"),
        source("star.py", "from os import *\n"),
    ];
    let after = [
        source("name.py", "decoding_table = 1\n"),
        source("text.py", "X = '*', 'zz *'\n"),
        source(
            "set.py",
            "def f(x): return x in {'b b', 'a a', 'c c', 'd d', 'e e', 'f f', 'g g'}\n",
        ),
    ];
    for python in pythons() {
        let warm = Compiler::new(&python);
        assert_eq!(warm.derive(&before).unwrap().len(), 2);
        let warm = warm.derive(&after).unwrap();
        for _ in 0..3 {
            let fresh = Compiler::new(&python).derive(&after).unwrap();
            assert!(fresh == warm, "{}", python.version());
        }
    }
}

#[test]
fn a_compiled_file_is_the_one_of_its_source() {
    let text = "import sys\nNAMES = {'b', 'a', 1, (2, 'x y')}\ndef f(x):\n    assert x in {'b', 'a', 'c d', 3.5, None}\n    return -0.0, 1e400, 2**80, b'\\0', ..., 'é'\n";
    for python in pythons() {
        let compiler = Compiler::new(&python);
        let files = compiler
            .derive(&[source("a/m.py", text), source("top.py", "X = 1\n"), source("a/data.txt", "")])
            .unwrap();
        let names: Vec<_> = files.iter().map(|(path, _)| path.clone()).collect();
        let tag = python.cache_tag();
        assert_eq!(names, [format!("__pycache__/top.{tag}.pyc"), format!("a/__pycache__/m.{tag}.pyc")]);
        // Python itself takes it for the compiled file of this source, and finds what it would have.
        let tree = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(tree.path().join("a/__pycache__")).unwrap();
        std::fs::write(tree.path().join("a/m.py"), text).unwrap();
        std::fs::write(tree.path().join(&names[1]), &files[1].1).unwrap();
        let check = "import sys, marshal, importlib.util\n\
            sys.path.insert(0, sys.argv[1])\n\
            source = open(sys.argv[1] + '/a/m.py', 'rb').read()\n\
            bytes = open(sys.argv[2], 'rb').read()\n\
            assert bytes[:4] == importlib.util.MAGIC_NUMBER and bytes[4:8] == b'\\1\\0\\0\\0'\n\
            assert bytes[8:16] == importlib.util.source_hash(source)\n\
            assert marshal.loads(bytes[16:]) == compile(source, '/mcp-pin/a/m.py', 'exec', dont_inherit=True, optimize=0)\n\
            import a.m\n\
            assert a.m.f.__code__.co_filename == sys.argv[1] + '/a/m.py', a.m.f.__code__.co_filename\n\
            assert a.m.__cached__ == sys.argv[2]\n\
            print(a.m.f('a'), sorted(map(str, a.m.NAMES)))\n";
        let output = std::process::Command::new(python.path())
            .args(["-I", "-S", "-B", "-c", check])
            .args([tree.path().as_os_str(), tree.path().join(&names[1]).as_os_str()])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(
            said.trim(),
            "(-0.0, inf, 1208925819614629174706176, b'\\x00', Ellipsis, 'é') [\"(2, 'x y')\", '1', 'a', 'b']"
        );
    }
}

#[test]
fn a_source_that_does_not_compile_has_no_compiled_file_and_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("ran");
    let runs = format!("open({:?}, 'w').close()\n", mark.to_str().unwrap());
    let sources = [
        source("good.py", "X = 'good'\n"),
        source("syntax.py", "def\n"),
        source("nul.py", "X = 1\0\n"),
        source("coding.py", "# coding: no-such-coding\n"),
        source("rot.py", "# coding: rot13\nK = 1\n"),
        ("latin.py".to_owned(), b"X = '\xff'\n".to_vec()),
        source("deep.py", &format!("{}1{}\n", "(".repeat(5000), ")".repeat(5000))),
        source("long.py", &format!("X = {}1\n", "-".repeat(200_000))),
        source("chain.py", &format!("X = {}1\n", "a.".repeat(100_000).replace("a.", "1 + "))),
        source("attr.py", &format!("X = a{}\n", ".b".repeat(100_000))),
        source("lambda.py", &format!("X = {}1\n", "lambda:".repeat(5000))),
        source("warn.py", "X = 1 is 1\nY = '\\d'\nassert (1, 'x')\n"),
        source("run.py", &runs),
    ];
    for python in pythons() {
        let compiler = Compiler::new(&python);
        let names = |compiled: Vec<(String, Vec<u8>)>| {
            let stem = |path: &str| path.trim_start_matches("__pycache__/").split('.').next().unwrap().to_owned();
            compiled.into_iter().map(|(path, _)| stem(&path)).collect::<Vec<_>>()
        };
        let first = compiler.derive(&sources).unwrap();
        assert_eq!(compiler.derive(&sources).unwrap(), first, "again");
        for one in &sources {
            let alone = Compiler::new(&python).derive(std::slice::from_ref(one)).unwrap();
            assert!(alone.iter().all(|found| first.contains(found)), "{}", one.0);
        }
        let names = names(first);
        for good in ["good", "warn", "run"] {
            assert!(names.iter().any(|name| name == good), "{good}: {names:?}");
        }
        for bad in ["syntax", "nul", "coding", "rot", "latin", "deep"] {
            assert!(!names.iter().any(|name| name == bad), "{bad}: {names:?}");
        }
        assert!(!mark.exists(), "nothing of a source is run");
    }
}

#[test]
fn a_source_that_kills_the_compiler_has_no_compiled_file() {
    let Some(python) = pythons().pop() else { return };
    let scratch = tempfile::tempdir().unwrap();
    let fragile = scratch.path().join("fragile");
    // The real one, but for a compiler that cannot bear one word; every start is written down.
    let script = format!(
        "#!/bin/sh\necho started >>{}/starts\nexec {} -I -S -B -c \"import builtins, os\nreal = compile\ndef fragile(text, *rest, **more):\n    if b'deadly' in text: os.abort()\n    return real(text, *rest, **more)\nbuiltins.compile = fragile\n$7\"\n",
        scratch.path().display(),
        python.path().display()
    );
    std::fs::write(&fragile, script).unwrap();
    std::fs::set_permissions(&fragile, std::fs::Permissions::from_mode(0o755)).unwrap();
    let compiler = Compiler::with(fragile, python.cache_tag().to_owned(), python.magic(), python.minor());
    let sources = [
        source("a.py", "X = 'a longer source that is compiled first'\n"),
        source("b.py", "X = 'deadly'\n"),
        source("c.py", "X = 1\n"),
    ];
    let expected = Compiler::new(&python).derive(&[sources[0].clone(), sources[2].clone()]).unwrap();
    assert_eq!(expected.len(), 2);
    assert_eq!(compiler.derive(&sources).unwrap(), expected);
    assert_eq!(compiler.derive(&sources).unwrap(), expected);
    // One that dies is tried once more, and then there is one for the rest.
    let starts = std::fs::read_to_string(scratch.path().join("starts")).unwrap();
    assert_eq!(starts.lines().count(), 5, "the worker that is left is used again");
}

#[test]
fn a_broken_interpreter_is_no_source_that_does_not_compile() {
    let scratch = tempfile::tempdir().unwrap();
    for (name, script) in [
        ("ends", "#!/bin/sh\nexit 1\n"),
        ("lies", "#!/bin/sh\nprintf '\\024\\000\\000\\000aaaaaaaaaaaaaaaaaaaa'; sleep 5\n"),
    ] {
        let path = scratch.path().join(name);
        std::fs::write(&path, script).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let compiler = Compiler::with(path, "cpython-312".into(), *b"\xcb\x0d\x0d\x0a", 12);
        let error = compiler.derive(&[source("a.py", "X = 1")]).unwrap_err();
        match name {
            "ends" => assert!(matches!(error, CompileError::Worker { .. }), "{error}"),
            _ => assert!(matches!(error, CompileError::Answer { .. }), "{error}"),
        }
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_projects_own_python_and_scripts_are_passed_over() {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().canonicalize().unwrap();
    let program = |folder: &str, name: &str, content: &[u8]| {
        let folder = root.join(folder);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(name), content).unwrap();
        folder
    };
    let elf = b"\x7fELF and more";
    let project = program("project/.venv/bin", "python3", elf);
    let shims = program("shims", "python3", b"#!/bin/sh\n");
    let one = program("one", "python3", elf);
    program("one", "python3.11", elf);
    program("one", "python3.11-config", elf);
    program("one", "python3-pip", elf);
    let two = program("two", "python3.13t", elf);
    program("two", "python", elf);
    let path = std::env::join_paths([&project, Path::new("relative"), &shims, &one, &two]).unwrap();
    let further = [
        root.join("one/python3"),
        project.join("python3"),
        root.join("none"),
        "python3".into(),
    ];
    let found = PythonCandidates::find(&path, Some(&root.join("project")), &further);
    assert_eq!(found.first, [one.join("python3")]);
    assert_eq!(found.others, [one.join("python3.11"), two.join("python"), two.join("python3.13t")]);
    let error = PythonRuntime::ask(&shims.join("python3")).unwrap_err();
    assert!(matches!(error, RuntimeError::Script { .. }), "{error}");
}

#[test]
fn the_python_that_fits_is_picked() {
    let pythons = pythons();
    let [first, .., newest] = pythons.as_slice() else { return };
    let candidates = PythonCandidates {
        first: vec![first.path().into()],
        others: pythons.iter().map(|python| python.path().into()).collect(),
    };
    let pick = |wanted| PythonRuntime::pick(wanted, &candidates);
    assert_eq!(&pick(None).unwrap(), first, "what `python3` is");
    assert_eq!(&pick(Some(">=3.8")).unwrap(), first);
    let later = format!(">=3.{},<4", first.minor() + 1);
    assert_eq!(&pick(Some(&later)).unwrap(), newest, "the newest of the others");
    let error = pick(Some(">=3.99")).unwrap_err();
    assert!(
        matches!(&error, RuntimeError::NoPython { found, .. } if found.len() > pythons.len()) && error.to_string().contains(">=3.99"),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("uv python install 3."), "{:?}", error.hint());
    assert!(matches!(pick(Some("three")), Err(RuntimeError::BadRequirement { .. })));
    assert_eq!(&PythonRuntime::reopen(first.path(), first.version()).unwrap(), first);
    assert!(
        PythonRuntime::reopen(first.path(), "3.10.0b1")
            .unwrap_err()
            .to_string()
            .contains("was 3.10.0b1")
    );
    assert_eq!(
        (example(">=3.10"), example("<3.12"), example("~=3.12.4")),
        ("3.13".into(), "3.11".into(), "3.12".into())
    );
}

#[test]
fn a_program_that_was_copied_to_a_virtual_environment_is_not_used() {
    for python in pythons() {
        let scratch = tempfile::tempdir().unwrap();
        let environment = scratch.path().join("environment");
        let made = std::process::Command::new(python.path())
            .args(["-I", "-m", "venv", "--copies", "--without-pip"])
            .arg(&environment)
            .output();
        let program = environment.join("bin/python3");
        if !made.is_ok_and(|made| made.status.success()) || program.symlink_metadata().is_ok_and(|there| there.is_symlink()) {
            eprintln!("skipped: {} makes no virtual environments", python.path().display());
            continue;
        }
        let error = PythonRuntime::ask(&program).unwrap_err().to_string();
        assert!(
            error.contains("it belongs to a virtual environment"),
            "{}: {error}",
            python.version()
        );
    }
}

#[test]
fn facts_fit_together() {
    for python in pythons() {
        let facts = python.facts();
        assert_eq!(facts.implementation, "cpython");
        assert_eq!(format!("cpython-3{}", python.minor()), facts.cache_tag);
        assert!(python.version().starts_with(&format!("3.{}.", python.minor())));
        assert!(python.library().iter().all(|path| path.is_absolute() && path.exists()));
        assert!(python.library()[0].join("os.py").is_file());
        assert_eq!(facts.markers.os_name, "posix");
    }
}
