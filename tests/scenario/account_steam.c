#include "tests/scenario/account_steam.h"

#include "proto/steam/account.pb-c.h"
#include "proto/steam/auth.pb-c.h"
#include "proto/steam/session.pb-c.h"
#include "tests/unit/check.h"
#include "wire/steam/emsg.h"
#include "wire/steam/frame.h"
#include "wire/steam/jwt.h"
#include "wire/steam/pb.h"

#define DAY_S 86400

/* NAME=VALUE among the words, else NULL; `word` alone is "". */
static const char *given(char **words, const char *name)
{
	size_t n = strlen(name);
	for (; *words; words++)
		if (!strncmp(*words, name, n) && ((*words)[n] == '=' || !(*words)[n]))
			return (*words)[n] ? *words + n + 1 : "";
	return NULL;
}

static uint64_t number(const char *t)
{
	CHECK(t != NULL);
	return strtoull(t, NULL, 10);
}

static struct steam_frame head(uint32_t emsg)
{
	return (struct steam_frame){ .emsg = emsg,
		.steamid = SOME_ID,
		.session = SOME_SESSION,
		.job_source = STEAM_JOB_NONE,
		.job_target = STEAM_JOB_NONE };
}

static void put(struct buf *to, uint32_t emsg, const ProtobufCMessage *m)
{
	struct steam_frame fr = head(emsg);
	steam_frame_write_message(to, &fr, m);
}

/* The answer of a service: its result is in the header. */
static void put_service(struct buf *to, char **w, const ProtobufCMessage *m)
{
	CMsgProtoBufHeader h = CMSG_PROTO_BUF_HEADER__INIT;
	struct steam_frame fr = head(EMSG_SERVICE_METHOD_RESPONSE);

	h.has_jobid_target = h.has_eresult = 1;
	h.jobid_target = number(w[1]);
	h.eresult = (int32_t)number(w[2]);
	fr.header = &h;
	if (m && h.eresult == 1)
		steam_frame_write_message(to, &fr, m);
	else
		steam_frame_write(to, &fr);
}

void account_steam_token(const char *jti, unsigned days, struct buf *to)
{
	static const uint8_t secret[32] = { 7 };
	const char *aud[] = { "client", "web", "renew", "derive" };
	const struct jwt t = { .iss = "steam",
		.sub = SOME_ID,
		.aud = { .at = aud, .n = 4 },
		.iat = SOME_WALL + (int64_t)days * DAY_S - 200 * DAY_S,
		.exp = SOME_WALL + (int64_t)days * DAY_S,
		.per = 1,
		.jti = jti };
	CHECK(jwt_write(&t, secret, to) == RC_OK);
}

/* logon ERESULT [beat=S] */
static void say_logon(char **w, struct buf *to)
{
	CMsgClientLogonResponse m = CMSG_CLIENT_LOGON_RESPONSE__INIT;
	m.has_eresult = m.has_heartbeat_seconds = 1;
	m.eresult = (int32_t)number(w[1]);
	m.heartbeat_seconds = given(w, "beat") ? (int32_t)number(given(w, "beat")) : 300;
	put(to, EMSG_CLIENT_LOG_ON_RESPONSE, &m.base);
}

static void say_off(char **w, struct buf *to)
{
	CMsgClientLoggedOff m = CMSG_CLIENT_LOGGED_OFF__INIT;
	m.has_eresult = 1;
	m.eresult = (int32_t)number(w[1]);
	put(to, EMSG_CLIENT_LOGGED_OFF, &m.base);
}

/* key JOB ERESULT */
static void say_key(char **w, struct buf *to)
{
	CAuthenticationGetPasswordRSAPublicKeyResponse m =
		CAUTHENTICATION__GET_PASSWORD_RSAPUBLIC_KEY__RESPONSE__INIT;
	static char modulus[513];
	memset(modulus, 'c', 511);
	modulus[511] = '1';
	m.publickey_mod = modulus;
	m.publickey_exp = (char *)"010001";
	m.has_timestamp = 1;
	m.timestamp = 4711;
	put_service(to, w, &m.base);
}

/* begin JOB ERESULT [can=3,4] [mail=DOMAIN] */
static void say_begin(char **w, struct buf *to)
{
	CAuthenticationBeginAuthSessionViaCredentialsResponse m =
		CAUTHENTICATION__BEGIN_AUTH_SESSION_VIA_CREDENTIALS__RESPONSE__INIT;
	CAuthenticationAllowedConfirmation at[8], *pointers[8];
	const char *can = given(w, "can"), *mail = given(w, "mail");

	m.has_client_id = m.has_request_id = m.has_interval = m.has_steamid = 1;
	m.client_id = 11;
	m.request_id = (ProtobufCBinaryData){ .data = (uint8_t *)"0123456789abcdef", .len = 16 };
	m.interval = 5;
	m.steamid = SOME_ID;
	m.allowed_confirmations = pointers;
	for (; can && *can; can += can[1] ? 2 : 1) {
		CAuthenticationAllowedConfirmation *c = pointers[m.n_allowed_confirmations] =
			&at[m.n_allowed_confirmations];
		cauthentication__allowed_confirmation__init(c);
		c->has_confirmation_type = 1;
		c->confirmation_type = *can - '0';
		c->associated_message = *can == '2' ? (char *)mail : NULL;
		m.n_allowed_confirmations++;
	}
	put_service(to, w, &m.base);
}

