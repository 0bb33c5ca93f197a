#!/bin/bash
# RST: the next read fails with "Connection reset by peer".
# shellcheck disable=SC2154
set -eu
export LC_ALL=C
. "$(dirname "$0")/../hangup.sh"
hangup_open
hangup_listen echo

exec 5<>"/dev/tcp/$hangup_host/$hangup_port"
hangup_next echo
hangup_reset "$hangup_session"
[ "$hangup_local_end" = RST ]
if said=$(cat <&5 2>&1); then exit 1; fi
[ "$said" = 'cat: -: Connection reset by peer' ]
hangup_close
