#include "sim/auth.h"

#include "proto/steam/auth.pb-c.h"
#include "sim/auth_all.h"
#include "sim/held.h"
#include "sim/services.h"
#include "sim/tokens.h"
#include "wire/steam/eresult.h"

#include <inttypes.h>
#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RSA_BITS    2048
#define LIST_MAX    64
#define MAIL_DOMAIN "mail.example"
#define CODE_STEP_S 30

/* EAuthSessionGuardType */
enum { CONFIRM_NONE = 1, CONFIRM_MAIL, CONFIRM_CODE, CONFIRM_DEVICE, CONFIRM_LINK, CONFIRM_MACHINE };

enum rc auth_new(struct auth **ret, struct fault *f)
{
	struct auth *a = calloc(1, sizeof(*a));
	BIGNUM *n = NULL;

	if (!a)
		return fault_set(f, RC_NOMEM, "no memory for the authentication service");
	list_init(&a->sessions);
	a->rsa = EVP_RSA_gen(RSA_BITS);
	a->rsa_time = 1;
	if (a->rsa && EVP_PKEY_get_bn_param(a->rsa, OSSL_PKEY_PARAM_RSA_N, &n))
		a->modulus = BN_bn2hex(n);
	BN_free(n);
	enum rc rc = a->modulus ? RC_OK : fault_set(f, RC_INTERNAL, "no RSA key");
	if (rc != RC_OK) {
		auth_free(a);
		return rc;
	}
	for (char *c = a->modulus; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'F' ? *c + 'a' - 'A' : *c);
	*ret = a;
	return RC_OK;
}

void auth_free(struct auth *a)
{
	if (!a)
		return;
	list_each (at, after, &a->sessions) {
		auth_session_free(a, list_of(at, struct auth_session, node));
	}
	map_done(&a->by_client);
	EVP_PKEY_free(a->rsa);
	OPENSSL_free(a->modulus);
	free(a);
}

int32_t auth_key(struct service_call *c)
{
	CAuthenticationGetPasswordRSAPublicKeyResponse m =
		CAUTHENTICATION__GET_PASSWORD_RSAPUBLIC_KEY__RESPONSE__INIT;
	m.publickey_mod = c->sim->auth->modulus;
	m.publickey_exp = (char *)"010001";
	m.has_timestamp = 1;
	m.timestamp = c->sim->auth->rsa_time;
	service_say(c, &m.base);
	return ERESULT_OK;
}

/* ---- a password ---- */

/* The number in the base64 text. Some clients leave out its leading zero bytes. */
static bool read_sealed(const char *base64, uint8_t ret[static RSA_BITS / 8])
{
	uint8_t bytes[RSA_BITS / 8 + 3];
	size_t length = strlen(base64);

	if (length == 0 || length % 4 || length / 4 * 3 > sizeof(bytes))
		return false;
	int n = EVP_DecodeBlock(bytes, (const unsigned char *)base64, (int)length);
	n -= (base64[length - 1] == '=') + (base64[length - 2] == '=');
	if (n < 1 || n > RSA_BITS / 8)
		return false;
	memset(ret, 0, RSA_BITS / 8);
	memcpy(ret + RSA_BITS / 8 - n, bytes, (size_t)n);
	return true;
}

/* Does the base64 text hold this password, encrypted with our key? */
static bool password_fits(const struct auth *a, const char *base64, const char *password)
{
	uint8_t sealed[RSA_BITS / 8], plain[RSA_BITS / 8];
	size_t plain_n = sizeof(plain);

	if (!read_sealed(base64, sealed))
		return false;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(a->rsa, NULL);
	bool good = ctx && EVP_PKEY_decrypt_init(ctx) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		    EVP_PKEY_decrypt(ctx, plain, &plain_n, sealed, RSA_BITS / 8) == 1 &&
		    plain_n == strlen(password) && !memcmp(plain, password, plain_n);
	EVP_PKEY_CTX_free(ctx);
	return good;
}

static void describe(
	struct auth_session *x, int32_t platform, const char *name, const CAuthenticationDeviceDetails *d)
{
	if (d && d->has_platform_type)
		platform = d->platform_type;
	if (d && d->device_friendly_name)
		name = d->device_friendly_name;
	x->platform =
		platform == TOKEN_CLIENT || platform == TOKEN_MOBILE ? (enum token_platform)platform : TOKEN_WEB;
	snprintf(x->device, sizeof(x->device), "%s", name ? name : "");
}

