#include "control/http/waits.h"
#include "control/control.h"

struct waits {
	struct control *control;
	void (*again)(struct exchange *x);  /* reads the job once more, then answers */
	void (*answer)(struct exchange *x); /* answers with what was read */
	struct list all;                    /* exchange.waiting */
	size_t n;
	struct loop_timer *timer;
};

#define TICK_MS 250

static struct exchange *exchange_at(struct list *at) { return list_of(at, struct exchange, waiting); }

static void let_go(struct waits *w, struct exchange *x)
{
	x->parked = false;
	list_remove(&x->waiting);
	w->n--;
}

static void on_tick(void *ctx)
{
	struct waits *w = ctx;
	uint64_t now = loop_now_ms(w->control->loop);

	list_each (at, next, &w->all) {
		struct exchange *x = exchange_at(at);
		if (!x->parked || now < x->wait_until_ms)
			continue;
		let_go(w, x);
		x->wait_ms = 0; /* what was read is old by now: once more, and then it is answered */
		w->again(x);
	}
	if (w->n)
		loop_timer_at(w->timer, now + TICK_MS);
}

enum rc waits_new(struct control *c, void (*again)(struct exchange *x), void (*answer)(struct exchange *x),
	struct waits **ret_waits)
{
	auto_of(waits) struct waits *w = calloc(1, sizeof(*w));
	if (!w)
		return RC_NOMEM;
	*w = (struct waits){ .control = c, .again = again, .answer = answer };
	list_init(&w->all);
	enum rc rc = loop_timer_new(c->loop, on_tick, w, &w->timer);
	if (rc == RC_OK)
		*ret_waits = take(w);
	return rc;
}

void waits_free(struct waits *w)
{
	if (!w)
		return;
	loop_timer_free(w->timer);
	free(w);
}

bool waits_watch(struct waits *w, struct exchange *x)
{
	if (w->n >= WAITS_MAX)
		return false;
	list_append(&w->all, &x->waiting);
	if (w->n++ == 0)
		loop_timer_at(w->timer, loop_now_ms(w->control->loop) + TICK_MS);
	return true;
}

void waits_park(struct waits *w, struct exchange *x)
{
	if (loop_now_ms(w->control->loop) >= x->wait_until_ms || atomic_load(&w->control->draining)) {
		let_go(w, x);
		w->answer(x);
		return;
	}
	x->parked = !x->woken;
	if (!x->woken)
		return;
	x->woken = false;
	w->again(x);
}

void waits_forget(struct exchange *x)
{
	if (!list_empty(&x->waiting))
		let_go(x->control->waits, x);
}

void waits_over(struct waits *w, const char *job_id)
{
	list_each (at, next, &w->all) {
		struct exchange *x = exchange_at(at);
		if (!job_id || strcmp(x->job_id, job_id) != 0)
			continue;
		x->woken = !x->parked;
		if (!x->parked)
			continue;
		x->parked = false;
		w->again(x);
	}
}

void waits_answer_all(struct waits *w)
{
	list_each (at, next, &w->all) {
		struct exchange *x = exchange_at(at);
		if (!x->parked)
			continue;
		let_go(w, x);
		w->answer(x);
	}
}
