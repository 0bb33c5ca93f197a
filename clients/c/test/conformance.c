/*
 * Runs the scenarios of test/conformance/scenarios with BSD sockets and libcurl, and prints what a C program sees, a line of JSON for each.
 *
 *   conformance <scenarios.json>
 */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <gnu/libc-version.h>
#include <hangup.h>
#include <stdarg.h>

#include "../samples/peer.h"

/* What is under way in one scenario. */
struct run {
  hangup_fixture *fixture;
  hangup_listener *listener;
  hangup_session *session;
  hangup_error error;
  int fd;
  int server;
  char outcome[256];
  char saw[1024];
};

static void result(struct run *run, const char *outcome, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  snprintf(run->outcome, sizeof run->outcome, "%s", outcome);
  vsnprintf(run->saw, sizeof run->saw, format, arguments);
  va_end(arguments);
}

/* An errno by its name; it is only asked for those that the scenarios can give. */
static const char *errno_name(int number) {
  switch (number) {
    case ECONNRESET: return "ECONNRESET";
    case ECONNREFUSED: return "ECONNREFUSED";
    case EPIPE: return "EPIPE";
    case ETIMEDOUT: return "ETIMEDOUT";
    case EAGAIN: return "EAGAIN";
    case EINPROGRESS: return "EINPROGRESS";
    case ENOTCONN: return "ENOTCONN";
    default: return "another errno";
  }
}

/* What perror() prints, and the name of the errno. A timeout of SO_RCVTIMEO is EAGAIN, one of SO_SNDTIMEO in connect is EINPROGRESS. */
static void failed(struct run *run, const char *call) {
  int number = errno;
  bool late = number == EAGAIN || number == EINPROGRESS || number == ETIMEDOUT;
  bool known = number == ECONNRESET || number == ECONNREFUSED || number == EPIPE;
  result(run, late ? "TIMEOUT" : known ? errno_name(number) : "OTHER", "%s: %s (%s)", call, strerror(number),
         errno_name(number));
}

static void told(struct run *run, bool done) {
  if (done)
    result(run, "OK", "0");
  else
    result(run, "OTHER", "%s (%s)", run->error.message, run->error.reason);
}

static void set_timeout(int fd, int option, const cJSON *step) {
  const cJSON *given = cJSON_GetObjectItem(step, "timeoutMs");
  long ms = given == NULL ? 5000 : (long)given->valuedouble;
  struct timeval timeout = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
  setsockopt(fd, SOL_SOCKET, option, &timeout, sizeof timeout);
}

/* The session of the connection. */
static hangup_session *session(struct run *run) {
  if (run->session == NULL && run->listener != NULL)
    run->session = hangup_accepted(run->listener, hangup_local_port(run->fd), &run->error);
  return run->session;
}

static void step_connect(struct run *run, const cJSON *step) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(hangup_listener_port(run->listener))};
  inet_pton(AF_INET, hangup_listener_host(run->listener), &address.sin_addr);
  run->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  set_timeout(run->fd, SO_SNDTIMEO, step);
  if (connect(run->fd, (struct sockaddr *)&address, sizeof address) == 0)
    result(run, "OK", "connect: 0");
  else
    failed(run, "connect");
}

static void step_write(struct run *run, const cJSON *step) {
  ssize_t sent = send(run->fd, step->valuestring, strlen(step->valuestring), MSG_NOSIGNAL);
  if (sent < 0)
    failed(run, "send");
  else
    result(run, "OK", "send: %zd", sent);
}

static void step_read(struct run *run, const cJSON *step) {
  static char buffer[65536];
  set_timeout(run->fd, SO_RCVTIMEO, step);
  ssize_t got = recv(run->fd, buffer, sizeof buffer, 0);
  if (got < 0) {
    failed(run, "recv");
    return;
  }
  char outcome[200] = "EOF";
  if (got > 0) snprintf(outcome, sizeof outcome, "DATA %.*s", (int)got, buffer);
  result(run, outcome, "recv: %zd", got);
}

static void step_perform(struct run *run, const cJSON *step) {
  char *action = cJSON_PrintUnformatted(step);
  told(run, session(run) != NULL && hangup_perform(run->session, action, NULL, &run->error) == 0);
  cJSON_free(action);
}

