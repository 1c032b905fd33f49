#include "proto/steam/account.pb-c.h"
#include "proto/steam/friends.pb-c.h"
#include "proto/steam/library.pb-c.h"
#include "proto/steam/session.pb-c.h"
#include "sim/auth.h"
#include "sim/cm/cm.h"
#include "sim/cm/cm_conn.h"
#include "sim/held.h"
#include "sim/people.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/multi.h"
#include "wire/steam/steamid.h"

#include <inttypes.h>
#include <stdio.h>

#define PROTOCOL_MIN 65560 /* older clients are told to update */
#define VAC_APP      730   /* the game of those who have a ban */

const struct person *cm_person(const struct cm *c) { return c->who; }

/* ---- who may ---- */

static int32_t judge_account(struct cm_ask *q, const CMsgClientLogon *m, struct person **ret)
{
	struct sim *sim = q->c->sim;
	int32_t eresult = auth_logon(sim, m->access_token, ret);

	if (held_is(sim, q->c->ip))
		return ERESULT_RATE_LIMIT_EXCEEDED;
	if (eresult == ERESULT_OK && q->effect->token_revoked) {
		(*ret)->token_generation++;
		return ERESULT_ACCESS_DENIED;
	}
	if (eresult == ERESULT_OK && (*ret)->disabled)
		return ERESULT_ACCOUNT_DISABLED;
	return eresult;
}

static int32_t judge(struct cm_ask *q, const CMsgClientLogon *m, struct person **ret)
{
	struct cm *c = q->c;

	if (q->effect->login_throttle_s || held_next(c->sim, c->ip)) {
		if (m->access_token && c->sim->auth)
			(void)auth_logon(c->sim, m->access_token, ret); /* for the record */
		return ERESULT_RATE_LIMIT_EXCEEDED;
	}
	if (c->logged_on)
		return ERESULT_LOGGED_IN_ELSEWHERE;
	if (m->protocol_version < PROTOCOL_MIN)
		return ERESULT_INVALID_PROTOCOL_VER;
	if (m->access_token && c->sim->auth)
		return judge_account(q, m, ret);
	if (m->account_name || m->password)
		return ERESULT_INVALID_PASSWORD; /* a name and a password are for Authentication */
	if (m->access_token || steamid_of(q->frame->steamid).type != STEAMID_ANON_USER)
		return ERESULT_ACCOUNT_NOT_FOUND;
	return ERESULT_OK;
}

void cm_kick_person(struct person *p, int32_t eresult)
{
	list_each (at, after, &p->sessions) {
		struct cm *c = list_of(at, struct cm, of_person);
		cm_kick(c, c->now_ms, eresult);
		if (c->wake)
			c->wake(c->wake_ctx);
	}
}

/* A session of the same account and the same login id makes room. */
static void replace(struct cm *c, const struct person *p, uint32_t login_id)
{
	list_each (at, after, &p->sessions) {
		struct cm *old = list_of(at, struct cm, of_person);
		if (old == c || old->login_id != login_id)
			continue;
		cm_kick(old, old->now_ms, ERESULT_LOGON_SESSION_REPLACED);
		if (old->wake)
			old->wake(old->wake_ctx);
	}
}

static void enter(struct cm *c, struct person *p, const CMsgClientLogon *m)
{
	uint32_t n = ++c->sim->last_session;

	c->logged_on = true;
	c->who = p;
	c->session = (int32_t)(n * 2246822519u | 1); /* half of them are negative, as Steam's are */
	c->chat_mode = m->chat_mode;
	c->sim->ledger.sessions++;
	c->steamid = p ? p->steamid
		       : steamid_id64((struct steamid){ .account = n * 2654435761u,
				 .instance = n & 0xfffff,
				 .type = STEAMID_ANON_USER,
				 .universe = STEAMID_PUBLIC });
	if (!p)
		return;
	c->login_id = m->obfuscated_private_ip ? m->obfuscated_private_ip->v4 : 0;
	replace(c, p, c->login_id);
	list_append((struct list *)&p->sessions, &c->of_person);
}

/* ---- what an account is told then ---- */

