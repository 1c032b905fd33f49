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

#define WEBHOOKS_MAX 200 /* endpoints */

struct control;
struct tx;
struct webhooks;

/* RC_INVALID: the configuration is malformed. */
must_check enum rc webhooks_new(struct control *c, struct webhooks **ret, struct fault *f);
/* Ends what is on its way within about a second; it is sent again by the next run. Before the writer ends. Takes NULL. */
void webhooks_stop(struct webhooks *h);
void webhooks_free(struct webhooks *h);
OWN_DEFINE(webhooks)

void webhooks_wake(struct webhooks *h); /* any thread, NULL too: there are new events */

/* May a webhook lead there, as far as can be told without asking for the name? RC_INVALID with what is wrong. Any thread. */
must_check enum rc webhooks_url(const struct control *c, const char *url, struct fault *f);

/* Forgets deliveries that are over for longer than they are kept, a part at a time. On the writer. */
must_check enum rc webhooks_sweep(struct tx *tx);
