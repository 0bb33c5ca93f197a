#!/bin/sh
# Tests of the library itself, each a line of TAP, in the shell that runs this: client_test.sh <shell> <checkout of hangup> [tests at once]
# shellcheck disable=SC2016,SC2119,SC2154 # Code for another shell; a default; what hangup.sh tells is in its variables.
set -eu
shell=$1
checkout=$(cd "$2" && pwd)
at_once=${3:-500}
library=$(cd "$(dirname "$0")/.." && pwd)/hangup.sh
probe=$(cd "$(dirname "$0")" && pwd)/probe.sh
folder=$(mktemp -d)
unset HANGUP_ADDRESS HANGUP_TOKEN HANGUP_TOKEN_FILE HANGUP_COMMAND
cd "$checkout/clients/shell"
# shellcheck source=../hangup.sh
. "$library"

number=0
failed() {
  printf 'not ok %d - %s: line %s: %s\n' $((number + 1)) "$test" "$1" "$2"
  exit 1
}
# is VALUE EXPECTED
is() { [ "$1" = "$2" ] || failed "${LINENO:-?}" "\"$1\" is not \"$2\""; }
has() { case $1 in *"$2"*) ;; *) failed "${LINENO:-?}" "\"$1\" has no \"$2\"" ;; esac }
# fails REASON COMMAND...: it returns 1, with this reason.
fails() {
  reason=$1
  shift
  hangup_error_reason=''
  if "$@" 2>"$folder/said"; then failed "${LINENO:-?}" "$* has not failed"; fi
  is "$hangup_error_reason" "$reason"
  has "$(cat "$folder/said")" "($reason)"
}
reset_at_a_byte='{"plans":[{"steps":[{"trigger":{"bytesReceived":1},"action":{"reset":{}}}]}]}'

runs() {
  case $(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null) in '' | Z* | X*) return 1 ;; esac
}

# gone PID PORT: the process is no more, and nobody listens on the port; with room for a busy machine, beyond the 2 s of the promise.
gone() {
  deadline=$(($(date +%s%N) + 10000000000))
  while [ "$(date +%s%N)" -lt $deadline ]; do
    status=0
    curl -s --noproxy '*' --max-time 1 -o "$folder/body" "http://127.0.0.1:$2/" || status=$?
    if [ $status -eq 7 ] && { [ "$1" = - ] || ! runs "$1"; }; then return 0; fi
  done
  return 1
}

fixtures_have_scopes_of_their_own() {
  hangup_open
  first=$hangup_scope
  hangup_listen same
  hangup_call getInfo
  has "$hangup_reply" '"apiVersion":"hangup.v1"'
  hangup_close
  hangup_open
  [ "$first" != "$hangup_scope" ]
  hangup_listen same
  fails FIXTURE_OPEN hangup_open
  hangup_close
  hangup_close
  fails NO_FIXTURE hangup_listen echo
}

# What the probe prints, run in a folder with an environment: its first line.
probed() {
  (
    cd "$1"
    shift
    env "$@" "$shell" "$probe" "$library" once 2>/dev/null
  ) || :
}

