#include "proof/nemesis.h"
#include "proof/desk.h"
#include "proof/disk.h"
#include "proof/net.h"
#include "proof/sim.h"
#include "proof/steam.h"
#include "proof/world.h"

#include <stdio.h>
#include <stdlib.h>

enum wrong {
	KILL,
	POWER,
	PARTITION,
	ONE_WAY,
	SLOW_LINK,
	CUT,
	BAD_DISK,
	SLOW_DISK,
	FULL_DISK,
	JUMP,
	DRIFT,
	HOLD,
	STEAM_AWAY,
	STEAM_BAD,
	TWINS,
	HANG_UP,
	WRONGS
};

static bool on;
static uint64_t until;
static unsigned kinds;
static uint64_t every_us;
static int64_t jumped_ms;
static unsigned strikes, fails; /* per 10,000 passes of a failpoint */
static unsigned lies;           /* per mille */

int64_t nemesis_jumped_ms(void) { return jumped_ms; }

static struct machine *process(void)
{
	uint64_t n = sim_below(WORLD_AGENTS + 2);
	return n < 2 ? &world.control : &world.agents[n - 2];
}

static struct machine *any_machine(void)
{
	uint64_t n = sim_below(WORLD_AGENTS + 4);
	return n == 0 ? &steam_machine : n == 1 ? &world.desk : n < 4 ? &world.control : &world.agents[n - 4];
}

static uint64_t a_while(void)
{
	return sim_chance(150) ? sim_between(3, 15) * SIM_SECOND : sim_between(5, 2500) * SIM_MS;
}

/* ---- putting right ---- */

static void on_start(void *a, uint64_t b)
{
	struct machine *m = a;
	if (!m->up && m->life == b)
		machine_start(m);
}

static void on_release(void *a, uint64_t b)
{
	struct machine *m = a;
	if (m->up && m->life == b)
		machine_hold(m, false);
}

static void on_disk(void *a, uint64_t b)
{
	(void)b;
	disk_mend(((struct machine *)a)->disk);
}

struct pair {
	struct machine *a, *b;
};

static void on_open(void *a, uint64_t b)
{
	struct pair *p = a;
	(void)b;
	net_block(p->a, p->b, false);
	net_block(p->b, p->a, false);
	net_slow(p->a, p->b, 100, 1500);
	free(p);
}

static void on_steam(void *a, uint64_t b)
{
	(void)a, (void)b;
	steam_mood = (struct steam_mood){ 0 };
}

static void on_twins(void *a, uint64_t b)
{
	(void)a, (void)b;
	net_twins = 0;
}

static void open_later(struct machine *a, struct machine *b)
{
	struct pair *p = calloc(1, sizeof(*p));
	if (!p)
		abort();
	*p = (struct pair){ a, b };
	sim_in(a_while(), on_open, p, 0);
}

/* ---- going wrong ---- */

static void on_strike(void *a, uint64_t b)
{
	struct machine *m = a;
	if (!m->up || m->life != b)
		return;
	machine_stop(m, sim_chance(300));
	sim_in(a_while(), on_start, m, m->life);
}

bool nemesis_strikes(const char *name)
{
	struct machine *m = sim_me();

	if (!on || sim_below(10000) >= strikes)
		return false;
	sim_say("%s is to die at %s", m->name, name);
	sim.faults++;
	sim_in(0, on_strike, m, m->life);
	return true;
}

bool nemesis_fails(void)
{
	if (!on || sim_below(10000) >= fails)
		return false;
	sim.faults++;
	return true;
}

static void stop(bool power)
{
	struct machine *m = process();
	if (!m->up)
		return;
	machine_stop(m, power);
	sim_in(a_while(), on_start, m, m->life);
}

bool nemesis_lies(void)
{
	if (!on || !sim_chance(lies))
		return false;
	sim.faults++;
	return true;
}

static void break_link(enum wrong what)
{
	struct machine *a = any_machine(), *b = any_machine();
	if (a == b)
		return;
	if (what == SLOW_LINK)
		net_slow(a, b, sim_below(50) * SIM_MS, sim_between(50, 3000) * SIM_MS);
	else
		net_block(a, b, true);
	if (what == PARTITION)
		net_block(b, a, true);
	sim_say("link %s to %s: %d", a->name, b->name, (int)what);
	open_later(a, b);
}

