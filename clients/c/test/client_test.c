/*
 * Tests of the client itself; each prints a line of TAP. What is of a whole process (which daemon it finds, how it dies) is looked at in
 * processes of their own: this program again, with the name of a part.
 *
 *   client_test <checkout of hangup>
 */
#include <cjson/cJSON.h>
#include <fcntl.h>
#include <hangup.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "../samples/peer.h"

extern char **environ;

static char self[PATH_MAX];
static char checkout[PATH_MAX];

/* A plan whose step waits for a byte. */
static const char reset_at_a_byte[] =
    HANGUP_JSON({"plans" : [ {"steps" : [ {"trigger" : {"bytesReceived" : 1}, "action" : {"reset" : {}}} ]} ]});

/* --- what the tests share ----------------------------------------------------------------------------------------------- */

static hangup_fixture *open_fixture(void) {
  hangup_error error;
  hangup_fixture *fixture = hangup_open(&error);
  if (fixture == NULL) {
    hangup_perror("open", &error);
    exit(1);
  }
  return fixture;
}

static hangup_listener *listen_with(hangup_fixture *fixture, const char *request) {
  hangup_error error;
  hangup_listener *listener = hangup_listen(fixture, request, &error);
  if (listener == NULL) {
    hangup_perror("listen", &error);
    exit(1);
  }
  return listener;
}

static int connected_to(const hangup_listener *listener) {
  int fd = connect_to(hangup_listener_host(listener), hangup_listener_port(listener));
  CHECK(fd >= 0);
  return fd;
}

/* A field of a call's reply. */
static void ask(hangup_fixture *fixture, const char *name, const char *request, const char *field, char *into, size_t size) {
  hangup_error error;
  char *reply = hangup_call(fixture, name, request, &error);
  if (reply == NULL) {
    hangup_perror(name, &error);
    exit(1);
  }
  cJSON *json = cJSON_Parse(reply);
  const cJSON *item = cJSON_GetObjectItem(json, field);
  char *text = cJSON_IsString(item) ? NULL : cJSON_PrintUnformatted(item);
  snprintf(into, size, "%s", cJSON_IsString(item) ? item->valuestring : text == NULL ? "" : text);
  cJSON_free(text);
  cJSON_Delete(json);
  free(reply);
}

static void daemon_uid(hangup_fixture *fixture, char uid[64]) { ask(fixture, "getInfo", NULL, "uid", uid, 64); }

static bool is(const char *a, const char *b) {
  if (strcmp(a, b) == 0) return true;
  fprintf(stderr, "\"%s\" is not \"%s\"\n", a, b);
  return false;
}

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* A process, its standard output, and its standard input as long as it is open. */
struct process {
  pid_t pid;
  int in;
  FILE *out;
};

/* Runs a part of this program: with these variables ("NAME=value"; "NAME" is taken away), in this folder. */
static struct process run_part(const char *part, const char *folder, const char *const *variables) {
  int in[2], out[2];
  CHECK(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    for (; variables != NULL && *variables != NULL; variables++) {
      char *variable = strdup(*variables), *value = strchr(variable, '=');
      if (value == NULL) {
        unsetenv(variable);
      } else {
        *value = '\0';
        setenv(variable, value + 1, 1);
      }
    }
    if (folder == NULL || chdir(folder) == 0) execl(self, self, checkout, part, (char *)NULL);
    _exit(127);
  }
  close(in[0]);
  close(out[1]);
  return (struct process){pid, in[1], fdopen(out[0], "r")};
}

/* A line that it prints; "" at the end. */
static void read_line(struct process *process, char *line, size_t size) {
  if (fgets(line, (int)size, process->out) == NULL) *line = '\0';
  line[strcspn(line, "\n")] = '\0';
}

static int end_process(struct process *process) {
  int status = -1;
  if (process->in >= 0) close(process->in);
  CHECK(waitpid(process->pid, &status, 0) == process->pid);
  fclose(process->out);
  return status;
}

/* Whether it runs: neither gone nor a zombie whose parent has not asked for it. */
static bool runs(long pid) {
  char path[64], stat[512] = "";
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  FILE *file = fopen(path, "r");
  if (file == NULL) return false;
  size_t length = fread(stat, 1, sizeof stat - 1, file);
  fclose(file);
  stat[length] = '\0';
  const char *state = strrchr(stat, ')');
  return state != NULL && state[2] != 'Z' && state[2] != 'X';
}

/*
 * Waits until the process (0: none) is no more, and nobody listens on the port; with room for a busy machine, beyond the 2 s of the promise.
 * A connect that comes just as the listener closes meets ECONNRESET; the next is refused.
 */
static bool gone_in_time(long pid, int port) {
  double deadline = now() + 10;
  struct timespec pause = {.tv_nsec = 10000000};
  for (; now() < deadline; nanosleep(&pause, NULL)) {
    if (pid != 0 && runs(pid)) continue;
    int fd = connect_to("127.0.0.1", (uint16_t)port);
    if (fd < 0 && errno == ECONNREFUSED) return true;
    if (fd >= 0) close(fd);
  }
  return false;
}

/* --- parts: processes of their own --------------------------------------------------------------------------------------- */

