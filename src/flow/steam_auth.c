#include "flow/steam_auth.h"

#include "base/rd.h"
#include "flow/steam_auth_parts.h"
#include "proto/steam/auth.pb-c.h"
#include "wire/steam/eresult.h"
#include "wire/steam/guard.h"
#include "wire/steam/pb.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SAVE_VERSION 1
#define PACE_MIN_MS  1000
#define PACE_MAX_MS  30000
#define FAILS_MAX    3 /* looks in a row that Steam answers by Fail */
#define STEP_MS      (UINT64_C(1000) * GUARD_PERIOD_S)
#define ANSWER_LIMIT (1u << 20) /* memory to read one answer in */

/* Kinds of confirmation as Steam numbers them. */
enum { NOTHING = 1, EMAIL_CODE, DEVICE_CODE, DEVICE_YES, EMAIL_YES, MACHINE };
#define CAN(a, kind) ((a)->confirmations & 1u << (kind))
#define BY_ITSELF    (1u << DEVICE_YES | 1u << EMAIL_YES) /* may be approved elsewhere: a look shows it */

static void say(struct steam_auth *a, enum steam_auth_act_kind kind) { a->say |= STEAM_AUTH_SAY(kind); }

static void plan(struct steam_auth *a, enum steam_auth_step step, uint64_t at_ms)
{
	a->step = step;
	a->at_ms = at_ms;
}

enum rc steam_auth_new(const struct steam_auth_conf *conf, struct steam_auth **ret_auth, struct fault *f)
{
	if (conf->machine_id_n > STEAM_AUTH_MACHINE_MAX)
		return fault_set(f, RC_TOO_LARGE, "a machine id of %zu bytes", conf->machine_id_n);
	struct steam_auth *a = calloc(1, sizeof(*a));
	if (!a)
		return fault_set(f, RC_NOMEM, "no memory to authenticate");
	a->conf = *conf;
	if (conf->machine_id_n > 0)
		memcpy(a->machine_id, conf->machine_id, conf->machine_id_n);
	a->conf.machine_id = a->machine_id;
	memcpy(a->random, conf->random, sizeof(a->random));
	a->conf.random = NULL;
	a->pace_ms = STEAM_AUTH_POLL_MS;
	a->step = conf->password->n > 0 ? STEAM_AUTH_STEP_KEY : STEAM_AUTH_STEP_QR;
	*ret_auth = a;
	return RC_OK;
}

void steam_auth_free(struct steam_auth *a)
{
	if (!a)
		return;
	hush_done(&a->code);
	hush_done(&a->sealed);
	hush_done(&a->token);
	hush_done(&a->guard);
	if (a->out.n > 0)
		hush_wipe(a->out.p, a->out.n);
	buf_done(&a->out);
	hush_wipe(a, sizeof(*a));
	free(a);
}

bool steam_auth_is_waiting(const struct steam_auth *a) { return a->waiting; }

void steam_auth_fail(struct steam_auth *a, enum steam_auth_failure failure, int32_t eresult, const char *why)
{
	a->failure = failure;
	a->eresult = eresult;
	snprintf(a->why, sizeof(a->why), "%s", why);
	a->asked = false;
	if (failure != STEAM_AUTH_TROUBLE)
		a->step = STEAM_AUTH_STEP_OVER;
	else
		steam_auth_lost(a);
	say(a, STEAM_AUTH_FAILED);
}

void steam_auth_lost(struct steam_auth *a)
{
	if (a->step == STEAM_AUTH_STEP_OVER)
		return;
	a->asked = false;
	if (!a->begun)
		plan(a, a->conf.password->n > 0 ? STEAM_AUTH_STEP_KEY : STEAM_AUTH_STEP_QR, 0);
}

/* ---- to be kept ---- */

static void put_text(struct buf *to, const char *text)
{
	buf_u16(to, (uint16_t)strlen(text));
	buf_str(to, text);
}

