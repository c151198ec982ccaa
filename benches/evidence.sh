#!/usr/bin/env bash
# How long proving takes, side by side with npm's and PyPI's own Sigstore clients: the same bundles,
# the same files, the same trust root, offline. They run in turns; the medians are compared.
#
#   whole process, cold   `mcp-pin trust check FILE --attestations BUNDLE`
#                         node and npm's @sigstore/verify (what the package `sigstore` verifies with,
#                         without its network half)
#                         python and PyPI's sigstore, `Verifier.verify_dsse`
#   in process            reading and proving with a root in memory (benches/evidence.rs), and a
#                         closure's worth of bundles on one core and on all
#
# All three prove signature, certificate, log entry and times, and compare the file's digest with
# the signed subject. Ours checks name, version and predicate too.
#
# Usage: benches/evidence.sh [PATH-OF-MCP-PIN] [ROUNDS]
# Ends with 1 where a target is missed. Needs node, npm, python3 with venv; the bundles are real ones
# beside the project (MCP_PIN_TEST_DATA). Takes the registries npm and pip are configured for.
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."

data=${MCP_PIN_TEST_DATA:-../shared/data}/sigstore
[ -d "$data" ] || { echo "skipped: no bundles at $data" >&2 && exit 0; }
data=$(realpath "$data")
rounds=${2:-15}
if [ $# -eq 0 ]; then
    cargo build --release --locked --quiet
fi
binary=$(realpath "${1:-target/release/mcp-pin}")
bench=$(cargo bench --bench evidence --locked --no-run --message-format=json-render-diagnostics |
    sed -n '/"name":"evidence"/s/.*"executable":"\([^"]*\)".*/\1/p')

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm_config_userconfig=${npm_config_userconfig:-$(npm config get userconfig 2>/dev/null)}
export npm_config_userconfig npm_config_update_notifier=false PYTHONDONTWRITEBYTECODE=
cp "$data/trusted_root.json" "$work/root.json"

echo "fetching the archives and the other clients" >&2
wheel=abi3info-2024.10.8-py3-none-any.whl
(
    cd "$work"
    npm pack --silent sigstore@5.0.0
    echo '{"name":"bench","version":"1.0.0","private":true}' >package.json
    npm install --silent --no-audit --no-fund --ignore-scripts @sigstore/bundle @sigstore/verify @sigstore/protobuf-specs
    python3 -m venv venv
    venv/bin/pip install --quiet --disable-pip-version-check sigstore
    venv/bin/pip download --quiet --disable-pip-version-check --no-deps "${wheel%%-*}==2024.10.8" --only-binary :all: -d .
) >"$work/said" 2>&1 || { cat "$work/said" >&2 && exit 1; }

# One bundle of each registry, in the one form that all three read.
cat >"$work/bundles.py" <<'PY'
import json, pathlib, base64, sys

data, out = map(pathlib.Path, sys.argv[1:3])
npm = json.loads((data / "npm/sigstore-5.0.0.attestations.json").read_text())["attestations"]
(one,) = [a["bundle"] for a in npm if a["predicateType"] == "https://slsa.dev/provenance/v1"]
pep = json.loads((data / f"pypi/{sys.argv[3]}.provenance").read_text())
(two,) = pep["attestation_bundles"][0]["attestations"]
material, envelope = two["verification_material"], two["envelope"]
two = {
    "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
    "verificationMaterial": {"certificate": {"rawBytes": material["certificate"]}, "tlogEntries": material["transparency_entries"]},
    "dsseEnvelope": {
        "payload": envelope["statement"],
        "payloadType": "application/vnd.in-toto+json",
        "signatures": [{"sig": envelope["signature"]}],
    },
}
(out / "bundles").mkdir()
for name, bundle in (("npm", one), ("pypi", two)):
    digests = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))["subject"][0]["digest"]
    ((algorithm, digest),) = digests.items()
    (out / f"bundles/{name}.json").write_text(json.dumps(bundle))
    (out / f"bundles/{name}.digest").write_text(f"{algorithm}-{base64.b64encode(bytes.fromhex(digest)).decode()}")
PY
python3 "$work/bundles.py" "$data" "$work" "$wheel"

