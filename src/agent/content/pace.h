/*
 * pace: how fast the downloads of an agent may be: buckets of the node, of each tenant, of each key and of each job, one below the
 * other. Every PACE_QUANTUM_US what may come is shared among the jobs that want some: as much as the tightest bucket above each
 * allows, and where they meet in one, by their weights. What a job does not want goes to the others.
 *
 * pace_wait is for threads that fetch; pace_may is the same without waiting and with the moment as an argument. Any thread.
 * Source: product.md 5.9.3.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACE_QUANTUM_US 50000
#define PACE_JOBS_MAX   256
#define PACE_NAME_MAX   65
#define PACE_WEIGHT_MAX 1000

struct pace;
struct pace_job;

/* Limits are bits a second; 0: none. Those of a tenant or a key are as whoever told them last said. */
struct pace_share {
	const char *tenant, *key; /* ids; NULL: none */
	uint64_t tenant_bps, key_bps, job_bps;
	uint32_t weight; /* against the others; 0: 1 */
	const void *of;  /* what the job is known by to pace_tune; NULL: nothing */
};

must_check enum rc pace_new(struct pace **ret, struct fault *f);
void pace_free(struct pace *p); /* when all have left */
OWN_DEFINE(pace)

void pace_node(struct pace *p, uint64_t bps);

/* RC_INVALID: an id too long; RC_LIMIT: too many jobs. */
must_check enum rc pace_join(
	struct pace *p, const struct pace_share *share, struct pace_job **ret, struct fault *f);
/* Other limits, another weight; ids stay. */
void pace_change(struct pace_job *j, const struct pace_share *share);
/* Another limit of the job with this `of`, if it is here: from the next quantum on. */
void pace_tune(struct pace *p, const void *of, uint64_t job_bps);
void pace_leave(struct pace_job *j); /* NULL: nothing */

bool pace_is_limited(const struct pace_job *j);

/*
 * `n` bytes have come. Comes back when the next may: at once without limits. `halt` is asked each quantum: true ends the wait. Returns the
 * microseconds that it waited.
 */
uint64_t pace_wait(struct pace_job *j, size_t n, bool (*halt)(void *ctx), void *ctx);

/* May the next bytes come at this moment? Then they are to be told by pace_took. */
bool pace_may(struct pace_job *j, uint64_t now_us);
void pace_took(struct pace_job *j, size_t n, uint64_t now_us);
