#!/bin/bash
# Runs the scenarios against the daemon at HANGUP_ADDRESS: conformance.sh <scenarios.json>
#
# The sockets are bash's /dev/tcp, read by dd; servers are socat, for a shell cannot listen; the HTTP client is curl.
# shellcheck disable=SC2154 # What hangup.sh tells is in its variables.
set -u
export LC_ALL=C
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=hangup.sh
. "$here/hangup.sh"

folder=$(mktemp -d) || exit
trap 'rm -rf "$folder"' EXIT
failures=0

# The scenarios as lines, fields between tabs: what a shell can read. hangup needs Node, so it is here.
lines() {
  node -e '
    for (const { name, listener, steps } of JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))) {
      console.log(["scenario", name, JSON.stringify(listener ?? null), "-"].join("\t"));
      for (const { expect, ...step } of steps) {
        const [[word, value]] = Object.entries(step);
        const text = typeof value === "string" ? value : JSON.stringify(value);
        console.log([word, text, value.timeoutMs ?? value.attempts ?? "-", expect === undefined ? "-" : "expected"].join("\t"));
      }
      console.log(["end", "-", "-", "-"].join("\t"));
    }' "$1"
}

json() { printf '"%s"' "$(printf '%s' "$1" | sed 's/\\/\\\\/g; s/"/\\"/g' | tr '\n\t' '  ')"; }

seconds() { printf '%d.%03d' $(($1 / 1000)) $(($1 % 1000)); }

# An error of bash: without the name of this file, and the line in it. Of two lines about one error the last.
said() { sed -n 's/^.*: line [0-9]*: //; $p' "$folder/error" | sed "s/\<${hangup_port:-none}\>/PORT/"; }

# failed TEXT STATUS: what the error is, by what it says.
failed() {
  saw=$1
  case $1 in
  *'Connection reset by peer'*) outcome=ECONNRESET ;;
  *'Broken pipe'*) outcome=EPIPE ;;
  *'Connection refused'*) outcome=ECONNREFUSED ;;
  *) outcome=OTHER ;;
  esac
}

# What a function of hangup.sh gave.
told() {
  if [ "$1" -eq 0 ]; then outcome=OK saw=0; else outcome=OTHER saw="$hangup_error_message ($hangup_error_reason)"; fi
}

# The session of the connection.
session() {
  [ -z "$session" ] || return 0
  hangup_local_port 5 && hangup_accepted "$hangup_listener" "$hangup_local_port" && session=$hangup_session
}

connect() {
  if [ "$1" != - ]; then
    # bash has no timeout for a connect.
    timeout "$(seconds "$1")" bash -c "exec 5<>/dev/tcp/$hangup_host/$hangup_port" 2>"$folder/error"
    [ $? -ne 124 ] || { outcome=TIMEOUT saw="timeout: 124" && return; }
  fi
  if { exec 5<>"/dev/tcp/$hangup_host/$hangup_port"; } 2>"$folder/error"; then
    outcome=OK saw="exec: 0"
  else
    failed "$(said)"
  fi
}

write() {
  # Without the trap the signal ends the shell.
  if (trap '' PIPE && printf '%s' "$1" >&5) 2>"$folder/error"; then outcome=OK saw="printf: 0"; else failed "$(said)"; fi
}

read_once() {
  local milliseconds=5000 status
  [ "$1" = - ] || milliseconds=$1
  if [ -n "$server" ]; then
    read_server
    return
  fi
  timeout "$(seconds "$milliseconds")" dd bs=65536 count=1 status=none <&5 >"$folder/data" 2>"$folder/error"
  status=$?
  if [ $status -eq 124 ]; then
    outcome=TIMEOUT saw="timeout: 124"
  elif [ $status -ne 0 ]; then
    failed "$(cat "$folder/error")"
  elif [ -s "$folder/data" ]; then
    outcome="DATA $(cat "$folder/data")" saw="dd: 0, '$(cat "$folder/data")'"
  else
    outcome=EOF saw="dd: 0, ''"
  fi
}