it_finds_the_daemon_or_starts_one() {
  node=$(command -v node)
  hangup_open
  hangup_call getInfo
  uid=${hangup_reply#*'"uid":"'}
  has "$(probed / HANGUP_ADDRESS="$hangup_daemon" HANGUP_COMMAND="$node $checkout/bin/hangup.cjs")" "${uid%%'"'*} "
  hangup_close
  has "$(probed / HANGUP_COMMAND="  $node   $checkout/bin/hangup.cjs ")" ' '
  has "$(probed "$checkout/clients/shell")" ' '
  mkdir "$folder/bin"
  ln -s "$checkout/bin/hangup.cjs" "$folder/bin/hangup"
  has "$(probed / PATH="$folder/bin:$PATH")" ' '
  has "$(probed / PATH="$folder/bin:$PATH" HANGUP_COMMAND=' 	 ')" ' '
  has "$(probed . HANGUP_ADDRESS='  ')" ' '
  has "$(probed /)" 'DAEMON_NOT_FOUND NOT_FOUND '
  has "$(probed / HANGUP_COMMAND=/nowhere/hangup)" 'DAEMON_NOT_STARTED UNAVAILABLE '
  said=$(probed / HANGUP_COMMAND='echo hello')
  has "$said" 'DAEMON_NOT_STARTED UNAVAILABLE '
  has "$said" 'it printed hello pipe --exit-with-process'
  has "$(probed / HANGUP_COMMAND='printf hello')" 'it printed hello; '
}

# A port where nobody is: what is wrong with a setting is told before that is met.
what_cannot_be_asked_has_its_reason() {
  has "$(probed . HANGUP_ADDRESS=127.0.0.1:1)" 'DAEMON_GONE UNAVAILABLE no daemon at 127.0.0.1:1'
  has "$(probed . HANGUP_ADDRESS=unix:/no/such/socket)" 'DAEMON_GONE UNAVAILABLE '
  for none in localhost 127.0.0.1:99999 127.0.0.1: :4264 http://127.0.0.1:4264 unix:; do
    has "$(probed . HANGUP_ADDRESS=$none)" "INVALID_SETTING INVALID_ARGUMENT $none is no address"
  done
  has "$(probed . HANGUP_ADDRESS=127.0.0.1:1 HANGUP_TOKEN='two words')" 'INVALID_SETTING INVALID_ARGUMENT HANGUP_TOKEN'
  has "$(probed . HANGUP_ADDRESS=127.0.0.1:1 HANGUP_TOKEN_FILE=/no/such/file)" 'INVALID_SETTING INVALID_ARGUMENT '
}

# SIGKILL in the middle of a wait, for a connection and for an event.
a_daemon_that_dies_in_a_wait_is_gone() {
  "$checkout/bin/hangup.cjs" serve --listen 127.0.0.1:0 >"$folder/serve" 2>/dev/null 8>&- 9<&- &
  daemon=$!
  deadline=$(($(date +%s) + 30))
  until [ -s "$folder/serve" ]; do [ "$(date +%s)" -lt $deadline ] || failed "${LINENO:-?}" 'no daemon'; done
  ready=$(cat "$folder/serve")
  address=${ready#*'"address":"'}
  address=${address%%'"'*}
  is "$(HANGUP_ADDRESS=$address "$shell" "$probe" "$library" dies "$daemon" 2>/dev/null)" 'UNAVAILABLE DAEMON_GONE, UNAVAILABLE DAEMON_GONE'
  wait
}

a_unix_socket_and_a_token_are_used() {
  (umask 077 && echo 0123456789abcdef0123456789abcdef >"$folder/token")
  mkfifo "$folder/end"
  "$checkout/bin/hangup.cjs" serve --listen "unix:$folder/socket" --token-file "$folder/token" --exit-with-stdin \
    <"$folder/end" >"$folder/serve" 2>"$folder/log" 8>&- 9<&- &
  exec 7>"$folder/end"
  deadline=$(($(date +%s) + 30))
  until [ -s "$folder/serve" ]; do [ "$(date +%s)" -lt $deadline ] || failed "${LINENO:-?}" 'no daemon'; done
  has "$(probed . HANGUP_ADDRESS="unix:$folder/socket" HANGUP_TOKEN_FILE="$folder/token")" ' '
  has "$(probed . HANGUP_ADDRESS="unix:$folder/socket" HANGUP_TOKEN=0123456789abcdef0123456789abcdef)" ' '
  has "$(probed . HANGUP_ADDRESS="unix:$folder/socket")" 'TOKEN_MISSING UNAUTHENTICATED '
  exec 7>&-
  wait
}

# killed MODE: runs the probe until it has said where it is, and ends it by SIGKILL.
killed() {
  mkfifo "$folder/$1"
  "$shell" "$probe" "$library" "$1" >"$folder/$1" 8>&- 9<&- &
  process=$!
  exec 7<"$folder/$1"
  read -r uid pid port rest <&7
  runs "$pid"
  kill -KILL "$process"
  wait "$process" || :
  exec 7<&-
}

a_killed_program_leaves_nothing() {
  killed stay
  gone "$pid" "$port"
}

a_killed_program_leaves_nothing_though_its_background_lives() {
  killed background
  gone "$pid" "$port"
  runs "$rest"
  kill "$rest"
}

a_killed_program_leaves_nothing_on_a_daemon_that_it_shares() {
  hangup_open
  HANGUP_ADDRESS=$hangup_daemon
  export HANGUP_ADDRESS
  killed shared
  unset HANGUP_ADDRESS
  runs "$pid"
  gone - "$port"
  hangup_close
}

a_dead_daemon_is_an_error_and_no_signal() {
  is "$("$shell" "$probe" "$library" dead 2>/dev/null)" 'DAEMON_GONE DAEMON_GONE DAEMON_GONE again'
}

the_daemon_is_no_child_of_the_program() {
  # A wait without arguments would not end.
  wait
  hangup_open
  wait
  hangup_close
}

a_step_that_never_fired_fails_the_close() {
  hangup_open
  hangup_listen met "$reset_at_a_byte"
  address=$hangup_address
  hangup_listen unmet '{"plans":[{"steps":[{"trigger":{"peerFin":{}},"action":{"close":{}}}]}]}'
  hangup_dial "$address"
  hangup_next met
  hangup_dial "$address"
  hangup_send "$hangup_session" x
  hangup_wait "$hangup_session" '{"condition":"PEER_RST"}'
  fails NEVER_FIRED hangup_close
  has "$hangup_error_message" 'met, plan 1, step 1: on 1 of 2 connections'
  has "$hangup_error_message" 'unmet, plan 1: it had no connection'
}

a_fixture_can_let_that_pass_and_has_its_report() {
  hangup_open
  hangup_listen echo "$reset_at_a_byte"
  hangup_allow_unfired
  hangup_close
  printf '%s' "$hangup_report" | node -e 'const r = JSON.parse(require("fs").readFileSync(0)); process.exit(r.openListeners[0] === "echo" ? 0 : 1)'
  # And the next one is told again.
  hangup_open
  hangup_listen echo "$reset_at_a_byte"
  fails NEVER_FIRED hangup_close
}

an_error_has_its_code_and_reason() {
  hangup_open
  hangup_listen echo
  hangup_dial "$hangup_address"
  hangup_next echo
  hangup_reset "$hangup_session"
  fails SESSION_ENDED hangup_reset "$hangup_session"
  is "$hangup_error_code" FAILED_PRECONDITION
  # The quotes in it are quotes.
  has "$hangup_error_message" 'session "echo/1"'
  fails NAME_TAKEN hangup_listen echo
  fails INVALID_LINE hangup_listen other '{"nme":"echo"}'
  has "$hangup_error_message" nme
  fails INVALID_REQUEST hangup_listen other '[1]'
  fails INVALID_REQUEST hangup_listen 'a"b'
  fails INVALID_REQUEST hangup_call 'get":{},"Info'
  fails INVALID_LINE hangup_listen other '{"labels":{}'
  for port in 0 '' -1 65536x 100000 none; do
    fails INVALID_REQUEST hangup_accepted echo "$port"
    is "$hangup_error_code" INVALID_ARGUMENT
  done
  fails CONNECT_FAILED hangup_dial 127.0.0.1:1
  fails UNKNOWN_SIGNAL hangup_signal nobody
  fails UNKNOWN_SESSION hangup_reset nobody/1
  fails UID_MISMATCH hangup_reset echo/1@other
  hangup_close
}

a_wait_that_is_not_met_says_what_was_seen_last() {
  hangup_open
  hangup_listen echo
  hangup_dial "$hangup_address"
  client=$hangup_session
  hangup_next echo
  fails WAIT_TIMEOUT hangup_wait "$hangup_session" '{"condition":"PEER_FIN","timeout":"0.1s"}'
  has "$hangup_error_message" ESTABLISHED
  hangup_session_close "$client"
  hangup_wait_ended "$hangup_session"
  is "$hangup_local_end $hangup_peer_end" 'FIN FIN'
  hangup_close
}

# From an address that nobody else connects from: there no stranger gets the port in between.
a_port_that_came_round_is_the_new_session() {
  hangup_open
  hangup_listen echo
  hangup_dial "$hangup_address" '{"localAddress":"127.0.0.77"}'
  client=$hangup_session
  port=${hangup_reply#*'"localAddress":"127.0.0.77:'}
  port=${port%%'"'*}
  for life in 1 2 3; do
    hangup_accepted echo "$port"
    is "${hangup_session%@*}" echo/$life
    seen=$hangup_session
    hangup_accepted echo "$port"
    is "$hangup_session" "$seen"
    hangup_reset "$seen"
    hangup_wait_ended "$client"
    hangup_dial "$hangup_address" "{\"localAddress\":\"127.0.0.77:$port\"}"
    client=$hangup_session
  done
  hangup_close
}

# Also where nobody reads: the daemon has not met the RST of the first connection yet.
a_port_that_came_round_is_the_new_session_of_a_silent_listener() {
  hangup_open
  hangup_listen silent '{"behaviour":{"silent":{}}}'
  hangup_dial "$hangup_address" '{"localAddress":"127.0.0.77"}'
  port=${hangup_reply#*'"localAddress":"127.0.0.77:'}
  port=${port%%'"'*}
  for life in 1 2 3 4 5; do
    client=$hangup_session
    hangup_accepted silent "$port"
    is "${hangup_session%@*}" silent/$life
    seen=$hangup_session
    hangup_accepted silent "$port"
    is "$hangup_session" "$seen"
    hangup_reset "$client"
    hangup_dial "$hangup_address" "{\"localAddress\":\"127.0.0.77:$port\"}"
  done
  hangup_close
}

# The same by a pipe that says what a daemon may say in between: it has accepted the second connection, and not met the end of the first; then
# the second one is over for the kernel alone.
the_session_of_a_port_is_the_one_that_the_daemon_prefers() {
  cat >"$folder/pipe" <<'EOF'
asked=0
session() {
  echo "{\"id\":\"$id\",\"waitSession\":{\"session\":{\"name\":\"silent/$1\",\"uid\":\"u$1\",\"state\":\"$2\",\"openedSequence\":\"1$1\"}}}"
}
echo '{"ready":{"address":"nowhere"}}'
while read -r line; do
  id=${line#*:}
  id=${id%%,*}
  case $line in
  *holdScope*) echo "{\"id\":\"$id\",\"holdScope\":{\"scope\":{\"name\":\"scope\",\"uid\":\"u\"}}}" ;;
  *getSession*) echo "{\"id\":\"$id\",\"getSession\":{\"session\":{\"name\":\"silent/1\",\"uid\":\"u1\",\"state\":\"ESTABLISHED\"}}}" ;;
  *'"openedAfterSequence":"12"'*) session 3 ESTABLISHED ;;
  *waitSession*)
    asked=$((asked + 1))
    case $asked in
    1) session 1 ESTABLISHED ;;
    2) session 2 ESTABLISHED ;;
    *) session 2 CLOSED ;;
    esac
    ;;
  esac
