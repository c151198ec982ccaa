#!/usr/bin/env bash
# How fast are `verify --no-probe` and `install` from stored archives? Side by side with what they
# are measured against, run in turns so that both see the same machine:
#
#   verify  : find -type f -print0 | xargs -0 sha256sum    (the same tree, warm)
#   install : npm ci --ignore-scripts                      (the same closure, warm cache)
#
# Usage: benches/verify.sh [PATH-OF-MCP-PIN] [ROUNDS]
# Needs bash 5, node and npm; GNU time for the peak memory. Uses the registry npm is configured for.
# Touches nothing outside a folder of its own, which it removes.
set -euo pipefail
export LC_ALL=C # EPOCHREALTIME writes a point, sort reads one

binary=$(realpath "${1:-target/release/mcp-pin}")
rounds=${2:-9}
package=@modelcontextprotocol/server-filesystem

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export MCP_PIN_HOME=$work/home HOME=$work/user npm_config_cache=$work/npm-cache
export npm_config_userconfig=${npm_config_userconfig:-$(npm config get userconfig)}
mkdir -p "$work"/{user,project,npm}

seconds() { # COMMAND...: its wall time
    local start=$EPOCHREALTIME
    "$@" >/dev/null 2>&1
    awk "BEGIN { printf \"%.4f\n\", $EPOCHREALTIME - $start }"
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

race() { # NAME OURS THEIRS [BEFORE-OURS]: medians of both, and the ratio
    local name=$1 ours=$2 theirs=$3 before=${4:-true} i
    : >"$work/ours"
    : >"$work/theirs"
    "$theirs" >/dev/null 2>&1 # warm
    for ((i = 0; i < rounds; i++)); do
        "$before"
        seconds "$ours" >>"$work/ours"
        seconds "$theirs" >>"$work/theirs"
    done
    awk -v name="$name" -v a="$(median <"$work/ours")" -v b="$(median <"$work/theirs")" \
        'BEGIN { printf "%-8s ours %.3f s   theirs %.3f s   ratio %.2f\n", name, a, b, a / b }'
}

pin() { (cd "$work/project" && "$binary" "$@"); }
verify() { pin verify --no-probe; }
install() { pin install --no-probe --yes; }
forget_tree() { chmod -R u+w "$MCP_PIN_HOME/installs" && rm -rf "$MCP_PIN_HOME/installs"; }
hash_tree() { find "$MCP_PIN_HOME/installs" -type f -print0 | xargs -0 sha256sum; }
npm_ci() { (cd "$work/npm" && npm ci --ignore-scripts --prefer-offline --no-audit --no-fund); }

pin install --no-probe --yes "npm:$package"
verify >/dev/null
echo "{\"name\":\"bench\",\"version\":\"1.0.0\",\"private\":true}" >"$work/npm/package.json"
(cd "$work/npm" && npm install --ignore-scripts --no-audit --no-fund "$package" >/dev/null 2>&1)

echo "tree: $(find "$MCP_PIN_HOME/installs" -type f | wc -l) files, $(du -sb "$MCP_PIN_HOME/installs" | cut -f1) bytes; $(nproc) processors; medians of $rounds"
race verify verify hash_tree
race install install npm_ci forget_tree
verify >/dev/null # the last thing installed is the right one
if [ -x /usr/bin/time ]; then
    (cd "$work/project" && /usr/bin/time -f 'verify   peak memory %M kB' "$binary" verify --no-probe >/dev/null)
fi
