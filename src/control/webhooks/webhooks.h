/*
 * webhooks: tells endpoints of events. The event log is the source: each endpoint has a position in it, and the events after it
 * become delivery rows, one for each event, in a transaction. Rows are sent until they are answered by 2xx or their plan is over,
 * at least once, always with the same webhook-id; of one subject one after another. One control plane at a time does this.
 *
 * Lives on the loop thread; only webhooks_wake may come from elsewhere. Sending waits on threads of its own.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "flow/webhook.h"
#include "io/http_guard.h"
#include "wire/ip_block.h"

#include <stdatomic.h>

#define WEBHOOKS_MAX         200   /* endpoints */
#define WEBHOOKS_THREADS     16    /* deliveries on their way at once */
#define WEBHOOKS_BACKLOG_MAX 10000 /* deliveries of one endpoint that are not over: more events wait in the log */
#define WEBHOOKS_BODY_MAX    20480 /* bytes; a larger event is sent thin */
#define WEBHOOKS_ANSWER_MAX  65536 /* bytes of an answer that are read */
#define WEBHOOKS_ANSWER_KEEP 2048  /* and kept */
#define WEBHOOKS_TICK_MS     500
#define WEBHOOKS_PING        "webhook.ping"

struct webhooks_conf {
	const char *plan, *allow_private, *ports; /* texts: see flow/webhook, wire/ip_block, io/http_guard */
	const char *ca_file;                      /* NULL: the system's authorities alone */
	uint32_t timeout_ms, parallel;            /* of one attempt; deliveries of one endpoint at once */
	int64_t keep_ms,
		overlap_ms; /* a delivery that is over stays; a rotated secret is valid beside the new one */
};

/* The configuration, read. Does not change after the start. */
struct webhook_rules {
	struct webhook_plan plan;
	struct ip_block_list allow;
	struct http_guard guard;
	const struct webhooks_conf *conf;
};
must_check enum rc webhooks_rules(const struct webhooks_conf *conf, struct webhook_rules *ret, struct fault *f);

struct control;
struct webhooks;
must_check enum rc webhooks_new(struct control *c, struct webhooks **ret, struct fault *f);
/* Ends what is on its way within about a second; it is sent again by the next run. Before the writer ends. */
void webhooks_stop(struct webhooks *h);
void webhooks_free(struct webhooks *h);
OWN_DEFINE(webhooks)

void webhooks_wake(struct webhooks *h); /* any thread, NULL too: there are new events */
