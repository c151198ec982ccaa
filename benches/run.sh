#!/usr/bin/env bash
# The numbers of README.md, side by side with what they are measured against. Each pair runs in
# turns, so that both see the same machine; the medians are compared.
#
#   verify   `verify --no-probe`        find -type f -print0 | xargs -0 sha256sum, the same tree, warm
#   install  `install` from a lock,     npm ci --ignore-scripts, the same closure, warm cache
#            archives in the store
#   size     the release binary, and the crates in it
#
# Usage: benches/run.sh [PATH-OF-MCP-PIN] [ROUNDS]
# Ends with 1 where a target is missed. Needs node and npm, and Debian's `time` (installed where it
# is missing). Takes the registry npm is configured for. Touches nothing but a folder of its own.
set -euo pipefail
export LC_ALL=C # one decimal point for all
cd "$(dirname "$0")/.."

rounds=${2:-9}
package=@modelcontextprotocol/server-filesystem
if [ $# -eq 0 ]; then
    cargo build --release --locked --quiet
fi
binary=$(realpath "${1:-target/release/mcp-pin}")
if [ ! -x /usr/bin/time ]; then
    sudo=""
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get install -y -qq time >/dev/null
fi

crates() { cargo tree --locked -e normal --prefix none "$@" | sed 's/ (.*//' | grep -v '^mcp-pin ' | sort -u | wc -l; }
crates="$(crates) crates in it, $(crates --depth 1) of them named in Cargo.toml" # before HOME moves

work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
npm_config_userconfig=${npm_config_userconfig:-$(npm config get userconfig 2>/dev/null)} # before HOME moves
export npm_config_userconfig npm_config_cache=$work/npm-cache npm_config_update_notifier=false
export HOME=$work/user MCP_PIN_HOME=$work/home
mkdir -p "$work"/{user,project,npm}

missed=0
check() { # NAME VALUE LIMIT: whether a target is met
    awk "BEGIN { exit !($2 <= $3) }" || { echo "         MISSED: $1 is $2, the target is $3 at most" && missed=1; }
}
TIMEFORMAT='%R %U %S'
timed() { # COMMAND...: its wall and processor seconds; a failure ends the script
    { time "$@" >"$work/said" 2>&1; } 2>"$work/took" || { cat "$work/said" >&2 && exit 1; }
    awk '{ print $1, $2 + $3 }' "$work/took"
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

race() { # NAME LIMIT OURS THEIRS [BEFORE]: medians of both, and the ratio
    local name=$1 limit=$2 ours=$3 theirs=$4 before=${5:-true} i
    : >"$work/ours"
    : >"$work/theirs"
    for ((i = 0; i <= rounds; i++)); do # the first round warms both
        "$before"
        timed "$ours" >>"$work/ours"
        timed "$theirs" >>"$work/theirs"
    done
    local a b p q ratio
    a=$(tail -n +2 "$work/ours" | cut -d' ' -f1 | median) p=$(tail -n +2 "$work/ours" | cut -d' ' -f2 | median)
    b=$(tail -n +2 "$work/theirs" | cut -d' ' -f1 | median) q=$(tail -n +2 "$work/theirs" | cut -d' ' -f2 | median)
    ratio=$(awk "BEGIN { printf \"%.2f\", $a / $b }")
    printf '%-8s ours %.3f s   theirs %.3f s   ratio %s   (processor time %.3f s, %.3f s)\n' "$name" "$a" "$b" "$ratio" "$p" "$q"
    check "the ratio of $name" "$ratio" "$limit"
}

pin() { (cd "$work/project" && "$binary" "$@"); }
verify() { pin verify --no-probe; }
install() { pin install --yes --offline; }
hash_tree() { find "$MCP_PIN_HOME/installs" -type f -print0 | xargs -0 sha256sum; }
npm_ci() { (cd "$work/npm" && npm ci --ignore-scripts --offline --no-audit --no-fund); }
set_aside=0
forget_trees() { # moved away, not deleted: ext4 makes files slowly where it has just deleted many
    local old=$work/old/$((set_aside += 1))
    mkdir -p "$old"
    mv "$MCP_PIN_HOME/installs" "$old/"
    [ ! -e "$work/npm/node_modules" ] || mv "$work/npm/node_modules" "$old/"
    sync -f "$work" # nobody pays for what another program has still to write
}
peak() { # COMMAND...: its peak memory in kB
    (cd "$work/project" && /usr/bin/time -o "$work/peak" -f %M "$binary" "$@" >/dev/null 2>&1) && cat "$work/peak"
}

timed pin install --yes "npm:$package" --arg /tmp >/dev/null
timed verify >/dev/null
version=$(sed -n 's|^ *"version": "\(.*\)",*$|\1|p' "$MCP_PIN_HOME/installs"/*/node_modules/$package/package.json)
echo '{"name":"bench","version":"1.0.0","private":true}' >"$work/npm/package.json"
(cd "$work/npm" && npm install --ignore-scripts --no-audit --no-fund "$package@$version" && npm ci --ignore-scripts --no-audit --no-fund) \
    >/dev/null 2>&1 # both: `npm ci` asks for more than `npm install` leaves in the cache

files=$(find "$MCP_PIN_HOME/installs" -type f | wc -l)
bytes=$(du -sb "$MCP_PIN_HOME/installs" | cut -f1)
echo "$package $version: $files files, $bytes bytes; $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg); medians of $rounds"
race verify 1.0 verify hash_tree
memory=$(peak verify --no-probe)
echo "         peak memory $memory kB"
check "verify's peak memory in kB" "$memory" 100000
race install 0.33 install npm_ci forget_trees
timed verify >/dev/null # what was installed last is right

size=$(stat -c %s "$binary")
echo "size     binary $size bytes"
check "the binary's size" "$size" 25000000
echo "         $crates"

exit "$missed"
