#include "sim/auth.h"
#include "sim/cm/cm.h"
#include "sim/cm/cm_conn.h"
#include "sim/cm/cm_pics.h"
#include "sim/held.h"
#include "sim/service.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/pb.h"

#include <inttypes.h>
#include <string.h>

static void nothing(struct cm_ask *q) { (void)q; }
static void service(struct cm_ask *q);
static void pics(struct cm_ask *q);

/* Who is heard: anybody, those who are logged on, accounts. */
enum heard { HEARD_ANY, HEARD_LOGGED_ON, HEARD_PERSON };

static const struct row {
	uint32_t emsg;
	enum request request;
	enum heard from;
	uint32_t answer;
	void (*run)(struct cm_ask *q);
} rows[] = {
	{ EMSG_CLIENT_HELLO, REQUEST_HELLO, HEARD_ANY, 0, nothing },
	{ EMSG_CLIENT_LOGON, REQUEST_LOGON, HEARD_ANY, EMSG_CLIENT_LOG_ON_RESPONSE, cm_logon },
	{ EMSG_SERVICE_METHOD_CALL_FROM_CLIENT, REQUEST_COUNT, HEARD_ANY, 0, service },
	{ EMSG_SERVICE_METHOD_CALL_FROM_CLIENT_NON_AUTHED, REQUEST_COUNT, HEARD_ANY, 0, service },
	{ EMSG_CLIENT_HEART_BEAT, REQUEST_HEARTBEAT, HEARD_LOGGED_ON, 0, nothing },
	{ EMSG_CLIENT_LOG_OFF, REQUEST_LOGOFF, HEARD_LOGGED_ON, 0, cm_logoff },
	{ EMSG_CLIENT_PICS_CHANGES_SINCE_REQUEST, REQUEST_CHANGES, HEARD_LOGGED_ON, 0, pics },
	{ EMSG_CLIENT_PICS_ACCESS_TOKEN_REQUEST, REQUEST_TOKENS, HEARD_LOGGED_ON, 0, pics },
	{ EMSG_CLIENT_PICS_PRODUCT_INFO_REQUEST, REQUEST_PRODUCT_INFO, HEARD_LOGGED_ON, 0, pics },
	{ EMSG_CLIENT_CHANGE_STATUS, REQUEST_STATUS, HEARD_PERSON, EMSG_CLIENT_PERSONA_CHANGE_RESPONSE, cm_status },
	{ EMSG_CLIENT_REQUEST_FRIEND_DATA, REQUEST_FRIEND_DATA, HEARD_PERSON, 0, cm_friend_data },
	{ EMSG_CLIENT_ADD_FRIEND, REQUEST_FRIEND_ADD, HEARD_PERSON, EMSG_CLIENT_ADD_FRIEND_RESPONSE,
		cm_friend_add },
	{ EMSG_CLIENT_REMOVE_FRIEND, REQUEST_FRIEND_REMOVE, HEARD_PERSON, 0, cm_friend_remove },
	{ EMSG_CLIENT_SET_IGNORE_FRIEND, REQUEST_FRIEND_IGNORE, HEARD_PERSON,
		EMSG_CLIENT_SET_IGNORE_FRIEND_RESPONSE, cm_friend_ignore },
	{ EMSG_AM_CLIENT_SET_PLAYER_NICKNAME, REQUEST_FRIEND_OTHER, HEARD_PERSON,
		EMSG_AM_CLIENT_SET_PLAYER_NICKNAME_RESPONSE, cm_nickname },
	{ EMSG_CLIENT_FS_GET_FRIENDS_STEAM_LEVELS, REQUEST_FRIEND_OTHER, HEARD_PERSON,
		EMSG_CLIENT_FS_GET_FRIENDS_STEAM_LEVELS_RESPONSE, cm_levels },
	{ EMSG_CLIENT_AM_GET_PERSONA_NAME_HISTORY, REQUEST_FRIEND_OTHER, HEARD_PERSON,
		EMSG_CLIENT_AM_GET_PERSONA_NAME_HISTORY_RESPONSE, cm_name_history },
	{ EMSG_CLIENT_FRIEND_MSG, REQUEST_MESSAGE, HEARD_PERSON, 0, cm_friend_msg },
	{ EMSG_CLIENT_GAMES_PLAYED, REQUEST_PLAY, HEARD_PERSON, 0, cm_games_played },
	{ EMSG_CLIENT_GAMES_PLAYED_NO_DATA_BLOB, REQUEST_PLAY, HEARD_PERSON, 0, cm_games_played },
	{ EMSG_CLIENT_GAMES_PLAYED_WITH_DATA_BLOB, REQUEST_PLAY, HEARD_PERSON, 0, cm_games_played },
	{ EMSG_CLIENT_KICK_PLAYING_SESSION, REQUEST_PLAY_KICK, HEARD_PERSON, 0, cm_kick_playing },
	{ EMSG_CLIENT_GET_NUMBER_OF_CURRENT_PLAYERS_DP, REQUEST_PERSONAL, HEARD_LOGGED_ON,
		EMSG_CLIENT_GET_NUMBER_OF_CURRENT_PLAYERS_DP_RESPONSE, cm_players },
	{ EMSG_CLIENT_REGISTER_KEY, REQUEST_REDEEM, HEARD_PERSON, EMSG_CLIENT_PURCHASE_RESPONSE, cm_register_key },
	{ EMSG_CLIENT_REQUEST_FREE_LICENSE, REQUEST_FREE_LICENCE, HEARD_PERSON,
		EMSG_CLIENT_REQUEST_FREE_LICENSE_RESPONSE, cm_free_license },
	{ EMSG_CLIENT_REQUEST_ITEM_ANNOUNCEMENTS, REQUEST_PERSONAL, HEARD_PERSON, EMSG_CLIENT_ITEM_ANNOUNCEMENTS,
		cm_announcements },
	{ EMSG_CLIENT_REQUEST_COMMENT_NOTIFICATIONS, REQUEST_PERSONAL, HEARD_PERSON,
		EMSG_CLIENT_COMMENT_NOTIFICATIONS, cm_comments },
	{ EMSG_CLIENT_CHECK_APP_BETA_PASSWORD, REQUEST_BETA, HEARD_LOGGED_ON,
		EMSG_CLIENT_CHECK_APP_BETA_PASSWORD_RESPONSE, cm_beta_password },
	{ EMSG_CLIENT_PICS_PRIVATE_BETA_REQUEST, REQUEST_BETA, HEARD_LOGGED_ON,
		EMSG_CLIENT_PICS_PRIVATE_BETA_RESPONSE, cm_private_beta },
	{ EMSG_CLIENT_GET_DEPOT_DECRYPTION_KEY, REQUEST_DEPOT_KEY, HEARD_LOGGED_ON,
		EMSG_CLIENT_GET_DEPOT_DECRYPTION_KEY_RESPONSE, cm_depot_key },
	{ EMSG_CLIENT_GET_CDN_AUTH_TOKEN, REQUEST_CDN_TOKEN, HEARD_LOGGED_ON,
		EMSG_CLIENT_GET_CDN_AUTH_TOKEN_RESPONSE, cm_cdn_token },
	{ EMSG_CLIENT_UFS_GET_UGC_DETAILS, REQUEST_WORKSHOP, HEARD_LOGGED_ON,
		EMSG_CLIENT_UFS_GET_UGC_DETAILS_RESPONSE, cm_ugc },
};

