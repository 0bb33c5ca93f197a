/*
 * What a cycle costs through the client, and by lines written to the same kind of pipe by hand, in rounds by turns: connect, accepted(port), reset, and the
 * ECONNRESET seen by recv. Prints the medians as a line of JSON.
 *
 *   overhead <rounds of each> <cycles of a round> <checkout of hangup>
 */
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <hangup.h>
#include <time.h>

#include "../samples/peer.h"

static double now(void) {
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b) {
  double left = *(const double *)a, right = *(const double *)b;
  return left < right ? -1 : left > right;
}

static double median(double *values, size_t count) {
  qsort(values, count, sizeof *values, by_value);
  return values[count / 2];
}

static void see_reset(int fd) {
  char byte;
  CHECK(recv(fd, &byte, 1, 0) == -1 && errno == ECONNRESET);
  close(fd);
}

static double by_client(hangup_listener *echo) {
  double begin = now();
  int fd = connect_to("127.0.0.1", hangup_listener_port(echo));
  CHECK(fd >= 0);
  hangup_session *session = hangup_accepted(echo, hangup_local_port(fd), NULL);
  CHECK(session != NULL && hangup_reset(session, NULL, NULL) == 0);
  see_reset(fd);
  return now() - begin;
}

/* The bare pipe: a line out, a line in, and what is wanted of it cut out. */
static FILE *in, *out;

static void ask(const char *request, char *reply, size_t size) {
  fprintf(in, "%s\n", request);
  fflush(in);
  CHECK(fgets(reply, (int)size, out) != NULL && strstr(reply, "\"error\"") == NULL);
}

static void cut(const char *reply, const char *before, char *into, size_t size) {
  const char *at = strstr(reply, before);
  CHECK(at != NULL);
  at += strlen(before);
  snprintf(into, size, "%.*s", (int)strcspn(at, "\","), at);
}

static double by_lines(uint16_t port) {
  char request[300], reply[8192], name[80], uid[80];
  double begin = now();
  int fd = connect_to("127.0.0.1", port);
  CHECK(fd >= 0);
  snprintf(request, sizeof request, "{\"id\":1,\"waitSession\":{\"listener\":\"bare\",\"peerPort\":%d}}", hangup_local_port(fd));
  ask(request, reply, sizeof reply);
  cut(reply, "\"name\":\"", name, sizeof name);
  cut(reply, "\"uid\":\"", uid, sizeof uid);
  snprintf(request, sizeof request, "{\"id\":1,\"resetSession\":{\"session\":\"%s\",\"uid\":\"%s\"}}", name, uid);
  ask(request, reply, sizeof reply);
  see_reset(fd);
  return now() - begin;
}

/* A second pipe beside the client's, each a daemon of its own. */
static void start_bare(const char *checkout) {
  int to[2], from[2];
  CHECK(pipe2(to, O_CLOEXEC) == 0 && pipe2(from, O_CLOEXEC) == 0);
  pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    char command[4096];
    dup2(to[0], 0);
    dup2(from[1], 1);
    snprintf(command, sizeof command, "%s/bin/hangup.cjs", checkout);
    execlp("node", "node", command, "pipe", (char *)NULL);
    _exit(127);
  }
  close(to[0]);
  close(from[1]);
  in = fdopen(to[1], "w");
  out = fdopen(from[0], "r");
  char ready[1000];
  CHECK(fgets(ready, sizeof ready, out) != NULL);
}

int main(int argc, char **argv) {
  CHECK(argc == 4);
  size_t rounds = (size_t)atoi(argv[1]), cycles = (size_t)atoi(argv[2]);
  hangup_error error;
  hangup_fixture *fixture = hangup_open(&error);
  if (fixture == NULL) return hangup_perror("open", &error), 1;
  hangup_listener *echo = hangup_listen(fixture, NULL, &error);
  CHECK(echo != NULL);
  start_bare(argv[3]);
  char reply[8192], digits[16];
  ask("{\"id\":1,\"createListener\":{\"name\":\"bare\"}}", reply, sizeof reply);
  cut(reply, "\"port\":", digits, sizeof digits);
  uint16_t port = (uint16_t)atoi(digits);
  double *client = calloc(rounds * cycles, sizeof *client), *lines = calloc(rounds * cycles, sizeof *lines);
  CHECK(client != NULL && lines != NULL);
  /* Both daemons have compiled what they run by then. */
  for (size_t i = 0; i < 200; i++) by_client(echo), by_lines(port);
  for (size_t round = 0; round < rounds; round++) {
    for (size_t i = 0; i < cycles; i++) client[round * cycles + i] = by_client(echo);
    for (size_t i = 0; i < cycles; i++) lines[round * cycles + i] = by_lines(port);
  }
  printf("{\"language\":\"c\",\"version\":\"GCC %d.%d, glibc %s\",\"cycles\":%zu,\"clientMicros\":%.0f,\"stubMicros\":%.0f,\"via\":\"pipe\"}\n",
         __GNUC__, __GNUC_MINOR__, gnu_get_libc_version(), rounds * cycles, median(client, rounds * cycles), median(lines, rounds * cycles));
  free(client);
  free(lines);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
  return 0;
}
