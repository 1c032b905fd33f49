/*
 * rewrap: what is sealed goes from under older keys of the vault to under the current one, a few rows at a time. What was found and sealed
 * anew by one thread (any, with a read connection) is put into the rows by the writer, unless they changed meanwhile. How far it is
 * stands in vault_rewraps, so it goes on after a kill. A table is done when a look at all of it finds nothing to move.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control;
struct store_conn;
struct tx;

#define REWRAP_ROWS 200 /* of one transaction */

enum rewrap_stage { REWRAP_MOVING, REWRAP_CHECKING, REWRAP_DONE };

struct rewrap_row {
	const char *kind, *owner, *name, *was, *now; /* now: NULL: it does not open */
	int64_t version;
};

struct rewrap_batch {
	const char *source;   /* the table; NULL: nothing is to be done */
	uint32_t number;      /* the key they are under now */
	const char *after[3]; /* where the look began */
	int64_t moved;        /* before it */
	enum rewrap_stage stage;
	struct rewrap_row *rows; /* in the arena */
	size_t n, broken;
};

/* The next rows to move, sealed anew under the current key. */
must_check enum rc rewrap_find(
	const struct control *c, struct store_conn *db, struct arena *a, struct rewrap_batch *ret, struct fault *f);

/* Puts them into their rows, and notes it. On the writer. */
must_check enum rc rewrap_apply(struct tx *tx, const struct rewrap_batch *b);

/* All tables are looked at anew. On the writer. */
must_check enum rc rewrap_again(struct tx *tx);

/* How many rows are under this key; KEYRING_BASE: under the one from before numbers. Looks at all of them. */
must_check enum rc rewrap_count(struct store_conn *db, uint32_t number, int64_t *ret, struct fault *f);

/* How many rows were moved since the current key is that, and is that all? */
must_check enum rc rewrap_progress(
	struct store_conn *db, uint32_t current, int64_t *ret_moved, bool *ret_done, struct fault *f);
