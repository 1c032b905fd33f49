/* Logons with a password as clients ask for them: how it is sealed, and when Steam does not want to hear of it. */
#include "proto/steam/auth.pb-c.h"
#include "sim/held.h"
#include "sim/load.h"
#include "sim/service.h"
#include "tests/unit/check.h"
#include "wire/steam/eresult.h"
#include "wire/steam/pb.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

#define KEY_BYTES 256
#define HERE      "192.0.2.1"

static struct log quiet = { .level = LOG_LEVEL_ERROR };

static void begin(struct sim *s)
{
	char path[] = "/tmp/footplate-sim-auth-XXXXXX";
	static const char world[] = "change 1\naccount ann password=open-sesame\n";
	struct fault f = { 0 };
	int fd = mkstemp(path);

	*s = (struct sim){ .log = &quiet, .heartbeat_s = 9 };
	CHECK(fd >= 0 && write(fd, world, sizeof(world) - 1) == (ssize_t)sizeof(world) - 1 && close(fd) == 0);
	CHECK(sim_load(s, path, &f) == RC_OK);
	unlink(path);
}

/* PKCS #1 padding of our own, so that the number can be looked at: the nth one of this password. Returns its bytes, without leading zeros. */
static size_t seal(const char *modulus, const char *password, unsigned nth, uint8_t ret[static KEY_BYTES])
{
	uint8_t block[KEY_BYTES] = { 0, 2 };
	size_t n = strlen(password), pad = KEY_BYTES - 3 - n;
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *m = NULL, *e = BN_new(), *x, *y = BN_new();

	for (size_t i = 0; i < pad; i++)
		block[2 + i] = (uint8_t)(1 + (nth >> (i % 4 * 8) ^ i * 37) % 255);
	memcpy(block + KEY_BYTES - n, password, n);
	x = BN_bin2bn(block, sizeof(block), NULL);
	CHECK(ctx && e && x && y && BN_hex2bn(&m, modulus) > 0 && BN_set_word(e, 65537) == 1);
	CHECK(BN_mod_exp(y, x, e, m, ctx) == 1);
	size_t bytes = (size_t)BN_bn2bin(y, ret);
	BN_free(m);
	BN_free(e);
	BN_free(x);
	BN_free(y);
	BN_CTX_free(ctx);
	return bytes;
}

struct key {
	char modulus[2 * KEY_BYTES + 1];
	uint64_t time;
};

static void ask_key(struct sim *s, struct key *ret)
{
	static const struct service_from from = { .ip = HERE };
	struct arena mem = { 0 };
	struct service_answer a;
	ProtobufCMessage *m;

	CHECK(service_call(s, &from, "Authentication.GetPasswordRSAPublicKey#1", "", 0, &a));
	CHECK(a.eresult == ERESULT_OK);
	CHECK(pb_unpack(&cauthentication__get_password_rsapublic_key__response__descriptor, a.body.p, a.body.n,
		      &mem, &m, NULL) == RC_OK);
	const CAuthenticationGetPasswordRSAPublicKeyResponse *key =
		(const CAuthenticationGetPasswordRSAPublicKeyResponse *)m;
	snprintf(ret->modulus, sizeof(ret->modulus), "%s", key->publickey_mod);
	ret->time = key->timestamp;
	arena_done(&mem);
	buf_done(&a.body);
}

static int32_t log_on(struct sim *s, const char *ip, const struct key *k, const uint8_t *sealed, size_t n)
{
	const struct service_from from = { .ip = ip };
	CAuthenticationBeginAuthSessionViaCredentialsRequest m =
		CAUTHENTICATION__BEGIN_AUTH_SESSION_VIA_CREDENTIALS__REQUEST__INIT;
	char text[KEY_BYTES * 2];
	struct buf b = { 0 };
	struct service_answer a;

	EVP_EncodeBlock((unsigned char *)text, sealed, (int)n);
	m.account_name = (char *)"ann";
	m.encrypted_password = text;
	m.has_encryption_timestamp = 1;
	m.encryption_timestamp = k->time;
	pb_pack(&b, &m.base);
	CHECK(service_call(s, &from, "Authentication.BeginAuthSessionViaCredentials#1", b.p, b.n, &a));
	buf_done(&b);
	buf_done(&a.body);
	return a.eresult;
}

/* One number in 256 has a zero in front; clients that write numbers leave it out. */
static void short_numbers(struct sim *s)
{
	uint8_t sealed[KEY_BYTES];
	struct key k;
	unsigned nth = 0, shorter = 0;

	ask_key(s, &k);
	for (; shorter == 0 && nth < 5000; nth++) {
		size_t n = seal(k.modulus, "open-sesame", nth, sealed);
		if (nth > 3 && n == KEY_BYTES)
			continue;
		shorter += n < KEY_BYTES;
		CHECK(log_on(s, HERE, &k, sealed, n) == ERESULT_OK);
	}
	CHECK(shorter == 1);
	CHECK(log_on(s, HERE, &k, sealed, 1) == ERESULT_INVALID_PASSWORD);
	size_t n = seal(k.modulus, "open sesame", 1, sealed);
	CHECK(log_on(s, HERE, &k, sealed, n) == ERESULT_INVALID_PASSWORD);
}

/* The next calls of one address are answered 84, and then no more. */
static void throttled(struct sim *s)
{
	uint8_t sealed[KEY_BYTES];
	struct key k;

	ask_key(s, &k);
	size_t n = seal(k.modulus, "open-sesame", 1, sealed);
	held_throttle(s, HERE, 2);
	CHECK(log_on(s, "192.0.2.2", &k, sealed, n) == ERESULT_OK);
	CHECK(log_on(s, HERE, &k, sealed, n) == ERESULT_RATE_LIMIT_EXCEEDED);
	CHECK(log_on(s, HERE, &k, sealed, n) == ERESULT_RATE_LIMIT_EXCEEDED);
	CHECK(log_on(s, HERE, &k, sealed, n) == ERESULT_OK);
	held_throttle(s, HERE, 5);
	held_throttle(s, HERE, 0);
	CHECK(log_on(s, HERE, &k, sealed, n) == ERESULT_OK);
	CHECK(s->logons_n > 5 && s->logons[s->logons_n - 1].eresult == ERESULT_OK);
}

int main(void)
{
	static struct sim s;

	begin(&s);
	short_numbers(&s);
	throttled(&s);
	sim_done(&s);
	return 0;
}
