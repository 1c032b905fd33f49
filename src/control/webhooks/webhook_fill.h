/*
 * webhook_fill: events become deliveries. An event has one delivery for each endpoint that wants it, whatever dies in between: the
 * rows and the endpoint's new position are one transaction. On the writer.
 */
#pragma once

#include "control/tx.h"

struct slice_event;
struct webhook_row;

#define WEBHOOK_FILL_PAGE 100 /* events that one endpoint takes at once */

#define WEBHOOK_PING "webhook.ping" /* type of the delivery by which somebody tries an endpoint */

/* Every enabled endpoint takes its next page. *ret_more: some endpoint has not reached the end of the log. */
must_check enum rc webhook_fill(struct tx *tx, bool *ret_more);

/* Events from `from` to `to` (positions, both included) are delivered again, or for the first time. *ret_n: how many. */
must_check enum rc webhook_fill_replay(
	struct tx *tx, const struct webhook_row *w, int64_t from, int64_t to, int64_t *ret_n);

/* A delivery that tests the endpoint; *ret_id is in the arena. */
must_check enum rc webhook_fill_ping(struct tx *tx, const struct webhook_row *w, const char **ret_id);

/* A delivery of trigger.fired, whatever types the endpoint asks for; payload: JSON. *ret_id is in the arena. */
must_check enum rc webhook_fill_fired(
	struct tx *tx, const struct webhook_row *w, const char *subject, const char *payload, const char **ret_id);

/* A delivery begins anew. On one that is not over, too: then it is due at once. */
must_check enum rc webhook_fill_again(struct tx *tx, const char *webhook_id, const char *id);