void steam_auth_save(const struct steam_auth *a, int64_t until_s, struct buf *to)
{
	buf_u8(to, SAVE_VERSION);
	put_text(to, a->conf.login);
	buf_u64(to, (uint64_t)until_s);
	buf_u64(to, a->client_id);
	buf_u64(to, a->steamid);
	buf_u32(to, a->pace_ms);
	buf_u32(to, a->confirmations);
	buf_u8(to, (uint8_t)a->challenge);
	buf_u8(to, (uint8_t)a->wrongs);
	buf_u8(to, (uint8_t)a->request_id_n);
	buf_put(to, a->request_id, a->request_id_n);
	put_text(to, a->hint);
	put_text(to, a->qr_url);
}

static void get_text(struct rd *r, char ret[static STEAM_AUTH_TEXT_MAX])
{
	uint16_t n = rd_u16(r);
	const uint8_t *p = n < STEAM_AUTH_TEXT_MAX ? rd_bytes(r, n) : NULL;
	if (!p)
		r->bad = true;
	else
		memcpy(ret, p, n);
}

static void hold(struct steam_auth *a, uint64_t now_ms);

enum rc steam_auth_load(const struct steam_auth_conf *conf, const struct hush *saved, int64_t *ret_until_s,
	struct steam_auth **ret_auth, struct fault *f)
{
	struct rd r = rd_over(saved->p, saved->n);
	char login[STEAM_AUTH_TEXT_MAX] = "";
	auto_of(steam_auth) struct steam_auth *a = NULL;

	enum rc rc = steam_auth_new(conf, &a, f);
	if (rc != RC_OK)
		return rc;
	uint8_t version = rd_u8(&r);
	get_text(&r, login);
	int64_t until_s = (int64_t)rd_u64(&r);
	a->client_id = rd_u64(&r);
	a->steamid = rd_u64(&r);
	a->pace_ms = rd_u32(&r);
	a->confirmations = rd_u32(&r);
	uint8_t challenge = rd_u8(&r);
	a->wrongs = rd_u8(&r);
	a->request_id_n = rd_u8(&r);
	const uint8_t *request = a->request_id_n <= STEAM_AUTH_REQUEST_MAX ? rd_bytes(&r, a->request_id_n) : NULL;
	get_text(&r, a->hint);
	get_text(&r, a->qr_url);
	if (r.bad || !request || version != SAVE_VERSION || rd_left(&r) > 0 || challenge > STEAM_AUTH_QR ||
		a->pace_ms < PACE_MIN_MS || a->pace_ms > PACE_MAX_MS || a->wrongs >= STEAM_AUTH_CODES_MAX ||
		strcasecmp(login, conf->login) != 0)
		return fault_set(f, RC_MALFORMED, "what was kept of a logon cannot be gone on with");
	memcpy(a->request_id, request, a->request_id_n);
	a->challenge = (enum steam_auth_kind)challenge;
	a->begun = true;
	hold(a, 0);
	*ret_until_s = until_s;
	*ret_auth = take(a);
	return RC_OK;
}

/* ---- what a person must do ---- */

/* Waits for a person; looks for an approval where there may be one. */
static void hold(struct steam_auth *a, uint64_t now_ms)
{
	bool looks = a->challenge == STEAM_AUTH_QR || a->confirmations & BY_ITSELF;
	a->waiting = true;
	plan(a, looks ? STEAM_AUTH_STEP_POLL : STEAM_AUTH_STEP_HOLD, now_ms + (now_ms ? a->pace_ms : 0));
	say(a, STEAM_AUTH_CHALLENGE);
	say(a, STEAM_AUTH_SAVE);
}

static void challenge(struct steam_auth *a, uint64_t now_ms, enum steam_auth_kind kind, const char *hint)
{
	a->challenge = kind;
	if (hint)
		snprintf(a->hint, sizeof(a->hint), "%s", hint);
	hold(a, now_ms);
}

/* Confirmed, or nothing to confirm: the token must come now. */
static void confirmed(struct steam_auth *a, uint64_t now_ms)
{
	if (a->waiting)
		say(a, STEAM_AUTH_ACCEPTED);
	a->waiting = false;
	a->confirmed_ms = now_ms ? now_ms : 1;
	plan(a, STEAM_AUTH_STEP_POLL, now_ms);
}

