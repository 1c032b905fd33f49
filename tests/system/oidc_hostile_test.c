/*
 * Single sign-on under attack: a provider that lies, browsers that bring what is not theirs, logout tokens that nobody should
 * believe, and answers without end. Each attack differs in one thing from a log-on that works.
 */
#include "tests/system/oidc_rig.h"

#include <stdio.h>

static struct oidc_rig op; /* the liar */

static void next(const char *how) { json_decref(oidc_rig_ask(&op, "/test/next", how)); }

static int64_t asked(const char *path)
{
	json_t *j = oidc_rig_ask(&op, "/test/counts", NULL);
	int64_t n = json_integer_value(json_object_get(json_object_get(j, "counts"), path));
	json_decref(j);
	return n;
}

/* Is there a session, whatever the answer says? */
static void check_outside(struct rig *r, struct browser *b, const char *why)
{
	if (b->status == 303 || browser_cookie(b, r->url, "__Host-footplate")) {
		fprintf(stderr, "let in: %s: %d\n", why, b->status);
		exit(1);
	}
}

static void log_on_works(struct rig *r, const char *how)
{
	struct browser b = { 0 };

	next(how);
	if (!oidc_rig_log_on(&op, &b, "hostile", "", NULL) || !browser_cookie(&b, r->url, "__Host-footplate")) {
		fprintf(stderr, "not let in: %s: %d %s\n", how, b.status, b.text);
		exit(1);
	}
	browser_done(&b);
}

static void refused(struct rig *r, const char *name, const char *how)
{
	struct browser b = { 0 };

	next(how);
	oidc_rig_log_on(&op, &b, name, "", NULL);
	check_outside(r, &b, how);
	if (b.status != 502 || !strstr(b.text, "was not accepted") || strncmp(b.type, "text/html", 9) != 0) {
		fprintf(stderr, "%s: %d %s\n", how, b.status, b.text);
		exit(1);
	}
	browser_done(&b);
}

/* --- ID tokens */

static const char *const lies[] = {
	"{\"sign\":\"none\",\"header\":{\"alg\":\"none\"}}",
	"{\"sign\":\"none\",\"header\":{\"alg\":\"None\"}}",
	"{\"sign\":\"none\"}",
	"{\"sign\":\"secret\",\"header\":{\"alg\":\"HS256\"}}",
	"{\"sign\":\"public\",\"header\":{\"alg\":\"HS256\"}}",
	"{\"sign\":\"other\"}",
	"{\"header\":{\"alg\":\"RS256\"}}",
	"{\"header\":{\"crit\":[\"x\"],\"x\":1}}",
	"{\"header\":{\"typ\":\"logout+jwt\"}}",
	"{\"header\":{\"typ\":\"at+jwt\"}}",
	"{\"claims\":{\"iss\":\"https://other.test\"}}",
	"{\"claims\":{\"iss\":null}}",
	"{\"claims\":{\"aud\":\"another-client\"}}",
	"{\"claims\":{\"aud\":[]}}",
	"{\"claims\":{\"aud\":null}}",
	"{\"claims\":{\"aud\":[\"ctl-hostile\",\"another-client\"]}}",
	"{\"claims\":{\"aud\":[\"ctl-hostile\",\"another-client\"],\"azp\":\"another-client\"}}",
	"{\"claims\":{\"azp\":\"another-client\"}}",
	"{\"claims\":{\"exp\":1000}}",
	"{\"claims\":{\"exp\":null}}",
	"{\"claims\":{\"exp\":\"soon\"}}",
	"{\"claims\":{\"iat\":1000}}",
	"{\"claims\":{\"iat\":99999999999}}",
	"{\"claims\":{\"nbf\":99999999999}}",
	"{\"claims\":{\"nonce\":\"another\"}}",
	"{\"claims\":{\"nonce\":null}}",
	"{\"claims\":{\"nonce\":\"\"}}",
	"{\"claims\":{\"nonce\":[\"x\"]}}",
	"{\"claims\":{\"at_hash\":\"AAAAAAAAAAAAAAAAAAAAAA\"}}",
	"{\"claims\":{\"at_hash\":7}}",
	"{\"claims\":{\"sub\":null}}",
	"{\"claims\":{\"sub\":\"\"}}",
	"{\"claims\":{\"sub\":7}}",
	"{\"claims\":{\"sub\":\"a\\u0000b\"}}",
	"{\"claims\":{\"sub\":\"a\\nb\"}}",
};