static void step_wait(struct run *run, const cJSON *step) {
  char *request = cJSON_PrintUnformatted(step);
  if (cJSON_HasObjectItem(step, "ordinal")) {
    cJSON *whole = cJSON_Duplicate(step, true);
    cJSON_AddStringToObject(whole, "listener", hangup_listener_name(run->listener));
    char *text = cJSON_PrintUnformatted(whole);
    char *reply = hangup_call(run->fixture, "waitSession", text, &run->error);
    told(run, reply != NULL);
    free(reply);
    cJSON_free(text);
    cJSON_Delete(whole);
  } else {
    told(run, session(run) != NULL && hangup_wait(run->session, request, &run->error) == 0);
  }
  cJSON_free(request);
}

struct body {
  char bytes[4096];
  size_t used;
};

static size_t take_body(char *bytes, size_t size, size_t count, void *into) {
  struct body *body = into;
  size_t length = size * count;
  if (body->used + length < sizeof body->bytes) {
    memcpy(body->bytes + body->used, bytes, length);
    body->used += length;
  }
  return length;
}

/* libcurl tells the errno of a failed connect as a number, of a failed read in words alone. */
static const char *http_outcome(CURL *curl, CURLcode code, const char *message) {
  static const int numbers[] = {ECONNRESET, EPIPE, ECONNREFUSED};
  long number = 0;
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (number == numbers[i] || strstr(message, strerror(numbers[i])) != NULL) return errno_name(numbers[i]);
  if (code == CURLE_OPERATION_TIMEDOUT) return "TIMEOUT";
  return code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE ? "EOF" : "OTHER";
}

static void step_http_get(struct run *run, const cJSON *step) {
  const cJSON *given = cJSON_GetObjectItem(step, "attempts");
  int attempts = given == NULL ? 1 : (int)given->valuedouble;
  char url[200];
  snprintf(url, sizeof url, "http://%s/", hangup_listener_address(run->listener));
  for (int attempt = 1; attempt <= attempts; attempt++) {
    struct body body = {.used = 0};
    char message[CURL_ERROR_SIZE] = "";
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    CURLcode code = curl_easy_perform(curl);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    char outcome[200];
    snprintf(outcome, sizeof outcome, "HTTP %ld %.*s", status, (int)body.used, body.bytes);
    if (code == CURLE_OK)
      result(run, outcome, "CURLE_OK");
    else
      result(run, http_outcome(curl, code, message), "curl_easy_perform: %d, %s: %s", code, curl_easy_strerror(code), message);
    curl_easy_cleanup(curl);
    if (code == CURLE_OK) return;
  }
}

static void step_serve(struct run *run) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  run->server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(run->server, (struct sockaddr *)&address, sizeof address) == 0 && listen(run->server, 5) == 0)
    result(run, "OK", "listen: 0");
  else
    failed(run, "listen");
}

static void step_dial(struct run *run) {
  char target[32];
  snprintf(target, sizeof target, "127.0.0.1:%d", hangup_local_port(run->server));
  run->session = hangup_dial(run->fixture, target, NULL, &run->error);
  told(run, run->session != NULL);
  if (run->session != NULL && (run->fd = accept(run->server, NULL, NULL)) < 0) failed(run, "accept");
}

