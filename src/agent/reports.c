#include "agent/reports.h"

#include "agent/keeper.h"
#include "agent/uplink_run.h"
#include "base/list.h"
#include "base/log.h"
#include "io/clock.h"
#include "wire/tunnel_msg.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY_PREFIX "event "
#define FULL_BYTES (1u << 20)

struct report {
	struct list node; /* reports.all, oldest first */
	struct reports *reports;
	int64_t pos;
	bool kept, sent, busy; /* busy: `kept_job` is with the keeper */
	bool dropped;          /* goes when the keeper gives it back */
	struct keeper_job job;
};

struct reports {
	struct loop *loop;
	const struct log *log;
	struct keeper *keeper;
	struct uplink_run *uplink;
	struct list all;
	size_t n;
	int64_t last_pos;
	bool reading;
};

static void tell_more(struct reports *rp);

static void on_dropped(struct keeper_job *job) { free(list_of(job, struct report, job)); }

/* Takes it from the list, and its record from the journal. */
static void forget(struct report *r)
{
	if (r->busy) {
		r->dropped = true;
		return;
	}
	list_remove(&r->node);
	r->reports->n--;
	buf_done(&r->job.body);
	r->job.what = KEEPER_DROP;
	r->job.done = on_dropped;
	keeper_push(r->reports->keeper, &r->job);
}

static struct report *add(struct reports *rp, int64_t pos)
{
	struct report *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->reports = rp;
	r->pos = pos;
	r->job.kind = REPORTS_KIND;
	snprintf(r->job.key, sizeof(r->job.key), KEY_PREFIX "%020" PRId64, pos);
	list_append(&rp->all, &r->node);
	rp->n++;
	if (pos > rp->last_pos)
		rp->last_pos = pos;
	return r;
}

static bool send_body(struct report *r)
{
	struct arena a = { 0 };
	struct tunnel_msg m;
	struct buf *b = &r->job.body;

	enum rc rc = tunnel_msg_decode(TUNNEL_MSG_EVENT, b->p, b->n, &a, &m, NULL);
	if (rc == RC_OK)
		rc = uplink_run_send(r->reports->uplink, &m);
	arena_done(&a);
	buf_done(b);
	r->sent = rc != RC_OVERLOADED && rc != RC_AWAY;
	return r->sent;
}

static void on_read(struct keeper_job *job)
{
	struct report *r = list_of(job, struct report, job);
	struct reports *rp = r->reports;

	rp->reading = r->busy = false;
	if (r->dropped) {
		forget(r);
	} else if (job->rc != RC_OK) {
		log_error(rp->log, "event not read pos=%" PRId64 ": %s", r->pos, job->fault.text);
		r->sent = true;
	} else if (!send_body(r)) {
		return; /* the next drain or connection brings it up again */
	}
	tell_more(rp);
}

/* In order, so one at a time: the next is read when this one is sent. */
static void tell_more(struct reports *rp)
{
	if (!uplink_run_is_up(rp->uplink) || rp->reading)
		return;
	list_each (at, next, &rp->all) {
		struct report *r = list_of(at, struct report, node);
		if (r->sent || r->dropped)
			continue;
		if (!r->kept || r->busy || uplink_run_waiting(rp->uplink) > FULL_BYTES)
			return;
		rp->reading = r->busy = true;
		r->job.what = KEEPER_READ;
		r->job.done = on_read;
		keeper_push(rp->keeper, &r->job);
		return;
	}
}

static void on_kept(struct keeper_job *job)
{
	struct report *r = list_of(job, struct report, job);

	r->busy = false;
	buf_done(&job->body);
	if (job->rc != RC_OK)
		log_error(r->reports->log, "event not kept pos=%" PRId64 ": %s", r->pos, job->fault.text);
	r->kept = true; /* else reading it fails, is logged, and it is given up */
	if (r->dropped)
		forget(r);
	tell_more(r->reports);
}

void reports_add(struct reports *rp, const char *type, const char *account_id, const char *payload)
{
	struct report *r = add(rp, rp->last_pos + 1);
	if (!r)
		return;
	if (rp->n > REPORTS_MAX) {
		struct report *oldest = list_of(rp->all.next, struct report, node);
		log_error(rp->log, "event given up pos=%" PRId64 ": more than %d wait", oldest->pos, REPORTS_MAX);
		forget(oldest);
	}
	tunnel_msg_encode(&(struct tunnel_msg){ .type = TUNNEL_MSG_EVENT,
				  .event = { .type = type,
					  .account_id = account_id,
					  .payload = payload,
					  .wal_pos = r->pos } },
		&r->job.body);
	r->busy = true;
	r->job.what = KEEPER_PUT;
	r->job.done = on_kept;
	keeper_push(rp->keeper, &r->job);
}

void reports_remember(struct reports *rp, uint8_t kind, const char *key)
{
	size_t n = strlen(KEY_PREFIX);
	if (kind != REPORTS_KIND || strncmp(key, KEY_PREFIX, n) != 0)
		return;
	struct report *r = add(rp, strtoll(key + n, NULL, 10));
	if (r)
		r->kept = true;
}

void reports_up(struct reports *rp)
{
	list_each (at, next, &rp->all)
		list_of(at, struct report, node)->sent = false;
	tell_more(rp);
}

void reports_ack(struct reports *rp, int64_t wal_pos)
{
	list_each (at, next, &rp->all) {
		struct report *r = list_of(at, struct report, node);
		if (r->pos <= wal_pos && r->sent)
			forget(r);
	}
	tell_more(rp);
}

void reports_drain(struct reports *rp) { tell_more(rp); }

enum rc reports_new(
	struct loop *l, const struct log *log, struct keeper *k, struct reports **ret_reports, struct fault *f)
{
	struct reports *rp = calloc(1, sizeof(*rp));
	if (!rp)
		return fault_set(f, RC_NOMEM, "no memory for events");
	/* Positions go on growing even when the journal is empty after a restart: they begin at the clock's microseconds. */
	*rp = (struct reports){ .loop = l, .log = log, .keeper = k, .last_pos = clock_wall_ms() * 1000 };
	list_init(&rp->all);
	*ret_reports = rp;
	return RC_OK;
}

void reports_attach(struct reports *rp, struct uplink_run *u) { rp->uplink = u; }

void reports_free(struct reports *rp)
{
	if (!rp)
		return;
	list_each (at, next, &rp->all) {
		struct report *r = list_of(at, struct report, node);
		buf_done(&r->job.body);
		free(r);
	}
	free(rp);
}
