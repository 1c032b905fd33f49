#include "control/hub/lanes.h"
#include "base/log.h"
#include "control/budgets/budgets.h"
#include "control/control.h"
#include "control/writer.h"
#include "io/clock.h"

#include <stdio.h>
#include <string.h>

#define ROUND_MAX   512 /* questions of one transaction */
#define TALLIES_MAX 256 /* and buckets whose number of waiters is told */
#define REFUSED_MS  1000
#define TALLY_MS    500 /* after a change the number of waiters is kept within */

/* A question. In lanes_hub.waiters; while a round has it, it is freed by the round alone. */
struct waiter {
	struct list node;
	char agent_id[ID_MAX];
	int64_t epoch, id;
	enum lane_priority priority;
	uint64_t since_ms, until_ms, next_ms; /* of the loop */
	bool asked, dropped;                  /* a round has it; nobody waits any more */
	size_t n;
	struct budgets_want wants[BUDGETS_WANTS_MAX];
	struct tally *busy; /* the bucket it was last found to wait for; NULL: none yet */
	char keys[BUDGETS_WANTS_MAX][BUDGETS_KEY_MAX];
	struct budgets_answer answer;
};

/* How many wait for a bucket, and what its row says of that. */
struct tally {
	uint32_t n, told;
	char id[BUDGETS_ID_MAX];
};

struct round {
	struct write write;
	struct lanes_hub *lanes;
	size_t n, tallies_n;
	struct waiter *asks[ROUND_MAX];
	struct tally tallies[TALLIES_MAX]; /* copies */
};

struct lanes_hub {
	struct hub *hub;
	struct loop_timer *timer;
	struct list waiters;
	size_t n;
	struct map tallies;
	bool busy;         /* a round is on its way */
	uint64_t tally_ms; /* when changed tallies are told; UINT64_MAX: none changed */
};

static uint64_t now_of(const struct lanes_hub *l) { return loop_now_ms(l->hub->control->loop); }

/* ---- how many wait for what ---- */

static void count(struct lanes_hub *l, struct waiter *w, struct tally *to)
{
	if (w->busy == to)
		return;
	if (w->busy)
		w->busy->n--;
	if (to)
		to->n++;
	w->busy = to;
	if (l->tally_ms == UINT64_MAX)
		l->tally_ms = now_of(l) + TALLY_MS;
}

static struct tally *tally_of(struct lanes_hub *l, const struct budgets_want *want)
{
	char id[BUDGETS_ID_MAX];

	snprintf(id, sizeof(id), "%s:%s", lane_kinds[want->lane].name, want->key);
	struct tally *t = map_get(&l->tallies, id);
	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	memcpy(t->id, id, sizeof(id));
	if (map_put(&l->tallies, t->id, t) == RC_OK)
		return t;
	free(t);
	return NULL;
}

/* Takes along what has changed; of buckets that nobody waits for any more it is the last that is said. */
static void add_tallies(struct lanes_hub *l, struct round *r)
{
	struct map_walk walk = map_walk(&l->tallies);

	l->tally_ms = UINT64_MAX;
	for (struct tally *t; (t = map_next(&walk));) {
		if (t->n != t->told && r->tallies_n == TALLIES_MAX) {
			l->tally_ms = now_of(l) + TALLY_MS;
			break;
		}
		if (t->n != t->told)
			r->tallies[r->tallies_n++] = *t;
		t->told = t->n;
		if (t->n == 0)
			free(map_take(&l->tallies, t->id));
	}
}

/* ---- rounds ---- */

static void forget(struct lanes_hub *l, struct waiter *w)
{
	count(l, w, NULL);
	w->dropped = true;
	if (w->asked)
		return;
	list_remove(&w->node);
	l->n--;
	free(w);
}

static void answer(struct lanes_hub *l, struct waiter *w, struct peer *p, uint64_t again_ms)
{
	bool granted = w->answer.granted;
	const struct tunnel_msg m = { .type = TUNNEL_MSG_LANE_GRANT,
		.lane_grant = { .id = w->id,
			.granted = granted,
			.again_ms = again_ms < UINT32_MAX ? (uint32_t)again_ms : UINT32_MAX,
			.valid_ms = granted ? LANES_HUB_VALID_MS : 0,
			.lane = granted ? NULL : lane_kinds[w->wants[w->answer.busy].lane].name } };

	forget(l, w);
	peer_send(p, &m); /* which may be the end of the peer, and of its other questions */
}

