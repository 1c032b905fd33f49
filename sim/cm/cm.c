#include "sim/cm/cm.h"

#include "sim/cm/cm_conn.h"
#include "sim/cm/cm_zip.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/multi.h"
#include "wire/steam/pb.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GZIP_FROM       1024  /* bytes of a run from which it leaves gzipped */
#define KEEP_FROM       16384 /* and its pieces are kept */
#define MULTI_TWO       2     /* messages of a run that share one Multi */
#define MULTI_DEPTH_MAX 3

/* A message that waits for its moment. In cm.queue, by due_ms and then by age. */
struct answer {
	struct list node;
	uint64_t due_ms;
	struct buf bytes;
};

struct cm *cm_new(struct sim *sim, struct effect effect, uint64_t now_ms)
{
	struct cm *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	c->sim = sim;
	c->number = ++sim->last_conn;
	c->begun_ms = c->heard_ms = now_ms;
	c->dead = effect.half_open;
	c->close = effect.cm_drop ? "a fault" : NULL;
	c->now_ms = now_ms;
	list_init(&c->queue);
	list_init(&c->of_person);
	sim->ledger.connections++;
	sim->ledger.open++;
	return c;
}

void cm_peer(struct cm *c, const char *ip) { snprintf(c->ip, sizeof(c->ip), "%s", ip); }

void cm_on_wake(struct cm *c, void (*wake)(void *ctx), void *ctx)
{
	c->wake = wake;
	c->wake_ctx = ctx;
}

static void answer_free(struct answer *a)
{
	if (!a)
		return;
	buf_done(&a->bytes);
	free(a);
}

void cm_free(struct cm *c)
{
	if (!c)
		return;
	list_each (at, after, &c->queue) {
		list_remove(at);
		answer_free(list_of(at, struct answer, node));
	}
	answer_free(c->told);
	c->wake = NULL;
	cm_leave(c);
	c->sim->ledger.open--;
	log_info(c->sim->log, "connection ended conn=%u", c->number);
	free(c);
}

void cm_close_for(struct cm *c, const char *why)
{
	if (!c->close)
		c->sim->ledger.kicked++;
	c->close = why;
}

/* Takes the bytes over. */
void cm_queue(struct cm *c, uint64_t due_ms, struct buf *bytes)
{
	struct answer *a = c->queued < CM_QUEUE_MAX ? calloc(1, sizeof(*a)) : NULL;
	if (!a || bytes->bad) {
		free(a);
		buf_done(bytes);
		cm_close_for(c, "too many answers wait, or no memory");
		return;
	}
	*a = (struct answer){ .due_ms = due_ms, .bytes = *bytes };
	*bytes = (struct buf){ 0 };
	struct list *before = &c->queue;
	while (before->prev != &c->queue && list_of(before->prev, struct answer, node)->due_ms > due_ms)
		before = before->prev;
	list_append(before, &a->node);
	c->queued++;
}

struct steam_frame cm_head(const struct cm *c, const struct steam_frame *asked)
{
	return (struct steam_frame){ .steamid = c->steamid,
		.session = c->session,
		.job_source = STEAM_JOB_NONE,
		.job_target = asked ? asked->job_source : STEAM_JOB_NONE };
}

void cm_answer(struct cm_ask *q, const ProtobufCMessage *m)
{
	struct steam_frame h = cm_head(q->c, q->frame);
	struct buf b = { 0 };

	if (!effect_tells(q->effect))
		return;
	h.emsg = q->effect->commit_5xx ? EMSG_DEST_JOB_FAILED : q->answer;
	if (q->effect->commit_5xx)
		steam_frame_write(&b, &h);
	else
		steam_frame_write_message(&b, &h, m);
	cm_queue(q->c, q->due_ms, &b);
}

static void write_struct(const struct cm *c, struct buf *to, uint32_t emsg, uint64_t job, const struct buf *body)
{
	steam_frame_write(to, &(struct steam_frame){ .kind = STEAM_FRAME_STRUCT,
				      .emsg = emsg,
				      .steamid = c->steamid,
				      .session = c->session,
				      .job_source = STEAM_JOB_NONE,
				      .job_target = job,
				      .body = body->p,
				      .body_n = body->n });
}

void cm_answer_struct(struct cm_ask *q, const struct buf *body)
{
	struct buf b = { 0 };
	if (!effect_tells(q->effect))
		return;
	write_struct(q->c, &b, q->answer, q->frame->job_source, body);
	cm_queue(q->c, q->due_ms, &b);
}

