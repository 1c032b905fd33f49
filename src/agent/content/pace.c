#include "agent/content/pace.h"

#include "base/list.h"
#include "io/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define QUANTA_MAX 4    /* time that nobody looked counts for no more */
#define GROWTH     1.5  /* what a job that was not held up may want more than it took */
#define LITTLE     4096 /* bytes: a job that took nothing may begin with so many */
#define UNLIMITED  1e18
#define SAME       1e-6

/* A tenant or a key, while a job of it is here. */
struct bucket {
	struct list node; /* pace.tenants, pace.keys */
	char id[PACE_NAME_MAX];
	uint64_t bps;
	unsigned jobs;
	double left;   /* bytes of this quantum */
	double weight; /* of those that still want some */
};

struct pace_job {
	const void *of;
	struct list node; /* pace.jobs */
	struct pace *pace;
	struct bucket *tenant, *key; /* NULL: none */
	uint64_t bps;
	double weight;
	double credit;    /* bytes that it may take; below 0: it took more than that */
	double took;      /* in this quantum */
	bool held;        /* it was told to wait in this quantum */
	double want, got; /* while a quantum is shared out */
	bool full;
};

struct pace {
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct list jobs, tenants, keys;
	struct bucket node;
	unsigned n;
	uint64_t shared_us; /* up to when the time has been shared out; 0: never */
};

enum rc pace_new(struct pace **ret, struct fault *f)
{
	struct pace *p = calloc(1, sizeof(*p));
	pthread_condattr_t attr;

	if (!p)
		return fault_set(f, RC_NOMEM, "no memory for the limits of bandwidth");
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->news, &attr);
	pthread_condattr_destroy(&attr);
	list_init(&p->jobs);
	list_init(&p->tenants);
	list_init(&p->keys);
	*ret = p;
	return RC_OK;
}

