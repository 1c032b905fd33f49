#include "sim/web/visit.h"

#include "sim/people.h"
#include "sim/stores/shop_pages.h"
#include "sim/web/content.h"
#include "sim/web/econ_controls.h"
#include "sim/web/pages.h"
#include "sim/web/people_controls.h"
#include "sim/web/titles_controls.h"

#include <stdio.h>
#include <string.h>

bool visit_may(struct ask *q, enum visit_kind kind, uint32_t max, uint32_t window_s)
{
	struct visit_count *counts = q->sim->visits.at, *mine = NULL;

	for (size_t i = 0; i < q->sim->visits.n && !mine; i++)
		if (counts[i].kind == (unsigned)kind && !strcmp(counts[i].ip, q->peer))
			mine = &counts[i];
	if (!mine && q->sim->visits.n < SIM_VISITS_MAX) {
		mine = &counts[q->sim->visits.n++];
		*mine = (struct visit_count){ .kind = kind };
		snprintf(mine->ip, sizeof(mine->ip), "%s", q->peer);
	}
	if (!mine)
		mine = &counts[0];
	if (q->now - mine->since >= window_s) {
		mine->since = q->now;
		mine->n = 0;
	}
	return ++mine->n <= max;
}

/* What the directory says, as an answer like the others. */
static struct directory_answer by_directory(struct directory *d, const struct ask *q, struct answer *a)
{
	struct directory_answer got;

	directory_answer(d, q->method, q->path, q->query_text, q->body, &got);
	a->status = got.status;
	a->type = got.type;
	a->body = got.body;
	a->latency_ms = got.latency_ms;
	a->drop = got.drop;
	if (got.extra_name)
		answer_header(a, got.extra_name, "%s", got.extra_value);
	got.body = (struct buf){ 0 };
	return got;
}

/* False: its site has no such page. */
static bool answered(struct ask *q, struct answer *a)
{
	if (q->site == ASK_CDN)
		return content_answer(q, q->query_text, a);
	return q->site == ASK_EPIC || q->site == ASK_GOG ? shop_pages(q, a) : pages_answer(q, a);
}

static struct directory_answer route(struct directory *d, struct ask *q, struct answer *a)
{
	static const char *const names[] = { [ASK_SELF] = "sim",
		[ASK_API] = "api",
		[ASK_COMMUNITY] = "community",
		[ASK_STORE] = "store",
		[ASK_LOGIN] = "login",
		[ASK_OTHER_SITE] = "other",
		[ASK_CDN] = "cdn",
		[ASK_EPIC] = "epic",
		[ASK_GOG] = "gog" };
	struct directory_answer nothing = { .act = DIRECTORY_NOTHING };

	if (q->site == ASK_SELF && !econ_controls_answer(q, a) && !people_controls_answer(q, a) &&
		!titles_controls_answer(q, a) && !shop_controls(q, a))
		return by_directory(d, q, a);
	bool known = q->site == ASK_SELF || answered(q, a);
	if (!known) {
		if (q->direct)
			return by_directory(d, q, a);
		answer_html(a, 404);
		buf_str(&a->body, "<html><head><title>404</title></head><body><h1>Not Found</h1></body></html>");
	}
	log_info(d->sim->log, "page asked site=%s method=%s path=\"%s\" who=%s status=%d", names[q->site],
		q->method, q->path, q->who ? q->who->name : "-", a->status);
	return nothing;
}

struct directory_answer visit(struct directory *d, const struct web_request *r, struct answer *ret)
{
	struct ask q;
	struct directory_answer did = { .act = DIRECTORY_NOTHING };
	const char *why;

	if (ask_read(&q, d->sim, r, &why)) {
		did = route(d, &q, ret);
	} else {
		ret->status = 400;
		ret->type = "text/plain; charset=utf-8";
		buf_fmt(&ret->body, "%s\n", why);
	}
	ask_done(&q);
	return did;
}
