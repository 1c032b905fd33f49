/* profile.set_privacy: reads how it is set, changes what is to be changed, and writes it all: Steam takes it only whole. */
#include "agent/actions/ask.h"
#include "agent/sessions_self.h"
#include "agent/web.h"
#include "model/action_account.h"
#include "wire/steam/web_account.h"

#include <inttypes.h>
#include <stdio.h>

extern const struct action_run profile_set_privacy;

static enum rc read_now(struct action_task *t, uint64_t steamid, struct web_privacy *ret, struct fault *f)
{
	char path[64];
	struct agent_web_answer a;
	struct agent_web_ask ask = { .site = WEB_COMMUNITY,
		.method = "GET",
		.path = path,
		.repeat = true,
		.lanes = (enum lane[]){ LANE_COMMUNITY_WEB },
		.lanes_n = 1,
		.pause_on_429 = LANE_COMMUNITY_WEB };

	snprintf(path, sizeof(path), "/profiles/%" PRIu64 "/edit/settings", steamid);
	enum rc rc = agent_web(t, &ask, &a, f);
	if (rc == RC_OK && a.status != 200)
		rc = fault_set(f, RC_AWAY, "the page of settings answers %d", a.status);
	return rc == RC_OK ? web_account_privacy_page(a.body, t->arena, ret, f) : rc;
}

static enum rc put(struct action_task *t, uint64_t steamid, const struct web_privacy *want, struct web_privacy *ret,
	struct fault *f)
{
	char path[64], referer[64], comments[16];
	const char *json = web_account_privacy_json(want, t->arena);
	struct agent_web_answer a;
	struct agent_web_ask ask = { .site = WEB_COMMUNITY,
		.method = "POST",
		.path = path,
		.form = (struct agent_web_pair[]){ { "Privacy", json }, { "eCommentPermission", comments }, { 0 } },
		.referer = referer,
		.repeat = true,
		.lanes = (enum lane[]){ LANE_COMMUNITY_WEB },
		.lanes_n = 1,
		.pause_on_429 = LANE_COMMUNITY_WEB };

	if (!json)
		return RC_NOMEM;
	snprintf(path, sizeof(path), "/profiles/%" PRIu64 "/ajaxsetprivacy/", steamid);
	snprintf(referer, sizeof(referer), "/profiles/%" PRIu64 "/edit/settings", steamid);
	snprintf(comments, sizeof(comments), "%u", want->comments);
	enum rc rc = agent_web(t, &ask, &a, f);
	return rc == RC_OK ? web_account_privacy_answer(a.body, a.body_n, ret, f) : rc;
}

/* Words are "unchanged" and then Steam's numbers, from 1; those of comments from 0. */
static int word_of(uint32_t v) { return v <= 3 ? (int)v : 0; }

static void show(const struct web_privacy *p, struct action_privacy *to)
{
	*to = (struct action_privacy){ .profile = word_of(p->profile),
		.inventory = word_of(p->inventory),
		.gifts = word_of(p->gifts),
		.owned_games = word_of(p->owned_games),
		.playtime = word_of(p->playtime),
		.friends_list = word_of(p->friends_list),
		.comments = p->comments <= 2 ? (int)p->comments + 1 : 0 };
}

static void change(uint32_t *to, int word)
{
	if (word > 0)
		*to = (uint32_t)word;
}

static void change_all(struct web_privacy *p, const struct action_privacy *want)
{
	change(&p->profile, want->profile);
	change(&p->inventory, want->inventory);
	change(&p->gifts, want->gifts);
	change(&p->owned_games, want->owned_games);
	change(&p->playtime, want->playtime);
	change(&p->friends_list, want->friends_list);
	if (want->comments > 0)
		p->comments = (uint32_t)want->comments - 1;
}

static enum rc look(struct action_task *t, uint64_t *ret_steamid, struct web_privacy *ret, struct fault *f)
{
	struct sessions_self self = { 0 };

	enum rc rc = ask_self(t, &self, f);
	*ret_steamid = self.steamid;
	return rc == RC_OK ? read_now(t, self.steamid, ret, f) : rc;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	struct action_privacy_result *to = out;
	struct web_privacy now = { 0 }, after = { 0 };
	uint64_t steamid;

	enum rc rc = look(t, &steamid, &now, f);
	if (rc != RC_OK)
		return rc;
	show(&now, &to->before);
	change_all(&now, in);
	rc = put(t, steamid, &now, &after, f);
	show(&after, &to->after);
	return rc;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	struct web_privacy now = { 0 };
	uint64_t steamid;

	enum rc rc = look(t, &steamid, &now, f);
	if (rc != RC_OK)
		return rc;
	change_all(&now, in);
	const char *json = web_account_privacy_json(&now, t->arena);
	return json ? ask_plan(t, plan, "set the privacy to %s, comments %u", json, now.comments) : RC_NOMEM;
}

const struct action_run profile_set_privacy = { .name = "profile.set_privacy", .run = run, .plan = plan };
