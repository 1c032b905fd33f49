/* titles.poll: what a store says of titles. The sources are the table; each is a file beside this one. */
#include "agent/actions/titles/titles.h"

#include "io/clock.h"
#include "wire/field_json.h"

#include <string.h>

extern const struct action_run titles_poll;
extern const struct titles_source titles_epic_catalog, titles_epic_launcher, titles_gog_content, titles_gog_product,
	titles_steam_pics, titles_steam_store, titles_steam_workshop;

#define TELL_MS    500u         /* between two progresses */
#define TELL_BYTES (512u << 10) /* of one; a message of the tunnel holds 1 MiB */
#define RESERVE_MS 2000u        /* of the task's time, to tell what it has */

static const struct titles_source *const sources[] = {
	&titles_epic_catalog,
	&titles_epic_launcher,
	&titles_gog_content,
	&titles_gog_product,
	&titles_steam_pics,
	&titles_steam_store,
	&titles_steam_workshop,
	NULL,
};

static void answer(struct titles_poll *p, size_t at, const struct action_title *t, const char *reason)
{
	struct action_title *to = &p->titles[at];

	if (to->status)
		return;
	if (t)
		*to = *t;
	to->ref = p->refs[at];
	to->status = reason ? "unknown" : "known";
	to->reason = reason;
	p->waiting[p->waiting_n++] = at;
}

void titles_known(struct titles_poll *p, size_t at, const struct action_title *t) { answer(p, at, t, NULL); }

void titles_unknown(struct titles_poll *p, size_t at, const char *reason, const struct action_title *t)
{
	answer(p, at, t, reason);
}

void titles_unknown_rest(struct titles_poll *p, const char *reason)
{
	for (size_t i = 0; i < p->n; i++)
		answer(p, i, NULL, reason);
}

bool titles_until(const struct titles_poll *p, uint32_t ms, uint64_t *ret_deadline_ms)
{
	uint64_t now = clock_mono_ms(), end = p->task->deadline_ms;

	if (end < now + RESERVE_MS + 1)
		return false;
	*ret_deadline_ms = now + ms < end - RESERVE_MS ? now + ms : end - RESERVE_MS;
	return true;
}

/* ---- progress ---- */

/* As many of those that wait as one message takes; one that is too long alone is told with the result only. */
static enum rc tell_some(struct titles_poll *p, const struct action_title *some, size_t n, struct fault *f)
{
	const struct action_titles_result so_far = {
		.titles = { (void *)some, n }, .calls = p->calls, .alive = p->alive
	};
	struct buf json = { 0 };

	field_json_encode(action_titles_poll.result, &so_far, &json);
	bool fits = !json.bad && json.n <= TELL_BYTES;
	enum rc rc = fits ? task_progress(p->task, buf_text(&json), f) : RC_OK;
	buf_done(&json);
	if (fits || n <= 1)
		return rc;
	rc = tell_some(p, some, n / 2, f);
	return rc == RC_OK ? tell_some(p, some + n / 2, n - n / 2, f) : rc;
}

enum rc titles_tell(struct titles_poll *p, struct fault *f)
{
	uint64_t now = clock_mono_ms();

	if (p->waiting_n == 0 || (p->told_ms && now < p->told_ms + TELL_MS))
		return RC_OK;
	struct action_title *some = arena_take(p->task->arena, p->waiting_n * sizeof(*some));
	if (!some)
		return RC_NOMEM;
	for (size_t i = 0; i < p->waiting_n; i++)
		some[i] = p->titles[p->waiting[i]];
	enum rc rc = tell_some(p, some, p->waiting_n, f);
	p->waiting_n = 0;
	p->told_ms = now;
	return rc;
}

/* ---- the action ---- */

static const struct titles_source *find(const char *name)
{
	for (size_t i = 0; sources[i]; i++)
		if (!strcmp(sources[i]->name, name))
			return sources[i];
	return NULL;
}

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_titles *want = in;
	struct action_titles_result *to = out;
	const struct titles_source *source = find(want->source);
	struct titles_poll p = {
		.task = t, .want = want, .refs = want->refs.at, .n = want->refs.n, .rest = TITLES_TIMEOUT
	};

	if (!source)
		return fault_set(f, RC_INVALID, "source: this agent has no %.40s", want->source);
	size_t max = want->metadata_only ? source->refs_max_metadata : source->refs_max;
	if (p.n > max)
		return fault_set(
			f, RC_INVALID, "refs: %s takes at most %zu at once, not %zu", source->name, max, p.n);
	p.titles = arena_take(t->arena, (p.n + 1) * sizeof(*p.titles));
	p.waiting = arena_take(t->arena, (p.n + 1) * sizeof(*p.waiting));
	if (!p.titles || !p.waiting)
		return RC_NOMEM;
	enum rc rc = source->run(&p, f);
	titles_unknown_rest(&p, p.rest);
	*to = (struct action_titles_result){ .titles = { p.titles, p.n }, .calls = p.calls, .alive = p.alive };
	return rc;
}

const struct action_run titles_poll = { .name = "titles.poll", .run = run };
