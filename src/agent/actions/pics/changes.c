/* pics.changes: what changed in Steam's catalogue since a change number. */
#include "agent/action_run.h"
#include "agent/sessions_call.h"
#include "model/action_pics.h"

extern const struct action_run pics_changes;

static enum rc copy(struct arena *a, const struct steam_change *from, size_t n, struct field_list *ret)
{
	struct action_change *to = arena_take(a, (n + 1) * sizeof(*to));
	if (!to)
		return RC_NOMEM;
	for (size_t i = 0; i < n; i++)
		to[i] = (struct action_change){
			.id = from[i].id, .change_number = from[i].number, .needs_token = from[i].needs_token
		};
	*ret = (struct field_list){ to, n };
	return RC_OK;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_changes *want = in;
	struct action_changes_result *to = out;
	struct sessions_call c = { .want = SESSIONS_ASK,
		.ask = { .kind = STEAM_CALL_CHANGES, .since = want->since },
		.deadline_ms = t->deadline_ms,
		.scope = t->scope };

	enum rc rc = sessions_do(t->sessions, &c, f);
	auto_of(steam_call) struct steam_call *answer = c.answer;
	t->eresult = c.eresult;
	if (rc != RC_OK)
		return rc;
	const struct steam_changes *got = &answer->changes;
	to->current = got->current;
	to->since = want->since;
	to->gap = got->full_apps || got->full_packages;
	rc = copy(t->arena, got->apps, got->apps_n, &to->apps);
	return rc == RC_OK ? copy(t->arena, got->packages, got->packages_n, &to->packages) : rc;
}

const struct action_run pics_changes = { .name = "pics.changes", .run = run };
