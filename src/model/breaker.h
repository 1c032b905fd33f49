/*
 * breaker: whether a source is asked by an egress, or another has to. What fails is left alone for a time, and then asked one thing; each
 * time that fails, it is left alone for twice as long. Of all the egresses of a source together follows whether it is asked at all, or the
 * one that stands in for it. Pure; moments are milliseconds. product.md 5.8.6.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum breaker_state {
	BREAKER_CLOSED,        /* asked */
	BREAKER_OPEN,          /* left alone until probe_ms */
	BREAKER_HALF_OPEN,     /* one probe is out */
	BREAKER_FORCED_OPEN,   /* an operator said so; until reset */
	BREAKER_FORCED_CLOSED, /* the same: asked whatever happens */
	BREAKER_STATES
};
extern const char *const breaker_words[]; /* ended by NULL */

enum breaker_failure {
	BREAKER_CONNECT, /* it could not be reached, or did not let us in: BREAKER_CONNECTS in a row open it */
	BREAKER_SLOW,    /* one call took longer than BREAKER_SLOW_MS */
	BREAKER_BROKEN,  /* what it said cannot be read, or nobody foresaw it */
};

#define BREAKER_CONNECTS     3
#define BREAKER_SLOW_MS      30000
#define BREAKER_PROBE_MS     15000  /* a probe that is not over by then has failed */
#define BREAKER_CALL_MS      300000 /* after a failure of a call */
#define BREAKER_CONNECT_MS   900000 /* after failures to connect */
#define BREAKER_WAIT_MAX_MS  3600000
#define BREAKER_RATIO_IDS    50 /* answers are judged by so many at least … */
#define BREAKER_RATIO        80 /* … of which so many of a hundred have to say something */
#define BREAKER_RATIO_OLD_MS 3600000
#define BREAKER_AWAY \
	3 /* so many egresses that failed to connect, and nobody was answered since: the source is away */

/* As it is kept. Zeroes: closed. */
struct breaker {
	int state;
	int64_t since_ms;
	int64_t trips;                  /* in a row */
	int64_t failures;               /* of connecting, in a row */
	int64_t wait_ms;                /* how long it was left alone last */
	int64_t probe_ms;               /* open: when a probe may go; half open: when it has failed; else 0 */
	int64_t asked, good, judged_ms; /* since it was judged by its answers last */
	int64_t failed_ms, well_ms;     /* it failed to connect, it answered a call last; 0: never */
};

enum breaker_may { BREAKER_NO, BREAKER_PROBE, BREAKER_GO };

/* May it be asked? BREAKER_PROBE: one thing, now: it is half open from here on, and the caller asks. */
enum breaker_may breaker_ask(struct breaker *b, int64_t now_ms);

/* The same, and changes nothing. */
enum breaker_may breaker_would(const struct breaker *b, int64_t now_ms);

/* True: its state is another now. */
bool breaker_fail(struct breaker *b, enum breaker_failure how, int64_t now_ms);
bool breaker_succeed(struct breaker *b, int64_t now_ms); /* it answered a call */
/* Of so many ids so many had a definite answer. */
bool breaker_count(struct breaker *b, int64_t asked, int64_t good, int64_t now_ms);

/* One of the egresses that a source is asked by. */
struct breaker_way {
	bool up; /* somebody can ask by it now */
	struct breaker breaker;
};

/*
 * The source as a whole: closed while one that is up is, half open while a probe of one is out, else open until the first may be probed.
 * An operator's word stands, and when none is up, it stays as it was. True: its state is another now.
 */
bool breaker_sum(struct breaker *whole, const struct breaker_way *ways, size_t n, int64_t now_ms);

/* Have BREAKER_AWAY of them failed to connect since one was answered? Then no more need to find that out. */
bool breaker_is_away(const struct breaker_way *ways, size_t n);
/* It counts as if it had failed to connect often enough. True: its state is another now. */
bool breaker_follow(struct breaker *b, int64_t now_ms);

/* An operator's word. */
void breaker_force(struct breaker *b, bool open, int64_t now_ms);
void breaker_reset(struct breaker *b, int64_t now_ms);
