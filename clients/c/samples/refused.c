/* Nobody listens: ECONNREFUSED, until the listener is there again, at the same port. */
#include <hangup.h>

#include "peer.h"

int main(void) {
  hangup_error error;
  hangup_fixture *fixture = hangup_open(&error);
  if (fixture == NULL) return hangup_perror("open", &error), 1;
  hangup_listener *echo = hangup_listen(fixture, HANGUP_JSON({"state" : "REFUSING"}), &error);
  CHECK(echo != NULL);

  CHECK(connect_to(hangup_listener_host(echo), hangup_listener_port(echo)) == -1 && errno == ECONNREFUSED);
  CHECK(hangup_resume(echo, &error) == 0);
  int fd = connect_to(hangup_listener_host(echo), hangup_listener_port(echo));
  CHECK(fd >= 0);
  close(fd);
  CHECK(hangup_close(fixture, NULL, &error) == 0);
  return 0;
}
