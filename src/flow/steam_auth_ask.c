/* What steam_auth asks Steam: one request for each step, and the password on its way. */
#include "flow/steam_auth.h"
#include "flow/steam_auth_parts.h"
#include "proto/steam/auth.pb-c.h"
#include "wire/steam/guard.h"
#include "wire/steam/password.h"
#include "wire/steam/pb.h"

#include <openssl/sha.h>
#include <string.h>

#define OS_LINUX        (-203)
#define PLATFORM_CLIENT 1
#define DEVICE_PC       1
#define PERSISTENT      1
#define CODE_EMAIL      2
#define CODE_DEVICE     3

/* Bytes that nobody else knows, other ones each time. */
static void fresh(struct steam_auth *a, uint8_t ret[static PASSWORD_SEED])
{
	uint8_t in[STEAM_AUTH_RANDOM + 1], both[SHA512_DIGEST_LENGTH];
	_Static_assert(PASSWORD_SEED + STEAM_AUTH_RANDOM <= SHA512_DIGEST_LENGTH, "one digest makes both");

	memcpy(in, a->random, STEAM_AUTH_RANDOM);
	in[STEAM_AUTH_RANDOM] = 1;
	SHA512(in, sizeof(in), both);
	memcpy(ret, both, PASSWORD_SEED);
	memcpy(a->random, both + PASSWORD_SEED, STEAM_AUTH_RANDOM);
	hush_wipe(in, sizeof(in));
	hush_wipe(both, sizeof(both));
}

enum rc steam_auth_ask_seal(struct steam_auth *a, const struct steam_call *c, struct arena *mem, struct fault *f)
{
	ProtobufCMessage *message;
	uint8_t seed[PASSWORD_SEED];
	struct buf text = { 0 };

	enum rc rc = pb_unpack(&cauthentication__get_password_rsapublic_key__response__descriptor, c->body,
		c->body_n, mem, &message, f);
	if (rc != RC_OK)
		return rc;
	const CAuthenticationGetPasswordRSAPublicKeyResponse *m =
		(const CAuthenticationGetPasswordRSAPublicKeyResponse *)message;
	if (!m->publickey_mod || !m->publickey_exp)
		return fault_set(f, RC_MALFORMED, "Steam gave no key for the password");
	fresh(a, seed);
	rc = password_encrypt(m->publickey_mod, m->publickey_exp, a->conf.password, seed, &text, f);
	hush_wipe(seed, sizeof(seed));
	if (rc == RC_OK)
		rc = text.bad ? RC_NOMEM : hush_set(&a->sealed, text.p, text.n);
	a->sealed_stamp = m->timestamp;
	buf_done(&text);
	return rc;
}

static CAuthenticationDeviceDetails details_of(const struct steam_auth *a)
{
	CAuthenticationDeviceDetails d = CAUTHENTICATION__DEVICE_DETAILS__INIT;
	d.device_friendly_name = (char *)a->conf.device_name;
	d.has_platform_type = d.has_os_type = d.has_gaming_device_type = 1;
	d.platform_type = PLATFORM_CLIENT;
	d.os_type = OS_LINUX;
	d.gaming_device_type = DEVICE_PC;
	d.has_machine_id = a->conf.machine_id_n > 0;
	d.machine_id = (ProtobufCBinaryData){ .data = (uint8_t *)a->conf.machine_id, .len = a->conf.machine_id_n };
	return d;
}

/* A secret as a text that ends in NUL; free it by wiped(). */
static char *text_of(const struct hush *h)
{
	char *text = h->n > 0 ? malloc(h->n + 1) : NULL;
	if (text) {
		memcpy(text, h->p, h->n);
		text[h->n] = 0;
	}
	return text;
}

static void wiped(char *text)
{
	if (text)
		hush_wipe(text, strlen(text));
	free(text);
}

static const char *ask_key(struct steam_auth *a)
{
	CAuthenticationGetPasswordRSAPublicKeyRequest m =
		CAUTHENTICATION__GET_PASSWORD_RSAPUBLIC_KEY__REQUEST__INIT;
	m.account_name = (char *)a->conf.login;
	pb_pack(&a->out, &m.base);
	return "Authentication.GetPasswordRSAPublicKey#1";
}

