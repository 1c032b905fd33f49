#include "proof/net.h"
#include "io/loop.h"
#include "proof/io/loop_sim.h"
#include "proof/sim.h"

#include <stdlib.h>
#include <string.h>

#define GIVE_UP_US   (60 * SIM_SECOND) /* a sender waits so long for a link */
#define KEEPALIVE_US (75 * SIM_SECOND) /* until a silent other end is found to be gone */

unsigned net_twins;

static struct machine *machines[NET_MACHINES];
static struct link {
	bool blocked;
	uint64_t least_us, most_us;
} links[NET_MACHINES][NET_MACHINES];

static unsigned number_of(const struct machine *m)
{
	for (unsigned i = 0; i < NET_MACHINES; i++)
		if (machines[i] == m)
			return i;
	abort();
}

static struct link *link_of(const struct machine *a, const struct machine *b)
{
	return &links[number_of(a)][number_of(b)];
}

void net_machine(struct machine *m)
{
	for (unsigned i = 0; i < NET_MACHINES; i++)
		if (!machines[i]) {
			machines[i] = m;
			net_mend();
			return;
		}
	abort();
}

void net_mend(void)
{
	for (unsigned i = 0; i < NET_MACHINES; i++)
		for (unsigned k = 0; k < NET_MACHINES; k++)
			links[i][k] = (struct link){ false, 100, 1500 };
	net_twins = 0;
}

void net_block(const struct machine *from, const struct machine *to, bool blocked)
{
	link_of(from, to)->blocked = blocked;
}

void net_slow(const struct machine *a, const struct machine *b, uint64_t least_us, uint64_t most_us)
{
	struct link *both[] = { link_of(a, b), link_of(b, a) };
	for (int i = 0; i < 2; i++) {
		both[i]->least_us = least_us;
		both[i]->most_us = most_us;
	}
}

static uint64_t delay(const struct machine *a, const struct machine *b)
{
	const struct link *l = link_of(a, b);
	return sim_between(l->least_us, l->most_us);
}

/* ---- messages ---- */

struct net_note *net_note_new(enum net_kind kind)
{
	struct net_note *n = calloc(1, sizeof(*n));
	if (!n)
		abort();
	n->kind = kind;
	return n;
}

void net_note_free(struct net_note *n)
{
	if (!n)
		return;
	free(n->method);
	free(n->path);
	free(n->query);
	free(n->text);
	for (size_t i = 0; i < n->fields_n; i++) {
		free(n->fields[i].name);
		free(n->fields[i].value);
	}
	buf_done(&n->body);
	free(n);
}

void net_note_field(struct net_note *n, const char *name, const char *value)
{
	if (!value || n->fields_n == NET_FIELDS_MAX)
		return;
	n->fields[n->fields_n].name = strdup(name);
	n->fields[n->fields_n++].value = strdup(value);
}

const char *net_note_get(const struct net_note *n, const char *name)
{
	for (size_t i = 0; i < n->fields_n; i++)
		if (!strcmp(n->fields[i].name, name))
			return n->fields[i].value;
	return NULL;
}

static char *copy(const char *s) { return s ? strdup(s) : NULL; }

static struct net_note *twin_of(const struct net_note *n)
{
	struct net_note *t = net_note_new(n->kind);
	t->upgrade = n->upgrade;
	t->method = copy(n->method);
	t->path = copy(n->path);
	t->query = copy(n->query);
	t->text = copy(n->text);
	for (size_t i = 0; i < n->fields_n; i++)
		net_note_field(t, n->fields[i].name, n->fields[i].value);
	buf_put(&t->body, n->body.p, n->body.n);
	return t;
}

/* ---- telling an end ---- */

enum news { NEWS_NOTE, NEWS_DOOR, NEWS_DRAINED, NEWS_LOST };

struct item {
	struct loop_job job;
	enum news news;
	struct net_end *end;
	struct net_note *note;
	const char *why;
};

