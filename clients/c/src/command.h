/* Which command starts the daemon: HANGUP_COMMAND, PATH, or what is installed beside the project. */
#ifndef HANGUP_COMMAND_H
#define HANGUP_COMMAND_H

#include "hangup.h"

/* The words of `<command> pipe`, ended by NULL, for hangup_command_free; NULL and `error` when there is none. */
char **hangup_command(hangup_error *error);
void hangup_command_free(char **words);

#endif
