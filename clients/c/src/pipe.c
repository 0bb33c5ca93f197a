#define _GNU_SOURCE
#include "pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "command.h"

extern char **environ;

/* How long a start may take, and a reply beyond the times that its request names: only a daemon that hangs needs more. */
enum { start_ms = 30000, reply_ms = 30000, stop_ms = 10000 };

struct line {
  cJSON *json;
  struct line *next;
};

struct hangup_exchange {
  unsigned long pipe;
  /* Also the number of its line, by which the pipe tells of one that it cannot read. */
  unsigned long id;
  /* A stream is over at its `end`; a call at its reply. */
  bool is_stream;
  bool over;
  /* Nobody reads it any more; freed when it is over. */
  bool abandoned;
  pthread_cond_t changed;
  struct line *first, *last;
  struct hangup_exchange *next;
};

/* The pipe of this process. All of it is behind `lock`; it is written to behind `writing`, so that who is blocked there stops no reader. */
static struct {
  unsigned long number; /* 0: none */
  bool gone;            /* it has ended by itself */
  int in, out;
  pid_t pid;
  pthread_t reader;
  unsigned long lines;
  char address[256];
  struct hangup_exchange *exchanges;
} current;
static unsigned long pipes;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

void hangup_fail(hangup_error *error, const char *code, const char *reason, const char *format, ...) {
  if (error == NULL) return;
  va_list arguments;
  va_start(arguments, format);
  snprintf(error->code, sizeof error->code, "%s", code);
  snprintf(error->reason, sizeof error->reason, "%s", reason);
  vsnprintf(error->message, sizeof error->message, format, arguments);
  va_end(arguments);
}

static void fail_for_memory(hangup_error *error) {
  hangup_fail(error, "RESOURCE_EXHAUSTED", "NO_MEMORY", "no memory");
}

static const char *text_of(const cJSON *object, const char *name) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
  return cJSON_IsString(item) ? item->valuestring : "";
}

/* Whether a line is an error; it is `error` then. */
static bool fail_as(const cJSON *line, hangup_error *error) {
  const cJSON *failure = cJSON_GetObjectItemCaseSensitive(line, "error");
  if (failure == NULL) return false;
  hangup_fail(error, text_of(failure, "code"), text_of(failure, "reason"), "%s", text_of(failure, "message"));
  return true;
}

static struct timespec deadline_in(long long ms) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  at.tv_sec += ms / 1000;
  at.tv_nsec += ms % 1000 * 1000000;
  if (at.tv_nsec >= 1000000000) at.tv_sec += 1, at.tv_nsec -= 1000000000;
  return at;
}

static long long ms_until(const struct timespec *at) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (at->tv_sec - now.tv_sec) * 1000LL + (at->tv_nsec - now.tv_nsec) / 1000000;
}

static void init_monotonic(pthread_cond_t *condition) {
  pthread_condattr_t attributes;
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &attributes);
  pthread_condattr_destroy(&attributes);
}

/* --- fork(2): the child has neither the reader nor the right to hold the pipe open when its parent is gone ------------------- */

static void before_fork(void) {
  pthread_mutex_lock(&writing);
  pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void) {
  pthread_mutex_unlock(&lock);
  pthread_mutex_unlock(&writing);
}

static void after_fork_in_child(void) {
  if (current.number != 0) {
    close(current.in);
    close(current.out);
  }
  memset(&current, 0, sizeof current);
  init_monotonic(&ended);
  pthread_mutex_unlock(&lock);
  pthread_mutex_unlock(&writing);
}

