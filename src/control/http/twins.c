#include "control/http/twins.h"
#include "base/map.h"
#include "control/control.h"

#include <stdio.h>
#include <string.h>

struct twins {
	struct control *control;
	void (*go)(struct exchange *x);
	void (*refuse)(struct exchange *x);
	struct map working;  /* exchange.twin_key to struct exchange: the first of each key */
	struct list waiting; /* exchange.twin of those held back, oldest first */
	struct loop_timer *timer;
};

static struct exchange *exchange_at(struct list *at) { return list_of(at, struct exchange, twin); }

static void set_timer(struct twins *t)
{
	bool any = !list_empty(&t->waiting);
	loop_timer_at(t->timer, any ? exchange_at(t->waiting.next)->twin_until_ms : UINT64_MAX);
}

static void on_timer(void *ctx)
{
	struct twins *t = ctx;
	uint64_t now = loop_now_ms(t->control->loop);

	while (!list_empty(&t->waiting) && exchange_at(t->waiting.next)->twin_until_ms <= now) {
		struct exchange *x = exchange_at(t->waiting.next);
		list_remove(&x->twin);
		t->refuse(x);
	}
	set_timer(t);
}

enum rc twins_new(struct control *c, void (*go)(struct exchange *x), void (*refuse)(struct exchange *x),
	struct twins **ret_twins)
{
	auto_of(twins) struct twins *t = calloc(1, sizeof(*t));
	if (!t)
		return RC_NOMEM;
	*t = (struct twins){ .control = c, .go = go, .refuse = refuse };
	list_init(&t->waiting);
	enum rc rc = loop_timer_new(c->loop, on_timer, t, &t->timer);
	if (rc == RC_OK)
		*ret_twins = take(t);
	return rc;
}

void twins_free(struct twins *t)
{
	if (!t)
		return;
	loop_timer_free(t->timer);
	map_done(&t->working);
	free(t);
}

/* Who asks, for what, and with which key. */
static char *key_of(const struct exchange *x)
{
	const struct web_view *v = web_view(x->request);
	char *key = NULL;
	if (asprintf(&key, "%s\n%s\n%s %s\n%s", x->authorization ? x->authorization : "",
		    x->cookies ? x->cookies : "", v->method, v->path, x->idempotency_key) < 0)
		return NULL;
	return key;
}

bool twins_enter(struct twins *t, struct exchange *x)
{
	if (!x->twin_key)
		x->twin_key = key_of(x);
	if (!x->twin_key)
		return true; /* no memory to hold it back: the writer sees to it that the effect is one */
	if (map_get(&t->working, x->twin_key)) {
		x->twin_until_ms = loop_now_ms(t->control->loop) + TWINS_WAIT_MS;
		list_append(&t->waiting, &x->twin);
		set_timer(t);
		return false;
	}
	if (map_put(&t->working, x->twin_key, x) != RC_OK)
		return true;
	return true;
}

void twins_leave(struct twins *t, struct exchange *x)
{
	if (!x->twin_key || map_get(&t->working, x->twin_key) != x)
		return;
	map_take(&t->working, x->twin_key);
	list_each (at, next, &t->waiting) {
		struct exchange *twin = exchange_at(at);
		if (strcmp(twin->twin_key, x->twin_key) != 0)
			continue;
		list_remove(&twin->twin);
		t->go(twin);
	}
	set_timer(t);
}