/* Does the machine's token spare the code from an e-mail? */
static bool known_machine(struct sim *s, const struct person *p, const char *jwt)
{
	struct token t;
	return jwt && *jwt && tokens_read(s, jwt, &t) && t.audience == TOKEN_FOR_MACHINE &&
	       t.steamid == p->steamid && !t.expired && !t.revoked;
}

bool auth_check_machine(struct sim *s, uint64_t client_id, const char *jwt)
{
	struct auth_session *x = auth_session_find(s, client_id);

	if (!x || !x->mail_asked || x->state != AUTH_WAITS || !known_machine(s, x->who, jwt))
		return false;
	x->state = AUTH_APPROVED;
	return true;
}

/* What the session waits for; how many ways. */
static size_t ways(struct auth_session *x, const struct person *p, bool known, int32_t to[static 2])
{
	switch (p->guard) {
	case GUARD_NONE:
		break;
	case GUARD_EMAIL:
		if (known)
			break;
		x->mail_asked = true;
		to[0] = CONFIRM_MAIL;
		to[1] = CONFIRM_MACHINE; /* a browser may have a cookie: auth_check_machine */
		return x->platform == TOKEN_WEB ? 2 : 1;
	case GUARD_LINK:
		x->confirm_asked = true;
		to[0] = CONFIRM_LINK;
		return 1;
	case GUARD_DEVICE:
		x->code_asked = x->confirm_asked = true;
		to[0] = CONFIRM_CODE;
		to[1] = CONFIRM_DEVICE;
		return 2;
	case GUARD_APPROVAL:
		x->confirm_asked = true;
		to[0] = CONFIRM_DEVICE;
		return 1;
	}
	x->state = AUTH_APPROVED;
	to[0] = CONFIRM_NONE;
	return 1;
}

static float interval(const struct sim *s) { return (float)(s->poll_ms ? s->poll_ms : AUTH_POLL_MS) / 1000.0f; }

/* ERESULT_OK: the password is right, and nobody is held off. */
static int32_t judge(
	struct service_call *c, const CAuthenticationBeginAuthSessionViaCredentialsRequest *m, struct person *p)
{
	const struct sim_limits *l = &c->sim->limits;

	if (held_next(c->sim, c->from->ip) || held_is(c->sim, c->from->ip))
		return ERESULT_RATE_LIMIT_EXCEEDED;
	if (!m->account_name || !m->encrypted_password)
		return ERESULT_INVALID_PARAM;
	if (p && l->account_failures && p->login_failed >= l->account_failures &&
		sim_time(c->sim) - p->login_since < l->login_window_s)
		return ERESULT_ACCOUNT_LOGIN_DENIED_THROTTLE;
	if (m->encryption_timestamp != c->sim->auth->rsa_time)
		return ERESULT_INVALID_PARAM;
	if (p && password_fits(c->sim->auth, m->encrypted_password, p->password))
		return ERESULT_OK;
	held_failed(c->sim, c->from->ip, p);
	return ERESULT_INVALID_PASSWORD;
}

int32_t auth_begin(struct service_call *c)
{
	const CAuthenticationBeginAuthSessionViaCredentialsRequest *m =
		(const CAuthenticationBeginAuthSessionViaCredentialsRequest *)c->in;
	CAuthenticationBeginAuthSessionViaCredentialsResponse out =
		CAUTHENTICATION__BEGIN_AUTH_SESSION_VIA_CREDENTIALS__RESPONSE__INIT;
	CAuthenticationAllowedConfirmation one[2], *all[2] = { &one[0], &one[1] };
	struct person *p = m->account_name ? people_named(&c->sim->people, m->account_name) : NULL;
	int32_t kinds[2];

	int32_t eresult = judge(c, m, p);
	sim_logon(c->sim, "auth", m->account_name ? m->account_name : "", c->from->ip, eresult);
	struct auth_session *x = eresult == ERESULT_OK ? auth_session_new(c->sim, c->from) : NULL;
	if (!x)
		return eresult == ERESULT_OK ? ERESULT_RATE_LIMIT_EXCEEDED : eresult;
	x->who = p;
	x->persistent = m->persistence != 0;
	describe(x, m->platform_type, m->device_friendly_name, m->device_details);
	bool known = known_machine(c->sim, p, m->guard_data);
	x->new_machine = !known && p->guard == GUARD_EMAIL;
	out.n_allowed_confirmations = ways(x, p, known, kinds);
	for (size_t i = 0; i < out.n_allowed_confirmations; i++) {
		one[i] = (CAuthenticationAllowedConfirmation)CAUTHENTICATION__ALLOWED_CONFIRMATION__INIT;
		one[i].has_confirmation_type = 1;
		one[i].confirmation_type = kinds[i];
		one[i].associated_message = (char *)(kinds[i] == CONFIRM_MAIL ? MAIL_DOMAIN : "");
	}
	out.allowed_confirmations = all;
	out.has_client_id = out.has_request_id = out.has_interval = out.has_steamid = 1;
	out.client_id = x->client_id;
	out.request_id = (ProtobufCBinaryData){ sizeof(x->request_id), x->request_id };
	out.interval = interval(c->sim);
	out.steamid = p->steamid;
	service_say(c, &out.base);
	return ERESULT_OK;
}