static void prepare_once(void) {
  init_monotonic(&ended);
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

/* --- reading ------------------------------------------------------------------------------------------------------------ */

/* What was read and is not a whole line yet. */
struct buffer {
  char *bytes;
  size_t size, used;
};

/* The first line in it, ended by NUL; the next call of drop_line takes it away. */
static char *whole_line(struct buffer *buffer) {
  char *end = buffer->used == 0 ? NULL : memchr(buffer->bytes, '\n', buffer->used);
  if (end == NULL) return NULL;
  *end = '\0';
  return buffer->bytes;
}

static void drop_line(struct buffer *buffer) {
  size_t length = strlen(buffer->bytes) + 1;
  buffer->used -= length;
  memmove(buffer->bytes, buffer->bytes + length, buffer->used);
}

/* Reads once more; false at the end. */
static bool read_more(int fd, struct buffer *buffer) {
  if (buffer->size - buffer->used < 4096) {
    size_t size = buffer->size == 0 ? 16384 : buffer->size * 2;
    char *bytes = realloc(buffer->bytes, size);
    if (bytes == NULL) return false;
    buffer->bytes = bytes;
    buffer->size = size;
  }
  ssize_t got;
  do got = read(fd, buffer->bytes + buffer->used, buffer->size - buffer->used);
  while (got < 0 && errno == EINTR);
  if (got <= 0) return false;
  buffer->used += (size_t)got;
  return true;
}

static void unlink_exchange(struct hangup_exchange *exchange) {
  for (struct hangup_exchange **at = &current.exchanges; *at != NULL; at = &(*at)->next) {
    if (*at != exchange) continue;
    *at = exchange->next;
    return;
  }
}

/* Behind the lock. */
static void free_exchange(struct hangup_exchange *exchange) {
  while (exchange->first != NULL) {
    struct line *line = exchange->first;
    exchange->first = line->next;
    cJSON_Delete(line->json);
    free(line);
  }
  /* In a forked child it is the copy of one for which a thread of the parent may wait: its end would be waited for in vain. */
  if (exchange->pipe == current.number) pthread_cond_destroy(&exchange->changed);
  free(exchange);
}

/* No more lines come for it. */
static void finish(struct hangup_exchange *exchange) {
  unlink_exchange(exchange);
  exchange->over = true;
  if (exchange->abandoned)
    free_exchange(exchange);
  else
    pthread_cond_broadcast(&exchange->changed);
}

/* Gives a line to the exchange that it is for. */
static void deliver(cJSON *json) {
  const cJSON *id = cJSON_GetObjectItemCaseSensitive(json, "id");
  const cJSON *number = cJSON_GetObjectItemCaseSensitive(json, "line");
  unsigned long wanted = cJSON_IsString(id)       ? strtoul(id->valuestring, NULL, 10)
                         : cJSON_IsNumber(number) ? (unsigned long)number->valuedouble
                                                  : 0;
  struct line *line = malloc(sizeof *line);
  pthread_mutex_lock(&lock);
  struct hangup_exchange *exchange = current.exchanges;
  while (exchange != NULL && exchange->id != wanted) exchange = exchange->next;
  if (exchange == NULL || line == NULL) {
    cJSON_Delete(json);
    free(line);
  } else {
    *line = (struct line){json, NULL};
    if (exchange->first == NULL)
      exchange->first = line;
    else
      exchange->last->next = line;
    exchange->last = line;
    if (!exchange->is_stream || cJSON_HasObjectItem(json, "end") || cJSON_HasObjectItem(json, "error"))
      finish(exchange);
    else
      pthread_cond_broadcast(&exchange->changed);
  }
  pthread_mutex_unlock(&lock);
}

/* Reads to the end of the pipe; what is under way then gets no reply. */
static void *read_lines(void *start) {
  struct buffer buffer = *(struct buffer *)start;
  free(start);
  pthread_mutex_lock(&lock);
  int out = current.out;
  pthread_mutex_unlock(&lock);
  do {
    for (char *text; (text = whole_line(&buffer)) != NULL; drop_line(&buffer)) {
      cJSON *json = cJSON_Parse(text);
      if (json != NULL) deliver(json);
    }
  } while (read_more(out, &buffer));
  free(buffer.bytes);
  pthread_mutex_lock(&lock);
  current.gone = true;
  while (current.exchanges != NULL) finish(current.exchanges);
  pthread_cond_broadcast(&ended);
  pthread_mutex_unlock(&lock);
  return NULL;
}

/* --- starting and ending ------------------------------------------------------------------------------------------------ */

/*
 * What else the program has open is not for the daemon: a socket that it held as well would not end when the test closes it.
 */
static void close_others(posix_spawn_file_actions_t *actions) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 34)
  posix_spawn_file_actions_addclosefrom_np(actions, 3);
#else
  for (int fd = 3; fd < 1024; fd++) posix_spawn_file_actions_addclose(actions, fd);