static void put_account(struct cm *c, struct buf *run)
{
	struct person *p = c->who;
	CMsgClientAccountInfo info = CMSG_CLIENT_ACCOUNT_INFO__INIT;
	CMsgClientEmailAddrInfo mail = CMSG_CLIENT_EMAIL_ADDR_INFO__INIT;
	CMsgClientIsLimitedAccount limits = CMSG_CLIENT_IS_LIMITED_ACCOUNT__INIT;
	CMsgClientWalletInfoUpdate wallet = CMSG_CLIENT_WALLET_INFO_UPDATE__INIT;
	char address[PEOPLE_TEXT + 16];

	info.persona_name = p->persona;
	info.ip_country = p->country;
	info.has_count_authed_computers = info.has_account_flags = info.has_two_factor_state = 1;
	info.count_authed_computers = 1;
	info.two_factor_state = p->has_shared;
	cm_put(c, run, EMSG_CLIENT_ACCOUNT_INFO, &info.base);
	snprintf(address, sizeof(address), "%s@mail.example", p->name);
	mail.email_address = address;
	mail.has_email_is_validated = mail.email_is_validated = 1;
	cm_put(c, run, EMSG_CLIENT_EMAIL_ADDR_INFO, &mail.base);
	limits.has_bis_limited_account = limits.has_bis_community_banned = limits.has_bis_locked_account = 1;
	limits.has_bis_limited_account_allowed_to_invite_friends = 1;
	limits.bis_limited_account = p->limited;
	limits.bis_locked_account = p->locked;
	cm_put(c, run, EMSG_CLIENT_IS_LIMITED_ACCOUNT, &limits.base);
	wallet.has_has_wallet = wallet.has_wallet = 1;
	wallet.has_balance = wallet.has_balance64 = wallet.has_currency = wallet.has_realm = 1;
	wallet.balance = (int32_t)p->wallet;
	wallet.balance64 = p->wallet;
	wallet.currency = (int32_t)p->currency;
	wallet.realm = 1;
	cm_put(c, run, EMSG_CLIENT_WALLET_INFO_UPDATE, &wallet.base);
}

static void put_structs(struct cm *c, struct buf *run)
{
	struct buf bans = { 0 }, passes = { 0 };

	buf_le32(&bans, c->who->vac);
	if (c->who->vac) {
		buf_le32(&bans, VAC_APP);
		buf_le32(&bans, VAC_APP);
		buf_le32(&bans, 0);
	}
	cm_put_struct(c, run, EMSG_CLIENT_VAC_BAN_STATUS, &bans);
	buf_le32(&passes, ERESULT_OK);
	buf_le32(&passes, 0); /* to give */
	buf_le32(&passes, 0); /* to redeem */
	cm_put_struct(c, run, EMSG_CLIENT_UPDATE_GUEST_PASSES_LIST, &passes);
	buf_done(&bans);
	buf_done(&passes);
}

static void put_session(struct cm *c, struct buf *run)
{
	CMsgClientSessionToken token = CMSG_CLIENT_SESSION_TOKEN__INIT;
	CMsgClientServersAvailable servers = CMSG_CLIENT_SERVERS_AVAILABLE__INIT;
	CMsgClientGameConnectTokens connect = CMSG_CLIENT_GAME_CONNECT_TOKENS__INIT;
	ProtobufCBinaryData tokens[4];
	uint8_t bytes[4][20];

	token.has_token = 1;
	token.token = (uint64_t)(uint32_t)c->session << 32 | c->number;
	cm_put(c, run, EMSG_CLIENT_SESSION_TOKEN, &token.base);
	cm_put(c, run, EMSG_CLIENT_SERVERS_AVAILABLE, &servers.base);
	for (unsigned i = 0; i < 4; i++) {
		for (unsigned k = 0; k < sizeof(bytes[i]); k++)
			bytes[i][k] = (uint8_t)(token.token >> (k % 8 * 8) ^ (i * 37 + k));
		tokens[i] = (ProtobufCBinaryData){ sizeof(bytes[i]), bytes[i] };
	}
	connect.n_tokens = 4;
	connect.tokens = tokens;
	cm_put(c, run, EMSG_CLIENT_GAME_CONNECT_TOKENS, &connect.base);
}

/* All of it in one gzipped Multi. */
static void welcome(struct cm *c, uint64_t due_ms)
{
	struct buf run = { 0 }, body = { 0 }, b = { 0 };

	put_account(c, &run);
	cm_put_friends(c, &run);
	cm_put_licences(c, &run);
	put_structs(c, &run);
	put_session(c, &run);
	cm_put_playing(c, &run);
	b.bad = run.bad || steam_multi_write(&body, &run, true, NULL) != RC_OK;
	steam_frame_write(&b, &(struct steam_frame){ .emsg = EMSG_MULTI,
				      .job_source = STEAM_JOB_NONE,
				      .job_target = STEAM_JOB_NONE,
				      .body = body.p,
				      .body_n = body.n });
	buf_done(&run);
	buf_done(&body);
	cm_queue(c, due_ms, &b);
}

