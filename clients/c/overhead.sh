#!/bin/sh
# What a cycle costs through the client, and by lines written to a pipe by hand: one line of JSON. overhead.sh [--quick]
set -eu
cd "$(dirname "$0")"
make -s build/test/overhead
# Both are pipes with a daemon of their own.
unset HANGUP_ADDRESS HANGUP_TOKEN HANGUP_TOKEN_FILE HANGUP_COMMAND
if [ "${1:-}" = --quick ]; then rounds=2; else rounds=20; fi
exec build/test/overhead "$rounds" 100 ../..
