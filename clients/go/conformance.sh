#!/usr/bin/env bash
# Runs the scenarios of the file given with the sockets and the HTTP client of Go, against the daemon at HANGUP_ADDRESS,
# or one of its own. Prints a line of JSON each.
set -euo pipefail
scenarios=$(realpath "$1")
cd "$(dirname "$0")"
exec go run ./internal/conformance "$scenarios"