/* Prints the daemon's uid, its pid and the port of a listener, and lives until its input ends. */
static void part_probe(void) {
  hangup_error error;
  hangup_fixture *fixture = hangup_open(&error);
  if (fixture == NULL) {
    printf("%s %s\n", error.reason, error.code);
    for (char *at = error.message; (at = strchr(at, '\n')) != NULL;) *at = ' ';
    printf("%s\n", error.message);
    exit(0);
  }
  char uid[64], pid[64], byte;
  daemon_uid(fixture, uid);
  ask(fixture, "getInfo", NULL, "pid", pid, sizeof pid);
  hangup_listener *listener = listen_with(fixture, NULL);
  int fd = connected_to(listener);
  CHECK(hangup_accepted(listener, hangup_local_port(fd), NULL) != NULL);
  printf("%s %s %d\n", uid, pid, hangup_listener_port(listener));
  fflush(stdout);
  CHECK(read(0, &byte, 1) == 0);
  exit(hangup_close(fixture, NULL, NULL) == 0 ? 0 : 1);
}

/* As probe, and leaves a forked child behind that sleeps on. */
static void part_probe_forked(void) {
  hangup_fixture *fixture = open_fixture();
  char pid[64], byte;
  ask(fixture, "getInfo", NULL, "pid", pid, sizeof pid);
  hangup_listener *listener = listen_with(fixture, NULL);
  pid_t child = fork();
  if (child == 0) {
    poll(NULL, 0, 20000);
    _exit(0);
  }
  printf("%ld %s %d\n", (long)child, pid, hangup_listener_port(listener));
  fflush(stdout);
  CHECK(read(0, &byte, 1) == 0);
  exit(1);
}

/* A daemon that dies: each call is an error, and no signal. */
static void part_daemon_dies(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  char pid[64];
  ask(fixture, "getInfo", NULL, "pid", pid, sizeof pid);
  hangup_listener *listener = listen_with(fixture, NULL);
  CHECK(kill((pid_t)atol(pid), SIGKILL) == 0);
  for (int i = 0; i < 3; i++) {
    CHECK(hangup_accepted(listener, 1, &error) == NULL && is(error.code, "UNAVAILABLE") && is(error.reason, "DAEMON_GONE"));
  }
  CHECK(hangup_close(fixture, NULL, &error) == -1 && is(error.reason, "DAEMON_GONE"));
  hangup_stop();
  fixture = open_fixture();
  CHECK(hangup_close(fixture, NULL, &error) == 0);
  exit(0);
}

/* A daemon at an address that dies while events are waited for, and a connection. */
static void *next_of(void *listener) {
  hangup_error *error = malloc(sizeof *error);
  CHECK(error != NULL && hangup_next(listener, error) == NULL);
  return error;
}

static void part_shared_daemon_dies(void) {
  hangup_error error, *waited;
  hangup_event event;
  hangup_fixture *fixture = open_fixture();
  char pid[64];
  ask(fixture, "getInfo", NULL, "pid", pid, sizeof pid);
  hangup_listener *listener = listen_with(fixture, NULL);
  hangup_events *events = hangup_events_open(fixture, NULL, &error);
  pthread_t thread;
  CHECK(events != NULL && pthread_create(&thread, NULL, next_of, listener) == 0);
  CHECK(kill((pid_t)atol(pid), SIGKILL) == 0);
  CHECK(hangup_events_next(events, 20000, &event, &error) == -1 && is(error.code, "UNAVAILABLE") && is(error.reason, "DAEMON_GONE"));
  CHECK(pthread_join(thread, (void **)&waited) == 0 && is(waited->code, "UNAVAILABLE") && is(waited->reason, "DAEMON_GONE"));
  free(waited);
  CHECK(hangup_close(fixture, NULL, &error) == -1 && is(error.reason, "DAEMON_GONE"));
  exit(0);
}

/* A socket of the program, without close-on-exec, ends when the program closes it. */
static void part_sockets_stay_ours(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int server = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0 && listen(server, 5) == 0);
  uint16_t port = hangup_local_port(server);
  hangup_fixture *fixture = open_fixture();
  close(server);
  CHECK(connect_to("127.0.0.1", port) == -1 && errno == ECONNREFUSED);
  /* And wait(2) knows nothing of the daemon. */
  CHECK(wait(NULL) == -1 && errno == ECHILD);
  CHECK(hangup_close(fixture, NULL, NULL) == 0);
  exit(0);
}

/* --- tests -------------------------------------------------------------------------------------------------------------- */

static void each_fixture_has_a_scope_of_its_own_on_one_daemon(void) {
  hangup_fixture *one = open_fixture(), *two = open_fixture();
  char first[64], second[64];
  daemon_uid(one, first);
  daemon_uid(two, second);
  CHECK(is(first, second));
  CHECK(strcmp(hangup_scope(one), hangup_scope(two)) != 0);
  listen_with(one, HANGUP_JSON({"name" : "same"}));
  listen_with(two, HANGUP_JSON({"name" : "same"}));
  CHECK(hangup_close(one, NULL, NULL) == 0);
  CHECK(hangup_close(two, NULL, NULL) == 0);
}

static void the_daemon_at_the_address_is_used(void) {
  hangup_fixture *fixture = open_fixture();
  char uid[64], line[256], variable[300];
  daemon_uid(fixture, uid);
  snprintf(variable, sizeof variable, "HANGUP_ADDRESS=%s", hangup_daemon_address(NULL));
  const char *variables[] = {variable, NULL};
  struct process probe = run_part("probe", NULL, variables);
  read_line(&probe, line, sizeof line);
  CHECK(strncmp(line, uid, strlen(uid)) == 0);
  CHECK(end_process(&probe) == 0);
  CHECK(hangup_close(fixture, NULL, NULL) == 0);
}