void cm_put(const struct cm *c, struct buf *run, uint32_t emsg, const ProtobufCMessage *m)
{
	struct steam_frame h = cm_head(c, NULL);
	struct buf one = { 0 };
	h.emsg = emsg;
	steam_frame_write_message(&one, &h, m);
	steam_multi_add(run, one.p, one.n);
	run->bad |= one.bad;
	buf_done(&one);
}

void cm_put_struct(const struct cm *c, struct buf *run, uint32_t emsg, const struct buf *body)
{
	struct buf one = { 0 };
	write_struct(c, &one, emsg, STEAM_JOB_NONE, body);
	steam_multi_add(run, one.p, one.n);
	run->bad |= one.bad;
	buf_done(&one);
}

/* At once, but not before what was answered already. */
static void push(struct cm *c, struct buf *b)
{
	if (c->dead || c->close || !c->logged_on) {
		buf_done(b);
		return;
	}
	cm_queue(c, c->now_ms > c->floor_ms ? c->now_ms : c->floor_ms, b);
	if (c->wake)
		c->wake(c->wake_ctx);
}

void cm_push(struct cm *c, uint32_t emsg, const ProtobufCMessage *m)
{
	struct steam_frame h = cm_head(c, NULL);
	struct buf b = { 0 };
	h.emsg = emsg;
	steam_frame_write_message(&b, &h, m);
	push(c, &b);
}

void cm_push_all(struct person *p, const struct cm *but, uint32_t emsg, const ProtobufCMessage *m)
{
	list_each (at, after, &p->sessions) {
		struct cm *c = list_of(at, struct cm, of_person);
		if (c != but)
			cm_push(c, emsg, m);
	}
}

void cm_notify(struct cm *c, const char *method, const ProtobufCMessage *m)
{
	CMsgProtoBufHeader h = CMSG_PROTO_BUF_HEADER__INIT;
	struct buf body = { 0 }, b = { 0 };

	h.has_steamid = h.has_client_sessionid = h.has_eresult = 1;
	h.steamid = c->steamid;
	h.client_sessionid = c->session;
	h.eresult = 1;
	h.target_job_name = (char *)method;
	pb_pack(&body, m);
	steam_frame_write(
		&b, &(struct steam_frame){
			    .emsg = EMSG_SERVICE_METHOD, .header = &h, .body = body.p, .body_n = body.n });
	b.bad |= body.bad;
	buf_done(&body);
	push(c, &b);
}

static bool write_multi(struct sim *s, const struct buf *part, struct buf *to)
{
	if (part->n < KEEP_FROM || part->n > STEAM_MULTI_UNZIPPED_MAX)
		return steam_multi_write(to, part, part->n >= GZIP_FROM, NULL) == RC_OK;
	if (!s->zip)
		s->zip = cm_zip_new();
	return s->zip && cm_zip_multi(s->zip, part, to);
}

void cm_forget(struct sim *s)
{
	cm_zip_free(s->zip);
	s->zip = NULL;
}

/* Sends the messages of a run as Steam does: small ones as they are, others two by two in a Multi, gzipped when large. */
void cm_queue_run(struct cm *c, uint64_t due_ms, const struct buf *run)
{
	struct rd r = rd_over(run->p, run->n);

	while (rd_left(&r) > 0) {
		const uint8_t *from = r.at;
		size_t n = 0;
		for (; n < MULTI_TWO && rd_left(&r) > 0; n++)
			rd_bytes(&r, rd_le32(&r));
		struct buf part = { 0 }, body = { 0 }, b = { 0 };
		buf_put(&part, from, (size_t)(r.at - from));
		if (n == 1 && part.n < GZIP_FROM) {
			buf_put(&b, part.p + 4, part.n - 4);
		} else {
			struct steam_frame h = {
				.emsg = EMSG_MULTI, .job_source = STEAM_JOB_NONE, .job_target = STEAM_JOB_NONE
			};
			b.bad |= !write_multi(c->sim, &part, &body);
			h.body = body.p;
			h.body_n = body.n;
			steam_frame_write(&b, &h);
		}
		buf_done(&part);
		buf_done(&body);
		cm_queue(c, due_ms, &b);
	}
}

/* ---- what comes ---- */

