#include "flow/cdn_choice.h"

#include <string.h>

#define RATE_WEIGHT 0.25 /* of the newest */
#define RATE_FLOOR  0.02 /* of the fastest: a slow one is tried now and then, and found when it has become fast */
#define RATE_ERROR  0.5  /* what a failure leaves of a rate */

#define bit(i) ((uint32_t)1 << (i))

bool cdn_choice_is_empty(const struct cdn_choice *c)
{
	for (unsigned i = 0; i < CDN_CHOICE_SERVERS; i++)
		if (c->at[i].there)
			return false;
	return true;
}

/* ---- the list ---- */

static struct cdn_choice_server *known(struct cdn_choice *c, const struct cdn_choice_host *h)
{
	for (unsigned i = 0; i < CDN_CHOICE_SERVERS; i++)
		if (*c->at[i].host.host && !strcmp(c->at[i].host.host, h->host))
			return &c->at[i];
	return NULL;
}

static struct cdn_choice_server *unused(struct cdn_choice *c)
{
	for (unsigned i = 0; i < CDN_CHOICE_SERVERS; i++)
		if (!c->at[i].there && c->at[i].open == 0)
			return &c->at[i];
	return NULL;
}

void cdn_choice_list(struct cdn_choice *c, const struct cdn_choice_host *hosts, size_t n)
{
	for (unsigned i = 0; i < CDN_CHOICE_SERVERS; i++)
		c->at[i].there = false;
	for (size_t i = 0; i < n; i++) {
		struct cdn_choice_server *s = known(c, &hosts[i]);
		if (s)
			s->there = true;
	}
	for (size_t i = 0; i < n; i++) {
		struct cdn_choice_server *s = known(c, &hosts[i]);
		if (!s && (s = unused(c)))
			*s = (struct cdn_choice_server){ .there = true };
		if (s)
			s->host = hosts[i];
	}
}

/* ---- a depot that a server denies ---- */

static struct cdn_choice_mark *mark_of(struct cdn_choice_server *s, uint32_t depot)
{
	for (unsigned i = 0; i < CDN_CHOICE_MARKS; i++)
		if (depot && s->marks[i].depot == depot)
			return &s->marks[i];
	return NULL;
}

static struct cdn_choice_mark *mark(struct cdn_choice_server *s, uint32_t depot)
{
	struct cdn_choice_mark *m = mark_of(s, depot);

	if (m)
		return m;
	m = &s->marks[s->marks_next];
	s->marks_next = (s->marks_next + 1) % CDN_CHOICE_MARKS;
	*m = (struct cdn_choice_mark){ .depot = depot };
	return m;
}

void cdn_choice_token(struct cdn_choice *c, uint32_t depot, unsigned server, uint64_t now_ms)
{
	struct cdn_choice_mark *m = mark(&c->at[server], depot);

	m->asking = false;
	m->given = true;
	m->given_ms = now_ms;
}

void cdn_choice_refuse(struct cdn_choice *c, uint32_t depot, unsigned server, uint64_t now_ms)
{
	struct cdn_choice_mark *m = mark(&c->at[server], depot);

	m->asking = m->given = false; /* after the time is over all begins anew */
	m->until_ms = now_ms + CDN_CHOICE_REFUSED_MS;
	c->at[server].errors++;
}

/* ---- whose turn it is ---- */

static bool serves(const struct cdn_choice_server *s, uint32_t app)
{
	bool its = s->host.apps_n == 0;

	for (unsigned i = 0; i < s->host.apps_n; i++)
		its |= s->host.apps[i] == app;
	return s->there && its;
}

/* Which servers there are for a chunk, a bit each. */
struct field {
	uint32_t all;   /* that serve its app */
	uint32_t may;   /* of these, those that do not deny its depot, and may have it */
	uint32_t fresh; /* of these, those that do not rest and were not tried in this round */
	uint32_t free;  /* those that have room for one more connection, and wait for no token */
};

static struct field look(struct cdn_choice *c, const struct cdn_choice_try *t, uint64_t now_ms)
{
	struct field f = { 0 };

	for (unsigned i = 0; i < CDN_CHOICE_SERVERS; i++) {
		struct cdn_choice_server *s = &c->at[i];
		if (!serves(s, t->app))
			continue;
		f.all |= bit(i);
		const struct cdn_choice_mark *m = mark_of(s, t->depot);
		if (!(m && m->until_ms > now_ms) && !(t->missing & bit(i)))
			f.may |= bit(i);
		if (s->rests_until <= now_ms && !(t->tried & bit(i)))
			f.fresh |= bit(i);
		if (s->open < CDN_CHOICE_PER_SERVER && !(m && m->asking))
			f.free |= bit(i);
	}
	f.fresh &= f.may;
	return f;
}

