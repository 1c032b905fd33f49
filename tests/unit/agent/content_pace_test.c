/* How fast downloads may be: on a clock that only the test moves; then, printed and not judged, by the real one. */
#include "agent/content/pace.h"
#include "io/clock.h"
#include "tests/unit/check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define PIECE    16384
#define JOBS_MAX 8

static uint64_t now_us = 5000000;

struct runner {
	struct pace_job *job;
	uint64_t bytes;    /* that it took */
	uint64_t most_bps; /* it cannot be faster by itself; 0: it can */
	double owed;
};

/* All take what they may, for so many virtual milliseconds, a look each. */
static void play(struct runner *r, unsigned n, unsigned ms)
{
	for (unsigned t = 0; t < ms; t++, now_us += 1000)
		for (unsigned i = 0; i < n; i++) {
			r[i].owed += (double)r[i].most_bps / 8 / 1000;
			/* It is tried by turns, as threads do. */
			for (unsigned k = 0;
				k < 64 && (!r[i].most_bps || r[i].owed >= PIECE) && pace_may(r[i].job, now_us);
				k++) {
				pace_took(r[i].job, PIECE, now_us);
				r[i].bytes += PIECE;
				r[i].owed -= r[i].most_bps ? PIECE : 0;
			}
		}
}

static double mbit(const struct runner *r, unsigned ms) { return (double)r->bytes * 8 / 1000 / ms; }

static void near(const char *what, double got, double want)
{
	if (got < want * 0.95 || got > want * 1.05)
		fprintf(stderr, "%s: %.2f Mbit/s instead of %.2f\n", what, got, want);
	CHECK(got >= want * 0.95 && got <= want * 1.05);
}

static struct runner join(struct pace *p, struct pace_share s)
{
	struct runner r = { 0 };
	struct fault f = { 0 };
	CHECK(pace_join(p, &s, &r.job, &f) == RC_OK);
	return r;
}

static struct pace *start(void)
{
	struct pace *p = NULL;
	CHECK(pace_new(&p, NULL) == RC_OK);
	return p;
}

static void finish(struct pace *p, struct runner *r, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		pace_leave(r[i].job);
	pace_free(p);
}

#define M(n) ((uint64_t)(n)*1000000)

/* D5: tenant A 100 Mbit/s, B 50; three jobs of A, one of B. */
static void two_tenants(void)
{
	struct pace *p = start();
	struct runner r[4];

	for (unsigned i = 0; i < 4; i++)
		r[i] = join(p,
			(struct pace_share){ .tenant = i < 3 ? "A" : "B", .tenant_bps = i < 3 ? M(100) : M(50) });
	play(r, 4, 10000);
	near("A", mbit(&r[0], 10000) + mbit(&r[1], 10000) + mbit(&r[2], 10000), 100);
	near("B", mbit(&r[3], 10000), 50);
	for (unsigned i = 0; i < 3; i++)
		near("a third of A", mbit(&r[i], 10000), 100 / 3.0);
	finish(p, r, 4);
}

/* Node 80 > tenant A 60 > key K 10 > job: each holds, and what one does not use is another's. */
static void four_levels(void)
{
	struct pace *p = start();
	struct runner r[4];

	pace_node(p, M(80));
	r[0] = join(p, (struct pace_share){ .tenant = "A", .key = "K", .tenant_bps = M(60), .key_bps = M(10) });
	r[1] = join(p, (struct pace_share){ .tenant = "A", .key = "L", .tenant_bps = M(60) });
	r[2] = join(p, (struct pace_share){ .tenant = "B", .job_bps = M(8) });
	r[3] = join(p, (struct pace_share){ .tenant = "B" });
	play(r, 4, 10000);
	near("key", mbit(&r[0], 10000), 10);
	near("job", mbit(&r[2], 10000), 8);
	near("two equals share the rest (1)", mbit(&r[1], 10000), 31);
	near("two equals share the rest (2)", mbit(&r[3], 10000), 31);
	finish(p, r, 4);
}

static void weights(void)
{
	struct pace *p = start();
	struct runner r[3];

	for (unsigned i = 0; i < 3; i++)
		r[i] = join(p, (struct pace_share){ .tenant = "A", .tenant_bps = M(60), .weight = i + 1 });
	play(r, 3, 10000);
	for (unsigned i = 0; i < 3; i++)
		near("weight", mbit(&r[i], 10000), 10.0 * (i + 1));
	finish(p, r, 3);
}

/* One that is slow by itself leaves the rest to the other. */
static void the_rest(void)
{
	struct pace *p = start();
	struct runner r[2];

	for (unsigned i = 0; i < 2; i++)
		r[i] = join(p, (struct pace_share){ .tenant = "A", .tenant_bps = M(100) });
	r[0].most_bps = M(20);
	play(r, 2, 2000);
	r[0].bytes = r[1].bytes = 0;
	play(r, 2, 10000);
	near("slow one", mbit(&r[0], 10000), 20);
	near("the rest", mbit(&r[1], 10000), 80);
	finish(p, r, 2);
}

