/*
 * escrow.check: how long Steam would hold the items of a trade with someone. IEconService says it of a friend, or of whose token is
 * known; otherwise the page of a new offer does, or says why there can be none.
 */
#include "agent/actions/offers/econ.h"
#include "agent/sessions_self.h"
#include "wire/steam/steamid.h"
#include "wire/steam/web_account.h"
#include "wire/steam/web_page.h"

#include <inttypes.h>
#include <stdio.h>

extern const struct action_run escrow_check;

#define DAY_S 86400

struct partner {
	uint64_t id;
	char token[17]; /* "": none */
};

static enum rc partner_of(const struct action_escrow *want, struct partner *ret, struct fault *f)
{
	uint32_t account = 0;

	*ret = (struct partner){ .id = want->steam_id };
	if ((want->steam_id != 0) == (want->trade_url != NULL))
		return fault_set(f, RC_INVALID, "partner: give either steamId or tradeUrl");
	if (want->trade_url && !web_page_trade_url(want->trade_url, &account, ret->token))
		return fault_set(f, RC_INVALID, "partner: tradeUrl is none");
	if (want->trade_url)
		ret->id = steamid_id64((struct steamid){ account, 1, STEAMID_INDIVIDUAL, STEAMID_PUBLIC });
	else if (want->token)
		snprintf(ret->token, sizeof(ret->token), "%s", want->token);
	if (steamid_of(ret->id).type != STEAMID_INDIVIDUAL)
		return fault_set(f, RC_INVALID, "partner: steamId is not that of a person");
	return RC_OK;
}

static enum rc by_api(
	struct action_task *t, const struct partner *p, struct action_escrow_result *to, struct fault *f)
{
	char id[24];
	struct agent_web_answer a;
	struct web_hold h = { 0 };
	struct agent_web_pair query[] = { { "steamid_target", id },
		{ "trade_offer_access_token", *p->token ? p->token : NULL }, { 0 } };

	snprintf(id, sizeof(id), "%" PRIu64, p->id);
	enum rc rc = econ_get(t, "GetTradeHoldDurations", query, &a, f);
	if (rc == RC_OK)
		rc = web_offers_hold(a.body, a.body_n, &h, f);
	if (rc != RC_OK)
		return rc;
	to->my_hold_days = (h.mine_s + DAY_S - 1) / DAY_S;
	to->their_hold_days = (h.theirs_s + DAY_S - 1) / DAY_S;
	return RC_OK;
}

static enum rc by_page(
	struct action_task *t, const struct partner *p, struct action_escrow_result *to, struct fault *f)
{
	char account[16];
	struct agent_web_answer a;
	struct agent_web_ask ask = { .site = WEB_COMMUNITY,
		.method = "GET",
		.path = "/tradeoffer/new/",
		.query = (struct agent_web_pair[]){ { "partner", account },
			{ "token", *p->token ? p->token : NULL }, { 0 } },
		.repeat = true,
		.lanes = (enum lane[]){ LANE_COMMUNITY_WEB },
		.lanes_n = 1,
		.pause_on_429 = LANE_COMMUNITY_WEB };

	snprintf(account, sizeof(account), "%u", steamid_of(p->id).account);
	enum rc rc = agent_web(t, &ask, &a, f);
	if (rc != RC_OK)
		return rc;
	const char **reason = arena_take(t->arena, sizeof(*reason));
	if (!reason)
		return RC_NOMEM;
	*reason = web_page_message(a.body, t->arena);
	if (*reason) {
		to->reasons = (struct field_list){ reason, 1 };
		return RC_OK;
	}
	if (!web_page_number(a.body, "g_daysMyEscrow", &to->my_hold_days) ||
		!web_page_number(a.body, "g_daysTheirEscrow", &to->their_hold_days))
		return fault_set(f, RC_AWAY, "the page of a new offer says nothing of holds (%d)", a.status);
	return RC_OK;
}

static enum rc read_probation(
	struct action_task *t, const struct partner *p, struct action_escrow_result *to, struct fault *f)
{
	char ids[48];
	struct sessions_self self = { 0 };
	struct agent_web_answer a;
	struct agent_web_ask ask = { .site = WEB_API,
		.method = "GET",
		.path = "/ISteamUser/GetPlayerBans/v1/",
		.query = (struct agent_web_pair[]){ { "steamids", ids }, { 0 } },
		.token = true,
		.repeat = true,
		.lanes = (enum lane[]){ LANE_ECON_API },
		.lanes_n = 1,
		.pause_on_429 = LANE_ECON_API };

	enum rc rc = ask_self(t, &self, f);
	snprintf(ids, sizeof(ids), "%" PRIu64 ",%" PRIu64, self.steamid, p->id);
	if (rc == RC_OK)
		rc = agent_web(t, &ask, &a, f);
	for (int i = 0; i < 2 && rc == RC_OK; i++) {
		struct web_bans b;
		rc = web_account_bans(a.body, a.body_n, i ? p->id : self.steamid, &b, f);
		if (rc == RC_OK)
			to->probation |= b.economy == WEB_ECONOMY_PROBATION;
		else if (rc == RC_MISSING)
			rc = RC_OK;
	}
	return rc;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	struct action_escrow_result *to = out;
	struct partner p;

	enum rc rc = partner_of(in, &p, f);
	if (rc != RC_OK)
		return rc;
	rc = by_api(t, &p, to, f);
	if (rc == RC_REFUSED)
		rc = by_page(t, &p, to, f);
	return rc == RC_OK ? read_probation(t, &p, to, f) : rc;
}

const struct action_run escrow_check = { .name = "escrow.check", .run = run };