static void run_on(struct lanes_hub *l);

/* What came of a question: over, or to be asked again when its bucket has what it wants. */
static void settle(struct lanes_hub *l, struct waiter *w)
{
	struct peer *p = peer_of(l->hub, w->agent_id);
	bool there = p && p->epoch == w->epoch && !w->dropped;
	uint64_t now = now_of(l);
	int64_t wait = w->answer.free_ms - clock_wall_ms();
	uint64_t again = w->answer.granted || wait <= 0 ? 0 : (uint64_t)wait;

	w->asked = false;
	if (!there) { /* what it was granted is spent */
		forget(l, w);
	} else if (w->answer.granted || again > UINT32_MAX || now + again > w->until_ms) {
		answer(l, w, p, again);
	} else {
		w->next_ms = now + again + 1;
		count(l, w, tally_of(l, &w->wants[w->answer.busy]));
	}
}

static enum rc decide(struct write *write, struct tx *tx)
{
	struct round *r = (struct round *)(void *)((char *)write - offsetof(struct round, write));
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < r->n; i++) {
		struct waiter *w = r->asks[i];
		rc = budgets_take(tx, w->wants, w->n, &w->answer);
	}
	for (size_t i = 0; rc == RC_OK && i < r->tallies_n; i++)
		rc = budgets_waiting(tx, r->tallies[i].id, r->tallies[i].n);
	return rc;
}

static void on_decided(struct write *write)
{
	struct round *r = (struct round *)(void *)((char *)write - offsetof(struct round, write));
	struct lanes_hub *l = r->lanes;

	l->busy = false;
	if (write->rc != RC_OK)
		log_error(l->hub->control->log, "rate lanes not decided: %s", write->fault.text);
	for (size_t i = 0; i < r->n; i++) {
		if (write->rc != RC_OK) /* nothing of it has happened */
			r->asks[i]->answer = (struct budgets_answer){ .free_ms = clock_wall_ms() + REFUSED_MS };
		settle(l, r->asks[i]);
	}
	free(r);
	run_on(l);
}

static bool goes_first(const struct waiter *a, const struct waiter *b, uint64_t now)
{
	uint32_t ra = lane_rank(a->priority, (int64_t)(now - a->since_ms));
	uint32_t rb = lane_rank(b->priority, (int64_t)(now - b->since_ms));
	return ra != rb ? ra < rb : a->since_ms != b->since_ms ? a->since_ms < b->since_ms : a->id < b->id;
}

struct ranked {
	struct waiter *w;
	uint64_t now;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	return goes_first(x->w, y->w, x->now) ? -1 : goes_first(y->w, x->w, x->now) ? 1 : 0;
}

/* Those that are due, the first in order first. */
static bool gather(struct lanes_hub *l, struct round *r, uint64_t now)
{
	struct ranked *all = calloc(l->n + 1, sizeof(*all));
	size_t n = 0;

	if (!all)
		return false;
	list_each (node, next, &l->waiters) {
		struct waiter *w = list_of(node, struct waiter, node);
		if (w->next_ms <= now)
			all[n++] = (struct ranked){ w, now };
	}
	qsort(all, n, sizeof(*all), by_rank);
	for (; r->n < n && r->n < ROUND_MAX; r->n++) {
		r->asks[r->n] = all[r->n].w;
		r->asks[r->n]->asked = true;
	}
	free(all);
	return true;
}

static uint64_t due(const struct lanes_hub *l)
{
	uint64_t at = l->tally_ms;

	list_each (node, next, &l->waiters) {
		const struct waiter *w = list_of(node, struct waiter, node);
		at = w->next_ms < at ? w->next_ms : at;
	}
	return at;
}

static void run_on(struct lanes_hub *l)
{
	uint64_t now = now_of(l), at = due(l);

	if (l->busy)
		return;
	loop_timer_at(l->timer, at > now ? at : UINT64_MAX);
	if (at > now)
		return;
	struct round *r = calloc(1, sizeof(*r));
	bool ok = r && gather(l, r, now);
	if (ok) {
		r->lanes = l;
		add_tallies(l, r);
		r->write = (struct write){ .control = l->hub->control, .run = decide, .done = on_decided };
		l->busy = writer_push(&r->write) == RC_OK;
	}
	if (l->busy)
		return;
	for (size_t i = 0; r && i < r->n; i++)
		r->asks[i]->asked = false;
	free(r);
	loop_timer_at(l->timer, now + REFUSED_MS);
}