static void a_unix_socket_and_a_token_are_used(void) {
  char folder[] = "/tmp/hangup-c-XXXXXX", command[3 * PATH_MAX], line[256], address[100], ready[100], token[100];
  CHECK(mkdtemp(folder) != NULL);
  snprintf(address, sizeof address, "HANGUP_ADDRESS=unix:%s/socket", folder);
  snprintf(ready, sizeof ready, "%s/ready", folder);
  snprintf(token, sizeof token, "HANGUP_TOKEN_FILE=%s/token", folder);
  snprintf(command, sizeof command,
           "umask 077; echo 0123456789abcdef0123456789abcdef > %s/token; exec node %s/bin/hangup.cjs serve --listen unix:%s/socket "
           "--token-file %s/token --ready-file %s --exit-with-stdin > /dev/null",
           folder, checkout, folder, folder, ready);
  FILE *serve = popen(command, "w");
  struct timespec pause = {.tv_nsec = 10000000};
  for (double deadline = now() + 30; access(ready, R_OK) != 0; nanosleep(&pause, NULL)) CHECK(now() < deadline);
  const char *with[] = {address, token, NULL}, *without[] = {address, NULL};
  struct process probe = run_part("probe", NULL, with);
  read_line(&probe, line, sizeof line);
  CHECK(strchr(line, ' ') != NULL);
  CHECK(end_process(&probe) == 0);
  probe = run_part("probe", NULL, without);
  read_line(&probe, line, sizeof line);
  CHECK(is(line, "TOKEN_MISSING UNAUTHENTICATED"));
  CHECK(end_process(&probe) == 0);
  pclose(serve);
  snprintf(command, sizeof command, "rm -rf %s", folder);
  CHECK(system(command) == 0);
}

