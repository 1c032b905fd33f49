#include "agent/actions/confirmations/mobile.h"

#include "agent/sessions_call.h"
#include "agent/web.h"
#include "wire/steam/guard.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECRET_BYTES 20 /* one that is not text */

/* What each request to mobileconf says of who asks. */
struct signature {
	char device[GUARD_DEVICE_ID], account[24], key[GUARD_KEY], time[24];
};

/* People give the secret as text; kept it may be bytes. */
static enum rc sign_with(const struct hush *kept, int64_t now_s, const char *tag, char ret[static GUARD_KEY])
{
	struct hush secret = { 0 };

	enum rc rc = guard_secret((const char *)kept->p, kept->n, &secret);
	if (rc == RC_INVALID && kept->n == SECRET_BYTES)
		rc = hush_set(&secret, kept->p, kept->n);
	if (rc == RC_OK)
		rc = guard_confirmation_key(&secret, now_s, tag, ret);
	hush_done(&secret);
	return rc;
}

static enum rc sign(struct action_task *t, const char *tag, struct signature *ret, struct fault *f)
{
	struct sessions_web web = { 0 };
	struct sessions_call c = { .want = SESSIONS_WEB,
		.account_id = t->account_id,
		.web = &web,
		.deadline_ms = t->deadline_ms,
		.scope = t->scope,
		.reads = t->reads };

	enum rc rc = sessions_do(t->sessions, &c, f);
	if (c.offline)
		t->code = "session_offline";
	if (rc == RC_OK && web.identity_secret.n == 0) {
		t->code = "no_identity_secret";
		rc = fault_set(f, RC_CONFLICT, "confirmations need the account's secret identity_secret");
	}
	if (rc == RC_OK && sign_with(&web.identity_secret, web.steam_now_s, tag, ret->key) != RC_OK) {
		t->code = "bad_identity_secret";
		rc = fault_set(f, RC_INVALID, "the account's identity_secret is neither base64 nor hexadecimal");
	}
	guard_device_id(web.steamid, ret->device);
	snprintf(ret->account, sizeof(ret->account), "%" PRIu64, web.steamid);
	snprintf(ret->time, sizeof(ret->time), "%" PRId64, web.steam_now_s);
	sessions_web_done(&web);
	return rc;
}

/* One page. Its signature may not be used again, so what agent_web would repeat is signed anew here, once. */
static enum rc get(struct action_task *t, const struct agent_web_ask *ask, const char *tag,
	const struct agent_web_pair more[3], struct agent_web_answer *ret, struct fault *f)
{
	enum rc rc = RC_OK;

	for (int i = 0; i < 2; i++) {
		struct signature s;
		rc = sign(t, tag, &s, f);
		if (rc != RC_OK)
			return rc;
		struct agent_web_pair query[] = { { "p", s.device }, { "a", s.account }, { "k", s.key },
			{ "t", s.time }, { "m", "react" }, { "tag", tag }, more[0], more[1], more[2], { 0 } };
		struct agent_web_ask once = *ask;
		once.query = query;
		rc = agent_web(t, &once, ret, f);
		hush_wipe(&s, sizeof(s));
		if (rc != RC_DENIED || !t->code || strcmp(t->code, "web_session_lost") != 0)
			break;
		if (i == 0)
			t->code = NULL;
	}
	if (rc == RC_OK && ret->status != 200)
		return fault_set(f, RC_AWAY, "the confirmations answer %d", ret->status);
	return rc;
}

enum rc mobile_list(struct action_task *t, struct web_confirmations *ret, struct fault *f)
{
	struct agent_web_answer a;
	const struct agent_web_ask ask = { .site = WEB_COMMUNITY,
		.method = "GET",
		.path = "/mobileconf/getlist",
		.lanes = (enum lane[]){ LANE_COMMUNITY_CONFIRM, LANE_COMMUNITY_CONFIRM_EGRESS },
		.lanes_n = 2,
		.pause_on_429 = LANE_COMMUNITY_CONFIRM };

	enum rc rc = get(t, &ask, "list", (struct agent_web_pair[3]){ { 0 } }, &a, f);
	return rc == RC_OK ? web_confirm_list(a.body, a.body_n, t->arena, ret, f) : rc;
}

enum rc mobile_respond(struct action_task *t, const struct web_confirmation *c, bool accept,
	struct mobile_answer *ret, struct fault *f)
{
	struct agent_web_answer a = { 0 };
	const struct agent_web_ask ask = { .site = WEB_COMMUNITY,
		.method = "GET",
		.path = "/mobileconf/ajaxop",
		.lanes = (enum lane[]){ LANE_COMMUNITY_CONFIRM_EGRESS },
		.lanes_n = 1,
		.pause_on_429 = LANE_COMMUNITY_CONFIRM };
	const struct agent_web_pair more[3] = { { "op", accept ? "allow" : "cancel" }, { "cid", c->id },
		{ "ck", c->nonce } };

	*ret = (struct mobile_answer){ 0 };
	enum rc rc = get(t, &ask, accept ? "accept" : "reject", more, &a, f);
	ret->sent = a.sent;
	return rc == RC_OK ? web_confirm_answer(a.body, a.body_n, &ret->done, f) : rc;
}
