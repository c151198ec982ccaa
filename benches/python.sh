#!/usr/bin/env bash
# How long a Python server takes from its start to its answer to `initialize`, in turns, medians:
#
#   ours   our start, through a tree with our compiled files
#   venv   the console script of a warm virtual environment, the same packages
#   uvx    `uvx PKG==VER` (`-` as UVX leaves it out)
#
# Usage: benches/python.sh [ROUNDS] [PYTHON] [UVX]
# Ends with 1 where a target is missed. Needs uv. Takes the index uv is configured for; uvx asks it
# each time. Touches nothing but a folder of its own.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

rounds=${1:-30}
python=${2:-$(uv python find --no-project --system)}
uvx=${3:-uvx}
bench=$(cargo bench --bench python --locked --no-run --message-format=json-render-diagnostics |
    sed -n '/"name":"python"/s/.*"executable":"\([^"]*\)".*/\1/p')

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
minor=$("$python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])')
echo "Python $minor, $(uv --version); $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg); medians of $rounds"

missed=0
for package in mcp-server-time mcp-server-fetch mcp-server-git; do
    tree=$work/$package/tree
    venv=$work/$package/venv
    module=${package//-/_}
    uv venv --quiet --no-project --python "$python" "$venv"
    uv pip install --quiet --python "$venv/bin/python" --compile-bytecode --only-binary :all: "$package"
    version=$(uv pip show --quiet --python "$venv/bin/python" "$package" 2>/dev/null | sed -n 's/^Version: //p')
    version=${version:-$("$venv/bin/python" -c "import importlib.metadata as m; print(m.version('$package'))")}
    mkdir -p "$tree/lib"
    # The same packages, to the byte; without what another compiled.
    cp -r "$venv/lib/python$minor" "$tree/lib/"
    find "$tree" -name __pycache__ -prune -exec rm -rf {} +
    race=("$bench" "$rounds" "$python" "$tree" "$package = $module:main" "$venv/bin/$package")
    [ "$uvx" = - ] || race+=("$uvx" "$package==$version")
    status=0
    "${race[@]}" || status=$?
    [ "$status" -le 1 ] || exit "$status"
    [ "$status" = 0 ] || missed=1
done
exit "$missed"
