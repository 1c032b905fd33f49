/*
 * json_put: writes a text as a JSON string. Bytes that are not UTF-8 become U+FFFD: what Steam sends may be anything, what we
 * print is always JSON.
 */
#pragma once

#include "base/buf.h"

void json_put_text(struct buf *to, const char *s, size_t n);
void json_put_hex(struct buf *to, const void *p, size_t n); /* "0a1b…" in quotes */
