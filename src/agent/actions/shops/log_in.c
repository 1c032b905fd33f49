/*
 * shops.log_in: the code that a person brings from Epic's or GOG's log-on page becomes the agent's login. A code counts once: when the answer is
 * lost, nobody sends it again, and a person brings another.
 */
#include "agent/actions/ask.h"
#include "agent/agent_conf.h"
#include "agent/shop_login.h"
#include "model/action_shops.h"

#include <stdio.h>
#include <string.h>

extern const struct action_run shops_log_in;

static enum rc find(const struct action_task *t, const char *store, struct shop_login **ret, struct fault *f)
{
	bool epic = !strcmp(store, "epic");

	if (!epic && strcmp(store, "gog") != 0)
		return fault_set(f, RC_INVALID, "store: is epic or gog");
	*ret = epic ? t->shops->epic : t->shops->gog;
	if (!*ret)
		return fault_set(f, RC_INVALID,
			"the agent has no client to log in with at %s: set its agent.%s_client_id and "
			"agent.%s_client_secret",
			store, store, store);
	return RC_OK;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_shop_log_in *want = in;
	struct action_shop_log_in_result *to = out;
	struct shop_login *login = NULL;
	struct hush code = { 0 };
	char effect[64];

	snprintf(effect, sizeof(effect), "log in at %.8s", want->store);
	enum rc rc = find(t, want->store, &login, f);
	if (rc == RC_OK)
		rc = hush_set(&code, want->code, strlen(want->code));
	if (rc == RC_OK)
		rc = task_lanes(t, (enum lane[]){ strcmp(want->store, "epic") ? LANE_GOG : LANE_EPIC }, 1, f);
	if (rc == RC_OK)
		rc = task_effect(t, effect, f);
	if (rc == RC_OK) {
		rc = shop_login_redeem(login, &code, t->deadline_ms, &t->unknown, f);
		t->code = rc == RC_DENIED ? "login_refused" : NULL;
	}
	hush_done(&code);
	*to = (struct action_shop_log_in_result){ want->store, rc == RC_OK && shop_login_renews(login) };
	return rc;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	const struct action_shop_log_in *want = in;
	struct shop_login *login = NULL;
	enum rc rc = find(t, want->store, &login, f);

	return rc == RC_OK ? ask_plan(t, plan, "log the agent in at %s", want->store) : rc;
}

const struct action_run shops_log_in = { .name = "shops.log_in", .run = run, .plan = plan };
