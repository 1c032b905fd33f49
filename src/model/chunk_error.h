/*
 * chunk_error: why a request for a chunk did not bring it, as agents count it and the metric depot_chunk_errors_total shows it: a short
 * list, so that no agent makes a name up. Pure.
 */
#pragma once

#include "base/field.h"
#include "base/rc.h"

#include <stdbool.h>
#include <stdint.h>

enum chunk_error {
	CHUNK_ERROR_BAD_HASH, /* it came, and is not what was promised: too long, too short, another hash */
	CHUNK_ERROR_CONNECT,  /* no connection, or it broke */
	CHUNK_ERROR_401,
	CHUNK_ERROR_403,
	CHUNK_ERROR_404, /* also 410 */
	CHUNK_ERROR_429,
	CHUNK_ERROR_5XX,
	CHUNK_ERROR_OTHER, /* another status */
	CHUNK_ERROR_TIMEOUT,
	CHUNK_ERROR_KINDS
};
extern const char *const chunk_error_words[]; /* "bad_hash", "http_403" ... */

/* Counts are an array of CHUNK_ERROR_KINDS numbers, by enum chunk_error, that grow while a run lasts. A member each, spelled as JSON is here: badHash, http403 ... */
extern const struct field chunk_error_fields[];

/* Of an answer that is not the chunk. */
enum chunk_error chunk_error_of_status(int status);
/* Of a request that had no answer, or none to its end. */
enum chunk_error chunk_error_of_rc(enum rc rc);

/* What came between two reports of a run. A report that has less of anything than the one before is the first of another run. */
void chunk_error_since(const uint32_t was[static CHUNK_ERROR_KINDS], const uint32_t is[static CHUNK_ERROR_KINDS],
	uint32_t ret[static CHUNK_ERROR_KINDS]);
