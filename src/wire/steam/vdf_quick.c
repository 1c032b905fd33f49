#include "wire/steam/vdf_quick.h"

#include "base/utf8.h"
#include "wire/json_run.h"
#include "wire/steam/vdf.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define KEYS_MAX 2048 /* of all objects that are open at once: each is compared with those beside it */
#define SLACK    16   /* bytes are copied eight at a time */

/* What is written is never longer than this: of `""""` comes `"":"",`, which is the worst. */
#define ROOM(n) ((n) + (n) / 2 + SLACK)

struct span {
	const uint8_t *p;
	size_t n;
	bool escaped; /* something in it is */
};

struct quick {
	const uint8_t *at, *end;
	uint8_t *to;
	unsigned depth, nodes, keys_n;
	unsigned from[VDF_DEPTH_MAX + 1]; /* the first key of each open object */
	bool common, named;               /* the first common is open; a name was in it */
	bool was_common;
	struct span name; /* as it is spelled */
	uint64_t keys[KEYS_MAX];
};

static void skip(struct quick *q)
{
	const uint8_t *at = q->at;

	while (at < q->end && (*at == '\t' || *at == '\n' || *at == ' ' || *at == '\r'))
		at++;
	q->at = at;
}

/* What is written could be the struct itself, for all the compiler knows: so the places are its own. */
static inline void run(struct quick *q)
{
	const uint8_t *at = q->at, *end = q->end;
	uint8_t *to = q->to;
	unsigned n = 8;

	while (n == 8 && end - at >= 8) {
		n = json_run_eight(at);
		memcpy(to, at, 8);
		at += n;
		to += n;
	}
	while (n == 8 && at < end && *at >= 0x20 && *at < 0x7f && *at != '"' && *at != '\\')
		*to++ = *at++;
	q->at = at;
	q->to = to;
}

static inline void copy(struct quick *q, size_t n)
{
	memcpy(q->to, q->at, n);
	q->at += n;
	q->to += n;
}

/* How long the escape or the longer character at q->at is; 0: neither. */
static size_t other(const struct quick *q)
{
	size_t left = (size_t)(q->end - q->at);

	if (*q->at == '\\')
		return left > 1 && q->at[1] && strchr("nt\\\"", q->at[1]) ? 2 : 0;
	return *q->at >= 0x80 ? utf8_len(q->at, left) : 0;
}

/* Copies a key or a value, quotes and all. */
static bool token(struct quick *q, struct span *ret)
{
	if (q->at == q->end || *q->at != '"')
		return false;
	copy(q, 1);
	ret->p = q->at;
	ret->escaped = false;
	for (run(q); q->at < q->end && *q->at != '"'; run(q)) {
		ret->escaped |= *q->at == '\\';
		size_t n = other(q);
		if (n == 0)
			return false;
		copy(q, n);
	}
	if (q->at == q->end)
		return false;
	ret->n = (size_t)(q->at - ret->p);
	copy(q, 1);
	return true;
}

/* A number that is another for every key of up to eight bytes, and for most that are longer. */
static uint64_t number_of(struct span key)
{
	uint64_t first = 0, last = 0;

	if (key.n >= 8) {
		memcpy(&first, key.p, 8);
		memcpy(&last, key.p + key.n - 8, 8);
		return first * UINT64_C(0x9e3779b97f4a7c15) ^ (last << 17 | last >> 47) ^ key.n;
	}
	for (size_t i = 0; i < key.n; i++)
		first = first << 8 | key.p[i];
	return (first << 8 | key.n) * UINT64_C(0x9e3779b97f4a7c15) + 1;
}

/* False: the key may be there already, or there are too many. */
static bool note_key(struct quick *q, struct span key)
{
	uint64_t number = number_of(key);
	bool same = false;

	if (q->keys_n == KEYS_MAX || ++q->nodes > VDF_NODES_MAX || key.escaped)
		return false;
	for (unsigned i = q->from[q->depth]; i < q->keys_n; i++)
		same |= q->keys[i] == number;
	q->keys[q->keys_n++] = number;
	return !same;
}

static bool is_called(struct span key, const char *name)
{
	return key.n == strlen(name) && !strncasecmp((const char *)key.p, name, key.n);
}

static bool enter(struct quick *q, struct span key)
{
	if (q->depth == VDF_DEPTH_MAX)
		return false;
	if (q->depth == 1 && !q->was_common && is_called(key, "common"))
		q->common = q->was_common = true;
	else if (q->depth == 2 && q->common && is_called(key, "name"))
		q->named = true;
	q->from[++q->depth] = q->keys_n;
	copy(q, 1);
	return true;
}

static void leave(struct quick *q)
{
	q->keys_n = q->from[q->depth--];
	if (q->depth == 1)
		q->common = false;
	copy(q, 1);
}

static bool value(struct quick *q, struct span key)
{
	struct span v;

	if (!token(q, &v))
		return false;
	if (q->depth == 1 && is_called(key, "common"))
		q->was_common = true;
	if (q->depth == 2 && q->common && !q->named && is_called(key, "name")) {
		q->named = true;
		q->name = v;
	}
	return true;
}

static bool member(struct quick *q)
{
	struct span key;

	if (q->keys_n > q->from[q->depth])
		*q->to++ = ',';
	if (!token(q, &key) || !note_key(q, key))
		return false;
	*q->to++ = ':';
	skip(q);
	return q->at < q->end && *q->at == '{' ? enter(q, key) : value(q, key);
}

/* The name of the object at the top is not written. */
static bool top(struct quick *q)
{
	uint8_t *start = q->to;
	struct span key;

	skip(q);
	if (!token(q, &key) || !note_key(q, key))
		return false;
	q->to = start;
	skip(q);
	return q->at < q->end && *q->at == '{' && enter(q, (struct span){ .p = (const uint8_t *)"" });
}

static bool document(struct quick *q)
{
	if (!top(q))
		return false;
	while (q->depth > 0) {
		skip(q);
		if (q->at == q->end)
			return false;
		if (*q->at == '}')
			leave(q);
		else if (!member(q))
			return false;
	}
	skip(q);
	return q->at == q->end;
}

static char meant(char escaped)
{
	switch (escaped) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	default:
		return escaped;
	}
}

static const char *plain(struct span s, struct arena *a)
{
	char *text = arena_take(a, s.n + 1), *to = text;
	const char *at = (const char *)s.p, *end = at + s.n;

	for (; text && at < end; at++, to++) {
		*to = *at;
		if (*at == '\\')
			*to = meant(*++at); /* token saw that something follows */
	}
	return text;
}

bool vdf_quick_json(const void *p, size_t n, struct buf *to, struct arena *a, const char **ret_name)
{
	struct quick q;

	if (n == 0 || n > VDF_BYTES_MAX)
		return false;
	memset(&q, 0, offsetof(struct quick, keys)); /* these are written before they are read */
	q.at = p;
	q.end = q.at + n - (q.at[n - 1] == 0);
	uint8_t *start = q.to = buf_room(to, ROOM(n));
	if (!start || !document(&q))
		return false;
	const char *name = q.name.p ? plain(q.name, a) : NULL;
	if (q.name.p && !name)
		return false;
	to->n += (size_t)(q.to - start);
	*ret_name = name;
	return true;
}