# socat says that it listens, and in the end what it met.
serve() {
  exec 6< <(exec socat -d -d -u TCP-LISTEN:0,bind=127.0.0.1 STDOUT 8>&- 9<&- 2>&1)
  local line
  while IFS= read -r -t 10 -u 6 line; do
    case $line in
    *' listening on '*)
      server=${line##*:} outcome=OK saw="socat: listening"
      return
      ;;
    esac
  done
  outcome=OTHER saw="socat does not listen"
}

read_server() {
  local line
  while IFS= read -r -t 5 -u 6 line; do
    case $line in
    # A warning: socat's own status is 0 all the same.
    *' W read('* | *' E read('*)
      failed "socat: W read(...)${line##*)}"
      return
      ;;
    *'exiting with status 0'*)
      outcome=EOF saw='socat: 0'
      return
      ;;
    esac
  done
  outcome=TIMEOUT saw='read: 142'
}

http_get() {
  local attempt attempts=$1 status
  [ "$attempts" != - ] || attempts=1
  for ((attempt = 1; attempt <= attempts; attempt++)); do
    curl -sS --noproxy '*' --max-time 10 -w '\n%{http_code}' "http://$hangup_address/" >"$folder/data" 2>"$folder/error"
    status=$?
    if [ $status -eq 0 ]; then
      outcome="HTTP $(tail -n 1 "$folder/data") $(sed '$d' "$folder/data")" saw='curl: 0'
      return
    fi
    failed "$(cat "$folder/error")"
    # An empty reply, and a part of one.
    case $outcome-$status in
    OTHER-52 | OTHER-18) outcome=EOF ;;
    OTHER-28) outcome=TIMEOUT ;;
    esac
  done
}

receipt() {
  if [ -n "$no_reset" ]; then
    outcome=OTHER saw='bash cannot set SO_LINGER: it has no way to reset'
  elif session && hangup_wait_ended "$session"; then
    outcome="local $hangup_local_end, peer $hangup_peer_end"
    saw=$outcome
  else
    told 1
  fi
}

wait_for() {
  case $1 in
  *'"ordinal"'*) hangup_call waitSession "{\"listener\":\"$hangup_listener\",${1#?}" ;;
  *) session && hangup_wait "$session" "$1" ;;
  esac
}

begin() {
  name=$1 steps='' session='' server='' no_reset=''
  hangup_open || exit 1
  [ "$2" = null ] || hangup_listen '' "$2" || failures=1
}

finish() {
  exec 5>&- 6<&-
  hangup_close || failures=1
  printf '{"scenario":"%s","steps":[%s]}\n' "$name" "${steps#,}"
}

printf '{"language":"shell","version":%s,"sockets":"/dev/tcp, dd","http":%s}\n' \
  "$(json "bash ${BASH_VERSION%%(*}, $(dd --version | sed -n '1s/dd (\(.*\)) /\1 /p')")" "$(json "$(curl --version | sed -n '1s/^\(curl [^ ]*\).*/\1/p')")"

while IFS=$'\t' read -r -u 7 word value extra expected; do
  outcome=OTHER saw="no such step in this program: $word"
  case $word in
  scenario) begin "$value" "$extra" && continue ;;
  end) finish && continue ;;
  connect) connect "$extra" ;;
  write) write "$value" ;;
  read) read_once "$extra" ;;
  perform)
    session && hangup_perform "$session" "$value"
    told $?
    ;;
  wait)
    wait_for "$value"
    told $?
    ;;
  httpGet) http_get "$extra" ;;
  serve) serve ;;
  dial)
    hangup_dial "127.0.0.1:$server" && session=$hangup_session
    told $?
    ;;
  close)
    session
    told $?
    exec 5>&-
    ;;
  reset)
    # See docs/languages.md: said by the step that is reported.
    no_reset=yes outcome=OK
    ;;
  receipt) receipt ;;
  esac
  if [ "$expected" = expected ]; then
    steps="$steps,{\"step\":\"$word\",\"outcome\":$(json "$outcome"),\"saw\":$(json "$saw")}"
  elif [ "$outcome" != OK ]; then
    # Not what is asked about, but what comes after it depends on it.
    printf '%s, %s: %s\n' "$name" "$word" "$saw" >&2
    failures=1
  fi
done 7< <(lines "$1")
exit $failures
