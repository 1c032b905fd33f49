/*
 * live: follows one thing that has a stream of its own (…/events), over connections that come and go. Each connection begins with the
 * thing as it is: so nothing is missed when one breaks.
 */
#pragma once

#include "cli/cmd.h"
#include "cli/sse.h"

struct live {
	struct cmd *c;
	const char *path;  /* of the thing, without "/events"; borrowed for the call */
	uint64_t until_ms; /* clock_mono_ms; 0: as long as it takes */
	/* An event, its JSON as it came; not those of the stream itself. False: the thing is over. */
	bool (*on_event)(void *ctx, const char *type, struct json_t *j);
	void *ctx;
	/* Its own: */
	struct sse sse;
	bool over; /* on_event said so */
};

/* CLI_OK: it is over (l->over), or the time is. */
enum cli_exit live_follow(struct live *l);
