/*
 * sources_egresses: the circuit breakers of a source, one for each egress that it is asked by. An agent's own session goes out by the
 * agent's own egress, whose id is the agent's, as with the lanes of its rates. A source is asked by those whose breaker is closed; the
 * source as a whole (struct source's own breaker) is open when none of those that can be used now is. product.md 5.8.6.
 *
 * On the writer's thread. Texts are in the arena. While an operator's word stands (forced_open, forced_closed), no breaker moves.
 */
#pragma once

#include "control/updates/sources_rows.h"

#define SOURCES_EGRESSES_MAX     4096 /* of one source: as many as there are agents */
#define SOURCES_EGRESSES_SHOWN   50
#define SOURCES_EGRESSES_KEEP_MS (24 * (int64_t)3600000)

struct sources_egress {
	const char *id;
	struct breaker breaker;
	const char *last_error;
	bool up; /* placement could give its agent an ask now, but for its breaker */
};

/* Those that were used in the last day, or can be now, sorted by id (struct sources_egress). A new one is closed. */
must_check enum rc sources_egresses(struct tx *tx, const char *source, struct field_list *ret);
/* Is any of its breakers not closed? Else there is no need to look at them. */
must_check enum rc sources_egresses_any(struct tx *tx, const char *source, bool *ret);

/* One that is asked may have moved from `was`: kept, and told. `why`: what was wrong; NULL: nothing is. */
must_check enum rc sources_egress_moved(
	struct tx *tx, struct source *s, const struct sources_egress *e, int was, const char *why);
/* After that: what it means for the source as a whole. `all`: of sources_egresses. */
must_check enum rc sources_egresses_settle(
	struct tx *tx, struct source *s, const struct field_list *all, const char *why);

/*
 * Whose breaker hears what became of the ask (a->egress_id). *ret_hears false: none does: nobody had it, an operator's word stands, or it
 * waits for its probe alone.
 */
must_check enum rc sources_egress_of(struct tx *tx, const struct source_ask *a, const struct source *s,
	struct sources_egress *ret, bool *ret_hears);
/* It has heard, and is `was` no more, or is: kept, told, and the source as a whole settled. */
must_check enum rc sources_egress_judged(
	struct tx *tx, struct source *s, const struct sources_egress *e, int was, const char *why);

/* A JSON list, in the arena: egressId, state, since, trips, failures, nextProbeAt, lastError. In any transaction. */
must_check enum rc sources_egresses_text(struct tx *tx, const char *source, const char **ret_json);

/* All are closed, and what was wrong is forgotten. */
must_check enum rc sources_egresses_reset(struct tx *tx, struct source *s);
must_check enum rc sources_egresses_sweep(struct tx *tx);