static void the_command_is_the_one_of_the_environment_or_the_path_or_beside(void) {
  char line[256], folder[] = "/tmp/hangup-c-XXXXXX", link[PATH_MAX], path[2 * PATH_MAX], target[PATH_MAX + 100];
  CHECK(mkdtemp(folder) != NULL);
  /* A `hangup` on the PATH before all others. */
  snprintf(target, sizeof target, "%s/bin/hangup.cjs", checkout);
  snprintf(link, sizeof link, "%s/hangup", folder);
  CHECK(symlink(target, link) == 0);
  snprintf(path, sizeof path, "PATH=%s:%s", folder, getenv("PATH"));

  /* Node itself may be in no folder of the system. */
  char node[2 * PATH_MAX];
  const char *by_command[] = {"PATH=/usr/bin:/bin", node, NULL}, *by_path[] = {"HANGUP_COMMAND=  ", path, NULL},
             *beside[] = {"HANGUP_COMMAND", NULL}, *nothing[] = {"HANGUP_COMMAND", "PATH=/nowhere", NULL},
             *wrong[] = {"HANGUP_COMMAND=/nowhere/hangup", NULL}, *other[] = {"HANGUP_COMMAND=echo hello", NULL},
             *unended[] = {"HANGUP_COMMAND=printf hello", NULL}, *unreachable[] = {"HANGUP_ADDRESS=127.0.0.1:1", NULL},
             *absent[] = {"HANGUP_ADDRESS=unix:/no/such/socket", NULL}, *blank[] = {"HANGUP_ADDRESS=  ", NULL},
             *no_port[] = {"HANGUP_ADDRESS=localhost", NULL}, *no_token[] = {"HANGUP_ADDRESS=127.0.0.1:1", "HANGUP_TOKEN=two words", NULL},
             *no_file[] = {"HANGUP_ADDRESS=127.0.0.1:1", "HANGUP_TOKEN_FILE=/no/such/file", NULL};
  FILE *which = popen("command -v node", "r");
  CHECK(which != NULL && fgets(line, sizeof line, which) != NULL);
  pclose(which);
  line[strcspn(line, "\n")] = '\0';
  snprintf(node, sizeof node, "HANGUP_COMMAND=  %s   %s/bin/hangup.cjs ", line, checkout);

  const struct {
    const char *folder;
    const char *const *variables;
    const char *reason;
    const char *message;
  } cases[] = {
      {"/", by_command, NULL, NULL},
      {"/", by_path, NULL, NULL},
      {checkout, beside, NULL, NULL},
      {"/", nothing, "DAEMON_NOT_FOUND NOT_FOUND", "npm install"},
      {NULL, wrong, "DAEMON_NOT_STARTED UNAVAILABLE", "it printed nothing"},
      {NULL, other, "DAEMON_NOT_STARTED UNAVAILABLE", "it printed \"hello pipe\""},
      {NULL, unended, "DAEMON_NOT_STARTED UNAVAILABLE", "it printed \"hello\""},
      {NULL, unreachable, "DAEMON_GONE UNAVAILABLE", "no daemon at 127.0.0.1:1"},
      {NULL, absent, "DAEMON_GONE UNAVAILABLE", "/no/such/socket"},
      {NULL, blank, NULL, NULL},
      {NULL, no_port, "INVALID_SETTING INVALID_ARGUMENT", "localhost"},
      {NULL, no_token, "INVALID_SETTING INVALID_ARGUMENT", "HANGUP_TOKEN"},
      {NULL, no_file, "INVALID_SETTING INVALID_ARGUMENT", "/no/such/file"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    struct process probe = run_part("probe", cases[i].folder, cases[i].variables);
    read_line(&probe, line, sizeof line);
    CHECK(cases[i].reason == NULL ? strchr(line, ' ') != NULL : is(line, cases[i].reason));
    if (cases[i].reason != NULL) {
      char message[1024];
      read_line(&probe, message, sizeof message);
      if (strstr(message, cases[i].message) == NULL) fprintf(stderr, "%s: %s\n", cases[i].reason, message);
      CHECK(strstr(message, cases[i].message) != NULL);
    }
    CHECK(end_process(&probe) == 0);
  }
  CHECK(unlink(link) == 0 && rmdir(folder) == 0);
}

static void a_killed_process_leaves_nothing(void) {
  char line[256], uid[64];
  long pid;
  int port;
  struct process probe = run_part("probe", NULL, NULL);
  read_line(&probe, line, sizeof line);
  CHECK(sscanf(line, "%63s %ld %d", uid, &pid, &port) == 3 && runs(pid));
  CHECK(kill(probe.pid, SIGKILL) == 0);
  CHECK(gone_in_time(pid, port));
  CHECK(WIFSIGNALED(end_process(&probe)));
}

static void a_killed_process_leaves_nothing_on_a_daemon_that_it_shares(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  char line[256], uid[64], variable[300];
  long pid;
  int port;
  snprintf(variable, sizeof variable, "HANGUP_ADDRESS=%s", hangup_daemon_address(NULL));
  const char *variables[] = {variable, NULL};
  struct process probe = run_part("probe", NULL, variables);
  read_line(&probe, line, sizeof line);
  CHECK(sscanf(line, "%63s %ld %d", uid, &pid, &port) == 3 && runs(pid));
  CHECK(kill(probe.pid, SIGKILL) == 0);
  CHECK(gone_in_time(0, port));
  CHECK(WIFSIGNALED(end_process(&probe)));
  CHECK(hangup_close(fixture, NULL, &error) == 0);
}

static void a_killed_process_leaves_nothing_though_a_forked_child_lives(void) {
  char line[256];
  long child, pid;
  int port;
  struct process probe = run_part("probe_forked", NULL, NULL);
  read_line(&probe, line, sizeof line);
  CHECK(sscanf(line, "%ld %ld %d", &child, &pid, &port) == 3 && runs(pid));
  CHECK(kill(probe.pid, SIGKILL) == 0);
  CHECK(gone_in_time(pid, port));
  CHECK(runs(child) && kill((pid_t)child, SIGKILL) == 0);
  CHECK(WIFSIGNALED(end_process(&probe)));
}

static void part_gives_0(const char *part) {
  struct process process = run_part(part, NULL, NULL);
  CHECK(end_process(&process) == 0);
}

static void a_dead_daemon_is_an_error_and_no_signal(void) { part_gives_0("daemon_dies"); }

static void a_daemon_at_an_address_that_dies_is_an_error_too(void) {
  char command[2 * PATH_MAX], ready[300], variable[300];
  snprintf(command, sizeof command, "exec node %s/bin/hangup.cjs serve --listen 127.0.0.1:0", checkout);
  FILE *serve = popen(command, "r");
  CHECK(serve != NULL && fgets(ready, sizeof ready, serve) != NULL);
  cJSON *json = cJSON_Parse(ready);
  snprintf(variable, sizeof variable, "HANGUP_ADDRESS=%s", cJSON_GetObjectItem(json, "address")->valuestring);
  cJSON_Delete(json);
  const char *variables[] = {variable, NULL};
  struct process process = run_part("shared_daemon_dies", NULL, variables);
  CHECK(end_process(&process) == 0);
  pclose(serve);
}

static void the_daemon_holds_no_socket_of_the_program(void) { part_gives_0("sockets_stay_ours"); }

static void a_forked_child_has_a_daemon_of_its_own(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  char parent[64], child_uid[64] = "";
  daemon_uid(fixture, parent);
  int out[2];
  CHECK(pipe(out) == 0);
  pid_t child = fork();
  if (child == 0) {
    if (hangup_listen(fixture, NULL, &error) != NULL || !is(error.reason, "STALE_HANDLE")) _exit(1);
    hangup_fixture *own = hangup_open(&error);
    if (own == NULL) _exit(2);
    daemon_uid(own, child_uid);
    if (write(out[1], child_uid, sizeof child_uid) != sizeof child_uid) _exit(3);
    _exit(hangup_close(own, NULL, &error) == 0 ? 0 : 4);
  }
  close(out[1]);
  CHECK(read(out[0], child_uid, sizeof child_uid) == sizeof child_uid);
  close(out[0]);
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(strcmp(parent, child_uid) != 0);
  /* The parent's still works. */
  CHECK(hangup_listen(fixture, NULL, &error) != NULL);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
}

struct reader {
  hangup_events *events;
  _Atomic pid_t thread;
};

static void *read_event(void *start) {
  struct reader *reader = start;
  hangup_event event;
  reader->thread = gettid();
  CHECK(hangup_events_next(reader->events, 20000, &event, NULL) == 0);
  return NULL;
}

static void a_forked_child_can_close_what_a_thread_of_its_parent_waits_for(void) {
  hangup_fixture *fixture = open_fixture();
  struct reader reader = {.events = hangup_events_open(fixture, NULL, NULL)};
  pthread_t thread;
  CHECK(reader.events != NULL && pthread_create(&thread, NULL, read_event, &reader) == 0);
  /* Asleep, it waits for an event. */
  struct timespec pause = {.tv_nsec = 10000000};
  char state = 'R';
  for (double deadline = now() + 10; state != 'S'; nanosleep(&pause, NULL)) {
    CHECK(now() < deadline);
    if (reader.thread == 0) continue;
    char path[64], stat[512] = "";
    snprintf(path, sizeof path, "/proc/self/task/%ld/stat", (long)reader.thread);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL && fgets(stat, sizeof stat, file) != NULL);
    fclose(file);
    state = strrchr(stat, ')')[2];
  }
  pid_t child = fork();
  if (child == 0) {
    hangup_error error;
    alarm(10);
    _exit(hangup_close(fixture, NULL, &error) == -1 && is(error.reason, "STALE_HANDLE") ? 0 : 1);
  }
  int status;
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  listen_with(fixture, NULL);
  pthread_join(thread, NULL);
  CHECK(hangup_close(fixture, NULL, NULL) == 0);
}