static void on_item(struct loop_job *job)
{
	struct item *i = (struct item *)(void *)job;
	struct net_end *e = i->end;
	const struct net_door *door = e->m->door;

	if (i->news == NEWS_LOST && e->on.lost)
		e->on.lost(e->on.ctx, e, i->why);
	else if (!e->gone && i->news == NEWS_DOOR && door)
		door->come(door->ctx, e, i->note);
	else if (!e->gone && i->news == NEWS_NOTE && e->on.got)
		e->on.got(e->on.ctx, e, i->note);
	else if (!e->gone && i->news == NEWS_DRAINED) {
		e->draining = false;
		if (e->on.drained)
			e->on.drained(e->on.ctx, e);
	}
	net_note_free(i->note);
	free(i);
}

static void tell(struct net_end *e, enum news news, struct net_note *note, const char *why)
{
	struct item *i = calloc(1, sizeof(*i));

	if (!i)
		abort();
	*i = (struct item){ .job = { .run = on_item }, .news = news, .end = e, .note = note, .why = why };
	if (e->loop) {
		loop_arrive(e->loop, &i->job);
		return;
	}
	struct machine *as = sim.as;
	sim.as = e->m;
	on_item(&i->job);
	sim.as = as;
}

static void forget_flight(struct net_end *e)
{
	while (e->first) {
		struct net_note *n = e->first;
		e->first = n->next;
		net_note_free(n);
	}
	e->last = &e->first;
	e->flying = 0;
}

static void leave(struct net_end *e)
{
	e->gone = true;
	list_remove(&e->node);
}

static void lose(struct net_end *e, const char *why)
{
	if (e->gone)
		return;
	leave(e);
	forget_flight(e);
	if (e->on.lost)
		tell(e, NEWS_LOST, NULL, why);
}

/* A reset is on its way to this end; it waits for its link as everything does. */
static void on_reset(void *a, uint64_t b)
{
	struct net_end *e = a;
	(void)b;
	if (e->gone || !e->m->up)
		return;
	if (link_of(e->other->m, e->m)->blocked) {
		sim_in(sim_between(200, 2000) * SIM_MS, on_reset, e, 0);
		return;
	}
	lose(e, "connection reset");
}

static void send_reset(struct net_end *to) { sim_in(delay(to->other->m, to->m), on_reset, to, 0); }

static void on_keepalive(void *a, uint64_t b)
{
	(void)b;
	lose(a, "the other end is not there any more");
}

/* ---- on the way ---- */

static void on_pump(void *a, uint64_t b);

static void pump_at(struct net_end *e, uint64_t at_us)
{
	e->pumped = true;
	sim_at(at_us, on_pump, e, 0);
}

/* The first message arrives; false: it cannot now. */
static bool arrive(struct net_end *e)
{
	struct net_end *o = e->other;
	struct net_note *n = e->first;
	bool comes = n->kind == NET_ASK;

	if (link_of(e->m, o->m)->blocked || o->m->dark)
		return false;
	e->first = n->next;
	if (!e->first)
		e->last = &e->first;
	size_t before = net_queued(e);
	e->flying -= n->body.n;
	if (comes && o->gone && o->m->up && o->m->door) {
		o->gone = false;
		o->loop = ((struct net_door *)o->m->door)->loop;
		list_append(&o->m->ends, &o->node);
		tell(o, NEWS_DOOR, n, NULL);
	} else if (o->gone) {
		net_note_free(n);
		forget_flight(e);
		send_reset(e);
	} else {
		tell(o, NEWS_NOTE, n, NULL);
	}
	if (before && !net_queued(e) && !e->gone && !e->draining) {
		e->draining = true;
		tell(e, NEWS_DRAINED, NULL, NULL);
	}
	return true;
}

static void on_pump(void *a, uint64_t b)
{
	struct net_end *e = a;
	(void)b;

	e->pumped = false;
	while (e->first && e->first->at_us <= sim.now_us) {
		if (arrive(e)) {
			e->stuck_us = 0;
			continue;
		}
		if (!e->stuck_us)
			e->stuck_us = sim.now_us;
		if (sim.now_us - e->stuck_us > GIVE_UP_US) {
			forget_flight(e);
			lose(e, "timed out");
			sim_in(KEEPALIVE_US, on_keepalive, e->other, 0);
			return;
		}
		pump_at(e, sim.now_us + sim_between(150, 600) * SIM_MS);
		return;
	}
	if (e->first && !e->pumped)
		pump_at(e, e->first->at_us);
}

