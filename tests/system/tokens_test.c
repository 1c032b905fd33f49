/* Tokens against a second library (npm jose): it verifies what we sign, and we verify what it signs, for all algorithms; and both refuse what is not right. */
#include "io/file.h"
#include "wire/jwt_sign.h"
#include "wire/jwt_verify.h"

#include "tests/unit/check.h"

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/footplate-tokens-XXXXXX";

static void install(void)
{
	struct stat lock, done;

	if (stat("tests/tokens/package-lock.json", &lock) == 0 &&
		stat("tests/tokens/node_modules/.package-lock.json", &done) == 0 && done.st_mtime >= lock.st_mtime)
		return;
	CHECK(system("cd tests/tokens && npm ci --no-audit --no-fund --ignore-scripts >/dev/null 2>&1") == 0);
}

static void of_pem(EVP_PKEY *k, const char *kid, struct jwk *ret)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *p = NULL;

	CHECK(PEM_write_bio_PKCS8PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL));
	long n = BIO_get_mem_data(bio, &p);
	CHECK(jwk_of_pem(p, (size_t)n, kid, ret, NULL) == RC_OK);
	BIO_free(bio);
	EVP_PKEY_free(k);
}

static void write_ours(void)
{
	struct jwk keys[JWK_ALGS];
	struct buf b = { 0 };
	char claims[300], path[100], thumb[JWK_THUMB_MAX];
	long long now = (long long)time(NULL);

	CHECK(jwk_ed25519((const uint8_t *)"12345678901234567890123456789012", "our ed", &keys[JWK_EDDSA]) ==
		RC_OK);
	of_pem(EVP_EC_gen("P-256"), "our ec", &keys[JWK_ES256]);
	of_pem(EVP_RSA_gen(3072), "our rsa", &keys[JWK_RS256]);
	buf_str(&b, "{\"issuer\":\"us\",\"audience\":\"them\",\"jwks\":");
	jwk_set_write(keys, JWK_ALGS, &b);
	buf_str(&b, ",\"thumbprints\":[");
	for (size_t i = 0; i < JWK_ALGS; i++) {
		CHECK(jwk_thumbprint(&keys[i], thumb) == RC_OK);
		buf_fmt(&b, "%s\"%s\"", i ? "," : "", thumb);
	}
	buf_str(&b, "],\"tokens\":[");
	for (size_t i = 0; i < (size_t)JWK_ALGS * 20;
		i++) { /* often: of ECDSA's two numbers each is short now and then */
		struct jwk *k = &keys[i % JWK_ALGS];
		snprintf(claims, sizeof(claims),
			"{\"iss\":\"us\",\"aud\":\"them\",\"sub\":\"usr_ünï\",\"jti\":\"j%zu\",\"iat\":%lld,"
			"\"exp\":%lld}",
			i, now, now + 600);
		buf_fmt(&b, "%s{\"alg\":\"%s\",\"kid\":\"%s\",\"token\":\"", i ? "," : "", jwk_alg_text(k->alg),
			k->kid);
		CHECK(jwt_sign(k, "at+jwt", claims, strlen(claims), &b, NULL) == RC_OK);
		buf_str(&b, "\"}");
	}
	buf_str(&b, "]}");
	snprintf(path, sizeof(path), "%s/ours.json", dir);
	CHECK(file_write(path, b.p, b.n, 0600, NULL) == RC_OK);
	buf_done(&b);
	for (size_t i = 0; i < JWK_ALGS; i++)
		jwk_done(&keys[i]);
}

static enum rc verify(const struct jwk_set *keys, const char *token, const char *alg)
{
	static const char *const types[] = { "JWT", NULL };
	struct jwt_rules rules = { .keys = keys,
		.algs = JWK_ANY,
		.types = types,
		.issuer = "them",
		.audience = "us",
		.needs = JWT_EXP | JWT_IAT | JWT_SUB | JWT_JTI,
		.now_s = time(NULL),
		.skew_s = 60 };
	struct jwt_said s = { 0 };
	enum rc rc = jwt_verify(token, strlen(token), &rules, &s, NULL);

	CHECK(rc != RC_OK || !alg || !strcmp(jwk_alg_text(s.alg), alg));
	jwt_verify_done(&s);
	return rc;
}

static void read_theirs(void)
{
	char path[100], thumb[JWK_THUMB_MAX];
	struct jwk_set keys = { 0 };
	const json_t *one;
	size_t i;

	snprintf(path, sizeof(path), "%s/theirs.json", dir);
	json_t *theirs = json_load_file(path, 0, NULL);
	CHECK(theirs != NULL);
	char *set = json_dumps(json_object_get(theirs, "jwks"), 0);
	CHECK(jwk_read_set(set, strlen(set), &keys, NULL) == RC_OK &&
		keys.n == 3); /* what is for other algorithms is skipped */
	free(set);
	json_array_foreach(json_object_get(theirs, "good"), i, one)
	{
		const char *alg = json_string_value(json_object_get(one, "alg"));
		CHECK(verify(&keys, json_string_value(json_object_get(one, "token")), alg) == RC_OK);
	}
	CHECK(i == 6);
	json_array_foreach(json_object_get(theirs, "bad"), i, one)
	{
		if (verify(&keys, json_string_value(json_object_get(one, "token")), NULL) != RC_OK)
			continue;
		fprintf(stderr, "accepted: %s\n", json_string_value(json_object_get(one, "why")));
		exit(1);
	}
	CHECK(i == 30);
	json_array_foreach(json_object_get(theirs, "thumbprints"), i, one)
		CHECK(jwk_thumbprint(&keys.at[i], thumb) == RC_OK && !strcmp(thumb, json_string_value(one)));
	jwk_set_done(&keys);
	json_decref(theirs);
}

int main(void)
{
	char command[200];

	install();
	CHECK(mkdtemp(dir) != NULL);
	write_ours();
	snprintf(command, sizeof(command), "node tests/tokens/crosscheck.mjs %s", dir);
	CHECK(system(command) == 0);
	read_theirs();
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK(system(command) == 0);
	return 0;
}
