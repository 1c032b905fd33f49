#include "flow/steam_session.h"

#include "flow/steam_dice.h"
#include "flow/steam_logon.h"
#include "flow/steam_session_parts.h"
#include "wire/steam/eresult.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TO(state) (1u << STEAM_SESSION_##state)

/* What is not in the table cannot happen. */
static const unsigned lawful[STEAM_SESSION_STATES] = {
	[STEAM_SESSION_OFF] = TO(WAITING),
	[STEAM_SESSION_WAITING] = TO(CONNECTING) | TO(OFF),
	[STEAM_SESSION_CONNECTING] = TO(GREETED) | TO(LOGON) | TO(WAITING) | TO(OFF),
	[STEAM_SESSION_GREETED] = TO(LOGON) | TO(WAITING) | TO(OFF),
	[STEAM_SESSION_LOGON] = TO(ONLINE) | TO(WAITING) | TO(REFUSED) | TO(OFF),
	[STEAM_SESSION_ONLINE] = TO(LEAVING) | TO(WAITING) | TO(REFUSED) | TO(OFF),
	[STEAM_SESSION_LEAVING] = TO(OFF),
	[STEAM_SESSION_REFUSED] = TO(WAITING) | TO(OFF),
};

const char *steam_session_state_name(enum steam_session_state state)
{
	static const char *const names[STEAM_SESSION_STATES] = { "off", "waiting", "connecting", "greeted", "logon",
		"online", "leaving", "refused" };
	return names[state];
}

void steam_session_move(struct steam_session *s, uint64_t now_ms, enum steam_session_state to, uint64_t wake_ms)
{
	assert(lawful[s->state] & 1u << to);
	s->state = to;
	s->since_ms = now_ms;
	s->wake_ms = wake_ms;
	s->say_state = true;
}

void steam_session_because(struct steam_session *s, int32_t eresult, const char *fmt, ...)
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
	buf_done(&s->pushes);
	free(s);
}

enum steam_session_state steam_session_state(const struct steam_session *s) { return s->state; }
unsigned steam_session_calls(const struct steam_session *s) { return s->calls.running_n; }
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

struct steam_calls_line steam_session_line(struct steam_session *s)
{
	return (struct steam_calls_line){ .steamid = s->steamid, .session = s->id, .out = &s->out };
}

/* ---- coming and going ---- */

/* The connection is over for us; `close` when the socket is still there. */
void steam_session_part(struct steam_session *s, uint64_t now_ms, bool close)
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

void steam_session_lose(struct steam_session *s, uint64_t now_ms, bool close)
{
	if (s->state == STEAM_SESSION_ONLINE && now_ms - s->since_ms >= STEAM_SESSION_STEADY_MS)
		s->failures = 0;
	steam_session_part(s, now_ms, close);
	if (s->state == STEAM_SESSION_LEAVING) {
		steam_session_move(s, now_ms, STEAM_SESSION_OFF, UINT64_MAX);
		return;
	}
	steam_cms_failed(s->conf.keep_cms, s->endpoint, now_ms);
	if (s->conf.once) {
		steam_session_move(s, now_ms, STEAM_SESSION_OFF, UINT64_MAX);
		return;
	}
	uint64_t most =
		s->failures < 16 ? (uint64_t)STEAM_SESSION_BACK_MS << s->failures : STEAM_SESSION_BACK_MAX_MS;
	most = most < STEAM_SESSION_BACK_MAX_MS ? most : STEAM_SESSION_BACK_MAX_MS;
	s->failures++;
	steam_session_move(s, now_ms, STEAM_SESSION_WAITING, next_try(s, now_ms, steam_dice_upto(&s->dice, most)));
}

/* Until it is started again. */
static void rest(struct steam_session *s, uint64_t now_ms)
{
	steam_session_part(s, now_ms, true);
	steam_session_move(s, now_ms, s->conf.once ? STEAM_SESSION_OFF : STEAM_SESSION_REFUSED, UINT64_MAX);
}

static void later(struct steam_session *s, uint64_t now_ms, uint64_t delay_ms)
{
	if (s->conf.once) {
		rest(s, now_ms);
		return;
	}
	steam_session_part(s, now_ms, true);
	steam_session_move(s, now_ms, STEAM_SESSION_WAITING, next_try(s, now_ms, delay_ms));
}

void steam_session_turned_away(struct steam_session *s, uint64_t now_ms, bool was_on, int32_t eresult)
{
	enum steam_logon_next next = was_on            ? steam_logon_after_off(eresult)
				     : s->conf.account ? steam_logon_next_account(eresult)
						       : steam_logon_next(eresult);
	steam_session_because(
		s, eresult, "%s: %s (%d)", was_on ? "logged off" : "logon", eresult_name(eresult), eresult);
	switch (next) {
	case STEAM_LOGON_PERMANENT:
	case STEAM_LOGON_TOKEN:
		rest(s, now_ms);
		return;
	case STEAM_LOGON_THROTTLED:
		later(s, now_ms, STEAM_LOGON_THROTTLED_MS);
		return;
	case STEAM_LOGON_REPLACED:
		later(s, now_ms, STEAM_LOGON_REPLACED_MS);
		return;
	case STEAM_LOGON_DONE:
	case STEAM_LOGON_OTHER_CM:
		steam_session_lose(s, now_ms, true);
		return;
	}
}