cat >"$work/verify.cjs" <<'JS'
const { readFileSync } = require("node:fs");
const { createHash } = require("node:crypto");
const { bundleFromJSON } = require("@sigstore/bundle");
const { TrustedRoot } = require("@sigstore/protobuf-specs");
const { Verifier, toSignedEntity, toTrustMaterial } = require("@sigstore/verify");
const [root, path, file] = process.argv.slice(2);
const json = (path) => JSON.parse(readFileSync(path, "utf8"));
const bundle = bundleFromJSON(json(path));
new Verifier(toTrustMaterial(TrustedRoot.fromJSON(json(root)))).verify(toSignedEntity(bundle));
const [[algorithm, digest]] = Object.entries(JSON.parse(bundle.content.dsseEnvelope.payload).subject[0].digest);
if (createHash(algorithm).update(readFileSync(file)).digest("hex") !== digest) throw new Error("another file");
JS
cat >"$work/verify.py" <<'PY'
import hashlib, json, pathlib, sys
from sigstore.models import Bundle, TrustedRoot
from sigstore.verify import Verifier, policy

root, path, file = sys.argv[1:4]
verifier = Verifier(trusted_root=TrustedRoot.from_file(root))
anybody = policy.OIDCIssuer("https://token.actions.githubusercontent.com")
_, payload = verifier.verify_dsse(Bundle.from_json(pathlib.Path(path).read_bytes()), anybody)
((algorithm, digest),) = json.loads(payload)["subject"][0]["digest"].items()
if hashlib.new(algorithm, pathlib.Path(file).read_bytes()).hexdigest() != digest:
    sys.exit("another file")
PY

export HOME=$work/user MCP_PIN_HOME=$work/home
mkdir -p "$HOME" "$work/empty"
ours() { (cd "$work/empty" && "$binary" trust check "$2" --attestations "$1"); }
theirs_npm() { (cd "$work" && node verify.cjs root.json "$1" "$2"); }
theirs_pypi() { (cd "$work" && venv/bin/python verify.py root.json "$1" "$2"); }

missed=0
check() { # NAME VALUE LEAST
    awk "BEGIN { exit !($2 >= $3) }" || { echo "             MISSED: $1 is $2, the target is $3 at least" && missed=1; }
}
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
timed() { # NAME BUNDLE FILE: in milliseconds; a failure ends the script
    local begun=${EPOCHREALTIME/./}
    "$1" "$2" "$3" >"$work/said" 2>&1 || { cat "$work/said" >&2 && exit 1; }
    echo $((${EPOCHREALTIME/./} - begun)) | awk '{ printf "%.2f\n", $1 / 1000 }'
}

# A client that says yes to everything would win: each must refuse the same file with a byte more.
mkdir "$work/other"
for pair in "npm sigstore-5.0.0.tgz" "pypi $wheel"; do
    read -r bundle file <<<"$pair"
    { cat "$work/$file" && echo; } >"$work/other/$file"
    for client in ours theirs_npm theirs_pypi; do
        if "$client" "$work/bundles/$bundle.json" "$work/other/$file" >/dev/null 2>&1; then
            echo "$client takes another file for the attested one" >&2 && exit 1
        fi
    done
done

version() { sed -n 's/^  "version": "\(.*\)",*$/\1/p' "$work/node_modules/@sigstore/verify/package.json"; }
echo "node $(node --version), @sigstore/verify $(version); $(python3 --version), sigstore $("$work/venv/bin/pip" list --format=freeze | sed -n 's/^sigstore==//p')"
echo "$(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg); medians of $rounds, in milliseconds"
for pair in "npm sigstore-5.0.0.tgz" "pypi $wheel"; do
    read -r bundle file <<<"$pair"
    for client in ours theirs_npm theirs_pypi; do : >"$work/$client"; done
    for ((i = 0; i <= rounds; i++)); do # the first round warms all
        for client in ours theirs_npm theirs_pypi; do
            took=$(timed "$client" "$work/bundles/$bundle.json" "$work/$file")
            [ "$i" = 0 ] || echo "$took" >>"$work/$client"
        done
    done
    us=$(median "$work/ours") npm=$(median "$work/theirs_npm") pypi=$(median "$work/theirs_pypi")
    npm_times=$(awk "BEGIN { printf \"%.1f\", $npm / $us }") pypi_times=$(awk "BEGIN { printf \"%.1f\", $pypi / $us }")
    printf '%-12s ours %s   npm client %s (%s times)   PyPI client %s (%s times)\n' "$bundle" "$us" "$npm" "$npm_times" "$pypi" "$pypi_times"
    check "npm's client to ours" "$npm_times" 10
    check "PyPI's client to ours" "$pypi_times" 25
done

"$bench" "$work/bundles" | tee "$work/warm"
for bundle in npm pypi; do
    took=$(awk -v name="$bundle" '$1 == name { print $2 }' "$work/warm")
    awk "BEGIN { exit !($took < 1.5) }" || { echo "             MISSED: $bundle in process takes $took ms, the target is below 1.5" && missed=1; }
done
exit "$missed"
