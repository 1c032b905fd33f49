#include "control/http/answer_file.h"
#include "control/http/exchange.h"
#include "io/http_range.h"
#include "io/web_file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

OWN_DEFINE(answer_file)

void answer_file_free(struct answer_file *f)
{
	if (!f)
		return;
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}

/* RFC 6266 and 8187: the name in ASCII for old clients, and as it is. */
static void write_disposition(const char *name, char *to, size_t n)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!#$&+^`|";
	char ascii[ANSWER_FILE_NAME_MAX + 1];
	size_t at, k = 0;

	for (const char *s = name; *s && k < ANSWER_FILE_NAME_MAX; s++)
		ascii[k++] = (char)(strchr(plain, *s) || *s == ' ' ? *s : '_');
	ascii[k] = 0;
	at = (size_t)snprintf(to, n, "attachment; filename=\"%s\"; filename*=UTF-8''", ascii);
	for (const char *s = name; *s && at + 4 < n; s++) {
		const char *fmt = strchr(plain, *s) ? "%c" : "%%%02X";
		at += (size_t)snprintf(to + at, n - at, fmt, (unsigned char)*s);
	}
}

enum rc answer_file_set(struct call *c, const struct answer_file_is *is)
{
	auto_close int fd = is->fd;
	auto_of(answer_file) struct answer_file *a = calloc(1, sizeof(*a));

	if (!a)
		return RC_NOMEM;
	a->fd = -1;
	a->size = is->size;
	snprintf(a->etag, sizeof(a->etag), "\"%s\"", is->sha256);
	snprintf(a->type, sizeof(a->type), "%s", is->type);
	if (is->name)
		write_disposition(is->name, a->disposition, sizeof(a->disposition));
	bool head = !strcmp(web_view(c->request)->method, "HEAD");
	const struct http_range_ask ask = { .range = head ? NULL : web_header(c->request, "range"),
		.if_range = web_header(c->request, "if-range"),
		.if_none_match = web_header(c->request, "if-none-match"),
		.etag = a->etag,
		.size = is->size };
	enum http_range kind = http_range_of(&ask, &a->from, &a->n);
	if (kind == HTTP_RANGE_NONE)
		snprintf(a->range, sizeof(a->range), "bytes */%" PRIu64, is->size);
	if (kind == HTTP_RANGE_PART)
		snprintf(a->range, sizeof(a->range), "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, a->from,
			a->from + a->n - 1, is->size);
	c->status = kind == HTTP_RANGE_PART ? 206 : kind == HTTP_RANGE_SAME ? 304 : 200;
	if (kind != HTTP_RANGE_NONE)
		a->fd = take_fd(fd);
	answer_file_free(c->file);
	c->file = take(a);
	return kind == HTTP_RANGE_NONE ? fault_set(c->tx.fault, RC_RANGE,
						 "it has %" PRIu64 " bytes; ask for some of these", is->size)
				       : RC_OK;
}

static void add(struct web_header *to, size_t *n, const char *name, const char *value)
{
	if (*value)
		to[(*n)++] = (struct web_header){ name, value };
}

void answer_file_headers(const struct exchange *x, struct web_header *to, size_t *n)
{
	const struct answer_file *a = x->file;

	if (!a)
		return;
	add(to, n, "content-range", a->range);
	if (a->fd < 0 || x->rc != RC_OK)
		return;
	add(to, n, "content-type", x->status == 304 ? "" : a->type);
	add(to, n, "content-disposition", x->status == 304 ? "" : a->disposition);
	add(to, n, "etag", a->etag);
	add(to, n, "accept-ranges", "bytes");
}

bool answer_file_send(struct exchange *x, const struct web_header *headers)
{
	struct answer_file *a = x->file;

	if (!a || a->fd < 0 || x->rc != RC_OK || x->replayed)
		return false;
	const struct web_file file = { .fd = take_fd(a->fd), .from = a->from, .n = a->n };
	web_file(x->request, x->status, headers, &file);
	return true;
}