#endif
}

/*
 * Starts the command with these as its standard input and output. A shell is between, and ends at once: what wait(2) tells the
 * program is of its own children alone. In a process group of its own it does not get the terminal's ^C before the tests have cleaned up.
 */
static int spawn(char **words, int in, int out) {
  static char shell[] = "sh", flag[] = "-c", script[] = "exec 3<&0; \"$@\" <&3 3<&- &";
  size_t count = 0;
  while (words[count] != NULL) count++;
  char **arguments = calloc(count + 5, sizeof *arguments);
  if (arguments == NULL) return ENOMEM;
  arguments[0] = shell, arguments[1] = flag, arguments[2] = script, arguments[3] = shell;
  memcpy(arguments + 4, words, count * sizeof *words);

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGPIPE);
  sigaddset(&defaults, SIGTERM);
  sigaddset(&defaults, SIGHUP);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  close_others(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  pid_t child;
  int failure = posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  free(arguments);
  if (failure == 0)
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) continue;
  return failure;
}

/* The first line, {"ready":{...}}; false when none comes, with what came instead, or why the daemon cannot be asked. */
static bool read_ready(char **words, int out, struct buffer *buffer, hangup_error *error) {
  struct timespec deadline = deadline_in(start_ms);
  char *text;
  bool more = true;
  while ((text = whole_line(buffer)) == NULL && more) {
    struct pollfd wait = {.fd = out, .events = POLLIN};
    long long left = ms_until(&deadline);
    int some = left <= 0 ? 0 : poll(&wait, 1, (int)left);
    if (some < 0 && errno == EINTR) continue;
    more = some > 0 && read_more(out, buffer);
  }
  /* Of a line without its end, too, it is told. */
  size_t length = text == NULL ? buffer->used : strlen(text);
  const char *came = length == 0 ? "nothing" : buffer->bytes;
  hangup_fail(error, "UNAVAILABLE", "DAEMON_NOT_STARTED",
              "\"%s %s\" has not started as `hangup pipe` does; it printed %s%.*s%s, and see standard error", words[0],
              words[1], length == 0 ? "" : "\"", length == 0 ? 7 : length > 200 ? 200 : (int)length, came,
              length == 0 ? "" : "\"");
  if (text == NULL) return false;
  cJSON *json = cJSON_Parse(text);
  const cJSON *ready = cJSON_GetObjectItemCaseSensitive(json, "ready");
  const cJSON *address = cJSON_GetObjectItemCaseSensitive(ready, "address");
  const cJSON *pid = cJSON_GetObjectItemCaseSensitive(ready, "pid");
  fail_as(json, error);
  bool is_ready = cJSON_IsString(address) && cJSON_IsNumber(pid);
  if (is_ready) {
    snprintf(current.address, sizeof current.address, "%s", address->valuestring);
    current.pid = (pid_t)pid->valuedouble;
    drop_line(buffer);
  }
  cJSON_Delete(json);
  return is_ready;
}

/* Starts the thread that reads, which gets no signals of the program's. */
static int start_reader(const struct buffer *buffer) {
  struct buffer *start = malloc(sizeof *start);
  if (start == NULL) return ENOMEM;
  *start = *buffer;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int failure = pthread_create(&current.reader, NULL, read_lines, start);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (failure != 0) free(start);
  return failure;
}

/* Behind the lock. A socket as its input, for MSG_NOSIGNAL: a daemon that is gone is an error, and no SIGPIPE. */
static bool start(hangup_error *error) {
  char **words = hangup_command(error);
  if (words == NULL) return false;
  int in[2] = {-1, -1}, out[2] = {-1, -1};
  struct buffer buffer = {0};
  int failure = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0 || pipe2(out, O_CLOEXEC) != 0 ? errno : 0;
  if (failure == 0) failure = spawn(words, in[1], out[1]);
  if (in[1] >= 0) close(in[1]);
  if (out[1] >= 0) close(out[1]);
  memset(&current, 0, sizeof current);
  if (failure != 0)
    hangup_fail(error, "UNAVAILABLE", "DAEMON_NOT_STARTED", "hangup cannot be started: %s", strerror(failure));
  else if (read_ready(words, out[0], &buffer, error)) {
    current.in = in[0];
    current.out = out[0];
    failure = start_reader(&buffer);
    if (failure == 0)
      current.number = ++pipes;
    else
      hangup_fail(error, "UNAVAILABLE", "DAEMON_NOT_STARTED", "no thread: %s", strerror(failure));
  }
  hangup_command_free(words);
  if (current.number != 0) return true;
  free(buffer.bytes);
  if (in[0] >= 0) close(in[0]);
  if (out[0] >= 0) close(out[0]);
  return false;
}

