/* Which server is asked, and what follows from its answer; on a clock that only the test moves. */
#include "flow/cdn_choice.h"
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

static struct cdn_choice c;
static uint64_t now;

static void servers(unsigned n)
{
	struct cdn_choice_host hosts[CDN_CHOICE_SERVERS + 4] = { 0 };

	c = (struct cdn_choice){ 0 };
	now = 1000;
	for (unsigned i = 0; i < n; i++)
		snprintf(hosts[i].host, sizeof(hosts[i].host), "s%u", i);
	cdn_choice_list(&c, hosts, n);
}

static struct cdn_choice_try chunk(void) { return (struct cdn_choice_try){ .app = 1, .depot = 10 }; }

static unsigned pick(struct cdn_choice_try *t)
{
	struct cdn_choice_turn turn = cdn_choice_pick(&c, t, now);
	CHECK(turn.go == CDN_CHOICE_GO);
	return turn.server;
}

static enum cdn_choice_next ends(struct cdn_choice_try *t, unsigned server, enum cdn_choice_end end)
{
	const struct cdn_choice_done d = {
		.server = server, .end = end, .began_ms = now, .bytes = 1000000, .took_us = 100000
	};
	return cdn_choice_done(&c, t, &d, now);
}

static struct cdn_choice_done timed(unsigned server, uint64_t bytes, uint64_t took_us)
{
	return (struct cdn_choice_done){
		.server = server, .end = CDN_CHOICE_GOOD, .began_ms = now, .bytes = bytes, .took_us = took_us
	};
}

static void all_take_part(void)
{
	unsigned seen[CDN_CHOICE_SERVERS] = { 0 };

	servers(5);
	for (unsigned i = 0; i < 50; i++, now += 10) {
		struct cdn_choice_try t = chunk();
		unsigned s = pick(&t);
		seen[s]++;
		CHECK(ends(&t, s, CDN_CHOICE_GOOD) == CDN_CHOICE_IS_DONE);
	}
	for (unsigned i = 0; i < 5; i++)
		CHECK(seen[i] == 10); /* as fast as each other: by turns */
	CHECK(c.open == 0);
}

/* The faster, the more; a slow one is not forgotten. */
static void by_rate(void)
{
	unsigned seen[CDN_CHOICE_SERVERS] = { 0 };

	servers(5);
	for (unsigned i = 0; i < 1000; i++, now += 10) {
		struct cdn_choice_try t = chunk();
		unsigned s = pick(&t);
		struct cdn_choice_done d = timed(s, 1000000, s == 0 ? 5000000 : s == 1 ? 100000 : 50000);
		seen[s]++;
		CHECK(cdn_choice_done(&c, &t, &d, now) == CDN_CHOICE_IS_DONE);
	}
	CHECK(seen[0] > 0 && seen[0] < 20);
	CHECK(seen[1] > 100 && seen[1] < 200 && seen[2] > 250 && seen[3] > 250 && seen[4] > 250);
}

static void connections(void)
{
	struct cdn_choice_try t = chunk();

	servers(1);
	for (unsigned i = 0; i < CDN_CHOICE_PER_SERVER; i++) {
		struct cdn_choice_try other = chunk();
		CHECK(pick(&other) == 0);
	}
	struct cdn_choice_turn turn = cdn_choice_pick(&c, &t, now);
	CHECK(turn.go == CDN_CHOICE_WAIT && turn.at_ms == UINT64_MAX && t.tries == 0);
	CHECK(ends(&t, 0, CDN_CHOICE_STOPPED) == CDN_CHOICE_AGAIN);
	t = chunk();
	CHECK(pick(&t) == 0);

	servers(10);
	for (unsigned i = 0; i < CDN_CHOICE_IN_ALL; i++) {
		struct cdn_choice_try other = chunk();
		CHECK(pick(&other) < 10);
	}
	t = chunk();
	CHECK(cdn_choice_pick(&c, &t, now).go == CDN_CHOICE_WAIT);
	for (unsigned i = 0; i < 10; i++)
		CHECK(c.at[i].open == 3);
}

