/*
 * footplate-sim: histories of a control plane, agents, Steam and clients in one process, one for each seed. See docs/proof.md.
 *
 * The world is brought up once; each seed is a fork of it, so that a machine that was killed takes its memory along.
 */
#include "proof/check.h"
#include "proof/desk.h"
#include "proof/nemesis.h"
#include "proof/sim.h"
#include "proof/steam.h"
#include "proof/world.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_US     (1000 * SIM_MS) /* between two looks while things go wrong */
#define END_US      (250 * SIM_MS)
#define LIVENESS_US (60 * SIM_SECOND)
#define JOBS_MAX    64

struct outcome {
	uint64_t seed, hash, virtual_us, faults, effects, tasks, events, switches;
	char broken[512];
};

const char *__asan_default_options(void);
/* What a killed machine had is not freed. */
const char *__asan_default_options(void) { return "detect_leaks=0:detect_stack_use_after_return=0"; }

static void run_seed(uint64_t seed, struct outcome *to)
{
	uint64_t began = sim.now_us;
	sim_seed(seed);
	sim.hash = 0;
	sim.faults = 0;
	sim.over = false;
	sim.began_us = began;
	uint64_t until = began + sim_between(3, 11) * SIM_SECOND;
	desk_begin(until);
	nemesis_begin(until);
	while (!*sim.broken && sim.now_us < until) {
		sim_run(sim.now_us + LOOK_US);
		check_now();
	}
	nemesis_end();
	uint64_t bound = sim.now_us + LIVENESS_US + (uint64_t)nemesis_jumped_ms() * SIM_MS;
	bool done = false;
	while (!*sim.broken && !done && sim.now_us < bound) {
		sim_run(sim.now_us + END_US);
		check_now();
		done = desk_is_idle() && check_is_over() && check_is_told();
	}
	if (!*sim.broken && !done)
		check_tell();
	if (!*sim.broken && !done)
		sim_break("I12: not all has ended %d s after the last fault%s", (int)(LIVENESS_US / SIM_SECOND),
			!desk_is_idle()   ? "; a client has no answer"
			: check_is_over() ? "; a subscriber is behind"
					  : "");
	if (!*sim.broken)
		check_end();
	*to = (struct outcome){ seed, sim.hash, sim.now_us - began, sim.faults, steam_effects, check_tasks,
		check_events, sim.switches, "" };
	snprintf(to->broken, sizeof(to->broken), "%s", sim.broken);
}

struct child {
	pid_t pid;
	int fd;
	uint64_t seed;
};

static struct child start(uint64_t seed)
{
	int fds[2];
	if (pipe(fds) != 0)
		abort();
	pid_t pid = fork();
	if (pid < 0)
		abort();
	if (pid == 0) {
		struct outcome o;
		close(fds[0]);
		run_seed(seed, &o);
		ssize_t k = write(fds[1], &o, sizeof(o));
		_exit(k == (ssize_t)sizeof(o) ? 0 : 1);
	}
	close(fds[1]);
	return (struct child){ pid, fds[0], seed };
}

static void finish(const struct child *c, struct outcome *to)
{
	int status = 0;
	ssize_t n = read(c->fd, to, sizeof(*to));

	close(c->fd);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (n == (ssize_t)sizeof(*to))
		return;
	*to = (struct outcome){ .seed = c->seed };
	if (WIFSIGNALED(status))
		snprintf(to->broken, sizeof(to->broken), "the process died of signal %d", WTERMSIG(status));
	else
		snprintf(to->broken, sizeof(to->broken), "the process ended with status %d", WEXITSTATUS(status));
}

static double seconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct options {
	uint64_t from, to;
	unsigned jobs;
	bool twice, all;
};

static struct outcome total;
static uint64_t failed;

static void account_for(const struct options *o, const struct outcome *r)
{
	total.virtual_us += r->virtual_us;
	total.faults += r->faults;
	total.effects += r->effects;
	total.tasks += r->tasks;
	total.events += r->events;
	total.switches += r->switches;
	if (o->from == o->to)
		printf("seed %llu hash %016llx\n", (unsigned long long)r->seed, (unsigned long long)r->hash);
	if (!*r->broken)
		return;
	failed++;
	printf("seed %llu: %s\n", (unsigned long long)r->seed, r->broken);
	fflush(stdout);
}

