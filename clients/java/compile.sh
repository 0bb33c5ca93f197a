#!/usr/bin/env bash
# Compiles the client and its programs into target/, unless nothing has changed. target/classpath has what they stand on.
set -euo pipefail
cd "$(dirname "$0")"
if [ -f target/compiled ] && [ -z "$(find pom.xml src samples ../../proto -newer target/compiled -print -quit)" ]; then exit; fi
mvn --batch-mode --no-transfer-progress -Dstyle.color=never -Dorg.slf4j.simpleLogger.defaultLogLevel=warn test-compile >&2
touch target/compiled
