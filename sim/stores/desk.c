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

bool desk_epic(struct desk *d, const struct shop_ask *q, struct shop_answer *a)
{
	if (!*d->refresh || strcmp(q->path, "/account/api/oauth/token") != 0 || strcmp(q->method, "POST") != 0)
		return false;
	bool client = has_basic(d, q->authorization);
	if (client && shop_query(q->body, "grant_type", "refresh_token") &&
		shop_query(q->body, "token_type", "eg1") && shop_query(q->body, "refresh_token", d->refresh)) {
		give(d, a);
		return true;
	}
	a->status = client ? 400 : 401;
	buf_fmt(&a->body, "{\"errorCode\":\"errors.com.epicgames.account.%s\",\"error\":\"invalid_grant\"}",
		client ? "auth_token.invalid_refresh_token" : "invalid_client_credentials");
	return true;
}

bool desk_gog(struct desk *d, const struct shop_ask *q, struct shop_answer *a)
{
	if (!*d->refresh || strcmp(q->path, "/token") != 0 || strcmp(q->method, "GET") != 0)
		return false;
	if (shop_query(q->query, "client_id", d->client) && shop_query(q->query, "client_secret", d->secret) &&
		shop_query(q->query, "grant_type", "refresh_token") &&
		shop_query(q->query, "refresh_token", d->refresh)) {
		give(d, a);
		return true;
	}
	a->status = 400;
	buf_str(&a->body, "{\"error\":\"invalid_grant\",\"error_description\":\"The refresh token is invalid\"}");
	return true;
}
