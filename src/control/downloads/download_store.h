/*
 * download_store: the room that a download holds in the store, from the commit that admits it until it is over (artifacts/storage.h). What nobody
 * knows the size of holds a guess, and its agent may fetch no more than that; once the agent told the sizes, it holds what it needs.
 * Everything is in the row, which the caller keeps. On the writer.
 */
#pragma once

#include "control/downloads/download_row.h"

struct download_request;

#define DOWNLOAD_STORE_GUESS 268435456   /* bytes to hold at least of what nobody knows the size of */
#define DOWNLOAD_STORE_PART  32          /* or this part of what is left, when that is more */
#define DOWNLOAD_STORE_LEAST 2097152     /* less is no room */
#define DOWNLOAD_STORE_MOST  (1ll << 60) /* an agent that tells more is not believed */

struct download_store {
	int64_t bytes;     /* to hold; 0: there is no room now */
	int64_t max_bytes; /* its files may have so many then */
	int64_t needs;     /* as far as that is known: what it takes; 0: nobody knows */
	int64_t mark;      /* of the store: what needs more can never be had */
};

/* What it would hold if it were admitted now. `estimate`: bytes of its files; 0: nobody knows. */
must_check enum rc download_store_find(struct tx *tx, const struct download_row *d,
	const struct download_request *in, int64_t estimate, struct download_store *ret);

void download_store_hold(struct download_row *d, const struct download_store *s);

/* Its agent told how large it is: holds what it needs. *ret_short: there is not so much; it holds what it held. */
must_check enum rc download_store_learn(
	struct tx *tx, struct download_row *d, const struct action_download_progress *p, bool *ret_short);

/* It is over, or waits again. Nothing when it holds nothing. */
void download_store_release(const struct tx *tx, struct download_row *d);
