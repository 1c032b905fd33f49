#include "control/hub/looks.h"
#include "base/log.h"
#include "control/cluster/singletons.h"
#include "control/control.h"
#include "control/downloads/downloads.h"
#include "control/schedules/schedules.h"
#include "control/triggers/triggers.h"
#include "control/updates/sources.h"
#include "control/updates/watches.h"
#include "control/writer.h"

#include <stdlib.h>

static const struct {
	const char *role;
	enum rc (*scan)(struct tx *tx);
	uint32_t every_ms; /* 0: each time */
	bool soon;         /* woken by control.look_soon */
} kinds[] = {
	{ "schedules", schedules_scan, 0, false },
	{ "triggers", triggers_scan, 0, false },
	{ "updates", sources_scan, 0, true },
	{ "watches", watches_scan, WATCHES_SCAN_MS, false },
	{ "downloads", downloads_scan, 0, false },
};
#define KINDS (sizeof(kinds) / sizeof(*kinds))

struct look {
	struct write write;
	struct looks *looks;
	size_t kind;
	bool running;
	bool again;      /* woken while it ran */
	uint64_t due_ms; /* of loop_now_ms: not earlier */
};

struct looks {
	struct control *control;
	struct look at[KINDS];
	struct loop_job wake;
	atomic_bool woken; /* `wake` is on its way */
};

static enum rc run(struct write *w, struct tx *tx)
{
	const struct look *l = (struct look *)(void *)w;
	bool held = false;
	enum rc rc = singletons_hold(tx, kinds[l->kind].role, &held);
	return rc == RC_OK && held ? kinds[l->kind].scan(tx) : rc;
}

static void begin(struct look *l);

static void on_done(struct write *w)
{
	struct look *l = (struct look *)(void *)w;

	l->running = false;
	if (w->rc != RC_OK)
		log_error(w->control->log, "%s not looked at: %s", kinds[l->kind].role, w->fault.text);
	else if (l->again)
		begin(l);
}

static void begin(struct look *l)
{
	l->again = l->running;
	if (l->running)
		return;
	l->write = (struct write){ .control = l->looks->control, .run = run, .done = on_done };
	l->running = writer_push(&l->write) == RC_OK;
}

void looks_all(struct looks *ls)
{
	uint64_t now_ms = loop_now_ms(ls->control->loop);

	for (size_t i = 0; i < KINDS; i++)
		if (!ls->at[i].running && ls->at[i].due_ms <= now_ms) {
			ls->at[i].due_ms = now_ms + kinds[i].every_ms;
			begin(&ls->at[i]);
		}
}

static void on_wake(struct loop_job *job)
{
	struct looks *ls = (struct looks *)(void *)((char *)job - offsetof(struct looks, wake));

	atomic_store(&ls->woken, false);
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].soon)
			begin(&ls->at[i]);
}

static void look_soon(struct control *c)
{
	struct looks *ls = c->looks;

	if (ls && !atomic_exchange(&ls->woken, true))
		loop_post(c->loop, &ls->wake);
}

struct looks *looks_new(struct control *c)
{
	struct looks *ls = calloc(1, sizeof(*ls));

	if (!ls)
		return NULL;
	ls->control = c;
	ls->wake.run = on_wake;
	for (size_t i = 0; i < KINDS; i++) {
		ls->at[i].looks = ls;
		ls->at[i].kind = i;
	}
	c->looks = ls;
	c->look_soon = look_soon;
	return ls;
}

void looks_free(struct looks *ls) { free(ls); }
