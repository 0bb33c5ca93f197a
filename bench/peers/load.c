// The far end of the measures: raw sockets, so that what is counted is what the system calls gave.
//
//   load flood <port> <connections> <ms>    write 64 KiB chunks and read the echo, as fast as both go
//   load churn <port> <connections> <ms>    connect, echo 64 bytes, shutdown, read EOF, close; so many at a time
//   load hold <port> <connections>          open them and echo 64 bytes on each; tell; then tell how all of them ended
//
// Prints lines of JSON. Times are of CLOCK_MONOTONIC, in ns.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE = 64, CHUNK = 65536 };

struct connection {
  int fd;
  int echoed;           // bytes of the first message that came back
  unsigned long bytes;  // bytes read
  size_t offset;        // of the chunk that is being written
};

struct counts {
  unsigned long econnreset, eof, other;
  int last_other;  // its errno
};

static int epoll_fd, port;
static unsigned opened;
static char chunk[CHUNK], inbox[CHUNK];
static struct counts counts;

static long long now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static void fail(const char *what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  exit(1);
}

// Each from another address of 127.0.0.0/8 in turn: one address has 28,000 ports, and those in TIME_WAIT are taken.
static void open_connection(struct connection *connection) {
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000100 + opened++ % 200 + 1)};
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int on = 1;
  memset(connection, 0, sizeof *connection);
  connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (connection->fd < 0) fail("socket");
  setsockopt(connection->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (bind(connection->fd, (struct sockaddr *)&from, sizeof from) < 0) fail("bind");
  if (connect(connection->fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS) fail("connect");
  struct epoll_event event = {.events = EPOLLOUT, .data.ptr = connection};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, connection->fd, &event) < 0) fail("epoll_ctl");
}

static void interest(struct connection *connection, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = connection};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_MOD, connection->fd, &event) < 0) fail("epoll_ctl");
}

static void send_message(struct connection *connection) {
  if (write(connection->fd, chunk, MESSAGE) != MESSAGE) fail("write of the first message");
  interest(connection, EPOLLIN);
}

// Counts the ending and closes; false: it was data, or nothing yet.
static int ended(struct connection *connection, ssize_t got) {
  if (got > 0 || (got < 0 && errno == EAGAIN)) return 0;
  if (got == 0) counts.eof++;
  else if (errno == ECONNRESET) counts.econnreset++;
  else counts.other++, counts.last_other = errno;
  close(connection->fd);
  connection->fd = -1;
  return 1;
}

static void print_counts(void) {
  printf("\"econnreset\":%lu,\"eof\":%lu,\"other\":%lu,\"lastOther\":%d", counts.econnreset, counts.eof, counts.other,
         counts.last_other);
}

// One write and one read a turn for each connection: what is unfair is the other end.
static void flood(struct connection *connections, int count, long long ns) {
  for (int i = 0; i < count; i++) open_connection(&connections[i]);
  long long begin = now();
  for (struct epoll_event events[256]; now() - begin < ns;) {
    int ready = epoll_wait(epoll_fd, events, 256, 100);
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) {
        ssize_t sent = write(connection->fd, chunk + connection->offset, CHUNK - connection->offset);
        if (sent < 0 && errno != EAGAIN) fail("write");
        if (sent > 0) connection->offset = (connection->offset + sent) % CHUNK;
        if (connection->bytes == 0) interest(connection, EPOLLIN | EPOLLOUT);
      }
      if (events[i].events & EPOLLIN) {
        ssize_t got = read(connection->fd, inbox, CHUNK);
        if (got == 0 || (got < 0 && errno != EAGAIN)) fail("read");
        if (got > 0) connection->bytes += got;
      }
    }
  }
  printf("{\"ns\":%lld,\"bytes\":[", now() - begin);
  for (int i = 0; i < count; i++) printf("%s%lu", i ? "," : "", connections[i].bytes);
  printf("]}\n");
}

static void churn(struct connection *connections, int count, long long ns) {
  int open = count;
  long long begin = now(), end = begin;
  for (int i = 0; i < count; i++) open_connection(&connections[i]);
  for (struct epoll_event events[256]; open > 0;) {
    int ready = epoll_wait(epoll_fd, events, 256, 5000);
    if (ready == 0) break;
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) {
        send_message(connection);
        continue;
      }
      ssize_t got = read(connection->fd, inbox, CHUNK);
      if (ended(connection, got)) {
        end = now();
        if (end - begin < ns) open_connection(connection);
        else open--;
      } else if (got > 0 && (connection->echoed += got) >= MESSAGE) shutdown(connection->fd, SHUT_WR);
    }
  }
  printf("{\"ns\":%lld,\"unanswered\":%d,", end - begin, open);
  print_counts();
  printf("}\n");
}

// At most so many that are not answered: the backlog of a listener is limited, and a SYN that is lost comes again after 1 s.
enum { OPENING = 128 };

static void hold(struct connection *connections, int count) {
  int next = 0, answered = 0, over = 0;
  long long first = 0, last = 0;
  for (struct epoll_event events[256]; over < count;) {
    while (next < count && next - answered - over < OPENING) open_connection(&connections[next++]);
    int ready = epoll_wait(epoll_fd, events, 256, 120000);
    if (ready == 0) break;
    for (int i = 0; i < ready; i++) {
      struct connection *connection = events[i].data.ptr;
      if (events[i].events & EPOLLOUT) {
        send_message(connection);
        continue;
      }
      ssize_t got = read(connection->fd, inbox, CHUNK);
      if (ended(connection, got)) {
        last = now();
        if (!first) first = last;
        over++;
      } else if (got > 0 && (connection->echoed += got) == MESSAGE && ++answered == count) {
        printf("{\"open\":%d}\n", count);
        fflush(stdout);
      }
    }
  }
  printf("{\"firstNs\":%lld,\"lastNs\":%lld,\"unanswered\":%d,", first, last, count - over);
  print_counts();
  printf("}\n");
}

int main(int argc, char **argv) {
  if (argc < 4) return fprintf(stderr, "load: see its first lines\n"), 2;
  port = atoi(argv[2]);
  int count = atoi(argv[3]);
  long long ns = argc > 4 ? atoll(argv[4]) * 1000000LL : 0;
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  signal(SIGPIPE, SIG_IGN);
  memset(chunk, 'x', CHUNK);
  if ((epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0) fail("epoll_create1");
  struct connection *connections = calloc(count, sizeof *connections);
  if (strcmp(argv[1], "flood") == 0) flood(connections, count, ns);
  else if (strcmp(argv[1], "churn") == 0) churn(connections, count, ns);
  else if (strcmp(argv[1], "hold") == 0) hold(connections, count);
  else return 2;
  return 0;
}
