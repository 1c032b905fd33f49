#include "flow/steam_session.h"

#include "flow/steam_calls.h"
#include "flow/steam_logon.h"
#include "proto/steam/session.pb-c.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/multi.h"
#include "wire/steam/pb.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BEAT_DEFAULT_MS 9000u /* when Steam tells no pace */
#define BEAT_MIN_S      1
#define BEAT_MAX_S      300
#define MULTI_DEPTH_MAX 3

struct steam_session {
	struct steam_session_conf conf;
	struct steam_dice dice;
	enum steam_session_state state;
	uint64_t since_ms; /* when it came to this state */
	uint64_t wake_ms;  /* when this state is over; UINT64_MAX: it lasts */
	unsigned failures; /* in a row: the exponent of the back-off */
	bool logged_on;    /* logon_ms holds */
	uint64_t logon_ms; /* when the last logon was begun */

	uint32_t conn; /* the number of the connection; a new one with every CONNECT */
	bool has_conn; /* it is open or opening */
	char endpoint[STEAM_CMS_NAME_MAX];
	uint64_t steamid;
	int32_t id; /* Steam's number of the session */
	uint32_t beat_pace_ms;
	uint64_t beat_ms, heard_ms;   /* when it last said a heartbeat, heard anything */
	uint64_t probe_job, probe_ms; /* 0: it does not probe */

	struct steam_calls calls;

	struct buf out; /* u32 length and message, as in a Multi */
	size_t out_at;
	uint32_t close_conn;
	bool say_connect, say_close, say_state;
	int32_t eresult;
	char why[STEAM_SESSION_WHY_MAX];
};

#define TO(state) (1u << STEAM_SESSION_##state)

/* What is not in the table cannot happen. */
static const unsigned lawful[STEAM_SESSION_STATES] = {
	[STEAM_SESSION_OFF] = TO(WAITING),
	[STEAM_SESSION_WAITING] = TO(CONNECTING) | TO(OFF),
	[STEAM_SESSION_CONNECTING] = TO(LOGON) | TO(WAITING) | TO(OFF),
	[STEAM_SESSION_LOGON] = TO(ONLINE) | TO(WAITING) | TO(REFUSED) | TO(OFF),
	[STEAM_SESSION_ONLINE] = TO(LEAVING) | TO(WAITING) | TO(REFUSED),
	[STEAM_SESSION_LEAVING] = TO(OFF),
	[STEAM_SESSION_REFUSED] = TO(WAITING) | TO(OFF),
};

const char *steam_session_state_name(enum steam_session_state state)
{
	static const char *const names[STEAM_SESSION_STATES] = { "off", "waiting", "connecting", "logon", "online",
		"leaving", "refused" };
	return names[state];
}

static void move(struct steam_session *s, uint64_t now_ms, enum steam_session_state to, uint64_t wake_ms)
{
	assert(lawful[s->state] & 1u << to);
	s->state = to;
	s->since_ms = now_ms;
	s->wake_ms = wake_ms;
	s->say_state = true;
}