/* ---- a QR code ---- */

int32_t auth_begin_qr(struct service_call *c)
{
	const CAuthenticationBeginAuthSessionViaQRRequest *m =
		(const CAuthenticationBeginAuthSessionViaQRRequest *)c->in;
	CAuthenticationBeginAuthSessionViaQRResponse out =
		CAUTHENTICATION__BEGIN_AUTH_SESSION_VIA_QR__RESPONSE__INIT;
	CAuthenticationAllowedConfirmation way = CAUTHENTICATION__ALLOWED_CONFIRMATION__INIT, *ways_of_it = &way;

	if (held_next(c->sim, c->from->ip) || held_is(c->sim, c->from->ip))
		return ERESULT_RATE_LIMIT_EXCEEDED;
	struct auth_session *x = auth_session_new(c->sim, c->from);
	if (!x)
		return ERESULT_RATE_LIMIT_EXCEEDED;
	x->qr = x->persistent = true;
	describe(x, m->platform_type, m->device_friendly_name, m->device_details);
	way.has_confirmation_type = 1;
	way.confirmation_type = CONFIRM_DEVICE;
	out.has_client_id = out.has_request_id = out.has_interval = out.has_version = 1;
	out.client_id = x->client_id;
	out.challenge_url = arena_fmt(c->arena, "https://s.team/q/1/%" PRIu64, x->client_id);
	out.request_id = (ProtobufCBinaryData){ sizeof(x->request_id), x->request_id };
	out.interval = interval(c->sim);
	out.n_allowed_confirmations = 1;
	out.allowed_confirmations = &ways_of_it;
	out.version = 1;
	service_say(c, &out.base);
	return ERESULT_OK;
}

/* ---- codes and approvals ---- */

static void totp(const uint8_t secret[static 20], int64_t step, char ret[static 6])
{
	static const char letters[] = "23456789BCDFGHJKMNPQRTVWXY";
	uint8_t counter[8], mac[SHA_DIGEST_LENGTH];

	for (int i = 0; i < 8; i++)
		counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
	HMAC(EVP_sha1(), secret, 20, counter, sizeof(counter), mac, NULL);
	const uint8_t *at = mac + (mac[SHA_DIGEST_LENGTH - 1] & 15);
	uint32_t v = ((uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]) & 0x7fffffff;
	for (int i = 0; i < 5; i++, v /= 26)
		ret[i] = letters[v % 26];
	ret[5] = 0;
}

/* A clock may be one step off. */
static bool device_code_fits(const struct sim *s, const struct person *p, const char *code)
{
	char good[6];
	for (int64_t step = sim_time(s) / CODE_STEP_S - 1; step <= sim_time(s) / CODE_STEP_S + 1; step++) {
		totp(p->shared, step, good);
		if (!strcmp(code, good))
			return true;
	}
	return false;
}

static bool is_over(const struct sim *s, const struct auth_session *x)
{
	return sim_time(s) - x->since >= AUTH_SESSION_S;
}