static void choose(struct steam_auth *a, uint64_t now_ms)
{
	if (CAN(a, NOTHING) || !(a->confirmations & ~(1u << MACHINE)))
		confirmed(a, now_ms);
	else if (CAN(a, DEVICE_CODE) && a->conf.shared_secret->n > 0 && a->mismatches == 0)
		plan(a, STEAM_AUTH_STEP_OWN_CODE, now_ms);
	else if (CAN(a, DEVICE_CODE))
		challenge(a, now_ms, STEAM_AUTH_DEVICE_CODE,
			CAN(a, DEVICE_YES) ? "or approve it in the Steam app" : NULL);
	else if (CAN(a, EMAIL_CODE))
		challenge(a, now_ms, STEAM_AUTH_EMAIL, NULL);
	else if (a->confirmations & BY_ITSELF)
		challenge(a, now_ms, STEAM_AUTH_APPROVAL,
			CAN(a, DEVICE_YES) ? NULL : "by the e-mail that Steam sent");
	else
		steam_auth_fail(
			a, STEAM_AUTH_INVALID, 0, "Steam wants it confirmed in a way that is not known here");
}

enum rc steam_auth_code(struct steam_auth *a, uint64_t now_ms, const struct hush *code)
{
	if (!a->waiting || a->challenge == STEAM_AUTH_QR || code->n == 0)
		return RC_CONFLICT;
	enum rc rc = hush_set(&a->code, code->p, code->n);
	if (rc == RC_OK)
		plan(a, STEAM_AUTH_STEP_CODE, now_ms);
	return rc;
}

void steam_auth_look(struct steam_auth *a, uint64_t now_ms)
{
	if (a->waiting && (a->step == STEAM_AUTH_STEP_POLL || a->step == STEAM_AUTH_STEP_HOLD))
		plan(a, STEAM_AUTH_STEP_POLL, now_ms);
}

/* ---- the clock ---- */

/* When there is another code than the one that was said. */
static uint64_t next_step_ms(const struct steam_auth *a, uint64_t now_ms)
{
	uint64_t steam = (uint64_t)((int64_t)now_ms + a->offset_ms);
	return steam / STEP_MS != a->said_step ? now_ms : now_ms + STEP_MS - steam % STEP_MS;
}

void steam_auth_clock(struct steam_auth *a, uint64_t now_ms, int64_t offset_ms)
{
	a->offset_ms = offset_ms;
	a->clock_known = true;
	if (a->clock_awaited)
		a->at_ms = next_step_ms(a, now_ms);
	a->clock_awaited = false;
}

/* Before a code of our own. False: it has to wait, or cannot be made. */
static bool has_clock(struct steam_auth *a, uint64_t now_ms)
{
	if (a->clock_awaited && !a->clock_known) {
		a->clock_awaited = false;
		challenge(a, now_ms, STEAM_AUTH_DEVICE_CODE, NULL);
		return false;
	}
	if (a->clock_awaited) { /* nobody could say the time: the one we had is all we have */
		a->clock_awaited = false;
		a->at_ms = next_step_ms(a, now_ms);
		if (now_ms < a->at_ms)
			return false;
	}
	if (a->clock_known) {
		a->said_step = (uint64_t)((int64_t)now_ms + a->offset_ms) / STEP_MS;
		return true;
	}
	a->clock_awaited = true;
	a->at_ms = now_ms + STEAM_AUTH_TIME_MS;
	say(a, STEAM_AUTH_TIME);
	return false;
}

/* ---- what Steam answers ---- */

static enum steam_auth_failure failure_of(int32_t eresult)
{
	switch (eresult) {
	case ERESULT_INVALID_PASSWORD:
		return STEAM_AUTH_BAD_PASSWORD;
	case ERESULT_RATE_LIMIT_EXCEEDED:
	case ERESULT_ACCOUNT_LOGIN_DENIED_THROTTLE:
	case ERESULT_ACCESS_DENIED:
		return STEAM_AUTH_THROTTLED;
	case ERESULT_ACCOUNT_DISABLED:
	case ERESULT_BANNED:
	case ERESULT_SUSPENDED:
	case ERESULT_ACCOUNT_LOCKED_DOWN:
	case ERESULT_ACCOUNT_NOT_FOUND:
	case ERESULT_ACCOUNT_DELETED:
		return STEAM_AUTH_BANNED;
	default:
		return STEAM_AUTH_TROUBLE;
	}
}

