/* The access tokens that Steam gave the session for product info: asked for once. */
#include "agent/session.h"

#include <stdlib.h>
#include <string.h>

#define TOKENS_MAX 50000 /* past it the new ones are not kept */

struct token {
	enum pics_kind kind;
	uint32_t id;
	uint64_t token; /* 0: it served no more */
};

struct session_tokens {
	struct token *at; /* sorted by kind and id */
	size_t n, room;
};

static int compare(const struct token *a, enum pics_kind kind, uint32_t id)
{
	if (a->kind != kind)
		return a->kind < kind ? -1 : 1;
	return (a->id > id) - (a->id < id);
}

/* Where it is, or would stand. */
static size_t place_of(const struct session_tokens *ts, enum pics_kind kind, uint32_t id)
{
	size_t lo = 0, hi = ts->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (compare(&ts->at[mid], kind, id) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static struct token *find(const struct session_tokens *ts, enum pics_kind kind, uint32_t id)
{
	size_t i = ts ? place_of(ts, kind, id) : 0;
	return ts && i < ts->n && compare(&ts->at[i], kind, id) == 0 ? &ts->at[i] : NULL;
}

/* Without memory it is asked for again the next time. */
static void keep(struct session_tokens *ts, const struct steam_product *p)
{
	size_t i = place_of(ts, p->kind, p->id);

	if (ts->n == TOKENS_MAX)
		return;
	if (ts->n == ts->room) {
		size_t room = ts->room ? 2 * ts->room : 64;
		struct token *more = realloc(ts->at, room * sizeof(*more));
		if (!more)
			return;
		ts->at = more;
		ts->room = room;
	}
	memmove(ts->at + i + 1, ts->at + i, (ts->n - i) * sizeof(*ts->at));
	ts->at[i] = (struct token){ p->kind, p->id, p->token };
	ts->n++;
}

void session_tokens_fill(const struct session *s, struct steam_product *to, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct token *t = find(s->tokens, to[i].kind, to[i].id);
		if (t && to[i].token == 0)
			to[i].token = t->token;
	}
}

void session_tokens_learn(struct session *s, const struct steam_call *got)
{
	for (size_t i = 0; i < got->products_n; i++) {
		const struct steam_product *p = &got->products[i];
		struct token *known = find(s->tokens, p->kind, p->id);
		if (p->token == 0 || p->state != STEAM_PRODUCT_KNOWN)
			continue;
		if (known)
			known->token = p->missing_token ? 0 : p->token;
		else if (!p->missing_token && (s->tokens || (s->tokens = calloc(1, sizeof(*s->tokens)))))
			keep(s->tokens, p);
	}
}

void session_tokens_free(struct session *s)
{
	if (s->tokens)
		free(s->tokens->at);
	free(s->tokens);
	s->tokens = NULL;
}