int32_t auth_code(struct service_call *c)
{
	const CAuthenticationUpdateAuthSessionWithSteamGuardCodeRequest *m =
		(const CAuthenticationUpdateAuthSessionWithSteamGuardCodeRequest *)c->in;
	struct auth_session *x = auth_session_find(c->sim, m->client_id);
	bool mail = m->code_type == CONFIRM_MAIL;

	if (!x || x->qr || x->who->steamid != m->steamid || !m->code)
		return x ? ERESULT_INVALID_PARAM : ERESULT_FILE_NOT_FOUND;
	if (is_over(c->sim, x))
		return ERESULT_EXPIRED;
	if (x->state == AUTH_APPROVED)
		return ERESULT_DUPLICATE_REQUEST;
	if (mail ? !x->mail_asked : !x->code_asked || m->code_type != CONFIRM_CODE)
		return ERESULT_INVALID_PARAM;
	if (held_is(c->sim, c->from->ip))
		return ERESULT_RATE_LIMIT_EXCEEDED;
	if (mail ? !strcmp(m->code, x->who->email_code) : device_code_fits(c->sim, x->who, m->code)) {
		x->state = AUTH_APPROVED;
		return ERESULT_OK;
	}
	held_failed(c->sim, c->from->ip, x->who);
	return mail ? ERESULT_INVALID_LOGIN_AUTH_CODE : ERESULT_TWO_FACTOR_CODE_MISMATCH;
}

static bool signature_fits(
	const CAuthenticationUpdateAuthSessionWithMobileConfirmationRequest *m, const struct person *p)
{
	uint8_t mac[SHA256_DIGEST_LENGTH];
	struct buf b = { 0 };
	bool good = m->signature.len == sizeof(mac);

	buf_u8(&b, (uint8_t)m->version);
	buf_u8(&b, (uint8_t)(m->version >> 8));
	buf_le64(&b, m->client_id);
	buf_le64(&b, m->steamid);
	HMAC(EVP_sha256(), p->shared, 20, b.p, b.n, mac, NULL);
	buf_done(&b);
	return good && !memcmp(mac, m->signature.data, sizeof(mac));
}

int32_t auth_confirm(struct service_call *c)
{
	const CAuthenticationUpdateAuthSessionWithMobileConfirmationRequest *m =
		(const CAuthenticationUpdateAuthSessionWithMobileConfirmationRequest *)c->in;
	struct auth_session *x = auth_session_find(c->sim, m->client_id);
	struct person *p = c->from->who;

	if (!x || is_over(c->sim, x))
		return x ? ERESULT_EXPIRED : ERESULT_FILE_NOT_FOUND;
	if (m->steamid != p->steamid || (x->who && x->who != p) || !p->has_shared || !signature_fits(m, p))
		return ERESULT_ACCESS_DENIED;
	if (x->state != AUTH_WAITS)
		return ERESULT_DUPLICATE_REQUEST;
	x->who = p;
	x->remote = true;
	x->state = m->confirm ? AUTH_APPROVED : AUTH_DENIED;
	x->persistent = m->persistence != 0;
	return ERESULT_OK;
}

int32_t auth_info(struct service_call *c)
{
	const CAuthenticationGetAuthSessionInfoRequest *m = (const CAuthenticationGetAuthSessionInfoRequest *)c->in;
	CAuthenticationGetAuthSessionInfoResponse out = CAUTHENTICATION__GET_AUTH_SESSION_INFO__RESPONSE__INIT;
	struct auth_session *x = auth_session_find(c->sim, m->client_id);

	if (!x || is_over(c->sim, x) || (x->who && x->who != c->from->who))
		return ERESULT_FILE_NOT_FOUND;
	x->remote = true;
	out.ip = x->ip;
	out.country = c->from->who->country;
	out.has_platform_type = out.has_version = out.has_login_history = 1;
	out.platform_type = (int32_t)x->platform;
	out.device_friendly_name = x->device;
	out.version = 1;
	service_say(c, &out.base);
	return ERESULT_OK;
}

int32_t auth_list(struct service_call *c)
{
	CAuthenticationGetAuthSessionsForAccountResponse out =
		CAUTHENTICATION__GET_AUTH_SESSIONS_FOR_ACCOUNT__RESPONSE__INIT;
	uint64_t ids[LIST_MAX];

	list_each (at, after, &c->sim->auth->sessions) {
		const struct auth_session *x = list_of(at, struct auth_session, node);
		if (x->who == c->from->who && x->state == AUTH_WAITS && !is_over(c->sim, x) &&
			out.n_client_ids < LIST_MAX)
			ids[out.n_client_ids++] = x->client_id;
	}
	out.client_ids = ids;
	service_say(c, &out.base);
	return ERESULT_OK;
}

/* ---- the end of it ---- */

