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

struct arrival_piece {
	uint64_t offset;
	const void *bytes;
	size_t n;
};
struct arrival_state {
	uint64_t received;
	bool whole; /* it is in its place */
};

/*
 * Takes a piece. When more or less is here than before its offset, it is not taken: ret->received says where to go on. RC_INVALID: the whole
 * has not the hash; begin anew. RC_OVERLOADED: another piece of it is being taken, or the disk is full.
 */
must_check enum rc arrival_part_take(const struct arrival_part *p, const struct arrival_piece *piece,
	struct arrival_state *ret, struct fault *f);
