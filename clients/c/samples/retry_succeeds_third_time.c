/* Two requests are reset, the third is answered: a client that retries gets through. */
#include <hangup.h>

#include "peer.h"

/* The client under test: one request; the length of the answer, or -1 with errno. */
static ssize_t ask(const char *host, uint16_t port, char *answer, size_t size) {
  int fd = connect_to(host, port);
  if (fd < 0) return -1;
  ssize_t got = send(fd, "ping\n", 5, MSG_NOSIGNAL) == 5 ? recv(fd, answer, size, 0) : -1;
  int failure = errno;
  close(fd);
  errno = failure;
  return got;
}

int main(void) {
  hangup_error error;
  hangup_fixture *fixture = hangup_open(&error);
  if (fixture == NULL) return hangup_perror("open", &error), 1;
  /* Nothing is echoed: what is answered is in the plans. */
  static const char request[] = HANGUP_JSON({
    "behaviour" : {"discard" : {}},
    "plans" : [
      {"connections" : 2, "steps" : [ {"trigger" : {"bytesReceived" : 5}, "action" : {"reset" : {}}} ]},
      {"steps" : [ {"trigger" : {"bytesReceived" : 5}, "action" : {"send" : {"text" : "pong\n"}}} ]}
    ]
  });
  hangup_listener *flaky = hangup_listen(fixture, request, &error);
  CHECK(flaky != NULL);

  char answer[100];
  int attempts = 1;
  ssize_t got;
  while ((got = ask(hangup_listener_host(flaky), hangup_listener_port(flaky), answer, sizeof answer)) < 0 && attempts < 3) {
    CHECK(errno == ECONNRESET);
    attempts++;
  }
  CHECK(attempts == 3);
  CHECK(got > 0 && memcmp(answer, "pong\n", (size_t)got) == 0);
  /* Both resets happened, or this fails. */
  CHECK(hangup_close(fixture, NULL, &error) == 0);
  return 0;
}
