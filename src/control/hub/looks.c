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
#include "io/clock.h"
#include "io/loop.h"

#include <stdlib.h>

static const struct {
	const char *role;
	enum rc (*scan)(struct tx *tx);
	uint32_t every_ms; /* 0: each time */
	bool soon;         /* woken by control.look_within */
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
	struct loop_timer *timer; /* of `due_ms`: between two looks at all */
	struct loop_job wake;     /* sets it */
	atomic_bool woken;        /* `wake` is on its way */
	_Atomic uint64_t
		wanted_ms; /* clock_mono_ms: by then; UINT64_MAX: no look is wanted before the next one at all */
	uint64_t due_ms;   /* of the timer; UINT64_MAX: none */
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

static void on_due(void *ctx)
{
	struct looks *ls = ctx;

	ls->due_ms = UINT64_MAX;
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i].soon)
			begin(&ls->at[i]);
}

static void on_wake(struct loop_job *job)
{
	struct looks *ls = (struct looks *)(void *)((char *)job - offsetof(struct looks, wake));

	atomic_store(&ls->woken, false);
	uint64_t wanted = atomic_exchange(&ls->wanted_ms, UINT64_MAX);
	if (wanted <= loop_now_ms(ls->control->loop)) {
		on_due(ls);
	} else if (wanted < ls->due_ms) {
		ls->due_ms = wanted;
		loop_timer_at(ls->timer, wanted);
	}
}

static void look_within(struct control *c, uint32_t ms)
{
	struct looks *ls = c->looks;
	uint64_t by = clock_mono_ms() + ms, was = ls ? atomic_load(&ls->wanted_ms) : 0;

	while (by < was && !atomic_compare_exchange_weak(&ls->wanted_ms, &was, by))
		;
	if (ls && !atomic_exchange(&ls->woken, true))
		loop_post(c->loop, &ls->wake);
}

struct looks *looks_new(struct control *c)
{
	struct looks *ls = calloc(1, sizeof(*ls));

	if (!ls || loop_timer_new(c->loop, on_due, ls, &ls->timer) != RC_OK) {
		free(ls);
		return NULL;
	}
	ls->control = c;
	ls->wanted_ms = ls->due_ms = UINT64_MAX;
	ls->wake.run = on_wake;
	for (size_t i = 0; i < KINDS; i++) {
		ls->at[i].looks = ls;
		ls->at[i].kind = i;
	}
	c->looks = ls;
	c->look_within = look_within;
	return ls;
}

void looks_free(struct looks *ls)
{
	if (ls)
		loop_timer_free(ls->timer);
	free(ls);
}