static void refused(struct steam_auth *a, const struct steam_call *c)
{
	steam_auth_fail(a, failure_of(c->eresult), c->eresult, c->fault.text);
}

static void wrong_code(struct steam_auth *a, uint64_t now_ms)
{
	if (a->asked_step == STEAM_AUTH_STEP_OWN_CODE) {
		say(a, STEAM_AUTH_MISMATCH);
		if (++a->mismatches > 1) {
			challenge(a, now_ms, STEAM_AUTH_DEVICE_CODE, "the codes that are made here do not fit");
			return;
		}
		a->clock_awaited = true;
		plan(a, STEAM_AUTH_STEP_OWN_CODE, now_ms + STEAM_AUTH_TIME_MS);
		say(a, STEAM_AUTH_TIME);
		return;
	}
	say(a, STEAM_AUTH_WRONG);
	if (++a->wrongs >= STEAM_AUTH_CODES_MAX)
		steam_auth_fail(a, STEAM_AUTH_WRONG_CODES, 0, "too many wrong codes");
	else
		hold(a, now_ms);
}

static void answered_code(struct steam_auth *a, uint64_t now_ms, const struct steam_call *c)
{
	switch (c->eresult) {
	case ERESULT_OK:
	case ERESULT_DUPLICATE_REQUEST: /* it was confirmed elsewhere */
		confirmed(a, now_ms);
		return;
	case ERESULT_INVALID_LOGIN_AUTH_CODE:
	case ERESULT_EXPIRED_LOGIN_AUTH_CODE:
	case ERESULT_TWO_FACTOR_CODE_MISMATCH:
		wrong_code(a, now_ms);
		return;
	case ERESULT_EXPIRED:
	case ERESULT_FILE_NOT_FOUND:
		steam_auth_fail(a, STEAM_AUTH_GONE, c->eresult, c->fault.text);
		return;
	default:
		refused(a, c);
	}
}

static void set_pace(struct steam_auth *a, float seconds)
{
	if (seconds * 1000 >= PACE_MIN_MS && seconds * 1000 <= PACE_MAX_MS)
		a->pace_ms = (uint32_t)(seconds * 1000);
}

static bool set_request(struct steam_auth *a, uint64_t client_id, ProtobufCBinaryData request)
{
	if (request.len == 0 || request.len > sizeof(a->request_id)) {
		steam_auth_fail(a, STEAM_AUTH_TROUBLE, 0, "Steam began an auth session without a request id");
		return false;
	}
	memcpy(a->request_id, request.data, request.len);
	a->request_id_n = request.len;
	a->client_id = client_id;
	a->begun = true;
	return true;
}

static void answered_begin(struct steam_auth *a, uint64_t now_ms, const ProtobufCMessage *message)
{
	const CAuthenticationBeginAuthSessionViaCredentialsResponse *m =
		(const CAuthenticationBeginAuthSessionViaCredentialsResponse *)message;

	if (!set_request(a, m->client_id, m->request_id))
		return;
	a->steamid = m->steamid;
	set_pace(a, m->interval);
	for (size_t i = 0; i < m->n_allowed_confirmations; i++) {
		const CAuthenticationAllowedConfirmation *c = m->allowed_confirmations[i];
		if (c->confirmation_type <= 0 || c->confirmation_type > MACHINE)
			continue;
		a->confirmations |= 1u << c->confirmation_type;
		if (c->confirmation_type == EMAIL_CODE && c->associated_message)
			snprintf(a->hint, sizeof(a->hint), "%s", c->associated_message);
	}
	choose(a, now_ms);
}

static void answered_qr(struct steam_auth *a, uint64_t now_ms, const ProtobufCMessage *message)
{
	const CAuthenticationBeginAuthSessionViaQRResponse *m =
		(const CAuthenticationBeginAuthSessionViaQRResponse *)message;

	if (!set_request(a, m->client_id, m->request_id))
		return;
	set_pace(a, m->interval);
	snprintf(a->qr_url, sizeof(a->qr_url), "%s", m->challenge_url ? m->challenge_url : "");
	challenge(a, now_ms, STEAM_AUTH_QR, NULL);
}