/* 30 s, 60 s ... 600 s, and what was under way when the first failed is no failure of its own. */
static void penalties(void)
{
	static const uint64_t rests[] = { 30000, 60000, 120000, 240000, 480000, 600000, 600000 };

	servers(2);
	for (unsigned i = 0; i < 7; i++) {
		struct cdn_choice_try t[4] = { chunk(), chunk(), chunk(), chunk() };
		unsigned at[4];
		for (unsigned k = 0; k < 4; k++)
			at[k] = pick(&t[k]);
		for (unsigned k = 0; k < 4; k++)
			CHECK(ends(&t[k], at[k], at[k] == 0 ? CDN_CHOICE_ERROR : CDN_CHOICE_GOOD) ==
				(at[k] == 0 ? CDN_CHOICE_AGAIN : CDN_CHOICE_IS_DONE));
		CHECK(c.at[0].rests_until == now + rests[i]);
		now = c.at[0].rests_until - 1;
		for (unsigned k = 0; k < 8; k++) {
			struct cdn_choice_try other = chunk();
			unsigned s = pick(&other);
			CHECK(s == 1 && ends(&other, s, CDN_CHOICE_GOOD) == CDN_CHOICE_IS_DONE);
		}
		now++;
	}
	now += CDN_CHOICE_PENALTY_MAX_MS; /* long ago: it begins anew */
	struct cdn_choice_try a = chunk(), b = chunk();
	unsigned first = pick(&a), second = pick(&b);
	CHECK(first + second == 1);
	(void)ends(first == 0 ? &a : &b, 0, CDN_CHOICE_SLOW);
	CHECK(c.at[0].rests_until == now + 30000);
	CHECK(c.at[1].rests_until == 0);
}

static void retry_after(void)
{
	servers(2);
	struct cdn_choice_try t = chunk();
	unsigned s = pick(&t);
	struct cdn_choice_done d = { .server = s, .end = CDN_CHOICE_BUSY, .began_ms = now, .again_ms = 90000 };
	CHECK(cdn_choice_done(&c, &t, &d, now) == CDN_CHOICE_AGAIN && c.at[s].rests_until == now + 90000);
	CHECK(pick(&t) == 1 - s);
	d = (struct cdn_choice_done){
		.server = 1 - s, .end = CDN_CHOICE_BUSY, .began_ms = now, .again_ms = 86400000
	};
	CHECK(cdn_choice_done(&c, &t, &d, now) == CDN_CHOICE_AGAIN);
	CHECK(c.at[1 - s].rests_until == now + CDN_CHOICE_PENALTY_MAX_MS);
}

/* A bad hash, found when the connection has long been given back. */
static void spoilt(void)
{
	servers(2);
	struct cdn_choice_try t = chunk();
	unsigned s = pick(&t);
	struct cdn_choice_done d = timed(s, 1000000, 1000);
	CHECK(cdn_choice_done(&c, &t, &d, now) == CDN_CHOICE_IS_DONE && c.open == 0);
	d.end = CDN_CHOICE_BAD;
	cdn_choice_spoilt(&c, &t, &d, now);
	CHECK(c.at[s].rests_until == now + 30000 && c.at[s].errors == 1 && t.bad && c.open == 0);
	CHECK(pick(&t) == 1 - s);
}

/* A token once; then this server is not asked for this depot, and is for others. */
static void denied(void)
{
	servers(2);
	struct cdn_choice_try t = chunk(), late = chunk(), other;
	unsigned s = pick(&t);
	while ((pick(&late)) != s)
		CHECK(ends(&late, 1 - s, CDN_CHOICE_STOPPED) == CDN_CHOICE_AGAIN);
	struct cdn_choice_done old = { .server = s, .end = CDN_CHOICE_DENIES, .began_ms = now };
	now += 10;
	CHECK(ends(&t, s, CDN_CHOICE_DENIES) == CDN_CHOICE_TOKEN && t.tries == 0);
	other = chunk();
	CHECK(pick(&other) == 1 - s); /* nobody asks there meanwhile */
	CHECK(ends(&other, 1 - s, CDN_CHOICE_GOOD) == CDN_CHOICE_IS_DONE);
	cdn_choice_token(&c, 10, s, now);
	CHECK(cdn_choice_done(&c, &late, &old, now) ==
		CDN_CHOICE_AGAIN); /* it went out without the token: no denial */
	now += 10;
	while (pick(&t) != s)
		CHECK(ends(&t, 1 - s, CDN_CHOICE_STOPPED) == CDN_CHOICE_AGAIN);
	CHECK(ends(&t, s, CDN_CHOICE_DENIES) == CDN_CHOICE_AGAIN);
	for (unsigned i = 0; i < 8; i++) {
		other = chunk();
		CHECK(pick(&other) == 1 - s && ends(&other, 1 - s, CDN_CHOICE_GOOD) == CDN_CHOICE_IS_DONE);
	}
	bool asked = false;
	for (unsigned i = 0; i < 4; i++) {
		other = (struct cdn_choice_try){ .app = 1, .depot = 11 };
		unsigned at = pick(&other);
		asked |= at == s;
		CHECK(ends(&other, at, CDN_CHOICE_GOOD) == CDN_CHOICE_IS_DONE);
	}
	CHECK(asked && c.at[s].rests_until == 0);
	cdn_choice_refuse(&c, 10, 1 - s, now); /* and the other, too */
	other = chunk();
	struct cdn_choice_turn turn = cdn_choice_pick(&c, &other, now);
	CHECK(turn.go == CDN_CHOICE_FAIL && turn.why == CDN_CHOICE_DENIED);
	now += CDN_CHOICE_REFUSED_MS;
	CHECK(cdn_choice_pick(&c, &other, now).go == CDN_CHOICE_GO);
}

