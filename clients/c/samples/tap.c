/* Several tests in one program, printed as TAP: for prove, meson and others. Each has a fixture of its own on the one daemon. */
#include <hangup.h>

#include "peer.h"

static bool reset_is_econnreset(hangup_fixture *fixture, hangup_error *error) {
  char byte;
  hangup_listener *echo = hangup_listen(fixture, NULL, error);
  int fd = echo == NULL ? -1 : connect_to(hangup_listener_host(echo), hangup_listener_port(echo));
  hangup_session *session = fd < 0 ? NULL : hangup_accepted(echo, hangup_local_port(fd), error);
  bool as_asked = session != NULL && hangup_reset(session, NULL, error) == 0 && recv(fd, &byte, 1, 0) == -1 && errno == ECONNRESET;
  close(fd);
  return as_asked;
}

static bool close_is_eof(hangup_fixture *fixture, hangup_error *error) {
  char byte;
  hangup_listener *echo = hangup_listen(fixture, NULL, error);
  int fd = echo == NULL ? -1 : connect_to(hangup_listener_host(echo), hangup_listener_port(echo));
  hangup_session *session = fd < 0 ? NULL : hangup_accepted(echo, hangup_local_port(fd), error);
  bool as_asked = session != NULL && hangup_session_close(session, NULL, error) == 0 && recv(fd, &byte, 1, 0) == 0;
  close(fd);
  return as_asked;
}

int main(void) {
  static const struct {
    const char *name;
    bool (*run)(hangup_fixture *, hangup_error *);
  } tests[] = {{"a reset is ECONNRESET", reset_is_econnreset}, {"a close is EOF", close_is_eof}};
  int failed = 0;
  printf("1..2\n");
  for (int i = 0; i < 2; i++) {
    hangup_error error = {.message = "not as expected"};
    hangup_fixture *fixture = hangup_open(&error);
    bool passed = fixture != NULL && tests[i].run(fixture, &error);
    /* A step of a plan that never fired fails the test. */
    passed &= hangup_close(fixture, NULL, passed ? &error : NULL) == 0;
    printf("%sok %d - %s\n", passed ? "" : "not ", i + 1, tests[i].name);
    if (!passed) printf("# %s\n", error.message);
    failed += !passed;
  }
  /* The end of the program would do; so leak checkers see no thread that still reads. */
  hangup_stop();
  return failed == 0 ? 0 : 1;
}
