#!/bin/sh
# Two requests are reset, the third is answered: a script that retries gets through.
# shellcheck disable=SC2154
set -eu
. "$(dirname "$0")/../hangup.sh"
hangup_open
hangup_listen flaky '{"behaviour":{"discard":{}},"plans":[
  {"connections":2,"steps":[{"trigger":{"patternText":"\r\n\r\n"},"action":{"reset":{}}}]},
  {"steps":[{"trigger":{"patternText":"\r\n\r\n"},
    "action":{"lastData":{"text":"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nrecovered"}}}]}]}'

# The code under test.
fetch() {
  for attempt in 1 2 3; do
    curl -sS --noproxy '*' --max-time 10 "$1" && return
    echo "attempt $attempt failed" >&2
  done
  return 1
}

[ "$(fetch "http://$hangup_address/")" = recovered ]
# Both resets happened, or this fails.
hangup_close
