#include "base/log.h"
#include "base/buf.h"
#include "base/when.h"

#include <ctype.h>
#include <string.h>

static const char *const words[] = { "error", "warn", "info", "debug" };

bool log_level_of(const char *word, enum log_level *ret)
{
	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(word, words[i])) {
			*ret = (enum log_level)i;
			return true;
		}
	return false;
}

static void put_escaped(struct buf *b, const char *p, size_t n, bool json)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)p[i];
		if (c < 32 || c == 127)
			buf_fmt(b, json ? "\\u%04x" : "\\x%02x", c);
		else if (json && (c == '"' || c == '\\'))
			buf_put(b, (char[]){ '\\', (char)c }, 2);
		else
			buf_u8(b, c);
	}
}

/* Is there a key=value at s? Says how long the key is, and where the value and what follows it stand. */
static size_t key_at(const char *s, const char **value, size_t *value_n, const char **after)
{
	size_t k = 0;
	while (isalnum((unsigned char)s[k]) || s[k] == '_')
		k++;
	if (k == 0 || s[k] != '=')
		return 0;
	const char *v = s + k + 1, *end;
	if (*v == '"' && (end = strchr(v + 1, '"'))) {
		*value = v + 1;
		*value_n = (size_t)(end - v - 1);
		*after = end + 1;
	} else {
		*value = v;
		*value_n = strcspn(v, " ");
		*after = v + *value_n;
	}
	return k;
}

/* Splits "words key=value …" into the words and JSON members. */
static void put_json(struct buf *b, const char *s)
{
	struct buf members = { 0 };

	buf_str(b, ",\"msg\":\"");
	while (*s) {
		const char *value, *after;
		size_t n, k = key_at(s, &value, &n, &after);
		if (k) {
			buf_fmt(&members, ",\"%.*s\":\"", (int)k, s);
			put_escaped(&members, value, n, true);
			buf_str(&members, "\"");
			s = after + (*after == ' ');
			continue;
		}
		n = strcspn(s, " ");
		n += s[n] == ' ';
		put_escaped(b, s, n, true);
		s += n;
	}
	if (b->n && b->p[b->n - 1] == ' ')
		b->n--;
	buf_str(b, "\"");
	buf_put(b, members.p, members.n);
	buf_done(&members);
}

void log_line(const struct log *l, enum log_level level, const char *fmt, ...)
{
	if (!l || level > l->level)
		return;

	struct buf text = { 0 }, line = { 0 };
	char ts[WHEN_MAX];
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt(&text, fmt, ap);
	va_end(ap);
	when_text(ts, l->now_ms());
	if (l->json) {
		buf_fmt(&line, "{\"ts\":\"%s\",\"level\":\"%s\"", ts, words[level]);
		put_json(&line, buf_text(&text));
		buf_str(&line, "}\n");
	} else {
		buf_fmt(&line, "%s %-5s ", ts, words[level]);
		put_escaped(&line, buf_text(&text), text.n, false);
		buf_str(&line, "\n");
	}
	if (!line.bad)
		l->write(l->to, (const char *)line.p, line.n);
	buf_done(&text);
	buf_done(&line);
}
