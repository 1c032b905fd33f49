#include "agent/shop_login.h"

#include "base/log.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/http_call.h"
#include "io/lock.h"
#include "wire/shop_code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PATH_MAX_N 4400
#define URL_MAX_N  ((size_t)SHOP_TOKEN_MAX * 4)

struct shop_login {
	struct shop_login_conf conf; /* its three secrets are `client_secret` and `seed` */
	struct hush client_secret, seed;
	char seed_sum[65];
	struct lock lock; /* guards what follows, but for the one that is `busy` */
	pthread_cond_t turn;
	bool busy;
	bool opened;  /* what was kept is read */
	bool unsaved; /* `kept` is not on the disk: nothing of it is used */
	bool held;    /* that it holds was told, and nothing else since */
	struct shop_token_kept kept;
	/* Why it was not renewed, and until when that is not tried again. */
	enum rc rc;
	struct fault why;
	uint64_t rest_until_ms;
};

enum rc shop_login_new(const struct shop_login_conf *conf, struct shop_login **ret, struct fault *f)
{
	auto_of(shop_login) struct shop_login *l = calloc(1, sizeof(*l));
	pthread_condattr_t attr;

	if (!l)
		return RC_NOMEM;
	lock_init(&l->lock);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->turn, &attr);
	pthread_condattr_destroy(&attr);
	l->conf = *conf;
	if (!conf->client_id || !conf->client_secret->n)
		return fault_set(f, RC_INVALID,
			"a login at %s is a client's: set agent.%s_client_id and agent.%s_client_secret",
			conf->name, conf->name, conf->name);
	enum rc rc = hush_set(&l->client_secret, conf->client_secret->p, conf->client_secret->n);
	if (rc == RC_OK && conf->refresh->n)
		rc = hush_set(&l->seed, conf->refresh->p, conf->refresh->n);
	if (rc == RC_OK && conf->access->n)
		rc = hush_set(&l->kept.token.access, conf->access->p, conf->access->n);
	if (rc != RC_OK)
		return rc;
	shop_token_seed(&l->seed, l->seed_sum);
	l->conf.client_secret = &l->client_secret;
	l->conf.refresh = l->conf.access = NULL;
	*ret = take(l);
	return RC_OK;
}

void shop_login_free(struct shop_login *l)
{
	if (!l)
		return;
	shop_token_done(&l->kept.token);
	hush_done(&l->client_secret);
	hush_done(&l->seed);
	pthread_cond_destroy(&l->turn);
	lock_done(&l->lock);
	free(l);
}

/* ---- what is kept; by the one that is busy ---- */

static void path_of(const struct shop_login *l, char ret[static PATH_MAX_N])
{
	snprintf(ret, PATH_MAX_N, "%s/%s.login", l->conf.dir, l->conf.name);
}

/* What was kept of another refresh token than the configured is over. One that cannot be read is told, and lost. */
static void open_kept(struct shop_login *l)
{
	const struct shop_token_seal seal = { l->conf.secret, l->conf.name };
	struct shop_token_kept kept = { 0 };
	struct buf b = { 0 };
	struct fault f = { 0 };
	char path[PATH_MAX_N];

	path_of(l, path);
	enum rc rc = file_read(path, SHOP_TOKEN_ANSWER, &b, &f);
	if (rc == RC_OK)
		rc = shop_token_kept_read(b.p, b.n, &seal, &kept, &f);
	buf_done(&b);
	if (rc == RC_OK && !strcmp(kept.seed, l->seed_sum)) {
		shop_token_done(&l->kept.token);
		l->kept = kept;
		return;
	}
	shop_token_done(&kept.token);
	if (rc != RC_OK && rc != RC_MISSING)
		log_error(l->conf.log, "what was kept of a login is not used store=%s: %s", l->conf.name, f.text);
	/* Nobody knows how long a token of the configuration holds: until it is refused. */
	if (l->kept.token.access.n)
		l->kept.until_ms = INT64_MAX;
}

static enum rc save(struct shop_login *l, struct fault *f)
{
	const struct shop_token_seal seal = { l->conf.secret, l->conf.name };
	uint8_t nonce[SHOP_TOKEN_NONCE];
	struct buf b = { 0 };
	char path[PATH_MAX_N];

