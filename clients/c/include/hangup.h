/*
 * hangup: end TCP connections exactly as a test asks.
 *
 * A fixture is a scope of its own on the one daemon that the process shares. It is found or started by the first call, as
 * `hangup pipe`, and ends with the process, in whatever way that does.
 *
 * All functions may be called by any thread, also on the same handle, but for hangup_events_next(): one thread at a time reads the events
 * of one handle. hangup_close() only when no other call uses the fixture.
 * A child made by fork(2) has a pipe of its own, and cannot use the handles of its parent.
 *
 * Functions that return int give 0, or -1 with `error` filled; those that return a pointer give NULL. `error` may be NULL.
 * Handles, and the strings that come from them, live until their fixture is closed.
 *
 * A `request` is a JSON text, or NULL: fields of the contract in the JSON mapping of protobuf, HANGUP_JSON saves the quoting.
 * Waits take 5 s if not told otherwise ("timeout":"2s").
 */
#ifndef HANGUP_H
#define HANGUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The text of its argument: HANGUP_JSON({"behaviour":{"silent":{}}}). */
#define HANGUP_JSON(...) #__VA_ARGS__

/* What one test holds: a scope of its own. */
typedef struct hangup_fixture hangup_fixture;
/* Accepts connections, and makes a session of each. */
typedef struct hangup_listener hangup_listener;
/* A handle on one connection. */
typedef struct hangup_session hangup_session;
/* The stream of a scope's events. */
typedef struct hangup_events hangup_events;

/* Why a call failed. */
typedef struct hangup_error {
  /* The code of gRPC, by its name: "NOT_FOUND", "DEADLINE_EXCEEDED", ... */
  char code[24];
  /*
   * Stable, to match on: those of the daemon (docs/errors.md), and of this library: DAEMON_NOT_FOUND, DAEMON_NOT_STARTED, DAEMON_GONE
   * (it has ended, or cannot be reached), NO_ANSWER, INVALID_SETTING (HANGUP_ADDRESS, the token or its file), NEVER_FIRED (hangup_close),
   * INVALID_REQUEST (no JSON, no name of a call, no port), STALE_HANDLE (of the parent process, or from before hangup_stop), WAIT_TIMEOUT and END_OF_EVENTS (hangup_events_next), NO_MEMORY,
   * or the errno that hangup_receive met.
   */
  char reason[48];
  /* What happened, and what to do; cut off at the end of the field. */
  char message[1024];
} hangup_error;

/* How a side ended. */
typedef enum hangup_end {
  HANGUP_NONE = 0, /* neither FIN nor RST is known of */
  HANGUP_FIN = 1,
  HANGUP_RST = 2
} hangup_end;

/* What is known of an ending. */
typedef struct hangup_receipt {
  hangup_end local_end; /* the daemon's side */
  hangup_end peer_end;  /* the test's side */
  bool final;           /* nothing of it changes any more */
  uint64_t bytes_received;
  uint64_t bytes_sent;
  const char *json; /* all of it: message Receipt of session.proto */
} hangup_receipt;

/* A numbered fact. */
typedef struct hangup_event {
  uint64_t sequence;
  char kind[32];        /* as in the request: "SESSION_OPENED", "PEER_FIN", ... */
  const char *listener; /* empty if none; as the others valid until the next event is asked for */
  const char *session;
  const char *json; /* all of it: message Event of event.proto */
} hangup_event;

/* "FIN", "RST" or "NONE". */
const char *hangup_end_name(hangup_end end);

/* Prints `what: message (reason)` on standard error. */
void hangup_perror(const char *what, const hangup_error *error);

/* The local port of a connected socket, for hangup_accepted(); 0 if it has none, which that refuses. */
uint16_t hangup_local_port(int fd);

/* --- the daemon --------------------------------------------------------------------------------------------------------- */

/* Where the daemon of this process is, "127.0.0.1:41234": for other clients. Starts it if nothing has. */
const char *hangup_daemon_address(hangup_error *error);

/*
 * Ends the pipe, and with it the daemon if it was the pipe's own; returns when it is gone. No fixture may be open. Not needed: the
 * end of the process does it. The next call starts another one.
 */
void hangup_stop(void);

/* --- fixture ------------------------------------------------------------------------------------------------------------ */

/* A new, empty scope with a name of its own. */
hangup_fixture *hangup_open(hangup_error *error);

/*
 * Ends the scope with its listeners and sessions, and frees all that came of it, also when it fails. A step of a plan that never
 * fired is the error NEVER_FIRED. `report`: NULL, or gets the ScopeReport (scope.proto) as JSON, to be given to free(); NULL if there is none.
 */
int hangup_close(hangup_fixture *fixture, char **report, hangup_error *error);

/* Steps that never fire are no error of this fixture. */
void hangup_allow_unfired(hangup_fixture *fixture);

/* The name of its scope. */
const char *hangup_scope(const hangup_fixture *fixture);

/* `request`: CreateListenerRequest; echo on a free port of 127.0.0.1 if it says nothing else. */
hangup_listener *hangup_listen(hangup_fixture *fixture, const char *request, hangup_error *error);