static void changes(void)
{
	struct pace *p = start();
	struct pace_share s = { .tenant = "A", .tenant_bps = M(100) };
	struct runner r[1] = { join(p, s) };

	CHECK(pace_is_limited(r[0].job));
	play(r, 1, 1000);
	s.tenant_bps = M(10);
	pace_change(r[0].job, &s);
	play(r, 1, 1000);
	r[0].bytes = 0;
	play(r, 1, 10000);
	near("after the change", mbit(&r[0], 10000), 10);
	s.tenant_bps = 0;
	pace_change(r[0].job, &s);
	CHECK(!pace_is_limited(r[0].job));
	r[0].bytes = 0;
	play(r, 1, 10);
	CHECK(r[0].bytes == 64ull * 10 * PIECE); /* as fast as it likes */
	pace_node(p, M(40));
	play(r, 1, 1000);
	r[0].bytes = 0;
	play(r, 1, 10000);
	near("the node's", mbit(&r[0], 10000), 40);
	finish(p, r, 1);
}

/* Little, in pieces that are larger than a quantum's share: a debt is paid. */
static void little(void)
{
	struct pace *p = start();
	struct runner r[1] = { join(p, (struct pace_share){ .job_bps = 500000 }) };

	play(r, 1, 20000);
	near("half a Mbit", mbit(&r[0], 20000), 0.5);
	finish(p, r, 1);
}

/* Time in which nobody looked is not saved up. */
static void no_hoard(void)
{
	struct pace *p = start();
	struct runner r[1] = { join(p, (struct pace_share){ .job_bps = M(80) }) };

	play(r, 1, 1000);
	now_us += 60000000;
	r[0].bytes = 0;
	play(r, 1, 1);
	CHECK(r[0].bytes < M(80) / 8 / 1000 * 50 * 6);
	finish(p, r, 1);
}

static void too_many(void)
{
	struct pace *p = start();
	static struct pace_job *all[PACE_JOBS_MAX];
	struct pace_job *one = NULL;
	char longest[PACE_NAME_MAX + 1];
	struct fault f = { 0 };

	memset(longest, 'x', PACE_NAME_MAX);
	longest[PACE_NAME_MAX] = 0;
	CHECK(pace_join(p, &(struct pace_share){ .tenant = "A", .key = longest }, &one, &f) == RC_INVALID);
	CHECK(pace_join(p, &(struct pace_share){ .tenant = longest }, &one, &f) == RC_INVALID && !one);
	for (unsigned i = 0; i < PACE_JOBS_MAX; i++)
		CHECK(pace_join(p, &(struct pace_share){ .tenant = i % 2 ? "A" : "B", .tenant_bps = M(1) }, &all[i],
			      &f) == RC_OK);
	CHECK(pace_join(p, &(struct pace_share){ 0 }, &one, &f) == RC_LIMIT && !one);
	for (unsigned i = 0; i < PACE_JOBS_MAX; i++)
		pace_leave(all[i]);
	pace_free(p);
}

/* ---- the real clock ---- */

static atomic_bool ends;

static bool halted(void *ctx)
{
	(void)ctx;
	return ends;
}

static void *run(void *arg)
{
	struct runner *r = arg;
	while (!ends) {
		pace_wait(r->job, PIECE, halted, NULL);
		r->bytes += PIECE;
	}
	return NULL;
}

static void real(void)
{
	struct pace *p = start();
	struct runner r[2] = { join(p, (struct pace_share){ .tenant = "A", .tenant_bps = M(100) }),
		join(p, (struct pace_share){ .tenant = "B", .tenant_bps = M(50) }) };
	pthread_t threads[2];

	uint64_t began = clock_mono_us();
	for (unsigned i = 0; i < 2; i++)
		CHECK(pthread_create(&threads[i], NULL, run, &r[i]) == 0);
	clock_sleep_ms(1000);
	ends = true;
	double s = (double)(clock_mono_us() - began) / 1e6;
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	printf("real clock: A %.1f of 100 Mbit/s, B %.1f of 50\n", (double)r[0].bytes * 8 / 1e6 / s,
		(double)r[1].bytes * 8 / 1e6 / s);
	finish(p, r, 2);
}

/* One job is told another rate by what it is known by; the other keeps its own. */
static void tuned(void)
{
	static const int one, two, none;
	struct pace *p = start();
	struct runner r[2] = { join(p, (struct pace_share){ .job_bps = M(10), .of = &one }),
		join(p, (struct pace_share){ .job_bps = M(10), .of = &two }) };

	play(r, 2, 2000);
	near("before", mbit(&r[0], 2000), 10);
	pace_tune(p, &one, M(40));
	pace_tune(p, &none, M(1));
	pace_tune(p, NULL, M(1));
	r[0].bytes = r[1].bytes = 0;
	play(r, 2, 2000);
	near("faster", mbit(&r[0], 2000), 40);
	near("the other", mbit(&r[1], 2000), 10);
	pace_tune(p, &one, 0);
	CHECK(!pace_is_limited(r[0].job) && pace_is_limited(r[1].job));
	finish(p, r, 2);
}

int main(void)
{
	two_tenants();
	four_levels();
	weights();
	the_rest();
	changes();
	tuned();
	little();
	no_hoard();
	too_many();
	real();
	return 0;
}