/* The tokens; made at the first poll that is told so, and the same at each after it. */
static bool settle(struct sim *s, struct auth_session *x)
{
	struct buf refresh = { 0 }, access = { 0 };
	struct token of = { .platform = x->platform, .exp = sim_time(s) + TOKENS_REFRESH_S };

	of.id = tokens_put_refresh(s, x->who, x->platform, x->persistent, x->device, &refresh);
	tokens_put_access(s, x->who, &of, &access);
	if (of.id && !refresh.bad && !access.bad) {
		x->refresh = strdup(buf_text(&refresh));
		x->access = strdup(buf_text(&access));
	}
	buf_done(&refresh);
	buf_done(&access);
	return x->refresh && x->access;
}

int32_t auth_poll(struct service_call *c)
{
	const CAuthenticationPollAuthSessionStatusRequest *m =
		(const CAuthenticationPollAuthSessionStatusRequest *)c->in;
	CAuthenticationPollAuthSessionStatusResponse out =
		CAUTHENTICATION__POLL_AUTH_SESSION_STATUS__RESPONSE__INIT;
	struct auth_session *x = auth_session_find(c->sim, m->client_id);
	struct buf machine = { 0 };

	if (!x || m->request_id.len != sizeof(x->request_id) ||
		memcmp(m->request_id.data, x->request_id, sizeof(x->request_id)) != 0 || x->state == AUTH_DENIED)
		return ERESULT_FILE_NOT_FOUND;
	if (is_over(c->sim, x))
		return ERESULT_EXPIRED;
	if (x->qr && x->state == AUTH_WAITS && sim_time(c->sim) - x->rotated >= AUTH_QR_S) {
		auth_session_rotate(c->sim, x);
		out.has_new_client_id = 1;
		out.new_client_id = x->client_id;
		out.new_challenge_url = arena_fmt(c->arena, "https://s.team/q/1/%" PRIu64, x->client_id);
	}
	out.has_had_remote_interaction = 1;
	out.had_remote_interaction = x->remote;
	if (x->state == AUTH_APPROVED) {
		if (!x->refresh && !settle(c->sim, x))
			return ERESULT_FAIL;
		out.refresh_token = x->refresh;
		out.access_token = x->access;
		out.account_name = x->who->name;
		if (x->new_machine) {
			tokens_put_machine(c->sim, x->who, &machine);
			out.new_guard_data = arena_str(c->arena, buf_text(&machine));
		}
		if (m->has_token_to_revoke)
			tokens_revoke(c->sim, m->token_to_revoke);
	}
	buf_done(&machine);
	service_say(c, &out.base);
	return ERESULT_OK;
}

int32_t auth_generate(struct service_call *c)
{
	const CAuthenticationAccessTokenGenerateForAppRequest *m =
		(const CAuthenticationAccessTokenGenerateForAppRequest *)c->in;
	CAuthenticationAccessTokenGenerateForAppResponse out =
		CAUTHENTICATION__ACCESS_TOKEN__GENERATE_FOR_APP__RESPONSE__INIT;
	struct buf refresh = { 0 }, access = { 0 };
	struct token t;

	if (!m->refresh_token || !tokens_read(c->sim, m->refresh_token, &t) || t.steamid != m->steamid ||
		!t.refresh || !(t.audience & TOKEN_FOR_DERIVE))
		return ERESULT_ACCESS_DENIED;
	struct person *p = people_by_id(&c->sim->people, t.steamid);
	if (c->answer->effect.token_revoked)
		p->token_generation++;
	if (t.revoked || c->answer->effect.token_revoked)
		return ERESULT_ACCESS_DENIED;
	if (t.expired)
		return ERESULT_EXPIRED;
	if (m->renewal_type == 1 && t.exp - sim_time(c->sim) < TOKENS_REFRESH_S - 86400) {
		uint64_t id = tokens_put_refresh(c->sim, p, t.platform, t.persistent, "renewed", &refresh);
		tokens_revoke(c->sim, t.id);
		t.id = id;
		t.exp = sim_time(c->sim) + TOKENS_REFRESH_S;
		out.refresh_token = (char *)buf_text(&refresh);
	}
	tokens_put_access(c->sim, p, &t, &access);
	out.access_token = (char *)buf_text(&access);
	service_say(c, &out.base);
	buf_done(&refresh);
	buf_done(&access);
	return ERESULT_OK;
}

/* ---- whose token is it ---- */