/* Connects to `target`, "127.0.0.1:8080" or "unix:/path". `request`: OpenSessionRequest; its behaviour is manual if it says nothing else. */
hangup_session *hangup_dial(hangup_fixture *fixture, const char *target, const char *request, hangup_error *error);

/* The session of this name, "echo/1"; it need not exist yet, and nothing is asked. NULL when there is no memory. */
hangup_session *hangup_session_named(hangup_fixture *fixture, const char *name, hangup_error *error);

/* Fires a signal for all sessions of the scope, those to come too. */
int hangup_signal(hangup_fixture *fixture, const char *name, hangup_error *error);

/* Any call of the contract, by its name in docs/pipe.md ("getInfo"), in the scope of the fixture if the request names none. The reply as JSON, to be given to free(). */
char *hangup_call(hangup_fixture *fixture, const char *name, const char *request, hangup_error *error);

/* --- listener ----------------------------------------------------------------------------------------------------------- */

const char *hangup_listener_name(const hangup_listener *listener);
/* What to dial: "127.0.0.1:41234", "unix:/path". */
const char *hangup_listener_address(const hangup_listener *listener);
/* Empty on a unix socket. */
const char *hangup_listener_host(const hangup_listener *listener);
/* 0 on a unix socket. */
uint16_t hangup_listener_port(const hangup_listener *listener);

/*
 * The session of the connection with this local port on the test's side; waits for it, 5 s. Asked again for a port whose session has
 * ended, it waits for the next one: ports come round. 0 is the error INVALID_REQUEST.
 */
hangup_session *hangup_accepted(hangup_listener *listener, uint16_t peer_port, hangup_error *error);

/*
 * The session accepted after the one that the last call of this gave, the first one at first; waits for it, 5 s. Threads that ask at once
 * wait one after the other.
 */
hangup_session *hangup_next(hangup_listener *listener, hangup_error *error);

/* Connects are met by RST: ECONNREFUSED. */
int hangup_refuse(hangup_listener *listener, hangup_error *error);
/* SYNs are not answered: ETIMEDOUT. */
int hangup_stall(hangup_listener *listener, hangup_error *error);
/* Accepts again. */
int hangup_resume(hangup_listener *listener, hangup_error *error);
/* Deletes it, and resets its sessions. */
int hangup_listener_close(hangup_listener *listener, hangup_error *error);

/* --- session ------------------------------------------------------------------------------------------------------------ */

const char *hangup_session_name(const hangup_session *session);

/* FIN, done when it returns. `receipt` may be NULL, here and below. */
int hangup_session_close(hangup_session *session, hangup_receipt *receipt, hangup_error *error);
/* FIN, and reading goes on. */
int hangup_half_close(hangup_session *session, hangup_receipt *receipt, hangup_error *error);
/* RST: the peer's next read gives ECONNRESET. */
int hangup_reset(hangup_session *session, hangup_receipt *receipt, hangup_error *error);
/* Any action (action.proto): HANGUP_JSON({"lastData":{"text":"bye"}}). The receipt is all zero where the action leaves none. */
int hangup_perform(hangup_session *session, const char *action, hangup_receipt *receipt, hangup_error *error);

/* Returns when the daemon's kernel has taken it all, 5 s at most; 1 byte to 1 MiB. */
int hangup_send(hangup_session *session, const void *data, size_t size, hangup_error *error);
/*
 * As recv(2), on a session whose behaviour is manual: how many bytes, at least `min_bytes` of them (0 means 1) unless the stream ends before;
 * 0 at its end, and at once if `size` is 0; -1, with the errno as `reason`, after a reset. Waits 5 s.
 */
ssize_t hangup_receive(hangup_session *session, void *buffer, size_t size, size_t min_bytes, hangup_error *error);

/* Waits until all that is asked holds. `request`: WaitSessionRequest, HANGUP_JSON({"condition":"PEER_FIN"}), ({"bytesReceived":5,"timeout":"2s"}). */
int hangup_wait(hangup_session *session, const char *request, hangup_error *error);
/* Waits until the session has ended, 5 s; its receipt is final. */
int hangup_wait_ended(hangup_session *session, hangup_receipt *receipt, hangup_error *error);

/* Fires the step of its plan that waits for this signal. */
int hangup_session_signal(hangup_session *session, const char *name, hangup_error *error);

/* --- events ------------------------------------------------------------------------------------------------------------- */

/* Of what happens in the scope from now on nothing is missed. `request`: StreamEventsRequest ("kinds", "session", ...). */
hangup_events *hangup_events_open(hangup_fixture *fixture, const char *request, hangup_error *error);
/*
 * The next one; waits for it. None in time: DEADLINE_EXCEEDED, WAIT_TIMEOUT; after the last one ("maxEvents"): OUT_OF_RANGE, END_OF_EVENTS.
 * One thread at a time: it frees what the event before had.
 */
int hangup_events_next(hangup_events *events, unsigned timeout_ms, hangup_event *event, hangup_error *error);

#ifdef __cplusplus
}
#endif

#endif
