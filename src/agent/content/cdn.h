/*
 * cdn: fetches manifests and chunks from Steam's content servers: several servers at once, each asked as flow/cdn_choice says.
 * One for the agent; its downloads share the servers, what is known of them, and the threads that unpack.
 *
 * A run has threads of its own that fetch (libcurl, connections kept), and the agent's pool decrypts, unpacks, checks and puts. It holds at
 * most PIPELINE_BYTES beside the buffers of those threads. Source: product.md 5.9.3.
 */
#pragma once

#include "agent/content/steam_content.h"
#include "base/buf.h"

#include <stdatomic.h>

struct cdn;
struct log;
struct pace_job;

#define CDN_CONNECT_MS     5000
#define CDN_FIRST_MS       10000
#define CDN_IDLE_MS        15000
#define CDN_LAN_HOST       "lancache.steamcontent.com" /* it has a private address where there is such a cache */
#define CDN_LAN_MS         600000                      /* between two looks for it */
#define CDN_FILLED_MAX     4096
#define CDN_LOOK_MS        50 /* how often `stop` is asked */
#define CDN_STALL_MS       600000
#define CDN_CONCURRENCY    8
#define CDN_MANIFEST_BYTES (64u << 20) /* of one as it travels */

struct cdn_conf {
	struct steam_content *content; /* must outlive it */
	const struct log *log;
	const char *ca_file;    /* NULL: the system's alone; borrowed */
	const char *http_proxy; /* NULL: none; borrowed */
	const char *lan_host;   /* of a cache in the local network; NULL: CDN_LAN_HOST; "": none; borrowed */
	unsigned decoders;      /* threads that unpack; 0: one a core */
};

must_check enum rc cdn_new(const struct cdn_conf *conf, struct cdn **ret, struct fault *f);
void cdn_free(struct cdn *c); /* when no run is under way */
OWN_DEFINE(cdn)

/* The calling thread, at least each CDN_LOOK_MS while chunks come, each second else: true ends it all, RC_CANCELED. */
typedef bool (*cdn_stop)(void *ctx);

/*
 * Appends the manifest, not zipped any more, for manifest_read. The task's thread; servers are tried in turn. On failure t->code is one of
 * product.md 5.9.2 (not_found, access_denied, cdn_unavailable, integrity, ...).
 */
must_check enum rc cdn_manifest(struct action_task *t, const struct content_manifest *m, cdn_stop stop, void *ctx,
	struct buf *ret, struct fault *f);

/* A chunk that is wanted: as the manifest says. */
struct cdn_want {
	const uint8_t *sha; /* 20 bytes */
	uint32_t adler, size, packed;
};

/* Zeroes to begin with; may be read by any thread at any time. */
struct cdn_stats {
	_Atomic uint64_t bytes_network; /* bodies that came, also those that were not used */
	_Atomic uint64_t bytes_plain;   /* checked and put */
	_Atomic uint64_t chunks;        /* the same */
	_Atomic uint64_t hits, misses;  /* what a cache in between told of its answers */
	_Atomic uint32_t tries, errors; /* requests; those that failed */
};

struct cdn_run {
	struct action_task *task; /* whose session is asked for tokens; its cdn does the work */
	uint32_t app, depot;
	const uint8_t *key; /* 32 bytes; not looked at without `put` */
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

/* Blocks until all are put, or it was stopped, or failed: then t->code is one of product.md 5.9.2. */
must_check enum rc cdn_chunks(const struct cdn_run *r, struct fault *f);

/* Chunks and manifests come by way of a cache in the local network. Any thread. */
bool cdn_is_cached(struct cdn *c);
/* Was this manifest fetched before, to fill a cache? And from now on it was. What is remembered ends with the agent. Any thread. */
bool cdn_was_filled(struct cdn *c, uint32_t depot, uint64_t gid);
void cdn_fill(struct cdn *c, uint32_t depot, uint64_t gid);

struct cdn_rate {
	char host[CDN_CHOICE_HOST];
	uint64_t rate_bps; /* bits a second of one connection, moving average */
	uint32_t errors;
};
/* Those that were asked, the fastest first. Any thread. */
size_t cdn_rates(struct cdn *c, struct cdn_rate *ret, size_t max);
