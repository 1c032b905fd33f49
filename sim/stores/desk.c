#include "sim/stores/desk.h"
#include "wire/base64.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum rc desk_line(struct desk *d, const struct goods_line *l, struct fault *f)
{
	if (!*l->token)
		return fault_set(f, RC_INVALID, "what is sold, or a token, must be named");
	*d = (struct desk){ .lasts_s = *l->lasts ? (unsigned)strtoul(l->lasts, NULL, 10) : 28800 };
	memcpy(d->token, l->token, sizeof(d->token));
	memcpy(d->first, l->token, sizeof(d->first));
	memcpy(d->refresh, l->refresh, sizeof(d->refresh));
	memcpy(d->first_refresh, l->refresh, sizeof(d->first_refresh));
	memcpy(d->client, l->client, sizeof(d->client));
	memcpy(d->secret, l->secret, sizeof(d->secret));
	snprintf(d->codes, sizeof(d->codes), ",%.120s,", l->codes);
	return RC_OK;
}

static void next(char *to, const char *first, unsigned n) { snprintf(to, GOODS_WORD, "%.100s-%u", first, n); }

static void give(struct desk *d, struct shop_answer *a)
{
	d->given++;
	next(d->token, d->first, d->given);
	next(d->refresh, d->first_refresh, d->given);
	buf_fmt(&a->body,
		"{\"access_token\":\"%s\",\"expires_in\":%u,\"token_type\":\"bearer\",\"refresh_token\":\"%s\","
		"\"account_id\":\"sim\",\"user_id\":\"1\"}",
		d->token, d->lasts_s, d->refresh);
}

static bool has_basic(const struct desk *d, const char *given)
{
	struct buf both = { 0 }, want = { 0 };

	buf_fmt(&both, "%s:%s", d->client, d->secret);
	buf_str(&want, "Basic ");
	base64_put(&want, both.p, both.n);
	bool right = !strcmp(buf_text(&want), given);
	buf_done(&both);
	buf_done(&want);
	return right;
}

/* The value of a parameter of a form, as it came; "" when there is none. */
static const char *value_of(const char *form, const char *name, char ret[static GOODS_WORD])
{
	size_t n = strlen(name);

	*ret = 0;
	for (const char *at = form; at && *at; at = strchr(at, '&')) {
		at += *at == '&';
		if (!strncmp(at, name, n) && at[n] == '=')
			snprintf(ret, GOODS_WORD, "%.*s", (int)strcspn(at + n + 1, "&"), at + n + 1);
	}
	return ret;
}

/* Is it a code that was not used? Then it is now. */
static bool use_code(struct desk *d, const char *form)
{
	char code[GOODS_WORD], both[GOODS_WORD + 2];

	snprintf(both, sizeof(both), ",%s,", value_of(form, "code", code));
	char *at = *code ? strstr(d->codes, both) : NULL;
	if (at)
		memset(at + 1, '!', strlen(code));
	return at != NULL;
}

static const char *no_epic(const char *form)
{
	char code[GOODS_WORD];

	if (shop_query(form, "grant_type", "refresh_token"))
		return "account.auth_token.invalid_refresh_token";
	value_of(form, "code", code);
	if (!strncmp(code, "other.", 6))
		return "account.oauth.authorization_code_not_for_your_client";
	return strncmp(code, "terms.", 6) ? "account.oauth.authorization_code_not_found"
					  : "oauth.corrective_action_required";
}

static bool is_good(struct desk *d, const char *form)
{
	if (shop_query(form, "grant_type", "authorization_code"))
		return use_code(d, form);
	return shop_query(form, "grant_type", "refresh_token") && shop_query(form, "refresh_token", d->refresh);
}

bool desk_epic(struct desk *d, const struct shop_ask *q, struct shop_answer *a)
{
	if (!*d->refresh || strcmp(q->path, "/account/api/oauth/token") != 0 || strcmp(q->method, "POST") != 0)
		return false;
	bool client = has_basic(d, q->authorization);
	if (client && shop_query(q->body, "token_type", "eg1") && is_good(d, q->body)) {
		give(d, a);
		return true;
	}
	a->status = client ? 400 : 401;
	buf_fmt(&a->body, "{\"errorCode\":\"errors.com.epicgames.%s\",\"error\":\"invalid_grant\"}",
		client ? no_epic(q->body) : "account.invalid_client_credentials");
	return true;
}

/* With a code goes the address that the page led to, the same as on the page. */
static bool is_led(const char *form)
{
	return !shop_query(form, "grant_type", "authorization_code") ||
	       shop_query(form, "redirect_uri", "https%3A%2F%2Fembed.gog.com%2Fon_login_success%3Forigin%3Dclient");
}

bool desk_gog(struct desk *d, const struct shop_ask *q, struct shop_answer *a)
{
	if (!*d->refresh || strcmp(q->path, "/token") != 0 || strcmp(q->method, "GET") != 0)
		return false;
	bool client =
		shop_query(q->query, "client_id", d->client) && shop_query(q->query, "client_secret", d->secret);
	if (client && is_led(q->query) && is_good(d, q->query)) {
		give(d, a);
		return true;
	}
	a->status = 400;
	buf_fmt(&a->body, "{\"error\":\"%s\",\"error_description\":\"It is not accepted\"}",
		client ? "invalid_grant" : "invalid_client");
	return true;
}