static void run_all(const struct options *o)
{
	struct child running[JOBS_MAX];
	size_t n = 0;

	for (uint64_t seed = o->from; seed <= o->to || n > 0;) {
		if (n < o->jobs && seed <= o->to && (o->all || !failed)) {
			running[n++] = start(seed++);
			continue;
		}
		if (n == 0)
			break;
		struct outcome r, again;
		struct child first = running[0];
		memmove(running, running + 1, --n * sizeof(*running));
		finish(&first, &r);
		account_for(o, &r);
		if (!o->twice)
			continue;
		struct child second = start(first.seed);
		finish(&second, &again);
		if (again.hash != r.hash) {
			failed++;
			printf("seed %llu: two runs are not the same: %016llx, %016llx\n",
				(unsigned long long)r.seed, (unsigned long long)r.hash,
				(unsigned long long)again.hash);
		}
	}
}

static int usage(void)
{
	fputs("usage: footplate-sim --seed N [-v] | --seeds A..B [--jobs N] [--twice] [--all]\n"
	      "  --seed N      one history; -v tells it on stderr\n"
	      "  --seeds A..B  these and all between; ends at the first that breaks, --all goes on\n"
	      "  --jobs N      processes at once; 2\n"
	      "  --twice       each is run twice, and must be the same\n",
		stderr);
	return 2;
}

static bool parse(int argc, char **argv, struct options *o)
{
	*o = (struct options){ .from = 1, .to = 0, .jobs = 2 };
	for (int i = 1; i < argc; i++) {
		char *end = NULL;
		if (!strcmp(argv[i], "-v")) {
			sim.verbose = true;
		} else if (!strcmp(argv[i], "--twice")) {
			o->twice = true;
		} else if (!strcmp(argv[i], "--all")) {
			o->all = true;
		} else if (i + 1 == argc) {
			return false;
		} else if (!strcmp(argv[i], "--seed")) {
			o->from = o->to = strtoull(argv[++i], &end, 10);
		} else if (!strcmp(argv[i], "--jobs")) {
			o->jobs = (unsigned)strtoul(argv[++i], &end, 10);
		} else if (!strcmp(argv[i], "--seeds")) {
			o->from = strtoull(argv[++i], &end, 10);
			if (!strncmp(end, "..", 2))
				o->to = strtoull(end + 2, &end, 10);
		} else {
			return false;
		}
		if (end && *end)
			return false;
	}
	return o->from <= o->to && o->jobs >= 1 && o->jobs <= JOBS_MAX;
}

/* Addresses are the same in every run: nothing should depend on them, and then nothing can. */
static void fix_addresses(char **argv)
{
	int now = personality(0xffffffff);
	if (now == -1 || (now & ADDR_NO_RANDOMIZE) || personality((unsigned long)now | ADDR_NO_RANDOMIZE) == -1)
		return;
	execv("/proc/self/exe", argv);
}

int main(int argc, char **argv)
{
	struct options o;
	bool verbose;

	if (!parse(argc, argv, &o))
		return usage();
	fix_addresses(argv);
	unsetenv("CREDENTIALS_DIRECTORY");
	json_object_seed(1);
	verbose = sim.verbose;
	sim.verbose = verbose && getenv("SIM_PROLOGUE");
	sim_seed(0);
	if (!world_make()) {
		printf("the world did not come up: %s\n", sim.broken);
		return 1;
	}
	sim.verbose = verbose;
	double began = seconds();
	run_all(&o);
	double took = seconds() - began;
	double virtual = (double)total.virtual_us / 1e6;
	printf("%llu seeds, %llu broken: %.0f virtual seconds in %.1f s (%.0f times), %llu faults, %llu effects, "
	       "%llu tasks, %llu "
	       "events\n",
		(unsigned long long)(o.to - o.from + 1), (unsigned long long)failed, virtual, took,
		virtual / (took > 0 ? took : 1), (unsigned long long)total.faults,
		(unsigned long long)total.effects, (unsigned long long)total.tasks,
		(unsigned long long)total.events);
	return failed ? 1 : 0;
}
