#include "cli/sse.h"

#include <stdlib.h>
#include <string.h>

void sse_restart(struct sse *s)
{
	s->line.n = s->data.n = s->type.n = 0;
	memcpy(s->next_id, s->id, sizeof(s->id));
	s->cr = s->begun = false;
}

void sse_done(struct sse *s)
{
	buf_done(&s->line);
	buf_done(&s->data);
	buf_done(&s->type);
}

static bool dispatch(struct sse *s)
{
	bool go_on = true;

	memcpy(s->id, s->next_id, sizeof(s->id));
	if (s->data.n > 0) {
		s->data.n--; /* the last line end */
		go_on = s->on_event(s->ctx, s->type.n ? buf_text(&s->type) : "message", buf_text(&s->data));
	}
	s->data.n = s->type.n = 0;
	return go_on;
}

static void take_id(struct sse *s, const char *value, size_t n)
{
	if (n >= SSE_ID_MAX || memchr(value, 0, n))
		return;
	memcpy(s->next_id, value, n);
	s->next_id[n] = 0;
}

static bool take_data(struct sse *s, const char *value, size_t n)
{
	if (s->data.n + n + 1 > SSE_EVENT_MAX) {
		s->line.bad = true;
		return false;
	}
	buf_put(&s->data, value, n);
	buf_u8(&s->data, '\n');
	return !s->data.bad;
}

static bool take_line(struct sse *s)
{
	const char *p = buf_text(&s->line);
	size_t n = s->line.n;

	if (n == 0)
		return dispatch(s);
	const char *colon = memchr(p, ':', n);
	size_t name = colon ? (size_t)(colon - p) : n, skip = colon ? name + 1 : n;
	skip += skip < n && p[skip] == ' ';
	if (name == 4 && !memcmp(p, "data", 4))
		return take_data(s, p + skip, n - skip);
	if (name == 5 && !memcmp(p, "event", 5)) {
		s->type.n = 0;
		buf_put(&s->type, p + skip, n - skip);
	} else if (name == 2 && !memcmp(p, "id", 2)) {
		take_id(s, p + skip, n - skip);
	} else if (name == 5 && !memcmp(p, "retry", 5) && skip < n && strspn(p + skip, "0123456789") == n - skip) {
		s->retry_ms = (uint32_t)strtoul(p + skip, NULL, 10);
	}
	return true;
}

static bool skip_mark(struct sse *s)
{
	static const char mark[] = "\xEF\xBB\xBF";
	if (!s->begun && s->line.n >= 3 && !memcmp(s->line.p, mark, 3))
		buf_drop(&s->line, 3);
	s->begun = true;
	return true;
}

bool sse_feed(struct sse *s, const void *bytes, size_t n)
{
	const char *p = bytes;

	for (size_t i = 0; i < n; i++) {
		bool pair = s->cr && p[i] == '\n';
		s->cr = p[i] == '\r';
		if (pair)
			continue;
		if (p[i] != '\n' && p[i] != '\r') {
			buf_u8(&s->line, (uint8_t)p[i]);
			if (s->line.n > SSE_LINE_MAX)
				s->line.bad = true;
			if (s->line.bad)
				return false;
			continue;
		}
		bool go_on = skip_mark(s) && take_line(s);
		s->line.n = 0;
		if (!go_on)
			return false;
	}
	return true;
}