/* A token that was good and has ended is asked for once more. */
static void token_ends(void)
{
	servers(1);
	struct cdn_choice_try t = chunk();
	for (unsigned i = 0; i < 3; i++) {
		CHECK(ends(&t, pick(&t), CDN_CHOICE_DENIES) == CDN_CHOICE_TOKEN);
		CHECK(cdn_choice_pick(&c, &t, now).go == CDN_CHOICE_WAIT);
		cdn_choice_token(&c, 10, 0, now);
		CHECK(ends(&t, pick(&t), CDN_CHOICE_GOOD) == CDN_CHOICE_IS_DONE);
		now += 1000;
		t = chunk();
	}
}

static void missing(void)
{
	servers(6);
	struct cdn_choice_try t = chunk();
	uint32_t asked = 0;
	for (unsigned i = 0; i < CDN_CHOICE_MISSING; i++) {
		unsigned s = pick(&t);
		CHECK(!(asked >> s & 1));
		asked |= 1u << s;
		CHECK(ends(&t, s, CDN_CHOICE_LACKS) == CDN_CHOICE_AGAIN && c.at[s].rests_until == 0);
	}
	struct cdn_choice_turn turn = cdn_choice_pick(&c, &t, now);
	CHECK(turn.go == CDN_CHOICE_FAIL && turn.why == CDN_CHOICE_MISSES);
	servers(1);
	t = chunk();
	CHECK(ends(&t, pick(&t), CDN_CHOICE_LACKS) == CDN_CHOICE_AGAIN);
	turn = cdn_choice_pick(&c, &t, now);
	CHECK(turn.go == CDN_CHOICE_FAIL && turn.why == CDN_CHOICE_MISSES); /* there is no other */
	servers(0);
	t = chunk();
	turn = cdn_choice_pick(&c, &t, now);
	CHECK(turn.go == CDN_CHOICE_FAIL && turn.why == CDN_CHOICE_NOBODY);
}

/* Seven tries, a rest, seven tries, a rest twice as long. */
static void rounds(void)
{
	uint64_t rest = 5000;

	servers(9);
	struct cdn_choice_try t = chunk();
	for (unsigned round = 0; round < 8; round++) {
		uint32_t asked = 0;
		for (unsigned i = 0; i < CDN_CHOICE_TRIES; i++) {
			unsigned s = pick(&t);
			CHECK(!(asked >> s & 1)); /* each another */
			asked |= 1u << s;
			CHECK(ends(&t, s, CDN_CHOICE_ERROR) == CDN_CHOICE_AGAIN);
			for (unsigned k = 0; k < 9; k++)
				c.at[k].rests_until = 0;
		}
		struct cdn_choice_turn turn = cdn_choice_pick(&c, &t, now);
		CHECK(turn.go == CDN_CHOICE_WAIT && turn.at_ms == now + rest);
		now += rest - 1;
		CHECK(cdn_choice_pick(&c, &t, now).go == CDN_CHOICE_WAIT);
		now++;
		rest = rest * 2 < CDN_CHOICE_ROUND_MAX_MS ? rest * 2 : CDN_CHOICE_ROUND_MAX_MS;
	}
}

