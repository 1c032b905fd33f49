/* What the agents of the simulation can do: one action of each class, which asks lanes and fence as the real ones do. */
#include "agent/actions/actions.h"
#include "proof/sessions.h"

#include "agent/work.h"
#include "proof/check.h"
#include "proof/sim.h"

#include <string.h>

static enum rc ask(struct action_task *t, enum steam_word word, enum task_class class, enum steam_verdict *ret,
	struct fault *f)
{
	bool sent = false;
	check_begun(t->work->task.task_id, t->work->task.attempt);
	enum rc rc = sessions_say(t, word, class, ret, &sent, f);

	t->unknown = rc != RC_OK && sent && word == STEAM_ASK && class >= TASK_GUARDED;
	if (rc != RC_OK)
		return rc;
	if (*ret == STEAM_THROTTLED) {
		t->code = "steam_rate_limited";
		return fault_set(f, RC_LIMIT, "Steam throttled");
	}
	return *ret == STEAM_REFUSED ? fault_set(f, RC_REFUSED, "Steam refused") : RC_OK;
}

static enum rc list_run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	enum steam_verdict v;
	(void)in, (void)out;
	return ask(t, STEAM_ASK, TASK_READ, &v, f);
}

static enum rc add_run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	enum steam_verdict v;
	(void)in, (void)out;
	enum rc rc = task_lanes(t, (enum lane[]){ LANE_FRIENDS }, 1, f);
	if (rc == RC_OK)
		rc = ask(t, STEAM_ASK, TASK_IDEMPOTENT, &v, f);
	if (rc == RC_LIMIT && t->code)
		task_pause(t, LANE_FRIENDS, "rate_limited");
	return rc;
}

static enum rc message_run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	enum steam_verdict v;
	(void)in, (void)out;
	enum rc rc = task_effect(t, "say it", f);
	return rc == RC_OK ? ask(t, STEAM_ASK, TASK_ONCE, &v, f) : rc;
}

static enum rc remove_run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	enum steam_verdict v;
	(void)in, (void)out;
	enum rc rc = task_lanes(t, (enum lane[]){ LANE_STORE_WEB }, 1, f);
	sim_say("%s passed its lane: %s", t->work->key, rc_title(rc));
	if (rc == RC_OK)
		rc = task_effect(t, "remove it", f);
	sim_say("%s passed the fence: %s", t->work->key, rc_title(rc));
	return rc == RC_OK ? ask(t, STEAM_ASK, TASK_GUARDED, &v, f) : rc;
}

static enum rc remove_probe(struct action_task *t, const void *in, void *out, bool *ret_done, struct fault *f)
{
	enum steam_verdict v = STEAM_NOT_DONE;
	(void)in, (void)out;
	enum rc rc = ask(t, STEAM_PROBE, TASK_GUARDED, &v, f);
	*ret_done = rc == RC_OK && v == STEAM_DONE;
	return rc;
}

static const struct action_run friends_add = { .name = "friends.add", .run = add_run };
static const struct action_run friends_list = { .name = "friends.list", .run = list_run };
static const struct action_run friends_message = { .name = "friends.message", .run = message_run };
static const struct action_run licenses_remove = {
	.name = "licenses.remove", .run = remove_run, .probe = remove_probe
};

const struct action_run *const actions_all[] = { &friends_add, &friends_list, &friends_message, &licenses_remove,
	NULL };

const struct action_run *actions_find(const char *name)
{
	for (size_t i = 0; actions_all[i]; i++)
		if (!strcmp(actions_all[i]->name, name))
			return actions_all[i];
	return NULL;
}

size_t actions_names(const char **to, size_t most)
{
	size_t n = 0;

	for (; actions_all[n] && n < most; n++)
		to[n] = actions_all[n]->name;
	return n;
}