unsigned long hangup_pipe_started(hangup_error *error) {
  pthread_once(&once, prepare_once);
  pthread_mutex_lock(&lock);
  unsigned long number = current.number != 0 || start(error) ? current.number : 0;
  pthread_mutex_unlock(&lock);
  return number;
}

void hangup_stop(void) {
  pthread_once(&once, prepare_once);
  pthread_mutex_lock(&writing);
  pthread_mutex_lock(&lock);
  if (current.number != 0) {
    close(current.in);
    struct timespec deadline = deadline_in(stop_ms);
    while (!current.gone)
      if (pthread_cond_timedwait(&ended, &lock, &deadline) == ETIMEDOUT) {
        /* It hangs. Its standard output is still open, so the id is still its own. */
        kill(current.pid, SIGKILL);
        deadline = deadline_in(stop_ms);
      }
    pthread_join(current.reader, NULL);
    close(current.out);
    memset(&current, 0, sizeof current);
  }
  pthread_mutex_unlock(&lock);
  pthread_mutex_unlock(&writing);
}

const char *hangup_daemon_address(hangup_error *error) {
  return hangup_pipe_started(error) == 0 ? NULL : current.address;
}

/* --- asking ------------------------------------------------------------------------------------------------------------- */

/* A duration such as "2.5s" in ms, 0 for any other text. Not by strtod(3), whose point is the locale's. */
static double duration(const char *text) {
  const char *at = text;
  double seconds = 0, place = 1;
  for (; *at >= '0' && *at <= '9'; at++) seconds = seconds * 10 + (*at - '0');
  if (at > text && *at == '.')
    for (at++; *at >= '0' && *at <= '9'; at++) seconds += (*at - '0') * (place /= 10);
  return at > text && strcmp(at, "s") == 0 && seconds < 1e6 ? seconds * 1000 : 0;
}

/* All durations that a request names, in ms: so long its reply may take by itself. */
static double durations(const cJSON *item) {
  double sum = cJSON_IsString(item) ? duration(item->valuestring) : 0;
  for (const cJSON *child = item->child; child != NULL; child = child->next) sum += durations(child);
  return sum;
}

static bool write_all(int fd, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t sent = send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes += sent;
    size -= (size_t)sent;
  }
  return true;
}

/* Behind `writing`; a name has 63 letters at most. What cannot be written is told by the reader, which meets the end. */
static void write_line(unsigned long id, const char *name, const char *request) {
  char head[96];
  int size = snprintf(head, sizeof head, "{\"id\":%lu,\"%s\":", id, name);
  size_t length = strlen(request);
  char *line = malloc((size_t)size + length + 3);
  if (line == NULL) return;
  memcpy(line, head, (size_t)size);
  memcpy(line + size, request, length);
  memcpy(line + size + length, "}\n", 3);
  write_all(current.in, line, (size_t)size + length + 2);
  free(line);
}

/* Whether a handle's pipe is the current one, and lives; behind the lock. */
static bool is_current(unsigned long pipe, hangup_error *error) {
  if (pipe != current.number) {
    hangup_fail(error, "FAILED_PRECONDITION", "STALE_HANDLE",
                "the handle is from a parent process, or from before hangup_stop(); open a fixture here");
    return false;
  }
  if (current.gone)
    hangup_fail(error, "UNAVAILABLE", "DAEMON_GONE", "the daemon at %s has ended, or cannot be reached; see standard error",
                current.address);
  return !current.gone;
}

bool hangup_pipe_is_current(unsigned long pipe, hangup_error *error) {
  pthread_mutex_lock(&lock);
  bool is = is_current(pipe, error);
  pthread_mutex_unlock(&lock);
  return is;
}

