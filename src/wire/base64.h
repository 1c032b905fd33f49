/*
 * base64: both alphabets of RFC 4648. Reading is lenient where Steam is: white space is skipped, padding may be missing, the
 * bits after the last byte may be anything.
 */
#pragma once

#include "base/buf.h"
#include "base/own.h"

void base64_put(struct buf *to, const void *p, size_t n);     /* "+/", with padding */
void base64_put_url(struct buf *to, const void *p, size_t n); /* "-_", without padding (RFC 7515) */

/* Appends the bytes. False, and nothing appended, when it is not base64 of that alphabet; `to` may be bad besides. */
must_check bool base64_get(const char *s, size_t n, struct buf *to);
must_check bool base64_get_url(const char *s, size_t n, struct buf *to);

/* The same, but strict: there is one text for these bytes, and this is it (RFC 7515, RFC 4648 section 3.5). */
must_check bool base64_get_url_exact(const char *s, size_t n, struct buf *to);
