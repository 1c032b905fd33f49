#include "io/http_head.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

size_t http_head_end(const char *p, size_t n, size_t *scanned)
{
	size_t from = *scanned > 3 ? *scanned - 3 : 0;
	const char *end = n > from ? memmem(p + from, n - from, "\r\n\r\n", 4) : NULL;

	*scanned = n;
	return end ? (size_t)(end - p) + 4 : 0;
}

size_t http_head_lines(const char *p, size_t n)
{
	size_t lines = 0;
	for (const char *at = p, *end = p + n; at < end && (at = memchr(at, '\n', (size_t)(end - at))); at++)
		lines++;
	return lines;
}

/* RFC 9110, 5.6.2: tchar. */
static bool is_tchar(unsigned char c) { return isalnum(c) || (c && strchr("!#$%&'*+-.^_`|~", c)); }

static bool refuse(struct http_refusal *ret, int status, const char *why)
{
	*ret = (struct http_refusal){ status, why };
	return false;
}

/* Cuts the text at the next `stop`, and says where the rest begins; NULL when there is none. */
static char *cut(char *s, const char *stop)
{
	char *at = strstr(s, stop);
	if (!at)
		return NULL;
	*at = 0;
	return at + strlen(stop);
}

static bool parse_target(char *target, struct http_head *h, struct http_refusal *r)
{
	for (const char *c = target; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '#')
			return refuse(r, 400, "the request target holds a character that must be percent-encoded");
	if (!strncasecmp(target, "http://", 7) || !strncasecmp(target, "https://", 8)) {
		char *host = strchr(target, ':') + 3;
		target = host + strcspn(host, "/?");
		if (*target != '/')
			return refuse(r, 400, "the request target has no path");
	} else if (*target != '/' && strcmp(target, "*") != 0) {
		return refuse(r, 400, "the request target must be a path that begins with '/'");
	}
	char *query = cut(target, "?");
	h->path = target;
	h->query = query ? query : "";
	return true;
}

static bool parse_first_line(char *line, struct http_head *h, struct http_refusal *r)
{
	char *target = cut(line, " "), *version = target ? cut(target, " ") : NULL;

	if (!version)
		return refuse(r, 400, "the first line must be: METHOD PATH HTTP/1.1");
	if (*line == 0 || strlen(line) > HTTP_HEAD_METHOD_MAX)
		return refuse(r, 400, "the method is empty or too long");
	for (const char *c = line; *c; c++)
		if (!is_tchar((unsigned char)*c))
			return refuse(r, 400, "the method holds a character that no method has");
	if (strncmp(version, "HTTP/", 5) != 0)
		return refuse(r, 400, "the first line must end in HTTP/1.1");
	if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0)
		return refuse(r, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
	h->method = line;
	h->old = version[7] == '0';
	return parse_target(target, h, r);
}

/* A header that means something else, or nothing, when it is there twice. */
static bool is_single(const char *name)
{
	static const char *const singles[] = { "authorization", "content-length", "content-type", "expect", "from",
		"host", "idempotency-key", "last-event-id", "origin", "sec-websocket-key", "sec-websocket-version",
		"traceparent", "transfer-encoding", "upgrade", "user-agent", "x-request-id" };
	for (size_t i = 0; i < sizeof(singles) / sizeof(*singles); i++)
		if (!strcmp(name, singles[i]))
			return true;
	return false;
}

static bool parse_line(char *line, struct http_field *ret, struct http_refusal *r)
{
	char *c = line;
	for (; is_tchar((unsigned char)*c); c++)
		*c = (char)tolower((unsigned char)*c);
	if (c == line || *c != ':')
		return refuse(r, 400,
			"a header line must be NAME: VALUE, without a space before the colon or at its start");
	*c++ = 0;
	c += strspn(c, " \t");
	char *end = c + strlen(c);
	while (end > c && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	*end = 0;
	for (const unsigned char *v = (const unsigned char *)c; *v; v++)
		if ((*v < ' ' && *v != '\t') || *v == 127)
			return refuse(r, 400, "a header value holds a control character");
	*ret = (struct http_field){ line, c };
	return true;
}

/* Adds a field, or joins it to the one of the same name. */
static bool add(
	struct http_head *h, struct http_field fresh, char **spare, const char *spare_end, struct http_refusal *r)
{
	struct http_field *old = h->fields;
	while (old < h->fields + h->fields_n && strcmp(old->name, fresh.name) != 0)
		old++;
	if (old == h->fields + h->fields_n) {
		if (h->fields_n == HTTP_HEAD_FIELDS_MAX)
			return refuse(r, 431, "the request has too many headers");
		h->fields[h->fields_n++] = fresh;
		return true;
	}
	if (is_single(fresh.name))
		return refuse(r, 400, "a header that may be given once is given twice");

	size_t a = strlen(old->value), b = strlen(fresh.value);
	if (a + b + 3 > (size_t)(spare_end - *spare))
		return refuse(r, 431, "the request repeats its headers too often");
	char *joined = *spare;
	memcpy(joined, old->value, a);
	memcpy(joined + a, !strcmp(fresh.name, "cookie") ? "; " : ", ", 2);
	memcpy(joined + a + 2, fresh.value, b + 1);
	*spare += a + b + 3;
	old->value = joined;
	return true;
}

const char *http_head_field(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->fields_n; i++)
		if (!strcmp(h->fields[i].name, name))
			return h->fields[i].value;
	return NULL;
}

