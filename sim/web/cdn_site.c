#include "sim/web/cdn_site.h"

#include "sim/cdn/cdn.h"

#include <string.h>

#define PIECE 16384 /* bytes that a slow server gives at a time */

static enum request request_of(const char *path)
{
	if (strstr(path, "/manifest/"))
		return REQUEST_CDN_MANIFEST;
	return strstr(path, "/chunk/") ? REQUEST_CDN_CHUNK : REQUEST_CDN_FILE;
}

/* A slow one is late by what its pieces would have taken; a truncated one is shorter than its own head says it should be. */
static void spoil(struct answer *a, const struct effect *e)
{
	a->latency_ms += e->latency_ms + e->cdn_slow_ms * (uint32_t)((a->body.n + PIECE - 1) / PIECE);
	if (e->cdn_corrupt && a->body.n > 0)
		a->body.p[a->body.n / 2] ^= 0xff;
	if (e->cdn_truncate)
		a->body.n /= 2;
	a->drop = e->drop || e->half_open || e->commit_drop;
	a->cut = e->cm_drop || e->commit_reset;
}

bool cdn_site_answer(struct ask *q, const char *query, struct answer *a)
{
	struct cdn_answer got;

	if (!q->sim->cdn || strcmp(q->method, "GET") != 0 || !cdn_http(q->sim->cdn, q->path, query, q->now, &got))
		return false;
	struct effect e = sim_count(q->sim, request_of(q->path));
	a->status = e.http ? (int)e.http : e.commit_5xx ? 502 : e.retry_after_s ? 429 : got.status;
	a->type = got.type;
	if (a->status == got.status)
		buf_put(&a->body, got.body, got.n);
	if (e.retry_after_s)
		answer_header(a, "retry-after", "%u", e.retry_after_s);
	spoil(a, &e);
	return true;
}