static void lies_are_refused(struct rig *r)
{
	log_on_works(r, "{}");
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++)
		refused(r, "hostile", lies[i]);
	log_on_works(r, "{\"claims\":{\"aud\":[\"ctl-hostile\",\"another-client\"],\"azp\":\"ctl-hostile\"}}");
	log_on_works(r, "{\"claims\":{\"at_hash\":null}}");
	/* The person of another token is not believed for this one. */
	log_on_works(r, "{\"claims\":{\"groups\":[]}}");
	refused(r, "talks", "{\"claims\":{\"aud\":\"ctl-talks\"},\"userinfo\":{\"sub\":\"somebody-else\"}}");
}

/* --- answers */

static void bad_answers_are_refused(struct rig *r)
{
	static const char *const modes[] = { "large", "deep", "text", "error" };
	char how[256];

	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		snprintf(how, sizeof(how), "{\"at\":\"token\",\"mode\":\"%s\"}", modes[i]);
		refused(r, "hostile", how);
	}
	snprintf(how, sizeof(how), "{\"at\":\"token\",\"mode\":\"redirect\",\"to\":\"%s/stolen\"}", op.issuer);
	refused(r, "hostile", how);
	CHECK(asked("/stolen") == 0);
	refused(r, "talks", "{\"claims\":{\"aud\":\"ctl-talks\"},\"at\":\"userinfo\",\"mode\":\"large\"}");
}

/* The description is what all else hangs on: one that names another issuer, or leads to where we alone can go, is none. */
static void bad_descriptions_are_refused(struct rig *r)
{
	static const char *const of[] = {
		"{\"description\":{\"issuer\":\"https://other.test\"}}",
		"{\"description\":{\"issuer\":null}}",
		"{\"description\":{\"token_endpoint\":\"http://10.0.0.1/token\"}}",
		"{\"description\":{\"token_endpoint\":\"file:///etc/passwd\"}}",
		"{\"description\":{\"token_endpoint\":\"https://user@op.test/token\"}}",
		"{\"description\":{\"authorization_endpoint\":\"javascript:alert(1)\"}}",
		"{\"description\":{\"jwks_uri\":null}}",
		"{\"at\":\"description\",\"mode\":\"large\"}",
		"{\"at\":\"description\",\"mode\":\"deep\"}",
		"{\"at\":\"description\",\"mode\":\"redirect\",\"to\":\"/jwks\"}",
	};
	struct browser b = { 0 };
	char name[16];

	for (size_t i = 0; i < sizeof(of) / sizeof(*of); i++) {
		snprintf(name, sizeof(name), "d%zu", i);
		oidc_rig_provider(&op, name, "x", "", "");
		next(of[i]);
		oidc_rig_go(&op, &b, name, "", NULL);
		check_outside(r, &b, of[i]);
		CHECK(b.status == 502);
	}
	/* Another host than the issuer's must be public; what answers there is not even asked. */
	int64_t before = asked("/token");
	char how[256];
	snprintf(how, sizeof(how), "{\"description\":{\"token_endpoint\":\"http://localhost:%s/token\"}}",
		strrchr(op.issuer, ':') + 1);
	oidc_rig_provider(&op, "inside", "x", "", "\"createUsers\":true");
	refused(r, "inside", how);
	CHECK(asked("/token") == before);
	browser_done(&b);
}

/* --- whose log-on it is */

static void a_state_is_one_browsers_and_used_once(struct rig *r)
{
	struct browser mine = { 0 }, copy, other = { 0 };
	char back[BROWSER_URL], forged[BROWSER_URL + 8];

	next("{}");
	oidc_rig_go(&op, &mine, "hostile", "", NULL);
	CHECK(*mine.location);
	memcpy(back, mine.location, sizeof(back));
	copy = mine;
	copy.text = NULL;
	int64_t before = asked("/token");

	browser_go(&other, back, NULL); /* sent to somebody else's browser */
	check_outside(r, &other, "another browser's state");
	CHECK(other.status == 403);
	oidc_rig_go(&op, &other, "hostile", "", NULL); /* which has begun one of its own */
	browser_go(&other, back, NULL);
	check_outside(r, &other, "another browser's state beside its own");
	CHECK(other.status == 403);
	snprintf(forged, sizeof(forged), "%sx", back);
	browser_go(&copy, forged, NULL);
	check_outside(r, &copy, "an altered state");
	CHECK(asked("/token") == before); /* no code was shown to anybody */

	browser_go(&mine, back, NULL);
	CHECK(mine.status == 303);
	CHECK(asked("/token") == before + 1);
	browser_go(&copy, back, NULL); /* with the cookie that was stolen before */
	check_outside(r, &copy, "a state that was used");
	CHECK(copy.status == 403 && asked("/token") == before + 1);
	browser_done(&mine);
	browser_done(&copy);
	browser_done(&other);
}

