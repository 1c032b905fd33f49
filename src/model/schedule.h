/*
 * schedule: when what is to be done again and again is due, and what becomes of times that nobody was there for. Pure.
 *
 * A tick is a moment that the five fields name on the clock of the time zone. A clock time that is left out (the clock is set
 * forward) ticks once, at the end of the jump; however many are left out, they are one tick. One that comes twice (the clock is
 * set back) ticks the first time only.
 */
#pragma once

#include "model/cron.h"
#include "model/zone.h"

enum schedule_missed { SCHEDULE_MISSED_SKIP, SCHEDULE_MISSED_RUN_ONCE, SCHEDULE_MISSED_RUN_ALL };
extern const char *const schedule_missed_words[];

enum schedule_overlap {
	SCHEDULE_OVERLAP_ALLOW,
	SCHEDULE_OVERLAP_SKIP,
	SCHEDULE_OVERLAP_QUEUE,
	SCHEDULE_OVERLAP_CANCEL_PREVIOUS,
};
extern const char *const schedule_overlap_words[];

#define SCHEDULE_LATE_MS    60000 /* a tick that is later than this was missed */
#define SCHEDULE_JITTER_MAX 3600  /* seconds */
#define SCHEDULE_CATCH_MAX  100   /* missed ticks that are run after all */
#define SCHEDULE_COUNT_MAX  50000 /* missed ticks that are counted one by one */

struct schedule_clock {
	struct cron cron;
	struct zone zone;
};

/* The first tick after this moment (ms); 0: none. */
int64_t schedule_next(const struct schedule_clock *c, int64_t after_ms);

/* By how much a tick of this schedule is put off: the same for the same tick, whoever asks. 0 to jitter_s seconds, in ms. */
int64_t schedule_jitter_ms(const char *id, int64_t tick_ms, uint32_t jitter_s);

/*
 * The ticks from `first_ms` (a tick) up to `now_ms`: how many (at most SCHEDULE_COUNT_MAX are counted; then *ret_n is that, and
 * those kept are the last all the same), and the last `keep` of them, oldest first, in ret. Returns how many it kept.
 */
size_t schedule_missed(const struct schedule_clock *c, int64_t first_ms, int64_t now_ms, size_t keep,
	int64_t ret[static SCHEDULE_CATCH_MAX], uint32_t *ret_n);
