/*
 * The source steam.store_http: the store's api/appdetails, one app a request, as often as the lane store.web allows. It tells of the store's
 * page, not of builds. An answer that says nothing is no answer: the title is unknown.
 */
#include "agent/actions/titles/titles.h"

#include "agent/web.h"
#include "wire/steam/web_details.h"

#include <stdlib.h>
#include <string.h>

extern const struct titles_source titles_steam_store;

#define CALL_MS  15000u
#define BODY_MAX (2u << 20)
#define REFS_MAX 100

static void put_known(struct titles_poll *p, size_t at, const struct web_details *d)
{
	struct arena *a = p->task->arena;
	struct action_title_section *sections = arena_take(a, (d->sections_n + 1) * sizeof(*sections));

	for (size_t i = 0; sections && i < d->sections_n; i++)
		sections[i] =
			(struct action_title_section){ d->sections[i].name, arena_str(a, d->sections[i].sha1) };
	const struct action_title t = { .access = "public",
		.name = d->name,
		.kind = d->kind,
		.visibility = d->coming_soon ? "prerelease" : "released",
		.sections = { sections, sections ? d->sections_n : 0 } };
	titles_known(p, at, &t);
}

static void put(struct titles_poll *p, size_t at, uint32_t app, const struct agent_web_answer *said)
{
	struct web_details d;

	p->alive = true;
	if (said->status != 200) {
		titles_unknown(p, at, said->status == 403 ? TITLES_DENIED : TITLES_EMPTY, NULL);
		return;
	}
	switch (web_details_read(said->body, said->body_n, app, p->task->arena, &d)) {
	case WEB_DETAILS_KNOWN:
		put_known(p, at, &d);
		break;
	case WEB_DETAILS_EMPTY:
		titles_unknown(p, at, TITLES_EMPTY, NULL);
		break;
	case WEB_DETAILS_UNREADABLE:
		titles_unknown(p, at, TITLES_PARSE, NULL);
		break;
	}
}

/* RC_LIMIT, RC_TIMEOUT, RC_AWAY: this title and those after it are not answered. */
static enum rc ask(struct titles_poll *p, size_t at, struct fault *f)
{
	const struct agent_web_pair query[] = { { "appids", p->refs[at] }, { "cc", "us" }, { "l", "english" },
		{ 0 } };
	const struct agent_web_ask how = { .site = WEB_STORE,
		.method = "GET",
		.path = "/api/appdetails",
		.query = query,
		.anonymous = true,
		.repeat = true,
		.pause_on_429 = LANE_STORE_WEB,
		.body_max = BODY_MAX };
	struct agent_web_answer said;
	const char *s = p->refs[at];
	size_t digits = strspn(s, "0123456789");
	unsigned long long id = digits && digits <= 10 && !s[digits] ? strtoull(s, NULL, 10) : 0;

	if (id == 0 || id > UINT32_MAX)
		return fault_set(f, RC_INVALID, "refs: %.30s is no id of an app", s);
	enum rc rc = task_lanes(p->task, (enum lane[]){ LANE_STORE_WEB }, 1, f);
	if (rc != RC_OK)
		return rc;
	struct action_task once = *p->task; /* one request has less time than the task */
	if (!titles_until(p, CALL_MS, &once.deadline_ms))
		return RC_TIMEOUT;
	p->calls++;
	rc = agent_web(&once, &how, &said, f);
	p->task->http = once.http;
	if (rc == RC_OK)
		put(p, at, (uint32_t)id, &said);
	p->alive = p->alive || rc == RC_LIMIT;
	return rc;
}

static enum rc run(struct titles_poll *p, struct fault *f)
{
	enum rc rc = RC_OK;

	for (size_t i = 0; i < p->n && rc == RC_OK; i++) {
		rc = ask(p, i, f);
		if (rc == RC_TOO_LARGE) {
			titles_unknown(p, i, TITLES_PARSE, NULL);
			rc = RC_OK;
		}
		if (rc == RC_OK)
			rc = titles_tell(p, f);
	}
	if (rc == RC_LIMIT)
		p->rest = TITLES_RATE_LIMITED;
	bool ends = rc == RC_LIMIT || rc == RC_TIMEOUT || (rc == RC_AWAY && p->alive);
	return ends ? RC_OK : rc;
}

const struct titles_source titles_steam_store = {
	.name = "steam.store_http", .run = run, .refs_max = REFS_MAX, .refs_max_metadata = REFS_MAX
};