/* The attacker's code in the victim's log-on, which would then be the attacker's account. */
static void a_code_is_one_log_ons(struct rig *r)
{
	struct browser attacker = { 0 }, victim = { 0 };
	char code[64], url[1024];

	next("{}");
	oidc_rig_go(&op, &attacker, "hostile", "", NULL);
	snprintf(code, sizeof(code), "%s", browser_parameter(attacker.location, "code"));
	oidc_rig_go(&op, &victim, "hostile", "", NULL);
	snprintf(url, sizeof(url), "%s/v1/auth/oidc/hostile/callback?code=%s&state=%s", r->url, code,
		browser_parameter(victim.location, "state"));
	browser_go(&victim, url, NULL);
	check_outside(r, &victim, "another log-on's code");
	CHECK(victim.status == 502);
	browser_done(&attacker);
	browser_done(&victim);
}

/* Two providers are mixed up: what was begun with one comes back as the other's. */
static void providers_are_not_mixed_up(struct rig *r)
{
	struct browser b = { 0 };
	char url[1024];
	int64_t before = asked("/token");

	next("{}");
	oidc_rig_go(&op, &b, "hostile", "", NULL);
	snprintf(url, sizeof(url), "%s/v1/auth/oidc/talks/callback?code=%s&state=%s", r->url,
		browser_parameter(b.location, "code"), browser_parameter(b.location, "state"));
	browser_go(&b, url, NULL);
	check_outside(r, &b, "another provider's callback");
	CHECK(b.status == 403);
	refused(r, "hostile", "{\"iss\":\"https://honest.test\"}");
	next("{\"description\":{\"authorization_response_iss_parameter_supported\":true}}");
	oidc_rig_provider(&op, "strict", "x", "", "\"createUsers\":true");
	browser_forget(&b, "__Host-footplate-sso");
	oidc_rig_go(&op, &b, "strict", "", NULL); /* from now on its description is known */
	refused(r, "strict", "{\"iss\":null}");
	CHECK(asked("/token") == before);
	browser_done(&b);
}

static void nobody_is_sent_elsewhere(struct rig *r)
{
	static const char *const to[] = { "https://evil.test", "//evil.test", "/%5Cevil.test", "/%09/evil.test",
		"javascript:alert(1)", "/a%0d%0aSet-Cookie:x=y", "", "evil.test", "/%00", "/%C3%A4" };
	struct browser b = { 0 };

	next("{}");
	for (size_t i = 0; i < sizeof(to) / sizeof(*to); i++) {
		oidc_rig_go(&op, &b, "hostile", "", to[i]);
		check_outside(r, &b, to[i]);
		CHECK(!*b.location && b.status >= 400 && b.status < 500 && !strstr(b.text, "evil"));
	}
	CHECK(oidc_rig_log_on(&op, &b, "hostile", "", "/jobs%3Fa=b"));
	browser_done(&b);
}

static void nothing_is_shown_back(struct rig *r)
{
	struct browser b = { 0 };
	char url[1024];

	next("{}");
	oidc_rig_go(&op, &b, "hostile", "", NULL);
	snprintf(url, sizeof(url),
		"%s/v1/auth/oidc/hostile/callback?error=%%3Cscript%%3Ecanary&error_description=canary&state=%s",
		r->url, browser_parameter(b.location, "state"));
	browser_go(&b, url, NULL);
	CHECK(b.status == 502 && !strstr(b.text, "canary") && !strstr(b.text, "script"));
	browser_done(&b);
}

/* --- logout tokens */

static int logout(struct rig *r, const char *token)
{
	struct browser b = { .plain = true };
	char form[16384], url[256];

	snprintf(form, sizeof(form), "logout_token=%s", token);
	snprintf(url, sizeof(url), "%s/v1/auth/oidc/hostile/backchannel-logout", r->url);
	browser_go(&b, url, form);
	int status = b.status;
	browser_done(&b);
	return status;
}

static char *token_of(const char *how)
{
	json_t *j = oidc_rig_ask(&op, "/test/token", how);
	char *token = strdup(json_str(j, "token"));
	json_decref(j);
	return token;
}

