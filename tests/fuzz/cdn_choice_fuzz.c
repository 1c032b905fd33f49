/* What content servers may answer, in any order: as many connections as are allowed, no more; a chunk that cannot be had fails; none waits for ever. */
#include "flow/cdn_choice.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CHUNKS 48

struct way {
	struct cdn_choice_try try;
	bool busy, over;
	unsigned server;
	uint64_t began_ms;
};

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(const struct cdn_choice *c)
{
	unsigned open = 0;

	for (unsigned i = 0; i < CDN_CHOICE_SERVERS; i++) {
		assert(c->at[i].open <= CDN_CHOICE_PER_SERVER && c->at[i].rate >= 0);
		open += c->at[i].open;
	}
	assert(open == c->open && open <= CDN_CHOICE_IN_ALL);
}

static void list(struct cdn_choice *c, uint8_t what)
{
	struct cdn_choice_host hosts[CDN_CHOICE_SERVERS + 8] = { 0 };
	unsigned n = what % (CDN_CHOICE_SERVERS + 8);

	for (unsigned i = 0; i < n; i++) {
		snprintf(hosts[i].host, sizeof(hosts[i].host), "s%u", (i + what / 40) % 45);
		hosts[i].apps_n = i % 7 == 6;
		hosts[i].apps[0] = i % 2;
	}
	cdn_choice_list(c, hosts, n);
}

static void begin(struct cdn_choice *c, struct way *w, uint64_t now_ms)
{
	struct cdn_choice_turn turn = cdn_choice_pick(c, &w->try, now_ms);

	assert(turn.go != CDN_CHOICE_WAIT || turn.at_ms > now_ms);
	assert(turn.go != CDN_CHOICE_WAIT || turn.at_ms != UINT64_MAX || c->open > 0 || w->try.depot % 2 == 1);
	w->over = turn.go == CDN_CHOICE_FAIL;
	w->busy = turn.go == CDN_CHOICE_GO;
	w->server = turn.server;
	w->began_ms = now_ms;
	assert(w->try.tries <= CDN_CHOICE_TRIES);
	if (w->busy)
		assert(turn.server < CDN_CHOICE_SERVERS && c->at[turn.server].there && c->at[turn.server].open > 0);
}

static void end(struct cdn_choice *c, struct way *w, uint8_t how, uint64_t now_ms)
{
	struct cdn_choice_done d = { .server = w->server,
		.end = (enum cdn_choice_end)(how % (CDN_CHOICE_STOPPED + 1)),
		.began_ms = w->began_ms,
		.bytes = how * 1000u,
		.took_us = how,
		.again_ms = how * 100000ull };

	w->busy = false;
	enum cdn_choice_next next = cdn_choice_done(c, &w->try, &d, now_ms);
	if (next == CDN_CHOICE_TOKEN && how & 128)
		cdn_choice_refuse(c, w->try.depot, w->server, now_ms);
	else if (next == CDN_CHOICE_TOKEN)
		cdn_choice_token(c, w->try.depot, w->server, now_ms);
	w->over = next == CDN_CHOICE_IS_DONE && !(how & 64);
	d.end = CDN_CHOICE_BAD;
	if (next == CDN_CHOICE_IS_DONE && !w->over)
		cdn_choice_spoilt(c, &w->try, &d, now_ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct cdn_choice c;
	struct way ways[CHUNKS] = { 0 };
	uint64_t now_ms = 1;

	c = (struct cdn_choice){ 0 };
	list(&c, 5);
	for (size_t i = 0; i + 2 < n; i += 3) {
		struct way *w = &ways[p[i] % CHUNKS];
		if (p[i] == 255)
			list(&c, p[i + 1]);
		else if (w->busy)
			end(&c, w, p[i + 1], now_ms);
		else if (w->over || w->try.depot == 0)
			*w = (struct way){ .try = { .app = p[i + 1] % 2, .depot = 1 + p[i + 1] % 5 } };
		else
			begin(&c, w, now_ms);
		check(&c);
		now_ms += (uint64_t)p[i + 2] * p[i + 2];
	}
	return 0;
}
