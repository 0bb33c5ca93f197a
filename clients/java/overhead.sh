#!/usr/bin/env bash
# Measures what a call through the client costs beside the bare stubs, on a daemon of its own or the one at HANGUP_ADDRESS;
# prints one line of JSON. Needs a JDK, Maven, and Node or a daemon.
set -euo pipefail
cd "$(dirname "$0")"
./compile.sh
exec java -cp "target/test-classes:target/classes:$(cat target/classpath)" io.hangup.Overhead
