/*
 * locked: memory for keys. It is not written to swap (mlock) nor into a core dump (MADV_DONTDUMP), is not there in a child
 * (MADV_WIPEONFORK), lies between two pages that nobody may touch, and is wiped before it is given back. Any thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Zeroes. *ret_held: it will stay out of swap; false when the limit of locked memory (RLIMIT_MEMLOCK) is too small, which the caller
 * warns of or refuses.
 */
must_check enum rc locked_new(size_t n, void **ret, bool *ret_held, struct fault *f);
void locked_free(void *p, size_t n); /* NULL: nothing. n: as it was asked for */

/* Keeps all memory of the process, now and later, out of swap. RC_DENIED: the limit is too small; the words say how to raise it. */
must_check enum rc locked_all(struct fault *f);