	path_of(l, path);
	clock_random(nonce, sizeof(nonce));
	enum rc rc = shop_token_keep(&l->kept, &seal, nonce, &b);
	if (rc == RC_OK)
		rc = file_mkdirs(l->conf.dir, 0700, f);
	if (rc == RC_OK)
		rc = file_write(path, b.p, b.n, 0600, f);
	buf_done(&b);
	l->unsaved = rc != RC_OK;
	return rc;
}

/* ---- asking; by the one that is busy ---- */

/* What the one that asks may have, and what becomes of it. */
struct asking {
	enum shop_token_grant grant;
	const struct hush *value;
	uint32_t ms;
	bool lost; /* the request went out, and nobody knows what the store did with it */
};

static const char *reason(const struct asking *q, enum shop_code_no no)
{
	switch (no) {
	case SHOP_CODE_CLIENT:
		return "it does not accept the agent's client, or this is another client's: look at the settings "
		       "of "
		       "client and secret, then log in on the challenge's page";
	case SHOP_CODE_PERSON:
		return "it wants something of the person first, such as to agree to new terms: open the "
		       "challenge's "
		       "page, do what it says, and bring the code";
	case SHOP_CODE_GRANT:
	case SHOP_CODE_UNKNOWN:
		break;
	}
	return q->grant == SHOP_TOKEN_CODE ? "it does not accept the code: it was used before, is over or is not "
					     "whole; open the challenge's page again and bring the new one"
					   : "it does not accept the agent's refresh token: log in on the "
					     "challenge's page, or configure a new token";
}

static enum rc judge(const struct shop_login *l, struct asking *q, const struct http_answer *a, struct fault *f)
{
	if (a->status >= 200 && a->status < 300)
		return RC_OK;
	if (a->status == 400 || a->status == 401 || a->status == 403)
		return fault_set(f, RC_DENIED, "%s answers %d: %s", l->conf.name, a->status,
			reason(q, shop_code_why(a->body.p, a->body.n)));
	q->lost = a->status >= 500;
	return fault_set(f, RC_AWAY, "%s answers %d to the login", l->conf.name, a->status);
}

static enum rc call(const struct shop_login *l, struct shop_token_request *q, struct asking *ask,
	struct shop_token *ret, struct fault *f)
{
	struct http_call_header headers[] = { { "Accept", "application/json" },
		{ "Content-Type", "application/x-www-form-urlencoded" },
		{ "Authorization", buf_text(&q->authorization) }, { 0 } };
	struct http_answer a = { 0 };
	struct buf url = { .wipes = true };

	if (!q->authorization.n)
		headers[2] = (struct http_call_header){ 0 };
	buf_fmt(&url, "%s%s", l->conf.url, q->query.n ? "?" : "");
	buf_put(&url, q->query.p, q->query.n);
	const struct http_ask how = { .method = q->body.n ? "POST" : "GET",
		.url = buf_text(&url),
		.headers = headers,
		.body = q->body.n ? q->body.p : NULL,
		.body_n = q->body.n,
		.body_max = SHOP_TOKEN_ANSWER,
		.deadline_ms = ask->ms,
		.tls_ca = l->conf.ca_file,
		.http_proxy = l->conf.http_proxy,
		.ret_sent = &ask->lost };
	enum rc rc = url.bad || url.n > URL_MAX_N ? RC_NOMEM : http_call(&how, &a, f);
	if (rc == RC_OK) {
		ask->lost = false;
		rc = judge(l, ask, &a, f);
	}
	if (rc == RC_OK) {
		rc = shop_token_read(a.body.p, a.body.n, ret, f);
		ask->lost = rc != RC_OK;
	}
	if (a.body.n)
		hush_wipe(a.body.p, a.body.n);
	http_answer_done(&a);
	buf_done(&url);
	return rc;
}

static enum rc request(struct shop_login *l, struct asking *ask, struct shop_token *ret, struct fault *f)
{
	const struct shop_token_client client = { l->conf.client_id, &l->client_secret, l->conf.redirect };
	struct shop_token_request q = { 0 };
	enum rc rc = shop_token_write(l->conf.form, &client, ask->grant, ask->value, &q);

	if (rc == RC_OK)
		rc = call(l, &q, ask, ret, f);
	shop_token_request_done(&q);
	return rc;
}

