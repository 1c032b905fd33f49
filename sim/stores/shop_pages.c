#include "sim/stores/shop_pages.h"

#include "sim/sim.h"
#include "sim/stores/epic_shop.h"
#include "sim/stores/gog_shop.h"
#include "sim/web/ask.h"

#include <stdio.h>
#include <string.h>

/* The head says how much should come; then the connection ends half way. */
static void truncate_body(struct answer *a, const struct shop_answer *got, const uint8_t *p, size_t n)
{
	buf_fmt(&a->body, "HTTP/1.1 %d OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", got->status,
		got->type, n);
	buf_put(&a->body, p, n / 2);
	a->cut = true;
}

static void deliver(const struct ask *q, const struct effect *e, const struct shop_answer *got, struct answer *a)
{
	const struct buf *body = got->shelf ? got->shelf : &got->body;
	size_t from = 0, n = body->n;
	bool part = got->shelf && ask_range(q, body->n, &from, &n);

	a->status = part ? 206 : got->status;
	a->type = got->type;
	if (part)
		answer_header(a, "content-range", "bytes %zu-%zu/%zu", from, from + n - 1, body->n);
	if (e->cdn_truncate && got->status == 200) {
		truncate_body(a, got, body->p + from, n);
		return;
	}
	if (n)
		buf_put(&a->body, body->p + from, n);
	if (e->cdn_corrupt && a->body.n)
		a->body.p[a->body.n / 2] ^= 0x55;
	a->drip_ms = got->status == 200 && !part ? e->cdn_slow_ms : 0;
}

bool shop_pages(struct ask *q, struct answer *a)
{
	bool epic = q->site == ASK_EPIC;
	struct shop_answer got = { 0 };
	char base[128] = "";

	if (strcmp(q->method, "GET") != 0 && strcmp(q->method, "POST") != 0)
		return false;
	const struct effect e = q->effect =
		sim_count(q->sim, epic ? epic_shop_request(q->path) : gog_shop_request(q->path));
	a->latency_ms = e.latency_ms;
	a->drop = e.drop || e.half_open;
	if (e.cm_drop || a->drop) {
		a->cut = !a->drop;
		return true;
	}
	if (e.http || e.retry_after_s) {
		answer_html(a, e.http ? (int)e.http : 429);
		if (e.retry_after_s)
			answer_header(a, "retry-after", "%u", e.retry_after_s);
		return true;
	}
	if (q->sim->cdn_hosts_n)
		snprintf(base, sizeof(base), "http://%s/%s", q->sim->cdn_hosts[0], epic ? "epic" : "gog");
	const struct shop_ask ask = { .method = q->method,
		.path = q->path,
		.query = q->query_text,
		.authorization = q->authorization,
		.body = q->body,
		.token = q->bearer,
		.base = base,
		.now = q->now };
	if (epic)
		epic_shop_answer(q->sim->epic, &ask, &got);
	else
		gog_shop_answer(q->sim->gog, &ask, &got);
	if (e.commit_drop || e.commit_reset) { /* done, and nobody hears of it */
		a->drop = e.commit_drop;
		a->cut = !a->drop;
	} else if (e.commit_5xx) {
		answer_html(a, 500);
	} else {
		deliver(q, &e, &got, a);
	}
	buf_done(&got.body);
	return true;
}

enum rc sim_shops_new(struct sim *s, struct fault *f)
{
	enum rc rc = epic_shop_new(&s->epic, f);
	return rc == RC_OK ? gog_shop_new(&s->gog, f) : rc;
}

enum rc sim_shops_line(struct sim *s, const char *line, struct fault *f)
{
	enum rc rc = epic_shop_line(s->epic, line, f);
	return rc == RC_MISSING ? gog_shop_line(s->gog, line, f) : rc;
}

void sim_shops_done(struct sim *s)
{
	epic_shop_free(s->epic);
	gog_shop_free(s->gog);
	s->epic = NULL;
	s->gog = NULL;
}

bool shop_controls(struct ask *q, struct answer *a)
{
	bool epic = !strcmp(q->path, "/sim/epic"), gog = !strcmp(q->path, "/sim/gog");
	const char *version = ask_query(q, "version"), *title = ask_query(q, "title");
	struct fault f = { 0 };
	enum rc rc;

	if ((!epic && !gog) || strcmp(q->method, "POST") != 0)
		return false;
	if (!*version && !*title)
		rc = fault_set(&f, RC_INVALID, "write version=V for a new build, title=T for another title");
	else if (epic)
		rc = epic_shop_bump(q->sim->epic, ask_query(q, "app"), version, title, &f);
	else
		rc = gog_shop_bump(
			q->sim->gog, ask_query(q, "product"), ask_query(q, "branch"), version, title, &f);
	answer_json(a, rc == RC_OK ? 200 : rc_http(rc));
	if (rc == RC_OK)
		buf_str(&a->body, "{}\n");
	else
		buf_fmt(&a->body, "%s\n", f.text);
	return true;
}
