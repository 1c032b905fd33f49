/* sealed_cookie: what is put comes back at its place, once; what is moved, altered, planted beside it or missing does not. */
#include "control/sso/sealed_cookie.h"
#include "tests/unit/control/desk.h"

#include <string.h>

#define SPAN "__Host-x="

struct memo {
	const char *text;
	int64_t at;
};
static const struct field fields[] = {
	{ .name = "s", .type = FIELD_STR, FIELD_AT(struct memo, text), .flags = FIELD_REQUIRED },
	{ .name = "t", .type = FIELD_I64, FIELD_AT(struct memo, at), .flags = FIELD_REQUIRED },
	{ 0 },
};
static const struct vault_at place = { "oidc_state", "idp_1", "cookie" },
			     other = { "oidc_state", "idp_2", "cookie" };
static struct desk d;

static enum rc get(const struct vault_at *at, const char *cookies, struct memo *ret)
{
	return sealed_cookie_get(&d.tx, at, fields, cookies, SPAN, ret);
}

static void comes_back(const char *value)
{
	static const char *const around[][2] = { { SPAN, "" }, { "a=b; " SPAN, "; c=d" }, { "a=b;" SPAN, ";" },
		{ "__Host-xy=1; " SPAN, "" } };
	char cookies[2048];

	for (size_t i = 0; i < sizeof(around) / sizeof(*around); i++) {
		struct memo m = { 0 };
		snprintf(cookies, sizeof(cookies), "%s%s%s", around[i][0], value, around[i][1]);
		CHECK(get(&place, cookies, &m) == RC_OK);
		CHECK_STR(m.text, "a \"state\"");
		CHECK(m.at == 1234567890123);
	}
}

static void is_refused(const char *value)
{
	static const char *const absent[] = { "", "a=b", "__Host-x=", "__Host-xy=1", "a=__Host-x=" };
	char cookies[4096];
	struct memo m = { 0 };

	CHECK(get(&place, NULL, &m) == RC_MISSING);
	for (size_t i = 0; i < sizeof(absent) / sizeof(*absent); i++)
		CHECK(get(&place, absent[i], &m) == RC_MISSING);
	snprintf(cookies, sizeof(cookies), SPAN "%s; " SPAN "%s", value, value); /* one of them somebody planted */
	CHECK(get(&place, cookies, &m) == RC_MISSING);
	snprintf(cookies, sizeof(cookies), SPAN "%s", value);
	CHECK(get(&other, cookies, &m) != RC_OK);
	for (size_t i = strlen(SPAN); i < strlen(cookies); i += 7) {
		char was = cookies[i];
		cookies[i] = was == 'A' ? 'B' : 'A';
		CHECK(get(&place, cookies, &m) != RC_OK);
		cookies[i] = was;
	}
	CHECK(!m.text);
}

int main(void)
{
	const struct memo memo = { "a \"state\"", 1234567890123 };
	struct buf value = { 0 };

	desk_open(&d);
	desk_begin(&d);
	CHECK(sealed_cookie_put(&d.tx, &place, fields, &memo, &value) == RC_OK);
	CHECK(!strstr(buf_text(&value), "state") && strcspn(buf_text(&value), " ;,\"") == value.n);
	comes_back(buf_text(&value));
	is_refused(buf_text(&value));
	const char *one = sealed_cookie_random(&d.arena, 16), *two = sealed_cookie_random(&d.arena, 16);
	CHECK(strlen(one) == 22 && strcmp(one, two) != 0);
	desk_commit(&d);
	buf_done(&value);
	desk_close(&d);
	return 0;
}
