#include "sim/cm/cm.h"

#include "proto/steam/session.pb-c.h"
#include "sim/cm/cm_pics.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/multi.h"
#include "wire/steam/pb.h"
#include "wire/steam/steamid.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOL_MIN    65560 /* older clients are told to update */
#define GZIP_FROM       1024  /* bytes of a run from which it leaves gzipped */
#define MULTI_TWO       2     /* messages of a run that share one Multi */
#define MULTI_DEPTH_MAX 3

/* A message that waits for its moment. In cm.queue, by due_ms and then by age. */
struct answer {
	struct list node;
	uint64_t due_ms;
	struct buf bytes;
};

struct cm {
	struct sim *sim;
	uint32_t number; /* of the connection, for the log */
	bool logged_on, dead;
	uint64_t steamid;
	int32_t session;
	uint64_t begun_ms, heard_ms;
	struct list queue;
	unsigned queued;
	struct answer *told; /* what the last act borrows */
	const char *close;   /* why it will be closed once the queue is empty; NULL: it will not */
	bool closed;
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
	list_init(&c->queue);
	sim->ledger.connections++;
	sim->ledger.open++;
	return c;
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
	c->sim->ledger.open--;
	c->sim->ledger.sessions -= c->logged_on;
	log_info(c->sim->log, "connection ended conn=%u", c->number);
	free(c);
}

static void close_for(struct cm *c, const char *why)
{
	if (!c->close)
		c->sim->ledger.kicked++;
	c->close = why;
}

