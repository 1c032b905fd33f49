/*
 * shop_fetch: many chunks of a store beside Steam at once: threads that fetch, open, check and put, each over a connection that it keeps. What
 * a store's chunks are and where they lie, the site says. A chunk is tried up to SHOP_FETCH_TRIES times, at one server after the other, with
 * a pause between (as long as Retry-After says, else doubling). 401 and 403 end the round: `renew` is called once by the caller's thread, and
 * what is missing is fetched anew.
 */
#pragma once

#include "agent/action_run.h"
#include "agent/content/content.h"
#include "base/buf.h"
#include "io/lock.h"

#define SHOP_FETCH_TRIES   7
#define SHOP_FETCH_THREADS 16
#define SHOP_FETCH_URL     4096 /* bytes of an address */
#define SHOP_FETCH_RANGE   64

/*
 * Content of kind epic: appName is APP, or NAMESPACE:CATALOG_ITEM:APP; platform is Windows unless it says another. docs/protocol/epic.md.
 */
extern const struct content_store epic_source;

struct shop_fetch_site {
	void *ctx;
	/* Any thread. The address of a chunk at server number `server`, from 0; a range of it, or "". False: there is no such server. */
	bool (*address)(
		void *ctx, uint32_t chunk, unsigned server, struct buf *url, char ret_range[SHOP_FETCH_RANGE]);
	size_t (*most)(void *ctx, uint32_t chunk); /* bytes that may come */
	/* Any thread: what is in it, checked. */
	enum rc (*open)(void *ctx, uint32_t chunk, const void *p, size_t n, struct buf *plain, struct fault *f);
	/* The caller's thread, when none other runs: the addresses are no longer accepted. NULL: nothing helps. */
	enum rc (*renew)(void *ctx, struct fault *f);
};

struct shop_fetch {
	struct action_task *task;
	struct shop_fetch_site site;
	struct lock lock; /* guards figures */
	struct content_figures figures;
};

void shop_fetch_init(struct shop_fetch *x, struct action_task *t, const struct shop_fetch_site *site);
void shop_fetch_done(struct shop_fetch *x);

/* As content_source_impl.fetch. */
must_check enum rc shop_fetch_run(struct shop_fetch *x, const struct content_run *r, struct fault *f);
void shop_fetch_figures(struct shop_fetch *x, struct content_figures *ret); /* any thread */
