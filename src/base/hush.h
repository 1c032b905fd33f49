/*
 * hush: a secret. It has no format and no copy but the ones made here, is wiped when done, and never goes into a log line:
 * there is no %s for it. `p` is for the one call that needs the bytes.
 */
#pragma once

#include "base/own.h"
#include "base/rc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HUSH_MAX 65536

struct hush {
	uint8_t *p;
	size_t n;
};

must_check enum rc hush_set(
	struct hush *h, const void *p, size_t n); /* wipes what was there; RC_TOO_LARGE past HUSH_MAX */
void hush_done(struct hush *h);
bool hush_same(const struct hush *h, const void *p, size_t n); /* in time that depends on n alone */
void hush_wipe(void *p, size_t n);                             /* of memory that is not a hush */
