/* offers.list: the account's offers, page by page, the newest first. */
#include "agent/actions/offers/econ.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

extern const struct action_run offers_list;

#define PAGES_MAX  50
#define OFFERS_MAX 5000

enum { BOTH, SENT, RECEIVED }; /* of action_trade_direction_words */

static enum rc ask_page(struct action_task *t, const struct action_offers *want, uint32_t cursor,
	struct web_offers *ret, struct fault *f)
{
	char at[16], since[24];
	struct agent_web_answer a;
	struct agent_web_pair query[] = {
		{ "get_sent_offers", want->direction == RECEIVED ? "0" : "1" },
		{ "get_received_offers", want->direction == SENT ? "0" : "1" },
		{ "get_descriptions", "0" },
		{ "active_only", want->active_only ? "1" : "0" },
		{ "time_historical_cutoff", want->since_ms ? since : NULL },
		{ "cursor", at },
		{ 0 },
	};

	snprintf(at, sizeof(at), "%u", cursor);
	snprintf(since, sizeof(since), "%" PRId64, want->since_ms / 1000);
	enum rc rc = econ_get(t, "GetTradeOffers", query, &a, f);
	return rc == RC_OK ? web_offers_read(a.body, a.body_n, t->arena, ret, f) : rc;
}

static int newest_first(const void *a, const void *b)
{
	const struct action_offer *x = a, *y = b;
	return (x->created_ms < y->created_ms) - (x->created_ms > y->created_ms);
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	struct action_offers_result *result = out;
	struct action_offer *to = arena_take(t->arena, OFFERS_MAX * sizeof(*to));
	struct web_offers page = { 0 };
	size_t n = 0;
	unsigned pages = 0;

	if (!to)
		return RC_NOMEM;
	do {
		enum rc rc = ask_page(t, in, page.cursor, &page, f);
		if (rc != RC_OK)
			return rc;
		if (n + page.n > OFFERS_MAX || ++pages > PAGES_MAX)
			return fault_set(f, RC_TOO_LARGE, "over %d offers: ask for fewer by activeOnly and since",
				OFFERS_MAX);
		for (size_t i = 0; i < page.n; i++) {
			rc = econ_put(t, &page.at[i], &to[n++]);
			if (rc != RC_OK)
				return rc;
		}
	} while (page.cursor);
	qsort(to, n, sizeof(*to), newest_first);
	result->offers = (struct field_list){ to, n };
	return RC_OK;
}

const struct action_run offers_list = { .name = "offers.list", .run = run };
