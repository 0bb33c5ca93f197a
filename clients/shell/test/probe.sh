#!/bin/sh
# Programs that client_test.sh starts, for what is of a whole process: probe.sh <hangup.sh> <mode> [count]
# shellcheck disable=SC2154
set -eu
# shellcheck source=../hangup.sh
. "$1"

if ! hangup_open; then
  echo "$hangup_error_reason $hangup_error_code $hangup_error_message"
  exit 1
fi

info() {
  hangup_call getInfo
  uid=${hangup_reply#*'"uid":"'}
  uid=${uid%%'"'*}
  pid=${hangup_reply#*'"pid":'}
  pid=${pid%%,*}
}

case $2 in
# The daemon's uid and pid, and a port.
once)
  info
  hangup_listen echo
  echo "$uid $pid $hangup_port"
  hangup_close
  ;;
stay | shared)
  info
  hangup_listen echo
  hangup_dial "$hangup_address"
  echo "$uid $pid $hangup_port"
  hangup_wait "$hangup_session" '{"condition":"PEER_FIN","timeout":"60s"}'
  ;;
background)
  info
  hangup_listen echo
  # With all descriptors of the program.
  sleep 60 >/dev/null 2>&1 &
  echo "$uid $pid $hangup_port $!"
  hangup_next echo
  hangup_wait "$hangup_session" '{"condition":"PEER_FIN","timeout":"60s"}'
  ;;
dead)
  info
  kill -KILL "$pid"
  for call in 1 2 3; do
    hangup_listen "echo-$call" || printf '%s ' "$hangup_error_reason"
  done
  hangup_stop
  hangup_open
  hangup_close
  echo again
  ;;
# The same at an address, in the middle of a wait: $3 is the daemon.
dies)
  hangup_listen echo
  hangup_events ''
  kill -KILL "$3" &
  hangup_accepted echo 4000 || printf '%s %s, ' "$hangup_error_code" "$hangup_error_reason"
  hangup_event 5s || printf '%s %s\n' "$hangup_error_code" "$hangup_error_reason"
  ;;
# Tests, each with a fixture and an ending of its own; the daemon's uid for each.
many)
  count=$3
  hangup_close
  while [ "$count" -gt 0 ]; do
    count=$((count - 1))
    hangup_open
    info
    hangup_listen echo
    hangup_dial "$hangup_address"
    client=$hangup_session
    hangup_next echo
    [ "${hangup_session%@*}" = echo/1 ]
    if [ $((count % 2)) -eq 0 ]; then
      hangup_reset "$hangup_session"
      hangup_wait "$client" '{"condition":"PEER_RST"}'
    else
      hangup_session_close "$hangup_session"
      hangup_wait "$client" '{"condition":"PEER_FIN"}'
    fi
    hangup_close
    echo "$uid"
  done
  ;;
scopes)
  hangup_call listScopes '{"scope":"-"}'
  case $hangup_reply in
  *'"scopes":[{"name":"default",'*'},{"name":"'"$hangup_scope"'",'*'}]}}')
    rest=${hangup_reply#*'},{"name":"'}
    case $rest in
    *'},{"name":"'*) echo "more: $hangup_reply" ;;
    *) echo 'default, and one more' ;;
    esac
    ;;
  *) echo "other: $hangup_reply" ;;
  esac
  hangup_close
  ;;
esac
