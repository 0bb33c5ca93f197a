#!/usr/bin/env bash
# What a call costs through the client beside the bare generated stub: one line of JSON. On a daemon of its own.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
unset HANGUP_ADDRESS HANGUP_TOKEN HANGUP_TOKEN_FILE
export HANGUP_COMMAND="node $root/bin/hangup.cjs"
exec node "$root/clients/typescript/run-typescript.mjs" "$root/clients/typescript/overhead/overhead.ts" "$@"