/* When all rest, a chunk rests as long as a round does, and then asks the one that is ready first. */
static void all_rest(void)
{
	servers(2);
	struct cdn_choice_try t = chunk();
	unsigned s = pick(&t);
	CHECK(ends(&t, s, CDN_CHOICE_ERROR) == CDN_CHOICE_AGAIN);
	now += 100;
	CHECK(pick(&t) == 1 - s && ends(&t, 1 - s, CDN_CHOICE_ERROR) == CDN_CHOICE_AGAIN);
	struct cdn_choice_turn turn = cdn_choice_pick(&c, &t, now);
	CHECK(turn.go == CDN_CHOICE_WAIT && turn.at_ms == now + CDN_CHOICE_ROUND_MS);
	now = turn.at_ms;
	CHECK(pick(&t) == s);
	CHECK(ends(&t, s, CDN_CHOICE_GOOD) == CDN_CHOICE_IS_DONE);
}

static void lists(void)
{
	struct cdn_choice_host hosts[40] = { 0 };

	servers(3);
	struct cdn_choice_try t = chunk();
	unsigned s = pick(&t);
	for (unsigned i = 0; i < 40; i++)
		snprintf(hosts[i].host, sizeof(hosts[i].host), "n%u", i);
	hosts[0].apps[0] = 7;
	hosts[0].apps_n = 1;
	snprintf(hosts[39].host, sizeof(hosts[39].host), "s%u", (s + 1) % 3);
	cdn_choice_list(&c, hosts, 40);
	CHECK(c.open == 1 && c.at[s].open == 1 && !c.at[s].there); /* still busy: its slot stays */
	CHECK(c.at[(s + 1) % 3].there);
	CHECK(ends(&t, s, CDN_CHOICE_ERROR) == CDN_CHOICE_AGAIN && c.open == 0);
	for (unsigned i = 0; i < 300; i++) {
		struct cdn_choice_try other = chunk();
		unsigned at = pick(&other);
		CHECK(c.at[at].there && strcmp(c.at[at].host.host, "n0") != 0); /* another app's */
		CHECK(ends(&other, at, CDN_CHOICE_GOOD) == CDN_CHOICE_IS_DONE);
	}
	CHECK(!cdn_choice_is_empty(&c));
	cdn_choice_list(&c, hosts, 1); /* the one for app 7 alone; then nobody is there, not even for that app */
	t = (struct cdn_choice_try){ .app = 7, .depot = 10 };
	CHECK(ends(&t, pick(&t), CDN_CHOICE_STOPPED) == CDN_CHOICE_AGAIN);
	cdn_choice_list(&c, hosts, 0);
	CHECK(cdn_choice_pick(&c, &t, now).go == CDN_CHOICE_FAIL);
	CHECK(cdn_choice_is_empty(&c));
}

/* 1 slow, 1 denies, 1 spoils, 2 are good: the good ones do the work. */
static void five_kinds(void)
{
	unsigned good = 0, wasted = 0, slow = 0, n = 400;

	servers(5);
	for (unsigned i = 0; i < n; i++) {
		struct cdn_choice_try t = chunk();
		for (bool done = false; !done; now += 20) {
			struct cdn_choice_turn turn = cdn_choice_pick(&c, &t, now);
			CHECK(turn.go != CDN_CHOICE_FAIL);
			if (turn.go == CDN_CHOICE_WAIT) {
				CHECK(turn.at_ms != UINT64_MAX);
				now = turn.at_ms;
				continue;
			}
			unsigned s = turn.server;
			struct cdn_choice_done d = timed(s, 1000000, s == 0 ? 4000000 : 20000);
			d.end = s == 1 ? CDN_CHOICE_DENIES : CDN_CHOICE_GOOD;
			enum cdn_choice_next next = cdn_choice_done(&c, &t, &d, now);
			if (next == CDN_CHOICE_TOKEN)
				cdn_choice_refuse(&c, 10, s, now);
			if (next != CDN_CHOICE_IS_DONE)
				continue;
			done = s != 2;
			d.end = CDN_CHOICE_BAD;
			if (!done)
				cdn_choice_spoilt(&c, &t, &d, now);
			wasted += !done;
			good += done;
			slow += s == 0;
		}
	}
	CHECK(good == n && wasted * 100 <= n * 5 && slow * 100 <= n * 5);
	CHECK(c.at[2].rests_until > 0 && c.at[1].errors > 0 && c.open == 0);
}

int main(void)
{
	all_take_part();
	by_rate();
	connections();
	penalties();
	retry_after();
	spoilt();
	denied();
	token_ends();
	missing();
	rounds();
	all_rest();
	lists();
	five_kinds();
	return 0;
}
