#!/usr/bin/env bash
# Generates src/hangup/v1/, the Python code of the contract, into src/ or the folder given.
# PYTHON must have grpcio-tools 1.62.3: what a newer one generates refuses to run on older grpcio and protobuf.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath "${1:-clients/python/src}")
rm -rf "$out/hangup/v1"
mkdir -p "$out/hangup/v1"
"${PYTHON:-python3}" -m grpc_tools.protoc -I proto --python_out="$out" --pyi_out="$out" --grpc_python_out="$out" \
  proto/hangup/v1/*.proto
printf '"""The contract hangup.v1, generated from its proto files by generate.sh."""\n' > "$out/hangup/v1/__init__.py"
