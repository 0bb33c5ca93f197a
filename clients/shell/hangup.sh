# shellcheck shell=sh disable=SC2034
# (SC2034: what it has to tell is in variables that only the caller reads.)
#
# hangup: end TCP connections exactly as a test asks. To be sourced by any POSIX shell: . ./hangup.sh
#
# What a function has to tell is in variables (hangup_address, hangup_session, ...); it returns 0, or 1 after one line on standard
# error, with the error in hangup_error_code, hangup_error_reason and hangup_error_message. REQUEST is a JSON object, the fields of the contract.
# A session is named by what hangup_session had ("echo/1@UID", this very life) or by its name alone ("echo/1").
# Waits take 5 s if not told otherwise ("timeout":"2s").
#
# The descriptors 8 and 9 are its own. Functions that set variables are no use in a subshell ($(...), bats' `run`).

hangup_error_code='' hangup_error_reason='' hangup_error_message=''
hangup_reply='' hangup_daemon='' hangup_report=''

_hangup_started='' _hangup_id=0 _hangup_scope='' _hangup_uid='' _hangup_unfired=''
_hangup_found='' _hangup_ordinals='' _hangup_given='' _hangup_stream='' _hangup_events=''
_hangup_newline='
'
_hangup_blanks=" 	$_hangup_newline"

# --- the daemon -------------------------------------------------------------------------------------------------------------

# Starts `hangup pipe`, if this program has none yet. hangup_daemon: where the daemon is, for other clients.
hangup_start() {
  [ -z "$_hangup_started" ] || return 0
  _hangup_folder=$(mktemp -d "${TMPDIR:-/tmp}/hangup-XXXXXX") || return 1
  if ! mkfifo "$_hangup_folder/in" "$_hangup_folder/out" || ! _hangup_spawn; then
    rm -rf "$_hangup_folder"
    return 1
  fi
  exec 8>"$_hangup_folder/in" 9<"$_hangup_folder/out"
  # From here on the descriptors are all there is of it: nothing is left over, however this ends.
  rm -rf "$_hangup_folder"
  # Of a line without its end, too, it is told.
  _hangup_line=''
  IFS= read -r _hangup_line <&9 || :
  case $_hangup_line in
  '{"ready":{"address":"'*)
    hangup_daemon=${_hangup_line#*'"address":"'}
    hangup_daemon=${hangup_daemon%%'"'*}
    _hangup_started=yes
    ;;
  '{"error":'*)
    exec 8>&- 9<&-
    hangup_reply=$_hangup_line
    _hangup_read_error
    ;;
  *)
    exec 8>&- 9<&-
    _hangup_fail UNAVAILABLE DAEMON_NOT_STARTED "the command has not started as 'hangup pipe' does; it printed ${_hangup_line:-nothing}; see the lines above"
    ;;
  esac
}

# Ends the pipe, and with it the daemon, if that was the pipe's own. Not needed: the end of the program does it.
hangup_stop() {
  [ -n "$_hangup_started" ] || return 0
  exec 8>&- 9<&-
  _hangup_started='' _hangup_scope=''
}