static const struct row other = { 0, REQUEST_OTHER, HEARD_ANY, 0, nothing };

static const struct row *row_of(uint32_t emsg)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].emsg == emsg)
			return &rows[i];
	return &other;
}

/* An answer of that kind which says nothing but its eresult; NULL when it has no such member, or no memory. */
static ProtobufCMessage *refusal(uint32_t emsg, int32_t eresult, struct arena *a)
{
	const ProtobufCMessageDescriptor *d = emsg ? emsg_body(emsg) : NULL;
	const ProtobufCFieldDescriptor *field =
		d ? protobuf_c_message_descriptor_get_field_by_name(d, "eresult") : NULL;
	ProtobufCMessage *m = field ? arena_take(a, d->sizeof_message) : NULL;

	if (!m)
		return NULL;
	protobuf_c_message_init(d, m);
	memcpy((char *)m + field->offset, &eresult, sizeof(eresult));
	if (field->quantifier_offset) {
		protobuf_c_boolean yes = 1;
		memcpy((char *)m + field->quantifier_offset, &yes, sizeof(yes));
	}
	return m;
}

void cm_refuse(struct cm_ask *q, int32_t eresult)
{
	const ProtobufCMessage *m = refusal(q->answer, eresult, q->arena);
	struct buf b = { 0 };

	if (m) {
		cm_answer(q, m);
	} else if (q->frame->job_source != STEAM_JOB_NONE && effect_tells(q->effect)) {
		struct steam_frame h = cm_head(q->c, q->frame);
		h.emsg = EMSG_DEST_JOB_FAILED;
		steam_frame_write(&b, &h);
		cm_queue(q->c, q->due_ms, &b);
	}
}