static void step_close(struct run *run, bool reset) {
  struct linger linger = {.l_onoff = reset, .l_linger = 0};
  /* Its port is known no more afterwards. */
  told(run, session(run) != NULL);
  setsockopt(run->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(run->fd);
  run->fd = -1;
}

static void step_receipt(struct run *run) {
  hangup_receipt receipt;
  char outcome[64];
  if (session(run) == NULL || hangup_wait_ended(run->session, &receipt, &run->error) != 0) {
    told(run, false);
    return;
  }
  snprintf(outcome, sizeof outcome, "local %s, peer %s", hangup_end_name(receipt.local_end), hangup_end_name(receipt.peer_end));
  result(run, outcome, "%s", outcome);
}

static void perform_step(struct run *run, const cJSON *step) {
  const char *name = step->child->string;
  result(run, "OTHER", "no such step in this program: %s", name);
  if (strcmp(name, "connect") == 0) step_connect(run, step->child);
  if (strcmp(name, "write") == 0) step_write(run, step->child);
  if (strcmp(name, "read") == 0) step_read(run, step->child);
  if (strcmp(name, "perform") == 0) step_perform(run, step->child);
  if (strcmp(name, "wait") == 0) step_wait(run, step->child);
  if (strcmp(name, "httpGet") == 0) step_http_get(run, step->child);
  if (strcmp(name, "serve") == 0) step_serve(run);
  if (strcmp(name, "dial") == 0) step_dial(run);
  if (strcmp(name, "close") == 0) step_close(run, false);
  if (strcmp(name, "reset") == 0) step_close(run, true);
  if (strcmp(name, "receipt") == 0) step_receipt(run);
}

/* Ports change from run to run. */
static void hide_port(char *text, unsigned port) {
  char digits[8];
  int length = snprintf(digits, sizeof digits, "%u", port);
  char *at = port == 0 ? NULL : strstr(text, digits);
  if (at == NULL || length < 4) return;
  memmove(at + 4, at + length, strlen(at + length) + 1);
  memcpy(at, "PORT", 4);
}

static void print_line(cJSON *line) {
  char *text = cJSON_PrintUnformatted(line);
  puts(text);
  fflush(stdout);
  cJSON_free(text);
  cJSON_Delete(line);
}

/* False when it could not be run as it is meant. */
static bool run_scenario(const cJSON *scenario) {
  struct run run = {.fd = -1, .server = -1};
  bool as_meant = true;
  cJSON *line = cJSON_CreateObject();
  cJSON_AddStringToObject(line, "scenario", cJSON_GetObjectItem(scenario, "name")->valuestring);
  cJSON *steps = cJSON_AddArrayToObject(line, "steps");
  run.fixture = hangup_open(&run.error);
  if (run.fixture == NULL) {
    hangup_perror("open", &run.error);
    exit(1);
  }
  const cJSON *listener = cJSON_GetObjectItem(scenario, "listener");
  if (listener != NULL) {
    char *request = cJSON_PrintUnformatted(listener);
    run.listener = hangup_listen(run.fixture, request, &run.error);
    cJSON_free(request);
  }
  const cJSON *step;
  cJSON_ArrayForEach(step, cJSON_GetObjectItem(scenario, "steps")) {
    perform_step(&run, step);
    if (!cJSON_HasObjectItem(step, "expect")) {
      /* Not what is asked about, but what comes after it depends on it. */
      if (strcmp(run.outcome, "OK") != 0) {
        fprintf(stderr, "%s, %s: %s\n", cJSON_GetObjectItem(scenario, "name")->valuestring, step->child->string, run.saw);
        as_meant = false;
      }
      continue;
    }
    if (run.listener != NULL) hide_port(run.saw, hangup_listener_port(run.listener));
    cJSON *seen = cJSON_CreateObject();
    cJSON_AddStringToObject(seen, "step", step->child->string);
    cJSON_AddStringToObject(seen, "outcome", run.outcome);
    cJSON_AddStringToObject(seen, "saw", run.saw);
    cJSON_AddItemToArray(steps, seen);
  }
  if (run.fd >= 0) close(run.fd);
  if (run.server >= 0) close(run.server);
  if (hangup_close(run.fixture, NULL, &run.error) != 0) {
    hangup_perror(cJSON_GetObjectItem(scenario, "name")->valuestring, &run.error);
    as_meant = false;
  }
  print_line(line);
  return as_meant;
}

int main(int argc, char **argv) {
  FILE *file = argc == 2 ? fopen(argv[1], "r") : NULL;
  if (file == NULL) return fprintf(stderr, "usage: conformance <scenarios.json>\n"), 2;
  static char text[1 << 20];
  text[fread(text, 1, sizeof text - 1, file)] = '\0';
  fclose(file);
  cJSON *scenarios = cJSON_Parse(text);
  CHECK(cJSON_IsArray(scenarios));
  curl_global_init(CURL_GLOBAL_DEFAULT);
  char http[64], version[64];
  snprintf(http, sizeof http, "libcurl %s", curl_version_info(CURLVERSION_NOW)->version);
#ifdef __clang__
  snprintf(version, sizeof version, "Clang %d.%d, glibc %s", __clang_major__, __clang_minor__, gnu_get_libc_version());
#else
  snprintf(version, sizeof version, "GCC %d.%d, glibc %s", __GNUC__, __GNUC_MINOR__, gnu_get_libc_version());
#endif
  cJSON *head = cJSON_CreateObject();
  cJSON_AddStringToObject(head, "language", "c");
  cJSON_AddStringToObject(head, "version", version);
  cJSON_AddStringToObject(head, "sockets", "BSD sockets");
  cJSON_AddStringToObject(head, "http", http);
  print_line(head);
  bool as_meant = true;
  const cJSON *scenario;
  cJSON_ArrayForEach(scenario, scenarios) as_meant &= run_scenario(scenario);
  cJSON_Delete(scenarios);
  curl_global_cleanup();
  return as_meant ? 0 : 1;
}