# HANGUP_COMMAND, PATH, or what is installed in the working directory or above it. The daemon gets none of the program's descriptors, and is
# no child of it: a `wait` of the program does not wait for it. Whoever else has descriptor 8 by then, the end of the program ends it.
_hangup_spawn() {
  # Blanks alone are none.
  _hangup_value=${HANGUP_COMMAND:-}
  _hangup_command=${_hangup_value#"${_hangup_value%%[!"$_hangup_blanks"]*}"}
  if [ -z "$_hangup_command" ] && ! command -v hangup >/dev/null && ! _hangup_find; then
    _hangup_fail NOT_FOUND DAEMON_NOT_FOUND "no hangup found: install it with npm (npm install --save-dev hangup), put it on the PATH, or set HANGUP_COMMAND to its command line"
    return 1
  fi
  (
    IFS=$_hangup_blanks
    set -f
    if [ -n "$_hangup_command" ]; then
      # shellcheck disable=SC2086 # A command line, split at blanks.
      set -- $_hangup_command
    elif command -v hangup >/dev/null; then
      set -- hangup
    elif [ "${_hangup_found%.cjs}" != "$_hangup_found" ]; then
      set -- node "$_hangup_found"
    else
      set -- "$_hangup_found"
    fi
    "$@" pipe --exit-with-process $$ <"$_hangup_folder/in" >"$_hangup_folder/out" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
  )
}

_hangup_find() {
  _hangup_at=$PWD
  while :; do
    for _hangup_found in "$_hangup_at/node_modules/.bin/hangup" "$_hangup_at/bin/hangup.cjs"; do
      [ -x "$_hangup_found" ] && return 0
    done
    [ -n "$_hangup_at" ] || return 1
    _hangup_at=${_hangup_at%/*}
  done
}

# --- asking -----------------------------------------------------------------------------------------------------------------

# _hangup_fail CODE REASON MESSAGE
_hangup_fail() {
  hangup_error_code=$1 hangup_error_reason=$2 hangup_error_message=$3
  printf 'hangup: %s (%s)\n' "$3" "$2" >&2
  return 1
}

# Writes a line. In a subshell that ignores SIGPIPE: a daemon that is gone is met by the read, and does not end the program.
_hangup_write() {
  (
    trap '' PIPE
    printf '%s\n' "$1" >&8
  ) 2>/dev/null || :
}

# _hangup_ask CALL FIELDS: asks in the scope of the fixture, and waits; hangup_reply is the reply's line.
_hangup_ask() {
  if [ -z "$_hangup_scope" ]; then
    _hangup_fail FAILED_PRECONDITION NO_FIXTURE 'no fixture is open: call hangup_open first'
    return 1
  fi
  _hangup_request "$1" "\"scope\":\"$_hangup_scope\"${2:+,$2}"
}

_hangup_request() {
  _hangup_id=$((_hangup_id + 1))
  _hangup_write "{\"id\":$_hangup_id,\"$1\":{$2}}"
  _hangup_read_reply $_hangup_id
}

# Reads to the reply with this id; events on the way are kept.
_hangup_read_reply() {
  while IFS= read -r hangup_reply <&9; do
    case $hangup_reply in
    '{"id":"'"$1"'","error":'* | '{"line":'*)
      _hangup_read_error
      return 1
      ;;
    '{"id":"'"$1"'",'*) return 0 ;;
    *) _hangup_keep_event ;;
    esac
  done
  _hangup_fail UNAVAILABLE DAEMON_GONE "the daemon at $hangup_daemon has ended, or cannot be reached; see the lines above"
}

# {"id":"1","error":{"code":"NOT_FOUND","reason":"UNKNOWN_SESSION","message":"...","details":[...]}}
_hangup_read_error() {
  _hangup_get code
  _hangup_code=$_hangup_value
  _hangup_get reason
  _hangup_value=${_hangup_value:-UNKNOWN}
  _hangup_message=${hangup_reply#*'"message":"'}
  _hangup_message=${_hangup_message%%'","details":'*}
  case $_hangup_message in
  *\\*) _hangup_message=$(printf '%s\n' "$_hangup_message" | sed 's/\\n/ /g; s/\\\(["\\/]\)/\1/g') ;;
  esac
  _hangup_fail "$_hangup_code" "$_hangup_value" "$_hangup_message"
}

# _hangup_get NAME: the first field of this name in the reply, text or number, in _hangup_value; empty if there is none. Only for fields that have
# neither quotes nor backslashes in them, and stand before all that callers can name.
_hangup_get() {
  _hangup_value=''
  case $hangup_reply in
  *"\"$1\":"*) _hangup_value=${hangup_reply#*"\"$1\":"} ;;
  esac
  case $_hangup_value in
  '"'*)
    _hangup_value=${_hangup_value#?}
    _hangup_value=${_hangup_value%%'"'*}
    ;;
  *) _hangup_value=${_hangup_value%%[,\}]*} ;;
  esac
}

# _hangup_text TEXT...: refuses what would need escapes in JSON; names and addresses do not have them.
_hangup_text() {
  for _hangup_one; do
    case $_hangup_one in
    *[\"\\[:cntrl:]]*)
      _hangup_fail INVALID_ARGUMENT INVALID_REQUEST "quotes, backslashes and control characters cannot be in a name or address: $_hangup_one"
      return 1
      ;;
    esac
  done
}

# _hangup_fields REQUEST: what is between its braces, on one line, in _hangup_value.
_hangup_fields() {
  _hangup_value=${1:-}
  case $_hangup_value in
  *"$_hangup_newline"*) _hangup_value=$(printf '%s' "$_hangup_value" | tr '\n' ' ') ;;
  esac
  # The blanks around it.
  _hangup_value=${_hangup_value#"${_hangup_value%%[! 	]*}"}
  _hangup_value=${_hangup_value%"${_hangup_value##*[! 	]}"}
  case $_hangup_value in
  '') return 0 ;;
  '{'*'}')
    _hangup_value=${_hangup_value#?}
    _hangup_value=${_hangup_value%?}
    _hangup_value=${_hangup_value#"${_hangup_value%%[! 	]*}"}
    ;;
  *)
    _hangup_fail INVALID_ARGUMENT INVALID_REQUEST "no JSON object: $1"
    return 1
    ;;
  esac
}

# --- fixture ----------------------------------------------------------------------------------------------------------------

# A new, empty scope with a name of its own; starts the daemon if need be. hangup_scope: its name. One at a time.
hangup_open() {
  hangup_start || return
  [ -z "$_hangup_scope" ] || {
    _hangup_fail FAILED_PRECONDITION FIXTURE_OPEN 'a fixture is open: call hangup_close first'
    return 1
  }
  _hangup_request holdScope '' || return
  _hangup_get name
  _hangup_scope=$_hangup_value hangup_scope=$_hangup_value
  _hangup_get uid
  _hangup_uid=$_hangup_value
  _hangup_ordinals='|' _hangup_given='|' _hangup_stream='' _hangup_events='' _hangup_unfired=''
}

# Ends the scope with its listeners and sessions. hangup_report: its ScopeReport, JSON. A step of a plan that never fired is an error.
hangup_close() {
  hangup_report=''
  [ -n "$_hangup_scope" ] || return 0
  _hangup_cancel_stream
  _hangup_rc=0
  _hangup_ask deleteScope "\"uid\":\"$_hangup_uid\"" || _hangup_rc=1
  [ -z "$_hangup_stream" ] || _hangup_stream=closed
  _hangup_scope=''
  [ $_hangup_rc -eq 0 ] || return 1
  hangup_report=${hangup_reply#*'"report":'}
  hangup_report=${hangup_report%',"neverFired":['*}
  hangup_report=${hangup_report%?}
  _hangup_value=${hangup_reply##*',"neverFired":['}
  _hangup_value=${_hangup_value%']}'}
  if [ -z "$_hangup_value" ] || [ -n "$_hangup_unfired" ]; then return 0; fi
  _hangup_value=${_hangup_value#?}
  _hangup_value=${_hangup_value%?}
  _hangup_lines=''
  while :; do
    case $_hangup_value in
    *'","'*)
      _hangup_lines="$_hangup_lines${_hangup_value%%'","'*}$_hangup_newline"
      _hangup_value=${_hangup_value#*'","'}
      ;;
    *) break ;;
    esac
  done
  _hangup_fail FAILED_PRECONDITION NEVER_FIRED "$_hangup_lines$_hangup_value"
}

# Steps that never fire are no error of this fixture.
hangup_allow_unfired() { _hangup_unfired=allowed; }

# hangup_call CALL [REQUEST]: any call of the contract, by its name in docs/pipe.md, in the scope of the fixture. hangup_reply: the line of its reply.
hangup_call() {
  _hangup_text "$1" && _hangup_fields "${2:-}" && _hangup_ask "$1" "$_hangup_value"
}

# --- listener ---------------------------------------------------------------------------------------------------------------

# hangup_listen [NAME [REQUEST]]: echo on a free port of 127.0.0.1 if the CreateListenerRequest says nothing else.
# hangup_listener: its name; hangup_address: what to dial; hangup_host, hangup_port.
hangup_listen() {
  _hangup_text "${1:-}" && _hangup_fields "${2:-}" || return
  _hangup_ask createListener "\"name\":\"${1:-}\"${_hangup_value:+,$_hangup_value}" || return
  _hangup_get name
  hangup_listener=$_hangup_value
  _hangup_get address
  hangup_address=$_hangup_value
  hangup_host='' hangup_port=''
  case $hangup_address in
  unix:*) ;;
  *)
    _hangup_get host
    hangup_host=$_hangup_value
    _hangup_get port
    hangup_port=$_hangup_value
    ;;
  esac
}

# hangup_accepted LISTENER PEER_PORT: the session of the connection with this local port on the test's side; waits for it, 5 s.
# A port that is none is the error INVALID_REQUEST. hangup_session: the session. Asked again for a port whose session has ended, it waits for the next one: ports come round.
hangup_accepted() {
  _hangup_text "$@" || return
  # To the daemon 0 is no port at all: any session would do.
  case ${2:-} in
  '' | *[!0-9]* | ??????* | 0*)
    _hangup_fail INVALID_ARGUMENT INVALID_REQUEST "hangup_accepted: no port of a connection: '${2:-}': the socket is not connected yet, or closed already; keep the number"
    return 1
    ;;
  esac
  _hangup_ask waitSession "\"listener\":\"$1\",\"peerPort\":$2" || return
  _hangup_read_session
  # The newest one given for this port.
  _hangup_before=''
  case $_hangup_given in
  *"|$1 $2="*)
    _hangup_before=${_hangup_given#*"|$1 $2="}
    _hangup_before=${_hangup_before%%'|'*}
    ;;
  esac
  if [ "$hangup_session" = "${_hangup_before%'#'*}" ]; then
    # Where nobody reads, the kernel knows of the peer's RST before the daemon.
    _hangup_get state
    case $_hangup_value$hangup_reply in
    CLOSED* | *'"ended":true,'*) ;;
    *) return 0 ;;
    esac
    _hangup_ask waitSession "\"listener\":\"$1\",\"peerPort\":$2,\"openedAfterSequence\":\"${_hangup_before##*'#'}\"" || return
    _hangup_read_session
  fi
  # Behind the labels, whose names may be any.
  _hangup_value=${hangup_reply##*'"openedSequence":"'}
  _hangup_given="|$1 $2=$hangup_session#${_hangup_value%%'"'*}$_hangup_given"
}

# hangup_next LISTENER: the session accepted after the one that the last call of this gave, the first one at first; waits for it, 5 s.
hangup_next() {
  _hangup_text "$1" || return
  _hangup_ordinal=1
  case $_hangup_ordinals in
  *"|$1="*)
    _hangup_ordinal=${_hangup_ordinals#*"|$1="}
    _hangup_ordinal=$((${_hangup_ordinal%%'|'*} + 1))
    ;;
  esac
  _hangup_ask waitSession "\"listener\":\"$1\",\"ordinal\":\"$_hangup_ordinal\"" || return
  _hangup_ordinals="|$1=$_hangup_ordinal$_hangup_ordinals"
  _hangup_read_session
}

_hangup_read_session() {
  _hangup_get name
  hangup_session=$_hangup_value
  _hangup_get uid
  hangup_session=$hangup_session@$_hangup_value
}

# hangup_refuse LISTENER: connects are met by RST, ECONNREFUSED. hangup_stall: SYNs are not answered. hangup_resume: it accepts again.
hangup_refuse() { _hangup_text "$1" && _hangup_ask updateListener "\"listener\":\"$1\",\"state\":\"REFUSING\""; }
hangup_stall() { _hangup_text "$1" && _hangup_ask updateListener "\"listener\":\"$1\",\"state\":\"STALLED\""; }
hangup_resume() { _hangup_text "$1" && _hangup_ask updateListener "\"listener\":\"$1\",\"state\":\"LISTENING\""; }

# hangup_listener_close LISTENER: deletes it, and resets its sessions.
hangup_listener_close() { _hangup_text "$1" && _hangup_ask deleteListener "\"listener\":\"$1\""; }

# --- session ----------------------------------------------------------------------------------------------------------------

# hangup_dial TARGET [REQUEST]: connects to 127.0.0.1:8080 or unix:/path; OpenSessionRequest. hangup_session: the session.
hangup_dial() {
  _hangup_text "$1" && _hangup_fields "${2:-}" || return
  _hangup_ask openSession "\"target\":\"$1\"${_hangup_value:+,$_hangup_value}" || return
  _hangup_read_session
}

# _hangup_to CALL SESSION [FIELDS]: asks it of this session, of this very life where the uid is given.
_hangup_to() {
  _hangup_text "$2" || return
  case $2 in
  *@*) _hangup_ask "$1" "\"session\":\"${2%@*}\",\"uid\":\"${2#*@}\"${3:+,$3}" ;;
  *) _hangup_ask "$1" "\"session\":\"$2\"${3:+,$3}" ;;
  esac
}

# The ends of the receipt in the reply: hangup_local_end (the daemon's) and hangup_peer_end (the test's), each FIN, RST or NONE.
_hangup_read_receipt() {
  hangup_local_end=NONE hangup_peer_end=NONE
  case $hangup_reply in
  *'"localEnd":{"kind":"'*)
    hangup_local_end=${hangup_reply#*'"localEnd":{"kind":"'}
    hangup_local_end=${hangup_local_end%%'"'*}
    ;;
  esac
  case $hangup_reply in
  *'"peerEnd":{"kind":"'*)
    hangup_peer_end=${hangup_reply#*'"peerEnd":{"kind":"'}
    hangup_peer_end=${hangup_peer_end%%'"'*}
    ;;
  esac
}

# hangup_session_close SESSION: FIN, done when it returns. hangup_half_close: FIN, and reading goes on. hangup_reset: RST. They set
# hangup_local_end and hangup_peer_end.
hangup_session_close() { _hangup_to closeSession "$1" && _hangup_read_receipt; }
hangup_half_close() { _hangup_to halfCloseSession "$1" && _hangup_read_receipt; }
hangup_reset() { _hangup_to resetSession "$1" && _hangup_read_receipt; }

# hangup_perform SESSION ACTION: any action (action.proto), {"lastData":{"text":"bye"}}.
hangup_perform() {
  _hangup_fields "${2:-}" && _hangup_to performAction "$1" "\"action\":{$_hangup_value}" && _hangup_read_receipt
}

# hangup_send SESSION [TEXT]: the text, or standard input; returns when the kernel has taken it all, 5 s at most.
hangup_send() {
  if [ $# -gt 1 ]; then
    _hangup_value=$(printf '%s' "$2" | base64 | tr -d '\n')
  else
    _hangup_value=$(base64 | tr -d '\n')
  fi
  _hangup_to sendData "$1" "\"data\":\"$_hangup_value\""
}

# hangup_receive SESSION [MIN_BYTES]: prints what came, waits 5 s for it; nothing at the end of the stream. For sessions whose behaviour is manual.
hangup_receive() {
  _hangup_to receiveData "$1" "\"minBytes\":${2:-1}" || return
  case $hangup_reply in
  *'"receiveData":{"data":"'*)
    _hangup_get data
    printf '%s' "$_hangup_value" | base64 -d
    ;;
  *'"errno":"'*)
    _hangup_get errno
    _hangup_fail ABORTED "$_hangup_value" "the session's read gave $_hangup_value"
    ;;
  esac
}

# hangup_wait SESSION [REQUEST]: until all that is asked holds; WaitSessionRequest, {"condition":"PEER_FIN"}, {"bytesReceived":5}.
hangup_wait() { _hangup_fields "${2:-}" && _hangup_to waitSession "$1" "$_hangup_value"; }

# hangup_wait_ended SESSION: until it has ended; hangup_local_end and hangup_peer_end are final.
hangup_wait_ended() { _hangup_to waitSession "$1" '"condition":"ENDED"' && _hangup_read_receipt; }

# hangup_signal NAME [SESSION]: fires the plan steps that wait for it, of one session or of the scope.
hangup_signal() {
  _hangup_text "$@" || return
  _hangup_value=${2:-}
  _hangup_ask signalPlan "\"signal\":\"$1\"${_hangup_value:+,\"session\":\"${_hangup_value%@*}\"}"
}

# --- events -----------------------------------------------------------------------------------------------------------------

# hangup_events [REQUEST]: of what happens in the scope from now on nothing is missed; StreamEventsRequest. One stream at a time.
hangup_events() {
  _hangup_fields "${1:-}" || return
  _hangup_cancel_stream
  _hangup_events='' _hangup_stream=''
  _hangup_ask streamEvents "$_hangup_value" || return
  _hangup_stream=$_hangup_id
}

_hangup_cancel_stream() {
  case $_hangup_stream in
  '' | closed) ;;
  *) _hangup_write "{\"id\":$_hangup_stream,\"cancel\":{}}" ;;
  esac
}

# An event, the end of their stream, or the error that it ended with.
_hangup_keep_event() {
  case $hangup_reply in
  '{"id":"'"$_hangup_stream"'",'*) _hangup_events=$_hangup_events$hangup_reply$_hangup_newline ;;
  esac
}

# hangup_event [TIMEOUT]: the next one, waits 5s for it ("500ms" is "0.5s"); after the last one the error END_OF_EVENTS, OUT_OF_RANGE; past hangup_close CANCELLED. hangup_event: it, JSON; hangup_event_kind: SESSION_OPENED, ...;
# hangup_event_listener, hangup_event_session.
hangup_event() {
  case $_hangup_stream in
  '')
    _hangup_fail FAILED_PRECONDITION NO_EVENTS 'no stream is open: call hangup_events first'
    return 1
    ;;
  closed)
    _hangup_fail CANCELLED END_OF_EVENTS 'the fixture is closed, and its stream with it'
    return 1
    ;;
  esac
  _hangup_text "${1:-}" || return
  if [ -z "$_hangup_events" ]; then
    # A shell has no read with a timeout: the daemon tells when it is over. No session is ever dial/0, of the default scope, which stays.
    _hangup_id=$((_hangup_id + 1))
    _hangup_write "{\"id\":$_hangup_id,\"waitSession\":{\"session\":\"dial/0\",\"timeout\":\"${1:-5s}\"}}"
    while [ -z "$_hangup_events" ] && IFS= read -r hangup_reply <&9; do
      case $hangup_reply in
      '{"id":"'"$_hangup_id"'","error":{"code":"DEADLINE_EXCEEDED","reason":"WAIT_TIMEOUT",'*)
        _hangup_fail DEADLINE_EXCEEDED WAIT_TIMEOUT "no event within ${1:-5s}"
        return 1
        ;;
      '{"id":"'"$_hangup_id"'",'* | '{"line":'*)
        _hangup_read_error
        return 1
        ;;
      *) _hangup_keep_event ;;
      esac
    done
    if [ -z "$_hangup_events" ]; then
      _hangup_fail UNAVAILABLE DAEMON_GONE "the daemon at $hangup_daemon has ended; see the lines above"
      return 1
    fi
    _hangup_write "{\"id\":$_hangup_id,\"cancel\":{}}"
  fi
  hangup_reply=${_hangup_events%%"$_hangup_newline"*}
  # These stay: nothing comes after them.
  case $hangup_reply in
  '{"id":"'"$_hangup_stream"'","end":'*)
    _hangup_fail OUT_OF_RANGE END_OF_EVENTS 'the stream has ended'
    return 1
    ;;
  '{"id":"'"$_hangup_stream"'","error":'*)
    _hangup_read_error
    return 1
    ;;
  esac
  _hangup_events=${_hangup_events#*"$_hangup_newline"}
  hangup_event=${hangup_reply#*'"events":['}
  hangup_event=${hangup_event%']}}'}
  # The first field whose value is an object says what happened; those before it are common to all.
  hangup_reply=${hangup_event%%'":{'*}
  _hangup_get listener
  hangup_event_listener=$_hangup_value
  _hangup_get session
  hangup_event_session=$_hangup_value
  hangup_event_kind=$(printf '%s\n' "${hangup_reply##*'"'}" | sed 's/\([A-Z]\)/_\1/g' | tr '[:lower:]' '[:upper:]')
}

# --- what tests need beside -------------------------------------------------------------------------------------------------

# hangup_local_port FD: the local port of a socket that the shell has open (bash: exec 5<>/dev/tcp/...), in hangup_local_port. Linux.
hangup_local_port() {
  hangup_local_port=''
  _hangup_value=$(readlink "/proc/self/fd/$1") || return
  _hangup_value=${_hangup_value#'socket:['}
  _hangup_value=$(sed -n "s/^ *[0-9]*: [0-9A-F]*:\([0-9A-F]*\)\( [^ ]*\)\{2\}\( *[^ ]*\)\{5\} ${_hangup_value%]} .*/\1/p" /proc/net/tcp /proc/net/tcp6)
  # What is connected or closed meanwhile can make the kernel tell of a socket twice.
  _hangup_value=${_hangup_value%%"$_hangup_newline"*}
  [ -n "$_hangup_value" ] || return 1
  hangup_local_port=$((0x$_hangup_value))
}