static void a_step_that_never_fired_fails_the_close(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  hangup_listener *met = listen_with(fixture, reset_at_a_byte);
  listen_with(fixture, HANGUP_JSON({"name" : "unmet", "plans" : [ {"steps" : [ {"trigger" : {"peerFin" : {}}, "action" : {"close" : {}}} ]} ]}));
  int silent = connected_to(met), fired = connected_to(met);
  char byte;
  CHECK(hangup_accepted(met, hangup_local_port(silent), &error) != NULL);
  CHECK(send(fired, "x", 1, MSG_NOSIGNAL) == 1);
  while (recv(fired, &byte, 1, 0) > 0) continue;
  CHECK(errno == ECONNRESET);
  CHECK(hangup_close(fixture, NULL, &error) == -1);
  CHECK(is(error.code, "FAILED_PRECONDITION") && is(error.reason, "NEVER_FIRED"));
  CHECK(strstr(error.message, "listener-1, plan 1, step 1: on 1 of 2 connections") != NULL);
  CHECK(strstr(error.message, "unmet, plan 1: it had no connection") != NULL && strchr(error.message, '\n') != NULL);
  close(silent);
  close(fired);
}

static void a_fixture_can_let_that_pass_and_has_its_report(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  listen_with(fixture, reset_at_a_byte);
  hangup_allow_unfired(fixture);
  char *report;
  CHECK(hangup_close(fixture, &report, &error) == 0);
  cJSON *json = cJSON_Parse(report);
  CHECK(is(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "openListeners"), 0)->valuestring, "listener-1"));
  cJSON_Delete(json);
  free(report);
}

