#include "control/audit/anchors.h"
#include "base/log.h"
#include "base/metric.h"
#include "control/control.h"
#include "control/writer.h"
#include "io/append.h"
#include "io/clock.h"
#include "io/http_call.h"
#include "io/syslog.h"
#include "wire/json.h"

#include <inttypes.h>
#include <stdio.h>

#define ANCHORS_MAX 3
#define AT_ONCE     50
#define POST_MS     10000
#define AGAIN_MS    2000 /* after a failure, twice as long each time, up to AGAIN_MAX */
#define AGAIN_MAX   60000

struct anchor {
	char name[300]; /* of its row: without what may be a secret */
	enum rc (*tell)(struct anchors *a, struct anchor *to, int64_t n, const char *note, struct fault *f);
	const char *where;
	struct syslog_to syslog;
	struct append file;
	/* What the last run came to. */
	int64_t n, newest;
	bool moved;
	struct fault fault;
	unsigned failures;
};

struct anchors {
	struct control *control;
	struct pool *pool;
	struct pool_job job;
	struct loop_job back;
	struct write write;
	struct loop_timer *timer;
	struct anchor of[ANCHORS_MAX];
	size_t n;
	bool running, again; /* again: woken meanwhile */
};

/* ---- its thread ---- */

static enum rc to_file(struct anchors *a, struct anchor *to, int64_t n, const char *note, struct fault *f)
{
	struct buf b = { 0 };
	enum rc rc = to->file.fd >= 0 ? RC_OK : append_open(to->where, &to->file, f);
	(void)a, (void)n;

	buf_str(&b, note);
	buf_u8(&b, '\n');
	if (rc == RC_OK)
		rc = b.bad ? RC_NOMEM : append_add(&to->file, b.p, b.n, f);
	buf_done(&b);
	if (rc != RC_OK) { /* it may have been moved away: another time it is opened anew */
		append_close(&to->file);
		to->file = (struct append){ .fd = -1 };
	}
	return rc;
}

static enum rc to_syslog(struct anchors *a, struct anchor *to, int64_t n, const char *note, struct fault *f)
{
	struct buf b = { 0 };
	(void)a, (void)n;

	buf_str(&b, "{\"note\":");
	json_put_str(&b, note);
	buf_u8(&b, '}');
	const struct syslog_message m = {
		.time_ms = clock_wall_ms(), .app = "footplate", .id = "audit-checkpoint", .text = buf_text(&b)
	};
	enum rc rc = b.bad ? RC_NOMEM : syslog_send(&to->syslog, &m, f);
	buf_done(&b);
	return rc;
}

static enum rc to_url(struct anchors *a, struct anchor *to, int64_t n, const char *note, struct fault *f)
{
	const struct http_call_header headers[] = { { "content-type", "text/plain; charset=utf-8" }, { 0 } };
	const struct http_ask ask = { .method = "POST",
		.url = to->where,
		.headers = headers,
		.body = note,
		.body_n = strlen(note),
		.body_max = 4096,
		.body_cut = true,
		.deadline_ms = POST_MS,
		.tls_ca = a->control->conf->webhooks ? a->control->conf->webhooks->ca_file : NULL };
	struct http_answer answer = { 0 };
	enum rc rc = http_call(&ask, &answer, f);
	(void)n;

	if (rc == RC_OK && (answer.status < 200 || answer.status > 299))
		rc = fault_set(f, RC_REFUSED, "it answered %d", answer.status);
	buf_done(&answer.body);
	buf_done(&answer.head);
	return rc;
}

/* How far it is, and how far the trail is. One that is new begins with the newest. */
static enum rc look(struct store_conn *db, struct anchor *to, struct fault *f)
{
	static const struct store_query state = {
		.sql = "SELECT (SELECT COALESCE(MAX(n), 0) FROM audit_checkpoints), COALESCE((SELECT n FROM "
		       "audit_anchors WHERE name = "
		       "$1), -1)"
	};
	auto_rows struct store_rows *r = NULL;
	enum rc rc = store_one(db, &state, STORE_ARGS(store_text(to->name)), &r, f);

	if (rc != RC_OK)
		return rc;
	to->newest = store_col_int(r, 0);
	to->n = store_col_int(r, 1);
	if (to->n < 0)
		to->n = to->newest > 0 ? to->newest - 1 : 0;
	if (to->n > to->newest) /* the database was put back */
		to->n = 0;
	return RC_OK;
}

static enum rc tell(struct anchors *a, struct store_conn *db, struct anchor *to, struct fault *f)
{
	static const struct store_query some = {
		.sql = "SELECT n, note FROM audit_checkpoints WHERE n > $1 ORDER BY n LIMIT $2"
	};
	auto_rows struct store_rows *r = NULL;
	bool row = false;
	enum rc rc = look(db, to, f);

	to->moved = false;
	if (rc == RC_OK && to->n < to->newest)
		rc = store_run(db, &some, STORE_ARGS(store_int(to->n), store_int(AT_ONCE)), &r, f);
	while (r && rc == RC_OK && (rc = store_next(r, &row, f)) == RC_OK && row) {
		rc = to->tell(a, to, store_col_int(r, 0), store_col_text(r, 1), f);
		if (rc == RC_OK) {
			to->n = store_col_int(r, 0);
			to->moved = true;
		}
	}
	return rc;
}

static void on_back(struct loop_job *job);

static enum rc enter(void *ctx, void **ret_worker, struct fault *f)
{
	struct anchors *a = ctx;
	return store_connect(a->control->store, STORE_READ, (struct store_conn **)ret_worker, f);
}
static void leave(void *worker) { store_disconnect(worker); }