/* Asks; takes `request`. */
static struct hangup_exchange *ask(unsigned long pipe, bool is_stream, const char *name, cJSON *request,
                                   hangup_error *error) {
  char *text = request == NULL ? NULL : cJSON_PrintUnformatted(request);
  cJSON_Delete(request);
  struct hangup_exchange *exchange = calloc(1, sizeof *exchange);
  if (text == NULL || exchange == NULL) {
    fail_for_memory(error);
    cJSON_free(text);
    free(exchange);
    return NULL;
  }
  init_monotonic(&exchange->changed);
  exchange->pipe = pipe;
  exchange->is_stream = is_stream;
  pthread_mutex_lock(&writing);
  pthread_mutex_lock(&lock);
  bool asked = is_current(pipe, error);
  if (asked) {
    exchange->id = ++current.lines;
    exchange->next = current.exchanges;
    current.exchanges = exchange;
  } else {
    free_exchange(exchange);
  }
  pthread_mutex_unlock(&lock);
  if (asked) write_line(exchange->id, name, text);
  pthread_mutex_unlock(&writing);
  cJSON_free(text);
  return asked ? exchange : NULL;
}

/* The next line, or NULL and `error`. */
static cJSON *take(struct hangup_exchange *exchange, long long timeout_ms, const char *late, hangup_error *error) {
  struct timespec deadline = deadline_in(timeout_ms);
  cJSON *json = NULL;
  pthread_mutex_lock(&lock);
  bool in_time = true;
  while (exchange->pipe == current.number && exchange->first == NULL && !exchange->over && in_time)
    in_time = pthread_cond_timedwait(&exchange->changed, &lock, &deadline) != ETIMEDOUT;
  if (exchange->first != NULL) {
    struct line *line = exchange->first;
    exchange->first = line->next;
    json = line->json;
    free(line);
  } else if (is_current(exchange->pipe, error)) {
    if (exchange->over)
      hangup_fail(error, "OUT_OF_RANGE", "END_OF_EVENTS", "the stream has ended");
    else
      hangup_fail(error, "DEADLINE_EXCEEDED", late, "nothing came within %lld ms", timeout_ms);
  }
  pthread_mutex_unlock(&lock);
  if (!fail_as(json, error)) return json;
  cJSON_Delete(json);
  return NULL;
}

cJSON *hangup_pipe_call(unsigned long pipe, const char *name, cJSON *request, hangup_error *error) {
  long long timeout_ms = reply_ms + (request == NULL ? 0 : (long long)durations(request));
  struct hangup_exchange *exchange = ask(pipe, false, name, request, error);
  if (exchange == NULL) return NULL;
  cJSON *reply = take(exchange, timeout_ms, "NO_ANSWER", error);
  hangup_pipe_cancel(exchange);
  return reply;
}

cJSON *hangup_pipe_stream(unsigned long pipe, const char *name, cJSON *request, hangup_exchange **stream,
                          hangup_error *error) {
  *stream = ask(pipe, true, name, request, error);
  if (*stream == NULL) return NULL;
  cJSON *first = take(*stream, reply_ms, "NO_ANSWER", error);
  if (first != NULL && !cJSON_HasObjectItem(first, name)) {
    hangup_fail(error, "UNAVAILABLE", "DAEMON_GONE", "the stream ended before it began; see standard error");
    cJSON_Delete(first);
    first = NULL;
  }
  if (first == NULL) {
    hangup_pipe_cancel(*stream);
    *stream = NULL;
  }
  return first;
}

cJSON *hangup_pipe_next(hangup_exchange *stream, unsigned timeout_ms, hangup_error *error) {
  return take(stream, timeout_ms, "WAIT_TIMEOUT", error);
}

void hangup_pipe_cancel(hangup_exchange *exchange) {
  pthread_mutex_lock(&writing);
  pthread_mutex_lock(&lock);
  bool under_way = !exchange->over && exchange->pipe == current.number;
  exchange->abandoned = true;
  unsigned long id = exchange->id;
  if (under_way)
    current.lines++;
  else
    free_exchange(exchange);
  pthread_mutex_unlock(&lock);
  if (under_way) write_line(id, "cancel", "{}");
  pthread_mutex_unlock(&writing);
}
