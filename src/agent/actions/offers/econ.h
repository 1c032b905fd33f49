/* econ: IEconService, and what it answers in the shapes of model/action_trade. */
#pragma once

#include "agent/actions/ask.h"
#include "agent/web.h"
#include "model/action_trade.h"
#include "wire/steam/web_offers.h"

/* A GET of IEconService/METHOD/v1 by the account's token. RC_AWAY for a status that is not 200. */
must_check enum rc econ_get(struct action_task *t, const char *method, const struct agent_web_pair *query,
	struct agent_web_answer *ret, struct fault *f);
/* GetTradeOffer. RC_MISSING: it is no offer of this account. */
must_check enum rc econ_offer(struct action_task *t, const char *id, struct web_offer *ret, struct fault *f);
must_check enum rc econ_put(struct action_task *t, const struct web_offer *o, struct action_offer *ret);
