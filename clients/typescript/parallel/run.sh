#!/usr/bin/env bash
# 500 tests over jest workers, one daemon: what they are on, and what they leave.
set -euo pipefail
root=$(cd "$(dirname "$0")/../../.." && pwd)
HANGUP_SEEN=$(mktemp -d)
export HANGUP_SEEN
trap 'rm -rf "$HANGUP_SEEN"' EXIT
cd "$root"
node bin/hangup.cjs run --log-level warn -- sh -c '
  node node_modules/jest/bin/jest.js --config clients/typescript/parallel/jest.config.json &&
  node clients/typescript/run-typescript.mjs clients/typescript/parallel/verify.ts
'