static void fly(struct net_end *e, struct net_note *n)
{
	n->at_us = sim.now_us + delay(e->m, e->other->m);
	if (n->at_us < e->last_us)
		n->at_us = e->last_us;
	e->last_us = n->at_us;
	e->flying += n->body.n;
	n->next = NULL;
	*e->last = n;
	e->last = &n->next;
	if (!e->pumped)
		pump_at(e, e->first->at_us);
}

void net_send(struct net_end *e, struct net_note *n)
{
	if (e->gone) {
		net_note_free(n);
		return;
	}
	fly(e, n);
	if (!net_queued(e) && !e->draining && e->on.drained) {
		e->draining = true;
		tell(e, NEWS_DRAINED, NULL, NULL);
	}
}

size_t net_queued(const struct net_end *e) { return e->flying > NET_BUFFER ? e->flying - NET_BUFFER : 0; }

/* ---- beginning and end ---- */

static struct net_end *end_new(struct machine *m)
{
	struct net_end *e = calloc(1, sizeof(*e));
	if (!e)
		abort();
	e->m = m;
	e->last = &e->first;
	list_init(&e->node);
	return e;
}

static struct net_end *connect(
	struct machine *from, struct machine *to, struct net_note *ask, struct loop *l, const struct net_on *on)
{
	struct net_end *e = end_new(from), *o = end_new(to);
	e->other = o;
	o->other = e;
	e->loop = l;
	e->on = *on;
	o->gone = true;
	list_append(&from->ends, &e->node);
	fly(e, ask);
	return e;
}

static void no_news(void *ctx, struct net_end *e, const struct net_note *n) { (void)ctx, (void)e, (void)n; }
static void no_loss(void *ctx, struct net_end *e, const char *why) { (void)ctx, (void)e, (void)why; }

struct net_end *net_dial(
	struct machine *from, const char *host, struct net_note *ask, struct loop *l, const struct net_on *on)
{
	static const struct net_on nobody = { .got = no_news, .lost = no_loss };
	struct machine *to = NULL;

	for (unsigned i = 0; i < NET_MACHINES; i++)
		if (machines[i] && !strcmp(machines[i]->name, host))
			to = machines[i];
	if (!to)
		abort();
	if (net_twins && !ask->upgrade && sim_chance(net_twins)) { /* as a proxy that tries again */
		sim.faults++;
		connect(from, to, twin_of(ask), NULL, &nobody);
	}
	return connect(from, to, ask, l, on);
}

void net_close(struct net_end *e)
{
	if (e->gone)
		return;
	leave(e);
}

void net_abort(struct net_end *e)
{
	if (e->gone)
		return;
	leave(e);
	forget_flight(e);
	send_reset(e->other);
}

void net_machine_gone(struct machine *m, bool power)
{
	while (!list_empty(&m->ends)) {
		struct net_end *e = list_of(m->ends.next, struct net_end, node);
		leave(e);
		if (sim_chance(500))
			forget_flight(e);
		if (power)
			sim_in(KEEPALIVE_US, on_keepalive, e->other, 0);
		else if (!e->first)
			send_reset(e->other);
		else
			sim_at(e->last_us + SIM_MS, on_reset, e->other, 0);
	}
}

void net_cut_one(void)
{
	struct net_end *found[64];
	size_t n = 0;

	for (unsigned i = 0; i < NET_MACHINES && machines[i]; i++)
		list_each (at, next, &machines[i]->ends)
			if (n < 64)
				found[n++] = list_of(at, struct net_end, node);
	if (!n)
		return;
	struct net_end *e = found[sim_below(n)], *o = e->other;
	bool half = sim_chance(300);
	sim_say("cut%s of a connection of %s to %s", half ? " at one end" : "", e->m->name, o->m->name);
	forget_flight(o);
	lose(e, "connection reset");
	if (half)
		sim_in(KEEPALIVE_US, on_keepalive, o, 0);
	else
		sim_in(sim_below(300) * SIM_MS, on_reset, o, 0);
}
