/* fetch_ask: what a fetch is asked for, and where it may be; see fetch.h. */
#pragma once

#include "agent/content/fetch_plan.h"
#include "model/action_download.h"

#include <stdatomic.h>

#define FETCH_TELL_MS    500
#define FETCH_SYNC_BYTES (32u << 20) /* written and not synced: twice as much at most */
#define FETCH_SYNC_MS    5000
#define FETCH_STALL_S    600
#define FETCH_CHECKS_MAX 3 /* how often bad files are fetched anew */

struct content_match;
struct fetch_home;
struct pace_job;

enum fetch_state {
	FETCH_RESOLVING,
	FETCH_ALLOCATING,
	FETCH_DOWNLOADING,
	FETCH_VERIFYING,
	FETCH_PACKAGING,
	FETCH_PUBLISHING,
};
extern const char *const fetch_words[];

struct fetch_ask {
	struct fetch_home *home;
	struct content_source *source; /* opened */
	struct content_match *match;
	const char *base_content; /* NULL: none is named */
	uint32_t concurrency;     /* 0: 8 */
	uint32_t stall_s;         /* 0: FETCH_STALL_S */
	uint64_t max_bytes;       /* 0: no limit */
	const char *store;        /* folder of the control plane's; NULL: it is elsewhere */
	struct pace_job *pace;    /* NULL: none */
	struct arena *arena;
	const char **code; /* t->code: what is more exact than an rc */
	/* By a thread of fetch's, every FETCH_TELL_MS. Anything but RC_OK ends it all. */
	enum rc (*tell)(void *ctx, const struct action_download_progress *p);
	void *ctx;
};
