#include "wire/steam/vdf.h"

#include "wire/steam/json_put.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FEW 24 /* children of an object */

/* The key lies behind its node. */
struct vdf *vdf_addn(struct vdf *parent, struct arena *a, enum vdf_kind kind, const char *key, size_t n)
{
	struct vdf *v = arena_take(a, sizeof(*v) + n + 1);
	if (!v)
		return NULL;
	if (n)
		memcpy(v + 1, key, n);
	v->key = (const char *)(v + 1);
	v->kind = kind;
	if (parent->last)
		parent->last->next = v;
	else
		parent->first = v;
	parent->last = v;
	parent->children++;
	return v;
}

struct vdf *vdf_add(struct vdf *parent, struct arena *a, enum vdf_kind kind, const char *key)
{
	return vdf_addn(parent, a, kind, key, strlen(key));
}

struct vdf *vdf_add_text(struct vdf *parent, struct arena *a, const char *key, const char *value)
{
	const char *copy = arena_str(a, value);
	struct vdf *v = copy ? vdf_add(parent, a, VDF_STR, key) : NULL;
	if (v)
		v->s = copy;
	return v;
}

static const struct vdf *child(const struct vdf *v, const char *key, size_t n)
{
	if (!v || v->kind != VDF_OBJECT)
		return NULL;
	for (const struct vdf *c = v->first; c; c = c->next)
		if (!strncasecmp(c->key, key, n) && c->key[n] == 0)
			return c;
	return NULL;
}

const struct vdf *vdf_get(const struct vdf *v, const char *key) { return child(v, key, strlen(key)); }

const struct vdf *vdf_at(const struct vdf *v, const char *path)
{
	while (v && *path) {
		size_t n = strcspn(path, "/");
		v = child(v, path, n);
		path += n + (path[n] == '/');
	}
	return v;
}

const char *vdf_text_at(const struct vdf *v, const char *path)
{
	const struct vdf *at = vdf_at(v, path);
	return at && at->kind == VDF_STR ? at->s : NULL;
}

static bool decimal(const char *s, uint64_t *ret)
{
	uint64_t v = 0;
	if (!*s)
		return false;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		unsigned digit = (unsigned)(*s - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	*ret = v;
	return true;
}

bool vdf_number_at(const struct vdf *v, const char *path, uint64_t *ret)
{
	const struct vdf *at = vdf_at(v, path);
	if (!at)
		return false;
	switch (at->kind) {
	case VDF_STR:
		return decimal(at->s, ret);
	case VDF_I32:
		*ret = (uint32_t)at->i32;
		return true;
	case VDF_U64:
		*ret = at->u64;
		return true;
	case VDF_I64:
		*ret = (uint64_t)at->i64;
		return true;
	case VDF_OBJECT:
	case VDF_F32:
	case VDF_PTR:
	case VDF_COLOR:
		return false;
	}
	return false;
}

struct slot {
	const struct vdf *node;
	uint32_t order;
};

static int by_key(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;
	int way = strcmp(x->node->key, y->node->key);
	return way ? way : (x->order > y->order) - (x->order < y->order);
}

static bool same_key(const struct slot *a, const struct slot *b) { return !strcmp(a->node->key, b->node->key); }

static void put_value(struct buf *to, const struct vdf *v, bool by_name);

/* The nodes of one key: s[0] and those after it, until `end`. */
static void put_run(struct buf *to, const struct slot *s, const struct slot *end, bool by_name)
{
	const struct slot *after = s + 1;
	while (after < end && same_key(s, after))
		after++;

	json_put_text(to, s->node->key, strlen(s->node->key));
	buf_u8(to, ':');
	if (after == s + 1) {
		put_value(to, s->node, by_name);
		return;
	}
	for (const struct slot *at = s; at < after; at++) {
		buf_u8(to, at == s ? '[' : ',');
		put_value(to, at->node, by_name);
	}
	buf_u8(to, ']');
}

/* No key occurs twice. Only few are compared each with each. */
static bool is_plain(const struct vdf *v)
{
	if (v->children > FEW)
		return false;
	for (const struct vdf *c = v->first; c; c = c->next)
		for (const struct vdf *b = v->first; b != c; b = b->next)
			if (*b->key == *c->key && !strcmp(b->key, c->key))
				return false;
	return true;
}

static void put_plain(struct buf *to, const struct vdf *v)
{
	buf_u8(to, '{');
	for (const struct vdf *c = v->first; c; c = c->next) {
		if (c != v->first)
			buf_u8(to, ',');
		json_put_text(to, c->key, strlen(c->key));
		buf_u8(to, ':');
		put_value(to, c, false);
	}
	buf_u8(to, '}');
}

static void put_sorted(struct buf *to, const struct vdf *v, bool by_name)
{
	uint32_t n = 0;
	struct slot *sorted = calloc(v->children + 1, sizeof(*sorted));
	uint32_t *place = calloc(v->children + 1, sizeof(*place));
	if (!sorted || !place) {
		to->bad = true;
		free(sorted);
		free(place);
		return;
	}
	for (const struct vdf *c = v->first; c; c = c->next, n++)
		sorted[n] = (struct slot){ .node = c, .order = n };
	qsort(sorted, n, sizeof(*sorted), by_key);
	for (uint32_t i = 0; i < n; i++)
		place[by_name ? i : sorted[i].order] = i;

	bool more = false;
	buf_u8(to, '{');
	for (uint32_t i = 0; i < n; i++) {
		const struct slot *s = &sorted[place[i]];
		if (s > sorted && same_key(s, s - 1))
			continue; /* was printed with the first of its name */
		if (more)
			buf_u8(to, ',');
		more = true;
		put_run(to, s, sorted + n, by_name);
	}
	buf_u8(to, '}');
	free(sorted);
	free(place);
}

static void put_object(struct buf *to, const struct vdf *v, bool by_name)
{
	if (!by_name && is_plain(v))
		put_plain(to, v);
	else
		put_sorted(to, v, by_name);
}

static void put_value(struct buf *to, const struct vdf *v, bool by_name)
{
	switch (v->kind) {
	case VDF_OBJECT:
		put_object(to, v, by_name);
		return;
	case VDF_STR:
		json_put_text(to, v->s, strlen(v->s));
		return;
	case VDF_I32:
	case VDF_PTR:
	case VDF_COLOR:
		buf_fmt(to, "%" PRId32, v->i32);
		return;
	case VDF_F32:
		if (isfinite(v->f32))
			buf_fmt(to, "%.9g", (double)v->f32);
		else
			buf_str(to, "null");
		return;
	case VDF_U64:
		buf_fmt(to, "\"%" PRIu64 "\"", v->u64);
		return;
	case VDF_I64:
		buf_fmt(to, "\"%" PRId64 "\"", v->i64);
		return;
	}
}

void vdf_json(struct buf *to, const struct vdf *v) { put_value(to, v, false); }
void vdf_json_sorted(struct buf *to, const struct vdf *v) { put_value(to, v, true); }
