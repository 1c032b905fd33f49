/*
 * multi: many messages in one (number 1). CMsgMulti holds a run of (u32 length, message), gzipped when size_unzipped > 0.
 *
 * The messages that steam_multi_next gives are borrowed: from the arena when they were gzipped, else from the CMsgMulti's
 * copy, which is in the arena too. Source: steam-protocol facts 1.4.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"
#include "base/rd.h"

#define STEAM_MULTI_UNZIPPED_MAX (32u << 20) /* bytes that a gzip may unfold to */
#define STEAM_MULTI_COUNT_MAX    10000       /* messages in one Multi */

struct steam_multi {
	struct rd rest;
	unsigned taken;
};

/* `body` is the body of a frame with number 1. */
must_check enum rc steam_multi_open(
	const void *body, size_t n, struct arena *a, struct steam_multi *ret_multi, struct fault *f);

/* The next message; RC_MISSING after the last one, RC_MALFORMED when it is cut off. */
must_check enum rc steam_multi_next(struct steam_multi *m, const uint8_t **ret_p, size_t *ret_n, struct fault *f);

/* Appends one message to the run `to`. */
void steam_multi_add(struct buf *to, const void *p, size_t n);

/* Appends the body of a Multi (a CMsgMulti) that holds `run`; gzipped when `zip`. */
must_check enum rc steam_multi_write(struct buf *to, const struct buf *run, bool zip, struct fault *f);
