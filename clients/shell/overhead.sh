#!/bin/bash
# What a cycle costs through the library, and by grpcurl, in rounds by turns: connect, accepted, reset, and the ECONNRESET that is read. Prints the
# medians as a line of JSON. overhead.sh [--quick]
# shellcheck disable=SC2154
set -eu
export LC_ALL=C PATH="$PATH:${GOPATH:-$HOME/go}/bin"
cd "$(dirname "$0")"
command -v grpcurl >/dev/null || { echo 'overhead.sh: no grpcurl on the PATH to measure beside' >&2 && exit 1; }
# Its own daemon, for both.
unset HANGUP_ADDRESS HANGUP_TOKEN HANGUP_TOKEN_FILE HANGUP_COMMAND
. ./hangup.sh
rounds=5 cycles=10
[ "${1:-}" != --quick ] || rounds=2 cycles=5
hangup_open
hangup_listen echo

# The connection of a cycle, and its local port.
connect() {
  exec 5<>"/dev/tcp/$hangup_host/$hangup_port"
  hangup_local_port 5
}

see_reset() {
  local said
  if said=$(cat <&5 2>&1); then exit 1; fi
  [ "$said" = 'cat: -: Connection reset by peer' ]
}

by_library() {
  connect
  hangup_accepted echo "$hangup_local_port"
  hangup_reset "$hangup_session"
  see_reset
}

by_grpcurl() {
  local reply name uid
  connect
  reply=$(grpcurl -plaintext -d "{\"scope\":\"$hangup_scope\",\"listener\":\"echo\",\"peerPort\":$hangup_local_port}" \
    "$hangup_daemon" hangup.v1.SessionService/WaitSession)
  name=${reply#*'"name": "'} uid=${reply#*'"uid": "'}
  grpcurl -plaintext -d "{\"scope\":\"$hangup_scope\",\"session\":\"${name%%'"'*}\",\"uid\":\"${uid%%'"'*}\"}" \
    "$hangup_daemon" hangup.v1.SessionService/ResetSession >/dev/null
  see_reset
}

# measured WAY: the microseconds of each cycle of a round.
measured() {
  local i begin
  for ((i = 0; i < cycles; i++)); do
    begin=${EPOCHREALTIME/./}
    "$1"
    echo $((${EPOCHREALTIME/./} - begin)) >>"$folder/$1"
  done
}

median() { sort -n "$1" | sed -n "$((rounds * cycles / 2 + 1))p"; }

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
by_library
by_grpcurl
for ((round = 0; round < rounds; round++)); do
  measured by_library
  measured by_grpcurl
done
printf '{"language":"shell","version":"bash %s","cycles":%d,"clientMicros":%d,"stubMicros":%d,"via":"pipe"}\n' "${BASH_VERSION%%(*}" \
  $((rounds * cycles)) "$(median "$folder/by_library")" "$(median "$folder/by_grpcurl")"
hangup_close
