/* RST: the next read fails with ECONNRESET. */
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

  hangup_receipt receipt;
  CHECK(hangup_reset(session, &receipt, &error) == 0);
  CHECK(receipt.local_end == HANGUP_RST && receipt.final);
  char byte;
  CHECK(recv(fd, &byte, 1, 0) == -1 && errno == ECONNRESET);
  close(fd);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
  return 0;
}
