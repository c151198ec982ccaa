#!/usr/bin/env bash
# What `mcp-pin run` costs, in turns with what it is measured against, medians:
#
#   start    from spawning to the answer to `initialize`: the very process that `mcp-pin run` starts,
#            started directly; `mcp-pin run` with what was checked before; `npx -y PKG@VER` and
#            `uvx PKG==VER`, both warm
#   calls    a round trip of `tools/call` to a small server (echo.mjs): directly, and through `mcp-pin run`
#            (beside both: the same process between two `cat`s, a relay that does nothing); as the machine
#            comes, and, to tell what of it is the waking of processors, with a process of the idle class on
#            each; the targets hold for both
#   memory   of an idle `mcp-pin run`
#
# Usage: benches/start.sh [PATH-OF-MCP-PIN] [ROUNDS] [start|calls]
# Ends with 1 where a target is missed. Needs python3, node, npx and uvx (UVX=PATH names another one; a
# shim that starts uvx is refused, since its own time would count). Takes the registry that npm and
# the index that uv are configured for. Touches nothing but a folder of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ $# -eq 0 ]; then
    cargo build --release --locked --quiet
fi
exec python3 -I benches/start.py "$(realpath "${1:-target/release/mcp-pin}")" "${@:2}"
