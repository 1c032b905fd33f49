/* What Steam is asked over HTTP by the errands' thread: where its servers are, and what its clock says. */
#include "agent/directory.h"
#include "agent/errand.h"
#include "agent/session.h"
#include "base/log.h"
#include "flow/steam_cms.h"
#include "io/clock.h"
#include "io/http_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_RETRY_MS 2000
#define CLOCK_MS      10000
#define CLOCK_BYTES   65536
#define TIME_DIGITS   12

/* ---- the list of servers ---- */

struct look {
	struct errand errand;
	struct loop_job back;
	struct sessions *sessions;
	struct arena arena;
	const char **at;
	size_t n;
	enum rc rc;
	struct fault fault;
};

/* Those that waited for servers begin. */
static void begin_waiting(struct sessions *ss)
{
	struct map_walk w = map_walk(&ss->accounts);

	for (struct session *s; (s = map_next(&w));) {
		auto_free struct bot_want *want = take(s->later);
		if (want)
			session_want(s, want);
	}
	if (ss->own && ss->own->later) {
		auto_free struct bot_want *want = take(ss->own->later);
		session_want(ss->own, want);
	}
}

static void on_list(struct loop_job *job)
{
	struct look *e = list_of(job, struct look, back);
	struct sessions *ss = e->sessions;
	struct fault f = { 0 };

	ss->fetching = false;
	if (e->rc == RC_OK)
		e->rc = steam_cms_set(ss->cms, e->at, e->n, &f);
	else
		f = e->fault;
	if (e->rc == RC_OK)
		log_info(ss->conf.log, "Steam's servers listed servers=%zu", e->n);
	else
		log_warn(ss->conf.log, "Steam's servers not listed: %s", f.text);
	ss->list_ms = loop_now_ms(ss->conf.loop) + (e->rc == RC_OK ? SESSIONS_LIST_MS : LIST_RETRY_MS);
	bool good = e->rc == RC_OK;
	arena_done(&e->arena);
	free(e);
	if (good && !ss->stopping)
		begin_waiting(ss);
	session_cms_plan(ss);
}

static void look(struct errand *errand)
{
	struct look *e = list_of(errand, struct look, errand);
	const struct sessions_conf *conf = &e->sessions->conf;
	const struct directory_ask ask = { conf->directory_url, conf->ca_file, conf->http_proxy,
		(enum directory_transport)conf->transport };

	e->rc = directory_fetch(&ask, &e->arena, &e->at, &e->n, &e->fault);
	loop_post(conf->loop, &e->back);
}

static void fetch_list(struct sessions *ss)
{
	struct look *e = calloc(1, sizeof(*e));

	ss->list_ms = loop_now_ms(ss->conf.loop) + LIST_RETRY_MS;
	if (!e)
		return;
	*e = (struct look){ .errand.run = look, .back.run = on_list, .sessions = ss };
	ss->fetching = pool_push(ss->conf.errands, &e->errand.job) == RC_OK;
	if (!ss->fetching)
		free(e);
}

void session_cms_plan(struct sessions *ss)
{
	uint64_t now = loop_now_ms(ss->conf.loop);
	bool wanted = ss->own || map_count(&ss->accounts) > 0;

	if (ss->stopping)
		return;
	if (wanted && !ss->fetching && now >= ss->list_ms)
		fetch_list(ss);
	loop_timer_at(ss->timer, wanted && !ss->fetching ? ss->list_ms : UINT64_MAX);
}

/* ---- the clock. The question outlives its session: it names it by the account. ---- */

struct glance {
	struct errand errand;
	struct loop_job back;
	struct sessions *sessions;
	char account_id[SESSIONS_ID_MAX];
	char *url, *address;
	enum egress_kind kind;
	struct hush login;
	bool good;
	int64_t wall_s, skew_s;
};

static void free_glance(struct glance *g)
{
	hush_done(&g->login);
	free(g->url);
	free(g->address);
	free(g);
}

static void on_clock(struct loop_job *job)
{
	struct glance *g = list_of(job, struct glance, back);
	struct sessions *ss = g->sessions;
	struct session *s = map_get(&ss->accounts, g->account_id);

	if (g->good)
		ss->skew_s = g->skew_s;
	else
		log_warn(ss->conf.log, "Steam's clock not told account=%s", g->account_id);
	if (s) { /* without an answer our own clock has to do: the code is then asked of a person */
		bot_clock(s->bot, session_now(s), clock_wall_ms() / 1000, ss->skew_s);
		session_pump(s);
	}
	free_glance(g);
}

/* The decimal number behind "server_time", which Steam puts into quotes. */
static bool read_time(struct buf *body, int64_t *ret_s)
{
	static const char name[] = "\"server_time\"";
	const char *at = strstr(buf_text(body), name);

	if (!at)
		return false;
	at += sizeof(name) - 1;
	at += strspn(at, " \t\r\n:\"");
	size_t digits = strspn(at, "0123456789");
	if (digits == 0 || digits > TIME_DIGITS)
		return false;
	*ret_s = strtoll(at, NULL, 10);
	return true;
}

static void glance(struct errand *errand)
{
	struct glance *g = list_of(errand, struct glance, errand);
	struct http_answer answer = { 0 };
	const struct http_ask ask = { .method = "POST",
		.url = g->url,
		.body = "steamid=0",
		.body_n = 9,
		.body_max = CLOCK_BYTES,
		.deadline_ms = CLOCK_MS,
		.tls_ca = g->sessions->conf.ca_file,
		.bind_address = g->kind == EGRESS_BIND ? g->address : NULL,
		.http_proxy = g->kind == EGRESS_HTTP_PROXY ? g->address : NULL,
		.socks5 = g->kind == EGRESS_SOCKS5 ? g->address : NULL,
		.proxy_login = &g->login };
	int64_t before_ms = clock_wall_ms(), server_s;

	g->good = http_call(&ask, &answer, NULL) == RC_OK && answer.status == 200 &&
		  read_time(&answer.body, &server_s);
	if (g->good)
		g->skew_s = server_s - (before_ms + clock_wall_ms()) / 2000;
	http_answer_done(&answer);
	loop_post(g->sessions->conf.loop, &g->back);
}

static struct glance *make_glance(struct session *s)
{
	const struct sessions *ss = s->all;
	const struct egress way = session_egress(s);
	struct glance *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->errand.run = glance;
	g->back.run = on_clock;
	g->sessions = s->all;
	g->kind = way.kind;
	snprintf(g->account_id, sizeof(g->account_id), "%s", s->account_id);
	g->address = way.address ? strdup(way.address) : NULL;
	enum rc rc = way.login && way.login->n ? hush_set(&g->login, way.login->p, way.login->n) : RC_OK;
	if (asprintf(&g->url, "%s/ITwoFactorService/QueryTime/v1/", ss->urls.api) < 0)
		g->url = NULL;
	if (rc == RC_OK && g->url && (g->address || !way.address))
		return g;
	free_glance(g);
	return NULL;
}

void session_cms_clock(struct session *s)
{
	struct glance *g = make_glance(s);

	if (g && pool_push(s->all->conf.errands, &g->errand.job) == RC_OK)
		return;
	if (g)
		free_glance(g);
	bot_clock(s->bot, session_now(s), clock_wall_ms() / 1000, s->all->skew_s);
}
