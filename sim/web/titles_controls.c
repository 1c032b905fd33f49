#include "sim/web/titles_controls.h"

#include "sim/load.h"

#include <stdio.h>
#include <string.h>

#define SIZE_FIRST 1000000

const char titles_controls_help[] =
	"  POST   "
	"/sim/build?app=ID[&branch=B][&build=N][&manifests=DEPOT:GID,DEPOT:GID][&size=BYTES][&updated=SECONDS]\n"
	"                   [&locked=1][&untold=1]\n"
	"                                    a branch has this build (without build: one more); untold: no list "
	"of\n"
	"                                    changes has it\n"
	"  POST   /sim/title?app=ID&do=remove|restore|deny|public|token|touch[&untold=1]\n"
	"                                    the app is not known any more, needs a token, or changes in nothing\n"
	"                                    but its change number\n"
	"  POST   /sim/lines                 body: lines of a world file (depot, depotfile, workshop, account …)\n";

static void fail(struct answer *a, int status, const char *why)
{
	a->status = status;
	a->type = "text/plain; charset=utf-8";
	buf_fmt(&a->body, "%s\n", why);
}

/* An absent number is `otherwise`. False: it is no number. */
static bool number_of(struct ask *q, const char *name, uint32_t otherwise, uint32_t *ret)
{
	const char *text = ask_query(q, name);
	uint64_t v = otherwise;

	if (*text && (!ask_number(text, &v) || v > UINT32_MAX))
		return false;
	*ret = (uint32_t)v;
	return true;
}

static bool is_set(struct ask *q, const char *name) { return !strcmp(ask_query(q, name), "1"); }

static void tell(struct ask *q, struct answer *a, const struct product *p, uint32_t build)
{
	answer_json(a, 200);
	buf_fmt(&a->body, "{\"app\":%u,\"changeNumber\":%u,\"build\":%u,\"current\":%u}\n", p->id, p->change, build,
		q->sim->world.change);
}

static void build(struct ask *q, struct answer *a)
{
	struct world_build b = { .branch = ask_query(q, "branch"),
		.manifests = ask_query(q, "manifests"),
		.locked = is_set(q, "locked") };
	struct fault f = { 0 };
	uint32_t app;

	if (!*b.branch)
		b.branch = "public";
	if (!number_of(q, "app", 0, &app) || !number_of(q, "build", 0, &b.build) ||
		!number_of(q, "size", SIZE_FIRST, &b.size) || !number_of(q, "updated", 0, &b.updated)) {
		fail(a, 422, "app, build, size and updated are numbers");
		return;
	}
	if (world_build(&q->sim->world, app, &b, &f) != RC_OK) {
		fail(a, rc_http(f.rc), f.text);
		return;
	}
	struct product *p = world_find(&q->sim->world, PICS_APP, app);
	p->untold = is_set(q, "untold");
	tell(q, a, p, b.ret_build);
}

static bool act(struct product *p, const char *what)
{
	bool remove = !strcmp(what, "remove"), restore = !strcmp(what, "restore"), deny = !strcmp(what, "deny"),
	     open = !strcmp(what, "public"), token = !strcmp(what, "token");

	if (remove || restore)
		p->gone = remove;
	if (deny || token)
		p->token = (uint64_t)p->id << 32 | 0x5eed;
	if (deny || token || open)
		p->denied = deny;
	if (open)
		p->token = 0;
	return remove || restore || deny || open || token || !strcmp(what, "touch");
}

static void title(struct ask *q, struct answer *a)
{
	uint32_t app;
	struct product *p = number_of(q, "app", 0, &app) ? world_find(&q->sim->world, PICS_APP, app) : NULL;

	if (!p || !act(p, ask_query(q, "do"))) {
		fail(a, 422, "write app=ID and do=remove, restore, deny, public, token or touch");
		return;
	}
	p->change = ++q->sim->world.change;
	p->untold = is_set(q, "untold");
	tell(q, a, p, 0);
}

static void lines(struct ask *q, struct answer *a)
{
	struct fault f = { 0 };
	char *text = arena_str(&q->arena, q->body), *rest = NULL;

	for (char *t = text ? strtok_r(text, "\r\n", &rest) : NULL; t; t = strtok_r(NULL, "\r\n", &rest))
		if (sim_line(q->sim, t, &f) != RC_OK) {
			fail(a, 422, f.text);
			return;
		}
	answer_json(a, 200);
}

static const struct {
	const char *path;
	void (*run)(struct ask *q, struct answer *a);
} controls[] = {
	{ "/sim/build", build },
	{ "/sim/title", title },
	{ "/sim/lines", lines },
};

bool titles_controls_answer(struct ask *q, struct answer *a)
{
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++)
		if (!strcmp(q->path, controls[i].path) && !strcmp(q->method, "POST")) {
			controls[i].run(q, a);
			return true;
		}
	return false;
}
