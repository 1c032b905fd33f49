#include "model/guess.h"

#define TOKEN 1000
/* Strikes are remembered for as many of the longest locks after the last of them. */
#define REMEMBERED 4

struct guess guess_new(const struct guess_rules *r, int64_t now_ms)
{
	return (struct guess){ .tokens = (int64_t)r->burst * TOKEN, .at_ms = now_ms };
}

bool guess_is_locked(const struct guess *g, int64_t now_ms) { return now_ms < g->locked_until_ms; }

int64_t guess_forgotten_ms(const struct guess *g, const struct guess_rules *r)
{
	int64_t full = g->at_ms + (int64_t)r->burst * r->refill_ms;
	int64_t struck = g->strikes ? g->locked_until_ms + REMEMBERED * r->lock_max_ms : 0;

	return full > struck ? full : struck;
}

/* A clock that was set back gives nothing and takes nothing. */
static void refill(struct guess *g, const struct guess_rules *r, int64_t now_ms)
{
	int64_t most = (int64_t)r->burst * TOKEN;

	if (now_ms <= g->at_ms)
		return;
	if (now_ms >= guess_forgotten_ms(g, r)) {
		*g = guess_new(r, now_ms);
		return;
	}
	int64_t passed = now_ms - g->at_ms;
	int64_t more = passed >= (int64_t)r->burst * r->refill_ms ? most : passed * TOKEN / r->refill_ms;
	g->tokens = g->tokens + more > most ? most : g->tokens + more;
	g->at_ms = now_ms;
}

static void lock(struct guess *g, const struct guess_rules *r, int64_t now_ms)
{
	int64_t ms = r->lock_ms;

	for (int64_t i = 0; i < g->strikes && ms < r->lock_max_ms; i++)
		ms *= 2;
	g->strikes++;
	g->locked_until_ms = now_ms + (ms < r->lock_max_ms ? ms : r->lock_max_ms);
	g->tokens = TOKEN; /* when it ends */
	g->at_ms = g->locked_until_ms;
}

bool guess_take(struct guess *g, const struct guess_rules *r, int64_t now_ms)
{
	if (guess_is_locked(g, now_ms))
		return false;
	refill(g, r, now_ms);
	if (g->tokens >= TOKEN) {
		g->tokens -= TOKEN;
		return true;
	}
	lock(g, r, now_ms);
	return false;
}

void guess_back(struct guess *g, const struct guess_rules *r)
{
	int64_t most = (int64_t)r->burst * TOKEN;

	g->tokens = g->tokens + TOKEN > most ? most : g->tokens + TOKEN;
}
