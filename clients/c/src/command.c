#define _POSIX_C_SOURCE 200809L
#include "command.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipe.h"

static const char blanks[] = " \t\r\n";

void hangup_command_free(char **words) {
  if (words == NULL) return;
  for (char **word = words; *word != NULL; word++) free(*word);
  free(words);
}

/* Adds a word of this length; false when there is no memory. */
static bool add(char ***words, size_t *count, const char *word, size_t length) {
  char **more = realloc(*words, (*count + 2) * sizeof *more);
  if (more == NULL) return false;
  *words = more;
  more[*count] = strndup(word, length);
  more[*count + 1] = NULL;
  return more[(*count)++] != NULL;
}

/* The words of a command line, split at blanks, and `pipe`. */
static char **split(const char *line) {
  char **words = NULL;
  size_t count = 0;
  for (line += strspn(line, blanks); *line != '\0'; line += strspn(line, blanks)) {
    size_t length = strcspn(line, blanks);
    if (!add(&words, &count, line, length)) goto failed;
    line += length;
  }
  if (add(&words, &count, "pipe", 4)) return words;
failed:
  hangup_command_free(words);
  return NULL;
}

static char **words_of(const char *program, const char *argument) {
  char **words = NULL;
  size_t count = 0;
  if (add(&words, &count, program, strlen(program)) &&
      (argument == NULL || add(&words, &count, argument, strlen(argument))) && add(&words, &count, "pipe", 4))
    return words;
  hangup_command_free(words);
  return NULL;
}

static bool is_program(const char *file) {
  struct stat status;
  return stat(file, &status) == 0 && S_ISREG(status.st_mode) && access(file, X_OK) == 0;
}

/* Whether the PATH has it; an empty entry is the working directory. */
static bool is_on_path(const char *name) {
  const char *path = getenv("PATH");
  char file[PATH_MAX];
  while (path != NULL) {
    size_t length = strcspn(path, ":");
    int size = length == 0 ? snprintf(file, sizeof file, "./%s", name)
                           : snprintf(file, sizeof file, "%.*s/%s", (int)length, path, name);
    if (size < (int)sizeof file && is_program(file)) return true;
    path = path[length] == ':' ? path + length + 1 : NULL;
  }
  return false;
}

/* What is installed in the working directory or one above it. */
static char **beside(void) {
  char folder[PATH_MAX], file[PATH_MAX + 32];
  if (getcwd(folder, sizeof folder) == NULL) return NULL;
  for (;;) {
    snprintf(file, sizeof file, "%s/node_modules/.bin/hangup", folder);
    if (is_program(file)) return words_of(file, NULL);
    snprintf(file, sizeof file, "%s/bin/hangup.cjs", folder);
    if (access(file, R_OK) == 0) return words_of("node", file);
    char *last = strrchr(folder, '/');
    if (last == NULL || folder[0] == '\0') return NULL;
    *last = '\0';
  }
}

char **hangup_command(hangup_error *error) {
  const char *given = getenv("HANGUP_COMMAND");
  char **words;
  if (given != NULL && given[strspn(given, blanks)] != '\0')
    words = split(given);
  else
    words = is_on_path("hangup") ? words_of("hangup", NULL) : beside();
  if (words == NULL)
    hangup_fail(error, "NOT_FOUND", "DAEMON_NOT_FOUND",
                "no hangup found: install it with npm (npm install --save-dev hangup), put it on the PATH, or set "
                "HANGUP_COMMAND to its command line");
  return words;
}
