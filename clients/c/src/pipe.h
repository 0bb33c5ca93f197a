/* `hangup pipe`, one for the process: lines of JSON out and in. See docs/pipe.md. */
#ifndef HANGUP_PIPE_H
#define HANGUP_PIPE_H

#include <cjson/cJSON.h>

#include "hangup.h"

/* A call that is under way, or a stream. */
typedef struct hangup_exchange hangup_exchange;

/* Fills `error`, if there is one; a daemon's own error keeps its code and reason. */
void hangup_fail(hangup_error *error, const char *code, const char *reason, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Which pipe this is: another one after hangup_stop() and in a forked child. Starts it if need be; 0 and `error` when it cannot be started. */
unsigned long hangup_pipe_started(hangup_error *error);

/* Whether the pipe of that number is this process's own, and lives; else `error`. */
bool hangup_pipe_is_current(unsigned long pipe, hangup_error *error);

/*
 * Asks the pipe of that number, and waits for the reply: the whole line, for cJSON_Delete. Takes `request`, NULL for lack of memory
 * included. NULL, and `error`, when it is an error.
 */
cJSON *hangup_pipe_call(unsigned long pipe, const char *name, cJSON *request, hangup_error *error);

/* Begins a stream, and waits for its first line, for cJSON_Delete. */
cJSON *hangup_pipe_stream(unsigned long pipe, const char *name, cJSON *request, hangup_exchange **stream,
                          hangup_error *error);
/* The next line of a stream; of its end too ({"end":{}}). */
cJSON *hangup_pipe_next(hangup_exchange *stream, unsigned timeout_ms, hangup_error *error);
/* Gives up a stream. */
void hangup_pipe_cancel(hangup_exchange *stream);

#endif
