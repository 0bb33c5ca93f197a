#define _POSIX_C_SOURCE 200809L
#include "hangup.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base64.h"
#include "pipe.h"

/* What lives until its fixture is closed: a handle, or a text that was given out. */
struct owned {
  struct owned *next;
  cJSON *json;
  char *text;
  hangup_exchange *stream;
  pthread_mutex_t *lock;
};

struct hangup_fixture {
  unsigned long pipe;
  hangup_exchange *hold;
  char scope[64];
  char uid[64];
  bool allow_unfired;
  struct owned *owned;
  /* Guards what is owned, and what handles remember. */
  pthread_mutex_t lock;
};

/* A port for which a session was given. */
struct given {
  uint16_t port;
  hangup_session *session;
  struct given *next;
};

struct hangup_listener {
  struct owned owned;
  hangup_fixture *fixture;
  char name[64];
  char uid[64];
  char address[128];
  char host[64];
  uint16_t port;
  /* The number of the last session that hangup_next gave; behind `nexts`, from the asking to the answer. */
  unsigned long next;
  pthread_mutex_t nexts;
  struct given *given;
};

struct hangup_session {
  struct owned owned;
  hangup_fixture *fixture;
  char name[80];
  /* Empty where only the name is known: then whichever life it is. */
  char uid[64];
  uint64_t opened_sequence;
};

struct hangup_events {
  struct owned owned;
  hangup_fixture *fixture;
};

/* --- JSON --------------------------------------------------------------------------------------------------------------- */