/* ---- in and out ---- */

static void say_logon(struct cm_ask *q, int32_t eresult)
{
	struct cm *c = q->c;
	CMsgClientLogonResponse m = CMSG_CLIENT_LOGON_RESPONSE__INIT;
	CMsgIPAddress ip = CMSG_IPADDRESS__INIT;

	m.has_eresult = 1;
	m.eresult = eresult;
	if (eresult == ERESULT_OK) {
		m.has_heartbeat_seconds = m.has_legacy_out_of_game_heartbeat_seconds =
			m.has_client_supplied_steamid = 1;
		m.heartbeat_seconds = m.legacy_out_of_game_heartbeat_seconds = (int32_t)c->sim->heartbeat_s;
		m.client_supplied_steamid = c->steamid;
		m.has_cell_id = m.has_eresult_extended = m.has_rtime32_server_time = 1;
		m.cell_id = c->sim->cell_id;
		m.eresult_extended = ERESULT_OK;
		m.rtime32_server_time = (uint32_t)sim_time(c->sim) + q->effect->clock_skew_s;
		m.ip_country_code = c->who ? c->who->country : (char *)"XX";
		ip.has_v4 = 1;
		ip.v4 = 0x7f000001;
		m.public_ip = &ip;
	}
	struct steam_frame asked = *q->frame;
	asked.job_source = STEAM_JOB_NONE; /* a logon is no job */
	struct cm_ask unasked = *q;
	unasked.frame = &asked;
	cm_answer(&unasked, &m.base);
}

void cm_logon(struct cm_ask *q)
{
	struct cm *c = q->c;
	struct sim *sim = c->sim;
	const CMsgClientLogon *m = (const CMsgClientLogon *)q->in;
	bool again = c->logged_on;
	struct person *p = NULL;

	int32_t eresult = judge(q, m, &p);
	if (q->effect->eresult)
		eresult = q->effect->eresult;
	if (eresult == ERESULT_OK)
		enter(c, p, m);
	*(eresult == ERESULT_OK ? &sim->ledger.logons_ok : &sim->ledger.logons_refused) += 1;
	sim_logon(sim, "cm", p ? p->name : m->access_token ? "?" : "anonymous", c->ip, eresult);
	log_info(sim->log, "logon answered conn=%u who=%s ip=%s eresult=%d steamid=%" PRIu64 " session=%d",
		c->number, p ? p->name : "anonymous", c->ip, eresult, c->steamid, c->session);
	say_logon(q, eresult);
	c->floor_ms = q->due_ms;
	if (eresult == ERESULT_OK && p && effect_tells(q->effect))
		welcome(c, q->due_ms);
	if (eresult != ERESULT_OK && !again)
		c->close = "the logon was refused";
}

void cm_leave(struct cm *c)
{
	struct person *p = c->who;

	c->sim->ledger.sessions -= c->logged_on;
	c->logged_on = false;
	if (!p)
		return;
	cm_stop_playing(c);
	list_remove(&c->of_person);
	c->who = NULL;
	uint32_t state = 0;
	list_each (at, after, &p->sessions) {
		const struct cm *other = list_of(at, struct cm, of_person);
		state = other->persona_state ? other->persona_state : state;
	}
	if (state == p->persona_state)
		return;
	p->persona_state = state;
	cm_tell_friends(c->sim, p);
}

void cm_say_logged_off(struct cm *c, uint64_t due_ms, int32_t eresult)
{
	CMsgClientLoggedOff m = CMSG_CLIENT_LOGGED_OFF__INIT;
	struct steam_frame h = cm_head(c, NULL);
	struct buf b = { 0 };

	m.has_eresult = 1;
	m.eresult = eresult;
	h.emsg = EMSG_CLIENT_LOGGED_OFF;
	steam_frame_write_message(&b, &h, &m.base);
	cm_queue(c, due_ms, &b);
	cm_leave(c);
}

void cm_logoff(struct cm_ask *q)
{
	cm_say_logged_off(q->c, q->due_ms, ERESULT_OK);
	q->c->close = "logged off";
	log_info(q->c->sim->log, "logoff answered conn=%u", q->c->number);
}
