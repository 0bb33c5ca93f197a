#!/usr/bin/env bash
# Checks the Python client: generated code fresh, and the samples against a real daemon, with the oldest libraries that
# pyproject.toml allows and with the newest. Needs Python 3.9+, Node and `npm ci` before. Installs into a temporary
# folder only.
set -euo pipefail
cd "$(dirname "$0")"
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
export PYTHONDONTWRITEBYTECODE=1

python3 -m venv "$temp/oldest"
"$temp/oldest/bin/pip" install --quiet . 'grpcio==1.62.3' 'grpcio-tools==1.62.3' 'protobuf<5'
mkdir "$temp/src"
PYTHON="$temp/oldest/bin/python" ./generate.sh "$temp/src"
diff -r --exclude=__pycache__ src/hangup/v1 "$temp/src/hangup/v1" ||
  { echo "src/hangup/v1 is stale: run clients/python/generate.sh" >&2; exit 1; }

python3 -m venv "$temp/newest"
"$temp/newest/bin/pip" install --quiet .

for libraries in oldest newest; do
  "$temp/$libraries/bin/pip" freeze | grep -E '^(grpcio|protobuf)=='
  for sample in samples/*.py; do
    # Warnings of the generated code would be errors of our users' test runs.
    node ../../bin/hangup.cjs run -- "$temp/$libraries/bin/python" -W error "$sample"
  done
done
