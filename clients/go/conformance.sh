#!/usr/bin/env bash
# Runs the scenarios of the file given with the sockets and the HTTP client of Go, against the daemon at HANGUP_ADDRESS,
# or one of its own. Prints a line of JSON each. With `-check` before the file it fails where an outcome is not the expected
# one.
set -euo pipefail
here=$(dirname "$0")
args=("$@")
args[-1]=$(realpath "${args[-1]}")
cd "$here"
exec go run -buildvcs=false ./internal/conformance "${args[@]}"
