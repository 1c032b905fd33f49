/* offers.get: an offer, and where its items went: a trade gives them new ids, in no order, so only GetTradeStatus knows. */
#include "agent/actions/offers/econ.h"

extern const struct action_run offers_get;

static enum rc put_items(struct action_task *t, const struct web_asset *from, size_t n, struct field_list *ret)
{
	struct action_exchanged *to = arena_take(t->arena, (n + 1) * sizeof(*to));

	if (!to)
		return RC_NOMEM;
	for (size_t i = 0; i < n; i++)
		to[i] = (struct action_exchanged){ .asset_id = from[i].asset,
			.new_asset_id = from[i].new_asset,
			.new_context_id = from[i].new_context,
			.rollback_new_asset_id = from[i].rollback_asset,
			.app_id = from[i].app,
			.context_id = from[i].context };
	*ret = (struct field_list){ to, n };
	return RC_OK;
}

static enum rc put_exchange(struct action_task *t, const char *id, struct action_exchange *to, struct fault *f)
{
	struct agent_web_answer a;
	struct web_trade trade = { 0 };

	enum rc rc = econ_get(t, "GetTradeStatus", (struct agent_web_pair[]){ { "tradeid", id }, { 0 } }, &a, f);
	if (rc == RC_OK)
		rc = web_offers_trade(a.body, a.body_n, t->arena, &trade, f);
	if (rc != RC_OK || !trade.id)
		return rc;
	const char *status = web_offers_trade_status(trade.status);
	to->trade_id = trade.id;
	to->status = status ? status : arena_fmt(t->arena, "%u", trade.status);
	rc = put_items(t, trade.given, trade.given_n, &to->given);
	return rc == RC_OK ? put_items(t, trade.received, trade.received_n, &to->received) : rc;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_offer_get *want = in;
	struct action_offer_result *to = out;
	struct web_offer o;

	enum rc rc = econ_offer(t, want->offer_id, &o, f);
	if (rc == RC_OK)
		rc = econ_put(t, &o, &to->offer);
	return rc == RC_OK && o.trade ? put_exchange(t, o.trade, &to->exchange, f) : rc;
}

const struct action_run offers_get = { .name = "offers.get", .run = run };