static enum rc heard(struct cm *c, struct rd bytes, struct arena *a, unsigned depth, struct fault *f)
{
	struct steam_frame fr;
	struct steam_multi m;
	const uint8_t *p;
	size_t n;

	enum rc rc = steam_frame_parse(bytes.at, rd_left(&bytes), a, &fr, f);
	if (rc != RC_OK)
		return rc;
	if (fr.emsg != EMSG_MULTI) {
		cm_request(c, &fr, a);
		return RC_OK;
	}
	if (depth == MULTI_DEPTH_MAX)
		return fault_set(f, RC_MALFORMED, "Multi inside Multi");
	rc = steam_multi_open(fr.body, fr.body_n, a, &m, f);
	while (rc == RC_OK && !c->close) {
		rc = steam_multi_next(&m, &p, &n, f);
		if (rc == RC_OK)
			rc = heard(c, rd_over(p, n), a, depth + 1, f);
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

void cm_feed(struct cm *c, uint64_t now_ms, const void *p, size_t n)
{
	struct arena a = { 0 };
	struct fault f = { 0 };

	if (c->dead || c->close)
		return;
	c->heard_ms = c->now_ms = now_ms;
	if (heard(c, rd_over(p, n), &a, 0, &f) != RC_OK) {
		c->sim->ledger.malformed++;
		log_warn(c->sim->log, "malformed message conn=%u why=\"%s\"", c->number, f.text);
		cm_close_for(c, "malformed");
	}
	arena_done(&a);
}

void cm_kick(struct cm *c, uint64_t now_ms, int32_t eresult)
{
	if (c->dead || c->close || !c->logged_on)
		return;
	cm_say_logged_off(c, now_ms, eresult);
	cm_close_for(c, "kicked");
}

void cm_cut(struct cm *c)
{
	c->dead = false; /* a frozen one can be cut as well */
	cm_close_for(c, "cut");
}

void cm_freeze(struct cm *c) { c->dead = true; }

/* ---- time, and what leaves ---- */

static uint64_t patience(const struct cm *c)
{
	if (c->dead || c->close)
		return UINT64_MAX;
	if (!c->logged_on)
		return c->begun_ms + CM_LOGON_MS;
	return c->heard_ms + (uint64_t)c->sim->heartbeat_s * 100 * CM_SILENT_X10;
}

void cm_tick(struct cm *c, uint64_t now_ms)
{
	c->now_ms = now_ms;
	if (now_ms < patience(c))
		return;
	if (!c->logged_on) {
		/* So a real one ends it: a logon answer of the old kind, which is no protobuf. */
		struct buf body = { 0 }, b = { 0 };
		buf_le32(&body, ERESULT_FAIL);
		steam_frame_write(&b, &(struct steam_frame){ .kind = STEAM_FRAME_STRUCT,
					      .emsg = EMSG_CLIENT_LOG_ON_RESPONSE,
					      .job_source = STEAM_JOB_NONE,
					      .job_target = STEAM_JOB_NONE,
					      .body = body.p,
					      .body_n = body.n });
		buf_done(&body);
		cm_queue(c, now_ms, &b);
	}
	log_info(c->sim->log, "%s client left conn=%u", c->logged_on ? "silent" : "anonymous", c->number);
	cm_close_for(c, c->logged_on ? "silent" : "no logon");
}

uint64_t cm_due(const struct cm *c)
{
	uint64_t due = patience(c);
	if (c->dead)
		return UINT64_MAX;
	if (!list_empty(&c->queue)) {
		uint64_t first = list_of(c->queue.next, const struct answer, node)->due_ms;
		due = first < due ? first : due;
	}
	return due;
}

bool cm_next(struct cm *c, uint64_t now_ms, struct cm_act *ret_act)
{
	answer_free(c->told);
	c->told = NULL;
	if (c->dead || c->closed)
		return false;
	if (!list_empty(&c->queue)) {
		struct answer *a = list_of(c->queue.next, struct answer, node);
		if (a->due_ms > now_ms)
			return false;
		list_remove(&a->node);
		c->queued--;
		c->told = a;
		*ret_act = (struct cm_act){ .kind = CM_SEND, .p = a->bytes.p, .n = a->bytes.n };
		return true;
	}
	if (!c->close)
		return false;
	c->closed = true;
	*ret_act = (struct cm_act){ .kind = CM_CLOSE, .why = c->close };
	return true;
}
