/* account.standing: bans by the Web API, limits as Steam told the session, its authenticator, and what of it keeps the account from
 * trading. Its conditions StandingClean and TradeReady say so from then on. */
#include "agent/actions/ask.h"
#include "agent/sessions_call.h"
#include "agent/sessions_self.h"
#include "agent/web.h"
#include "io/clock.h"
#include "model/action_account.h"
#include "proto/steam/account.pb-c.h"
#include "proto/steam/auth.pb-c.h"
#include "wire/steam/web_account.h"

#include <inttypes.h>
#include <stdio.h>

extern const struct action_run account_standing;

#define REASONS_MAX 6
#define YOUNG_S     INT64_C(604800) /* 7 days: trades of a newer authenticator are held */

static enum rc get(struct action_task *t, const char *path, const struct agent_web_pair *query,
	struct agent_web_answer *ret, struct fault *f)
{
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
	return fault_set(f, RC_AWAY, "%s answers %d", path, ret->status);
}

static enum rc read_web(
	struct action_task *t, uint64_t steamid, struct web_bans *bans, uint32_t *ret_level, struct fault *f)
{
	char id[24];
	struct agent_web_answer a;

	snprintf(id, sizeof(id), "%" PRIu64, steamid);
	enum rc rc = get(
		t, "/ISteamUser/GetPlayerBans/v1/", (struct agent_web_pair[]){ { "steamids", id }, { 0 } }, &a, f);
	if (rc == RC_OK)
		rc = web_account_bans(a.body, a.body_n, steamid, bans, f);
	if (rc == RC_OK)
		rc = get(t, "/IPlayerService/GetSteamLevel/v1/",
			(struct agent_web_pair[]){ { "steamid", id }, { 0 } }, &a, f);
	return rc == RC_OK ? web_account_level(a.body, a.body_n, ret_level, f) : rc;
}

/* NULL: it has one that is old enough. */
static enum rc read_authenticator(struct action_task *t, uint64_t steamid, const char **ret_why, struct fault *f)
{
	CTwoFactorStatusRequest in = CTWO_FACTOR__STATUS__REQUEST__INIT;
	struct ask q = { .method = "TwoFactor.QueryStatus#1",
		.in = &in.base,
		.out = &ctwo_factor__status__response__descriptor };

	in.has_steamid = 1;
	in.steamid = steamid;
	enum rc rc = ask_steam(t, &q, f);
	if (rc != RC_OK)
		return rc;
	const CTwoFactorStatusResponse *m = (const CTwoFactorStatusResponse *)q.got;
	int64_t age_s = clock_wall_ms() / 1000 - (int64_t)m->time_created;
	bool young = m->time_created != 0 && age_s < YOUNG_S;
	*ret_why = m->state == 0 ? "no_authenticator" : young ? "authenticator_young" : NULL;
	return RC_OK;
}

/* The session's conditions follow; `reasons` are words of this file. */
static enum rc tell(
	struct action_task *t, const struct action_standing_result *r, const struct web_bans *b, struct fault *f)
{
	const char *const *reasons = r->reasons.at;
	struct sessions_call c = { .want = SESSIONS_STANDING,
		.account_id = t->account_id,
		.trade_why = r->reasons.n ? reasons[0] : "",
		.clean_why = b->vac                           ? "vac_ban"
			     : r->community                   ? "restricted"
			     : b->game_n > 0                  ? "game_ban"
			     : b->economy != WEB_ECONOMY_NONE ? "trade_ban"
							      : "",
		.deadline_ms = t->deadline_ms,
		.scope = t->scope,
		.reads = t->reads };
	enum rc rc = sessions_do(t->sessions, &c, f);
	if (c.offline)
		t->code = "session_offline";
	return rc;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	static const char *const words[] = { "none", "probation", "banned" };
	struct action_standing_result *to = out;
	const char **reasons = arena_take(t->arena, REASONS_MAX * sizeof(*reasons));
	struct sessions_self self = { 0 };
	struct web_bans b = { 0 };
	ProtobufCMessage *m = NULL;
	const char *authenticator = NULL;
	size_t n = 0;

	(void)in;
	enum rc rc = reasons ? ask_self(t, &self, f) : RC_NOMEM;
	if (rc == RC_OK && !self.limited.p)
		rc = fault_set(f, RC_AWAY, "Steam has not told the account's limits yet");
	if (rc == RC_OK)
		rc = pb_unpack(&cmsg_client_is_limited_account__descriptor, self.limited.p, self.limited.n,
			t->arena, &m, f);
	if (rc == RC_OK)
		rc = read_web(t, self.steamid, &b, &to->level, f);
	if (rc == RC_OK)
		rc = read_authenticator(t, self.steamid, &authenticator, f);
	if (rc != RC_OK)
		return rc;
	const CMsgClientIsLimitedAccount *l = (const CMsgClientIsLimitedAccount *)m;
	to->vac = b.vac;
	to->vac_bans = b.vac_n;
	to->game_bans = b.game_n;
	to->community = b.community || l->bis_community_banned;
	to->economy = words[b.economy];
	to->limited = l->bis_limited_account;
	if (to->limited)
		reasons[n++] = "limited";
	if (to->community)
		reasons[n++] = "community_ban";
	if (l->bis_locked_account)
		reasons[n++] = "locked";
	if (b.economy != WEB_ECONOMY_NONE)
		reasons[n++] = b.economy == WEB_ECONOMY_BANNED ? "trade_ban" : "trade_probation";
	if (authenticator)
		reasons[n++] = authenticator;
	to->reasons = (struct field_list){ reasons, n };
	to->trade_ready = n == 0;
	return tell(t, to, &b, f);
}

const struct action_run account_standing = { .name = "account.standing", .run = run };
