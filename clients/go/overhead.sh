#!/usr/bin/env bash
# Prints one line of JSON: what a cycle of connect, find, reset and see costs through the client, and through the bare
# generated stubs. Against the daemon at HANGUP_ADDRESS (one without a token), or one of its own. `--quick` measures less.
set -euo pipefail
cd "$(dirname "$0")"
exec go run -buildvcs=false ./internal/overhead "$@"