static void logout_tokens_are_checked(struct rig *r)
{
	static const char *const forged[] = {
		"{\"claims\":{\"nonce\":\"n\"}}",
		"{\"claims\":{\"iss\":\"https://other.test\"}}",
		"{\"claims\":{\"aud\":\"another-client\"}}",
		"{\"claims\":{\"events\":null}}",
		"{\"claims\":{\"events\":{}}}",
		"{\"claims\":{\"events\":{\"http://schemas.openid.net/event/backchannel-logout\":7}}}",
		"{\"claims\":{\"jti\":null}}",
		"{\"claims\":{\"iat\":null}}",
		"{\"claims\":{\"iat\":1000}}",
		"{\"claims\":{\"exp\":1000}}",
		"{\"claims\":{\"sub\":null}}",
		"{\"claims\":{\"sub\":7}}",
		"{\"sign\":\"none\",\"header\":{\"alg\":\"none\"}}",
		"{\"sign\":\"secret\",\"header\":{\"alg\":\"HS256\"}}",
		"{\"sign\":\"other\"}",
		"{\"header\":{\"typ\":\"at+jwt\"}}",
	};
	struct browser b = { 0 };

	next("{}");
	CHECK(oidc_rig_log_on(&op, &b, "hostile", "", NULL));
	for (size_t i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
		char *token = token_of(forged[i]);
		int status = logout(r, token);
		if (status != 400) {
			fprintf(stderr, "%s: %d\n", forged[i], status);
			exit(1);
		}
		free(token);
	}
	CHECK(logout(r, "x") == 400 && logout(r, "a.b.c") == 400);
	CHECK(oidc_rig_me(&op, &b) == 200);
	char *token = token_of("{\"header\":{\"typ\":\"logout+jwt\"}}"),
	     *stranger = token_of("{\"claims\":{\"sub\":\"nobody\"}}");
	CHECK(logout(r, stranger) == 200);
	CHECK(oidc_rig_me(&op, &b) == 200);
	CHECK(logout(r, token) == 200);
	CHECK(oidc_rig_me(&op, &b) == 401);
	CHECK(oidc_rig_log_on(&op, &b, "hostile", "", NULL));
	CHECK(logout(r, token) == 400); /* once */
	CHECK(oidc_rig_me(&op, &b) == 200);
	free(token);
	free(stranger);
	browser_done(&b);
}

/* Tokens with keys that nobody knows, one after another: the provider is asked for its keys a few times, not each time. */
static void unknown_keys_do_not_flood_the_provider(struct rig *r)
{
	int64_t before = asked("/jwks");
	char how[128];

	for (int i = 0; i < 100; i++) {
		snprintf(how, sizeof(how), "{\"header\":{\"kid\":\"made-up-%d\"}}", i);
		char *token = token_of(how);
		int status = logout(r, token);
		CHECK(status == 400 || status == 503);
		free(token);
	}
	CHECK(asked("/jwks") - before <= 4);
}

/* --- time */

/* An answer that never ends is given up, and the next person is told at once, without asking. */
static void a_slow_provider_holds_nobody(struct rig *r)
{
	struct browser b = { 0 };

	oidc_rig_provider(&op, "slow", "x", "", "\"createUsers\":true");
	next("{\"at\":\"token\",\"mode\":\"drip\"}");
	oidc_rig_log_on(&op, &b, "slow", "", NULL);
	check_outside(r, &b, "no answer");
	CHECK(b.status == 503);
	int64_t before = asked("/token");
	oidc_rig_go(&op, &b, "slow", "", NULL);
	CHECK(b.status == 503 && asked("/token") == before);
	log_on_works(r, "{}"); /* others are not affected */
	browser_done(&b);
}

int main(void)
{
	struct rig r;

	rig_init(&r);
	rig_serve(&r, (const char *const[]){ "--no-agent", NULL });
	oidc_rig_start(&op, &r, "hostile.mjs");
	oidc_rig_provider(&op, "hostile", "canary-hostile", "", "\"createUsers\":true");
	oidc_rig_provider(&op, "talks", "canary-talks", ",\"userinfo\":true", "\"createUsers\":true");
	lies_are_refused(&r);
	bad_answers_are_refused(&r);
	bad_descriptions_are_refused(&r);
	a_state_is_one_browsers_and_used_once(&r);
	a_code_is_one_log_ons(&r);
	providers_are_not_mixed_up(&r);
	nobody_is_sent_elsewhere(&r);
	nothing_is_shown_back(&r);
	logout_tokens_are_checked(&r);
	unknown_keys_do_not_flood_the_provider(&r);
	a_slow_provider_holds_nobody(&r);
	rig_check_events(&r);
	rig_stop(&op.pid, 9);
	rig_done(&r);
	return 0;
}
