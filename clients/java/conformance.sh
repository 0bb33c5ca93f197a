#!/usr/bin/env bash
# Runs the scenarios of the file given against the daemon at HANGUP_ADDRESS; one line of JSON each. Needs a JDK and Maven.
set -euo pipefail
scenarios=$(realpath "$1")
cd "$(dirname "$0")"
./compile.sh
exec java -cp "target/test-classes:target/classes:$(cat target/classpath)" io.hangup.Conformance "$scenarios"
