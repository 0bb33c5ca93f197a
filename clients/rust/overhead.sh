#!/usr/bin/env bash
# What a cycle (connect, session, reset, ECONNRESET) costs through the client, beside the bare stub: one line of JSON.
# Needs Rust, and a daemon that it can find or start.
set -euo pipefail
cd "$(dirname "$0")"
cargo run --quiet --release --locked --example overhead -- "$(rustc --version | cut -d ' ' -f 1-2)"