done
EOF
  is "$(HANGUP_COMMAND="sh $folder/pipe" "$shell" -c '. "$1" && hangup_open &&
    for call in 1 2 3; do hangup_accepted silent 4000 && printf "%s " "$hangup_session"; done' - "$library" 2>&1)" 'silent/1@u1 silent/2@u2 silent/3@u3 '
}

# Also where /proc/net/tcp has the socket twice, as when others come and go while it is read. dash has no sockets.
a_socket_has_its_port() {
  [ -n "${BASH_VERSION:-}" ] || return 0
  hangup_open
  hangup_listen echo
  eval 'exec 6<>"/dev/tcp/$hangup_host/$hangup_port"'
  sed() { command sed "$@" && command sed "$@"; }
  hangup_local_port 6
  unset -f sed
  hangup_accepted echo "$hangup_local_port"
  is "${hangup_session%@*}" echo/1
  exec 6>&-
  hangup_close
}

labels_are_not_taken_for_fields() {
  hangup_open
  hangup_listen echo '{"labels":{"port":"8080","host":"nowhere","address":"nowhere","uid":"other","name":"other"}}'
  is "$hangup_host:$hangup_port $hangup_listener" "$hangup_address echo"
  case $hangup_port in 8080) failed "${LINENO:-?}" 'the port is the label' ;; esac
  hangup_dial "$hangup_address"
  hangup_next echo
  hangup_reset "$hangup_session"
  hangup_close
}