static void because(struct steam_session *s, int32_t eresult, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Why the next move is made. */
static void because(struct steam_session *s, int32_t eresult, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
	s->eresult = eresult;
}

enum rc steam_session_new(
	const struct steam_session_conf *conf, struct steam_session **ret_session, struct fault *f)
{
	struct steam_session *s = calloc(1, sizeof(*s));
	if (!s)
		return fault_set(f, RC_NOMEM, "no memory for a Steam session");
	s->conf = *conf;
	s->dice.state = conf->seed;
	s->wake_ms = UINT64_MAX;
	steam_calls_init(&s->calls);
	*ret_session = s;
	return RC_OK;
}

void steam_session_free(struct steam_session *s)
{
	if (!s)
		return;
	steam_calls_done(&s->calls);
	buf_done(&s->out);
	free(s);
}

enum steam_session_state steam_session_state(const struct steam_session *s) { return s->state; }
uint64_t steam_session_steamid(const struct steam_session *s)
{
	return s->state == STEAM_SESSION_ONLINE ? s->steamid : 0;
}

/* ---- what is said ---- */

/* Room for a message's length, which said() fills in. */
static size_t saying(struct steam_session *s)
{
	buf_le32(&s->out, 0);
	return s->out.n;
}

static void said(struct steam_session *s, size_t begun)
{
	if (s->out.bad)
		return;
	uint32_t n = (uint32_t)(s->out.n - begun);
	for (unsigned i = 0; i < 4; i++)
		s->out.p[begun - 4 + i] = (uint8_t)(n >> 8 * i);
}

static void say_beat(struct steam_session *s, uint64_t now_ms)
{
	size_t begun = saying(s);
	steam_logon_beat(&s->out, s->steamid, s->id);
	said(s, begun);
	s->beat_ms = now_ms;
}

static void say_probe(struct steam_session *s, uint64_t now_ms)
{
	size_t begun = saying(s);
	s->probe_job = ++s->calls.last_job;
	s->probe_ms = now_ms;
	steam_logon_probe(&s->out, s->steamid, s->id, s->probe_job);
	said(s, begun);
}

static struct steam_calls_line line(struct steam_session *s)
{
	return (struct steam_calls_line){ .steamid = s->steamid, .session = s->id, .out = &s->out };
}

/* ---- coming and going ---- */

/* The connection is over for us; `close` when the socket is still there. */
static void part(struct steam_session *s, uint64_t now_ms, bool close)
{
	s->out.n = s->out_at = 0;
	s->out.bad = false;
	/* A socket that was never asked for need not be closed. */
	if (s->has_conn && close && !s->say_connect) {
		s->say_close = true;
		s->close_conn = s->conn;
	}
	s->say_connect = false;
	s->has_conn = false;
	s->probe_job = 0;
	steam_calls_end(&s->calls, now_ms, 0, RC_AWAY, "connection lost");
}

static uint64_t next_try(struct steam_session *s, uint64_t now_ms, uint64_t delay_ms)
{
	uint64_t at = now_ms + delay_ms;
	uint64_t gap_ends = s->logged_on ? s->logon_ms + s->conf.logon_gap_ms : 0;
	return at > gap_ends ? at : gap_ends;
}

/* Leaves the connection and waits its time; the reason has been said by because(). */
static void lose(struct steam_session *s, uint64_t now_ms, bool close)
{
	if (s->state == STEAM_SESSION_ONLINE && now_ms - s->since_ms >= STEAM_SESSION_STEADY_MS)
		s->failures = 0;
	part(s, now_ms, close);
	if (s->state == STEAM_SESSION_LEAVING) {
		move(s, now_ms, STEAM_SESSION_OFF, UINT64_MAX);
		return;
	}
	steam_cms_failed(s->conf.keep_cms, s->endpoint, now_ms);
	uint64_t most =
		s->failures < 16 ? (uint64_t)STEAM_SESSION_BACK_MS << s->failures : STEAM_SESSION_BACK_MAX_MS;
	most = most < STEAM_SESSION_BACK_MAX_MS ? most : STEAM_SESSION_BACK_MAX_MS;
	s->failures++;
	move(s, now_ms, STEAM_SESSION_WAITING, next_try(s, now_ms, steam_dice_upto(&s->dice, most)));
}

/* Steam will not have the session, by a result of a logon or of a logoff that nobody asked for. */
static void turned_away(struct steam_session *s, uint64_t now_ms, const char *what, int32_t eresult)
{
	because(s, eresult, "%s: %s (%d)", what, eresult_name(eresult), eresult);
	switch (steam_logon_next(eresult)) {
	case STEAM_LOGON_PERMANENT:
		part(s, now_ms, true);
		move(s, now_ms, STEAM_SESSION_REFUSED, UINT64_MAX);
		return;
	case STEAM_LOGON_THROTTLED:
		part(s, now_ms, true);
		move(s, now_ms, STEAM_SESSION_WAITING, next_try(s, now_ms, STEAM_LOGON_THROTTLED_MS));
		return;
	case STEAM_LOGON_DONE:
	case STEAM_LOGON_OTHER_CM:
		lose(s, now_ms, true);
		return;
	}
}

void steam_session_start(struct steam_session *s, uint64_t now_ms)
{
	if (s->state != STEAM_SESSION_OFF && s->state != STEAM_SESSION_REFUSED)
		return;
	s->failures = 0;
	because(s, 0, "%s", "");
	move(s, now_ms, STEAM_SESSION_WAITING, next_try(s, now_ms, 0));
	steam_session_tick(s, now_ms);
}

void steam_session_stop(struct steam_session *s, uint64_t now_ms)
{
	if (s->state == STEAM_SESSION_OFF || s->state == STEAM_SESSION_LEAVING)
		return;
	because(s, 0, "%s", "");
	steam_calls_end(&s->calls, now_ms, 0, RC_CANCELED, "the session was stopped");
	if (s->state == STEAM_SESSION_ONLINE) {
		size_t begun = saying(s);
		steam_logon_off(&s->out, s->steamid, s->id);
		said(s, begun);
		move(s, now_ms, STEAM_SESSION_LEAVING, now_ms + STEAM_SESSION_LEAVE_MS);
		return;
	}
	part(s, now_ms, true);
	move(s, now_ms, STEAM_SESSION_OFF, UINT64_MAX);
}

static void connect_now(struct steam_session *s, uint64_t now_ms)
{
	const char *endpoint = steam_cms_pick(s->conf.keep_cms, now_ms, &s->dice);
	if (!endpoint) {
		because(s, 0, "no connection manager is known");
		s->say_state = true;
		s->wake_ms = now_ms + STEAM_SESSION_EMPTY_MS;
		return;
	}
	snprintf(s->endpoint, sizeof(s->endpoint), "%s", endpoint);
	s->conn++;
	s->has_conn = s->say_connect = true;
	s->logged_on = true;
	s->logon_ms = now_ms;
	because(s, 0, "%s", "");
	move(s, now_ms, STEAM_SESSION_CONNECTING, now_ms + STEAM_SESSION_CONNECT_MS);
}

static bool is_ours(const struct steam_session *s, uint32_t conn) { return s->has_conn && s->conn == conn; }

void steam_session_opened(struct steam_session *s, uint64_t now_ms, uint32_t conn)
{
	if (!is_ours(s, conn) || s->state != STEAM_SESSION_CONNECTING)
		return;
	size_t begun = saying(s);
	steam_logon_hello(&s->out);
	said(s, begun);
	begun = saying(s);
	steam_logon_anonymous(&s->out, s->conf.cell_id, s->conf.login_id);
	said(s, begun);
	s->heard_ms = now_ms;
	because(s, 0, "%s", "");
	move(s, now_ms, STEAM_SESSION_LOGON, now_ms + STEAM_SESSION_LOGON_MS);
}

void steam_session_closed(struct steam_session *s, uint64_t now_ms, uint32_t conn, const char *why)
{
	if (!is_ours(s, conn))
		return;
	because(s, 0, "connection closed: %.80s", why);
	lose(s, now_ms, false);
}

/* ---- what is heard ---- */

static void heard_logon(struct steam_session *s, uint64_t now_ms, const struct steam_frame *fr, struct arena *a)
{
	struct fault f = { 0 };
	ProtobufCMessage *message;

	if (fr->kind != STEAM_FRAME_PROTO) {
		/* So a server speaks that has waited for a logon in vain. */
		because(s, 0, "the server did not understand the logon");
		lose(s, now_ms, true);
		return;
	}
	if (pb_unpack(&cmsg_client_logon_response__descriptor, fr->body, fr->body_n, a, &message, &f) != RC_OK) {
		because(s, 0, "malformed answer to the logon: %.60s", f.text);
		lose(s, now_ms, true);
		return;
	}
	const CMsgClientLogonResponse *m = (const CMsgClientLogonResponse *)message;
	if (m->eresult != ERESULT_OK) {
		turned_away(s, now_ms, "logon", m->eresult);
		return;
	}
	s->steamid = fr->steamid ? fr->steamid : m->client_supplied_steamid;
	s->id = fr->session;
	if (s->steamid == 0) {
		because(s, ERESULT_BAD_RESPONSE, "logon: the answer names no steamid");
		lose(s, now_ms, true);
		return;
	}
	int32_t beat = m->has_heartbeat_seconds ? m->heartbeat_seconds : m->legacy_out_of_game_heartbeat_seconds;
	s->beat_pace_ms = beat >= BEAT_MIN_S && beat <= BEAT_MAX_S ? (uint32_t)beat * 1000 : BEAT_DEFAULT_MS;
	s->beat_ms = now_ms;
	steam_cms_worked(s->conf.keep_cms, s->endpoint);
	because(s, ERESULT_OK, "%s", "");
	move(s, now_ms, STEAM_SESSION_ONLINE, UINT64_MAX);
}

static void heard_logged_off(
	struct steam_session *s, uint64_t now_ms, const struct steam_frame *fr, struct arena *a)
{
	ProtobufCMessage *message;
	int32_t eresult = ERESULT_FAIL;

	if (s->state == STEAM_SESSION_LEAVING) {
		part(s, now_ms, true);
		move(s, now_ms, STEAM_SESSION_OFF, UINT64_MAX);
		return;
	}
	if (fr->kind == STEAM_FRAME_PROTO &&
		pb_unpack(&cmsg_client_logged_off__descriptor, fr->body, fr->body_n, a, &message, NULL) == RC_OK)
		eresult = ((const CMsgClientLoggedOff *)message)->eresult;
	turned_away(s, now_ms, "logged off", eresult);
}

/* Steam says that a service is away, and which job is lost by it: u64 job, u32 its message, u32 the service. */
static void heard_unavailable(struct steam_session *s, uint64_t now_ms, const struct steam_frame *fr)
{
	struct rd r = rd_over(fr->body, fr->body_n);
	uint64_t job = rd_le64(&r);

	if (!r.bad && job != 0)
		steam_calls_end(&s->calls, now_ms, job, RC_AWAY, "Steam says that the service is unavailable");
}

static void heard_one(struct steam_session *s, uint64_t now_ms, const struct steam_frame *fr, struct arena *a)
{
	if (fr->emsg == EMSG_CLIENT_LOG_ON_RESPONSE) {
		if (s->state == STEAM_SESSION_LOGON)
			heard_logon(s, now_ms, fr, a);
	} else if (fr->emsg == EMSG_CLIENT_LOGGED_OFF) {
		heard_logged_off(s, now_ms, fr, a);
	} else if (s->state != STEAM_SESSION_ONLINE) {
		return;
	} else if (fr->emsg == EMSG_CLIENT_SERVER_UNAVAILABLE) {
		heard_unavailable(s, now_ms, fr);
	} else if (fr->job_target != STEAM_JOB_NONE) {
		steam_calls_feed(&s->calls, now_ms, fr, line(s));
	}
}

static enum rc heard(struct steam_session *s, uint64_t now_ms, struct rd bytes, struct arena *a, unsigned depth,
	struct fault *f);

static enum rc heard_multi(struct steam_session *s, uint64_t now_ms, const struct steam_frame *fr, struct arena *a,
	unsigned depth, struct fault *f)
{
	struct steam_multi m;
	const uint8_t *p;
	size_t n;

	if (depth > MULTI_DEPTH_MAX)
		return fault_set(f, RC_MALFORMED, "Multi inside Multi");
	enum rc rc = steam_multi_open(fr->body, fr->body_n, a, &m, f);
	/* A message may end the connection; what stands behind it is not heard. */
	while (rc == RC_OK && s->has_conn) {
		rc = steam_multi_next(&m, &p, &n, f);
		if (rc == RC_OK)
			rc = heard(s, now_ms, rd_over(p, n), a, depth, f);
	}
	return rc == RC_MISSING ? RC_OK : rc;
}

static enum rc heard(
	struct steam_session *s, uint64_t now_ms, struct rd bytes, struct arena *a, unsigned depth, struct fault *f)
{
	struct steam_frame fr;
	enum rc rc = steam_frame_parse(bytes.at, rd_left(&bytes), a, &fr, f);

	if (rc != RC_OK)
		return rc;
	if (fr.emsg == EMSG_MULTI)
		return heard_multi(s, now_ms, &fr, a, depth + 1, f);
	heard_one(s, now_ms, &fr, a);
	return RC_OK;
}

void steam_session_feed(struct steam_session *s, uint64_t now_ms, uint32_t conn, const void *p, size_t n)
{
	struct arena a = { .limit = STEAM_SESSION_MESSAGE_MAX };
	struct fault f = { 0 };

	if (!is_ours(s, conn) || s->state < STEAM_SESSION_LOGON)
		return;
	s->heard_ms = now_ms;
	s->probe_job = 0;
	enum rc rc = heard(s, now_ms, rd_over(p, n), &a, 0, &f);
	if (rc != RC_OK && s->has_conn) {
		because(s, 0, "malformed: %.100s", f.text);
		lose(s, now_ms, true);
	}
	arena_done(&a);
}

/* ---- time ---- */

static uint64_t probe_due(const struct steam_session *s)
{
	if (s->probe_job)
		return s->probe_ms + STEAM_SESSION_PROBE_MS;
	return s->heard_ms + (uint64_t)STEAM_SESSION_SILENT * s->beat_pace_ms;
}

static void tick_online(struct steam_session *s, uint64_t now_ms)
{
	if (now_ms >= s->beat_ms + s->beat_pace_ms)
		say_beat(s, now_ms);
	steam_calls_tick(&s->calls, now_ms, line(s));
	if (now_ms < probe_due(s))
		return;
	if (!s->probe_job) {
		say_probe(s, now_ms);
		return;
	}
	because(s, 0, "half-open: silent for %llu s", (unsigned long long)(now_ms - s->heard_ms) / 1000);
	lose(s, now_ms, true);
}

static void wake(struct steam_session *s, uint64_t now_ms)
{
	switch (s->state) {
	case STEAM_SESSION_WAITING:
		connect_now(s, now_ms);
		return;
	case STEAM_SESSION_CONNECTING:
		because(s, 0, "no connection within %u s", STEAM_SESSION_CONNECT_MS / 1000);
		lose(s, now_ms, true);
		return;
	case STEAM_SESSION_LOGON:
		because(s, 0, "no answer to the logon within %u s", STEAM_SESSION_LOGON_MS / 1000);
		lose(s, now_ms, true);
		return;
	case STEAM_SESSION_LEAVING:
		lose(s, now_ms, true);
		return;
	case STEAM_SESSION_OFF:
	case STEAM_SESSION_ONLINE:
	case STEAM_SESSION_REFUSED:
	case STEAM_SESSION_STATES:
		return;
	}
}

void steam_session_tick(struct steam_session *s, uint64_t now_ms)
{
	if (s->state == STEAM_SESSION_ONLINE)
		tick_online(s, now_ms);
	else if (now_ms >= s->wake_ms)
		wake(s, now_ms);
	if (s->out.bad && s->has_conn) {
		because(s, 0, "out of memory");
		lose(s, now_ms, true);
	}
}

uint64_t steam_session_due(const struct steam_session *s)
{
	if (s->out.bad)
		return 0; /* a message got lost for want of memory: the next tick drops the connection */
	if (s->state != STEAM_SESSION_ONLINE)
		return s->wake_ms;
	uint64_t due = s->beat_ms + s->beat_pace_ms, probe = probe_due(s);
	due = probe < due ? probe : due;
	uint64_t call = steam_calls_due(&s->calls);
	return call < due ? call : due;
}

/* ---- asks and acts ---- */

enum rc steam_session_ask(
	struct steam_session *s, uint64_t now_ms, const struct steam_ask *ask, uint64_t *ret_call, struct fault *f)
{
	if (s->state != STEAM_SESSION_ONLINE)
		return fault_set(f, RC_AWAY, "the Steam session is %s", steam_session_state_name(s->state));
	return steam_calls_ask(&s->calls, now_ms, ask, line(s), ret_call, f);
}

static bool next_message(struct steam_session *s, struct steam_session_act *ret)
{
	struct rd r = rd_over(s->out.p, s->out.n);
	rd_bytes(&r, s->out_at);
	size_t n = rd_le32(&r);
	const uint8_t *p = rd_bytes(&r, n);
	if (s->out.bad)
		return false;
	if (r.bad) {
		/* All is told: an idle session keeps no buffer. The last act may still borrow it, so not before now. */
		buf_done(&s->out);
		s->out_at = 0;
		return false;
	}
	s->out_at = s->out.n - rd_left(&r);
	*ret = (struct steam_session_act){ .kind = STEAM_SESSION_SEND, .conn = s->conn, .p = p, .n = n };
	return true;
}

bool steam_session_next(struct steam_session *s, struct steam_session_act *ret_act)
{
	if (s->out.n > 0 && next_message(s, ret_act))
		return true;
	if (s->say_close) {
		s->say_close = false;
		*ret_act = (struct steam_session_act){ .kind = STEAM_SESSION_CLOSE, .conn = s->close_conn };
		return true;
	}
	struct steam_call *call = steam_calls_take(&s->calls);
	if (call) {
		*ret_act = (struct steam_session_act){ .kind = STEAM_SESSION_ANSWER, .call = call };
		return true;
	}
	if (s->say_state) {
		s->say_state = false;
		*ret_act = (struct steam_session_act){
			.kind = STEAM_SESSION_STATE, .state = s->state, .why = s->why, .eresult = s->eresult
		};
		return true;
	}
	if (s->say_connect) {
		s->say_connect = false;
		*ret_act = (struct steam_session_act){
			.kind = STEAM_SESSION_CONNECT, .conn = s->conn, .endpoint = s->endpoint
		};
		return true;
	}
	return false;
}