static double best_rate(const struct cdn_choice *c, uint32_t among)
{
	double best = 0;

	for (unsigned i = 0; i < CDN_CHOICE_SERVERS; i++)
		if (among & bit(i) && c->at[i].rate > best)
			best = c->at[i].rate;
	return best > 0 ? best : 1;
}

/* One whose rate is not known is taken to be as fast as the fastest: so it is tried. */
static double weight(const struct cdn_choice_server *s, double best)
{
	double floor = best * RATE_FLOOR, rate = s->rate > 0 ? s->rate : best;
	return rate > floor ? rate : floor;
}

/*
 * The best of them, and at least so many that all take part: a chunk's own failures must not leave it with the same one, and a list of twenty
 * need not be asked in full.
 */
static uint32_t rotation(const struct cdn_choice *c, uint32_t among, double best)
{
	uint32_t in = 0;

	for (unsigned n = 0; n < CDN_CHOICE_ROTATION; n++) {
		int next = -1;
		for (unsigned i = 0; i < CDN_CHOICE_SERVERS; i++)
			if (among & ~in & bit(i) &&
				(next < 0 || weight(&c->at[i], best) > weight(&c->at[next], best)))
				next = (int)i;
		if (next < 0)
			break;
		in |= bit((unsigned)next);
	}
	for (unsigned i = 0; i < CDN_CHOICE_SERVERS; i++) /* as good as the others */
		if (among & bit(i) && weight(&c->at[i], best) >= best)
			in |= bit(i);
	return in;
}

/* Each has as many turns as its weight says, spread evenly. */
static unsigned by_turn(struct cdn_choice *c, uint32_t among)
{
	double best = best_rate(c, among), sum = 0;
	uint32_t in = rotation(c, among, best);
	int next = -1;

	for (unsigned i = 0; i < CDN_CHOICE_SERVERS; i++) {
		if (!(in & bit(i)))
			continue;
		double w = weight(&c->at[i], best) / best;
		c->at[i].turn += w;
		sum += w;
		if (next < 0 || c->at[i].turn > c->at[next].turn)
			next = (int)i;
	}
	c->at[next].turn -= sum;
	return (unsigned)next;
}

/* All of them rest: the one that is ready first. */
static unsigned by_rest(const struct cdn_choice *c, uint32_t among)
{
	int next = -1;

	for (unsigned i = 0; i < CDN_CHOICE_SERVERS; i++)
		if (among & bit(i) && (next < 0 || c->at[i].rests_until < c->at[next].rests_until))
			next = (int)i;
	return (unsigned)next;
}

static struct cdn_choice_turn fails(enum cdn_choice_why why)
{
	return (struct cdn_choice_turn){ .go = CDN_CHOICE_FAIL, .why = why };
}

static struct cdn_choice_turn waits(uint64_t at_ms)
{
	return (struct cdn_choice_turn){ .go = CDN_CHOICE_WAIT, .at_ms = at_ms };
}

static struct cdn_choice_turn end_round(struct cdn_choice_try *t, uint64_t now_ms)
{
	uint64_t rest = CDN_CHOICE_ROUND_MS;

	for (unsigned i = 0; i < t->rounds && rest < CDN_CHOICE_ROUND_MAX_MS; i++)
		rest *= 2;
	t->rounds++;
	t->tries = 0;
	t->tried = 0;
	t->not_before = now_ms + (rest < CDN_CHOICE_ROUND_MAX_MS ? rest : CDN_CHOICE_ROUND_MAX_MS);
	return waits(t->not_before);
}

static unsigned count(uint32_t bits) { return (unsigned)__builtin_popcount(bits); }

struct cdn_choice_turn cdn_choice_pick(struct cdn_choice *c, struct cdn_choice_try *t, uint64_t now_ms)
{
	if (t->not_before > now_ms)
		return waits(t->not_before);
	struct field f = look(c, t, now_ms);
	if (f.all == 0)
		return fails(CDN_CHOICE_NOBODY);
	if (count(t->missing) >= CDN_CHOICE_MISSING || (f.may == 0 && t->missing & f.all))
		return fails(CDN_CHOICE_MISSES);
	if (f.may == 0)
		return fails(CDN_CHOICE_DENIED);
	if (t->tries >= CDN_CHOICE_TRIES)
		return end_round(t, now_ms);
	/* What was tried may be tried once more, and after a rest of all what rests, too. */
	bool begins = t->tries == 0 && t->rounds > 0;
	uint32_t awake = f.fresh;
	for (unsigned i = 0; awake == 0 && i < CDN_CHOICE_SERVERS; i++)
		if (f.may & bit(i) && c->at[i].rests_until <= now_ms)
			awake |= bit(i);
	if (awake == 0 && !begins)
		return end_round(t, now_ms);
	uint32_t among = awake ? awake : f.may;
	if (c->open >= CDN_CHOICE_IN_ALL || !(among & f.free))
		return waits(UINT64_MAX);
	unsigned i = awake ? by_turn(c, among & f.free) : by_rest(c, among & f.free);
	c->at[i].open++;
	c->open++;
	t->tries++;
	return (struct cdn_choice_turn){ .go = CDN_CHOICE_GO, .server = i };
}

