#!/usr/bin/env bash
# How loudly real updates and real attacks are told (benches/grading.rs).
#
# Usage: benches/grading.sh [DATA] [-v]
# DATA is the folder of data sets, ../shared/data where it is left out. -v names every warning.
# Ends with 1 where a bar is missed. Skips, and says so, where the data is not there.
set -euo pipefail
cd "$(dirname "$0")/.."

data=${1:-${MCP_PIN_TEST_DATA:-../shared/data}}
if [ ! -d "$data/surfaces" ]; then
    echo "skipped: no data sets at $data" >&2
    exit 0
fi
# Nothing here is timed: the profile of tests is enough.
cargo bench --profile dev --bench grading --locked --quiet -- "$(realpath "$data")" "${@:2}"
