// The physical limit: an echo server of one thread on epoll(7), commanded by lines on a second port.
//
//   listen        -> <id> <port>
//   reset <id>    -> <count>      RST (SO_LINGER 0, close) to each of its connections
//   delete <id>   -> <count>      the same, and the listener is gone
//   ping          -> pong
//
// Prints {"address":"127.0.0.1:<port>"} when commands are answered.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum kind { CONTROL_LISTENER, CONTROL, LISTENER, CONNECTION };

struct source {
  enum kind kind;
  int fd;
  int id;                           // of the listener
  struct source *next, *previous;   // the connections of a listener; `next` of a listener is its first
  char *pending;                    // what the peer did not take yet, or a line that is not complete
  size_t pending_bytes;
};

static int epoll_fd;
static int last_id;
static struct source *listeners[1 << 22];
static char buffer[65536];

static void check(int result, const char *what) {
  if (result >= 0) return;
  perror(what);
  exit(1);
}

static struct source *watch(enum kind kind, int fd) {
  struct source *source = calloc(1, sizeof *source);
  source->kind = kind;
  source->fd = fd;
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = source};
  check(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
  return source;
}

static void interest(struct source *source, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = source};
  check(epoll_ctl(epoll_fd, EPOLL_CTL_MOD, source->fd, &event), "epoll_ctl");
}

static struct source *listen_anywhere(enum kind kind, int *port) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  check(bind(fd, (struct sockaddr *)&address, length), "bind");
  check(listen(fd, 511), "listen");
  check(getsockname(fd, (struct sockaddr *)&address, &length), "getsockname");
  *port = ntohs(address.sin_port);
  return watch(kind, fd);
}

// Frees what epoll_wait may already have told of: so the sources of one turn are freed after it.
static struct source *garbage;

static void end(struct source *connection, int by_rst) {
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  if (by_rst) setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(connection->fd);
  connection->fd = -1;
  if (connection->previous) connection->previous->next = connection->next;
  if (connection->next) connection->next->previous = connection->previous;
  free(connection->pending);
  connection->pending = NULL;
  connection->next = garbage;
  garbage = connection;
}

static int reset_all(struct source *listener) {
  int count = 0;
  for (; listener->next; count++) end(listener->next, 1);
  return count;
}

static int command(const char *line, char *reply) {
  int id = 0, port;
  if (strcmp(line, "ping") == 0) return sprintf(reply, "pong\n");
  if (strcmp(line, "listen") == 0) {
    struct source *listener = listen_anywhere(LISTENER, &port);
    listener->id = ++last_id;
    listeners[listener->id] = listener;
    return sprintf(reply, "%d %d\n", listener->id, port);
  }
  int is_reset = sscanf(line, "reset %d", &id) == 1;
  if (!is_reset && sscanf(line, "delete %d", &id) != 1) return sprintf(reply, "error: %s\n", line);
  struct source *listener = id > 0 && id <= last_id ? listeners[id] : NULL;
  if (!listener) return sprintf(reply, "error: no listener %d\n", id);
  int count = reset_all(listener);
  if (!is_reset) {
    end(listener, 0);
    listeners[id] = NULL;
  }
  return sprintf(reply, "%d\n", count);
}

static void serve_control(struct source *control) {
  if (!control->pending) control->pending = malloc(4096);
  ssize_t got = read(control->fd, control->pending + control->pending_bytes, 4096 - control->pending_bytes);
  if (got <= 0) return end(control, 0);
  control->pending_bytes += got;
  for (char *newline; (newline = memchr(control->pending, '\n', control->pending_bytes));) {
    char reply[4200];
    *newline = 0;
    int length = command(control->pending, reply);
    check(write(control->fd, reply, length), "write");
    control->pending_bytes -= newline + 1 - control->pending;
    memmove(control->pending, newline + 1, control->pending_bytes);
  }
}

static void echo(struct source *connection) {
  char *data = connection->pending ? connection->pending : buffer;
  ssize_t have = connection->pending ? (ssize_t)connection->pending_bytes : read(connection->fd, buffer, sizeof buffer);
  if (have <= 0) return end(connection, 0);
  ssize_t sent = write(connection->fd, data, have);
  if (sent < 0 && errno != EAGAIN) return end(connection, 0);
  if (sent < 0) sent = 0;
  if (sent < have) {
    if (!connection->pending) {
      connection->pending = malloc(sizeof buffer);
      interest(connection, EPOLLOUT);
    }
    memmove(connection->pending, data + sent, have - sent);
    connection->pending_bytes = have - sent;
  } else if (connection->pending) {
    free(connection->pending);
    connection->pending = NULL;
    interest(connection, EPOLLIN);
  }
}

static void accept_from(struct source *listener) {
  int fd = accept4(listener->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) return;
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct source *accepted = watch(listener->kind == LISTENER ? CONNECTION : CONTROL, fd);
  if (listener->kind != LISTENER) return;
  accepted->previous = listener;
  accepted->next = listener->next;
  if (listener->next) listener->next->previous = accepted;
  listener->next = accepted;
}

int main(void) {
  int port;
  signal(SIGPIPE, SIG_IGN);
  check(epoll_fd = epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
  listen_anywhere(CONTROL_LISTENER, &port);
  printf("{\"address\":\"127.0.0.1:%d\"}\n", port);
  fflush(stdout);
  for (;;) {
    struct epoll_event events[256];
    int count = epoll_wait(epoll_fd, events, 256, -1);
    for (int i = 0; i < count; i++) {
      struct source *source = events[i].data.ptr;
      if (source->fd < 0) continue;
      if (source->kind == CONNECTION) echo(source);
      else if (source->kind == CONTROL) serve_control(source);
      else accept_from(source);
    }
    for (struct source *next; garbage; garbage = next) {
      next = garbage->next;
      free(garbage);
    }
  }
}