static const char *ask_begin(struct steam_auth *a)
{
	CAuthenticationBeginAuthSessionViaCredentialsRequest m =
		CAUTHENTICATION__BEGIN_AUTH_SESSION_VIA_CREDENTIALS__REQUEST__INIT;
	CAuthenticationDeviceDetails d = details_of(a);
	char *sealed = text_of(&a->sealed), *guard = text_of(a->conf.guard_data);

	m.device_friendly_name = d.device_friendly_name;
	m.account_name = (char *)a->conf.login;
	m.encrypted_password = sealed;
	m.has_encryption_timestamp = m.has_remember_login = m.has_platform_type = m.has_persistence = 1;
	m.encryption_timestamp = a->sealed_stamp;
	m.remember_login = 1;
	m.platform_type = PLATFORM_CLIENT;
	m.persistence = PERSISTENT;
	m.website_id = (char *)"Client";
	m.device_details = &d;
	m.guard_data = guard;
	pb_pack(&a->out, &m.base);
	wiped(sealed);
	wiped(guard);
	hush_done(&a->sealed);
	return "Authentication.BeginAuthSessionViaCredentials#1";
}

static const char *ask_qr(struct steam_auth *a)
{
	CAuthenticationBeginAuthSessionViaQRRequest m = CAUTHENTICATION__BEGIN_AUTH_SESSION_VIA_QR__REQUEST__INIT;
	CAuthenticationDeviceDetails d = details_of(a);
	m.device_friendly_name = d.device_friendly_name;
	m.has_platform_type = 1;
	m.platform_type = PLATFORM_CLIENT;
	m.device_details = &d;
	m.website_id = (char *)"Client";
	pb_pack(&a->out, &m.base);
	return "Authentication.BeginAuthSessionViaQR#1";
}

static const char *ask_code(struct steam_auth *a, char *code, int32_t type)
{
	CAuthenticationUpdateAuthSessionWithSteamGuardCodeRequest m =
		CAUTHENTICATION__UPDATE_AUTH_SESSION_WITH_STEAM_GUARD_CODE__REQUEST__INIT;
	m.has_client_id = m.has_steamid = m.has_code_type = 1;
	m.client_id = a->client_id;
	m.steamid = a->steamid;
	m.code = code;
	m.code_type = type;
	pb_pack(&a->out, &m.base);
	return "Authentication.UpdateAuthSessionWithSteamGuardCode#1";
}

static const char *ask_own_code(struct steam_auth *a, uint64_t now_ms)
{
	struct hush secret = { 0 };
	char code[GUARD_CODE];
	unsigned left;

	enum rc rc = guard_secret((const char *)a->conf.shared_secret->p, a->conf.shared_secret->n, &secret);
	if (rc == RC_OK)
		rc = guard_code(&secret, ((int64_t)now_ms + a->offset_ms) / 1000, code, &left);
	hush_done(&secret);
	if (rc != RC_OK) {
		steam_auth_fail(a, STEAM_AUTH_INVALID, 0, "the shared secret is none");
		return NULL;
	}
	const char *method = ask_code(a, code, CODE_DEVICE);
	hush_wipe(code, sizeof(code));
	return method;
}

static const char *ask_their_code(struct steam_auth *a)
{
	char *code = text_of(&a->code);
	const char *method = ask_code(a, code, a->challenge == STEAM_AUTH_EMAIL ? CODE_EMAIL : CODE_DEVICE);
	wiped(code);
	hush_done(&a->code);
	return method;
}

static const char *ask_poll(struct steam_auth *a)
{
	CAuthenticationPollAuthSessionStatusRequest m = CAUTHENTICATION__POLL_AUTH_SESSION_STATUS__REQUEST__INIT;
	m.has_client_id = m.has_request_id = 1;
	m.client_id = a->client_id;
	m.request_id = (ProtobufCBinaryData){ .data = a->request_id, .len = a->request_id_n };
	pb_pack(&a->out, &m.base);
	return "Authentication.PollAuthSessionStatus#1";
}

const char *steam_auth_ask(struct steam_auth *a, uint64_t now_ms)
{
	switch (a->step) {
	case STEAM_AUTH_STEP_KEY:
		return ask_key(a);
	case STEAM_AUTH_STEP_BEGIN:
		return ask_begin(a);
	case STEAM_AUTH_STEP_QR:
		return ask_qr(a);
	case STEAM_AUTH_STEP_OWN_CODE:
		return ask_own_code(a, now_ms);
	case STEAM_AUTH_STEP_CODE:
		return ask_their_code(a);
	case STEAM_AUTH_STEP_POLL:
		return ask_poll(a);
	case STEAM_AUTH_STEP_HOLD:
	case STEAM_AUTH_STEP_OVER:
		return NULL;
	}
	return NULL;
}