static void run(void *worker, struct pool_job **jobs, size_t n)
{
	struct anchors *a = (struct anchors *)(void *)((char *)jobs[0] - offsetof(struct anchors, job));
	(void)n;

	for (size_t i = 0; i < a->n; i++) {
		struct anchor *to = &a->of[i];
		to->fault = (struct fault){ 0 };
		enum rc rc = tell(a, worker, to, &to->fault);
		to->fault.rc = rc;
		to->failures = rc == RC_OK ? 0 : to->failures + 1;
	}
	a->back.run = on_back;
	loop_post(a->control->loop, &a->back);
}

/* ---- the writer ---- */

static struct anchors *anchors_of(struct write *w)
{
	return (struct anchors *)(void *)((char *)w - offsetof(struct anchors, write));
}

static enum rc note(struct write *w, struct tx *tx)
{
	static const struct store_query set = {
		.sql = "INSERT INTO audit_anchors (name, n, at, failures, error) VALUES ($1, $2, $3, $4, $5) ON "
		       "CONFLICT (name) DO UPDATE "
		       "SET n = excluded.n, at = excluded.at, failures = excluded.failures, error = excluded.error"
	};
	const struct anchors *a = anchors_of(w);
	enum rc rc = RC_OK;

	for (size_t i = 0; rc == RC_OK && i < a->n; i++) {
		const struct anchor *to = &a->of[i];
		if (to->moved)
			rc = store_do(tx->db, &set,
				STORE_ARGS(store_text(to->name), store_int(to->n), store_int(tx->now_ms),
					store_int(to->failures),
					store_text(to->fault.rc == RC_OK ? NULL : to->fault.text)),
				tx->fault);
	}
	return rc;
}

/* ---- the loop ---- */

static void rest(struct anchors *a)
{
	unsigned failures = 0;
	bool behind = a->again;

	a->running = a->again = false;
	for (size_t i = 0; i < a->n; i++) {
		failures = a->of[i].failures > failures ? a->of[i].failures : failures;
		behind |= a->of[i].n < a->of[i].newest;
	}
	uint64_t wait = !failures ? 1 : failures > 5 ? AGAIN_MAX : (uint64_t)AGAIN_MS << failures;
	if (behind || failures)
		loop_timer_at(a->timer, loop_now_ms(a->control->loop) + wait);
}

static void on_noted(struct write *w)
{
	struct anchors *a = anchors_of(w);

	if (w->rc != RC_OK)
		log_warn(w->control->log, "how far audit anchors are was not noted: %s", w->fault.text);
	rest(a);
}

static void on_back(struct loop_job *job)
{
	struct anchors *a = (struct anchors *)(void *)((char *)job - offsetof(struct anchors, back));
	bool moved = false;

	for (size_t i = 0; i < a->n; i++) {
		const struct anchor *to = &a->of[i];
		metric_set(a->control->metrics, METRIC_AUDIT_ANCHOR_LAG, to->name, to->newest - to->n);
		moved |= to->moved;
		if (to->failures == 1)
			log_warn(a->control->log, "checkpoints of the audit trail cannot be told anchor=%s: %s",
				to->name, to->fault.text);
	}
	a->write = (struct write){ .control = a->control, .run = note, .done = on_noted };
	if (!moved || writer_push(&a->write) != RC_OK)
		rest(a);
}

static void on_time(void *ctx) { anchors_wake(ctx); }

void anchors_wake(struct anchors *a)
{
	if (!a || !a->pool)
		return;
	if (a->running)
		a->again = true;
	else
		a->running = pool_push(a->pool, &a->job) == RC_OK;
}

/* ---- beginning and end ---- */

/* A query may hold a key: the name ends before it. */
static struct anchor *add(struct anchors *a, const char *kind, const char *where)
{
	struct anchor *to = &a->of[a->n++];
	*to = (struct anchor){ .where = where, .file = { .fd = -1 } };
	snprintf(to->name, sizeof(to->name), "%s %.*s", kind, (int)strcspn(where, "?"), where);
	return to;
}

static enum rc read_conf(struct anchors *a, const struct audit_conf *c, struct fault *f)
{
	enum rc rc = RC_OK;

	if (c->file && *c->file)
		add(a, "file", c->file)->tell = to_file;
	if (c->url && *c->url)
		add(a, "url", c->url)->tell = to_url;
	if (c->syslog && *c->syslog) {
		struct anchor *to = add(a, "syslog", c->syslog);
		to->tell = to_syslog;
		rc = syslog_parse(c->syslog, &to->syslog, f);
	}
	return rc;
}

enum rc anchors_new(struct control *c, struct anchors **ret, struct fault *f)
{
	auto_of(anchors) struct anchors *a = calloc(1, sizeof(*a));
	const struct pool_conf conf = { .name = "anchors",
		.threads = 1,
		.batch_max = 1,
		.queue_max = 1,
		.ctx = a,
		.enter = enter,
		.run = run,
		.leave = leave };

	if (!a)
		return RC_NOMEM;
	a->control = c;
	enum rc rc = c->conf->audit ? read_conf(a, c->conf->audit, f) : RC_OK;
	if (rc != RC_OK || a->n == 0)
		return rc;
	rc = loop_timer_new(c->loop, on_time, a, &a->timer);
	if (rc == RC_OK)
		rc = pool_new(&conf, &a->pool, f);
	if (rc == RC_OK)
		*ret = take(a);
	return rc;
}

void anchors_stop(struct anchors *a)
{
	if (a)
		pool_free(take(a->pool));
}

void anchors_free(struct anchors *a)
{
	if (!a)
		return;
	anchors_stop(a);
	loop_timer_free(a->timer);
	for (size_t i = 0; i < a->n; i++)
		append_close(&a->of[i].file);
	free(a);
}