the_end_of_the_events_is_told() {
  hangup_open
  hangup_events '{"kinds":["LISTENER_CREATED"],"maxEvents":1}'
  hangup_listen one
  hangup_event
  is "$hangup_event_listener" one
  fails END_OF_EVENTS hangup_event
  # Met while another call waits for its reply, and told again.
  hangup_call getInfo
  fails END_OF_EVENTS hangup_event
  # What is wrong with the timeout is told, and the stream goes on.
  hangup_events
  fails INVALID_LINE hangup_event 5
  fails INVALID_REQUEST hangup_event '1s"'
  # The end of the scope is that of its events.
  hangup_call deleteScope
  hangup_event
  while [ "$hangup_event_kind" != SCOPE_ENDED ]; do hangup_event; done
  fails END_OF_EVENTS hangup_event
  is "$hangup_error_code" OUT_OF_RANGE
  fails UNKNOWN_SCOPE hangup_close
}

events_come_in_order_and_their_wait_ends() {
  hangup_open
  hangup_events
  hangup_listen echo
  hangup_dial "$hangup_address" '{"name":"client"}'
  hangup_next echo
  hangup_reset "$hangup_session"
  hangup_event
  is "$hangup_event_kind $hangup_event_listener $hangup_event_session" 'LISTENER_CREATED echo '
  seen=''
  until [ "$hangup_event_kind $hangup_event_session" = 'SESSION_ENDED client' ]; do
    hangup_event
    seen="$seen $hangup_event_kind"
  done
  has "$seen" ' SESSION_OPENED'
  has "$seen" ' ACTION_PERFORMED'
  fails WAIT_TIMEOUT hangup_event 0.1s
  hangup_events '{"kinds":["LISTENER_CREATED"]}'
  hangup_listen two
  hangup_event
  is "$hangup_event_listener" two
  hangup_close
  fails END_OF_EVENTS hangup_event
  is "$hangup_error_code" CANCELLED
  hangup_open
  fails NO_EVENTS hangup_event
  hangup_close
}