void steam_session_start(struct steam_session *s, uint64_t now_ms)
{
	if (s->state != STEAM_SESSION_OFF && s->state != STEAM_SESSION_REFUSED)
		return;
	s->failures = 0;
	steam_session_because(s, 0, "%s", "");
	steam_session_move(s, now_ms, STEAM_SESSION_WAITING, next_try(s, now_ms, 0));
	steam_session_tick(s, now_ms);
}

void steam_session_stop(struct steam_session *s, uint64_t now_ms)
{
	if (s->state == STEAM_SESSION_OFF || s->state == STEAM_SESSION_LEAVING)
		return;
	steam_session_because(s, 0, "%s", "");
	steam_calls_end(&s->calls, now_ms, 0, RC_CANCELED, "the session was stopped");
	if (s->state == STEAM_SESSION_ONLINE) {
		size_t begun = saying(s);
		steam_logon_off(&s->out, s->steamid, s->id);
		said(s, begun);
		steam_session_move(s, now_ms, STEAM_SESSION_LEAVING, now_ms + STEAM_SESSION_LEAVE_MS);
		return;
	}
	steam_session_part(s, now_ms, true);
	steam_session_move(s, now_ms, STEAM_SESSION_OFF, UINT64_MAX);
}

static void connect_now(struct steam_session *s, uint64_t now_ms)
{
	const char *endpoint = steam_cms_pick(s->conf.keep_cms, now_ms, &s->dice);
	if (!endpoint) {
		steam_session_because(s, 0, "no connection manager is known");
		if (s->conf.once) {
			steam_session_move(s, now_ms, STEAM_SESSION_OFF, UINT64_MAX);
			return;
		}
		s->say_state = true;
		s->wake_ms = now_ms + STEAM_SESSION_EMPTY_MS;
		return;
	}
	snprintf(s->endpoint, sizeof(s->endpoint), "%s", endpoint);
	s->conn++;
	s->has_conn = s->say_connect = true;
	s->logged_on = true;
	s->logon_ms = now_ms;
	steam_session_because(s, 0, "%s", "");
	steam_session_move(s, now_ms, STEAM_SESSION_CONNECTING, now_ms + STEAM_SESSION_CONNECT_MS);
}

static bool is_ours(const struct steam_session *s, uint32_t conn) { return s->has_conn && s->conn == conn; }

/* The logon is said; its answer is waited for. */
static void logging_on(struct steam_session *s, uint64_t now_ms, size_t begun)
{
	said(s, begun);
	steam_session_because(s, 0, "%s", "");
	steam_session_move(s, now_ms, STEAM_SESSION_LOGON, now_ms + STEAM_SESSION_LOGON_MS);
}

void steam_session_opened(struct steam_session *s, uint64_t now_ms, uint32_t conn)
{
	if (!is_ours(s, conn) || s->state != STEAM_SESSION_CONNECTING)
		return;
	size_t begun = saying(s);
	steam_logon_hello(&s->out);
	said(s, begun);
	s->heard_ms = now_ms;
	s->steamid = 0;
	s->id = 0;
	if (s->conf.account) {
		steam_session_because(s, 0, "%s", "");
		steam_session_move(s, now_ms, STEAM_SESSION_GREETED, now_ms + STEAM_SESSION_GREETED_MS);
		return;
	}
	begun = saying(s);
	steam_logon_anonymous(&s->out, s->conf.cell_id, s->conf.login_id);
	logging_on(s, now_ms, begun);
}

void steam_session_logon(struct steam_session *s, uint64_t now_ms, const struct steam_logon_as *as)
{
	if (s->state != STEAM_SESSION_GREETED)
		return;
	size_t begun = saying(s);
	steam_logon_account(&s->out, s->conf.cell_id, s->conf.login_id, as);
	logging_on(s, now_ms, begun);
}

void steam_session_closed(struct steam_session *s, uint64_t now_ms, uint32_t conn, const char *why)
{
	if (!is_ours(s, conn))
		return;
	steam_session_because(s, 0, "connection closed: %.80s", why);
	steam_session_lose(s, now_ms, false);
}

/* ---- what is heard ---- */

