/*
 * cdn: fetches manifests and chunks from Steam's content servers: several servers at once, each asked as flow/cdn_choice says.
 * One for the agent; its downloads share the servers, what is known of them, and the threads that unpack.
 *
 * A run has threads of its own that fetch (libcurl, connections kept), and the agent's pool decrypts, unpacks, checks and puts. It holds at
 * most PIPELINE_BYTES beside the buffers of those threads. Source: product.md 5.9.3.
 */
#pragma once

#include "agent/content/cdn_run.h"
#include "agent/content/steam_content.h"
#include "base/buf.h"

struct cdn;

must_check enum rc cdn_new(const struct cdn_conf *conf, struct cdn **ret, struct fault *f);
void cdn_free(struct cdn *c); /* when no run is under way */
OWN_DEFINE(cdn)

/*
 * Appends the manifest, not zipped any more, for manifest_read. The task's thread; servers are tried in turn. On failure t->code is one of
 * product.md 5.9.2 (not_found, access_denied, cdn_unavailable, integrity, ...).
 */
must_check enum rc cdn_manifest(struct action_task *t, const struct content_manifest *m, cdn_stop stop, void *ctx,
	struct buf *ret, struct fault *f);

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