data_goes_both_ways_as_bytes() {
  hangup_open
  hangup_listen echo
  hangup_dial "$hangup_address"
  client=$hangup_session
  hangup_send "$client" "$(printf 'a"\\b\nc\td')"
  is "$(hangup_receive "$client" 8)" "$(printf 'a"\\b\nc\td')"
  printf '\000\377\n' | hangup_send "$client"
  is "$(hangup_receive "$client" 3 | od -An -tx1)" ' 00 ff 0a'
  hangup_next echo
  hangup_perform "$hangup_session" '{"lastData":{"text":"bye"}}'
  is "$(hangup_receive "$client" 3)" bye
  is "$(hangup_receive "$client")" ''
  hangup_dial "$hangup_address"
  client=$hangup_session
  hangup_next echo
  hangup_reset "$hangup_session"
  fails ECONNRESET hangup_receive "$client"
  hangup_close
}

a_signal_fires_its_step() {
  hangup_open
  hangup_listen gate '{"plans":[{"steps":[{"trigger":{"signal":"go"},"action":{"reset":{}}}]}]}'
  for client in one two; do
    hangup_dial "$hangup_address" "{\"name\":\"$client\"}"
    hangup_next gate
  done
  hangup_signal go gate/1
  hangup_wait one '{"condition":"PEER_RST"}'
  hangup_signal go
  hangup_wait two '{"condition":"PEER_RST"}'
  hangup_close
}

