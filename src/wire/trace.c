#include "wire/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHARE_DIGITS 14 /* of the trace id's end: 56 bits, which W3C's random flag speaks of */

const char *const trace_sampler_words[] = { "parentbased_always_on", "parentbased_always_off",
	"parentbased_traceidratio", "always_on", "always_off", "traceidratio", NULL };

static bool is_hex(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return true;
}

static bool is_zero(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] != '0')
			return false;
	return true;
}

static unsigned digit(char c) { return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10; }

/* VV-TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT-PPPPPPPPPPPPPPPP-FF */
bool trace_read(const char *text, struct trace *ret)
{
	size_t n = strnlen(text, TRACE_TEXT);

	if (n < 55 || !is_hex(text, 2) || !memcmp(text, "ff", 2) || text[2] != '-' || text[35] != '-' ||
		text[52] != '-')
		return false;
	if (n > 55 && (!memcmp(text, "00", 2) || text[55] != '-'))
		return false;
	const char *trace = text + 3, *span = text + 36, *flags = text + 53;
	if (!is_hex(trace, 32) || !is_hex(span, 16) || !is_hex(flags, 2) || is_zero(trace, 32) || is_zero(span, 16))
		return false;
	*ret = (struct trace){ .sampled = digit(flags[1]) & 1 };
	memcpy(ret->trace_id, trace, 32);
	memcpy(ret->span_id, span, 16);
	return true;
}

void trace_write(const struct trace *t, char ret[static TRACE_TEXT])
{
	*ret = 0;
	if (*t->trace_id && *t->span_id)
		snprintf(ret, TRACE_TEXT, "00-%.32s-%.16s-%s", t->trace_id, t->span_id, t->sampled ? "01" : "00");
}

static bool in_share(const struct tracer *t, const char *trace_id)
{
	return strtoull(trace_id + 32 - SHARE_DIGITS, NULL, 16) < t->share;
}

static bool is_kept(const struct tracer *t, const struct trace *parent, const char *trace_id)
{
	if (!t)
		return parent ? parent->sampled : true;
	switch (t->sampler) {
	case TRACE_PARENT_ALWAYS:
		return parent ? parent->sampled : true;
	case TRACE_PARENT_NEVER:
		return parent ? parent->sampled : false;
	case TRACE_PARENT_RATIO:
		return parent ? parent->sampled : in_share(t, trace_id);
	case TRACE_ALWAYS:
		return true;
	case TRACE_NEVER:
		return false;
	case TRACE_RATIO:
		return in_share(t, trace_id);
	}
	return false;
}

static void put_hex(const uint8_t *p, size_t n, char *to)
{
	bool zero = true;
	for (size_t i = 0; i < n; i++) {
		snprintf(to + i * 2, 3, "%02x", p[i]);
		zero = zero && p[i] == 0;
	}
	if (zero)
		to[n * 2 - 1] = '1'; /* an id of zeroes is none */
}

void trace_begin(const struct tracer *t, const struct trace *parent, const uint8_t random[static TRACE_RANDOM],
	struct trace *ret, char ret_parent_id[static 17])
{
	const struct trace above = parent ? *parent : (struct trace){ 0 }; /* *ret may be *parent */
	bool has = *above.trace_id && *above.span_id;

	*ret = (struct trace){ 0 };
	if (has)
		memcpy(ret->trace_id, above.trace_id, sizeof(ret->trace_id));
	else
		put_hex(random, 16, ret->trace_id);
	put_hex(random + 16, 8, ret->span_id);
	snprintf(ret_parent_id, 17, "%s", has ? above.span_id : "");
	ret->sampled = is_kept(t, has ? &above : NULL, ret->trace_id);
}

void span_name(struct span *s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(s->name, sizeof(s->name), fmt, ap);
	va_end(ap);
}

void span_put(struct span *s, const char *key, const char *text, int64_t number)
{
	if (s->attrs_n == SPAN_ATTRS_MAX)
		return;
	struct span_attr *a = &s->attrs[s->attrs_n++];
	*a = (struct span_attr){ .key = key, .number = number };
	if (text)
		snprintf(a->text, sizeof(a->text), "%s", text);
}