/* The new tokens are on the disk before anybody gets them. */
static enum rc take_over(struct shop_login *l, struct shop_token *got, struct fault *f)
{
	shop_token_done(&l->kept.token);
	l->kept.token = *got;
	*got = (struct shop_token){ 0 };
	l->kept.until_ms = clock_wall_ms() + l->kept.token.lasts_s * 1000;
	memcpy(l->kept.seed, l->seed_sum, sizeof(l->kept.seed));
	return save(l, f);
}

static const struct hush *refresh_of(const struct shop_login *l)
{
	return l->kept.token.refresh.n ? &l->kept.token.refresh : &l->seed;
}

/* An answer without a refresh token leaves the old one as it is. */
static enum rc renew_by(struct shop_login *l, const struct hush *refresh, uint32_t ms, struct fault *f)
{
	struct asking ask = { SHOP_TOKEN_REFRESH, refresh, ms, false };
	struct shop_token got = { 0 };
	enum rc rc = request(l, &ask, &got, f);

	if (rc == RC_OK && !got.refresh.n)
		rc = hush_set(&got.refresh, refresh->p, refresh->n);
	if (rc == RC_OK)
		rc = take_over(l, &got, f);
	shop_token_done(&got);
	return rc;
}

static enum rc renew(struct shop_login *l, uint32_t ms, struct fault *f)
{
	const struct hush *refresh = refresh_of(l);

	if (l->unsaved)
		return save(l, f);
	if (!refresh->n)
		return fault_set(
			f, RC_DENIED, "nobody has logged the agent in at %s: answer its challenge", l->conf.name);
	enum rc rc = renew_by(l, refresh, ms, f);
	if (rc == RC_OK)
		log_info(l->conf.log, "login renewed store=%s seconds=%lld", l->conf.name,
			(long long)l->kept.token.lasts_s);
	else
		log_warn(l->conf.log, "login not renewed store=%s: %s", l->conf.name, f->text);
	return rc;
}

static enum rc redeem(struct shop_login *l, struct asking *ask, struct fault *f)
{
	struct shop_token got = { 0 };
	enum rc rc = request(l, ask, &got, f);

	if (rc == RC_OK)
		rc = take_over(l, &got, f);
	shop_token_done(&got);
	if (rc == RC_OK)
		log_info(l->conf.log, "logged in by a code store=%s seconds=%lld", l->conf.name,
			(long long)l->kept.token.lasts_s);
	else
		log_warn(l->conf.log, "not logged in by a code store=%s: %s", l->conf.name, f->text);
	return rc;
}

/* ---- telling; by the one that is busy ---- */

static void tell(struct shop_login *l, enum shop_login_state state, const char *why)
{
	if (!l->conf.tell || (l->held && state == SHOP_LOGIN_HELD))
		return;
	l->held = state == SHOP_LOGIN_HELD;
	l->conf.tell(l->conf.ctx, l->conf.name, (int)state, why);
}

/* ---- turns ---- */

/* The lock is held. False: the time is over. */
static bool await_turn(struct shop_login *l, uint64_t deadline_ms)
{
	const struct timespec until = { (time_t)(deadline_ms / 1000), (long)(deadline_ms % 1000) * 1000000 };

	while (l->busy)
		if (pthread_cond_timedwait(&l->turn, &l->lock.mutex, &until) != 0 && l->busy)
			return false;
	return true;
}

static bool holds(const struct shop_login *l, const struct hush *refused)
{
	const struct hush *is = &l->kept.token.access;
	bool same = refused && refused->n == is->n && hush_same(is, refused->p, refused->n);

	return l->opened && !l->unsaved && is->n && !same &&
	       clock_wall_ms() < l->kept.until_ms - SHOP_LOGIN_SPARE_MS;
}

/* With the lock, which it gives up: the caller is the one that is busy. */
static void begin_work(struct shop_login *l)
{
	l->busy = true;
	lock_leave(&l->lock);
	if (!l->opened)
		open_kept(l);
	l->opened = true;
}

/* Takes the lock again. */
static void end_work(struct shop_login *l, enum rc rc, const struct fault *why)
{
	uint32_t rest = rc == RC_DENIED ? (l->conf.refused_ms ? l->conf.refused_ms : SHOP_LOGIN_REFUSED_MS)
					: (l->conf.away_ms ? l->conf.away_ms : SHOP_LOGIN_AWAY_MS);

	lock_enter(&l->lock);
	l->busy = false;
	l->rc = rc;
	l->why = *why;
	l->rest_until_ms = rc == RC_OK ? 0 : clock_mono_ms() + rest;
	pthread_cond_broadcast(&l->turn);
}