/* qr JOB ERESULT URL */
static void say_qr(char **w, struct buf *to)
{
	CAuthenticationBeginAuthSessionViaQRResponse m = CAUTHENTICATION__BEGIN_AUTH_SESSION_VIA_QR__RESPONSE__INIT;
	m.has_client_id = m.has_request_id = m.has_interval = 1;
	m.client_id = 21;
	m.request_id = (ProtobufCBinaryData){ .data = (uint8_t *)"fedcba9876543210", .len = 16 };
	m.interval = 5;
	m.challenge_url = w[3];
	put_service(to, w, &m.base);
}

/* poll JOB ERESULT [token=JTI[:DAYS]] [guard=TEXT] [id=N] [url=URL] [account=NAME] */
static void say_poll(char **w, struct buf *to)
{
	CAuthenticationPollAuthSessionStatusResponse m = CAUTHENTICATION__POLL_AUTH_SESSION_STATUS__RESPONSE__INIT;
	const char *token = given(w, "token"), *id = given(w, "id");
	struct buf text = { 0 };

	if (token) {
		account_steam_token(token, 200, &text);
		m.refresh_token = (char *)buf_text(&text);
		m.account_name = given(w, "account") ? (char *)given(w, "account") : (char *)"Bot1";
	}
	m.new_guard_data = (char *)given(w, "guard");
	m.has_new_client_id = id != NULL;
	m.new_client_id = id ? number(id) : 0;
	m.new_challenge_url = (char *)given(w, "url");
	put_service(to, w, &m.base);
	buf_done(&text);
}

/* renewed JOB ERESULT [token=JTI] */
static void say_renewed(char **w, struct buf *to)
{
	CAuthenticationAccessTokenGenerateForAppResponse m =
		CAUTHENTICATION__ACCESS_TOKEN__GENERATE_FOR_APP__RESPONSE__INIT;
	struct buf text = { 0 };
	if (given(w, "token")) {
		account_steam_token(given(w, "token"), 200, &text);
		m.refresh_token = (char *)buf_text(&text);
	}
	put_service(to, w, &m.base);
	buf_done(&text);
}

static void say_plain_service(char **w, struct buf *to) { put_service(to, w, NULL); }

/* playing [blocked] */
static void say_playing(char **w, struct buf *to)
{
	CMsgClientPlayingSessionState m = CMSG_CLIENT_PLAYING_SESSION_STATE__INIT;
	m.has_playing_blocked = 1;
	m.playing_blocked = given(w, "blocked") != NULL;
	put(to, EMSG_CLIENT_PLAYING_SESSION_STATE, &m.base);
}

/* standing [limited] [banned] [locked] */
static void say_standing(char **w, struct buf *to)
{
	CMsgClientIsLimitedAccount m = CMSG_CLIENT_IS_LIMITED_ACCOUNT__INIT;
	m.has_bis_limited_account = m.has_bis_community_banned = m.has_bis_locked_account = 1;
	m.bis_limited_account = given(w, "limited") != NULL;
	m.bis_community_banned = given(w, "banned") != NULL;
	m.bis_locked_account = given(w, "locked") != NULL;
	put(to, EMSG_CLIENT_IS_LIMITED_ACCOUNT, &m.base);
}

/* vac N */
static void say_vac(char **w, struct buf *to)
{
	struct steam_frame fr = head(EMSG_CLIENT_VAC_BAN_STATUS);
	uint8_t body[4] = { (uint8_t)number(w[1]) };
	fr.kind = STEAM_FRAME_STRUCT;
	fr.body = body;
	fr.body_n = sizeof(body);
	steam_frame_write(to, &fr);
}

/* notify METHOD */
static void say_notify(char **w, struct buf *to)
{
	CMsgProtoBufHeader h = CMSG_PROTO_BUF_HEADER__INIT;
	struct steam_frame fr = head(EMSG_SERVICE_METHOD);
	h.target_job_name = w[1];
	fr.header = &h;
	steam_frame_write(to, &fr);
}

/* job JOB EMSG */
static void say_job(char **w, struct buf *to)
{
	struct steam_frame fr = head((uint32_t)number(w[2]));
	fr.job_target = number(w[1]);
	steam_frame_write(to, &fr);
}

/* garbage */
static void say_garbage(char **w, struct buf *to)
{
	(void)w;
	buf_le32(to, 0x80000001u);
	buf_le32(to, 99);
}

/* What a server says that has waited for a logon in vain. */
static void say_badlogon(char **w, struct buf *to)
{
	struct steam_frame fr = head(EMSG_CLIENT_LOG_ON_RESPONSE);
	(void)w;
	fr.kind = STEAM_FRAME_STRUCT;
	steam_frame_write(to, &fr);
}

bool account_steam_say(char *words, struct buf *to)
{
	static const struct {
		const char *word;
		void (*say)(char **w, struct buf *to);
	} all[] = { { "logon", say_logon }, { "loggedoff", say_off }, { "key", say_key }, { "begin", say_begin },
		{ "qr", say_qr }, { "code", say_plain_service }, { "poll", say_poll }, { "renewed", say_renewed },
		{ "service", say_plain_service }, { "playing", say_playing }, { "standing", say_standing },
		{ "vac", say_vac }, { "notify", say_notify }, { "job", say_job }, { "garbage", say_garbage },
		{ "badlogon", say_badlogon } };
	char *w[16] = { 0 }, *rest = NULL;
	unsigned n = 0;

	for (char *t = strtok_r(words, " ", &rest); t && n < 15; t = strtok_r(NULL, " ", &rest))
		w[n++] = t;
	for (size_t i = 0; n > 0 && i < sizeof(all) / sizeof(*all); i++)
		if (!strcmp(all[i].word, w[0])) {
			all[i].say(w, to);
			return true;
		}
	return false;
}