int32_t auth_logon(struct sim *s, const char *jwt, struct person **ret)
{
	struct token t;
	if (!s->auth || !tokens_read(s, jwt, &t))
		return ERESULT_INVALID_PASSWORD;
	if (!t.refresh || !(t.audience & TOKEN_FOR_CLIENT) || !(t.audience & TOKEN_FOR_RENEW) || t.revoked)
		return ERESULT_ACCESS_DENIED;
	if (t.expired)
		return ERESULT_EXPIRED;
	*ret = people_by_id(&s->people, t.steamid);
	return ERESULT_OK;
}

struct person *auth_person(struct sim *s, const char *jwt, const char *audience)
{
	static const char *const names[] = { "client", "web", "mobile", "renew", "derive", "machine" };
	struct token t;

	if (!s->auth || !tokens_read(s, jwt, &t) || t.expired || t.revoked || t.audience == TOKEN_FOR_MACHINE)
		return NULL;
	for (unsigned i = 0; audience && i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(audience, names[i]) && !(t.audience & 1u << i))
			return NULL;
	return people_by_id(&s->people, t.steamid);
}

static enum token_platform platform_of(const char *name)
{
	return !strcmp(name, "client") ? TOKEN_CLIENT : !strcmp(name, "mobile") ? TOKEN_MOBILE : TOKEN_WEB;
}

void auth_refresh_token(struct sim *s, struct person *p, const char *platform, struct buf *to)
{
	to->bad |= !tokens_put_refresh(s, p, platform_of(platform), true, "steamsim", to);
}

void auth_access_token(struct sim *s, struct person *p, const char *audience, struct buf *to)
{
	struct buf unseen = { 0 };
	struct token of = { .platform = platform_of(audience), .exp = sim_time(s) + TOKENS_REFRESH_S };
	of.id = tokens_put_refresh(s, p, of.platform, true, "steamsim", &unseen);
	buf_done(&unseen);
	to->bad |= of.id == 0;
	tokens_put_access(s, p, &of, to);
}

/* ---- TwoFactor ---- */

int32_t auth_two_factor_time(struct service_call *c)
{
	CTwoFactorTimeResponse m = CTWO_FACTOR__TIME__RESPONSE__INIT;
	m.has_server_time = m.has_skew_tolerance_seconds = m.has_large_time_jink = m.has_probe_frequency_seconds =
		1;
	m.has_adjusted_time_probe_frequency_seconds = m.has_hint_probe_frequency_seconds = m.has_sync_timeout = 1;
	m.has_try_again_seconds = m.has_max_attempts = 1;
	m.server_time = (uint64_t)sim_time(c->sim) + c->answer->effect.clock_skew_s;
	m.skew_tolerance_seconds = 60;
	m.large_time_jink = 86400;
	m.probe_frequency_seconds = 3600;
	m.adjusted_time_probe_frequency_seconds = 300;
	m.hint_probe_frequency_seconds = m.sync_timeout = 60;
	m.try_again_seconds = 900;
	m.max_attempts = 3;
	service_say(c, &m.base);
	return ERESULT_OK;
}

int32_t auth_two_factor_status(struct service_call *c)
{
	CTwoFactorStatusResponse m = CTWO_FACTOR__STATUS__RESPONSE__INIT;
	const struct person *p = c->from->who;
	uint8_t hash[SHA_DIGEST_LENGTH];
	char hex[41];

	SHA1((const unsigned char *)p->id_text, strlen(p->id_text), hash);
	for (size_t i = 0; i < SHA_DIGEST_LENGTH; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	m.has_state = m.has_steamguard_scheme = m.has_email_validated = m.has_authenticator_allowed = 1;
	m.state = p->has_shared;
	m.steamguard_scheme = p->has_shared ? 2 : p->guard == GUARD_EMAIL ? 1 : 0;
	m.email_validated = m.authenticator_allowed = 1;
	if (p->has_shared) {
		m.has_authenticator_type = m.has_version = m.has_time_created = 1;
		m.time_created = (uint32_t)(sim_time(c->sim) - (int64_t)p->authenticator_days * 86400);
		m.authenticator_type = 1;
		m.version = 2;
		m.token_gid = arena_fmt(c->arena, "%.16s", hex);
		m.device_identifier = arena_fmt(
			c->arena, "android:%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
	}
	service_say(c, &m.base);
	return ERESULT_OK;
}