static void on_timer(void *ctx) { run_on(ctx); }

/* ---- questions ---- */

static bool read_wants(struct waiter *w, const struct tunnel_msg_lane_ask *m)
{
	const struct tunnel_msg_lane *in = m->lanes.at;

	if (m->lanes.n == 0 || m->lanes.n > BUDGETS_WANTS_MAX || m->priority > LANE_PREFETCH)
		return false;
	for (w->n = 0; w->n < m->lanes.n; w->n++) {
		const struct tunnel_msg_lane *from = &in[w->n];
		enum lane lane = from->lane ? lane_find(from->lane) : LANE_COUNT;
		if (lane == LANE_COUNT || lane_kinds[lane].where != LANE_CONTROL || !budgets_is_key(from->key))
			return false;
		for (size_t k = 0; k < w->n; k++)
			if (w->wants[k].lane == lane && !strcmp(w->keys[k], from->key))
				return false;
		snprintf(w->keys[w->n], sizeof(w->keys[0]), "%s", from->key);
		w->wants[w->n] = (struct budgets_want){ lane, w->keys[w->n], from->n ? from->n : 1 };
	}
	return true;
}

static void refuse(struct peer *p, const struct tunnel_msg_lane_ask *m, uint32_t again_ms)
{
	const struct tunnel_msg answer = { .type = TUNNEL_MSG_LANE_GRANT,
		.lane_grant = { .id = m->id, .again_ms = again_ms } };
	peer_send(p, &answer);
}

void lanes_hub_ask(struct peer *p, const struct tunnel_msg_lane_ask *m)
{
	struct lanes_hub *l = p->hub->lanes;
	struct waiter *w = l->n < LANES_HUB_MAX ? calloc(1, sizeof(*w)) : NULL;
	uint64_t now = now_of(l);

	if (!w) {
		refuse(p, m, REFUSED_MS);
		return;
	}
	if (!read_wants(w, m)) {
		free(w);
		log_warn(p->hub->control->log, "an agent asks for lanes that there are not agent=%s", p->id);
		refuse(p, m, UINT32_MAX);
		return;
	}
	w->epoch = p->epoch;
	w->id = m->id;
	w->priority = (enum lane_priority)m->priority;
	w->since_ms = w->next_ms = now;
	w->until_ms = now + m->wait_ms;
	snprintf(w->agent_id, sizeof(w->agent_id), "%s", p->id);
	list_append(&l->waiters, &w->node);
	l->n++;
	run_on(l);
}

void lanes_hub_drop(struct peer *p, int64_t id)
{
	list_each (node, next, &p->hub->lanes->waiters) {
		struct waiter *w = list_of(node, struct waiter, node);
		if (w->id == id && w->epoch == p->epoch) {
			forget(p->hub->lanes, w);
			return;
		}
	}
}

void lanes_hub_gone(struct peer *p)
{
	list_each (node, next, &p->hub->lanes->waiters) {
		struct waiter *w = list_of(node, struct waiter, node);
		if (w->epoch == p->epoch)
			forget(p->hub->lanes, w);
	}
}

enum rc lanes_hub_cool(struct tx *tx, const struct tunnel_msg_lane_cool *m)
{
	enum lane lane = lane_find(m->lane);
	if (lane == LANE_COUNT || lane_kinds[lane].where != LANE_CONTROL || !budgets_is_key(m->key))
		return RC_OK;
	return budgets_cool(tx, lane, m->key, m->for_ms, m->reason);
}

enum rc lanes_hub_new(struct hub *h, struct lanes_hub **ret, struct fault *f)
{
	struct lanes_hub *l = calloc(1, sizeof(*l));
	if (!l)
		return RC_NOMEM;
	l->hub = h;
	l->tally_ms = UINT64_MAX;
	list_init(&l->waiters);
	if (loop_timer_new(h->control->loop, on_timer, l, &l->timer) != RC_OK) {
		free(l);
		return fault_set(f, RC_NOMEM, "no timer for rate lanes");
	}
	*ret = l;
	return RC_OK;
}

void lanes_hub_free(struct lanes_hub *l)
{
	if (!l)
		return;
	list_each (node, next, &l->waiters)
		free(list_of(node, struct waiter, node));
	struct map_walk w = map_walk(&l->tallies);
	for (struct tally *t; (t = map_next(&w));)
		free(map_take(&l->tallies, t->id));
	map_done(&l->tallies);
	loop_timer_free(l->timer);
	free(l);
}
