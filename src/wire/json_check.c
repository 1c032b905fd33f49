#include "wire/json_check.h"
#include "base/utf8.h"
#include "wire/json.h"
#include "wire/json_run.h"

#include <string.h>

struct look {
	const char *at, *end; /* the end of what is there */
	bool (*more)(void *ctx, const char **ret_end);
	void *ctx;
};

static bool wait_for(struct look *l, size_t n)
{
	while ((size_t)(l->end - l->at) < n)
		if (!l->more || !l->more(l->ctx, &l->end))
			return false;
	return true;
}

/* Are there n more bytes? */
static inline bool has(struct look *l, size_t n) { return (size_t)(l->end - l->at) >= n || wait_for(l, n); }

static void over_space(struct look *l)
{
	while (has(l, 1) && (*l->at == ' ' || *l->at == '\n' || *l->at == '\t' || *l->at == '\r'))
		l->at++;
}

static inline void space(struct look *l)
{
	if (!has(l, 1) || (unsigned char)*l->at <= ' ')
		over_space(l);
}

static inline bool sign(struct look *l, char c)
{
	if (!has(l, 1) || *l->at != c)
		return false;
	l->at++;
	return true;
}

static bool word(struct look *l, const char *w)
{
	size_t n = strlen(w);
	if (!has(l, n) || memcmp(l->at, w, n) != 0)
		return false;
	l->at += n;
	return true;
}

static bool hex4(struct look *l)
{
	for (int i = 0; i < 4; i++, l->at++)
		if (!has(l, 1) || !*l->at || !strchr("0123456789abcdefABCDEF", *l->at))
			return false;
	return true;
}

static bool escape(struct look *l)
{
	if (sign(l, 'u'))
		return hex4(l);
	if (!has(l, 1) || !*l->at || !strchr("\"\\/bfnrt", *l->at))
		return false;
	l->at++;
	return true;
}

static bool is_itself(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

static const char *over_itself(const char *at, const char *end)
{
	while (end - at >= 8) {
		unsigned run = json_run_eight(at);
		at += run;
		if (run < 8)
			break;
	}
	while (at < end && is_itself((unsigned char)*at))
		at++;
	return at;
}

/* A byte that is not itself, inside a text: an escape, or a longer character. */
static bool other(struct look *l)
{
	unsigned char c = (unsigned char)*l->at;

	if (c == '\\') {
		l->at++;
		return escape(l);
	}
	if (c < 0x20)
		return false;
	(void)has(l, 4); /* or as many as there are */
	size_t n = utf8_len((const uint8_t *)l->at, (size_t)(l->end - l->at));
	l->at += n;
	return n > 0;
}

static bool string(struct look *l)
{
	if (!sign(l, '"'))
		return false;
	while (has(l, 1)) {
		const char *at = over_itself(l->at, l->end);
		l->at = at;
		if (at == l->end)
			continue;
		if (*at == '"') {
			l->at = at + 1;
			return true;
		}
		if (!other(l))
			return false;
	}
	return false;
}

static bool digits(struct look *l)
{
	const char *from = l->at;
	while (has(l, 1) && *l->at >= '0' && *l->at <= '9')
		l->at++;
	return l->at > from;
}

static bool number(struct look *l)
{
	sign(l, '-');
	if (!sign(l, '0') && !digits(l))
		return false;
	if (sign(l, '.') && !digits(l))
		return false;
	if (!sign(l, 'e') && !sign(l, 'E'))
		return true;
	if (!sign(l, '+'))
		sign(l, '-');
	return digits(l);
}

static bool scalar(struct look *l)
{
	if (has(l, 1) && *l->at == '"')
		return string(l);
	switch (has(l, 1) ? *l->at : 0) {
	case 't':
		return word(l, "true");
	case 'f':
		return word(l, "false");
	case 'n':
		return word(l, "null");
	default:
		return number(l);
	}
}

/* What is open: '{' or '[' for each level. */
struct open {
	char what[JSON_DEPTH_MAX];
	size_t n;
};

static bool name(struct look *l)
{
	space(l);
	if (!string(l))
		return false;
	space(l);
	return sign(l, ':');
}

/* A value begins: opens levels down to a scalar or an empty level. */
static bool begin(struct look *l, struct open *o)
{
	for (;;) {
		space(l);
		bool object = sign(l, '{');
		if (!object && !sign(l, '['))
			return scalar(l);
		if (o->n == JSON_DEPTH_MAX)
			return false;
		o->what[o->n++] = object ? '{' : '[';
		space(l);
		if (has(l, 1) && *l->at == (object ? '}' : ']'))
			return true; /* the caller closes it */
		if (object && !name(l))
			return false;
	}
}

static bool check(struct look *l)
{
	struct open o = { .n = 0 };

	if (!begin(l, &o))
		return false;
	while (o.n > 0) {
		char what = o.what[o.n - 1];
		space(l);
		if (sign(l, what == '{' ? '}' : ']')) {
			o.n--;
			continue;
		}
		if (!sign(l, ',') || (what == '{' && !name(l)) || !begin(l, &o))
			return false;
	}
	space(l);
	return !has(l, 1);
}

bool json_check(const char *p, size_t n) { return check(&(struct look){ .at = p, .end = p + n }); }

bool json_check_coming(const char *p, bool (*more)(void *ctx, const char **ret_end), void *ctx)
{
	return check(&(struct look){ .at = p, .end = p, .more = more, .ctx = ctx });
}
