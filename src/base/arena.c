#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN 8192

struct arena_block {
	struct arena_block *before;
	size_t used, room;
	alignas(max_align_t) uint8_t bytes[];
};

static struct arena_block *block_for(struct arena *a, size_t n)
{
	if (a->last && a->last->room - a->last->used >= n)
		return a->last;

	size_t room = n > BLOCK_MIN ? n : BLOCK_MIN;
	struct arena_block *b = malloc(sizeof(*b) + room);
	if (!b)
		return NULL;
	*b = (struct arena_block){ .before = a->last, .room = room };
	a->last = b;
	return b;
}

void *arena_take(struct arena *a, size_t n)
{
	size_t limit = a->limit ? a->limit : ARENA_LIMIT_DEFAULT;
	size_t step = alignof(max_align_t);

	if (n > limit || a->taken > limit - n)
		return NULL;
	n = (n + step - 1) / step * step;
	struct arena_block *b = block_for(a, n);
	if (!b)
		return NULL;
	void *p = b->bytes + b->used;
	b->used += n;
	a->taken += n;
	return memset(p, 0, n);
}

char *arena_strn(struct arena *a, const char *s, size_t n)
{
	char *p = arena_take(a, n + 1);
	return p && n ? memcpy(p, s, n) : p;
}

char *arena_str(struct arena *a, const char *s) { return s ? arena_strn(a, s, strlen(s)) : NULL; }

char *arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	char *p = n < 0 ? NULL : arena_take(a, (size_t)n + 1);
	if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return p;
}

static void give_back(const struct arena *a, struct arena_block *b)
{
	if (a->wipes)
		explicit_bzero(b->bytes, b->used);
	free(b);
}

void arena_reset(struct arena *a)
{
	while (a->last && a->last->before) {
		struct arena_block *b = a->last;
		a->last = b->before;
		give_back(a, b);
	}
	if (a->last && a->wipes)
		explicit_bzero(a->last->bytes, a->last->used);
	if (a->last)
		a->last->used = 0;
	a->taken = 0;
}

void arena_done(struct arena *a)
{
	while (a->last) {
		struct arena_block *b = a->last;
		a->last = b->before;
		give_back(a, b);
	}
	*a = (struct arena){ 0 };
}
