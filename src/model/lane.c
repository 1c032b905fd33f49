#include "model/lane.h"

#include <stdlib.h>
#include <string.h>

const struct lane_kind lane_kinds[LANE_COUNT] = {
#define LANE(id, name, key, every_ms, burst, cool_ms, cool_max_ms, where, doc) \
	[LANE_##id] = { name, LANE_##key, every_ms, burst, cool_ms, cool_max_ms, LANE_##where, doc },
#include "model/lanes.def"
#undef LANE
};

const char *const lane_key_words[] = { "egress", "account", "session", "api_key", NULL };

#define HOUR_MS 3600000

enum lane lane_find(const char *name)
{
	for (int i = 0; i < LANE_COUNT; i++)
		if (!strcmp(lane_kinds[i].name, name))
			return (enum lane)i;
	return LANE_COUNT;
}

/* Up to three numbers, parted by '/'; what is not said stays. False: not of that form. */
static bool read_limits(const char *p, const char *end, uint32_t n[static 3])
{
	for (int i = 0; i < 3; i++) {
		char *to = NULL;
		unsigned long v = p < end && *p >= '0' && *p <= '9' ? strtoul(p, &to, 10) : 0;
		if (!to || to > end || v > LANE_COOL_MAX_MS)
			return false;
		n[i] = (uint32_t)v;
		if (to == end)
			return true;
		if (*to != '/')
			return false;
		p = to + 1;
	}
	return false;
}

static enum rc override_one(struct lane_kind *kinds, const char *p, const char *end, bool unsafe, struct fault *f)
{
	const char *equals = memchr(p, '=', (size_t)(end - p));
	char name[64];

	if (!equals || (size_t)(equals - p) >= sizeof(name))
		return fault_set(f, RC_INVALID, "lanes: \"%.*s\" is not LANE=MILLISECONDS[/BURST[/PAUSE]]",
			(int)(end - p > 60 ? 60 : end - p), p);
	memcpy(name, p, (size_t)(equals - p));
	name[equals - p] = 0;
	enum lane lane = lane_find(name);
	if (lane == LANE_COUNT)
		return fault_set(f, RC_INVALID, "lanes: there is no lane \"%s\"", name);
	struct lane_kind *k = &kinds[lane];
	const struct lane_kind *base = &lane_kinds[lane];
	uint32_t n[3] = { 0, k->burst, k->cool_ms };
	if (!read_limits(equals + 1, end, n) || n[1] == 0)
		return fault_set(f, RC_INVALID,
			"lanes: %s wants MILLISECONDS[/BURST[/PAUSE]], each at most a day, a burst of at least 1",
			name);
	if (!unsafe && (n[0] < base->every_ms || n[1] > base->burst || n[2] < base->cool_ms))
		return fault_set(f, RC_INVALID,
			"lanes: %s would be faster than Steam allows; lanes.unsafe = true says that it is a "
			"simulated "
			"one",
			name);
	*k = (struct lane_kind){ k->name, k->key, n[0], n[1], n[2], k->cool_max_ms, k->where, k->doc };
	if (k->cool_max_ms < k->cool_ms || base->cool_ms == base->cool_max_ms)
		k->cool_max_ms = k->cool_ms;
	return RC_OK;
}

enum rc lane_override(struct lane_kind *kinds, const char *text, bool unsafe, struct fault *f)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK && *text) {
		const char *end = text + strcspn(text, ",");
		rc = override_one(kinds, text, end, unsafe, f);
		text = *end ? end + 1 : end;
	}
	return rc;
}

struct lane_bucket lane_full(const struct lane_kind *kind)
{
	uint64_t us = (uint64_t)kind->every_ms * 1000;
	return (struct lane_bucket){ .every_us = us, .base_us = us, .burst = kind->burst };
}

/* What n tokens cost, in milliseconds of waiting; rounded up, so that rounding never gives one away. */
static int64_t cost(uint64_t every_us, uint32_t n) { return (int64_t)((every_us * n + 999) / 1000); }

int64_t lane_free_at(const struct lane_bucket *b, uint32_t n, int64_t now_ms)
{
	int64_t at = now_ms;

	if (n > b->burst)
		return INT64_MAX;
	if (b->every_us && b->full_ms > now_ms) {
		/* The bucket may miss what is left of the burst beside the n, rounded down. */
		int64_t spare = (int64_t)(b->every_us * (b->burst - n) / 1000);
		if (b->full_ms - spare > at)
			at = b->full_ms - spare;
	}
	return b->cool_until_ms > at ? b->cool_until_ms : at;
}

