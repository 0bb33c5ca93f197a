#!/usr/bin/env bash
# Runs the scenarios of a file on the daemon at HANGUP_ADDRESS, or on one of its own: one line of JSON each.
#   conformance.sh <scenarios.json>
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
exec node "$root/clients/typescript/run-typescript.mjs" "$root/clients/typescript/conformance/conformance.ts" "$@"
