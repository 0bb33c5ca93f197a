/* FIN: what was sent is read, then the end of the stream. */
#include <hangup.h>

#include "peer.h"

int main(void) {
  hangup_error error;
  hangup_fixture *fixture = hangup_open(&error);
  if (fixture == NULL) return hangup_perror("open", &error), 1;
  hangup_listener *echo = hangup_listen(fixture, NULL, &error);
  CHECK(echo != NULL);

  int fd = connect_to(hangup_listener_host(echo), hangup_listener_port(echo));
  char buffer[100];
  CHECK(fd >= 0);
  CHECK(send(fd, "hello", 5, MSG_NOSIGNAL) == 5);
  CHECK(recv(fd, buffer, 5, MSG_WAITALL) == 5);

  hangup_session *session = hangup_accepted(echo, hangup_local_port(fd), &error);
  CHECK(session != NULL);
  CHECK(hangup_session_close(session, NULL, &error) == 0);
  CHECK(recv(fd, buffer, sizeof buffer, 0) == 0);
  close(fd);

  hangup_receipt receipt;
  CHECK(hangup_wait_ended(session, &receipt, &error) == 0);
  CHECK(receipt.local_end == HANGUP_FIN && receipt.peer_end == HANGUP_FIN);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
  return 0;
}