static const cJSON *field(const cJSON *object, const char *name) {
  return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const char *text_of(const cJSON *object, const char *name) {
  const cJSON *item = field(object, name);
  return cJSON_IsString(item) ? item->valuestring : "";
}

/* 64 bits are a string in ProtoJSON, and 0 is left out. */
static uint64_t number_of(const cJSON *object, const char *name) {
  const cJSON *item = field(object, name);
  if (cJSON_IsString(item)) return strtoull(item->valuestring, NULL, 10);
  return cJSON_IsNumber(item) ? (uint64_t)item->valuedouble : 0;
}

#define COPY(to, from) snprintf((to), sizeof(to), "%s", (from))

/* Sets a field, in place of one that the caller gave. */
static void set(cJSON *object, const char *name, const char *value) {
  cJSON_DeleteItemFromObjectCaseSensitive(object, name);
  cJSON_AddStringToObject(object, name, value);
}

static void set_number(cJSON *object, const char *name, uint64_t value) {
  char digits[24];
  snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
  set(object, name, digits);
}

/* The request of the caller, or an empty one. */
static cJSON *request_of(const char *given, hangup_error *error) {
  cJSON *request = given == NULL ? cJSON_CreateObject() : cJSON_Parse(given);
  if (!cJSON_IsObject(request)) {
    hangup_fail(error, "INVALID_ARGUMENT", "INVALID_REQUEST", "no JSON object: %s", given == NULL ? "" : given);
    cJSON_Delete(request);
    return NULL;
  }
  return request;
}

/* The same, in the scope of the fixture. */
static cJSON *request_in(const hangup_fixture *fixture, const char *given, hangup_error *error) {
  cJSON *request = request_of(given, error);
  if (request != NULL) set(request, "scope", fixture->scope);
  return request;
}

/* --- what a fixture owns ------------------------------------------------------------------------------------------------ */

static void own(hangup_fixture *fixture, struct owned *owned) {
  pthread_mutex_lock(&fixture->lock);
  owned->next = fixture->owned;
  fixture->owned = owned;
  pthread_mutex_unlock(&fixture->lock);
}

/* A handle, zeroed, whose first member is `struct owned`. */
static void *new_handle(hangup_fixture *fixture, size_t size, hangup_error *error) {
  struct owned *owned = calloc(1, size);
  if (owned == NULL)
    hangup_fail(error, "RESOURCE_EXHAUSTED", "NO_MEMORY", "no memory");
  else
    own(fixture, owned);
  return owned;
}

/* Asks; the reply itself, for cJSON_Delete. Takes `request`, NULL with `error` filled included. */
static cJSON *ask(const hangup_fixture *fixture, const char *name, cJSON *request, hangup_error *error) {
  cJSON *line = request == NULL ? NULL : hangup_pipe_call(fixture->pipe, name, request, error);
  cJSON *reply = cJSON_DetachItemFromObjectCaseSensitive(line, name);
  cJSON_Delete(line);
  return reply;
}

/* The same, where the reply says no more than that it is done. */
static int tell(const hangup_fixture *fixture, const char *name, cJSON *request, hangup_error *error) {
  cJSON *reply = ask(fixture, name, request, error);
  cJSON_Delete(reply);
  return reply == NULL ? -1 : 0;
}

/* --- fixture ------------------------------------------------------------------------------------------------------------ */

hangup_fixture *hangup_open(hangup_error *error) {
  hangup_fixture *fixture = calloc(1, sizeof *fixture);
  if (fixture == NULL) {
    hangup_fail(error, "RESOURCE_EXHAUSTED", "NO_MEMORY", "no memory");
    return NULL;
  }
  pthread_mutex_init(&fixture->lock, NULL);
  fixture->pipe = hangup_pipe_started(error);
  /* Without a name the daemon makes one, unique also among the processes that share it. */
  cJSON *held = fixture->pipe == 0
                    ? NULL
                    : hangup_pipe_stream(fixture->pipe, "holdScope", cJSON_CreateObject(), &fixture->hold, error);
  if (held == NULL) {
    pthread_mutex_destroy(&fixture->lock);
    free(fixture);
    return NULL;
  }
  const cJSON *scope = field(field(held, "holdScope"), "scope");
  COPY(fixture->scope, text_of(scope, "name"));
  COPY(fixture->uid, text_of(scope, "uid"));
  cJSON_Delete(held);
  return fixture;
}

static void free_fixture(hangup_fixture *fixture) {
  while (fixture->owned != NULL) {
    struct owned *owned = fixture->owned;
    fixture->owned = owned->next;
    if (owned->stream != NULL) hangup_pipe_cancel(owned->stream);
    cJSON_Delete(owned->json);
    cJSON_free(owned->text);
    if (owned->lock != NULL) pthread_mutex_destroy(owned->lock);
    free(owned);
  }
  hangup_pipe_cancel(fixture->hold);
  pthread_mutex_destroy(&fixture->lock);
  free(fixture);
}

/* Whether all steps have fired; else `error` has a line for each that has not. */
static bool all_fired(const cJSON *lines, hangup_error *error) {
  if (cJSON_GetArraySize(lines) == 0) return true;
  hangup_fail(error, "FAILED_PRECONDITION", "NEVER_FIRED", "%s", "");
  size_t used = 0;
  const cJSON *line;
  cJSON_ArrayForEach(line, lines) {
    if (error == NULL || used >= sizeof error->message) break;
    int size = snprintf(error->message + used, sizeof error->message - used, "%s%s", used == 0 ? "" : "\n",
                        cJSON_IsString(line) ? line->valuestring : "");
    used += (size_t)size;
  }
  return false;
}

int hangup_close(hangup_fixture *fixture, char **report, hangup_error *error) {
  if (report != NULL) *report = NULL;
  if (fixture == NULL) return 0;
  cJSON *request = request_in(fixture, NULL, error);
  if (request != NULL) set(request, "uid", fixture->uid);
  cJSON *reply = request == NULL ? NULL : hangup_pipe_call(fixture->pipe, "deleteScope", request, error);
  bool done = reply != NULL;
  if (done && report != NULL) *report = cJSON_PrintUnformatted(field(field(reply, "deleteScope"), "report"));
  if (done && !fixture->allow_unfired) done = all_fired(field(reply, "neverFired"), error);
  cJSON_Delete(reply);
  free_fixture(fixture);
  return done ? 0 : -1;
}

void hangup_allow_unfired(hangup_fixture *fixture) { fixture->allow_unfired = true; }

const char *hangup_scope(const hangup_fixture *fixture) { return fixture->scope; }

int hangup_signal(hangup_fixture *fixture, const char *name, hangup_error *error) {
  cJSON *request = request_in(fixture, NULL, error);
  if (request != NULL) set(request, "signal", name);
  return tell(fixture, "signalPlan", request, error);
}

/* 1 to 63 letters, of which no call has more: a name is no place for other parts of a line. */
static bool is_call(const char *name) {
  size_t letters = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
  return letters > 0 && letters < 64 && name[letters] == '\0';
}

char *hangup_call(hangup_fixture *fixture, const char *name, const char *request, hangup_error *error) {
  if (!is_call(name)) {
    hangup_fail(error, "INVALID_ARGUMENT", "INVALID_REQUEST", "no name of a call: %s", name);
    return NULL;
  }
  cJSON *asked = request_of(request, error);
  if (asked != NULL && !cJSON_HasObjectItem(asked, "scope")) set(asked, "scope", fixture->scope);
  cJSON *reply = ask(fixture, name, asked, error);
  char *text = reply == NULL ? NULL : cJSON_PrintUnformatted(reply);
  cJSON_Delete(reply);
  return text;
}

/* --- listener ----------------------------------------------------------------------------------------------------------- */

hangup_listener *hangup_listen(hangup_fixture *fixture, const char *request, hangup_error *error) {
  cJSON *reply = ask(fixture, "createListener", request_in(fixture, request, error), error);
  hangup_listener *listener = reply == NULL ? NULL : new_handle(fixture, sizeof *listener, error);
  if (listener == NULL) {
    cJSON_Delete(reply);
    return NULL;
  }
  const cJSON *made = field(reply, "listener");
  listener->fixture = fixture;
  pthread_mutex_init(&listener->nexts, NULL);
  listener->owned.lock = &listener->nexts;
  listener->port = (uint16_t)number_of(made, "port");
  COPY(listener->name, text_of(made, "name"));
  COPY(listener->uid, text_of(made, "uid"));
  COPY(listener->address, text_of(made, "address"));
  COPY(listener->host, text_of(made, "host"));
  cJSON_Delete(reply);
  return listener;
}

const char *hangup_listener_name(const hangup_listener *listener) { return listener->name; }
const char *hangup_listener_address(const hangup_listener *listener) { return listener->address; }
const char *hangup_listener_host(const hangup_listener *listener) { return listener->host; }
uint16_t hangup_listener_port(const hangup_listener *listener) { return listener->port; }

/* The session in a reply, which it takes. */
static hangup_session *session_of(hangup_fixture *fixture, cJSON *reply, hangup_error *error) {
  hangup_session *session = reply == NULL ? NULL : new_handle(fixture, sizeof *session, error);
  if (session == NULL) {
    cJSON_Delete(reply);
    return NULL;
  }
  const cJSON *seen = field(reply, "session");
  session->fixture = fixture;
  session->opened_sequence = number_of(seen, "openedSequence");
  COPY(session->name, text_of(seen, "name"));
  COPY(session->uid, text_of(seen, "uid"));
  cJSON_Delete(reply);
  return session;
}

/* Waits for a session of this port: of several the living, then the newest; of those after `before`, if there is one. */
static cJSON *ask_for_port(const hangup_listener *listener, uint16_t port, const hangup_session *before, hangup_error *error) {
  cJSON *request = request_in(listener->fixture, NULL, error);
  if (request == NULL) return NULL;
  set(request, "listener", listener->name);
  cJSON_AddNumberToObject(request, "peerPort", port);
  if (before != NULL) set_number(request, "openedAfterSequence", before->opened_sequence);
  return ask(listener->fixture, "waitSession", request, error);
}

/* Whether its port can be another connection's: the kernel knows the peer's RST before the daemon, where nobody reads. */
static bool is_over(const cJSON *seen) {
  return cJSON_IsTrue(field(seen, "ended")) || strcmp(text_of(seen, "state"), "CLOSED") == 0;
}

/* The newest session given for a port, NULL if none was. */
static hangup_session *given_for(hangup_listener *listener, uint16_t port) {
  pthread_mutex_lock(&listener->fixture->lock);
  struct given *given = listener->given;
  while (given != NULL && given->port != port) given = given->next;
  pthread_mutex_unlock(&listener->fixture->lock);
  return given == NULL ? NULL : given->session;
}

hangup_session *hangup_accepted(hangup_listener *listener, uint16_t peer_port, hangup_error *error) {
  hangup_fixture *fixture = listener->fixture;
  /* To the daemon 0 is no port at all: any session would do. */
  if (peer_port == 0) {
    hangup_fail(error, "INVALID_ARGUMENT", "INVALID_REQUEST",
                "hangup_accepted: the socket has no local port: it is not connected yet, or closed already; keep the number");
    return NULL;
  }
  hangup_session *before = given_for(listener, peer_port);
  cJSON *reply = ask_for_port(listener, peer_port, NULL, error);
  const cJSON *seen = field(reply, "session");
  if (before != NULL && reply != NULL && strcmp(text_of(seen, "uid"), before->uid) == 0) {
    bool over = is_over(seen);
    cJSON_Delete(reply);
    if (!over) return before;
    reply = ask_for_port(listener, peer_port, before, error);
  }
  hangup_session *session = session_of(fixture, reply, error);
  if (session == NULL) return NULL;
  struct {
    struct owned owned;
    struct given given;
  } *kept = new_handle(fixture, sizeof *kept, error);
  if (kept == NULL) return NULL;
  pthread_mutex_lock(&fixture->lock);
  kept->given = (struct given){peer_port, session, listener->given};
  listener->given = &kept->given;
  pthread_mutex_unlock(&fixture->lock);
  return session;
}

hangup_session *hangup_next(hangup_listener *listener, hangup_error *error) {
  hangup_fixture *fixture = listener->fixture;
  /* In a forked child the lock may be held by a thread that it does not have. */
  if (!hangup_pipe_is_current(fixture->pipe, error)) return NULL;
  cJSON *request = request_in(fixture, NULL, error);
  if (request == NULL) return NULL;
  set(request, "listener", listener->name);
  pthread_mutex_lock(&listener->nexts);
  set_number(request, "ordinal", listener->next + 1);
  hangup_session *session = session_of(fixture, ask(fixture, "waitSession", request, error), error);
  /* One that did not come is waited for again. */
  if (session != NULL) listener->next++;
  pthread_mutex_unlock(&listener->nexts);
  return session;
}

/* A request for a listener, in this very life of it. */
static cJSON *request_for(const hangup_listener *listener, hangup_error *error) {
  cJSON *request = request_in(listener->fixture, NULL, error);
  if (request == NULL) return NULL;
  set(request, "listener", listener->name);
  set(request, "uid", listener->uid);
  return request;
}

static int update(hangup_listener *listener, const char *state, hangup_error *error) {
  cJSON *request = request_for(listener, error);
  if (request != NULL) set(request, "state", state);
  return tell(listener->fixture, "updateListener", request, error);
}

int hangup_refuse(hangup_listener *listener, hangup_error *error) { return update(listener, "REFUSING", error); }
int hangup_stall(hangup_listener *listener, hangup_error *error) { return update(listener, "STALLED", error); }
int hangup_resume(hangup_listener *listener, hangup_error *error) { return update(listener, "LISTENING", error); }

int hangup_listener_close(hangup_listener *listener, hangup_error *error) {
  return tell(listener->fixture, "deleteListener", request_for(listener, error), error);
}

/* --- session ------------------------------------------------------------------------------------------------------------ */

hangup_session *hangup_dial(hangup_fixture *fixture, const char *target, const char *request, hangup_error *error) {
  cJSON *asked = request_in(fixture, request, error);
  if (asked != NULL) set(asked, "target", target);
  return session_of(fixture, ask(fixture, "openSession", asked, error), error);
}

hangup_session *hangup_session_named(hangup_fixture *fixture, const char *name, hangup_error *error) {
  hangup_session *session = new_handle(fixture, sizeof *session, error);
  if (session == NULL) return NULL;
  session->fixture = fixture;
  COPY(session->name, name);
  return session;
}

const char *hangup_session_name(const hangup_session *session) { return session->name; }

/* A request for a session, in this very life of it where that is known. */
static cJSON *request_to(const hangup_session *session, const char *given, hangup_error *error) {
  cJSON *request = request_in(session->fixture, given, error);
  if (request == NULL) return NULL;
  set(request, "session", session->name);
  if (session->uid[0] != '\0') set(request, "uid", session->uid);
  return request;
}

static hangup_end end_of(const cJSON *end) {
  const char *kind = text_of(end, "kind");
  return strcmp(kind, "FIN") == 0 ? HANGUP_FIN : strcmp(kind, "RST") == 0 ? HANGUP_RST : HANGUP_NONE;
}

const char *hangup_end_name(hangup_end end) { return end == HANGUP_FIN ? "FIN" : end == HANGUP_RST ? "RST" : "NONE"; }

static void read_receipt(hangup_fixture *fixture, const cJSON *json, hangup_receipt *receipt) {
  if (receipt == NULL) return;
  *receipt = (hangup_receipt){.json = ""};
  struct owned *kept = json == NULL ? NULL : new_handle(fixture, sizeof *kept, NULL);
  if (kept == NULL) return;
  kept->text = cJSON_PrintUnformatted(json);
  *receipt = (hangup_receipt){
      .local_end = end_of(field(json, "localEnd")),
      .peer_end = end_of(field(json, "peerEnd")),
      .final = cJSON_IsTrue(field(json, "final")),
      .bytes_received = number_of(json, "bytesReceived"),
      .bytes_sent = number_of(json, "bytesSent"),
      .json = kept->text == NULL ? "" : kept->text,
  };
}

static int end_session(hangup_session *session, const char *name, hangup_receipt *receipt, hangup_error *error) {
  cJSON *reply = ask(session->fixture, name, request_to(session, NULL, error), error);
  if (reply == NULL) return -1;
  read_receipt(session->fixture, field(reply, "receipt"), receipt);
  cJSON_Delete(reply);
  return 0;
}

int hangup_session_close(hangup_session *session, hangup_receipt *receipt, hangup_error *error) {
  return end_session(session, "closeSession", receipt, error);
}

int hangup_half_close(hangup_session *session, hangup_receipt *receipt, hangup_error *error) {
  return end_session(session, "halfCloseSession", receipt, error);
}

int hangup_reset(hangup_session *session, hangup_receipt *receipt, hangup_error *error) {
  return end_session(session, "resetSession", receipt, error);
}

int hangup_perform(hangup_session *session, const char *action, hangup_receipt *receipt, hangup_error *error) {
  cJSON *what = cJSON_Parse(action);
  cJSON *request = what == NULL ? NULL : request_to(session, NULL, error);
  if (request == NULL) {
    if (what == NULL) hangup_fail(error, "INVALID_ARGUMENT", "INVALID_REQUEST", "no JSON: %s", action);
    cJSON_Delete(what);
    return -1;
  }
  cJSON_AddItemToObject(request, "action", what);
  cJSON *reply = ask(session->fixture, "performAction", request, error);
  if (reply == NULL) return -1;
  read_receipt(session->fixture, cJSON_GetArrayItem(field(reply, "receipts"), 0), receipt);
  cJSON_Delete(reply);
  return 0;
}

int hangup_send(hangup_session *session, const void *data, size_t size, hangup_error *error) {
  cJSON *request = request_to(session, NULL, error);
  char *text = request == NULL ? NULL : hangup_base64(data, size);
  if (text == NULL) {
    if (request != NULL) hangup_fail(error, "RESOURCE_EXHAUSTED", "NO_MEMORY", "no memory");
    cJSON_Delete(request);
    return -1;
  }
  set(request, "data", text);
  free(text);
  return tell(session->fixture, "sendData", request, error);
}

ssize_t hangup_receive(hangup_session *session, void *buffer, size_t size, size_t min_bytes, hangup_error *error) {
  /* To the daemon 0 is 1 MiB, which there is no room for. */
  if (size == 0) return 0;
  cJSON *request = request_to(session, NULL, error);
  if (request == NULL) return -1;
  cJSON_AddNumberToObject(request, "minBytes", (double)min_bytes);
  cJSON_AddNumberToObject(request, "maxBytes", (double)(size > 1048576 ? 1048576 : size));
  cJSON *reply = ask(session->fixture, "receiveData", request, error);
  if (reply == NULL) return -1;
  size_t got = hangup_unbase64(text_of(reply, "data"), buffer, size);
  const char *errno_name = text_of(reply, "errno");
  bool failed = got == 0 && errno_name[0] != '\0';
  if (failed) hangup_fail(error, "ABORTED", errno_name, "the session's read gave %s", errno_name);
  cJSON_Delete(reply);
  return failed ? -1 : (ssize_t)got;
}

int hangup_wait(hangup_session *session, const char *request, hangup_error *error) {
  return tell(session->fixture, "waitSession", request_to(session, request, error), error);
}

int hangup_wait_ended(hangup_session *session, hangup_receipt *receipt, hangup_error *error) {
  cJSON *reply =
      ask(session->fixture, "waitSession", request_to(session, HANGUP_JSON({"condition" : "ENDED"}), error), error);
  if (reply == NULL) return -1;
  read_receipt(session->fixture, field(field(reply, "session"), "receipt"), receipt);
  cJSON_Delete(reply);
  return 0;
}

int hangup_session_signal(hangup_session *session, const char *name, hangup_error *error) {
  cJSON *request = request_in(session->fixture, NULL, error);
  if (request != NULL) {
    set(request, "session", session->name);
    set(request, "signal", name);
  }
  return tell(session->fixture, "signalPlan", request, error);
}

/* --- events ------------------------------------------------------------------------------------------------------------- */

hangup_events *hangup_events_open(hangup_fixture *fixture, const char *request, hangup_error *error) {
  cJSON *asked = request_in(fixture, request, error);
  hangup_events *events = asked == NULL ? NULL : new_handle(fixture, sizeof *events, error);
  if (events == NULL) {
    cJSON_Delete(asked);
    return NULL;
  }
  events->fixture = fixture;
  /* The first one says that it has begun. */
  cJSON *subscribed = hangup_pipe_stream(fixture->pipe, "streamEvents", asked, &events->owned.stream, error);
  cJSON_Delete(subscribed);
  return subscribed == NULL ? NULL : events;
}

/* The name of the field that says what happened, as filters have it: sessionOpened is SESSION_OPENED. */
static void read_kind(const cJSON *event, hangup_event *into) {
  static const char *const common[] = {"sequence", "time", "scope", "listener", "session", "uid"};
  const cJSON *fact;
  cJSON_ArrayForEach(fact, event) {
    bool is_common = false;
    for (size_t i = 0; i < sizeof common / sizeof *common; i++) is_common |= strcmp(fact->string, common[i]) == 0;
    if (is_common) continue;
    size_t used = 0;
    for (const char *letter = fact->string; *letter != '\0' && used + 2 < sizeof into->kind; letter++) {
      if (isupper((unsigned char)*letter)) into->kind[used++] = '_';
      into->kind[used++] = (char)toupper((unsigned char)*letter);
    }
    return;
  }
}

int hangup_events_next(hangup_events *events, unsigned timeout_ms, hangup_event *event, hangup_error *error) {
  cJSON *line = hangup_pipe_next(events->owned.stream, timeout_ms, error);
  if (line == NULL) return -1;
  cJSON_Delete(events->owned.json);
  cJSON_free(events->owned.text);
  events->owned.json = line;
  events->owned.text = NULL;
  const cJSON *seen = cJSON_GetArrayItem(field(field(line, "streamEvents"), "events"), 0);
  if (seen == NULL) {
    hangup_fail(error, "OUT_OF_RANGE", "END_OF_EVENTS", "the stream has ended");
    return -1;
  }
  events->owned.text = cJSON_PrintUnformatted(seen);
  *event = (hangup_event){.sequence = number_of(seen, "sequence"),
                          .listener = text_of(seen, "listener"),
                          .session = text_of(seen, "session"),
                          .json = events->owned.text == NULL ? "" : events->owned.text};
  read_kind(seen, event);
  return 0;
}

/* --- what tests need beside --------------------------------------------------------------------------------------------- */

void hangup_perror(const char *what, const hangup_error *error) {
  fprintf(stderr, "%s: %s (%s)\n", what, error->message, error->reason);
}

uint16_t hangup_local_port(int fd) {
  struct sockaddr_storage address;
  socklen_t size = sizeof address;
  if (getsockname(fd, (struct sockaddr *)&address, &size) != 0) return 0;
  if (address.ss_family == AF_INET) return ntohs(((const struct sockaddr_in *)&address)->sin_port);
  if (address.ss_family == AF_INET6) return ntohs(((const struct sockaddr_in6 *)&address)->sin6_port);
  return 0;
}
