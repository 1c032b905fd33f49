/*
 * resolve: a host's name to addresses, without making the loop wait: the system's resolver blocks, so a thread of the loop's own
 * asks it. Loop thread only.
 */
#pragma once

#include "io/loop.h"
#include "io/loop_lws.h"
#include "io/pool.h"

#define RESOLVE_ADDRESSES_MAX 4
#define RESOLVE_ADDRESS_MAX   48
#define RESOLVE_HOST_MAX      254

/* Embedded in its owner, who keeps it alive until `done` is called, and may give up interest but not the memory. */
struct resolve {
	struct pool_job ask;
	struct loop_job answer;
	struct loop *loop;
	void (*done)(struct resolve *r); /* on the loop; never before resolve_start returns */
	char host[RESOLVE_HOST_MAX];
	char addresses[RESOLVE_ADDRESSES_MAX][RESOLVE_ADDRESS_MAX];
	size_t addresses_n; /* 0: it failed */
	const char *why;    /* it did; static text */
};

/* RC_OVERLOADED when too many questions wait. A host that is an address already is its own answer. */
must_check enum rc resolve_start(
	struct loop *l, struct resolve *r, const char *host, void (*done)(struct resolve *r), struct fault *f);
