/*
 * arrival_part: a blob that comes in pieces, beside the store's blobs (DIR/arriving). Its hash runs along, and is kept with the part; so a
 * blob goes on after a restart of either end, and is never read again here. After a restart of the machine it begins anew: what was not
 * synced may be lost. Any thread.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arrival_part {
	const char *dir, *agent_id, *sha256; /* checked by the caller */
	uint64_t size;
};

/* So many bytes are here. */
must_check enum rc arrival_part_received(const struct arrival_part *p, uint64_t *ret, struct fault *f);

/*
 * Takes a piece that begins at `offset`. When more or less is here, it is not taken: *ret_received says where to go on. With the last one
 * the blob is in its place: *ret_whole. RC_INVALID: it has not the hash; begin anew. RC_OVERLOADED: another piece of it is being taken.
 */
must_check enum rc arrival_part_take(const struct arrival_part *p, uint64_t offset, const void *bytes, size_t n,
	uint64_t *ret_received, bool *ret_whole, struct fault *f);
