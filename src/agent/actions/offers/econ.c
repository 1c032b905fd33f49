#include "agent/actions/offers/econ.h"

#include <stdio.h>

enum rc econ_get(struct action_task *t, const char *method, const struct agent_web_pair *query,
	struct agent_web_answer *ret, struct fault *f)
{
	char path[64];

	snprintf(path, sizeof(path), "/IEconService/%s/v1/", method);
	enum rc rc = agent_web(t,
		&(struct agent_web_ask){ .site = WEB_API,
			.method = "GET",
			.path = path,
			.query = query,
			.token = true,
			.repeat = true,
			.lanes = (enum lane[]){ LANE_ECON_API },
			.lanes_n = 1,
			.pause_on_429 = LANE_ECON_API },
		ret, f);
	if (rc != RC_OK || ret->status == 200)
		return rc;
	t->eresult = ret->eresult;
	return fault_set(f, RC_AWAY, "Steam's %s answers %d", method, ret->status);
}

enum rc econ_offer(struct action_task *t, const char *id, struct web_offer *ret, struct fault *f)
{
	struct agent_web_answer a;

	enum rc rc =
		econ_get(t, "GetTradeOffer", (struct agent_web_pair[]){ { "tradeofferid", id }, { 0 } }, &a, f);
	return rc == RC_OK ? web_offers_one(a.body, a.body_n, t->arena, ret, f) : rc;
}

static enum rc put_assets(struct action_task *t, const struct web_asset *from, size_t n, struct field_list *ret)
{
	struct action_asset *to = arena_take(t->arena, (n + 1) * sizeof(*to));

	if (!to)
		return RC_NOMEM;
	for (size_t i = 0; i < n; i++)
		to[i] = (struct action_asset){ from[i].app, from[i].context, from[i].asset, from[i].amount };
	*ret = (struct field_list){ to, n };
	return RC_OK;
}

enum rc econ_put(struct action_task *t, const struct web_offer *o, struct action_offer *ret)
{
	static const char *const methods[] = { "none", "email", "mobile" };
	const char *state = web_offers_state(o->state);

	*ret = (struct action_offer){ .offer_id = o->id,
		.message = o->message,
		.state = state ? state : arena_fmt(t->arena, "%u", o->state),
		.partner = o->partner,
		.ours = o->ours,
		.created_ms = o->created_ms,
		.updated_ms = o->updated_ms,
		.expires_ms = o->expires_ms,
		.escrow_end_ms = o->escrow_end_ms,
		.confirmation = methods[o->confirmation <= 2 ? o->confirmation : 0],
		.trade_id = o->trade,
		.glitched = o->glitched };
	if (!ret->state)
		return RC_NOMEM;
	enum rc rc = put_assets(t, o->give, o->give_n, &ret->give);
	return rc == RC_OK ? put_assets(t, o->receive, o->receive_n, &ret->receive) : rc;
}
