#!/usr/bin/env bash
# Runs the scenarios of the file given against the daemon at HANGUP_ADDRESS, or one of its own; one line of JSON each.
set -euo pipefail
python=$("$(dirname "$0")/environment.sh")
exec "$python" "$(dirname "$0")/conformance.py" "$1"
