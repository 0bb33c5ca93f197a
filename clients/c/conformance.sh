#!/bin/sh
# Runs the scenarios against the daemon at HANGUP_ADDRESS: conformance.sh <scenarios.json>
set -eu
scenarios=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$(dirname "$0")"
pkg-config --exists libcjson libcurl || {
  echo 'conformance.sh: needs cJSON and libcurl, with their headers (Debian: libcjson-dev, libcurl4-openssl-dev)' >&2
  exit 1
}
make -s build/test/conformance
exec build/test/conformance "$scenarios"
