#!/bin/bash
# FIN one way: the end of the stream is read, and what is written still arrives.
# shellcheck disable=SC2154
set -eu
. "$(dirname "$0")/../hangup.sh"
hangup_open
hangup_listen echo

exec 5<>"/dev/tcp/$hangup_host/$hangup_port"
hangup_next echo
hangup_half_close "$hangup_session"
[ -z "$(cat <&5)" ]
printf late >&5
hangup_wait "$hangup_session" '{"bytesReceived":4}'
hangup_close
