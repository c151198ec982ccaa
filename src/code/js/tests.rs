//! Tables of source and what is seen in it.

use super::*;
use crate::code::{Seen, Sight};

fn abilities(reading: &Reading) -> Vec<String> {
    reading
        .sights
        .iter()
        .filter_map(|Sight { seen, .. }| match seen {
            Seen::Ability { ability, by } => Some(format!("{}:{by}", ability.as_str())),
            Seen::Literal { .. } => None,
        })
        .collect()
}

/// Each source, and the abilities seen in it, in order.
fn check(table: &[(&str, &[&str])]) {
    let mut wrong = Vec::new();
    for (source, expected) in table {
        let reading = read("index.js", source);
        assert_eq!(reading.unread, None, "{source}");
        let found = abilities(&reading);
        if found != *expected {
            wrong.push(format!("{source}\n   expected {expected:?}\n   found    {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn plain_uses() {
    check(&[
        ("fetch('x')", &["network:fetch"]),
        ("require('child_process').exec('ls')", &["shell:child_process.exec"]),
        ("require('child_process').spawn('ls')", &["process:child_process.spawn"]),
        (
            "require('child_process').spawn('ls', [], {shell: true})",
            &["shell:child_process.spawn"],
        ),
        (
            "require('child_process').spawn('ls', [], {shell: !1})",
            &["process:child_process.spawn"],
        ),
        (
            "require('child_process').spawn('/bin/bash', ['-c', x])",
            &["shell:child_process.spawn"],
        ),
        (
            "import {spawn} from 'node:child_process'; spawn('npx', ['-y', p])",
            &["process:child_process.spawn", "child-interpreter:npx"],
        ),
        (
            "import {execSync as e} from 'child_process'; e('npm publish')",
            &["shell:child_process.execSync", "publish:npm publish"],
        ),
        (
            "import {execSync as e} from 'child_process'; e(`curl -fsSL ${u} | bash`)",
            &["shell:child_process.execSync", "network:curl", "child-interpreter:download | bash"],
        ),
        (
            "import fs from 'node:fs/promises'; fs.writeFile(a, b); fs.readFile(a); fs.mkdir(a)",
            &["file-write:fs.writeFile"],
        ),
        ("import {promises as fs} from 'fs'; fs.unlink(a)", &["file-write:fs.unlink"]),
        ("const fs = require('fs'); fs.promises.appendFile(a)", &["file-write:fs.appendFile"]),
        (
            "const fs = require('fs'); fs.openSync(a, 'r'); fs.openSync(a, 'w')",
            &["file-write:fs.openSync"],
        ),
        (
            "import dns from 'dns'; dns.promises.lookup(x); new dns.Resolver()",
            &["dns:dns.lookup", "dns:dns.Resolver"],
        ),
        (
            "new WebSocket(u); new XMLHttpRequest; navigator.sendBeacon(u)",
            &["network:WebSocket", "network:XMLHttpRequest", "network:navigator.sendBeacon"],
        ),
        (
            "import axios from 'axios'; axios.post(u); axios(u); axios.isAxiosError(e)",
            &["network:axios.post", "network:axios"],
        ),
        (
            "import http from 'http'; http.get(u); http.STATUS_CODES[1]; x instanceof http.Server",
            &["network:http.get"],
        ),
        (
            "eval(x); new Function('a', b); Function(x)",
            &["eval:eval", "eval:Function", "eval:Function"],
        ),
        ("Function('return this')(); new Function('')", &[]),
        (
            "setTimeout('x()', 1); setTimeout(() => 1, 1); setTimeout(f, 1)",
            &["eval:setTimeout"],
        ),
        (
            "import vm from 'vm'; vm.runInThisContext(x); new vm.Script(x)",
            &["eval:vm.runInThisContext", "eval:vm.Script"],
        ),
        ("m._compile(x, y)", &["eval:module._compile"]),
        (
            "process.dlopen(m, f); require('./x.node'); WebAssembly.instantiate(b)",
            &["native:process.dlopen", "native:.node", "native:WebAssembly.instantiate"],
        ),
        (
            "Buffer.from(x).toString('base64'); x.toString(); btoa(x)",
            &["encode:toString(base64)", "encode:btoa"],
        ),
        (
            "import c from 'crypto'; c.createCipheriv(a); c.createHash(a)",
            &["encode:crypto.createCipheriv"],
        ),
        (
            "Bun.spawn(['ls']); new Deno.Command('ls'); Bun.$`ls`",
            &["process:Bun.spawn", "process:Deno.Command", "shell:Bun.$"],
        ),
        (
            "navigator.clipboard.readText(); require('screenshot-desktop')()",
            &["clipboard:navigator.clipboard.readText", "screen:screenshot-desktop"],
        ),
        ("new Worker(code, {eval: true}); new Worker('./x.js')", &["eval:Worker"]),
    ]);
}

#[test]
fn the_environment_as_a_whole_and_single_variables_of_it() {
    check(&[
        (
            "process.env.A; process.env['B']; process.env[k]; const {C, D = 1} = process.env; process.env.E = 1",
            &[],
        ),
        ("const env = process.env; env.A; const e = env || {}; e.B", &[]),
        (
            "typeof process !== 'undefined' && process.env && process.env.A; 'A' in process.env; if (!process.env) x()",
            &[],
        ),
        ("(process.env || {}).A; process?.env?.A; delete process.env.A", &[]),
        ("f(process.env)", &["whole-environment:process.env"]),
        ("const env = process.env; f(env)", &["whole-environment:process.env"]),
        ("Object.keys(process.env)", &["whole-environment:process.env"]),
        ("({...process.env})", &["whole-environment:process.env"]),
        ("const {A, ...rest} = process.env", &["whole-environment:process.env"]),
        (
            "import {env} from 'node:process'; f(env); env.X",
            &["whole-environment:process.env"],
        ),
        (
            "JSON.stringify(process.env)",
            &["encode:JSON.stringify", "whole-environment:process.env"],
        ),
        (
            "import {spawn} from 'child_process'; spawn('x', [], {env: {...process.env, A: 1}})",
            &["process:child_process.spawn", "whole-environment:process.env (passed on)"],
        ),
        ("for (const k in process.env) f(k)", &["whole-environment:process.env"]),
        ("Deno.env.get('A'); Deno.env.toObject()", &["whole-environment:Deno.env.toObject"]),
        ("export const e = process.env", &["whole-environment:process.env"]),
    ]);
}

#[test]
fn aliases() {
    check(&[
        (
            "function f() { cp.exec(x) } const cp = require('child_process')",
            &["shell:child_process.exec"],
        ),
        (
            "let cp; function f() { cp.exec(x) } cp = require('child_process')",
            &["shell:child_process.exec"],
        ),
        (
            "const {exec: run} = await import('node:child_process'); run(x)",
            &["shell:child_process.exec"],
        ),
        (
            "import * as cp from 'child_process'; const r = cp.exec; r(x)",
            &["shell:child_process.exec", "shell:child_process.exec"],
        ),
        (
            "import cp from 'child_process'; const run = promisify(cp.exec); run(x)",
            &["shell:child_process.exec", "shell:child_process.exec"],
        ),
        (
            "var import_cp = __toESM(require('child_process')); (0, import_cp.exec)(x)",
            &["shell:child_process.exec"],
        ),
        (
            "var c = __importDefault(require('child_process')); c.default.exec(x)",
            &["shell:child_process.exec"],
        ),
        (
            "const run = require('child_process').exec.bind(null); run(x)",
            &["shell:child_process.exec", "shell:child_process.exec"],
        ),
        (
            "import {createRequire} from 'module'; const r = createRequire(import.meta.url); r('child_process').exec(x)",
            &["shell:child_process.exec"],
        ),
        (
            "var N = (e => typeof require < 'u' ? require : e)(function (e) { throw 1 }); N('child_process').exec(x)",
            &["shell:child_process.exec"],
        ),
        ("(function (f) { f(x) })(fetch)", &["network:fetch", "network:fetch"]),
        ("var a; ({exec: a} = require('child_process')); a(x)", &["shell:child_process.exec"]),
        ("module.exports = require('child_process')", &["process:child_process"]),
        ("export * from 'child_process'", &["process:child_process"]),
        ("export {exec} from 'child_process'", &["shell:child_process.exec"]),
        ("import {exec} from 'child_process'; export {exec}", &["shell:child_process.exec"]),
        ("const cp = require('child_process'); cp[name](x)", &["process:child_process"]),
        ("class A extends EventSource {}", &["network:EventSource"]),
    ]);
}

#[test]
fn names_of_ones_own_are_not_the_runtimes() {
    check(&[
        ("function fetch() {} fetch(x)", &[]),
        ("function f(fetch) { fetch(x) }", &[]),
        ("import fetch from './mine.js'; fetch(x)", &[]),
        ("class A { fetch() { return this.fetch() } eval() {} }", &[]),
        ("const cp = require('child_process'); function f(cp) { cp.exec(x) }", &[]),
        ("{ const fetch = 1; fetch(x) }", &[]),
        ("function f() { var process = {}; g(process.env) }", &[]),
        ("x.exec(y); re.exec(s); db.fetch(z)", &[]),
        ("'fetch eval process.env'", &[]),
    ]);
    let typed = read(
        "a.ts",
        "import type {exec} from 'child_process'; let x: typeof fetch; type A = 'https://x.example'; f(x as typeof fetch)",
    );
    assert_eq!(abilities(&typed), Vec::<String>::new());
    assert!(typed.imports.is_empty());
}

#[test]
fn evasions() {
    check(&[
        ("globalThis['ev' + 'al'](x)", &["eval:eval"]),
        ("(0, eval)(x)", &["eval:eval"]),
        ("process['e' + 'nv'].A; f(process['e' + 'nv'])", &["whole-environment:process.env"]),
        ("f(Reflect.get(process, 'env'))", &["whole-environment:process.env"]),
        ("process.mainModule.require('child_process').exec(x)", &["shell:child_process.exec"]),
        (
            "process.getBuiltinModule('child_process')['exec'](x)",
            &["shell:child_process.exec"],
        ),
        ("module.constructor._load('child_process').exec(x)", &["shell:child_process.exec"]),
        ("require?.('child_process')?.exec?.(x)", &["shell:child_process.exec"]),
        ("const m = 'child_' + 'process'; require(m).exec(x)", &["shell:child_process.exec"]),
        ("require(['child', 'process'].join('_')).exec(x)", &["shell:child_process.exec"]),
        (
            "require('ssecorp_dlihc'.split('').reverse().join('')).exec(x)",
            &["shell:child_process.exec"],
        ),
        (
            "require(Buffer.from('Y2hpbGRfcHJvY2Vzcw==', 'base64').toString()).exec(x)",
            &["shell:child_process.exec"],
        ),
        (
            "require(atob('Y2hpbGRfcHJvY2Vzcw')).exec(x)",
            &["shell:child_process.exec", "encode:atob"],
        ),
        (
            "require(String.fromCharCode(102, 115)).writeFileSync(a)",
            &["file-write:fs.writeFileSync"],
        ),
        ("require(`${'f'}s`)['write' + 'File'](a)", &["file-write:fs.writeFile"]),
        ("require.call(null, 'child_process').exec(x)", &["shell:child_process.exec"]),
        (
            "Reflect.apply(require('child_process').exec, null, [x])",
            &["shell:child_process.exec", "shell:child_process.exec"],
        ),
        ("[].constructor.constructor(x)()", &["eval:Function"]),
        ("(() => {}).constructor(x)()", &["eval:Function"]),
        ("Object.getPrototypeOf(async function () {}).constructor(x)", &["eval:Function"]),
        ("import('data:text/javascript,1')", &["eval:import of data:"]),
        ("(window.fetch || globalThis['fetch'])(x)", &["network:fetch"]),
        ("q('node:child_process').exec(x)", &["shell:child_process.exec"]),
    ]);
}

#[test]
fn imports_are_kept_as_written() {
    let reading = read(
        "a.js",
        "import 'a'; export * from './b.js'; require('node:fs'); await import(`c`); require.resolve('d'); \
         import {createRequire as c} from 'module'; c(1)('e'); module.require('f'); import x from 'g'; process.binding('h')",
    );
    let names: Vec<&str> = reading.imports.iter().map(String::as_str).collect();
    assert_eq!(names, ["./b.js", "a", "c", "d", "e", "f", "g", "h", "module", "node:fs"]);
    assert!(!reading.computed_import);
    for source in ["require(x)", "import(a + 'b')", "const r = require; r(f())", "require(...a)"] {
        assert!(read("a.js", source).computed_import, "{source}");
    }
    for source in ["let m = 'fs'; m = g(); require(m)", "function f(m = 'fs') { require(m) }"] {
        assert!(read("a.js", source).computed_import, "{source}");
    }
}

#[test]
fn each_sight_names_its_innermost_function() {
    let source = "fetch(1); function a() { const b = () => fetch(2); } class C { m(x) { fetch(3) } } const o = { n() { fetch(4) } }";
    let reading = read("a.js", source);
    let found: Vec<(&str, Option<&str>)> = reading
        .sights
        .iter()
        .map(|sight| {
            let function = sight.function.map(|at| &source[reading.functions[at].range.clone()]);
            (&source[sight.range.clone()], function)
        })
        .collect();
    assert_eq!(
        found,
        [
            ("fetch", None),
            ("fetch", Some("() => fetch(2)")),
            ("fetch", Some("m(x) { fetch(3) }")),
            ("fetch", Some("n() { fetch(4) }")),
        ]
    );
    assert_eq!(reading.functions[1].parent, Some(0));
}

#[test]
fn dialects_are_tried_in_turn() {
    for (path, source) in [
        ("a.mjs", "import a from 'b'; await a"),
        ("a.cjs", "return; with (a) { b }"),
        ("a.js", "return 1"),
        ("a.js", "#!/usr/bin/env node\nimport a from 'b'; await a;"),
        ("a.js", "var a = <div>{b}</div>"),
        ("a.js", "let a: string = 'b'"),
        ("a.ts", "enum A { B } let c = <any>d; abstract class E { abstract f(): void }"),
        ("a.tsx", "const a = <T,>(b: T) => <div/>"),
        ("bin", "delete a; 010"),
        ("a.js", "\u{feff}var a = 1"),
    ] {
        assert_eq!(read(path, source).unread, None, "{path}: {source}");
    }
    let broken = read("a.js", "\nfunction ( {");
    assert_eq!(broken.unread.as_deref(), Some("it does not parse (line 2)"));
}

/// Every way to nest that we know of; none may end the process, and none may take long.
#[test]
fn nothing_is_deep_enough_to_end_the_process() {
    let nest = |open: &str, middle: &str, close: &str, times: usize| format!("{}{middle}{}", open.repeat(times), close.repeat(times));
    for times in [25, 300, 12_000] {
        let sources = [
            nest("[", "1", "]", times),
            nest("(", "1", ")", times),
            nest("{", ";", "}", times),
            nest("a(", "1", ")", times),
            nest("({a:", "1", "})", times),
            nest("`${", "1", "}`", times),
            nest("!", "a", "", times),
            nest("-", "a", "", times).replace("--", "- -"),
            nest("typeof ", "a", "", times),
            nest("new ", "a", "", times),
            nest("a=>", "a", "", times),
            nest("a=", "a", "", times),
            nest("a+", "a", "", times),
            nest("a**", "a", "", times),
            nest("a&&", "a", "", times),
            nest("a?b:", "a", "", times),
            nest("a?", "a", ":b", times),
            nest("a.b(", "1", ")", times),
            nest("", "a", ".b", times),
            nest("", "a", "()", times),
            nest("", "a", "[b]", times),
            nest("", "a", "?.b", times),
            nest("", "a", "`b`", times),
            nest("if(a)b;else ", "c", "", times),
            nest("if(a){}else ", "c", "", times),
            nest("if(a)", "c", "", times),
            nest("for(;;)", "c", "", times),
            nest("while(a)", "c", "", times),
            nest("do ", "c", ";while(a)", times),
            nest("function f(){", "", "}", times),
            nest("(function(){", "", "})()", times),
            nest("class A{a(){", "", "}}", times),
            nest("class A extends (", "b", "){}", times),
            nest("a:", "b", "", times).replace("a:a:", "a:b:"),
            nest("await ", "b", "", times),
            nest("(a,", "b", ")", times),
            nest("[...", "b", "]", times),
            nest("([a=", "b", "])=>c", times),
            nest("x?(", "b", "):c", times),
            nest("/*", "b", "*/", times),
            nest("try{", "b", "}catch{}", times),
            nest("switch(a){case b:", "b", "}", times),
            nest("({a=", "c", "}=c)", times),
            nest("(a=", "c", ")", times),
            nest("x?(a=", "c", "):c", times),
            nest("x?(c):d=>", "c", "", times),
            nest("do{", "b", "}while(1)", times),
            nest("return,function(){", "b", "}", times),
        ];
        for source in &sources {
            let reading = read("a.js", source);
            drop(reading);
        }
        for source in [
            nest("A<", "b", ">", times),
            format!("let x: {};", nest("A<", "b", ">", times)),
            format!("let x: {};", nest("(", "b", ")", times)),
            format!("let x: {};", nest("{a:", "b", "}", times)),
            format!("let x: {};", nest("keyof ", "b", "", times)),
            format!("let x: {};", nest("() => ", "b", "", times)),
            format!("let x: {};", nest("a extends b ? c : ", "b", "", times)),
            format!("let x: {};", nest("", "b", "[]", times)),
            nest("a!", "b", "", times),
            nest("a as ", "b", "", times),
            nest("namespace a{", "", "}", times),
            format!("let x: a extends {};", nest("(infer U extends ", "b", ")?c:d", times)),
            format!("let x: {};", nest("({a=(x:", "c", ")=>d})=>e", times)),
            format!("let x: {};", nest("([a=y as ", "c", "])=>e", times)),
            nest("a<{[", "c", "]:1}>b", times),
            nest("f<import('a',{with:{b:", "c", "}})>d", times),
            nest("f<(a=", "c", ")=>b>d", times),
            nest("x?(a):b=>", "c", "", times),
            nest("é!/1;", "(", ")/", times),
        ] {
            drop(read("a.ts", &source));
        }
        drop(read("a.jsx", &nest("<a>", "b", "</a>", times)));
        drop(read("a.jsx", &nest("<a b={", "b", "}/>", times)));
    }
}

#[test]
fn too_deep_is_said() {
    let source = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let reading = read("a.js", &source);
    assert_eq!(reading.unread.as_deref(), Some("the code is nested too deep to be parsed"));
    // Twenty times nested, this would keep the parser for seconds; forty times, for a year.
    let source = format!("{}c{}", "a<{[".repeat(25), "]:1}>b".repeat(25));
    let reading = read("a.ts", &source);
    assert_eq!(reading.unread.as_deref(), Some("the code is made to keep a parser busy"));
    assert_eq!(
        read("a.js", &" ".repeat(33 * 1024 * 1024)).unread.as_deref(),
        Some("the file is too large to be parsed")
    );
}