/* Takes the bytes over. */
static void queue(struct cm *c, uint64_t due_ms, struct buf *bytes)
{
	struct answer *a = c->queued < CM_QUEUE_MAX ? calloc(1, sizeof(*a)) : NULL;
	if (!a || bytes->bad) {
		free(a);
		buf_done(bytes);
		close_for(c, "too many answers wait, or no memory");
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

static struct steam_frame head(const struct cm *c, const struct steam_frame *asked)
{
	return (struct steam_frame){ .steamid = c->steamid,
		.session = c->session,
		.job_source = STEAM_JOB_NONE,
		.job_target = asked ? asked->job_source : STEAM_JOB_NONE };
}

static void say(struct cm *c, uint64_t due_ms, struct steam_frame h, const ProtobufCMessage *m)
{
	struct buf b = { 0 };
	steam_frame_write_message(&b, &h, m);
	queue(c, due_ms, &b);
}

/* The request came to nothing: DestJobFailed. */
static void say_failed(struct cm *c, uint64_t due_ms, const struct steam_frame *asked)
{
	struct buf b = { 0 };
	struct steam_frame h = head(c, asked);
	h.emsg = EMSG_DEST_JOB_FAILED;
	steam_frame_write(&b, &h);
	queue(c, due_ms, &b);
}

/* Sends the messages of a run as Steam does: small ones as they are, others two by two in a Multi, gzipped when large. */
static void say_run(struct cm *c, uint64_t due_ms, const struct buf *run)
{
	struct rd r = rd_over(run->p, run->n);

	while (rd_left(&r) > 0) {
		const uint8_t *from = r.at;
		size_t n = 0;
		for (; n < MULTI_TWO && rd_left(&r) > 0; n++)
			rd_bytes(&r, rd_le32(&r));
		struct buf part = { 0 }, body = { 0 }, b = { 0 };
		buf_put(&part, from, (size_t)(r.at - from));
		bool large = part.n >= GZIP_FROM;
		if (n == 1 && !large) {
			buf_put(&b, part.p + 4, part.n - 4);
		} else {
			struct steam_frame h = {
				.emsg = EMSG_MULTI, .job_source = STEAM_JOB_NONE, .job_target = STEAM_JOB_NONE
			};
			b.bad |= steam_multi_write(&body, &part, large, NULL) != RC_OK;
			h.body = body.p;
			h.body_n = body.n;
			steam_frame_write(&b, &h);
		}
		buf_done(&part);
		buf_done(&body);
		queue(c, due_ms, &b);
	}
}

/* ---- the session ---- */

static int32_t judge(const struct cm *c, const CMsgClientLogon *m, uint64_t steamid, const struct effect *e)
{
	if (e->eresult)
		return e->eresult;
	if (c->logged_on)
		return ERESULT_LOGGED_IN_ELSEWHERE;
	if (m->protocol_version < PROTOCOL_MIN)
		return ERESULT_INVALID_PROTOCOL_VER;
	if (m->access_token || m->account_name || steamid_of(steamid).type != STEAMID_ANON_USER)
		return ERESULT_ACCOUNT_NOT_FOUND; /* no account lives in this world */
	return ERESULT_OK;
}

static void on_logon(struct cm *c, uint64_t now_ms, const struct steam_frame *fr, const ProtobufCMessage *body,
	const struct effect *e)
{
	struct sim *sim = c->sim;
	CMsgClientLogonResponse m = CMSG_CLIENT_LOGON_RESPONSE__INIT;
	int32_t eresult = judge(c, (const CMsgClientLogon *)body, fr->steamid, e);

	m.has_eresult = 1;
	m.eresult = eresult;
	if (eresult == ERESULT_OK) {
		uint32_t n = ++sim->last_session;
		c->logged_on = true;
		c->steamid = steamid_id64((struct steamid){ .account = n * 2654435761u,
			.instance = n & 0xfffff,
			.type = STEAMID_ANON_USER,
			.universe = STEAMID_PUBLIC });
		c->session = (int32_t)(n * 2246822519u | 1); /* half of them are negative, as Steam's are */
		sim->ledger.sessions++;
		m.has_heartbeat_seconds = m.has_legacy_out_of_game_heartbeat_seconds =
			m.has_client_supplied_steamid = 1;
		m.heartbeat_seconds = m.legacy_out_of_game_heartbeat_seconds = (int32_t)sim->heartbeat_s;
		m.client_supplied_steamid = c->steamid;
		m.has_cell_id = m.has_eresult_extended = 1;
		m.cell_id = sim->cell_id;
		m.eresult_extended = ERESULT_OK;
		m.ip_country_code = (char *)"XX";
	}
	*(eresult == ERESULT_OK ? &sim->ledger.logons_ok : &sim->ledger.logons_refused) += 1;
	log_info(sim->log, "logon answered conn=%u eresult=%d steamid=%" PRIu64 " session=%d", c->number, eresult,
		c->steamid, c->session);
	struct steam_frame h = head(c, NULL);
	h.emsg = EMSG_CLIENT_LOG_ON_RESPONSE;
	say(c, now_ms + e->latency_ms, h, &m.base);
	if (eresult != ERESULT_OK && !c->logged_on)
		c->close = "the logon was refused";
}

static void say_logged_off(struct cm *c, uint64_t due_ms, int32_t eresult)
{
	CMsgClientLoggedOff m = CMSG_CLIENT_LOGGED_OFF__INIT;
	struct steam_frame h = head(c, NULL);

	m.has_eresult = 1;
	m.eresult = eresult;
	h.emsg = EMSG_CLIENT_LOGGED_OFF;
	say(c, due_ms, h, &m.base);
	c->sim->ledger.sessions -= c->logged_on;
	c->logged_on = false;
}

static void on_logoff(struct cm *c, uint64_t now_ms, const struct effect *e)
{
	say_logged_off(c, now_ms + e->latency_ms, ERESULT_OK);
	c->close = "logged off";
	log_info(c->sim->log, "logoff answered conn=%u", c->number);
}

static void on_service(struct cm *c, uint64_t now_ms, const struct steam_frame *fr, const struct effect *e)
{
	CMsgProtoBufHeader h = CMSG_PROTO_BUF_HEADER__INIT;
	struct buf b = { 0 };

	if (fr->job_source == STEAM_JOB_NONE)
		return; /* a notification */
	h.has_steamid = h.has_client_sessionid = h.has_jobid_target = h.has_eresult = 1;
	h.steamid = c->steamid;
	h.client_sessionid = c->session;
	h.jobid_target = fr->job_source;
	h.eresult = e->eresult ? e->eresult : ERESULT_NOT_SUPPORTED;
	h.target_job_name = fr->header->target_job_name;
	h.error_message = (char *)"steamsim has no service methods";
	steam_frame_write(&b, &(struct steam_frame){ .emsg = EMSG_SERVICE_METHOD_RESPONSE, .header = &h });
	queue(c, now_ms + e->latency_ms, &b);
}

static void on_pics(struct cm *c, uint64_t now_ms, const struct steam_frame *fr, const ProtobufCMessage *m,
	const struct effect *e)
{
	struct buf run = { 0 };
	struct steam_frame h = head(c, fr);
	bool good;

	if (fr->emsg == EMSG_CLIENT_PICS_CHANGES_SINCE_REQUEST)
		good = cm_pics_changes(c->sim, (const CMsgClientPICSChangesSinceRequest *)m, h, e, &run);
	else if (fr->emsg == EMSG_CLIENT_PICS_ACCESS_TOKEN_REQUEST)
		good = cm_pics_tokens(c->sim, (const CMsgClientPICSAccessTokenRequest *)m, h, e, &run);
	else
		good = cm_pics_products(c->sim, (const CMsgClientPICSProductInfoRequest *)m, h, e, &run);
	if (good)
		say_run(c, now_ms + e->latency_ms, &run);
	else
		close_for(c, "no memory for an answer");
	buf_done(&run);
}

static enum request request_of(uint32_t emsg)
{
	switch (emsg) {
	case EMSG_CLIENT_HELLO:
		return REQUEST_HELLO;
	case EMSG_CLIENT_LOGON:
		return REQUEST_LOGON;
	case EMSG_CLIENT_HEART_BEAT:
		return REQUEST_HEARTBEAT;
	case EMSG_CLIENT_LOG_OFF:
		return REQUEST_LOGOFF;
	case EMSG_CLIENT_PICS_CHANGES_SINCE_REQUEST:
		return REQUEST_CHANGES;
	case EMSG_CLIENT_PICS_ACCESS_TOKEN_REQUEST:
		return REQUEST_TOKENS;
	case EMSG_CLIENT_PICS_PRODUCT_INFO_REQUEST:
		return REQUEST_PRODUCT_INFO;
	case EMSG_SERVICE_METHOD_CALL_FROM_CLIENT:
	case EMSG_SERVICE_METHOD_CALL_FROM_CLIENT_NON_AUTHED:
		return REQUEST_SERVICE;
	default:
		return REQUEST_OTHER;
	}
}

/* Answers the request, now that nothing stands in its way. */
static void answer(
	struct cm *c, uint64_t now_ms, const struct steam_frame *fr, struct arena *a, const struct effect *e)
{
	enum request r = request_of(fr->emsg);
	ProtobufCMessage *m = NULL;
	struct fault f = { 0 };

	if (emsg_body(fr->emsg) && pb_unpack(emsg_body(fr->emsg), fr->body, fr->body_n, a, &m, &f) != RC_OK) {
		c->sim->ledger.malformed++;
		log_warn(c->sim->log, "malformed body conn=%u why=\"%s\"", c->number, f.text);
		close_for(c, "malformed");
	} else if (r == REQUEST_LOGON) {
		on_logon(c, now_ms, fr, m, e);
	} else if (r == REQUEST_SERVICE) {
		on_service(c, now_ms, fr, e);
	} else if (!c->logged_on) {
		return; /* nothing else is heard before the logon */
	} else if (r == REQUEST_LOGOFF) {
		on_logoff(c, now_ms, e);
	} else if (e->eresult && fr->job_source != STEAM_JOB_NONE) {
		say_failed(c, now_ms + e->latency_ms, fr);
	} else if (r == REQUEST_CHANGES || r == REQUEST_TOKENS || r == REQUEST_PRODUCT_INFO) {
		on_pics(c, now_ms, fr, m, e);
	}
}

static void heard_one(struct cm *c, uint64_t now_ms, const struct steam_frame *fr, struct arena *a)
{
	enum request r = request_of(fr->emsg);
	struct effect e = sim_count(c->sim, r);
	const char *name = emsg_name(fr->emsg);

	log_info(c->sim->log,
		"request came conn=%u name=%s emsg=%u call=%" PRIu64 " job=%" PRId64
		" bytes=%zu method=\"%.80s\"%s%s%s",
		c->number, name ? name : "unknown", fr->emsg, c->sim->ledger.requests[r], (int64_t)fr->job_source,
		fr->body_n, fr->header && fr->header->target_job_name ? fr->header->target_job_name : "",
		e.drop ? " fault=drop" : "", e.cm_drop ? " fault=cm_drop" : "",
		e.half_open ? " fault=half_open" : "");
	if (e.half_open)
		c->dead = true;
	else if (e.cm_drop)
		close_for(c, "a fault");
	else if (!e.drop && fr->kind == STEAM_FRAME_PROTO)
		answer(c, now_ms, fr, a, &e);
}

static enum rc heard(
	struct cm *c, uint64_t now_ms, struct rd bytes, struct arena *a, unsigned depth, struct fault *f)
{
	struct steam_frame fr;
	struct steam_multi m;
	const uint8_t *p;
	size_t n;

	enum rc rc = steam_frame_parse(bytes.at, rd_left(&bytes), a, &fr, f);
	if (rc != RC_OK)
		return rc;
	if (fr.emsg != EMSG_MULTI) {
		heard_one(c, now_ms, &fr, a);
		return RC_OK;
	}
	if (depth == MULTI_DEPTH_MAX)
		return fault_set(f, RC_MALFORMED, "Multi inside Multi");
	rc = steam_multi_open(fr.body, fr.body_n, a, &m, f);
	while (rc == RC_OK && !c->close) {
		rc = steam_multi_next(&m, &p, &n, f);
		if (rc == RC_OK)
			rc = heard(c, now_ms, rd_over(p, n), a, depth + 1, f);
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

void cm_feed(struct cm *c, uint64_t now_ms, const void *p, size_t n)
{
	struct arena a = { 0 };
	struct fault f = { 0 };

	if (c->dead || c->close)
		return;
	c->heard_ms = now_ms;
	if (heard(c, now_ms, rd_over(p, n), &a, 0, &f) != RC_OK) {
		c->sim->ledger.malformed++;
		log_warn(c->sim->log, "malformed message conn=%u why=\"%s\"", c->number, f.text);
		close_for(c, "malformed");
	}
	arena_done(&a);
}

void cm_kick(struct cm *c, uint64_t now_ms, int32_t eresult)
{
	if (c->dead || c->close || !c->logged_on)
		return;
	say_logged_off(c, now_ms, eresult);
	close_for(c, "kicked");
}

void cm_cut(struct cm *c)
{
	c->dead = false; /* a frozen one can be cut as well */
	close_for(c, "cut");
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
		queue(c, now_ms, &b);
	}
	log_info(c->sim->log, "%s client left conn=%u", c->logged_on ? "silent" : "anonymous", c->number);
	close_for(c, c->logged_on ? "silent" : "no logon");
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