static void an_error_has_its_code_and_reason(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  hangup_listener *echo = listen_with(fixture, NULL);
  int fd = connected_to(echo);
  hangup_session *session = hangup_accepted(echo, hangup_local_port(fd), &error);
  CHECK(session != NULL && hangup_reset(session, NULL, &error) == 0);
  CHECK(hangup_reset(session, NULL, &error) == -1 && is(error.code, "FAILED_PRECONDITION") && is(error.reason, "SESSION_ENDED"));
  CHECK(strstr(error.message, "reset") != NULL);
  CHECK(hangup_listen(fixture, HANGUP_JSON({"nme" : "echo"}), &error) == NULL && is(error.reason, "INVALID_LINE"));
  CHECK(strstr(error.message, "nme") != NULL);
  CHECK(hangup_listen(fixture, "{", &error) == NULL && is(error.reason, "INVALID_REQUEST"));
  static const char *const no_calls[] = {"", "get\":{},\"Info", "getInfo ",
                                         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" /* 64 */};
  for (size_t i = 0; i < sizeof no_calls / sizeof *no_calls; i++)
    CHECK(hangup_call(fixture, no_calls[i], NULL, &error) == NULL && is(error.reason, "INVALID_REQUEST"));
  CHECK(hangup_call(fixture, no_calls[3] + 1, NULL, &error) == NULL && is(error.reason, "INVALID_LINE"));
  /* Nobody's port, and yet it has a session. */
  CHECK(hangup_accepted(echo, hangup_local_port(-1), &error) == NULL);
  CHECK(is(error.code, "INVALID_ARGUMENT") && is(error.reason, "INVALID_REQUEST") && strstr(error.message, "no local port") != NULL);
  CHECK(hangup_dial(fixture, "127.0.0.1:1", NULL, &error) == NULL && is(error.reason, "CONNECT_FAILED"));
  CHECK(hangup_signal(fixture, "nobody", &error) == -1 && is(error.reason, "UNKNOWN_SIGNAL"));
  CHECK(hangup_dial(fixture, "127.0.0.1:1", NULL, NULL) == NULL);
  close(fd);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
}

static void a_wait_that_is_not_met_says_what_was_seen_last(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  hangup_listener *echo = listen_with(fixture, NULL);
  int fd = connected_to(echo);
  hangup_session *session = hangup_accepted(echo, hangup_local_port(fd), &error);
  CHECK(session != NULL);
  CHECK(hangup_wait(session, HANGUP_JSON({"condition" : "PEER_FIN", "timeout" : "0.1s"}), &error) == -1);
  CHECK(is(error.code, "DEADLINE_EXCEEDED") && is(error.reason, "WAIT_TIMEOUT") && strstr(error.message, "ESTABLISHED") != NULL);
  close(fd);
  hangup_receipt receipt;
  CHECK(hangup_wait_ended(session, &receipt, &error) == 0);
  CHECK(receipt.final && receipt.local_end == HANGUP_FIN && receipt.peer_end == HANGUP_FIN);
  CHECK(strstr(receipt.json, "\"localEnd\"") != NULL);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
}

/* Connects from this port, 0: any, of an address that nobody else connects from: there no stranger gets the port in between. */
static int connect_from(uint16_t port, const hangup_listener *listener) {
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(0x7f00004d /* 127.0.0.77 */)};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(hangup_listener_port(listener)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct timeval timeout = {.tv_sec = 5};
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  CHECK(bind(fd, (struct sockaddr *)&from, sizeof from) == 0);
  CHECK(connect(fd, (struct sockaddr *)&to, sizeof to) == 0);
  return fd;
}

static void a_port_that_came_round_is_the_new_session(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  hangup_listener *echo = listen_with(fixture, NULL);
  int fd = connect_from(0, echo);
  uint16_t port = hangup_local_port(fd);
  char byte;
  for (int life = 1; life <= 3; life++) {
    hangup_session *session = hangup_accepted(echo, port, &error);
    CHECK(session != NULL);
    char name[40];
    snprintf(name, sizeof name, "%s/%d", hangup_listener_name(echo), life);
    CHECK(is(hangup_session_name(session), name));
    CHECK(hangup_accepted(echo, port, &error) == session);
    CHECK(hangup_reset(session, NULL, &error) == 0);
    CHECK(recv(fd, &byte, 1, 0) == -1 && errno == ECONNRESET);
    close(fd);
    fd = connect_from(port, echo);
  }
  close(fd);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
}

/* Also where nobody reads: the daemon has not met the RST of the first connection yet. */
static void a_port_that_came_round_is_the_new_session_of_a_silent_listener(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  hangup_listener *silent = listen_with(fixture, HANGUP_JSON({"name" : "silent", "behaviour" : {"silent" : {}}}));
  struct linger by_rst = {.l_onoff = 1};
  int fd = connect_from(0, silent);
  uint16_t port = hangup_local_port(fd);
  for (int life = 1; life <= 5; life++) {
    char name[40];
    snprintf(name, sizeof name, "silent/%d", life);
    hangup_session *session = hangup_accepted(silent, port, &error);
    CHECK(session != NULL && is(hangup_session_name(session), name));
    CHECK(hangup_accepted(silent, port, &error) == session);
    CHECK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &by_rst, sizeof by_rst) == 0 && close(fd) == 0);
    fd = connect_from(port, silent);
  }
  close(fd);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
}

struct asker {
  hangup_listener *listener;
  int told;
};

/* Tells the name of the next session, or why there is none. */
static void *tell_next(void *start) {
  struct asker *asker = start;
  hangup_error error;
  char name[64];
  hangup_session *session = hangup_next(asker->listener, &error);
  snprintf(name, sizeof name, "%s", session == NULL ? error.reason : hangup_session_name(session));
  CHECK(write(asker->told, name, sizeof name) == sizeof name);
  return NULL;
}

static void a_session_that_two_threads_wait_for_is_not_lost_when_one_gives_up(void) {
  hangup_fixture *fixture = open_fixture();
  struct asker asker = {.listener = listen_with(fixture, HANGUP_JSON({"name" : "echo"}))};
  int told[2];
  pthread_t threads[2];
  char name[64];
  CHECK(pipe2(told, O_CLOEXEC) == 0);
  asker.told = told[1];
  for (int i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, tell_next, &asker) == 0);
  CHECK(read(told[0], name, sizeof name) == sizeof name && is(name, "WAIT_TIMEOUT"));
  int one = connected_to(asker.listener);
  CHECK(read(told[0], name, sizeof name) == sizeof name && is(name, "echo/1"));
  int two = connected_to(asker.listener);
  CHECK(is(hangup_session_name(hangup_next(asker.listener, NULL)), "echo/2"));
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  close(told[0]);
  close(told[1]);
  close(one);
  close(two);
  CHECK(hangup_close(fixture, NULL, NULL) == 0);
}

static void next_gives_sessions_in_the_order_of_accept(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  hangup_listener *echo = listen_with(fixture, HANGUP_JSON({"name" : "echo"}));
  int one = connected_to(echo), two = connected_to(echo);
  CHECK(is(hangup_session_name(hangup_next(echo, &error)), "echo/1"));
  CHECK(is(hangup_session_name(hangup_next(echo, &error)), "echo/2"));
  close(one);
  close(two);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
}

