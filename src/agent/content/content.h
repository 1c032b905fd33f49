/*
 * content: what a source of content gives the engine: a listing of its files, each made of pieces of chunks, and the bytes of
 * chunks. Steam's depots, Epic, GOG and plain HTTP are sources; the engine (fetch.h) knows none of them.
 *
 *      open ─> list ─> engine: filter, plan, what is there already ─> fetch (many chunks, in parallel) ─> put, from any thread
 *
 * open, list, fetch and free are called by the task's own worker, one after the other. A source that fails says the code of
 * product.md 5.9.2 in t->code ("not_found", "no_license", "access_denied", "private", "rate_limited", "login_required",
 * "cdn_unavailable", "integrity"); without one it is the rc's own. An rc with rc_retry is tried again.
 *
 * A new store is a file with a `const struct content_store` and a row in stores.c.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/field.h"
#include "base/own.h"

#include <stdbool.h>
#include <stdint.h>

struct action_download;
struct action_download_server;
struct action_task;
struct pace_job;

#define CONTENT_FILES_MAX  2000000
#define CONTENT_CHUNKS_MAX 8000000
#define CONTENT_CHUNK_MAX  (16u << 20)         /* bytes of one chunk, unpacked */
#define CONTENT_BYTES_MAX  ((uint64_t)1 << 44) /* of all files: 16 TiB */
#define CONTENT_SUM_MAX    32
#define CONTENT_ERRORS     9 /* enum chunk_error */

/* What bytes are known by. CONTENT_NAMED: by no hash, but by a name that no other bytes have (a URL, its version and a range). */
enum content_hash { CONTENT_NAMED, CONTENT_MD5, CONTENT_SHA1, CONTENT_SHA256 };

struct content_sum {
	uint8_t kind;                /* enum content_hash */
	uint8_t at[CONTENT_SUM_MAX]; /* its first 32, 16, 20, 32 bytes; the others are 0 */
};

struct content_chunk {
	struct content_sum sum; /* of its bytes, unpacked; the same sum is the same chunk, which is fetched once */
	uint32_t size;          /* unpacked; 1 to CONTENT_CHUNK_MAX */
	uint32_t packed;        /* as it travels */
	uint32_t check;         /* the source's own: an Adler-32 … */
	uint32_t ref;           /* the same: a depot's number in its list … */
};

/* `n` bytes of a chunk, from its byte `from`, stand in the file at `at`. */
struct content_piece {
	uint64_t at;
	uint32_t chunk; /* number in content_listing.chunks */
	uint32_t from, n;
};

enum content_flag {
	CONTENT_FOLDER = 1,
	CONTENT_EXECUTABLE = 2,
	CONTENT_LINK = 4, /* a symbolic link to `link` */
};

struct content_file {
	const char *
		path; /* below the content's folder, as the store spells it, with / or \; what is no lawful path is refused */
	const char *link; /* of CONTENT_LINK; else NULL */
	uint64_t size;
	unsigned flags;
	bool summed; /* `sum` is known, and the whole file is checked against it */
	struct content_sum sum;
	struct content_piece *pieces; /* in any order; together they cover the file, once */
	uint32_t pieces_n;
};

struct content_listing {
	struct content_file *files;
	size_t files_n;
	struct content_chunk *chunks;
	size_t chunks_n;
	struct field_list
		made_of; /* of struct action_download_piece: depots and manifests, items; part of what it is known by */
	const char *
		line; /* what earlier and later builds of it share: "steam app 440 linux", for the delta. NULL: none */
};

/* What the engine wants, and how it is told. */
struct content_run {
	const struct content_listing *listing; /* the source's own, as `list` gave it */
	const uint32_t *want; /* numbers of chunks, no sum twice, in the order of the files that they are for */
	size_t n;
	uint32_t concurrency;  /* requests at once */
	uint32_t stall_s;      /* without a good chunk for so long the source ends: RC_TIMEOUT, code stalled */
	struct pace_job *pace; /* pace_wait before or after bytes; NULL: as fast as it goes */
	/*
	 * The chunk's bytes, whole and checked against its sum; any thread, several at once; want[i] is the chunk. False: the engine wants no
	 * more, and the source ends with RC_CANCELED. A chunk that was put is not put again.
	 */
	bool (*put)(void *ctx, size_t i, const void *plain, size_t n);
	/* Bytes came over the network, as they travel; any thread. So that a slow chunk is no stall. */
	void (*came)(void *ctx, size_t n);
	bool (*stop)(
		void *ctx); /* any thread, often (each 100 ms or so): true: end within a second, with RC_CANCELED */
	void *ctx;
};

/* Figures that are read while `fetch` runs, by another thread. */
struct content_figures {
	uint64_t bytes_network;
	uint32_t tries;                  /* requests that were made again */
	uint32_t errors[CONTENT_ERRORS]; /* by enum chunk_error */
	size_t servers_n;
	struct content_server {
		char host[128];
		uint64_t rate_bps;
		uint32_t errors;
	} servers[8];
};

struct content_source;

struct content_store {
	const char *kind; /* of action_download_source.kind */
	/* What is wanted is looked up: what `list` will give is settled then. `t` and `in` outlive the source. */
	enum rc (*open)(struct action_task *t, const struct action_download *in, struct content_source **ret,
		struct fault *f);
};

struct content_source_impl {
	/* Everything in the arena. A file may be left out by the engine's filter; of those no chunk is asked for. */
	enum rc (*list)(struct content_source *s, struct arena *a, struct content_listing *ret, struct fault *f);
	/* RC_OK: all were put. May be called again, with those that are missing. */
	enum rc (*fetch)(struct content_source *s, const struct content_run *r, struct fault *f);
	void (*figures)(struct content_source *s, struct content_figures *ret); /* any thread. NULL: none */
	void (*free)(struct content_source *s);
};

/* A source begins with it. */
struct content_source {
	const struct content_source_impl *impl;
};

static inline void content_source_free(struct content_source *s)
{
	if (s)
		s->impl->free(s);
}
OWN_DEFINE(content_source)

/* The store of a kind of source; NULL: none. */
const struct content_store *content_store_find(const char *kind);
