/*
 * feed: those who follow the event log. Lives on the loop thread; only feed_wake may come from elsewhere.
 *
 * A subscriber is LIVE when it has all events that were read so far: new ones are then written to it as they are read, once
 * for all. A new one, and one whose socket took too little, is behind: it gets pages from the log, one after another as its
 * socket drains, until it has caught up. So a slow subscriber costs its cursor and at most FEED_QUEUED_MAX bytes, and loses
 * nothing that the log still has. What the log has no more is told in-band (stream.gap), and so is another epoch (stream.reset).
 * Server-sent events and WebSockets are the same to it, see feed_line.
 */
#pragma once

#include "control/http/route.h"

#define FEED_QUEUED_MAX   65536 /* bytes that wait for one socket before it counts as behind */
#define FEED_TYPES_MAX    16
#define FEED_MARK_BYTES   256
#define FEED_PAGE         200 /* events of one page */
#define FEED_READS_MAX    4   /* pages read at once for those that are behind; the others wait their turn */
#define FEED_HEARTBEAT_MS 15000
#define FEED_SOCKET_PATH  "/v1/events/ws"

struct slice_event;

/* A stream in another's words: writes the event as it has it, or nothing. True: the stream ends behind it. Loop. */
typedef bool feed_say(struct buf *to, const struct slice_event *e);

/* What a subscriber wants. One block of memory, freed by free(). */
struct feed_wish {
	int64_t after;         /* position; -1: from now on */
	bool reset;            /* the cursor was of another epoch */
	const char *tenant_id; /* of which tenant; NULL: of none */
	const char *job_id;    /* NULL: any */
	const char *account_id, *region_id;
	const char *resource;           /* only events of this thing; NULL: any */
	const char *first_type, *first; /* a frame before all others: what is known so far, as JSON; NULL: none */
	feed_say *say;                  /* NULL: frames as feed_line has them */
	bool over;                      /* with `say`: nothing follows `first` */
	bool cloud;                     /* events in the envelope of cloud_event */
	_Alignas(16) char mark[FEED_MARK_BYTES]; /* whose stream it is: a struct cuts_mark, see feed_whose */
	uint64_t asked_ms;                       /* loop_now_ms before their credential was looked at */
	struct meters_pass *hold; /* it counts as one of their requests while it lives; NULL: no limits */
	size_t types_n;
	const char *types[FEED_TYPES_MAX];
	char texts[]; /* what the pointers point to */
};

struct control;
struct web_request;
bool feed_wants(const struct feed_wish *w, const struct slice_event *e);

/* Is the WebSocket's subprotocol among these? NULL: none. */
bool feed_speaks(const char *protocols);

/* A stream of what becomes of one thing (a ROUTE_STREAM of its own), after what is known of it now. */
struct feed_about {
	const char *resource;
	const char *const *types; /* patterns; end in NULL; at most FEED_TYPES_MAX */
	const char *first_type, *first;
	feed_say *
		say; /* NULL, or the words of the stream: `first` then stands as it is, and nothing says what the log has no more */
	bool over;
	int64_t after; /* the log's position before `first` was read, see feed_about_begin */
};
must_check enum rc feed_about_begin(
	struct call *c, struct feed_about *a); /* before anything of the thing is read */
must_check enum rc feed_about_open(struct call *c, const struct feed_about *a);

struct feed;
must_check enum rc feed_new(struct control *c, struct feed **ret_feed, struct fault *f);
void feed_free(struct feed *f);
OWN_DEFINE(feed)

void feed_wake(struct feed *f); /* any thread: there are new events */

/* Takes the request and the wish over. */
void feed_open(struct feed *f, struct web_request *r, struct feed_wish *wish);
void feed_close_all(struct feed *f); /* at shutdown: tells subscribers to come back */

extern const struct route feed_routes[]; /* GET /v1/events, as a stream and as pages, and the WebSocket */
