#include "base64.h"

#include <stdlib.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *hangup_base64(const void *data, size_t size) {
  const unsigned char *bytes = data;
  char *text = malloc((size + 2) / 3 * 4 + 1), *at = text;
  if (text == NULL) return NULL;
  for (size_t i = 0; i < size; i += 3) {
    size_t left = size - i;
    unsigned long group = (unsigned long)bytes[i] << 16 | (left > 1 ? (unsigned long)bytes[i + 1] << 8 : 0) |
                          (left > 2 ? (unsigned long)bytes[i + 2] : 0);
    *at++ = digits[group >> 18];
    *at++ = digits[group >> 12 & 63];
    *at++ = left > 1 ? digits[group >> 6 & 63] : '=';
    *at++ = left > 2 ? digits[group & 63] : '=';
  }
  *at = '\0';
  return text;
}

size_t hangup_unbase64(const char *text, void *buffer, size_t size) {
  unsigned char *bytes = buffer;
  size_t used = 0;
  unsigned long group = 0;
  int bits = 0;
  for (const char *digit; *text != '\0' && (digit = strchr(digits, *text)) != NULL && used < size; text++) {
    group = (group << 6 | (unsigned long)(digit - digits)) & 0xffffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[used++] = (unsigned char)(group >> bits & 0xff);
  }
  return used;
}
