/*
 * pg_limits: how long the PostgreSQL driver waits for what. No wait is without an end.
 */
#pragma once

#include <stdint.h>

struct pg_limits {
	uint32_t connect_s;    /* for a connection; libpq knows seconds, and takes less than 2 as 2 */
	uint32_t statement_ms; /* the server ends a statement that takes longer: RC_OVERLOADED */
	uint32_t lock_ms;      /* for the writer's lock, and for any other: RC_OVERLOADED */
	uint32_t idle_ms;      /* the server ends a transaction whose process has stalled; its lock falls */
	uint32_t answer_ms;    /* beyond statement_ms: a server silent for longer is given up: RC_AWAY */
};
#define PG_LIMITS            \
	((struct pg_limits){ \
		.connect_s = 5, .statement_ms = 10000, .lock_ms = 5000, .idle_ms = 5000, .answer_ms = 5000 })
