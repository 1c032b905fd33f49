/* cdn_run: what the client of content servers is told at the start, what is asked of cdn_chunks, and what can be read of it meanwhile. */
#pragma once

#include "model/chunk_error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct action_task;
struct log;
struct pace_job;
struct steam_content;

#define CDN_CONNECT_MS     5000
#define CDN_FIRST_MS       10000
#define CDN_IDLE_MS        15000
#define CDN_LAN_HOST       "lancache.steamcontent.com" /* it has a private address where there is such a cache */
#define CDN_LAN_MS         600000                      /* between two looks for it */
#define CDN_FILLED_MAX     4096
#define CDN_MANIFEST_BYTES (64u << 20) /* of one as it travels */
#define CDN_LOOK_MS        50          /* how often `stop` is asked */
#define CDN_STALL_MS       600000
#define CDN_CONCURRENCY    8
#define CDN_TIMES          240 /* SPREAD_PARTS of model/spread */

struct cdn_conf {
	struct steam_content *content; /* must outlive it */
	const struct log *log;
	const char *ca_file;    /* NULL: the system's alone; borrowed */
	const char *http_proxy; /* NULL: none; borrowed */
	const char *lan_host;   /* of a cache in the local network; NULL: CDN_LAN_HOST; "": none; borrowed */
	unsigned decoders;      /* threads that unpack; 0: one a core */
};

/* The calling thread, at least each CDN_LOOK_MS while chunks come, each second else: true ends it all, RC_CANCELED. */
typedef bool (*cdn_stop)(void *ctx);

/* A chunk that is wanted: as the manifest says. */
struct cdn_want {
	const uint8_t *sha; /* 20 bytes */
	uint32_t adler, size, packed;
	uint32_t of; /* number of its depot in the run */
};

/* A depot that chunks are of. */
struct cdn_of {
	uint32_t app, depot;
	const uint8_t *key; /* 32 bytes; not looked at without `put` */
};

#define CDN_TIMES 240 /* as many as model/spread has */

/* Zeroes to begin with; may be read by any thread at any time. */
struct cdn_stats {
	_Atomic uint64_t bytes_network; /* bodies that came, also those that were not used */
	_Atomic uint64_t bytes_plain;   /* checked and put */
	_Atomic uint64_t chunks;        /* the same */
	_Atomic uint64_t hits, misses;  /* what a cache in between told of its answers */
	_Atomic uint32_t tries, errors; /* requests; those that failed */
	_Atomic uint32_t errors_of[CHUNK_ERROR_KINDS];
	_Atomic uint32_t
		times[CDN_TIMES]; /* what good chunks took, by model/spread: without what `pace` made them wait */
};

static inline void cdn_stats_error(struct cdn_stats *s, enum chunk_error why)
{
	atomic_fetch_add(&s->errors, 1);
	atomic_fetch_add(&s->errors_of[why], 1);
}

struct cdn_run {
	struct action_task *task; /* whose session is asked for tokens; its cdn does the work */
	const struct cdn_of *of;  /* the depots of its chunks, which come side by side */
	const struct cdn_want *want;
	size_t n;
	/* Is given each chunk's checked bytes, on threads of the pool, several at once, each chunk once. false: it could not be kept; the run ends
	   RC_IO. NULL: what comes is counted and thrown away (its length is all that is checked). */
	bool (*put)(void *ctx, size_t i, const void *plain, size_t n);
	void (*came)(void *ctx, size_t n); /* bytes came over the network; threads that fetch. NULL: nobody cares */
	cdn_stop stop;                     /* NULL: nobody stops it */
	void *ctx;
	struct pace_job *pace; /* NULL: as fast as it goes */
	struct cdn_stats *stats;
	unsigned concurrency; /* 0: CDN_CONCURRENCY */
	uint32_t stall_ms;    /* without a checked byte for so long: RC_TIMEOUT, code stalled. 0: CDN_STALL_MS */
};
