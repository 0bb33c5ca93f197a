#!/bin/bash
# The server is the test's own (here socat): the daemon connects to it, sends a request, and resets.
# shellcheck disable=SC2154
set -eu
. "$(dirname "$0")/../hangup.sh"
hangup_open

# It says on which port it listens, and in the end what it met.
exec 6< <(exec socat -d -d TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat 8>&- 9<&- 2>&1)
until_it_says() {
  while IFS= read -r -t 10 -u 6 line; do
    [[ $line != *"$1"* ]] || return 0
  done
  return 1
}
until_it_says ' listening on '

hangup_dial "127.0.0.1:${line##*:}"
hangup_send "$hangup_session" 'hello'
[ "$(hangup_receive "$hangup_session" 5)" = hello ]
hangup_reset "$hangup_session"
until_it_says 'Connection reset by peer'
hangup_close
