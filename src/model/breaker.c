#include "model/breaker.h"

const char *const breaker_words[] = { "closed", "open", "half_open", "forced_open", "forced_closed", NULL };

static void move(struct breaker *b, enum breaker_state to, int64_t now_ms)
{
	b->state = (int)to;
	b->since_ms = now_ms;
	b->probe_ms = 0;
	b->asked = b->good = b->judged_ms = 0;
}

/* One that opens again before it was closed for as long as it had been open goes on where it was. */
static bool in_a_row(const struct breaker *b, int64_t now_ms)
{
	return b->trips > 0 && (b->state == BREAKER_HALF_OPEN || now_ms - b->since_ms < b->wait_ms);
}

static bool trip(struct breaker *b, int64_t base_ms, int64_t now_ms)
{
	if (b->state != BREAKER_CLOSED && b->state != BREAKER_HALF_OPEN)
		return false;
	if (in_a_row(b, now_ms)) {
		b->trips++;
		b->wait_ms = b->wait_ms * 2 > base_ms ? b->wait_ms * 2 : base_ms;
	} else {
		b->trips = 1;
		b->wait_ms = base_ms;
	}
	if (b->wait_ms > BREAKER_WAIT_MAX_MS)
		b->wait_ms = BREAKER_WAIT_MAX_MS;
	move(b, BREAKER_OPEN, now_ms);
	b->probe_ms = now_ms + b->wait_ms;
	return true;
}

enum breaker_may breaker_would(const struct breaker *b, int64_t now_ms)
{
	switch ((enum breaker_state)b->state) {
	case BREAKER_CLOSED:
	case BREAKER_FORCED_CLOSED:
		return BREAKER_GO;
	case BREAKER_OPEN:
		return now_ms >= b->probe_ms ? BREAKER_PROBE : BREAKER_NO;
	case BREAKER_HALF_OPEN:
	case BREAKER_FORCED_OPEN:
	case BREAKER_STATES:
		break;
	}
	return BREAKER_NO;
}

enum breaker_may breaker_ask(struct breaker *b, int64_t now_ms)
{
	enum breaker_may may = breaker_would(b, now_ms);

	if (may == BREAKER_PROBE) {
		move(b, BREAKER_HALF_OPEN, now_ms);
		b->probe_ms = now_ms + BREAKER_PROBE_MS;
	}
	return may;
}

bool breaker_fail(struct breaker *b, enum breaker_failure how, int64_t now_ms)
{
	if (how != BREAKER_CONNECT)
		return trip(b, b->state == BREAKER_HALF_OPEN ? b->wait_ms : BREAKER_CALL_MS, now_ms);
	b->failures++;
	b->failed_ms = now_ms;
	if (b->state == BREAKER_HALF_OPEN)
		return trip(b, b->wait_ms, now_ms);
	return b->failures >= BREAKER_CONNECTS && trip(b, BREAKER_CONNECT_MS, now_ms);
}

bool breaker_succeed(struct breaker *b, int64_t now_ms)
{
	b->failures = 0;
	b->well_ms = now_ms;
	if (b->state != BREAKER_HALF_OPEN)
		return false;
	move(b, BREAKER_CLOSED, now_ms);
	return true;
}

bool breaker_count(struct breaker *b, int64_t asked, int64_t good, int64_t now_ms)
{
	if (now_ms - b->judged_ms > BREAKER_RATIO_OLD_MS) {
		b->asked = b->good = 0;
		b->judged_ms = now_ms;
	}
	b->asked += asked;
	b->good += good;
	if (b->asked < BREAKER_RATIO_IDS)
		return false;
	bool bad = b->good * 100 < b->asked * BREAKER_RATIO;
	b->asked = b->good = 0;
	b->judged_ms = now_ms;
	return bad && trip(b, BREAKER_CALL_MS, now_ms);
}

static bool is_forced(const struct breaker *b)
{
	return b->state == BREAKER_FORCED_OPEN || b->state == BREAKER_FORCED_CLOSED;
}

bool breaker_sum(struct breaker *whole, const struct breaker_way *ways, size_t n, int64_t now_ms)
{
	size_t in[BREAKER_STATES] = { 0 };
	int64_t trips = 0, probe_ms = 0;

	for (size_t i = 0; i < n; i++)
		in[ways[i].breaker.state] += ways[i].up;
	size_t closed = in[BREAKER_CLOSED], half = in[BREAKER_HALF_OPEN];
	if (is_forced(whole) || closed + half + in[BREAKER_OPEN] == 0)
		return false;
	enum breaker_state to = closed ? BREAKER_CLOSED : half ? BREAKER_HALF_OPEN : BREAKER_OPEN;
	for (size_t i = 0; i < n; i++) {
		const struct breaker *b = &ways[i].breaker;
		if (!ways[i].up || b->state != (int)to)
			continue;
		trips = b->trips > trips ? b->trips : trips;
		if (to != BREAKER_CLOSED && (probe_ms == 0 || b->probe_ms < probe_ms))
			probe_ms = b->probe_ms;
	}
	bool moved = whole->state != (int)to;
	if (moved)
		move(whole, to, now_ms);
	whole->trips = trips;
	whole->probe_ms = probe_ms;
	return moved;
}

bool breaker_is_away(const struct breaker_way *ways, size_t n)
{
	int64_t well_ms = 0;
	size_t failed = 0;

	for (size_t i = 0; i < n; i++)
		well_ms = ways[i].breaker.well_ms > well_ms ? ways[i].breaker.well_ms : well_ms;
	for (size_t i = 0; i < n; i++)
		failed += ways[i].breaker.failures > 0 && ways[i].breaker.failed_ms > well_ms;
	return failed >= BREAKER_AWAY;
}

bool breaker_follow(struct breaker *b, int64_t now_ms) { return trip(b, BREAKER_CONNECT_MS, now_ms); }

void breaker_force(struct breaker *b, bool open, int64_t now_ms)
{
	move(b, open ? BREAKER_FORCED_OPEN : BREAKER_FORCED_CLOSED, now_ms);
}

void breaker_reset(struct breaker *b, int64_t now_ms)
{
	*b = (struct breaker){ .state = BREAKER_CLOSED, .since_ms = now_ms };
}
