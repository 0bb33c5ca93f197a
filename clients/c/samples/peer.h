/* What the samples have of sockets: nothing of hangup is in here. */
#ifndef PEER_H
#define PEER_H

#include <arpa/inet.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* As assert(), also with NDEBUG. */
#define CHECK(fact) \
  ((fact) ? (void)0 : (fprintf(stderr, "%s:%d: not so: %s (errno: %s)\n", __FILE__, __LINE__, #fact, strerror(errno)), exit(1)))

/* A connected socket, or -1 with errno. A read that gets nothing for 5 s fails with EAGAIN. */
static inline int connect_to(const char *host, uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  struct timeval timeout = {.tv_sec = 5};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || inet_pton(AF_INET, host, &address.sin_addr) != 1) return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) return fd;
  int failure = errno;
  close(fd);
  errno = failure;
  return -1;
}

#endif
