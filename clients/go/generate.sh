#!/usr/bin/env bash
# Generates hangupv1/, the Go code of the contract, into this folder or the one given. Needs Go, and `npm ci` before.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath "${1:-clients/go}")
rm -rf "$out/hangupv1"
npx --no-install buf generate --template clients/go/buf.gen.yaml --output "$out"