static void break_disk(enum wrong what)
{
	struct machine *m = process();
	if (what == BAD_DISK) {
		m->disk->bad_syncs = (unsigned)sim_below(600);
		m->disk->bad_writes = (unsigned)sim_below(100);
	} else if (what == SLOW_DISK) {
		m->disk->sync_us = sim_between(5, 900) * SIM_MS;
	} else {
		m->disk->full = true;
	}
	sim_say("disk of %s: %d", m->name, (int)what);
	sim_in(a_while(), on_disk, m, 0);
}

static void move_clock(enum wrong what)
{
	struct machine *m = process();

	if (what == DRIFT) {
		machine_drift(m, (int32_t)sim_between(0, 400) - 200);
		return;
	}
	int64_t to = ((int64_t)sim_below(20001) - 10000) * 1000;
	if (m == &world.control && to / 1000 - m->wall_us / 1000 < 0)
		jumped_ms += m->wall_us / 1000 - to / 1000;
	sim_say("wall clock of %s is %lld ms off", m->name, (long long)to / 1000);
	m->wall_us = to;
}

static void hold(void)
{
	struct machine *m = process();
	if (!m->up)
		return;
	machine_hold(m, true);
	sim_say("%s is held", m->name);
	sim_in(a_while(), on_release, m, m->life);
}

static void upset_steam(enum wrong what)
{
	if (what == STEAM_AWAY)
		steam_mood.away = true;
	else
		steam_mood = (struct steam_mood){ false, (unsigned)sim_below(300), (unsigned)sim_below(200),
			(unsigned)sim_below(100), (unsigned)sim_below(200), sim_between(20, 8000) * SIM_MS };
	sim_in(a_while(), on_steam, NULL, 0);
}

static void do_wrong(enum wrong what)
{
	switch (what) {
	case KILL:
	case POWER:
		stop(what == POWER);
		break;
	case PARTITION:
	case ONE_WAY:
	case SLOW_LINK:
		break_link(what);
		break;
	case CUT:
		for (uint64_t n = sim_between(1, 4); n > 0; n--)
			net_cut_one();
		break;
	case BAD_DISK:
	case SLOW_DISK:
	case FULL_DISK:
		break_disk(what);
		break;
	case JUMP:
	case DRIFT:
		move_clock(what);
		break;
	case HOLD:
		hold();
		break;
	case STEAM_AWAY:
	case STEAM_BAD:
		upset_steam(what);
		break;
	case TWINS:
		net_twins = (unsigned)sim_below(400);
		sim_in(a_while(), on_twins, NULL, 0);
		break;
	case HANG_UP:
		desk_hang_up();
		break;
	case WRONGS:
		break;
	}
	sim.faults++;
	sim_note(7, (uint64_t)what);
}

static void on_next(void *a, uint64_t b)
{
	(void)a, (void)b;
	if (!on || sim.now_us >= until)
		return;
	enum wrong what = (enum wrong)sim_below(WRONGS);
	if (kinds & 1u << what)
		do_wrong(what);
	sim_in(sim_below(2 * every_us), on_next, NULL, 0);
}

void nemesis_begin(uint64_t until_us)
{
	on = true;
	until = until_us;
	kinds = (unsigned)(sim_rand() | sim_rand());
	every_us = sim_between(20, 400) * SIM_MS;
	strikes = sim_chance(500) ? (unsigned)sim_below(60) : 0;
	lies = sim_chance(600) ? (unsigned)sim_between(200, 1000) : 0;
	fails = sim_chance(300) ? (unsigned)sim_below(300) : 0;
	on_next(NULL, 0);
}

void nemesis_end(void)
{
	struct machine *all[WORLD_AGENTS + 1] = { &world.control };

	on = false;
	net_mend();
	steam_mood = (struct steam_mood){ 0 };
	for (int i = 0; i < WORLD_AGENTS; i++)
		all[i + 1] = &world.agents[i];
	for (int i = 0; i <= WORLD_AGENTS; i++) {
		disk_mend(all[i]->disk);
		all[i]->wall_us = 0;
		machine_hold(all[i], false);
		machine_start(all[i]);
	}
	sim_say("all is put right");
}
