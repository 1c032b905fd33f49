/* confirmations.list: what waits for the account's mobile confirmation. */
#include "agent/actions/confirmations/mobile.h"
#include "model/action_trade.h"

extern const struct action_run confirmations_list;

enum { ALL, TRADES, MARKET }; /* of action_trade_confirmation_words */

static bool is_wanted(int want, uint32_t type)
{
	return want == ALL || (want == TRADES ? type == WEB_CONFIRM_TRADE : type == WEB_CONFIRM_MARKET);
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_confirmations *want = in;
	struct action_confirmations_result *result = out;
	struct web_confirmations all = { 0 };

	enum rc rc = mobile_list(t, &all, f);
	if (rc != RC_OK)
		return rc;
	struct action_confirmation *to = arena_take(t->arena, (all.n + 1) * sizeof(*to));
	if (!to)
		return RC_NOMEM;
	result->confirmations.at = to;
	for (size_t i = 0; i < all.n; i++) {
		const struct web_confirmation *c = &all.at[i];
		if (is_wanted(want->type, c->type))
			to[result->confirmations.n++] = (struct action_confirmation){ .id = c->id,
				.creator_id = c->creator,
				.headline = c->headline,
				.type = web_confirm_type(c->type),
				.created_ms = c->created_ms };
	}
	return RC_OK;
}

const struct action_run confirmations_list = { .name = "confirmations.list", .run = run };
