/*
 * fetch_plan: what of a source's listing is wanted, and where each chunk goes: every distinct chunk once, with all its places. Pure.
 * Everything lives in the arena; what it borrows of the listing lives as long as that.
 */
#pragma once

#include "agent/content/content.h"

#define FETCH_PLAN_KEY 32
#define FETCH_PLAN_HEX (2 * FETCH_PLAN_KEY + 1)

struct content_match;

struct fetch_place {
	uint64_t at;
	uint32_t file, from, n;
};

struct fetch_chunk {
	uint32_t listed; /* its number in the listing */
	uint32_t first;  /* of its places; they end where the next chunk's begin */
};

struct fetch_file {
	const char *path, *link; /* lawful (content_path) */
	const struct content_file *listed;
	uint64_t size;
	unsigned flags;
	uint32_t places; /* how many are in it */
};

struct fetch_plan {
	const struct content_listing *listing;
	struct fetch_file *files; /* sorted by path, without case */
	uint32_t files_n;
	struct fetch_chunk *chunks; /* in the order of the files; one more at the end, whose first is places_n */
	uint32_t chunks_n;
	struct fetch_place *places;
	uint32_t places_n;
	uint64_t bytes;  /* of all files */
	uint64_t packed; /* of all distinct chunks, as they travel */
	uint32_t real_files;
	uint8_t key[FETCH_PLAN_KEY]; /* the same tree, made of the same chunks, has the same */
	char hex[FETCH_PLAN_HEX];
};

/*
 * RC_INVALID: a path, link or collision of paths that is not allowed; RC_MALFORMED: pieces that do not make up their file; RC_MISSING:
 * nothing is wanted; RC_TOO_LARGE: over a limit of content.h.
 */
must_check enum rc fetch_plan_make(const struct content_listing *l, struct content_match *m, struct arena *a,
	struct fetch_plan *ret, struct fault *f);

/* Is the place all of the chunk? */
bool fetch_plan_is_whole(const struct fetch_plan *p, uint32_t chunk, const struct fetch_place *place);

static inline const struct content_chunk *fetch_plan_chunk(const struct fetch_plan *p, uint32_t chunk)
{
	return &p->listing->chunks[p->chunks[chunk].listed];
}