void lane_take(struct lane_bucket *b, uint32_t n, int64_t now_ms)
{
	if (b->every_us)
		b->full_ms = (b->full_ms > now_ms ? b->full_ms : now_ms) + cost(b->every_us, n);
}

uint32_t lane_tokens(const struct lane_bucket *b, int64_t now_ms)
{
	if (!b->every_us || b->full_ms <= now_ms)
		return b->burst;
	uint64_t missing = ((uint64_t)(b->full_ms - now_ms) * 1000 + b->every_us - 1) / b->every_us;
	return missing >= b->burst ? 0 : b->burst - (uint32_t)missing;
}

/* Another time for one token: what is missing stays the same number of tokens. */
static void set_every(struct lane_bucket *b, uint64_t every_us, int64_t now_ms)
{
	if (b->full_ms > now_ms && b->every_us) {
		unsigned __int128 missing_us = (unsigned __int128)(uint64_t)(b->full_ms - now_ms) * every_us;
		b->full_ms = now_ms + (int64_t)((missing_us + b->every_us - 1) / b->every_us);
	}
	b->every_us = every_us;
}

static int64_t pause_ms(const struct lane_bucket *b, const struct lane_kind *kind)
{
	uint64_t ms = kind->cool_ms;
	for (uint32_t i = 0; i < b->cools && ms < kind->cool_max_ms; i++)
		ms *= 2;
	return (int64_t)(ms < kind->cool_max_ms ? ms : kind->cool_max_ms);
}

void lane_cool(struct lane_bucket *b, const struct lane_kind *kind, uint32_t for_ms, int64_t now_ms)
{
	bool pauses = b->cool_until_ms > now_ms;

	if (for_ms > LANE_COOL_MAX_MS)
		for_ms = LANE_COOL_MAX_MS;
	int64_t until = now_ms + (for_ms ? for_ms : pauses ? 0 : pause_ms(b, kind));
	if (until > b->cool_until_ms)
		b->cool_until_ms = until;
	if (pauses)
		return;
	b->cools++;
	if (!b->base_us)
		return;
	uint64_t slow = b->every_us * 2;
	set_every(b, slow < b->base_us * LANE_SLOW_MAX ? slow : b->base_us * LANE_SLOW_MAX, now_ms);
	b->slowed_ms = now_ms;
}

void lane_ease(struct lane_bucket *b, int64_t now_ms)
{
	if (b->cool_until_ms > now_ms)
		return;
	b->cools = 0;
	if (!b->slowed_ms || now_ms - b->slowed_ms < LANE_SLOW_MS + HOUR_MS)
		return;
	/* Each hour gives a tenth of the base rate: 1/every + hours/(10 base). */
	int64_t hours = (now_ms - b->slowed_ms - LANE_SLOW_MS) / HOUR_MS;
	uint64_t h = (uint64_t)(hours < 1000 ? hours : 1000);
	unsigned __int128 over = (unsigned __int128)b->base_us * 10 + (unsigned __int128)h * b->every_us;
	uint64_t every = (uint64_t)(((unsigned __int128)b->base_us * b->every_us * 10 + over - 1) / over);
	b->slowed_ms += hours * HOUR_MS;
	if (every <= b->base_us) {
		every = b->base_us;
		b->slowed_ms = 0;
	}
	set_every(b, every, now_ms);
}

void lane_tune(struct lane_bucket *b, uint64_t base_us, uint32_t burst, int64_t now_ms)
{
	uint32_t there = lane_tokens(b, now_ms);

	if (!base_us || !b->base_us)
		b->slowed_ms = 0;
	b->every_us = b->slowed_ms ? (uint64_t)((unsigned __int128)b->every_us * base_us / b->base_us) : base_us;
	b->base_us = base_us;
	b->burst = burst;
	if (there > burst)
		there = burst;
	b->full_ms = base_us ? now_ms + cost(b->every_us, burst - there) : 0;
}

uint32_t lane_rank(enum lane_priority p, int64_t waited_ms)
{
	int64_t aged = waited_ms > 0 ? waited_ms / LANE_AGE_MS : 0;
	return aged >= (int64_t)p ? 0 : (uint32_t)((int64_t)p - aged);
}
