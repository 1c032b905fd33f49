#include "base/rd.h"
#include "flow/steam_logon.h"
#include "flow/steam_session.h"
#include "flow/steam_session_parts.h"
#include "proto/steam/session.pb-c.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/frame.h"
#include "wire/steam/multi.h"
#include "wire/steam/pb.h"

#include <string.h>

#define BEAT_DEFAULT_MS 9000u /* when Steam tells no pace */
#define BEAT_MIN_S      1
#define BEAT_MAX_S      300
#define MULTI_DEPTH_MAX 3

static void heard_logon(struct steam_session *s, uint64_t now_ms, const struct steam_frame *fr, struct arena *a)
{
	struct fault f = { 0 };
	ProtobufCMessage *message;

	if (fr->kind != STEAM_FRAME_PROTO || s->state != STEAM_SESSION_LOGON) {
		/* So a server speaks that has waited for a logon in vain. */
		steam_session_because(s, 0, "the server did not understand the logon");
		steam_session_lose(s, now_ms, true);
		return;
	}
	if (pb_unpack(&cmsg_client_logon_response__descriptor, fr->body, fr->body_n, a, &message, &f) != RC_OK) {
		steam_session_because(s, 0, "malformed answer to the logon: %.60s", f.text);
		steam_session_lose(s, now_ms, true);
		return;
	}
	const CMsgClientLogonResponse *m = (const CMsgClientLogonResponse *)message;
	if (m->eresult != ERESULT_OK) {
		steam_session_turned_away(s, now_ms, false, m->eresult);
		return;
	}
	s->steamid = fr->steamid ? fr->steamid : m->client_supplied_steamid;
	s->id = fr->session;
	if (s->steamid == 0) {
		steam_session_because(s, ERESULT_BAD_RESPONSE, "logon: the answer names no steamid");
		steam_session_lose(s, now_ms, true);
		return;
	}
	int32_t beat = m->has_heartbeat_seconds ? m->heartbeat_seconds : m->legacy_out_of_game_heartbeat_seconds;
	s->beat_pace_ms = beat >= BEAT_MIN_S && beat <= BEAT_MAX_S ? (uint32_t)beat * 1000 : BEAT_DEFAULT_MS;
	s->beat_ms = now_ms;
	steam_cms_worked(s->conf.keep_cms, s->endpoint);
	steam_session_because(s, ERESULT_OK, "%s", "");
	steam_session_move(s, now_ms, STEAM_SESSION_ONLINE, UINT64_MAX);
}

static void heard_logged_off(
	struct steam_session *s, uint64_t now_ms, const struct steam_frame *fr, struct arena *a)
{
	ProtobufCMessage *message;
	int32_t eresult = ERESULT_FAIL;

	if (s->state == STEAM_SESSION_LEAVING) {
		steam_session_part(s, now_ms, true);
		steam_session_move(s, now_ms, STEAM_SESSION_OFF, UINT64_MAX);
		return;
	}
	if (fr->kind == STEAM_FRAME_PROTO &&
		pb_unpack(&cmsg_client_logged_off__descriptor, fr->body, fr->body_n, a, &message, NULL) == RC_OK)
		eresult = ((const CMsgClientLoggedOff *)message)->eresult;
	steam_session_turned_away(s, now_ms, true, eresult);
}

/* Steam says that a service is away, and which job is lost by it: u64 job, u32 its message, u32 the service. */
static void heard_unavailable(struct steam_session *s, uint64_t now_ms, const struct steam_frame *fr)
{
	struct rd r = rd_over(fr->body, fr->body_n);
	uint64_t job = rd_le64(&r);

	if (!r.bad && job != 0)
		steam_calls_end(&s->calls, now_ms, job, RC_AWAY, "Steam says that the service is unavailable");
}

/* Steam says something that answers nothing. */
static void heard_push(struct steam_session *s, const struct steam_frame *fr)
{
	bool service = fr->emsg == EMSG_SERVICE_METHOD || fr->emsg == EMSG_SERVICE_METHOD_SEND_TO_CLIENT;
	const char *method = service && fr->header ? fr->header->target_job_name : NULL;
	size_t method_n = method ? strlen(method) + 1 : 0;

	buf_le32(&s->pushes, fr->emsg);
	buf_le32(&s->pushes, (uint32_t)method_n);
	buf_le32(&s->pushes, (uint32_t)fr->body_n);
	if (method_n > 0)
		buf_put(&s->pushes, method, method_n);
	buf_put(&s->pushes, fr->body, fr->body_n);
}

static void heard_one(struct steam_session *s, uint64_t now_ms, const struct steam_frame *fr, struct arena *a)
{
	bool asking = s->state == STEAM_SESSION_ONLINE || s->state == STEAM_SESSION_GREETED;

	if (fr->emsg == EMSG_CLIENT_LOG_ON_RESPONSE) {
		if (s->state == STEAM_SESSION_LOGON || s->state == STEAM_SESSION_GREETED)
			heard_logon(s, now_ms, fr, a);
	} else if (fr->emsg == EMSG_CLIENT_LOGGED_OFF) {
		heard_logged_off(s, now_ms, fr, a);
	} else if (!asking) {
		return;
	} else if (fr->emsg == EMSG_CLIENT_SERVER_UNAVAILABLE) {
		heard_unavailable(s, now_ms, fr);
	} else if (fr->job_target != STEAM_JOB_NONE) {
		steam_calls_feed(&s->calls, now_ms, fr, steam_session_line(s));
	} else if (s->state == STEAM_SESSION_ONLINE && s->conf.account) {
		heard_push(s, fr);
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

enum rc steam_session_hear(
	struct steam_session *s, uint64_t now_ms, struct rd bytes, struct arena *a, struct fault *f)
{
	return heard(s, now_ms, bytes, a, 0, f);
}