a_listener_refuses_stalls_resumes_and_closes() {
  hangup_open
  hangup_listen echo
  hangup_refuse echo
  fails CONNECT_FAILED hangup_dial "$hangup_address"
  hangup_stall echo
  fails CONNECT_TIMEOUT hangup_dial "$hangup_address" '{"timeout":"0.2s"}'
  hangup_resume echo
  hangup_dial "$hangup_address"
  hangup_listener_close echo
  hangup_wait "$hangup_session" '{"condition":"PEER_RST"}'
  fails UNKNOWN_LISTENER hangup_listener_close echo
  hangup_listen path "{
    \"unixPath\": \"$folder/listener\"
  }"
  is "$hangup_address $hangup_host$hangup_port" "unix:$folder/listener "
  hangup_close
}

# Programs at once, each with its own pipe, many tests each: every one prints the daemon's uid.
many_tests_at_once_share_a_daemon() {
  "$checkout/bin/hangup.cjs" run -- "$shell" -c '
    for program in 1 2 3 4 5 6 7 8 9 10; do
      "$1" "$2" "$3" many "$5" >"$4/many-$program" & pids="${pids:-} $!"
    done
    for pid in $pids; do wait "$pid" || exit 1; done
    exec "$1" "$2" "$3" scopes >"$4/scopes"' "$shell" "$shell" "$probe" "$library" "$folder" $((at_once / 10))
  is "$(cat "$folder"/many-* | wc -l | tr -d ' ')" "$at_once"
  is "$(sort -u "$folder"/many-* | wc -l | tr -d ' ')" 1
  # The default one, and that of the probe that asks.
  is "$(cat "$folder/scopes")" 'default, and one more'
}

for test in fixtures_have_scopes_of_their_own it_finds_the_daemon_or_starts_one what_cannot_be_asked_has_its_reason a_daemon_that_dies_in_a_wait_is_gone a_unix_socket_and_a_token_are_used a_killed_program_leaves_nothing \
  a_killed_program_leaves_nothing_though_its_background_lives a_killed_program_leaves_nothing_on_a_daemon_that_it_shares \
  a_dead_daemon_is_an_error_and_no_signal the_daemon_is_no_child_of_the_program a_step_that_never_fired_fails_the_close \
  a_fixture_can_let_that_pass_and_has_its_report an_error_has_its_code_and_reason a_wait_that_is_not_met_says_what_was_seen_last \
  a_port_that_came_round_is_the_new_session a_port_that_came_round_is_the_new_session_of_a_silent_listener \
  the_session_of_a_port_is_the_one_that_the_daemon_prefers a_socket_has_its_port labels_are_not_taken_for_fields the_end_of_the_events_is_told events_come_in_order_and_their_wait_ends data_goes_both_ways_as_bytes a_signal_fires_its_step \
  a_listener_refuses_stalls_resumes_and_closes many_tests_at_once_share_a_daemon; do
  $test
  number=$((number + 1))
  echo "ok $number - $test"
done
rm -rf "$folder"
echo "1..$number"