static void got_token(struct steam_auth *a, const CAuthenticationPollAuthSessionStatusResponse *m)
{
	if (m->account_name && *m->account_name && strcasecmp(m->account_name, a->conf.login) != 0) {
		steam_auth_fail(a, STEAM_AUTH_WRONG_ACCOUNT, 0, "the QR code was scanned for another account");
		return;
	}
	if (hush_set(&a->token, m->refresh_token, strlen(m->refresh_token)) != RC_OK ||
		(m->new_guard_data && hush_set(&a->guard, m->new_guard_data, strlen(m->new_guard_data)) != RC_OK)) {
		steam_auth_fail(a, STEAM_AUTH_TROUBLE, 0, "no memory for a token");
		return;
	}
	if (a->waiting)
		say(a, STEAM_AUTH_ACCEPTED);
	a->waiting = false;
	a->step = STEAM_AUTH_STEP_OVER;
	say(a, STEAM_AUTH_DONE);
}

static void answered_poll(struct steam_auth *a, uint64_t now_ms, const ProtobufCMessage *message)
{
	const CAuthenticationPollAuthSessionStatusResponse *m =
		(const CAuthenticationPollAuthSessionStatusResponse *)message;
	bool changed = false;

	a->fails = 0;
	if (m->refresh_token && *m->refresh_token) {
		got_token(a, m);
		return;
	}
	if (m->new_client_id && m->new_client_id != a->client_id) {
		a->client_id = m->new_client_id;
		changed = true;
	}
	if (m->new_challenge_url && *m->new_challenge_url && strcmp(m->new_challenge_url, a->qr_url) != 0) {
		snprintf(a->qr_url, sizeof(a->qr_url), "%s", m->new_challenge_url);
		say(a, STEAM_AUTH_CHALLENGE);
		changed = true;
	}
	if (changed)
		say(a, STEAM_AUTH_SAVE);
	if (a->confirmed_ms && now_ms >= a->confirmed_ms + STEAM_AUTH_CONFIRM_MS)
		steam_auth_fail(a, STEAM_AUTH_GONE, 0, "Steam gave no token");
	else if (a->step == STEAM_AUTH_STEP_POLL)
		a->at_ms = now_ms + a->pace_ms;
}

static void refused_poll(struct steam_auth *a, uint64_t now_ms, const struct steam_call *c)
{
	bool gone = c->eresult == ERESULT_EXPIRED || c->eresult == ERESULT_FILE_NOT_FOUND;
	if (c->eresult == ERESULT_FAIL && ++a->fails >= FAILS_MAX)
		gone = true;
	if (gone)
		steam_auth_fail(a, STEAM_AUTH_GONE, c->eresult, c->fault.text);
	else if (c->eresult != ERESULT_FAIL)
		refused(a, c);
	else if (a->step == STEAM_AUTH_STEP_POLL)
		a->at_ms = now_ms + a->pace_ms;
}

static const ProtobufCMessageDescriptor *answer_of(enum steam_auth_step step)
{
	switch (step) {
	case STEAM_AUTH_STEP_BEGIN:
		return &cauthentication__begin_auth_session_via_credentials__response__descriptor;
	case STEAM_AUTH_STEP_QR:
		return &cauthentication__begin_auth_session_via_qr__response__descriptor;
	case STEAM_AUTH_STEP_POLL:
		return &cauthentication__poll_auth_session_status__response__descriptor;
	case STEAM_AUTH_STEP_KEY:
	case STEAM_AUTH_STEP_OWN_CODE:
	case STEAM_AUTH_STEP_CODE:
	case STEAM_AUTH_STEP_HOLD:
	case STEAM_AUTH_STEP_OVER:
		break;
	}
	return NULL;
}

static void answered_well(struct steam_auth *a, uint64_t now_ms, const struct steam_call *c)
{
	struct arena mem = { .limit = ANSWER_LIMIT };
	struct fault f = { 0 };
	ProtobufCMessage *m = NULL;
	bool key = a->asked_step == STEAM_AUTH_STEP_KEY;

	enum rc rc = key ? steam_auth_ask_seal(a, c, &mem, &f)
			 : pb_unpack(answer_of(a->asked_step), c->body, c->body_n, &mem, &m, &f);
	if (rc != RC_OK)
		steam_auth_fail(a, STEAM_AUTH_TROUBLE, 0, f.text);
	else if (key)
		plan(a, STEAM_AUTH_STEP_BEGIN, now_ms);
	else if (a->asked_step == STEAM_AUTH_STEP_BEGIN)
		answered_begin(a, now_ms, m);
	else if (a->asked_step == STEAM_AUTH_STEP_QR)
		answered_qr(a, now_ms, m);
	else if (a->asked_step == STEAM_AUTH_STEP_POLL)
		answered_poll(a, now_ms, m);
	arena_done(&mem);
}