void pace_free(struct pace *p)
{
	if (!p)
		return;
	pthread_cond_destroy(&p->news);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

/* ---- who is here ---- */

static struct bucket *bucket_of(struct list *all, const char *id)
{
	list_each (at, after, all) {
		struct bucket *b = list_of(at, struct bucket, node);
		if (!strcmp(b->id, id))
			return b;
	}
	return NULL;
}

/* NULL in *ret without an id. */
static enum rc enter(struct list *all, const char *id, struct bucket **ret, struct fault *f)
{
	*ret = NULL;
	if (!id)
		return RC_OK;
	if (strlen(id) >= PACE_NAME_MAX)
		return fault_set(f, RC_INVALID, "an id has at most %d characters", PACE_NAME_MAX - 1);
	struct bucket *b = bucket_of(all, id);
	if (!b) {
		b = calloc(1, sizeof(*b));
		if (!b)
			return RC_NOMEM;
		snprintf(b->id, sizeof(b->id), "%s", id);
		list_append(all, &b->node);
	}
	b->jobs++;
	*ret = b;
	return RC_OK;
}

static void leave(struct bucket *b)
{
	if (!b || --b->jobs > 0)
		return;
	list_remove(&b->node);
	free(b);
}

static void set_limits(struct pace_job *j, const struct pace_share *s)
{
	uint32_t weight = s->weight ? s->weight : 1;

	if (j->tenant)
		j->tenant->bps = s->tenant_bps;
	if (j->key)
		j->key->bps = s->key_bps;
	j->bps = s->job_bps;
	j->weight = weight < PACE_WEIGHT_MAX ? weight : PACE_WEIGHT_MAX;
}

void pace_node(struct pace *p, uint64_t bps)
{
	pthread_mutex_lock(&p->lock);
	p->node.bps = bps;
	pthread_cond_broadcast(&p->news);
	pthread_mutex_unlock(&p->lock);
}

static enum rc join(struct pace *p, const struct pace_share *share, struct pace_job *j, struct fault *f)
{
	if (p->n >= PACE_JOBS_MAX)
		return fault_set(
			f, RC_LIMIT, "at most %d downloads at once share an agent's bandwidth", PACE_JOBS_MAX);
	enum rc rc = enter(&p->tenants, share->tenant, &j->tenant, f);
	if (rc == RC_OK)
		rc = enter(&p->keys, share->key, &j->key, f);
	if (rc != RC_OK) {
		leave(j->tenant);
		return rc;
	}
	j->pace = p;
	j->of = share->of;
	set_limits(j, share);
	list_append(&p->jobs, &j->node);
	p->n++;
	return RC_OK;
}

enum rc pace_join(struct pace *p, const struct pace_share *share, struct pace_job **ret, struct fault *f)
{
	struct pace_job *j = calloc(1, sizeof(*j));

	if (!j)
		return RC_NOMEM;
	pthread_mutex_lock(&p->lock);
	enum rc rc = join(p, share, j, f);
	pthread_mutex_unlock(&p->lock);
	if (rc == RC_OK)
		*ret = j;
	else
		free(j);
	return rc;
}

void pace_change(struct pace_job *j, const struct pace_share *share)
{
	pthread_mutex_lock(&j->pace->lock);
	set_limits(j, share);
	pthread_cond_broadcast(&j->pace->news);
	pthread_mutex_unlock(&j->pace->lock);
}

void pace_tune(struct pace *p, const void *of, uint64_t job_bps)
{
	pthread_mutex_lock(&p->lock);
	list_each (at, after, &p->jobs) {
		struct pace_job *j = list_of(at, struct pace_job, node);
		if (of && j->of == of)
			j->bps = job_bps;
	}
	pthread_cond_broadcast(&p->news);
	pthread_mutex_unlock(&p->lock);
}

void pace_leave(struct pace_job *j)
{
	if (!j)
		return;
	struct pace *p = j->pace;
	pthread_mutex_lock(&p->lock);
	list_remove(&j->node);
	leave(j->tenant);
	leave(j->key);
	p->n--;
	pthread_mutex_unlock(&p->lock);
	free(j);
}

static bool limited(const struct pace_job *j)
{
	return j->bps || j->pace->node.bps || (j->tenant && j->tenant->bps) || (j->key && j->key->bps);
}

bool pace_is_limited(const struct pace_job *j)
{
	pthread_mutex_lock(&j->pace->lock);
	bool is = limited(j);
	pthread_mutex_unlock(&j->pace->lock);
	return is;
}

/* ---- sharing a quantum out ---- */

static double bytes_of(uint64_t bps, double seconds) { return bps ? (double)bps / 8 * seconds : UNLIMITED; }

static void fill(struct list *all, double seconds)
{
	list_each (at, after, all) {
		struct bucket *b = list_of(at, struct bucket, node);
		b->left = bytes_of(b->bps, seconds);
	}
}

static double least(double a, double b) { return a < b ? a : b; }

/* What each would take if nothing were in its way. */
static void see_wants(struct pace *p, double seconds)
{
	list_each (at, after, &p->jobs) {
		struct pace_job *j = list_of(at, struct pace_job, node);
		double limit = bytes_of(j->bps, seconds);
		double saved = j->credit > 0 ? j->credit : 0, more = j->took * GROWTH + LITTLE;
		j->want = j->held || j->credit < 0 ? limit : least(limit, more > saved ? more - saved : 0);
		j->got = 0;
		j->full = false;
		j->took = 0;
		j->held = false;
	}
}

static void weigh(struct list *all)
{
	list_each (at, after, all)
		list_of(at, struct bucket, node)->weight = 0;
}

static void weigh_jobs(struct pace *p)
{
	p->node.weight = 0;
	weigh(&p->tenants);
	weigh(&p->keys);
	list_each (at, after, &p->jobs) {
		const struct pace_job *j = list_of(at, struct pace_job, node);
		if (j->full)
			continue;
		p->node.weight += j->weight;
		if (j->tenant)
			j->tenant->weight += j->weight;
		if (j->key)
			j->key->weight += j->weight;
	}
}

/* How far all that are not full can rise together, for each unit of weight. */
static double next_step(const struct pace *p)
{
	double step = UNLIMITED;

	list_each (at, after, &p->jobs) {
		const struct pace_job *j = list_of(at, struct pace_job, node);
		if (j->full)
			continue;
		step = least(step, (j->want - j->got) / j->weight);
		step = least(step, p->node.left / p->node.weight);
		if (j->tenant)
			step = least(step, j->tenant->left / j->tenant->weight);
		if (j->key)
			step = least(step, j->key->left / j->key->weight);
	}
	return step > 0 ? step : 0;
}

static bool is_empty(const struct bucket *b) { return b && b->left <= SAME * (1 + b->weight); }

static bool rise(struct pace *p, double step)
{
	bool more = false;

	list_each (at, after, &p->jobs) {
		struct pace_job *j = list_of(at, struct pace_job, node);
		double n = j->full ? 0 : step * j->weight;
		j->got += n;
		p->node.left -= n;
		if (j->tenant)
			j->tenant->left -= n;
		if (j->key)
			j->key->left -= n;
	}
	list_each (at, after, &p->jobs) {
		struct pace_job *j = list_of(at, struct pace_job, node);
		j->full = j->full || j->got >= j->want - SAME * j->weight || is_empty(&p->node) ||
			  is_empty(j->tenant) || is_empty(j->key);
		more |= !j->full;
	}
	return more;
}

/* All rise together, each as fast as its weight says, until it has what it wants or something above it is empty. */
static void share_out(struct pace *p, double seconds)
{
	see_wants(p, seconds);
	p->node.left = bytes_of(p->node.bps, seconds);
	fill(&p->tenants, seconds);
	fill(&p->keys, seconds);
	for (unsigned i = 0; i < 2 * PACE_JOBS_MAX; i++) { /* each step fills at least one */
		weigh_jobs(p);
		if (p->node.weight <= 0 || !rise(p, next_step(p)))
			break;
	}
	list_each (at, after, &p->jobs) {
		struct pace_job *j = list_of(at, struct pace_job, node);
		j->credit = limited(j) ? j->credit + j->got : 0;
	}
}

static bool catch_up(struct pace *p, uint64_t now_us)
{
	if (p->shared_us == 0)
		p->shared_us = now_us > PACE_QUANTUM_US ? now_us - PACE_QUANTUM_US : 0;
	if (now_us < p->shared_us + PACE_QUANTUM_US)
		return false;
	uint64_t quanta = (now_us - p->shared_us) / PACE_QUANTUM_US;
	p->shared_us += quanta * PACE_QUANTUM_US;
	if (quanta > QUANTA_MAX)
		quanta = QUANTA_MAX;
	share_out(p, (double)quanta * PACE_QUANTUM_US / 1e6);
	return true;
}

/* ---- who asks ---- */

static bool may(struct pace_job *j, uint64_t now_us)
{
	if (catch_up(j->pace, now_us))
		pthread_cond_broadcast(&j->pace->news);
	if (!limited(j) || j->credit > 0)
		return true;
	j->held = true;
	return false;
}

bool pace_may(struct pace_job *j, uint64_t now_us)
{
	pthread_mutex_lock(&j->pace->lock);
	bool yes = may(j, now_us);
	pthread_mutex_unlock(&j->pace->lock);
	return yes;
}

static void took(struct pace_job *j, size_t n, uint64_t now_us)
{
	(void)catch_up(j->pace, now_us);
	j->took += (double)n;
	if (limited(j))
		j->credit -= (double)n;
}

void pace_took(struct pace_job *j, size_t n, uint64_t now_us)
{
	pthread_mutex_lock(&j->pace->lock);
	took(j, n, now_us);
	pthread_mutex_unlock(&j->pace->lock);
}

/* Until the next quantum, or until another has shared it out. */
static void sleep_a_while(struct pace *p)
{
	uint64_t until_us = p->shared_us + PACE_QUANTUM_US;
	struct timespec at = { .tv_sec = (time_t)(until_us / 1000000),
		.tv_nsec = (long)(until_us % 1000000 * 1000) };

	pthread_cond_timedwait(&p->news, &p->lock, &at);
}

uint64_t pace_wait(struct pace_job *j, size_t n, bool (*halt)(void *ctx), void *ctx)
{
	struct pace *p = j->pace;
	uint64_t began_us = clock_mono_us(), now_us = began_us;

	pthread_mutex_lock(&p->lock);
	took(j, n, now_us);
	while (!may(j, now_us)) {
		sleep_a_while(p);
		now_us = clock_mono_us();
		pthread_mutex_unlock(&p->lock); /* halt may take locks of its own */
		bool ends = halt && halt(ctx);
		pthread_mutex_lock(&p->lock);
		if (ends)
			break;
	}
	pthread_mutex_unlock(&p->lock);
	return now_us - began_us;
}
