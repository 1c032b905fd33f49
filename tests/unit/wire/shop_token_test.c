#include "tests/unit/check.h"
#include "wire/shop_token.h"

#include <string.h>

static struct hush hush(const char *s) { return (struct hush){ (uint8_t *)(uintptr_t)s, strlen(s) }; }

static void requests(void)
{
	const struct hush secret = hush("s&c:ret"), refresh = hush("eg1~a/b+c=");
	const struct shop_token_client client = { "an id", &secret, "https://back/here?origin=client" };
	struct shop_token_request q = { 0 };

	CHECK(shop_token_write(SHOP_TOKEN_EPIC, &client, SHOP_TOKEN_REFRESH, &refresh, &q) == RC_OK);
	CHECK(q.query.n == 0);
	CHECK_STR(buf_text(&q.authorization), "Basic YW4gaWQ6cyZjOnJldA==");
	CHECK_STR(buf_text(&q.body), "grant_type=refresh_token&refresh_token=eg1~a%2Fb%2Bc%3D&token_type=eg1");
	shop_token_request_done(&q);
	CHECK(shop_token_write(SHOP_TOKEN_GOG, &client, SHOP_TOKEN_REFRESH, &refresh, &q) == RC_OK);
	CHECK(q.body.n == 0 && q.authorization.n == 0);
	CHECK_STR(buf_text(&q.query),
		"client_id=an%20id&client_secret=s%26c%3Aret&grant_type=refresh_token&refresh_"
		"token=eg1~a%2Fb%2Bc%3D");
	shop_token_request_done(&q);

	/* By a code: GOG wants to know where its page led to, Epic does not. */
	CHECK(shop_token_write(SHOP_TOKEN_EPIC, &client, SHOP_TOKEN_CODE, &refresh, &q) == RC_OK);
	CHECK_STR(buf_text(&q.body), "grant_type=authorization_code&code=eg1~a%2Fb%2Bc%3D&token_type=eg1");
	shop_token_request_done(&q);
	CHECK(shop_token_write(SHOP_TOKEN_GOG, &client, SHOP_TOKEN_CODE, &refresh, &q) == RC_OK);
	CHECK_STR(buf_text(&q.query),
		"client_id=an%20id&client_secret=s%26c%3Aret&grant_type=authorization_code&code=eg1~a%2Fb%2Bc%3D"
		"&redirect_uri=https%3A%2F%2Fback%2Fhere%3Forigin%3Dclient");
	shop_token_request_done(&q);
}

static enum rc take_text(const char *text, struct shop_token *t, struct fault *f)
{
	*t = (struct shop_token){ 0 };
	*f = (struct fault){ 0 };
	return shop_token_read(text, strlen(text), t, f);
}

static void answers(void)
{
	static const char *const bad[] = { "", "{}", "[]", "{\"access_token\":\"a\"}",
		"{\"access_token\":\"a\",\"expires_in\":0}", "{\"access_token\":\"a\",\"expires_in\":\"9\"}",
		"{\"access_token\":\"\",\"expires_in\":9}", "{\"access_token\":\"a b\",\"expires_in\":9}",
		"{\"access_token\":\"a\\r\\nX: y\",\"expires_in\":9}", "{\"access_token\":7,\"expires_in\":9}",
		"{\"access_token\":\"a\",\"refresh_token\":\"\\u0000\",\"expires_in\":9}",
		"{\"access_token\":\"secret-thing\",\"refresh_token\":[],\"expires_in\":9}" };
	struct shop_token t;
	struct fault f;

	CHECK(take_text(
		      "{\"access_token\":\"acc\",\"expires_in\":28800,\"expires_at\":\"2026-01-01T00:00:00.000Z\","
		      "\"refresh_token\":\"ref\",\"refresh_expires\":1,\"x\":null}",
		      &t, &f) == RC_OK);
	CHECK(hush_same(&t.access, "acc", 3) && hush_same(&t.refresh, "ref", 3) && t.lasts_s == 28800);
	shop_token_done(&t);
	CHECK(take_text("{\"access_token\":\"acc\",\"expires_in\":9000000000,\"refresh_token\":null}", &t, &f) ==
		RC_OK);
	CHECK(t.refresh.n == 0 && t.lasts_s == SHOP_TOKEN_LASTS_MAX);
	shop_token_done(&t);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(take_text(bad[i], &t, &f) == RC_MALFORMED);
		CHECK(!t.access.n && !t.refresh.n && !strstr(f.text, "secret-thing"));
	}
}

static void kept(void)
{
	static const uint8_t own[SHOP_TOKEN_KEY] = { 1 }, other[SHOP_TOKEN_KEY] = { 2 },
			     nonce[SHOP_TOKEN_NONCE] = { 3 };
	const struct shop_token_seal seal = { own, "epic" }, foreign = { other, "epic" }, gog = { own, "gog" };
	const struct hush configured = hush("first");
	struct shop_token_kept k = { .until_ms = 1234567890123, .token.lasts_s = 60 }, got = { 0 };
	struct buf b = { 0 };

	CHECK(hush_set(&k.token.access, "acc\"ess", 7) == RC_OK &&
		hush_set(&k.token.refresh, "refresh", 7) == RC_OK);
	shop_token_seed(&configured, k.seed);
	CHECK(shop_token_keep(&k, &seal, nonce, &b) == RC_OK);
	CHECK(!memmem(b.p, b.n, "refresh", 7) && !memmem(b.p, b.n, "acc", 3));
	CHECK(shop_token_kept_read(b.p, b.n, &seal, &got, NULL) == RC_OK);
	CHECK(hush_same(&got.token.access, "acc\"ess", 7) && hush_same(&got.token.refresh, "refresh", 7));
	CHECK(got.until_ms == k.until_ms && got.token.lasts_s == 60);
	CHECK_STR(got.seed, k.seed);
	CHECK(strlen(k.seed) == 64);
	shop_token_done(&got.token);

	/* Another agent's, another store's, one that was cut or changed anywhere. */
	CHECK(shop_token_kept_read(b.p, b.n, &foreign, &got, NULL) == RC_MALFORMED);
	CHECK(shop_token_kept_read(b.p, b.n, &gog, &got, NULL) == RC_MALFORMED);
	for (size_t i = 0; i < b.n; i++) {
		CHECK(shop_token_kept_read(b.p, i, &seal, &got, NULL) == RC_MALFORMED);
		b.p[i] ^= 1;
		CHECK(shop_token_kept_read(b.p, b.n, &seal, &got, NULL) == RC_MALFORMED);
		b.p[i] ^= 1;
	}
	buf_done(&b);
	shop_token_done(&k.token);
}

int main(void)
{
	requests();
	answers();
	kept();
	return 0;
}
