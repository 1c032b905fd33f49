#include "wire/json.h"
#include "wire/oidc.h"

#include "tests/unit/check.h"

#include <jansson.h>
#include <stdio.h>

static struct arena arena;

static void addresses(void)
{
	static const char *const good[] = { "https://op.test", "https://op.test:8443/realms/x",
		"https://[2001:db8::1]/x", "http://127.0.0.1:80/x", "http://localhost", "http://[::1]:80",
		"https://op.test/a?b=c" };
	static const char *const bad[] = { "", "https://", "http://op.test", "http://127.0.0.1.op.test",
		"http://localhost.op.test", "http://127.0.0.1@op.test", "https://u:p@op.test", "https://op.test#x",
		"https://op.test/a b", "https://op.test/\n", "https://op.test\\@evil.test", "ftp://op.test",
		"op.test", "javascript:alert(1)", "file:///etc/passwd", "https://:443/", "https:///x",
		"HTTPS://op.test", "https://op.test/\xc3\xa4" };

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(oidc_is_url(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!oidc_is_url(bad[i]));
	CHECK(oidc_same_origin("https://op.test/a", "https://OP.test?x"));
	CHECK(!oidc_same_origin("https://op.test", "http://op.test"));
	CHECK(!oidc_same_origin("https://op.test", "https://op.test:8443"));
	CHECK(!oidc_same_origin("https://op.test", "https://op.test.evil.test"));
	CHECK(!oidc_same_origin("https://op.tes", "https://op.test"));
	CHECK(!oidc_same_origin("x", "y"));
}

static void paths(void)
{
	static const char *const good[] = { "/", "/jobs", "/jobs?status=failed&x=%2F", "/a/b#c" };
	static const char *const bad[] = { "", "jobs", "//evil.test", "/\\evil.test", "/a\\b", "https://evil.test",
		"/a b", "/\t/evil.test", "/a\r\nSet-Cookie: x=y", "/\x7f", "/\xc3\xa4", "/<script>", "/\"" };
	char longer[OIDC_PATH_MAX + 2];

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		CHECK(oidc_is_path(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!oidc_is_path(bad[i]));
	memset(longer, 'a', sizeof(longer));
	longer[0] = '/';
	longer[OIDC_PATH_MAX + 1] = 0;
	CHECK(!oidc_is_path(longer));
	longer[OIDC_PATH_MAX] = 0;
	CHECK(oidc_is_path(longer));
}

/* The example of RFC 7636, appendix B. */
static void challenge_is_the_rfcs(void)
{
	char got[OIDC_SECRET_MAX];

	oidc_challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", got);
	CHECK_STR(got, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

static void request_is_escaped(void)
{
	const struct oidc_request r = { "a&b=c", "https://fp.test/cb?x", "openid a+b", "s", "n", "c", "login",
		300 };
	struct buf to = { 0 };

	CHECK(oidc_put_request("https://op.test/auth?tenant=1", &r, &to) == RC_OK);
	CHECK_STR(buf_text(&to),
		"https://op.test/"
		"auth?tenant=1&response_type=code&client_id=a%26b%3Dc&redirect_uri=https%3A%2F%2Ffp.test%2Fcb"
		"%3Fx&scope=openid%20a%2Bb&state=s&nonce=n&code_challenge=c&code_challenge_method=S256&prompt="
		"login&max_age="
		"300");
	buf_done(&to);
}

#define ENDS                                                                                     \
	"\"authorization_endpoint\":\"https://op.test/a\",\"token_endpoint\":\"https://op.test/" \
	"t\",\"jwks_uri\":\"https://op.test/k\""

static enum rc describe(const char *text, struct oidc_provider *ret)
{
	return oidc_read_provider(text, strlen(text), "https://op.test", &arena, ret, NULL);
}

static void descriptions(void)
{
	struct oidc_provider p = { 0 };

	CHECK(describe("{\"issuer\":\"https://op.test\"," ENDS ",\"userinfo_endpoint\":\"https://u.test/u\"}",
		      &p) == RC_OK);
	CHECK_STR(p.token, "https://op.test/t");
	CHECK_STR(p.userinfo, "https://u.test/u");
	CHECK(!p.end_session && !p.says_issuer);
	CHECK(describe("{\"issuer\":\"https://op.test/\"," ENDS "}", &p) == RC_REFUSED);
	CHECK(describe("{" ENDS "}", &p) == RC_REFUSED);
	CHECK(describe("{\"issuer\":\"https://op.test\"}", &p) == RC_MALFORMED);
	CHECK(describe("{\"issuer\":\"https://op.test\"," ENDS ",\"userinfo_endpoint\":\"http://u.test\"}", &p) ==
		RC_REFUSED);
	CHECK(describe("[]", &p) == RC_MALFORMED && describe("", &p) == RC_MALFORMED);
}

static enum rc check_id(const char *claims, const struct oidc_expect *e, struct oidc_who *ret)
{
	auto_json json_t *j = NULL;
	CHECK(json_read(claims, strlen(claims), &j, NULL) == RC_OK);
	return oidc_check_id_token(j, e, &arena, ret, NULL);
}

static void id_tokens(void)
{
	struct oidc_expect e = { .nonce = "n", .now_s = 1000, .skew_s = 60 };
	struct oidc_who who;

	CHECK(check_id("{\"nonce\":\"n\",\"sub\":\"s\",\"sid\":\"x\",\"amr\":[\"pwd\",\"mfa\"]}", &e, &who) ==
		RC_OK);
	CHECK_STR(who.subject, "s");
	CHECK_STR(who.session, "x");
	CHECK(who.second_factor);
	CHECK(check_id("{\"nonce\":\"n\",\"sub\":\"s\",\"amr\":[\"pwd\"]}", &e, &who) == RC_OK &&
		!who.second_factor);
	CHECK(check_id("{\"sub\":\"s\"}", &e, &who) == RC_DENIED);
	CHECK(check_id("{\"nonce\":\"nn\",\"sub\":\"s\"}", &e, &who) == RC_DENIED);
	CHECK(check_id("{\"nonce\":\"n\"}", &e, &who) == RC_DENIED);
	/* The example of OpenID Connect Core, appendix A.3, for the access token of the same place. */
	e.access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
	CHECK(check_id("{\"nonce\":\"n\",\"sub\":\"s\",\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\"}", &e, &who) ==
		RC_OK);
	CHECK(check_id("{\"nonce\":\"n\",\"sub\":\"s\",\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RA\"}", &e, &who) ==
		RC_DENIED);
	e.sha512 = true;
	CHECK(check_id("{\"nonce\":\"n\",\"sub\":\"s\",\"at_hash\":\"77QmUPtjPfzWtF2AnpK9RQ\"}", &e, &who) ==
		RC_DENIED);
	e = (struct oidc_expect){ .nonce = "n", .now_s = 1000, .skew_s = 60, .max_age_s = 100 };
	CHECK(check_id("{\"nonce\":\"n\",\"sub\":\"s\"}", &e, &who) == RC_DENIED);
	CHECK(check_id("{\"nonce\":\"n\",\"sub\":\"s\",\"auth_time\":840}", &e, &who) == RC_OK);
	CHECK(check_id("{\"nonce\":\"n\",\"sub\":\"s\",\"auth_time\":839}", &e, &who) == RC_DENIED);
	CHECK(check_id("{\"nonce\":\"n\",\"sub\":\"s\",\"auth_time\":-9223372036854775808}", &e, &who) ==
		RC_DENIED);
}

static enum rc check_logout(const char *claims, struct oidc_logout *ret)
{
	auto_json json_t *j = NULL;
	CHECK(json_read(claims, strlen(claims), &j, NULL) == RC_OK);
	return oidc_check_logout(j, &arena, ret, NULL);
}

#define EVENT "\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":{}}"

static void logout_tokens(void)
{
	struct oidc_logout l;

	CHECK(check_logout("{" EVENT ",\"sub\":\"s\"}", &l) == RC_OK && !l.session);
	CHECK(check_logout("{" EVENT ",\"sid\":\"x\"}", &l) == RC_OK && !l.subject);
	CHECK(check_logout("{" EVENT "}", &l) == RC_DENIED);
	CHECK(check_logout("{" EVENT ",\"sub\":7,\"sid\":\"x\"}", &l) == RC_DENIED);
	CHECK(check_logout("{" EVENT ",\"sub\":\"s\",\"nonce\":null}", &l) == RC_DENIED);
	CHECK(check_logout("{\"events\":[\"http://schemas.openid.net/event/backchannel-logout\"],\"sub\":\"s\"}",
		      &l) == RC_DENIED);
	CHECK(check_logout("{\"sub\":\"s\"}", &l) == RC_DENIED);
}

int main(void)
{
	addresses();
	paths();
	challenge_is_the_rfcs();
	request_is_escaped();
	descriptions();
	id_tokens();
	logout_tokens();
	arena_done(&arena);
	return 0;
}
