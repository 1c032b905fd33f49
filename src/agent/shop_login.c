#include "agent/shop_login.h"

#include "base/log.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/http_call.h"
#include "io/lock.h"

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
			"a login at %s is renewed for a client: set agent.%s_client_id and agent.%s_client_secret",
			conf->name, conf->name, conf->name);
	enum rc rc = hush_set(&l->client_secret, conf->client_secret->p, conf->client_secret->n);
	if (rc == RC_OK)
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

static enum rc judge(const struct shop_login *l, const struct http_answer *a, struct fault *f)
{
	if (a->status >= 200 && a->status < 300)
		return RC_OK;
	if (a->status == 400 || a->status == 401 || a->status == 403)
		return fault_set(f, RC_DENIED,
			"%s does not accept the agent's refresh token (%d): log in anew, and configure the new one",
			l->conf.name, a->status);
	return fault_set(f, RC_AWAY, "%s answers %d when the login is renewed", l->conf.name, a->status);
}

static enum rc call(
	struct shop_login *l, struct shop_token_request *q, uint32_t ms, struct shop_token *ret, struct fault *f)
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
		.deadline_ms = ms,
		.tls_ca = l->conf.ca_file,
		.http_proxy = l->conf.http_proxy };
	enum rc rc = url.bad || url.n > URL_MAX_N ? RC_NOMEM : http_call(&how, &a, f);
	if (rc == RC_OK)
		rc = judge(l, &a, f);
	if (rc == RC_OK)
		rc = shop_token_read(a.body.p, a.body.n, ret, f);
	if (a.body.n)
		hush_wipe(a.body.p, a.body.n);
	http_answer_done(&a);
	buf_done(&url);
	return rc;
}

/* The new tokens are on the disk before anybody gets them. An answer without a refresh token leaves the old one as it is. */
static enum rc take_over(struct shop_login *l, struct shop_token *got, struct fault *f)
{
	if (!got->refresh.n) {
		const struct hush *is = l->kept.token.refresh.n ? &l->kept.token.refresh : &l->seed;
		enum rc rc = hush_set(&got->refresh, is->p, is->n);
		if (rc != RC_OK)
			return rc;
	}
	shop_token_done(&l->kept.token);
	l->kept.token = *got;
	*got = (struct shop_token){ 0 };
	l->kept.until_ms = clock_wall_ms() + l->kept.token.lasts_s * 1000;
	memcpy(l->kept.seed, l->seed_sum, sizeof(l->kept.seed));
	return save(l, f);
}

static enum rc renew(struct shop_login *l, uint32_t ms, struct fault *f)
{
	const struct shop_token_client client = { l->conf.client_id, &l->client_secret };
	const struct hush *refresh = l->kept.token.refresh.n ? &l->kept.token.refresh : &l->seed;
	struct shop_token_request q = { 0 };
	struct shop_token got = { 0 };

	if (l->unsaved)
		return save(l, f);
	enum rc rc = shop_token_write(l->conf.form, &client, refresh, &q);
	if (rc == RC_OK)
		rc = call(l, &q, ms, &got, f);
	shop_token_request_done(&q);
	if (rc == RC_OK)
		rc = take_over(l, &got, f);
	shop_token_done(&got);
	if (rc == RC_OK)
		log_info(l->conf.log, "login renewed store=%s seconds=%lld", l->conf.name,
			(long long)l->kept.token.lasts_s);
	else
		log_warn(l->conf.log, "login not renewed store=%s: %s", l->conf.name, f->text);
	return rc;
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

/* With the lock, which it gives up for as long as it takes. */
static void work(struct shop_login *l, const struct hush *refused, uint64_t deadline_ms)
{
	uint64_t now = clock_mono_ms();
	struct fault f = { 0 };
	enum rc rc = RC_OK;

	l->busy = true;
	lock_leave(&l->lock);
	if (!l->opened)
		open_kept(l);
	l->opened = true;
	if (!holds(l, refused))
		rc = renew(l,
			deadline_ms - now < SHOP_LOGIN_CALL_MS ? (uint32_t)(deadline_ms - now) : SHOP_LOGIN_CALL_MS,
			&f);
	lock_enter(&l->lock);
	l->busy = false;
	l->rc = rc;
	l->why = f;
	uint32_t rest = rc == RC_DENIED ? (l->conf.refused_ms ? l->conf.refused_ms : SHOP_LOGIN_REFUSED_MS)
					: (l->conf.away_ms ? l->conf.away_ms : SHOP_LOGIN_AWAY_MS);
	l->rest_until_ms = rc == RC_OK ? 0 : clock_mono_ms() + rest;
	pthread_cond_broadcast(&l->turn);
}

enum rc shop_login_token(
	struct shop_login *l, const struct hush *refused, uint64_t deadline_ms, struct hush *ret, struct fault *f)
{
	enum rc rc = RC_OK;

	lock_enter(&l->lock);
	if (!await_turn(l, deadline_ms) || clock_mono_ms() >= deadline_ms)
		rc = fault_set(f, RC_TIMEOUT, "the login at %s is being renewed for too long", l->conf.name);
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