static void pics(struct cm_ask *q)
{
	struct buf run = { 0 };
	struct steam_frame h = cm_head(q->c, q->frame);
	struct sim *sim = q->c->sim;
	const struct cm_pics_ask ask = { sim, q->c->who, h, q->effect };
	bool good;

	if (q->frame->emsg == EMSG_CLIENT_PICS_CHANGES_SINCE_REQUEST)
		good = cm_pics_changes(sim, (const CMsgClientPICSChangesSinceRequest *)q->in, h, q->effect, &run);
	else if (q->frame->emsg == EMSG_CLIENT_PICS_ACCESS_TOKEN_REQUEST)
		good = cm_pics_tokens(&ask, (const CMsgClientPICSAccessTokenRequest *)q->in, &run);
	else
		good = cm_pics_products(&ask, (const CMsgClientPICSProductInfoRequest *)q->in, &run);
	if (!good)
		cm_close_for(q->c, "no memory for an answer");
	else if (q->effect->commit_5xx)
		cm_answer(q, NULL);
	else if (effect_tells(q->effect))
		cm_queue_run(q->c, q->due_ms, &run);
	buf_done(&run);
}

/* ---- faults ---- */

/* Those of the connection itself. False: the request goes no further. */
static bool survive(struct cm *c, const struct effect *e)
{
	if (e->half_open)
		c->dead = true;
	else if (e->cm_drop)
		cm_close_for(c, "a fault");
	else if (e->logged_in_elsewhere)
		cm_kick(c, c->now_ms, ERESULT_LOGGED_IN_ELSEWHERE);
	else
		return true;
	return false;
}

static void after(struct cm *c, const struct effect *e)
{
	if (e->token_revoked && c->who)
		c->who->token_generation++;
	if (e->commit_reset)
		cm_close_for(c, "a fault");
}

/* ---- service methods ---- */

static void say_service(struct cm_ask *q, struct service_answer *a)
{
	CMsgProtoBufHeader h = CMSG_PROTO_BUF_HEADER__INIT;
	struct buf b = { 0 };

	h.has_steamid = h.has_client_sessionid = q->c->logged_on;
	h.has_jobid_target = h.has_eresult = 1;
	h.steamid = q->c->steamid;
	h.client_sessionid = q->c->session;
	h.jobid_target = q->frame->job_source;
	h.eresult = a->effect.commit_5xx ? ERESULT_FAIL : a->eresult;
	h.target_job_name = q->frame->header->target_job_name;
	h.error_message = (char *)a->error;
	bool good = h.eresult == ERESULT_OK;
	steam_frame_write(&b, &(struct steam_frame){ .emsg = EMSG_SERVICE_METHOD_RESPONSE,
				      .header = &h,
				      .body = good ? a->body.p : NULL,
				      .body_n = good ? a->body.n : 0 });
	cm_queue(q->c, q->due_ms + a->effect.latency_ms, &b);
}

