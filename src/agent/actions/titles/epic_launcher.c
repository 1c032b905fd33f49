/*
 * The source epic.launcher: the builds of all that the agent's login has, a list for each platform. What is not in it the login does not
 * own.
 */
#include "agent/actions/titles/shop_poll.h"
#include "agent/agent_conf.h"
#include "agent/epic_ref.h"
#include "wire/epic_answers.h"

#include <string.h>

extern const struct titles_source titles_epic_launcher;

#define LIST_MAX (64u << 20) /* bytes of a list of assets */
#define CALL_MS  60000u
#define REFS_MAX 2000

static const struct epic_asset *find(const struct field_list *assets, const struct epic_ref *r)
{
	const struct epic_asset *at = assets->at;

	for (size_t i = 0; i < assets->n; i++)
		if (!strcmp(at[i].app, r->app) && !strcmp(at[i].item, r->item) && !strcmp(at[i].space, r->space))
			return &at[i];
	return NULL;
}

static enum rc ask(struct titles_poll *p, const char *platform, struct field_list *ret, struct fault *f)
{
	struct action_task *t = p->task;
	struct http_answer a = { 0 };
	const char *url = arena_fmt(
		t->arena, "%s/launcher/api/public/assets/%s?label=Live", t->shops->epic_launcher_url, platform);
	struct shop_web_ask how = { .url = url,
		.token = &t->shops->epic_token,
		.login = t->shops->epic,
		.lane = LANE_EPIC,
		.body_max = LIST_MAX };

	if (!url)
		return RC_NOMEM;
	if (!titles_until(p, CALL_MS, &how.deadline_ms))
		return fault_set(f, RC_TIMEOUT, "the time for the task is over");
	p->calls++;
	enum rc rc = shop_web_get(t, &how, &a, f);
	if (rc != RC_OK)
		return rc;
	p->alive = true;
	rc = a.status == 404 ? RC_MISSING : epic_answers_assets(a.body.p, a.body.n, t->arena, ret, f);
	http_answer_done(&a);
	return rc;
}

static void put(struct titles_poll *p, size_t at, const struct field_list *assets, const struct epic_ref *r)
{
	const struct epic_asset *asset = find(assets, r);
	struct action_title_branch *b = arena_take(p->task->arena, sizeof(*b));

	if (!asset || !b) {
		titles_unknown(p, at, asset ? TITLES_PARSE : TITLES_LICENSE, NULL);
		return;
	}
	if (!asset->version) {
		titles_unknown(p, at, TITLES_EMPTY, NULL);
		return;
	}
	*b = (struct action_title_branch){
		.name = "public", .os = r->platform, .build_id = asset->version, .version = asset->version
	};
	titles_known(p, at, &(struct action_title){ .branches = { b, 1 } });
}

/* All refs of the platform of ref `from`. */
static enum rc run_platform(struct titles_poll *p, const struct epic_ref *refs, size_t from, struct fault *f)
{
	struct field_list assets = { 0 };
	enum rc rc = ask(p, refs[from].platform, &assets, f);
	const char *why = rc == RC_OK ? NULL : shop_poll_reason(p->task, rc);

	if (rc != RC_OK && !why)
		return rc;
	p->alive = p->alive || rc == RC_DENIED || rc == RC_LIMIT;
	for (size_t i = from; i < p->n; i++) {
		if (p->titles[i].status || strcmp(refs[i].platform, refs[from].platform) != 0)
			continue;
		if (why)
			titles_unknown(p, i, why, NULL);
		else
			put(p, i, &assets, &refs[i]);
	}
	return titles_tell(p, f);
}

static enum rc run(struct titles_poll *p, struct fault *f)
{
	struct epic_ref *refs = arena_take(p->task->arena, (p->n + 1) * sizeof(*refs));
	enum rc rc = RC_OK;

	if (!refs)
		return RC_NOMEM;
	for (size_t i = 0; i < p->n; i++)
		if (!epic_ref_read(p->refs[i], p->task->arena, &refs[i]))
			return fault_set(
				f, RC_INVALID, "refs: %.60s is not NAMESPACE:CATALOG_ITEM:APP", p->refs[i]);
	for (size_t i = 0; rc == RC_OK && i < p->n; i++)
		if (!p->titles[i].status)
			rc = run_platform(p, refs, i, f);
	return rc;
}

const struct titles_source titles_epic_launcher = {
	.name = "epic.launcher", .run = run, .refs_max = REFS_MAX, .refs_max_metadata = REFS_MAX
};
