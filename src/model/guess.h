/*
 * guess: how many wrong secrets somebody may try. A bucket of tries that fills with time; who empties it is locked out, and each
 * time after that for twice as long. When a lock ends there is one try. Pure; moments are milliseconds. control-plane.md 2.4 (SE-13).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct guess_rules {
	uint32_t burst;               /* tries of a full bucket */
	int64_t refill_ms;            /* one try comes back in */
	int64_t lock_ms, lock_max_ms; /* the first lock, and what doubling ends at */
};

struct guess {
	int64_t tokens; /* thousandths of a try */
	int64_t at_ms;  /* as of then */
	int64_t strikes, locked_until_ms;
};

struct guess guess_new(const struct guess_rules *r, int64_t now_ms);

/* Takes a try. False: there is none; it is locked from now on, or still. What comes during a lock does not lengthen it. */
bool guess_take(struct guess *g, const struct guess_rules *r, int64_t now_ms);

bool guess_is_locked(const struct guess *g, int64_t now_ms);

/* The secret was right: this try costs nothing. */
void guess_back(struct guess *g, const struct guess_rules *r);

/* From then on it is as if nothing had been tried: the row may be forgotten. */
int64_t guess_forgotten_ms(const struct guess *g, const struct guess_rules *r);
