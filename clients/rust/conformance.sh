#!/usr/bin/env bash
# Runs the scenarios of the file given against the daemon at HANGUP_ADDRESS: one line of JSON each. Needs Rust alone.
set -euo pipefail
list=$(realpath "$1")
cd "$(dirname "$0")"
cargo run --quiet --locked --package conformance -- "$list" ../.. "$(rustc --version | cut -d ' ' -f 1-2)"