/* ---- what follows ---- */

static void strike(struct cdn_choice_server *s, const struct cdn_choice_done *d, uint64_t now_ms)
{
	uint64_t rest = CDN_CHOICE_PENALTY_MS;

	s->errors++;
	if (d->began_ms < s->struck_ms)
		return;
	if (s->strikes > 0 && now_ms >= s->rests_until + CDN_CHOICE_PENALTY_MAX_MS)
		s->strikes = 0;
	for (unsigned i = 0; i < s->strikes && rest < CDN_CHOICE_PENALTY_MAX_MS; i++)
		rest *= 2;
	if (d->again_ms > rest)
		rest = d->again_ms;
	if (rest > CDN_CHOICE_PENALTY_MAX_MS)
		rest = CDN_CHOICE_PENALTY_MAX_MS;
	s->strikes++;
	s->struck_ms = now_ms + 1; /* what began until now is the same failure */
	s->rests_until = now_ms + rest;
	s->rate *= RATE_ERROR;
}

static enum cdn_choice_next failed(
	struct cdn_choice *c, struct cdn_choice_try *t, const struct cdn_choice_done *d, uint64_t now_ms)
{
	t->tried |= bit(d->server);
	t->bad = d->end == CDN_CHOICE_BAD;
	strike(&c->at[d->server], d, now_ms);
	return CDN_CHOICE_AGAIN;
}

static enum cdn_choice_next denied(
	struct cdn_choice *c, struct cdn_choice_try *t, const struct cdn_choice_done *d, uint64_t now_ms)
{
	struct cdn_choice_server *s = &c->at[d->server];
	struct cdn_choice_mark *m = mark(s, t->depot);

	if (m->until_ms > now_ms)
		return CDN_CHOICE_AGAIN;
	if (m->asking || !m->given || d->began_ms < m->given_ms) {
		bool first = !m->asking && !m->given;
		m->asking |= first;
		s->errors += first;
		t->tries--; /* it is the token that was missing */
		return first ? CDN_CHOICE_TOKEN : CDN_CHOICE_AGAIN;
	}
	cdn_choice_refuse(c, t->depot, d->server, now_ms);
	return CDN_CHOICE_AGAIN;
}

static void went_well(struct cdn_choice_server *s, const struct cdn_choice_try *t, const struct cdn_choice_done *d)
{
	struct cdn_choice_mark *m = mark_of(s, t->depot);

	if (m)
		m->given = false; /* the token is good; when it ends, another is asked for */
	if (d->bytes == 0 || d->took_us == 0)
		return;
	double rate = (double)d->bytes * 1e6 / (double)d->took_us;
	s->rate = s->rate > 0 ? s->rate + RATE_WEIGHT * (rate - s->rate) : rate;
}

enum cdn_choice_next cdn_choice_done(
	struct cdn_choice *c, struct cdn_choice_try *t, const struct cdn_choice_done *d, uint64_t now_ms)
{
	struct cdn_choice_server *s = &c->at[d->server];

	s->open--;
	c->open--;
	switch (d->end) {
	case CDN_CHOICE_GOOD:
		went_well(s, t, d);
		return CDN_CHOICE_IS_DONE;
	case CDN_CHOICE_STOPPED:
		t->tries--;
		return CDN_CHOICE_AGAIN;
	case CDN_CHOICE_DENIES:
		return denied(c, t, d, now_ms);
	case CDN_CHOICE_LACKS:
		t->tried |= bit(d->server);
		t->missing |= bit(d->server);
		s->errors++;
		return CDN_CHOICE_AGAIN;
	case CDN_CHOICE_BAD:
	case CDN_CHOICE_ERROR:
	case CDN_CHOICE_SLOW:
	case CDN_CHOICE_BUSY:
		break;
	}
	return failed(c, t, d, now_ms);
}

void cdn_choice_spoilt(
	struct cdn_choice *c, struct cdn_choice_try *t, const struct cdn_choice_done *d, uint64_t now_ms)
{
	failed(c, t, d, now_ms);
}
