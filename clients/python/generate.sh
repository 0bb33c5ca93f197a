#!/usr/bin/env bash
# Generates src/hangup/v1/, the Python code of the contract, into src/ or the folder given.
#
# By grpcio-tools 1.62.3, for what a newer one generates refuses to run on older grpcio and protobuf: those of the
# interpreter PYTHON, else of an environment made for the moment.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath "${1:-clients/python/src}")

if [ -z "${PYTHON:-}" ]; then
  tools=$(mktemp -d)
  trap 'rm -rf "$tools"' EXIT
  python3 -m venv "$tools"
  "$tools/bin/pip" install --quiet 'grpcio-tools==1.62.3'
  PYTHON=$tools/bin/python
fi

rm -rf "$out/hangup/v1"
mkdir -p "$out/hangup/v1"
"$PYTHON" -m grpc_tools.protoc -I proto -I third_party --python_out="$out" --pyi_out="$out" --grpc_python_out="$out" \
  proto/hangup/v1/*.proto
printf '"""The contract hangup.v1, generated from its proto files by generate.sh."""\n' > "$out/hangup/v1/__init__.py"
