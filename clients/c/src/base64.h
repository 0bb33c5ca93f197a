/* Bytes as the JSON mapping of protobuf has them. */
#ifndef HANGUP_BASE64_H
#define HANGUP_BASE64_H

#include <stddef.h>

/* For free(); NULL when there is no memory. */
char *hangup_base64(const void *data, size_t size);
/* How many bytes were written into `buffer`, at most `size`. */
size_t hangup_unbase64(const char *text, void *buffer, size_t size);

#endif
