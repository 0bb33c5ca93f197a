#!/bin/bash
# FIN: what was sent is read, then the end of the stream.
# shellcheck disable=SC2154
set -eu
. "$(dirname "$0")/../hangup.sh"
hangup_open
hangup_listen echo

exec 5<>"/dev/tcp/$hangup_host/$hangup_port"
printf 'hello\n' >&5
IFS= read -r answer <&5
[ "$answer" = hello ]

hangup_next echo
hangup_session_close "$hangup_session"
# cat ends without an error: the end of the stream.
[ -z "$(cat <&5)" ]
exec 5>&-

hangup_wait_ended "$hangup_session"
[ "$hangup_local_end $hangup_peer_end" = 'FIN FIN' ]
hangup_close
