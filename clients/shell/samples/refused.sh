#!/bin/sh
# Nobody listens: curl's exit code 7, until the listener is there again, at the same port.
# shellcheck disable=SC2154
set -eu
. "$(dirname "$0")/../hangup.sh"
hangup_open
hangup_listen web '{"state":"REFUSING","behaviour":{"discard":{}},"plans":[{"steps":[{"trigger":{"patternText":"\r\n\r\n"},
  "action":{"lastData":{"text":"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nhere"}}}]}]}'

status=0
curl -sS --noproxy '*' "http://$hangup_address/" || status=$?
[ $status -eq 7 ]
hangup_resume web
[ "$(curl -sS --noproxy '*' "http://$hangup_address/")" = here ]
hangup_close
