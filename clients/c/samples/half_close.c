/* FIN one way: the end of the stream is read, and what is written still arrives. */
#include <hangup.h>

#include "peer.h"

int main(void) {
  hangup_error error;
  hangup_fixture *fixture = hangup_open(&error);
  if (fixture == NULL) return hangup_perror("open", &error), 1;
  hangup_listener *echo = hangup_listen(fixture, NULL, &error);
  CHECK(echo != NULL);

  int fd = connect_to(hangup_listener_host(echo), hangup_listener_port(echo));
  CHECK(fd >= 0);
  hangup_session *session = hangup_accepted(echo, hangup_local_port(fd), &error);
  CHECK(session != NULL);

  char byte;
  CHECK(hangup_half_close(session, NULL, &error) == 0);
  CHECK(recv(fd, &byte, 1, 0) == 0);
  CHECK(send(fd, "late", 4, MSG_NOSIGNAL) == 4);
  CHECK(hangup_wait(session, HANGUP_JSON({"bytesReceived" : 4}), &error) == 0);
  close(fd);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
  return 0;
}
