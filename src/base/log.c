#include "base/log.h"
#include "base/buf.h"
#include "base/utf8.h"
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

/* One character of more than a byte, or a byte that is none. U+0080 … U+009F are control characters too. */
static size_t put_wide(struct buf *b, const uint8_t *p, size_t n, bool json)
{
	size_t k = utf8_len(p, n);

	if (k == 2 && p[0] == 0xC2 && p[1] < 0xA0)
		buf_fmt(b, json ? "\\u00%02x" : "\\xc2\\x%02x", p[1]);
	else if (k)
		buf_put(b, p, k);
	else if (json)
		buf_str(b, "\xEF\xBF\xBD");
	else
		buf_fmt(b, "\\x%02x", p[0]);
	return k ? k : 1;
}

static void put_escaped(struct buf *b, const char *s, size_t n, bool json)
{
	const uint8_t *p = (const uint8_t *)s;

	for (size_t i = 0; i < n;) {
		uint8_t c = p[i];
		if (c >= 0x80) {
			i += put_wide(b, p + i, n - i, json);
			continue;
		}
		if (c < 32 || c == 127)
			buf_fmt(b, json ? "\\u%04x" : "\\x%02x", c);
		else if (json && (c == '"' || c == '\\'))
			buf_put(b, (char[]){ '\\', (char)c }, 2);
		else
			buf_u8(b, c);
		i++;
	}
}

/*
 * May the key at s become a member? Not when it stands there already, nor with the name of one that every line has: a key
 * may come from within a value. (Quotes in values are escaped, so what looks like a member is one.)
 */
static bool is_new(struct buf *members, const char *s, size_t k)
{
	struct buf name = { 0 };
	buf_fmt(&name, ",\"%.*s\":", (int)k, s);
	const char *key = buf_text(&name);
	bool fresh = *key && !strstr(",\"ts\":,\"level\":,\"msg\":", key) && !strstr(buf_text(members), key);
	buf_done(&name);
	return fresh;
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
		if (k && is_new(&members, s, k)) {
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
