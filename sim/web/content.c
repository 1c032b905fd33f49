#include "sim/web/content.h"

#include "sim/cdn/cdn.h"
#include "sim/workshop.h"

#include <string.h>

void content_server_list(struct sim *s, bool vdf, struct buf *to)
{
	const char *hosts[SIM_CDN_MAX];
	size_t n = s->cdn_hosts_n;

	for (unsigned i = 0; i < n; i++)
		hosts[i] = s->cdn_hosts[i];
	if (vdf)
		cdn_servers_vdf(hosts, n, s->cell_id, to);
	else
		cdn_servers(hosts, n, s->cell_id, to);
}

/* Its number, from 1; 0: the request does not name one of them. */
static uint32_t server_of(const struct ask *q)
{
	for (unsigned i = 0; q->authority && i < q->sim->cdn_hosts_n; i++)
		if (!strcmp(q->authority, q->sim->cdn_hosts[i]))
			return i + 1;
	return 0;
}

static enum request kind_of(const char *path)
{
	if (strstr(path, "/manifest/"))
		return REQUEST_CDN_MANIFEST;
	return strstr(path, "/chunk/") ? REQUEST_CDN_CHUNK : REQUEST_CDN_FILE;
}

/* The head says how much should come; then the connection ends half way. */
static void truncate_body(struct answer *a, const struct cdn_answer *got)
{
	buf_fmt(&a->body, "HTTP/1.1 %d OK\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", got->status,
		got->type, got->n);
	buf_put(&a->body, got->body, got->n / 2);
	a->cut = true;
}

/* The connection ends before there is an answer. */
static bool is_broken_off(const struct effect *e, struct answer *a)
{
	a->drop = e->drop || e->half_open;
	if (!e->cm_drop && !e->commit_reset && !a->drop)
		return false;
	a->cut = !a->drop;
	return true;
}

static bool is_refused(const struct effect *e, struct answer *a)
{
	if (!e->http && !e->retry_after_s)
		return false;
	answer_html(a, e->http ? (int)e->http : 429);
	if (e->retry_after_s)
		answer_header(a, "retry-after", "%u", e->retry_after_s);
	return true;
}

/* A file of the Workshop, or the part of it that is asked for. */
static void find_file(const struct ask *q, struct cdn_answer *ret, struct answer *a)
{
	const struct workshop_ugc *file = workshop_ugc(q->sim, q->path);
	size_t from = 0, n = file ? file->body.n : 0;
	bool part = file && !file->unranged && ask_range(q, n, &from, &n);

	*ret = file ? (struct cdn_answer){ .status = part ? 206 : 200,
		.type = "application/octet-stream",
		.body = file->body.p + from,
		.n = n }
		    : (struct cdn_answer){ .status = 404, .type = "text/plain", .body = "no such file\n", .n = 13 };
	if (part)
		answer_header(a, "content-range", "bytes %zu-%zu/%zu", from, from + n - 1, file->body.n);
}

static void put_body(struct answer *a, const struct cdn_answer *got, const struct effect *e)
{
	a->status = got->status;
	a->type = got->type;
	if (e->cdn_truncate && got->status == 200) {
		truncate_body(a, got);
		return;
	}
	buf_put(&a->body, got->body, got->n);
	if (e->cdn_corrupt && a->body.n)
		a->body.p[a->body.n / 2] ^= 0x55;
	a->drip_ms = got->status == 200 ? e->cdn_slow_ms : 0;
}

bool content_answer(struct ask *q, const char *query, struct answer *a)
{
	struct cdn_answer got;

	if (strcmp(q->method, "GET") != 0 || !q->sim->cdn)
		return false;
	if (q->sim->lancache && !strcmp(q->path, "/lancache-heartbeat")) {
		a->status = 204;
		answer_header(a, "x-lancache-processed-by", "steamsim");
		return true;
	}
	const struct effect e = q->effect = sim_count_at(q->sim, kind_of(q->path), server_of(q));
	a->latency_ms = e.latency_ms;
	if (is_broken_off(&e, a))
		return true;
	if (!strncmp(q->path, "/ugc/", 5))
		find_file(q, &got, a);
	else if (!cdn_http(q->sim->cdn, q->path, query, q->now, &got))
		return false;
	if (is_refused(&e, a))
		return true;
	if (q->sim->lancache)
		answer_header(a, "x-upstream-cache-status", "%s", got.again ? "HIT" : "MISS");
	put_body(a, &got, &e);
	return true;
}