void steam_auth_answered(struct steam_auth *a, uint64_t now_ms, const struct steam_call *c)
{
	if (!a->asked || a->step == STEAM_AUTH_STEP_OVER)
		return;
	a->asked = false;
	bool code = a->asked_step == STEAM_AUTH_STEP_OWN_CODE || a->asked_step == STEAM_AUTH_STEP_CODE;
	if (c->rc != RC_OK && c->eresult == 0)
		steam_auth_fail(a, STEAM_AUTH_TROUBLE, 0, c->fault.text);
	else if (code)
		answered_code(a, now_ms, c);
	else if (c->rc == RC_OK)
		answered_well(a, now_ms, c);
	else if (a->asked_step == STEAM_AUTH_STEP_POLL)
		refused_poll(a, now_ms, c);
	else
		refused(a, c);
}

/* ---- acts ---- */

static bool may_ask(struct steam_auth *a, uint64_t now_ms)
{
	if (a->asked || a->step >= STEAM_AUTH_STEP_HOLD || now_ms < a->at_ms)
		return false;
	/* Its code was said on a connection that is lost: the person's answer is not known, the look shows it. */
	if (a->step == STEAM_AUTH_STEP_CODE && a->code.n == 0)
		plan(a, STEAM_AUTH_STEP_POLL, now_ms);
	return a->step != STEAM_AUTH_STEP_OWN_CODE || has_clock(a, now_ms);
}

static void fill(struct steam_auth *a, enum steam_auth_act_kind kind, struct steam_auth_act *ret)
{
	*ret = (struct steam_auth_act){ .kind = kind,
		.challenge = a->challenge,
		.hint = a->hint,
		.qr_url = a->qr_url,
		.times = kind == STEAM_AUTH_MISMATCH ? a->mismatches : a->wrongs,
		.token = &a->token,
		.guard_data = &a->guard,
		.failure = a->failure,
		.eresult = a->eresult,
		.why = a->why };
}

static bool next_said(struct steam_auth *a, struct steam_auth_act *ret)
{
	static const enum steam_auth_act_kind order[] = { STEAM_AUTH_MISMATCH, STEAM_AUTH_TIME, STEAM_AUTH_WRONG,
		STEAM_AUTH_CHALLENGE, STEAM_AUTH_SAVE, STEAM_AUTH_ACCEPTED, STEAM_AUTH_DONE, STEAM_AUTH_FAILED };
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++)
		if (a->say & STEAM_AUTH_SAY(order[i])) {
			a->say &= ~STEAM_AUTH_SAY(order[i]);
			fill(a, order[i], ret);
			return true;
		}
	return false;
}

bool steam_auth_next(struct steam_auth *a, uint64_t now_ms, struct steam_auth_act *ret_act)
{
	if (a->out.n > 0)
		hush_wipe(a->out.p, a->out.n);
	buf_done(&a->out);
	if (next_said(a, ret_act))
		return true;
	if (!may_ask(a, now_ms))
		return next_said(a, ret_act);
	a->asked_step = a->step;
	const char *method = steam_auth_ask(a, now_ms);
	if (!method || a->out.bad) {
		if (method)
			steam_auth_fail(a, STEAM_AUTH_TROUBLE, 0, "no memory for a request");
		return next_said(a, ret_act);
	}
	a->asked = true;
	*ret_act =
		(struct steam_auth_act){ .kind = STEAM_AUTH_CALL, .method = method, .p = a->out.p, .n = a->out.n };
	return true;
}

uint64_t steam_auth_due(const struct steam_auth *a)
{
	if (a->say)
		return 0;
	return a->asked || a->step >= STEAM_AUTH_STEP_HOLD ? UINT64_MAX : a->at_ms;
}
