/* Logging in on the web with a refresh token. Source: steam-protocol facts 2.5. */
#include "sim/auth.h"
#include "sim/people.h"
#include "sim/web/pages.h"
#include "wire/steam/eresult.h"

#include <inttypes.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#define AUTH_MAX    41
#define COOKIE_LIFE "Path=/; Secure; HttpOnly; SameSite=None"
#define TOKEN_S     86400

static const char *const domains[] = { "store.steampowered.com", "help.steampowered.com", "steamcommunity.com",
	"checkout.steampowered.com", "steam.tv" };

/* What ties a token to the one site that it is handed to. */
static void transfer_auth(const char *token, const char *domain, char ret[static AUTH_MAX])
{
	struct buf text = { 0 };
	uint8_t sha[SHA_DIGEST_LENGTH];

	buf_fmt(&text, "%s for %s", token, domain);
	SHA1(text.p, text.n, sha);
	for (size_t i = 0; i < sizeof(sha); i++)
		snprintf(ret + 2 * i, 3, "%02x", sha[i]);
	buf_done(&text);
}

void login_finalize(struct ask *q, struct answer *a)
{
	struct person *p = auth_person(q->sim, ask_form(q, "nonce"), "renew");
	char auth[AUTH_MAX];

	answer_json(a, 200);
	if (!p || q->effect.eresult) {
		buf_fmt(&a->body, "{\"success\":false,\"error\":%d}",
			q->effect.eresult ? q->effect.eresult : ERESULT_INVALID_PARAM);
		return;
	}
	buf_fmt(&a->body,
		"{\"steamID\":\"%" PRIu64
		"\",\"redir\":\"https://steamcommunity.com/login/home/?goto=\",\"transfer_info\":[",
		p->steamid);
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		struct buf token = { 0 };
		auth_access_token(q->sim, p, "web", &token);
		transfer_auth(buf_text(&token), domains[i], auth);
		buf_fmt(&a->body,
			"%s{\"url\":\"https://%s/login/settoken\",\"params\":{\"nonce\":\"%s\",\"auth\":\"%s\"}}",
			i ? "," : "", domains[i], buf_text(&token), auth);
		buf_done(&token);
	}
	buf_str(&a->body, "],\"primary_domain\":\"steamcommunity.com\"}");
	answer_header(a, "set-cookie", "steamRefresh_steam=%" PRIu64 "%%7C%%7C%s; %s", p->steamid,
		ask_form(q, "nonce"), COOKIE_LIFE);
}

void login_set_token(struct ask *q, struct answer *a)
{
	const char *token = ask_form(q, "nonce");
	struct person *p = auth_person(q->sim, token, "web");
	char auth[AUTH_MAX];
	bool fits = false;
	uint64_t id = 0;

	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		transfer_auth(token, domains[i], auth);
		fits |= !strcmp(auth, ask_form(q, "auth")) && (q->direct || !strcmp(q->host, domains[i]));
	}
	answer_json(a, 200);
	if (!p || !fits || !ask_number(ask_form(q, "steamID"), &id) || id != p->steamid || q->effect.eresult) {
		buf_fmt(&a->body, "{\"result\":%d}", q->effect.eresult ? q->effect.eresult : ERESULT_INVALID_PARAM);
		return;
	}
	buf_fmt(&a->body, "{\"result\":1,\"rtExpiry\":%" PRId64 "}", q->now + TOKEN_S);
	answer_header(
		a, "set-cookie", "steamLoginSecure=%" PRIu64 "%%7C%%7C%s; %s", p->steamid, token, COOKIE_LIFE);
	answer_header(a, "set-cookie", "steamCountry=%s; Path=/; Secure; SameSite=None", p->country);
}

/* A machine that Steam knows needs no code from an e-mail; a browser knows it by a cookie. */
void login_check_device(struct ask *q, struct answer *a)
{
	char name[48];
	uint64_t client = 0;

	snprintf(name, sizeof(name), "steamMachineAuth%.20s", ask_form(q, "steamid"));
	bool good = !q->effect.eresult && ask_number(ask_form(q, "clientid"), &client) &&
		    auth_check_machine(q->sim, client, ask_cookie(q, name));
	answer_json(a, 200);
	buf_fmt(&a->body, "{\"result\":%d}",
		good                ? ERESULT_OK
		: q->effect.eresult ? q->effect.eresult
				    : ERESULT_EXPIRED);
}

void login_home(struct ask *q, struct answer *a)
{
	answer_html(a, 200);
	buf_fmt(&a->body,
		"<html><head><title>Sign In</title></head><body><script type=\"text/javascript\">\n\t\tg_steamID = "
		"%s;\n"
		"</script></body></html>",
		q->who ? "\"0\"" : "false");
}
