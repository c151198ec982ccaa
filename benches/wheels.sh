#!/usr/bin/env bash
# How long it takes to make a Python server's tree stand, from what the machine holds already, in
# turns, medians:
#
#   install   `install` from a lock, archives in the store, every file hashed, compiled files beside
#             the sources, the tree flushed to the disk
#   sync      `uv pip sync`, a warm cache, the same packages, into a fresh environment: unpacked
#             files are linked, nothing is hashed, nothing is compiled
#   compiled  the same with --compile-bytecode and --link-mode=copy: what stands at the end is then
#             what ours is
#
# Usage: benches/wheels.sh [PATH-OF-MCP-PIN] [ROUNDS] [PACKAGE]
# Ends with 1 where the target is missed. Needs uv and a Python. Takes the index uv is configured for.
# Touches nothing but a folder of its own and uv's cache.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

rounds=${2:-9}
package=${3:-mcp-server-fetch}
if [ $# -eq 0 ]; then
    cargo build --release --locked --quiet
fi
binary=$(realpath "${1:-target/release/mcp-pin}")
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export MCP_PIN_HOME=$work/home
mkdir -p "$work/project" "$work/old"

TIMEFORMAT='%R'
timed() { # FILE COMMAND...
    local into=$1
    shift
    { time "$@" >"$work/said" 2>&1; } 2>>"$into" || { cat "$work/said" >&2 && exit 1; }
}
median() { tail -n +2 "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
pin() { (cd "$work/project" && "$binary" "$@"); }

pin install --no-probe --yes "pypi:$package" >/dev/null
tree=$(echo "$MCP_PIN_HOME"/installs/*)
site=$(echo "$tree"/lib/python3.*/site-packages)
minor=$(basename "$(dirname "$site")")
python=$(command -v "$minor" || uv python find --no-project --system "${minor#python}")
uv venv --quiet --no-project --python "$python" "$work/first"
uv pip list --quiet --python "$work/first/bin/python" --path "$site" --format freeze 2>/dev/null >"$work/packages" ||
    "$python" -c 'import importlib.metadata as m, sys
for d in m.distributions(path=[sys.argv[1]]): print(d.name + "==" + d.version)' "$site" >"$work/packages"
echo "$package: $(wc -l <"$work/packages") packages, $(find "$tree" -type f | wc -l) files; $minor, $(uv --version); $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg); medians of $rounds"

set_aside=0
fresh() { # moved away, not deleted: ext4 makes files slowly where it has just deleted many
    set_aside=$((set_aside + 1))
    mkdir "$work/old/$set_aside"
    [ ! -e "$1" ] || mv "$1" "$work/old/$set_aside/"
    command sync -f "$work" # nobody pays for what another program has still to write
}
sync() { uv pip sync --quiet --offline --only-binary :all: --python "$work/venv/bin/python" "$@" "$work/packages"; }
for ((i = 0; i <= rounds; i++)); do # the first round warms all
    fresh "$MCP_PIN_HOME/installs"
    timed "$work/ours" pin install --no-probe --yes --offline
    for how in plain compiled; do
        fresh "$work/venv"
        uv venv --quiet --no-project --python "$python" "$work/venv"
        [ "$i" != 0 ] || uv pip sync --quiet --only-binary :all: --python "$work/venv/bin/python" "$work/packages"
        options=()
        [ $how = plain ] || options=(--compile-bytecode --link-mode=copy)
        timed "$work/$how" sync ${options[@]+"${options[@]}"}
    done
done
missed=0
ours=$(median "$work/ours")
for how in plain compiled; do
    theirs=$(median "$work/$how")
    ratio=$(awk "BEGIN { printf \"%.2f\", $ours / $theirs }")
    printf 'install %.3f s   uv pip sync%s %.3f s   ratio %s\n' "$ours" "$([ $how = plain ] || echo ' --compile-bytecode --link-mode=copy')" "$theirs" "$ratio"
    awk "BEGIN { exit !($ratio <= 1.0) }" || { echo "         MISSED: the target is 1.0 at most" && missed=1; }
done
exit "$missed"
