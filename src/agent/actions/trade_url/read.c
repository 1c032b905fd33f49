/* trade_url.read: where others make the account an offer. */
#include "agent/actions/ask.h"
#include "agent/sessions_call.h"
#include "agent/sessions_conf.h"
#include "model/action_trade.h"
#include "proto/steam/trade.pb-c.h"
#include "wire/steam/steamid.h"

extern const struct action_run trade_url_read;

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	struct action_trade_url_result *to = out;
	CEconGetTradeOfferAccessTokenRequest m = CECON__GET_TRADE_OFFER_ACCESS_TOKEN__REQUEST__INIT;
	struct ask q = { .method = "Econ.GetTradeOfferAccessToken#1",
		.in = &m.base,
		.out = &cecon__get_trade_offer_access_token__response__descriptor };
	struct sessions_self self = { 0 };

	(void)in;
	m.has_generate_new_token = true; /* and false: the one there is */
	enum rc rc = ask_self(t, &self, f);
	if (rc == RC_OK)
		rc = ask_steam(t, &q, f);
	if (rc != RC_OK)
		return rc;
	const char *token = ((const CEconGetTradeOfferAccessTokenResponse *)q.got)->trade_offer_access_token;
	if (!token || !*token)
		return fault_set(f, RC_REFUSED, "Steam gives the account no trade URL");
	to->trade_url = arena_fmt(t->arena, "%s/tradeoffer/new/?partner=%u&token=%s",
		sessions_urls(t->sessions)->community, steamid_of(self.steamid).account, token);
	return to->trade_url ? RC_OK : RC_NOMEM;
}

const struct action_run trade_url_read = { .name = "trade_url.read", .run = run };
