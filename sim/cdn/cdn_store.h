/* cdn_store: what cdn.c, cdn_lines.c and cdn_build.c share: depots with their chunks, and manifests. */
#pragma once

#include "base/map.h"
#include "sim/cdn/cdn_large.h"
#include "sim/cdn/cdn_limits.h"
#include "wire/steam/chunk.h"

#define CDN_PACKAGES_MAX 16
#define CDN_BRANCH_MAX   64
#define CDN_MADE_KEPT    32 /* boxes of chunks that were made, for those who ask again */

struct cdn_chunk {
	char id[2 * CHUNK_SHA + 1]; /* lower-case hex; its key in cdn_depot.chunks */
	struct buf box;             /* as it travels; empty: it is made */
	bool asked;                 /* once, at least */
	bool made;                  /* of the recipe, when it is asked for */
	enum chunk_kind kind;       /* then */
	struct cdn_recipe recipe;
};

/* A box that was made. */
struct cdn_made {
	const struct cdn_chunk *of;
	struct buf box;
};

struct cdn_depot {
	char text[12]; /* its number; its key in cdn.depots */
	uint32_t id, app;
	uint8_t key[CDN_KEY];
	uint32_t packages[CDN_PACKAGES_MAX];
	unsigned packages_n; /* 0: everybody may have it */
	bool token;          /* content servers want a CDN token */
	struct map chunks;   /* of struct cdn_chunk */
};

struct cdn_manifest {
	char text[40]; /* "DEPOT/GID"; its key in cdn.manifests */
	uint64_t gid;
	char branch[CDN_BRANCH_MAX];
	struct buf zip; /* as it travels */
};

struct cdn {
	struct map depots, manifests;
	size_t bytes; /* of all chunks that are kept */
	struct cdn_made made[CDN_MADE_KEPT];
	unsigned made_next;
	uint8_t *room; /* CDN_LARGE_CHUNK bytes, to make one in; NULL: none was made yet */
};

/* What a line of a world file asks for. Texts are borrowed. */
struct cdn_line {
	uint32_t id, app, time;
	uint64_t gid;
	const char *key, *dir, *generate, *large, *branch, *file;
	enum chunk_kind kind;
	bool clear, token;
	uint32_t packages[CDN_PACKAGES_MAX];
	unsigned packages_n;
};

/* A piece of a file. */
struct cdn_piece {
	const uint8_t *p;
	size_t n;
	enum chunk_kind kind;
	uint8_t sha[CHUNK_SHA]; /* out: its id */
	uint32_t packed;        /* out: bytes of its box */
};

/* The piece's box, packed and encrypted, into the depot unless it is there. */
must_check enum rc cdn_store_chunk(struct cdn *c, struct cdn_depot *d, struct cdn_piece *piece, struct fault *f);
/* The same of one that is made: *piece is filled, and only the recipe is kept. */
must_check enum rc cdn_store_recipe(
	struct cdn *c, struct cdn_depot *d, const struct cdn_recipe *how, struct cdn_piece *piece, struct fault *f);
/* The box of a chunk, made if need be: until some more are asked for. NULL: no memory. */
const struct buf *cdn_box(struct cdn *c, const struct cdn_depot *d, const struct cdn_chunk *chunk);
/* The same of bytes that are encrypted already; they are copied. */
must_check enum rc cdn_store_box(struct cdn *c, struct cdn_depot *d, const struct buf *box, struct fault *f);
must_check enum rc cdn_store_manifest(struct cdn *c, const struct cdn_depot *d, const struct cdn_line *how,
	const struct buf *plain, struct fault *f);

/* Makes the line's manifest and chunks, of its folder or of the dice. `folder` stands before how->dir. */
must_check enum rc cdn_build(
	struct cdn *c, struct cdn_depot *d, const struct cdn_line *how, const char *folder, struct fault *f);