static void events_come_in_order_and_their_wait_ends(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  hangup_events *events = hangup_events_open(fixture, NULL, &error);
  CHECK(events != NULL);
  hangup_listener *echo = listen_with(fixture, HANGUP_JSON({"name" : "echo"}));
  int fd = connected_to(echo);
  hangup_session *session = hangup_next(echo, &error);
  CHECK(session != NULL && hangup_reset(session, NULL, &error) == 0);
  static const char *const kinds[] = {"LISTENER_CREATED", "SESSION_OPENED", "ACTION_PERFORMED"};
  hangup_event event;
  uint64_t before = 0;
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    CHECK(hangup_events_next(events, 5000, &event, &error) == 0 && is(event.kind, kinds[i]) && is(event.listener, "echo"));
    CHECK(event.sequence > before);
    before = event.sequence;
  }
  CHECK(is(event.session, "echo/1") && strstr(event.json, "actionPerformed") != NULL);
  do CHECK(hangup_events_next(events, 5000, &event, &error) == 0);
  while (strcmp(event.kind, "SESSION_ENDED") != 0);
  CHECK(hangup_events_next(events, 100, &event, &error) == -1 && is(error.reason, "WAIT_TIMEOUT"));
  hangup_events *one = hangup_events_open(fixture, HANGUP_JSON({"afterSequence" : "0", "maxEvents" : 1}), &error);
  CHECK(one != NULL && hangup_events_next(one, 5000, &event, &error) == 0);
  CHECK(hangup_events_next(one, 5000, &event, &error) == -1 && is(error.code, "OUT_OF_RANGE") && is(error.reason, "END_OF_EVENTS"));
  /* The end of the scope is that of its events. */
  char *deleted = hangup_call(fixture, "deleteScope", NULL, &error);
  CHECK(deleted != NULL);
  free(deleted);
  do CHECK(hangup_events_next(events, 5000, &event, &error) == 0);
  while (strcmp(event.kind, "SCOPE_ENDED") != 0);
  CHECK(hangup_events_next(events, 5000, &event, &error) == -1 && is(error.code, "OUT_OF_RANGE") && is(error.reason, "END_OF_EVENTS"));
  close(fd);
  CHECK(hangup_close(fixture, NULL, &error) == -1 && is(error.reason, "UNKNOWN_SCOPE"));
}

static void data_goes_both_ways_as_bytes(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  hangup_listener *echo = listen_with(fixture, NULL);
  hangup_session *client = hangup_dial(fixture, hangup_listener_address(echo), NULL, &error);
  CHECK(client != NULL);
  unsigned char sent[256], got[300];
  for (size_t length = 253; length <= 256; length++) {
    for (size_t i = 0; i < length; i++) sent[i] = (unsigned char)i;
    CHECK(hangup_send(client, sent, length, &error) == 0);
    CHECK(hangup_receive(client, got, 0, 0, &error) == 0);
    CHECK(hangup_receive(client, got, sizeof got, length, &error) == (ssize_t)length && memcmp(sent, got, length) == 0);
  }
  hangup_session *server = hangup_next(echo, &error);
  CHECK(server != NULL && hangup_half_close(server, NULL, &error) == 0);
  CHECK(hangup_receive(client, got, sizeof got, 0, &error) == 0);
  hangup_session *other = hangup_dial(fixture, hangup_listener_address(echo), NULL, &error);
  CHECK(other != NULL && hangup_reset(hangup_next(echo, &error), NULL, &error) == 0);
  CHECK(hangup_receive(other, got, sizeof got, 0, &error) == -1 && is(error.reason, "ECONNRESET"));
  CHECK(hangup_close(fixture, NULL, &error) == 0);
}

static void a_signal_fires_its_step(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  hangup_listener *gate = listen_with(
      fixture, HANGUP_JSON({"name" : "gate", "plans" : [ {"steps" : [ {"trigger" : {"signal" : "go"}, "action" : {"reset" : {}}} ]} ]}));
  int one = connected_to(gate), two = connected_to(gate);
  char byte;
  CHECK(hangup_next(gate, &error) != NULL && hangup_next(gate, &error) != NULL);
  CHECK(hangup_session_signal(hangup_session_named(fixture, "gate/1", &error), "go", &error) == 0);
  CHECK(recv(one, &byte, 1, 0) == -1 && errno == ECONNRESET);
  CHECK(hangup_signal(fixture, "go", &error) == 0);
  CHECK(recv(two, &byte, 1, 0) == -1 && errno == ECONNRESET);
  close(one);
  close(two);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
}

static void a_listener_refuses_stalls_resumes_and_closes(void) {
  hangup_error error;
  hangup_fixture *fixture = open_fixture();
  hangup_listener *echo = listen_with(fixture, NULL);
  uint16_t port = hangup_listener_port(echo);
  CHECK(hangup_refuse(echo, &error) == 0);
  CHECK(connect_to("127.0.0.1", port) == -1 && errno == ECONNREFUSED);
  CHECK(hangup_stall(echo, &error) == 0 && hangup_resume(echo, &error) == 0);
  int fd = connected_to(echo);
  char byte;
  CHECK(hangup_next(echo, &error) != NULL && hangup_listener_close(echo, &error) == 0);
  CHECK(recv(fd, &byte, 1, 0) == -1 && errno == ECONNRESET);
  CHECK(connect_to("127.0.0.1", port) == -1 && errno == ECONNREFUSED);
  CHECK(hangup_listener_close(echo, &error) == -1 && is(error.reason, "UNKNOWN_LISTENER"));
  close(fd);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
}

/* --- many at once ------------------------------------------------------------------------------------------------------- */

static char shared_uid[64];

