#include "proof/sim.h"
#include "proof/disk.h"
#include "proof/net.h"
#include "proof/stack.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim sim;

/* ---- chance: xoshiro256**, filled by splitmix64 ---- */

static uint64_t spread(uint64_t *x)
{
	uint64_t z = (*x += 0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

void sim_seed(uint64_t seed)
{
	uint64_t x = seed;
	sim.seed = seed;
	for (int i = 0; i < 4; i++)
		sim.rng[i] = spread(&x);
}

static uint64_t turn(uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }

uint64_t sim_rand(void)
{
	uint64_t *s = sim.rng, r = turn(s[1] * 5, 7) * 9, t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = turn(s[3], 45);
	return r;
}

uint64_t sim_below(uint64_t n) { return n ? sim_rand() % n : 0; }
uint64_t sim_between(uint64_t a, uint64_t b) { return a + sim_below(b - a + 1); }
bool sim_chance(unsigned per_mille) { return sim_below(1000) < per_mille; }

/* ---- what happened ---- */

void sim_note(uint64_t a, uint64_t b)
{
	sim.hash = (sim.hash ^ a) * 0x100000001b3;
	sim.hash = (sim.hash ^ b ^ (sim.hash >> 29)) * 0x100000001b3;
}

static void put_time(void)
{
	uint64_t t = sim.now_us - sim.began_us;
	const struct machine *m = sim_me();
	fprintf(stderr, "%4llu.%06llu %-6s ", (unsigned long long)(t / SIM_SECOND),
		(unsigned long long)(t % SIM_SECOND), m ? m->name : "-");
}

void sim_say(const char *fmt, ...)
{
	va_list ap;

	if (!sim.verbose)
		return;
	put_time();
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
}

void sim_break(const char *fmt, ...)
{
	va_list ap;

	if (*sim.broken)
		return;
	va_start(ap, fmt);
	vsnprintf(sim.broken, sizeof(sim.broken), fmt, ap);
	va_end(ap);
	sim_say("BROKEN: %s", sim.broken);
	sim.over = true;
}

/* ---- time: a heap of events ---- */

struct event {
	uint64_t at_us, number;
	sim_fn *fn;
	void *a;
	uint64_t b;
};

static struct event *heap;
static size_t heap_n, heap_room;
static uint64_t numbers;

static bool earlier(const struct event *a, const struct event *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->number < b->number;
}

void sim_at(uint64_t at_us, sim_fn *fn, void *a, uint64_t b)
{
	if (heap_n == heap_room) {
		heap_room = heap_room ? heap_room * 2 : 1024;
		heap = realloc(heap, heap_room * sizeof(*heap));
		if (!heap)
			abort();
	}
	struct event e = { at_us < sim.now_us ? sim.now_us : at_us, numbers++, fn, a, b };
	size_t i = heap_n++;
	for (; i > 0 && earlier(&e, &heap[(i - 1) / 2]); i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = e;
}

static struct event pop(void)
{
	struct event first = heap[0], last = heap[--heap_n];
	size_t i = 0;

	for (size_t k; (k = 2 * i + 1) < heap_n; i = k) {
		if (k + 1 < heap_n && earlier(&heap[k + 1], &heap[k]))
			k++;
		if (!earlier(&heap[k], &last))
			break;
		heap[i] = heap[k];
	}
	heap[i] = last;
	return first;
}

/* ---- fibers ---- */

struct fiber {
	struct list node; /* machine.fibers; of a free one spare */
	struct stack stack;
	struct machine *m;
	void (*run)(void *arg);
	void *arg;
	uint64_t wait; /* the number of the wait that it is in; 0: it does not wait */
	bool ready, woken, over;
};

static struct list spare = { &spare, &spare };
static struct fiber **ready;
static size_t ready_n, ready_room;
static uint64_t waits;

static void make_ready(struct fiber *f)
{
	if (ready_n == ready_room) {
		ready_room = ready_room ? ready_room * 2 : 64;
		ready = realloc(ready, ready_room * sizeof(struct fiber *));
		if (!ready)
			abort();
	}
	f->wait = 0;
	f->ready = true;
	ready[ready_n++] = f;
}

static void fiber_main(void *arg)
{
	struct fiber *f = arg;
	f->run(f->arg);
	f->over = true;
	stack_leave(&f->stack);
}

struct fiber *fiber_new(struct machine *m, void (*run)(void *arg), void *arg)
{
	struct fiber *f;

	if (list_empty(&spare)) {
		f = calloc(1, sizeof(*f));
		if (!f)
			abort();
		list_init(&f->node);
	} else {
		f = list_of(spare.next, struct fiber, node);
		list_remove(&f->node);
	}
	f->m = m;
	f->run = run;
	f->arg = arg;
	f->over = f->woken = false;
	stack_make(&f->stack, fiber_main, f);
	list_append(&m->fibers, &f->node);
	make_ready(f);
	return f;
}

static void retire(struct fiber *f)
{
	f->wait = 0;
	f->m = NULL;
	list_remove(&f->node);
	list_append(&spare, &f->node);
}

static void on_moment(void *a, uint64_t b)
{
	struct fiber *f = a;
	if (f->wait == b)
		make_ready(f);
}

bool fiber_wait(uint64_t until_us)
{
	struct fiber *f = sim.current;

	f->woken = false;
	f->wait = ++waits;
	if (until_us != UINT64_MAX)
		sim_at(until_us, on_moment, f, f->wait);
	stack_leave(&f->stack);
	return f->woken;
}

void fiber_sleep(uint64_t us) { (void)fiber_wait(sim.now_us + us); }

void fiber_yield(void)
{
	make_ready(sim.current);
	stack_leave(&sim.current->stack);
}

void fiber_wake(struct fiber *f)
{
	if (!f || !f->wait)
		return;
	f->woken = true;
	make_ready(f);
}

/* A machine that is held keeps its fibers among the ready ones; they are passed over. */
static bool run_one(void)
{
	size_t left = ready_n, at = left ? (size_t)sim_below(left) : 0;

	for (; left > 0; left--, at = (at + 1) % ready_n)
		if (!ready[at]->m->held)
			break;
	if (!left)
		return false;
	struct fiber *f = ready[at];
	ready[at] = ready[--ready_n];
	f->ready = false;
	sim.current = f;
	sim.switches++;
	stack_enter(&f->stack);
	sim.current = NULL;
	if (f->over)
		retire(f);
	return true;
}

void sim_run(uint64_t until_us)
{
	while (!sim.over) {
		if (run_one())
			continue;
		if (!heap_n || heap[0].at_us > until_us) {
			sim.now_us = until_us;
			return;
		}
		struct event e = pop();
		sim.now_us = e.at_us;
		sim.events++;
		sim_note(e.at_us, e.number);
		e.fn(e.a, e.b);
	}
}

/* ---- machines ---- */

struct machine *sim_me(void) { return sim.current ? sim.current->m : sim.as; }

void machine_init(struct machine *m, const char *name, void (*boot)(struct machine *m))
{
	m->name = name;
	m->boot = boot;
	m->disk = disk_new();
	list_init(&m->fibers);
	list_init(&m->ends);
}

uint64_t machine_mono(const struct machine *m)
{
	uint64_t past = sim.now_us - m->mono_at_us;
	return m->mono_us + past + (uint64_t)((int64_t)past * m->ppm / 1000000);
}

uint64_t machine_true(const struct machine *m, uint64_t mono_us)
{
	uint64_t now = machine_mono(m);
	if (mono_us <= now)
		return sim.now_us;
	return sim.now_us + (uint64_t)((double)(mono_us - now) * 1e6 / (1e6 + m->ppm)) + 1;
}

void machine_drift(struct machine *m, int32_t ppm)
{
	m->mono_us = machine_mono(m);
	m->mono_at_us = sim.now_us;
	m->ppm = ppm;
}

static void boot(void *arg)
{
	struct machine *m = arg;
	m->boot(m);
}

void machine_start(struct machine *m)
{
	if (m->up)
		return;
	sim_say("start of %s", m->name);
	if (m->dark || !m->life) { /* a host that was started counts anew */
		m->mono_us = sim_between(1, 1000) * SIM_SECOND;
		m->mono_at_us = sim.now_us;
	}
	m->up = true;
	m->dark = m->held = false;
	m->life++;
	fiber_new(m, boot, m);
}

void machine_stop(struct machine *m, bool power)
{
	if (!m->up)
		return;
	sim_say("%s of %s", power ? "power cut" : "kill", m->name);
	sim_note(power ? 11 : 12, m->life);
	if (m->falls)
		m->falls(m);
	m->up = m->held = false;
	m->dark = power;
	m->of = m->door = NULL;
	net_machine_gone(m, power);
	disk_machine_gone(m->disk, power);
	for (size_t i = 0; i < ready_n;)
		if (ready[i]->m == m)
			ready[i] = ready[--ready_n];
		else
			i++;
	while (!list_empty(&m->fibers))
		retire(list_of(m->fibers.next, struct fiber, node));
}

void machine_hold(struct machine *m, bool held) { m->held = held && m->up; }
