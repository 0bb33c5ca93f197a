#!/usr/bin/env bash
# Generates src/gen, the Rust code of the contract, into this folder or the one given. Needs Rust alone.
set -euo pipefail
out=$(realpath "${1:-$(dirname "$0")/src}")
cd "$(dirname "$0")"
rm -rf "$out/gen"
cargo run --quiet --locked --package generator -- ../.. "$out/gen"