/* One of the tests: a fixture of its own, and its own ending. */
static void *one_of_many(void *number) {
  bool reset = (uintptr_t)number % 2 == 0;
  hangup_error error;
  char uid[64], byte;
  hangup_fixture *fixture = open_fixture();
  daemon_uid(fixture, uid);
  CHECK(is(uid, shared_uid));
  hangup_listener *echo = listen_with(fixture, HANGUP_JSON({"name" : "echo"}));
  int fd = connected_to(echo);
  hangup_session *session = hangup_accepted(echo, hangup_local_port(fd), &error);
  CHECK(session != NULL && is(hangup_session_name(session), "echo/1"));
  CHECK((reset ? hangup_reset : hangup_session_close)(session, NULL, &error) == 0);
  ssize_t got = recv(fd, &byte, 1, 0);
  CHECK(reset ? got == -1 && errno == ECONNRESET : got == 0);
  close(fd);
  hangup_receipt receipt;
  CHECK(hangup_wait_ended(session, &receipt, &error) == 0 && receipt.local_end == (reset ? HANGUP_RST : HANGUP_FIN));
  CHECK(hangup_close(fixture, NULL, &error) == 0);
  return NULL;
}

static void five_hundred_tests_at_once_share_a_daemon(void) {
  enum { tests = 500 };
  hangup_stop();
  hangup_fixture *fixture = open_fixture();
  daemon_uid(fixture, shared_uid);
  static pthread_t threads[tests];
  pthread_attr_t small;
  pthread_attr_init(&small);
  pthread_attr_setstacksize(&small, 256 * 1024);
  for (uintptr_t i = 0; i < tests; i++) CHECK(pthread_create(&threads[i], &small, one_of_many, (void *)i) == 0);
  for (size_t i = 0; i < tests; i++) pthread_join(threads[i], NULL);
  pthread_attr_destroy(&small);
  char uid[64], scopes[4096];
  daemon_uid(fixture, uid);
  CHECK(is(uid, shared_uid));
  ask(fixture, "listScopes", HANGUP_JSON({"scope" : "-"}), "scopes", scopes, sizeof scopes);
  cJSON *json = cJSON_Parse(scopes);
  /* The default one, and that of this very fixture. */
  CHECK(cJSON_GetArraySize(json) == 2 && is(cJSON_GetObjectItem(cJSON_GetArrayItem(json, 0), "name")->valuestring, "default"));
  CHECK(is(cJSON_GetObjectItem(cJSON_GetArrayItem(json, 1), "name")->valuestring, hangup_scope(fixture)));
  cJSON_Delete(json);
  CHECK(hangup_close(fixture, NULL, NULL) == 0);
}

int main(int argc, char **argv) {
  CHECK(argc >= 2 && realpath(argv[1], checkout) != NULL && realpath("/proc/self/exe", self) != NULL);
  alarm(300);
  static const struct {
    const char *name;
    void (*run)(void);
  } parts[] = {
      {"probe", part_probe},
      {"probe_forked", part_probe_forked},
      {"daemon_dies", part_daemon_dies},
      {"shared_daemon_dies", part_shared_daemon_dies},
      {"sockets_stay_ours", part_sockets_stay_ours},
  };
  for (size_t i = 0; argc == 3 && i < sizeof parts / sizeof *parts; i++)
    if (strcmp(argv[2], parts[i].name) == 0) parts[i].run();
#define TEST(name) {#name, name}
  static const struct {
    const char *name;
    void (*run)(void);
  } tests[] = {
      TEST(each_fixture_has_a_scope_of_its_own_on_one_daemon),
      TEST(the_daemon_at_the_address_is_used),
      TEST(a_unix_socket_and_a_token_are_used),
      TEST(the_command_is_the_one_of_the_environment_or_the_path_or_beside),
      TEST(a_killed_process_leaves_nothing),
      TEST(a_killed_process_leaves_nothing_on_a_daemon_that_it_shares),
      TEST(a_killed_process_leaves_nothing_though_a_forked_child_lives),
      TEST(a_dead_daemon_is_an_error_and_no_signal),
      TEST(a_daemon_at_an_address_that_dies_is_an_error_too),
      TEST(the_daemon_holds_no_socket_of_the_program),
      TEST(a_forked_child_has_a_daemon_of_its_own),
      TEST(a_forked_child_can_close_what_a_thread_of_its_parent_waits_for),
      TEST(a_step_that_never_fired_fails_the_close),
      TEST(a_fixture_can_let_that_pass_and_has_its_report),
      TEST(an_error_has_its_code_and_reason),
      TEST(a_wait_that_is_not_met_says_what_was_seen_last),
      TEST(a_port_that_came_round_is_the_new_session),
      TEST(a_port_that_came_round_is_the_new_session_of_a_silent_listener),
      TEST(a_session_that_two_threads_wait_for_is_not_lost_when_one_gives_up),
      TEST(next_gives_sessions_in_the_order_of_accept),
      TEST(events_come_in_order_and_their_wait_ends),
      TEST(data_goes_both_ways_as_bytes),
      TEST(a_signal_fires_its_step),
      TEST(a_listener_refuses_stalls_resumes_and_closes),
      TEST(five_hundred_tests_at_once_share_a_daemon),
  };
  unsetenv("HANGUP_ADDRESS");
  unsetenv("HANGUP_TOKEN");
  unsetenv("HANGUP_TOKEN_FILE");
  size_t count = sizeof tests / sizeof *tests;
  printf("1..%zu\n", count);
  for (size_t i = 0; i < count; i++) {
    tests[i].run();
    printf("ok %zu - %s\n", i + 1, tests[i].name);
    fflush(stdout);
  }
  hangup_stop();
  return 0;
}
