/*
 * sim: the world of footplate-sim: one thread, one clock that is a number, one seed. All that seems to happen at once is drawn
 * from the seed, so a seed is a whole history and can be told again.
 *
 * A machine is a process on a host of its own: fibers (its threads), clocks that may be wrong, a disk, and ends of connections.
 * It can be killed (its memory is forgotten, its disk stays), lose its power (its disk keeps only what was synced), be held
 * still, and be started again. What a killed machine had allocated is not freed: a seed is run in a process of its own.
 *
 * Everything is called on the one thread: from a fiber, or from an event (sim_at), which belongs to no machine.
 */
#pragma once

#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_SECOND 1000000ull /* time is counted in microseconds */
#define SIM_MS     1000ull

struct disk;
struct fiber;

struct machine {
	const char *name;             /* as URLs call it */
	bool up;                      /* its process runs */
	bool dark;                    /* its host is without power: it does not even refuse a connection */
	bool held;                    /* stopped as by SIGSTOP */
	uint32_t life;                /* counts its processes */
	int64_t wall_us;              /* how much its wall clock is ahead */
	uint64_t mono_us, mono_at_us; /* its monotonic clock said so then */
	int32_t ppm;                  /* how much faster that clock runs */
	struct disk *disk;
	void (*boot)(struct machine *m);  /* its first fiber */
	void *of;                         /* what boot made; forgotten when it is killed */
	void *door;                       /* its web server, see net.h */
	void (*falls)(struct machine *m); /* told before it is stopped; may be NULL */
	struct list fibers;
	struct list ends; /* of connections, see net.h */
};

struct sim {
	uint64_t now_us, began_us;
	uint64_t seed, rng[4];
	uint64_t hash; /* of all that happened */
	struct fiber *current;
	struct machine *as; /* whose code an event runs, NULL: nobody's */
	bool quiet;         /* what is done now takes no time and does not fail */
	bool over;          /* sim_run ends */
	bool verbose;
	uint64_t events, switches; /* figures */
	uint64_t faults;
	char broken[512]; /* what does not hold; "" while all does */
};
extern struct sim sim;

/* ---- chance ---- */
void sim_seed(uint64_t seed);
uint64_t sim_rand(void);
uint64_t sim_below(uint64_t n);               /* 0 … n-1 */
uint64_t sim_between(uint64_t a, uint64_t b); /* both are possible */
bool sim_chance(unsigned per_mille);

/* ---- what happened ---- */
void sim_note(uint64_t a, uint64_t b);                                    /* into the hash of the history */
void sim_say(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* -v: a line with the time */
/* The first thing that does not hold ends the run. */
void sim_break(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* ---- time ---- */
typedef void sim_fn(void *a, uint64_t b);
void sim_at(uint64_t at_us, sim_fn *fn, void *a, uint64_t b);
static inline void sim_in(uint64_t us, sim_fn *fn, void *a, uint64_t b) { sim_at(sim.now_us + us, fn, a, b); }
void sim_run(uint64_t until_us); /* or until sim.over */

/* ---- machines ---- */
struct machine *sim_me(void); /* whose code runs; NULL: nobody's */
void machine_init(struct machine *m, const char *name, void (*boot)(struct machine *m));
void machine_start(struct machine *m);
void machine_stop(struct machine *m, bool power); /* power: the host goes, too */
void machine_hold(struct machine *m, bool held);
uint64_t machine_mono(const struct machine *m);                   /* what its monotonic clock says */
uint64_t machine_true(const struct machine *m, uint64_t mono_us); /* when it will say so */
void machine_drift(struct machine *m, int32_t ppm);

/* ---- fibers ---- */
struct fiber *fiber_new(struct machine *m, void (*run)(void *arg), void *arg);
/* Below: only on a fiber. Waits for fiber_wake; false: the moment came first (UINT64_MAX: none). */
bool fiber_wait(uint64_t until_us);
void fiber_sleep(uint64_t us);
void fiber_yield(void);           /* others may go first */
void fiber_wake(struct fiber *f); /* any; no news when it does not wait */
