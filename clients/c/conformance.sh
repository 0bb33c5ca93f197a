#!/bin/sh
# Runs the scenarios against the daemon at HANGUP_ADDRESS: conformance.sh <scenarios.json>
set -eu
scenarios=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")"
make -s build/test/conformance
exec build/test/conformance "$scenarios"