bool http_head_has_token(const char *list, const char *token)
{
	size_t n = strlen(token);
	while (list && *list) {
		list += strspn(list, " \t,");
		size_t k = strcspn(list, ",");
		size_t bare = k;
		while (bare > 0 && (list[bare - 1] == ' ' || list[bare - 1] == '\t'))
			bare--;
		if (bare == n && !strncasecmp(list, token, n))
			return true;
		list += k;
	}
	return false;
}

static bool read_length(struct http_head *h, const char *length, struct http_refusal *r)
{
	h->length = HTTP_HEAD_NO_LENGTH;
	if (!length)
		return true;
	if (*length == 0 || strlen(length) > 15 || length[strspn(length, "0123456789")] != 0)
		return refuse(r, 400, "Content-Length must be one decimal number");
	h->length = 0;
	for (; *length; length++)
		h->length = h->length * 10 + (uint64_t)(*length - '0');
	return true;
}

/* What the headers say of the body and of the connection. */
static bool read_framing(struct http_head *h, struct http_refusal *r)
{
	const char *coding = http_head_field(h, "transfer-encoding"), *host = http_head_field(h, "host");
	const char *connection = http_head_field(h, "connection"), *expect = http_head_field(h, "expect");

	if (!host && !h->old)
		return refuse(r, 400, "an HTTP/1.1 request must have a Host header");
	if (host && host[strcspn(host, " \t,/?#@\\")] != 0)
		return refuse(r, 400, "the Host header must be a host and perhaps a port");
	if (!read_length(h, http_head_field(h, "content-length"), r))
		return false;
	if (coding && (h->length != HTTP_HEAD_NO_LENGTH || h->old))
		return refuse(r, 400, "Transfer-Encoding goes neither with Content-Length nor with HTTP/1.0");
	if (coding && strcasecmp(coding, "chunked") != 0)
		return refuse(r, 501, "the only Transfer-Encoding that is read here is chunked");
	if (expect && strcasecmp(expect, "100-continue") != 0)
		return refuse(r, 417, "the only expectation that is met here is 100-continue");
	h->chunked = coding != NULL;
	h->expects = expect && !h->old;
	h->keep =
		h->old ? http_head_has_token(connection, "keep-alive") : !http_head_has_token(connection, "close");
	h->websocket = !h->old && http_head_has_token(connection, "upgrade") &&
		       http_head_has_token(http_head_field(h, "upgrade"), "websocket");
	return true;
}

bool http_head_parse(char *text, size_t n, char *spare, struct http_head *ret, struct http_refusal *r)
{
	const char *spare_end = spare + n;
	struct http_head h = { .fields = ret->fields };

	if (n < 4 || memchr(text, 0, n))
		return refuse(r, 400, "the head holds a NUL");
	text[n - 2] = 0; /* the empty line is no line of its own: what remains are lines that end in CRLF */
	char *line = text, *next = cut(line, "\r\n");
	if (!next || strpbrk(line, "\r\n"))
		return refuse(r, 400, "lines must end in CRLF");
	if (!parse_first_line(line, &h, r))
		return false;
	while (*next) {
		struct http_field f;
		line = next;
		next = cut(line, "\r\n");
		if (!next)
			return refuse(r, 400, "lines must end in CRLF");
		if (!parse_line(line, &f, r) || !add(&h, f, &spare, spare_end, r))
			return false;
	}
	if (!read_framing(&h, r))
		return false;
	*ret = h;
	return true;
}
