#include "control/access/failures.h"
#include "io/clock.h"
#include "io/lock.h"
#include "model/gcra.h"
#include "wire/ip_block.h"

#include <string.h>

#define WAYS 8 /* places that an address may have */
#define SETS (FAILURES_MAX / WAYS)

struct place {
	uint8_t at[IP_BLOCK_BYTES];
	int64_t tat_ns; /* 0: free */
};

struct failures {
	struct lock lock;
	struct gcra rule;
	bool off;
	uint64_t salt; /* nobody can choose addresses that meet in one set */
	struct place places[SETS][WAYS];
};

enum rc failures_new(uint32_t a_minute, struct failures **ret, struct fault *f)
{
	struct failures *t = calloc(1, sizeof(*t));
	(void)f;

	if (!t)
		return RC_NOMEM;
	lock_init(&t->lock);
	t->off = a_minute == 0;
	if (!t->off)
		t->rule = gcra_rule(a_minute, 60);
	clock_random(&t->salt, sizeof(t->salt));
	*ret = t;
	return RC_OK;
}

void failures_free(struct failures *t)
{
	if (!t)
		return;
	lock_done(&t->lock);
	free(t);
}

static size_t set_of(const struct failures *t, const uint8_t at[static IP_BLOCK_BYTES])
{
	uint64_t h = t->salt | 1, part;

	for (size_t i = 0; i < IP_BLOCK_BYTES; i += sizeof(part)) {
		memcpy(&part, at + i, sizeof(part));
		h = (h ^ part) * 0x9E3779B97F4A7C15u;
		h ^= h >> 29;
	}
	return (size_t)(h >> 16) % SETS;
}

/* Its place, or that of the calmest of those that share the set. */
static struct place *place_of(struct failures *t, const uint8_t at[static IP_BLOCK_BYTES])
{
	struct place *set = t->places[set_of(t, at)], *calm = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].tat_ns && !memcmp(set[i].at, at, IP_BLOCK_BYTES))
			return &set[i];
		if (set[i].tat_ns < calm->tat_ns)
			calm = &set[i];
	}
	memcpy(calm->at, at, IP_BLOCK_BYTES);
	calm->tat_ns = 0;
	return calm;
}

int64_t failures_note(struct failures *t, const char *address)
{
	static const uint8_t v4[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };
	int64_t now = clock_wall_ms() * 1000000, wait = 0;
	uint8_t at[IP_BLOCK_BYTES];
	struct gcra_lease l;

	if (t->off)
		return 0;
	if (!ip_block_of_text(address, at))
		memset(at, 0, sizeof(at));
	if (memcmp(at, v4, sizeof(v4)) != 0)
		memset(at + 8, 0, 8);
	lock_enter(&t->lock);
	struct place *p = place_of(t, at);
	p->tat_ns = gcra_take(&t->rule, p->tat_ns, now, 1, &l);
	if (l.n == 0)
		wait = gcra_wait_ns(&t->rule, p->tat_ns, now, 1);
	lock_leave(&t->lock);
	return (wait + 999999999) / 1000000000;
}
