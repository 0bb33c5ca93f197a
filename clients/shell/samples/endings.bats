#!/usr/bin/env bats
# The six samples as bats has them. Each test has a fixture of its own; under `hangup run -- bats samples` they share one daemon.
# shellcheck disable=SC2154

setup() {
  export LC_ALL=C
  . "$BATS_TEST_DIRNAME/../hangup.sh"
  hangup_open
}

# A step of a plan that never fired fails the test.
teardown() {
  hangup_close
}

connect() {
  exec 5<>"/dev/tcp/$hangup_host/$hangup_port"
}

@test "eof" {
  hangup_listen echo
  connect
  hangup_next echo
  hangup_session_close "$hangup_session"
  run cat <&5
  [ "$status" -eq 0 ]
  [ "$output" = '' ]
}

@test "econnreset" {
  hangup_listen echo
  connect
  hangup_next echo
  hangup_reset "$hangup_session"
  run cat <&5
  [ "$status" -eq 1 ]
  [ "$output" = 'cat: -: Connection reset by peer' ]
}

@test "half-close" {
  hangup_listen echo
  connect
  hangup_next echo
  hangup_half_close "$hangup_session"
  run cat <&5
  [ "$status" -eq 0 ]
  printf late >&5
  hangup_wait "$hangup_session" '{"bytesReceived":4}'
}

@test "refused" {
  hangup_listen web '{"state":"REFUSING"}'
  run curl -sS --noproxy '*' "http://$hangup_address/"
  [ "$status" -eq 7 ]
}

@test "retry succeeds the third time" {
  hangup_listen flaky '{"behaviour":{"discard":{}},"plans":[
    {"connections":2,"steps":[{"trigger":{"patternText":"\r\n\r\n"},"action":{"reset":{}}}]},
    {"steps":[{"trigger":{"patternText":"\r\n\r\n"},
      "action":{"lastData":{"text":"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nConnection: close\r\n\r\nrecovered"}}}]}]}'
  fetch() { curl -sS --noproxy '*' --max-time 10 "http://$hangup_address/"; }
  run fetch
  [ "$status" -eq 56 ]
  run fetch
  [ "$status" -eq 56 ]
  run fetch
  [ "$output" = recovered ]
}

@test "a server under test gets the RST of our client" {
  exec 6< <(exec socat -d -d TCP-LISTEN:0,bind=127.0.0.1 EXEC:cat 3>&- 8>&- 9<&- 2>&1)
  until_it_says() {
    while IFS= read -r -t 10 -u 6 line; do
      [[ $line != *"$1"* ]] || return 0
    done
    return 1
  }
  until_it_says ' listening on '
  hangup_dial "127.0.0.1:${line##*:}"
  hangup_reset "$hangup_session"
  until_it_says 'Connection reset by peer'
}