static void service(struct cm_ask *q)
{
	struct cm *c = q->c;
	struct service_from from = { .who = c->who, .ip = c->ip, .conn = c };
	const char *name = q->frame->header->target_job_name;
	struct service_answer a;

	if (!service_call(c->sim, &from, name ? name : "", q->frame->body, q->frame->body_n, &a))
		a.effect = sim_count(c->sim, REQUEST_SERVICE);
	if (a.effect.http || a.effect.retry_after_s)
		a.eresult = a.effect.retry_after_s ? ERESULT_RATE_LIMIT_EXCEEDED : ERESULT_SERVICE_UNAVAILABLE;
	if (survive(c, &a.effect)) {
		if (q->frame->job_source != STEAM_JOB_NONE && effect_tells(&a.effect))
			say_service(q, &a);
		after(c, &a.effect);
	}
	buf_done(&a.body);
}

/* ---- all of it ---- */

static void note(const struct cm *c, const struct steam_frame *fr, const struct row *r, const struct effect *e)
{
	const char *name = emsg_name(fr->emsg);
	uint64_t call = r->request == REQUEST_COUNT ? 0 : c->sim->ledger.requests[r->request];
	log_info(c->sim->log,
		"request came conn=%u who=%s name=%s emsg=%u call=%" PRIu64 " job=%" PRId64
		" bytes=%zu method=\"%.80s\"%s%s%s",
		c->number, c->who ? c->who->name : "-", name ? name : "unknown", fr->emsg, call,
		(int64_t)fr->job_source, fr->body_n,
		fr->header && fr->header->target_job_name ? fr->header->target_job_name : "",
		e->drop ? " fault=drop" : "", e->cm_drop ? " fault=cm_drop" : "",
		e->half_open ? " fault=half_open" : "");
}

static void answer(struct cm_ask *q, const struct row *r)
{
	struct cm *c = q->c;
	struct fault f = { 0 };
	const ProtobufCMessageDescriptor *d =
		q->frame->kind == STEAM_FRAME_PROTO ? emsg_body(q->frame->emsg) : NULL;
	ProtobufCMessage *m = NULL;

	if (d && pb_unpack(d, q->frame->body, q->frame->body_n, q->arena, &m, &f) != RC_OK) {
		c->sim->ledger.malformed++;
		log_warn(c->sim->log, "malformed body conn=%u why=\"%s\"", c->number, f.text);
		cm_close_for(c, "malformed");
		return;
	}
	q->in = m;
	if (r->from == HEARD_LOGGED_ON && !c->logged_on)
		return; /* nothing else is heard before the logon */
	if (r->from == HEARD_PERSON && !c->who)
		return;
	bool tells_itself = r->emsg == EMSG_CLIENT_LOGON || r->emsg == EMSG_CLIENT_REGISTER_KEY;
	if (!tells_itself && q->effect->eresult)
		cm_refuse(q, q->effect->eresult);
	else if (q->frame->kind == STEAM_FRAME_PROTO || r->emsg == EMSG_CLIENT_SET_IGNORE_FRIEND)
		r->run(q);
}

void cm_request(struct cm *c, const struct steam_frame *fr, struct arena *a)
{
	const struct row *r = row_of(fr->emsg);
	struct effect e = r->request == REQUEST_COUNT ? (struct effect){ 0 } : sim_count(c->sim, r->request);
	struct cm_ask q = { .c = c,
		.frame = fr,
		.effect = &e,
		.arena = a,
		.answer = r->answer,
		.due_ms = c->now_ms + e.latency_ms };

	note(c, fr, r, &e);
	if (e.login_throttle_s && c->sim->auth)
		held_set(c->sim, c->ip, e.login_throttle_s);
	if (!survive(c, &e) || e.drop)
		return;
	answer(&q, r);
	after(c, &e);
}
