#!/usr/bin/env bash
# What an open, reset and observed connection costs through the client, and through the bare stubs: one line of JSON.
# Uses the daemon at HANGUP_ADDRESS, or one of its own. With --quick it counts few cycles.
set -euo pipefail
python=$("$(dirname "$0")/environment.sh")
exec "$python" "$(dirname "$0")/overhead.py" "$@"
