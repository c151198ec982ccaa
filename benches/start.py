"""The driver of start.sh: `start.py MCP-PIN [ROUNDS] [start|calls]`."""

import contextlib
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NPM = ("@modelcontextprotocol/server-filesystem", "2026.8.31")
PYPI = ("mcp-server-time", "2026.10.19")
PATIENCE = 60
# Bytes of a result, calls a side, and what one may cost more.
CALLS = [("small", 20, 2000, 50e-6), ("100 KB", 100_000, 500, 0.3e-3), ("1 MB", 1_000_000, 100, 3e-3)]
BATCH = 10
# Calls a side that each come after a pause, and seconds of it.
PAUSED, PAUSE = 60, 0.02
IDLE_MB = 20

HELLO = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "bench", "version": "1.0.0"}},
}
READY = {"jsonrpc": "2.0", "method": "notifications/initialized"}


class Server:
    """A server, spawned."""

    def __init__(self, words, cwd=None, env=None):
        self.begun = time.perf_counter()
        self.process = subprocess.Popen(
            words,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            start_new_session=True,
        )
        self.into, self.out = self.process.stdin.fileno(), self.process.stdout.fileno()

    def tell(self, message):
        frame = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        while frame:
            frame = frame[os.write(self.into, frame) :]

    def line(self):
        """The next line, and no more of it kept than needed: nothing is asked before it came."""
        parts = []
        while not parts or not parts[-1].endswith(b"\n"):
            part = os.read(self.out, 1 << 20)
            if not part:
                sys.exit(f"the server ended: {self.process.args}")
            parts.append(part)
        return b"".join(parts)

    def hello(self):
        """Seconds from spawning to the answer to `initialize`."""
        self.tell(HELLO)
        line = self.line()
        took = time.perf_counter() - self.begun
        if "result" not in json.loads(line.splitlines()[-1]):
            sys.exit(f"no handshake with {self.process.args}: {line[:2000]!r}")
        return took

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.process.stdout.close()