static uint32_t call_ms(uint64_t deadline_ms)
{
	uint64_t now = clock_mono_ms(), left = deadline_ms > now ? deadline_ms - now : 1;
	return left < SHOP_LOGIN_CALL_MS ? (uint32_t)left : SHOP_LOGIN_CALL_MS;
}

/* With the lock, which it gives up for as long as it takes. */
static void work(struct shop_login *l, const struct hush *refused, uint64_t deadline_ms)
{
	struct fault f = { 0 };
	enum rc rc = RC_OK;

	begin_work(l);
	if (!holds(l, refused))
		rc = renew(l, call_ms(deadline_ms), &f);
	if (rc == RC_DENIED)
		tell(l, SHOP_LOGIN_WANTED, f.text);
	else if (rc == RC_OK && holds(l, refused))
		tell(l, SHOP_LOGIN_HELD, NULL);
	end_work(l, rc, &f);
}

static enum rc too_long(const struct shop_login *l, struct fault *f)
{
	return fault_set(f, RC_TIMEOUT, "the login at %s is being renewed for too long", l->conf.name);
}

enum rc shop_login_token(
	struct shop_login *l, const struct hush *refused, uint64_t deadline_ms, struct hush *ret, struct fault *f)
{
	enum rc rc = RC_OK;

	lock_enter(&l->lock);
	if (!await_turn(l, deadline_ms) || clock_mono_ms() >= deadline_ms)
		rc = too_long(l, f);
	else if (!holds(l, refused) && clock_mono_ms() >= l->rest_until_ms)
		work(l, refused, deadline_ms);
	if (rc == RC_OK && !holds(l, refused)) {
		rc = l->rc == RC_OK ? RC_DENIED : l->rc;
		rc = fault_set(f, rc, "%s",
			*l->why.text ? l->why.text : "the store refuses a token that it has just given");
	}
	if (rc == RC_OK)
		rc = hush_set(ret, l->kept.token.access.p, l->kept.token.access.n);
	lock_leave(&l->lock);
	return rc;
}

enum rc shop_login_redeem(
	struct shop_login *l, const struct hush *code, uint64_t deadline_ms, bool *ret_lost, struct fault *f)
{
	struct asking ask = { SHOP_TOKEN_CODE, code, 0, false };
	struct fault why = { 0 };

	*ret_lost = false;
	lock_enter(&l->lock);
	if (!await_turn(l, deadline_ms) || clock_mono_ms() >= deadline_ms) {
		lock_leave(&l->lock);
		return too_long(l, f);
	}
	const struct fault was_why = l->why;
	const enum rc was = l->rc;
	const uint64_t rest = l->rest_until_ms;
	begin_work(l);
	ask.ms = call_ms(deadline_ms);
	enum rc rc = redeem(l, &ask, &why);
	if (rc == RC_OK)
		tell(l, SHOP_LOGIN_HELD, NULL);
	end_work(l, rc, &why);
	if (rc != RC_OK && !l->unsaved) { /* of the login that there was, nothing has changed */
		l->rc = was;
		l->why = was_why;
		l->rest_until_ms = rest;
	}
	lock_leave(&l->lock);
	*ret_lost = ask.lost;
	return rc == RC_OK ? RC_OK : fault_set(f, rc, "%s", why.text);
}

void shop_login_look(struct shop_login *l)
{
	lock_enter(&l->lock);
	if (l->busy) { /* who is, will tell */
		lock_leave(&l->lock);
		return;
	}
	const struct fault why = l->why;
	const enum rc rc = l->rc;
	const uint64_t rest = l->rest_until_ms;
	begin_work(l);
	l->held = false; /* whoever asks has forgotten */
	if (holds(l, NULL))
		tell(l, SHOP_LOGIN_HELD, NULL);
	else if (!l->unsaved && !refresh_of(l)->n)
		tell(l, SHOP_LOGIN_WANTED, "nobody has logged the agent in");
	end_work(l, rc, &why);
	l->rest_until_ms = rest;
	lock_leave(&l->lock);
}

bool shop_login_renews(struct shop_login *l)
{
	lock_enter(&l->lock);
	bool renews = refresh_of(l)->n > 0;
	lock_leave(&l->lock);
	return renews;
}
