/* account.standing: bans by the Web API, limits as Steam told the session, and what of it keeps the account from trading. */
#include "agent/actions/ask.h"
#include "agent/sessions_self.h"
#include "agent/web.h"
#include "model/action_account.h"
#include "proto/steam/account.pb-c.h"
#include "wire/steam/web_account.h"

#include <inttypes.h>
#include <stdio.h>

extern const struct action_run account_standing;

#define REASONS_MAX 5

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

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	static const char *const words[] = { "none", "probation", "banned" };
	struct action_standing_result *to = out;
	const char **reasons = arena_take(t->arena, REASONS_MAX * sizeof(*reasons));
	struct sessions_self self = { 0 };
	struct web_bans b = { 0 };
	ProtobufCMessage *m = NULL;
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
	to->reasons = (struct field_list){ reasons, n };
	to->trade_ready = n == 0;
	return RC_OK;
}

const struct action_run account_standing = { .name = "account.standing", .run = run };
