#include "model/schedule.h"
#include "model/civil.h"

const char *const schedule_missed_words[] = { "skip", "run_once", "run_all", NULL };
const char *const schedule_overlap_words[] = { "allow", "skip", "queue", "cancel_previous", NULL };

#define MINUTE_S 60
#define MONTH_MS (31 * (int64_t)86400000)

int64_t schedule_next(const struct schedule_clock *c, int64_t after_ms)
{
	int64_t after = civil_floor(after_ms, 1000);
	int64_t minute = civil_floor(after + zone_offset(&c->zone, after), MINUTE_S);

	/* While the clock shows times for the second time, those that come next stand for moments that are past. */
	while ((minute = cron_next(&c->cron, minute)) >= 0) {
		int64_t at = zone_moment(&c->zone, minute * MINUTE_S);
		if (at * 1000 > after_ms)
			return at * 1000;
	}
	return 0;
}

int64_t schedule_jitter_ms(const char *id, int64_t tick_ms, uint32_t jitter_s)
{
	uint64_t h = 14695981039346656037u; /* FNV-1a, and a stir, for its low bits of few bytes are poor */

	for (; *id; id++)
		h = (h ^ (uint8_t)*id) * 1099511628211u;
	for (int i = 0; i < 8; i++)
		h = (h ^ (uint8_t)(tick_ms >> (8 * i))) * 1099511628211u;
	h = (h ^ h >> 33) * 0xff51afd7ed558ccdu;
	h ^= h >> 33;
	return (int64_t)(h % ((uint64_t)jitter_s * 1000 + 1));
}

size_t schedule_missed(const struct schedule_clock *c, int64_t first_ms, int64_t now_ms, size_t keep,
	int64_t ret[static SCHEDULE_CATCH_MAX], uint32_t *ret_n)
{
	int64_t ring[SCHEDULE_CATCH_MAX];
	size_t n = 0, kept;

	if (keep > SCHEDULE_CATCH_MAX)
		keep = SCHEDULE_CATCH_MAX;
	for (int64_t tick = first_ms; tick && tick <= now_ms; tick = schedule_next(c, tick)) {
		/* So many come every few minutes: the last of them are within a month. */
		int64_t late = n == SCHEDULE_COUNT_MAX ? schedule_next(c, now_ms - MONTH_MS) : 0;
		if (late > tick && late <= now_ms)
			tick = late;
		ring[n++ % SCHEDULE_CATCH_MAX] = tick;
	}
	kept = n < keep ? n : keep;
	for (size_t i = 0; i < kept; i++)
		ret[i] = ring[(n - kept + i) % SCHEDULE_CATCH_MAX];
	*ret_n = n > SCHEDULE_COUNT_MAX ? SCHEDULE_COUNT_MAX : (uint32_t)n;
	return kept;
}