void steam_session_feed(struct steam_session *s, uint64_t now_ms, uint32_t conn, const void *p, size_t n)
{
	struct arena a = { .limit = STEAM_SESSION_MESSAGE_MAX };
	struct fault f = { 0 };

	if (!is_ours(s, conn) || s->state < STEAM_SESSION_GREETED)
		return;
	s->heard_ms = now_ms;
	s->probe_job = 0;
	enum rc rc = steam_session_hear(s, now_ms, rd_over(p, n), &a, &f);
	if (rc != RC_OK && s->has_conn) {
		steam_session_because(s, 0, "malformed: %.100s", f.text);
		steam_session_lose(s, now_ms, true);
	}
	arena_done(&a);
}

/* ---- time ---- */

static uint64_t probe_due(const struct steam_session *s)
{
	if (s->probe_job) /* a third one missed; a quick pace leaves a moment for the answer all the same */
		return s->probe_ms +
		       (s->beat_pace_ms > STEAM_SESSION_PROBE_MS ? s->beat_pace_ms : STEAM_SESSION_PROBE_MS);
	return s->heard_ms + (uint64_t)STEAM_SESSION_SILENT * s->beat_pace_ms;
}

static void tick_online(struct steam_session *s, uint64_t now_ms)
{
	if (now_ms >= s->beat_ms + s->beat_pace_ms)
		say_beat(s, now_ms);
	steam_calls_tick(&s->calls, now_ms, steam_session_line(s));
	if (now_ms < probe_due(s))
		return;
	if (!s->probe_job) {
		say_probe(s, now_ms);
		return;
	}
	steam_session_because(
		s, 0, "half-open: silent for %llu s", (unsigned long long)(now_ms - s->heard_ms) / 1000);
	steam_session_lose(s, now_ms, true);
}

static void wake(struct steam_session *s, uint64_t now_ms)
{
	switch (s->state) {
	case STEAM_SESSION_WAITING:
		connect_now(s, now_ms);
		return;
	case STEAM_SESSION_CONNECTING:
		steam_session_because(s, 0, "no connection within %u s", STEAM_SESSION_CONNECT_MS / 1000);
		steam_session_lose(s, now_ms, true);
		return;
	case STEAM_SESSION_GREETED:
		steam_session_because(s, 0, "no logon within %u s", STEAM_SESSION_GREETED_MS / 1000);
		steam_session_lose(s, now_ms, true);
		return;
	case STEAM_SESSION_LOGON:
		steam_session_because(s, 0, "no answer to the logon within %u s", STEAM_SESSION_LOGON_MS / 1000);
		steam_session_lose(s, now_ms, true);
		return;
	case STEAM_SESSION_LEAVING:
		steam_session_lose(s, now_ms, true);
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
	else if (s->state == STEAM_SESSION_GREETED)
		steam_calls_tick(&s->calls, now_ms, steam_session_line(s));
	if (s->state != STEAM_SESSION_ONLINE && now_ms >= s->wake_ms)
		wake(s, now_ms);
	if (s->out.bad && s->has_conn) {
		steam_session_because(s, 0, "out of memory");
		steam_session_lose(s, now_ms, true);
	}
}

uint64_t steam_session_due(const struct steam_session *s)
{
	if (s->out.bad)
		return 0; /* a message got lost for want of memory: the next tick drops the connection */
	if (s->state == STEAM_SESSION_GREETED) {
		uint64_t asked = steam_calls_due(&s->calls);
		return asked < s->wake_ms ? asked : s->wake_ms;
	}
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
	bool early = s->state == STEAM_SESSION_GREETED && ask->kind == STEAM_CALL_SERVICE;
	if (s->state != STEAM_SESSION_ONLINE && !early)
		return fault_set(f, RC_AWAY, "the Steam session is %s", steam_session_state_name(s->state));
	return steam_calls_ask(&s->calls, now_ms, ask, steam_session_line(s), ret_call, f);
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

static bool next_push(struct steam_session *s, struct steam_session_act *ret)
{
	struct rd r = rd_over(s->pushes.p, s->pushes.n);
	rd_bytes(&r, s->pushes_at);
	uint32_t emsg = rd_le32(&r), method_n = rd_le32(&r), n = rd_le32(&r);
	const uint8_t *method = rd_bytes(&r, method_n), *p = rd_bytes(&r, n);
	if (s->pushes.bad || r.bad) {
		buf_done(&s->pushes);
		s->pushes_at = 0;
		return false;
	}
	s->pushes_at = s->pushes.n - rd_left(&r);
	*ret = (struct steam_session_act){ .kind = STEAM_SESSION_PUSH,
		.conn = s->conn,
		.emsg = emsg,
		.method = method_n ? (const char *)method : NULL,
		.p = p,
		.n = n };
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
		bool tcp = steam_cms_is_tcp(s->endpoint);
		*ret_act = (struct steam_session_act){ .kind = STEAM_SESSION_CONNECT,
			.conn = s->conn,
			.endpoint = tcp ? s->endpoint + strlen(STEAM_CMS_TCP) : s->endpoint,
			.tcp = tcp };
		return true;
	}
	return s->pushes.n > 0 && next_push(s, ret_act);
}
