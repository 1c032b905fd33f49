/*
 * zpack: bytes in a zlib stream (RFC 1950), whole, with a limit on what may come out. Pure; libdeflate stands behind it.
 */
#pragma once

#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

bool zpack_is(const void *p, size_t n); /* it begins as a zlib stream does */

/* Appends what is in the stream. `size` is what it should have; 0: not known. RC_MALFORMED: broken, or another size. RC_TOO_LARGE:
 * over `most` bytes. *to keeps what it had on failure. */
must_check enum rc zpack_open(const void *p, size_t n, size_t size, size_t most, struct buf *to, struct fault *f);

/* Appends a stream. The same bytes make the same stream. RC_NOMEM, RC_TOO_LARGE. */
must_check enum rc zpack_write(const void *p, size_t n, struct buf *to, struct fault *f);
