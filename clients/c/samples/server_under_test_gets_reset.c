/* The server is the test's own: the daemon connects to it, sends a request, and resets. */
#include <hangup.h>

#include "peer.h"

int main(void) {
  /* The server under test. */
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(server >= 0 && bind(server, (struct sockaddr *)&address, sizeof address) == 0 && listen(server, 5) == 0);
  CHECK(getsockname(server, (struct sockaddr *)&address, &size) == 0);
  char target[32];
  snprintf(target, sizeof target, "127.0.0.1:%d", ntohs(address.sin_port));

  hangup_error error;
  hangup_fixture *fixture = hangup_open(&error);
  if (fixture == NULL) return hangup_perror("open", &error), 1;
  hangup_session *client = hangup_dial(fixture, target, NULL, &error);
  CHECK(client != NULL);
  int fd = accept(server, NULL, NULL);
  CHECK(fd >= 0);

  char request[100];
  CHECK(hangup_send(client, "GET /\n", 6, &error) == 0);
  CHECK(recv(fd, request, 6, MSG_WAITALL) == 6);
  CHECK(hangup_reset(client, NULL, &error) == 0);
  CHECK(recv(fd, request, sizeof request, 0) == -1 && errno == ECONNRESET);
  close(fd);
  close(server);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
  return 0;
}