class Bench:
    def __init__(self, pin, rounds, work):
        self.pin, self.rounds, self.work = pin, rounds, work
        self.missed = False
        self.env = os.environ.copy()
        home = Path(self.env.get("HOME", "/"))
        npmrc = self.env.get("npm_config_userconfig") or ask(["npm", "config", "get", "userconfig"])
        self.env.update(HOME=str(work / "user"), MCP_PIN_HOME=str(work / "home"))
        self.env.update(npm_config_userconfig=npmrc, npm_config_cache=str(work / "npm"), npm_config_update_notifier="false")
        self.env.update(UV_CACHE_DIR=str(work / "uv"))
        for name in [".config/uv/uv.toml", ".config/pip/pip.conf", ".pip/pip.conf", ".netrc"]:
            if (home / name).is_file():
                (work / "user" / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(home / name, work / "user" / name)
        for folder in ["user", "home", "project"]:
            (work / folder).mkdir(exist_ok=True)

    def check(self, what, value, limit):
        if value > limit:
            print(f"         MISSED: {what} is {value:.3g}, the target is {limit:.3g} at most")
            self.missed = True

    def install(self, *words):
        words = [self.pin, "install", "--global", "--yes", *words]
        for left in (2, 1, 0):
            ran = subprocess.run(words, cwd=self.work / "project", env=self.env, capture_output=True, text=True)
            if ran.returncode == 0:
                return
            time.sleep(5 if left else 0)
        sys.exit(f"{words}\n{ran.stdout}{ran.stderr}")

    def run(self, *words):
        return {"words": [self.pin, "run", *words], "cwd": self.work / "project", "env": self.env}

    def direct(self, name):
        """What `mcp-pin run` starts: program, arguments, folder, environment, read off the running process."""
        running = Server(**self.run(name))
        running.hello()
        places = [Path("/proc") / str(child) for child in children(running.process.pid)]
        # Beside the server there is its warden.
        [place] = [place for place in places if b"\0__warden\0" not in (place / "cmdline").read_bytes()]
        text = lambda file: (place / file).read_bytes().decode().split("\0")[:-1]
        env = dict(line.split("=", 1) for line in text("environ"))
        found = {"words": text("cmdline"), "cwd": os.readlink(place / "cwd"), "env": env}
        running.end()
        for folder in [found["cwd"], *filter(None, [env.get("TMPDIR")])]:
            os.makedirs(folder, exist_ok=True)
        return found

    def start(self, name, package, installer):
        self.install(package, "--name", name, *installer.pop("install"))
        theirs = {"cwd": self.work / "project", "env": self.env, "words": installer["words"]}
        direct = self.direct(name)
        sides = {"direct": direct, "run": self.run(name), installer["words"][0].split("/")[-1]: theirs, "cat": between(direct)}
        took = {side: [] for side in sides}
        for round in range(self.rounds + 1):
            # Nobody always runs behind the same one.
            turn = round % len(sides)
            order = [*sides.items()]
            for side, words in order[turn:] + order[:turn]:
                server = Server(**words)
                seconds = server.hello()
                server.end()
                if round:  # the first one warms up
                    took[side].append(seconds)
        (direct, ours, other, cat) = (statistics.median(times) for times in took.values())
        least = {side: min(times) for side, times in took.items()}
        other_name = list(sides)[2]
        print(f"start    {package}")
        print(
            f"         direct {direct * 1e3:.1f} ms   mcp-pin run {ours * 1e3:.1f} ms   {other_name} {other * 1e3:.1f} ms"
            f"   ratios {ours / direct:.3f}, {ours / other:.2f}"
            f"   (fastest {', '.join(f'{seconds * 1e3:.1f}' for seconds in least.values())})"
        )
        print(f"         with a relay that does nothing {cat * 1e3:.1f} ms   ratios {cat / direct:.3f} to direct, {ours / cat:.3f} of ours to it")
        self.check("the ratio to a direct start", ours / direct, 1.10)
        self.check(f"the ratio to {other_name}", ours / other, 0.5)

    def starts(self):
        package, version = NPM
        folder = str(self.work / "project")
        npx = {"words": ["npx", "-y", f"{package}@{version}", folder], "install": ["--arg", folder]}
        self.start("files", f"npm:{package}@{version}", npx)
        package, version = PYPI
        uvx = {"words": [uvx_itself(), f"{package}=={version}", "--local-timezone=UTC"], "install": ["--arg=--local-timezone=UTC"]}
        self.start("time", f"pypi:{package}=={version}", uvx)

    def calls(self):
        echo = self.work / "echo.mjs"
        shutil.copy(Path(__file__).with_name("echo.mjs"), echo)
        self.install("--name", "echo", "--", "node", str(echo))
        direct = self.direct("echo")
        sides = [Server(**direct), Server(**self.run("echo")), Server(**between(direct))]
        for server in sides:
            server.hello()
            server.tell(READY)
        time.sleep(2)
        self.memory("idle", sides[1], IDLE_MB)
        ids = iter(range(1, 1 << 30))
        self.round_trips("as the machine comes", sides, ids)
        with awake():
            self.round_trips("processors kept awake", sides, ids)
        self.after_pauses(sides, ids)
        self.memory("after all of it", sides[1])
        for server in sides:
            server.end()

    def round_trips(self, how, sides, ids):
        for name, size, count, limit in CALLS:
            took = [[] for _ in sides]
            for batch in range(count // BATCH + 1):
                for server, times in list(zip(sides, took, strict=True))[:: -1 if batch % 2 else 1]:
                    seconds = [call(server, next(ids), size) for _ in range(BATCH)]
                    if batch:  # the first one warms up
                        times.extend(seconds)
            direct, through, cat = (statistics.median(times) for times in took)
            print(
                f"calls    {how}, {name}: direct {direct * 1e6:.0f} us   through {through * 1e6:.0f} us"
                f"   added {(through - direct) * 1e6:.0f} us   (a relay that does nothing adds {(cat - direct) * 1e6:.0f} us)"
            )
            self.check(f"what is added to a {name} result, {how}, in seconds,", through - direct, limit)

    def after_pauses(self, sides, ids):
        """Small calls that come one by one, to processes and caches that were left alone: without a target."""
        took = [[] for _ in sides]
        for _ in range(PAUSED):
            for server, times in zip(sides, took, strict=True):
                time.sleep(PAUSE)
                times.append(call(server, next(ids), CALLS[0][1]))
        direct, through, cat = (statistics.median(times) for times in took)
        print(
            f"calls    each after {PAUSE * 1e3:.0f} ms of nothing, small: direct {direct * 1e6:.0f} us   through {through * 1e6:.0f} us"
            f"   added {(through - direct) * 1e6:.0f} us   (a relay that does nothing adds {(cat - direct) * 1e6:.0f} us)"
        )

    def memory(self, when, server, limit=None):
        text = (Path("/proc") / str(server.process.pid) / "status").read_text()
        value = lambda name: int(next(line for line in text.splitlines() if line.startswith(name + ":")).split()[1]) / 1024
        print(f"memory   {when}: {value('VmRSS'):.1f} MiB resident, {value('RssAnon'):.1f} MiB of it its own, peak {value('VmHWM'):.1f} MiB")
        if limit:
            self.check("the resident memory in MB", value("VmRSS") * 1.048576, limit)


@contextlib.contextmanager
def awake():
    """A process on each processor that takes only what nobody else wants (SCHED_IDLE), so that none falls asleep."""
    spin = "import os, sys\nparent = os.getppid()\nwhile os.getppid() == parent:\n    for _ in range(1 << 20): pass"

    def settle(processor):
        os.sched_setaffinity(0, {processor})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

    spinning = [
        subprocess.Popen([sys.executable, "-I", "-c", spin], preexec_fn=lambda processor=processor: settle(processor))
        for processor in os.sched_getaffinity(0)
    ]
    try:
        time.sleep(0.5)
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


def between(start):
    """The same process behind pipes that two `cat`s read and write: what any relay costs here."""
    return {**start, "words": [shutil.which("sh"), "-c", f'{shutil.which("cat")} | "$@" | {shutil.which("cat")}', "sh", *start["words"]]}


def call(server, number, size):
    message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "text", "arguments": {"bytes": size}}}
    begun = time.perf_counter()
    server.tell(message)
    line = server.line()
    took = time.perf_counter() - begun
    if not line.startswith(b'{"jsonrpc":"2.0","id":%d,"result"' % number) or len(line) < size:
        sys.exit(f"not the answer: {line[:300]!r}")
    return took


def children(of):
    tasks = (Path("/proc") / str(of) / "task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def ask(words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def uvx_itself():
    found = os.environ.get("UVX") or shutil.which("uvx")
    if not found:
        sys.exit("uvx is missing: name it with UVX=PATH")
    with open(found, "rb") as file:
        if file.read(2) == b"#!":
            sys.exit(f"{found} is a script that starts uvx, and its own time would count: name the program with UVX=PATH")
    return found


def main():
    pin, rounds, part, *_ = [*sys.argv[1:], *[None] * 3][:3]
    signal.alarm(1800)
    with tempfile.TemporaryDirectory(prefix="mcp-pin-bench") as work:
        bench = Bench(pin, int(rounds or 30), Path(work))
        try:
            load = Path("/proc/loadavg").read_text().split()[0]
            print(f"{os.cpu_count()} processors, load {load}, node {ask(['node', '--version'])}; medians of {bench.rounds} starts", flush=True)
            if part != "calls":
                bench.starts()
            if part != "start":
                bench.calls()
        finally:
            subprocess.run(["chmod", "-R", "u+w", work], check=False)
    sys.exit(1 if bench.missed else 0)


main()
